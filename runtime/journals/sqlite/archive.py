"""A journal's file, open for looking at."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from actors import JournalError, Row, Snapshot
from runtime.journals import archive
from runtime.journals.archive import Archive, Entry
from runtime.journals.sqlite import schema, statements
from runtime.journals.sqlite.faults import told

PAGES = 1000
"""Free pages that are given back to the disk at a time."""


class SqliteArchive(Archive):
    """A file of SQLite's. Nobody else runs on the loop of a command, which so may wait for the file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.name = str(path)
        self._opened: sqlite3.Connection | None = None

    async def open(self) -> None:
        """See that it is there."""
        if not self.path.is_file():
            raise JournalError(f"{self.path}: there is no journal")
        self._opened = schema.connect(self.path, create=False)

    async def latest(self, most: int) -> list[Entry]:
        """The calls that began last, the latest first."""
        query = "SELECT call_sid, recipe, status, version, started FROM calls ORDER BY rowid DESC LIMIT ?"
        return [Entry(*each) for each in self._all(query, most)]

    async def find(self, call_sid: str) -> tuple[Snapshot, Sequence[Row]] | None:
        """A call and its history, or None."""
        with told(self.path):
            snapshot = statements.load(self._connection, call_sid, self.programs)
            return (snapshot, statements.history(self._connection, call_sid)) if snapshot is not None else None

    async def pages(self) -> AsyncIterator[Sequence[str]]:
        """The CallSids of all calls, a page at a time, the oldest first."""
        query = "SELECT rowid, call_sid FROM calls WHERE rowid > ? ORDER BY rowid LIMIT ?"
        after = 0
        while page := self._all(query, after, archive.PAGE):
            yield [call_sid for _, call_sid in page]
            after = page[-1][0]

    async def prune(self, before: float) -> int:
        """Forget the calls that are over and were last heard of before a time, and their programs; gives how many."""
        pruned = 0
        with told(self.path):
            while some := statements.prune(self._connection, before, archive.PAGE):
                pruned += some
            after = ""
            while after := statements.sweep(self._connection, after, archive.PAGE):
                pass  # there are more
        return pruned

    async def vacuum(self) -> tuple[int, int]:
        """Give what is free in the file back to the disk; gives its bytes before and after."""
        before = self._size()
        with told(self.path):
            while statements.give_back(self._connection, PAGES):
                pass  # there is more
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return before, self._size()

    async def close(self) -> None:
        """Let go of it."""
        if self._opened is not None:
            self._opened.close()

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._opened is not None, "open() comes first"
        return self._opened

    def _size(self) -> int:
        return sum(each.stat().st_size for each in (self.path, Path(f"{self.path}-wal")) if each.exists())

    def _all(self, query: str, *values: object) -> list[Any]:
        with told(self.path):
            found: list[Any] = self._connection.execute(query, values).fetchall()
            return found
