"""Steps to write down."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from actors import Row, Snapshot
from twiml import Program, Say, compile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PROGRAM = compile([Say("hello")])


def snapshot(
    call_sid: str = "CA1", version: int = 1, status: str = "in-progress", program: Program = PROGRAM, **more: Any
) -> Snapshot:
    """A call as it was after a step."""
    given = {
        "call_sid": call_sid,
        "recipe": "greeting",
        "version": version,
        "status": status,
        "started": 0.0,
        "program": program,
        "machine": {},
        "initial_params": {"CallSid": call_sid},
        "params": {"CallSid": call_sid},
        "data": {"n": version},
        "taken": 0,
        "subscriptions": (),
        "announced": (),
        "answered": {},
    }
    return Snapshot(**given | more)


def row(at: float = 1.0, **more: Any) -> Row:
    """A line of a call's history."""
    given = {
        "at": at,
        "kind": "start_call",
        "path": "",
        "step": None,
        "params": {"CallSid": "CA1"},
        "answer": "<Response/>",
        "moved": True,
    }
    return Row(**given | more)


def rows_in(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What somebody else finds in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, values).fetchall()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so. Five seconds at most."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - what is waited for happens on other threads
            await asyncio.sleep(0.001)
