"""The journal that a setting names, for a daemon to keep calls in, or for an operator to look at."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from actors import Journal
from runtime.journals.archive import Archive
from runtime.journals.memory import MemoryJournal
from runtime.journals.sqlite import SqliteArchive, SqliteJournal
from runtime.journals.urls import POSTGRESQL, check, path_of


@runtime_checkable
class Durable(Journal, Protocol):
    """A journal that outlives the process, and may be in trouble."""

    @property
    def trouble(self) -> str:
        """Why nothing can be written at present; "" if all is well, or nothing was tried yet."""

    async def open(self) -> None:
        """Make sure that it can be written. Raises `JournalError`."""


def named(url: str, days: float = 30.0) -> Journal:
    """The journal that a setting names, not opened yet; it keeps finished calls that many days.

    Raises `ValueError` if it names none.
    """
    check(url)
    if url.startswith(POSTGRESQL):
        from runtime.journals.postgres import PostgresJournal  # noqa: PLC0415 - asyncpg is an extra

        return PostgresJournal(url, days=days)
    path = path_of(url)
    return MemoryJournal() if path is None else SqliteJournal(path, days=days)


def archive_of(url: str) -> Archive | None:
    """The same as an operator looks at it, not opened yet; None for `memory:`, which ends with its process."""
    check(url)
    if url.startswith(POSTGRESQL):
        from runtime.journals.postgres import PostgresArchive  # noqa: PLC0415

        return PostgresArchive(url)
    path = path_of(url)
    return SqliteArchive(path) if path is not None else None
