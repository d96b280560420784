"""Gather: keys or words, and the document they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.softphone import fields
from runtime.softphone.caller import KEYS, HangUp, Press, Prompt, Speak
from runtime.softphone.document import children, name
from runtime.softphone.prompts import PROMPTS, seconds_to_say
from runtime.softphone.steps import Fetch

if TYPE_CHECKING:
    from lxml import etree

    from runtime.softphone.call import Call
    from runtime.softphone.fields import Fields


def collect(keys: str, finish: str, limit: int) -> tuple[str, str, str]:
    """What a Gather makes of keys: its digits, the key that finished it, and what is left over.

    >>> collect("23#", finish="#", limit=0), collect("23", finish="#", limit=0)
    (('23', '#', ''), ('23', '', ''))
    >>> collect("123", finish="#", limit=1), collect("1#", finish="#", limit=1)
    (('1', '', '23'), ('1', '', ''))
    """
    for at, key in enumerate(keys):
        if key in finish:
            return keys[:at], key, keys[at + 1 :]
        if at + 1 == limit:
            rest = keys[at + 1 :]
            # People press the finish key even where the last digit was enough.
            return keys[:limit], "", rest[1:] if rest[:1] and rest[0] in finish else rest
    return keys, "", ""


async def gather(call: Call, element: etree._Element) -> Fetch | None:
    """Ask. With input, the action or the current document again; without, the next verb.

    The finish key alone is no input. `actionOnEmptyResult` asks for the action all the same.
    """
    for child in children(element):
        if prompt := PROMPTS.get(name(child)):
            await prompt(call, child)
        else:
            call.warn(12200, f"<{name(child)}> has no place in <Gather>")

    inputs = element.get("input", "dtmf").split()
    finish, limit = element.get("finishOnKey", "#"), call.number(element, "numDigits")
    timeout = 5 if element.get("timeout", "").strip() == "auto" else call.number(element, "timeout", 5)
    asked = Prompt(
        "Gather",
        keys=KEYS if "dtmf" in inputs else "",
        speech="speech" in inputs,
        finish=finish,
        digits=limit or None,
        expects=True,
    )
    extra: Fields = {}
    heard = False
    match await call.ask(asked):
        case HangUp():
            raise call.out("Gather")
        case Press(keys):
            digits, finished_on, rest = collect(keys, finish, limit)
            call.type_ahead(rest)
            pressed = keys.removesuffix(rest)
            call.transcript.pressed.append(pressed)
            call.tell("pressed", pressed)
            if not finished_on and len(digits) != limit:
                await call.elapse(timeout)
            heard = bool(digits)
            extra = fields.digits(digits, finished_on) if heard else fields.nothing(finished_on)
        case Speak(words, confidence):
            call.tell("spoke", words)
            await call.elapse(seconds_to_say(words))
            heard = True
            extra = fields.speech(words, confidence)
        case _:
            call.tell("silence", f"silence, {timeout} s")
            await call.elapse(timeout)
            extra = fields.nothing()
    if call.gone:
        raise call.out()
    if heard or element.get("actionOnEmptyResult", "").strip().lower() == "true":
        return await call.conclude(element, extra, always=True)
    return None
