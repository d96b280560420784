"""A running call is moved by its CallSid, whether it is awake, asleep or another daemon's; and what legs tell of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, JournalError, MaybeMoved, NotMoved, Subscription, Webhook
from tests.actors.doubles import ManualClock, Mover, Office, PlainJournal, bounded, quiet
from tests.supervisor.switchboard import MENU, Switchboard, counted, sid
from tests.twiml.documents import inside
from twiml import NOTHING, Say, compile

OVER = {"CallStatus": "completed"}


@pytest.fixture
def twilio() -> Mover:
    return Mover()


@pytest.fixture
async def board(twilio: Mover) -> Switchboard:
    board = Switchboard(settings={"redirect": twilio})
    await board.post()
    return board


async def move(board: Switchboard, state: str = "1.4", number: int = 1) -> None:
    await bounded(board.supervisor.redirect(sid(number), state))


async def problem_of(board: Switchboard, state: str = "1.4", number: int = 1) -> str:
    with pytest.raises(NotMoved) as caught:
        await move(board, state, number)
    return str(caught.value)


async def test_twilio_is_told_and_the_call_goes_on_there(board: Switchboard, twilio: Mover) -> None:
    with capture_logs() as logs:
        await move(board)
    assert twilio.told == [("", sid(1), "/menu/1.4?step=2")]
    [log] = [log for log in logs if log["event"] == "call_moved"]
    assert (log["call_sid"], log["recipe"], log["state"]) == (sid(1), "menu", "1.4")
    assert board.supervisor.status()["in_progress"][0]["state"] == "1.4"
    assert inside(await board.post("1.4", step=2)) == "<Say>None.</Say><Say>Goodbye.</Say><Hangup/>"


async def test_the_interrupted_menu_moves_nothing(board: Switchboard) -> None:
    await move(board)
    assert inside(await board.post("1", step=1, Digits="1")) == "<Redirect>/menu/1.4?step=2</Redirect>"


@pytest.mark.parametrize(
    ("state", "number", "says"),
    [
        ("9", 1, f"{sid(1)}: the flow has no state and no label '9'"),
        ("1", 7, f"{sid(7)}: there is no such call"),
    ],
)
async def test_what_can_not_be_done_is_said(
    board: Switchboard, twilio: Mover, state: str, number: int, says: str
) -> None:
    assert await problem_of(board, state, number) == says
    assert twilio.told == []
    assert board.children == [sid(1)]


async def test_a_call_that_is_over_is_moved_nowhere(board: Switchboard, twilio: Mover) -> None:
    await board.post("status", **OVER)
    assert await problem_of(board) == f"{sid(1)}: the call is over"
    await board.linger()
    assert await problem_of(board) == f"{sid(1)}: the call is over"
    assert (board.children, twilio.told) == ([], [])


async def test_what_twilio_refuses_is_said_and_the_call_goes_on(board: Switchboard, twilio: Mover) -> None:
    twilio.wrong = NotMoved("21220: Call is not in-progress")
    assert await problem_of(board) == f"{sid(1)}: 21220: Call is not in-progress"
    assert "One!" in await board.post("1", step=1, Digits="1")
    assert board.counts == counted(in_progress=1, started=1)


async def test_the_status_shows_where_a_call_is_that_was_not_moved(board: Switchboard, twilio: Mover) -> None:
    twilio.wrong = NotMoved("21220")
    before = board.supervisor.status()["in_progress"][0]["state"]
    await problem_of(board, "1.4")
    assert (
        board.supervisor.status()["in_progress"][0]["state"] == before == board.journal.written[-1][0].machine["state"]
    )


async def test_what_nobody_knows_is_said_as_that(board: Switchboard, twilio: Mover) -> None:
    twilio.wrong = TimeoutError("no answer")
    with capture_logs() as logs, pytest.raises(MaybeMoved, match="nobody knows whether Twilio has been told"):
        await move(board)
    assert [log["call_sid"] for log in logs if log["event"] == "move_unsure"] == [sid(1)]


async def test_a_call_is_moved_once_at_a_time(board: Switchboard, twilio: Mover) -> None:
    """Its webhooks wait behind each of them."""
    door = asyncio.Event()
    twilio.meanwhile = door.wait
    first = asyncio.ensure_future(move(board))
    await quiet()
    assert await problem_of(board) == f"{sid(1)}: it is being moved already"
    door.set()
    await bounded(first)
    twilio.meanwhile = None
    await move(board, "1")


async def test_a_call_that_sleeps_is_woken_up(twilio: Mover) -> None:
    board = Switchboard(settings={"redirect": twilio}, max_awake=1)
    for number in (1, 2):
        await board.post(sid=sid(number))
    await quiet()
    await move(board, number=1)
    assert twilio.told == [("", sid(1), "/menu/1.4?step=2")]


async def test_a_call_of_another_daemon_is_moved_too(twilio: Mover) -> None:
    journal, clock = PlainJournal(shared=True), ManualClock()
    settings = {"redirect": twilio}
    one, other = (Switchboard(journal=journal, clock=clock, node=n, settings=settings) for n in ("one", "other"))
    await one.post(From="+441314960123", To="+441314960456")

    await move(other)

    assert twilio.told == [("", sid(1), "/menu/1.4?step=2")]
    [listed] = other.supervisor.status()["in_progress"]
    assert (listed["recipe"], listed["from"], listed["to"], listed["state"]) == (
        "menu",
        "+441314960123",
        "+441314960456",
        "1.4",
    )
    assert "<Redirect>" in await one.post("1", step=1, Digits="1")
    assert "None." in await one.post("1.4", step=2)


async def test_a_crash_is_said_and_the_next_webhook_finds_an_actor(board: Switchboard, twilio: Mover) -> None:
    board.journal.faults["commit"] = 1
    assert "the disk is full" in await problem_of(board)
    assert twilio.told == []
    assert "One!" in await board.post("1", step=1, Digits="1")


async def test_a_journal_in_trouble_is_said_as_that(board: Switchboard) -> None:
    async def refuses(*_: Any) -> None:
        raise JournalError("the disk is full")

    board.journal.on_commit = refuses
    with pytest.raises(JournalError, match="disk is full"):
        await move(board)
    board.journal.on_commit = None
    await move(board)


async def test_a_call_that_is_sent_to_another_recipe_is_listed_with_that() -> None:
    board = Switchboard(settings={"programs": {"menu": compile(MENU), "other": compile([Say("other")])}.get})
    await board.post()
    assert "other" in await board.post(recipe="other", CallStatus="in-progress")
    assert [each["recipe"] for each in board.supervisor.status()["in_progress"]] == ["other"]


# legs

LEG = {"ParentCallSid": sid(1), "CallbackSource": "call-progress-events", "SequenceNumber": "1"}


@pytest.fixture
def legs(office: Office) -> list[tuple[str, str, str]]:
    """What was told of legs: the call, the leg, its status."""
    told: list[tuple[str, str, str]] = []

    @office.employ
    def on_leg(webhook: Webhook, call: Call) -> None:
        told.append((call.call_sid, webhook.dial_call_sid, webhook.call_status))

    return told


async def test_a_leg_is_told_to_the_call_that_dialled_it(office: Office, legs: list[Any]) -> None:
    told = [Subscription("leg", office.__name__, "on_leg")]
    board = Switchboard(settings={"subscriptions": lambda _: told})
    await board.post()
    for status in ("ringing", "completed"):
        assert await board.post("status", sid=sid(2), CallStatus=status, **LEG) == NOTHING
        await board.told()
    assert legs == [(sid(1), sid(2), "ringing"), (sid(1), sid(2), "completed")]
    assert board.counts == counted(in_progress=1, started=1)
    assert board.children == [sid(1)]


async def test_a_leg_that_has_a_call_of_its_own_ends_that(office: Office, legs: list[Any]) -> None:
    board = Switchboard(settings={"subscriptions": lambda _: [Subscription("leg", office.__name__, "on_leg")]})
    await board.post()
    await board.post(sid=sid(2), ParentCallSid=sid(1), CallStatus="in-progress")
    assert board.counts == counted(in_progress=2, started=2)
    await board.post("status", sid=sid(2), CallStatus="completed", **LEG)
    await board.told()
    assert board.counts == counted(in_progress=1, started=2, completed=1)
    assert legs == []


async def test_callbacks_of_a_leg_that_come_at_the_same_time_leave_nothing_behind(office: Office) -> None:
    door = asyncio.Event()

    @office.callout
    async def slow(call: Call) -> list[Any]:
        await door.wait()
        return [Say("x")]

    board = Switchboard([slow])
    parent = board.send()
    await quiet()
    legs = [board.send("status", sid=sid(2), CallStatus=status, **LEG) for status in ("ringing", "in-progress")]
    await quiet()
    door.set()
    await bounded(asyncio.gather(parent, *legs))
    await board.post("status", **OVER)
    await board.linger()
    assert (board.children, board.supervisor._awake.count) == ([], 0)


async def test_the_status_of_a_leg_is_not_that_of_the_call(office: Office) -> None:
    seen: list[tuple[str, str]] = []

    @office.employ
    def on_leg(webhook: Webhook, call: Call) -> None:
        seen.append((webhook.call_status, call.status))

    board = Switchboard(settings={"subscriptions": lambda _: [Subscription("leg", office.__name__, "on_leg")]})
    await board.post(CallStatus="in-progress")
    await board.post("status", sid=sid(2), CallStatus="completed", **LEG)
    await board.told()
    assert seen == [("completed", "in-progress")]


async def test_a_leg_of_a_call_nobody_knows_is_nothing(office: Office, legs: list[Any]) -> None:
    board = Switchboard()
    assert await board.post("status", sid=sid(2), CallStatus="completed", **LEG) == NOTHING
    assert (board.children, board.counts, legs) == ([], counted(), [])


# calls that nobody answers


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
async def test_a_call_that_nobody_answers_is_counted_from_beginning_to_end(status: str) -> None:
    board = Switchboard()
    await board.post("status", CallStatus=status, Direction="outbound-api", From="+441314960100", To="+441314960123")
    assert board.counts == counted(started=1, completed=1)
    assert board.listed == []
    await board.linger()
    assert board.children == []


async def test_it_leaves_no_trace_beyond_a_limit_of_calls() -> None:
    board = Switchboard(max_calls=1)
    await board.post()
    await board.post("status", sid=sid(2), CallStatus="busy", Direction="outbound-api")
    assert board.counts == counted(in_progress=1, started=2, completed=1)
    await board.post("status", **OVER)
    assert "<Gather" in await board.post(sid=sid(3))
