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
from typing import Any, Concatenate, ParamSpec, TypeVar

from actors import KEPT_ROWS, Journal, JournalError, Letter, Open, Row, Snapshot
from runtime.journals.codec import Programs, Step, pack
from runtime.journals.retention import BATCH, DAY, PAUSE, REST, RETRY
from runtime.journals.sqlite import letters as outbox
from runtime.journals.sqlite import schema, statements
from runtime.journals.sqlite.faults import AT_FAULT, told
from runtime.journals.sqlite.schema import transaction
from runtime.journals.sqlite.worker import Worker

Job = Step | Callable[[sqlite3.Connection], Any]
"""A step to commit, or whatever else is to be done with the writer's connection."""

P = ParamSpec("P")
T = TypeVar("T")


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
            "journal-writer", self._write_group, idle=self._tidy, leave=partial(self._drop, "writer")
        )
        self._reader: Worker[Callable[[sqlite3.Connection], Any]] = Worker(
            "journal-reader", self._read_group, leave=partial(self._drop, "reader")
        )

    shared = False
    alone = False

    @property
    def name(self) -> str:
        """The setting that names it."""
        return f"sqlite:///{self.path}"

    async def open(self) -> None:
        """Make the file if it isn't there, and see that it can be written. Raises `JournalError`."""
        await self._ask(statements.touch)

    async def load(self, call_sid: str) -> Snapshot | None:
        return await self._read(statements.load, call_sid, self.programs)

    async def history(self, call_sid: str, most: int = KEPT_ROWS) -> Sequence[Row]:
        return await self._read(statements.history, call_sid, most)

    async def commit(self, snapshot: Snapshot, row: Row, letters: Sequence[Letter] = (), *, claimant: str = "") -> None:
        """Write a step: it is on disk once this returns. Raises `StaleVersion` or `JournalError`."""
        await self._writer.do(pack(snapshot, row, letters, claimant, self.programs))

    async def claim(self, call_sid: str, version: int | None, claimant: str, now: float, until: float) -> bool:
        return await self._ask(statements.claim, call_sid, version, claimant, now, until)

    async def overdue(self, by: float, most: int) -> Sequence[Open]:
        return await self._read(statements.overdue, by, most)

    async def in_progress(self, after: str, most: int) -> Sequence[Open]:
        return await self._read(statements.in_progress, after, most)

    async def ended(self, since: float, most: int) -> Sequence[str]:
        return await self._read(statements.ended, since, most)

    async def due_letters(self, now: float, most: int) -> Sequence[str]:
        return await self._read(outbox.due, now, most)

    async def take_letter(self, call_sid: str, now: float, until: float) -> Letter | None:
        return await self._ask(outbox.take, call_sid, now, until)

    async def strike(self, letter: Letter) -> None:
        await self._ask(outbox.strike, letter)

    async def postpone(self, letter: Letter) -> None:
        await self._ask(outbox.postpone, letter)

    async def dead_letters(self, most: int) -> Sequence[Letter]:
        return await self._read(outbox.dead, most)

    async def count_dead(self) -> int:
        return await self._read(outbox.count_dead)

    async def revive(self, letters: Sequence[Letter], now: float) -> int:
        return await self._ask(outbox.revive, letters, now)

    async def drop(self, letters: Sequence[Letter]) -> int:
        return await self._ask(outbox.drop, letters)

    async def close(self) -> None:
        """Write what is waiting to be written, and let go of the file."""
        await self._writer.close()
        await self._reader.close()

    # What all of them do.

    async def _ask(self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Have something done with the writer's connection, within a transaction."""
        done: T = await self._writer.do(lambda connection: work(connection, *args, **kwargs))
        return done

    async def _read(
        self, work: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same with the reader's, beside what is written."""
        found: T = await self._reader.do(lambda connection: work(connection, *args, **kwargs))
        return found

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

    def _read_group(self, jobs: Sequence[Callable[[sqlite3.Connection], Any]]) -> Sequence[Any]:
        try:
            with told(self.path):
                connection = self._connection("reader")
                return [_outcome(job, connection) for job in jobs]
        except JournalError:
            self._drop("reader")
            raise

    def _write_group(self, jobs: Sequence[Job]) -> Sequence[Any]:
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
            self._write_group([statements.touch])
            return RETRY if self.trouble else 0.0
        [more] = self._write_group([self._clear])
        return RETRY if self.trouble else PAUSE if more else REST

    def _clear(self, connection: sqlite3.Connection) -> bool:
        """Forget a batch of what need not be kept; gives whether there may be more."""
        now = self._now()
        if statements.prune(connection, now - self.days * DAY, BATCH):
            return True
        statements.forget_claims(connection, now - 60)
        self._swept = statements.sweep(connection, self._swept, BATCH)
        return bool(self._swept)


def _outcome(job: Callable[[sqlite3.Connection], Any], connection: sqlite3.Connection) -> Any:
    """What came of one job: what can't be read of one call is nothing to the others."""
    try:
        return job(connection)
    except JournalError as problem:
        return problem


def _in_one(jobs: Sequence[Job], connection: sqlite3.Connection) -> Sequence[Any]:
    """Do jobs in one transaction, the steps first; if one can't be done by its own fault, each in its own."""
    steps = [job for job in jobs if isinstance(job, Step)]
    if len(steps) == len(jobs) <= statements.AT_A_TIME and all(step.usual for step in steps):
        with contextlib.suppress(*AT_FAULT):
            statements.write_usual(connection, steps)
            return [None] * len(steps)
    try:
        with transaction(connection):
            written = iter(statements.write(connection, steps) if steps else ())
            return [next(written) if isinstance(job, Step) else _part(job, connection) for job in jobs]
    except AT_FAULT as problem:
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
