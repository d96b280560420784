"""The journal that the settings name, for a command to look into. What is wrong with it is told in a line."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors import JournalError, Outbox
from runtime import settings
from runtime.errors import SwitchhookError
from runtime.journals import Archive, archive_of, named
from runtime.settings import Settings


@asynccontextmanager
async def kept_calls(url: str | None, config: str | None) -> AsyncIterator[tuple[Archive, Settings]]:
    """The calls that it keeps, and the settings.

    Raises:
        SwitchhookError: there is no such journal, or something is wrong with it while it is looked into.
    """
    chosen = settings.load({"journal": url}, config)
    archive = archive_of(chosen.journal)
    if archive is None:
        raise SwitchhookError("journal is memory:, which ends with its process: what it keeps is that daemon's own")
    try:
        async with archive:
            yield archive, chosen
    except JournalError as problem:
        raise SwitchhookError(f"journal: {problem}") from problem


@asynccontextmanager
async def kept_letters(url: str | None, config: str | None) -> AsyncIterator[Outbox]:
    """The letters that it keeps. Raises the same."""
    async with kept_calls(url, config) as (_, chosen):  # it is there: one that isn't would be made now
        journal = named(chosen.journal, math.inf)  # to look into it is no reason to forget anything
        try:
            yield journal
        finally:
            await journal.close()
