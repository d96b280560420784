"""`switchhook status`: the status endpoint in the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import termios

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.runtime.commands.conftest import SWITCHHOOK
from tests.wire import ME, YOU, a_call, dial, post


@pytest.fixture
def status():
    """Run the command beside the loop that answers it."""

    async def status(*args: object) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            SWITCHHOOK, "status", *map(str, args), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        out, err = await asyncio.wait_for(process.communicate(), 40)
        assert b"Traceback" not in err
        return process.returncode, out.decode(), err.decode()

    return status


@pytest.fixture
async def somebody_else():
    """A server that isn't ours: whatever is asked, it answers `text`."""

    async def answer(_):
        asked.append(_)
        if len(asked) == 2:
            server.asked_twice.set()
        return web.Response(text=server.text, content_type="application/json")

    asked = []
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = TestServer(app, host="127.0.0.1")
    server.asked_twice = asyncio.Event()
    await server.start_server()
    yield server
    await server.close()


async def test_counts_and_calls(serve, folder, status):
    folder["wrong"] = "def recipe(call): raise ValueError('no [bold]disk[/nonesuch]')"
    folder["menu"] = 'recipe = [Gather([Say("menu")], after_ext=[ResponseExt("1", "one")])]'
    daemon = await serve(folder)
    await dial(daemon, "menu")
    await dial(daemon, "wrong")
    await post(daemon, "/menu", a_call("CA1", From="sip:[bold]x[/nonesuch]@example.com"))

    code, out, err = await status("--url", daemon.status_url)

    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "switchhook 0.1.0, up " in lines[0]
    assert lines[0].rstrip().endswith("memory:")
    assert lines[1].split() == "in progress 1 started 3 completed 1 failed 1 restarts 0".split()
    assert lines[2].split() == ["dead", "letters", "0"]
    assert "CA1" in out
    assert "sip:[bold]x[/nonesuch]@example.com" in out
    assert "1.2" in out
    assert "wrong:recipe raised ValueError: no [bold]disk[/nonesuch]" in out


@pytest.fixture
async def a_menu(serve, folder):
    """A daemon with a call, and the call's Sid."""
    folder["menu"] = 'recipe = [Gather([Say("menu")], after_ext=[ResponseExt("1", "one")])]'
    daemon = await serve(folder)
    sid = "CA" + "7" * 32
    await post(daemon, "/menu", a_call(sid))
    return daemon, sid


async def test_numbers_are_masked_unless_they_are_asked_for(a_menu, status):
    daemon, _ = a_menu

    masked, whole = [(await status("--url", daemon.status_url, *more))[1] for more in ((), ("--unmasked",))]

    assert ME not in masked
    assert YOU not in masked
    assert masked.splitlines()[-1].split()[3:5] == [f"+44{'#' * 10}"] * 2
    assert whole.splitlines()[-1].split()[3:5] == [ME, YOU]


async def test_in_a_narrow_terminal_a_sid_is_shortened_and_for_a_program_it_is_not(a_menu, status, monkeypatch):
    daemon, sid = a_menu
    monkeypatch.setenv("COLUMNS", "80")
    _, narrow, _ = await status("--url", daemon.status_url)
    monkeypatch.delenv("COLUMNS")
    _, piped, _ = await status("--url", daemon.status_url)

    assert narrow.rstrip().endswith(f"{sid[:10]}…")
    assert piped.rstrip().endswith(sid)
    assert len(piped.splitlines()) == len(narrow.splitlines())


async def test_a_terminal_s_own_width_counts(a_menu, monkeypatch):
    """A terminal of 80 columns, of which the environment says nothing."""
    daemon, sid = a_menu
    monkeypatch.delenv("COLUMNS")
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, (24, 80))
    process = await asyncio.create_subprocess_exec(
        *(SWITCHHOOK, "status", "--url", daemon.status_url),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(follower)
    assert await asyncio.wait_for(process.wait(), 40) == 0
    shown = os.read(leader, 65_536).decode()
    os.close(leader)

    assert f"{sid[:10]}…" in shown
    assert sid not in shown


async def test_it_asks_where_the_settings_say_with_the_token_they_say(serve, status, monkeypatch):
    daemon = await serve(status_token="s3cret")
    monkeypatch.setenv("SWITCHHOOK_ADMIN_PORT", daemon.status_url.rpartition(":")[2])

    refused = await status()
    monkeypatch.setenv("SWITCHHOOK_STATUS_TOKEN", "s3cret")
    shown = await status()

    assert refused == (1, "", f"{daemon.status_url}/status answered 401: a bearer token is needed\n")
    assert shown[0] == 0


async def test_watching_goes_on_until_ctrl_c(serve, somebody_else):
    somebody_else.text = json.dumps((await serve()).status())
    process = await asyncio.create_subprocess_exec(
        SWITCHHOOK,
        "status",
        "--watch",
        "--url",
        str(somebody_else.make_url("")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        await somebody_else.asked_twice.wait()
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()

    assert (process.returncode, err) == (0, b"")
    assert b"in progress" in out


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://", "http://127.0.0.1:99999", "http://[bad"])
async def test_where_nobody_listens(status, url):
    code, out, err = await status("--url", url)

    assert (code, out) == (1, "")
    assert err.startswith(f"{url.rstrip('/')}: no status to be had: ")
    assert err.count("\n") == 1


async def test_where_nobody_listens_it_is_asked_whether_the_daemon_runs(status):
    _, _, err = await status("--url", "http://127.0.0.1:1")

    assert "no status to be had: can't connect: " in err
    assert err.endswith("; is the daemon running?\n")
    assert "ssl" not in err


@pytest.mark.parametrize("command", ["status", "redirect"])
@pytest.mark.parametrize("url", ["127.0.0.1:8081", "localhost", "ftp://x", ""])
def test_an_endpoint_without_its_scheme_is_told_how_it_is_given(run, command, url):
    words = ("redirect", "CA1", "top") if command == "redirect" else ("status",)

    result = run(*words, "--url", url)

    assert result.exit_code == 2
    assert result.stderr == f"--url is {url!r}: give it with its http://, like http://127.0.0.1:8081\n"


async def test_a_daemon_on_the_loopback_of_ipv6_is_asked_there(status, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_ADMIN_HOST", "::1")
    monkeypatch.setenv("SWITCHHOOK_ADMIN_PORT", "1")

    code, out, err = await status()

    assert (code, out) == (1, "")
    assert err.startswith("http://[::1]:1: no status to be had: can't connect: ")


@pytest.mark.parametrize("text", ["hello", "{}", "[]", "7", '{"calls": 7}', "null", '{"node": "x", "calls": {}}'])
async def test_somebody_else_listens(status, somebody_else, text):
    somebody_else.text = text

    code, _, err = await status("--url", somebody_else.make_url(""))

    assert code == 1
    assert "no status to be had" in err
    assert err.count("\n") == 1
