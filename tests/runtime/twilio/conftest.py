"""A stand-in for Twilio's REST API on loopback, which answers what a test tells it to, or breaks as it is told.

What others have written to stand there runs on Node: `on_node`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from base64 import b64decode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime.twilio import Patience, TwilioClient
from tests import node

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

ACCOUNT = "AC" + "0" * 32
TOKEN = "0123456789abcdef0123456789abcdef"
KEY = "SK" + "1" * 32
SECRET = "s3cr3t-s3cr3t-s3cr3t-s3cr3t-s3cr3t"
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
TO, FROM = "+441314960123", "+441314960100"
NOW = 1_571_418_000.0
"""Fri, 18 Oct 2019 17:00:00 +0000, by the clock of the tests."""


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]
    headers: dict[str, str]

    @property
    def credentials(self) -> str:
        return b64decode(self.headers.get("Authorization", "").removeprefix("Basic ")).decode()


@dataclass(frozen=True)
class Reply:
    """What is answered: JSON, or a body. Without a date of its own it has none: its server's would be of today."""

    content: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, request: web.BaseRequest, _: StandIn) -> web.StreamResponse:
        raw = isinstance(self.content, bytes)
        body = self.content if raw else json.dumps(self.content).encode()
        headers = {"Content-Type": "application/json", "Date": "", **self.headers}
        return web.Response(body=body, status=self.status, headers=headers)


class Cut:
    """The connection is cut instead of an answer."""

    async def send(self, request: web.BaseRequest, _: StandIn) -> web.StreamResponse:
        request.transport.abort()
        return web.Response()


class Half:
    """The connection is cut in the middle of an answer."""

    async def send(self, request: web.BaseRequest, _: StandIn) -> web.StreamResponse:
        response = web.StreamResponse(status=201, headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"sid": "CA')
        request.transport.close()
        return response


class Never:
    """No answer."""

    async def send(self, request: web.BaseRequest, stand_in: StandIn) -> web.StreamResponse:
        await stand_in.over.wait()
        return web.Response()


class StandIn:
    """Answers with its `replies`, one after the other, the last of them for ever; notes what was `asked`."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.replies: list[Any] = [Reply()]
        self.over = asyncio.Event()
        self.url = ""

    def will(self, *replies: Any) -> None:
        self.replies = list(replies)

    @property
    def last(self) -> Asked:
        return self.asked[-1]

    @property
    def seen(self) -> list[str]:
        """Each request as `GET Calls.json`."""
        return [f"{each.method} {each.path.removeprefix(ROOT + '/')}" for each in self.asked]

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        pairs = {"keep_blank_values": True}
        path, _, query = request.raw_path.partition("?")
        form = parse_qsl((await request.read()).decode(), **pairs)
        self.asked.append(Asked(request.method, path, parse_qsl(query, **pairs), form, dict(request.headers)))
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        return await reply.send(request, self)


class QuickClock:
    """A clock on which every wait is over at once; it notes them. Somebody may `set` it by some seconds."""

    def __init__(self, now: float = NOW) -> None:
        self.time = now
        self.set = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time + self.set

    def steady(self) -> float:
        return self.time - 1_000_000

    def later(self, seconds: float, do: Callable[[], object]) -> asyncio.Handle:
        self.waits.append(seconds)
        self.time += seconds
        return asyncio.get_running_loop().call_soon(do)


@contextlib.contextmanager
def on_node(script: str, words: Callable[[int], Sequence[str]]) -> Iterator[str]:
    """A server of another's making, by its URL. Without one the tests that need it fail, and say why."""
    try:
        with node.serving(script, words) as url:
            yield url
    except node.NoNodeError as problem:
        pytest.fail(str(problem), pytrace=False)


@pytest.fixture
async def rest() -> AsyncIterator[StandIn]:
    stand_in = StandIn()
    server = TestServer(web.Application(), host="127.0.0.1")
    server.app.router.add_route("*", "/{path:.*}", stand_in.answer)
    await server.start_server()
    stand_in.url = str(server.make_url("")).rstrip("/")
    yield stand_in
    stand_in.over.set()
    await server.close()


@pytest.fixture
def clock() -> QuickClock:
    return QuickClock()


@pytest.fixture
async def twilio(rest: StandIn, clock: QuickClock, request: pytest.FixtureRequest) -> AsyncIterator[TwilioClient]:
    """A client of the stand-in, with the longest pauses that chance allows.

    Where a test's parameter is an answer that never comes, it doesn't wait for it long.
    """
    params = request.node.callspec.params if hasattr(request.node, "callspec") else {}
    never = any(isinstance(value, Never) for value in params.values())
    patience = Patience(connect=10, answer=0.3 if never else 10, clock=clock, random=lambda: 1.0)
    async with TwilioClient(ACCOUNT, TOKEN, base_url=rest.url, patience=patience) as client:
        yield client
