"""A journal that fails for a while ends no call, runs no function again, and loses nothing that can be told later."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, JournalError, MaybeMoved, NotMoved, Row, Snapshot, Subscription, Webhook
from supervisor.bounds import WAITING
from supervisor.sweep import LONGEST, SWEPT
from tests.actors.doubles import Gate, Mover, Office, PlainJournal, bounded, counting, quiet, until
from tests.supervisor.switchboard import MENU, Switchboard, cluster, sid, ticks
from tests.twiml.documents import inside
from twiml import APOLOGY, NOTHING, Gather, Hangup, LabelExt, ResponseExt, Say

PROGRESS = {"CallStatus": "in-progress", "CallbackSource": "call-progress-events"}
OVER = {"CallStatus": "completed", "CallDuration": "9"}
AGENT = [
    Gather([Say("Press one.")], num_digits=1, after_ext=[ResponseExt("1", "one", [Say("One!"), Hangup()])]),
    LabelExt("agent"),
    Say("An agent."),
]


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    """Each failure is logged with where it came from, which takes its time."""
    with capture_logs():
        yield


@pytest.fixture
def told(office: Office) -> list[str | None]:
    """What `over` of the office was told of the ends of calls."""
    told: list[str | None] = []

    def over(webhook: Webhook, call: Call) -> None:
        told.append(webhook.params.get("CallStatus"))

    office.employ(over)
    return told


def failing(board: Switchboard, what: object, times: float) -> None:
    """Have the journal of a board fail so often, as journals do."""
    board.journal.faults.error = JournalError
    board.journal.faults[what] = times  # type: ignore[assignment]  # as often as one likes


async def status_of(board: Switchboard, call: str = sid(1)) -> str:
    snapshot = await board.journal.load(call)
    assert snapshot is not None
    return snapshot.status


# --- functions -----------------------------------------------------------------------------------


async def held(office: Office, gate: Gate, **options: Any) -> tuple[Switchboard, list[str]]:
    """A board with a caller who holds for a function that waits at a gate, and the steps that it ran in."""
    ran: list[str] = []

    @office.callout
    def charge(call: Call) -> list[Any]:
        ran.append(call.step_id)
        gate.wait()
        return [Say("Charged.")]

    board = Switchboard([charge, Say("Bye.")], **options)
    waiting = board.send(token="t")
    await until(lambda: gate.reached)
    board.clock.turn(8)
    assert "<Redirect>" in await bounded(waiting)
    return board, ran


@pytest.mark.parametrize("what", ["load", "commit", "committed"])
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_a_callback_that_cannot_be_written_has_nothing_run_again(
    office: Office, gate: Gate, what: str, times: int
) -> None:
    board, ran = await held(office, gate)
    failing(board, what, times)
    assert await board.post("status", **PROGRESS) == NOTHING
    board.journal.faults.clear()
    waiting = board.send("1", step=1)
    await quiet()
    gate.open()
    assert inside(await bounded(waiting)) == "<Say>Charged.</Say><Say>Bye.</Say><Hangup/>"
    assert len(ran) == 1


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_what_a_function_has_brought_is_written_once_that_can_be(office: Office, gate: Gate, times: int) -> None:
    board, ran = await held(office, gate)
    failing(board, "commit", times)
    with capture_logs() as logs:
        gate.open()
        await until(lambda: [log for log in logs if log["event"] == "callout_not_written"])
        await ticks(board, times)
    assert [log["event"] for log in logs].count("callout_not_written") == times
    snapshot = await board.journal.load(sid(1))
    assert snapshot is not None
    assert snapshot.taken == 1
    assert inside(await board.post("1", step=1)) == "<Say>Charged.</Say><Say>Bye.</Say><Hangup/>"
    assert len(ran) == 1


async def test_nor_is_it_run_again_for_a_caller_who_comes_first(office: Office, gate: Gate) -> None:
    board, ran = await held(office, gate)
    failing(board, "commit", 1)
    gate.open()
    await until(lambda: not board.journal.faults["commit"])
    await quiet()
    assert inside(await board.post("1", step=1)) == "<Say>Charged.</Say><Say>Bye.</Say><Hangup/>"
    assert len(ran) == 1


async def test_an_actor_that_has_what_is_not_written_yet_does_not_sleep(office: Office, gate: Gate) -> None:
    board, ran = await held(office, gate, max_awake=1)
    failing(board, "commit", 1)
    gate.open()
    await until(lambda: not board.journal.faults["commit"])
    await quiet()
    for number in range(2, 9):
        await board.post(sid=sid(number))
    await quiet()
    assert inside(await board.post("1", step=1)) == "<Say>Charged.</Say><Say>Bye.</Say><Hangup/>"
    assert ran.count(ran[0]) == 1


async def test_a_document_that_cannot_be_written_is_made_anew_and_not_run_anew(office: Office) -> None:
    hours, ran = counting(office)
    board = Switchboard([hours, *MENU])
    failing(board, "commit", 1)
    assert inside(await board.post()).startswith("<Say>nine</Say>")
    assert len(ran) == 1
    assert board.counts["restarts"] == 0


async def test_who_wants_a_document_hears_the_apology_if_it_cannot_be_written() -> None:
    board = Switchboard()
    await board.post()
    failing(board, "commit", math.inf)
    assert await board.post("1", step=1, Digits="1") == APOLOGY


async def test_a_call_that_was_lost_and_found_again_is_counted_where_it_is_listed() -> None:
    """Another webhook waits while the call is given up, and is answered after that."""
    board = Switchboard()
    await board.post()
    failed, beside = [], []

    async def fail(_: Snapshot, row: Row) -> None:
        if row.kind == "gather_response":
            failed.append(row)
            if len(failed) == 3:  # the second try, and then its end
                beside.append(board.send("status", **PROGRESS))
                await quiet()
            raise JournalError("the disk is full")

    board.journal.on_commit = fail
    assert await board.post("1", step=1, Digits="1") == APOLOGY
    assert await bounded(beside[0]) == NOTHING
    assert board.counts["in_progress"] == len(board.supervisor.status()["in_progress"]) == 1
    await board.post("status", **OVER)
    await board.linger()
    assert board.counts["in_progress"] == 0
    assert board.children == []


# --- callbacks and ends --------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2, 3, 4])
async def test_a_callback_that_cannot_be_written_ends_no_call(times: int) -> None:
    board = Switchboard()
    await board.supervisor.start()
    await board.post()
    failing(board, "commit", times)
    assert await board.post("status", **PROGRESS) == NOTHING
    await ticks(board, 2)
    assert inside(await board.post("1", step=1, Digits="1")).startswith("<Say>One!</Say>")
    assert [row.kind for row in await board.journal.history(sid(1))] == ["start_call", "call_status", "gather_response"]
    await bounded(board.supervisor.stop())


async def test_one_that_was_kept_for_long_ends_none_by_one_failure_more() -> None:
    board = Switchboard()
    await board.supervisor.start()
    await board.post()
    failing(board, "commit", math.inf)
    await board.post("status", **PROGRESS)
    await ticks(board, 20)
    board.journal.faults["commit"] = 1
    await ticks(board, 2)
    assert await status_of(board) == "in-progress"
    await bounded(board.supervisor.stop())


async def test_a_callback_of_nobody_leaves_no_child() -> None:
    board = Switchboard()
    failing(board, "load", math.inf)
    await board.post("status", **PROGRESS)
    assert board.children == []


async def test_an_end_that_came_at_a_bad_moment_is_told_before_an_orderly_stop(told: list[str | None]) -> None:
    subscribed = (Subscription("completion", "office_of_this_test", "over"),)
    board = Switchboard(settings={"subscriptions": lambda _: subscribed})
    await board.supervisor.start()
    await board.post()
    failing(board, "commit", 3)
    assert await board.post("status", **OVER) == NOTHING
    await bounded(board.supervisor.settle())
    await bounded(board.supervisor.stop())
    assert await status_of(board) == "completed"
    assert told == ["completed"]


async def test_callbacks_beyond_those_that_may_wait_are_taken_later(gate: Gate, office: Office) -> None:
    @office.callout
    def slow(call: Call) -> list[Any]:
        gate.wait()
        return [Say("Done.")]

    board = Switchboard([slow, Say("Bye.")])
    await board.supervisor.start()
    first = board.send(token="first")
    await until(lambda: gate.reached)
    rest = [board.send("status", SequenceNumber=str(n), token=str(n), **PROGRESS) for n in range(WAITING + 20)]
    await quiet()
    gate.open()
    await bounded(asyncio.gather(first, *rest))
    await ticks(board, 2)
    rows = await board.journal.history(sid(1))
    assert len(rows) == 1 + WAITING + 20
    await bounded(board.supervisor.stop())


# --- what is overdue -----------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2, 3, 7])
async def test_an_end_nobody_told_of_is_written_later_and_is_no_event_of_twilio_s(
    told: list[str | None], times: int
) -> None:
    subscribed = (
        Subscription("completion", "office_of_this_test", "over"),
        Subscription("status", "office_of_this_test", "over"),
    )
    board = Switchboard(settings={"subscriptions": lambda _: subscribed}, max_call_hours=1)
    await board.supervisor.start()
    await board.post()
    await board.post("1", step=1, Digits="1")
    await board.post("1.3", step=2, CallStatus="completed")  # the action of a verb that the end has interrupted
    assert await status_of(board) == "in-progress"
    failing(board, "commit", times)
    await ticks(board, 2)
    for _ in range(4):
        await board.turn(LONGEST)
    assert await status_of(board) == "completed"
    assert [row.kind for row in await board.journal.history(sid(1))][-1] == "overdue"
    assert told == [None]
    await bounded(board.supervisor.stop())


async def test_nor_is_it_if_the_actor_crashes_over_it_and_over_its_end() -> None:
    board = Switchboard(max_call_hours=1)
    await board.supervisor.start()
    await board.post()
    board.journal.faults["commit"] = 3  # two tries and the giving up, by what is no trouble of a journal's
    board.clock.turn(3600)
    await ticks(board, 3)
    assert await status_of(board) == "failed"
    assert [row.kind for row in await board.journal.history(sid(1))] == ["start_call", "overdue"]
    await bounded(board.supervisor.stop())


async def test_one_that_cannot_be_ended_is_tried_again_after_ever_longer_pauses() -> None:
    board = Switchboard(max_call_hours=1)
    await board.supervisor.start()
    await board.post()
    failing(board, "commit", math.inf)
    tried = []
    with capture_logs() as logs:
        board.clock.turn(3600)
        for second in range(300):
            await ticks(board, 1)
            tried += [second] * [log["event"] for log in logs].count("call_overdue")
            logs.clear()
    pauses = [later - sooner for sooner, later in itertools.pairwise(tried)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    board.journal.faults.clear()
    await ticks(board, 60)
    assert await status_of(board) == "failed"
    assert board.supervisor.sweep._later == {}
    await bounded(board.supervisor.stop())


async def test_calls_that_cannot_be_read_keep_the_sweep_from_no_other() -> None:
    board = Switchboard(max_call_hours=1)
    await board.supervisor.start()
    for number in range(SWEPT + 5):
        await board.post(sid=sid(number))
        failing(board, ("load", sid(number)), math.inf)
    for child in board.supervisor._roll:
        board.supervisor._awake.stop(child)
    board.clock.turn(1)
    await board.post(sid=sid(SWEPT + 5))
    with capture_logs():
        for _ in range(2):
            await board.turn(3600)
    assert await status_of(board, sid(SWEPT + 5)) == "failed"
    assert len(board.supervisor._unwritten) == 0
    await bounded(board.supervisor.stop())


# --- several daemons -----------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [20, 60])
async def test_an_end_that_one_could_only_write_late_is_heard_of_by_the_others(seconds: int) -> None:
    ours, theirs = cluster(MENU)
    for board in (ours, theirs):
        await board.supervisor.start()
    await ours.post()
    await theirs.post("1", step=1, Digits="1")
    assert (ours.counts["in_progress"], theirs.counts["in_progress"]) == (1, 1)
    failing(ours, "commit", math.inf)
    await ours.post("status", **OVER)
    await ticks(ours, seconds)
    ours.journal.faults.clear()
    await ticks(ours, 3)
    assert (ours.counts["in_progress"], theirs.counts["in_progress"]) == (0, 0)
    for board in (ours, theirs):
        await bounded(board.supervisor.stop())


async def test_one_that_takes_the_place_of_another_hears_of_the_ends_of_its_calls() -> None:
    """Both have one file of SQLite's for as long as that takes."""
    journal = PlainJournal()
    journal.alone = False
    old, new = cluster(MENU, journal=journal)
    await old.supervisor.start()
    for number in range(3):
        await old.post(sid=sid(number))
    await new.supervisor.start()
    await quiet()
    assert new.counts["in_progress"] == 3
    for number in range(3):
        await old.post("status", sid=sid(number), **OVER)
    await ticks(new, 2)
    assert new.counts["in_progress"] == 0
    for board in (old, new):
        await bounded(board.supervisor.stop())


async def test_a_move_that_twilio_refuses_is_taken_back_though_a_callback_came_elsewhere() -> None:
    twilio = Mover()
    ours, theirs = cluster(AGENT, settings={"redirect": twilio})
    await ours.post()

    async def meanwhile() -> None:
        await theirs.post("status", **PROGRESS)

    twilio.meanwhile, twilio.wrong = meanwhile, NotMoved("Twilio refused")
    with pytest.raises(NotMoved, match="Twilio refused") as caught:
        await bounded(ours.supervisor.redirect(sid(1), "agent"))
    assert not isinstance(caught.value, MaybeMoved)
    assert inside(await ours.post("1", step=1, Digits="1")) == "<Say>One!</Say><Hangup/>"


async def test_a_call_that_ended_meanwhile_was_not_moved() -> None:
    twilio = Mover()
    ours, theirs = cluster(AGENT, settings={"redirect": twilio})
    await ours.post()

    async def meanwhile() -> None:
        await theirs.post("status", **OVER)

    twilio.meanwhile, twilio.wrong = meanwhile, NotMoved("Twilio refused")
    with pytest.raises(NotMoved, match="Twilio refused") as caught:
        await bounded(ours.supervisor.redirect(sid(1), "agent"))
    assert not isinstance(caught.value, MaybeMoved)
    assert [row.kind for row in await ours.journal.history(sid(1))][-1] == "call_complete"


@pytest.mark.parametrize(("shared", "back"), [(True, 38), (False, 8)])
async def test_it_is_looked_back_no_further_than_clocks_and_callouts_take(shared: bool, back: float) -> None:
    """On one machine there is one clock, and who has a file alone is not to read all its ends again."""
    journal, looked = PlainJournal(shared=shared), []
    journal.alone = False

    async def ended(since: float, most: int) -> list[str]:
        looked.append(since)
        return []

    journal.ended = ended  # type: ignore[method-assign]  # the times are all that matters
    board = Switchboard(journal=journal)
    began = board.clock.now()
    await board.supervisor.start()
    await ticks(board, 2)
    assert looked[-1] == board.clock.now() - 1 - back
    assert looked[0] == began - back
    await bounded(board.supervisor.stop())


async def test_who_has_gone_on_meanwhile_may_have_been_moved() -> None:
    twilio = Mover()
    ours, theirs = cluster(AGENT, settings={"redirect": twilio})
    await ours.post()

    async def meanwhile() -> None:
        await theirs.post("2", step=2)

    twilio.meanwhile, twilio.wrong = meanwhile, NotMoved("Twilio refused")
    with pytest.raises(MaybeMoved, match="gone on from 2"):
        await bounded(ours.supervisor.redirect(sid(1), "agent"))


# --- who is told ---------------------------------------------------------------------------------


async def test_the_letter_of_a_call_that_cannot_be_read_is_dead_in_the_end(told: list[str | None]) -> None:
    subscribed = (Subscription("completion", "office_of_this_test", "over"),)
    board = Switchboard(settings={"subscriptions": lambda _: subscribed}, pauses=(1.0, 1.0))
    await board.supervisor.start()
    await board.post()
    failing(board, ("load", sid(1)), math.inf)
    await board.post("status", **OVER)
    await ticks(board, 5)
    (letter,) = await board.journal.dead_letters(10)
    assert letter.reason == "its call can't be read: no load: the disk is full"
    assert told == []
    await bounded(board.supervisor.stop())


async def test_functions_that_nobody_waits_for_keep_no_caller_waiting(office: Office, gate: Gate) -> None:
    def hangs(webhook: Webhook, call: Call) -> None:
        gate.wait()

    @office.callout
    def quick(call: Call) -> list[Any]:
        return [Say("At once.")]

    office.employ(hangs)
    flow: list[Any] = [Gather([Say("Press one.")], after_ext=[ResponseExt("1", "one", [quick])])]
    subscribed = (Subscription("status", "office_of_this_test", "hangs"),)
    board = Switchboard(flow, settings={"subscriptions": lambda _: subscribed})
    for number in range(10):
        await board.post(sid=sid(number))
        await board.post("status", sid=sid(number), **PROGRESS)
    await until(lambda: gate.reached)
    assert inside(await board.post("1", sid=sid(0), step=1, Digits="1")) == "<Say>At once.</Say><Hangup/>"
    gate.open()
    await bounded(board.supervisor.settle())
