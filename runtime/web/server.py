"""The server that Twilio's requests come to: it listens, keeps time for its connections, and drains."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import structlog

from runtime.web.connection import Connection, Patience
from runtime.web.message import Request, Response

log = structlog.get_logger("switchhook.web")

TURNS = 3
"""Turns of a loop after which a connection that it has accepted is known to the server."""

Handler = Callable[[Request], Awaitable[Response]]


class Server:
    """Gives each request to a handler, and its answer to the client.

    Args:
        handler: answers a request. It may raise `Refused`, and nothing else.
        patience: the seconds that connections are given.
        tick: the seconds between two looks at whose time is up.
    """

    def __init__(self, handler: Handler, patience: Patience | None = None, tick: float = 1.0) -> None:
        self.handler = handler
        self.patience = patience or Patience()
        self.connections: set[Connection] = set()
        self.draining = False
        self._tick = tick
        self._listener: asyncio.Server | None = None
        self._look: asyncio.TimerHandle | None = None
        self._all_gone = asyncio.Event()

    async def start(self, sock: socket.socket) -> None:
        """Take connections from a socket, which is closed with the server."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Connection(self, loop), sock=sock, backlog=1024)
        self._look_around(loop)

    async def drain(self, seconds: float) -> None:
        """Stop: take no more connections, close those with nothing in hand, and the others once they are answered.

        A request that is in hand, or on its way, is answered with `Connection: close`. What still isn't
        after so many seconds is cancelled.
        """
        self.draining = True
        if self._listener is not None:
            self._listener.close()
        try:
            async with asyncio.timeout(seconds):
                await self._greet()
                for connection in tuple(self.connections):
                    connection.drain()
                await self._gone()
        except TimeoutError:
            await self._cut_off()
        finally:
            if self._look is not None:
                self._look.cancel()

    def forget(self, connection: Connection) -> None:
        """A connection is closed, and nothing of it in hand."""
        self.connections.discard(connection)
        if not self.connections:
            self._all_gone.set()

    async def _greet(self) -> None:
        """Let those who have just connected say what they want: closed now, they would find the line dead."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if self.connections:
            await asyncio.sleep(self.patience.greeting)

    async def _gone(self) -> None:
        while self.connections:
            self._all_gone.clear()
            await self._all_gone.wait()

    async def _cut_off(self) -> None:
        tasks = [task for connection in tuple(self.connections) if (task := connection.cut_off()) is not None]
        if tasks:
            log.warning("cut_off", requests=len(tasks))
            await asyncio.wait(tasks, timeout=self.patience.leave)

    def _look_around(self, loop: asyncio.AbstractEventLoop) -> None:
        self._look = loop.call_later(self._tick, self._look_around, loop)
        now = loop.time()
        for connection in [each for each in self.connections if each.deadline <= now]:
            connection.expire()
