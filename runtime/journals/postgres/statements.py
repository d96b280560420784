"""The statements: each finds what it wants by a key, however many calls there are.

A group of steps is one statement, and so a transaction of its own: columns go to the server as
arrays, `unnest` makes rows of them, and only the steps whose calls took them have their rows of
history, their letters, and an end of their claims. Two daemons that commit a step of the same call
wait for each other at the call's row, and the second finds another version there than it expects.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import asyncpg

from actors import KEPT_ROWS, JournalError, Open, Row, Snapshot, StaleVersion
from runtime.journals.codec import CALL, LETTER, OPEN, ROW, Programs, Step, listed, program_text, row_of, snapshot_of
from runtime.journals.postgres.arrays import columns, text, unnest
from runtime.journals.postgres.connections import Connection

KNOWN = 10_000
"""Programs that are known to be kept, at most."""

_STEP = ", ".join(dict.fromkeys([*CALL.split(", "), *ROW.split(", "), "claimant"]))
_OWN = [at for at, name in enumerate(ROW.split(", ")) if name not in CALL.split(", ")]
"""Where a row has what isn't a column of its call too."""
_CHANGED = ", ".join(f"{name} = step.{name}" for name in CALL.split(", ")[1:] if name != "initial_params")
_PROGRAM = "digest, text"
_FIRST = _STEP.count(",") + 2

_STEPS = f"""
WITH step AS (
    SELECT * FROM {unnest(_STEP)}
), changed AS (
    UPDATE calls SET {_CHANGED} FROM step
    WHERE calls.call_sid = step.call_sid AND calls.version = step.version - 1 AND step.version > 1
    RETURNING calls.call_sid
), begun AS (
    INSERT INTO calls ({CALL}) SELECT {CALL} FROM step WHERE version = 1
    ON CONFLICT DO NOTHING RETURNING call_sid
), done AS (
    SELECT step.* FROM step JOIN (TABLE changed UNION ALL TABLE begun) AS those USING (call_sid)
), added AS (
    INSERT INTO rows ({ROW}) SELECT {ROW} FROM done
), trimmed AS (
    DELETE FROM rows USING done
    WHERE rows.call_sid = done.call_sid AND rows.version = done.version - {KEPT_ROWS}
), released AS (
    DELETE FROM claims USING done WHERE claims.call_sid = done.call_sid AND claims.claimant = done.claimant
)"""  # noqa: S608 - the columns' names are ours
_MORE = f"""
, kept AS (
    INSERT INTO programs ({_PROGRAM}) SELECT * FROM {unnest(_PROGRAM, _FIRST)} ON CONFLICT DO NOTHING
), posted AS (
    INSERT INTO letters ({LETTER})
    SELECT given.* FROM {unnest(LETTER, _FIRST + 2)} JOIN done USING (call_sid, version)
)"""  # noqa: S608
_DONE = " SELECT call_sid FROM done"
_WRITE = _STEPS + _DONE
_WRITE_MORE = _STEPS + _MORE + _DONE
"""The same with programs that are new, or letters."""


async def write(connection: Connection, steps: Sequence[Step], known: set[str]) -> list[StaleVersion | None]:
    """Write a group of steps, one of each call: for each None, or why it was left out.

    `known` are digests of programs that are kept, as far as this daemon knows.
    """
    values = columns(_STEP, [(*step.call, *(step.row[at] for at in _OWN), step.claimant) for step in steps])
    for _ in range(3):
        texts = {step.digest: program_text(step.program) for step in steps if step.digest not in known}
        letters = [letter for step in steps for letter in step.letters]
        try:
            if texts or letters:
                more = [list(texts), list(texts.values()), *columns(LETTER, letters)]
                found = await connection.fetch(_WRITE_MORE, *values, *more)
            else:
                found = await connection.fetch(_WRITE, *values)
        except asyncpg.ForeignKeyViolationError:  # a program that nobody had any more was forgotten just now
            known.difference_update(step.digest for step in steps)
            continue
        if len(known) > KNOWN:
            known.clear()
        known.update(step.digest for step in steps)
        done = {call_sid for (call_sid,) in found}
        return [None if text(step.call_sid) in done else _stale(step) for step in steps]
    raise JournalError("programs are forgotten faster than they can be written down")


def _stale(step: Step) -> StaleVersion:
    return StaleVersion(f"{step.call_sid}: step {step.version} doesn't follow the one that is kept")


async def load(connection: Connection, call_sid: str, programs: Programs) -> Snapshot | None:
    """The latest snapshot of a call, or None."""
    found = await connection.fetchrow(f"SELECT {CALL} FROM calls WHERE call_sid = $1", text(call_sid))  # noqa: S608
    if found is None:
        return None
    if (program := programs.held(found["program"])) is not None:
        return snapshot_of(tuple(found), program)
    # Both in one, for between two statements the program may go, with the step that had it.
    query = f"SELECT {CALL}, text FROM calls JOIN programs ON digest = program WHERE call_sid = $1"  # noqa: S608
    found = await connection.fetchrow(query, text(call_sid))
    if found is None:
        return None
    *call, written = found
    return snapshot_of(call, programs.read(found["program"], lambda: str(written)))


async def history(connection: Connection, call_sid: str, most: int = KEPT_ROWS) -> tuple[Row, ...]:
    """A call's latest rows, the oldest of them first."""
    query = f"SELECT {ROW} FROM rows WHERE call_sid = $1 ORDER BY version DESC LIMIT $2"  # noqa: S608
    return tuple(row_of(tuple(each)) for each in reversed(await connection.fetch(query, text(call_sid), most)))


async def claim(
    connection: Connection, call_sid: str, version: int | None, claimant: str, now: float, until: float
) -> bool:
    """Claim a call, or renew a claim on it. Raises `StaleVersion`."""
    had = await connection.fetchval("SELECT claim($1, $2, $3, $4, $5)", text(call_sid), version, claimant, now, until)
    if had is None:
        raise StaleVersion(f"{call_sid}: it isn't at step {version} any more")
    return bool(had)


async def overdue(connection: Connection, by: float, most: int) -> list[Open]:
    """The calls that are due by a time, those due longest first."""
    query = f"SELECT {OPEN} FROM calls WHERE due <= $1 ORDER BY due LIMIT $2"  # noqa: S608
    return listed(map(tuple, await connection.fetch(query, by, most)))


async def in_progress(connection: Connection, after: str, most: int) -> list[Open]:
    """The calls in progress whose CallSids come after one, in the order of their CallSids."""
    query = (
        f"SELECT {OPEN} FROM calls WHERE status = 'in-progress' AND call_sid > $1"  # noqa: S608
        " ORDER BY call_sid LIMIT $2"
    )
    return listed(map(tuple, await connection.fetch(query, text(after), most)))


async def ended(connection: Connection, since: float, most: int) -> list[str]:
    """The CallSids of calls that are over and were last heard of since a time, the earliest first."""
    query = (
        "SELECT call_sid FROM calls WHERE status <> 'in-progress' AND latest >= $1 ORDER BY latest, call_sid LIMIT $2"
    )
    return [call_sid for (call_sid,) in await connection.fetch(query, since, most)]


async def prune(connection: Connection, before: float, most: int) -> int:
    """Forget calls that are over, and were last heard of before a time; gives how many, at most `most`.

    One that nothing more is expected of: neither a recording, nor that somebody is told of something.
    """
    query = """
        DELETE FROM calls WHERE call_sid IN (
            SELECT call_sid FROM calls
            WHERE status <> 'in-progress' AND latest < $1 AND due IS NULL AND NOT EXISTS (
                SELECT FROM letters WHERE letters.call_sid = calls.call_sid AND letters.due IS NOT NULL
            ) ORDER BY latest LIMIT $2
        ) AND status <> 'in-progress' AND latest < $1 AND due IS NULL RETURNING 1"""
    return len(await connection.fetch(query, before, most))


async def sweep(connection: Connection, after: str, most: int) -> str:
    """Forget programs that no call has any more, among the next few; gives where to go on, "" at the end."""
    query = "SELECT max(digest) FROM (SELECT digest FROM programs WHERE digest > $1 ORDER BY digest LIMIT $2) AS page"
    last = await connection.fetchval(query, after, most)
    query = (
        "DELETE FROM programs WHERE digest > $1 AND digest <= $2"
        " AND NOT EXISTS (SELECT FROM calls WHERE calls.program = programs.digest)"
    )
    # If a call begins with one of them just now, they are looked at again next time.
    with suppress(asyncpg.ForeignKeyViolationError):
        await connection.execute(query, after, last)
    return last or ""


async def forget_claims(connection: Connection, before: float) -> None:
    """Forget claims that ran out before a time, and were not ended by a step."""
    await connection.execute("DELETE FROM claims WHERE until < $1", before)


async def touch(connection: Connection) -> None:
    """Write something that changes nothing, to see that it can be written."""
    await connection.execute("UPDATE schema SET version = version")
