"""Calls in a database of PostgreSQL's, which several daemons may share. Needs asyncpg."""

from __future__ import annotations

from runtime.journals.postgres.archive import PostgresArchive
from runtime.journals.postgres.journal import PostgresJournal

__all__ = ["PostgresArchive", "PostgresJournal"]
