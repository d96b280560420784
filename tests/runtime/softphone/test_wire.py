"""HTTP as Twilio does it, and what becomes of a call whose application answers badly."""

from __future__ import annotations

import asyncio
import uuid

import aiohttp
import pytest
from aiohttp import web

from runtime.softphone import Call, Press

TOKEN = "12345"


def respond(body="<Response><Say>ok</Say></Response>", status=200, **headers):
    """A handler that answers this, whatever it is asked."""

    async def handler(request):
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body.encode() if isinstance(body, str) else body, status=status, headers=sent)

    return handler


XML = {"Content_Type": "text/xml"}


# --- headers -----------------------------------------------------------------


async def test_the_headers_are_twilios(app):
    app["/voice"] = "<Redirect>/next</Redirect>"
    await app.run()
    first, second = app.requests
    assert first.headers["User-Agent"] == "TwilioProxy/1.1"
    assert first.headers["Accept"] == "*/*"
    assert first.headers["Accept-Encoding"] == "gzip"
    assert first.headers["X-Home-Region"] == "us1"
    assert first.headers["Content-Type"] == "application/x-www-form-urlencoded; charset=UTF-8"
    assert int(first.headers["Content-Length"]) == len(app.bodies[0])
    tokens = {request.headers["I-Twilio-Idempotency-Token"] for request in (first, second)}
    assert len(tokens) == 2, "each webhook has its own"
    assert all(uuid.UUID(token).version == 4 for token in tokens)


async def test_a_get_has_no_body_and_no_content_type(app):
    app["/voice"] = '<Redirect method="GET">/next</Redirect>'
    await app.run()
    assert "Content-Type" not in app.requests[1].headers
    assert "Content-Length" not in app.requests[1].headers


async def test_cookies_come_back_within_the_call(app):
    async def handler(request):
        response = web.Response(text="<Response><Redirect>/next</Redirect></Response>", content_type="text/xml")
        response.set_cookie("seen", "yes")
        return response

    app["/voice"] = handler
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        await app.run(session=session)
        await app.run(session=session)
    assert [request.cookies.get("seen") for request in app.requests] == [None, "yes", None, "yes"]


async def test_a_given_session_is_used_and_left_open(app):
    async with aiohttp.ClientSession() as session:
        await app.run(session=session)
        assert not session.closed


# --- URLs --------------------------------------------------------------------


async def test_the_url_is_signed_and_sent_byte_for_byte(app):
    await app.run(path="/voice/a%20b%2fc?q=%c3%a9+x&&r=a:b@c")
    assert app.requests[0].raw_path == "/voice/a%20b%2fc?q=%c3%a9+x&&r=a:b@c"


async def test_requests_to_an_origin_may_go_elsewhere_signed_as_if_they_did_not(app):
    """Those that its documents lead to, relative or not, too."""
    app.origin = "https://ivr.example.com"
    app["/voice"] = f"<Redirect>{app.origin}/next?x=1</Redirect>"
    app["/next"] = '<Redirect method="GET">last</Redirect>'

    call = Call(f"{app.origin}/voice#tt=2000", auth_token=TOKEN, elsewhere={app.origin: app.url("")})
    transcript = await call.run()

    assert app.paths == ["/voice", "/next", "/last", "/voice"]
    assert [each.status for each in transcript.requests] == [200] * 4
    assert [each.url.partition("?")[0] for each in transcript.requests] == [app.origin + path for path in app.paths]


async def test_what_is_not_ascii_is_percent_encoded(app):
    app["/voice"] = "<Redirect>/é x?ä=ö</Redirect>"
    await app.run()
    assert app.requests[1].raw_path == "/%C3%A9%20x?%C3%A4=%C3%B6"


async def test_a_url_without_a_path_has_the_root(app):
    await app.run(path="")
    assert app.paths == ["/"]


async def test_the_fragment_is_neither_sent_nor_signed(app):
    transcript = await app.run(path="/voice#rc=0&tt=2000")
    assert app.requests[0].raw_path == "/voice"
    assert transcript.requests[0].url == app.url("/voice")


async def test_credentials_are_sent_when_they_are_asked_for(app):
    """Twice the same request: same idempotency token, same signature."""

    async def handler(request):
        if "Authorization" not in request.headers:
            return web.Response(status=401, headers={"WWW-Authenticate": "Basic"})
        return web.Response(text="<Response><Say>hello</Say></Response>", content_type="text/xml")

    app["/voice"] = handler
    url = app.url("/voice").replace("//", "//ann:se%3Acret@")
    transcript = await Call(url, auth_token=TOKEN, status_callback=None).run()
    assert transcript.said == ["hello"]
    assert "se%3Acret" not in str(transcript.lines)
    first, second = app.requests
    assert second.headers["Authorization"] == "Basic YW5uOnNlOmNyZXQ="
    for header in ("I-Twilio-Idempotency-Token", "X-Twilio-Signature"):
        assert first.headers[header] == second.headers[header]


@pytest.mark.parametrize("url", ["", "voice", "ftp://h/x", "http://", "http://[::1/x", "http://h:99999/x"])
def test_a_call_to_no_url_is_refused_at_once(url):
    with pytest.raises(ValueError, match="not a URL"):
        Call(url, auth_token=TOKEN)


def test_a_direction_is_one_of_two():
    with pytest.raises(ValueError, match="outbound"):
        Call("http://h/x", auth_token=TOKEN, direction="outbound")


# --- HTTP redirects ----------------------------------------------------------


@pytest.mark.parametrize(("status", "method"), [(301, "GET"), (302, "GET"), (303, "GET"), (307, "POST"), (308, "POST")])
async def test_a_redirect_is_followed_without_the_verbs_fields(app, status, method):
    """Digits are not sent to the target; each hop is signed for its own URL."""
    app["/voice"] = '<Gather numDigits="1" action="/old"/>'
    app["/old"] = respond("", status, Location="/deep/new")
    app["/deep/new"] = "<Redirect>here</Redirect>"
    transcript = await app.run(Press("1"))
    assert app.paths == ["/voice", "/old", "/deep/new", "/deep/here"]
    assert app.requests[2].method == method
    assert app.forms[1]["Digits"] == "1"
    assert "Digits" not in app.forms[2]
    assert app.forms[2]["CallStatus"] == "in-progress"
    assert [request.status for request in transcript.requests] == [200, status, 200, 200]


async def test_ten_redirects_are_followed_and_no_more(app):
    app["/voice"] = respond("", 302, Location="/voice")
    transcript = await app.run()
    assert "11215 " in str(transcript)
    assert len(app.requests) == 11


# --- bad answers -------------------------------------------------------------

BIG = "<Response><Say>" + "x" * (64 * 1024) + "</Say></Response>"
BAD = {
    "a 500": (respond("", 500), 11217),
    "a 404": (respond("", 404, **XML), 11217),
    "a redirect to nowhere": (respond("", 302), 11217),
    "no content type": (respond(Content_Type=""), 12300),
    "JSON": (respond("{}", Content_Type="application/json"), 12300),
    "204": (respond("", 204), 12300),
    "not XML": (respond("<Response>", **XML), 12100),
    "empty": (respond("", **XML), 12100),
    "a blank before the declaration": (respond(' <?xml version="1.0"?><Response/>', **XML), 12100),
    "an entity that isn't declared": (respond("<Response>&nbsp;</Response>", **XML), 12100),
    "not UTF-8": (respond(b"<Response><Say>\xff</Say></Response>", **XML), 12100),
    "another root": (respond("<html/>", Content_Type="text/html"), 12102),
    "a root in lower case": (respond("<response/>", **XML), 12102),
    "a root in a namespace": (respond('<Response xmlns="urn:x"/>', **XML), 12102),
    "more than 64 kB": (respond(BIG, **XML), 11750),
    "a redirect to no URL": (respond("<Response><Redirect>mailto:a@b</Redirect></Response>", **XML), 11100),
    "a redirect to port 0": (respond("<Response><Redirect>http://h:0/</Redirect></Response>", **XML), 11100),
    "a redirect to half a host": (respond("<Response><Redirect>http://[::1</Redirect></Response>", **XML), 11100),
    "a broken override": (respond("<Response><Redirect>/x#tt=5</Redirect></Response>", **XML), 11240),
    "an HTTP redirect to no URL": (respond("", 302, Location="file:///etc/passwd"), 11100),
}


@pytest.mark.parametrize(("handler", "code"), BAD.values(), ids=BAD)
async def test_a_bad_answer_is_an_application_error(app, handler, code):
    """The caller hears it, the transcript has the code, and the status callback is sent all the same."""
    app["/voice"] = handler
    transcript = await app.call(status_callback=app.url("/status")).run()
    assert transcript.broken
    assert transcript.ended_by == "error"
    assert f"an application error has occurred: {code} " in str(transcript)
    assert app.paths[-1] == "/status"
    assert app.forms[-1]["CallStatus"] == "completed"
    assert transcript.said == []


async def test_64_kb_are_allowed(app):
    body = BIG.replace("x" * (len(BIG) - 64 * 1024), "", 1)
    assert len(body) == 64 * 1024
    app["/voice"] = respond(body, **XML)
    assert not (await app.run()).broken


async def test_a_chunked_answer_of_nothing_has_its_own_code(app):
    async def handler(request):
        response = web.StreamResponse(headers={"Content-Type": "text/xml"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        return response

    app["/voice"] = handler
    assert "11770 " in str(await app.run())


async def test_a_compressed_bomb_is_cut_off(app):
    async def handler(request):
        response = web.Response(text=f"<Response><Say>{' ' * 9_000_000}</Say></Response>", content_type="text/xml")
        response.enable_compression(web.ContentCoding.gzip)
        return response

    app["/voice"] = handler
    assert "11750 " in str(await app.run())


async def test_entities_and_dtds_are_not_followed(app, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    app["/voice"] = respond(
        f'<!DOCTYPE r [<!ENTITY s SYSTEM "{secret.as_uri()}"><!ENTITY a "aaa"><!ENTITY b "&a;&a;">]>'
        "<Response><Say>it is &s;&b;</Say>&s;</Response>",
        **XML,
    )
    transcript = await app.run()
    assert transcript.said == ["it is"]
    assert transcript.warnings == []


@pytest.mark.parametrize("kind", ["text/xml", "application/xml; charset=utf-8", "TEXT/HTML", "text/plain"])
async def test_these_types_are_performed(app, kind):
    app["/voice"] = respond(Content_Type=kind)
    assert (await app.run()).said == ["ok"]


async def test_plain_text_is_read_aloud(app):
    """And terminal escapes in it stay off the terminal."""
    app["/voice"] = respond("Hello <you>\x1b[31m", Content_Type="text/plain")
    transcript = await app.run()
    assert transcript.said == ["Hello <you>\N{REPLACEMENT CHARACTER}[31m"]
    assert transcript.ended_by == "application"


async def test_audio_is_played(app):
    app["/voice"] = respond(b"RIFF", Content_Type="audio/wav")
    transcript = await app.run()
    assert [line.text for line in transcript.lines if line.kind == "played"] == [app.url()]


# --- connections, time, retries ----------------------------------------------


async def test_nobody_listening_is_tried_twice(unused_tcp_port):
    call = Call(f"http://127.0.0.1:{unused_tcp_port}/", auth_token=TOKEN, status_callback=None)
    transcript = await call.run()
    assert "11205 " in str(transcript)
    assert transcript.requests[0].status is None
    assert "no answer" in str(transcript)


async def test_a_host_that_is_none(app):
    call = Call("http://nowhere.invalid/", auth_token=TOKEN, status_callback=None)
    assert "11210 " in str(await call.run())


async def test_tls_with_somebody_who_does_not_speak_it():
    async def serve(reader, writer):
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        call = Call(f"https://127.0.0.1:{port}/#rc=0", auth_token=TOKEN, status_callback=None)
        assert "11220 " in str(await call.run())


async def test_what_is_not_http_is_a_protocol_violation():
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        call = Call(f"http://127.0.0.1:{port}/", auth_token=TOKEN, status_callback=None)
        assert "11206 " in str(await call.run())


async def test_a_connection_that_is_dropped_is_a_failed_retrieval():
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        call = Call(f"http://127.0.0.1:{port}/", auth_token=TOKEN, status_callback=None)
        assert "11200 " in str(await call.run())


async def test_an_application_that_takes_too_long_is_given_up(app):
    async def handler(request):
        await asyncio.sleep(30)

    app["/voice"] = handler
    transcript = await app.run(path="/voice#tt=150")
    assert "11200 " in str(transcript)
    assert "0.15 s" in str(transcript)
    assert transcript.broken


async def test_an_application_that_stops_talking_is_given_up(app):
    async def handler(request):
        response = web.StreamResponse(headers={"Content-Type": "text/xml", "Content-Length": "500"})
        await response.prepare(request)
        await response.write(b"<Response>")
        await asyncio.sleep(30)

    app["/voice"] = handler
    assert "11200 " in str(await app.run(path="/voice#rt=150"))


async def test_a_failure_is_tried_again_only_when_asked_to(app):
    """rp=5xx&rc=2: twice more, with the same idempotency token."""
    app["/voice"] = respond("", 503)
    await app.call().run()
    assert len(app.requests) == 1
    app.requests.clear()
    answers = iter([respond("", 503), respond("", 503), respond(**XML)])

    async def handler(request):
        return await next(answers)(request)

    app["/voice"] = handler
    transcript = await app.call(path="/voice#rp=ct,5xx&rc=2").run()
    assert transcript.said == ["ok"]
    assert len(transcript.requests) == 1, "retries are invisible"
    assert len(app.requests) == 3
    assert len({request.headers["I-Twilio-Idempotency-Token"] for request in app.requests}) == 1


# --- callbacks ---------------------------------------------------------------


@pytest.mark.parametrize("handler", [respond("", 204), respond("<Response/>", **XML)])
async def test_a_callback_answered_well_is_no_matter(app, handler):
    app["/status"] = handler
    assert (await app.run(status_callback=app.url("/status"))).warnings == []


@pytest.mark.parametrize("handler", [respond("", 500), respond("ok", Content_Type="text/plain"), respond("", 404)])
async def test_a_callback_answered_badly_is_a_warning(app, handler):
    """15003; the call was fine."""
    app["/status"] = handler
    transcript = await app.call(status_callback=app.url("/status")).run()
    assert [warning[:5] for warning in transcript.warnings] == ["15003"]
    assert not transcript.broken


async def test_a_callback_that_fails_is_a_warning(app, unused_tcp_port):
    """Nobody hears of it."""
    app["/voice"] = f'<Record action="/2" recordingStatusCallback="http://127.0.0.1:{unused_tcp_port}/"/>'
    app["/2"] = '<Record action="/3" recordingStatusCallback="mailto:a@b"/>'
    transcript = await app.run(status_callback="http://127.0.0.1:1/")
    assert [warning[:5] for warning in transcript.warnings] == ["11205", "11100", "11205"]
    assert not transcript.broken


async def test_cancelling_the_call_hangs_up(app):
    """The status callback is sent before the cancellation goes on."""
    waiting = asyncio.Event()

    async def wait(seconds):
        waiting.set()
        await asyncio.sleep(30)

    app["/voice"] = "<Pause/>"
    call = app.call(wait=wait, status_callback=app.url("/status"))
    task = asyncio.create_task(call.run())
    await waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert app.paths == ["/voice", "/status"]
    assert call.transcript.ended_by == "caller"
