"""The tables, in a schema `switchhook` of their own, and how they come to be what they are now.

`schema.version` counts the migrations that they have had. A later release adds to the end of
`MIGRATIONS`, and never changes what is there, nor what an older one still needs: daemons are
replaced one after the other. An older one that is started anew refuses what is ahead of it.

What is JSON is text: `jsonb` refuses the character NUL, which a caller may send.
"""

from __future__ import annotations

from actors import JournalError
from runtime.journals.postgres.connections import PATIENCE, Connection, connect
from runtime.journals.postgres.faults import told
from runtime.journals.urls import shown

LOCK = 0x53776874
"""The advisory lock of who changes the tables: "Swht". The next number is that of who tidies up."""
MIGRATING = 600.0
"""Seconds that a migration may take, or wait for another daemon's."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE switchhook.programs (
        digest text COLLATE "C" PRIMARY KEY,
        text text NOT NULL
    );
    CREATE TABLE switchhook.calls (
        call_sid text COLLATE "C" PRIMARY KEY,
        recipe text NOT NULL,
        version bigint NOT NULL,
        status text NOT NULL,
        started double precision NOT NULL,
        latest double precision NOT NULL,
        due double precision,
        program text COLLATE "C" NOT NULL REFERENCES switchhook.programs,
        initial_params text NOT NULL,
        snapshot text NOT NULL
    );
    CREATE INDEX calls_open ON switchhook.calls (call_sid) WHERE status = 'in-progress';
    CREATE INDEX calls_over ON switchhook.calls (latest) WHERE status <> 'in-progress';
    CREATE INDEX calls_due ON switchhook.calls (due) WHERE due IS NOT NULL;
    CREATE INDEX calls_begun ON switchhook.calls (started, call_sid);
    CREATE INDEX calls_of_program ON switchhook.calls (program);
    CREATE TABLE switchhook.rows (
        call_sid text COLLATE "C" NOT NULL REFERENCES switchhook.calls ON DELETE CASCADE,
        version bigint NOT NULL,
        at double precision NOT NULL,
        kind text NOT NULL,
        path text NOT NULL,
        step bigint,
        params text NOT NULL,
        answer text NOT NULL,
        moved boolean NOT NULL,
        same text NOT NULL,
        PRIMARY KEY (call_sid, version)
    );
    CREATE TABLE switchhook.letters (
        call_sid text COLLATE "C" NOT NULL REFERENCES switchhook.calls ON DELETE CASCADE,
        version bigint NOT NULL,
        number bigint NOT NULL,
        event text NOT NULL,
        module text NOT NULL,
        function text NOT NULL,
        at double precision NOT NULL,
        path text NOT NULL,
        step bigint,
        params text NOT NULL,
        due double precision,
        tries bigint NOT NULL,
        reason text NOT NULL,
        PRIMARY KEY (call_sid, version, number)
    );
    CREATE INDEX letters_due ON switchhook.letters (due) WHERE due IS NOT NULL;
    CREATE INDEX letters_dead ON switchhook.letters (at) WHERE due IS NULL;
    CREATE TABLE switchhook.claims (
        call_sid text COLLATE "C" PRIMARY KEY,
        claimant text NOT NULL,
        until double precision NOT NULL
    );
    -- A function, for each of its statements sees what was committed before it: whoever has waited
    -- for a claim to end sees the step that it ended with. Gives whether the claim is had, or null
    -- if the version is another.
    CREATE FUNCTION switchhook.claim(
        sid text, expected bigint, whose text, at double precision, til double precision
    ) RETURNS boolean LANGUAGE plpgsql AS $$
    DECLARE
        had boolean;
    BEGIN
        INSERT INTO switchhook.claims AS claimed VALUES (sid, whose, til)
            ON CONFLICT (call_sid) DO UPDATE SET claimant = whose, until = til
            WHERE claimed.claimant = whose OR claimed.until <= at;
        had := FOUND;
        IF expected <> coalesce((SELECT version FROM switchhook.calls WHERE call_sid = sid), 0) THEN
            RAISE SQLSTATE 'SW001';
        END IF;
        RETURN had;
    EXCEPTION WHEN SQLSTATE 'SW001' THEN  -- which has undone the claim
        RETURN NULL;
    END $$;
    """,
)
"""The statements of each version."""


async def prepare(url: str, patience: float = PATIENCE) -> None:
    """Bring the tables up to date, making them if there are none. Raises `JournalError`."""
    name = shown(url)
    connection = await connect(url, patience, MIGRATING)
    try:
        with told(name):
            if await _version(connection, name) == len(MIGRATIONS):
                return
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
                await _migrate(connection, await _version(connection, name))
    finally:
        connection.terminate()


async def check(connection: Connection, name: str) -> None:
    """See that the tables are there, and are those of this release. Raises `JournalError`."""
    version = await _version(connection, name)
    if version == 0:
        raise JournalError(f"{name}: there is no journal")
    if version < len(MIGRATIONS):
        raise JournalError(
            f"{name}: an older Switchhook has written it; start this one's daemon once, which brings it up to date"
        )


async def _version(connection: Connection, name: str) -> int:
    """How many migrations there were. Raises `JournalError` if there were more than we know."""
    # From the catalogue's tables: its functions may not see yet what another daemon has made just now.
    query = "SELECT FROM pg_tables WHERE schemaname = 'switchhook' AND tablename = 'schema'"
    if not await connection.fetch(query):
        return 0
    version: int = await connection.fetchval("SELECT version FROM switchhook.schema")
    if version > len(MIGRATIONS):
        raise JournalError(
            f"{name}: a newer Switchhook has written it (version {version}, this one knows {len(MIGRATIONS)}); "
            "run that one, or name another database"
        )
    return version


async def _migrate(connection: Connection, version: int) -> None:
    if version == 0:
        if not await connection.fetch("SELECT FROM pg_namespace WHERE nspname = 'switchhook'"):
            await connection.execute("CREATE SCHEMA switchhook")
        await connection.execute("CREATE TABLE switchhook.schema (version integer NOT NULL)")
        await connection.execute("INSERT INTO switchhook.schema VALUES (0)")
    for statements in MIGRATIONS[version:]:
        await connection.execute(statements)
    await connection.execute("UPDATE switchhook.schema SET version = $1", len(MIGRATIONS))
