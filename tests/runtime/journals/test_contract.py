"""What every journal does. A test for each sentence of the protocol's, for all of them."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from actors import KEPT_ROWS, JournalError, Open, StaleVersion, Subscription
from runtime.journals import Durable, MemoryJournal
from runtime.journals.postgres import PostgresJournal
from runtime.journals.sqlite import SqliteJournal
from tests.runtime.journals.examples import letter, row, snapshot
from twiml import FunctionExt, Machine, Request, Returned, Say, compile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from actors import Journal

KINDS = ["memory", "sqlite", "postgres"]


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture
async def another(kind, tmp_path, request) -> AsyncIterator[Callable[[], Journal]]:
    """Makes journals on one and the same place, for which it is the beginning of time."""
    async with AsyncExitStack() as stack:
        if kind == "postgres":
            url = request.getfixturevalue("database")

        def another() -> Journal:
            if kind == "memory":
                journal = MemoryJournal()
            elif kind == "sqlite":
                journal = SqliteJournal(tmp_path / "calls.db", now=lambda: 0.0)
            else:
                journal = PostgresJournal(url, now=lambda: 0.0)
            stack.push_async_callback(journal.close)
            return journal

        yield another


@pytest.fixture
def journal(another) -> Journal:
    return another()


@pytest.fixture
def both(kind, another, journal) -> tuple[Journal, Journal]:
    """The journals of two daemons, on one and the same place where that can be."""
    return journal, journal if kind == "memory" else another()


async def write(journal: Journal, call_sid: str = "CA1", version: int = 1, *letters, at: float = 1.0, **more) -> None:
    """Commit a step."""
    claimant = more.pop("claimant", "")
    await journal.commit(snapshot(call_sid, version, **more), row(at), letters, claimant=claimant)


def listed(calls) -> list[str]:
    return [each.call_sid for each in calls]


# --- calls ---------------------------------------------------------------------------------------


async def test_all_that_is_known_of_a_call_is_kept(journal):
    known = snapshot()._replace(answered_by="fax", reported=True, ending=True, awaited={"RE1": {"CallSid": "CA1"}})
    await journal.commit(known, row())

    assert await journal.load("CA1") == known


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


async def test_the_latest_of_a_call_s_rows_may_be_asked_for_alone(journal):
    for version in range(1, 6):
        await write(journal, version=version, at=version)

    assert [each.at for each in await journal.history("CA1", 2)] == [4, 5]
    assert [each.at for each in await journal.history("CA1", 9)] == [1, 2, 3, 4, 5]


async def test_of_a_long_call_the_latest_rows_are_kept(journal):
    for version in range(1, KEPT_ROWS + 11):
        await write(journal, version=version, at=version)

    rows = await journal.history("CA1", 10 * KEPT_ROWS)
    assert [each.at for each in rows] == list(range(11, KEPT_ROWS + 11))


async def test_a_late_callback_of_a_call_that_is_over_is_written_down_too(journal):
    await write(journal, "CA1", 1, at=1, status="completed")
    await write(journal, "CA1", 2, at=2, status="completed")

    assert [each.at for each in await journal.history("CA1")] == [1, 2]


async def test_all_of_a_snapshot_and_of_a_row_comes_back(journal):
    kept = snapshot(
        "CA\u2603",
        status="failed",
        started=1.25,
        due=86_401.25,
        machine={"state": "1.2", "visits": {"1": 3}, "document": None, "ended": False},
        initial_params={"CallSid": "CA1", "From": "+441314960123", "Body": "é <&> 'x'\n\0"},
        data={"deep": [1, 2.5, None, True, {"é": "😀"}]},
        taken=7,
        ending=True,
        subscriptions=(Subscription("completion", "office", "filed"),),
        announced=("RE1", "RE2"),
        awaited={"RE3": {"RecordingUrl": "https://example.com/RE3"}},
    )
    line = row(2.5, path="1.2", step=4, params={"Digits": "12#\0"}, answer="<Say>é</Say>", moved=False, same="t1")

    await journal.commit(kept, line)

    assert await journal.load("CA\u2603") == kept
    assert list(await journal.history("CA\u2603")) == [line]


async def test_what_the_first_webhook_was_stays_with_the_call(journal):
    first = {"CallSid": "CA1", "From": "+441314960123"}
    await journal.commit(snapshot(initial_params=first), row())
    await journal.commit(snapshot(version=2, initial_params=first), row())

    assert (await journal.load("CA1")).initial_params == first


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


async def test_what_one_daemon_wrote_another_goes_on_with(both):
    one, other = both
    program = compile([Say("hello"), Say("bye")])
    await one.commit(snapshot(program=program), row(1))

    assert await other.load("CA1") == snapshot(program=program)
    await other.commit(snapshot(version=2, program=program), row(2))
    assert await one.load("CA1") == snapshot(version=2, program=program)
    assert [each.at for each in await one.history("CA1")] == [1, 2]


async def test_two_hundred_calls_at_the_same_time(both):
    async def a_call(number: int) -> None:
        for version in range(1, 6):
            await write(both[(number + version) % 2], f"CA{number}", version, at=version)

    await asyncio.wait_for(asyncio.gather(*map(a_call, range(200))), 60)

    found = await asyncio.gather(*(both[0].load(f"CA{n}") for n in range(200)))
    assert [(each.call_sid, each.version) for each in found] == [(f"CA{n}", 5) for n in range(200)]
    assert {len(await both[1].history(f"CA{n}")) for n in range(200)} == {5}


# --- a step upon the one before it ---------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 1, 3, 9])
async def test_a_step_commits_only_upon_the_version_it_started_from(journal, version):
    await journal.commit(snapshot(version=1), row(1))
    await journal.claim("CA1", 1, "me", 0.0, 5.0)

    with pytest.raises(StaleVersion, match=f"CA1: step {version} doesn't follow"):
        await write(journal, "CA1", version, letter(version=version), status="completed", claimant="me")

    assert await journal.load("CA1") == snapshot(version=1)
    assert list(await journal.history("CA1")) == [row(1)]
    assert list(await journal.due_letters(9.0, 9)) == []
    assert not await journal.claim("CA1", 1, "you", 1.0, 6.0)


@pytest.mark.parametrize("version", [0, 2])
async def test_a_call_begins_with_its_first_step(journal, version):
    with pytest.raises(StaleVersion):
        await write(journal, version=version)

    assert await journal.load("CA1") is None


async def test_what_was_refused_can_be_made_anew_and_committed(journal):
    await journal.commit(snapshot(version=1), row(1))
    with pytest.raises(StaleVersion):
        await journal.commit(snapshot(version=1), row(2))

    await journal.commit(snapshot(version=2), row(3))

    assert await journal.load("CA1") == snapshot(version=2)
    assert [each.at for each in await journal.history("CA1")] == [1, 3]


@pytest.mark.parametrize("version", [1, 2])
async def test_of_steps_upon_the_same_version_one_is_committed(both, version):
    if version == 2:
        await write(both[0])

    outcomes = await asyncio.gather(
        *(write(both[n % 2], "CA1", version, letter(version=version), at=n, data={"by": n}) for n in range(10)),
        return_exceptions=True,
    )

    [winner] = [n for n, outcome in enumerate(outcomes) if outcome is None]
    assert [type(each) for n, each in enumerate(outcomes) if n != winner] == [StaleVersion] * 9
    assert (await both[0].load("CA1")).data == {"by": winner}
    assert [each.at for each in await both[1].history("CA1")][version - 1 :] == [winner]
    assert await both[0].take_letter("CA1", 1.0, 9.0) == letter(version=version, due=9.0, tries=1)
    await both[0].strike(letter(version=version))
    assert await both[0].take_letter("CA1", 1.0, 9.0) is None


async def test_of_many_calls_each_step_is_committed_by_one_of_two(both):
    """Two daemons race for every step of many calls; whoever loses takes the call up and goes on."""

    async def go_on(journal: Journal, sid: str) -> int:
        won = 0
        for _ in range(200):
            found = await journal.load(sid)
            version = found.version if found else 0
            if version == 6:
                break
            try:
                await write(journal, sid, version + 1, at=version + 1)
                won += 1
            except StaleVersion:
                continue
        return won

    sids = [f"CA{n}" for n in range(20)]
    won = await asyncio.gather(*(go_on(each, sid) for sid in sids for each in both))

    assert sum(won) == 6 * len(sids)
    for sid in sids:
        assert [each.at for each in await both[0].history(sid)] == [1, 2, 3, 4, 5, 6]


async def test_the_first_step_of_a_new_program_may_be_taken_by_two_at_once(both):
    for n in range(10):
        program = compile([Say(f"hello {n}")])
        await asyncio.gather(*(write(each, f"CA{n}{i}", program=program) for i, each in enumerate(both)))

    assert (await both[0].load("CA90")).program == (await both[1].load("CA91")).program == program


# --- claims --------------------------------------------------------------------------------------


async def test_a_call_that_is_not_kept_yet_can_be_claimed(both):
    one, other = both

    assert await one.claim("CA1", 0, "one", 0.0, 5.0)
    assert not await other.claim("CA1", 0, "other", 4.0, 9.0)
    assert not await other.claim("CA1", None, "other", 4.0, 9.0)
    assert await other.claim("CA2", 0, "other", 4.0, 9.0)


async def test_a_claim_that_has_run_out_is_anybody_s(both):
    one, other = both
    await write(one)
    await one.claim("CA1", 1, "one", 0.0, 5.0)

    assert await other.claim("CA1", 1, "other", 6.0, 11.0)
    assert not await one.claim("CA1", None, "one", 7.0, 12.0)


async def test_a_claim_is_renewed_by_its_owner(both):
    one, other = both
    await write(one)
    assert await one.claim("CA1", 1, "one", 0.0, 5.0)

    assert await one.claim("CA1", None, "one", 3.0, 8.0)
    assert await one.claim("CA1", 1, "one", 4.0, 9.0)
    assert not await other.claim("CA1", 1, "other", 8.5, 13.0)
    assert await other.claim("CA1", 1, "other", 9.5, 13.0)


@pytest.mark.parametrize("version", [0, 1, 3])
async def test_a_claim_is_upon_a_version(journal, version):
    await write(journal, version=1)
    await write(journal, version=2)

    with pytest.raises(StaleVersion, match="CA1"):
        await journal.claim("CA1", version, "me", 0.0, 5.0)
    assert await journal.claim("CA1", 2, "you", 0.0, 5.0)


async def test_a_call_that_is_not_kept_has_no_version_to_claim(journal):
    with pytest.raises(StaleVersion):
        await journal.claim("CA1", 1, "me", 0.0, 5.0)

    assert await journal.claim("CA1", 0, "you", 0.0, 5.0)


async def test_who_comes_too_late_is_told_so_though_somebody_else_has_claimed(journal):
    await write(journal)
    await journal.claim("CA1", 1, "me", 0.0, 5.0)

    with pytest.raises(StaleVersion):
        await journal.claim("CA1", 0, "you", 0.0, 5.0)
    assert not await journal.claim("CA1", 1, "you", 0.0, 5.0)


async def test_a_stale_claim_leaves_the_one_before_it_as_it_was(journal):
    await write(journal)
    await journal.claim("CA1", 1, "me", 0.0, 5.0)

    with pytest.raises(StaleVersion):
        await journal.claim("CA1", 0, "me", 0.0, 50.0)
    assert not await journal.claim("CA1", 1, "you", 4.0, 9.0)
    assert await journal.claim("CA1", 1, "you", 6.0, 11.0)


async def test_a_claim_ends_with_its_owner_s_step(both):
    one, other = both
    await one.claim("CA1", 0, "one", 0.0, 5.0)

    await write(one, claimant="one")

    assert await other.claim("CA1", 1, "other", 1.0, 6.0)


async def test_a_step_of_somebody_else_ends_no_claim(both):
    one, other = both
    await one.claim("CA1", 0, "one", 0.0, 5.0)

    await write(other, version=1, claimant="other")
    await write(other, version=2)

    assert not await other.claim("CA1", 2, "other", 1.0, 6.0)
    assert await one.claim("CA1", None, "one", 1.0, 6.0)


async def test_of_those_who_claim_at_the_same_time_one_does(both):
    for sid in ("CA1", "CA2", "CA3"):
        had = await asyncio.gather(*(both[n % 2].claim(sid, 0, f"{n}", 0.0, 5.0) for n in range(10)))

        assert sorted(had) == [False] * 9 + [True]


async def test_nobody_claims_what_somebody_has_just_done(both):
    """Who claims while the claim before it ends with a step has claimed after that step, or not at all."""
    one, other = both
    for n in range(30):
        sid = f"CA{n}"
        assert await one.claim(sid, 0, "one", 0.0, 5.0)
        _, *tried = await asyncio.gather(
            write(one, sid, claimant="one"),
            *(other.claim(sid, 0, f"other {i}", 0.0, 5.0) for i in range(4)),
            return_exceptions=True,
        )
        assert all(each is False or isinstance(each, StaleVersion) for each in tried), tried


# --- lists ---------------------------------------------------------------------------------------


async def test_calls_are_overdue_by_a_time_the_longest_first(journal):
    for sid, due in (("CA1", 30.0), ("CA2", 10.0), ("CA3", None), ("CA4", 20.0), ("CA5", 99.0)):
        await write(journal, sid, due=due)
    await write(journal, "CA6", due=15.0, status="completed")

    assert listed(await journal.overdue(30.0, 9)) == ["CA2", "CA6", "CA4", "CA1"]
    assert listed(await journal.overdue(30.0, 2)) == ["CA2", "CA6"]
    assert listed(await journal.overdue(9.0, 9)) == []


async def test_a_step_changes_when_a_call_is_due(journal):
    await write(journal, version=1, due=10.0)
    await write(journal, "CA2", version=1, due=10.0)
    await write(journal, version=2, due=20.0)
    await write(journal, "CA2", version=2, due=None)

    assert listed(await journal.overdue(15.0, 9)) == []
    assert listed(await journal.overdue(25.0, 9)) == ["CA1"]


async def test_calls_in_progress_are_listed_in_the_order_of_their_sids(journal):
    for sid in ("CAb", "CA2", "CAa", "CAB", "CA1"):
        await write(journal, sid)
    await write(journal, "CA0", status="completed")
    await write(journal, "CA3", status="failed")
    await write(journal, "CA4")
    await write(journal, "CA4", 2, status="completed")

    assert listed(await journal.in_progress("", 9)) == ["CA1", "CA2", "CAB", "CAa", "CAb"]
    assert listed(await journal.in_progress("", 2)) == ["CA1", "CA2"]
    assert listed(await journal.in_progress("CA2", 2)) == ["CAB", "CAa"]
    assert listed(await journal.in_progress("CAb", 2)) == []


async def test_a_call_is_listed_with_who_calls_whom_and_where_it_is(journal):
    first = {"CallSid": "CA1", "From": "+441314960123", "To": "+441314960100"}
    kept = {"initial_params": first, "started": 2.5, "due": 3.0, "machine": {"state": "1.2"}}
    await write(journal, **kept)
    await write(journal, version=2, **kept | {"machine": {"state": "1.3"}})

    expected = Open("CA1", "greeting", 2.5, "+441314960123", "+441314960100", "1.3")
    assert list(await journal.in_progress("", 9)) == list(await journal.overdue(3.0, 9)) == [expected]


async def test_a_call_without_numbers_and_without_a_state_is_listed_too(journal):
    await write(journal, due=0.0)

    assert list(await journal.in_progress("", 9)) == [Open("CA1", "greeting", 0.0, "", "", "")]


async def test_calls_that_are_over_are_listed_the_earliest_first(journal):
    for sid, at, status in (("CA1", 30, "completed"), ("CA2", 10, "failed"), ("CA3", 20, "in-progress")):
        await write(journal, sid, at=at, status=status)
    await write(journal, "CA4", at=5)
    await write(journal, "CA4", 2, at=25, status="completed")

    assert list(await journal.ended(0.0, 9)) == ["CA2", "CA4", "CA1"]
    assert list(await journal.ended(0.0, 2)) == ["CA2", "CA4"]
    assert list(await journal.ended(25.0, 9)) == ["CA4", "CA1"]


# --- letters -------------------------------------------------------------------------------------


async def test_a_letter_is_written_with_its_step(both):
    one, other = both
    await write(one, "CA1", 1, letter(due=5.0))

    assert list(await other.due_letters(4.9, 9)) == []
    assert list(await other.due_letters(5.0, 9)) == ["CA1"]


async def test_all_of_a_letter_comes_back(journal):
    sent = letter(
        "CA\u2603",
        number=3,
        due=2.0,
        subscription=Subscription("recording", "office.mail", "sent"),
        at=1.5,
        path="1.2",
        step=7,
        params={"Body": "é\n\0"},
        tries=2,
        reason="KeyError: 'é'",
    )
    await write(journal, "CA\u2603", 1, sent)

    assert await journal.take_letter("CA\u2603", 2.0, 9.0) == sent._replace(due=9.0, tries=3)


async def test_a_letter_that_is_taken_is_nobody_else_s_until_its_lease_runs_out(both):
    one, other = both
    await write(one, "CA1", 1, letter(due=1.0))

    assert await one.take_letter("CA1", 1.0, 10.0) == letter(due=10.0, tries=1)
    assert await other.take_letter("CA1", 9.0, 20.0) is None
    assert list(await other.due_letters(9.0, 9)) == []
    assert await other.take_letter("CA1", 10.0, 20.0) == letter(due=20.0, tries=2)


async def test_of_those_who_ask_at_the_same_time_one_gets_the_letter(both):
    for n in range(10):
        sid = f"CA{n}"
        await write(both[0], sid, 1, letter(sid, 1, 0), letter(sid, 1, 1))

        got = await asyncio.gather(*(both[i % 2].take_letter(sid, 1.0, 9.0) for i in range(10)))

        assert [each for each in got if each is not None] == [letter(sid, 1, 0, due=9.0, tries=1)]


async def test_letters_of_a_call_are_delivered_in_order(journal):
    await write(journal, "CA1", 1, letter(version=1, number=1, due=3.0), letter(version=1, number=0, due=5.0))
    await write(journal, "CA1", 2, letter(version=2, number=0, due=1.0))
    order = []
    for _ in range(3):
        taken = await journal.take_letter("CA1", 5.0, 9.0)
        order.append((taken.version, taken.number))
        await journal.strike(taken)

    assert order == [(1, 0), (1, 1), (2, 0)]
    assert await journal.take_letter("CA1", 99.0, 100.0) is None


async def test_letters_behind_one_that_is_not_due_wait_for_it(journal):
    await write(journal, "CA1", 1, letter(number=0, due=5.0), letter(number=1, due=1.0))

    assert list(await journal.due_letters(4.0, 9)) == []
    assert await journal.take_letter("CA1", 4.0, 9.0) is None
    assert list(await journal.due_letters(5.0, 9)) == ["CA1"]


async def test_letters_of_other_calls_wait_for_none(journal):
    await write(journal, "CA1", 1, letter("CA1", due=5.0))
    await write(journal, "CA2", 1, letter("CA2", due=1.0))

    assert list(await journal.due_letters(1.0, 9)) == ["CA2"]
    assert (await journal.take_letter("CA2", 1.0, 9.0)).call_sid == "CA2"


async def test_calls_whose_letters_are_due_are_told_once_the_longest_first(journal):
    for sid, due in (("CA1", 3.0), ("CA2", 1.0), ("CA3", 2.0), ("CA4", 9.0)):
        await write(journal, sid, 1, letter(sid, number=0, due=due), letter(sid, number=1, due=due))

    assert list(await journal.due_letters(3.0, 9)) == ["CA2", "CA3", "CA1"]
    assert list(await journal.due_letters(3.0, 2)) == ["CA2", "CA3"]


async def test_a_letter_that_was_struck_is_not_brought_back_by_who_comes_late(journal):
    await write(journal, "CA1", 1, letter(due=1.0))
    taken = await journal.take_letter("CA1", 2.0, 3.0)
    again = await journal.take_letter("CA1", 4.0, 9.0)
    await journal.strike(again)

    await journal.postpone(taken._replace(due=5.0, reason="it took too long"))

    assert list(await journal.due_letters(10.0, 10)) == []
    assert await journal.take_letter("CA1", 10.0, 20.0) is None


async def test_a_letter_is_tried_again_when_it_was_postponed_to(journal):
    await write(journal, "CA1", 1, letter())
    taken = await journal.take_letter("CA1", 1.0, 9.0)

    await journal.postpone(taken._replace(due=30.0, reason="OSError: no"))

    assert await journal.take_letter("CA1", 29.0, 40.0) is None
    again = letter(due=40.0, tries=2, reason="OSError: no")
    assert await journal.take_letter("CA1", 30.0, 40.0) == again


async def test_a_letter_that_was_struck_off_is_not_written_down_again(journal):
    await write(journal, "CA1", 1, letter())
    taken = await journal.take_letter("CA1", 1.0, 9.0)
    await journal.strike(taken)

    await journal.postpone(taken._replace(due=2.0))
    await journal.strike(taken)

    assert list(await journal.due_letters(99.0, 9)) == []


async def test_a_dead_letter_is_listed_and_does_not_hold_up_those_behind_it(journal):
    await write(journal, "CA1", 1, letter(number=0), letter(number=1))
    taken = await journal.take_letter("CA1", 1.0, 9.0)

    await journal.postpone(dead := taken._replace(due=None, tries=5, reason="ValueError: never"))

    assert list(await journal.dead_letters(9)) == [dead]
    assert await journal.count_dead() == 1
    assert list(await journal.due_letters(1.0, 9)) == ["CA1"]
    assert (await journal.take_letter("CA1", 1.0, 9.0)).number == 1


async def test_a_letter_may_be_dead_from_the_beginning(journal):
    await write(journal, "CA1", 1, letter(due=None, reason="there is no such function"))

    assert await journal.count_dead() == 1
    assert list(await journal.due_letters(99.0, 9)) == []


@pytest.fixture
async def dead(journal):
    """Five dead letters of three calls, and one that isn't."""
    letters = [letter(f"CA{n % 3}", 1, n, due=None, at=float(n), tries=7, reason="no") for n in range(5)]
    for n in range(3):
        await write(journal, f"CA{n}", 1, *(each for each in letters if each.call_sid == f"CA{n}"))
    await write(journal, "CA9", 1, letter("CA9", due=50.0))
    return letters


async def test_dead_letters_are_listed_the_latest_first(journal, dead):
    assert list(await journal.dead_letters(9)) == dead[::-1]
    assert list(await journal.dead_letters(2)) == [dead[4], dead[3]]
    assert await journal.count_dead() == 5


async def test_dead_letters_are_delivered_after_all_with_all_their_tries(both, journal, dead):
    alive = letter("CA9", due=50.0)
    gone = letter("CA0", 1, 99)

    assert await journal.revive([dead[0], dead[3], alive, gone], 20.0) == 2

    assert await both[1].count_dead() == 3
    assert list(await both[1].due_letters(19.0, 9)) == []
    assert list(await both[1].due_letters(20.0, 9)) == ["CA0"]
    first = await both[1].take_letter("CA0", 20.0, 30.0)
    assert (first.number, first.tries, first.due) == (0, 1, 30.0)
    assert await journal.take_letter("CA9", 49.0, 99.0) is None


async def test_dead_letters_are_forgotten(journal, dead):
    alive = letter("CA9", due=50.0)

    assert await journal.drop([dead[0], dead[3], alive]) == 2
    assert await journal.drop([dead[0]]) == 0

    assert list(await journal.dead_letters(9)) == [dead[4], dead[2], dead[1]]
    assert await journal.take_letter("CA9", 50.0, 99.0) is not None


async def test_no_letters_are_none(journal):
    assert await journal.revive([], 1.0) == 0
    assert await journal.drop([]) == 0
    assert await journal.count_dead() == 0
    assert list(await journal.dead_letters(9)) == []


# --- the journal itself --------------------------------------------------------------------------


async def test_it_has_a_name_and_says_whether_others_may_have_the_same_calls(kind, journal):
    assert journal.name.partition(":")[0] == {"postgres": "postgresql"}.get(kind, kind)
    assert journal.shared is (kind == "postgres")
    assert journal.alone is (kind == "memory")


async def test_what_outlives_the_process_is_made_sure_of_and_has_no_trouble(kind, journal):
    if kind != "memory":
        assert isinstance(journal, Durable)
        await journal.open()
        assert journal.trouble == ""


async def test_it_may_be_closed_twice_and_is_then_closed(kind, journal):
    await journal.close()
    await journal.close()

    if kind != "memory":
        with pytest.raises(JournalError, match="closed"):
            await write(journal)
        with pytest.raises(JournalError, match="closed"):
            await journal.load("CA1")
