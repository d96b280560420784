"""How fast calls are begun: so many a second, and after a pause no more than that."""

from __future__ import annotations

import asyncio

from actors import Clock, done_within


class Pace:
    """Gives turns, no two of them nearer than the rate allows.

    Args:
        rate: turns a second.
        clock: whose seconds.
    """

    def __init__(self, rate: float, clock: Clock) -> None:
        self._every = 1.0 / rate
        self._clock = clock
        self._next = clock.now()
        self._queue = asyncio.Lock()

    async def turn(self, stopped: asyncio.Future[None]) -> bool:
        """Wait for a turn, first come, first served. Whether there is one: once it has stopped there is none."""
        async with self._queue:
            pause = min(self._next - self._clock.now(), self._every)  # a clock that is set back stops nobody
            if await done_within(pause, stopped, self._clock):
                return False
            self._next = self._clock.now() + self._every
            return True
