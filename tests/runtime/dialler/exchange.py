"""Twilio's calls on loopback: they can be made, listed and fetched, and the line can be bad."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qsl

from aiohttp import web
from aiohttp.test_utils import TestServer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

ACCOUNT = "AC" + "0" * 32
FROM = "+441314960100"
PAGE = 50


def number(n: int) -> str:
    """One of ten thousand numbers that nobody has."""
    return f"+44131496{n:04}"


def rows(numbers: Iterable[int]) -> str:
    """A file of these."""
    return "".join(f"{line}\n" for line in ["to", *map(number, numbers)])


class Lost(Exception):
    """The connection is cut in place of an answer."""


class Exchange:
    """Keeps calls.

    `before` and `after` are awaited around the making of the n-th call, and may raise `Lost`. What is in `refusals`
    by number is answered in place of a call, and what is in `answers` by method in place of anything. Its clock is
    `ahead` of ours by some seconds. If it is `silent` it answers nothing until the test is over.
    """

    def __init__(self) -> None:
        self.calls: list[dict[str, Any]] = []
        self.forms: list[dict[str, str]] = []
        self.asked: Counter[str] = Counter()
        self.refusals: dict[str, tuple[int, dict[str, Any]]] = {}
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}
        self.before: Callable[[int], Awaitable[None]] = quietly
        self.after: Callable[[int], Awaitable[None]] = quietly
        self.statuses: dict[str, str] = {}
        self.unlisted: set[str] = set()
        self.ahead = 0.0
        self.silent = False
        self.over = asyncio.Event()
        self.url = ""
        self._heard = asyncio.Event()
        self._server = TestServer(web.Application(), host="127.0.0.1")

    async def __aenter__(self) -> Self:
        self._server.app.router.add_route("*", "/{path:.*}", self._answer)
        await self._server.start_server()
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.over.set()
        await self._server.close()

    async def until(self, reached: Callable[[], bool]) -> None:
        """Wait until enough was asked. Thirty seconds at most."""
        async with asyncio.timeout(30):
            while not reached():
                self._heard.clear()
                await self._heard.wait()

    async def hold(self, _: int) -> None:
        """No answer, for as long as the test takes."""
        await self.over.wait()

    @property
    def called(self) -> Counter[str]:
        """How often each number was called."""
        return Counter(each["to"] for each in self.calls)

    def sid_of(self, to: str) -> str:
        """The SID of a number's one call."""
        [call] = [each for each in self.calls if each["to"] == to]
        return call["sid"]

    def make(self, to: str, from_: str = FROM, *, age: float = 0.0, **more: str) -> dict[str, Any]:
        """Make a call."""
        sid, date = f"CA{len(self.calls) + 1:032}", formatdate(time.time() + self.ahead - age)
        call = {"sid": sid, "to": to, "from": from_, "direction": "outbound-api", "date_created": date, **more}
        self.calls.insert(0, call)
        return call

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        name = request.path.rpartition("/")[2]
        self.asked[f"{request.method} {name if name == 'Calls.json' else 'one'}"] += 1
        self._heard.set()
        if self.silent:
            await self.over.wait()
        form = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        try:
            status, body = self.answers.get(request.method) or await self._found(request, name, dict(form))
        except Lost:
            request.transport.abort()
            return web.Response()
        date = formatdate(time.time() + self.ahead, usegmt=True)
        return web.json_response(body, status=status, headers={"Date": date})

    async def _found(self, request: web.Request, name: str, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if request.method == "POST":
            return await self._made(form)
        if name == "Calls.json":
            return 200, self._list(dict(request.query))
        fitting = [each for each in self.calls if f"{each['sid']}.json" == name]
        return (200, self._shown(fitting[0])) if fitting else (404, {"code": 20404, "message": "not found"})

    async def _made(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        self.forms.append(form)
        self._heard.set()
        n = len(self.forms)
        if form["To"] in self.refusals:
            return self.refusals[form["To"]]
        await self.before(n)
        call = self.make(form["To"], form["From"])
        await self.after(n)
        return 201, self._shown(call)

    def _list(self, query: dict[str, str]) -> dict[str, Any]:
        asked = {"to": query.get("To"), "from": query.get("From")}
        fitting = [
            self._shown(each)
            for each in self.calls
            if all(value is None or each[name] == value for name, value in asked.items())
            and each["sid"] not in self.unlisted
        ]
        size, page = int(query.get("PageSize", PAGE)), int(query.get("Page", 0))
        following = "&".join(
            [*(f"{name}={value}" for name, value in query.items() if name != "Page"), f"Page={page + 1}"]
        )
        more = f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json?{following.replace('+', '%2B')}"
        shown = fitting[page * size : (page + 1) * size]
        return {"calls": shown, "next_page_uri": more if len(fitting) > (page + 1) * size else None}

    def _shown(self, call: dict[str, Any]) -> dict[str, Any]:
        return {"status": self.statuses.get(call["to"], "queued"), **call}


async def quietly(_: int) -> None:
    """Nothing happens."""


def lost_at(*which: int) -> Callable[[int], Awaitable[None]]:
    """The connection is cut at these calls."""

    async def lose(n: int) -> None:
        if n in which:
            raise Lost

    return lose
