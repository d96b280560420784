"""Threads for functions that aren't coroutines: a bounded number of them, and none that hangs the rest.

`concurrent.futures` has no way to give up on a thread: one that hangs keeps its place for ever and
keeps the process from ending. Here a thread that was given up on loses its place at once, to a
new one if need be; it is a daemon and ends with its function, or with the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

IDLE = 30.0
"""Seconds after which a thread with nothing to do ends."""


class Exited(Exception):
    """A function tried to end more than itself, by `sys.exit()` or the like."""


@dataclass(slots=True, eq=False)
class Job:
    """A function under way in a thread; `result` is its future on the loop."""

    do: Callable[[], Any]
    result: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    running: bool = False
    """Whether it has a thread."""
    abandoned: threading.Event = field(default_factory=threading.Event)


class Threads:
    """At most `most` functions at a time; the others wait their turn."""

    def __init__(self, most: int = 32) -> None:
        self.most = most
        self._waiting: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._alive = 0
        self._idle = 0

    async def run(self, do: Callable[[], Any]) -> Any:
        """What a function returns. Whoever is cancelled here gives up on it."""
        job = self.start(do)
        try:
            return await job.result
        finally:
            self.abandon(job)

    def start(self, do: Callable[[], Any]) -> Job:
        """Have a function run; its job's `result` is set on the running loop."""
        loop = asyncio.get_running_loop()
        job = Job(do, loop.create_future(), loop)
        self._waiting.put(job)
        self._hire()
        return job

    def abandon(self, job: Job) -> None:
        """Wait no more for a job: its thread, if it has one, no longer counts."""
        with self._lock:
            if job.abandoned.is_set() or (job.result.done() and not job.result.cancelled()):
                return
            job.abandoned.set()
            self._alive -= job.running
        job.result.cancel()
        self._hire()

    def _hire(self) -> None:
        with self._lock:
            if self._waiting.qsize() <= self._idle or self._alive >= self.most:
                return
            self._alive += 1
        try:
            threading.Thread(target=self._work, name="switchhook callout", daemon=True).start()
        except RuntimeError:  # the system has no more threads: the job waits for one that there is
            with self._lock:
                self._alive -= 1

    def _work(self) -> None:
        while True:
            with self._lock:
                self._idle += 1
            job: Job | None = None
            with contextlib.suppress(queue.Empty):
                job = self._waiting.get(timeout=IDLE)
            with self._lock:
                self._idle -= 1
                if job is None:
                    if self._waiting.qsize() > self._idle:
                        continue  # a job came at the last moment, and nobody was hired for it
                    self._alive -= 1
                    return
                if job.abandoned.is_set():
                    continue
                job.running = True
            self._hire()  # whoever came just now may have counted on this thread
            _do(job)
            with self._lock:
                if job.abandoned.is_set():
                    return
                job.running = False


def _do(job: Job) -> None:
    """Run the function and hand over what came of it."""
    value: Any = None
    problem: Exception | None = None
    try:
        value = job.do()
    except Exception as raised:  # noqa: BLE001 - whatever it is, it belongs to whoever waits for the result
        problem = raised
    except BaseException as raised:  # noqa: BLE001 - a function that exits ends itself, not the daemon
        problem = Exited(f"{type(raised).__name__}: {raised}")
    if isinstance(problem, StopIteration):
        problem = Exited("StopIteration")

    def settle() -> None:
        if job.result.done():
            return
        if problem is not None:
            job.result.set_exception(problem)
        else:
            job.result.set_result(value)

    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        job.loop.call_soon_threadsafe(settle)
