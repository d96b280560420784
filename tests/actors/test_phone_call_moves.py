"""A running call that is moved from outside: the step first, then Twilio, and nothing that was interrupted counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import Answer, Call, JournalError, Move, NotMoved, Row, Subscription
from tests.actors.doubles import SID, Gate, Line, Mover, Office, bounded, quiet
from tests.twiml.documents import inside
from twiml import NOTHING, Dial, FunctionExt, Gather, LabelExt, Record, ResponseExt, Say

FLOW = [
    Gather([Say("Press one.")], after_ext=[ResponseExt("1", "one", [Dial("+441314960123"), Say("They have gone.")])]),
    LabelExt("survey"),
    Say("How was it?"),
    Record(),
    Say("Thank you."),
]
ACCOUNT = "AC" + "2" * 32


@pytest.fixture
def twilio() -> Mover:
    return Mover()


@pytest.fixture
async def line(twilio: Mover) -> Line:
    """A caller who is connected to somebody."""
    line = Line(FLOW, redirect=twilio, base="/ivr")
    await line.post(AccountSid=ACCOUNT)
    await line.post("1", step=1, Digits="1", AccountSid=ACCOUNT)
    return line


async def move(line: Line, state: str) -> Answer:
    return await bounded(line.ask(Move(state)))


@pytest.mark.parametrize(
    ("target", "rank"), [("survey", "2"), ("2", "2"), ("1.3.2", "1.3.2"), ("1.1", "1"), ("1", "1")]
)
async def test_twilio_is_told_where_the_call_goes_on(line: Line, twilio: Mover, target: str, rank: str) -> None:
    """What stands within a Gather can't be entered but by the Gather."""
    answer = await move(line, target)
    assert twilio.told == [(ACCOUNT, SID, f"/ivr/menu/{rank}?step=3")]
    assert (answer.reason, answer.state, answer.status) == ("", rank, "in-progress")


async def test_it_goes_on_there(line: Line) -> None:
    await move(line, "survey")
    answer = await line.post("2", step=3)
    assert inside(answer.xml).startswith("<Say>How was it?</Say><Record ")


async def test_the_step_is_committed_before_twilio_is_told(line: Line, twilio: Mover) -> None:
    versions: list[int] = []

    async def look() -> None:
        versions.append(line.snapshot.version)

    twilio.meanwhile = look
    await move(line, "survey")
    assert versions == [3]
    assert line.rows[-1] == Row(line.clock.now(), "moved", "survey", None, {}, "", moved=True)


@pytest.mark.parametrize("first", [True, False], ids=["before the new one", "after it"])
async def test_the_request_of_the_interrupted_verb_moves_nothing(line: Line, first: bool) -> None:
    """TWILIO 3.2: both the Dial's action and the new URL are asked for, and the action's answer is thrown away."""
    await move(line, "survey")

    async def action() -> Answer:
        return await line.post("1.3.2", step=2, DialCallStatus="completed", DialCallSid="CA2")

    async def arrived() -> str:
        return inside((await line.post("2", step=3)).xml)

    if first:
        assert inside((await action()).xml) == "<Redirect>/ivr/menu/2?step=3</Redirect>"
        assert "How was it?" in await arrived()
    else:
        assert "How was it?" in await arrived()
        before = line.snapshot.machine
        assert "How was it?" in (await action()).xml
        assert line.snapshot.machine == before
    assert line.rows[-1].moved is first


async def test_a_request_that_asks_for_no_state_comes_to_it_too(line: Line) -> None:
    """Twilio's fallback URL, say."""
    await move(line, "survey")
    assert inside((await line.post()).xml) == "<Redirect>/ivr/menu/2?step=3</Redirect>"


async def test_it_is_known_after_a_restart(line: Line) -> None:
    await move(line, "survey")
    await line.restart()
    answer = await line.post("1.3.2", step=2, DialCallStatus="completed")
    assert inside(answer.xml) == "<Redirect>/ivr/menu/2?step=3</Redirect>"


@pytest.mark.parametrize("target", ["9", "nowhere", "", "1.", "../2", "2?step=9"])
async def test_a_state_that_is_not_there(line: Line, twilio: Mover, target: str) -> None:
    answer = await move(line, target)
    assert answer.reason == f"the flow has no state and no label {target!r}"
    assert (twilio.told, line.snapshot.version) == ([], 2)


async def test_a_call_that_is_over_is_moved_nowhere(line: Line, twilio: Mover) -> None:
    await line.post("1.3.2", step=2, CallStatus="completed", DialCallStatus="canceled")
    assert (await move(line, "survey")).reason == "the call is over"  # its caller is gone
    await line.post("status", CallStatus="completed")
    assert (await move(line, "survey")).reason == "the call is over"
    assert twilio.told == []


async def test_a_call_that_is_not_there(twilio: Mover) -> None:
    answer = await move(Line(FLOW, redirect=twilio), "survey")
    assert answer == Answer(NOTHING, "unknown", reason="there is no such call")


async def test_a_daemon_that_can_tell_nobody_says_so() -> None:
    line = Line(FLOW)
    await line.post()
    assert (await move(line, "survey")).reason == f"{SID}: nobody here can tell Twilio"


async def test_if_twilio_refuses_the_call_is_where_it_was(line: Line, twilio: Mover) -> None:
    before = line.snapshot
    twilio.wrong = NotMoved("21220: Call is not in-progress")
    assert (await move(line, "survey")).reason == "21220: Call is not in-progress"
    assert line.snapshot.machine == before.machine
    assert (line.rows[-1].kind, line.rows[-1].moved) == ("not_moved", False)
    answer = await line.post("1.3.2", step=2, DialCallStatus="completed")
    assert "They have gone." in answer.xml


async def test_unless_another_daemon_has_gone_on_from_the_move(line: Line, twilio: Mover) -> None:
    twilio.wrong = NotMoved("refused")

    async def meanwhile() -> None:
        snapshot = line.snapshot
        row = Row(0.0, "goto_state", "1.3.2", 2, {}, "", moved=False)
        await line.journal.commit(snapshot._replace(version=snapshot.version + 1), row)

    twilio.meanwhile = meanwhile
    assert (await move(line, "survey")).reason == "refused"
    assert "How was it?" in (await line.post("2", step=3)).xml
    assert len(twilio.told) == 1


async def test_what_nobody_knows_is_told_and_leads_to_the_state_with_the_next_request(
    line: Line, twilio: Mover
) -> None:
    twilio.wrong = TimeoutError("no answer")
    answer = await move(line, "survey")
    assert answer.status == "unsure"
    assert answer.reason == (
        "nobody knows whether Twilio has been told; the call goes to 2 with its next request (TimeoutError: no answer)"
    )
    answer = await line.post("1.3.2", step=2, DialCallStatus="completed")
    assert inside(answer.xml) == "<Redirect>/ivr/menu/2?step=3</Redirect>"


async def test_a_move_that_can_not_be_written_is_told_to_nobody(line: Line, twilio: Mover) -> None:
    line.journal.faults["commit"] = 1
    with pytest.raises(OSError, match="disk is full"):
        await move(line, "survey")
    assert twilio.told == []


async def test_a_move_upon_what_another_daemon_has_changed_is_made_anew(line: Line, twilio: Mover) -> None:
    snapshot = line.snapshot
    await line.journal.commit(
        snapshot._replace(version=3), Row(0.0, "call_status", "status", None, {}, "", moved=False)
    )
    assert (await move(line, "survey")).reason == ""
    assert len(twilio.told) == 1
    assert line.snapshot.version == 4


async def test_webhooks_wait_until_twilio_has_answered(line: Line, twilio: Mover) -> None:
    answered = asyncio.Event()
    twilio.meanwhile = answered.wait
    moving = line.ask(Move("survey"))
    action = line.send("1.3.2", step=2, DialCallStatus="completed")
    await quiet()
    assert not action.done()
    answered.set()
    assert (await bounded(moving)).reason == ""
    assert "<Redirect>" in (await bounded(action)).xml


async def test_a_caller_who_holds_for_a_callout_is_moved_too(office: Office, twilio: Mover) -> None:
    gate = Gate()

    @office.callout
    def slow(call: Call) -> list[Any]:
        gate.wait()
        return [Say("at last")]

    line = Line([slow, *FLOW], redirect=twilio, patience=1.0)
    asked = line.send()
    await quiet()
    line.clock.turn(1.0)
    held = await bounded(asked)
    assert "moment" in held.xml
    await move(line, "survey")
    gate.open()
    await line.told()
    await quiet()
    assert "How was it?" in (await line.post("3", step=2)).xml
    assert "at last" not in str(line.rows)


@pytest.mark.parametrize("unsure", [False, True], ids=["moved", "perhaps moved"])
async def test_the_function_that_they_held_for_is_given_up(office: Office, twilio: Mover, unsure: bool) -> None:
    ended: list[str] = []

    @office.callout
    async def slow(call: Call) -> list[Any]:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("slow")
        return []

    line = Line([slow, LabelExt("survey"), Say("How was it?")], redirect=twilio, patience=1.0)
    asked = line.send()
    await quiet()
    line.clock.turn(1.0)
    await bounded(asked)
    twilio.wrong = TimeoutError() if unsure else None
    await move(line, "survey")
    await quiet()
    assert ended == ["slow"]


async def test_a_journal_in_trouble_is_the_callers_to_know(line: Line) -> None:
    async def refuses(*_: Any) -> None:
        raise JournalError("the disk is full")

    line.journal.on_commit = refuses
    with pytest.raises(JournalError):
        await move(line, "survey")


async def test_a_refused_move_leaves_the_function_that_the_caller_holds_for(office: Office, twilio: Mover) -> None:
    ran: list[str] = []
    gate = Gate()

    @office.callout
    def pay(call: Call) -> list[Any]:
        ran.append(call.step_id)
        gate.wait()
        return [Say("paid")]

    line = Line([pay, LabelExt("survey"), Say("How was it?")], redirect=twilio, patience=1.0)
    asked = line.send()
    await quiet()
    line.clock.turn(1.0)
    await bounded(asked)
    twilio.wrong = NotMoved("21220")
    assert (await move(line, "survey")).reason == "21220"
    gate.open()
    assert inside((await line.post("1", step=1)).xml).startswith("<Say>paid</Say>")
    assert ran == [f"{SID}:menu:1:0:0"]


async def test_a_recording_of_the_verb_that_was_interrupted_is_awaited_all_the_same(
    office: Office, twilio: Mover
) -> None:
    told: list[str] = []

    @office.employ
    def on_recording(webhook: Any, call: Call) -> None:
        told.append(webhook.path)

    dial = Dial("+441314960123", record="record-from-answer")
    subscribed = [Subscription("recording", office.__name__, "on_recording")]
    line = Line([dial, LabelExt("x"), Say("x")], redirect=twilio, subscriptions=lambda _: subscribed)
    await line.post()
    await move(line, "x")
    url = "https://api.twilio.com/Recordings/RE1"
    await line.post("2", step=1, DialCallStatus="completed", RecordingSid="RE1", RecordingUrl=url)
    await line.told()
    assert (told, list(line.snapshot.awaited)) == ([], ["RE1"])
    await line.post("recording", RecordingSid="RE1", RecordingUrl=url, RecordingStatus="completed")
    await line.told()
    assert told == ["recording"]


async def test_whatever_the_path_is_that_recipes_are_mounted_under(twilio: Mover) -> None:
    line = Line([Dial("+441314960123"), LabelExt("x"), Say("x")], redirect=twilio, base="/a&b")
    first = await line.post()
    twilio.wrong = NotMoved("no")
    await move(line, "x")
    again = await line.post("1", step=1)
    assert first.xml.replace("step=1", "step=2") == again.xml


async def test_a_function_may_stand_where_the_call_is_moved_to(office: Office, twilio: Mover) -> None:
    ran: list[str] = []

    @office.callout
    def there(call: Call) -> list[Any]:
        ran.append(call.state)
        return [Say("here")]

    line = Line([Dial("+441314960123"), LabelExt("there"), there], redirect=twilio)
    await line.post()
    await move(line, "there")
    assert ran == []
    await line.post("2", step=2)
    assert ran == ["2"]
    assert isinstance(there, FunctionExt)
