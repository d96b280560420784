"""Where calls are kept between their webhooks: `memory:`, a file of SQLite's, or a database of PostgreSQL's."""

from __future__ import annotations

from runtime.journals.archive import Archive, as_json
from runtime.journals.memory import MemoryJournal
from runtime.journals.named import Durable, archive_of, named
from runtime.journals.urls import check, shown

__all__ = [
    "Archive",
    "Durable",
    "MemoryJournal",
    "archive_of",
    "as_json",
    "check",
    "named",
    "shown",
]
