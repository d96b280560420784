"""Time as a parameter: what is written down, and what is waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol

_SINCE_THE_START: int | None = getattr(time, "CLOCK_BOOTTIME", None)


class Timer(Protocol):
    """Something that will be done later, unless it is cancelled."""

    def cancel(self) -> Any:
        """Don't do it."""


class Clock(Protocol):
    """Where actors and their supervisor get their time from. Tests give one that they turn by hand."""

    def now(self) -> float:
        """Seconds since the epoch, as far as this machine knows; somebody may set it at any moment."""

    def steady(self) -> float:
        """Seconds since a moment that means nothing. Nobody sets them, so they tell how much time has gone by."""

    def later(self, seconds: float, do: Callable[[], object]) -> Timer:
        """Call `do` on the running loop after some seconds."""


class SystemClock:
    """The machine's clock and the running loop's timers."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def steady(self) -> float:
        """Seconds since the machine was started; where it can be had, those that it slept count."""
        return time.clock_gettime(_SINCE_THE_START) if _SINCE_THE_START is not None else time.monotonic()

    def later(self, seconds: float, do: Callable[[], object]) -> Timer:
        """Call `do` on the running loop after some seconds."""
        return asyncio.get_running_loop().call_later(seconds, do)


async def pause(seconds: float, clock: Clock) -> None:
    """Let some seconds go by."""
    over = asyncio.Event()
    timer = clock.later(seconds, over.set)
    try:
        await over.wait()
    finally:
        timer.cancel()


async def done_within(
    seconds: float, task: asyncio.Future[Any], clock: Clock, hurry: asyncio.Future[Any] | None = None
) -> bool:
    """Wait for a task no longer than some seconds, nor once `hurry` is done; whether it is. It goes on if it isn't."""
    if task.done() or seconds <= 0 or (hurry is not None and hurry.done()):
        return task.done()
    woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake(_: object = None) -> None:
        if not woken.done():
            woken.set_result(None)

    timer = clock.later(seconds, wake)
    waited_for = [task] if hurry is None else [task, hurry]
    for each in waited_for:
        each.add_done_callback(wake)
    try:
        await woken
    finally:
        timer.cancel()
        for each in waited_for:
            each.remove_done_callback(wake)
    return task.done()
