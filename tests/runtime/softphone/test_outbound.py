"""Outbound calls: what is told of them, who picks up, and what they begin with.

(Twilio's documentation: "Call resource", "Answering Machine Detection".)
"""

from __future__ import annotations

import asyncio

import pytest

from runtime.softphone import Address, Answer, HangUp, Outbound, Press, Script
from runtime.softphone.caller import parse_line, parse_options
from runtime.softphone.outbound import EVENTS, verdict

SAY = "<Say>hi</Say>"


@pytest.fixture
def outbound(app):
    """An outbound call's transcript; every event is told to /status, unless it says otherwise."""

    async def outbound(*script, path="/voice", status="/status", **asked):
        call = app.call(
            *script,
            path=path,
            direction="outbound-api",
            status_callback=app.url(status),
            asked=Outbound(**{"events": EVENTS} | asked),
        )
        await call.run()
        return call

    return outbound


def told(app, *names: str, path: str = "/status") -> list[tuple[str, ...]]:
    """These fields of each request to a path."""
    return [
        tuple(form.get(name, "") for name in names)
        for request, form in zip(app.requests, app.forms, strict=True)
        if request.path == path
    ]


# --- call progress -------------------------------------------------------------------------------


async def test_every_event_that_is_asked_for_is_told_in_order(app, outbound):
    """`answered` carries in-progress; SequenceNumber counts from 0; the source is the call's progress."""
    app["/voice"] = SAY
    await outbound(Answer())
    assert app.paths == ["/status", "/status", "/status", "/voice", "/status"]
    assert told(app, "CallStatus", "SequenceNumber") == [
        ("initiated", "0"),
        ("ringing", "1"),
        ("in-progress", "2"),
        ("completed", "3"),
    ]
    assert set(told(app, "CallbackSource", "Direction")) == {("call-progress-events", "outbound-api")}


async def test_only_the_end_has_a_duration(app, outbound):
    """CallDuration, Duration and SipResponseCode are of terminal states."""
    app["/voice"] = '<Say>hi</Say><Pause length="61"/>'
    await outbound()
    found = told(app, "CallDuration", "Duration", "SipResponseCode")
    assert found == [("", "", "")] * 3 + [("61", "2", "200")]


async def test_by_default_only_the_end_is_told(app):
    """The number says how many events there were, not how many were asked for."""
    app["/voice"] = SAY
    call = app.call(Answer(), direction="outbound-api", status_callback=app.url("/status"))
    await call.run()
    assert told(app, "CallStatus", "SequenceNumber") == [("completed", "3")]


@pytest.mark.parametrize("event", EVENTS)
async def test_one_event_alone_keeps_its_number(app, outbound, event):
    """Numbers compare, also for who hears few of them."""
    app["/voice"] = SAY
    await outbound(events=(event,))
    assert told(app, "SequenceNumber") == [(str(EVENTS.index(event)),)]


async def test_no_event_is_no_callback(app, outbound):
    app["/voice"] = SAY
    await outbound(events=())
    assert app.paths == ["/voice"]


@pytest.mark.parametrize(
    ("outcome", "code", "seconds"), [("busy", "486", 0), ("no-answer", "487", 60), ("failed", "404", 0)]
)
async def test_nobody_picks_up_and_nothing_is_asked_for(app, outbound, outcome, code, seconds):
    """Url is never requested; `completed` is told for every end; nothing is billed."""
    call = await outbound(Answer(outcome))
    assert app.paths == ["/status"] * 3
    assert told(app, "CallStatus", "SequenceNumber")[-1] == (outcome, "2")
    assert told(app, "SipResponseCode", "CallDuration", "Duration")[-1] == (code, "0", "0")
    assert call.status == outcome
    assert call.transcript.lines[-1].at == seconds


async def test_ringing_takes_as_long_as_it_is_asked_to(outbound):
    assert (await outbound(Answer("no-answer"), timeout=12)).transcript.lines[-1].at == 12


async def test_hanging_up_on_a_phone_that_rings_is_not_answering(outbound):
    assert (await outbound(HangUp("Call"))).status == "no-answer"


async def test_the_callbacks_method_may_be_get(app, outbound):
    app["/voice"] = SAY
    await outbound(status_method="GET", method="GET")
    assert {request.method for request in app.requests} == {"GET"}
    assert told(app, "CallStatus")[-1] == ("completed",)


async def test_a_callback_that_fails_is_a_warning_and_the_call_goes_on(app, outbound):
    app["/voice"] = SAY
    call = await outbound(status="/status#tt=99999")
    assert call.status == "completed"
    assert [warning[:5] for warning in call.transcript.warnings] == ["11240"] * 4


async def test_a_call_is_queued_until_it_is_made(app):
    assert app.call(direction="outbound-api").status == "queued"
    assert app.call().status == "ringing"


async def test_a_call_that_is_cancelled_while_it_rings_ends_canceled(app):
    """When whoever makes it stops; the end is still told."""
    ringing = asyncio.Event()

    class Slow(Script):
        async def answer(self, prompt):
            ringing.set()
            await asyncio.Event().wait()

    call = app.call(direction="outbound-api", script=Slow(), status_callback=app.url("/status"))
    task = asyncio.create_task(call.run())
    await ringing.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told(app, "CallStatus") == [("canceled",)]


# --- the document --------------------------------------------------------------------------------


async def test_a_document_of_its_own_is_performed_without_a_request(outbound, app):
    """Only callbacks arrive."""
    call = await outbound(twiml=f"<Response>{SAY}</Response>")
    assert call.transcript.said == ["hi"]
    assert set(app.paths) == {"/status"}


async def test_a_document_of_its_own_may_lead_to_absolute_urls(outbound, app):
    app["/next"] = "<Say>next</Say>"
    twiml = f'<Response><Gather action="{app.url("/next")}"/></Response>'
    assert (await outbound(Answer(), Press("1#"), twiml=twiml)).transcript.said == ["next"]


@pytest.mark.parametrize("verb", ['<Gather action="/next"/>', "<Gather/>", "<Redirect>next</Redirect>"])
async def test_a_document_of_its_own_has_nothing_that_a_relative_url_is_relative_to(outbound, verb):
    """11100."""
    call = await outbound(Answer(), Press("1#"), twiml=f"<Response>{verb}</Response>")
    assert call.transcript.broken
    assert "11100" in str(call.transcript)


@pytest.mark.parametrize(("twiml", "code"), [("<Response>", "12100"), ("<Say>hi</Say>", "12102")])
async def test_a_document_of_its_own_that_is_none_is_an_application_error(outbound, twiml, code):
    call = await outbound(twiml=twiml)
    assert call.transcript.broken
    assert code in str(call.transcript)


# --- who picks up --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "detection", "verdict"),
    [
        ("human", "Enable", "human"),
        ("human", "DetectMessageEnd", "human"),
        ("fax", "Enable", "fax"),
        ("unknown", "DetectMessageEnd", "unknown"),
        ("machine", "Enable", "machine_start"),
        ("machine_start", "Enable", "machine_start"),
        ("machine_end_beep", "Enable", "machine_start"),
        ("machine", "DetectMessageEnd", "machine_end_beep"),
        ("machine_start", "DetectMessageEnd", "machine_end_beep"),
        ("machine_end_silence", "DetectMessageEnd", "machine_end_silence"),
        ("machine_end_other", "DetectMessageEnd", "machine_end_other"),
    ],
)
async def test_the_first_request_waits_for_the_verdict_and_carries_it(app, outbound, by, detection, verdict):
    """AnsweredBy and MachineDetectionDuration, in milliseconds; the call's clock has gone on by as much."""
    app["/voice"] = '<Gather action="/2"/>'
    call = await outbound(Answer(by=by), Press("1#"), detection=detection)
    form = app.form("/voice")
    assert form["AnsweredBy"] == verdict
    asked_at = next(line.at for line in call.transcript.lines if line.kind == "request")
    assert asked_at == int(form["MachineDetectionDuration"]) / 1000
    assert "AnsweredBy" not in app.form("/2")
    assert call.answered_by == verdict


async def test_the_status_callbacks_carry_the_verdict_once_there_is_one(app, outbound):
    app["/voice"] = SAY
    await outbound(Answer(by="machine"), detection="Enable")
    assert told(app, "CallStatus", "AnsweredBy")[-2:] == [("in-progress", ""), ("completed", "machine_start")]


async def test_without_detection_nobody_knows(app, outbound):
    app["/voice"] = SAY
    call = await outbound(Answer(by="machine"))
    assert not any("AnsweredBy" in form for form in app.forms)
    assert call.answered_by == ""


async def test_an_asynchronous_verdict_comes_apart(app, outbound):
    """A POST with only CallSid, AccountSid, AnsweredBy, MachineDetectionDuration; the first request doesn't wait."""
    app["/voice"] = SAY
    call = await outbound(
        Answer(by="machine"), detection="Enable", asynchronous=True, detected=Address(app.url("/amd")), events=()
    )
    assert app.paths == ["/voice", "/amd"]
    assert app.requests[1].method == "POST"
    assert "AnsweredBy" not in app.form("/voice")
    assert app.form("/amd") == {
        "CallSid": call.call_sid,
        "AccountSid": call.leg.account_sid,
        "AnsweredBy": "machine_start",
        "MachineDetectionDuration": "4000",
    }
    assert call.transcript.lines[1].at == 0


async def test_an_asynchronous_verdict_may_be_got(app, outbound):
    app["/voice"] = SAY
    await outbound(detection="Enable", asynchronous=True, detected=Address(app.url("/amd"), "GET"), events=())
    assert app.requests[-1].method == "GET"
    assert app.form("/amd")["AnsweredBy"] == "human"


async def test_an_asynchronous_verdict_without_an_address_is_in_the_status_alone(app, outbound):
    app["/voice"] = SAY
    await outbound(detection="Enable", asynchronous=True, events=("completed",))
    assert app.paths == ["/voice", "/status"]
    assert app.form("/status")["AnsweredBy"] == "human"


async def test_an_asynchronous_verdict_comes_with_a_document_of_its_own_too(app, outbound):
    twiml = f"<Response>{SAY}</Response>"
    await outbound(
        twiml=twiml, detection="Enable", asynchronous=True, detected=Address(app.url("/amd")), events=("completed",)
    )
    assert app.paths == ["/amd", "/status"]


def test_a_verdict_takes_its_time():
    """A machine's message has to be heard to its end."""
    assert verdict("machine", "DetectMessageEnd")[1] > verdict("machine", "Enable")[1] > verdict("human", "Enable")[1]


def test_who_answers_in_words():
    """On the command line and at the keypad, where outcomes stand."""
    assert parse_options(["--answer", "machine"]) == [Answer(by="machine")] == [parse_line("machine")]
    assert parse_options(["--answer", "human", "--answer=busy"]) == [Answer(), Answer("busy")]
    assert str(Answer(by="fax")) == "answer completed by fax"


def test_nobody_else_answers():
    with pytest.raises(ValueError, match="answered by human"):
        Answer(by="dog")


# --- its recording -------------------------------------------------------------------------------


async def test_a_recorded_call_tells_of_its_recording(app, outbound):
    """In the status callback of its end, and to RecordingStatusCallback."""
    app["/voice"] = '<Say>hi</Say><Pause length="7"/>'
    call = await outbound(record=True, channels=2, recorded=Address(app.url("/recording")), events=("completed",))
    assert app.paths == ["/voice", "/status", "/recording"]
    [made] = call.recordings
    form = app.form("/recording")
    assert (form["RecordingSid"], form["RecordingSource"], form["RecordingChannels"]) == (made.sid, "OutboundAPI", "2")
    assert app.form("/status")["RecordingSid"] == made.sid
    assert app.form("/status")["RecordingDuration"] == "7" == form["RecordingDuration"]


async def test_a_recordings_events_are_those_asked_for(app, outbound):
    app["/voice"] = SAY
    recorded = {"record": True, "recorded": Address(app.url("/recording"), "GET"), "events": ()}
    await outbound(**recorded, recording_events=("in-progress", "completed"))
    assert told(app, "RecordingStatus", path="/recording") == [("in-progress",), ("completed",)]
    await outbound(**recorded, recording_events=("absent",))
    assert len(told(app, "RecordingStatus", path="/recording")) == 2


async def test_a_recording_need_not_be_told_of(app, outbound):
    app["/voice"] = SAY
    call = await outbound(record=True, events=())
    assert len(call.recordings) == 1
    assert app.paths == ["/voice"]
    assert call.transcript.warnings == []


async def test_a_call_that_nobody_answers_has_no_recording(app, outbound):
    call = await outbound(Answer("busy"), record=True, recorded=Address(app.url("/recording")))
    assert call.recordings == []
    assert "/recording" not in app.paths


async def test_what_verbs_record_is_kept_too(app):
    app["/voice"] = '<Dial record="record-from-answer" action="/2">+441</Dial>'
    app["/2"] = '<Record action="/3"/>'
    call = app.call()
    await call.run()
    assert [made.source for made in call.recordings] == ["DialVerb", "RecordVerb"]
