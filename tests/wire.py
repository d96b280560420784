"""The other end of the wire: a softphone's whole call, or one webhook by hand, signed by the official SDK."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer
from lxml import etree
from multidict import MultiDict
from twilio.request_validator import RequestValidator
from yarl import URL

from runtime.softphone import Call, Transcript

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from runtime.daemon import Daemon

TOKEN = "12345"
SIGNATURE = "X-Twilio-Signature"
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
PROXY = {"User-Agent": "TwilioProxy/1.1", "Accept": "*/*", "Accept-Encoding": "gzip", "X-Home-Region": "us1"}
ME, YOU = "+441314960123", "+441314960456"


@dataclass(frozen=True)
class Reply:
    """What was answered."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def verbs(self) -> list[str]:
        """The document's verbs, each as text."""
        return [etree.tostring(verb, encoding="unicode") for verb in etree.fromstring(self.text.encode())]


async def dial(daemon: Daemon, recipe: str, *script: object, **options: Any) -> Transcript:
    """Call a recipe, and go through with it. Nothing but documents must have been answered."""
    transcript = await Call(f"{daemon.url}/{recipe}", **{"auth_token": TOKEN, "script": script} | options).run()
    assert {request.status for request in transcript.requests} == {200}, str(transcript)
    assert not transcript.warnings
    return transcript


def a_call(call_sid: str = "CA1", status: str = "ringing", **more: str) -> dict[str, str]:
    """The fields of an inbound call's webhook."""
    return {"CallSid": call_sid, "CallStatus": status, "From": ME, "To": YOU, "Direction": "inbound", **more}


def a_text(body: str = "hello", message_sid: str = "SM1", **more: str) -> dict[str, str]:
    """The fields of an SMS that came in."""
    names = {"MessageSid": message_sid, "SmsSid": message_sid, "SmsMessageSid": message_sid, "SmsStatus": "received"}
    return {**names, "AccountSid": "AC1", "From": ME, "To": YOU, "Body": body, "NumMedia": "0", **more}


def a_status(what: str = "delivered", message_sid: str = "SM9", **more: str) -> dict[str, str]:
    """The fields of what became of an answer to it."""
    names = {"MessageSid": message_sid, "SmsSid": message_sid, "MessageStatus": what, "SmsStatus": what}
    return {**names, "AccountSid": "AC1", "From": YOU, "To": ME, **more}


def signed(url: str, fields: Iterable[tuple[str, str]] = (), token: str = TOKEN) -> dict[str, str]:
    """The header that Twilio would sign this with."""
    return {SIGNATURE: RequestValidator(token).compute_signature(url, MultiDict(fields))}


async def post(
    daemon: Daemon,
    path: str,
    fields: Mapping[str, str] | Iterable[tuple[str, str]] = (),
    *,
    known_as: str = "",
    token: str | None = TOKEN,
    headers: Mapping[str, str] | None = None,
    within: float = 5,
) -> Reply:
    """POST a form. `known_as` is the origin that Twilio knows the daemon by; without `token` it isn't signed."""
    pairs = list(MultiDict(fields).items())
    signature = signed((known_as or origin(daemon)) + path, pairs, token) if token is not None else {}
    sent = {"Content-Type": FORM, **signature, **(headers or {})}
    return await send("POST", daemon, path, urlencode(pairs), sent, within)


async def post_raw(
    daemon: Daemon,
    path: str,
    body: str | bytes,
    *,
    token: str | None = TOKEN,
    tried_as: str = "",
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """POST a form as it stands, as Twilio does; `tried_as` is the same for every try of one webhook."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace")
    signature = signed(origin(daemon) + path, pairs, token) if token is not None else {}
    sent = {**PROXY, "Content-Type": FORM, "I-Twilio-Idempotency-Token": tried_as or str(uuid4()), **signature}
    return await send("POST", daemon, path, body, {**sent, **(headers or {})})


async def get(
    daemon: Daemon, path: str, *, token: str | None = TOKEN, headers: Mapping[str, str] | None = None
) -> Reply:
    """GET a path with its query, signed."""
    signature = signed(origin(daemon) + path, token=token) if token is not None else {}
    return await send("GET", daemon, path, None, {**signature, **(headers or {})})


async def post_json(
    daemon: Daemon, path: str, what: object, *, digest: str = "", content_type: str = "application/json"
) -> Reply:
    """POST JSON, with its digest in the signed URL."""
    body = json.dumps(what)
    path += ("&" if "?" in path else "?") + "bodySHA256=" + (digest or sha256(body.encode()).hexdigest())
    return await send("POST", daemon, path, body, {"Content-Type": content_type, **signed(origin(daemon) + path)})


async def send(
    method: str,
    daemon: Daemon,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    within: float = 15,
) -> Reply:
    """Send whatever it is. Answered within the time that Twilio waits, or as many seconds as are said, or it fails."""
    url = URL(origin(daemon) + path, encoded=True)
    timeout = aiohttp.ClientTimeout(total=within)
    async with (
        aiohttp.ClientSession(timeout=timeout, headers={"Connection": "close"}) as session,
        session.request(method, url, data=body, headers=headers, allow_redirects=False) as response,
    ):
        return Reply(response.status, await response.text(), response.headers)


async def send_raw(daemon: Daemon, octets: bytes, *, and_no_more: bool = False) -> bytes:
    """Send octets that need not be HTTP, and read until the other end has enough; or hang up after the last."""
    parts = urlsplit(daemon.url)
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        writer.write(octets)
        if and_no_more:
            writer.write_eof()
        try:
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


class Proxy:
    """A reverse proxy before a daemon: it passes the path on byte for byte, and calls itself by its own name."""

    target: Daemon

    async def __aenter__(self) -> Self:
        self._server = TestServer(web.Application(), host="127.0.0.1")
        self._server.app.router.add_route("*", "/{path:.*}", self._pass_on)
        await self._server.start_server()
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        own = {"Host": "inner.example", "X-Forwarded-Host": request.host, "X-Forwarded-Proto": "https"}
        headers = {name: value for name, value in request.headers.items() if name != "Content-Length"} | own
        reply = await send(request.method, self.target, request.raw_path, await request.read(), headers)
        return web.Response(status=reply.status, text=reply.text, content_type="text/xml")


def origin(daemon: Daemon) -> str:
    """Where the daemon listens, without the path that recipes are mounted under."""
    return "http://" + urlsplit(daemon.url).netloc
