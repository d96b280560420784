"""What a supervisor does once in a while, whatever calls come: a few chores, one after the other.

None of it is on a webhook's way, and none of it can end the rounds: a journal that can't be read is
asked again the next time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from actors import Clock, JournalError, Timer

log = structlog.get_logger("switchhook.supervisor")


class Rounds:
    """Chores that are done every so many seconds, by a clock that tests turn by hand."""

    def __init__(self, clock: Clock, pause: float, chores: Sequence[Callable[[], Awaitable[object]]]) -> None:
        self.pause = pause
        self._clock = clock
        self._chores = chores
        self._timer: Timer | None = None
        self._task: asyncio.Task[None] | None = None
        self._over = False

    def start(self) -> None:
        """Begin the first round at once."""
        self._task = asyncio.get_running_loop().create_task(self._go())

    async def finish(self) -> None:
        """Begin no other round, and wait for the one under way."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            await asyncio.wait([self._task])

    async def stop(self) -> None:
        """The same, but break that off."""
        if self._task is not None:
            self._task.cancel()
        await self.finish()

    async def _go(self) -> None:
        for chore in self._chores:
            try:
                await chore()
            except JournalError as problem:
                log.warning("chore_left", reason=str(problem))
            except Exception as problem:
                log.exception("chore_failed", reason=f"{type(problem).__name__}: {problem}")
        if not self._over:
            self._timer = self._clock.later(self.pause, self.start)
