"""What Twilio posts, parsed: one webhook of one call.

Only `call_sid` can be relied on. Every other field may be missing, empty, repeated or new
(docs: voice/twiml, "Twilio's request to your application"); what is missing reads as "" and what
is new is in `custom_params`. Of a repeated field the first value counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import phonenumbers

from twiml.ranks import is_rank

TERMINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The statuses after which a call is over (docs: voice/api/call-resource). Sticky: nothing reopens it."""


class Kind(StrEnum):
    """What a webhook is about, by its URL first and by its fields only then."""

    START_CALL = "start_call"
    GATHER_RESPONSE = "gather_response"
    GOTO_STATE = "goto_state"
    RECORDING = "recording_notification"
    TRANSCRIPTION = "transcription_notification"
    STATUS = "call_status"
    COMPLETE = "call_complete"
    AFTER_THE_END = "action_after_the_end"
    """The action of a verb that the end of the call interrupted: nobody hears the answer."""

    @property
    def wants_document(self) -> bool:
        """Whether somebody is on the line, waiting for TwiML."""
        return self in (Kind.START_CALL, Kind.GATHER_RESPONSE, Kind.GOTO_STATE)


_CALLBACKS = {"recording": Kind.RECORDING, "transcription": Kind.TRANSCRIPTION, "status": Kind.STATUS}
_PARTIES = ("Called", "Caller", "From", "To")
_PARTS = ("City", "Zip", "State", "Country")
_TYPED = {
    *(
        "AccountSid ApplicationSid ApiVersion CallSid CallStatus Direction Digits FinishedOnKey msg SpeechResult "
        "Confidence RecordingSid RecordingUrl RecordingDuration RecordingStatus CallDuration Duration DialCallStatus "
        "DialCallSid DialCallDuration"
    ).split(),
    *_PARTIES,
    *(f"{party}{part}" for party in _PARTIES for part in _PARTS),
}


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a call: a number in E.164, or `whatsapp:+…`, `client:name`, `sip:…`, `anonymous`; and where it is."""

    number: str = ""
    city: str = ""
    zip: str = ""
    state: str = ""
    country: str = ""

    @property
    def country_code(self) -> int | None:
        """The country's calling code, 44 for the United Kingdom; None for what isn't a phone number."""
        parsed = self._parsed()
        return parsed.country_code if parsed else None

    @property
    def prefix(self) -> str:
        """What is dialled before the national number within the country, "0" in the United Kingdom.

        Empty where there is none, as in Italy, and for what isn't a phone number.
        """
        parsed = self._parsed()
        region = phonenumbers.region_code_for_number(parsed) if parsed else None
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region or "", None)
        return (metadata.national_prefix or "") if metadata else ""

    @property
    def national_number(self) -> str:
        """The number as it is dialled within its country, digits only; "" for what isn't a phone number."""
        parsed = self._parsed()
        if parsed is None:
            return ""
        shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        return "".join(filter(str.isdecimal, shown))

    def _parsed(self) -> phonenumbers.PhoneNumber | None:
        number = self.number.removeprefix("whatsapp:")
        if not number.startswith("+"):
            return None  # phonenumbers would find one within `client:+44…`
        try:
            return phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that a webhook tells of. `duration` is in seconds, None if it isn't told."""

    sid: str
    url: str
    duration: int | None
    status: str

    @property
    def there(self) -> bool:
        """Whether there is something to hear: callbacks also tell of recordings begun, failed or absent."""
        return bool(self.sid) and self.status in ("", "completed")


@dataclass(frozen=True)
class Webhook:
    """One request of Twilio's. `path` is what its URL has below the recipe's own.

    >>> hook = Webhook({"CallSid": "CA1", "From": "+441314960123", "Digits": "1"}, recipe="menu", path="1.3", step=2)
    >>> hook.kind.name, hook.rank, hook.from_.country_code, hook.digits
    ('GATHER_RESPONSE', '1.3', 44, '1')
    """

    params: Mapping[str, str]
    recipe: str = ""
    path: str = ""
    step: int | None = None
    """The step that wrote the URL, from `?step=`."""
    token: str = ""
    """Twilio's idempotency token: the same for every try of one webhook."""
    arrived: float = field(default=0.0, compare=False)
    """When it came, in seconds since the epoch."""

    @cached_property
    def kind(self) -> Kind:
        """What this webhook is about."""
        over = self.call_status in TERMINAL
        if self.path in _CALLBACKS:
            kind = _CALLBACKS[self.path]
            return Kind.COMPLETE if kind is Kind.STATUS and over else kind
        if over:
            return Kind.AFTER_THE_END if self.path else Kind.COMPLETE
        if not self.path and self.params.get("CallbackSource") == "call-progress-events":
            return Kind.STATUS
        if self.digits or self.speech:
            return Kind.GATHER_RESPONSE
        return Kind.GOTO_STATE if self.path else Kind.START_CALL

    @property
    def rank(self) -> str | None:
        """The rank its URL names, if it does."""
        return self.path if is_rank(self.path) else None

    @property
    def call_sid(self) -> str:
        """The call, or rather the leg, this is about: `CA` and 32 hexadecimal digits."""
        return self.params.get("CallSid", "")

    @property
    def account_sid(self) -> str:
        """The account, or sub-account, whose call it is."""
        return self.params.get("AccountSid", "")

    @property
    def application_sid(self) -> str:
        """The TwiML App by which the call came in, for calls of the Voice SDK."""
        return self.params.get("ApplicationSid", "")

    @property
    def api_version(self) -> str:
        """`2010-04-01`."""
        return self.params.get("ApiVersion", "")

    @property
    def call_status(self) -> str:
        """`ringing`, `in-progress`, one of `TERMINAL`, …"""
        return self.params.get("CallStatus", "")

    @property
    def direction(self) -> str:
        """`inbound`, `outbound-api` or `outbound-dial`."""
        return self.params.get("Direction", "")

    @property
    def digits(self) -> str:
        """The keys pressed; after Record the key that ended it, or `hangup`."""
        return self.params.get("Digits", "")

    @property
    def speech(self) -> str:
        """What was said to a Gather that listens."""
        return self.params.get("SpeechResult", "")

    @property
    def confidence(self) -> float | None:
        """How sure Twilio is of what was said, 0.0 to 1.0; None where it doesn't tell."""
        try:
            return float(self.params["Confidence"])
        except (KeyError, ValueError):
            return None

    @property
    def dial_status(self) -> str:
        """What came of a Dial: `completed`, `busy`, `no-answer`, `failed`, `canceled`."""
        return self.params.get("DialCallStatus", "")

    @property
    def duration(self) -> int | None:
        """How long the call took, in seconds; None before its end."""
        return _whole(self.params.get("CallDuration", ""))

    @property
    def called(self) -> Party:
        """Who was called; the same as `to`."""
        return self._party("Called")

    @property
    def caller(self) -> Party:
        """Who called; the same as `from_`."""
        return self._party("Caller")

    @property
    def from_(self) -> Party:
        """Who called."""
        return self._party("From")

    @property
    def to(self) -> Party:
        """Who was called."""
        return self._party("To")

    @property
    def recording(self) -> Recording | None:
        """The recording this tells of, if it does."""
        sid = self.params.get("RecordingSid", "")
        url = self.params.get("RecordingUrl", "")
        if not sid and not url:
            return None
        duration = _whole(self.params.get("RecordingDuration", ""))
        return Recording(sid or url.rpartition("/")[2], url, duration, self.params.get("RecordingStatus", ""))

    @property
    def custom_params(self) -> dict[str, str]:
        """Every field that has no name of its own here."""
        return {name: value for name, value in self.params.items() if name not in _TYPED}

    def pretty(self) -> str:
        """Everything it holds, one field a line, for a person to read."""
        lines = [f"{self.kind.value} of call {self.call_sid or '(no CallSid)'}"]
        lines += [f"  {name} is {value!r}" for name, value in self.params.items() if name in _TYPED and value]
        lines += [f"  {name} is {value!r} (custom)" for name, value in self.custom_params.items()]
        return "\n".join(lines)

    def _party(self, name: str) -> Party:
        return Party(self.params.get(name, ""), *(self.params.get(f"{name}{part}", "") for part in _PARTS))


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None
