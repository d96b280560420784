"""Calls whose end never comes, and calls whose end overtakes Twilio's last word: each ends once."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Webhook
from tests.actors.doubles import Office, bounded, quiet, until
from tests.supervisor.switchboard import MENU, Switchboard, counted, sid
from twiml import NOTHING, FunctionExt, Say

HOUR = 3600.0
DAY = 24 * HOUR
OVER = {"CallStatus": "completed"}


@pytest.fixture
def told() -> list[tuple[str, int | None]]:
    """The completions that were told, and how long the calls took as far as that was known."""
    return []


@pytest.fixture
def subscribe(office: Office, told: list[tuple[str, int | None]]) -> FunctionExt:
    @office.employ
    async def on_completion(webhook: Webhook, call: Call) -> None:
        told.append((call.call_sid, webhook.duration))

    @office.callout
    async def subscribe(call: Call) -> Any:
        return [], [("completion", on_completion)]

    return subscribe


# the end that never comes


async def test_a_call_whose_end_never_comes_is_ended_after_a_day(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    board = Switchboard([subscribe, *MENU])
    await board.post()
    await board.turn(DAY - 1)
    assert board.counts == counted(in_progress=1, started=1)
    with capture_logs() as logs:
        await board.turn(1)
    assert board.counts == counted(started=1, failed=1)
    assert told == [(sid(1), None)]
    assert [log["event"] for log in logs] == ["call_overdue", "call_failed", "call_ended"]
    (failure,) = board.supervisor.status()["failures"]
    assert (failure["sid"], failure["reason"]) == (sid(1), "its end had not come after 24 hours")
    await board.linger()
    assert board.children == []
    assert board.clock.waiting == 0


async def test_one_that_has_said_all_it_had_to_say_is_completed(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    board = Switchboard([subscribe, Say("goodbye")], max_call_hours=0.5)
    await board.post()
    await board.turn(HOUR / 2)
    assert board.counts == counted(started=1, completed=1)
    assert told == [(sid(1), None)]


async def test_one_that_lingers_is_not_overdue() -> None:
    board = Switchboard()
    await board.post()
    await board.turn(DAY - 0.5)
    await board.post(**OVER)
    with capture_logs() as logs:
        await board.turn(0.5)
    assert logs == []
    assert board.children == [sid(1)]
    assert board.counts == counted(started=1, completed=1)


async def test_each_call_is_overdue_in_its_turn() -> None:
    board = Switchboard(max_call_hours=1)
    for number in range(10):
        await board.post(sid=sid(number))
        board.clock.turn(60)
    await board.post("status", sid=sid(0), **OVER)
    await board.post("status", sid=sid(4), **OVER)
    assert board.counts["in_progress"] == 8
    with capture_logs():
        await board.turn(HOUR - 600 + 3 * 60)
        assert board.listed == [sid(number) for number in (5, 6, 7, 8, 9)]
        await board.turn(60)
        assert board.listed == [sid(number) for number in (5, 6, 7, 8, 9)]
        for _ in range(5):
            await board.turn(60)
    assert board.counts == counted(started=10, completed=2, failed=8)


async def test_what_comes_after_it_was_overdue_reopens_nothing(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    board = Switchboard([subscribe, Say("goodbye")], max_call_hours=1)
    await board.post()
    await board.turn(HOUR)
    for path, status in (("", "in-progress"), ("status", "completed"), ("", "completed")):
        assert await board.post(path, CallStatus=status) == NOTHING
        await board.turn(1)
    assert board.counts == counted(started=1, completed=1)
    assert len(told) == 1


@pytest.mark.parametrize("crashes", [1, 2, math.inf])
async def test_an_overdue_call_that_crashes_ends_all_the_same(crashes: float) -> None:
    board = Switchboard([Say("goodbye")], max_call_hours=1)
    await board.post()
    board.journal.faults["commit"] = crashes  # type: ignore[assignment]
    with capture_logs():
        await board.turn(HOUR)
    ended = {1: counted(started=1, completed=1, restarts=1)}
    assert board.counts == ended.get(crashes, counted(started=1, failed=1, restarts=1))  # type: ignore[call-overload]
    await board.linger()
    assert board.children == []


async def test_a_stop_looks_for_overdue_calls_no_more() -> None:
    board = Switchboard()
    await bounded(board.supervisor.start())
    await board.post()
    await quiet()
    assert board.clock.waiting == 1
    await bounded(board.supervisor.stop())
    assert board.clock.waiting == 0


async def test_a_supervisor_looks_for_overdue_calls_by_itself(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    board = Switchboard([subscribe, Say("goodbye")], max_call_hours=1)
    await bounded(board.supervisor.start())
    await board.post()
    board.clock.turn(HOUR)
    await until(lambda: told)
    board.journal.faults["overdue"] = 1
    with capture_logs() as logs:
        board.clock.turn(1)
        await quiet()
    assert [log["event"] for log in logs] == ["chore_failed"]
    await board.post(sid=sid(2))
    board.clock.turn(HOUR)
    await quiet()
    board.clock.turn(1)
    await until(lambda: len(told) == 2)
    await bounded(board.supervisor.stop())


async def test_a_call_that_takes_its_time_holds_up_no_other(office: Office) -> None:
    done: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()

    @office.callout
    async def slow(call: Call) -> Any:
        return await done if call.call_sid == sid(1) else []

    board = Switchboard([*MENU[:1], slow, Say("goodbye")], max_call_hours=1)
    for number in (1, 2):
        await board.post(sid=sid(number))
    board.clock.turn(HOUR)
    held = board.send("1", sid=sid(1), step=1, Digits="1")
    await quiet()
    with capture_logs():
        swept = asyncio.ensure_future(board.supervisor.sweep.look())
        await until(lambda: board.counts["failed"] == 1)
        assert not held.done()
        done.set_result([])
        await bounded(asyncio.gather(held, swept))
    assert board.counts == counted(started=2, completed=1, failed=1)


# the end that overtakes


async def test_the_last_word_is_waited_for(subscribe: FunctionExt, told: list[tuple[str, int | None]]) -> None:
    board = Switchboard([subscribe, *MENU])
    await board.post()
    assert await board.post("2", step=1, **OVER) == NOTHING
    assert board.counts == counted(in_progress=1, started=1)
    await board.turn(0.9)
    assert told == []
    assert await board.post("status", CallDuration="7", **OVER) == NOTHING
    await board.turn(5)
    assert told == [(sid(1), 7)]
    assert board.counts == counted(started=1, completed=1)
    assert board.children == []


@pytest.mark.parametrize("actions", [1, 3])
async def test_without_a_last_word_it_ends_when_others_have_lingered(
    subscribe: FunctionExt, told: list[tuple[str, int | None]], actions: int
) -> None:
    board = Switchboard([subscribe, *MENU], linger=2.0)
    await board.post()
    for number in range(actions):
        await board.post("2", step=1, SequenceNumber=str(number), **OVER)
    await board.turn(1.9)
    assert (told, board.counts["in_progress"]) == ([], 1)
    await board.turn(0.1)
    assert told == [(sid(1), None)]
    assert board.counts == counted(started=1, completed=1)
    await board.post("status", CallDuration="7", **OVER)
    await board.turn(2)
    assert (len(told), board.children) == (1, [])


async def test_a_drain_ends_calls_whose_callers_are_gone(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    board = Switchboard([subscribe, *MENU])
    for number in range(3):
        await board.post(sid=sid(number))
    await board.post("2", sid=sid(1), step=1, **OVER)
    await bounded(board.supervisor.settle())
    assert told == [(sid(1), None)]
    assert board.listed == [sid(0), sid(2)]
    await board.turn(1)
    assert len(told) == 1


async def test_another_supervisor_ends_what_one_has_left(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    board = Switchboard([subscribe, *MENU])
    await board.post()
    await board.post("2", step=1, **OVER)
    await bounded(board.supervisor.stop())
    after = Switchboard([subscribe, *MENU], journal=board.journal)
    await after.turn(1)
    assert told == [(sid(1), None)]
    assert after.counts == counted(completed=1)


async def test_a_call_that_was_lost_while_it_waited_is_given_the_whole_time_again() -> None:
    board = Switchboard(linger=2.0)
    await board.post()
    await board.post("2", step=1, **OVER)
    await board.turn(1)
    board.journal.faults["commit"] = 3
    with capture_logs():
        await board.post("recording")
    assert board.counts == counted(started=1, failed=1, restarts=1)
    await board.post("recording")
    await board.turn(1.9)
    assert board.counts == counted(in_progress=1, started=1, failed=1, restarts=1)
    await board.turn(0.1)
    assert board.counts == counted(started=1, failed=1, completed=1, restarts=1)


async def test_an_actor_that_lost_its_call_stands_in_for_no_other() -> None:
    """A call over, lost while it lingers, and heard of again: the first one's time is not the second one's."""
    board = Switchboard(linger=2.0)
    await board.post()
    await board.post(**OVER)
    await board.turn(1)
    board.journal.faults["commit"] = 3
    with capture_logs():
        await board.post("recording")
    assert board.children == []
    await board.post("recording", RecordingSid="RE1")
    await board.turn(1.9)
    assert board.children == [sid(1)]
    await board.turn(0.1)
    assert board.children == []


async def test_the_last_word_may_come_together_with_the_action() -> None:
    board = Switchboard()
    await board.post()
    await bounded(asyncio.gather(board.send("2", step=1, **OVER), board.send("status", CallDuration="7", **OVER)))
    assert board.counts == counted(started=1, completed=1)
    await board.turn(60)
    assert board.counts == counted(started=1, completed=1)
    assert board.children == []
