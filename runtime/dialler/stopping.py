"""What need not be waited for once a run is stopped, because it changes nothing at Twilio."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def unless_stopped(work: Coroutine[Any, Any, T], stopped: asyncio.Future[None]) -> T | None:
    """What it comes to, or None if it is given up because of a stop."""
    task: asyncio.Task[T] = asyncio.ensure_future(work)
    either: set[asyncio.Future[Any]] = {task, stopped}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        task.cancel()
