"""A journal's file as an operator looks at it: beside a daemon that runs, or long after it.

Everything is read a page at a time, so that nobody waits for it, and nothing is made: a file that
isn't there is an error.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from actors import JournalError, Row, Snapshot
from runtime.journals import schema, tables
from runtime.journals.codec import Programs, program_text
from runtime.journals.schema import told

PAGE = 100
PAGES = 1000
"""Free pages that are given back to the disk at a time."""


class Entry(NamedTuple):
    """A call in the list of calls."""

    call_sid: str
    recipe: str
    status: str
    steps: int
    started: float
    latest: float


class Archive:
    """A journal's file, open for looking at. Every method may raise `JournalError`."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise JournalError(f"{path}: there is no journal")
        self.path = path
        self._programs = Programs()
        self._connection = schema.connect(path, create=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def latest(self, most: int) -> list[Entry]:
        """The calls that began last, the latest first."""
        query = "SELECT call_sid, recipe, status, version, started, latest FROM calls ORDER BY rowid DESC LIMIT ?"
        return [Entry(*each) for each in self._all(query, most)]

    def find(self, call_sid: str) -> tuple[Snapshot, Sequence[Row]] | None:
        """A call and its history, or None."""
        with told(self.path):
            snapshot = tables.load(self._connection, call_sid, self._programs)
            return (snapshot, tables.history(self._connection, call_sid)) if snapshot is not None else None

    def everything(self) -> Iterator[dict[str, Any]]:
        """All calls as JSON has them, the oldest first; a program comes before the first call that has it."""
        seen: set[str] = set()
        after = 0
        while page := self._all(
            "SELECT rowid, call_sid FROM calls WHERE rowid > ? ORDER BY rowid LIMIT ?", after, PAGE
        ):
            for after, call_sid in page:  # noqa: B007 - the next page begins after the last
                if (found := self.find(call_sid)) is None:
                    continue
                digest = self._programs.digest(found[0].program)
                if digest not in seen:
                    seen.add(digest)
                    yield {"program": digest, **json.loads(program_text(found[0].program))}
                yield as_json(*found, digest)

    def prune(self, before: float) -> int:
        """Forget the calls that are over and were last heard of before a time, and their programs; gives how many."""
        pruned = 0
        with told(self.path):
            while some := tables.prune(self._connection, before, PAGE):
                pruned += some
            after = ""
            while after := tables.sweep(self._connection, after, PAGE):
                """There are more."""
        return pruned

    def vacuum(self) -> tuple[int, int]:
        """Give what is free in the file back to the disk; gives its bytes before and after."""
        before = self._size()
        with told(self.path):
            while tables.give_back(self._connection, PAGES):
                """There is more."""
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return before, self._size()

    def _size(self) -> int:
        return sum(each.stat().st_size for each in (self.path, Path(f"{self.path}-wal")) if each.exists())

    def _all(self, query: str, *values: object) -> list[Any]:
        with told(self.path):
            found: list[Any] = self._connection.execute(query, values).fetchall()
            return found


def as_json(snapshot: Snapshot, rows: Sequence[Row], digest: str) -> dict[str, Any]:
    """A call with its history, as JSON has it."""
    call = snapshot._asdict() | {
        "program": digest,
        "subscriptions": [each._asdict() for each in snapshot.subscriptions],
    }
    return call | {"history": [row._asdict() for row in rows]}
