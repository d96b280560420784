"""A webhook: every part with its type, what it is about, and nothing that Twilio or a caller sends breaks it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import TERMINAL, Event, Kind, Party, Recording, Webhook
from runtime.web.form import fields_of, first_values
from tests.actors.doubles import hook

GEO = "&CallerCity=SAN+RAFAEL&CallerCountry=US&CallerState=CA&CallerZip=94903&FromCity=SAN+RAFAEL&FromCountry=US&ToZip="
STANDARD = (
    "AccountSid=AC2&ApiVersion=2010-04-01&CallSid=CA1&Called=%2B14155550199&Caller=%2B14155550100&Direction=inbound"
    f"&From=%2B14155550100&To=%2B14155550199{GEO}"
)
RINGING, TALKING, OVER = (f"{STANDARD}&CallStatus={status}" for status in ("ringing", "in-progress", "completed"))
RECORDED = "&RecordingSid=RE1&RecordingUrl=https%3A%2F%2Fapi.twilio.com%2FRecordings%2FRE1&RecordingDuration=12"
JANE = (
    "AccountSid=AC2&ApplicationSid=AP3&CallSid=CA1&CallStatus=ringing&Called=&Caller=client%3Ajane&Direction=inbound"
    "&From=client%3Ajane&To=&phoneNumber=%2B12025550123"
)
URL = "https://api.twilio.com/Recordings/RE1"

# name -> path, body, kind
SHAPES: dict[str, tuple[str, str, Kind]] = {
    "inbound, first request": ("", f"{RINGING}&StirVerstat=TN-Validation-Passed-A", Kind.START_CALL),
    "Voice SDK through an App": (
        "",
        JANE,
        Kind.START_CALL,
    ),
    "outbound, first request": ("", f"{TALKING}&AnsweredBy=human".replace("inbound", "outbound-api"), Kind.START_CALL),
    "nothing but a CallSid": ("", "CallSid=CA1", Kind.START_CALL),
    "Gather, digits": ("1", f"{TALKING}&Digits=300&FinishedOnKey=&msg=Gather+End", Kind.GATHER_RESPONSE),
    "Gather, digits, at the recipe's own URL": ("", f"{TALKING}&Digits=1", Kind.GATHER_RESPONSE),
    "Gather, digits, though it rings": ("1", f"{RINGING}&Digits=1", Kind.GATHER_RESPONSE),
    "Gather, speech": ("1", f"{TALKING}&SpeechResult=I+want+sales.&Confidence=0.9128385", Kind.GATHER_RESPONSE),
    "Gather, nothing": ("1", f"{TALKING}&Digits=&FinishedOnKey=", Kind.GOTO_STATE),
    "Redirect": ("1.3.2", TALKING, Kind.GOTO_STATE),
    "a path that is no rank": ("hours", TALKING, Kind.GOTO_STATE),
    "Record, ended by a key": ("2", f"{TALKING}{RECORDED}&Digits=%23", Kind.GATHER_RESPONSE),
    "Record, ended by silence": ("2", f"{TALKING}{RECORDED}&Digits=", Kind.GOTO_STATE),
    "Record, caller hung up": ("2", f"{OVER}{RECORDED}&Digits=hangup", Kind.AFTER_THE_END),
    "Dial, the callee has gone": ("4", f"{TALKING}&DialCallStatus=completed&DialCallSid=CA9", Kind.GOTO_STATE),
    "Dial, the caller has gone": ("4", f"{OVER}&DialCallStatus=canceled", Kind.AFTER_THE_END),
    "recording callback": ("recording", f"CallSid=CA1&RecordingStatus=completed{RECORDED}", Kind.RECORDING),
    "recording callback with a status": ("recording", f"{OVER}{RECORDED}", Kind.RECORDING),
    "transcription callback": (
        "transcription",
        f"{OVER}&TranscriptionText=hello%20there.&RecordingSid=RE1",
        Kind.TRANSCRIPTION,
    ),
    "status callback at the recipe's own URL": (
        "",
        f"{OVER}&CallbackSource=call-progress-events&SequenceNumber=3&CallDuration=49",
        Kind.COMPLETE,
    ),
    "status callback": ("status", f"{OVER}&SequenceNumber=3&CallDuration=49", Kind.COMPLETE),
    "status callback, answered": ("status", f"{TALKING}&SequenceNumber=2", Kind.STATUS),
    "status callback without a status": ("status", "CallSid=CA1", Kind.STATUS),
    "machine detection": ("status", "AccountSid=AC2&CallSid=CA1&AnsweredBy=human", Kind.STATUS),
    **{
        f"{status}, {path or 'own URL'}": (path, f"CallSid=CA1&CallStatus={status}&Digits=1", Kind.COMPLETE)
        for status in sorted(TERMINAL)
        for path in ("", "status")
    },
    **{
        f"{status} at a rank": ("1.2", f"CallSid=CA1&CallStatus={status}&Digits=1", Kind.AFTER_THE_END)
        for status in sorted(TERMINAL)
    },
}


def posted(path: str, body: str) -> Webhook:
    """The webhook of a form, read as the front end reads it."""
    return Webhook(first_values(fields_of(body)), "menu", path)


@pytest.mark.parametrize(("path", "body", "kind"), SHAPES.values(), ids=SHAPES)
def test_what_it_is_about_is_told_by_its_url_and_then_by_its_fields(path: str, body: str, kind: Kind) -> None:
    webhook = posted(path, body)
    assert webhook.kind is kind
    assert webhook.call_sid == "CA1"
    assert webhook.pretty().startswith(f"{kind.value} of call CA1")


def test_three_kinds_wait_for_a_document() -> None:
    assert {kind for kind in Kind if kind.wants_document} == {
        Kind.START_CALL,
        Kind.GATHER_RESPONSE,
        Kind.GOTO_STATE,
    }


def test_the_terminal_statuses_are_twilios() -> None:
    assert {"completed", "busy", "failed", "no-answer", "canceled"} == TERMINAL


def test_every_part_of_a_first_request() -> None:
    webhook = posted("", f"{RINGING}&ApplicationSid=AP3&ToCity=LONDON&ToCountry=GB&ToState=&CalledCity=LEEDS")
    assert webhook.account_sid == "AC2"
    assert webhook.application_sid == "AP3"
    assert webhook.api_version == "2010-04-01"
    assert webhook.call_status == "ringing"
    assert webhook.direction == "inbound"
    assert webhook.from_ == Party("+14155550100", city="SAN RAFAEL", country="US")
    assert webhook.caller == Party("+14155550100", city="SAN RAFAEL", zip="94903", state="CA", country="US")
    assert webhook.to == Party("+14155550199", city="LONDON", country="GB")
    assert webhook.called == Party("+14155550199", city="LEEDS")
    assert (webhook.digits, webhook.speech, webhook.dial_status) == ("", "", "")
    assert webhook.confidence is webhook.duration is webhook.recording is webhook.rank is None


def test_every_part_of_a_callers_answer() -> None:
    webhook = posted("1.3", f"{TALKING}&Digits=12&SpeechResult=sales&Confidence=0.9&DialCallStatus=busy&CallDuration=7")
    assert (webhook.digits, webhook.speech, webhook.confidence) == ("12", "sales", 0.9)
    assert (webhook.dial_status, webhook.duration, webhook.rank) == ("busy", 7, "1.3")


@pytest.mark.parametrize(
    "path", ["", "hours", "recording", "status", "1.0", "0", "1.", ".1", "1/2", "01", "-1", "\u0661"]
)
def test_a_path_that_is_no_rank_names_none(path: str) -> None:
    assert hook(path).rank is None


def test_what_is_missing_reads_as_nothing() -> None:
    webhook = Webhook({})
    texts = "call_sid account_sid application_sid api_version call_status direction digits speech dial_status".split()
    assert [getattr(webhook, name) for name in texts] == [""] * len(texts)
    assert webhook.called == webhook.caller == webhook.from_ == webhook.to == Party()
    assert webhook.kind is Kind.START_CALL
    assert webhook.pretty() == (
        "start_call of call (no CallSid): voice request\n"
        "***Start of Twilio Record***********************\n"
        "Custom Params is []\n"
        "***End of Twilio Record*************************"
    )


@pytest.mark.parametrize("text", ["", "high", "0,9", "0.9.1"])
def test_a_confidence_that_is_no_number_is_none(text: str) -> None:
    assert hook("1", Confidence=text).confidence is None


@pytest.mark.parametrize("text", ["", "-1", "1.5", "1_0", "٣", "²", "soon", " 1", "9" * 5000])
def test_a_duration_that_is_no_number_of_seconds_is_none(text: str) -> None:
    webhook = hook("1", CallDuration=text, RecordingSid="RE1", RecordingDuration=text)
    assert webhook.duration is None
    assert webhook.recording == Recording("RE1", "", None, "")


# recording

RECORDINGS: list[tuple[str, Recording | None, bool]] = [
    (RECORDED, Recording("RE1", URL, 12, ""), True),
    (f"{RECORDED}&RecordingStatus=completed", Recording("RE1", URL, 12, "completed"), True),
    (f"{RECORDED}&RecordingStatus=in-progress", Recording("RE1", URL, 12, "in-progress"), False),
    (f"{RECORDED}&RecordingStatus=failed", Recording("RE1", URL, 12, "failed"), False),
    ("&RecordingSid=RE1&RecordingStatus=absent", Recording("RE1", "", None, "absent"), False),
    ("&RecordingUrl=https%3A%2F%2Fapi.twilio.com%2FRecordings%2FRE1", Recording("RE1", URL, None, ""), True),
    ("&RecordingSid=&RecordingUrl=", None, False),
    ("&RecordingDuration=3", None, False),
]


@pytest.mark.parametrize(("body", "recording", "there"), RECORDINGS)
def test_a_recording_and_whether_it_can_be_heard(body: str, recording: Recording | None, there: bool) -> None:
    told = posted("recording", f"CallSid=CA1{body}").recording
    assert told == recording
    assert (told is not None and told.there) is there


# parties

COUNTRIES: dict[str, tuple[str, int, str, str]] = {
    "Argentina, mobile": ("+5491123456789", 54, "0", "0111523456789"),
    "Australia": ("+61212345678", 61, "0", "0212345678"),
    "Bangladesh": ("+8801712345678", 880, "0", "01712345678"),
    "Belarus": ("+375291234567", 375, "8", "80291234567"),
    "Brazil": ("+5511912345678", 55, "0", "11912345678"),
    "Canada": ("+16135550123", 1, "1", "6135550123"),
    "China": ("+8613812345678", 86, "0", "13812345678"),
    "Denmark": ("+4532123456", 45, "", "32123456"),
    "France": ("+33123456789", 33, "0", "0123456789"),
    "Germany": ("+4930123456", 49, "0", "030123456"),
    "Greenland": ("+299321000", 299, "", "321000"),
    "Hong Kong": ("+85221234567", 852, "", "21234567"),
    "Hungary": ("+3612345678", 36, "06", "0612345678"),
    "India": ("+919876543210", 91, "0", "09876543210"),
    "Italy, Rome": ("+390612345678", 39, "", "0612345678"),
    "Italy, mobile": ("+393123456789", 39, "", "3123456789"),
    "Japan": ("+81312345678", 81, "0", "0312345678"),
    "Kazakhstan": ("+77012345678", 7, "8", "87012345678"),
    "Kenya": ("+254712345678", 254, "0", "0712345678"),
    "Madagascar": ("+261321234567", 261, "0", "0321234567"),
    "Russia": ("+74951234567", 7, "8", "84951234567"),
    "San Marino": ("+378549123456", 378, "", "549123456"),
    "Singapore": ("+6591234567", 65, "", "91234567"),
    "Spain": ("+34912345678", 34, "", "912345678"),
    "Switzerland": ("+41446681800", 41, "0", "0446681800"),
    "United Kingdom": ("+441314960123", 44, "0", "01314960123"),
    "United States": ("+14155550100", 1, "1", "4155550100"),
    "freephone of no country": ("+80012345678", 800, "", "12345678"),
    "by WhatsApp": ("whatsapp:+441314960123", 44, "0", "01314960123"),
}


@pytest.mark.parametrize(("number", "code", "prefix", "national"), COUNTRIES.values(), ids=COUNTRIES)
def test_a_number_as_its_own_country_dials_it(number: str, code: int, prefix: str, national: str) -> None:
    party = Party(number)
    assert (party.country_code, party.prefix, party.national_number) == (code, prefix, national)


NO_NUMBERS = [
    *[
        "",
        "anonymous",
        "unknown",
        "restricted",
        "garbage",
        "00441314960123",
        "01314960123",
        "messenger:123456789012345",
    ],
    *["+", "+4", "+44", " 44", "44", "+44\n", "+-5", "+abc", "+999123456789", "+" * 300, "+" + "9" * 5000],
    *["client:jane", "client:", "client:bob5551234", "client:+441314960123", "whatsapp:", "\ud800", "\0"],
    *["sip:jane@example.com", "sip:+441314960123@example.com", "sip:+441314960123", "sip:5@[::1];phone-context=+44"],
]


PEOPLE: dict[str, tuple[str, str, bool]] = {
    "": ("", "", True),
    "anonymous": ("", "anonymous", True),
    "Restricted": ("", "Restricted", True),
    "unknown": ("", "unknown", True),
    "+441314960123": ("", "+441314960123", False),
    "whatsapp:+441314960123": ("whatsapp", "+441314960123", False),
    "client:jane": ("client", "jane", False),
    "client:": ("client", "", False),
    "sip:+44@[::1]": ("sip", "+44@[::1]", False),
    "12:30": ("", "12:30", False),
    ":x": ("", ":x", False),
}


@pytest.mark.parametrize("number", PEOPLE)
def test_whom_a_party_names_and_by_which_channel(number: str) -> None:
    party = Party(number)
    assert (party.channel, party.address, party.withheld) == PEOPLE[number]


@pytest.mark.parametrize("number", NO_NUMBERS, ids=lambda number: ascii(number[:40]))
def test_what_is_no_phone_number_has_no_country_and_crashes_nothing(number: str) -> None:
    party = Party(number, country="ZZ")
    assert (party.country_code, party.prefix, party.national_number) == (None, "", "")


@given(st.text(st.sampled_from("+0123456789 -()#*abcw:;=@.٤\n")) | st.text())
def test_no_number_at_all_crashes(number: str) -> None:
    party = Party(number)
    assert isinstance(party.prefix, str)
    assert party.national_number == "" or party.country_code is not None


# everything else


def test_the_fields_that_have_no_name_here_are_the_custom_ones() -> None:
    path, body, _ = SHAPES["Voice SDK through an App"]
    assert posted(path, body).custom_params == {"phoneNumber": "+12025550123"}
    assert posted("", f"{RINGING}{RECORDED}&Digits=1&msg=Gather+End&CallDuration=1&Duration=1").custom_params == {}


def test_new_fields_and_empty_ones_are_kept() -> None:
    assert hook(Brand="new", AddOns="").custom_params == {"Brand": "new", "AddOns": ""}


SHOWN = """\
gather_response of call CA1: gather action with digits
***Start of Twilio Record***********************
Account Sid is "yyyy"
Application Sid is []
Direction is "inbound"
Call Status is "in-progress"
Call Sid is "CA1"
API Version is "2010-04-01"
Custom Params is [{"Colour", "röt\\n\\u001b[31m"},
                  {"Confidence", "high \\"really\\" \\\\"}]

called Number is "01315101875"
called City is []
called Zip is []
called State is "Edinburgh"

from Number is "client:jane"

Digits is "1"
Finished On Key is []
***End of Twilio Record*************************"""


def test_pretty_prints_as_the_seed_did() -> None:
    """What came empty is [], what didn't come isn't shown, what isn't what it should be is custom."""
    webhook = hook(
        "1",
        sid="CA1",
        AccountSid="yyyy",
        ApplicationSid="",
        Direction="inbound",
        ApiVersion="2010-04-01",
        Called="01315101875",
        CalledCity="",
        CalledZip="",
        CalledState="Edinburgh",
        From="client:jane",
        Digits="1",
        FinishedOnKey="",
        Colour="röt\n\x1b[31m",
        Confidence='high "really" \\',
    )
    assert webhook.pretty() == SHOWN


def test_why_it_is_of_its_kind() -> None:
    reasons = {
        ("", ""): "its URL is the recipe's own, and nothing was keyed or said",
        ("1.2", ""): "its URL names 1.2, and nothing was keyed or said",
        ("1.2", "&Digits=1"): "it has Digits or SpeechResult",
        ("1.2", "&CallStatus=busy"): "its URL names 1.2, and CallStatus is busy",
        ("", "&CallStatus=completed"): "CallStatus is completed",
        ("", "&CallbackSource=call-progress-events"): "CallbackSource is call-progress-events",
        ("recording", ""): "its URL ends in /recording",
        ("status", "&CallStatus=failed"): "its URL ends in /status, and CallStatus is failed",
        ("{0}{status}", ""): "its URL names {0}{status}, and nothing was keyed or said",
    }
    assert {place: posted(place[0], f"CallSid=CA1{place[1]}").why for place in reasons} == reasons


def test_when_it_came_makes_no_difference_to_what_it_is() -> None:
    assert hook(arrived=1.0) == hook(arrived=2.0)
    assert hook(token="a") != hook(token="b")


TEXT = st.text(max_size=8)
NAMES = st.sampled_from(
    "CallSid CallStatus From To Digits SpeechResult Confidence RecordingSid RecordingUrl RecordingDuration "
    "CallDuration RecordingStatus DialCallStatus Caller Called".split()
)


@given(st.dictionaries(NAMES | TEXT, TEXT | st.sampled_from(sorted(TERMINAL))), TEXT)
def test_no_fields_at_all_crash_any_part(params: dict[str, str], path: str) -> None:
    webhook = Webhook(params, "menu", path)
    parts: list[Any] = [getattr(webhook, name) for name in dir(Webhook) if not name.startswith("_")]
    assert parts
    assert webhook.pretty()
    assert [party.prefix for party in (webhook.from_, webhook.to)]


# what the origin got wrong


def test_a_plus_stays_a_plus() -> None:
    """FAULTS 26: "+44" became " 44" by decoding twice."""
    assert posted("", "CallSid=CA1&From=%2B441314960123").from_.number == "+441314960123"
    assert posted("", "CallSid=CA1&Note=%252B44").custom_params == {"Note": "%2B44"}


def test_every_field_is_decoded() -> None:
    """FAULTS 26: Digits and Recording fields were not decoded at all."""
    webhook = posted("1", f"CallSid=CA1&Digits=%2A12%23{RECORDED}")
    assert webhook.digits == "*12#"
    assert webhook.recording == Recording("RE1", URL, 12, "")


def test_a_raw_equals_sign_belongs_to_the_value() -> None:
    """FAULTS 26: it crashed."""
    assert posted("", "CallSid=CA1&Note=a=b==&=x&y&&z=").custom_params == {"Note": "a=b==", "": "x", "y": "", "z": ""}


def test_of_a_repeated_field_the_first_value_counts() -> None:
    """FAULTS 26: a repeated key meant different things in its two parsers."""
    assert posted("1", "CallSid=CA1&Digits=1&Digits=2&CallSid=CA2").digits == "1"
    assert posted("1", "CallSid=CA1&Digits=1&Digits=2&CallSid=CA2").call_sid == "CA1"


def test_callers_from_anywhere_or_nowhere_are_callers() -> None:
    """FAULTS 27: unknown countries, `anonymous` and `client:…` crashed; every country was given a trunk "0"."""
    for number in ("+999123456789", "anonymous", "client:jane"):
        assert posted("", f"CallSid=CA1&From={number.replace('+', '%2B')}").from_ == Party(number)
    assert {Party(number).prefix for number, *_ in COUNTRIES.values()} == {"", "0", "06", "1", "8"}


def test_digits_are_an_answer() -> None:
    """FAULTS 28: a POST with Digits was of kind "unknown"."""
    assert posted("", "CallSid=CA1&Digits=1").kind is Kind.GATHER_RESPONSE


def test_a_progress_callback_that_shares_the_voice_url_begins_no_call() -> None:
    """Of an outbound call `initiated` and `ringing` are told before anybody is on the line."""
    params = {"CallSid": "CA1", "CallStatus": "initiated", "CallbackSource": "call-progress-events"}
    assert Webhook(params, "menu").kind is Kind.STATUS


# legs


LEG = {"CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "completed", "CallbackSource": "call-progress-events"}


def test_the_call_that_dialled_a_leg_is_told_of_it_as_its_own() -> None:
    of_leg = Webhook(LEG, "menu", "status", 3, "t", 7.0).to_parent()
    assert of_leg == Webhook({**LEG, "CallSid": "CA1", "DialCallSid": "CA2"}, "menu", "status", 3, "t")
    assert (of_leg.arrived, of_leg.kind, of_leg.event) == (7.0, Kind.STATUS, Event.LEG_STATUS)
    assert (of_leg.call_sid, of_leg.dial_call_sid, of_leg.parent_call_sid) == ("CA1", "CA2", "CA1")
    assert of_leg.to_parent() is None


@pytest.mark.parametrize(
    ("params", "path"),
    [({**LEG, "ParentCallSid": ""}, "status"), ({"CallSid": "CA2"}, "status"), (LEG, ""), (LEG, "1.3")],
    ids=["an empty one", "none", "a request", "an action"],
)
def test_nobody_dialled_what_is_no_leg_or_no_callback(params: dict[str, str], path: str) -> None:
    assert Webhook(params, "menu", path).to_parent() is None


def test_a_legs_own_call_is_over_with_it() -> None:
    """What it heard first may be a recipe, whose call it is."""
    assert Webhook(LEG, "menu", "status").kind is Kind.COMPLETE
