"""A thread that works for the loop: whatever was asked of it while it was busy, it does in one go.

Commits that come at the same time so become one transaction. What is asked in one turn of the loop wakes
the thread up once, and the loop is woken up once to hand out all that came of it: a switch between
the two costs more than most of what they do.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import structlog

from actors import JournalError
from runtime.journals.outcomes import hand_out

log = structlog.get_logger("switchhook.journal")

Job = TypeVar("Job")
_Asked = tuple[Job, "asyncio.Future[Any]"]


class Worker(Generic[Job]):
    """Does jobs in groups, on a thread that begins with the first of them.

    Args:
        name: the thread's name.
        work: does a group of jobs; gives for each what came of it, an exception if it failed. What it
            raises has befallen all of them.
        idle: what to do when there is nothing to do; gives the seconds until it wants to be called again.
        leave: called at the end, on the same thread.
    """

    def __init__(
        self,
        name: str,
        work: Callable[[Sequence[Job]], Sequence[Any]],
        *,
        idle: Callable[[], float] = lambda: 3600.0,
        leave: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = name
        self.closed = False
        self.due = 0.0
        """When `idle` is to be called next, by the monotonic clock; the thread's own to change."""
        self._work = work
        self._idle = idle
        self._leave = leave
        self._asked: list[_Asked[Job]] = []
        """What was asked in this turn of the loop."""
        self._loop: asyncio.AbstractEventLoop | None = None
        """The loop that is to hand it over at the end of the turn."""
        self._queue: SimpleQueue[list[_Asked[Job]] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    async def do(self, job: Job) -> Any:
        """Have a job done. Raises `JournalError` once the worker is closed."""
        if self.closed:
            raise JournalError(f"{self.name} is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._asked.append((job, future))
        if self._loop is not loop:
            self._loop = loop
            loop.call_soon(self._hand_over)
        return await future

    async def close(self) -> None:
        """Do what was asked for so far, and end the thread."""
        if not self.closed:
            self.closed = True
            self._hand_over()
            self._queue.put(None)
        if self._thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._thread.join)

    def _hand_over(self) -> None:
        asked, self._asked, self._loop = self._asked, [], None
        if not asked:
            return
        self._queue.put(asked)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
            self._thread.start()

    def _run(self) -> None:
        self.due = time.monotonic()
        going = True
        while going:
            asked, going = self._next()
            if asked:
                _settle(asked, self._done([job for job, _ in asked]))
            elif going:
                self.due = time.monotonic() + self._rest()
        self._leave()

    def _next(self) -> tuple[list[_Asked[Job]], bool]:
        """All that was asked, nothing if it is time for what is done when idle; and whether there may be more."""
        asked: list[_Asked[Job]] = []
        with contextlib.suppress(Empty):
            some = self._queue.get(timeout=max(0.0, self.due - time.monotonic()))
            while some is not None:
                asked += some
                some = self._queue.get_nowait()
            return asked, False
        return asked, True

    def _rest(self) -> float:
        try:
            return self._idle()
        except Exception as problem:
            log.exception("journal_chore_failed", thread=self.name, reason=f"{type(problem).__name__}: {problem}")
            return 60.0

    def _done(self, jobs: Sequence[Job]) -> Sequence[Any]:
        try:
            return self._work(jobs)
        except JournalError as problem:
            return [problem for _ in jobs]
        except Exception as problem:  # noqa: BLE001 - nobody may wait for ever
            return [JournalError(f"{self.name}: {type(problem).__name__}: {problem}") for _ in jobs]


def _settle(asked: Sequence[_Asked[Any]], outcomes: Sequence[Any]) -> None:
    """Hand out what came of a group: each loop is woken up once."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Any], Any]]] = defaultdict(list)
    for (_, future), outcome in zip(asked, outcomes, strict=True):
        by_loop[future.get_loop()].append((future, outcome))
    for loop, settled in by_loop.items():
        with contextlib.suppress(RuntimeError):  # a loop that is closed waits for nothing
            loop.call_soon_threadsafe(hand_out, settled)
