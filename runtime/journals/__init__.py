"""Where calls are kept between their webhooks: `memory:`, or a file of SQLite's."""

from __future__ import annotations

from runtime.journals.archive import Archive, as_json
from runtime.journals.memory import MemoryJournal
from runtime.journals.named import Durable, named, path_of
from runtime.journals.sqlite import SqliteJournal

__all__ = ["Archive", "Durable", "MemoryJournal", "SqliteJournal", "as_json", "named", "path_of"]
