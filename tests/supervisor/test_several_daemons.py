"""Several daemons on one journal: any of them answers any webhook, and together they are as one."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Webhook
from actors.errand import LEASE, LOOK, RENEWAL
from runtime.journals import MemoryJournal
from tests.actors.doubles import Office, PlainJournal, SlowRenewals, bounded, counting, quiet, until
from tests.supervisor.switchboard import MENU, Slow, Switchboard, cluster, counted, sid, ticks
from tests.twiml.documents import inside
from twiml import APOLOGY, NOTHING, Say

OVER = {"CallStatus": "completed"}


@pytest.fixture
def slow(office: Office) -> Slow:
    return Slow(office)


async def test_any_of_them_answers_any_webhook() -> None:
    one, two = cluster(MENU)
    assert inside(await one.post()).startswith("<Gather")
    assert inside(await two.post("1", step=1, Digits="1")).startswith("<Say>One!</Say>")
    assert await one.post("status", **OVER) == NOTHING
    assert [row.kind for _, row in one.journal.written] == ["start_call", "gather_response", "call_complete"]
    assert (one.counts["started"], one.counts["completed"]) == (1, 1)


async def test_the_same_webhook_gets_the_same_bytes_of_each_of_them(office: Office) -> None:
    hours, ran = counting(office)
    boards = cluster([hours, *MENU], 3)
    answers = [await board.post(token="a") for board in boards for _ in range(2)]
    assert len(set(answers)) == 1
    assert ran == [f"{sid(1)}:menu:1:0:0"]
    assert len(boards[0].journal.written) == 1


async def test_copies_of_one_webhook_at_the_same_time_run_a_function_once(slow: Slow) -> None:
    """An atomic claim: whoever doesn't get it waits for what becomes of it."""
    one, two, three = cluster([slow.function, *MENU], 3)
    copies = [board.send(token="a") for board in (one, two, three)]
    await until(lambda: slow.doors)
    one.clock.turn(LOOK)
    await quiet()
    assert len(slow.doors) == 1
    slow.doors[0].set_result([Say("nine")])
    await quiet()
    one.clock.turn(LOOK)
    answers = await bounded(asyncio.gather(*copies))
    assert len(set(answers)) == 1
    assert inside(answers[0]).startswith("<Say>nine</Say>")
    assert (len(slow.doors), len(one.journal.written)) == (1, 1)


async def test_a_step_that_comes_second_is_made_anew_upon_the_first() -> None:
    one, two = cluster(MENU)
    await one.post()
    await two.post("status", CallStatus="in-progress")
    answers = await bounded(asyncio.gather(one.send("1", step=1, Digits="1"), two.send("status", token="x", **OVER)))
    versions = [snapshot.version for snapshot, _ in one.journal.written]
    assert versions == [1, 2, 3, 4]
    assert answers[1] == NOTHING
    assert one.journal.written[-1][0].status == "completed"


async def test_a_function_is_not_run_again_because_its_step_came_second(slow: Slow) -> None:
    """Another daemon takes a callback while it runs: what it returned is used all the same."""
    one, two = cluster([slow.function, *MENU])
    first = one.send()
    await until(lambda: slow.doors)
    assert await two.post("status", CallStatus="in-progress") == NOTHING
    slow.doors[0].set_result([Say("nine")])
    assert inside(await bounded(first)).startswith("<Say>nine</Say>")
    assert len(slow.doors) == 1


async def test_nor_is_one_of_several_in_a_step(office: Office, slow: Slow) -> None:
    hours, ran = counting(office)
    one, two = cluster([*MENU[:1], hours, slow.function, Say("bye")])
    await one.post()
    second = one.send("1", step=1, Digits="1")
    await until(lambda: slow.doors)
    await two.post("status", CallStatus="in-progress")
    slow.doors[0].set_result([Say("ten")])
    said = inside(await bounded(second))
    assert said == "<Say>One!</Say><Say>nine</Say><Say>ten</Say><Say>bye</Say><Hangup/>"
    assert (ran, slow.step_ids) == ([f"{sid(1)}:menu:2:1:0"], [f"{sid(1)}:menu:2:1:1"])


async def test_a_function_that_failed_is_not_run_again_because_its_step_came_second(slow: Slow) -> None:
    one, two = cluster([*MENU[:1], slow.function])
    await one.post()
    second = one.send("1", step=1, Digits="1")
    await until(lambda: slow.doors)
    await two.post("status", CallStatus="in-progress")
    slow.doors[0].set_exception(ValueError("no"))
    with capture_logs():
        assert "We are sorry" in await bounded(second)
    assert len(slow.doors) == 1
    assert one.counts["failed"] == 1


async def test_none_calls_out_for_a_step_that_is_known_to_be_stale(office: Office) -> None:
    hours, ran = counting(office)
    one, two = cluster([*MENU[:1], hours, Say("bye")])
    await one.post()
    await two.post("status", **OVER)
    assert await one.post("1", step=1, Digits="1") == NOTHING
    assert ran == []


async def test_an_answer_that_one_has_committed_is_not_taken_back_by_another_who_lost_it() -> None:
    """The step was written, the answer lost on its way, and then the journal could not be read for a while."""
    one, two = cluster(MENU)
    one.journal.faults.update({"committed": 1, "load": 1})
    with capture_logs():
        lost = await one.post(token="a")
    assert lost == await two.post(token="a")
    assert inside(lost).startswith("<Gather")
    assert [snapshot.status for snapshot, _ in one.journal.written] == ["in-progress"]


async def test_a_call_is_not_given_up_for_what_another_account_says() -> None:
    one, two = cluster(MENU)
    await one.post(AccountSid="AC1")
    one.journal.faults["load"] = 2
    with capture_logs():
        assert await two.post("status", AccountSid="AC2", **OVER) == NOTHING
    assert [snapshot.status for snapshot, _ in one.journal.written] == ["in-progress"]


async def test_a_caller_who_holds_may_come_back_to_another(slow: Slow) -> None:
    one, two = cluster([slow.function, Say("bye")])
    first = one.send()
    await until(lambda: slow.doors)
    one.clock.turn(8)
    assert "One moment" in await bounded(first)
    second = two.send("1", step=1)
    await quiet()
    await ticks(one, 10)
    assert "One moment" in await bounded(second)
    assert len(slow.doors) == 1
    third = two.send("1", step=2)
    slow.doors[0].set_result([Say("nine")])
    await quiet()
    one.clock.turn(LOOK)
    assert inside(await bounded(third)) == "<Say>nine</Say><Say>bye</Say><Hangup/>"
    assert slow.step_ids == [f"{sid(1)}:menu:1:0:0"]


@pytest.mark.parametrize("waiting", [False, True], ids=["before the caller comes back", "while the caller waits"])
async def test_one_whose_function_failed_meanwhile_is_told_so_by_any(slow: Slow, waiting: bool) -> None:
    """It has failed, also for who comes back to another daemon: it is not run again there."""
    one, two = cluster([slow.function, Say("bye")])
    first = one.send()
    await until(lambda: slow.doors)
    await ticks(one, 8)
    assert "One moment" in await bounded(first)
    with capture_logs() as logs:
        if waiting:
            second = two.send("1", step=1)
            await quiet()
        slow.doors[0].set_exception(ValueError("no"))
        await quiet()
        if not waiting:
            second = two.send("1", step=1)
        two.clock.turn(LOOK)
        assert "We are sorry" in await bounded(second)
    assert slow.step_ids == [f"{sid(1)}:menu:1:0:0"]
    assert [log["reason"] for log in logs if log["event"] == "call_failed"] == [
        "office_of_this_test:slow raised ValueError: no"
    ]
    assert (one.counts["failed"], two.counts["failed"]) == (0, 1)
    assert await one.journal.claim(sid(1), None, "another", one.clock.now(), one.clock.now())


async def test_nor_is_one_whose_function_hangs_tried_again_elsewhere(slow: Slow) -> None:
    """It is given up where it hangs once it has taken too long, though nobody has come back there."""
    one, two = cluster([slow.function, Say("bye")])
    first = one.send()
    await until(lambda: slow.doors)
    with capture_logs():
        await ticks(one, one.settings.limit)
        assert "One moment" in await bounded(first)
        await quiet()
        assert slow.doors[0].cancelled()
        assert "We are sorry" in await bounded(two.send("1", step=1))
    assert len(slow.doors) == 1


async def test_one_who_comes_back_to_where_it_hung_hears_that_it_took_too_long(slow: Slow) -> None:
    one, _ = cluster([slow.function, Say("bye")])
    first = one.send()
    await until(lambda: slow.doors)
    await ticks(one, one.settings.limit + 1)
    await bounded(first)
    with capture_logs() as logs:
        assert "We are sorry" in await bounded(one.send("1", step=1))
    assert [log["reason"] for log in logs if log["event"] == "call_failed"] == [
        "office_of_this_test:slow took more than 60 s"
    ]


async def test_a_claim_is_renewed_as_long_as_the_function_runs(slow: Slow) -> None:
    one, _ = cluster([slow.function, Say("bye")])
    first = one.send()
    await until(lambda: slow.doors)
    for _ in range(3):
        one.clock.turn(RENEWAL)
        await quiet()
        assert not await one.journal.claim(sid(1), None, "another", one.clock.now() + LEASE - 0.1, math.inf)
    one.clock.turn(8)
    await bounded(first)
    slow.doors[0].set_result([])
    await quiet()
    assert await one.journal.claim(sid(1), None, "another", one.clock.now(), one.clock.now())


async def test_the_claim_of_a_callout_outlives_what_is_on_its_way_for_the_one_before(office: Office) -> None:
    """A renewal that comes to the journal when its function is done already must not end the next one's claim."""
    one_, other = Slow(office, "one"), Slow(office, "other")
    journal = SlowRenewals()
    board = Switchboard([one_.function, other.function, Say("bye")], journal=journal)
    answer = board.send()
    await until(lambda: one_.doors)
    board.clock.turn(RENEWAL)
    await until(lambda: journal.renewing is not None)
    one_.doors[0].set_result([])
    await quiet()
    assert journal.renewing is not None
    journal.renewing.set_result(None)
    await until(lambda: other.doors)
    await quiet()
    now = board.clock.now()
    assert not await MemoryJournal.claim(journal, sid(1), None, "another", now, now + LEASE)
    other.doors[0].set_result([])
    assert inside(await bounded(answer)) == "<Say>bye</Say><Hangup/>"


async def test_an_outcome_that_was_for_an_older_webhook_is_not_lost(slow: Slow) -> None:
    """Whoever waited for the function has it, and then finds that another has answered for the call meanwhile."""
    one, two = cluster([slow.function, Say("bye")])
    first = one.send()
    await until(lambda: slow.doors)
    one.clock.turn(8)
    await bounded(first)
    second = two.send("1", step=1)
    for _ in range(4):
        await quiet()
        two.clock.turn(RENEWAL)
    assert inside(await bounded(second)).endswith("<Redirect>/menu/1?step=2</Redirect>")
    late = one.send("1", step=1, Digits="9")
    await quiet()
    slow.doors[0].set_result([Say("nine")])
    assert inside(await bounded(late)).endswith("<Redirect>/menu/1?step=2</Redirect>")
    await quiet()
    assert inside(await two.post("1", step=2)) == "<Say>nine</Say><Say>bye</Say><Hangup/>"
    assert slow.step_ids == [f"{sid(1)}:menu:1:0:0"]
    assert await one.journal.claim(sid(1), None, "another", one.clock.now(), one.clock.now())


async def test_a_claim_runs_out_if_the_function_finishes_while_its_actor_crashes(slow: Slow) -> None:
    """The hold document can't be written, and meanwhile the function is done: nobody is left to renew the claim."""
    one, _ = cluster([slow.function, Say("bye")], max_restarts=0)

    async def finish(*_: object) -> None:
        slow.doors[0].set_result([])
        await quiet()
        one.journal.on_commit = None
        one.journal.faults["commit"] = 2
        one.journal.faults.hit("commit", sid(1))

    first = one.send()
    await until(lambda: slow.doors)
    one.journal.on_commit = finish
    one.clock.turn(8)
    with capture_logs():
        assert await bounded(first) == APOLOGY
    for _ in range(3):
        one.clock.turn(RENEWAL)
        await quiet()
    assert await one.journal.claim(sid(1), None, "another", one.clock.now(), one.clock.now())


async def test_a_daemon_that_died_holds_nobody_up_for_longer_than_its_lease(slow: Slow) -> None:
    journal = PlainJournal(shared=True)
    dead, two = (Switchboard([slow.function, Say("bye")], journal=journal, node=name) for name in ("dead", "two"))
    cut_off = dead.send(token="a")
    await until(lambda: slow.doors)
    second = two.send(token="a")
    for _ in range(round(LEASE / LOOK) - 1):
        await quiet()
        two.clock.turn(LOOK)
    await quiet()
    assert len(slow.doors) == 1
    for _ in range(2):
        two.clock.turn(LOOK)
        await quiet()
    await until(lambda: len(slow.doors) == 2)
    slow.doors[1].set_result([Say("nine")])
    assert inside(await bounded(second)).startswith("<Say>nine</Say>")
    assert slow.step_ids == [f"{sid(1)}:menu:1:0:0"] * 2
    cut_off.cancel()


async def test_a_call_is_swept_once(office: Office) -> None:
    told: list[str] = []

    @office.employ
    async def on_completion(webhook: Webhook, call: Call) -> None:
        told.append(call.call_sid)

    @office.callout
    async def subscribe(call: Call) -> Any:
        return [], [("completion", on_completion)]

    boards = cluster([subscribe, Say("bye")], 3, max_call_hours=1)
    await boards[0].post()
    boards[0].clock.turn(3600)
    await bounded(asyncio.gather(*(board.supervisor.sweep.look() for board in boards)))
    for board in boards:
        await board.told()
    assert told == [sid(1)]
    assert sum(board.counts["completed"] for board in boards) == 1


async def test_a_call_that_another_has_ended_is_no_longer_in_progress() -> None:
    one, two = cluster(MENU)
    await bounded(one.supervisor.start())
    await one.post()
    await two.post("status", **OVER)
    assert one.listed == [sid(1)]
    one.clock.turn(1)
    await until(lambda: not one.listed)
    assert one.counts == counted(started=1)
    assert one.children == []
    await bounded(one.supervisor.stop())


async def test_nor_is_one_whose_end_waited_for_a_callout(slow: Slow) -> None:
    """It is kept as heard of when its last word came, and is written down seconds later."""
    one, two = cluster([slow.function, *MENU])
    await bounded(two.supervisor.start())
    first, listing = one.send(), two.send()
    await until(lambda: slow.doors)
    last = one.send("status", **OVER)
    await ticks(one, 10)
    assert await bounded(asyncio.gather(first, listing, last))
    one.clock.turn(1)
    await until(lambda: not two.listed)
    assert two.counts["in_progress"] == len(two.children) == 0
    await bounded(two.supervisor.stop())


async def test_a_room_that_is_full_turns_away_no_call_that_another_has_begun() -> None:
    one, two = cluster(MENU, max_calls=1)
    await one.post(sid=sid(1))
    await two.post(sid=sid(2))
    assert inside(await one.post(sid=sid(2))).startswith("<Gather")
    with capture_logs():
        assert "busy" in (await one.post(sid=sid(3))).lower()


# one that is started where another has ended


async def test_a_daemon_takes_over_the_calls_that_its_journal_has(slow: Slow) -> None:
    board = Switchboard()
    for number in range(5):
        await board.post(sid=sid(number), From="+441314960123", To="+441314960456")
    await board.post("status", sid=sid(3), **OVER)
    after = Switchboard(journal=board.journal)
    await bounded(after.supervisor.start())
    await until(lambda: after.counts["in_progress"] == 4)
    assert after.listed == [sid(0), sid(1), sid(2), sid(4)]
    [listed, *_] = after.supervisor.status()["in_progress"]
    assert (listed["from"], listed["to"], listed["state"]) == ("+441314960123", "+441314960456", "1.2")
    assert after.supervisor._awake.count == 0
    await after.post("status", sid=sid(1), **OVER)
    assert after.counts == counted(in_progress=3, completed=1)
    await bounded(after.supervisor.stop())


async def test_it_takes_them_over_a_page_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("supervisor.others.PAGE_OF_OPEN", 2)
    board = Switchboard()
    for number in range(5):
        await board.post(sid=sid(number))
    after = Switchboard(journal=board.journal)
    await after.post("1", sid=sid(4), step=1)
    await bounded(after.supervisor.start())
    await until(lambda: after.counts["in_progress"] == 5)
    assert sorted(after.listed) == [sid(number) for number in range(5)]
    await bounded(after.supervisor.stop())
