"""The journal in memory: the latest snapshot and the rows of each call, a step upon the one before it."""

from __future__ import annotations

import pytest

from actors import JournalError, Row, Snapshot, StaleVersion
from runtime.journals import MemoryJournal, memory
from twiml import Say, compile

PROGRAM = compile([Say("hello")])


def snapshot(call_sid: str = "CA1", version: int = 1, status: str = "in-progress") -> Snapshot:
    return Snapshot(
        call_sid=call_sid,
        recipe="greeting",
        version=version,
        status=status,
        started=0.0,
        program=PROGRAM,
        machine={},
        initial_params={"CallSid": call_sid},
        params={"CallSid": call_sid},
        data={"n": version},
        taken=0,
        subscriptions=(),
        announced=(),
        answered={},
    )


def row(at: float) -> Row:
    return Row(at, "start_call", "", None, {"CallSid": "CA1"}, "<Response/>", moved=True)


@pytest.fixture
async def journal():
    journal = MemoryJournal()
    yield journal
    await journal.close()


async def test_a_call_nobody_wrote_down(journal):
    assert await journal.load("CA1") is None
    assert list(await journal.history("CA1")) == []


async def test_the_latest_snapshot_is_what_is_loaded(journal):
    await journal.commit(snapshot(version=1), row(1))
    await journal.commit(snapshot(version=2), row(2))
    await journal.commit(snapshot("CA2"), row(3))

    assert await journal.load("CA1") == snapshot(version=2)
    assert await journal.load("CA2") == snapshot("CA2")


async def test_a_call_s_rows_are_kept_in_order(journal):
    await journal.commit(snapshot(version=1), row(1))
    await journal.commit(snapshot("CA2"), row(9))
    await journal.commit(snapshot(version=2), row(2))

    assert list(await journal.history("CA1")) == [row(1), row(2)]


@pytest.mark.parametrize("version", [0, 1, 3, 9])
async def test_a_step_commits_only_upon_the_version_it_started_from(journal, version):
    await journal.commit(snapshot(version=1), row(1))

    with pytest.raises(StaleVersion, match=f"CA1: step {version} doesn't follow step 1"):
        await journal.commit(snapshot(version=version, status="completed"), row(2))

    assert await journal.load("CA1") == snapshot(version=1)
    assert list(await journal.history("CA1")) == [row(1)]


@pytest.mark.parametrize("version", [0, 2])
async def test_a_call_begins_with_its_first_step(journal, version):
    with pytest.raises(JournalError):
        await journal.commit(snapshot(version=version), row(1))


async def test_of_a_long_call_the_latest_rows_are_kept(journal):
    for version in range(1, memory.KEPT_ROWS + 11):
        await journal.commit(snapshot(version=version), row(version))

    rows = await journal.history("CA1")
    assert [each.at for each in rows] == list(range(11, memory.KEPT_ROWS + 11))


async def test_of_calls_that_are_over_the_latest_are_kept():
    journal = MemoryJournal(kept_calls=2)
    await journal.commit(snapshot("open"), row(1))
    for n in range(4):
        await journal.commit(snapshot(f"CA{n}"), row(1))
        await journal.commit(snapshot(f"CA{n}", 2, "failed" if n % 2 else "completed"), row(2))

    kept = [sid for sid in ("open", "CA0", "CA1", "CA2", "CA3") if await journal.load(sid)]
    assert kept == ["open", "CA2", "CA3"]
    assert list(await journal.history("CA0")) == []


async def test_a_late_callback_of_a_call_that_is_over_is_written_down_too():
    journal = MemoryJournal(kept_calls=1)
    await journal.commit(snapshot("CA1", 1, "completed"), row(1))
    await journal.commit(snapshot("CA1", 2, "completed"), row(2))

    assert [each.at for each in await journal.history("CA1")] == [1, 2]


def test_its_name_is_the_setting(journal):
    assert journal.name == "memory:"
