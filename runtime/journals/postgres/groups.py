"""Steps go to the server in groups: what comes while all are busy goes with the next.

A step that comes alone goes at once. Of one call a group has one step, for the second can only be
judged when the first is committed. When the server turns out not to be usable, whoever waits for
it is told so with those it happened to, so that nobody waits longer than they do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import structlog

from actors import JournalError
from runtime.journals.codec import Step
from runtime.journals.outcomes import hand_out

log = structlog.get_logger("switchhook.journal")

MOST = 32
"""Steps in a group."""
AT_ONCE = 2
"""Groups on their way at a time: one goes to disk while the next is made ready."""

Outcome: TypeAlias = JournalError | None
_Asked: TypeAlias = tuple[Step, "asyncio.Future[None]"]


class Groups:
    """Makes groups of steps.

    Args:
        write: writes a group, and gives for each step None or what is wrong with it. What it raises has
            befallen all of them, and those who wait.
        name: what cannot be written to once this is closed.
    """

    def __init__(self, write: Callable[[Sequence[Step]], Awaitable[Sequence[Outcome]]], name: str) -> None:
        self._write = write
        self._name = name
        self._waiting: deque[_Asked] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._closed = False

    async def commit(self, step: Step) -> None:
        """Have a step written. Raises what is wrong with it."""
        if self._closed:
            raise JournalError(f"{self._name} is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append((step, future))
        if len(self._workers) < AT_ONCE:
            self._workers.add(loop.create_task(self._work()))
        await future

    async def close(self, patience: float) -> None:
        """Write what was asked for so far, or give it up."""
        self._closed = True
        if self._workers:
            _, late = await asyncio.wait(self._workers, timeout=patience)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _work(self) -> None:
        try:
            while group := self._next():
                await self._go(group)
        finally:  # at once, so that the next step finds no worker that works no more
            self._workers.discard(asyncio.current_task())

    async def _go(self, group: Sequence[_Asked]) -> None:
        try:
            _settle(group, await self._write([step for step, _ in group]))
        except JournalError as problem:
            self._give_up(group, problem)
        except Exception as problem:  # nobody may wait for ever
            log.exception("journal_failed", reason=f"{type(problem).__name__}: {problem}")
            self._give_up(group, JournalError(f"{self._name}: {type(problem).__name__}: {problem}"))
        except asyncio.CancelledError:
            self._give_up(group, JournalError(f"{self._name} is closed"))
            raise

    def _give_up(self, group: Sequence[_Asked], problem: JournalError) -> None:
        asked = [*group, *self._waiting]
        self._waiting.clear()
        _settle(asked, [problem] * len(asked))

    def _next(self) -> list[_Asked]:
        """Those who have waited longest, one of each call."""
        group: dict[str, _Asked] = {}
        later: list[_Asked] = []
        while self._waiting and len(group) < MOST:
            asked = self._waiting.popleft()
            step, future = asked
            if step.call_sid in group:
                later.append(asked)
            elif not future.done():  # nobody waits any more, and nothing was done
                group[step.call_sid] = asked
        self._waiting.extendleft(reversed(later))
        return list(group.values())


def _settle(group: Sequence[_Asked], outcomes: Sequence[Outcome]) -> None:
    hand_out(zip((future for _, future in group), outcomes, strict=True))
