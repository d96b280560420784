"""Steps to write down."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from actors import Letter, Row, Snapshot, Subscription
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
        "due": None,
        "program": program,
        "machine": {},
        "initial_params": {"CallSid": call_sid},
        "data": {"n": version},
        "taken": 0,
        "ending": False,
        "subscriptions": (),
        "announced": (),
        "awaited": {},
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


def letter(call_sid: str = "CA1", version: int = 1, number: int = 0, due: float | None = 1.0, **more: Any) -> Letter:
    """A function that is to be told of a step."""
    given = {
        "subscription": Subscription("completion", "office", "filed"),
        "at": 1.0,
        "path": "status",
        "step": None,
        "params": {"CallSid": call_sid, "CallStatus": "completed"},
    }
    return Letter(call_sid, version, number, due=due, **given | more)


def rows_in(path: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    """What somebody else finds in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, values).fetchall()


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop run until something is so. Five seconds at most."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110 - what is waited for happens on other threads
            await asyncio.sleep(0.001)
