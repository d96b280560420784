"""The journal in a file: what was committed is there for the next process; groups; what is forgotten in time."""

from __future__ import annotations

import asyncio
import math
import sqlite3
import threading
from contextlib import closing

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import JournalError, StaleVersion
from runtime.journals.codec import Programs, Step, pack
from runtime.journals.sqlite import SqliteJournal, schema, statements
from runtime.journals.sqlite import journal as module
from tests.runtime.journals.examples import PROGRAM, letter, row, rows_in, snapshot, until
from twiml import Say, compile

DAY = 86_400.0


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.db"


@pytest.fixture
async def journal(path):
    """A journal for which it is the beginning of time."""
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    yield journal
    await journal.close()


def waiting(journal) -> int:
    """How many jobs wait for the writer."""
    return sum(len(each) for each in list_of(journal._writer._queue))


def list_of(queue) -> list:
    """What is in a queue, which is left as it is."""
    found = [queue.get_nowait() for _ in range(queue.qsize())]
    for each in found:
        queue.put(each)
    return found


@pytest.fixture
def said(monkeypatch):
    """Every statement that connections made from now on carry out."""
    carried_out = []
    real = schema.connect

    def connect(*args, **kwargs):
        connection = real(*args, **kwargs)
        connection.set_trace_callback(carried_out.append)
        return connection

    monkeypatch.setattr(schema, "connect", connect)
    monkeypatch.setattr(SqliteJournal, "_tidy", lambda _: 60.0)
    return carried_out


class Gate:
    """Where the writer waits with a group in hand, until it is opened."""

    def __init__(self) -> None:
        self.open, self.reached = threading.Event(), threading.Event()

    def set(self) -> None:
        self.open.set()

    async def holds(self) -> None:
        await until(self.reached.is_set)


@pytest.fixture
def held(monkeypatch):
    """Makes the writer wait before each group, until `set`."""
    gate, real = Gate(), module._in_one

    def in_one(jobs, connection):
        if any(isinstance(job, Step) for job in jobs):
            gate.reached.set()
            assert gate.open.wait(10)
        return real(jobs, connection)

    monkeypatch.setattr(module, "_in_one", in_one)
    yield gate
    gate.set()


# --- on disk -------------------------------------------------------------------------------------


async def test_the_next_process_finds_what_was_committed(path):
    first = SqliteJournal(path, now=lambda: 0.0)
    await first.commit(snapshot(), row(1))
    await first.commit(snapshot(version=2), row(2))
    await first.close()

    second = SqliteJournal(path, now=lambda: 0.0)

    assert await second.load("CA1") == snapshot(version=2)
    assert list(await second.history("CA1")) == [row(1), row(2)]
    with pytest.raises(StaleVersion):
        await second.commit(snapshot(version=2), row(3))
    await second.commit(snapshot(version=3), row(3))
    await second.close()


async def test_a_commit_is_on_disk_when_it_returns(journal, path):
    await journal.commit(snapshot(), row())

    assert rows_in(path, "SELECT version, status FROM calls") == [(1, "in-progress")]
    assert rows_in(path, "SELECT call_sid, kind FROM rows") == [("CA1", "start_call")]


async def test_it_is_synchronous_and_checks_foreign_keys(journal):
    connection = journal._connections["writer"]

    [[mode]] = await journal._writer.do(lambda _: connection.execute("PRAGMA journal_mode").fetchall())
    [[synchronous]] = await journal._writer.do(lambda _: connection.execute("PRAGMA synchronous").fetchall())
    [[keys]] = await journal._writer.do(lambda _: connection.execute("PRAGMA foreign_keys").fetchall())

    assert (mode, synchronous, keys) == ("wal", 2, 1)


async def test_a_program_is_stored_once(journal, path):
    for n in range(20):
        await journal.commit(snapshot(f"CA{n}", program=compile([Say("hello")])), row())

    assert rows_in(path, "SELECT count(*) FROM programs") == [(1,)]
    assert rows_in(path, "SELECT count(*) FROM calls JOIN programs ON digest = program") == [(20,)]


async def test_a_program_that_another_process_has_forgotten_is_stored_anew(journal, path):
    await journal.commit(snapshot("CA1", status="completed"), row())
    with closing(sqlite3.connect(path)) as other:
        other.executescript("DELETE FROM rows; DELETE FROM calls; DELETE FROM programs")

    await journal.commit(snapshot("CA2"), row())

    assert (await journal.load("CA2")).program == PROGRAM


async def test_a_file_that_is_never_needed_is_never_made(path):
    await SqliteJournal(path).close()

    assert not path.exists()


async def test_a_path_means_the_same_wherever_the_process_goes(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    journal = SqliteJournal("calls #1?%20.db")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")

    await journal.open()
    await journal.close()

    assert journal.name == f"sqlite:///{tmp_path}/calls #1?%20.db"
    assert [each.name for each in tmp_path.iterdir() if each.is_file()] == ["calls #1?%20.db"]


async def test_two_journals_on_one_file_agree_on_who_was_first(journal, path):
    other = SqliteJournal(path, now=lambda: 0.0)

    outcomes = await asyncio.gather(
        *(each.commit(snapshot(f"CA{n}"), row()) for n in range(20) for each in (journal, other)),
        return_exceptions=True,
    )

    assert [type(each) for each in outcomes].count(StaleVersion) == 20
    assert outcomes.count(None) == 20
    await other.close()


# --- groups --------------------------------------------------------------------------------------


async def test_commits_that_wait_go_to_disk_together(path, said, held):
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    said.clear()
    first = asyncio.create_task(journal.commit(snapshot("first"), row()))
    await held.holds()

    rest = [asyncio.create_task(journal.commit(snapshot(f"CA{n}"), row())) for n in range(100)]
    await until(lambda: waiting(journal) == 100)
    held.set()
    await asyncio.gather(first, *rest)

    assert said.count("COMMIT") == 2
    assert rows_in(path, "SELECT count(*) FROM calls") == [(101,)]
    await journal.close()


async def test_a_group_of_usual_steps_takes_one_statement(path, said):
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.commit(snapshot("first"), row())
    said.clear()

    await asyncio.gather(*(journal.commit(snapshot(f"CA{n}"), row()) for n in range(statements.AT_A_TIME)))

    [statement] = set(said)  # it is traced again for each statement of its triggers
    assert statement.startswith("INSERT INTO steps ")
    await journal.close()


async def test_another_takes_few(path, said):
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.commit(snapshot("first"), row())
    said.clear()

    sids = [f"CA{n}" for n in range(statements.AT_A_TIME)]
    told = {"CA7": (letter("CA7"),)}
    await asyncio.gather(*(journal.commit(snapshot(sid), row(), told.get(sid, ())) for sid in sids))

    assert [each.split()[0] for each in said] == ["BEGIN", "SELECT", "INSERT", "INSERT", "INSERT", "COMMIT"]
    await journal.close()


GROUPS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(["CA1", "CA2", "CA3"]), st.integers(1, 4), st.sampled_from(["a", "b"])),
        min_size=1,
        max_size=6,
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(GROUPS)
def test_a_usual_group_is_written_as_any_other(groups):
    """In one statement, or in several: the same is kept, and the same steps are stale."""

    def written(fast: bool):
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = ON")
            for statement in (each for migration in schema.MIGRATIONS for each in migration):
                connection.execute(statement)
            outcomes = []
            programs = Programs()
            for group in groups:
                steps = [
                    pack(snapshot(sid, version, program=compile([Say(said)])), row(version), (), "", programs)
                    for sid, version, said in group
                ]
                jobs = steps if fast else [*steps, lambda _: None]
                outcomes.append([str(each) for each in module._in_one(jobs, connection)[: len(steps)]])
            kept = [
                connection.execute(query).fetchall()
                for query in ("SELECT * FROM calls ORDER BY 1", "SELECT * FROM rows ORDER BY 1, 2")
            ]
            return outcomes, kept

    assert written(fast=True) == written(fast=False)


async def test_the_loop_is_woken_up_once_for_a_group(path, held, monkeypatch):
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    woken, loop = [], asyncio.get_running_loop()
    real = loop.call_soon_threadsafe
    first = asyncio.create_task(journal.commit(snapshot("first"), row()))
    await held.holds()
    rest = [asyncio.create_task(journal.commit(snapshot(f"CA{n}"), row())) for n in range(50)]
    await until(lambda: waiting(journal) == 50)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "call_soon_threadsafe", lambda *args: (woken.append(args), real(*args)))
        held.set()
        await asyncio.gather(first, *rest)

    assert len(woken) == 2
    await journal.close()


async def in_one_group(journal, held, snapshots):
    """Commit these steps in one transaction, after another; what came of each."""
    first = asyncio.create_task(journal.commit(snapshot("first"), row()))
    await held.holds()
    rest = [asyncio.create_task(journal.commit(each, row())) for each in snapshots]
    await until(lambda: waiting(journal) == len(rest))
    held.set()
    _, *outcomes = await asyncio.gather(first, *rest, return_exceptions=True)
    return outcomes


async def test_a_stale_step_does_not_fail_its_group(journal, path, held):
    steps = [("CA1", 1), ("CA2", 7), ("CA3", 1), ("CA1", 1), ("CA1", 2)]

    outcomes = await in_one_group(journal, held, [snapshot(*each) for each in steps])

    assert [type(each) for each in outcomes] == [type(None), StaleVersion, type(None), StaleVersion, type(None)]
    assert rows_in(path, "SELECT call_sid, version FROM calls ORDER BY 1") == [("CA1", 2), ("CA3", 1), ("first", 1)]
    rows = rows_in(path, "SELECT call_sid, version FROM rows ORDER BY 1, 2")
    assert rows == [("CA1", 1), ("CA1", 2), ("CA3", 1), ("first", 1)]


async def test_a_step_may_follow_another_of_its_group(journal, path, held):
    outcomes = await in_one_group(journal, held, [snapshot("CA1", version) for version in (1, 2, 3)])

    assert outcomes == [None, None, None]
    assert rows_in(path, "SELECT version FROM calls WHERE call_sid = 'CA1'") == [(3,)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"started": math.nan},
        {"recipe": 10**30},
        {"recipe": object()},
        {"recipe": "\ud800"},
    ],
    ids=["nan", "integer", "object", "recipe"],
)
async def test_a_step_that_can_not_be_written_fails_alone(journal, path, held, wrong):
    steps = [snapshot("CA1"), snapshot(**{"call_sid": "CA2"} | wrong), snapshot("CA3")]

    outcomes = await in_one_group(journal, held, steps)

    assert [type(each) for each in outcomes] == [type(None), JournalError, type(None)]
    assert rows_in(path, "SELECT call_sid FROM calls ORDER BY 1") == [("CA1",), ("CA3",), ("first",)]
    assert journal.trouble == ""


async def test_who_stops_waiting_troubles_nobody(path, held):
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    impatient = asyncio.create_task(journal.commit(snapshot("CA1"), row()))
    patient = asyncio.create_task(journal.commit(snapshot("CA2"), row()))
    await asyncio.sleep(0)
    impatient.cancel()
    held.set()

    await patient
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await journal.load("CA1")).version == 1
    await journal.close()


async def test_close_writes_what_waits(path, held):
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    waiting = [asyncio.create_task(journal.commit(snapshot(f"CA{n}"), row())) for n in range(50)]
    await asyncio.sleep(0)
    closing_it = asyncio.create_task(journal.close())
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(closing_it, *waiting)

    assert rows_in(path, "SELECT count(*) FROM calls") == [(50,)]
    assert not path.with_name("calls.db-wal").exists()
    with pytest.raises(JournalError, match="is closed"):
        await journal.commit(snapshot("late"), row())


async def test_it_serves_one_loop_after_another(path):
    journal = SqliteJournal(path, now=lambda: 0.0)

    def in_a_loop_of_its_own(version):
        asyncio.run(journal.commit(snapshot(version=version), row(version)))

    for version in (1, 2):
        await asyncio.to_thread(in_a_loop_of_its_own, version)

    assert (await journal.load("CA1")).version == 2
    await journal.close()


# --- in time -------------------------------------------------------------------------------------


async def test_finished_calls_are_forgotten_after_the_days_they_are_kept(path):
    now = [0.0]
    journal = SqliteJournal(path, days=2, now=lambda: now[0])
    await journal.commit(snapshot("open"), row(0))
    await journal.commit(snapshot("over", status="completed"), row(0))
    await journal.commit(snapshot("failed", status="failed"), row(0))
    await journal.commit(snapshot("later", status="completed"), row(DAY))
    await journal.commit(snapshot("told of late", status="completed"), row(0))
    await journal.commit(snapshot("told of late", 2, status="completed"), row(DAY))

    now[0] = 2 * DAY
    await journal._ask(journal._clear)
    assert rows_in(path, "SELECT count(*) FROM calls") == [(5,)]
    now[0] += 1
    await journal._ask(journal._clear)

    kept = [sid for (sid,) in rows_in(path, "SELECT call_sid FROM calls ORDER BY 1")]
    assert kept == ["later", "open", "told of late"]
    assert rows_in(path, "SELECT DISTINCT call_sid FROM rows ORDER BY 1") == [(sid,) for sid in kept]
    assert list(await journal.history("over")) == []
    await journal.close()


async def test_the_writer_prunes_by_itself_in_batches(path, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 7)
    monkeypatch.setattr(module, "PAUSE", 0.001)
    first = SqliteJournal(path, now=lambda: 0.0)
    for n in range(30):
        await first.commit(snapshot(f"CA{n}", status="completed", program=compile([Say(f"{n}")])), row(0))
    await first.commit(snapshot("open", program=compile([Say("29")])), row(0))
    await first.close()

    journal = SqliteJournal(path, now=lambda: 31 * DAY)
    await journal.open()
    await until(lambda: rows_in(path, "SELECT count(*) FROM programs") == [(1,)])

    assert rows_in(path, "SELECT call_sid FROM calls") == [("open",)]
    assert (await journal.load("open")).program == compile([Say("29")])
    await journal.close()


async def test_programs_that_a_call_has_left_behind_are_forgotten(path):
    first = SqliteJournal(path, now=lambda: 0.0)
    for version in range(1, 6):
        await first.commit(snapshot(version=version, program=compile([Say(f"{version}")])), row(0))
    await first.close()

    second = SqliteJournal(path, now=lambda: 0.0)
    await second.open()
    await until(lambda: rows_in(path, "SELECT count(*) FROM programs") == [(1,)])

    assert (await second.load("CA1")).program == compile([Say("5")])
    await second.close()


async def test_every_statement_on_a_webhook_s_way_goes_by_a_key(said, path):
    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.commit(snapshot(), row())
    await journal.load("CA1")
    await journal.history("CA1")
    queries = [each for each in said if each.startswith("SELECT")]
    plans = [" ".join(step[3] for step in rows_in(path, f"EXPLAIN QUERY PLAN {query}")) for query in queries]

    assert len(plans) >= 3
    assert all(plan.startswith("SEARCH") for plan in plans), plans
    assert not any("SCAN" in plan or "TEMP" in plan for plan in plans), plans
    await journal.close()
