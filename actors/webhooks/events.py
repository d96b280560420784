"""Which of Twilio's events a webhook tells of, finer than `Kind`: nothing is routed by it.

`Kind` is what the runtime does with a webhook. An event is which page of Twilio's documentation
it stands on, and so which fields it may carry. The table of signs below says how one is
recognised: of the events whose sign a webhook bears, the first in the table is its own. As with
kinds its URL speaks first: at `/recording`, `/transcription` and `/status` only callbacks arrive.

What bites: a Connect that ends a Stream, and a Redirect, send the standard fields alone; both are
`GO_ON`. A Pay whose caller hung up, or keyed a star, has no more to tell than a `Result`, a word
that anybody may use: it shows that only where nothing surer does. And whatever a URL's query or a
Voice SDK's client adds can bear anything's sign.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """What has happened, in Twilio's terms."""

    VOICE_REQUEST = "voice request"
    DETECTED_REQUEST = "voice request after machine detection"
    WHISPER = "request of a dialled leg"
    GO_ON = "redirect, or action with the standard fields alone"
    DIGITS = "gather action with digits"
    SPEECH = "gather action with speech"
    NO_INPUT = "gather action without input"
    PARTIAL_SPEECH = "partial result of speech"
    RECORD = "record action"
    RECORDING = "recording status"
    TRANSCRIPTION = "transcription"
    DIAL = "dial action"
    DIAL_REFER = "refer request of a dialled leg"
    REFER = "refer action"
    CALL_STATUS = "call status"
    LEG_STATUS = "status of a dialled leg"
    ENQUEUE_WAIT = "request of one who waits in a queue"
    ENQUEUE = "enqueue action"
    QUEUE = "request of one who leaves a queue"
    CONFERENCE = "conference status"
    PAY = "payment"
    RELAY = "connect action of a ConversationRelay"
    DETECTION = "machine detection"
    REAL_TIME = "real-time transcription"
    STREAM = "stream status"
    MESSAGE = "message"
    MESSAGE_STATUS = "message status"
    FALLBACK = "fallback request"


@dataclass(frozen=True, slots=True)
class Sign:
    """How an event shows: it has any field of `of`, which says something, and none of `without`."""

    event: Event
    of: tuple[str, ...]
    without: tuple[str, ...] = ()
    calls_back: bool = False
    """Whether it comes to a callback's URL too: nobody waits for a document."""
    even_empty: bool = False

    def seen(self, params: Mapping[str, str]) -> str | None:
        """The field that shows it."""
        for name in self.of:
            if name in params and (params[name] or self.even_empty):
                return None if any(params.get(other) for other in self.without) else name
        return None


SIGNS = (
    Sign(Event.FALLBACK, ("ErrorUrl",)),
    Sign(Event.MESSAGE_STATUS, ("MessageStatus",), calls_back=True),
    Sign(Event.MESSAGE, ("MessageSid", "SmsMessageSid", "SmsSid"), without=("MessageStatus",)),
    Sign(Event.CONFERENCE, ("StatusCallbackEvent",), calls_back=True),
    Sign(Event.REAL_TIME, ("TranscriptionEvent",), calls_back=True),
    Sign(Event.STREAM, ("StreamEvent",), calls_back=True),
    Sign(Event.RELAY, ("SessionStatus",)),
    Sign(Event.PARTIAL_SPEECH, ("UnstableSpeechResult", "StableSpeechResult"), calls_back=True, even_empty=True),
    Sign(Event.TRANSCRIPTION, ("TranscriptionStatus", "TranscriptionText", "TranscriptionUrl"), calls_back=True),
    Sign(Event.RECORDING, ("RecordingStatus",), calls_back=True),
    Sign(
        Event.PAY,
        (
            *("PaymentCardNumber", "PaymentToken", "PaymentConfirmationCode", "PaymentError", "PayErrorCode"),
            *("PaymentMethod", "PaymentCardType", "BankAccountNumber", "ConnectorError"),
        ),
        calls_back=True,
    ),
    Sign(Event.REFER, ("ReferCallStatus",)),
    Sign(Event.DIAL_REFER, ("ReferTransferTarget",)),
    Sign(Event.DIAL, ("DialCallStatus",)),
    Sign(Event.ENQUEUE, ("QueueResult",)),
    Sign(Event.QUEUE, ("DequeingCallSid",)),
    Sign(Event.ENQUEUE_WAIT, ("QueuePosition",)),
    Sign(Event.DETECTION, ("AnsweredBy", "MachineDetectionDuration"), without=("CallStatus",), calls_back=True),
    Sign(Event.CALL_STATUS, ("CallbackSource",), without=("ParentCallSid",), calls_back=True),
    Sign(Event.LEG_STATUS, ("CallbackSource",), calls_back=True),
    Sign(Event.RECORD, ("RecordingSid", "RecordingUrl"), without=("RecordingStatus", "CallDuration")),
    Sign(Event.SPEECH, ("SpeechResult",)),
    Sign(Event.DIGITS, ("Digits",)),
    Sign(Event.CALL_STATUS, ("CallDuration",), without=("ParentCallSid",), calls_back=True),
    Sign(Event.LEG_STATUS, ("CallDuration",), calls_back=True),
    Sign(Event.NO_INPUT, ("FinishedOnKey", "SpeechResult", "Digits", "msg"), even_empty=True),
    Sign(
        Event.PAY,
        ("Result", "For", "ErrorType", "Attempt", "ExpirationDate", "SecurityCode"),
        calls_back=True,
    ),
    Sign(Event.WHISPER, ("ParentCallSid",)),
    Sign(Event.DETECTED_REQUEST, ("AnsweredBy",)),
)
"""How events show. The first sign that a webhook bears is that of its own event."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event and why a webhook tells of it."""

    event: Event
    why: str


def all_told(path: str, params: Mapping[str, str], otherwise: Event) -> Iterator[Told]:
    """Every event that a webhook has the fields of, its own first.

    `otherwise` is what one tells of that bears no sign.

    >>> [each.event.name for each in all_told("1.3", {"DialCallStatus": "busy", "RecordingSid": "RE1"}, Event.GO_ON)]
    ['DIAL', 'RECORD']
    """
    calls_back = path in ("recording", "transcription", "status")
    if path == "recording":
        yield Told(Event.RECORDING, "its URL ends in /recording")
    signs = [sign for sign in SIGNS if sign.calls_back or not calls_back]
    if path == "transcription":
        signs.sort(key=lambda sign: sign.event is not Event.REAL_TIME)
        if not params.get("TranscriptionEvent"):
            yield Told(Event.TRANSCRIPTION, "its URL ends in /transcription")
    found = False
    for sign in signs:
        if name := sign.seen(params):
            found = True
            yield Told(sign.event, f"it has {name}")
    if not found and path not in ("recording", "transcription"):
        yield Told(otherwise, "it has no other event's fields")


def told(path: str, params: Mapping[str, str], otherwise: Event) -> Told:
    """The event that a webhook tells of.

    >>> told("status", {"AnsweredBy": "human"}, Event.CALL_STATUS)
    Told(event=<Event.DETECTION: 'machine detection'>, why='it has AnsweredBy')
    """
    return next(all_told(path, params, otherwise))
