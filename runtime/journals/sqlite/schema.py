"""The file of SQLite's that calls are kept in: how it is opened, and what its tables are.

`PRAGMA user_version` counts the migrations that a file has had. A later release adds to the end of
`MIGRATIONS`, and never changes what is there; an older one refuses a file that is ahead of it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from actors import JournalError
from runtime.journals.sqlite.faults import told

APPLICATION = 0x53776874
"""Says that a file of SQLite's is ours: "Swht"."""
BUSY = 3.0
"""Seconds to wait for another process that holds the file. Twilio waits 15, and a call tries up to three times."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE programs (
            digest TEXT PRIMARY KEY,
            text TEXT NOT NULL
        )""",
        """CREATE TABLE calls (
            call_sid TEXT PRIMARY KEY,
            recipe TEXT NOT NULL,
            version INTEGER NOT NULL,
            status TEXT NOT NULL,
            started REAL NOT NULL,
            latest REAL NOT NULL,
            program TEXT NOT NULL REFERENCES programs,
            snapshot TEXT NOT NULL
        )""",
        """CREATE TABLE rows (
            call_sid TEXT NOT NULL REFERENCES calls ON DELETE CASCADE,
            version INTEGER NOT NULL,
            at REAL NOT NULL,
            kind TEXT NOT NULL,
            path TEXT NOT NULL,
            step INTEGER,
            params TEXT NOT NULL,
            answer TEXT NOT NULL,
            moved INTEGER NOT NULL,
            PRIMARY KEY (call_sid, version)
        )""",
    ),
    (
        "CREATE INDEX calls_over ON calls (latest) WHERE status <> 'in-progress'",
        "CREATE INDEX calls_of_program ON calls (program)",
    ),
    (
        "ALTER TABLE calls ADD COLUMN due REAL",
        "ALTER TABLE calls ADD COLUMN initial_params TEXT NOT NULL DEFAULT '{}'",
        "ALTER TABLE rows ADD COLUMN same TEXT NOT NULL DEFAULT ''",
        """UPDATE rows SET same = coalesce((
            SELECT key FROM calls, json_each(calls.snapshot, '$.answered') AS given
            WHERE calls.call_sid = rows.call_sid AND given.value = rows.answer LIMIT 1
        ), '')""",
        """UPDATE calls SET
            due = CASE WHEN status = 'in-progress' THEN started + 86400 END,
            initial_params = json_extract(snapshot, '$.initial_params'),
            snapshot = json_set(snapshot, '$.ending', json('false'), '$.awaited', json('{}'))""",
        "UPDATE calls SET snapshot = json_remove(snapshot, '$.initial_params', '$.params', '$.answered')",
        "CREATE INDEX calls_due ON calls (due) WHERE due IS NOT NULL",
        "CREATE INDEX calls_open ON calls (call_sid) WHERE status = 'in-progress'",
        """CREATE TABLE letters (
            call_sid TEXT NOT NULL REFERENCES calls ON DELETE CASCADE,
            version INTEGER NOT NULL,
            number INTEGER NOT NULL,
            event TEXT NOT NULL,
            module TEXT NOT NULL,
            function TEXT NOT NULL,
            at REAL NOT NULL,
            path TEXT NOT NULL,
            step INTEGER,
            params TEXT NOT NULL,
            due REAL,
            tries INTEGER NOT NULL,
            reason TEXT NOT NULL,
            PRIMARY KEY (call_sid, version, number)
        )""",
        "CREATE INDEX letters_due ON letters (due) WHERE due IS NOT NULL",
        "CREATE INDEX letters_dead ON letters (at) WHERE due IS NULL",
        """CREATE TABLE claims (
            call_sid TEXT PRIMARY KEY,
            claimant TEXT NOT NULL,
            until REAL NOT NULL
        ) WITHOUT ROWID""",
        """CREATE VIEW steps AS SELECT
            call_sid, recipe, version, status, started, latest, due, program, initial_params, snapshot,
            at, kind, path, step, params, answer, moved, same
        FROM calls JOIN rows USING (call_sid, version)""",
        """CREATE TRIGGER first_step INSTEAD OF INSERT ON steps WHEN new.version = 1 BEGIN
            INSERT INTO calls
                (call_sid, recipe, version, status, started, latest, due, program, initial_params, snapshot)
            VALUES (new.call_sid, new.recipe, 1, new.status, new.started, new.latest, new.due, new.program,
                new.initial_params, new.snapshot);
            INSERT INTO rows (call_sid, version, at, kind, path, step, params, answer, moved, same)
            VALUES (new.call_sid, 1, new.at, new.kind, new.path, new.step, new.params, new.answer, new.moved, new.same);
        END""",
        """CREATE TRIGGER next_step INSTEAD OF INSERT ON steps WHEN new.version <> 1 BEGIN
            UPDATE calls SET recipe = new.recipe, version = new.version, status = new.status, started = new.started,
                latest = new.latest, due = new.due, program = new.program, snapshot = new.snapshot
            WHERE call_sid = new.call_sid AND version = new.version - 1;
            SELECT raise(ABORT, 'stale') WHERE changes() <> 1;
            INSERT INTO rows (call_sid, version, at, kind, path, step, params, answer, moved, same)
            VALUES (new.call_sid, new.version, new.at, new.kind, new.path, new.step, new.params, new.answer,
                new.moved, new.same);
        END""",
    ),
)
"""The statements of each version. The second has what is looked for when old calls are pruned; the third has letters
and claims, keeps the first webhook of a call but once, and finds repeats by the rows; its view of `steps` is where a
group of usual steps is written in one statement."""

_OUTER = ("BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",))
_INNER = ("SAVEPOINT part", "RELEASE part", ("ROLLBACK TO part", "RELEASE part"))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done within is kept, or none of it; within another, as far as that is kept."""
    begin, keep, undo = _INNER if connection.in_transaction else _OUTER
    connection.execute(begin)
    try:
        yield
        connection.execute(keep)
    except BaseException:
        for statement in undo if connection.in_transaction else ():
            connection.execute(statement)
        raise


def connect(path: Path, *, create: bool = True, busy: float = BUSY) -> sqlite3.Connection:
    """A connection to a journal's file, with its tables as they are now. Raises `JournalError`."""
    with told(path):
        uri = f"file:{quote(str(path))}?mode={'rwc' if create else 'rw'}"
        connection = sqlite3.connect(uri, uri=True, timeout=busy, isolation_level=None, cached_statements=256)
        try:
            _prepare(connection, path, busy)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, busy: float) -> None:
    version = _version(connection, path)
    if version == 0:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # which only a file without tables takes
    mode = _write_ahead(connection, busy)
    if mode != "wal":
        raise JournalError(f"{path}: it is on a file system that can't hold a journal; name a file on a local disk")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    if version < len(MIGRATIONS):
        with transaction(connection):
            _migrate(connection, _version(connection, path))


def _write_ahead(connection: sqlite3.Connection, busy: float) -> str:
    """Have a file written ahead; gives the mode it has then.

    SQLite waits for another process that holds the file, but not where that wants the same: one of two who make it at
    the same time is refused at once.
    """
    over = time.monotonic() + busy
    while True:
        try:
            [[mode]] = connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as problem:
            if problem.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= over:
                raise
            time.sleep(0.005)
        else:
            return str(mode)


def _version(connection: sqlite3.Connection, path: Path) -> int:
    """How many migrations a file has had. Raises `JournalError` if it isn't for us."""
    # In one statement, for another process may be making the file at this moment.
    [[version, application, tables]] = connection.execute(
        "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_schema)"
        " FROM pragma_user_version, pragma_application_id"
    )
    if application != APPLICATION and (tables or version or application):
        raise JournalError(f"{path}: it is a database of something else; name another file")
    if version > len(MIGRATIONS):
        raise JournalError(
            f"{path}: a newer Switchhook has written it (version {version}, this one knows {len(MIGRATIONS)}); "
            "run that one, or name another file"
        )
    return int(version)


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    for statements in MIGRATIONS[version:]:
        for statement in statements:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")
