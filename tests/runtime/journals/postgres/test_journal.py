"""The journal in a real PostgreSQL: its tables, its groups, what is forgotten, and a server that can't be used."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from urllib.parse import urlsplit

import asyncpg
import pytest

from actors import JournalError, StaleVersion
from runtime.journals.postgres import PostgresJournal, groups, schema, statements
from runtime.journals.postgres import journal as module
from runtime.journals.postgres.faults import Unusable
from runtime.journals.postgres.schema import MIGRATIONS
from tests.postgres import PASSWORD, Server
from tests.postgres import own as own_server
from tests.postgres import statements as carry_out
from tests.runtime.journals.examples import letter, row, snapshot, until
from twiml import Say, compile

DAY = 86_400.0
TIDY = PostgresJournal._tidy
TABLES = """
    SELECT table_name, column_name, data_type, is_nullable, collation_name FROM information_schema.columns
    WHERE table_schema = 'switchhook' ORDER BY table_name, ordinal_position
"""


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """A server in trouble is looked at again soon. Nothing is forgotten unless a test says so."""
    monkeypatch.setattr(module, "RETRY", 0.01)
    monkeypatch.setattr(PostgresJournal, "_tidy", lambda _: asyncio.sleep(0))


@pytest.fixture
async def opened():
    """Makes journals for which it is the beginning of time, and closes them when the test is over."""
    journals = []

    def opened(url, **more):
        journals.append(PostgresJournal(url, **{"now": lambda: 0.0} | more))
        return journals[-1]

    yield opened
    for each in journals:
        await each.close()


@pytest.fixture
async def journal(opened, database):
    journal = opened(database)
    await journal.open()
    return journal


@pytest.fixture(scope="module")
def server():
    """A server of this module's own, which may be stopped."""
    server = own_server()
    yield server
    server.close()


@pytest.fixture
def running(server: Server):
    """The same, running, and put right when the test is over."""
    yield server
    server.freeze(frozen=False)
    server.restart()


@pytest.fixture
def found(database):
    """What somebody else finds in the database."""
    return lambda query: carry_out(database, query)


async def problem_of(work) -> str:
    with pytest.raises(JournalError) as caught:
        await work
    assert not isinstance(caught.value, StaleVersion)
    assert PASSWORD not in str(caught.value)
    assert "%20" not in str(caught.value)
    return str(caught.value)


# --- the tables ----------------------------------------------------------------------------------


async def test_a_new_database_has_the_latest_version(journal, found):
    assert found("SELECT version FROM switchhook.schema") == [(len(MIGRATIONS),)]
    assert {table for table, *_ in found(TABLES)} == {"calls", "claims", "letters", "programs", "rows", "schema"}


async def test_it_is_opened_again_as_it_is(journal, opened, database):
    await journal.commit(snapshot(), row())
    await journal.close()

    again = opened(database)
    await again.open()

    assert await again.load("CA1") == snapshot()


async def test_many_daemons_may_make_the_tables_at_the_same_time(database, opened, found):
    await asyncio.gather(*(opened(database).open() for _ in range(8)))

    assert found("SELECT version FROM switchhook.schema") == [(len(MIGRATIONS),)]


async def test_many_daemons_may_bring_them_up_to_date_at_the_same_time(journal, database, opened, found, monkeypatch):
    monkeypatch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, "CREATE TABLE switchhook.news (n integer)"))

    await asyncio.gather(*(opened(database).open() for _ in range(8)))

    assert found("SELECT version FROM switchhook.schema") == [(len(MIGRATIONS) + 1,)]
    assert found("SELECT count(*) FROM switchhook.news") == [(0,)]


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
async def test_an_older_version_is_brought_up_to_date(database, opened, monkeypatch, found, version):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", MIGRATIONS[:version])
        await schema.prepare(database)
    await opened(database).open()

    assert found("SELECT version FROM switchhook.schema") == [(len(MIGRATIONS),)]


async def test_a_newer_version_is_refused_and_left_as_it_is(journal, database, opened, found):
    found(f"UPDATE switchhook.schema SET version = {len(MIGRATIONS) + 1}")  # noqa: S608
    before = found(TABLES)

    says = await problem_of(opened(database).open())

    assert f"a newer Switchhook has written it (version {len(MIGRATIONS) + 1}, this one knows" in says
    assert "run that one, or name another database" in says
    assert found(TABLES) == before


async def test_a_migration_that_fails_leaves_the_tables_as_they_were(journal, database, opened, found, monkeypatch):
    before = found(TABLES)
    broken = "CREATE TABLE switchhook.news (n integer); CREATE TABLE switchhook.calls (n integer)"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, broken))
        assert "it can't be used" in await problem_of(opened(database).open())

    assert found(TABLES) == before
    await opened(database).open()


async def test_a_schema_that_an_administrator_has_made_will_do(database, opened, found):
    carry_out(
        database,
        "CREATE ROLE operator LOGIN PASSWORD 'secret'",
        "CREATE SCHEMA switchhook AUTHORIZATION operator",
    )
    try:
        theirs = urlsplit(database)
        theirs = theirs._replace(netloc=f"operator:secret@{theirs.hostname}:{theirs.port}").geturl()
        journal = opened(theirs)
        await journal.commit(snapshot(), row())
        assert await journal.load("CA1") == snapshot()
        await journal.close()
    finally:
        carry_out(database, "DROP OWNED BY operator CASCADE", "DROP ROLE operator")


async def test_whoever_may_not_make_tables_is_told_what_is_missing(database, opened):
    carry_out(database, "CREATE ROLE stranger LOGIN PASSWORD 'secret'")
    try:
        theirs = urlsplit(database)
        theirs = theirs._replace(netloc=f"stranger:secret@{theirs.hostname}:{theirs.port}").geturl()
        says = await problem_of(opened(theirs).open())
    finally:
        carry_out(database, "DROP ROLE stranger")

    assert "this user may not do that; it needs a schema switchhook of its own" in says


async def test_tables_that_are_gone(journal, found):
    found("DROP SCHEMA switchhook CASCADE")

    assert "the tables are gone; start anew to have them made" in await problem_of(journal.commit(snapshot(), row()))
    assert journal.trouble


# --- what is written -----------------------------------------------------------------------------


async def test_a_step_is_on_disk_when_it_is_answered_whatever_the_default_is(database, opened, found):
    name = urlsplit(database).path[1:]
    carry_out(database, f"ALTER DATABASE {name} SET synchronous_commit = off")
    journal = opened(database)
    await journal.open()

    async with journal._server.one() as connection:
        assert await connection.fetchval("SHOW synchronous_commit") == "on"
        assert await connection.fetchval("SHOW transaction_isolation") == "read committed"


async def test_a_program_is_stored_once(journal, found):
    for n in range(5):
        await journal.commit(snapshot(f"CA{n}", program=compile([Say("hello")])), row())

    assert found("SELECT count(*) FROM switchhook.programs") == [(1,)]
    assert found("SELECT count(*) FROM switchhook.calls JOIN switchhook.programs ON digest = program") == [(5,)]


async def test_the_first_webhook_is_stored_once(journal, found):
    for version in range(1, 4):
        await journal.commit(snapshot(version=version), row())

    assert found("SELECT initial_params FROM switchhook.calls") == [('{"CallSid":"CA1"}',)]


async def test_the_character_nul_is_kept_as_a_picture_of_it(journal):
    sid = "CA\0"
    sent = letter(sid, due=None, path="\0", reason="\0", params={"Body": "\0"})
    await journal.commit(snapshot(sid, recipe="a\0"), row(path="caf\0e", kind="\0", answer="<\0>", same="\0"), [sent])

    kept = await journal.load(sid)
    [line] = await journal.history(sid)
    [dead] = await journal.dead_letters(9)

    assert (kept.call_sid, kept.recipe) == ("CA␀", "a␀")
    assert (line.path, line.kind, line.answer, line.same) == ("caf␀e", "␀", "<␀>", "␀")
    assert (dead.path, dead.reason, dead.params) == ("␀", "␀", {"Body": "\0"})
    await journal.postpone(dead._replace(due=1.0, reason="\0\0"))
    assert (await journal.take_letter(sid, 1.0, 9.0)).reason == "␀␀"
    assert not await journal.claim("\0", 0, "me", 0.0, 9.0) or not await journal.claim("\0", 0, "you", 0.0, 9.0)


@pytest.mark.parametrize("unkept", [{"step": 2**64}, {"path": "\ud800"}])
async def test_a_step_that_can_not_be_kept_is_nothing_to_the_others(journal, unkept):
    await journal.open()

    outcomes = await asyncio.gather(
        *(journal.commit(snapshot(f"CA{n}"), row(**unkept if n == 3 else {})) for n in range(9)),
        return_exceptions=True,
    )

    assert [type(each) for each in outcomes] == [type(None)] * 3 + [JournalError] + [type(None)] * 5
    assert str(outcomes[3]).startswith("CA3: a step that can't be kept: ")
    assert await journal.load("CA3") is None
    assert journal.trouble == ""


async def test_steps_that_come_at_the_same_time_are_one_statement(journal, monkeypatch):
    sizes, real = [], statements.write

    async def write(connection, steps, known):
        sizes.append(len(steps))
        return await real(connection, steps, known)

    monkeypatch.setattr(statements, "write", write)
    await asyncio.gather(*(journal.commit(snapshot(f"CA{n}"), row()) for n in range(100)))

    assert sum(sizes) == 100
    assert max(sizes) == groups.MOST
    assert len(sizes) <= 4


async def test_a_step_that_nobody_waits_for_any_more_is_not_begun(journal, monkeypatch):
    held, real = asyncio.Event(), statements.write

    async def write(*args):
        await held.wait()
        return await real(*args)

    monkeypatch.setattr(statements, "write", write)
    tasks = []
    for n in range(5):
        tasks.append(asyncio.create_task(journal.commit(snapshot(f"CA{n}"), row())))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    tasks[4].cancel()
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(*tasks, return_exceptions=True)

    assert [bool(await journal.load(f"CA{n}")) for n in range(5)] == [True] * 4 + [False]


async def test_two_daemons_that_hold_each_other_up_both_go_on(database, opened):
    name = urlsplit(database).path[1:]
    carry_out(database, f"ALTER DATABASE {name} SET deadlock_timeout = '20ms'")
    journal = opened(database)
    for sid in ("CA1", "CA2"):
        await journal.commit(snapshot(sid), row())
    other = await asyncpg.connect(database)
    try:
        await other.execute("SET deadlock_timeout = '10s'")
        await other.execute("BEGIN")
        await other.execute("UPDATE switchhook.calls SET recipe = 'held' WHERE call_sid = 'CA2'")
        steps = [asyncio.create_task(journal.commit(snapshot(sid, 2), row())) for sid in ("CA1", "CA2")]
        async with asyncio.timeout(30):
            while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):  # noqa: ASYNC110
                await asyncio.sleep(0)
            await other.execute("UPDATE switchhook.calls SET recipe = 'held' WHERE call_sid = 'CA1'")
            await other.execute("COMMIT")
            await asyncio.gather(*steps)
    finally:
        other.terminate()

    assert [(await journal.load(sid)).version for sid in ("CA1", "CA2")] == [2, 2]


async def test_each_statement_finds_what_it_wants_by_a_key(database, opened, found):
    await opened(database).open()
    journal = opened(database)
    scans = "SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname NOT IN ('schema', 'claims') ORDER BY 1"
    before = found(scans)
    for n in range(20):
        await journal.commit(snapshot(f"CA{n}", due=1.0), row(), [letter(f"CA{n}"), letter(f"CA{n}", 1, 1, None)])
        await journal.commit(snapshot(f"CA{n}", 2, "failed" if n % 2 else "in-progress", due=2.0), row())
        await journal.load(f"CA{n}")
        await journal.history(f"CA{n}")
        await journal.claim(f"CA{n}", 2, "me", 0.0, 1.0)
        taken = await journal.take_letter(f"CA{n}", 1.0, 9.0)
        await journal.postpone(taken)
        await journal.strike(taken)
    await journal.overdue(9.0, 9)
    await journal.in_progress("", 9)
    await journal.ended(0.0, 9)
    await journal.due_letters(9.0, 9)
    await journal.count_dead()
    dead = await journal.dead_letters(9)
    await journal.revive(dead[:3], 9.0)
    await journal.drop(dead[3:])
    await clear(journal)
    async with journal._server.one() as connection:
        await connection.execute("SELECT pg_stat_force_next_flush()")

    assert found(scans) == before
    assert {name for name, _ in before} == {"calls", "letters", "programs", "rows"}
    [(used,)] = found("SELECT idx_scan FROM pg_stat_user_tables WHERE relname = 'calls'")
    assert used > 100


# --- what is forgotten ---------------------------------------------------------------------------


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def clock():
    return Clock()


@pytest.fixture
async def aging(database, opened, clock):
    """A journal on a clock that the test turns."""
    journal = opened(database, days=30.0, now=clock)
    await journal.open()
    return journal


@pytest.fixture
async def kept(found):
    """The calls that are still there."""
    return lambda: [sid for (sid,) in found("SELECT call_sid FROM switchhook.calls ORDER BY 1")]


async def clear(journal: PostgresJournal) -> bool:
    return await journal._ask(journal._clear)


async def test_calls_that_are_over_are_forgotten_when_they_have_been_kept_long_enough(aging, clock, found, kept):
    for sid, at, status in (("CA1", 1.0, "completed"), ("CA2", 2.0, "failed"), ("CA3", 1.0, "in-progress")):
        await aging.commit(snapshot(sid, status=status), row(at), [letter(sid, due=None)])

    clock.now = 30 * DAY + 1.0
    await clear(aging)
    assert kept() == ["CA1", "CA2", "CA3"]
    clock.now += 0.5
    await clear(aging)
    assert kept() == ["CA2", "CA3"]
    clock.now += 1.0
    await clear(aging)
    assert kept() == ["CA3"]
    clock.now += 999 * DAY
    await clear(aging)

    for table in ("calls", "rows", "letters"):
        assert found(f"SELECT call_sid FROM switchhook.{table}") == [("CA3",)]  # noqa: S608


async def test_a_call_is_kept_while_a_letter_of_it_is_under_way(aging, clock, kept):
    await aging.commit(snapshot(status="completed"), row(1.0), [letter(due=1.0)])
    clock.now = 31 * DAY

    await clear(aging)
    assert kept() == ["CA1"]
    await aging.strike(letter())
    await clear(aging)
    assert kept() == []


async def test_a_call_is_kept_while_a_recording_of_it_is_expected(aging, clock, kept):
    await aging.commit(snapshot(status="completed", due=60.0), row(1.0))
    clock.now = 31 * DAY

    await clear(aging)
    assert kept() == ["CA1"]
    await aging.commit(snapshot(version=2, status="completed"), row(2.0))
    await clear(aging)
    assert kept() == []


async def test_a_late_callback_keeps_a_call_longer(aging, clock, kept):
    await aging.commit(snapshot(status="completed"), row(1.0))
    await aging.commit(snapshot(version=2, status="completed"), row(5 * DAY))
    clock.now = 31 * DAY

    await clear(aging)
    assert kept() == ["CA1"]


async def test_they_are_forgotten_a_batch_at_a_time(aging, clock, kept, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    for n in range(5):
        await aging.commit(snapshot(f"CA{n}", status="completed"), row(n))
    clock.now = 31 * DAY

    for left in (["CA2", "CA3", "CA4"], ["CA4"], []):
        assert await clear(aging) is True
        assert kept() == left


async def test_programs_are_forgotten_with_the_last_call_that_had_them(aging, clock, found, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 2)
    for n in range(6):
        status = "in-progress" if n == 3 else "completed"
        await aging.commit(snapshot(f"CA{n}", status=status, program=compile([Say(f"{n}")])), row(1.0))
    clock.now = 31 * DAY

    async with asyncio.timeout(30):
        while await clear(aging):
            pass  # there is more

    assert found("SELECT count(*) FROM switchhook.programs") == [(1,)]
    assert (await aging.load("CA3")).program == compile([Say("3")])


async def test_a_program_that_was_forgotten_is_written_down_again(aging, found):
    await aging.commit(snapshot(), row())
    carry_out_both = "DELETE FROM switchhook.calls", "DELETE FROM switchhook.programs"
    for each in carry_out_both:
        found(each)

    await aging.commit(snapshot("CA2"), row())

    assert (await aging.load("CA2")).program == snapshot().program


async def test_a_program_is_not_forgotten_while_a_call_begins_with_it(aging, database, opened):
    """Of the sweep and a step that wants the same program one waits for the other; the step is kept in any case."""
    for n in range(20):
        program = compile([Say(f"{n}")])
        await aging.commit(snapshot(f"CA{n}", program=program), row())
        carry_out(database, "DELETE FROM switchhook.calls")
        await asyncio.gather(
            aging.commit(snapshot(f"CB{n}", program=program), row()),
            aging._ask(statements.sweep, "", 100),
        )
        assert (await opened(database).load(f"CB{n}")).program == program
        carry_out(database, "DELETE FROM switchhook.calls")


async def test_one_daemon_tidies_up_at_a_time(aging, clock, database):
    await aging.commit(snapshot(status="completed"), row(1.0))
    clock.now = 31 * DAY
    other = await asyncpg.connect(database)
    try:
        await other.execute("SELECT pg_advisory_lock($1)", schema.LOCK + 1)
        assert await clear(aging) is False
        assert await aging.load("CA1") is not None
    finally:
        other.terminate()

    async with asyncio.timeout(30):
        while await aging.load("CA1") is not None:
            await clear(aging)


async def test_claims_that_nobody_ended_are_forgotten(aging, clock, found):
    await aging.claim("CA1", 0, "me", 0.0, 5.0)
    await aging.claim("CA2", 0, "me", 0.0, 5.0 + DAY)
    clock.now = DAY + 6.0

    await clear(aging)

    assert found("SELECT call_sid FROM switchhook.claims") == [("CA2",)]


async def test_it_forgets_by_itself(database, opened, clock, monkeypatch):
    monkeypatch.setattr(module, "REST", 0.001)
    monkeypatch.setattr(module, "PAUSE", 0.0)
    monkeypatch.setattr(PostgresJournal, "_tidy", TIDY)
    journal = opened(database, now=clock)
    for n in range(5):
        await journal.commit(snapshot(f"CA{n}", status="completed"), row(1.0))
    clock.now = 31 * DAY

    async with asyncio.timeout(30):
        while await journal.ended(0.0, 9):  # noqa: ASYNC110 - there is no event of it
            await asyncio.sleep(0)
    assert journal.trouble == ""


# --- a server that can't be used -----------------------------------------------------------------


def at(url: str, **changed) -> str:
    """A URL with another part."""
    parts = urlsplit(url)
    given = {"user": parts.username, "password": parts.password, "port": parts.port, "path": parts.path} | changed
    netloc = f"{given['user']}:{given['password']}@{parts.hostname}:{given['port']}"
    return parts._replace(netloc=netloc, path=given["path"]).geturl()


async def test_a_server_that_is_not_there(opened, running):
    running.stop()
    began = time.monotonic()

    journal = opened(running.url)
    says = await problem_of(journal.open())

    assert says.startswith(f"postgresql://switchhook@127.0.0.1:{running.port}/postgres: the server can't be reached (")
    assert journal.trouble == says
    assert await problem_of(journal.load("CA1"))
    assert await problem_of(journal.commit(snapshot(), row()))
    assert time.monotonic() - began < 8


async def test_a_server_that_comes_later_is_found(opened, running):
    running.stop()
    journal = opened(running.url)
    await problem_of(journal.open())

    running.start()
    await until(lambda: not journal.trouble)

    await journal.commit(snapshot(sid := f"CA{running.port}"), row())
    assert await journal.load(sid) == snapshot(sid)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"password": "wrong%20wrong"}, "the server refuses this user or password"),
        ({"user": "nobody"}, "the server refuses this user or password"),
        ({"path": "/nonesuch"}, "there is no such database; make it with createdb"),
        ({"port": 1}, "the server can't be reached"),
    ],
)
async def test_a_wrong_url_is_told_without_its_password(opened, server, changed, says):
    told = await problem_of(opened(at(server.url, **changed)).open())

    assert says in told
    assert "wrong" not in told.partition("(")[0]
    assert "wrong wrong" not in told


async def test_its_name_has_no_password(opened, server):
    assert opened(server.url).name == f"postgresql://switchhook@127.0.0.1:{server.port}/postgres"


@pytest.mark.parametrize("mode", ["immediate", "fast", "kill"])
async def test_a_server_that_was_restarted_is_gone_on_with(opened, running, mode):
    with running.database() as url:
        journal = opened(url)
        await asyncio.gather(*(journal.commit(snapshot(f"CA{n}"), row()) for n in range(50)))
        await asyncio.gather(*(journal.load(f"CA{n}") for n in range(50)))  # all of its connections

        if mode == "kill":
            running.kill()
            running.start()
        else:
            running.restart(mode)

        assert [each.version for each in await asyncio.gather(*(journal.load(f"CA{n}") for n in range(50)))] == [1] * 50
        await asyncio.gather(*(journal.commit(snapshot(f"CA{n}", 2), row()) for n in range(50)))
        await until(lambda: not journal.trouble)
        await journal.close()


async def test_steps_under_way_while_the_server_dies_are_kept_or_told(opened, running):
    with running.database() as url:
        journal = opened(url, patience=1.0)
        kept: dict[str, int] = {}
        told: list[str] = []

        async def a_call(sid: str) -> None:
            for version in range(1, 200):
                try:
                    await journal.commit(snapshot(sid, version), row())
                except JournalError as problem:
                    told.append(str(problem))
                    return
                kept[sid] = version

        calls = [asyncio.create_task(a_call(f"CA{n}")) for n in range(16)]
        await until(lambda: sum(kept.values()) > 100)
        await asyncio.to_thread(running.kill)
        await asyncio.gather(*calls)
        await asyncio.to_thread(running.start)
        await until(lambda: not journal.trouble)

        assert told
        for sid, version in kept.items():
            found = await journal.load(sid)
            assert found.version in (version, version + 1)
            assert len(await journal.history(sid)) == found.version
        await journal.close()


async def test_a_server_that_answers_nothing_is_not_waited_for_long(opened, running):
    with running.database() as url:
        journal = opened(url, patience=0.3)
        await asyncio.gather(*(journal.commit(snapshot(f"CA{n}"), row()) for n in range(100)))
        running.freeze()
        began = time.monotonic()

        outcomes = await asyncio.gather(
            journal.load("CA1"),
            journal.claim("CA1", 1, "me", 0.0, 5.0),
            *(journal.commit(snapshot(f"CA{n}", 2), row()) for n in range(100)),
            return_exceptions=True,
        )

        assert {type(each) for each in outcomes} == {Unusable}
        assert {"the server doesn't answer in time" in str(each) for each in outcomes} == {True}
        assert journal.trouble
        await journal.close()
        assert time.monotonic() - began < 8
        running.freeze(frozen=False)


async def test_a_server_that_answers_nothing_is_left_alone_for_a_moment(opened, running, monkeypatch):
    monkeypatch.setattr(module, "RETRY", 100.0)
    clock = [7.0]
    with running.database() as url:
        journal = opened(url, patience=0.3, clock=lambda: clock[0])
        await journal.commit(snapshot("CA1"), row())
        running.freeze()
        says = await problem_of(journal.commit(snapshot("CA2"), row()))
        running.freeze(frozen=False)

        assert "the server doesn't answer in time" in says
        asked = []
        real = module.statements.write
        monkeypatch.setattr(module.statements, "write", lambda *args: asked.append(args) or real(*args))
        assert await problem_of(journal.commit(snapshot("CA3"), row())) == says
        clock[0] += 24.9
        assert await problem_of(journal.commit(snapshot("CA3"), row())) == says
        assert not asked

        clock[0] += 0.2
        await journal.commit(snapshot("CA3"), row())
        assert (len(asked), journal.trouble) == (1, "")
        await journal.close()


async def test_what_somebody_else_holds_up_is_certain_not_to_have_happened(journal, opened, database):
    await journal.commit(snapshot(), row())
    hasty = opened(database, patience=0.3)
    await hasty.load("CA1")
    other = await asyncpg.connect(database)
    try:
        await other.execute("BEGIN")
        await other.execute("SELECT FROM switchhook.calls WHERE call_sid = 'CA1' FOR UPDATE")
        says = await problem_of(hasty.commit(snapshot(version=2), row()))
    finally:
        other.terminate()

    assert "the server was not done in time; something holds up what it works on" in says
    await journal.commit(snapshot(version=2), row())
    await until(lambda: not hasty.trouble)


async def test_a_database_that_takes_no_writes(journal, database):
    name = urlsplit(database).path[1:]
    carry_out(
        database,
        f"ALTER DATABASE {name} SET default_transaction_read_only = on",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    await asyncio.sleep(0)
    assert await journal.load("CA1") is None

    says = await problem_of(journal.commit(snapshot(), row()))
    assert "the server takes no writes; name the primary, not a standby" in says
    assert await journal.load("CA1") is None
    assert "takes no writes" in journal.trouble  # a read is no sign that it can be written

    carry_out(
        database,
        "SET default_transaction_read_only = off",
        f"ALTER DATABASE {name} RESET default_transaction_read_only",
    )


async def test_when_all_connections_are_in_use_it_waits_a_while(opened, database, monkeypatch):
    journal = opened(database, patience=0.05)
    journal._server._turn = asyncio.Semaphore(1)
    await journal.load("CA1")
    async with journal._server.one():
        assert "all connections have been in use for 0.05 s" in await problem_of(journal.load("CA1"))
        waiting = asyncio.create_task(journal.load("CA1"))
        await asyncio.sleep(0)
    assert await waiting is None
    await until(lambda: not journal.trouble)


async def test_a_closed_journal_looks_no_more(opened, running):
    running.stop()
    journal = opened(running.url)
    await problem_of(journal.open())
    looking = journal._chores["looking"]

    await journal.close()

    assert looking.done()
    assert "is closed" in await problem_of(journal.commit(snapshot(), row()))


# --- a step of which nobody knows whether it was written ------------------------------------------


class Wire:
    """Lies between the journal and the server, and can be cut: `lose` is what it loses next, and then it is cut."""

    def __init__(self, url: str) -> None:
        self.server = urlsplit(url).hostname, urlsplit(url).port
        self.lose = ""

    async def join(self, ours: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        theirs, there = await asyncio.open_connection(*self.server)
        ways = asyncio.gather(self._pass_on(ours, there, "a question"), self._pass_on(theirs, back, "an answer"))
        with suppress(OSError, EOFError):
            await ways
        ways.cancel()
        for each in (back, there):
            each.close()

    async def _pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, what: str) -> None:
        while some := await source.read(65_536):
            if self.lose == what:
                self.lose = ""
                raise EOFError
            target.write(some)
            await target.drain()
        raise EOFError


@pytest.fixture
async def far(database, opened):
    """A journal at the other end of a wire."""
    wire = Wire(database)
    listening = await asyncio.start_server(wire.join, "127.0.0.1", 0)
    journal = opened(at(database, port=listening.sockets[0].getsockname()[1]))
    journal.wire = wire
    for version in (1, 2):
        await journal.commit(snapshot(version=version), row(version), [letter(version=version, due=None)])
    yield journal
    await journal.close()
    listening.close()


async def test_a_step_whose_answer_was_lost_is_told_and_not_written_again(far, journal):
    far.wire.lose = "an answer"

    says = await problem_of(far.commit(snapshot(version=3), row(3.0), [letter(version=3)]))

    assert "the connection broke before the server had answered" in says
    await until_version(journal, 3)
    assert [each.at for each in await far.history("CA1")] == [1.0, 2.0, 3.0]
    with pytest.raises(StaleVersion):
        await far.commit(snapshot(version=3), row(4.0))


async def test_a_step_that_never_came_to_the_server_is_told_too(far, journal):
    far.wire.lose = "a question"

    await problem_of(far.commit(snapshot(version=3), row(3.0)))

    await far.commit(snapshot(version=3), row(4.0))
    assert [each.at for each in await journal.history("CA1")] == [1.0, 2.0, 4.0]


async def test_what_is_read_is_asked_for_once_more(far):
    far.wire.lose = "an answer"

    assert await far.load("CA1") == snapshot(version=2)
    assert far.wire.lose == ""


async def until_version(journal: PostgresJournal, version: int) -> None:
    """Wait until a call's step was written. Five seconds at most."""
    async with asyncio.timeout(30):
        while (await journal.load("CA1")).version < version:  # noqa: ASYNC110 - by the server, which tells nobody
            await asyncio.sleep(0)
