"""Calls that were made from here: they have their end told like any other, also if nobody answers."""

from __future__ import annotations

from typing import Any

import pytest

from actors import Answer, Call, Subscription, Webhook
from actors.call import HISTORY
from tests.actors.doubles import MENU, Line, Office
from twiml import NOTHING, FunctionExt, Gather, Hangup, Record, Redirect, ResponseExt, Say

OUT = {"Direction": "outbound-api"}
NOBODY = ["busy", "no-answer", "failed", "canceled"]


@pytest.fixture
def told(office: Office) -> list[tuple[str, str, str]]:
    """What was told: the event, the status, who has picked up."""
    told: list[tuple[str, str, str]] = []

    @office.employ
    def completion(webhook: Webhook, call: Call) -> None:
        told.append(("completion", call.status, call.answered_by))

    @office.employ
    def detection(webhook: Webhook, call: Call) -> None:
        told.append(("detection", call.status, call.answered_by))

    return told


def subscribed(office: Office) -> dict[str, Any]:
    """The settings of calls that have both functions subscribed from the first."""
    both = [Subscription(event, office.__name__, event) for event in ("completion", "detection")]
    return {"subscriptions": lambda recipe: both if recipe == "menu" else ()}


# nobody answers


@pytest.mark.parametrize("status", NOBODY)
@pytest.mark.parametrize("path", ["", "status"])
async def test_a_call_that_nobody_answers_begins_with_its_end(
    office: Office, told: list[Any], status: str, path: str
) -> None:
    line = Line(MENU, **subscribed(office))
    answer = await line.post(path, CallStatus=status, CallDuration="0", **OUT)
    assert answer == Answer(NOTHING, "completed", "1", began=True, ended=True, letters=True)
    await line.told()
    assert told == [("completion", status, "")]
    assert (line.snapshot.status, line.snapshot.due) == ("completed", None)


@pytest.mark.parametrize("status", ["queued", "initiated", "ringing", "in-progress"])
async def test_before_it_is_answered_there_is_no_call(office: Office, told: list[Any], status: str) -> None:
    line = Line(MENU, **subscribed(office))
    assert await line.post("status", CallStatus=status, **OUT) == Answer(NOTHING, "unknown")
    assert (line.rows, told) == ([], [])


@pytest.mark.parametrize(
    "fields",
    [{"Direction": "inbound"}, {}, {"Direction": "outbound-dial"}, OUT | {"ParentCallSid": "CA9"}],
    ids=["inbound", "nobody's", "dialled", "a leg"],
)
async def test_no_other_call_begins_with_its_end(office: Office, told: list[Any], fields: dict[str, str]) -> None:
    line = Line(MENU, **subscribed(office))
    assert await line.post("status", CallStatus="busy", **fields) == Answer(NOTHING, "unknown")
    assert (line.rows, told) == ([], [])


async def test_the_end_is_told_once(office: Office, told: list[Any]) -> None:
    line = Line(MENU, **subscribed(office))
    await line.post("status", CallStatus="busy", SequenceNumber="2", **OUT)
    await line.restart()
    await line.post("status", CallStatus="busy", SequenceNumber="2", **OUT)
    await line.post("status", CallStatus="ringing", SequenceNumber="1", **OUT)
    again = await line.post(CallStatus="in-progress", **OUT)
    await line.told()
    assert told == [("completion", "busy", "")]
    assert (again.xml, again.ended) == (NOTHING, False)


async def test_of_a_recipe_that_is_not_there_nothing_begins() -> None:
    line = Line(MENU)
    assert await line.post("status", recipe="another", CallStatus="busy", **OUT) == Answer(NOTHING, "unknown")


async def test_it_takes_no_room_that_a_caller_could_have() -> None:
    asked: list[str] = []
    line = Line(MENU, admit=lambda sid: asked.append(sid) or False)  # type: ignore[func-returns-value]
    assert (await line.post("status", CallStatus="no-answer", **OUT)).ended
    assert asked == []


# who answers


async def test_who_has_picked_up_is_known_from_the_first_request(office: Office) -> None:
    known: list[str] = []

    @office.callout
    def ask(call: Call) -> list[Any]:
        known.append(call.answered_by)
        return [Say("well")]

    line = Line([ask, Record(), FunctionExt(fn=office.ask)])  # type: ignore[attr-defined]
    await line.post(CallStatus="in-progress", AnsweredBy="machine_start", **OUT)
    await line.restart()
    await line.post("3", step=1, RecordingSid="RE1")
    assert known == ["machine_start", "machine_start"]


async def test_or_from_the_callback_that_comes_after_it(office: Office, told: list[Any]) -> None:
    line = Line(MENU, **subscribed(office))
    await line.post(CallStatus="in-progress", **OUT)
    answer = await line.post("status", CallStatus="", AnsweredBy="human", MachineDetectionDuration="2100")
    assert (answer.xml, answer.status) == (NOTHING, "in-progress")
    await line.restart()
    await line.post("status", CallStatus="completed", **OUT)
    await line.told()
    assert told == [("detection", "in-progress", "human"), ("completion", "completed", "human")]


async def test_nobody_is_asked_of_an_ordinary_call() -> None:
    line = Line(MENU)
    await line.post()
    assert line.snapshot.answered_by == ""


async def test_who_has_picked_up_a_leg_is_not_who_has_picked_up_the_call() -> None:
    line = Line(MENU)
    await line.post()
    await line.post("status", ParentCallSid=line.snapshot.call_sid, AnsweredBy="fax", CallbackSource="x")
    assert line.snapshot.answered_by == ""


# whose end nobody tells


async def test_a_call_without_a_status_callback_is_over_with_its_last_document(office: Office, told: list[Any]) -> None:
    """The advice of the library that this one comes from: end it right after its document was served."""
    line = Line([Say("Your parcel is here.")], complete_outbound_early=True, **subscribed(office))
    answer = await line.post(CallStatus="in-progress", **OUT)
    assert "parcel" in answer.xml
    assert (answer.status, line.snapshot.ending) == ("in-progress", True)
    assert line.snapshot.due == line.clock.now() + line.settings.linger


async def test_not_before_it(office: Office) -> None:
    line = Line([Gather([Say("x")], after_ext=[ResponseExt("1", "a", [Hangup()])])], complete_outbound_early=True)
    await line.post(CallStatus="in-progress", **OUT)
    assert not line.snapshot.ending
    await line.post("1", step=1, Digits="1", **OUT)
    assert line.snapshot.ending


@pytest.mark.parametrize(
    ("setting", "fields", "status_first"),
    [(False, OUT, False), (True, {"Direction": "inbound"}, False), (True, OUT, True)],
    ids=["unless that is set", "nor an inbound call", "nor one whose status is told"],
)
async def test_only_such_a_call(setting: bool, fields: dict[str, str], status_first: bool) -> None:
    line = Line([Gather([Say("x")], after_ext=[ResponseExt("1", "a", [Hangup()])])], complete_outbound_early=setting)
    await line.post(CallStatus="in-progress", **fields)
    if status_first:
        await line.post("status", CallStatus="in-progress", CallbackSource="call-progress-events", **fields)
    await line.post("1", step=1, Digits="1", **fields)
    assert not line.snapshot.ending


async def test_nor_with_a_document_that_sends_it_elsewhere() -> None:
    line = Line([Say("a"), Redirect("https://ivr.example.com/other")], complete_outbound_early=True)
    await line.post(CallStatus="in-progress", **OUT)
    assert not line.snapshot.ending


async def test_that_its_status_is_told_is_not_forgotten() -> None:
    line = Line([Gather([Say("x")], after_ext=[ResponseExt("1", "a", [Hangup()])])], complete_outbound_early=True)
    await line.post(CallStatus="in-progress", **OUT)
    await line.post("status", CallStatus="in-progress", CallbackSource="call-progress-events", **OUT)
    for number in range(HISTORY + 1):
        await line.post("recording", RecordingSid=f"RE{number}", RecordingStatus="in-progress")
    await line.restart()
    await line.post("1", step=1, Digits="1", **OUT)
    assert not line.snapshot.ending


async def test_the_same_request_still_gets_the_same_document() -> None:
    line = Line([Say("Your parcel is here.")], complete_outbound_early=True)
    first = await line.post(CallStatus="in-progress", token="t", **OUT)
    assert (await line.post(CallStatus="in-progress", token="t", **OUT)).xml == first.xml
