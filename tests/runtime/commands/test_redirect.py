"""`switchhook redirect`: what is asked of the daemon, and how its answers are told. Whole calls: test_outbound_live."""

from __future__ import annotations

import asyncio
import contextlib
import doctest
import socket
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime.commands import endpoint

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable


class Daemon:
    """What answers at the status endpoint, and what it was asked."""

    def __init__(self) -> None:
        self.will = web.json_response({})
        self.asked: list[tuple[str, Any, str | None]] = []
        self.answer_otherwise: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.match_info["call_sid"], await request.json(), request.headers.get("Authorization")))
        return self.will if self.answer_otherwise is None else await self.answer_otherwise(request)


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    daemon, app = Daemon(), web.Application()
    app.router.add_post("/calls/{call_sid}/redirect", daemon.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        daemon.url = str(server.make_url(""))
        yield daemon


@pytest.fixture
def redirect(run) -> Callable[..., Any]:
    """Run the command beside the loop that answers it: its exit code and what it says."""

    async def redirect(*args: object) -> tuple[int, str]:
        result = await asyncio.to_thread(run, "redirect", *args)
        return result.exit_code, result.output

    return redirect


async def test_the_call_and_the_state_are_told_with_the_token(daemon, redirect, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_STATUS_TOKEN", "open sesame")

    assert await redirect("CA1", "2.1", "--url", daemon.url) == (0, "CA1 goes on at 2.1\n")

    assert daemon.asked == [("CA1", {"state": "2.1"}, "Bearer open sesame")]


@pytest.mark.parametrize("call_sid", ["/CA1", "CA1/../CA2", "CA1?x=1", "a b", "é"])
async def test_a_call_sid_is_asked_for_as_it_is_given(daemon, redirect, call_sid):
    daemon.will = web.Response(status=409, text=f"{call_sid}: there is no such call\n")

    assert await redirect(call_sid, "x", "--url", daemon.url) == (1, f"{call_sid}: there is no such call\n")

    assert daemon.asked == [(call_sid, {"state": "x"}, None)]


@pytest.mark.parametrize(("status", "code"), [(401, 1), (409, 1), (503, 1), (500, 3), (502, 3), (504, 3)])
async def test_the_daemon_s_own_words_are_shown(daemon, redirect, status, code):
    daemon.will = web.Response(status=status, text="words\n")

    assert await redirect("CA1", "2.1", "--url", daemon.url) == (code, "words\n")


async def test_an_answer_without_words_is_told_by_its_number(daemon, redirect):
    daemon.will = web.Response(status=503)

    assert await redirect("CA1", "2.1", "--url", f"{daemon.url}/") == (1, f"{daemon.url.rstrip('/')} answered 503\n")


async def cut_off(request: web.Request) -> web.Response:
    """It has heard, and the connection is gone."""
    request.transport.abort()
    return web.Response()


async def cut_short(request: web.Request) -> web.Response:
    """Half an answer, in which something is wrong."""
    response = web.StreamResponse(status=500, headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"half")
    request.transport.close()
    return response


async def not_http(request: web.Request) -> web.Response:
    """What isn't HTTP."""
    request.transport.write(b"hello\r\n\r\n")
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("answer", [cut_off, cut_short, not_http])
async def test_nobody_knows_if_the_answer_is_lost(daemon, redirect, answer):
    daemon.answer_otherwise = answer

    code, said = await redirect("CA1", "2.1", "--url", daemon.url)

    assert code == 3
    assert said.startswith(f"CA1: nobody knows whether it goes on at 2.1: {daemon.url}: ")
    assert said.count("\n") == 1
    assert not said.endswith(": \n")
    assert len(daemon.asked) == 1


async def test_nor_if_none_comes_in_time(daemon, redirect, monkeypatch):
    monkeypatch.setattr("runtime.commands.redirect.PATIENCE", 0.2)
    over = asyncio.Event()

    async def silent(_: web.Request) -> web.Response:
        await over.wait()
        return web.Response()

    daemon.answer_otherwise = silent

    code, said = await redirect("CA1", "2.1", "--url", daemon.url)
    over.set()

    assert (code, said) == (
        3, f"CA1: nobody knows whether it goes on at 2.1: {daemon.url}: no answer came within 0.2 seconds\n",
    )  # fmt: skip


async def test_nobody_is_asked_who_takes_no_connection_in_time(redirect, monkeypatch):
    """Its backlog is full, so that the kernel answers nothing."""
    monkeypatch.setattr("runtime.commands.redirect.CONNECT", 0.2)
    with contextlib.ExitStack() as open_:
        full = open_.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        url = f"http://127.0.0.1:{full.getsockname()[1]}"
        for _ in range(8):
            waiting = open_.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        code, said = await redirect("CA1", "2.1", "--url", url)

    assert code == 1
    assert said.startswith(f"{url}: the daemon can't be asked: ")
    assert not said.endswith(": \n")


@pytest.mark.parametrize(("status", "code"), [(409, 1), (504, 3)])
async def test_words_that_can_not_be_read_hide_no_answer(daemon, redirect, status, code):
    daemon.will = web.Response(status=status, body=b"caf\xe9\n", content_type="text/plain", charset="utf-8")

    assert await redirect("CA1", "2.1", "--url", daemon.url) == (code, "caf\ufffd\n")


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:1", "http://", "http://[bad", "http://h:99999", "http://[::1"],
)
async def test_where_nobody_can_be_asked(redirect, url):
    code, said = await redirect("CA1", "2.1", "--url", url)

    assert code == 1
    assert said.startswith(f"{url.rstrip('/')}: the daemon can't be asked: ")
    assert said.count("\n") == 1


async def test_a_daemon_on_the_loopback_of_ipv6_is_asked_there(redirect, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_ADMIN_HOST", "::1")
    monkeypatch.setenv("SWITCHHOOK_ADMIN_PORT", "1")

    code, said = await redirect("CA1", "2.1")

    assert code == 1
    assert said.startswith("http://[::1]:1: the daemon can't be asked: can't connect: ")


def test_the_example_of_the_endpoint():
    assert doctest.testmod(endpoint) == (0, 1)
