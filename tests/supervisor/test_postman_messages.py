"""What became of messages is told by the postman as all else: at least once, in order, again if a function failed."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Subscription, Text, Webhook, key_of
from supervisor.postman import MARGIN, PAUSES
from tests.actors.doubles import ManualClock, Office, PlainJournal, bounded, quiet, until
from tests.actors.texting import ME, START, status, text
from tests.supervisor.switchboard import MENU, Switchboard, sid
from twiml import NOTHING

LIMIT = 60.0
OTHER = "+441314960124"


class Subscribers:
    """Functions that are told of calls and of messages, note it, and fail as often as they are told to."""

    def __init__(self, office: Office) -> None:
        self.told: list[str] = []
        self.failing: dict[str, float] = {}
        self.doors: dict[str, asyncio.Future[None]] = {}

        async def tell(name: str) -> None:
            if name in self.doors:
                await self.doors[name]
            if self.failing.get(name, 0) > 0:
                self.failing[name] -= 1
                raise ValueError(f"{name} has no time")
            self.told.append(name)

        @office.employ
        async def undelivered(webhook: Webhook, message: Text) -> None:
            await tell(f"{webhook.message_status} to {message.to[-1]}")

        @office.employ
        async def over(webhook: Webhook, call: Call) -> None:
            await tell(f"the end of {call.call_sid[-1]}")

        name = office.__name__
        self.settings = {
            "message_subscriptions": lambda _: [Subscription("message_status", name, "undelivered")],
            "subscriptions": lambda _: [Subscription("completion", name, "over")],
        }

    def board(self, **options: Any) -> Switchboard:
        """A daemon's supervisor whose calls and messages they are told of."""
        options.setdefault("clock", ManualClock(START))
        return Switchboard(MENU, settings=self.settings, **options)

    def hold(self, what: str) -> asyncio.Future[None]:
        self.doors[what] = asyncio.get_running_loop().create_future()
        return self.doors[what]


@pytest.fixture
def subscribers(office: Office) -> Subscribers:
    return Subscribers(office)


async def post(board: Switchboard, what: str, number: int = 1, to: str = ME) -> None:
    """What became of a message of ours comes in."""
    fields = {**status(what, number).params, "To": to}
    webhook = Webhook(fields, "shop", "status", arrived=board.clock.now())
    assert await bounded(board.supervisor.conversations.route(webhook)) == NOTHING


async def left(board: Switchboard) -> Any:
    """Whose letters are still to be delivered, at any time."""
    return await board.journal.due_letters(math.inf, 10)


async def test_who_fails_is_told_again_later_each_time_after_a_longer_pause(subscribers: Subscribers) -> None:
    board = subscribers.board()
    subscribers.failing["sent to 3"] = len(PAUSES)
    with capture_logs() as logs:
        await post(board, "sent")
        await post(board, "delivered")
        await board.told()
        for pause in PAUSES:
            await board.turn(pause - 1)
            assert subscribers.told == []
            await board.turn(1)
    assert subscribers.told == ["sent to 3", "delivered to 3"]
    failed = [each for each in logs if each["event"] == "letter_failed"]
    assert [each["tries"] for each in failed] == [n + 1 for n in range(len(PAUSES))]
    assert {(each["message_sid"], each["subscribed_to"]) for each in failed} == {
        (status(number=1).message, "message_status")
    }
    assert board.supervisor.status()["dead_letters"] == 0


async def test_who_fails_to_the_last_is_a_dead_letter_that_names_its_message(subscribers: Subscribers) -> None:
    board = subscribers.board(pauses=(1.0, 2.0))
    subscribers.failing["failed to 3"] = math.inf
    with capture_logs():
        await post(board, "failed", 7)
        await post(board, "delivered", 8)
        for pause in (0, 1, 2, 60, 3600):
            await board.turn(pause)
    assert subscribers.told == ["delivered to 3"]
    shown = board.supervisor.status()
    assert shown["dead_letters"] == 1
    assert shown["latest_dead_letters"] == [
        {
            "at": START,
            "call_sid": key_of(text()),
            "message_sid": status(number=7).message,
            "event": "message_status",
            "function": "office_of_this_test:undelivered",
            "tries": 3,
            "reason": "office_of_this_test:undelivered raised ValueError: failed to 3 has no time",
        }
    ]


async def test_a_dead_letter_that_is_revived_is_delivered(subscribers: Subscribers) -> None:
    board = subscribers.board(pauses=())
    subscribers.failing["failed to 3"] = 1
    with capture_logs():
        await post(board, "failed")
        await board.told()
    assert await board.journal.revive(await board.journal.dead_letters(10), board.clock.now()) == 1
    await board.turn(1)
    assert subscribers.told == ["failed to 3"]
    assert board.supervisor.status()["dead_letters"] == 0


async def test_those_of_one_conversation_come_in_order_another_and_a_call_wait_for_none(
    subscribers: Subscribers,
) -> None:
    board = subscribers.board()
    door = subscribers.hold("sent to 3")
    await board.post()
    await post(board, "sent")
    await post(board, "delivered")
    await post(board, "sent", to=OTHER)
    await board.post("status", CallStatus="completed")
    await until(lambda: len(subscribers.told) == 2)
    assert sorted(subscribers.told) == ["sent to 4", f"the end of {sid(1)[-1]}"]
    door.set_result(None)
    await board.told()
    assert subscribers.told[2:] == ["sent to 3", "delivered to 3"]


async def test_one_that_hangs_is_given_up_and_counts_as_failed(subscribers: Subscribers) -> None:
    board = subscribers.board(pauses=())
    subscribers.hold("sent to 3")
    with capture_logs():
        await post(board, "sent")
        await post(board, "delivered")
        await quiet()
        await board.turn(LIMIT)
    assert subscribers.told == ["delivered to 3"]
    [letter] = await board.journal.dead_letters(10)
    assert letter.reason == "office_of_this_test:undelivered took more than 60 s"


# when the daemon ends


async def test_what_a_daemon_that_died_had_not_begun_is_told_by_the_next_at_once(subscribers: Subscribers) -> None:
    board = subscribers.board()
    board.supervisor.conversations._nudge = lambda _: None  # it dies before it begins
    await post(board, "sent")
    await post(board, "delivered")
    after = subscribers.board(journal=board.journal, clock=board.clock)
    await after.turn(0)
    assert subscribers.told == ["sent to 3", "delivered to 3"]
    assert await left(after) == []


async def test_what_a_daemon_that_died_had_in_hand_is_told_again_when_its_lease_runs_out(
    subscribers: Subscribers,
) -> None:
    board = subscribers.board()
    subscribers.hold("sent to 3")
    await post(board, "sent")
    await post(board, "delivered")
    await quiet()
    subscribers.doors.clear()
    after = subscribers.board(journal=board.journal, clock=ManualClock(START))
    await after.turn(LIMIT + MARGIN - 1)
    assert subscribers.told == []
    await after.turn(1)
    assert subscribers.told == ["sent to 3", "delivered to 3"]


async def test_a_drain_gives_them_their_time(subscribers: Subscribers) -> None:
    board = subscribers.board()
    door = subscribers.hold("sent to 3")
    await post(board, "sent")
    await post(board, "delivered")
    await quiet()
    settling = asyncio.ensure_future(board.supervisor.settle())
    await quiet()
    assert not settling.done()
    door.set_result(None)
    await bounded(settling)
    await bounded(board.supervisor.stop())
    assert subscribers.told == ["sent to 3", "delivered to 3"]


async def test_what_a_drain_cuts_off_is_told_by_the_next_at_once(subscribers: Subscribers) -> None:
    board = subscribers.board()
    subscribers.hold("sent to 3")
    await post(board, "sent")
    await quiet()
    await bounded(board.supervisor.stop())
    assert subscribers.told == []
    subscribers.doors.clear()
    after = subscribers.board(journal=board.journal, clock=board.clock)
    await after.turn(0)
    assert subscribers.told == ["sent to 3"]


# while the journal can't be written


async def test_what_came_meanwhile_is_written_and_told_when_it_can_be(subscribers: Subscribers) -> None:
    """Of calls and of messages, as they came."""
    board = subscribers.board()
    await board.post()
    board.journal.faults["commit"] = math.inf
    with capture_logs():
        await post(board, "sent")
        await board.post("status", CallStatus="completed")
        await post(board, "delivered", 2)
        await board.supervisor._write_late()
        assert subscribers.told == []
        board.journal.faults.clear()
        for _ in range(2):  # both of a conversation may not be in one round
            await quiet()
            await board.supervisor._write_late()
    await board.told()
    assert sorted(subscribers.told) == ["delivered to 3", "sent to 3", f"the end of {sid(1)[-1]}"]
    assert not board.supervisor._unwritten


async def test_one_whose_conversation_is_busy_holds_up_no_round(office: Office, subscribers: Subscribers) -> None:
    asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @office.employ
    async def reply(message: Text) -> None:
        await asked

    subscribers.settings["replies"] = lambda _: office.__name__
    board = subscribers.board()
    board.journal.faults["commit"] = 2
    with capture_logs():
        await post(board, "sent")
        sent = asyncio.ensure_future(board.supervisor.conversations.route(text()))
        await quiet()
        await bounded(board.supervisor._write_late())
        assert subscribers.told == []
        asked.set_result(None)
        await bounded(sent)
        await bounded(board.supervisor.conversations.finish())
        await bounded(board.supervisor._write_late())
    await board.told()
    assert subscribers.told == ["sent to 3"]


# conversations that are gone


async def test_the_letters_of_a_conversation_that_is_not_there_are_struck_off(subscribers: Subscribers) -> None:
    journal = PlainJournal()
    board = subscribers.board(journal=journal)
    board.supervisor.conversations._nudge = lambda _: None
    await post(board, "sent")
    del journal._snapshots[key_of(text())]  # as by hand
    await board.turn(1)
    assert (subscribers.told, await left(board)) == ([], [])
