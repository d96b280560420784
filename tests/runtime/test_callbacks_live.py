"""What Twilio tells of that moves no call: statuses, recordings, conferences, legs; and calls that nobody answers."""

from __future__ import annotations

from ast import literal_eval

import pytest
from structlog.testing import capture_logs

from runtime.softphone import HangUp, Speak
from tests.actors.test_webhook_requests import CONFERENCE, RECORDED, ROWS, STANDARD, TALKING
from tests.runtime.test_shapes_live import OWN_DOCUMENTS
from tests.wire import a_call, dial, get, post, post_raw
from twiml import NOTHING

OUT = STANDARD.replace("inbound", "outbound-api")
PROGRESS = "&CallbackSource=call-progress-events&Timestamp=Sun%2C%2025%20Mar%202018%2009%3A53%3A19%20%2B0000"
UNANSWERED = {"busy": "486", "no-answer": "487", "failed": "404", "canceled": "487"}
ENDED = f"{CONFERENCE}&StatusCallbackEvent=conference-end&ReasonConferenceEnded=last-participant-left"
TOLD = """
    told = []

    def begin(call):
        return [Record(max_length=30, transcribe=True), Say("thank you")], [
            (event, globals()[f"on_{event}"])
            for event in ("recording", "transcription", "status", "dial", "completion")
        ]

    def on_recording(webhook, call): told.append(("recording", webhook.recording.sid, webhook.recording.duration))
    def on_transcription(webhook, call): told.append(("transcription", webhook.custom_params["TranscriptionText"]))
    def on_status(webhook, call): told.append(("status", webhook.call_status))
    def on_dial(webhook, call): told.append(("dial", webhook.dial_status))
    def on_completion(webhook, call): told.append(("completion", webhook.call_status))

    recipe = [FunctionExt("begin", fn=begin)]
"""


@pytest.fixture
def told(folder):
    folder["told"] = TOLD
    return lambda: folder["told"].told


async def told_of_no_call(begun, path, body):
    """Post what is about no call: gives the events of the log."""
    with capture_logs() as events:
        reply = await post_raw(begun.daemon, path, body)
    await begun.settled()
    assert (reply.status, reply.text, begun.events) == (200, NOTHING, [])
    assert len(await begun.daemon.journal.history("CA1")) == 1
    return [(each["event"], each.get("told")) for each in events]


# --- statuses, recordings, transcriptions --------------------------------------------------------


@pytest.mark.parametrize("path", ["/told", "/told/status"])
@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
async def test_a_terminal_status_is_the_completion_once(serve, folder, told, path, status):
    daemon = await serve(folder)
    await post(daemon, "/told", a_call())

    replies = [await post(daemon, path, a_call(status=status, SequenceNumber=str(n))) for n in range(3)]
    await daemon.stop()

    assert {(reply.status, reply.text) for reply in replies} == {(200, NOTHING)}
    assert told().count(("completion", status)) == 1
    assert daemon.status()["calls"] == {"in_progress": 0, "started": 1, "completed": 1, "failed": 0, "restarts": 0}


async def test_a_status_on_the_way_is_told_and_moves_nothing(serve, folder, told):
    daemon = await serve(folder)
    first = await post(daemon, "/told", a_call())

    reply = await post(daemon, "/told/status", a_call(status="in-progress"))
    again = await post(daemon, "/told", a_call(status="in-progress"))
    await daemon.stop()

    assert reply.text == NOTHING
    assert again.text == first.text
    assert told() == [("status", "in-progress")]


async def test_nothing_reopens_a_call_that_is_over(serve, folder, told):
    daemon = await serve(folder)
    await post(daemon, "/told", a_call())
    await post(daemon, "/told", a_call(status="completed"))

    late = [
        await post(daemon, "/told", a_call(status="in-progress")),
        await post(daemon, "/told/2?step=1", a_call(status="in-progress", Digits="1")),
        await post(daemon, "/told/status", a_call(status="ringing")),
    ]

    assert {reply.text for reply in late} == {NOTHING}
    assert daemon.status()["calls"]["in_progress"] == 0
    assert daemon.status()["calls"]["started"] == 1


async def test_a_recording_that_comes_with_the_end_is_told_before_it(serve, folder, told):
    daemon = await serve(folder)
    await post(daemon, "/told", a_call())

    await post(daemon, "/told", a_call(status="completed", RecordingUrl="https://api.twilio.com/RE9", Duration="1"))
    await daemon.stop()

    assert [event for event, *_ in told()] == ["recording", "status", "completion"]
    assert told()[0][1] == "RE9"


async def test_a_recording_is_announced_once_whichever_way_it_arrives(serve, folder, told):
    """Record's action, the recording callback, and the completed status all tell of it."""
    daemon = await serve(folder)
    recording = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/RE1", "RecordingDuration": "12"}
    await post(daemon, "/told", a_call())

    await post(daemon, "/told/2?step=1", a_call(status="completed", Digits="hangup", **recording))
    callback = await post(
        daemon, "/told/recording?step=1", {"CallSid": "CA1", "RecordingStatus": "completed"} | recording
    )
    await post(daemon, "/told", a_call(status="completed", **recording))
    await daemon.stop()

    assert callback.text == NOTHING
    assert [each for each in told() if each[0] == "recording"] == [("recording", "RE1", 12)]


async def test_callbacks_are_told_long_after_the_call_s_end(serve, folder, told):
    """The actor has gone by then; the journal has not."""
    daemon = await serve(folder, linger=0)
    transcript = await dial(daemon, "told", Speak("call me back"), HangUp())
    sid = transcript.requests[0].params["CallSid"]
    transcription = {
        "CallSid": sid,
        "TranscriptionText": "call me back again",
        "RecordingSid": "RE2",
        "CallStatus": "completed",
    }

    recording = await post(daemon, "/told/recording", {"CallSid": sid, "RecordingSid": "RE2"})
    transcribed = await post(daemon, "/told/transcription", transcription)
    await daemon.stop()

    assert (recording.text, transcribed.text) == (NOTHING, NOTHING)
    events = [event for event, *_ in told()]
    assert sorted(events) == ["completion", "recording", "recording", "status", "transcription", "transcription"]
    assert ("transcription", "call me back again") in told()
    assert daemon.status()["calls"] == {"in_progress": 0, "started": 1, "completed": 1, "failed": 0, "restarts": 0}


@pytest.mark.parametrize("path", ["/told/recording", "/told/transcription", "/told/status"])
async def test_a_callback_of_an_unknown_call_is_answered_and_starts_nothing(serve, folder, told, path):
    daemon = await serve(folder)

    reply = await post(daemon, path, {"CallSid": "CA404", "RecordingSid": "RE1", "CallStatus": "in-progress"})

    assert (reply.status, reply.text) == (200, NOTHING)
    assert daemon.status()["calls"]["started"] == 0


async def test_a_dial_s_outcome_is_told(serve, folder, told):
    folder["dials"] = """
        from told import begin as subscribe

        def begin(call):
            return [Dial("+441314960123"), Say("thank you")], subscribe(call)[1]

        recipe = [FunctionExt("begin", fn=begin)]
    """
    daemon = await serve(folder)

    await dial(daemon, "dials")
    await daemon.stop()

    assert told() == [("dial", "completed"), ("status", "completed"), ("completion", "completed")]


# --- conferences ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("status", ROWS["conference, conference-start"][1], "conference-start"),
        ("status?step=1", ENDED, "conference-end"),
        ("status", f"{ENDED}&CallSid=&CallSidEndingConference=", "conference-end"),
        (
            "recording?step=1",
            f"AccountSid=AC2&ConferenceSid=CF1&RecordingStatus=completed{RECORDED}",
            "recording status",
        ),
    ],
)
async def test_what_a_conference_tells_of_no_call_is_taken_and_logged(begin, path, body, told):
    """Its beginning, its end and its recording have no CallSid (Twilio's documentation: "TwiML Voice: Conference")."""
    begun = await begin()

    assert await told_of_no_call(begun, f"/flow/{path}", body) == [("callback_of_no_call", told)]


async def test_the_call_that_ended_a_conference_is_told_of_that_also_when_it_is_over(begin):
    begun = await begin()
    await post_raw(begun.daemon, "/flow/status", f"{STANDARD}&CallStatus=completed&CallDuration=7")

    reply = await post_raw(begun.daemon, "/flow/status?step=1", f"{ENDED}&CallSidEndingConference=CA1")
    await begun.settled()

    assert (reply.status, reply.text) == (200, NOTHING)
    assert begun.events == ["status", "completion", "conference"]
    assert begun.flow.told[-1][1].reason_conference_ended == "last-participant-left"


@pytest.mark.parametrize(
    ("body", "event"),
    [
        (f"{ENDED}&CallSidEndingConference=CA404", "callback_of_unknown_call"),
        (f"{ENDED}&CallSidEndingConference=CA1".replace("AC2", "AC9"), "foreign_account"),
    ],
    ids=["of a call that isn't here", "of another account's call"],
)
async def test_who_ended_a_conference_may_be_a_stranger(begin, body, event):
    assert await told_of_no_call(await begin(), "/flow/status", body) == [(event, None)]


async def test_a_conference_is_told_to_the_call_that_its_url_names(begin):
    begun = await begin()

    await post_raw(begun.daemon, "/flow/status?CallSid=CA1", ROWS["conference, conference-start"][1])
    await begun.settled()

    assert begun.events == ["conference"]
    assert begun.flow.told[0][1].status_callback_event == "conference-start"


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/flow", f"{ENDED}&CallSidEndingConference=CA1", "no CallSid"),
        ("/flow/1?step=1", f"{ENDED}&CallSidEndingConference=CA1", "no CallSid"),
        ("/flow/status", "AccountSid=AC2&StatusCallbackEvent=conference-start", "no CallSid"),
        ("/flow/status", "CallStatus=completed", "no CallSid"),
        ("/flow/status", f"{ENDED}&CallSidEndingConference=CA{'1' * 10_000}", "a CallSid of 10002 characters"),
    ],
    ids=["at the recipe's own URL", "at a state", "without a conference", "of a call", "with a Sid that is none"],
)
async def test_what_else_has_no_call_sid_is_refused(begin, path, body, why):
    begun = await begin()

    with capture_logs() as events:
        reply = await post_raw(begun.daemon, path, body)

    assert (reply.status, reply.text.count("\n")) == (400, 1)
    assert reply.text.startswith(why)
    assert [each["event"] for each in events] == ["refused"]
    assert begun.daemon.status()["calls"]["started"] == 1


# --- legs ----------------------------------------------------------------------------------------


async def test_legs_are_told_to_the_call_that_dialled_them_and_end_nothing_of_it(begin):
    begun = await begin('Dial([Number("+14155550177", status_callback_event="answered completed")]), ')
    legs = [f"{TALKING}&ParentCallSid=CA1{PROGRESS}".replace("CallSid=CA1&", f"CallSid=CA{n}&", 1) for n in (7, 8)]
    over = legs[0].replace("in-progress", "no-answer") + "&CallDuration=0&SipResponseCode=487"
    assert 'statusCallback="/flow/status?step=1"' in begun.document

    replies = [await post_raw(begun.daemon, "/flow/status?step=1", body) for body in (*legs, over)]
    await begun.settled()

    assert {(reply.status, reply.text) for reply in replies} == {(200, NOTHING)}
    told = [(event, hook.call_sid, hook.dial_call_sid, hook.call_status) for event, hook, *_ in begun.flow.told]
    seven, eight = ("leg", "CA1", "CA7"), ("leg", "CA1", "CA8")
    assert told == [(*seven, "in-progress"), (*eight, "in-progress"), (*seven, "no-answer")]
    assert begun.flow.told[2][1].sip_response_code == 487
    assert begun.daemon.status()["calls"] == {
        "in_progress": 1,
        "started": 1,
        "completed": 0,
        "failed": 0,
        "restarts": 0,
    }


async def test_a_leg_of_no_call_of_ours_is_taken_and_begins_none(begin):
    body = f"{OUT}&CallStatus=busy&ParentCallSid=CA404{PROGRESS}".replace("CallSid=CA1&", "CallSid=CA7&", 1)

    assert await told_of_no_call(await begin(), "/flow/status", body) == [("callback_of_unknown_call", None)]


# --- calls that were made from here --------------------------------------------------------------


@pytest.mark.parametrize("path", ["", "/status"])
@pytest.mark.parametrize("status", UNANSWERED)
async def test_a_call_that_nobody_answers_begins_and_ends_with_its_callback(begin, status, path):
    """CAP-8b, and the one for no-answer, whose SequenceNumber is 0; an earlier one that comes late changes nothing."""
    begun = await begin(verb="")
    end = f"{OUT}&CallStatus={status}&SequenceNumber=2&SipResponseCode={UNANSWERED[status]}&Duration=0&CallDuration=0"
    late = f"{OUT}&CallStatus=ringing&SequenceNumber=1{PROGRESS}"

    replies = [await post_raw(begun.daemon, f"/flow{path}", body) for body in (end + PROGRESS, end + PROGRESS, late)]
    await begun.settled()

    assert {(reply.status, reply.text) for reply in replies} == {(200, NOTHING)}
    assert begun.events.count("completion") == 1
    _, webhook, shown, who = next(each for each in begun.flow.told if each[0] == "completion")
    assert (webhook.duration, webhook.billed_minutes, shown, who) == (0, 0, status, "")
    assert webhook.sip_response_code == int(UNANSWERED[status])
    assert (await begun.daemon.journal.load("CA1")).status == "completed"
    assert begun.daemon.status()["calls"] == {
        "in_progress": 0,
        "started": 1,
        "completed": 1,
        "failed": 0,
        "restarts": 0,
    }


@pytest.mark.parametrize(
    ("body", "level"),
    [
        (f"{OUT}&CallStatus=in-progress{PROGRESS}", "debug"),
        (f"{STANDARD}&CallStatus=in-progress{PROGRESS}", "info"),
        (f"{OUT}&CallStatus=in-progress&ParentCallSid=CA1{PROGRESS}", "info"),
    ],
    ids=["of an outbound call", "of an inbound one", "of a leg"],
)
async def test_what_every_outbound_call_tells_before_its_document_is_no_news(begin, body, level):
    begun = await begin(verb="")

    with capture_logs() as events:
        await post_raw(begun.daemon, "/flow/status", body.replace("CallSid=CA1&", "CallSid=CA404&", 1))

    assert [(each["event"], each["log_level"]) for each in events] == [("callback_of_unknown_call", level)]


async def test_a_call_that_is_answered_from_its_first_callback_to_its_last(begin):
    """CAP-9, CAP-8: what comes before the first document is nobody's, and the end may overtake the rest."""
    begun = await begin(verb="")
    answered = f"{OUT}&CallStatus=in-progress"
    steps = {
        "initiated": ("/flow/status", f"{OUT}&CallStatus=initiated&SequenceNumber=0{PROGRESS}"),
        "first": ("/flow", answered),
        "answered": ("/flow/status", f"{answered}&SequenceNumber=2{PROGRESS}"),
        "detected": ("/flow/status", ROWS["4.5 asynchronous machine detection"][1]),
        "completed": (
            "/flow/status",
            f"{OUT}&CallStatus=completed&SequenceNumber=3&Duration=1&CallDuration=49{PROGRESS}",
        ),
        "ringing": ("/flow/status", f"{OUT}&CallStatus=ringing&SequenceNumber=1{PROGRESS}"),
    }

    replies = {}
    for name, step in steps.items():
        replies[name] = await post_raw(begun.daemon, *step)
        await begun.settled()

    assert [name for name, reply in replies.items() if "seen" in reply.text] == ["first"]
    assert begun.events == ["status", "detection", "status", "completion", "status"]
    assert [who for *_, who in begun.flow.told] == ["", "human", "human", "human", "human"]
    assert begun.flow.told[3][1].duration == 49
    assert (await begun.daemon.journal.load("CA1")).status == "completed"


# --- fallbacks, and what comes to the wrong place ------------------------------------------------


async def test_a_fallback_request_is_given_the_document_of_its_call_again(begin):
    """CAP-11's fields: the answer to `ErrorUrl` did not get through, for the reason of `ErrorCode`."""
    begun = await begin()

    fallback = f"{TALKING}&ErrorUrl=https%3A%2F%2Fexample.com%2Fflow&ErrorCode=11205"
    reply = await post_raw(begun.daemon, "/flow", fallback)
    answer = await post_raw(begun.daemon, "/flow/1?step=1", f"{TALKING}&Digits=300")
    rows = await begun.daemon.journal.history("CA1")

    assert reply.text == begun.document
    assert "seen" in answer.text, "and it goes on from there"
    assert (rows[1].params["ErrorCode"], rows[1].params["ErrorUrl"]) == ("11205", "https://example.com/flow")
    assert begun.daemon.status()["calls"]["failed"] == 0


async def test_a_callback_at_the_recipe_s_own_url_is_given_the_document_and_moves_nothing(begin):
    """It looks like a request: whoever names the URL of callbacks names `/<recipe>/status`."""
    begun = await begin()

    reply = await post_raw(begun.daemon, "/flow", ROWS["real time, stopped"][1])
    await begun.settled()

    assert (reply.text, begun.events) == (begun.document, [])


@pytest.mark.parametrize("method", [get, post_raw], ids=["GET", "POST"])
@pytest.mark.parametrize("name", OWN_DOCUMENTS)
async def test_a_document_for_others_is_a_module_s_that_handles_requests(begin, folder, name, method):
    """Whispers, hold music of queues, transfers: by either method, and behind the URL's own query."""
    folder["office"] = "def handle_request(path, params): return [Say(repr((path, params)))]"
    begun, body = await begin(), ROWS[name][1]
    fields = dict(part.split("=") for part in body.split("&"))
    assert set(fields) > {"CallSid", "CallStatus"}

    if method is get:
        reply = await get(begun.daemon, f"/office/hold/2?tenant=7&{body}")
    else:
        reply = await post_raw(begun.daemon, "/office/hold/2?tenant=7", body)

    assert reply.status == 200
    path, params = literal_eval(reply.verbs[0].removeprefix("<Say>").removesuffix("</Say>"))
    assert (path, params.pop("tenant"), set(params)) == (["hold", "2"], "7", set(fields))
    assert (params["From"], params["CallerCity"]) == ("+14155550100", "SAN RAFAEL")
    assert begun.daemon.status()["calls"]["started"] == 1
