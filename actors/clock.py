"""Time as a parameter: what is written down, and what is waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Protocol


class Timer(Protocol):
    """Something that will be done later, unless it is cancelled."""

    def cancel(self) -> Any:
        """Don't do it."""


class Clock(Protocol):
    """Where actors and their supervisor get their time from. Tests give one that they turn by hand."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def later(self, seconds: float, do: Callable[[], object]) -> Timer:
        """Call `do` on the running loop after some seconds."""


class SystemClock:
    """The machine's clock and the running loop's timers."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def later(self, seconds: float, do: Callable[[], object]) -> Timer:
        """Call `do` on the running loop after some seconds."""
        return asyncio.get_running_loop().call_later(seconds, do)


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
