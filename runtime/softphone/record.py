"""Record, and the callbacks of recordings."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runtime.softphone import fields
from runtime.softphone.caller import Act, HangUp, Press, Prompt, Speak
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
    transcribes = element.get("transcribe", "").strip().lower() == "true"
    longest = call.number(element, "maxLength", 120 if transcribes else 3600)
    asked = Prompt("Record", keys=element.get("finishOnKey", "1234567890*#"), speech=True, expects=True)
    call.tell("note", "recording")
    said, spoken, quiet, ended = "", 0.0, 0.0, dict[str, str]()
    act: Act | None = await call.ask(asked)
    if isinstance(act, Speak):
        said, spoken = act.words, min(seconds_to_say(act.words), longest)
        call.tell("spoke", said)
        await call.elapse(spoken)
        act = await call.ask(replace(asked, speech=False, expects=False)) if spoken < longest else None
    match act:
        case None:
            call.tell("note", f"{longest} s, the longest it may be")
        case HangUp():
            call.put_down()
            ended = {} if call.moved else {"Digits": "hangup"}
        case Press(keys):
            call.tell("pressed", keys[0])
            call.transcript.pressed.append(keys[0])
            call.type_ahead(keys[1:])
            ended = {"Digits": keys[0]}
        case _:
            quiet = min(timeout or longest, longest - spoken)
            call.tell("silence", f"silence, {round(quiet)} s")
            await call.elapse(quiet)

    # Silence at its end is trimmed; a recording that no silence ends is as long as it may be.
    seconds = max(1, round(spoken + (0 if timeout else quiet)))
    made = fields.Recording(fields.sid("RE"), call.leg, seconds, "RecordVerb", began, text=said)
    call.recordings.append(made)
    call.tell("recorded", f"{seconds} s recorded")
    if transcribes:
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
