"""What every journal does: the latest snapshot and the rows of each call, a step upon the one before it."""

from __future__ import annotations

import asyncio

import pytest

from actors import JournalError, StaleVersion, Subscription
from runtime.journals import MemoryJournal, SqliteJournal, memory, tables
from tests.runtime.journals.examples import row, snapshot
from twiml import FunctionExt, Machine, Request, Returned, Say, compile


@pytest.fixture(params=["memory", "sqlite"])
async def journal(request, tmp_path):
    journal = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "calls.db", now=lambda: 0.0)
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


async def test_a_late_callback_of_a_call_that_is_over_is_written_down_too(journal):
    await journal.commit(snapshot("CA1", 1, "completed"), row(1))
    await journal.commit(snapshot("CA1", 2, "completed"), row(2))

    assert [each.at for each in await journal.history("CA1")] == [1, 2]


async def test_what_was_refused_can_be_made_anew_and_committed(journal):
    await journal.commit(snapshot(version=1), row(1))
    with pytest.raises(StaleVersion):
        await journal.commit(snapshot(version=1), row(2))

    await journal.commit(snapshot(version=2), row(3))

    assert await journal.load("CA1") == snapshot(version=2)
    assert [each.at for each in await journal.history("CA1")] == [1, 3]


async def test_of_two_steps_upon_the_same_version_one_is_committed(journal):
    await journal.commit(snapshot(version=1), row(1))

    outcomes = await asyncio.gather(
        *(journal.commit(snapshot(version=2, data={"by": n}), row(2 + n)) for n in range(5)), return_exceptions=True
    )

    assert outcomes[0] is None
    assert [type(each) for each in outcomes[1:]] == [StaleVersion] * 4
    assert (await journal.load("CA1")).data == {"by": 0}
    assert [each.at for each in await journal.history("CA1")] == [1, 2]


async def test_all_of_a_snapshot_and_of_a_row_comes_back(journal):
    kept = snapshot(
        "CA\u2603",
        status="failed",
        started=1.25,
        machine={"state": "1.2", "visits": {"1": 3}, "document": None, "ended": False},
        initial_params={"CallSid": "CA1", "From": "+441314960123", "Body": "é <&> 'x'\n"},
        params={"Digits": "12#"},
        data={"deep": [1, 2.5, None, True, {"é": "😀"}]},
        taken=7,
        subscriptions=(Subscription("completion", "office", "filed"),),
        announced=("RE1", "RE2"),
        answered={"t1": "<Response/>", "c2": "<Response><Say>é</Say></Response>"},
    )
    line = row(2.5, path="1.2", step=4, params={"Digits": "12#"}, answer="<Say>é</Say>", moved=False)

    await journal.commit(kept, line)

    assert await journal.load("CA\u2603") == kept
    assert list(await journal.history("CA\u2603")) == [line]


async def test_a_call_goes_on_with_the_program_that_callouts_made_its_own(journal):
    shared = compile([FunctionExt("who", "office", "who"), Say("bye")])
    machine = Machine(shared, "/menu")
    machine.step(Request())
    machine.step(Returned([Say("hello, Jane")]))
    await journal.commit(snapshot(program=machine.program, machine=machine.snapshot()), row())

    found = await journal.load("CA1")
    again = Machine.restore(found.program, found.machine, "/menu")

    assert found.program == machine.program != shared
    assert again.step(Request(step=1)) == machine.step(Request(step=1))


async def test_calls_of_one_recipe_come_back_with_one_program(journal):
    for n in range(5):
        await journal.commit(snapshot(f"CA{n}", program=compile([Say("hello")])), row())

    found = [(await journal.load(f"CA{n}")).program for n in range(5)]

    assert all(each == found[0] for each in found)
    assert len({id(each) for each in found}) == 1 or isinstance(journal, MemoryJournal)


async def test_two_hundred_calls_at_the_same_time(journal):
    async def a_call(sid: str) -> None:
        for version in range(1, 6):
            await journal.commit(snapshot(sid, version), row(version))

    sids = [f"CA{n}" for n in range(200)]
    await asyncio.wait_for(asyncio.gather(*map(a_call, sids)), 60)

    found = await asyncio.gather(*map(journal.load, sids))
    assert [(each.call_sid, each.version) for each in found] == [(sid, 5) for sid in sids]
    assert {len(await journal.history(sid)) for sid in sids} == {5}


async def test_it_may_be_closed_twice(journal):
    await journal.close()
    await journal.close()


def test_they_keep_as_many_rows():
    assert tables.KEPT_ROWS == memory.KEPT_ROWS
