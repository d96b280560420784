"""The statements for letters. Each is one step of a transaction that the writer makes."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from actors import Letter
from runtime.journals.codec import LETTER, letter_of

_MARKS = ", ".join("?" * len(LETTER.split(",")))
_THIS = "call_sid = ? AND version = ? AND number = ?"


def write(connection: sqlite3.Connection, letters: Sequence[tuple[object, ...]]) -> None:
    """Put letters into the outbox."""
    if letters:
        connection.executemany(f"INSERT INTO letters ({LETTER}) VALUES ({_MARKS})", letters)  # noqa: S608


def due(connection: sqlite3.Connection, now: float, most: int) -> list[str]:
    """The CallSids of calls whose first letter is due, those due longest first."""
    query = (
        "SELECT call_sid FROM letters AS later WHERE due <= ? AND NOT EXISTS (SELECT 1 FROM letters AS earlier"
        " WHERE earlier.call_sid = later.call_sid AND earlier.due IS NOT NULL"
        " AND (earlier.version, earlier.number) < (later.version, later.number)) ORDER BY due LIMIT ?"
    )
    return [call_sid for (call_sid,) in connection.execute(query, (now, most)).fetchall()]


def take(connection: sqlite3.Connection, call_sid: str, now: float, until: float) -> Letter | None:
    """The first letter of a call, if it is due: with one try more, and not due again before `until`."""
    query = f"SELECT {LETTER} FROM letters WHERE call_sid = ? AND due IS NOT NULL ORDER BY version, number LIMIT 1"  # noqa: S608
    found = connection.execute(query, (call_sid,)).fetchone()
    letter = letter_of(found) if found is not None else None
    if letter is None or letter.due is None or letter.due > now:
        return None
    letter = letter._replace(due=until, tries=letter.tries + 1)
    postpone(connection, letter)
    return letter


def postpone(connection: sqlite3.Connection, letter: Letter) -> None:
    """Write down a letter's `due`, `tries` and `reason`."""
    values = (letter.due, letter.tries, letter.reason, *_key(letter))
    connection.execute(f"UPDATE letters SET due = ?, tries = ?, reason = ? WHERE {_THIS}", values)  # noqa: S608


def strike(connection: sqlite3.Connection, letter: Letter) -> None:
    """Forget a letter."""
    connection.execute(f"DELETE FROM letters WHERE {_THIS}", _key(letter))  # noqa: S608


def dead(connection: sqlite3.Connection, most: int) -> list[Letter]:
    """The dead letters, the latest first."""
    query = f"SELECT {LETTER} FROM letters WHERE due IS NULL ORDER BY at DESC LIMIT ?"  # noqa: S608
    return list(map(letter_of, connection.execute(query, (most,)).fetchall()))


def count_dead(connection: sqlite3.Connection) -> int:
    """How many dead letters there are."""
    [[count]] = connection.execute("SELECT count(*) FROM letters WHERE due IS NULL").fetchall()
    return int(count)


def revive(connection: sqlite3.Connection, letters: Sequence[Letter], now: float) -> int:
    """Have dead letters delivered after all; gives how many there were."""
    query = f"UPDATE letters SET due = ?, tries = 0 WHERE due IS NULL AND {_THIS}"  # noqa: S608
    return sum(connection.execute(query, (now, *_key(each))).rowcount for each in letters)


def drop(connection: sqlite3.Connection, letters: Sequence[Letter]) -> int:
    """Forget dead letters; gives how many there were."""
    query = f"DELETE FROM letters WHERE due IS NULL AND {_THIS}"  # noqa: S608
    return sum(connection.execute(query, _key(each)).rowcount for each in letters)


def _key(letter: Letter) -> tuple[str, int, int]:
    return letter.call_sid, letter.version, letter.number
