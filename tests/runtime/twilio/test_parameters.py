"""What a parameter may be, and every mistake in a line of its own."""

from __future__ import annotations

import doctest
import importlib
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum

import pytest

from runtime.twilio import InvalidRequest
from runtime.twilio.parameters import (
    CREATE_CALL,
    CREATE_MESSAGE,
    LIST_CALLS,
    LIST_MESSAGES,
    LIST_RECORDINGS,
    UPDATE_CALL,
    pairs_of,
)
from twiml import GotoExt, Say

CALL = {"to": "+441314960123", "from_": "+441314960100", "url": "https://h/"}
SMS = {"to": "+441314960123", "from_": "+441314960100", "body": "hello"}
NO_COUNTS = ["long", True, [5], "--5", -5, "5.", "5\n", "\u0665", ""]
MOSCOW = timezone(timedelta(hours=3))


class Trim(Enum):
    DO_NOT_TRIM = "do-not-trim"


def new_call(**params) -> dict[str, str]:
    return dict(CREATE_CALL.encode({**CALL, **params})[3:])


def wrong(table, **params) -> list[str]:
    with pytest.raises(InvalidRequest) as caught:
        table.encode(params)
    assert caught.value.exit_code == 2
    return [line.partition(": ")[2] for line in caught.value.lines]


@pytest.mark.parametrize(
    ("params", "written"),
    [
        ({"record": True}, {"Record": "true"}),
        ({"record": False}, {"Record": "false"}),
        ({"record": "TRUE"}, {"Record": "true"}),
        ({"record": None}, {}),
        ({"timeout": 5}, {"Timeout": "5"}),
        ({"timeout": "5"}, {"Timeout": "5"}),
        ({"trim": Trim.DO_NOT_TRIM}, {"Trim": "do-not-trim"}),
        ({"send_digits": ""}, {"SendDigits": ""}),
        ({"send_digits": "w" * 32}, {"SendDigits": "w" * 32}),
        ({"status_callback_event": []}, {}),
    ],
)
def test_a_value(params, written):
    assert new_call(**params) == written


@pytest.mark.parametrize("events", ["ringing completed", ["ringing", "completed"], ("ringing", "completed")])
def test_events_are_repeated_however_they_are_given(events):
    assert CREATE_CALL.encode({**CALL, "status_callback_event": events})[3:] == [
        ("StatusCallbackEvent", "ringing"),
        ("StatusCallbackEvent", "completed"),
    ]


def test_one_picture_or_several():
    assert CREATE_MESSAGE.encode({**SMS, "media_url": "https://h/1"})[3:] == [("MediaUrl", "https://h/1")]
    assert CREATE_MESSAGE.encode({**SMS, "media_url": ["1", "2"]})[3:] == [("MediaUrl", "1"), ("MediaUrl", "2")]


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 9, 1, 12, 30, 5, tzinfo=UTC), "2026-09-01T12:30:05Z"),
        (datetime(2026, 9, 1, 1, 30, tzinfo=MOSCOW), "2026-08-31T22:30:00Z"),
        ("2026-09-01T12:30:05Z", "2026-09-01T12:30:05Z"),
    ],
)
def test_a_moment_is_written_in_utc(moment, written):
    assert CREATE_MESSAGE.encode({**SMS, "send_at": moment})[3:] == [("SendAt", written)]
    assert LIST_CALLS.encode({"start_time_before": moment}) == [("StartTime<", written)]
    assert LIST_MESSAGES.encode({"date_sent_after": moment}) == [("DateSent>", written)]
    assert LIST_RECORDINGS.encode({"date_created": moment}) == [("DateCreated", written)]


def test_a_day_is_a_day_in_a_list_alone():
    assert LIST_CALLS.encode({"end_time": date(2026, 9, 1)}) == [("EndTime", "2026-09-01")]
    assert wrong(CREATE_MESSAGE, **SMS, send_at=date(2026, 9, 1)) == [
        "send_at takes a datetime, or its text like 2026-09-01T12:30:00Z"
    ]


def test_verbs_are_a_document():
    [(name, text)] = UPDATE_CALL.encode({"twiml": [Say("hello")]})

    assert name == "Twiml"
    assert "<Say>hello</Say>" in text


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"timeot": 5}, "there is no parameter timeot; did you mean timeout?"),
        ({"StatusCallback": "x"}, "there is no parameter StatusCallback; did you mean status_callback?"),
        ({"status_events": ["x"]}, "there is no parameter status_events; did you mean status_callback_event?"),
        ({"to": ""}, "to is empty"),
        ({"record": "maybe"}, "record is 'maybe'; it is True or False"),
        *(({"timeout": value}, f"timeout is {value!r}, not a whole number") for value in NO_COUNTS),
        ({"time_limit": 2.5}, "time_limit is 2.5, not a whole number"),
        ({"machine_detection": "on"}, "machine_detection is 'on'; there is Enable, DetectMessageEnd"),
        ({"machine_detection": "enable"}, "machine_detection is 'enable'; did you mean Enable?"),
        ({"recording_channels": "stereo"}, "recording_channels is 'stereo'; there is mono, dual"),
        ({"recording_track": "all"}, "recording_track is 'all'; there is inbound, outbound, both"),
        ({"trim": "x"}, "trim is 'x'; there is trim-silence, do-not-trim"),
        ({"send_digits": "1" * 33}, "send_digits has 33 characters; 32 are the most"),
        ({"send_digits": ["1"]}, "send_digits takes one value, not a list"),
        ({"method": "PUT"}, "method is 'PUT'; there is GET, POST"),
        ({"status_callback_event": ["answred"]}, "status_callback_event is 'answred'; did you mean answered?"),
        ({"status_callback_event": "ringing,answered"}, "status_callback_event is 'ringing,answered'; did you mean"),
        ({"caller_id": ["a", "b"]}, "caller_id takes one value, not a list"),
        ({"caller_id": object()}, "caller_id is object, which can't be written"),
        ({"twiml": "<Response/>"}, "takes one of url, twiml, application_sid, and has url and twiml"),
    ],
)
def test_a_mistake_in_a_call(params, line):
    [found] = wrong(CREATE_CALL, **CALL | params)

    assert found.startswith(line)


@pytest.mark.parametrize(
    ("twiml", "line"),
    [
        ("x" * 4001, "twiml has 4001 characters; more than 4000 must come from a url"),
        ([Say("hello", loop=-1)], "twiml is not valid: "),
        ([GotoExt("1")], "twiml holds extensions of TwiML: make it a recipe"),
        (["hello"], "twiml is not valid: "),
        (7, "twiml takes a text or a list of verbs"),
    ],
)
def test_a_document_that_is_none(twiml, line):
    [found] = wrong(UPDATE_CALL, twiml=twiml)

    assert found.startswith(line)


@pytest.mark.parametrize("price", ["--1", "1.", ".", "", "1e3", float("nan")])
def test_a_price_that_is_none(price):
    assert wrong(CREATE_MESSAGE, **SMS, max_price=price) == [f"max_price is {price!r}, not a number"]


@pytest.mark.parametrize("value", [date(2026, 9, 1), object(), {1, 2}])
def test_a_variable_that_json_has_no_word_for(value):
    [found] = wrong(CREATE_MESSAGE, **SMS, content_variables={"1": value})

    assert found.startswith("content_variables can't be written as JSON: ")


def test_a_variable_that_holds_itself():
    endless: dict[str, object] = {}
    endless["1"] = endless

    assert wrong(CREATE_MESSAGE, **SMS, content_variables=endless)[0].startswith("content_variables can't be written")


@pytest.mark.parametrize("price", [1, 0.5, "2.25", -1])
def test_a_price(price):
    assert CREATE_MESSAGE.encode({**SMS, "max_price": price})[3:] == [("MaxPrice", str(price))]


def test_every_mistake_is_told_at_once():
    assert len(wrong(CREATE_CALL, too="x", timeout="x", method="y")) == 6
    assert wrong(CREATE_CALL) == [
        "takes one of url, twiml, application_sid, and has none",
        "needs to",
        "needs from_",
    ]
    assert wrong(CREATE_MESSAGE) == [
        "needs to",
        "needs from_ or messaging_service_sid",
        "needs body or media_url or content_sid",
    ]


def test_a_change_changes_something():
    assert wrong(UPDATE_CALL) == ["needs url or twiml or status or time_limit"]
    assert wrong(UPDATE_CALL, status_callback="https://h/") == ["needs url or twiml or status or time_limit"]
    assert wrong(UPDATE_CALL, status="complete") == ["status is 'complete'; did you mean completed?"]


def test_a_moment_without_a_zone_could_be_any():
    naive = datetime(2026, 9, 1)  # noqa: DTZ001 - it is refused

    assert wrong(LIST_CALLS, start_time=naive) == ["start_time has no time zone; give it one, as in datetime.now(UTC)"]


@pytest.mark.parametrize(
    ("table", "more"),
    [
        (CREATE_CALL, {"url": "https://h/"}),
        (CREATE_MESSAGE, {"body": "+44 131"}),
        (LIST_CALLS, {"parent_call_sid": "CA1"}),
        (LIST_MESSAGES, {}),
    ],
)
@pytest.mark.parametrize(
    ("written", "listed"),
    [
        ("+44 131 496 0123", "+441314960123"),
        (" +44-131-496-0123 ", "+441314960123"),
        ("+44\u00a0131\u2013496 0123", "+441314960123"),
        ("whatsapp:+44 131 496 0123", "whatsapp:+441314960123"),
        ("client:jane-doe", "client:jane-doe"),
        ("sip:jane-doe@example.com", "sip:jane-doe@example.com"),
        ("messenger:1 2", "messenger:1 2"),
        ("The Book-shop", "The Book-shop"),
        ("0131 496 0123", "0131 496 0123"),
        ("+44 (0)131 496 0123", "+44 (0)131 496 0123"),
    ],
)
def test_a_number_is_written_as_twilio_lists_it_and_nothing_else_is_changed(table, more, written, listed):
    pairs = table.encode({"to": written, "from_": written, **more})

    assert pairs[:2] == [("To", listed), ("From", listed)]
    assert [text for _, text in pairs[2:]] == list(more.values())


def test_parameters_by_twilios_own_names():
    assert pairs_of({"A": True, "B": [1, None, 2], "C": None, "D": date(2026, 9, 1), "E": {"x": 1}}) == [
        ("A", "true"),
        ("B", "1"),
        ("B", "2"),
        ("D", "2026-09-01"),
        ("E", '{"x": 1}'),
    ]
    with pytest.raises(InvalidRequest, match="A is object, which can't be written"):
        pairs_of({"A": object()})


@pytest.mark.parametrize(
    "name",
    "client errors lookup numbers outbound parameters patience recordings tokens transport".split(),
)
def test_the_examples_run(name):
    assert doctest.testmod(importlib.import_module(f"runtime.twilio.{name}")).failed == 0
