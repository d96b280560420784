"""Calls in a file of SQLite's, for one daemon."""

from __future__ import annotations

from runtime.journals.sqlite.archive import SqliteArchive
from runtime.journals.sqlite.journal import SqliteJournal

__all__ = ["SqliteArchive", "SqliteJournal"]
