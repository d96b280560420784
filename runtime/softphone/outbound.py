"""An outbound call before the other end hears anything: dialled, ringing, picked up by somebody or something.

    queued -> initiated -> ringing -> in-progress -> completed
       |         '------------'--> busy | no-answer | failed | canceled
       '--> canceled, and nobody is told

Every event has its number, from 0, whether or not somebody asked to be told of it. Only a call that is picked up asks
for its document, with CallStatus=in-progress; with a document of its own it asks for none.

Where it was asked who picks up (`detection`), the verdict is in that first request, which waits for it, and in the
status callbacks from then on; with `AsyncAmd` it comes apart, beside the first document, and says only whose it is.
(Twilio's documentation: "Call resource", "Answering Machine Detection".)
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from runtime.softphone import fields
from runtime.softphone.caller import Answer, Prompt
from runtime.softphone.steps import Callback, Fetch, Over

if TYPE_CHECKING:
    from runtime.softphone.call import Call
    from runtime.softphone.fields import Fields

EVENTS = ("initiated", "ringing", "answered", "completed")
RECORDING_EVENTS = ("in-progress", "completed", "absent")

_VERDICTS = {"human": 2.5, "machine_start": 4.0, "fax": 4.0, "unknown": 5.0}
"""Who picked up, and the seconds it takes to tell."""
_TO_ITS_END = 12.0
"""Seconds that a machine's greeting lasts."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where something is told, and how; nowhere, if the URL is empty."""

    url: str = ""
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbound:
    """What an outbound call is asked for, beside its URL.

    Attributes:
        twiml: a document to perform; none is asked for.
        method: of the first request.
        events: those of `EVENTS` that the status callback is told.
        status_method: of the status callback.
        timeout: how many seconds it rings.
        detection: `Enable`, or `DetectMessageEnd`, to find out who picks up.
        asynchronous: not to wait for the verdict.
        detected: where an asynchronous verdict goes.
        recorded: where the recording is told of.
        record: whether it is recorded; `channels` of it are kept, and `recording_events` are told.
    """

    twiml: str = ""
    method: str = "POST"
    events: tuple[str, ...] = ("completed",)
    status_method: str = "POST"
    timeout: int = 60
    detection: str = ""
    asynchronous: bool = False
    detected: Address = Address()
    record: bool = False
    channels: int = 1
    recorded: Address = Address()
    recording_events: tuple[str, ...] = ("completed",)


def verdict(by: str, detection: str) -> tuple[str, float]:
    """What Twilio says of whom it hears, and the seconds it takes to say so.

    >>> verdict("human", "Enable"), verdict("machine", "Enable"), verdict("machine", "DetectMessageEnd")
    (('human', 2.5), ('machine_start', 4.0), ('machine_end_beep', 12.0))
    """
    if not by.startswith("machine"):
        return by, _VERDICTS[by]
    if detection == "DetectMessageEnd":
        return by if by.startswith("machine_end") else "machine_end_beep", _TO_ITS_END
    return "machine_start", _VERDICTS["machine_start"]


async def reach(call: Call, url: str, asked: Outbound) -> Fetch:
    """Dial, ring, and find out who is there: what the call begins with when it is picked up.

    Raises:
        Over: nobody picks up.
    """
    call.status = "initiated"
    await call.progress("initiated")
    call.status = "ringing"
    await call.progress("ringing")
    act = await call.ask(Prompt("Call", answer=True, default=Answer()))
    answer = act if isinstance(act, Answer) else Answer("no-answer")
    if answer.outcome == "no-answer":
        await call.elapse(asked.timeout)
    if call.gone:
        raise call.out()
    if answer.outcome != "completed":
        raise Over("caller", answer.outcome, answer.outcome)
    call.pick_up()
    await call.progress("answered")
    return await _begin(call, url, asked, answer)


async def _begin(call: Call, url: str, asked: Outbound, answer: Answer) -> Fetch:
    own: Fields = {}
    then: tuple[Callback, ...] = ()
    if asked.detection:
        by, seconds = verdict(answer.by, asked.detection)
        call.tell("note", f"answered by {by}")
        told = fields.detected(by, seconds)
        if not asked.asynchronous:
            own = told
            await call.elapse(seconds, during="Call")
        elif asked.detected.url:
            whose = {"CallSid": call.leg.call_sid, "AccountSid": call.leg.account_sid}
            then = (Callback("amd", asked.detected.url, asked.detected.method, whose | told),)
        call.answered_by = by
    return Fetch(url, asked.method, own, then, asked.twiml)


def recording(call: Call, asked: Outbound) -> tuple[Fields, tuple[Callback, ...]]:
    """What the end of a call tells of its recording, and the callbacks that follow."""
    since = call.now - timedelta(seconds=call.seconds)
    made = fields.Recording(fields.sid("RE"), call.leg, call.seconds, "OutboundAPI", since, asked.channels, "both")
    call.recordings.append(made)
    to = asked.recorded
    callbacks = tuple(
        Callback("recording", to.url, to.method, made.on_callback(event))
        for event in ("in-progress", "completed")
        if to.url and event in asked.recording_events
    )
    return made.on_action(), callbacks
