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

from actors import Journal, JournalError, Letter, Open, Row, Snapshot
from actors.journal import KEPT_ROWS
from runtime.journals import letters as post
from runtime.journals import schema, tables
from runtime.journals.codec import Programs, Step, pack
from runtime.journals.retention import BATCH, DAY, PAUSE, REST, RETRY
from runtime.journals.schema import told, transaction
from runtime.journals.worker import Worker

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
        clock: seconds that only ever grow, by which a file in trouble is left alone for a moment.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        days: float = 30.0,
        now: Callable[[], float] = time.time,
        busy: float = schema.BUSY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.path = Path(path).absolute()
        self.days = days
        self.trouble = ""
        self.programs = Programs()
        self._now = now
        self._busy = busy
        self._clock = clock
        self._opening = threading.Lock()
        self._connections: dict[str, sqlite3.Connection] = {}
        self._swept = ""
        self._hopeless = 0.0
        """Until when a file in trouble is not tried again."""
        self._writer: Worker[Job] = Worker(
            "journal-writer", self._write, idle=self._tidy, leave=partial(self._drop, "writer")
        )
        self._reader: Worker[Callable[[sqlite3.Connection], Any]] = Worker(
            "journal-reader", self._read, leave=partial(self._drop, "reader")
        )

    shared = False
    alone = False

    @property
    def name(self) -> str:
        """The setting that names it."""
        return f"sqlite:///{self.path}"

    async def open(self) -> None:
        """Make the file if it isn't there, and see that it can be written. Raises `JournalError`."""
        await self._writer.do(tables.touch)

    async def load(self, call_sid: str) -> Snapshot | None:
        """The latest snapshot of a call, or None."""
        found: Snapshot | None = await self._reader.do(partial(tables.load, call_sid=call_sid, programs=self.programs))
        return found

    async def history(self, call_sid: str, most: int = KEPT_ROWS) -> Sequence[Row]:
        """A call's latest rows, the oldest of them first."""
        found: Sequence[Row] = await self._reader.do(partial(tables.history, call_sid=call_sid, most=most))
        return found

    async def commit(self, snapshot: Snapshot, row: Row, letters: Sequence[Letter] = (), *, claimant: str = "") -> None:
        """Write a step: it is on disk once this returns. Raises `StaleVersion` or `JournalError`."""
        await self._writer.do(pack(snapshot, row, letters, claimant, self.programs))

    async def claim(self, call_sid: str, version: int | None, claimant: str, now: float, until: float) -> bool:
        """Claim a call, or renew a claim on it; False if somebody else has one. Raises `StaleVersion`."""
        job = partial(post.claim, call_sid=call_sid, version=version, claimant=claimant, now=now, until=until)
        claimed: bool = await self._writer.do(job)
        return claimed

    async def overdue(self, by: float, most: int) -> Sequence[Open]:
        """The calls that are due by a time, those due longest first."""
        found: Sequence[Open] = await self._reader.do(partial(tables.overdue, by=by, most=most))
        return found

    async def in_progress(self, after: str, most: int) -> Sequence[Open]:
        """The calls in progress whose CallSids come after one, in the order of their CallSids."""
        found: Sequence[Open] = await self._reader.do(partial(tables.in_progress, after=after, most=most))
        return found

    async def ended(self, since: float, most: int) -> Sequence[str]:
        """The CallSids of calls that are over and were last heard of since a time, the earliest first."""
        found: Sequence[str] = await self._reader.do(partial(tables.ended, since=since, most=most))
        return found

    async def due_letters(self, now: float, most: int) -> Sequence[str]:
        """The CallSids of calls whose first letter is due, those due longest first."""
        found: Sequence[str] = await self._reader.do(partial(post.due, now=now, most=most))
        return found

    async def take_letter(self, call_sid: str, now: float, until: float) -> Letter | None:
        """The first letter of a call, if it is due: with one try more, and not due again before `until`."""
        found: Letter | None = await self._writer.do(partial(post.take, call_sid=call_sid, now=now, until=until))
        return found

    async def strike(self, letter: Letter) -> None:
        """A letter was delivered: forget it."""
        await self._writer.do(partial(post.strike, letter=letter))

    async def postpone(self, letter: Letter) -> None:
        """Write down a letter's `due`, `tries` and `reason`."""
        await self._writer.do(partial(post.postpone, letter=letter))

    async def dead_letters(self, most: int) -> Sequence[Letter]:
        """The dead letters, the latest first."""
        found: Sequence[Letter] = await self._reader.do(partial(post.dead, most=most))
        return found

    async def count_dead(self) -> int:
        """How many dead letters there are."""
        found: int = await self._reader.do(post.count_dead)
        return found

    async def revive(self, letters: Sequence[Letter], now: float) -> int:
        """Have dead letters delivered after all; gives how many there were."""
        found: int = await self._writer.do(partial(post.revive, letters=letters, now=now))
        return found

    async def drop(self, letters: Sequence[Letter]) -> int:
        """Forget dead letters; gives how many there were."""
        found: int = await self._writer.do(partial(post.drop, letters=letters))
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
        """Do jobs in one transaction. What goes wrong with the file is the outcome of all of them.

        And of those that come just afterwards: they would wait as long for the same, one group behind the other.
        """
        if self.trouble and self._clock() < self._hopeless:
            return [JournalError(self.trouble)] * len(jobs)
        try:
            with told(self.path):
                outcomes = _in_one(jobs, self._connection("writer"))
        except JournalError as problem:
            self._in_trouble(problem)
            return [problem] * len(jobs)
        self.trouble = ""
        return outcomes

    def _in_trouble(self, problem: JournalError) -> None:
        self.trouble = str(problem)
        self._writer.due = time.monotonic() + RETRY
        self._hopeless = self._clock() + RETRY / 4
        self._drop("writer")

    def _tidy(self) -> float:
        """What is done when there is nothing to do; gives the seconds until it is worth while again."""
        if self.trouble:
            self._write([tables.touch])
            return RETRY if self.trouble else 0.0
        [more] = self._write([self._clear])
        return RETRY if self.trouble else PAUSE if more else REST

    def _clear(self, connection: sqlite3.Connection) -> bool:
        """Forget a batch of what need not be kept; gives whether there may be more."""
        if self._prune(connection):
            return True
        post.forget_claims(connection, self._now() - 60)
        self._swept = tables.sweep(connection, self._swept, BATCH)
        return bool(self._swept)

    def _prune(self, connection: sqlite3.Connection) -> int:
        return tables.prune(connection, self._now() - self.days * DAY, BATCH)


def _outcome(job: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> Any:
    """What came of one job: what can't be read of one call is nothing to the others."""
    try:
        return job(connection)
    except JournalError as problem:
        return problem


def _in_one(jobs: Sequence[Job], connection: sqlite3.Connection) -> Sequence[Any]:
    """Do jobs in one transaction, the steps first; if one can't be done by its own fault, each in its own."""
    steps = [job for job in jobs if isinstance(job, Step)]
    if len(steps) == len(jobs) <= tables.AT_A_TIME and all(step.usual for step in steps):
        with contextlib.suppress(*_ITS_OWN_FAULT):
            tables.write_usual(connection, steps)
            return [None] * len(steps)
    try:
        with transaction(connection):
            written = iter(tables.write(connection, steps) if steps else ())
            return [next(written) if isinstance(job, Step) else _part(job, connection) for job in jobs]
    except _ITS_OWN_FAULT as problem:
        if len(jobs) == 1:
            whose = f"{steps[0].call_sid}: a step" if steps else "something"
            return [JournalError(f"{whose} that can't be kept: {problem}")]
    return [_in_one([job], connection)[0] for job in jobs]


def _part(job: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> Any:
    """What came of one job within a transaction, of which nothing is kept if it was refused."""
    try:
        with transaction(connection):
            return job(connection)
    except JournalError as problem:
        return problem
