"""A server before a handler that tests hold in their hands, and clients that speak octets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from runtime.web import Patience, Server
from runtime.web.connection import Connection
from runtime.web.message import Refused, Request, Response, head_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

BOUND = 5.0
HEAD = head_of(200, "text/plain")


class Handler:
    """Answers with the request's method, target and body. Holds on to each request while it is `held`."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.at_work = self.most_at_work = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def hold(self) -> None:
        self.gate.clear()

    def let_go(self) -> None:
        self.gate.set()

    async def __call__(self, request: Request) -> Response:
        self.asked.append(request.target)
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            await self.gate.wait()
        finally:
            self.at_work -= 1
        self.answered.append(request.target)
        return self.answer(request)

    def answer(self, request: Request) -> Response:
        if request.path == "/refused":
            raise Refused(403, "not you", Why="because")
        if request.path == "/broken":
            raise ZeroDivisionError
        if request.path == "/large":
            return Response(HEAD, request.target.encode().ljust(64_000, b"."))
        return Response(HEAD, f"{request.method} {request.target} ".encode() + request.body)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def stays(self) -> bool:
        return self.headers.get("connection") != "close"


@dataclass
class Client:
    """One connection. Whatever it waits for must come within `BOUND` seconds."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, *octets: bytes) -> None:
        """Send octets as they are, each in a packet of its own."""
        for each in octets:
            self.writer.write(each)
            async with asyncio.timeout(BOUND):
                await self.writer.drain()

    async def answer(self, *, of_head: bool = False) -> Answer:
        """Read one answer."""
        async with asyncio.timeout(BOUND):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            length = 0 if of_head else int(headers.get("content-length", 0))
            return Answer(int(first.split(" ")[1]), headers, await self.reader.readexactly(length))

    async def ask(self, *octets: bytes) -> Answer:
        await self.send(*octets)
        return await self.answer()

    async def rest(self) -> bytes:
        """Everything until the server closes."""
        async with asyncio.timeout(BOUND):
            return await self.reader.read()

    async def is_closed(self) -> bool:
        """Wait until the server has closed, without another word."""
        with contextlib.suppress(ConnectionError):
            return not await self.rest()
        return True

    def reset(self) -> None:
        """Go, with a bang."""
        linger = b"\1\0\0\0\0\0\0\0"
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.writer.transport.abort()


@dataclass
class Front:
    """A server that listens, its handler and its clients."""

    server: Server
    handler: Handler
    port: int
    clients: list[Client] = field(default_factory=list)

    async def client(self) -> Client:
        async with asyncio.timeout(BOUND):
            client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    @property
    def connection(self) -> Connection:
        """The only one."""
        [connection] = self.server.connections
        return connection

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.handler.let_go()
        await self.server.drain(BOUND)
        assert not self.server.connections
        for client in self.clients:
            client.writer.close()


@contextlib.asynccontextmanager
async def front(tick: float = 1.0, **patience: float) -> AsyncIterator[Front]:
    """A server on a free port of 127.0.0.1, which is drained in the end."""
    handler = Handler()
    server = Server(handler, Patience(**patience), tick)
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    await server.start(sock)
    async with Front(server, handler, port) as opened:
        yield opened


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in the kernel
            await asyncio.sleep(0)


def get(target: str, *headers: str, version: str = "1.1") -> bytes:
    return _request("GET", target, *headers, version=version)


def post(target: str, body: bytes, *headers: str, version: str = "1.1") -> bytes:
    return _request("POST", target, f"Content-Length: {len(body)}", *headers, version=version) + body


def chunked(target: str, *chunks: bytes) -> bytes:
    body = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))
    return _request("POST", target, "Transfer-Encoding: chunked") + body


def _request(method: str, target: str, *headers: str, version: str = "1.1") -> bytes:
    lines = [f"{method} {target} HTTP/{version}", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode()
