"""This house's own client against the stand-in: every method."""

from __future__ import annotations

import pytest

from runtime.softphone import Answer, Hold, Press
from runtime.twilio import Patience, TwilioClient, TwilioError
from tests.runtime.softphone.conftest import TOKEN
from tests.runtime.softphone.rest.conftest import ACCOUNT, FROM, TO
from tests.runtime.twilio.conftest import QuickClock


@pytest.fixture
def options():
    return {"answers": [Answer(by="machine"), Hold(), Press("1#")], "numbers": [FROM]}


@pytest.fixture
async def client(twilio):
    patience = Patience(clock=QuickClock(), random=lambda: 1.0)
    async with TwilioClient(ACCOUNT, TOKEN, base_url=twilio.url, patience=patience) as client:
        yield client


async def test_calls(app, twilio, client):
    """make_call with everything it takes, fetch_call, update_call, calls."""
    app["/voice"], app["/new"] = "<Gather/>", '<Gather action="/pressed"/>'
    made = await client.make_call(
        TO,
        FROM,
        url=app.url("/voice"),
        method="GET",
        status_callback=app.url("/status"),
        status_callback_event="initiated ringing answered completed",
        machine_detection="Enable",
        async_amd=True,
        async_amd_status_callback=app.url("/amd"),
        record=True,
        recording_status_callback=app.url("/recording"),
        timeout=20,
        send_digits="ww1",
    )
    sid = made["sid"]
    assert made["status"] == "queued"
    await twilio.calls[sid].held()
    assert (await client.fetch_call(sid))["status"] == "in-progress"
    assert (await client.update_call(sid, url=app.url("/new")))["sid"] == sid
    await twilio.idle()
    assert [call["sid"] async for call in client.calls(to=TO, status="completed")] == [sid]
    assert app.form("/pressed")["Digits"] == "1"
    assert app.form("/amd")["AnsweredBy"] == "machine_start"
    assert app.paths.count("/status") == 4
    assert app.form("/recording")["CallSid"] == sid
    with pytest.raises(TwilioError, match="21220"):
        await client.update_call(sid, status="completed")


async def test_a_call_with_verbs_instead_of_a_url(twilio, client):
    from twiml import Say

    made = await client.make_call(TO, FROM, twiml=[Say("hello")])
    await twilio.idle()
    assert twilio.calls[made["sid"]].transcript.said == ["hello"]


async def test_messages(app, twilio, client):
    made = await client.send_sms(TO, "hello", from_=FROM, status_callback=app.url("/status"))
    await twilio.idle()
    [found] = [message async for message in client.messages(to=TO)]
    assert (found["sid"], found["status"], found["body"]) == (made["sid"], "delivered", "hello")


@pytest.mark.parametrize(("format", "begins"), [("wav", b"RIFF"), ("mp3", b"\xff\xfb")])
async def test_recordings(app, twilio, client, format, begins):
    """By their SIDs, and by the URL that the webhook has."""
    app["/voice"] = "<Say>hi</Say>"
    await client.make_call(TO, FROM, url=app.url("/voice"), record=True, status_callback=app.url("/status"))
    await twilio.idle()
    [found] = [recording async for recording in client.recordings()]
    url = app.form("/status")["RecordingUrl"]
    for recording in (found["sid"], url):
        assert (await client.fetch_recording(recording, format=format)).startswith(begins)


async def test_anything_else_by_its_path(twilio, client):
    numbers = await client.request("GET", "IncomingPhoneNumbers.json", {"PhoneNumber": FROM})
    [number] = numbers["incoming_phone_numbers"]
    told = {"VoiceUrl": "https://ivr.example.com/menu", "VoiceMethod": "POST"}
    changed = await client.request("POST", f"IncomingPhoneNumbers/{number['sid']}.json", told)
    assert changed["voice_url"] == told["VoiceUrl"]
    assert await client.request("DELETE", f"IncomingPhoneNumbers/{number['sid']}.json") == {}


async def test_too_many_requests_are_tried_again(app, twilio, client):
    app["/voice"] = "<Say>hi</Say>"
    twilio.refuse(3)
    await client.make_call(TO, FROM, url=app.url("/voice"))
    assert len(twilio.calls) == 1


async def test_a_list_of_many_pages(app, twilio, client):
    for number in range(7):
        await client.send_sms(TO, f"message {number}", from_=FROM)
    await twilio.idle()
    found = [message["body"] async for message in client.messages(page_size=2)]
    assert found == [f"message {number}" for number in range(6, -1, -1)]
    assert len([message async for message in client.messages(limit=3)]) == 3


async def test_what_twilio_refuses_is_an_error_with_its_code(client):
    with pytest.raises(TwilioError, match="21211"):
        await client.make_call("+12", FROM, url="https://ivr.example.com/menu")
