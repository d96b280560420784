"""A step that turns out to be stale: another daemon has gone on meanwhile, and what it was made for is handled anew."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from actors.journal import StaleVersion

TRIES = 10
"""How often something is handled, if another daemon is quicker each time."""

Answered = TypeVar("Answered")


async def until_fresh(handle: Callable[[], Awaitable[Answered]], forget: Callable[[], object]) -> Answered:
    """What `handle` gives, which is asked again as long as its step is stale. `forget` comes before each next try.

    Raises:
        StaleVersion: it was stale time and again.
    """
    for _ in range(TRIES - 1):
        try:
            return await handle()
        except StaleVersion:
            forget()
    return await handle()
