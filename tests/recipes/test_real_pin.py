"""The account behind a PIN: who gets in, who doesn't, and what is never told."""

from __future__ import annotations

import doctest
import json
import re

import pytest
from structlog.testing import capture_logs

from recipes import pin
from runtime.softphone import HangUp, Press, Silence
from tests.wire import ME, YOU, dial

HELLO = "Welcome to your account."
ASK = "Please key in your PIN, and then press hash."
WRONG = "Sorry, that was not right."
SORRY = "Sorry, I did not get that."
OUT = "I am sorry, I can't let you in. Please call again when you have your PIN at hand. Goodbye."
MENU = "For your balance, press 1. For your last payment, press 2. To end the call, press 9."
BALANCE, PAYMENT = "Your balance is 20 pounds.", "Your last payment was 5 pounds on Monday."
GOODBYE = "Thank you for calling. Goodbye."


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Hash in no time."""
    monkeypatch.setattr(pin, "ROUNDS", 10)


@pytest.fixture
async def bank(serve):
    accounts = {ME: {"balance": "20 pounds", "last_payment": "5 pounds on Monday"}}
    return await serve(settings={"pins": {ME: pin.hashed("4321"), YOU: pin.hashed("8765")}, "accounts": accounts})


async def test_the_right_pin_opens_the_account(bank):
    transcript = await dial(bank, "pin", Press("4321#"), Press("1"), Press("2"), Press("1"), Press("9"), from_=ME)

    assert transcript.said == [HELLO, ASK, "Thank you.", MENU, BALANCE, MENU, PAYMENT, MENU, BALANCE, MENU, GOODBYE]
    assert transcript.ended_by == "application"


async def test_the_account_says_what_it_says_now_in_every_round(bank, monkeypatch):
    said = iter(map(str, range(15)))
    monkeypatch.setattr(pin, "look_up", lambda call, what: next(said))
    transcript = await dial(bank, "pin", Press("4321#"), *[Press("1")] * 15, Press("9"), from_=ME)

    assert transcript.said[4:-1:2] == [f"Your balance is {number}." for number in range(15)]
    assert transcript.said[-1] == GOODBYE


@pytest.mark.parametrize("wrong", [1, 2])
async def test_the_right_pin_at_the_second_and_at_the_third_try(bank, wrong):
    transcript = await dial(bank, "pin", *[Press("1111#")] * wrong, Press("4321#"), Press("9"), from_=ME)

    assert transcript.said == [HELLO, ASK, *[WRONG, ASK] * wrong, "Thank you.", MENU, GOODBYE]


async def test_three_wrong_pins_end_the_call_with_a_goodbye(bank):
    tries = [Press("1111#"), Press("43210#"), Press("432#"), Press("4321#")]
    transcript = await dial(bank, "pin", *tries, from_=ME)

    assert transcript.said == [HELLO, ASK, WRONG, ASK, WRONG, ASK, OUT]
    assert transcript.left == (Press("4321#"),)
    assert transcript.ended_by == "application"


async def test_silence_is_a_try(bank):
    transcript = await dial(bank, "pin", Press("1111#"), Silence(), Press("#"), Press("4321#"), from_=ME)

    assert transcript.said == [HELLO, ASK, WRONG, ASK, SORRY, ASK, OUT]


@pytest.mark.parametrize("caller", [YOU, "+14155550100", "anonymous", "client:jane"])
async def test_a_pin_is_good_for_its_own_number_alone(bank, caller):
    transcript = await dial(bank, "pin", *[Press("4321#")] * 3, from_=caller)

    assert transcript.said == [HELLO, ASK, WRONG, ASK, WRONG, ASK, OUT]


async def test_without_settings_nobody_gets_in(serve):
    transcript = await dial(await serve(), "pin", Press("00#"), Press("0#"), Press("0000#"))

    assert transcript.said == [HELLO, ASK, WRONG, ASK, WRONG, ASK, OUT]


async def test_what_an_account_doesn_t_say_is_regretted(bank):
    transcript = await dial(bank, "pin", Press("8765#"), Press("1"), Press("2"), Press("9"), from_=YOU)

    assert transcript.said[3:] == [
        MENU,
        "Sorry, we can't tell your balance at the moment.",
        MENU,
        "Sorry, we have no payment of yours on record.",
        MENU,
        GOODBYE,
    ]


@pytest.mark.parametrize("wrong", [Press("5"), Press("*"), Silence()], ids=str)
async def test_the_menu_is_asked_three_times_and_then_parts(bank, wrong):
    transcript = await dial(bank, "pin", Press("4321#"), wrong, wrong, wrong, from_=ME)

    assert transcript.said[3:] == [MENU, SORRY, MENU, SORRY, MENU, GOODBYE]
    assert transcript.ended_by == "application"


@pytest.mark.parametrize("script", [[HangUp()], [Press("1#"), HangUp()], [Press("4321#"), HangUp()]])
async def test_a_caller_may_hang_up_anywhere(bank, script):
    await dial(bank, "pin", *script, from_=ME)

    calls = bank.status()["calls"]
    assert (calls["completed"], calls["failed"]) == (1, 0)


def tells(pin: str, told: str) -> bool:
    """Whether a PIN is said, and not only part of a SID, of a port or of a time."""
    return re.search(rf"(?<![0-9A-Za-z.:]){pin}(?![0-9A-Za-z])", told) is not None


async def test_a_pin_is_neither_spoken_nor_logged(bank):
    with capture_logs() as events:
        transcript = await dial(bank, "pin", Press("7391#"), Press("4321#"), Press("1"), Press("9"), from_=ME)

    told = " ".join(transcript.said) + json.dumps(events, default=str) + json.dumps(bank.status(), default=str)
    assert not tells("7391", told)
    assert not tells("4321", told)


@pytest.mark.parametrize("broken", ["", "4321", "no hash$", "$", "00"])
async def test_a_broken_setting_lets_nobody_in_and_tells_no_pin(serve, broken):
    daemon = await serve(settings={"pins": {ME: broken}})
    with capture_logs() as events:
        transcript = await dial(daemon, "pin", *[Press("4321#")] * 3, from_=ME)

    assert transcript.said == [HELLO, ASK, WRONG, ASK, WRONG, ASK, OUT]
    assert not tells("4321", json.dumps(events, default=str).replace(ME, ""))


def test_a_pin_is_found_where_it_is_told_and_not_in_sids_ports_and_times():
    assert all(tells("4321", said) for said in ('"4321"', '"Digits=4321#"', "pin 4321", "4321"))
    assert not any(tells("4321", said) for said in ("CA04321f", "127.0.0.1:4321/pin", "0.4321", "1614321", "43210"))


def test_a_hash_is_salted():
    assert pin.hashed("4321") != pin.hashed("4321")
    assert "4321" not in pin.hashed("4321", salt="00")


def test_the_example_runs(monkeypatch):
    monkeypatch.undo()
    assert doctest.testmod(pin).failed == 0
