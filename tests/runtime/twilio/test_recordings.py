"""A recording is waited for, and is sound or an error."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime.twilio import InvalidRequest, NoRecording, TwilioError, Unreachable
from tests.runtime.twilio.conftest import ACCOUNT, NOW, ROOT, Cut, Half, Reply, StandIn

WAV = Reply(b"RIFF....WAVE", headers={"Content-Type": "audio/x-wav"})
MP3 = Reply(b"ID3...", headers={"Content-Type": "audio/mpeg"})
MISSING = Reply({"code": 20404, "message": "not found", "status": 404}, 404)


def record(status: str) -> Reply:
    return Reply({"sid": "RE1", "status": status})


@pytest.mark.parametrize(("format", "reply"), [("wav", WAV), ("mp3", MP3)])
async def test_a_recording_that_is_there(rest, twilio, clock, format, reply):
    rest.will(reply)

    assert await twilio.fetch_recording("RE1", format=format) == reply.content

    assert rest.seen == [f"GET Recordings/RE1.{format}"]
    assert rest.last.credentials.startswith(ACCOUNT)
    assert clock.waits == []


@pytest.mark.parametrize(
    "url",
    [
        f"https://api.twilio.com{ROOT}/Recordings/RE1",
        f"https://api.dublin.ie1.twilio.com{ROOT}/Recordings/RE1.wav",
        f"http://127.0.0.1:1/base{ROOT}/Recordings/RE1.json?x=1",
        f"https://evil.example{ROOT}/Recordings/RE1",
        f"HTTPS://api.twilio.com{ROOT}/Recordings/RE1#top",
        f"https://api.twilio.com:99999{ROOT}/Recordings/RE1",
    ],
)
async def test_the_url_of_a_webhook_names_a_recording_and_not_a_host(rest, twilio, url):
    rest.will(WAV)

    await twilio.fetch_recording(url)

    assert rest.seen == ["GET Recordings/RE1.wav"]


async def test_a_sub_accounts_recording_is_fetched_from_its_own_path(rest, twilio):
    rest.will(WAV)

    await twilio.fetch_recording("https://api.twilio.com/2010-04-01/Accounts/AC9/Recordings/RE1")

    assert rest.last.path == "/2010-04-01/Accounts/AC9/Recordings/RE1.wav"


@pytest.mark.parametrize(
    "what", ["CA1", "", "RE1/../../x", "https://h/RE1", "http://[::1", f"ftp://h{ROOT}/Recordings/RE1", "RE1?x"]
)
async def test_what_is_no_recording(rest, twilio, what):
    with pytest.raises(InvalidRequest, match="is neither a recording's SID"):
        await twilio.fetch_recording(what)
    assert not rest.asked


async def test_what_is_no_format(rest, twilio):
    with pytest.raises(InvalidRequest, match="there is wav and mp3"):
        await twilio.fetch_recording("RE1", format="ogg")


async def test_it_is_waited_for(rest, twilio, clock):
    rest.will(MISSING, MISSING, MISSING, record("processing"), MISSING, record("completed"), WAV)

    assert await twilio.fetch_recording("RE1") == WAV.content

    assert clock.waits == [1.0, 2.0, 4.0]
    assert rest.seen == ["GET Recordings/RE1.wav", "GET Recordings/RE1.json"] * 3 + ["GET Recordings/RE1.wav"]


async def test_a_record_that_says_nothing_of_it_is_waited_for_too(rest, twilio, clock):
    rest.will(MISSING, Reply([{"status": "absent"}]), MISSING, Reply(b"[" * 100_000), WAV)

    assert await twilio.fetch_recording("RE1") == WAV.content

    assert clock.waits == [1.0, 2.0]


async def test_it_is_not_waited_for_longer_than_asked(rest, twilio, clock):
    rest.will(MISSING)

    with pytest.raises(NoRecording, match="still not there after 20 s; it is unknown"):
        await twilio.fetch_recording("RE1", patience=20)

    assert clock.waits == [1.0, 2.0, 4.0, 8.0, 5.0]
    assert clock.time == NOW + 20


async def test_without_patience_it_is_there_or_not(rest, twilio, clock):
    rest.will(MISSING, record("processing"))

    with pytest.raises(NoRecording, match="it is processing"):
        await twilio.fetch_recording("RE1", patience=0)

    assert clock.waits == []


@pytest.mark.parametrize("status", ["absent", "deleted", "failed"])
async def test_one_that_never_will_be_there_is_not_waited_for(rest, twilio, clock, status):
    rest.will(MISSING, record(status))

    with pytest.raises(NoRecording, match=f"is {status}: it can't be fetched"):
        await twilio.fetch_recording("RE1")

    assert clock.waits == []


@pytest.mark.parametrize("kind", ["application/json", "text/html; charset=utf-8", "application/xml", ""])
async def test_an_error_is_no_sound_though_its_status_says_so(rest, twilio, kind):
    rest.will(Reply(b"<Error/>", headers={"Content-Type": kind}))

    with pytest.raises(NoRecording, match="not sound"):
        await twilio.fetch_recording("RE1")


async def test_nothing_is_no_sound(rest, twilio):
    rest.will(Reply(b"", headers={"Content-Type": "audio/x-wav"}))

    with pytest.raises(NoRecording, match="is empty"):
        await twilio.fetch_recording("RE1")


@pytest.mark.parametrize("status", [401, 403, 410])
async def test_a_refusal_is_an_error(rest, twilio, clock, status):
    rest.will(Reply({"code": 20003, "message": "no"}, status))

    with pytest.raises(TwilioError) as caught:
        await twilio.fetch_recording("RE1")

    assert (caught.value.status, caught.value.code, clock.waits) == (status, 20003, [])


async def test_half_a_recording_is_fetched_again(rest, twilio):
    rest.will(Half(), Cut(), Cut(), WAV)

    assert await twilio.fetch_recording("RE1") == WAV.content


async def test_half_a_recording_for_ever_is_none(rest, twilio):
    rest.will(Half())

    with pytest.raises(Unreachable, match="broke off"):
        await twilio.fetch_recording("RE1")


async def test_sound_that_lies_elsewhere_is_fetched_without_credentials(rest, twilio):
    elsewhere = StandIn()
    elsewhere.will(WAV)
    server = TestServer(web.Application(), host="127.0.0.1")
    server.app.router.add_get("/{path:.*}", elsewhere.answer)
    await server.start_server()
    try:
        rest.will(Reply(status=302, headers={"Location": str(server.make_url("/store/RE1.wav?sig=a%2Bb"))}))
        assert await twilio.fetch_recording("RE1") == WAV.content
    finally:
        await server.close()

    assert "Authorization" not in elsewhere.last.headers
    assert (elsewhere.last.path, elsewhere.last.query) == ("/store/RE1.wav", [("sig", "a+b")])


async def test_a_redirect_within_the_api_keeps_them(rest, twilio):
    rest.will(Reply(status=307, headers={"Location": f"{ROOT}/Recordings/RE2.wav"}), WAV)

    await twilio.fetch_recording("RE1")

    assert rest.last.credentials.startswith(ACCOUNT)
