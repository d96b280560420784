"""The operator's side: the status as JSON, a page at a time, whether it lives, whether it takes calls."""

from __future__ import annotations

import asyncio
import os
import socket
import time

import aiohttp
import pytest

from tests.wire import ME, YOU, a_call, dial, post

MENU = """
    recipe = [Gather([Say("menu")], num_digits=1, after_ext=[ResponseExt("1", "one", [Say("one"), Record()])])]
"""


@pytest.fixture
def ask():
    """GET something of the status listener: its status and its JSON, or text."""

    async def get(daemon, path, **headers):
        async with aiohttp.ClientSession() as session:
            return await asyncio.wait_for(fetch(session, daemon.status_url + path, headers), 30)

    async def fetch(session, url, headers):
        async with session.get(url, headers=headers) as response:
            is_json = response.content_type == "application/json"
            return response.status, await (response.json() if is_json else response.text())

    return get


async def test_what_an_idle_daemon_shows(serve, folder, ask):
    folder["menu"] = MENU
    folder["machine"] = "def handle_request(path, params): return []"
    daemon = await serve(folder)

    status, shown = await ask(daemon, "/status")

    assert status == 200
    assert shown.pop("uptime_s") >= 0
    assert shown == {
        "node": f"{socket.gethostname()}:{os.getpid()}",
        "version": "0.1.0",
        "journal": "memory:",
        "draining": False,
        "reload": None,
        "messages": {"conversations": 0, "answered": 0, "failed": 0},
        "refused": 0,
        "calls": {"in_progress": 0, "started": 0, "completed": 0, "failed": 0, "restarts": 0},
        "recipes": [
            {"name": "machine", "path": "/machine", "states": 0, "findings": 0},
            {"name": "menu", "path": "/menu", "states": 8, "findings": 2},
        ],
        "in_progress": [],
        "next": None,
        "dead_letters": 0,
        "latest_dead_letters": [],
        "failures": [],
    }


async def test_a_call_in_progress(serve, folder, ask):
    folder["menu"] = MENU
    daemon = await serve(folder)
    before = time.time()
    await post(daemon, "/menu", a_call())
    await post(daemon, "/menu/1?step=1", a_call(status="in-progress", Digits="1"))

    _, shown = await ask(daemon, "/status")

    [call] = shown["in_progress"]
    assert before <= call.pop("since") <= time.time()
    assert call == {
        "call_sid": "CA1",
        "recipe": "menu",
        "from": ME,
        "to": YOU,
        "state": "1.3.2",
        "last_event": "gather_response",
    }
    assert shown["calls"] == {"in_progress": 1, "started": 1, "completed": 0, "failed": 0, "restarts": 0}


async def test_calls_that_are_over_are_counted_and_not_shown(serve, folder, ask):
    folder["menu"] = MENU
    folder["wrong"] = "def recipe(call): raise ValueError"
    daemon = await serve(folder)
    await dial(daemon, "menu")
    await dial(daemon, "wrong")
    await post(daemon, "/menu", a_call())

    _, shown = await ask(daemon, "/status")

    assert shown["calls"] == {"in_progress": 1, "started": 3, "completed": 1, "failed": 1, "restarts": 0}
    assert [call["call_sid"] for call in shown["in_progress"]] == ["CA1"]


async def test_calls_are_shown_a_page_at_a_time(serve, folder, ask):
    folder["menu"] = MENU
    daemon = await serve(folder)
    for n in range(7):
        await post(daemon, "/menu", a_call(f"CA{n}"))

    pages, after = [], ""
    while after is not None:
        _, shown = await ask(daemon, f"/status?limit=3&after={after}")
        pages.append([call["call_sid"] for call in shown["in_progress"]])
        after = shown["next"]

    assert pages == [["CA0", "CA1", "CA2"], ["CA3", "CA4", "CA5"], ["CA6"]]
    assert shown["calls"]["in_progress"] == 7


async def test_a_page_after_a_call_that_has_gone_is_the_first_one(serve, folder, ask):
    folder["menu"] = MENU
    daemon = await serve(folder)
    await post(daemon, "/menu", a_call())

    _, shown = await ask(daemon, "/status?after=CA404")

    assert [call["call_sid"] for call in shown["in_progress"]] == ["CA1"]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", "", "1.5", "٣", "9" * 5000])
async def test_a_limit_that_is_none(serve, ask, limit):
    status, text = await ask(await serve(), f"/status?limit={limit}")

    assert (status, text) == (400, "limit is a whole number from 1 to 1000\n")


async def test_failed_calls_and_dead_letters_are_on_the_list(serve, folder, ask, monkeypatch):
    folder["menu"] = MENU
    daemon = await serve(folder)

    async def full(*_, **__):
        raise OSError("no space left on device")

    monkeypatch.setattr(daemon.journal, "commit", full)
    reply = await post(daemon, "/menu", a_call())
    _, shown = await ask(daemon, "/status")

    assert reply.verbs[0].startswith("<Say>We are sorry")
    [failure] = shown["failures"]
    assert failure.pop("at") > 0
    assert failure == {"sid": "CA1", "recipe": "menu", "reason": "OSError: no space left on device"}


async def test_it_lives_and_takes_calls(serve, ask):
    daemon = await serve()

    assert await ask(daemon, "/healthz") == (200, "ok\n")
    assert await ask(daemon, "/readyz") == (200, "ready\n")


async def test_while_it_drains_it_lives_and_takes_no_calls(serve, folder, ask):
    folder["slow"] = """
        import asyncio

        begun, release = asyncio.Event(), asyncio.Event()

        async def recipe(call):
            begun.set()
            await release.wait()
            return [Say("done")]
    """
    daemon = await serve(folder)
    in_hand = asyncio.create_task(post(daemon, "/slow", a_call()))
    await asyncio.wait_for(folder["slow"].begun.wait(), 30)

    stopping = asyncio.create_task(daemon.stop())
    await asyncio.sleep(0)
    ready, health, (_, shown) = [await ask(daemon, path) for path in ("/readyz", "/healthz", "/status")]
    with pytest.raises(aiohttp.ClientConnectorError):
        await post(daemon, "/slow", a_call("CA2"))
    folder["slow"].release.set()
    reply = await in_hand
    await asyncio.wait_for(stopping, 30)

    assert (ready, health, shown["draining"]) == ((503, "draining\n"), (200, "ok\n"), True)
    assert reply.verbs[0] == "<Say>done</Say>"
    with pytest.raises(aiohttp.ClientConnectorError):
        await ask(daemon, "/healthz")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
async def test_a_load_balancer_needs_no_token(serve, ask, path):
    daemon = await serve(status_token="tøken")

    status, _ = await ask(daemon, path)
    assert status == 200


@pytest.mark.parametrize("path", ["/status", "/nonesuch"])
async def test_a_bearer_token_is_asked_for_if_there_is_one(serve, ask, path):
    daemon = await serve(status_token="tøken")

    for given in ({}, {"Authorization": "Bearer a guess"}, {"Authorization": "Basic tøken"}, {"Authorization": ""}):
        assert await ask(daemon, path, **given) == (401, "a bearer token is needed\n")
    status, _ = await ask(daemon, path, Authorization="Bearer tøken")
    assert status == (404 if path == "/nonesuch" else 200)
