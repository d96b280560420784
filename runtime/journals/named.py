"""The journal that a setting names.

| setting | what it is |
|---|---|
| `memory:` | kept as long as the process lives |
| `sqlite:///calls.db` | a file, from the current folder |
| `sqlite:////var/lib/switchhook/calls.db` | a file, from the root: four slashes |
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, runtime_checkable

from actors import Journal
from runtime.journals.memory import MemoryJournal
from runtime.journals.sqlite import SqliteJournal

_SQLITE = "sqlite:///"


@runtime_checkable
class Durable(Journal, Protocol):
    """A journal that outlives the process, and may be in trouble."""

    @property
    def trouble(self) -> str:
        """Why nothing can be written at present; "" if all is well, or nothing was tried yet."""

    async def open(self) -> None:
        """Make sure that it can be written. Raises `JournalError`."""


def path_of(url: str) -> Path | None:
    """The file that a setting names, None for `memory:`. Raises `ValueError` if it names no journal.

    >>> path_of("sqlite:///calls.db").name, str(path_of("sqlite:////var/calls.db")), path_of("memory:")
    ('calls.db', '/var/calls.db', None)
    """
    if url == "memory:":
        return None
    if not url.startswith("sqlite:"):
        raise ValueError("is not a journal there is; there are memory: and sqlite:///path")
    path = url.removeprefix(_SQLITE)
    if path == ":memory:" or url in ("sqlite:", "sqlite://", _SQLITE):
        raise ValueError("names no file; to keep calls as long as the process lives, say memory:")
    if not url.startswith(_SQLITE):
        raise ValueError("has sqlite: without three slashes and a path, as in sqlite:///calls.db")
    if "?" in path or "\0" in path or path.endswith("/"):
        raise ValueError("must be sqlite:/// and the path of a file; it takes no options")
    return Path(path).absolute()


def named(url: str, days: float = 30.0) -> Journal:
    """The journal that a setting names, not opened yet; it keeps finished calls that many days."""
    path = path_of(url)
    return MemoryJournal() if path is None else SqliteJournal(path, days=days)
