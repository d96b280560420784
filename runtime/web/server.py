"""aiohttp's HTTP server, but for what it makes of a request that isn't HTTP.

aiohttp answers one in several lines and logs a traceback. Here it gets what every refusal gets:
one line, and one event in the log.
"""

from __future__ import annotations

import asyncio

import structlog
from aiohttp import web

log = structlog.get_logger("switchhook.web")


class Connection(web.RequestHandler):
    """One connection of a client's."""

    __slots__ = ()

    def handle_error(
        self, request: web.BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.Response:
        """Refuse what could not be read; the connection is closed."""
        told = message or f"{type(exc).__name__}: {exc}"
        reason = " ".join(told.partition("\n\n")[0].split()).rstrip(":")
        log.warning("refused", status=status, reason=reason, method=request.method, path=request.path)
        response = web.Response(status=status, text=reason + "\n")
        response.force_close()
        return response


class Server(web.Server):
    """Makes a `Connection` of each client's connection. Bodies are left as they came: Twilio compresses none."""

    def __call__(self) -> web.RequestHandler:
        """The protocol of a new connection."""
        return Connection(
            self,
            loop=asyncio.get_running_loop(),
            access_log=None,  # type: ignore[arg-type] # aiohttp takes None for none
            auto_decompress=False,
        )
