"""What a journal has of a call, as somebody finds it who is no daemon."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Row(NamedTuple):
    """A line of a call's history."""

    version: int
    kind: str
    moved: bool
    answer: str
    same: str


class Letter(NamedTuple):
    """A function that is still to be told of something."""

    version: int
    event: str
    due: float
    tries: int


class Kept(NamedTuple):
    """All that is kept of a call."""

    version: int
    status: str
    rows: Sequence[Row]
    letters: Sequence[Letter]
    claims: Sequence[float]
    """Until when it is claimed."""


NOTHING = Kept(0, "", (), (), ())


class Book(Protocol):
    """A journal to look into."""

    url: str

    def find(self, *queries: str, dead: bool = False) -> Sequence[Sequence[tuple[Any, ...]]]:
        """What each query finds; the daemon that had the journal is dead, or rests."""


def kept(book: Book, call_sid: str, *, dead: bool = False) -> Kept:
    """What a journal has of a call."""
    calls, rows, letters, claims = book.find(
        f"SELECT version, status FROM calls WHERE call_sid = '{call_sid}'",  # noqa: S608 - it is a name of ours
        f"SELECT version, kind, moved, answer, same FROM rows WHERE call_sid = '{call_sid}' ORDER BY version",  # noqa: S608
        f"SELECT version, event, due, tries FROM letters WHERE call_sid = '{call_sid}' ORDER BY version, number",  # noqa: S608
        f"SELECT until FROM claims WHERE call_sid = '{call_sid}'",  # noqa: S608
        dead=dead,
    )
    [[version, status]] = calls or [(0, "")]
    return Kept(
        version,
        status,
        [Row(*row)._replace(moved=bool(row[2])) for row in rows],
        [Letter(*letter) for letter in letters],
        [until for (until,) in claims],
    )


class SqliteBook:
    """A file of SQLite's. After a death it is a copy that is looked into, for whoever opens a file mends it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    def find(self, *queries: str, dead: bool = False) -> Sequence[Sequence[tuple[Any, ...]]]:
        """What each query finds."""
        with self._copied() if dead else contextlib.nullcontext(self.path) as path:
            connection = sqlite3.connect(path)
            try:
                return [connection.execute(query).fetchall() for query in queries]
            finally:
                connection.close()

    @contextlib.contextmanager
    def _copied(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            for each in (self.path, Path(f"{self.path}-wal")):
                if each.exists():
                    shutil.copy(each, folder)
            yield Path(folder) / self.path.name


class PostgresBook:
    """A database of PostgreSQL's."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._runner = asyncio.Runner()
        options = {"search_path": "switchhook"}
        self._connection = self._runner.run(asyncpg.connect(url, timeout=10, server_settings=options))

    def find(self, *queries: str, dead: bool = False) -> Sequence[Sequence[tuple[Any, ...]]]:
        """What each query finds."""
        return [[tuple(row) for row in self._runner.run(self._connection.fetch(query))] for query in queries]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.terminate()
        self._runner.close()
