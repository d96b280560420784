"""One connection of a client's: aiohttp's HTTP parser, and nothing between it and the handler.

aiohttp's own handler of a connection serves what we have no use for: bodies and answers as streams,
WebSockets, compression, cookies, middlewares. Of a request it makes some twenty objects, which cost
more than all that a webhook needs besides. A webhook is small: it is read whole and answered whole,
by one object each and one write. What is left is what a connection does when:

    state      what there is                               for at most          and then
    IDLE       an open connection, and nothing else        `patience.idle`      it is closed
    RECEIVING  a part of a request                         `patience.request`   408
    ANSWERING  a whole request, which the handler has
    UNREAD     answers that the client is slow to read     `patience.request`   it is cut off
    LEAVING    the last answer, on its way                 `patience.leave`     it is cut off

**One at a time.** The parser stops behind each request (`max_msg_queue_size`). What comes while one is
being answered waits unparsed, and no more is read: who doesn't wait for answers gets them in order, and
holds no more memory of ours than two reads of a socket.

**A request's time is limited, an answer's isn't.** That is the handler's business. A step that has begun
is finished even if the client has gone; only nobody is told.

**Who is refused in the middle of a request goes on sending it.** Closed at once, the connection would be
reset, and the client might never read why. So only our half of it is closed, and what still comes is
thrown away until the client closes the other.

**No timers.** A connection has a deadline, which costs an assignment. The server looks at everybody's
once a second.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, cast

import structlog
from aiohttp.base_protocol import BaseProtocol
from aiohttp.http import HttpRequestParser, HttpVersion10, HttpVersion11, RawRequestMessage
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.streams import StreamReader

from runtime.web.message import Refused, Request, Response

if TYPE_CHECKING:
    from runtime.web.server import Server

log = structlog.get_logger("switchhook.web")

LARGEST = 64 * 1024
"""Bytes of a body. Twilio's webhooks have one or two thousand."""
NEVER = float("inf")

_TOO_LARGE = f"a body of more than {LARGEST} bytes"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STAY, _STAY_10, _CLOSE = b"\r\n", b"Connection: keep-alive\r\n\r\n", b"Connection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that a connection is given in a state."""

    idle: float = 620.0
    """Longer than proxies keep a connection (Google's for 600 s), lest they send a webhook into one just closed."""
    request: float = 15.0
    """Twilio itself waits no longer for the answer."""
    leave: float = 5.0
    """For the last answer to be read."""
    greeting: float = 0.25
    """When the server drains, for whoever has just connected to say what they want."""


class State(Enum):
    """What a connection is at; see the table above."""

    IDLE = "idle"
    RECEIVING = "receiving"
    ANSWERING = "answering"
    UNREAD = "unread"
    LEAVING = "leaving"


IDLE, RECEIVING, ANSWERING, UNREAD, LEAVING = State


class Connection(asyncio.Protocol):
    """Answers one client's requests, one after the other."""

    __slots__ = (
        "_ahead",
        "_clogged",
        "_ended",
        "_last",
        "_loop",
        "_parser",
        "_payload",
        "_request",
        "_server",
        "_state",
        "_stay",
        "_task",
        "_transport",
        "deadline",
    )

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._parser = HttpRequestParser(_Unhurried(loop), loop, LARGEST, auto_decompress=False, max_msg_queue_size=1)
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._request: Request | None = None
        self._payload: StreamReader | None = None
        self._ahead = b""
        """What came while a request was being answered."""
        self._last = False
        """Whether the connection ends with this request."""
        self._stay = _STAY
        self._clogged = False
        """Whether the client is slow to read."""
        self._ended = False
        """Whether the client sends no more."""
        self._state = IDLE
        self.deadline = NEVER

    # --- what the transport tells

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come."""
        self._transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)
        self._enter(IDLE, self._server.patience.idle)

    def data_received(self, data: bytes) -> None:
        """Read on, or keep it until the request before is answered."""
        state = self._state
        if state is IDLE or state is RECEIVING:
            self._read(data)
        elif state is not LEAVING and self._transport is not None:
            self._ahead += data
            self._transport.pause_reading()

    def eof_received(self) -> bool:
        """The client sends no more, but may still read. Gives whether the connection is to stay open."""
        self._ended = True
        if self._state is RECEIVING:
            self._refuse(self._broken_off)
        return self._state in (ANSWERING, UNREAD)

    def pause_writing(self) -> None:
        """Answer no more for now."""
        self._clogged = True

    def resume_writing(self) -> None:
        """Go on, if there is something to go on with."""
        self._clogged = False
        if self._state is UNREAD:
            self._go_on()

    def connection_lost(self, _: Exception | None) -> None:
        """The connection is no more, whoever ended it."""
        if self._state is RECEIVING:
            self._log(self._broken_off)
        self._transport = None
        self._enter(LEAVING, NEVER)
        self._retire()

    # --- what the server tells

    def expire(self) -> None:
        """The deadline has passed."""
        if self._state is RECEIVING:
            self._refuse(Refused(408, f"the request took longer than {self._server.patience.request:g} s"))
        elif self._state is IDLE:
            self._leave()
        else:
            self.cut_off()

    def drain(self) -> None:
        """Close, at once if nothing is in hand, else with the answer."""
        if self._state is not RECEIVING and self._task is None:
            self._leave()

    def cut_off(self) -> asyncio.Task[None] | None:
        """Close without another word. Gives what was in hand, which is cancelled."""
        self._abort()
        if self._task is not None:
            self._task.cancel()
        return self._task

    # --- from octets to an answer

    def _read(self, data: bytes) -> None:
        """Go on with a request, or begin one."""
        try:
            for message, payload in self._parser.feed_data(data)[0]:  # at most one
                self._begin(message, payload)
            if self._payload is not None:
                self._body(self._payload)
            elif data.strip(b"\r\n"):
                self._receive()
        except Refused as refused:
            self._refuse(refused)
        except HttpProcessingError as problem:
            told = problem.message or type(problem).__name__
            self._refuse(Refused(400, " ".join(told.partition("\n\n")[0].split()).rstrip(":")))

    def _begin(self, message: RawRequestMessage, payload: StreamReader) -> None:
        """Here is a head, and all or some or nothing yet of the body."""
        self._request = request = Request(message.method, message.path, message.headers)
        self._payload = payload
        self._last = message.should_close or message.upgrade
        self._stay = _STAY_10 if message.version == HttpVersion10 else _STAY
        if not payload.is_eof():
            if int(request.headers.get("Content-Length", "0")) > LARGEST:
                raise Refused(413, _TOO_LARGE)
            if request.headers.get("Expect", "").lower() == "100-continue" and message.version >= HttpVersion11:
                self._send(_CONTINUE)

    def _body(self, payload: StreamReader) -> None:
        """Hand the request over if it is whole."""
        if payload.total_bytes > LARGEST:
            raise Refused(413, _TOO_LARGE)
        if not payload.is_eof():
            self._receive()
            return
        assert self._request is not None, "a body has its head before it"
        self._request.body = payload.read_nowait()
        self._payload = None
        self._state, self.deadline = ANSWERING, NEVER
        self._task = self._loop.create_task(self._answer(self._request))

    def _receive(self) -> None:
        """There is a part of a request. Its time began with the first."""
        if self._state is IDLE:
            self._enter(RECEIVING, self._server.patience.request)

    async def _answer(self, request: Request) -> None:
        try:
            response = await self._server.handler(request)
        except Refused as refused:
            self._log(refused)
            response = refused.response
        except BaseException:  # its time is up, or it is at fault; asyncio tells of that
            self._abort()
            raise
        finally:
            self._task = None
            self._retire()
        last = self._last or self._server.draining
        self._reply(response, _CLOSE if last else self._stay)
        if last or self._transport is None:
            self._leave()
        elif self._clogged:
            self._enter(UNREAD, self._server.patience.request)
        else:
            self._go_on()

    def _reply(self, response: Response, ending: bytes) -> None:
        body = response.body
        sent = b"" if self._request is not None and self._request.method == "HEAD" else body
        self._send(b"%bContent-Length: %d\r\n%b%b" % (response.head, len(body), ending, sent))

    def _send(self, octets: bytes) -> None:
        if self._transport is not None:
            self._transport.write(octets)

    def _go_on(self) -> None:
        """Look for the next request in what has come meanwhile."""
        if self._transport is None:
            return
        ahead, self._ahead = self._ahead, b""
        if ahead:
            self._transport.resume_reading()
        self._request = None
        self._enter(IDLE, self._server.patience.idle)
        self._parser.message_consumed()
        self._read(ahead)
        if self._ended and self._state is RECEIVING:
            self._refuse(self._broken_off)
        elif self._ended and self._state is IDLE:
            self._leave()

    # --- ends

    @property
    def _broken_off(self) -> Refused:
        return Refused(400, f"the {'head' if self._request is None else 'body'} broke off")

    def _refuse(self, refused: Refused) -> None:
        """Answer what isn't a whole request, and close."""
        self._log(refused)
        self._reply(refused.response, _CLOSE)
        self._leave(amid=not self._ended)

    def _leave(self, *, amid: bool = False) -> None:
        """Close when everything is sent. `amid` a request of the client's, wait until it closes too."""
        if self._transport is None:
            return
        self._enter(LEAVING, self._server.patience.leave)
        if amid or (self._ahead and not self._ended):
            self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    def _abort(self) -> None:
        if self._transport is not None:
            self._enter(LEAVING, NEVER)
            self._transport.abort()

    def _log(self, refused: Refused) -> None:
        request = self._request
        where = {} if request is None else {"method": request.method, "path": request.path}
        log.warning("refused", status=refused.status, reason=refused.line, **where)

    def _enter(self, state: State, patience: float) -> None:
        self._state = state
        self.deadline = self._loop.time() + patience

    def _retire(self) -> None:
        """Be forgotten, unless there is something left to do."""
        if self._transport is None and self._task is None:
            self._server.forget(self)


class _Unhurried(BaseProtocol):
    """What the parser's streams ask to pause when they hold much. They never hold more than `LARGEST` and a read."""

    __slots__ = ()

    def pause_reading(self) -> None:
        pass

    def resume_reading(self, resume_parser: bool = True) -> None:
        pass
