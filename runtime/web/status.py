"""The operator's side: `/status`, `/healthz`, `/readyz`, and the moving of calls, on a listener of its own."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from yarl import URL

from actors import JournalError, MaybeMoved, NotMoved
from runtime.settings import LOOPBACK

PROBES = frozenset({"/healthz", "/readyz"})
"""What a load balancer asks, without a token; it learns nothing but yes or no."""
MOST = 1000
"""Calls on one page of the status."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def status_app(
    status: Callable[[int, str | None], dict[str, Any]],
    hindrance: Callable[[], str],
    redirect: Callable[[str, str], Awaitable[None]],
    token: str,
) -> web.Application:
    """The application behind the status listener.

    Args:
        status: gives the snapshot, for a page's size and the CallSid that it comes after.
        hindrance: why no new calls are taken; "" while they are.
        redirect: has a call go on at a state.
        token: what a request must bring as `Authorization: Bearer …`; "" for nothing.
    """

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        guarded = token and request.path not in PROBES
        if guarded and not hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()):
            return web.Response(status=401, text="a bearer token is needed\n", headers={"WWW-Authenticate": "Bearer"})
        return await handler(request)

    async def show(request: web.Request) -> web.Response:
        limit = request.query.get("limit", "100")
        if not (limit.isascii() and limit.isdecimal() and len(limit) < 10 and 1 <= int(limit) <= MOST):
            return web.Response(status=400, text=f"limit is a whole number from 1 to {MOST}\n")
        return web.json_response(status(int(limit), request.query.get("after")))

    async def healthy(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def is_ready(_: web.Request) -> web.Response:
        why_not = hindrance()
        return web.Response(status=503 if why_not else 200, text=f"{why_not or 'ready'}\n")

    app = web.Application(middlewares=[guard])
    app.add_routes([web.get("/status", show), web.get("/healthz", healthy), web.get("/readyz", is_ready)])
    app.add_routes([web.post("/calls/{call_sid}/redirect", _mover(redirect, token))])
    return app


def _mover(
    redirect: Callable[[str, str], Awaitable[None]], token: str
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def move(request: web.Request) -> web.Response:
        # What a browser shows of somebody else's knows us by another name, and can't send JSON from another origin.
        if not (token or URL(f"//{request.host}").host in LOOPBACK):
            return web.Response(status=403, text="ask by a name of the loopback, or set status_token\n")
        if request.content_type != "application/json":
            return web.Response(status=415, text='send {"state": "…"} as application/json\n')
        if (state := await _state_in(request)) is None:
            return web.Response(status=400, text='send {"state": "…"} with the rank or the label to go on at\n')
        call_sid = request.match_info["call_sid"]
        try:
            await redirect(call_sid, state)
        except (NotMoved, JournalError) as problem:
            status = next(status for kind, status in _REFUSALS.items() if isinstance(problem, kind))
            return web.Response(status=status, text=f"{problem}\n")
        return web.json_response({"call_sid": call_sid, "state": state})

    return move


_REFUSALS = {MaybeMoved: 504, NotMoved: 409, JournalError: 503}
"""What is answered for each reason not to move a call; the first that fits."""


async def _state_in(request: web.Request) -> str | None:
    try:
        state = (await request.json())["state"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    return state if isinstance(state, str) and state else None
