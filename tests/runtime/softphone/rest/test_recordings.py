"""Recordings: those that the calls have made.

(Twilio's documentation: "Recording resource".)
"""

from __future__ import annotations

import io
import wave

import pytest

from runtime.softphone import Answer, Speak
from tests.runtime.softphone.rest.conftest import ACCOUNT, SUB

RE = "RE" + "9" * 32


@pytest.fixture
def options():
    return {"answers": [Answer(), Speak("one two three four five")]}


@pytest.fixture
async def recorded(app, rest, twilio):
    """The SID of a call that was recorded, and in which the callee recorded a message."""
    app["/voice"] = '<Record action="/recorded"/>'
    sid = await rest.call(
        Url=app.url("/voice"),
        StatusCallback=app.url("/status"),
        Record="true",
        RecordingChannels="dual",
        RecordingStatusCallback=app.url("/recording"),
        RecordingStatusCallbackMethod="GET",
    )
    await twilio.idle()
    return sid


async def test_a_call_is_recorded_when_it_is_asked_for(app, rest, twilio, recorded):
    """Its end tells of the recording, and so does the recording's own callback."""
    [whole, message] = await rest.listed("Recordings")
    assert (whole["source"], whole["channels"], whole["duration"]) == ("OutboundAPI", 2, "7")
    assert (message["source"], message["channels"], message["duration"]) == ("RecordVerb", 1, "2")
    assert app.form("/status")["RecordingSid"] == whole["sid"] == app.form("/recording")["RecordingSid"]
    assert app.requests[-1].method == "GET"


async def test_a_recordings_events_are_those_that_are_asked_for(app, rest, twilio):
    events = [("RecordingStatusCallbackEvent", event) for event in ("in-progress", "completed")]
    params = {"Url": app.url("/voice"), "Record": "true", "RecordingStatusCallback": app.url("/recording")}
    await rest.call(*events, **params)
    await twilio.idle()
    assert [form["RecordingStatus"] for form in app.forms[-2:]] == ["in-progress", "completed"]
    await rest.call(("RecordingStatusCallbackEvent", "in-progress completed"), **params)
    await twilio.idle()
    assert app.paths.count("/recording") == 2


async def test_a_recording_is_found_where_its_webhook_says(app, rest, twilio, recorded):
    """On this machine."""
    [_, message] = await rest.listed("Recordings")
    url = app.form("/recorded")["RecordingUrl"]
    assert url == f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Recordings/{message['sid']}" == message["media_url"]
    for ending, kind in (("", "audio/x-wav"), (".wav", "audio/x-wav"), (".mp3", "audio/mpeg")):
        sound = await rest("GET", url.removeprefix(twilio.url) + ending)
        assert (sound.status, sound.headers["Content-Type"]) == (200, kind)


async def test_recordings_are_listed_by_call_and_date(rest, twilio, recorded):
    assert len(await rest.listed("Recordings", CallSid=recorded)) == 2
    assert await rest.listed("Recordings", CallSid="CA" + "9" * 32) == []
    assert await rest.listed("Recordings", ConferenceSid="CF" + "9" * 32) == []
    assert len(await rest.listed("Recordings", ("DateCreated", "2026-09-01"))) == 2
    assert await rest.listed("Recordings", ("DateCreated<", "2026-09-01")) == []


async def test_a_calls_recordings_are_where_the_call_says(app, rest, twilio, recorded):
    other = await rest.call(Url=app.url("/voice"))
    await twilio.idle()
    uri = (await rest("GET", f"Calls/{recorded}.json")).json["subresource_uris"]["recordings"]
    found = (await rest("GET", uri)).json["recordings"]
    assert found == await rest.listed("Recordings", CallSid=recorded)
    path = f"Calls/{recorded}/Recordings/{found[0]['sid']}"
    assert (await rest("GET", f"{path}.json")).json == found[0]
    assert (await rest("GET", f"{path}.wav")).headers["Content-Type"] == "audio/x-wav"
    assert (await rest("GET", path.replace(recorded, other) + ".json")).code == 20404
    assert (await rest("DELETE", f"{path}.json")).status == 204
    assert await rest.listed(f"Calls/{recorded}/Recordings") == found[1:]


async def test_a_call_that_there_is_not_has_no_recordings(rest, recorded):
    assert (await rest("GET", f"Calls/{'CA' + '9' * 32}/Recordings.json")).code == 20404
    assert (await rest("GET", f"Calls/{recorded}/Recordings.json", account=SUB)).code == 20404
    assert (await rest("POST", f"Calls/{recorded}/Recordings.json")).code == 20004


async def test_a_recording_is_read_and_deleted(rest, twilio, recorded):
    [whole, message] = await rest.listed("Recordings")
    path = f"Recordings/{whole['sid']}"
    assert (await rest("GET", f"{path}.json")).json == whole
    assert (await rest("DELETE", f"{path}.json")).status == 204
    for ending in (".json", ".wav", ""):
        assert (await rest("GET", path + ending)).code == 20404
    assert await rest.listed("Recordings") == [message]


async def test_a_recording_of_nobody_or_of_another_account_is_not_found(rest, recorded):
    [whole, _] = await rest.listed("Recordings")
    for ending in (".json", ".wav"):
        assert (await rest("GET", f"Recordings/{RE}{ending}")).code == 20404
        assert (await rest("GET", f"Recordings/{whole['sid']}{ending}", account=SUB)).code == 20404


def test_a_recording_is_a_second_of_silence():
    """In files that players play."""
    from runtime.softphone.rest import recordings

    with wave.open(io.BytesIO(recordings.wav())) as sound:
        assert (sound.getframerate(), sound.getnframes(), set(sound.readframes(8000))) == (8000, 8000, {0})
    frames = recordings.mp3()
    assert len(frames) % 104 == 0
    assert {frames[at : at + 4] for at in range(0, len(frames), 104)} == {b"\xff\xfb\x10\xc0"}
