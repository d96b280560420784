"""The statements about letters: who asks for one gets it alone."""

from __future__ import annotations

from collections.abc import Sequence

from actors import Letter
from runtime.journals.codec import LETTER, letter_of
from runtime.journals.postgres.arrays import columns, text, unnest
from runtime.journals.postgres.connections import Connection

_KEY = "call_sid, version, number"
_DEAD = (
    f"{unnest(_KEY)} WHERE letters.call_sid = given.call_sid AND letters.version = given.version"
    " AND letters.number = given.number AND letters.due IS NULL"
)
"""Those of the letters given that are dead."""


async def due(connection: Connection, now: float, most: int) -> list[str]:
    """The CallSids of calls whose first letter is due, those due longest first."""
    query = """
        SELECT call_sid FROM letters AS first
        WHERE due <= $1 AND NOT EXISTS (
            SELECT FROM letters AS earlier
            WHERE earlier.call_sid = first.call_sid AND earlier.due IS NOT NULL
            AND (earlier.version, earlier.number) < (first.version, first.number)
        ) ORDER BY due LIMIT $2"""
    return [call_sid for (call_sid,) in await connection.fetch(query, now, most)]


async def take(connection: Connection, call_sid: str, now: float, until: float) -> Letter | None:
    """The first letter of a call if it is due, leased until a time.

    Of two who find the same letter the second waits for the first, and then finds it not due any more.
    """
    query = f"""
        UPDATE letters SET due = $3, tries = tries + 1
        FROM (
            SELECT version, number FROM letters WHERE call_sid = $1 AND due IS NOT NULL
            ORDER BY version, number LIMIT 1
        ) AS first
        WHERE call_sid = $1 AND letters.version = first.version AND letters.number = first.number AND due <= $2
        RETURNING {", ".join(f"letters.{name}" for name in LETTER.split(", "))}"""  # noqa: S608 - the names are ours
    found = await connection.fetchrow(query, text(call_sid), now, until)
    return letter_of(tuple(found)) if found is not None else None


async def strike(connection: Connection, letter: Letter) -> None:
    """Forget a letter."""
    query = "DELETE FROM letters WHERE call_sid = $1 AND version = $2 AND number = $3"
    await connection.execute(query, text(letter.call_sid), letter.version, letter.number)


async def postpone(connection: Connection, letter: Letter) -> None:
    """Write down a letter's `due`, `tries` and `reason`, if it is still there."""
    query = "UPDATE letters SET due = $4, tries = $5, reason = $6 WHERE call_sid = $1 AND version = $2 AND number = $3"
    key = text(letter.call_sid), letter.version, letter.number
    await connection.execute(query, *key, letter.due, letter.tries, text(letter.reason))


async def dead(connection: Connection, most: int) -> list[Letter]:
    """The dead letters, the latest first."""
    query = (
        f"SELECT {LETTER} FROM letters WHERE due IS NULL"  # noqa: S608
        " ORDER BY at DESC, call_sid, version DESC, number DESC LIMIT $1"
    )
    return [letter_of(tuple(each)) for each in await connection.fetch(query, most)]


async def count_dead(connection: Connection) -> int:
    """How many dead letters there are."""
    return int(await connection.fetchval("SELECT count(*) FROM letters WHERE due IS NULL"))


async def revive(connection: Connection, letters: Sequence[Letter], now: float) -> int:
    """Have dead letters delivered after all; gives how many there were."""
    query = f"UPDATE letters SET due = $4::float8, tries = 0 FROM {_DEAD} RETURNING 1"  # noqa: S608
    return len(await connection.fetch(query, *_keys(letters), now))


async def drop(connection: Connection, letters: Sequence[Letter]) -> int:
    """Forget dead letters; gives how many there were."""
    query = f"DELETE FROM letters USING {_DEAD} RETURNING 1"  # noqa: S608
    return len(await connection.fetch(query, *_keys(letters)))


def _keys(letters: Sequence[Letter]) -> list[list[object]]:
    return columns(_KEY, [(each.call_sid, each.version, each.number) for each in letters])
