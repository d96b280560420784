"""A file that can't be used: a clear sentence, nothing half-written, and all is well again by itself."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from actors import JournalError, Row, StaleVersion
from runtime.journals.codec import Step
from runtime.journals.sqlite import SqliteJournal, statements
from runtime.journals.sqlite import journal as module
from tests.runtime.journals.examples import letter, row, rows_in, snapshot, until

BIG = "x" * 200_000


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    """A file in trouble is looked at again soon."""
    monkeypatch.setattr(module, "RETRY", 0.01)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.db"


@pytest.fixture
async def opened():
    """Makes journals whose files are tried at once again, and closes them when the test is over."""
    journals = []

    def opened(path, **more):
        journals.append(SqliteJournal(path, **{"now": lambda: 0.0, "busy": 0.02, "clock": count().__next__} | more))
        return journals[-1]

    yield opened
    for each in journals:
        await each.close()


async def problem_of(work) -> str:
    with pytest.raises(JournalError) as caught:
        await work
    assert not isinstance(caught.value, StaleVersion)
    return str(caught.value)


# --- it can't be opened --------------------------------------------------------------------------


async def test_a_folder_that_is_not_there(tmp_path, opened):
    journal = opened(tmp_path / "nonesuch" / "calls.db")

    assert f"calls.db: there is no folder {tmp_path}/nonesuch" in await problem_of(journal.open())
    assert journal.trouble
    assert await problem_of(journal.load("CA1"))
    assert await problem_of(journal.commit(snapshot(), row()))

    (tmp_path / "nonesuch").mkdir()
    await until(lambda: not journal.trouble)
    await journal.commit(snapshot(), row())
    assert await journal.load("CA1") == snapshot()


async def test_a_folder_in_the_place_of_the_file(path, opened):
    path.mkdir()

    assert "calls.db: it is a folder" in await problem_of(opened(path).open())


@pytest.mark.parametrize("content", [b"these are no calls" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_file_of_something_else(path, opened, content):
    path.write_bytes(content)

    said = await problem_of(opened(path).open())

    assert "it is not a database of SQLite's" in said or "it is corrupt" in said
    assert path.read_bytes() == content


async def test_a_database_of_something_else(path, opened):
    with closing(sqlite3.connect(path)) as other:
        other.executescript("CREATE TABLE guests (name TEXT)")

    assert "it is a database of something else; name another file" in await problem_of(opened(path).open())
    assert rows_in(path, "SELECT name FROM sqlite_schema") == [("guests",)]


async def test_a_file_that_is_read_only(opened):
    with tempfile.TemporaryDirectory() as made, nobody(folder := Path(made)):
        path = folder / "calls.db"
        await (first := SqliteJournal(path, now=lambda: 0.0)).commit(snapshot(), row())
        await first.close()
        may_be_written(folder, path, False)
        journal = opened(path)

        said = await problem_of(journal.open())
        assert "this user must be able to write to it and to its folder" in said
        assert await problem_of(journal.commit(snapshot(version=2), row()))

        may_be_written(folder, path, True)
        await until(lambda: not journal.trouble)
        await journal.commit(snapshot(version=2), row())
        await journal.close()


def may_be_written(folder: Path, path: Path, yes: bool) -> None:
    folder.chmod(0o755 if yes else 0o555)
    path.chmod(0o644 if yes else 0o444)


class nobody:  # noqa: N801 - reads as a word
    """While it lasts this process is not root, who may write to anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> None:
        if self.root:
            os.chown(self.folder, 65534, 65534)
            os.seteuid(65534)

    def __exit__(self, *_: object) -> None:
        if self.root:
            os.seteuid(0)

    root = hasattr(os, "geteuid") and os.geteuid() == 0


# --- it can't be written -------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path):
    """A disk of one megabyte, where this user may have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    tmpfs = ["-t", "tmpfs", "-o", "size=1m", "none", disk]
    if mount is None or subprocess.run([mount, *tmpfs], capture_output=True, check=False).returncode:  # noqa: S603
        pytest.skip("needs a right to mount")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)  # noqa: S603, S607


async def test_a_disk_that_is_full(disk, opened):
    journal = opened(disk / "calls.db")
    await journal.commit(snapshot(), row())
    (disk / "other").write_bytes(b"x" * 500_000)

    said, committed = "", 0
    while not said and committed < 10:
        try:
            await journal.commit(snapshot(f"CB{committed}"), row(answer=BIG))
            committed += 1
        except JournalError as problem:
            said = str(problem)

    assert "the disk is full" in said or "the disk fails, or is full" in said
    assert await journal.load("CA1") == snapshot()
    assert await journal.load(f"CB{committed}") is None
    (disk / "other").unlink()
    await until(lambda: not journal.trouble)
    await journal.commit(snapshot(f"CB{committed}"), row())


async def test_a_file_that_may_not_grow(path, opened):
    journal = opened(path)
    await journal.commit(snapshot(), row())
    await journal._writer.do(lambda connection: connection.execute("PRAGMA max_page_count = 1").fetchall())

    steps = [snapshot("CA1", 2), snapshot("CA2")]
    outcomes = await asyncio.gather(*(journal.commit(each, row(answer=BIG)) for each in steps), return_exceptions=True)

    assert ["the disk is full" in str(each) for each in outcomes] == [True, True]
    assert await journal.load("CA1") == snapshot()
    assert await journal.load("CA2") is None
    assert len(await journal.history("CA1")) == 1
    await until(lambda: not journal.trouble)
    await asyncio.gather(*(journal.commit(each, row(answer=BIG)) for each in steps))


async def test_a_file_that_another_process_holds(path, opened):
    journal = opened(path)
    await journal.commit(snapshot(), row())
    hold = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
    hold += "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(  # noqa: S603, ASYNC220 - ours; it is waited for on a thread
        [sys.executable, "-c", hold, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert await asyncio.to_thread(other.stdout.readline) == b"held\n"

        said = await problem_of(journal.commit(snapshot(version=2), row()))
        assert "another process holds it locked" in said
        assert "another process holds it locked" in journal.trouble
        assert await journal.load("CA1") == snapshot()
        other.stdin.close()

    await until(lambda: not journal.trouble)
    await journal.commit(snapshot(version=2), row())


async def test_it_waits_a_while_for_another_process(path, opened):
    journal = opened(path, busy=5.0)
    await journal.open()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(journal.commit(snapshot(), row()))
        await asyncio.sleep(0)
        other.execute("ROLLBACK")
        await waiting

    assert journal.trouble == ""


async def test_a_file_that_was_damaged(path, opened):
    journal = opened(path)
    for n in range(20):
        await journal.commit(snapshot(f"CA{n}"), row(answer="x" * 3000))
    await journal.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xde\xad" * ((len(whole) - 4096) // 2))
    journal = opened(path)

    assert "it is corrupt; move it away, and take the last good copy" in await problem_of(journal.load("CA3"))
    assert "reader" not in journal._connections
    assert "it is corrupt" in await problem_of(journal.commit(snapshot("CA3", 2), row()))

    await journal.close()
    path.write_bytes(whole)
    journal = opened(path)
    await journal.commit(snapshot("CA3", 2), row())
    assert (await journal.load("CA3")).version == 2


async def test_a_call_that_can_not_be_read_is_nothing_to_the_others(path, opened):
    journal = opened(path)
    await journal.commit(snapshot("CA1"), row())
    await journal.commit(snapshot("CA2"), row())
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE calls SET snapshot = '{' WHERE call_sid = 'CA1'")

    found = await asyncio.gather(journal.load("CA1"), journal.load("CA2"), return_exceptions=True)

    assert "CA1: what the journal keeps of it can't be read" in str(found[0])
    assert found[1] == snapshot("CA2")


@pytest.mark.parametrize("told", [(), (letter("CA3"),)], ids=["of usual steps", "one with a letter"])
async def test_a_fault_in_the_middle_of_a_group_leaves_nothing_of_it(path, opened, monkeypatch, told):
    journal = opened(path)
    await journal.commit(snapshot("CA0"), row())
    real = statements._insert

    def fails(table: str, *args: object) -> str:
        if table in ("rows", "steps"):
            raise sqlite3.OperationalError("disk I/O error")
        return real(table, *args)

    with monkeypatch.context() as patch:
        patch.setattr(statements, "_insert", fails)
        outcomes = await asyncio.gather(
            *(journal.commit(snapshot(f"CA{n}", 2 if n == 0 else 1), row(), told if n == 3 else ()) for n in range(5)),
            return_exceptions=True,
        )

    assert [type(each) for each in outcomes] == [JournalError] * 5
    assert rows_in(path, "SELECT call_sid, version FROM calls") == [("CA0", 1)]
    await journal.commit(snapshot("CA0", 2), row())
    assert isinstance((await journal.history("CA0"))[-1], Row)


async def test_a_file_in_trouble_is_left_alone_for_a_moment(path, opened, monkeypatch):
    monkeypatch.setattr(module, "RETRY", 100.0)
    clock = [7.0]
    journal = opened(path, clock=lambda: clock[0])
    await journal.open()
    writes = []
    real = module._in_one

    def seen(jobs, connection):
        writes.extend(job.call_sid for job in jobs if isinstance(job, Step))
        return real(jobs, connection)

    monkeypatch.setattr(module, "_in_one", seen)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        says = await problem_of(journal.commit(snapshot("CA1"), row()))
        other.execute("ROLLBACK")
    assert "another process holds it locked" in says
    assert await problem_of(journal.commit(snapshot("CA2"), row())) == says
    clock[0] += 24.9
    assert await problem_of(journal.commit(snapshot("CA3"), row())) == says
    assert writes == ["CA1"]

    clock[0] += 0.2
    await journal.commit(snapshot("CA4"), row())
    assert (writes, journal.trouble) == (["CA1", "CA4"], "")
    assert rows_in(path, "SELECT call_sid FROM calls") == [("CA4",)]
