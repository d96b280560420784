"""What subscribers are told of a call: each thing once, in order, and after it is in the journal."""

from __future__ import annotations

import asyncio
from itertools import permutations
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import TERMINAL, Call, GiveUp, Overdue, Webhook
from actors.recordings import PATIENCE
from tests.actors.doubles import SID, Gate, Line, Office, bounded, hook, quiet, until
from twiml import APOLOGY, NOTHING, Gather, Record, ResponseExt, Say
from twiml.extensions import EVENTS

CALLBACKS = {
    "detection": {"AnsweredBy": "human", "MachineDetectionDuration": "2100"},
    "leg": {"CallStatus": "ringing", "CallbackSource": "call-progress-events", "ParentCallSid": SID},
    "conference": {"ConferenceSid": "CF1", "StatusCallbackEvent": "participant-join"},
    "stream": {"StreamSid": "MZ1", "StreamEvent": "stream-started"},
    "live_transcription": {"TranscriptionSid": "GT1", "TranscriptionEvent": "transcription-content"},
    "payment": {"PaymentCardNumber": "xxxx", "PaymentMethod": "credit-card"},
    "partial_speech": {"UnstableSpeechResult": "I wan"},
}
"""What Twilio calls back about at `/status`, and what shows it."""
RECORDED = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/Recordings/RE1", "RecordingDuration": "3"}
READY = {**RECORDED, "RecordingStatus": "completed"}
OVER = {"CallStatus": "completed"}


assert not set(EVENTS) ^ {*CALLBACKS, "recording", "completion", "transcription", "status", "dial"}


class Listeners:
    """Subscribers of every event, and what they were told, in order."""

    def __init__(self, office: Office) -> None:
        self.told: list[str] = []
        self.webhooks: list[Webhook] = []
        self.calls: list[Call] = []

        def listener(event: str) -> Any:
            def on(webhook: Webhook, call: Call) -> None:
                self.told.append(event)
                self.webhooks.append(webhook)
                self.calls.append(call)

            on.__name__ = f"on_{event}"
            return office.employ(on)

        every = [(event, listener(event)) for event in EVENTS]

        @office.callout
        def subscribe(call: Call) -> Any:
            return [], every

        self.subscribe = subscribe


@pytest.fixture
def listeners(office: Office) -> Listeners:
    return Listeners(office)


async def begun(listeners: Listeners, *flow: Any, **settings: Any) -> Line:
    """A call whose every event is listened to."""
    line = Line([listeners.subscribe, *(flow or (Record(max_length=5), Say("bye")))], **settings)
    await line.post()
    return line


# one by one


async def test_a_recording_is_told_of(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("recording", **READY)
    await line.told()
    assert listeners.told == ["recording"]
    (webhook,), (call,) = listeners.webhooks, listeners.calls
    assert webhook.recording is not None
    assert (webhook.recording.sid, webhook.recording.duration) == ("RE1", 3)
    assert call.call_sid == webhook.call_sid


@pytest.mark.parametrize("status", ["in-progress", "failed", "absent"])
async def test_a_recording_that_cannot_be_heard_is_not(listeners: Listeners, status: str) -> None:
    line = await begun(listeners)
    await line.post("recording", **RECORDED, RecordingStatus=status)
    await line.told()
    assert listeners.told == []
    await line.post("recording", **READY)
    await line.told()
    assert listeners.told == ["recording"]


async def test_what_came_of_a_dial_is_told(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("2", step=1, DialCallStatus="busy")
    await line.told()
    assert listeners.told == ["dial"]


async def test_a_transcription_is_told_of(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("transcription", TranscriptionText="hello there.", RecordingSid="RE1", RecordingStatus="absent")
    await line.told()
    assert listeners.told == ["transcription"]


@pytest.mark.parametrize("status", ["ringing", "in-progress", ""])
async def test_a_status_is_told(listeners: Listeners, status: str) -> None:
    line = await begun(listeners)
    await line.post("status", CallStatus=status)
    await line.told()
    assert listeners.told == ["status"]


@pytest.mark.parametrize(("event", "fields"), CALLBACKS.items(), ids=CALLBACKS)
async def test_a_callback_is_told_as_what_it_is(listeners: Listeners, event: str, fields: dict[str, str]) -> None:
    line = await begun(listeners)
    answer = await line.post("status", **{"CallStatus": ""} | fields)
    await line.told()
    assert listeners.told == [event]
    assert (answer.xml, answer.status, line.rows[-1].moved) == (NOTHING, "in-progress", False)


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ("payment", {"For": "payment-card-number", "Attempt": "1"}),
        ("payment", {"ErrorType": "invalid-card-number"}),
        ("payment", {"Result": "caller-interrupted-with-star"}),
        ("partial_speech", {"UnstableSpeechResult": ""}),
    ],
)
async def test_a_callback_with_little_to_tell_is_told_as_what_it_is(
    listeners: Listeners, event: str, fields: dict[str, str]
) -> None:
    line = await begun(listeners)
    await line.post("status", **{"CallStatus": ""} | fields)
    await line.told()
    assert listeners.told == [event]


async def test_a_call_as_text_is_no_transcription_of_a_recording(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("transcription", TranscriptionEvent="transcription-content", TranscriptionData="{}")
    await line.told()
    assert listeners.told == ["live_transcription"]


async def test_the_end_of_a_leg_is_not_that_of_the_call(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("status", **CALLBACKS["leg"] | {"CallStatus": "completed", "CallDuration": "7"})
    await line.told()
    assert (listeners.told, line.snapshot.status) == (["leg"], "in-progress")


@pytest.mark.parametrize("status", sorted(TERMINAL))
@pytest.mark.parametrize("path", ["", "status"])
async def test_the_end_is_told_as_a_status_and_then_as_the_completion(
    listeners: Listeners, status: str, path: str
) -> None:
    """FAULTS 10: the recipe subscribed to `complete`, the server fired `completion`."""
    line = await begun(listeners)
    await line.post(path, CallStatus=status)
    await line.told()
    assert listeners.told == ["status", "completion"]


async def test_an_ordinary_webhook_tells_nobody(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("2", step=1)
    await line.told()
    assert listeners.told == []


async def test_a_repeat_is_told_of_once(listeners: Listeners) -> None:
    line = await begun(listeners)
    await bounded(asyncio.gather(*(line.send("status", token="a", **OVER) for _ in range(5))))
    await line.told()
    assert listeners.told == ["status", "completion"]


# a recording, whichever way it arrives

WAYS: dict[str, dict[str, Any]] = {
    "Record's action": {"path": "2", "step": 1, **RECORDED},
    "Record's action after the end": {"path": "2", "step": 1, **RECORDED, **OVER, "Digits": "hangup"},
    "the recording callback": {"path": "recording", **READY},
    "the transcription callback": {"path": "transcription", **RECORDED, **OVER},
    "the completed status": {"path": "status", **RECORDED, **OVER},
    "the completed status without a SID": {"path": "", "RecordingUrl": RECORDED["RecordingUrl"], **OVER},
    "Dial's action": {"path": "2", "step": 1, **RECORDED, "DialCallStatus": "completed"},
}


@pytest.mark.parametrize("ways", list(permutations(WAYS, 2)), ids=" then ".join)
async def test_a_recording_is_told_of_once_whichever_way_it_arrives(
    listeners: Listeners, ways: tuple[str, ...]
) -> None:
    line = await begun(listeners)
    for way in ways:
        await line.post(**WAYS[way])
    await line.post("recording", **READY, SequenceNumber="9")
    await line.told()
    assert listeners.told.count("recording") == 1
    assert line.snapshot.announced == ["RE1"]


@pytest.mark.parametrize("way", ["Record's action", "Record's action after the end", "Dial's action"])
async def test_a_recording_that_an_action_tells_of_is_told_of_once_it_can_be_fetched(
    listeners: Listeners, way: str
) -> None:
    line = await begun(listeners)
    await line.post(**WAYS[way])
    await line.told()
    assert "recording" not in listeners.told
    assert list(line.snapshot.awaited) == ["RE1"]
    await line.restart()
    await line.post("recording", **READY)
    await line.told()
    assert listeners.told[-1] == "recording"
    assert (line.snapshot.awaited, line.snapshot.announced) == ({}, ["RE1"])


async def test_a_recording_whose_callback_is_lost_is_told_of_some_time_after_the_call(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post(**WAYS["Record's action"])
    await line.post("status", **OVER)
    await line.told()
    assert line.snapshot.due == line.clock.now() + PATIENCE
    before = len(listeners.told)
    for _ in range(2):
        await bounded(line.ask(Overdue(hook("status", CallStatus=""), "late", line.clock.now() + PATIENCE)))
    await line.told()
    assert listeners.told[before:] == ["recording"]
    assert (line.snapshot.due, line.snapshot.status) == (None, "completed")
    await line.post("recording", **READY)
    await line.told()
    assert listeners.told[before:] == ["recording"]


async def test_a_recording_whose_callback_goes_elsewhere_is_told_of_at_once(listeners: Listeners) -> None:
    elsewhere = Record(max_length=5, recording_status_callback="https://example.com/recorded")
    line = Line([listeners.subscribe, elsewhere, Say("thank you")])
    await line.post()
    await line.post(**WAYS["Record's action"] | {"path": "3"})
    await line.told()
    assert listeners.told == ["recording"]


async def test_two_recordings_are_two(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("recording", **READY)
    await line.post("recording", **READY | {"RecordingSid": "RE2"})
    await line.told()
    assert listeners.told == ["recording", "recording"]


async def test_a_recording_that_comes_after_the_end_is_told_of(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post(**OVER)
    await line.post("recording", **READY)
    await line.told()
    assert listeners.told == ["status", "completion", "recording"]


async def test_a_recording_is_told_of_before_the_completion_it_came_with(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("status", **RECORDED, **OVER, DialCallStatus="completed")
    await line.told()
    assert listeners.told == ["recording", "dial", "status", "completion"]


# completion, once, however the call ends


async def fail(line: Line) -> None:
    assert (await line.post("2", step=1)).xml == APOLOGY


async def give_up(line: Line) -> None:
    await bounded(line.ask(GiveUp(hook("2", step=1), "it crashes")))


async def complete(line: Line) -> None:
    await line.post("status", **OVER)


async def interrupt(line: Line) -> None:
    await line.post("2", step=1, **OVER)


async def hang_up_while_holding(line: Line) -> None:
    held = line.send("2", step=1)
    await until(lambda: line.clock.waiting)
    line.clock.turn(8)
    await bounded(held)
    await complete(line)


@pytest.mark.parametrize("again", [complete, interrupt, give_up])
@pytest.mark.parametrize("end", [fail, give_up, complete, interrupt, hang_up_while_holding])
async def test_completion_is_told_once_however_the_call_ends(
    office: Office, listeners: Listeners, end: Any, again: Any
) -> None:
    @office.callout
    async def at_the_end(call: Call) -> list[Any]:
        if end is fail:
            raise ValueError("no")
        await asyncio.get_running_loop().create_future()
        return []

    line = await begun(listeners, Record(max_length=5), at_the_end)
    await end(line)
    await again(line)
    await complete(line)
    await line.told()
    assert listeners.told.count("completion") == 1
    failed = end in (fail, give_up) or (end is interrupt and again is give_up)
    assert line.snapshot.status == ("failed" if failed else "completed")


async def test_who_subscribes_twice_is_told_once(listeners: Listeners) -> None:
    """A callout in a menu is run as often as the caller comes by."""
    line = Line([listeners.subscribe, Gather(after_ext=[ResponseExt("1", "again", [listeners.subscribe])])])
    await line.post()
    await line.post("1", step=1, Digits="1")
    await line.post(**OVER)
    await line.told()
    assert listeners.told == ["status", "completion"]


# order


async def test_subscribers_are_told_after_the_step_is_in_the_journal(listeners: Listeners) -> None:
    line = await begun(listeners)
    door = asyncio.Event()

    async def hold(*_: object) -> None:
        await door.wait()

    line.journal.on_commit = hold
    answer = line.send("status", **OVER)
    await quiet()
    assert listeners.told == []
    door.set()
    await bounded(answer)
    await line.told()
    assert listeners.told == ["status", "completion"]


async def test_nobody_is_told_of_what_could_not_be_written(listeners: Listeners) -> None:
    line = await begun(listeners)
    line.journal.faults["commit"] = 1
    with pytest.raises(OSError, match="disk"):
        await line.post("status", **OVER)
    await quiet()
    assert listeners.told == []
    await line.restart()
    await line.post("status", **OVER)
    await line.told()
    assert listeners.told == ["status", "completion"]


async def test_the_answer_waits_for_no_subscriber(office: Office, gate: Gate) -> None:
    @office.employ
    def slow(webhook: Webhook, call: Call) -> None:
        gate.wait()

    @office.callout
    def subscribe(call: Call) -> Any:
        return [], [("status", slow)]

    line = Line([subscribe, Say("hello")])
    await line.post()
    for status in ("ringing", "in-progress", "completed"):
        await line.post("status", CallStatus=status)
    assert gate.passed == 0
    gate.open()
    await line.told()
    assert gate.passed == 3


async def test_subscribers_of_one_call_are_told_one_after_the_other(office: Office) -> None:
    told: list[str] = []

    @office.employ
    async def on_status(webhook: Webhook, call: Call) -> None:
        told.append(f"begins {webhook.call_status}")
        for _ in range(5):
            await asyncio.sleep(0)
        told.append(f"ends {webhook.call_status}")

    @office.callout
    def subscribe(call: Call) -> Any:
        return [], [("status", on_status)]

    line = Line([subscribe, Say("hello")])
    await line.post()
    statuses = ["ringing", "in-progress", "completed"]
    await bounded(asyncio.gather(*(line.send("status", CallStatus=status) for status in statuses)))
    await line.told()
    assert told == [f"{what} {status}" for status in statuses for what in ("begins", "ends")]


async def test_two_subscribers_of_one_event_are_told_in_the_order_they_came(office: Office) -> None:
    told: list[str] = []

    @office.employ
    def first(webhook: Webhook, call: Call) -> None:
        told.append("first")

    @office.employ
    def second(webhook: Webhook, call: Call) -> None:
        told.append("second")

    @office.callout
    def subscribe(call: Call) -> Any:
        return [Gather(after_ext=[ResponseExt("1", "one", [more])])], [("completion", first)]

    @office.callout
    def more(call: Call) -> Any:
        return [], [("completion", second)]

    line = Line([subscribe])
    await line.post()
    await line.post("1", step=1, Digits="1")
    await line.post(**OVER)
    await line.told()
    assert told == ["first", "second"]


@pytest.mark.parametrize("raised", [ValueError("no"), SystemExit(1), asyncio.CancelledError()], ids=repr)
async def test_a_subscriber_that_fails_is_told_of_and_stops_no_other(office: Office, raised: BaseException) -> None:
    told: list[str] = []

    @office.employ
    async def broken(webhook: Webhook, call: Call) -> None:
        raise raised

    @office.employ
    def sound(webhook: Webhook, call: Call) -> None:
        told.append(webhook.call_status)

    @office.callout
    def subscribe(call: Call) -> Any:
        return [], [("completion", broken), ("completion", sound)]

    line = Line([subscribe, Say("hello")])
    await line.post()
    with capture_logs() as logs:
        assert (await line.post(**OVER)).ended
        await line.told()
    assert told == ["completed"]
    ((subscription, reason),) = await line.failures()
    assert (subscription.event, subscription.function) == ("completion", "broken")
    assert "office_of_this_test:broken raised" in reason
    assert [(log["event"], log["subscribed_to"]) for log in logs] == [("letter_dead", "completion")]


async def test_a_subscriber_that_hangs_is_given_up_and_stops_no_other(office: Office, listeners: Listeners) -> None:
    happened: list[str] = []

    @office.employ
    async def hanging(webhook: Webhook, call: Call) -> None:
        happened.append("begun")
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            happened.append("cancelled")

    @office.callout
    def hang(call: Call) -> Any:
        return [listeners.subscribe], [("completion", hanging)]

    line = Line([hang, Say("hello")], limit=20.0)
    await line.post()
    with capture_logs():
        await line.post(**OVER)
        await until(lambda: happened)
        line.clock.turn(19.9)
        await quiet()
        assert await line.failures() == []
        line.clock.turn(0.1)
        await line.told()
    assert happened == ["begun", "cancelled"]
    assert listeners.told == ["status", "completion"]
    assert [reason for _, reason in await line.failures()] == ["office_of_this_test:hanging took more than 20 s"]
    assert line.clock.waiting == 0


async def test_a_subscriber_that_is_no_longer_there_is_told_of(listeners: Listeners, office: Office) -> None:
    line = await begun(listeners)
    del office.on_completion
    await line.post(**OVER)
    await line.told()
    assert listeners.told == ["status"]
    assert [each.function for each, _ in await line.failures()] == ["on_completion"]


async def test_what_a_subscriber_does_to_its_copy_of_the_call_stays_there(office: Office) -> None:
    @office.employ
    def on_status(webhook: Webhook, call: Call) -> None:
        call.data["mine"] = True

    @office.callout
    def subscribe(call: Call) -> Any:
        call.data["ours"] = True
        return [], [("status", on_status)]

    line = Line([subscribe, Say("hello")])
    await line.post()
    await line.post("status")
    await line.told()
    await line.post(**OVER)
    assert line.snapshot.data == {"ours": True}


async def test_a_restarted_call_tells_the_subscribers_it_had(listeners: Listeners) -> None:
    line = await begun(listeners)
    await line.post("recording", **READY)
    await line.told()
    await line.restart()
    await line.post(**READY, **OVER)
    await line.told()
    assert listeners.told == ["recording", "status", "completion"]
