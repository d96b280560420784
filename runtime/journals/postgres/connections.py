"""A few connections to the server, lent out one at a time.

Each is made when it is first needed. One that broke, or whose borrower gave up waiting, is let go
of, and the next borrower gets a new one: so it goes on by itself once the server is back.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeAlias

import asyncpg

from actors import JournalError
from runtime.journals.postgres.faults import Unusable, told
from runtime.journals.urls import shown

MOST = 8
"""Connections of one daemon. Steps go in groups, so that a few are plenty."""

PATIENCE = 3.0
"""Seconds to wait for a connection, and for each answer. Twilio waits 15, and a call tries up to three times."""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

SESSION = {
    "application_name": "switchhook",
    "search_path": "switchhook",
    "synchronous_commit": "on",  # a step is on disk before it is answered, whatever the database's default is
    "default_transaction_isolation": "read committed",  # which the statements count on
    "idle_in_transaction_session_timeout": "10000",  # a daemon that hangs holds up nobody for long
    # Each statement finds what it wants by a key, and is to be planned so while its tables are still small.
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


async def connect(url: str, patience: float = PATIENCE, longest: float | None = None) -> Connection:
    """A connection of one's own, whose statements may take longer if that is said. Raises `Unusable`."""
    answer = longest or patience
    # The server gives up sooner than the client: then it is certain that nothing was done.
    own = SESSION | {"statement_timeout": f"{answer * 800:.0f}"}
    with told(shown(url)):
        return await asyncpg.connect(url, timeout=patience, command_timeout=answer, server_settings=own)


class Connections:
    """Lends connections to one server.

    Args:
        url: where it is.
        prepare: called before the first is lent out, and again if it failed.
        patience: seconds to wait for each of them, and for each answer.
        most: how many there are at a time.
    """

    def __init__(
        self, url: str, prepare: Callable[[], Awaitable[None]], patience: float = PATIENCE, most: int = MOST
    ) -> None:
        self._url = url
        self._patience = patience
        self._prepare = prepare
        self._prepared = False
        self._preparing = asyncio.Lock()
        self._turn = asyncio.Semaphore(most)
        self._free: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Connection]:
        """A connection, until the block is left. Raises `JournalError` if none is to be had in time."""
        try:
            async with asyncio.timeout(self._patience):
                await self._turn.acquire()
        except TimeoutError as problem:
            raise Unusable(
                f"{shown(self._url)}: all connections have been in use for {self._patience:g} s"
            ) from problem
        try:
            connection = await self._usable()
            try:
                yield connection
            except (JournalError, asyncpg.PostgresError) as problem:
                if getattr(problem, "severity_en", "") in ("FATAL", "PANIC"):  # it is about to be closed
                    connection.terminate()
                self._put_back(connection)
                raise
            except BaseException:
                connection.terminate()  # there may be an answer under way that nobody waits for
                raise
            self._put_back(connection)
        finally:
            self._turn.release()

    async def close(self) -> None:
        """Close those that are free; those that are lent out close when they come back."""
        self._closed = True
        free, self._free = self._free, []
        await asyncio.gather(*(each.close(timeout=1.0) for each in free), return_exceptions=True)

    async def _usable(self) -> Connection:
        if self._closed:
            raise JournalError(f"{shown(self._url)} is closed")
        if not self._prepared:
            async with self._preparing:
                if not self._prepared:
                    await self._prepare()
                    self._prepared = True
        while self._free:
            connection = self._free.pop()
            if not connection.is_closed():
                return connection
            connection.terminate()
        return await connect(self._url, self._patience)

    def _put_back(self, connection: Connection) -> None:
        if self._closed or connection.is_closed():
            connection.terminate()
        else:
            self._free.append(connection)
