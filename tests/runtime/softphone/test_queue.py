"""Waiting in a queue: what is asked for meanwhile, again and again, and every way that the waiting ends."""

from __future__ import annotations

import pytest
from aiohttp import web

from runtime.softphone import Answer, HangUp, Press, Silence

OTHERS = Answer("no-answer")
QUEUE = '<Enqueue waitUrl="/wait" action="/left">support</Enqueue><Say>after</Say>'
MUSIC = "<Say>one two three four five</Say><Play>waltz.mp3</Play>"
KEY = '<Gather numDigits="1" timeout="1" action="/key"><Say>1 to leave</Say></Gather>'


@pytest.fixture
def line(app):
    """An application whose callers wait."""
    app["/voice"], app["/wait"], app["/left"] = QUEUE, MUSIC, "<Say>left</Say>"
    return app


def waited(app) -> list[dict[str, str]]:
    """The fields of each request of the waitUrl."""
    return [form for path, form in zip(app.paths, app.forms, strict=True) if path == "/wait"]


async def test_the_wait_url_is_asked_for_again_whenever_its_documents_run_out(line):
    transcript = await line.run(OTHERS, Answer("busy"), Answer())

    assert line.paths == ["/voice", "/wait", "/wait", "/wait", "/left"]
    assert transcript.said[-1] == "left"
    assert line.forms[-1]["QueueResult"] == "bridged"


async def test_each_time_it_is_told_where_the_caller_stands(line):
    await line.run(OTHERS, OTHERS)

    told = waited(line)
    assert [each["QueuePosition"] for each in told] == ["3", "2", "1"]
    assert [each["CurrentQueueSize"] for each in told] == ["3", "2", "1"]
    assert [each["QueueTime"] for each in told] == ["0", "3", "6"]
    assert [each["AvgQueueTime"] for each in told] == ["0", "3", "6"]
    assert {each["MaxQueueSize"] for each in told} == {"1000"}
    assert {each["QueueSid"] for each in told} == {line.forms[-1]["QueueSid"]}
    assert line.forms[-1]["QueueTime"] == "9"


async def test_the_time_they_talk_is_the_calls_and_not_the_queues(line):
    await line.run(Answer(seconds=100), status_callback=line.url("/status"))

    assert line.form("/left")["QueueTime"] == "3"
    assert int(line.form("/status")["CallDuration"]) > 100


async def test_the_query_and_the_method_of_the_wait_url_are_its_own(line):
    line["/voice"] = '<Enqueue waitUrl="/wait?tune=waltz" waitUrlMethod="GET" action="/left">support</Enqueue>'
    await line.run(OTHERS)

    assert [request.method for request in line.requests] == ["POST", "GET", "GET", "POST"]
    assert [each["tune"] for each in waited(line)] == ["waltz", "waltz"]


async def test_a_key_in_any_round_may_leave_the_queue(line):
    line["/wait"], line["/key"] = KEY, "<Leave/>"
    transcript = await line.run(OTHERS, Press("1"))

    assert line.paths == ["/voice", "/wait", "/wait", "/key", "/left"]
    assert line.forms[-1] | {"QueueResult": "leave", "CallStatus": "in-progress"} == line.forms[-1]
    assert "Digits" not in line.forms[-1]
    assert transcript.left == ()


async def test_silence_at_what_is_asked_meanwhile_waits_on(line):
    line["/wait"] = KEY
    await line.run(OTHERS, Silence(), OTHERS, OTHERS, OTHERS, OTHERS)

    assert len(waited(line)) == 6
    assert line.forms[-1]["QueueResult"] == "bridged"


async def test_without_a_wait_url_it_is_music(line):
    line["/voice"] = QUEUE.replace('waitUrl="/wait"', "")
    await line.run(OTHERS, Answer())

    assert line.paths == ["/voice", "/left"]
    assert line.forms[-1]["QueueResult"] == "bridged"


async def test_a_queue_that_is_full_takes_nobody(line):
    line["/voice"] = QUEUE.replace("<Enqueue", '<Enqueue maxQueueSize="2"')
    transcript = await line.run(OTHERS, OTHERS)

    assert line.paths == ["/voice", "/left"]
    assert line.forms[-1]["QueueResult"] == "queue-full"
    assert "QueueSid" not in line.forms[-1]
    assert transcript.left == (OTHERS, OTHERS)


async def test_a_failure_of_twilios_is_told(line):
    await line.run(Answer("failed"))

    assert line.forms[-1]["QueueResult"] == "system-error"


@pytest.mark.parametrize("status", [404, 500])
async def test_a_wait_url_without_a_document_ends_the_waiting(line, status):
    """QueueResult=error, for the TwiML from a waitUrl too."""

    async def nothing(request):
        return web.Response(status=status, text="nothing")

    line["/wait"] = nothing
    transcript = await line.call().run()

    assert line.forms[-1]["QueueResult"] == "error"
    assert transcript.said == ["left"]
    assert transcript.warnings[0].startswith("11217 waitUrl:")


@pytest.mark.parametrize(
    ("script", "result"),
    [
        ([HangUp()], "hangup"),
        ([HangUp("Play")], "hangup"),
        ([OTHERS, HangUp()], "hangup"),
        ([OTHERS, HangUp("Say")], "hangup"),
        ([Answer(), HangUp()], "bridged"),
    ],
    ids=str,
)
async def test_a_caller_may_hang_up_while_they_wait_and_while_they_talk(line, script, result):
    transcript = await line.run(*script)

    assert line.forms[-1] | {"QueueResult": result, "CallStatus": "completed"} == line.forms[-1]
    assert transcript.ended_by == "caller"
    assert "left" not in transcript.said


async def test_a_wait_document_that_hangs_up_ends_the_call(line):
    line["/wait"] = "<Hangup/>"
    transcript = await line.run()

    assert transcript.ended_by == "application"


async def test_the_call_reads_as_it_went(line):
    line["/wait"] = "<Say>wait</Say>"

    assert (
        str(await line.run(OTHERS, call_sid="CA1"))
        == """\
☎ +14155550100 → +14155550199
→ POST /voice  ringing  200
    · waiting in the queue support
→ POST /wait  200
    “ wait
    · another caller's turn
→ POST /wait  200
    “ wait
    · out of the queue: bridged
→ POST /left  QueueResult=bridged  200
    “ left
■ the application ends the call (no verb left)"""
    )
