"""How a call ends: by Twilio's word, by a callout that fails, never twice, and what comes after it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import TERMINAL, Answer, Call, Crashed, GiveUp, Overdue, Webhook
from tests.actors.doubles import MENU, SID, Line, Office, bounded, counting, hook, quiet, until
from twiml import APOLOGY, NOTHING, DefaultExt, Dial, FunctionExt, Gather, Record, ResponseExt, Say

BAD: dict[str, Any] = {
    "raises": ZeroDivisionError("by nothing"),
    "exits": SystemExit(1),
    "is cancelled": asyncio.CancelledError(),
    "returns nothing": None,
    "returns no verb": [7],
    "returns invalid TwiML": [Say("x", loop=-1)],
    "returns what can't stand there": [ResponseExt("1", "one", [])],
    "returns a document too long": [Say("x" * 4000)] * 20,
}


@pytest.mark.parametrize("on_the_loop", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize("what", BAD.values(), ids=BAD)
async def test_a_callout_that_fails_ends_the_call_with_the_apology(
    office: Office, what: Any, on_the_loop: bool
) -> None:
    @office.employ
    def plain(call: Call) -> Any:
        call.data["begun"] = True
        if isinstance(what, BaseException):
            raise what
        return what

    @office.employ
    async def coroutine(call: Call) -> Any:
        return plain(call)

    line = Line([Say("hello"), FunctionExt(fn=coroutine if on_the_loop else plain)])
    with capture_logs() as logs:
        answer = await line.post()
    if what is BAD["returns a document too long"]:  # it is cut instead, by a Redirect
        assert answer.status == "in-progress"
        assert len(answer.xml.encode()) <= 64 * 1024
        return
    assert answer == Answer(APOLOGY, "failed", "2", began=True, ended=True, reason=answer.reason)
    (log,) = [log for log in logs if log["event"] == "call_failed"]
    assert (log["call_sid"], log["recipe"], log["state"], log["log_level"]) == (SID, "menu", "2", "error")
    assert log["reason"] == answer.reason != ""
    assert (line.snapshot.status, line.snapshot.data, line.rows[-1].answer) == ("failed", {}, APOLOGY)


async def test_a_call_that_failed_says_so_again_and_again(office: Office) -> None:
    @office.callout
    def broken(call: Call) -> list[Any]:
        raise ValueError("no")

    line = Line([Gather(after_ext=[ResponseExt("1", "one", [broken]), DefaultExt("none", [Say("bye")])])])
    await line.post()
    failed = await line.post("1", step=1, Digits="1")
    assert (failed.xml, failed.ended) == (APOLOGY, True)
    for path, digits in (("", ""), ("1", "1"), ("1", "2"), ("2", "")):
        later = await line.post(path, Digits=digits)
        assert (later.xml, later.status, later.ended) == (APOLOGY, "failed", False)
    over = await line.post(CallStatus="completed")
    assert (over.xml, over.status, over.ended) == (NOTHING, "failed", False)


# whose call it is


@pytest.mark.parametrize("path", ["", "1", "recording", "status"])
@pytest.mark.parametrize("status", ["in-progress", "completed"])
async def test_another_account_is_told_nothing_of_a_call_and_moves_nothing(path: str, status: str) -> None:
    line = Line(MENU)
    await line.post(AccountSid="AC1")
    with capture_logs() as logs:
        answer = await line.post(path, AccountSid="AC2", Digits="1", CallStatus=status)
    assert (answer.xml, answer.status, answer.ended) == (NOTHING, "in-progress", False)
    assert [log["event"] for log in logs] == ["foreign_account"]
    assert len(line.rows) == 1


async def test_another_account_gets_no_answer_of_a_token_either() -> None:
    line = Line(MENU)
    await line.post(AccountSid="AC1", token="a")
    assert (await line.post(AccountSid="AC2", token="a")).xml == NOTHING


async def test_a_callback_that_names_no_account_is_the_calls_own() -> None:
    line = Line(MENU)
    await line.post(AccountSid="AC1")
    assert (await line.post("status", CallStatus="completed")).ended


# the end


@pytest.mark.parametrize("path", ["", "status"])
@pytest.mark.parametrize("status", sorted(TERMINAL))
async def test_every_terminal_status_ends_the_call_once(status: str, path: str) -> None:
    """FAULTS 12: busy, failed, no-answer and a completed POST with a path never removed the call."""
    line = Line(MENU)
    await line.post()
    first = await line.post(path, CallStatus=status)
    second = await line.post(path, CallStatus=status, SequenceNumber="2")
    assert (first.xml, first.status, first.ended) == (NOTHING, "completed", True)
    assert (second.xml, second.status, second.ended) == (NOTHING, "completed", False)
    assert [row.moved for row in line.rows] == [True, True, False]


@pytest.mark.parametrize("path", ["", "1", "status", "hours"])
@pytest.mark.parametrize("status", ["in-progress", "ringing", ""])
async def test_nothing_reopens_a_call_that_is_over(path: str, status: str) -> None:
    """FAULTS 13: for a second after its completion a call still answered as if it lived."""
    line = Line(MENU)
    await line.post()
    await line.post(CallStatus="completed")
    before = line.snapshot
    late = await line.post(path, CallStatus=status, Digits="1")
    assert (late.xml, late.status, late.ended) == (NOTHING, "completed", False)
    assert line.snapshot.machine == before.machine
    assert line.rows[-1].moved is False


async def test_an_action_after_the_end_moves_nothing(office: Office) -> None:
    """No voicemail on a dead call: Record's action comes with CallStatus=completed."""
    hours, ran = counting(office)
    line = Line([Record(max_length=5), hours])
    await line.post()
    before = line.snapshot
    answer = await line.post("2", step=1, CallStatus="completed", Digits="hangup", RecordingSid="RE1")
    assert (answer.xml, answer.status, answer.ended) == (NOTHING, "in-progress", False)
    assert line.snapshot.ending
    assert line.snapshot.due == line.clock.now() + line.settings.linger
    assert line.snapshot.machine == before.machine
    assert (line.rows[-1].kind, line.rows[-1].moved) == ("action_after_the_end", False)
    assert ran == []


@pytest.mark.parametrize("order", [("1", ""), ("", "1")], ids=["action first", "status first"])
async def test_the_action_and_the_status_of_an_end_end_it_once(order: tuple[str, str]) -> None:
    line = Line([Dial("+441314960123"), Say("bye")])
    await line.post()
    answers = [await line.post(path, CallStatus="completed") for path in order]
    assert [answer.ended for answer in answers] == [path == "" for path in order]
    assert line.snapshot.due is None
    assert line.snapshot.status == "completed"


# an end that overtakes Twilio's last word


def overdue(reason: str = "late", by: float = 2_000_000.0, **params: str) -> Overdue:
    return Overdue(hook("status", CallStatus="", **params), reason, by)


@pytest.fixture
def told(office: Office) -> list[tuple[str, int | None]]:
    """What was told, with how long the call took as far as that was known."""
    return []


@pytest.fixture
def subscribe(office: Office, told: list[tuple[str, int | None]]) -> FunctionExt:
    """Listens for everything."""
    for event in ("recording", "completion", "status", "dial"):

        def on(webhook: Webhook, call: Call, event: str = event) -> None:
            told.append((event, webhook.duration))

        on.__name__ = f"on_{event}"
        office.employ(on)

    @office.callout
    def subscribe(call: Call) -> Any:
        return [], [(event, getattr(office, f"on_{event}")) for event in ("recording", "completion", "status", "dial")]

    return subscribe


async def gone(subscribe: FunctionExt) -> Line:
    """A call of which Record's action, or Dial's, has said that the caller is gone."""
    line = Line([subscribe, Record(max_length=5), Say("thank you")])
    await line.post()
    await line.post("3", step=1, CallStatus="completed", RecordingSid="RE1", DialCallStatus="completed")
    await line.told()
    return line


async def test_a_completion_waits_for_the_status_that_tells_how_long_the_call_took(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    line = await gone(subscribe)
    assert told == [("dial", None)]
    last = await line.post("status", CallStatus="completed", CallDuration="7")
    await line.told()
    assert (last.status, last.ended) == ("completed", True)
    assert told[1:] == [("status", 7), ("completion", 7)]
    late = await bounded(line.ask(overdue(by=line.clock.now())))
    assert (late.xml, late.status, late.ended) == (NOTHING, "completed", False)
    assert len(told) == 3


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_completion_does_without_the_status_that_does_not_come(
    subscribe: FunctionExt, told: list[tuple[str, int | None]], restarted: bool
) -> None:
    line = await gone(subscribe)
    if restarted:
        await line.restart()
    answer = await bounded(line.ask(overdue()))
    await line.told()
    assert answer == Answer(NOTHING, "completed", answer.state, ended=True, letters=True)
    assert told[1:] == [("recording", None), ("completion", None)]
    assert (line.snapshot.status, line.rows[-1].kind, line.rows[-1].moved) == ("completed", "overdue", True)
    last = await line.post("status", CallStatus="completed", CallDuration="7")
    await line.told()
    assert (last.status, last.ended) == ("completed", False)
    assert told[3:] == [("status", 7)]


async def test_nothing_is_done_without_before_it_is_due(subscribe: FunctionExt) -> None:
    line = await gone(subscribe)
    soon = await bounded(line.ask(overdue(by=line.clock.now() + line.settings.linger - 0.1)))
    assert (soon.status, soon.ended, line.rows[-1].kind) == ("in-progress", False, "action_after_the_end")


@pytest.mark.parametrize("path", ["", "1", "3", "hours"])
@pytest.mark.parametrize("restarted", [False, True])
async def test_nothing_moves_a_call_whose_caller_is_gone(subscribe: FunctionExt, path: str, restarted: bool) -> None:
    line = await gone(subscribe)
    before = line.snapshot.machine
    if restarted:
        await line.restart()
    answer = await line.post(path, CallStatus="in-progress", Digits="1")
    assert (answer.xml, answer.status) == (NOTHING, "in-progress")
    assert line.snapshot.machine == before
    assert line.rows[-1].moved is False


async def test_a_call_that_crashes_while_it_waits_for_the_last_word_fails_once(
    subscribe: FunctionExt, told: list[tuple[str, int | None]]
) -> None:
    line = await gone(subscribe)
    given_up = await bounded(line.ask(GiveUp(hook("status"), "crashes")))
    late = await bounded(line.ask(overdue()))
    await line.told()
    assert (given_up.status, given_up.ended, late.status, late.ended) == ("failed", True, "failed", False)
    assert [event for event, _ in told].count("completion") == 1


# an end that never comes


async def test_an_overdue_call_in_the_middle_of_its_flow_has_failed() -> None:
    line = Line(MENU)
    await line.post()
    with capture_logs() as logs:
        answer = await bounded(line.ask(overdue("a day is enough")))
    assert answer == Answer(NOTHING, "failed", answer.state, ended=True, reason="a day is enough")
    assert [(log["event"], log["reason"]) for log in logs] == [("call_failed", "a day is enough")]
    assert line.snapshot.status == "failed"


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_overdue_call_that_has_said_all_it_had_to_say_is_completed(restarted: bool) -> None:
    line = Line([Say("goodbye")])
    await line.post()
    if restarted:
        await line.restart()
    answer = await bounded(line.ask(overdue()))
    assert answer == Answer(NOTHING, "completed", answer.state, ended=True)
    assert line.snapshot.status == "completed"


async def test_no_call_begins_by_being_overdue() -> None:
    line = Line(MENU)
    assert await bounded(line.ask(overdue())) == Answer(NOTHING, "unknown")
    assert line.rows == []


async def test_an_overdue_calls_callout_is_cancelled(office: Office) -> None:
    ends: list[str] = []

    @office.callout
    async def slow(call: Call) -> list[Any]:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ends.append("cancelled")
        return []

    line = Line([slow], limit=1e9)
    held = line.send()
    await until(lambda: line.clock.waiting)
    line.clock.turn(8)
    await bounded(held)
    with capture_logs():
        await bounded(line.ask(overdue()))
    await quiet()
    assert ends == ["cancelled"]


async def test_a_call_may_be_over_before_it_began() -> None:
    line = Line(MENU)
    for path in ("", "status", "1"):
        assert await line.post(path, CallStatus="no-answer") == Answer(NOTHING, "unknown")
    assert line.rows == []


@pytest.mark.parametrize("path", ["recording", "transcription", "status"])
async def test_a_callback_for_a_call_nobody_knows_is_answered_and_forgotten(path: str) -> None:
    """FAULTS 18: it got no HTTP response at all."""
    line = Line(MENU)
    assert await line.post(path, RecordingSid="RE1") == Answer(NOTHING, "unknown")
    assert line.rows == []
    assert (await line.post()).began


@pytest.mark.parametrize("path", ["recording", "transcription", "status"])
async def test_a_callback_during_the_call_moves_nothing(path: str) -> None:
    line = Line(MENU)
    await line.post()
    before = line.snapshot
    answer = await line.post(path, CallStatus="in-progress", Digits="1")
    assert (answer.xml, answer.status) == (NOTHING, "in-progress")
    assert line.snapshot.machine == before.machine
    assert line.rows[-1].moved is False


async def test_an_actor_that_is_stopped_waits_for_no_callout(office: Office) -> None:
    ends: list[str] = []

    @office.callout
    async def slow(call: Call) -> list[Any]:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ends.append("cancelled")
        return []

    line = Line([slow])
    held = line.send()
    await until(lambda: line.clock.waiting)
    line.clock.turn(8)
    await bounded(held)
    await line.hang_up()
    await quiet()
    assert ends == ["cancelled"]


async def test_a_message_that_is_no_message_crashes_it() -> None:
    line = Line(MENU)
    with pytest.raises(KeyError):
        await bounded(line.ask("hello"))
    with pytest.raises(Crashed):
        await line.post()
