"""What is masked, in the logs and by the commands alike: digits and phone numbers; their count and country stay."""

from __future__ import annotations

import doctest

import pytest

from runtime import logs, masks
from runtime.masks import mask, masked


def in_the_log(name, value):
    return logs.masked(None, "info", {"event": "told", name: value})[name]


def to_a_command(name, value):
    return mask(unmasked=False)({name: value})[name]


@pytest.fixture(params=[in_the_log, to_a_command])
def shown(request):
    """How a value of this name is shown."""
    return request.param


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("+441314960123", "+44##########"),
        ("+14155550100", "+14#########"),
        ("441314960123", "############"),
        ("01314960123", "###########"),
        ("00441314960123", "##############"),
        ("4960123", "#######"),
        ("client:jane", "client:jane"),
        ("client:441314960123", "client:############"),
        ("whatsapp:+441314960123", "whatsapp:+44##########"),
        ("sip:+441314960123@example.com:5060", "sip:+44##########@example.com:5060"),
        ("sip:441314960123@example.com;user=phone", "sip:############@example.com;user=phone"),
        ("tel:+441314960123", "tel:+44##########"),
        ("anonymous", "anonymous"),
        ("", ""),
        ("+123", "+123"),
        ("+12345", "+12###"),
    ],
)
@pytest.mark.parametrize(
    "name", ["From", "To", "Caller", "Called", "ForwardedFrom", "from_number", "to_number", "from", "to", "reason"]
)
def test_a_number_keeps_its_country_and_its_length(shown, name, text, told):
    assert shown(name, text) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("from +441314960123 to +14155550100.", "from +44########## to +14#########."),
        ("no line to 441314960123", "no line to ############"),
        ("it was 441314960123. It rang", "it was ############. It rang"),
        ("(441314960123),441314960123", "(############),############"),
        ("a+441314960123b", "a+44##########b"),
        ("<Number>441314960123</Number>", "<Number>############</Number>"),
        ("/menu?From=%2B441314960123&Digits=1", "/menu?From=%2B44##########&Digits=1"),
        ("/menu?From=%2b441314960123", "/menu?From=%2b44##########"),
        ("/menu?From=441314960123&step=2", "/menu?From=############&step=2"),
        ("?To=sip%3A441314960123%40example.com", "?To=sip%3A############%40example.com"),
        ("?q=to%20441314960123", "?q=to%20############"),
        ("https://example.com/calls/441314960123.json", "https://example.com/calls/############.json"),
    ],
)
def test_a_number_is_found_in_texts_and_urls(shown, text, told):
    assert shown("told", text) == told


@pytest.mark.parametrize(
    "text",
    [
        "CA00000000000000000000000000001234",
        "CA12345678901234567890123456789012",
        "RE1234567890abcdef1234567890abcdef",
        "texts-865a6ca274b94bde512d8bff9b9094b6",
        "2026-07-01T10:11:12.1234567Z",
        "Sun, 25 Mar 2018 09:53:19 +0000",
        "2026-07-01 10:11:12+01:00",
        "1782900672.25",
        "after 0.123456789 s",
        "not in 30.0 seconds",
        "http://127.0.0.1:65535/status",
        "postgresql://me@[::1]:5432/calls",
        "2010-04-01",
        "94903",
        "15003",
        "65,536 bytes",
    ],
)
def test_sids_times_durations_and_ports_are_shown(shown, text):
    assert shown("told", text) == text


@pytest.mark.parametrize("value", [1782900672.25, 441314960123, 0, True, False, None])
def test_what_is_no_text_is_shown(shown, value):
    """Moments, counts and durations are numbers, and phone numbers are none."""
    assert shown("told", value) is value


@pytest.mark.parametrize("name", ["Digits", "digits"])
@pytest.mark.parametrize(
    ("keys", "told"), [("4711#", "#####"), ("*", "#"), ("", ""), ("47A11", "#####"), (4711, "####")]
)
def test_what_is_keyed_is_counted(shown, name, keys, told):
    assert shown(name, keys) == told


@pytest.mark.parametrize("name", ["params", "initial_params", "data"])
def test_what_may_have_been_keyed_is_counted_whatever_it_is_called(shown, name):
    kept = {"pin": "4711#", "tries": 2, "share": 0.5, "known": True, "name": "Jane", "ApiVersion": "2010-04-01"}

    assert shown(name, {**kept, "all": ["1", "23"], "card": {"ends": 1111}}) == {
        "pin": "#####",
        "tries": "#",
        "share": "###",
        "known": True,
        "name": "Jane",
        "ApiVersion": "2010-04-01",
        "all": ["#", "##"],
        "card": {"ends": "####"},
    }


@pytest.mark.parametrize("name", ["Body", "SpeechResult", "UnstableSpeechResult"])
def test_digits_are_counted_in_what_is_written_or_said(shown, name):
    assert shown(name, "PIN 47-11, born 1970") == "PIN ##-##, born ####"


@pytest.mark.parametrize("value", ["+441314960123", {"Digits": "4711"}, 7])
def test_who_asks_is_shown_all(value):
    assert mask(unmasked=True)(value) == value


def test_what_is_masked_stays_as_it_was():
    kept = {"params": {"Digits": "4711"}, "history": [{"From": "+441314960123"}]}

    assert masked(kept) == {"params": {"Digits": "####"}, "history": [{"From": "+44##########"}]}
    assert kept == {"params": {"Digits": "4711"}, "history": [{"From": "+441314960123"}]}


def test_the_examples_run():
    assert doctest.testmod(masks).failed == 0
