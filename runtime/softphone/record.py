"""Record, and the callbacks of recordings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runtime.softphone import fields
from runtime.softphone.caller import HangUp, Press, Prompt, Speak
from runtime.softphone.prompts import seconds_to_say

if TYPE_CHECKING:
    from lxml import etree

    from runtime.softphone.call import Call
    from runtime.softphone.fields import Fields, Recording
    from runtime.softphone.steps import Callback, Fetch


async def record(call: Call, element: etree._Element) -> Fetch | None:
    """Record what the caller says, until a key, silence or the end of the call.

    The action is asked for in every case, a caller who says nothing included; without one it is the current
    document again. `Digits` is the key that ended it, or `hangup`, and then the call is completed.
    The transcription comes when the call is over.
    """
    began, timeout = call.now, call.number(element, "timeout", 5)
    asked = Prompt("Record", keys=element.get("finishOnKey", "1234567890*#"), speech=True, expects=True)
    call.tell("note", "recording")
    said, ended = "", dict[str, str]()
    act = await call.ask(asked)
    if isinstance(act, Speak):
        said = act.words
        call.tell("spoke", said)
        await call.elapse(seconds_to_say(said))
        act = await call.ask(replace(asked, speech=False, expects=False))
    match act:
        case HangUp():
            call.put_down()
            ended = {"Digits": "hangup"}
        case Press(keys):
            call.tell("pressed", keys[0])
            call.transcript.pressed.append(keys[0])
            call.type_ahead(keys[1:])
            ended = {"Digits": keys[0]}
        case _:
            call.tell("silence", f"silence, {timeout} s")
            await call.elapse(timeout)

    seconds = max(1, round(seconds_to_say(said)))
    made = fields.Recording(fields.sid("RE"), call.leg, seconds, "RecordVerb", began, text=said)
    call.tell("recorded", f"{seconds} s recorded")
    if element.get("transcribe", "").strip().lower() == "true":
        heard = made.on_transcription("completed")
        call.later(call.callback_of("transcription", element, "transcribeCallback", heard))
    extra: Fields = made.on_action() | ended
    return await call.conclude(element, extra, always=True, then=recording_callbacks(call, element, made))


def recording_callbacks(call: Call, element: etree._Element, made: Recording) -> tuple[Callback, ...]:
    """The recording status callbacks that an element asks for."""
    events = element.get("recordingStatusCallbackEvent", "completed").split()
    return tuple(
        callback
        for event in ("in-progress", "completed")
        if event in events
        for callback in call.callback_of("recording", element, "recordingStatusCallback", made.on_callback(event))
    )
