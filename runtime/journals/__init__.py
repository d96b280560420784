"""Where calls are kept between their webhooks."""

from __future__ import annotations

from runtime.journals.memory import MemoryJournal

__all__ = ["MemoryJournal"]
