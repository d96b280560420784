"""Let it crash: a call goes on from its last committed step, or is given up, and no other call notices."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Webhook
from supervisor.bounds import LATE
from tests.actors.doubles import Office, bounded, quiet, until
from tests.supervisor.switchboard import MENU, Switchboard, counted, sid
from tests.twiml.documents import inside
from twiml import APOLOGY, NOTHING, FunctionExt, Gather, ResponseExt, Say

OVER = {"CallStatus": "completed"}
REASON = "OSError: no commit: the disk is full"


@pytest.fixture
def told() -> list[str]:
    """The completions that were told."""
    return []


@pytest.fixture
def subscribe(office: Office, told: list[str]) -> FunctionExt:
    @office.employ
    async def on_completion(webhook: Webhook, call: Call) -> None:
        told.append(call.call_sid)

    @office.callout
    async def subscribe(call: Call) -> Any:
        return [], [("completion", on_completion)]

    return subscribe


async def quiet_post(board: Switchboard, path: str = "", **given: Any) -> str:
    """Post a webhook that crashes, without the noise."""
    with capture_logs():
        answer = await board.post(path, **given)
        await quiet()
    return answer


# once more


@pytest.mark.parametrize("what", ["commit", "committed"])
async def test_a_first_webhook_that_crashes_is_tried_once_more(what: str) -> None:
    board = Switchboard()
    board.journal.faults[what] = 1
    assert inside(await quiet_post(board)).startswith('<Gather action="/menu/1?step=1">')
    assert board.counts["restarts"] == 1
    assert board.counts["in_progress"] == 1
    assert len(board.journal.written) == 1


@pytest.mark.parametrize("what", ["commit", "committed"])
async def test_a_call_that_crashes_goes_on_from_its_last_committed_step(what: str) -> None:
    """FAULTS 16: it began at state 1 without its start and crashed on its next key."""
    board = Switchboard()
    await board.post(From="+441314960123")
    board.journal.faults[what] = 1
    answer = await quiet_post(board, "1", step=1, Digits="1")
    assert inside(answer) == "<Say>One!</Say><Say>Goodbye.</Say><Hangup/>"
    assert board.counts == counted(in_progress=1, started=1, restarts=1)
    snapshot = await board.journal.load(sid(1))
    assert snapshot is not None
    assert (snapshot.version, snapshot.initial_params["From"]) == (2, "+441314960123")
    await board.post(**OVER)
    assert board.counts == counted(started=1, completed=1, restarts=1)


@pytest.mark.parametrize("what", ["commit", "committed"])
async def test_an_end_that_crashes_is_an_end(what: str) -> None:
    board = Switchboard()
    await board.post()
    board.journal.faults[what] = 1
    assert await quiet_post(board, **OVER) == NOTHING
    assert board.counts["in_progress"] == 0
    assert board.listed == []
    await board.linger()
    assert board.children == []


async def test_a_callout_that_was_committed_is_not_run_again_by_the_next_try(office: Office) -> None:
    ran: list[str] = []

    @office.callout
    async def hours(call: Call) -> list[Any]:
        ran.append(call.step_id)
        return [Say("nine")]

    board = Switchboard([hours])
    board.journal.faults["committed"] = 1
    assert inside(await quiet_post(board)) == "<Say>nine</Say><Hangup/>"
    assert ran == [f"{sid(1)}:menu:1:0:0"]


async def test_a_callout_that_was_not_committed_is_run_again_for_the_same_step(office: Office) -> None:
    ran: list[str] = []

    @office.callout
    async def hours(call: Call) -> list[Any]:
        ran.append(call.step_id)
        return [Say("nine")]

    board = Switchboard([hours])
    board.journal.faults["commit"] = 1
    assert inside(await quiet_post(board)) == "<Say>nine</Say><Hangup/>"
    assert ran == [f"{sid(1)}:menu:1:0:0"] * 2


async def test_webhooks_that_wait_behind_one_that_crashes_are_answered_too() -> None:
    board = Switchboard()
    await board.post()
    board.journal.faults["commit"] = 1
    with capture_logs():
        posted = [board.send("1", step=1, Digits="1"), board.send("status"), board.send(**OVER)]
        answers = await bounded(asyncio.gather(*posted))
    assert inside(answers[0]) == "<Say>One!</Say><Say>Goodbye.</Say><Hangup/>"
    assert answers[1:] == [NOTHING, NOTHING]
    assert board.counts == counted(started=1, completed=1, restarts=1)


async def test_a_crash_is_reported_with_the_four_fields() -> None:
    board = Switchboard()
    await board.post()
    board.journal.faults["commit"] = 1
    with capture_logs() as logs:
        await board.post("1", step=1, Digits="1")
    (report,) = logs
    assert isinstance(report.pop("exc_info"), OSError)
    assert report == {
        "event": "child_crashed",
        "log_level": "error",
        "supervisor": "phone_calls",
        "context": "gather_response",
        "reason": REASON,
        "offender": sid(1),
    }


# intensity


async def crash(board: Switchboard, number: int = 1) -> str:
    """One crash, after which all is well."""
    board.journal.faults["commit", sid(number)] = 1
    return await quiet_post(board, "status", sid=sid(number), SequenceNumber=str(board.clock.now()))


async def test_crashes_further_apart_than_the_window_are_borne_for_ever() -> None:
    """FAULTS 15: the second crash within 30 seconds, of any two calls, ended the supervisor and every call."""
    board = Switchboard(window=5.0)
    await board.post()
    for _ in range(20):
        assert await crash(board) == NOTHING
        board.clock.turn(5)
    assert board.counts == counted(in_progress=1, started=1, restarts=20)


async def test_one_crash_too_many_within_the_window_gives_the_call_up() -> None:
    board = Switchboard(window=5.0)
    await board.post()
    await crash(board)
    board.clock.turn(4.9)
    await crash(board)
    assert board.counts == counted(started=1, failed=1, restarts=1)


@pytest.mark.parametrize("most", [0, 1, 2, 5])
async def test_as_many_crashes_are_borne_as_one_says(most: int) -> None:
    board = Switchboard(max_restarts=most)
    await board.post()
    for _ in range(most):
        await crash(board)
        board.clock.turn(0.1)
    assert board.counts == counted(in_progress=1, started=1, restarts=most)
    await crash(board)
    assert board.counts == counted(started=1, failed=1, restarts=most)


async def test_crashes_of_many_calls_are_counted_for_each_by_itself() -> None:
    """FAULTS 15."""
    board = Switchboard()
    for number in range(50):
        await board.post(sid=sid(number))
    for number in range(50):
        assert await crash(board, number) == NOTHING
    assert board.counts == counted(in_progress=50, started=50, restarts=50)


# given up


@pytest.mark.parametrize("most", [0, 1, 3])
async def test_a_call_that_crashes_over_one_webhook_is_given_up_with_the_apology(
    subscribe: FunctionExt, told: list[str], most: int
) -> None:
    board = Switchboard([subscribe, *MENU], max_restarts=most)
    await board.post()
    board.journal.faults["commit"] = most + 1
    with capture_logs() as logs:
        assert await board.post("1", step=1, Digits="1") == APOLOGY
    await until(lambda: not board.callouts.running)
    assert [log["event"] for log in logs] == [*["child_crashed"] * (most + 1), "call_failed", "call_ended"]
    assert board.counts == counted(started=1, failed=1, restarts=most)
    (failure,) = board.supervisor.status()["failures"]
    assert failure == {"at": board.clock.now(), "sid": sid(1), "recipe": "menu", "reason": REASON}
    assert told == [sid(1)]
    snapshot = await board.journal.load(sid(1))
    assert snapshot is not None
    assert snapshot.status == "failed"


async def test_a_step_that_was_written_before_its_call_was_given_up_stands() -> None:
    """The journal failed after the step was on disk, and was back when the call was to be given up."""
    board = Switchboard()
    await board.post()
    board.journal.faults["committed"] = board.journal.faults["load"] = 1
    answer = await quiet_post(board, "1", step=1, Digits="1", token="a")
    assert inside(answer).startswith("<Say>One!</Say>")
    assert await board.post("1", step=1, Digits="1", token="a") == answer
    assert [row.same for row in await board.journal.history(sid(1))].count("ta") == 1
    assert board.counts == counted(in_progress=1, started=1, restarts=1)


async def test_a_call_that_is_over_ends_no_second_time_by_being_given_up() -> None:
    board = Switchboard()
    await board.post()
    await board.post(**OVER)
    board.journal.faults["commit"] = 2
    assert await quiet_post(board, "status") == NOTHING
    assert [row.moved for row in await board.journal.history(sid(1))] == [True, True, False]
    assert board.counts == counted(started=1, completed=1, restarts=1)


async def test_a_call_that_was_given_up_stays_so(subscribe: FunctionExt, told: list[str]) -> None:
    board = Switchboard([subscribe, *MENU])
    await board.post()
    board.journal.faults["commit"] = 2
    assert await quiet_post(board, "1", step=1, Digits="1") == APOLOGY
    assert await board.post("1", step=1, Digits="1") == APOLOGY
    assert await board.post("1", step=1, Digits="2") == APOLOGY
    assert await board.post(**OVER) == NOTHING
    await board.linger()
    assert await board.post() == APOLOGY
    assert board.counts == counted(started=1, failed=1, restarts=1)
    assert told == [sid(1)]
    assert len(board.supervisor.tally.failures) == 1


async def test_no_other_call_notices(subscribe: FunctionExt, told: list[str]) -> None:
    """FAULTS 15."""
    board = Switchboard([subscribe, *MENU])
    for number in range(20):
        await board.post(sid=sid(number))
    board.journal.faults["commit", sid(7)] = 2
    with capture_logs():
        posted = [board.send("1", sid=sid(number), step=1, Digits="1") for number in range(20)]
        answers = await bounded(asyncio.gather(*posted))
    apologies = [number for number in range(20) if answers[number] == APOLOGY]
    assert apologies == [7]
    assert {inside(answers[number]) for number in range(20) if number != 7} == {
        "<Say>One!</Say><Say>Goodbye.</Say><Hangup/>"
    }
    assert board.counts == counted(in_progress=19, started=20, failed=1, restarts=1)
    assert told == [sid(7)]


@pytest.mark.parametrize("path", ["recording", "status", "transcription"])
async def test_a_callback_that_crashes_the_call_is_answered_with_nothing(path: str) -> None:
    board = Switchboard()
    await board.post()
    board.journal.faults["commit"] = 2
    assert await quiet_post(board, path, token="a") == NOTHING
    assert await board.post(path, token="a") == NOTHING
    assert board.counts == counted(started=1, failed=1, restarts=1)


async def test_an_end_that_crashes_too_often_is_a_failure_told_once(subscribe: FunctionExt, told: list[str]) -> None:
    board = Switchboard([subscribe, *MENU])
    await board.post()
    board.journal.faults["commit"] = 2
    assert await quiet_post(board, **OVER) == NOTHING
    assert await board.post(SequenceNumber="2", **OVER) == NOTHING
    await until(lambda: not board.callouts.running)
    assert board.counts == counted(started=1, failed=1, restarts=1)
    assert told == [sid(1)]


async def test_a_call_that_cannot_even_begin_is_given_up() -> None:
    board = Switchboard()
    board.journal.faults["commit"] = 2
    assert await quiet_post(board) == APOLOGY
    assert board.counts == counted(started=1, failed=1, restarts=1)
    await board.linger()
    assert board.children == []


async def test_webhooks_at_once_that_crash_give_the_call_up_once(subscribe: FunctionExt, told: list[str]) -> None:
    board = Switchboard([subscribe, *MENU])
    await board.post()
    board.journal.faults["commit"] = 2
    with capture_logs():
        posted = [board.send("1", step=1, Digits=str(number)) for number in range(8)]
        answers = await bounded(asyncio.gather(*posted))
    await until(lambda: not board.callouts.running)
    assert set(answers) == {APOLOGY}
    assert board.counts == counted(started=1, failed=1, restarts=1)
    assert len(board.supervisor.tally.failures) == 1
    assert told == [sid(1)]


async def test_a_held_callout_of_a_call_that_is_given_up_is_cancelled(office: Office) -> None:
    ends: list[str] = []

    @office.callout
    async def slow(call: Call) -> list[Any]:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ends.append("cancelled")
        return []

    board = Switchboard([slow])
    held = board.send()
    await until(lambda: board.clock.waiting)
    board.clock.turn(8)
    await bounded(held)
    board.journal.faults["commit"] = 2
    await quiet_post(board, "status")
    await quiet()
    assert ends == ["cancelled"]
    assert board.counts == counted(started=1, failed=1, restarts=1)


async def test_a_journal_that_fails_when_a_held_callout_finishes_costs_one_restart(office: Office) -> None:
    results: list[asyncio.Future[Any]] = []

    @office.callout
    async def slow(call: Call) -> Any:
        results.append(asyncio.get_running_loop().create_future())
        return await results[-1]

    board = Switchboard([slow])
    held = board.send()
    await until(lambda: results)
    board.clock.turn(8)
    await bounded(held)
    board.journal.faults["commit"] = 1
    results[0].set_result([Say("nine")])
    await until(lambda: not board.journal.faults["commit"])
    with capture_logs():
        answer = board.send("1", step=1)
        await until(lambda: len(results) == 2)
    results[1].set_result([Say("ten")])
    assert inside(await bounded(answer)) == "<Say>ten</Say><Hangup/>"
    assert board.counts == counted(in_progress=1, started=1, restarts=1)


# no journal at all


@pytest.mark.parametrize(
    ("what", "path"), [("commit", ""), *(("load", path) for path in ("1", "recording", "status")), ("commit", "1")]
)
async def test_route_answers_though_the_journal_never_does(what: str, path: str) -> None:
    board = Switchboard()
    board.journal.faults[what] = math.inf
    for token in ("a", "a", "b"):
        answer = await quiet_post(board, path, token=token)
        assert answer == (NOTHING if path in ("recording", "status") else APOLOGY)
    assert board.counts["in_progress"] == 0
    assert board.children == []


async def test_a_call_whose_journal_goes_is_lost_and_said_to_be() -> None:
    board = Switchboard()
    await board.post()
    board.journal.faults["commit"] = math.inf
    with capture_logs() as logs:
        assert await board.post("1", step=1, Digits="1") == APOLOGY
    assert [log["event"] for log in logs][-2:] == ["call_lost", "call_ended"]
    assert board.counts == counted(started=1, failed=1, restarts=1)
    assert [failure.reason for failure in board.supervisor.tally.failures] == [REASON]
    assert board.children == []


async def test_a_call_that_is_lost_over_many_webhooks_is_lost_once() -> None:
    board = Switchboard()
    await board.post()
    board.journal.faults["commit"] = math.inf
    with capture_logs() as logs:
        posted = [board.send("1", step=1, Digits=str(number)) for number in range(8)]
        answers = await bounded(asyncio.gather(*posted))
    assert set(answers) == {APOLOGY}
    assert [log["event"] for log in logs].count("call_lost") == 1
    assert board.counts == counted(started=1, failed=1, restarts=1)
    assert board.children == []


async def test_callbacks_of_calls_nobody_knows_count_for_nothing_when_there_is_no_journal() -> None:
    board = Switchboard()
    board.journal.faults["load"] = math.inf
    for number in range(5):
        assert await quiet_post(board, "recording", sid=sid(number)) == NOTHING
    assert board.counts["failed"] == 0


async def test_when_the_journal_is_back_so_are_the_calls() -> None:
    board = Switchboard()
    board.journal.faults["commit"] = 3
    assert await quiet_post(board) == APOLOGY
    assert inside(await board.post("", token="another call", sid=sid(2))).startswith("<Gather")


async def test_a_callback_that_could_not_be_written_is_when_the_journal_is_back() -> None:
    """Twilio tells of an end but once."""
    board = Switchboard()
    for number in (1, 2):
        await board.post(sid=sid(number))
    board.journal.faults["commit"] = 9
    for number in (1, 2):
        assert await quiet_post(board, "status", sid=sid(number), CallStatus="completed") == NOTHING
    with capture_logs():
        await board.supervisor._write_late()
        assert [snapshot.status for snapshot, _ in board.journal.written] == ["in-progress"] * 2
        await board.supervisor._write_late()
    assert [snapshot.status for snapshot, _ in board.journal.written[2:]] == ["completed"] * 2
    await board.supervisor._write_late()
    assert len(board.journal.written) == 4


async def test_only_the_latest_failures_are_remembered_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Switchboard(max_restarts=0)
    board.journal.faults["commit"] = math.inf
    for number in range(1010):
        await quiet_post(board, sid=sid(number))
    assert len(board.supervisor.tally.failures) == 1000
    shown = board.supervisor.status()["failures"]
    assert [each["sid"] for each in shown] == [sid(number) for number in range(990, 1010)]


async def test_a_recipe_whose_program_cannot_be_had_crashes_no_other() -> None:
    board = Switchboard()
    programs = board.settings.programs

    def missing(name: str) -> Any:
        if name == "broken":
            raise LookupError("no such recipe")
        return programs(name)

    object.__setattr__(board.supervisor.settings, "programs", missing)
    assert await quiet_post(board, sid=sid(1), recipe="broken") == APOLOGY
    assert inside(await board.post(sid=sid(2))).startswith("<Gather")


async def test_a_goto_to_a_state_that_is_not_there_is_no_crash() -> None:
    """FAULTS 1."""
    board = Switchboard([Gather(after_ext=[ResponseExt("1", "one", [Say("One!")])])])
    await board.post()
    with capture_logs() as logs:
        for path in ("9.9.9", "hours", "1.0"):
            assert inside(await board.post(path)).startswith("<Gather")
    assert {log["event"] for log in logs} == {"unknown_state"}
    assert board.counts == counted(in_progress=1, started=1)


async def test_a_webhook_that_has_waited_too_long_is_not_tried_again() -> None:
    """An apology in time, rather than an answer that nobody waits for any more."""
    board = Switchboard()
    await board.post()
    board.journal.faults["commit"] = 1
    late = board.clock.now() - LATE - 0.1
    assert await quiet_post(board, "1", step=1, Digits="1", arrived=late) == APOLOGY
    assert board.counts["failed"] == 1
