"""A journal in a database, open for looking at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from actors import Row, Snapshot
from runtime.journals import archive
from runtime.journals.archive import Archive, Entry
from runtime.journals.postgres import schema, statements
from runtime.journals.postgres.connections import Connection, connect
from runtime.journals.postgres.faults import told
from runtime.journals.urls import shown

LONGEST = 600.0
"""Seconds that a statement may take: an operator has more patience than a call."""
_SIZE = (
    "SELECT sum(pg_total_relation_size(oid))::bigint FROM pg_class"
    " WHERE relnamespace = 'switchhook'::regnamespace AND relkind = 'r'"
)


class PostgresArchive(Archive):
    """A database of PostgreSQL's."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.name = shown(url)
        self._url = url
        self._opened: Connection | None = None

    async def open(self) -> None:
        """See that it is there."""
        self._opened = await connect(self._url, longest=LONGEST)
        try:
            with told(self.name):
                await schema.check(self._opened, self.name)
        except BaseException:
            self._opened.terminate()
            raise

    async def latest(self, most: int) -> list[Entry]:
        """The calls that began last, the latest first."""
        query = (
            "SELECT call_sid, recipe, status, version, started FROM calls ORDER BY started DESC, call_sid DESC LIMIT $1"
        )
        with told(self.name):
            return [Entry(*each) for each in await self._connection.fetch(query, most)]

    async def find(self, call_sid: str) -> tuple[Snapshot, Sequence[Row]] | None:
        """A call and its history, or None."""
        with told(self.name):
            snapshot = await statements.load(self._connection, call_sid, self.programs)
            if snapshot is None:
                return None
            return snapshot, await statements.history(self._connection, call_sid)

    async def pages(self) -> AsyncIterator[Sequence[str]]:
        """The CallSids of all calls, a page at a time, the oldest first."""
        query = (
            "SELECT started, call_sid FROM calls WHERE (started, call_sid) > ($1, $2)"
            " ORDER BY started, call_sid LIMIT $3"
        )
        after = float("-inf"), ""
        while True:
            with told(self.name):
                page = await self._connection.fetch(query, *after, archive.PAGE)
            if not page:
                return
            yield [call_sid for _, call_sid in page]
            after = page[-1]["started"], page[-1]["call_sid"]

    async def prune(self, before: float) -> int:
        """Forget the calls that are over and were last heard of before a time, and their programs; gives how many."""
        pruned = 0
        with told(self.name):
            while some := await statements.prune(self._connection, before, archive.PAGE):
                pruned += some
            after = ""
            while after := await statements.sweep(self._connection, after, archive.PAGE):
                pass  # there are more
        return pruned

    async def vacuum(self) -> tuple[int, int]:
        """Give what is free at the ends of the tables back to the disk, as the server does by itself now and then."""
        with told(self.name):
            before = await self._connection.fetchval(_SIZE)
            for table in ("programs", "calls", "rows", "letters", "claims"):
                await self._connection.execute(f"VACUUM (ANALYZE) {table}")
            return before, await self._connection.fetchval(_SIZE)

    async def close(self) -> None:
        """Let go of it."""
        if self._opened is not None:
            self._opened.terminate()

    @property
    def _connection(self) -> Connection:
        assert self._opened is not None, "open() comes first"
        return self._opened
