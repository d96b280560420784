"""Record: its action, and the callbacks that come behind it."""

from __future__ import annotations

import pytest

from runtime.softphone import HangUp, Press, Silence, Speak

RECORD = (
    '<Record action="/recorded" recordingStatusCallback="/recording" transcribe="true" transcribeCallback="/words"/>'
)


async def test_silence_still_makes_a_recording(app):
    """The action is asked for with a recording and without Digits."""
    app["/voice"] = '<Record action="/recorded"/>'
    await app.run()
    form = app.form("/recorded")
    assert "Digits" not in form
    assert form["CallStatus"] == "in-progress"
    assert form["RecordingUrl"].endswith(f"/Accounts/{form['AccountSid']}/Recordings/{form['RecordingSid']}")


async def test_a_key_ends_it_and_is_told(app):
    """Any key does, without finishOnKey."""
    app["/voice"] = '<Record action="/recorded"/>'
    transcript = await app.run(Speak("one two three four five six"), Press("7"))
    assert app.form("/recorded")["Digits"] == "7"
    assert app.form("/recorded")["RecordingDuration"] == "2"
    assert transcript.pressed == ["7"]


async def test_a_key_that_does_not_end_it_waits(app):
    """finishOnKey='#': a 1 is for the menu that follows."""
    app["/voice"] = '<Record action="/recorded" finishOnKey="#"/>'
    app["/recorded"] = '<Gather numDigits="1" action="/menu"/>'
    await app.run(Speak("hello"), Press("1"))
    assert "Digits" not in app.form("/recorded")
    assert app.form("/menu")["Digits"] == "1"


async def test_silence_keeps_a_key_for_the_menu_that_follows(app):
    """Speak, Silence, Press: the silence ends the recording."""
    app["/voice"] = '<Record action="/recorded"/>'
    app["/recorded"] = '<Gather numDigits="1" action="/menu"/>'
    await app.run(Speak("hello"), Silence(), Press("1"))
    assert "Digits" not in app.form("/recorded")
    assert app.form("/menu")["Digits"] == "1"


async def test_one_speech_is_for_one_record(app):
    """The next words are for the next prompt that takes them."""
    app["/voice"] = '<Record action="/recorded"/>'
    app["/recorded"] = '<Gather input="speech" action="/said"/>'
    await app.run(Speak("a message"), Speak("yes"))
    assert app.form("/said")["SpeechResult"] == "yes"


@pytest.mark.parametrize("script", [[HangUp()], [Speak("hello"), HangUp()], [HangUp("Record")]])
async def test_hanging_up_is_the_digits_and_completes_the_call(app, script):
    """Digits=hangup and CallStatus=completed; what the action answers is not performed."""
    app["/voice"] = RECORD
    app["/recorded"] = "<Say>thanks</Say>"
    transcript = await app.run(*script, status_callback=app.url("/status"))
    assert app.form("/recorded")["Digits"] == "hangup"
    assert app.form("/recorded")["CallStatus"] == "completed"
    assert transcript.said == []
    assert transcript.ended_by == "caller"
    assert app.paths == ["/voice", "/recorded", "/recording", "/status", "/words"]


async def test_hanging_up_survives_an_action_that_fails(app):
    """Nobody hears it: a warning, not an application error."""
    app["/voice"] = '<Record action="http://127.0.0.1:1/" recordingStatusCallback="/recording"/>'
    transcript = await app.run(HangUp(), status_callback=app.url("/status"))
    assert app.paths == ["/voice", "/recording", "/status"]
    assert transcript.ended_by == "caller"
    assert transcript.warnings[0].startswith("11205 ")


async def test_the_callbacks_follow_the_action(app):
    """The recording's right behind it, the transcription when the call is over."""
    app["/voice"] = RECORD
    app["/recorded"] = "<Redirect>/on</Redirect>"
    await app.run(Speak("hello there"), status_callback=app.url("/status"))
    assert app.paths == ["/voice", "/recorded", "/recording", "/on", "/status", "/words"]
    assert app.form("/recording")["RecordingSid"] == app.form("/recorded")["RecordingSid"]
    assert app.form("/words")["TranscriptionText"] == "hello there"
    assert app.form("/words")["TranscriptionStatus"] == "completed"
    assert app.form("/words")["CallStatus"] == "completed"


async def test_the_callbacks_follow_an_action_that_fails_too(app):
    """The recording was made."""
    app["/voice"] = RECORD.replace("/recorded", "http://127.0.0.1:1/")
    transcript = await app.run()
    assert transcript.broken
    assert app.paths == ["/voice", "/recording", "/words"]


async def test_a_transcription_of_silence_fails(app):
    """TranscriptionStatus=failed."""
    app["/voice"] = RECORD
    await app.run()
    assert app.form("/words")["TranscriptionStatus"] == "failed"


async def test_no_transcription_unless_it_is_asked_for(app):
    """transcribe is false by default."""
    app["/voice"] = '<Record action="/recorded" transcribeCallback="/words"/>'
    await app.run()
    assert "/words" not in app.paths


async def test_the_events_of_a_recording_are_chosen(app):
    """completed by default; in-progress comes before it."""
    app["/voice"] = (
        '<Record action="/recorded" recordingStatusCallback="/recording?mine=1"'
        ' recordingStatusCallbackMethod="GET" recordingStatusCallbackEvent="in-progress completed"/>'
    )
    await app.run()
    requests = [request for request in app.requests if request.path == "/recording"]
    assert [request.query["RecordingStatus"] for request in requests] == ["in-progress", "completed"]
    assert {request.method for request in requests} == {"GET"}
    assert {request.query["mine"] for request in requests} == {"1"}


async def test_keys_behind_the_finishing_one_are_typed_ahead(app):
    """They are for the next prompt."""
    app["/voice"] = '<Record action="/recorded"/>'
    app["/recorded"] = '<Gather numDigits="1" action="/menu"/>'
    await app.run(Press("#1"))
    assert app.form("/recorded")["Digits"] == "#"
    assert app.form("/menu")["Digits"] == "1"


async def test_a_record_that_loops_is_hung_up_on(app):
    """Unanswered three times in a row, like a menu."""
    app["/voice"] = "<Record/>"
    transcript = await app.run()
    assert transcript.ended_by == "caller"
    assert [form.get("Digits") for form in app.forms] == [None, None, None, None, "hangup"]
