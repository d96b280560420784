"""What came of a group, on its way to those who wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any


def hand_out(settled: Iterable[tuple[asyncio.Future[Any], Any]]) -> None:
    """Tell each who still waits what came of it. An exception is the same for each, but not one and the same."""
    for future, outcome in settled:
        if future.done():
            continue
        if isinstance(outcome, BaseException):
            own = type(outcome)(*outcome.args)
            own.__cause__ = outcome.__cause__
            future.set_exception(own)
        else:
            future.set_result(outcome)
