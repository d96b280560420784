"""The journal in a file of SQLite's: what was committed is on disk.

One thread writes, with a connection of its own. Steps that come while it is busy wait for its
next transaction and go to disk together; each is still checked by itself against the version it
was made from. Another thread reads.

When something is wrong with the file (a full disk, a lock, a damage) every step of the group
fails, nothing of it is written, and the connection is dropped. The next step tries with a new
one; with no step in hand the writer looks by itself every second, so that `trouble` goes away
when the trouble does.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from actors import Journal, JournalError, Row, Snapshot
from runtime.journals import schema, tables
from runtime.journals.codec import Programs, Step, pack
from runtime.journals.schema import told, transaction
from runtime.journals.worker import Worker

DAY = 86_400.0
BATCH = 100
"""Calls that are pruned in one transaction, and programs that are looked at."""
PAUSE = 0.05
"""Seconds between two batches."""
REST = 600.0
"""Seconds until it is looked again for something to prune."""
RETRY = 1.0
"""Seconds until a file in trouble is looked at again."""

_ITS_OWN_FAULT = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    ValueError,
)
"""What SQLite raises for values it can't hold, whatever the file's condition."""

Job = Step | Callable[[sqlite3.Connection], Any]
"""A step to commit, or whatever else is to be done with the writer's connection."""


class SqliteJournal(Journal):
    """Keeps calls in a file.

    Args:
        path: the file. It is made when it is first needed; its folder must be there.
        days: how long calls are kept after they were last heard of, once they are over.
        now: the time, in seconds since the epoch.
        busy: seconds to wait for another process that holds the file.
    """

    def __init__(
        self, path: str | Path, *, days: float = 30.0, now: Callable[[], float] = time.time, busy: float = schema.BUSY
    ) -> None:
        self.path = Path(path).absolute()
        self.days = days
        self.trouble = ""
        self.programs = Programs()
        self._now = now
        self._busy = busy
        self._opening = threading.Lock()
        self._connections: dict[str, sqlite3.Connection] = {}
        self._swept = ""
        self._writer: Worker[Job] = Worker(
            "journal-writer", self._write, idle=self._tidy, leave=partial(self._drop, "writer")
        )
        self._reader: Worker[Callable[[sqlite3.Connection], Any]] = Worker(
            "journal-reader", self._read, leave=partial(self._drop, "reader")
        )

    @property
    def name(self) -> str:
        """The setting that names it."""
        return f"sqlite:///{self.path}"

    async def open(self) -> None:
        """Make the file if it isn't there, and see that it can be written. Raises `JournalError`."""
        await self._writer.do(tables.touch)

    async def load(self, call_sid: str) -> Snapshot | None:
        """The latest snapshot of a call, or None."""
        found: Snapshot | None = await self._reader.do(partial(_load, call_sid, self.programs))
        return found

    async def commit(self, snapshot: Snapshot, row: Row) -> None:
        """Write a step: it is on disk once this returns. Raises `StaleVersion` or `JournalError`."""
        await self._writer.do(pack(snapshot, row, self.programs))

    async def history(self, call_sid: str) -> Sequence[Row]:
        """The latest rows of a call, the oldest first."""
        found: Sequence[Row] = await self._reader.do(partial(_history, call_sid))
        return found

    async def prune(self) -> int:
        """Forget one batch of the calls that have been kept long enough; gives how many."""
        found: int = await self._writer.do(self._prune)
        return found

    async def close(self) -> None:
        """Write what is waiting to be written, and let go of the file."""
        await self._writer.close()
        await self._reader.close()

    # On the threads.

    def _connection(self, whose: str) -> sqlite3.Connection:
        with self._opening:
            if whose not in self._connections:
                self._connections[whose] = schema.connect(self.path, busy=self._busy)
            return self._connections[whose]

    def _drop(self, whose: str) -> None:
        with self._opening:
            connection = self._connections.pop(whose, None)
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                connection.close()

    def _read(self, jobs: Sequence[Callable[[sqlite3.Connection], Any]]) -> Sequence[Any]:
        try:
            with told(self.path):
                connection = self._connection("reader")
                return [_outcome(job, connection) for job in jobs]
        except JournalError:
            self._drop("reader")
            raise

    def _write(self, jobs: Sequence[Job]) -> Sequence[Any]:
        """Commit the steps among the jobs together, and do what else is to be done, each by itself."""
        steps = [job for job in jobs if isinstance(job, Step)]
        committed = iter(self._try(partial(_commit, steps), len(steps)) if steps else ())
        return [next(committed) if isinstance(job, Step) else self._try(_alone(job), 1)[0] for job in jobs]

    def _try(self, do: Callable[[sqlite3.Connection], Sequence[Any]], count: int) -> Sequence[Any]:
        """Do something with the writer's connection. What goes wrong with the file is the outcome of all of it."""
        try:
            with told(self.path):
                outcomes = do(self._connection("writer"))
        except JournalError as problem:
            self._in_trouble(problem)
            return [problem] * count
        self.trouble = ""
        return outcomes

    def _in_trouble(self, problem: JournalError) -> None:
        self.trouble = str(problem)
        self._writer.due = time.monotonic() + RETRY
        self._drop("writer")

    def _tidy(self) -> float:
        """What is done when there is nothing to do; gives the seconds until it is worth while again."""
        if self.trouble:
            self._try(_alone(tables.touch), 1)
            return RETRY if self.trouble else 0.0
        [more] = self._try(_alone(self._clear), 1)
        return RETRY if self.trouble else PAUSE if more else REST

    def _clear(self, connection: sqlite3.Connection) -> bool:
        """Forget a batch of what need not be kept; gives whether there may be more."""
        if self._prune(connection):
            return True
        self._swept = tables.sweep(connection, self._swept, BATCH)
        return bool(self._swept)

    def _prune(self, connection: sqlite3.Connection) -> int:
        return tables.prune(connection, self._now() - self.days * DAY, BATCH)


def _load(call_sid: str, programs: Programs, connection: sqlite3.Connection) -> Snapshot | None:
    return tables.load(connection, call_sid, programs)


def _history(call_sid: str, connection: sqlite3.Connection) -> Sequence[Row]:
    return tables.history(connection, call_sid)


def _outcome(job: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> Any:
    """What came of one job: what can't be read of one call is nothing to the others."""
    try:
        return job(connection)
    except JournalError as problem:
        return problem


def _alone(job: Callable[[sqlite3.Connection], Any]) -> Callable[[sqlite3.Connection], Sequence[Any]]:
    return lambda connection: [job(connection)]


def _commit(steps: Sequence[Step], connection: sqlite3.Connection) -> Sequence[JournalError | None]:
    """Commit steps in one transaction; if one of them can't be written by its own fault, each in its own."""
    try:
        with transaction(connection):
            return tables.write(connection, steps)
    except _ITS_OWN_FAULT as problem:
        if len(steps) == 1:
            return [JournalError(f"{steps[0].call_sid}: a step that can't be kept: {problem}")]
    return [_commit([step], connection)[0] for step in steps]
