"""Say, Play and Pause: what the caller hears, alone or inside a Gather."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.softphone.document import content

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lxml import etree

    from runtime.softphone.call import Call

WORDS_PER_SECOND = 2.5
ENDLESS = 1000  # as often as Twilio repeats loop="0"


def seconds_to_say(text: str) -> float:
    """How long a voice takes, roughly."""
    return len(text.split()) / WORDS_PER_SECOND


async def say(call: Call, element: etree._Element) -> None:
    """Text, spoken. What SSML marks up is spoken like the rest."""
    text = content(element)
    if not text:
        call.warn(13520, "<Say> has nothing to say")
        return
    times = _times(call, element)
    call.transcript.said.append(text)
    call.tell("said", text + _repeated(times))
    await call.elapse(seconds_to_say(text) * times, during="Say")


async def play(call: Call, element: etree._Element) -> None:
    """A sound file, which isn't fetched, or keys (`w` is half a second, `W` a whole one)."""
    keys = element.get("digits")
    if keys is None:
        times = _times(call, element)
        call.tell("played", content(element) + _repeated(times))
        await call.elapse(times, during="Play")
    else:
        call.tell("played", f"keys {keys}")
        await call.elapse(keys.count("w") * 0.5 + keys.count("W"), during="Play")


async def pause(call: Call, element: etree._Element) -> None:
    """Silence."""
    seconds = call.number(element, "length", 1)
    call.tell("wait", f"pause, {seconds} s")
    await call.elapse(seconds, during="Pause")


PROMPTS: dict[str, Callable[[Call, etree._Element], Awaitable[None]]] = {"Say": say, "Play": play, "Pause": pause}


def _times(call: Call, element: etree._Element) -> int:
    return call.number(element, "loop", 1) or ENDLESS


def _repeated(times: int) -> str:
    return "" if times == 1 else f" ({times} times)"
