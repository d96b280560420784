"""Calls that sleep: who is stopped, who never is, and that nobody can tell."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Webhook
from supervisor import Awake, Child, Supervisor
from supervisor.awake import REFUSALS
from tests.actors.doubles import Office, bounded, quiet, until
from tests.supervisor.switchboard import MENU, Switchboard, counted, sid
from tests.twiml.documents import inside
from twiml import NOTHING, Say

OVER = {"CallStatus": "completed"}
ONE = "<Say>One!</Say><Say>Goodbye.</Say><Hangup/>"


def awake(board: Switchboard) -> list[str]:
    """The calls that have an actor."""
    found = [child.call_sid for child in board.supervisor._roll if child.ref is not None]
    assert len(found) == board.supervisor._awake.count
    return found


async def open_calls(board: Switchboard, calls: int) -> None:
    for number in range(calls):
        await board.post(sid=sid(number))
        await quiet()


async def test_beyond_so_many_those_idle_longest_are_put_to_sleep() -> None:
    board = Switchboard(max_awake=3)
    await open_calls(board, 5)
    assert awake(board) == [sid(2), sid(3), sid(4)]
    await board.post("recording", sid=sid(2))
    await board.post(sid=sid(5))
    await quiet()
    assert awake(board) == [sid(2), sid(4), sid(5)]


async def test_a_sleepers_actor_is_gone() -> None:
    board = Switchboard(max_awake=1)
    await board.post(sid=sid(1))
    child = board.supervisor._roll.find(sid(1))
    assert child is not None
    ref = child.ref
    assert ref is not None
    await board.post(sid=sid(2))
    await quiet()
    assert (child.ref, ref.is_alive()) == (None, False)


async def test_its_next_webhook_wakes_it_where_it_was() -> None:
    board = Switchboard(max_awake=1)
    await open_calls(board, 3)
    for number in range(3):
        assert inside(await board.post("1", sid=sid(number), step=1, Digits="1")) == ONE
    assert board.counts == counted(in_progress=3, started=3)


async def test_the_status_does_not_tell_who_sleeps() -> None:
    shown: list[Any] = []
    for most in (1, 100):
        board = Switchboard(max_awake=most)
        await open_calls(board, 5)
        await board.post("1", sid=sid(3), step=1, Digits="1")
        await board.post(sid=sid(2), **OVER)
        shown.append(board.supervisor.status())
        assert len(awake(board)) == min(most, 5) or most == 1
    assert shown[0] == shown[1]
    assert shown[0]["calls"] == counted(in_progress=4, started=5, completed=1)


async def test_a_repeat_gets_the_same_bytes_and_runs_nothing_though_the_call_has_slept(office: Office) -> None:
    ran: list[str] = []

    @office.callout
    async def hours(call: Call) -> list[Any]:
        ran.append(call.call_sid)
        return [Say(f"nine {len(ran)}")]

    board = Switchboard([hours], max_awake=1)
    first = await board.post(sid=sid(1), token="a")
    await board.post(sid=sid(2), token="b")
    await quiet()
    assert awake(board) == [sid(2)]
    assert await board.post(sid=sid(1), token="a") == first
    assert ran == [sid(1), sid(2)]


async def test_a_call_that_is_over_may_sleep_while_it_lingers() -> None:
    board = Switchboard(max_awake=1)
    await board.post(sid=sid(1))
    await board.post(sid=sid(1), **OVER)
    await board.post(sid=sid(2))
    await quiet()
    assert awake(board) == [sid(2)]
    assert board.children == [sid(1), sid(2)]
    assert await board.post("recording", sid=sid(1)) == NOTHING
    await board.linger()
    assert board.children == [sid(2)]
    assert awake(board) == []


async def test_crashes_before_and_after_a_sleep_count_together() -> None:
    board = Switchboard(max_awake=1, window=5.0)
    await board.post(sid=sid(1))
    for number in (1, 2):
        board.journal.faults["commit", sid(1)] = 1
        with capture_logs():
            await board.post("status", sid=sid(1), SequenceNumber=str(number))
        await board.post(sid=sid(2), token=str(number))
        await quiet()
        assert awake(board) == [sid(2)]
    assert board.counts == counted(in_progress=1, started=2, failed=1, restarts=1)


async def test_an_overdue_sleeper_is_woken_and_ended() -> None:
    board = Switchboard([Say("bye")], max_awake=1, max_call_hours=1)
    await open_calls(board, 3)
    await board.turn(3600)
    assert board.counts == counted(started=3, completed=3)


async def test_a_sleeper_whose_caller_was_gone_ends_when_it_should() -> None:
    board = Switchboard(max_awake=1)
    await board.post(sid=sid(1))
    await board.post("2", sid=sid(1), step=1, **OVER)
    await board.post(sid=sid(2))
    await quiet()
    assert awake(board) == [sid(2)]
    await board.turn(1)
    assert board.counts["completed"] == 1
    assert board.listed == [sid(2)]


# who never sleeps


async def test_one_with_a_callout_under_way_never_sleeps(office: Office) -> None:
    results: list[asyncio.Future[Any]] = []

    @office.callout
    async def slow(call: Call) -> Any:
        if call.call_sid != sid(1):
            return []
        results.append(asyncio.get_running_loop().create_future())
        return await results[-1]

    board = Switchboard([slow], max_awake=1)
    held = board.send(sid=sid(1))
    await until(lambda: results)
    board.clock.turn(8)
    await bounded(held)
    await open_calls(board, 6)
    assert sid(1) in awake(board)
    results[0].set_result([Say("nine")])
    await quiet()
    assert inside(await board.post("1", sid=sid(1), step=1)) == "<Say>nine</Say><Hangup/>"
    assert len(results) == 1
    await open_calls(board, 6)
    await board.post("recording", sid=sid(7))
    await quiet()
    assert sid(1) not in awake(board)


async def test_one_with_a_subscription_running_may_sleep(office: Office) -> None:
    ends: list[asyncio.Future[None]] = []

    @office.employ
    async def on_recording(webhook: Webhook, call: Call) -> None:
        ends.append(asyncio.get_running_loop().create_future())
        await ends[-1]

    @office.callout
    async def subscribe(call: Call) -> Any:
        return [], [("recording", on_recording)]

    board = Switchboard([subscribe, *MENU], max_awake=1)
    await board.post(sid=sid(1))
    await board.post("recording", sid=sid(1), RecordingSid="RE1")
    await until(lambda: ends)
    await open_calls(board, 6)
    assert sid(1) not in awake(board)
    ends[0].set_result(None)
    await board.told()
    await board.turn(3600)
    assert len(ends) == 1
    assert board.supervisor.postman.dead == 0


async def test_one_at_work_never_sleeps_and_is_woken_once() -> None:
    board = Switchboard(max_awake=1)
    await open_calls(board, 4)
    posted = [board.send("1", sid=sid(number % 4), step=1, Digits="1", token=f"{number}") for number in range(40)]
    answers = await bounded(asyncio.gather(*posted))
    assert {inside(answer) for answer in answers} == {ONE}
    await quiet()
    assert len(awake(board)) == 1
    assert board.counts == counted(in_progress=4, started=4)


async def test_a_webhook_that_comes_while_its_actor_is_asked_keeps_it_awake() -> None:
    board = Switchboard(max_awake=1)
    await board.post(sid=sid(1))
    other = board.send(sid=sid(2))
    await until(lambda: board.supervisor._awake._resting)
    answers = await bounded(asyncio.gather(other, board.send("1", sid=sid(1), step=1, Digits="1")))
    assert inside(answers[1]) == ONE
    await quiet()
    assert len(awake(board)) == 1
    assert board.counts == counted(in_progress=2, started=2)


async def test_many_who_may_not_rest_are_not_asked_for_ever(office: Office) -> None:
    asked: list[str] = []

    @office.callout
    async def slow(call: Call) -> Any:
        asked.append(call.call_sid)
        return await asyncio.get_running_loop().create_future()

    board = Switchboard([slow], max_awake=1)
    held = [board.send(sid=sid(number)) for number in range(100)]
    await until(lambda: len(asked) == 100)
    board.clock.turn(8)
    await bounded(asyncio.gather(*held))
    await quiet()
    assert len(awake(board)) == 100
    await bounded(board.supervisor.stop())
    assert awake(board) == []


class Bed:
    """An actor's reference, whose answer to whether it may rest the test gives."""

    def __init__(self) -> None:
        self.asked: list[asyncio.Future[bool]] = []
        self.stopped = False

    def ask(self, message: object, *, block: bool) -> asyncio.Future[bool]:
        self.asked.append(asyncio.get_running_loop().create_future())
        return self.asked[-1]

    def stop(self, *, block: bool) -> None:
        self.stopped = True


def woken(awake: Awake, number: int) -> tuple[Child, Any]:
    """A child that has just answered something."""
    child = Child(sid(number), "menu")
    ref: Any = awake.begin(child)
    assert child.in_hand == 1
    awake.end(child)
    return child, ref


@pytest.mark.parametrize("over", [False, True], ids=["at work", "done with it"])
async def test_one_that_was_given_something_while_it_was_asked_stays_awake(over: bool) -> None:
    awake = Awake(1, lambda _: Bed())  # type: ignore[arg-type, return-value]
    (child, ref), _ = woken(awake, 1), woken(awake, 2)
    await until(lambda: ref.asked)
    awake.most = 2
    awake.begin(child)
    if not over:
        ref.asked[0].set_result(True)
        await quiet()
    awake.end(child)
    if over:
        ref.asked[0].set_result(True)
        await quiet()
    assert (child.ref is ref, ref.stopped, awake.count) == (True, False, 2)


async def test_so_many_may_say_no_before_the_others_are_left_alone() -> None:
    awake = Awake(1, lambda _: Bed())  # type: ignore[arg-type, return-value]
    refs = [woken(awake, number)[1] for number in range(REFUSALS + 20)]
    for ref in refs[:REFUSALS]:
        await until(lambda ref=ref: ref.asked)  # type: ignore[misc]
        ref.asked[0].set_result(False)
    await quiet()
    assert [len(ref.asked) for ref in refs] == [1] * REFUSALS + [0] * 20
    woken(awake, 1000)
    await until(lambda: refs[REFUSALS].asked)
    refs[REFUSALS].asked[0].set_result(True)
    await until(lambda: refs[REFUSALS].stopped)


async def test_a_crashed_actor_is_left_to_its_next_webhook(office: Office) -> None:
    results: list[asyncio.Future[Any]] = []

    @office.callout
    async def slow(call: Call) -> Any:
        results.append(asyncio.get_running_loop().create_future())
        return await results[-1]

    board = Switchboard([slow], max_awake=1)
    held = board.send(sid=sid(1))
    await until(lambda: results)
    board.clock.turn(8)
    await bounded(held)
    board.journal.faults["commit"] = 1
    results[0].set_result([Say("nine")])
    await until(lambda: not board.journal.faults["commit"])
    board.supervisor._awake.most = 0
    await board.post("recording", sid=sid(2))
    await quiet()
    with capture_logs():
        answer = board.send("1", sid=sid(1), step=1)
        await until(lambda: len(results) == 2)
    results[1].set_result([Say("ten")])
    assert inside(await bounded(answer)) == "<Say>ten</Say><Hangup/>"
    assert board.counts == counted(in_progress=1, started=1, restarts=1)


async def test_a_stop_finds_sleepers_and_others_alike() -> None:
    board = Switchboard(max_awake=2)
    await open_calls(board, 5)
    await bounded(board.supervisor.stop())
    assert board.children == awake(board) == []
    after = Switchboard(journal=board.journal)
    assert inside(await after.post("1", sid=sid(0), step=1, Digits="1")) == ONE


def test_ten_thousand_are_awake_unless_one_says_otherwise() -> None:
    assert Supervisor(Switchboard().settings)._awake.most == 10_000
