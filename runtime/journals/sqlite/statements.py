"""The statements for calls, their rows and claims: each finds what it wants by a key, however many there are.

A step of SQLite's lets go of Python's interpreter lock, and a thread that asks for it back beside
a busy loop waits milliseconds for it. So a group of steps is written in as few statements as it
takes: each has many rows, and answers with one.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from actors import KEPT_ROWS, JournalError, Open, Row, Snapshot, StaleVersion
from runtime.journals.codec import CALL, OPEN, ROW, Programs, Step, listed, program_text, row_of, snapshot_of
from runtime.journals.sqlite import letters as outbox
from runtime.journals.sqlite.schema import transaction

AT_A_TIME = 32
"""Steps in one statement."""
_STEP = ", ".join([CALL, *ROW.split(", ")[2:]])
"""The columns of the view of steps."""


def load(connection: sqlite3.Connection, call_sid: str, programs: Programs) -> Snapshot | None:
    """The latest snapshot of a call, or None."""
    found = connection.execute(f"SELECT {CALL} FROM calls WHERE call_sid = ?", (call_sid,)).fetchone()  # noqa: S608
    return snapshot_of(found, _program(connection, found[7], programs)) if found is not None else None


def _program(connection: sqlite3.Connection, digest: str, programs: Programs) -> Any:
    def text() -> str:
        found = connection.execute("SELECT text FROM programs WHERE digest = ?", (digest,)).fetchone()
        if found is None:
            raise JournalError(f"the program {digest} is not in the journal")
        return str(found[0])

    return programs.read(digest, text)


def history(connection: sqlite3.Connection, call_sid: str, most: int = KEPT_ROWS) -> tuple[Row, ...]:
    """The latest rows of a call, the oldest of them first."""
    query = f"SELECT {ROW} FROM rows WHERE call_sid = ? ORDER BY version DESC LIMIT ?"  # noqa: S608
    return tuple(map(row_of, reversed(connection.execute(query, (call_sid, most)).fetchall())))


def claim(
    connection: sqlite3.Connection, call_sid: str, version: int | None, claimant: str, now: float, until: float
) -> bool:
    """Claim a call, or renew a claim on it. Raises `StaleVersion` if another version is kept than is given."""
    if version is not None:
        found = connection.execute("SELECT version FROM calls WHERE call_sid = ?", (call_sid,)).fetchone()
        kept = found[0] if found is not None else 0
        if kept != version:
            raise StaleVersion(f"{call_sid}: step {version} is not the last one: step {kept} is")
    return bool(
        connection.execute(
            "INSERT INTO claims VALUES (?, ?, ?) ON CONFLICT (call_sid) DO UPDATE SET claimant = excluded.claimant,"
            " until = excluded.until WHERE claimant = excluded.claimant OR until <= ?",
            (call_sid, claimant, until, now),
        ).rowcount
    )


def overdue(connection: sqlite3.Connection, by: float, most: int) -> list[Open]:
    """The calls that are due by a time, those due longest first."""
    query = f"SELECT {OPEN} FROM calls WHERE due <= ? ORDER BY due LIMIT ?"  # noqa: S608
    return listed(connection.execute(query, (by, most)).fetchall())


def in_progress(connection: sqlite3.Connection, after: str, most: int) -> list[Open]:
    """The calls in progress whose CallSids come after one, in the order of their CallSids."""
    query = f"SELECT {OPEN} FROM calls WHERE call_sid > ? AND status = 'in-progress' ORDER BY call_sid LIMIT ?"  # noqa: S608
    return listed(connection.execute(query, (after, most)).fetchall())


def ended(connection: sqlite3.Connection, since: float, most: int) -> list[str]:
    """The CallSids of calls that are over and were last heard of since a time, the earliest first."""
    query = "SELECT call_sid FROM calls WHERE status <> 'in-progress' AND latest >= ? ORDER BY latest LIMIT ?"
    return [call_sid for (call_sid,) in connection.execute(query, (since, most)).fetchall()]


def write_usual(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    """Write a few steps in a transaction of their own, in one statement: all of them, or none.

    Raises `IntegrityError` if one is stale, or its program isn't kept yet. `write` knows what to do then.
    """
    connection.execute(_insert("steps", _STEP, len(steps)), _flat((*step.call, *step.row[2:]) for step in steps))


def write(connection: sqlite3.Connection, steps: Sequence[Step]) -> list[StaleVersion | None]:
    """Write a group of steps within a transaction: for each None, or why it was left out.

    Raises whatever SQLite does; the transaction is then to be rolled back.
    """
    versions = _versions(connection, steps)
    outcomes: list[StaleVersion | None] = []
    taken: list[Step] = []
    for step in steps:
        before = versions.get(step.call_sid, 0)
        if step.version != before + 1:
            outcomes.append(StaleVersion(f"{step.call_sid}: step {step.version} doesn't follow step {before}"))
            continue
        versions[step.call_sid] = step.version
        taken.append(step)
        outcomes.append(None)
    for some in _parts(taken):
        _write_calls(connection, some)
        connection.execute(_insert("rows", ROW, len(some)), _flat(step.row for step in some))
    old = [(step.call_sid, step.version - KEPT_ROWS) for step in taken if step.version > KEPT_ROWS]
    if old:
        connection.executemany("DELETE FROM rows WHERE call_sid = ? AND version = ?", old)
    outbox.write(connection, [letter for step in taken for letter in step.letters])
    over = [(step.call_sid, step.claimant) for step in taken if step.claimant]
    if over:
        connection.executemany("DELETE FROM claims WHERE call_sid = ? AND claimant = ?", over)
    return outcomes


def _versions(connection: sqlite3.Connection, steps: Sequence[Step]) -> dict[str, int]:
    """The version that is kept of each of these steps' calls."""
    versions: dict[str, int] = {}
    for some in _parts(steps):
        found = connection.execute(_select_versions(len(some)), [step.call_sid for step in some]).fetchone()
        versions.update(json.loads(found[0]))
    return versions


def _write_calls(connection: sqlite3.Connection, steps: Sequence[Step]) -> None:
    query, values = _upsert(len(steps)), _flat(step.call for step in steps)
    try:
        connection.execute(query, values)
    except sqlite3.IntegrityError:  # a program that was not kept yet, most likely
        for digest, program in {step.digest: step.program for step in steps}.items():
            connection.execute("INSERT OR IGNORE INTO programs VALUES (?, ?)", (digest, program_text(program)))
        connection.execute(query, values)


def _parts(steps: Sequence[Step]) -> Iterator[Sequence[Step]]:
    return (steps[at : at + AT_A_TIME] for at in range(0, len(steps), AT_A_TIME))


def _flat(rows: Iterator[tuple[Any, ...]]) -> list[Any]:
    return [value for row in rows for value in row]


@cache
def _select_versions(count: int) -> str:
    marks = ", ".join("?" * count)
    return f"SELECT json_group_object(call_sid, version) FROM calls WHERE call_sid IN ({marks})"  # noqa: S608


@cache
def _insert(table: str, columns: str, count: int) -> str:
    marks = f"({', '.join('?' for _ in columns.split(','))})"
    return f"INSERT INTO {table} ({columns}) VALUES {', '.join([marks] * count)}"  # noqa: S608


@cache
def _upsert(count: int) -> str:
    changed = ", ".join(f"{name} = excluded.{name}" for name in CALL.split(", ")[1:] if name != "initial_params")
    return f"{_insert('calls', CALL, count)} ON CONFLICT (call_sid) DO UPDATE SET {changed}"


def prune(connection: sqlite3.Connection, before: float, most: int) -> int:
    """Forget calls that are over, and were last heard of before a time; gives how many, at most `most`.

    One that nothing more is expected of: neither a recording, nor that somebody is told of something.
    """
    with transaction(connection):
        return connection.execute(
            "DELETE FROM calls WHERE call_sid IN (SELECT call_sid FROM calls"
            " WHERE status <> 'in-progress' AND latest < ? AND due IS NULL AND NOT EXISTS"
            " (SELECT 1 FROM letters WHERE letters.call_sid = calls.call_sid AND letters.due IS NOT NULL)"
            " ORDER BY latest LIMIT ?)",
            (before, most),
        ).rowcount


def sweep(connection: sqlite3.Connection, after: str, most: int) -> str:
    """Forget programs that no call has any more, among the next few; gives where to go on, "" at the end."""
    with transaction(connection):
        query = "SELECT max(digest) FROM (SELECT digest FROM programs WHERE digest > ? ORDER BY digest LIMIT ?)"
        [last] = connection.execute(query, (after, most)).fetchone()
        connection.execute(
            "DELETE FROM programs WHERE digest > ? AND digest <= ?"
            " AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.program = programs.digest)",
            (after, last),
        )
    return last or ""


def forget_claims(connection: sqlite3.Connection, before: float) -> None:
    """Forget claims that ran out before a time: of calls that never began, or of daemons that died."""
    connection.execute("DELETE FROM claims WHERE until < ?", (before,))


def give_back(connection: sqlite3.Connection, pages: int) -> int:
    """Give free pages of the file back to the disk, so many at most; gives how many are still free."""
    connection.execute(f"PRAGMA incremental_vacuum({pages:d})").fetchall()
    [[free]] = connection.execute("PRAGMA freelist_count")
    return int(free)


def touch(connection: sqlite3.Connection) -> None:
    """Write something that changes nothing, to see that it can be written."""
    with transaction(connection):
        [[version]] = connection.execute("PRAGMA user_version")
        connection.execute(f"PRAGMA user_version = {version:d}")
