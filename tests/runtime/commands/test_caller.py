"""`--from`: what is forgiven, what is let through, and what is told before anybody is called."""

from __future__ import annotations

import doctest

import click
import pytest

from runtime.commands import caller as caller_module
from runtime.commands.caller import caller, sender

CALLERS = ["+441314960100", "client:jane", "sip:jane@example.com", "whatsapp:+441314960100"]
SENDERS = ["62442", "12345678", "Bookshop", "The Shop 24"]
NOBODY = ["", " ", "+", "01314960100", "0131 496 0100", "+0131", "+44 (0)131 496 0100", "+4413149601001234", "client:"]


def test_the_examples():
    assert doctest.testmod(caller_module).failed == 0


@pytest.mark.parametrize(
    "written",
    ["+44 131 496 0100", "+44-131-496-0100", " +441314960100 ", "+44\u00a0131\u2013496 0100", "+441314960100"],
)
@pytest.mark.parametrize("who", [caller, sender])
def test_a_number_is_what_twilio_lists_it_as_however_it_is_written(written, who):
    assert who(written) == "+441314960100"


@pytest.mark.parametrize("who", [caller, sender])
def test_so_is_one_of_whatsapp(who):
    assert who("whatsapp:+44 131 496 0100") == "whatsapp:+441314960100"


@pytest.mark.parametrize("written", CALLERS)
@pytest.mark.parametrize("who", [caller, sender])
def test_addresses_of_other_kinds_are_let_through(written, who):
    assert who(f" {written} ") == written


@pytest.mark.parametrize("written", SENDERS)
def test_a_message_may_be_from_a_short_code_or_a_name_and_a_call_may_not(written):
    assert sender(written) == written
    with pytest.raises(click.BadParameter):
        caller(written)


@pytest.mark.parametrize("written", [*NOBODY, "tel:+441314960100"])
@pytest.mark.parametrize("who", [caller, sender])
def test_what_is_no_number_is_told(written, who):
    with pytest.raises(click.BadParameter, match=r"is not in E\.164: a \+ and the country come first"):
        who(written)


@pytest.mark.parametrize("words", [("call", "+441314960123", "https://h/voice"), ("sms", "+441314960123", "hello")])
@pytest.mark.parametrize("written", NOBODY)
def test_the_commands_exit_with_2(run, words, written):
    result = run(*words, "--from", written)

    assert result.exit_code == 2
    assert f"Invalid value for '--from': {written.strip()!r} is not in E.164" in result.stderr


def test_nothing_is_written_before_it_is_known_who_calls(run, tmp_path):
    (tmp_path / "guests.csv").write_text("to\n+441314960123\n", encoding="utf-8")

    result = run("call", "https://h/voice", "--csv", "guests.csv", "--from", "")

    assert result.exit_code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["guests.csv"]
