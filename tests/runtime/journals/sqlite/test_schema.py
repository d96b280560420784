"""The versions of the file: an older one is brought up to date, a newer one is refused."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing

import pytest

from actors import JournalError
from runtime.journals.codec import program_text
from runtime.journals.sqlite import SqliteJournal, schema
from runtime.journals.sqlite.schema import MIGRATIONS, connect, transaction
from tests.runtime.journals.examples import PROGRAM, rows_in


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.db"


def schema_of(path):
    found = rows_in(path, "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
    return [(name, " ".join(sql.split())) for name, sql in found]


def test_a_new_file_has_the_latest_version(path):
    connect(path).close()

    assert rows_in(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert rows_in(path, "PRAGMA application_id") == [(schema.APPLICATION,)]
    assert rows_in(path, "PRAGMA auto_vacuum") == [(2,)]
    assert {name for name, _ in schema_of(path)} >= {"calls", "rows", "programs"}


def test_those_who_make_a_file_at_the_same_time_wait_for_each_other(tmp_path):
    wrong = []

    def make(path, together):
        together.wait()
        try:
            connect(path).close()
        except JournalError as problem:
            wrong.append(str(problem))

    for n in range(25):
        together = threading.Barrier(6)
        threads = [threading.Thread(target=make, args=(tmp_path / f"{n}.db", together)) for _ in range(6)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()

    assert wrong == []


class Refusing:
    """A connection that is refused what it asks so often, without a wait."""

    def __init__(self, code: int, times: int) -> None:
        self.code, self.left = code, times

    def execute(self, _: str) -> list[tuple[str]]:
        self.left -= 1
        if self.left >= 0:
            problem = sqlite3.OperationalError("database is locked")
            problem.sqlite_errorcode = self.code
            raise problem
        return [("wal",)]


def test_a_file_that_others_make_as_well_is_asked_for_again(monkeypatch):
    pauses = []
    monkeypatch.setattr(schema.time, "sleep", pauses.append)

    assert schema._write_ahead(Refusing(sqlite3.SQLITE_BUSY, 3), busy=60.0) == "wal"
    assert len(pauses) == 3


@pytest.mark.parametrize(("code", "busy"), [(sqlite3.SQLITE_BUSY, 0.0), (sqlite3.SQLITE_IOERR, 60.0)])
def test_but_not_for_ever_nor_if_something_else_is_wrong(code, busy):
    with pytest.raises(sqlite3.OperationalError):
        schema._write_ahead(Refusing(code, 1), busy)


def test_who_holds_a_new_file_too_long_is_waited_for_no_longer(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalError, match="another process holds it locked"):
            connect(path, busy=0.02)


OLD_SNAPSHOT = {
    "machine": {"state": "1"},
    "initial_params": {"CallSid": "CA1", "From": "+441314960123"},
    "params": {"CallSid": "CA1", "Digits": "1"},
    "data": {"n": 2},
    "taken": 1,
    "subscriptions": [["completion", "office", "filed"]],
    "announced": ["RE1"],
    "answered": {"ta": "<Response>first</Response>", "tb": "<Response>second</Response>"},
}
"""What the first two versions kept of a call in one text."""


def an_old_file(path, version: int) -> None:
    """A file as it was written when there were so many migrations, with a call of two steps."""
    program = program_text(PROGRAM)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statements in MIGRATIONS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {schema.APPLICATION}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.execute("INSERT INTO programs VALUES ('p', ?)", (program,))
        for sid, status in (("CA1", "in-progress"), ("CA2", "completed")):
            text = json.dumps(OLD_SNAPSHOT)
            connection.execute(
                "INSERT INTO calls VALUES (?, 'greeting', 2, ?, 100.0, 101.0, 'p', ?)", (sid, status, text)
            )
            for step, (at, answer) in enumerate(((100.0, "first"), (101.0, "second")), 1):
                values = (sid, step, at, f"<Response>{answer}</Response>")
                connection.execute("INSERT INTO rows VALUES (?, ?, ?, 'start_call', '', NULL, '{}', ?, 1)", values)


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS)))
async def test_a_file_of_an_older_version_is_brought_up_to_date_with_its_calls(tmp_path, version):
    path, new = tmp_path / "old.db", tmp_path / "new.db"
    an_old_file(path, version)

    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    connect(new).close()

    assert rows_in(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert schema_of(path) == schema_of(new)
    found = await journal.load("CA1")
    assert (found.initial_params, found.data, found.taken) == (OLD_SNAPSHOT["initial_params"], {"n": 2}, 1)
    assert (found.due, found.ending, found.awaited, found.announced) == (100 + 86_400, False, {}, ("RE1",))
    assert (await journal.load("CA2")).due is None
    assert [row.same for row in await journal.history("CA1")] == ["ta", "tb"]
    assert rows_in(path, "SELECT DISTINCT json_type(snapshot, '$.answered') FROM calls") == [(None,)]
    assert [each.call_sid for each in await journal.overdue(1e9, 10)] == ["CA1"]
    await journal.close()


async def test_an_empty_file_is_made_a_journal(path):
    sqlite3.connect(path).close()

    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    await journal.close()

    assert rows_in(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_a_newer_file_is_refused_and_left_as_it_is(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE news (x)",)))
        connect(path).close()

    with pytest.raises(JournalError, match=r"a newer Switchhook has written it \(version 4, this one knows 3\)"):
        connect(path)
    assert rows_in(path, "PRAGMA user_version") == [(4,)]


def test_a_migration_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    connect(path).close()
    before = schema_of(path)
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE news (x)", "CREATE TABLE calls (x)")))
        with pytest.raises(JournalError, match="it can't be used"):
            connect(path)

    assert schema_of(path) == before
    connect(path).close()


def test_many_may_make_the_file_at_the_same_time(path):
    problems = []

    def make() -> None:
        try:
            connect(path).close()
        except JournalError as problem:
            problems.append(problem)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)

    assert rows_in(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert all("locked" in str(each) for each in problems)
    connect(path).close()


def test_a_transaction_is_all_or_nothing(path):
    with closing(connect(path)) as connection:
        with pytest.raises(sqlite3.IntegrityError), transaction(connection):
            connection.executemany("INSERT INTO programs VALUES (?, 'b')", ["a", "a"])
        assert not connection.in_transaction

    assert rows_in(path, "SELECT * FROM programs") == []


def test_a_row_needs_its_call_and_a_call_its_program(path):
    with closing(connect(path)) as connection:
        for statement in (
            "INSERT INTO rows VALUES ('CA1', 1, 0, '', '', NULL, '', '', 0, '')",
            "INSERT INTO calls VALUES ('CA1', '', 1, '', 0, 0, 'none', '', NULL, '')",
            "INSERT INTO letters VALUES ('CA1', 1, 0, '', '', '', 0, '', NULL, '', NULL, 0, '')",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
                connection.execute(statement)
