"""What each request takes: one table.

A kind takes a parameter's name and its text, and returns the text as it counts; or refuses it, with the code that
Twilio has for that. What isn't in the table is passed over in silence, as Twilio does it, so a misspelt parameter
shows here as it would there: by having no effect. The client has a table of its own, in `runtime.twilio.parameters`:
the softphone knows nothing of it, so that neither hides the other's mistake.
(Twilio's documentation: "Call resource", "Message resource", "IncomingPhoneNumber resource", "Recording resource".)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from runtime.softphone.document import Fault
from runtime.softphone.rest.refusals import MAGIC, Refused
from runtime.softphone.wire import resolve

Kind = Callable[[str, str], str]

STATUSES = ("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")
"""How a call may stand."""
LONGEST_TWIML = 4000
"""Characters of TwiML that a request may carry."""
LONGEST_DIGITS = 32
"""Keys that a call may send."""
LONGEST_BODY = 1600
"""Characters of a message."""
_DIGITS = 20
"""Digits of a number that are looked at: with as many, any is too high."""


class Params(dict[str, list[str]]):
    """The parameters of a request, each with all its values."""

    def text(self, name: str, default: str = "") -> str:
        """A parameter's first value, or the default if it is empty or missing."""
        return (self.get(name) or [""])[0] or default

    def flag(self, name: str) -> bool:
        """Whether it is true."""
        return self.text(name).lower() == "true"

    @property
    def first(self) -> dict[str, str]:
        """Each parameter's first value."""
        return {name: values[0] for name, values in self.items()}


# --- kinds ---------------------------------------------------------------------------------------


def text(_name: str, value: str) -> str:
    """Anything."""
    return value


def pattern(_name: str, value: str) -> str:
    """Part of what a list's items have there, with `*` for any digit."""
    return value


def url(code: int) -> Kind:
    """A URL that can be requested."""

    def check(name: str, value: str) -> str:
        try:
            return resolve(value, "")
        except Fault:
            raise Refused(code, f"{name} is not a valid URL: {value}") from None

    return check


def one_of(*words: str, code: int = 20001) -> Kind:
    """One of these words."""

    def check(name: str, value: str) -> str:
        if value not in words:
            raise Refused(code, f"{name} is {value!r}; it must be one of {', '.join(words)}")
        return value

    return check


def number(low: int, high: int) -> Kind:
    """A whole number. One that is too high counts as the highest."""

    def check(name: str, value: str) -> str:
        count = int(value.lstrip("0")[:_DIGITS] or "0") if value.isascii() and value.isdigit() else -1
        if count < low:
            raise Refused(20001, f"{name} is {value!r}; it must be a number from {low} to {high}")
        return str(min(count, high))

    return check


def flag(name: str, value: str) -> str:
    """True or false."""
    return one_of("true", "false")(name, value.lower())


def including(name: str, value: str) -> str:
    """Whether a list holds those of its items, too, for which this is so."""
    return flag(name, value)


def at_most(length: int, code: int, what: str) -> Kind:
    """A text that isn't too long."""

    def check(_name: str, value: str) -> str:
        if len(value) > length:
            raise Refused(code, what)
        return value

    return check


def party(resource: str, code: int) -> Kind:
    """Somebody who can be called or texted: a phone number, or `client:…`, `sip:…`, `whatsapp:…` and the like."""

    def check(name: str, value: str) -> str:
        given = value.strip()
        if re.fullmatch(r"[a-z]+:\S+", given):
            return given
        written = e164(given)
        if written is None:
            raise Refused(code, f"The '{name}' number {value} is not a valid phone number.")
        if magic := MAGIC.get((resource, name, written)):
            raise Refused(magic[0], f"The '{name}' number {written} {magic[1]}.")
        return written

    return check


def sender(name: str, value: str) -> str:
    """Who a message is from: a phone number, a short code, or a name."""
    if re.fullmatch(r"\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11}", value, re.ASCII):
        return value
    return party("Messages", 21212)(name, value)


def day(name: str, value: str) -> str:
    """A date, or a moment."""
    if moment(value) is None:
        raise Refused(20001, f"{name} is {value!r}; it must be a date like 2026-09-01, or a time in ISO 8601")
    return value


def moment(value: str) -> datetime | None:
    """When that is, in UTC; a date is its midnight.

    >>> moment("2026-09-01"), moment("2026-09-01T12:30:00Z"), moment("soon")
    (datetime.datetime(2026, 9, 1, 0, 0, tzinfo=datetime.timezone.utc), \
datetime.datetime(2026, 9, 1, 12, 30, tzinfo=datetime.timezone.utc), None)
    """
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        return None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def e164(value: str) -> str | None:
    """A phone number as Twilio writes it; ten digits are of North America.

    >>> e164("+44 131 496 0123"), e164("(415) 555-0100"), e164("4960"), e164("jane")
    ('+441314960123', '+14155550100', None, None)
    """
    digits = re.sub(r"[\s().-]", "", value)
    if re.fullmatch(r"\+[1-9]\d{6,14}", digits, re.ASCII):
        return digits
    if re.fullmatch(r"1?[2-9]\d{9}", digits, re.ASCII):
        return f"+1{digits[-10:]}"
    return None


# --- tables --------------------------------------------------------------------------------------


class Need(NamedTuple):
    """Parameters of which there must be one."""

    names: tuple[str, ...]
    code: int
    message: str


class Table(NamedTuple):
    """What one request takes."""

    kinds: Mapping[str, Kind]
    needs: tuple[Need, ...] = ()

    def read(self, pairs: Iterable[tuple[str, str]]) -> Params:
        """The parameters of a request. An empty one is there, and has nothing that could be wrong.

        Raises:
            Refused: one is missing, or isn't what it must be.
        """
        params = Params()
        for name, value in pairs:
            if kind := self.kinds.get(name):
                params.setdefault(name, []).append(kind(name, value) if value else value)
        for names, code, message in self.needs:
            if not any(params.text(name) for name in names):
                raise Refused(code, message)
        return params


def _each(kind: Kind, names: str) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


_METHOD = one_of("GET", "POST")
_PAGING = {"PageSize": number(1, 1000), "Page": number(0, 10**9), "PageToken": text}
_DOCUMENT = at_most(LONGEST_TWIML, 32018, f"Twiml has more than {LONGEST_TWIML} characters")

CREATE_CALL = Table(
    {
        "To": party("Calls", 21211),
        "From": party("Calls", 21212),
        **_each(url(21205), "Url FallbackUrl"),
        **_each(url(21609), "StatusCallback RecordingStatusCallback AsyncAmdStatusCallback"),
        **_each(_METHOD, "Method FallbackMethod StatusCallbackMethod"),
        **_each(_METHOD, "RecordingStatusCallbackMethod AsyncAmdStatusCallbackMethod"),
        "Twiml": _DOCUMENT,
        "MachineDetection": one_of("Enable", "DetectMessageEnd"),
        "RecordingChannels": one_of("mono", "dual"),
        "SendDigits": at_most(LONGEST_DIGITS, 20001, f"SendDigits has more than {LONGEST_DIGITS} keys"),
        "RecordingTrack": one_of("inbound", "outbound", "both"),
        "Trim": one_of("trim-silence", "do-not-trim"),
        **_each(flag, "Record AsyncAmd"),
        "Timeout": number(0, 600),
        "TimeLimit": number(0, 86400),
        **_each(
            text,
            """
            ApplicationSid StatusCallbackEvent RecordingStatusCallbackEvent SipAuthUsername SipAuthPassword
            MachineDetectionTimeout MachineDetectionSpeechThreshold MachineDetectionSpeechEndThreshold
            MachineDetectionSilenceTimeout CallerId Byoc CallReason CallToken ClientNotificationUrl
            RecordingConfigurationId Passports
            """,
        ),
    },
    (
        Need(("To",), 21201, "No 'To' number is specified"),
        Need(("From",), 21213, "No 'From' number is specified"),
        Need(("Url", "Twiml", "ApplicationSid"), 21205, "Url parameter is required."),
    ),
)

UPDATE_CALL = Table(
    {
        **_each(url(21205), "Url FallbackUrl"),
        "StatusCallback": url(21609),
        **_each(_METHOD, "Method FallbackMethod StatusCallbackMethod"),
        "Twiml": _DOCUMENT,
        "Status": one_of("canceled", "completed"),
        "TimeLimit": number(0, 86400),
    }
)

LIST_CALLS = Table(
    {
        **_each(text, "To From ParentCallSid"),
        "Status": one_of(*STATUSES),
        **_each(day, "StartTime StartTime< StartTime> EndTime EndTime< EndTime>"),
        **_PAGING,
    }
)

CREATE_MESSAGE = Table(
    {
        "To": party("Messages", 21211),
        "From": sender,
        "Body": at_most(LONGEST_BODY, 21617, f"The message body has more than {LONGEST_BODY} characters"),
        "StatusCallback": url(21609),
        "MediaUrl": url(21620),
        "ScheduleType": one_of("fixed"),
        "SendAt": day,
        "ValidityPeriod": number(1, 36000),
        **_each(
            text,
            """
            MessagingServiceSid ContentSid ContentVariables ApplicationSid MaxPrice ProvideFeedback Attempt
            ForceDelivery ContentRetention AddressRetention SmartEncoded PersistentAction TrafficType ShortenUrls
            SendAsMms RiskCheck FallbackFrom MessageIntent
            """,
        ),
    },
    (
        Need(("To",), 21604, "A 'To' phone number is required."),
        Need(("From", "MessagingServiceSid"), 21603, "A 'From' phone number is required."),
        Need(("Body", "MediaUrl", "ContentSid"), 21602, "Message body is required."),
    ),
)

UPDATE_MESSAGE = Table({"Body": at_most(0, 20001, "Body can only be emptied"), "Status": one_of("canceled")})

LIST_MESSAGES = Table({**_each(text, "To From"), **_each(day, "DateSent DateSent< DateSent>"), **_PAGING})

_NUMBER: dict[str, Kind] = {
    **_each(url(21402), "VoiceUrl VoiceFallbackUrl SmsUrl SmsFallbackUrl StatusCallback"),
    **_each(
        one_of("GET", "POST", code=21403),
        "VoiceMethod VoiceFallbackMethod SmsMethod SmsFallbackMethod StatusCallbackMethod",
    ),
    "VoiceCallerIdLookup": flag,
    "VoiceReceiveMode": one_of("voice", "fax"),
    "EmergencyStatus": one_of("Active", "Inactive"),
    **_each(
        text,
        """
        FriendlyName VoiceApplicationSid SmsApplicationSid TrunkSid IdentitySid AddressSid BundleSid
        EmergencyAddressSid
        """,
    ),
}
CREATE_NUMBER = Table(
    {"PhoneNumber": party("IncomingPhoneNumbers", 21421), **_NUMBER},
    (Need(("PhoneNumber",), 21421, "PhoneNumber is required"),),
)
UPDATE_NUMBER = Table(_NUMBER)
LIST_NUMBERS = Table({"PhoneNumber": pattern, **_each(text, "FriendlyName Origin"), "Beta": including, **_PAGING})

LIST_RECORDINGS = Table(
    {**_each(text, "CallSid ConferenceSid"), **_each(day, "DateCreated DateCreated< DateCreated>"), **_PAGING}
)
NOTHING = Table({})
