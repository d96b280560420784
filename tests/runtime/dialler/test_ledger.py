"""The ledger on disk: one process has it, it is synced at every entry, and a crash tears no more than its last line."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.dialler import Entry, Ledger, LedgerError, Step, What, WrongLedger
from runtime.dialler.entry import HEADER
from tests.actors.doubles import Gate, bounded, quiet, until

JANE, JOE = "+441314960123", "+441314960124"
CALLING = Entry(1.0, What.CALLING, JANE)
CALLED = Entry(2.0, What.CALLED, JANE, "", "CA1")
HOLDER = """
import sys
from pathlib import Path
from runtime.dialler import Ledger

with Ledger(Path(sys.argv[1])):
    print("locked", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path) -> Path:
    return tmp_path / "guests.csv.calls.csv"


async def test_what_one_process_wrote_the_next_one_knows(path):
    with Ledger(path) as ledger:
        await ledger.write(CALLING)
        await ledger.write(CALLED)
        during = ledger.book.of(JANE)

    with Ledger(path) as ledger:
        assert ledger.book.of(JANE) == during
        assert (during.sid, ledger.torn) == ("CA1", 0)
    assert path.read_bytes() == HEADER + CALLING.encoded() + CALLED.encoded()


def test_it_is_its_owners_alone(path):
    with Ledger(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_an_entry_is_on_disk_before_it_counts(path, monkeypatch):
    with Ledger(path) as ledger:
        synced = []
        monkeypatch.setattr(os, "fsync", lambda _: synced.append((path.read_bytes(), ledger.book.of(JANE).step)))
        await ledger.write(CALLING)

    assert synced == [(HEADER + CALLING.encoded(), Step.CALL)]


async def test_while_the_disk_is_slow_the_loop_goes_on_and_what_has_come_is_synced_together(path, monkeypatch):
    with Ledger(path) as ledger:
        gate, sync, synced = Gate(), os.fsync, []

        def slow(fd):
            gate.wait()
            sync(fd)
            synced.append(path.read_bytes().count(b"\n") - 1)

        monkeypatch.setattr(os, "fsync", slow)
        others = [Entry(float(n), What.CALLING, f"+4413149600{n:02}") for n in range(10)]
        first = asyncio.ensure_future(ledger.write(CALLING))
        await until(lambda: gate.reached)
        rest = [asyncio.ensure_future(ledger.write(each)) for each in others]
        await quiet()
        during = [each.done() for each in (first, *rest)], ledger.book.of(JANE).step
        gate.open()
        await bounded(asyncio.gather(first, *rest))

    assert during == ([False] * 11, Step.CALL)
    assert synced == [1, 11]
    assert path.read_bytes() == HEADER + b"".join(each.encoded() for each in [CALLING, *others])


async def test_what_is_on_disk_waits_for_no_later_sync(path, monkeypatch):
    with Ledger(path) as ledger:
        gates, sync = [Gate() for _ in range(3)], os.fsync
        turns = iter(gates)
        monkeypatch.setattr(os, "fsync", lambda fd: (next(turns).wait(), sync(fd)))
        entries = [Entry(float(n), What.CALLING, f"+4413149600{n:02}") for n in range(4)]
        writing = [asyncio.ensure_future(ledger.write(entries[0]))]
        await until(lambda: gates[0].reached)
        writing += [asyncio.ensure_future(ledger.write(each)) for each in entries[1:3]]
        await quiet()
        gates[0].open()
        await until(lambda: gates[1].reached)
        writing.append(asyncio.ensure_future(ledger.write(entries[3])))
        await quiet()
        gates[1].open()
        await bounded(asyncio.gather(*writing[:3]))
        await until(lambda: gates[2].reached)
        last = writing[3].done()
        gates[2].open()
        await bounded(writing[3])

    assert not last


async def test_what_nobody_waits_for_any_more_is_written_before_it_is_let_go_of(path, monkeypatch):
    """As after a second Ctrl-C, which cancels whoever has just heard how a call came out."""
    ledger, gate, sync = Ledger(path), Gate(), os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (gate.wait(), sync(fd)))
    writing = [asyncio.ensure_future(ledger.write(each)) for each in (CALLING, CALLED)]
    await until(lambda: gate.reached)
    for each in writing:
        each.cancel()
    await quiet()
    gate.open()
    ledger.close()

    assert all(each.cancelled() for each in writing)
    assert path.read_bytes() == HEADER + CALLING.encoded() + CALLED.encoded()


async def test_a_full_disk_is_told_to_all_whose_entries_were_to_be_synced_together(path, monkeypatch):
    with Ledger(path) as ledger:
        gate = Gate()

        def full(_):
            gate.wait()
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        first = asyncio.ensure_future(ledger.write(CALLING))
        await until(lambda: gate.reached)
        rest = [asyncio.ensure_future(ledger.write(Entry(2.0, What.CALLING, JOE))) for _ in range(3)]
        await quiet()
        gate.open()
        told = await bounded(asyncio.gather(first, *rest, return_exceptions=True))

    assert [type(each) for each in told] == [LedgerError] * 4
    assert path.read_bytes() == HEADER + CALLING.encoded()


@pytest.mark.parametrize("name", ["open", "fsync"])
def test_a_folder_that_cannot_be_synced_is_told_each_time(path, monkeypatch, name):
    do = getattr(os, name)

    def not_the_folder(what, *more):
        if (os.fstat(what).st_mode if name == "fsync" else os.stat(what).st_mode) & stat.S_IFDIR:  # noqa: PTH116
            raise PermissionError(errno.EACCES, "Permission denied")
        return do(what, *more)

    path.touch()
    monkeypatch.setattr(os, name, not_the_folder)
    for _ in range(2):
        with pytest.raises(LedgerError, match="can't be synced to disk: Permission denied; put the file elsewhere"):
            Ledger(path)

    assert path.read_bytes() == b""


def test_a_new_ledgers_name_is_synced_too(path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda fd: synced.append(stat.S_ISDIR(os.fstat(fd).st_mode)))

    with Ledger(path):
        first = list(synced)
    with Ledger(path):
        assert synced == first == [True, False]


@pytest.mark.parametrize("kept", [1, 20, len(CALLED.encoded()) - 2])
async def test_a_torn_line_is_cut_off_before_anything_is_written_behind_it(path, kept):
    path.write_bytes(HEADER + CALLING.encoded() + CALLED.encoded()[:kept])

    with Ledger(path) as ledger:
        assert (ledger.torn, ledger.book.of(JANE).step) == (kept, Step.LOOK_UP)
        await ledger.write(CALLED)

    assert path.read_bytes() == HEADER + CALLING.encoded() + CALLED.encoded()


async def test_a_last_line_without_its_end_gets_it_before_anything_is_written_behind_it(path):
    """As people leave it who write one by hand."""
    by_hand = b"2026-09-01T12:00:00.590Z,called,+441314960123,+441314960100,CA9,found in the console"
    path.write_bytes(HEADER + CALLING.encoded() + by_hand)

    with Ledger(path) as ledger:
        assert (ledger.torn, ledger.book.of(JANE).step, ledger.book.of(JANE).sid) == (0, Step.NOTHING, "CA9")
        assert path.read_bytes() == HEADER + CALLING.encoded() + by_hand + b"\n"
        await ledger.write(Entry(3.0, What.CALLING, JOE))

    with Ledger(path) as ledger:
        assert (ledger.book.of(JANE).sid, ledger.book.of(JOE).step) == ("CA9", Step.LOOK_UP)


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_call_without_a_sid_is_told_and_nothing_is_changed(path, end):
    octets = HEADER + b"2026-09-01T12:00:00.590Z,called,+441314960123,+441314960100,," + end
    path.write_bytes(octets)

    with pytest.raises(WrongLedger, match=r"calls\.csv:2: is no entry: called is of a call, and has no SID; mend it"):
        Ledger(path)

    assert path.read_bytes() == octets


@pytest.mark.parametrize("kept", range(len(HEADER)))
async def test_a_ledger_torn_at_its_birth_begins_anew(path, kept):
    path.write_bytes(HEADER[:kept])

    with Ledger(path) as ledger:
        await ledger.write(CALLING)

    assert path.read_bytes() == HEADER + CALLING.encoded()


def test_another_file_is_left_as_it_is(path):
    path.write_text("my notes")

    with pytest.raises(LedgerError, match=r"calls\.csv:1: it doesn't begin as a ledger.*move it away"):
        Ledger(path)

    assert path.read_text() == "my notes"


def test_a_damaged_ledger_is_left_as_it_is(path):
    octets = HEADER + b"?\n" + CALLING.encoded() + b"torn"
    path.write_bytes(octets)

    with pytest.raises(LedgerError, match=r"calls\.csv:2: is no entry"):
        Ledger(path)

    assert path.read_bytes() == octets


async def test_a_ledger_that_was_moved_away_begins_no_call_and_still_hears_how_those_in_hand_came_out(path):
    aside = path.with_name("aside.csv")
    with Ledger(path) as ledger:
        await ledger.write(CALLING)
        path.rename(aside)
        with pytest.raises(LedgerError, match=r"calls\.csv: was moved away during the run; move it back"):
            await ledger.write(Entry(2.0, What.CALLING, JOE))
        await ledger.write(CALLED)

        assert aside.read_bytes() == HEADER + CALLING.encoded() + CALLED.encoded()
        assert ledger.book.of(JOE).step is Step.CALL


async def test_nor_does_one_in_whose_place_there_is_another(path):
    """As an editor leaves it that writes a new file and gives it the old one's name."""
    with Ledger(path) as ledger:
        other = path.with_name("other")
        other.write_bytes(path.read_bytes())
        other.rename(path)
        with pytest.raises(LedgerError, match="was moved away during the run"):
            await ledger.write(CALLING)


async def test_one_that_is_moved_back_goes_on(path):
    with Ledger(path) as ledger:
        path.rename(path.with_name("aside.csv")).rename(path)
        await ledger.write(CALLING)


def test_one_that_is_moved_away_before_it_is_locked_is_not_had(path, monkeypatch):
    """Between the opening of a file and its locking another run can end, and its ledger be moved."""
    lock = fcntl.flock

    def late(fd, how):
        path.unlink()
        lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(LedgerError, match="was moved away"):
        Ledger(path)


def test_what_is_read_is_what_is_locked(path, monkeypatch):
    path.write_bytes(HEADER + CALLING.encoded())
    monkeypatch.setattr(Path, "read_bytes", lambda _: HEADER)

    with Ledger(path) as ledger:
        assert ledger.book.of(JANE).step is Step.LOOK_UP


def test_two_in_one_process_do_not_share_it(path):
    with Ledger(path):
        with pytest.raises(LedgerError, match="another switchhook is calling from this file; wait for its end"):
            Ledger(path)
        path.unlink()
        with Ledger(path):
            pass  # another file by that name is another ledger


def test_the_second_process_is_refused_until_the_first_is_dead(path):
    holder = subprocess.Popen(  # noqa: S603 - ours
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout.readline() == b"locked\n"
        with pytest.raises(LedgerError, match="another switchhook"):
            Ledger(path)
        holder.kill()
        holder.wait()
        with Ledger(path):
            pass  # it is free


def test_a_place_where_nothing_can_be_written(tmp_path):
    with pytest.raises(LedgerError, match=r"none/x\.calls\.csv: can't be opened: No such file or directory"):
        Ledger(tmp_path / "none" / "x.calls.csv")
    with pytest.raises(LedgerError, match="can't be opened: Is a directory"):
        Ledger(tmp_path)


@pytest.mark.parametrize("name", ["write", "fsync"])
async def test_a_full_disk_ends_the_writing_for_good(path, monkeypatch, name):
    """A line behind one that may be torn would damage the ledger."""
    with Ledger(path) as ledger:
        await ledger.write(CALLING)

        def full(fd, *_):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr(os, name, full)
            with pytest.raises(LedgerError, match=r"calls\.csv: can't be written: No space left on device"):
                await ledger.write(CALLED)
        size = path.stat().st_size
        with pytest.raises(LedgerError, match="No space left"):
            await ledger.write(Entry(3.0, What.CALLING, JOE))

        assert path.stat().st_size == size
        assert ledger.book.of(JANE).step is Step.LOOK_UP
        assert ledger.book.of(JOE).step is Step.CALL


async def test_a_write_that_takes_only_a_part_is_gone_on_with(path, monkeypatch):
    with Ledger(path) as ledger:
        write = os.write
        monkeypatch.setattr(os, "write", lambda fd, octets: write(fd, octets[:7]))
        await ledger.write(CALLING)

    assert path.read_bytes() == HEADER + CALLING.encoded()
