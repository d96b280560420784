"""What Twilio posts, parsed: one webhook of one call.

Only `call_sid` can be relied on. Every other field may be missing, empty, repeated or new
(Twilio's documentation: "TwiML Voice", "Twilio's request to your application"); what is missing reads as "" or None,
and what is new is in `custom_params`. Of a repeated field the first value counts. The table of
fields is in `actors.webhooks`; here is what a webhook is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from actors.webhooks import (
    CallFields,
    ConferenceFields,
    CustomParams,
    DialFields,
    ErrorFields,
    Event,
    Field,
    GatherFields,
    Group,
    MessageFields,
    Parties,
    PayFields,
    QueueFields,
    RealTimeFields,
    RecordingFields,
    ReferFields,
    RelayFields,
    SipFields,
    StatusFields,
    StreamFields,
    Told,
    TranscriptionFields,
    all_told,
    printable,
    record,
    told,
)
from twiml.ranks import is_rank

OUTBOUND = "outbound-api"
"""The direction of a call that was made through the REST API."""
TERMINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""The statuses after which a call is over (Twilio's documentation: "Call resource"). Sticky: nothing reopens it."""


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


_PARENT = "ParentCallSid"
_CALLBACKS = {"recording": Kind.RECORDING, "transcription": Kind.TRANSCRIPTION, "status": Kind.STATUS}
_OVER = "CallStatus is {status}"
_CALLBACK = "its URL ends in /{path}"
_STATE_OVER = "its URL names {path}, and CallStatus is {status}"
_STATE_ALONE = "its URL names {path}, and nothing was keyed or said"
_ALONE = "its URL is the recipe's own, and nothing was keyed or said"
_EVENTS = {
    Kind.START_CALL: Event.VOICE_REQUEST,
    Kind.RECORDING: Event.RECORDING,
    Kind.TRANSCRIPTION: Event.TRANSCRIPTION,
    Kind.STATUS: Event.CALL_STATUS,
    Kind.COMPLETE: Event.CALL_STATUS,
}
"""What a webhook tells of whose fields don't say; any other goes on from somewhere."""


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


@dataclass(frozen=True, init=False)
class Webhook(
    CallFields,
    Parties,
    SipFields,
    GatherFields,
    RecordingFields,
    TranscriptionFields,
    DialFields,
    ReferFields,
    QueueFields,
    RelayFields,
    PayFields,
    ErrorFields,
    StatusFields,
    ConferenceFields,
    RealTimeFields,
    StreamFields,
    MessageFields,
):
    """One request of Twilio's. `path` is what its URL has below the recipe's own.

    Every field that Twilio documents is an attribute (`actors.webhooks` has the table); it is read
    when it is asked for, never raises, and is "" or None where there is nothing to read.

    >>> hook = Webhook({"CallSid": "CA1", "From": "+441314960123", "Digits": "1"}, recipe="menu", path="1.3", step=2)
    >>> hook.kind.name, hook.rank, hook.from_.country_code, hook.digits, hook.queue_time
    ('GATHER_RESPONSE', '1.3', 44, '1', None)
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

    def __init__(
        self,
        params: Mapping[str, str],
        recipe: str = "",
        path: str = "",
        step: int | None = None,
        token: str = "",
        arrived: float = 0.0,
    ) -> None:
        # As dataclasses would, but in half the time: object.__setattr__ walks all the bases.
        own = self.__dict__
        own["params"], own["recipe"], own["path"] = params, recipe, path
        own["step"], own["token"], own["arrived"] = step, token, arrived

    @cached_property
    def kind(self) -> Kind:
        """What this webhook is about."""
        return self._judged()[0]

    @property
    def why(self) -> str:
        """Why it is of that kind."""
        return self._judged()[1].format(path=self.path, status=self.call_status)

    @property
    def told(self) -> Told:
        """The event it tells of, finer than its kind, and why. Nothing is routed by it."""
        return told(self.path, self.params, self._otherwise())

    @property
    def event(self) -> Event:
        """The event it tells of, finer than its kind. Nothing is routed by it."""
        return self.told.event

    @property
    def of_a_message(self) -> bool:
        """Whether it is about a message and no call."""
        return not self.call_sid and bool(self.message)

    @property
    def message(self) -> str:
        """The message it is about, by whichever of its names: `SM` or `MM` and 32 hexadecimal digits."""
        return self.message_sid or self.sms_sid or self.sms_message_sid

    @property
    def is_of_a_leg(self) -> bool:
        """Whether it is about a leg that this call has dialled, and not about the call itself."""
        return bool(self.params.get(_PARENT)) and self.params.get(_PARENT) == self.params.get("CallSid")

    def to_parent(self) -> Webhook | None:
        """The same as the call that has dialled this leg is told it, if there is one: it is about that call then, and
        of the leg it has the SID as `DialCallSid`, as a Dial's action has.
        """
        parent = self.params.get(_PARENT)
        if not parent or parent == self.call_sid or self.path not in _CALLBACKS:
            return None
        params = {**self.params, "CallSid": parent, "DialCallSid": self.call_sid}
        return Webhook(params, self.recipe, self.path, self.step, self.token, self.arrived)

    def arriving(self, at: float) -> Webhook:
        """The same, arriving at another time, in seconds since the epoch."""
        return Webhook(self.params, self.recipe, self.path, self.step, self.token, at)

    @property
    def rank(self) -> str | None:
        """The rank its URL names, if it does."""
        return self.path if is_rank(self.path) else None

    @property
    def recording(self) -> Recording | None:
        """The recording this tells of, if it does."""
        sid, url = self.params.get("RecordingSid", ""), self.params.get("RecordingUrl", "")
        if not sid and not url:
            return None
        return Recording(sid or url.rpartition("/")[2], url, self.recording_duration, self.recording_status)

    @property
    def custom_params(self) -> CustomParams:
        """Every field that has no name of its own here, or isn't what a field of its name should be."""
        typed = {name for block in self._typed() for each in block for name, *_ in each.taken(self.params)}
        return CustomParams({name: value for name, value in self.params.items() if name not in typed}, self.params)

    @property
    def misfits(self) -> dict[str, Field[Any]]:
        """The fields, by name, that came and aren't what they should be; their values are in `custom_params`."""
        custom = self.custom_params
        return {
            name: each
            for block in self._typed()
            for each in block
            for name in each.names(self.params)
            if name in custom and self.params[name]
        }

    def pretty(self) -> str:
        """Everything it holds, one field a line, for a person to read."""
        if self.of_a_message:
            headline = f"{self.event} {self.message}"
        else:
            headline = f"{self.kind.value} of call {self.call_sid or '(no CallSid)'}: {self.event}"
        return f"{printable(headline)}\n{record(self._typed(), self.params, self.custom_params)}"

    @classmethod
    def groups(cls) -> list[type[Group]]:
        """The table of fields, group by group."""
        return [group for group in cls.__mro__ if issubclass(group, Group) and group.fields]

    def _typed(self) -> Iterator[list[Field[Any]]]:
        """The fields that may come with what this tells of, by group; each end of a call is its own."""
        events = {each.event for each in all_told(self.path, self.params, self._otherwise())}
        for group in self.groups():
            fields = [each for each in group.fields if not each.on or each.on & events]
            if group is Parties:
                yield from ([each] for each in fields)
            else:
                yield fields

    def _judged(self) -> tuple[Kind, str]:
        """What it is about, and why: by its URL first and by its fields only then."""
        get, path = self.params.get, self.path
        over = get("CallStatus") in TERMINAL
        if path in _CALLBACKS:
            return _called_back(path, over, of_leg=self.is_of_a_leg)
        if over:
            return (Kind.AFTER_THE_END, _STATE_OVER) if path else (Kind.COMPLETE, _OVER)
        if not path and get("CallbackSource") == "call-progress-events":
            return Kind.STATUS, "CallbackSource is call-progress-events"
        if get("Digits") or get("SpeechResult"):
            return Kind.GATHER_RESPONSE, "it has Digits or SpeechResult"
        return (Kind.GOTO_STATE, _STATE_ALONE) if path else (Kind.START_CALL, _ALONE)

    def _otherwise(self) -> Event:
        return _EVENTS.get(self.kind, Event.GO_ON)


def _called_back(path: str, over: bool, of_leg: bool) -> tuple[Kind, str]:
    kind = _CALLBACKS[path]
    if kind is Kind.STATUS and over and not of_leg:
        return Kind.COMPLETE, f"{_CALLBACK}, and {_OVER}"
    return kind, _CALLBACK
