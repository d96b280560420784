"""The journal in a database of PostgreSQL's: what was committed is on the server's disk.

Several daemons may have one database. Who comes first is for the server to say, call by call and
letter by letter (see `statements`); no daemon knows of the others, and one that dies leaves claims
and leases behind that run out.

When the server can't be used, whatever is asked for fails within seconds, with a sentence that is
also the journal's `trouble`; with nothing asked for the journal looks by itself every second, so
that trouble goes away when the trouble does. What is read is asked for once more if a connection
broke. A step whose connection broke may have been written: nobody knows, so it is not written
again, but told as an error; its call is then taken up as it is found.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Concatenate, ParamSpec, TypeVar

import structlog

from actors import KEPT_ROWS, Journal, JournalError, Letter, Open, Row, Snapshot
from runtime.journals.codec import Programs, Step, pack
from runtime.journals.postgres import letters as outbox
from runtime.journals.postgres import schema, statements
from runtime.journals.postgres.connections import PATIENCE, Connection, Connections
from runtime.journals.postgres.faults import AtFault, Crossed, Unusable, told
from runtime.journals.postgres.groups import Groups, Outcome
from runtime.journals.retention import BATCH, DAY, PAUSE, REST, RETRY
from runtime.journals.urls import shown

log = structlog.get_logger("switchhook.journal")

P = ParamSpec("P")
T = TypeVar("T")


class PostgresJournal(Journal):
    """Keeps calls in a database, which other daemons may have too.

    Args:
        url: the database, as `postgresql://user:password@host/name`. It must be there; the tables are
            made in it when they are first needed.
        days: how long calls are kept after they were last heard of, once they are over.
        now: the time, in seconds since the epoch.
        patience: seconds to wait for the server: for a connection, and for each answer.
        clock: seconds that only ever grow, by which a server in trouble is left alone for a moment.
    """

    shared = True
    alone = False

    def __init__(
        self,
        url: str,
        *,
        days: float = 30.0,
        now: Callable[[], float] = time.time,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.days = days
        self.trouble = ""
        self._hopeless = 0.0
        """Until when a server in trouble is not asked again."""
        self.programs = Programs()
        self._name = shown(url)
        self._url = url
        self._now = now
        self._patience = patience
        self._clock = clock
        self._known: set[str] = set()
        self._swept = ""
        self._closing = asyncio.Event()
        self._server = Connections(url, self._prepare, patience)
        self._groups = Groups(self._write, self._name)
        self._chores: dict[str, asyncio.Task[None]] = {}

    @property
    def name(self) -> str:
        """The setting that names it, without the password."""
        return self._name

    async def open(self) -> None:
        """Make the tables if they aren't there, and see that they can be written. Raises `JournalError`."""
        await self._ask(statements.touch)

    async def load(self, call_sid: str) -> Snapshot | None:
        return await self._read(statements.load, call_sid, self.programs)

    async def history(self, call_sid: str, most: int = KEPT_ROWS) -> Sequence[Row]:
        return await self._read(statements.history, call_sid, most)

    async def commit(self, snapshot: Snapshot, row: Row, letters: Sequence[Letter] = (), *, claimant: str = "") -> None:
        """Write a step: it is on the server's disk once this returns. Raises `StaleVersion` or `JournalError`."""
        await self._groups.commit(pack(snapshot, row, letters, claimant, self.programs))

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
        """Write what is waiting to be written, and let go of the connections."""
        self._closing.set()
        await self._groups.close(2 * self._patience)
        if chores := list(self._chores.values()):
            _, late = await asyncio.wait(chores, timeout=2 * self._patience)
            for each in late:
                each.cancel()
        await self._server.close()

    # What all of them do.

    async def _ask(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Have something done with a connection. What is wrong with the server is the journal's trouble.

        While it didn't answer a moment ago nobody waits for the same again.
        """
        if self.trouble and self._clock() < self._hopeless:
            raise Unusable(self.trouble)
        try:
            with told(self._name):
                async with self._server.one() as connection:
                    return await work(connection, *args, **kwargs)
        except Unusable as problem:
            self._in_trouble(problem)
            raise

    async def _read(
        self, work: Callable[Concatenate[Connection, P], Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same for what may be done twice."""
        try:
            return await self._ask(work, *args, **kwargs)
        except Unusable as problem:
            if not problem.broken or isinstance(problem.__cause__, TimeoutError):
                raise
        return await self._ask(work, *args, **kwargs)

    async def _write(self, steps: Sequence[Step], *, again: bool = False) -> Sequence[Outcome]:
        """Write a group of steps; if one of them can't be written by its own fault, each by itself."""
        try:
            outcomes = await self._ask(statements.write, steps, self._known)
        except (AtFault, Crossed) as problem:  # nothing of them was written
            if again or (len(steps) == 1 and isinstance(problem, AtFault)):
                return [JournalError(f"{steps[0].call_sid}: a step that can't be kept: {problem}")]
            return [outcome for step in steps for outcome in await self._write([step], again=True)]
        self.trouble = ""
        return outcomes

    # In the background.

    async def _prepare(self) -> None:
        await schema.prepare(self._url, self._patience)
        self._begin("tidying", self._tidy)

    def _in_trouble(self, problem: Unusable) -> None:
        self.trouble = str(problem)
        if problem.broken and isinstance(problem.__cause__, TimeoutError):
            self._hopeless = self._clock() + RETRY / 4
        self._begin("looking", self._look)

    def _begin(self, name: str, chore: Callable[[], Any]) -> None:
        if self._closing.is_set() or name in self._chores:
            return
        task = self._chores[name] = asyncio.get_running_loop().create_task(chore(), name=f"journal-{name}")
        task.add_done_callback(lambda _: self._chores.pop(name, None))

    async def _rest(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    async def _look(self) -> None:
        """See, while there is trouble, whether it is over."""
        while self.trouble and not self._closing.is_set():
            await self._rest(RETRY)
            with contextlib.suppress(JournalError):
                await self._ask(statements.touch)
                self.trouble = ""

    async def _tidy(self) -> None:
        """Forget what need not be kept, a batch at a time; one daemon does at a time."""
        while not self._closing.is_set():
            more = False
            try:
                more = await self._ask(self._clear)
            except JournalError as problem:
                log.info("journal_not_tidied", reason=str(problem))
            except Exception as problem:
                log.exception("journal_chore_failed", reason=f"{type(problem).__name__}: {problem}")
            await self._rest(PAUSE if more else REST)

    async def _clear(self, connection: Connection) -> bool:
        """Forget a batch; gives whether there may be more."""
        async with connection.transaction():
            if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", schema.LOCK + 1):
                return False
            now = self._now()
            if await statements.prune(connection, now - self.days * DAY, BATCH):
                return True
            await statements.forget_claims(connection, now - DAY)
        self._swept = await statements.sweep(connection, self._swept, BATCH)
        return bool(self._swept)
