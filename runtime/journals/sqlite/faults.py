"""What can be wrong with the file, as sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from actors import JournalError

AT_FAULT = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    sqlite3.ProgrammingError,
    OverflowError,
    ValueError,
)
"""What SQLite raises for values it can't hold, whatever the file's condition."""

_SENTENCES = {
    sqlite3.SQLITE_BUSY: "another process holds it locked",
    sqlite3.SQLITE_LOCKED: "another process holds it locked",
    sqlite3.SQLITE_READONLY: "it is read-only; this user must be able to write to it and to its folder",
    sqlite3.SQLITE_PERM: "this user may not write to it",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk fails, or is full",
    sqlite3.SQLITE_NOTADB: "it is not a database of SQLite's; name another file, or move it away",
    sqlite3.SQLITE_CORRUPT: "it is corrupt; move it away, and take the last good copy",
    sqlite3.SQLITE_CANTOPEN: "it can't be opened; this user must be able to write to it and to its folder",
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """What SQLite finds wrong with a file becomes a `JournalError` with a sentence."""
    try:
        yield
    except sqlite3.Error as problem:
        code = getattr(problem, "sqlite_errorcode", 0) & 0xFF
        sentence = _SENTENCES.get(code, "it can't be used")
        if code == sqlite3.SQLITE_CANTOPEN and not path.parent.is_dir():
            sentence = f"there is no folder {path.parent}"
        elif code == sqlite3.SQLITE_CANTOPEN and path.is_dir():
            sentence = "it is a folder"
        raise JournalError(f"{path}: {sentence} ({problem})") from problem
