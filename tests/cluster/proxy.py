"""The load balancer: each webhook goes to the next daemon that says it takes calls.

Whether it does is asked at `/readyz`, several times a second. That is late news for a webhook that
comes right behind a `kill -9`: a daemon that refuses the connection has seen nothing of it, so it goes
to the other. The path is passed on byte for byte, for it was signed.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp import web
from yarl import URL

if TYPE_CHECKING:
    from tests.cluster.daemon import Daemon

LOOK = 0.2
"""Seconds between two looks at who is ready."""
WITHIN = aiohttp.ClientTimeout(total=15, connect=1)
HOP = frozenset({"Connection", "Content-Length"})
"""Headers that are of one connection alone."""


class Proxy:
    """Listens on a free port of 127.0.0.1, at `url`, before `daemons` do."""

    def __init__(self) -> None:
        self.daemons: deque[Daemon] = deque()
        self.ready: set[Daemon] = set()
        self.answered: list[Daemon] = []
        """Who answered each webhook."""
        self.refused: list[Daemon] = []
        """Who refused the connection of the latest one."""
        self.url = ""

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True), timeout=WITHIN)
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0]
        self.url = f"http://{host}:{port}"
        self._looking = asyncio.create_task(self._look_again_and_again())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._looking.cancel()
        await self._runner.cleanup()
        await self._session.close()

    async def look(self) -> None:
        """Ask who is ready."""
        said = await asyncio.gather(*map(self._is_ready, tuple(self.daemons)))
        self.ready = {daemon for daemon in said if daemon is not None}

    async def _look_again_and_again(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK)

    async def _is_ready(self, daemon: Daemon) -> Daemon | None:
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with self._session.get(f"{daemon.status_url}/readyz") as response:
                return daemon if response.status == 200 else None
        return None

    async def _pass_on(self, request: web.Request) -> web.Response:
        self.refused = []
        body = await request.read()
        headers = {name: value for name, value in request.headers.items() if name not in HOP}
        for daemon in [each for each in self.daemons if each in self.ready]:
            url = URL(daemon.url + request.raw_path, encoded=True)
            self.daemons.remove(daemon)
            self.daemons.append(daemon)  # the others go first the next time
            try:
                async with self._session.request(request.method, url, data=body, headers=headers) as response:
                    answer = web.Response(status=response.status, body=await response.read())
            except aiohttp.ClientConnectorError:
                self.refused.append(daemon)
                self.ready.discard(daemon)
                continue
            except (aiohttp.ClientError, TimeoutError) as problem:
                return web.Response(status=502, text=f"{daemon.name}: {problem or type(problem).__name__}\n")
            self.answered.append(daemon)
            answer.headers["Content-Type"] = response.headers.get("Content-Type", "text/plain")
            return answer
        return web.Response(status=503, text="nobody takes calls\n")
