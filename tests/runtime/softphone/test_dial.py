"""Dial: who is dialled, how it ends, and what the action and the callbacks carry."""

from __future__ import annotations

import pytest

from runtime.softphone import Answer, HangUp, Silence


@pytest.mark.parametrize(
    ("nouns", "dialled"),
    [
        ("+441", ["+441"]),
        ("\n  +441\n", ["+441"]),
        ("<Number>+441</Number><Number>+442</Number>", ["+441", "+442"]),
        ("<Client>jane</Client>", ["client:jane"]),
        ('<Client><Identity>jane</Identity><Parameter name="a" value="b"/></Client>', ["client:jane"]),
        ("<Sip>sip:jane@example.com</Sip>", ["sip:jane@example.com"]),
        ("<Conference>bingo</Conference>", ["conference bingo"]),
        ("<Queue>support</Queue>", ["queue:support"]),
    ],
)
async def test_everybody_who_is_dialled_is_written_down(app, nouns, dialled):
    """Numbers, clients, conferences, as text or as nouns."""
    app["/voice"] = f"<Dial>{nouns}</Dial>"
    assert (await app.run()).dialled == dialled


async def test_by_default_the_callee_answers_and_hangs_up_first(app):
    """The caller is still there: CallStatus=in-progress."""
    app["/voice"] = '<Dial action="/dialled">+441</Dial>'
    app["/dialled"] = "<Say>still there?</Say>"
    transcript = await app.run()
    form = app.form("/dialled")
    assert form["DialCallStatus"] == "completed"
    assert form["CallStatus"] == "in-progress"
    assert form["DialBridged"] == "true"
    assert form["DialCallDuration"] == "20"
    assert form["DialCallSid"].startswith("CA")
    assert form["DialCallSid"] != form["CallSid"]
    assert transcript.said == ["still there?"]


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed", "canceled"])
async def test_a_dial_that_nobody_answered_bridges_nobody(app, outcome):
    """No duration, no recording."""
    app["/voice"] = '<Dial action="/dialled" record="record-from-answer" recordingStatusCallback="/rec">+441</Dial>'
    await app.run(Answer(outcome))
    form = app.form("/dialled")
    assert form["DialCallStatus"] == outcome
    assert form["DialBridged"] == "false"
    assert form["CallStatus"] == "in-progress"
    assert not {"DialCallDuration", "RecordingUrl"} & set(form)
    assert app.paths == ["/voice", "/dialled"]


async def test_picked_up_but_never_joined(app):
    """DialCallStatus=completed with DialBridged=false: the callee failed the screening, for one."""
    app["/voice"] = '<Dial action="/dialled">+441</Dial>'
    await app.run(Answer(bridged=False))
    form = app.form("/dialled")
    assert (form["DialCallStatus"], form["DialBridged"], form["DialCallDuration"]) == ("completed", "false", "0")


async def test_nobody_answering_takes_the_timeout(app):
    """timeout is 30 s by default, by the call's clock."""
    app["/voice"] = '<Dial timeout="12">+441</Dial><Dial>+442</Dial>'
    transcript = await app.run(Answer("no-answer"), Answer("no-answer"))
    assert transcript.lines[-1].at == 42


@pytest.mark.parametrize("script", [[HangUp()], [HangUp("Dial")]])
async def test_the_caller_gives_up_while_it_rings(app, script):
    """The action is asked for all the same, with canceled and CallStatus=completed; its answer isn't played."""
    app["/voice"] = '<Dial action="/dialled">+441</Dial>'
    app["/dialled"] = "<Say>leave a message</Say>"
    transcript = await app.run(*script, status_callback=app.url("/status"))
    assert app.form("/dialled")["DialCallStatus"] == "canceled"
    assert app.form("/dialled")["CallStatus"] == "completed"
    assert transcript.said == []
    assert transcript.ended_by == "caller"
    assert app.paths == ["/voice", "/dialled", "/status"]


async def test_the_caller_gives_up_and_there_is_no_action(app):
    """Then nothing is asked for, and the next verb doesn't run."""
    app["/voice"] = "<Dial>+441</Dial><Say>after</Say>"
    transcript = await app.run(HangUp())
    assert app.paths == ["/voice"]
    assert transcript.said == []


@pytest.mark.parametrize("hang_up", [HangUp(), HangUp("Dial")])
async def test_the_caller_hangs_up_in_the_conversation(app, hang_up):
    """DialCallStatus=completed and CallStatus=completed."""
    app["/voice"] = '<Dial action="/dialled">+441</Dial>'
    transcript = await app.run(Answer(seconds=65), hang_up, status_callback=app.url("/status"))
    form = app.form("/dialled")
    assert (form["DialCallStatus"], form["CallStatus"], form["DialCallDuration"]) == ("completed", "completed", "65")
    assert transcript.ended_by == "caller"
    assert app.form("/status")["Duration"] == "2"


async def test_silence_keeps_a_hang_up_for_later(app):
    """Answer, Silence, HangUp: the callee hangs up first, the caller at the next prompt."""
    app["/voice"] = '<Dial action="/dialled">+441</Dial>'
    app["/dialled"] = "<Gather><Say>another?</Say></Gather>"
    transcript = await app.run(Answer(), Silence(), HangUp())
    assert app.form("/dialled")["CallStatus"] == "in-progress"
    assert transcript.said == ["another?"]


@pytest.mark.parametrize(("record", "channels"), [("record-from-answer", "1"), ("record-from-ringing-dual", "2")])
async def test_a_recorded_dial_tells_of_its_recording(app, record, channels):
    """RecordingUrl, RecordingSid and RecordingDuration in the action, then the status callback."""
    app["/voice"] = f'<Dial action="/dialled" record="{record}" recordingStatusCallback="/recording">+441</Dial>'
    await app.run(Answer(seconds=3))
    assert app.paths == ["/voice", "/dialled", "/recording"]
    assert app.form("/dialled")["RecordingDuration"] == "3"
    told = app.form("/recording")
    assert told["RecordingSid"] == app.form("/dialled")["RecordingSid"]
    assert (told["RecordingSource"], told["RecordingChannels"], told["RecordingDuration"]) == (
        "DialVerb",
        channels,
        "3",
    )


async def test_a_recording_is_told_of_without_an_action_too(app):
    """The callback doesn't need one."""
    app["/voice"] = '<Dial record="record-from-answer" recordingStatusCallback="/recording">+441</Dial><Say>after</Say>'
    assert (await app.run()).said == ["after"]
    assert app.paths == ["/voice", "/recording"]


async def test_a_conference_has_no_leg_of_its_own(app):
    """Neither DialCallSid nor DialCallDuration; its recording comes by its own callback, with the ConferenceSid."""
    app["/voice"] = (
        '<Dial action="/dialled"><Conference record="record-from-start" recordingStatusCallback="/recording">bingo'
        "</Conference></Dial>"
    )
    await app.run()
    assert not {"DialCallSid", "DialCallDuration", "RecordingUrl"} & set(app.form("/dialled"))
    assert app.form("/recording")["RecordingSource"] == "Conference"
    assert app.form("/recording")["ConferenceSid"].startswith("CF")


async def test_hanging_up_in_a_conference_completes_it(app):
    """It doesn't ring: one is in it."""
    app["/voice"] = '<Dial action="/dialled"><Conference>bingo</Conference></Dial>'
    await app.run(HangUp())
    form = app.form("/dialled")
    assert (form["DialCallStatus"], form["CallStatus"]) == ("completed", "completed")


async def test_an_empty_dial_fails(app):
    """With a warning, and the action is asked for."""
    app["/voice"] = '<Dial action="/dialled"><Frob/></Dial>'
    transcript = await app.run()
    assert app.form("/dialled")["DialCallStatus"] == "failed"
    assert [warning[:5] for warning in transcript.warnings] == ["12200", "13225"]


async def test_a_noun_has_status_callbacks_of_its_own(app):
    """The child leg's: its CallSid, the ParentCallSid, Direction=outbound-dial; completed is the default event."""
    app["/voice"] = (
        '<Dial><Number statusCallback="/leg" statusCallbackEvent="initiated ringing answered completed">+441</Number>'
        '<Number statusCallback="/other" statusCallbackEvent="answered completed">+442</Number></Dial>'
    )
    transcript = await app.run()
    legs = [form for request, form in zip(app.requests, app.forms, strict=True) if request.path == "/leg"]
    assert [(form["CallStatus"], form["SequenceNumber"]) for form in legs] == [
        ("initiated", "0"),
        ("ringing", "1"),
        ("in-progress", "2"),
        ("completed", "3"),
    ]
    assert {form["ParentCallSid"] for form in legs} == {transcript.requests[0].params["CallSid"]}
    assert {form["Direction"] for form in legs} == {"outbound-dial"}
    assert {form["To"] for form in legs} == {"+441"}
    assert app.paths.count("/other") == 1, "it was never answered"
    assert app.form("/other")["CallStatus"] == "canceled"
