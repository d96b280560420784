"""The versions of the file: an older one is brought up to date, a newer one is refused."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from actors import JournalError
from runtime.journals import SqliteJournal, schema
from runtime.journals.schema import MIGRATIONS, connect, transaction
from tests.runtime.journals.examples import row, rows_in, snapshot


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


@pytest.mark.parametrize("version", range(len(MIGRATIONS)))
async def test_a_file_of_an_older_version_is_brought_up_to_date_with_its_calls(tmp_path, monkeypatch, version):
    path, new = tmp_path / "old.db", tmp_path / "new.db"
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", MIGRATIONS[:version])
        old = SqliteJournal(path, now=lambda: 0.0)
        if version:
            patch.setattr(SqliteJournal, "_tidy", lambda _: 60.0)
            await old.commit(snapshot(), row())
        else:
            sqlite3.connect(path).close()
        await old.close()

    journal = SqliteJournal(path, now=lambda: 0.0)
    await journal.open()
    connect(new).close()

    assert rows_in(path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    assert schema_of(path) == schema_of(new)
    assert await journal.load("CA1") == (snapshot() if version else None)
    await journal.close()


def test_a_newer_file_is_refused_and_left_as_it_is(path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*MIGRATIONS, ("CREATE TABLE news (x)",)))
        connect(path).close()

    with pytest.raises(JournalError, match=r"a newer Switchhook has written it \(version 3, this one knows 2\)"):
        connect(path)
    assert rows_in(path, "PRAGMA user_version") == [(3,)]


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
            "INSERT INTO rows VALUES ('CA1', 1, 0, '', '', NULL, '', '', 0)",
            "INSERT INTO calls VALUES ('CA1', '', 1, '', 0, 0, 'none', '')",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
                connection.execute(statement)
