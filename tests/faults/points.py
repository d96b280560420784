"""The points at which a process can be killed, and the one at which it is.

Whatever a process does that outlives it, it does between two points: it comes by one whenever a task is
begun or goes on, waits, or is done; before and behind each statement of SQLite's writer, which has a
thread of its own; and wherever a function of a recipe says so.

Threads and servers take turns as they like, so that the seventh point is not always the same. A point is
known by its place, and by how often the process has come by that place.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

WRITER = "journal-writer"


class Point(NamedTuple):
    """A place, and which time that a process comes by it: what comes by elsewhere meanwhile is nothing to it."""

    place: str
    time: int = 1


class Points:
    """The points that a process has come by; it ends at one of them."""

    def __init__(self) -> None:
        self.passed: list[Point] = []
        self._times: Counter[str] = Counter()
        self._last: Point | None = None
        self._say: Callable[[], object] = list
        self._lock = threading.Lock()

    def set(self, last: Point | None, say: Callable[[], object]) -> None:
        """Count from now on, and `kill -9` at a point, after a last word; None for nowhere."""
        with self._lock:
            self.passed, self._times, self._last, self._say = [], Counter(), last, say

    def come_by(self, place: str) -> None:
        """Here is a point. The lock is held to the end, so that no other thread gets further."""
        with self._lock:
            self._times[place] += 1
            self.passed.append(point := Point(place, self._times[place]))
            if point == self._last:
                self._say()
                os.kill(os.getpid(), signal.SIGKILL)


POINTS = Points()
"""Those of this process."""


class Walked(Coroutine[Any, Any, Any]):
    """A coroutine that comes by a point whenever it is begun or goes on, waits, and is done."""

    def __init__(self, work: Any) -> None:
        self._work = work

    def send(self, value: Any) -> Any:
        """Let it go on."""
        return self._go_on(self._work.send, value)

    def throw(self, *problem: Any) -> Any:
        """Let it go on with a problem."""
        return self._go_on(self._work.throw, *problem)

    def close(self) -> None:
        """Leave it at that."""
        self._work.close()

    def __await__(self) -> Any:
        raise TypeError("it is for tasks")

    def _go_on(self, step: Callable[..., Any], *given: Any) -> Any:
        POINTS.come_by(f"going on at {place(self._work)}")
        try:
            awaited = step(*given)
        except BaseException:
            POINTS.come_by(f"done with {self._work.__qualname__}")
            raise
        POINTS.come_by(f"waiting at {place(self._work)}")
        return awaited


class WalkedTask(asyncio.Task):  # type: ignore[type-arg]
    """A task whose coroutine is walked."""

    def __init__(self, work: Any, **options: Any) -> None:
        super().__init__(Walked(work), **options)


class WatchedConnection(sqlite3.Connection):
    """A connection to SQLite with a point before and behind each statement of the writer's."""

    def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Carry out a statement."""
        return _watched(super().execute, statement, *values)

    def executemany(self, statement: str, *values: Any) -> sqlite3.Cursor:
        """Carry out a statement several times."""
        return _watched(super().executemany, statement, *values)


def _watched(execute: Callable[..., sqlite3.Cursor], statement: str, *values: Any) -> sqlite3.Cursor:
    if threading.current_thread().name != WRITER:
        return execute(statement, *values)
    POINTS.come_by(f"before {statement[:60]}")
    try:
        return execute(statement, *values)
    finally:
        POINTS.come_by(f"behind {statement[:60]}")


def place(work: Any) -> str:
    """The line at which a coroutine stands, of the innermost that it awaits."""
    at, name = "", work.__qualname__
    while work is not None:
        frame = getattr(work, "cr_frame", None) or getattr(work, "gi_frame", None)
        if frame is not None:
            at = f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
        work = getattr(work, "cr_await", None) or getattr(work, "gi_yieldfrom", None)
    return f"{at} in {name}"


def watch(loop: asyncio.AbstractEventLoop) -> asyncio.AbstractEventLoop:
    """Have this process come by points, from its loop on."""
    connect = sqlite3.connect
    asyncio.Task = WalkedTask  # type: ignore[misc]  # actors make their own, past any factory
    sqlite3.connect = lambda *args, **options: connect(*args, factory=WatchedConnection, **options)
    loop.set_task_factory(lambda loop, work, **options: WalkedTask(work, loop=loop, **options))
    return loop
