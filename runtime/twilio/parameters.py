"""The parameters of calls, messages, recordings and phone numbers: one table for each request, and how a value is
written.

A table gives each parameter, in snake_case, its kind. Twilio's name follows from ours: `send_digits` is
`SendDigits`, `from_` is `From`, and what ends in `_before` or `_after` compares: `start_time_after` is `StartTime>`.
A misspelt parameter, which Twilio ignores in silence, is an error here. So is an unknown event, which Twilio accepts
with 201 and then never calls back about.

>>> CREATE_CALL.encode({"to": "+441314960123", "from_": "client:jane", "application_sid": "AP1", "async_amd": True})
[('To', '+441314960123'), ('From', 'client:jane'), ('ApplicationSid', 'AP1'), ('AsyncAmd', 'true')]
>>> LIST_CALLS.encode({"start_time_after": date(2026, 9, 1)})
[('StartTime>', '2026-09-01')]

(Twilio's documentation: "Call resource", "Message resource", "Recording resource",
"IncomingPhoneNumber resource".)
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any

from runtime.twilio.errors import InvalidRequest
from twiml import decode, encode, validate

LONGEST_TWIML = 4000
"""Characters of TwiML that a request may carry; more has to come from a URL."""
LONGEST_DIGITS = 32
"""Keys that a call may send once it is answered."""
STATUSES = ("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")
"""How a call may stand."""
EVENTS = ("initiated", "ringing", "answered", "completed")
"""What a call's status callback may be told."""
RECORDING_EVENTS = ("in-progress", "completed", "absent")
"""What a recording's may be."""

Pairs = list[tuple[str, str]]

_FORGIVEN = re.compile(r"[\s\-\u2010-\u2015\u2212]+")
"""Spaces and dashes, as people write them into numbers."""
_NUMBER = re.compile(r"(whatsapp:)?\+[0-9]+")


class _Wrong(Exception):
    """What is wrong with a value."""


# --- one value -----------------------------------------------------------------------------------


def written(value: Any) -> str:
    """A value as Twilio reads it, whatever parameter it is of.

    >>> written(True), written(7), written(date(2026, 9, 1)), written({"1": "Jane"})
    ('true', '7', '2026-09-01', '{"1": "Jane"}')
    >>> written(datetime(2026, 9, 1, 12, 30, tzinfo=UTC))
    '2026-09-01T12:30:00Z'
    """
    if isinstance(value, Enum):
        return written(value.value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise _Wrong("has no time zone; give it one, as in datetime.now(UTC)")
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        try:
            return json.dumps(dict(value))
        except (TypeError, ValueError, RecursionError) as problem:
            raise _Wrong(f"can't be written as JSON: {problem}") from None
    if isinstance(value, str | int | float):
        return str(value)
    raise _Wrong(f"is {type(value).__name__}, which can't be written")


def as_listed(written: str) -> str:
    """A number as Twilio lists it, without the spaces and dashes that people write into one. Anything else as it is.

    Twilio understands a number with spaces in it, and lists its calls without; by that they are looked for.

    >>> as_listed("+44 131-496 0123"), as_listed("whatsapp:+44 131 496 0123"), as_listed("sip:jane-doe@example.com")
    ('+441314960123', 'whatsapp:+441314960123', 'sip:jane-doe@example.com')
    """
    number = _FORGIVEN.sub("", written)
    return number if _NUMBER.fullmatch(number) else written


def pairs_of(params: Mapping[str, Any]) -> Pairs:
    """Parameters by Twilio's own names, as a form has them: a list is repeated, None is left out."""
    return [(name, text) for name, value in params.items() for text in _told(name, _several, value)]


# --- kinds: what a value becomes -------------------------------------------------------------------

Kind = Callable[[Any], Sequence[str]]

_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_WHOLE = re.compile(r"[0-9]+")


def _one(value: Any) -> Sequence[str]:
    if isinstance(value, list | tuple):
        raise _Wrong("takes one value, not a list")
    return [written(value)]


def _filled(value: Any) -> Sequence[str]:
    if value == "":
        raise _Wrong("is empty")
    return _one(value)


def _listed(kind: Kind) -> Kind:
    """A kind of who is called or texted, or calls or texts."""
    return lambda value: [as_listed(text) for text in kind(value)]


def _several(value: Any) -> Sequence[str]:
    if value is None:
        return []
    if isinstance(value, list | tuple):
        return [written(each) for each in value if each is not None]
    return [written(value)]


def _number(value: Any) -> Sequence[str]:
    if isinstance(value, bool) or not _DECIMAL.fullmatch(str(value)):
        raise _Wrong(f"is {value!r}, not a number")
    return [str(value)]


def _whole(value: Any) -> Sequence[str]:
    """A count, or a time in whole units. How much there may be at most, Twilio says."""
    if isinstance(value, bool) or not _WHOLE.fullmatch(str(value)):
        raise _Wrong(f"is {value!r}, not a whole number")
    return [str(value)]


def _flag(value: Any) -> Sequence[str]:
    text = written(value).lower()
    if text not in {"true", "false"}:
        raise _Wrong(f"is {value!r}; it is True or False")
    return [text]


def _moment(value: Any) -> Sequence[str]:
    if not isinstance(value, str | datetime):
        raise _Wrong("takes a datetime, or its text like 2026-09-01T12:30:00Z")
    return [written(value)]


def _day(value: Any) -> Sequence[str]:
    if not isinstance(value, str | date):
        raise _Wrong("takes a date, which is that whole day, a datetime, or the text of one")
    return [written(value)]


def _one_of(*words: str) -> Kind:
    def check(value: Any) -> Sequence[str]:
        text = written(value)
        if text not in words:
            raise _Wrong(f"is {text!r}; {_meant(text, words)}")
        return [text]

    return check


def _at_most(length: int) -> Kind:
    def check(value: Any) -> Sequence[str]:
        [text] = _one(value)
        if len(text) > length:
            raise _Wrong(f"has {len(text)} characters; {length} are the most")
        return [text]

    return check


def _events(*words: str) -> Kind:
    """Events: a list of them, or, as TwiML has them, one text."""
    known = _one_of(*words)

    def split(value: Any) -> Sequence[str]:
        return [known(each)[0] for each in (value.split() if isinstance(value, str) else _several(value))]

    return split


def _document(value: Any) -> Sequence[str]:
    """TwiML: its text, or verbs. Extensions are for a recipe, whose daemon runs them; Twilio would not."""
    if not isinstance(value, str | list | tuple):
        raise _Wrong("takes a text or a list of verbs")
    if not isinstance(value, str) and (problems := validate(value)):
        raise _Wrong(f"is not valid: {'; '.join(problems)}")
    text = value if isinstance(value, str) else encode(value)
    if not isinstance(value, str) and decode(encode(value, extensions=True)) != decode(text):
        raise _Wrong("holds extensions of TwiML: make it a recipe, and give its url")
    if len(text) > LONGEST_TWIML:
        raise _Wrong(f"has {len(text)} characters; more than {LONGEST_TWIML} must come from a url")
    return [text]


# --- tables --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Table:
    """What one request takes: each parameter's kind, and which of some parameters there must be."""

    what: str
    kinds: Mapping[str, Kind]
    exactly_one: tuple[str, ...] = ()
    at_least_one: tuple[tuple[str, ...], ...] = ()

    def encode(self, params: Mapping[str, Any]) -> Pairs:
        """The parameters by Twilio's names, those that are None left out.

        Raises:
            InvalidRequest: with a line for everything that is wrong.
        """
        given = {name: value for name, value in params.items() if value is not None}
        wrong = [f"{self.what}: {problem}" for problem in self._problems(given)]
        pairs: Pairs = []
        for name, value in given.items():
            if name in self.kinds:
                try:
                    pairs += [(wire_name(name), text) for text in _told(name, self.kinds[name], value)]
                except InvalidRequest as problem:
                    wrong.append(f"{self.what}: {problem}")
        if wrong:
            raise InvalidRequest(*wrong)
        return pairs

    def _problems(self, given: Mapping[str, Any]) -> Iterable[str]:
        for name in given.keys() - self.kinds.keys():
            yield f"there is no parameter {name}; {_meant(name, self.kinds)}"
        found = [name for name in self.exactly_one if name in given]
        if self.exactly_one and len(found) != 1:
            yield f"takes one of {', '.join(self.exactly_one)}, and has {' and '.join(found) or 'none'}"
        for names in self.at_least_one:
            if not given.keys() & set(names):
                yield f"needs {' or '.join(names)}"


def wire_name(name: str) -> str:
    """Twilio's name of a parameter.

    >>> wire_name("from_"), wire_name("async_amd"), wire_name("end_time_before")
    ('From', 'AsyncAmd', 'EndTime<')
    """
    stem, sign = name, ""
    for suffix, comparison in (("_before", "<"), ("_after", ">")):
        if name.endswith(suffix):
            stem, sign = name.removesuffix(suffix), comparison
    return "".join(word.capitalize() for word in stem.split("_")) + sign


def _told(name: str, kind: Kind, value: Any) -> Sequence[str]:
    try:
        return kind(value)
    except _Wrong as problem:
        raise InvalidRequest(f"{name} {problem}") from None


def _meant(word: str, known: Iterable[str]) -> str:
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]}?" if close else f"there is {', '.join(known)}"


def _each(kind: Kind, names: str) -> dict[str, Kind]:
    """Parameters of one kind."""
    return dict.fromkeys(names.split(), kind)


_METHOD = _one_of("GET", "POST")
_PAGING = {"page_size": _whole, "page": _whole, "page_token": _one}

CREATE_CALL = Table(
    "a new call",
    {
        **_each(_listed(_filled), "to from_"),
        **_each(
            _one,
            """
            url application_sid fallback_url status_callback caller_id call_reason call_token byoc passports
            recording_status_callback recording_configuration_id async_amd_status_callback sip_auth_username
            sip_auth_password client_notification_url
            """,
        ),
        "send_digits": _at_most(LONGEST_DIGITS),
        "machine_detection": _one_of("Enable", "DetectMessageEnd"),
        "recording_channels": _one_of("mono", "dual"),
        "recording_track": _one_of("inbound", "outbound", "both"),
        "trim": _one_of("trim-silence", "do-not-trim"),
        "twiml": _document,
        **_each(_METHOD, "method fallback_method status_callback_method"),
        **_each(_METHOD, "recording_status_callback_method async_amd_status_callback_method"),
        "status_callback_event": _events(*EVENTS),
        "recording_status_callback_event": _events(*RECORDING_EVENTS),
        **_each(_flag, "record async_amd"),
        **_each(
            _whole,
            """
            timeout time_limit machine_detection_timeout machine_detection_speech_threshold
            machine_detection_speech_end_threshold machine_detection_silence_timeout
            """,
        ),
    },
    exactly_one=("url", "twiml", "application_sid"),
    at_least_one=(("to",), ("from_",)),
)

UPDATE_CALL = Table(
    "a call's update",
    {
        **_each(_one, "url fallback_url status_callback"),
        "twiml": _document,
        **_each(_METHOD, "method fallback_method status_callback_method"),
        "status": _one_of("completed", "canceled"),
        "time_limit": _whole,
    },
    at_least_one=(("url", "twiml", "status", "time_limit"),),
)

LIST_CALLS = Table(
    "a list of calls",
    {
        **_each(_listed(_one), "to from_"),
        "parent_call_sid": _one,
        "status": _one_of(*STATUSES),
        **_each(_day, "start_time start_time_before start_time_after end_time end_time_before end_time_after"),
        **_PAGING,
    },
)

CREATE_MESSAGE = Table(
    "a new message",
    {
        **_each(_listed(_filled), "to from_"),
        "body": _filled,
        **_each(_one, "messaging_service_sid fallback_from content_sid content_variables message_intent"),
        **_each(_one, "status_callback application_sid"),
        **_each(_several, "media_url persistent_action"),
        **_each(_flag, "provide_feedback force_delivery smart_encoded shorten_urls send_as_mms"),
        **_each(_whole, "attempt validity_period"),
        "max_price": _number,
        "content_retention": _one_of("retain", "discard"),
        "address_retention": _one_of("retain", "obfuscate"),
        "traffic_type": _one_of("free"),
        "risk_check": _one_of("enable", "disable"),
        "schedule_type": _one_of("fixed"),
        "send_at": _moment,
    },
    at_least_one=(("to",), ("from_", "messaging_service_sid"), ("body", "media_url", "content_sid")),
)

LIST_MESSAGES = Table(
    "a list of messages",
    {**_each(_listed(_one), "to from_"), **_each(_day, "date_sent date_sent_before date_sent_after"), **_PAGING},
)

LIST_RECORDINGS = Table(
    "a list of recordings",
    {
        **_each(_one, "call_sid conference_sid"),
        **_each(_day, "date_created date_created_before date_created_after"),
        "include_soft_deleted": _flag,
        **_PAGING,
    },
)

LIST_NUMBERS = Table(
    "a list of numbers", {"beta": _flag, **_each(_one, "friendly_name phone_number origin"), **_PAGING}
)

UPDATE_NUMBER = Table(
    "a number's update",
    {
        **_each(
            _one,
            """
            voice_url voice_fallback_url voice_application_sid status_callback sms_url sms_fallback_url
            sms_application_sid friendly_name api_version account_sid trunk_sid emergency_address_sid identity_sid
            address_sid bundle_sid
            """,
        ),
        **_each(_METHOD, "voice_method voice_fallback_method status_callback_method sms_method sms_fallback_method"),
        "voice_caller_id_lookup": _flag,
        "voice_receive_mode": _one_of("voice", "fax"),
        "emergency_status": _one_of("Active", "Inactive"),
    },
)
