"""A callout that takes its time does not cost the call: the caller holds, and the result is used when it is there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Answer, Call, MayRest, PhoneCall, Webhook
from tests.actors.doubles import SID, Gate, Line, ManualClock, Office, bounded, hook, quiet, until
from tests.twiml.documents import inside
from twiml import APOLOGY, FunctionExt, Gather, Pause, PromptExt, ResponseExt, Say

HOLD = '<Say>One moment, please.</Say><Pause length="2"/><Redirect>/menu/{}</Redirect>'


class Slow:
    """A callout that returns when the test says so, and tells how often it ran."""

    def __init__(self, office: Office) -> None:
        self.results: list[asyncio.Future[Any]] = []
        self.ends: list[str] = []
        self.steps: list[str] = []

        @office.callout
        async def slow(call: Call) -> Any:
            call.data["ran"] = len(self.results) + 1
            self.steps.append(call.step_id)
            self.results.append(asyncio.get_running_loop().create_future())
            try:
                return await self.results[-1]
            except asyncio.CancelledError:
                self.ends.append("cancelled")
                raise

        self.function: FunctionExt = slow

    def returns(self, what: Any) -> None:
        """Let it return, or raise."""
        if isinstance(what, BaseException):
            self.results[-1].set_exception(what)
        else:
            self.results[-1].set_result(what)


@pytest.fixture
def slow(office: Office) -> Slow:
    return Slow(office)


async def held(line: Line, path: str = "", **given: Any) -> Answer:
    """Post a webhook whose callout takes longer than a caller is kept waiting."""
    answer = line.send(path, **given)
    await until(lambda: line.clock.waiting)
    line.clock.turn(line.settings.patience)
    return await bounded(answer)


async def test_a_callout_within_patience_is_waited_for(slow: Slow) -> None:
    line = Line([slow.function])
    answer = line.send()
    await until(lambda: line.clock.waiting)
    line.clock.turn(7.9)
    await quiet()
    assert not answer.done()
    slow.returns([Say("nine")])
    assert inside((await bounded(answer)).xml) == "<Say>nine</Say><Hangup/>"
    assert line.clock.waiting == 0


async def test_after_patience_the_caller_hears_what_there_is_and_holds(slow: Slow) -> None:
    line = Line([Say("Hello."), slow.function, Say("bye")])
    answer = await held(line)
    assert inside(answer.xml) == "<Say>Hello.</Say>" + HOLD.format("2?step=1")
    assert (answer.status, answer.began, answer.ended, line.rows[-1].moved) == ("in-progress", True, False, True)


async def test_patience_counts_from_when_the_webhook_came(slow: Slow) -> None:
    """Twilio's fifteen seconds begin there, not where the callout does."""
    line = Line([slow.function])
    answer = line.send(arrived=line.clock.now() - 5)
    await until(lambda: line.clock.waiting)
    line.clock.turn(2.9)
    await quiet()
    assert not answer.done()
    line.clock.turn(0.1)
    assert inside((await bounded(answer)).xml) == HOLD.format("1?step=1")


async def test_a_webhook_that_came_too_long_ago_is_held_at_once(slow: Slow) -> None:
    line = Line([slow.function])
    assert inside((await line.post(arrived=line.clock.now() - 60)).xml) == HOLD.format("1?step=1")
    await quiet()
    slow.returns([Say("nine")])
    await quiet()
    assert inside((await line.post("1", step=1)).xml) == "<Say>nine</Say><Hangup/>"


async def test_two_callouts_in_one_document_share_its_patience(office: Office, slow: Slow, clock: ManualClock) -> None:
    @office.callout
    async def first(call: Call) -> list[Any]:
        clock.turn(5)
        return [Say("first")]

    line = Line([first, slow.function], clock=clock)
    answer = line.send()
    await until(lambda: slow.results)
    await quiet()
    clock.turn(3)
    assert inside((await bounded(answer)).xml) == "<Say>first</Say>" + HOLD.format("2?step=1")


async def test_the_result_is_used_when_it_is_there_before_the_next_request(slow: Slow) -> None:
    line = Line([slow.function, Say("bye")])
    await held(line)
    slow.returns(([Say("nine")], []))
    await until(lambda: len(line.rows) == 2)
    assert inside((await line.post("1", step=1)).xml) == "<Say>nine</Say><Say>bye</Say><Hangup/>"
    assert len(slow.results) == 1


async def test_the_result_is_used_when_it_comes_after_the_next_request(slow: Slow) -> None:
    line = Line([slow.function, Say("bye")])
    await held(line)
    answer = line.send("1", step=1)
    await until(lambda: line.clock.waiting)
    slow.returns([Say("nine")])
    assert inside((await bounded(answer)).xml) == "<Say>nine</Say><Say>bye</Say><Hangup/>"
    assert len(slow.results) == 1


async def test_the_caller_holds_again_and_again(slow: Slow) -> None:
    line = Line([slow.function, Say("bye")])
    assert inside((await held(line)).xml) == HOLD.format("1?step=1")
    for step in (1, 2, 3):
        assert inside((await held(line, "1", step=step)).xml) == HOLD.format(f"1?step={step + 1}")
    slow.returns([Say("nine")])
    await quiet()
    assert inside((await line.post("1", step=4)).xml) == "<Say>nine</Say><Say>bye</Say><Hangup/>"
    assert len(slow.results) == 1
    assert [row.kind for row in line.rows].count("callout_done") == 1


async def test_a_request_for_the_hold_document_once_more_gets_it_once_more(slow: Slow) -> None:
    line = Line([slow.function])
    first = await held(line)
    assert (await line.post()).xml == first.xml
    assert len(line.rows) == len(slow.results) == 1


async def test_a_plain_function_holds_too(office: Office, gate: Gate) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        gate.wait()
        return [Say("nine")]

    line = Line([hours])
    assert inside((await held(line)).xml) == HOLD.format("1?step=1")
    gate.open()
    await until(lambda: len(line.rows) == 2)
    assert inside((await line.post("1", step=1)).xml) == "<Say>nine</Say><Hangup/>"
    assert gate.reached == 1


async def test_what_finishes_while_the_caller_holds_is_committed_at_once(slow: Slow, office: Office) -> None:
    """So that it is not run again, should this process end before the caller comes back."""

    @office.employ
    def on_completion(webhook: Webhook, call: Call) -> None: ...

    line = Line([slow.function, Say("bye")])
    await held(line)
    slow.returns(([Say("nine"), Pause()], [("completion", on_completion)]))
    await until(lambda: len(line.rows) == 2)
    row, snapshot = line.rows[-1], line.snapshot
    assert (row.kind, row.moved, row.answer, row.at) == ("callout_done", False, "", line.clock.now())
    assert (snapshot.version, snapshot.data) == (2, {"ran": 1})
    assert [each.function for each in snapshot.subscriptions] == ["on_completion"]
    await line.restart()
    assert inside((await line.post("1", step=1)).xml) == "<Say>nine</Say><Pause/><Say>bye</Say><Hangup/>"
    assert len(slow.results) == 1


@pytest.mark.parametrize("verbs", [[], [Say("nine")], [Say("a"), Say("b"), Say("c")]], ids=len)
async def test_what_comes_after_a_held_callout_comes_after_it(slow: Slow, verbs: list[Any]) -> None:
    """FAULTS 6: a callout's verbs ended in a Hangup, so that nothing after it ran."""
    menu = Gather([Say("Press one.")], after_ext=[ResponseExt("1", "one", [slow.function])])
    line = Line([menu, Say("bye")])
    await line.post()
    await held(line, "1", step=1, Digits="1")
    slow.returns(verbs)
    await quiet()
    said = "".join(f"<Say>{verb.text}</Say>" for verb in verbs)
    assert inside((await line.post("1.3.1", step=2)).xml) == f"{said}<Say>bye</Say><Hangup/>"


BAD: dict[str, Any] = {
    "raises": ZeroDivisionError("by nothing"),
    "returns no list": None,
    "returns invalid TwiML": [Say("x", loop=-1)],
}


@pytest.mark.parametrize("what", BAD.values(), ids=BAD)
@pytest.mark.parametrize("late", [False, True], ids=["before the next request", "after it"])
async def test_one_that_fails_while_the_caller_holds_is_apologised_for_at_their_next_request(
    slow: Slow, what: Any, late: bool
) -> None:
    line = Line([slow.function, Say("bye")])
    await held(line)
    with capture_logs() as logs:
        if late:
            posted = line.send("1", step=1)
            await until(lambda: line.clock.waiting)
        slow.returns(what)
        await quiet()
        if not late:
            assert [row.kind for row in line.rows] == ["start_call", "callout_failed"]
            assert line.snapshot.failure
            await line.restart()  # also who knows of it from the journal alone
            posted = line.send("1", step=1)
        answer = await bounded(posted)
    assert (answer.xml, answer.status, answer.ended) == (APOLOGY, "failed", True)
    assert [log["event"] for log in logs] == ["call_failed"] if late else ["callout_failed", "call_failed"]
    assert line.snapshot.data == {}
    assert line.snapshot.failure == ""
    assert len(slow.results) == 1


async def test_a_callout_over_its_limit_is_given_up(slow: Slow) -> None:
    line = Line([slow.function], limit=20.0)
    await held(line)
    await held(line, "1", step=1)
    answer = line.send("1", step=2)
    await until(lambda: line.clock.waiting)
    line.clock.turn(3.9)
    await quiet()
    assert not answer.done()
    with capture_logs() as logs:
        line.clock.turn(0.1)
        assert (await bounded(answer)).xml == APOLOGY
    assert logs[0]["reason"] == "office_of_this_test:slow took more than 20 s"
    assert slow.ends == ["cancelled"]


async def test_a_callout_over_its_limit_between_two_requests_is_given_up_at_the_next(slow: Slow) -> None:
    line = Line([slow.function], limit=20.0)
    await held(line)
    line.clock.turn(60)
    answer = await line.post("1", step=1)
    assert (answer.xml, answer.status) == (APOLOGY, "failed")
    assert slow.ends == ["cancelled"]


async def test_a_limit_shorter_than_patience_counts_first(slow: Slow) -> None:
    line = Line([slow.function], limit=2.0)
    answer = line.send()
    await until(lambda: line.clock.waiting)
    line.clock.turn(2)
    assert (await bounded(answer)).xml == APOLOGY


async def test_a_result_that_was_there_in_time_is_used_however_late_the_caller_is(slow: Slow) -> None:
    line = Line([slow.function], limit=20.0)
    await held(line)
    slow.returns([Say("nine")])
    await quiet()
    line.clock.turn(3600)
    assert inside((await line.post("1", step=1)).xml) == "<Say>nine</Say><Hangup/>"


# meanwhile


@pytest.mark.parametrize("path", ["", "status", "1"])
async def test_a_caller_who_hangs_up_while_holding_ends_the_callout(slow: Slow, path: str) -> None:
    line = Line([slow.function])
    await held(line)
    answer = await line.post(path, CallStatus="completed")
    assert (answer.ended, line.snapshot.ending) == (path != "1", path == "1")
    await quiet()
    assert slow.ends == ["cancelled"]
    assert len(line.rows) == 2


async def test_a_caller_who_hangs_up_while_a_callout_runs_is_told_after_it(slow: Slow) -> None:
    line = Line([slow.function, Say("bye")])
    first = line.send()
    await until(lambda: line.clock.waiting)
    over = line.send(CallStatus="completed")
    await quiet()
    assert not over.done()
    slow.returns([Say("nine")])
    assert inside((await bounded(first)).xml) == "<Say>nine</Say><Say>bye</Say><Hangup/>"
    assert (await bounded(over)).ended
    assert line.snapshot.status == "completed"


async def test_a_result_that_comes_after_the_end_is_thrown_away(office: Office, gate: Gate) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        gate.wait()
        call.data["late"] = True
        return [Say("nine")]

    line = Line([hours])
    await held(line)
    await line.post(CallStatus="completed")
    gate.open()
    await until(lambda: gate.passed)
    await quiet()
    assert (len(line.rows), line.snapshot.data) == (2, {})


@pytest.mark.parametrize("path", ["recording", "status", "transcription"])
async def test_a_callback_while_the_caller_holds_disturbs_nothing(slow: Slow, path: str) -> None:
    line = Line([slow.function])
    await held(line)
    await line.post(path, CallStatus="in-progress", RecordingSid="RE1")
    slow.returns([Say("nine")])
    await quiet()
    assert inside((await line.post("1", step=1)).xml) == "<Say>nine</Say><Hangup/>"
    assert len(slow.results) == 1


async def test_a_caller_who_went_elsewhere_waits_for_nothing(slow: Slow) -> None:
    """By a REST redirect, say."""
    menu = Gather(after_ext=[ResponseExt("1", "one", [slow.function]), ResponseExt("2", "two", [Say("two")])])
    line = Line([menu, Say("bye")])
    await line.post()
    await held(line, "1", step=1, Digits="1")
    elsewhere = await line.post("1.3.1")
    assert inside(elsewhere.xml) == "<Say>two</Say><Say>bye</Say><Hangup/>"
    await quiet()
    assert slow.ends == ["cancelled"]
    assert (await line.post("1.2.1", step=2)).xml == elsewhere.xml
    assert [row.moved for row in line.rows] == [True, True, True, False]


async def test_a_restart_while_the_caller_holds_begins_the_callout_anew(slow: Slow) -> None:
    """At least once: it had not finished."""
    line = Line([Say("Hello."), slow.function])
    await held(line)
    await line.restart()
    await quiet()
    assert slow.ends == ["cancelled"]
    answer = line.send("2", step=1)
    await until(lambda: len(slow.results) == 2)
    slow.returns([Say("nine")])
    assert inside((await bounded(answer)).xml) == "<Say>nine</Say><Hangup/>"
    assert len(slow.results) == 2
    assert slow.steps[0] == slow.steps[1]


async def test_a_journal_that_fails_when_the_callout_finishes_costs_no_more_than_another_run(slow: Slow) -> None:
    line = Line([slow.function])
    await held(line)
    line.journal.faults["commit"] = 1
    slow.returns([Say("nine")])
    await until(lambda: not line.ref.is_alive())
    line.ref = PhoneCall.start(line.settings, SID)
    answer = line.send("1", step=1)
    await until(lambda: len(slow.results) == 2)
    slow.returns([Say("ten")])
    assert inside((await bounded(answer)).xml) == "<Say>ten</Say><Hangup/>"


async def test_a_webhook_of_no_time_begins_the_callout_all_the_same(slow: Slow) -> None:
    line = Line([slow.function], patience=0.0)
    assert inside((await line.post()).xml) == HOLD.format("1?step=1")
    await quiet()
    assert len(slow.results) == 1
    assert hook().arrived == line.clock.now()


async def test_the_language_that_it_sets_while_the_caller_holds_is_the_calls(office: Office) -> None:
    done = asyncio.Event()

    @office.callout
    async def german(call: Call) -> Any:
        await done.wait()
        call.language = "de-DE"
        return [Say(PromptExt({"en-GB": "nine", "de-DE": "neun"}))]

    line = Line([german])
    await held(line)
    done.set()
    await quiet()
    assert '<Say language="de-DE">neun</Say>' in (await line.post("1", step=1)).xml
    snapshot = await line.journal.load(SID)
    assert snapshot is not None
    assert snapshot.machine["language"] == "de-DE"


async def test_one_whose_callout_was_given_up_while_nobody_asked_may_rest(office: Office) -> None:
    """The caller has gone for good: the actor is not kept awake for what nobody will fetch."""

    @office.callout
    async def never(call: Call) -> Any:
        await asyncio.get_running_loop().create_future()

    line = Line([never], limit=20.0)
    waiting = line.send()
    await until(lambda: line.clock.waiting)
    line.clock.turn(8)
    await bounded(waiting)
    assert not await bounded(line.ref.ask(MayRest(), block=False))
    for _ in range(10):
        line.clock.turn(2)
        await quiet()
    assert await bounded(line.ref.ask(MayRest(), block=False))
    assert line.clock.waiting == 0
