"""Subscribed functions are told at least once, those of one call in order, again if they failed, and not for ever."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Letter, Subscription, Webhook
from supervisor.postman import AT_A_TIME, MARGIN, PAUSES
from tests.actors.doubles import ManualClock, Office, PlainJournal, bounded, quiet, until
from tests.supervisor.switchboard import MENU, Switchboard, sid
from twiml import FunctionExt

OVER = {"CallStatus": "completed"}
LIMIT = 60.0


class Subscribers:
    """Functions that note what they were told, and fail as often as they are told to."""

    def __init__(self, office: Office) -> None:
        self.told: list[str] = []
        self.failing: dict[str, float] = {}
        self.doors: dict[str, asyncio.Future[None]] = {}
        self.webhooks: list[Webhook] = []
        self.calls: list[Call] = []
        names = ("on_status", "on_recording", "on_completion", "also_on_completion")
        functions = [(name.rpartition("on_")[2], office.employ(self._function(name))) for name in names]

        @office.callout
        async def subscribe(call: Call) -> Any:
            return [], functions

        self.flow: list[Any] = [subscribe, *MENU]
        self.subscribe: FunctionExt = subscribe

    def _function(self, name: str) -> Callable[..., Any]:
        async def function(webhook: Webhook, call: Call) -> None:
            if name in self.doors:
                await self.doors[name]
            if self.failing.get(name, 0) > 0:
                self.failing[name] -= 1
                raise ValueError(f"{name} has no time")
            self.told.append(name)
            self.webhooks.append(webhook)
            self.calls.append(call)

        function.__name__ = name
        return function

    def hold(self, name: str) -> asyncio.Future[None]:
        self.doors[name] = asyncio.get_running_loop().create_future()
        return self.doors[name]


@pytest.fixture
def subscribers(office: Office) -> Subscribers:
    return Subscribers(office)


async def test_what_happened_is_told_with_the_webhook_and_the_call(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    await board.post()
    await board.post("status", CallDuration="7", **OVER)
    await board.told()
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]
    assert {(each.call_sid, each.duration, each.path) for each in subscribers.webhooks} == {(sid(1), 7, "status")}
    for call in subscribers.calls:
        assert (call.call_sid, call.recipe, call.status, call.taken) == (sid(1), "menu", "completed", 1)
        assert [row.kind for row in call.history] == ["start_call", "call_complete"]
        assert len(call.subscriptions) == 4
    assert await board.journal.due_letters(math.inf, 10) == []


async def test_nobody_is_told_of_a_step_that_was_not_committed(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    await board.post()
    board.journal.faults["commit"] = 10
    with capture_logs():
        await board.post("status", **OVER)
        await board.turn(3600)
    assert subscribers.told == []


async def test_who_fails_is_told_again_later_each_time_after_a_longer_pause(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    subscribers.failing["on_completion"] = len(PAUSES)
    with capture_logs() as logs:
        await board.post()
        await board.post("status", **OVER)
        await board.told()
        for pause in PAUSES:
            assert subscribers.told == ["on_status"]
            await board.turn(pause - 1)
            assert subscribers.told == ["on_status"]
            await board.turn(1)
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]
    failed = [(log["event"], log["tries"]) for log in logs if log["event"].startswith("letter")]
    assert failed == [("letter_failed", n + 1) for n in range(len(PAUSES))]
    assert board.supervisor.status()["dead_letters"] == 0


async def test_who_fails_to_the_last_is_a_dead_letter_and_the_others_go_on(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow, pauses=(1.0, 2.0))
    subscribers.failing["on_completion"] = math.inf
    with capture_logs() as logs:
        await board.post()
        await board.post("status", **OVER)
        for pause in (0, 1, 2, 60, 3600):
            await board.turn(pause)
    assert subscribers.told == ["on_status", "also_on_completion"]
    assert board.supervisor.status()["dead_letters"] == 1
    [letter] = await board.journal.dead_letters(10)
    assert (letter.call_sid, letter.subscription.function, letter.tries) == (sid(1), "on_completion", 3)
    assert letter.reason == "office_of_this_test:on_completion raised ValueError: on_completion has no time"
    events = [log["event"] for log in logs if log["event"].startswith("letter")]
    assert events == ["letter_failed", "letter_failed", "letter_dead"]
    [shown] = board.supervisor.status()["latest_dead_letters"]
    assert (shown["call_sid"], shown["event"], shown["tries"]) == (sid(1), "completion", 3)
    assert (shown["function"], shown["reason"]) == ("office_of_this_test:on_completion", letter.reason)


async def test_a_dead_letter_that_is_revived_is_delivered(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow, pauses=())
    subscribers.failing["on_completion"] = 1
    with capture_logs():
        await board.post()
        await board.post("status", **OVER)
        await board.told()
    dead = await board.journal.dead_letters(10)
    assert await board.journal.revive(dead, board.clock.now()) == 1
    await board.turn(1)
    assert subscribers.told == ["on_status", "also_on_completion", "on_completion"]
    assert board.supervisor.status()["dead_letters"] == 0


async def test_those_of_one_call_come_in_order_those_of_another_wait_for_none(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    for number in (1, 2):
        await board.post(sid=sid(number))
    door = subscribers.hold("on_recording")
    await board.post("recording", RecordingSid="RE1")
    await board.post("status", **OVER)
    await board.post("status", sid=sid(2), **OVER)
    await until(lambda: len(subscribers.told) == 3)
    assert {call.call_sid for call in subscribers.calls} == {sid(2)}
    door.set_result(None)
    await board.told()
    assert subscribers.told[3:] == ["on_recording", "on_status", "on_completion", "also_on_completion"]


async def test_one_that_hangs_is_given_up_and_counts_as_failed(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow, pauses=())
    await board.post()
    subscribers.hold("on_status")
    with capture_logs():
        await board.post("status", **OVER)
        await quiet()
        await board.turn(LIMIT)
    assert subscribers.told == ["on_completion", "also_on_completion"]
    [letter] = await board.journal.dead_letters(10)
    assert letter.reason == "office_of_this_test:on_status took more than 60 s"


# when the daemon ends


async def test_what_a_daemon_that_died_had_not_begun_is_told_by_the_next_at_once(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    board.supervisor.postman.nudge = lambda _: None  # type: ignore[method-assign] # it dies before it begins
    await board.post()
    await board.post("status", **OVER)
    after = Switchboard(subscribers.flow, journal=board.journal, clock=board.clock)
    await after.turn(0)
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]


async def test_what_a_daemon_that_died_had_in_hand_is_told_again_when_its_lease_runs_out(
    subscribers: Subscribers,
) -> None:
    board = Switchboard(subscribers.flow)
    await board.post()
    subscribers.hold("on_status")
    await board.post("status", **OVER)
    await quiet()
    subscribers.doors.clear()
    after = Switchboard(subscribers.flow, journal=board.journal, clock=ManualClock(board.clock.now()))
    await after.turn(LIMIT + MARGIN - 1)
    assert subscribers.told == []
    await after.turn(1)
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]


async def test_a_drain_gives_them_their_time(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    await board.post()
    door = subscribers.hold("on_status")
    await board.post("status", **OVER)
    await quiet()
    settling = asyncio.ensure_future(board.supervisor.settle())
    await quiet()
    assert not settling.done()
    door.set_result(None)
    await bounded(settling)
    await bounded(board.supervisor.stop())
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]


async def test_a_drain_waits_for_whom_a_round_finds_that_is_under_way(subscribers: Subscribers) -> None:
    """Or they would be cut off by the stop behind it, and told once more by the next daemon."""
    dead = Switchboard(subscribers.flow)
    await dead.post()
    await dead.supervisor.postman.close()
    await dead.post("status", **OVER)
    board = Switchboard(subscribers.flow, journal=dead.journal, clock=dead.clock)
    looking: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    due_letters = board.journal.due_letters

    async def slowly(now: float, most: int) -> Any:
        await looking
        return await due_letters(now, most)

    board.journal.due_letters = slowly  # type: ignore[method-assign]
    door = subscribers.hold("on_completion")
    await board.supervisor.start()
    settling = asyncio.ensure_future(board.supervisor.settle())
    await quiet()
    looking.set_result(None)
    await quiet()
    assert not settling.done()
    door.set_result(None)
    await bounded(settling)
    await bounded(board.supervisor.stop())
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]
    assert await due_letters(math.inf, 10) == []


async def test_what_a_drain_cuts_off_is_told_by_the_next_at_once_and_has_all_its_tries(
    subscribers: Subscribers,
) -> None:
    board = Switchboard(subscribers.flow)
    await board.post()
    subscribers.hold("on_status")
    await board.post("status", **OVER)
    await quiet()
    await bounded(board.supervisor.stop())
    assert subscribers.told == []
    subscribers.doors.clear()
    letter = await board.journal.take_letter(sid(1), board.clock.now(), board.clock.now())
    assert letter is not None
    assert (letter.subscription.function, letter.tries) == ("on_status", 1)
    after = Switchboard(subscribers.flow, journal=board.journal, clock=board.clock)
    await after.turn(0)
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]


# trouble


class Torn(PlainJournal):
    """A journal whose outbox fails when told to."""

    async def take_letter(self, call_sid: str, now: float, until: float) -> Letter | None:
        self.faults.hit("take", call_sid)
        return await super().take_letter(call_sid, now, until)

    async def strike(self, letter: Letter) -> None:
        self.faults.hit("strike", letter.call_sid)
        await super().strike(letter)


@pytest.mark.parametrize("what", ["take", "load"])
async def test_a_journal_that_fails_leaves_the_letters_for_later(subscribers: Subscribers, what: str) -> None:
    board = Switchboard(subscribers.flow, journal=Torn())
    await board.post()
    board.journal.faults[what] = 1
    with capture_logs() as logs:
        await board.post("status", **OVER)
        await board.told()
        assert subscribers.told == []
        await board.turn(LIMIT + MARGIN)
    assert [log["event"] for log in logs if log["log_level"] != "info"] == ["letters_left"]
    assert subscribers.told == ["on_status", "on_completion", "also_on_completion"]


async def test_what_could_not_be_struck_off_is_told_again(subscribers: Subscribers) -> None:
    """At least once: the function has run, and nobody knows."""
    board = Switchboard(subscribers.flow, journal=Torn())
    await board.post()
    board.journal.faults["strike"] = 1
    with capture_logs():
        await board.post("status", **OVER)
        await board.told()
        await board.turn(LIMIT + MARGIN)
    assert subscribers.told == ["on_status", "on_status", "on_completion", "also_on_completion"]


async def test_the_letters_of_a_call_that_is_not_there_are_struck_off(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    await board.post()
    board.journal._put(Letter(sid(9), 1, 0, Subscription("status", "a", "b"), 0.0, "", None, {}, 0.0))
    await board.turn(1)
    assert await board.journal.due_letters(math.inf, 10) == []


async def test_no_more_calls_are_told_of_at_a_time_than_there_is_room_for(subscribers: Subscribers) -> None:
    board = Switchboard(subscribers.flow)
    door = subscribers.hold("on_status")
    calls = AT_A_TIME + 20
    for number in range(calls):
        await board.post(sid=sid(number))
        await board.post("status", sid=sid(number), **OVER)
    await quiet()
    assert len(board.supervisor.postman._rounds) == AT_A_TIME
    door.set_result(None)
    await board.told()
    await board.turn(0)
    assert len(subscribers.told) == 3 * calls


# a function that is gone


async def test_a_callout_that_is_gone_is_a_dead_letter_and_the_caller_hears_the_apology(office: Office) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        return []

    board = Switchboard([hours])
    del office.hours
    with capture_logs() as logs:
        answer = await board.post()
        await board.turn(1)
    assert "We are sorry" in answer
    assert board.supervisor.status()["dead_letters"] == 1
    [letter] = await board.journal.dead_letters(10)
    assert letter.subscription == Subscription("callout", "office_of_this_test", "hours")
    assert "there is no function hours in module office_of_this_test" in letter.reason
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["call_failed"]


async def test_such_a_letter_stays_dead(office: Office, subscribers: Subscribers) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        return []

    board = Switchboard([subscribers.subscribe, hours])
    del office.hours
    with capture_logs():
        await board.post()
        await board.told()
        assert subscribers.told == ["on_completion", "also_on_completion"]
        await board.journal.revive(await board.journal.dead_letters(10), board.clock.now())
        await board.turn(1)
    [letter] = await board.journal.dead_letters(10)
    assert "there is no function hours" in letter.reason
