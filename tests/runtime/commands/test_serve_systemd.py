"""`switchhook serve` as a service of systemd's. The test plays systemd: it listens, hands over sockets, restarts."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
from types import SimpleNamespace

import aiohttp
import pytest

from tests.runtime.commands.conftest import SWITCHHOOK, end
from tests.wire import a_call, post

ON_FREE_PORTS = ("--port", "0", "--admin-port", "0")
NOBODY = ()
"""No sockets, but started by systemd all the same."""


@pytest.fixture
def ports():
    """The two ports that systemd has opened: Twilio's, and the status'."""
    with socket.create_server(("127.0.0.1", 0)) as front, socket.create_server(("127.0.0.1", 0)) as admin:
        yield SimpleNamespace(
            sockets=[("admin", admin), ("switchhook", front)],
            url=f"http://127.0.0.1:{front.getsockname()[1]}",
            status_url=f"http://127.0.0.1:{admin.getsockname()[1]}",
        )


@pytest.fixture
def greeting(folder):
    folder["greeting"] = 'recipe = [Say("hello")]'
    return folder


async def serving(start, ports, recipes):
    return await (await start("serve", "--recipes", recipes, sockets=ports.sockets)).listening()


async def is_ready(daemon):
    async with aiohttp.ClientSession() as session, session.get(daemon.status_url + "/readyz") as response:
        return response.status


# --- what is told --------------------------------------------------------------------------------


async def test_start_reload_and_drain_are_told_in_order(start, manager, folder, latch, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_DRAIN_SECONDS", "20")
    daemon = await start("serve", *ON_FREE_PORTS, "--recipes", folder, sockets=NOBODY)

    ready = await manager.told()
    await daemon.listening()
    assert ready == ["READY=1", f"STATUS=1 recipes at {daemon.url}"]
    assert await is_ready(daemon) == 200

    folder["greeting"] = "recipe = [Say('hello')]"
    daemon.send(signal.SIGHUP)
    assert [(await manager.told())[0], await manager.told()] == [
        "RELOADING=1",
        ["READY=1", f"STATUS=2 recipes at {daemon.url}"],
    ]

    folder["greeting"] = "1 / 0"
    daemon.send(signal.SIGHUP)
    assert [(await manager.told())[0], await manager.told()] == [
        "RELOADING=1",
        ["READY=1", f"STATUS=2 recipes at {daemon.url}; a reload was refused"],
    ]

    in_hand = asyncio.create_task(post(daemon, "/latched", a_call()))
    await asyncio.wait_for(latch.begun.wait(), 30)
    daemon.send(signal.SIGTERM)
    assert await manager.told() == ["STOPPING=1", "STATUS=draining", "EXTEND_TIMEOUT_USEC=26000000"]
    assert await is_ready(daemon) == 503
    latch.release.set()
    assert (await in_hand).verbs[0] == "<Say>done</Say>"
    assert await daemon.ended() == 0
    assert manager.waiting == []


async def test_one_that_does_not_start_is_never_ready(start, manager, folder):
    folder["greeting"] = "1 / 0"
    daemon = await start("serve", *ON_FREE_PORTS, "--recipes", folder, sockets=NOBODY)

    assert await daemon.process.wait() == 2
    assert manager.waiting == []


async def test_nobody_who_listens_is_no_harm(start, greeting, monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nonesuch"))
    monkeypatch.setenv("WATCHDOG_USEC", "20000")
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", greeting, sockets=NOBODY)).listening()

    replies = [await post(daemon, "/greeting", a_call(f"CA{number}")) for number in range(10)]
    daemon.send(signal.SIGTERM)

    assert await daemon.ended() == 0
    assert {reply.verbs[0] for reply in replies} == {"<Say>hello</Say>"}
    assert [each["event"] for each in daemon.events].count("systemd_unheard") == 1


# --- the watchdog --------------------------------------------------------------------------------


async def test_a_loop_that_hangs_does_not_feed_the_watchdog(start, manager, folder, latch, monkeypatch):
    folder["hangs"] = "import latched\nasync def recipe(call): return latched.recipe(call)"
    monkeypatch.setenv("WATCHDOG_USEC", "100000")
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", folder, sockets=NOBODY)).listening()
    assert (await manager.told())[0] == "READY=1"
    assert [await manager.told() for _ in range(3)] == [["WATCHDOG=1"]] * 3

    held = asyncio.create_task(post(daemon, "/hangs", a_call()))
    await asyncio.wait_for(latch.begun.wait(), 30)
    fed_before = manager.waiting
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(manager.told(), 0.5)
    latch.release.set()

    assert all(each == ["WATCHDOG=1"] for each in fed_before)
    assert await manager.told() == ["WATCHDOG=1"]
    assert (await held).verbs[0] == "<Say>done</Say>"


async def test_another_process_watchdog_is_not_fed(start, manager, greeting, monkeypatch):
    monkeypatch.setenv("WATCHDOG_USEC", "2000")
    monkeypatch.setenv("WATCHDOG_PID", "1")
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", greeting, sockets=NOBODY)).listening()

    replies = [await post(daemon, "/greeting", a_call(f"CA{number}")) for number in range(10)]
    daemon.send(signal.SIGTERM)

    assert await daemon.ended() == 0
    assert len(replies) == 10
    assert [each[0] for each in manager.waiting] == ["READY=1", "STOPPING=1"]


# --- sockets -------------------------------------------------------------------------------------


async def test_it_serves_the_sockets_that_it_is_handed(start, ports, greeting):
    daemon = await start("serve", "--port", "1", "--admin-port", "1", "--recipes", greeting, sockets=ports.sockets)
    await daemon.listening()

    reply = await post(ports, "/greeting", a_call())

    assert (daemon.url, daemon.status_url) == (ports.url, ports.status_url)
    assert reply.verbs[0] == "<Say>hello</Say>"
    assert await is_ready(ports) == 200


async def test_one_socket_is_twilios_whatever_it_is_called(start, ports, greeting):
    [_, (_, front)] = ports.sockets
    daemon = await start("serve", *ON_FREE_PORTS, "--recipes", greeting, sockets=[("web.socket", front)])
    await daemon.listening()

    assert (await post(ports, "/greeting", a_call())).verbs[0] == "<Say>hello</Say>"
    assert await is_ready(daemon) == 200


@pytest.mark.skipif(shutil.which("systemd-socket-activate") is None, reason="there is no systemd here")
async def test_systemds_own_activation_starts_it_for_the_first_caller(greeting, manager):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    known = ("NOTIFY_SOCKET", "PYTHONPATH", "TWILIO_AUTH_TOKEN")
    environ = [f"--setenv={name}" for name in known if name in os.environ]
    process = await asyncio.create_subprocess_exec(
        *("systemd-socket-activate", f"--listen={address}", "--fdname=switchhook", *environ),
        *(SWITCHHOOK, "serve", "--admin-port", "0", "--recipes", str(greeting)),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert b"Listening on" in await asyncio.wait_for(process.stderr.readline(), 30)

        reply = await post(SimpleNamespace(url=f"http://{address}"), "/greeting", a_call())

        assert reply.verbs[0] == "<Say>hello</Say>"
        assert await manager.told() == ["READY=1", f"STATUS=1 recipes at http://{address}"]
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), 30) == 0
    finally:
        await end(process)


async def test_a_socket_that_can_not_be_served_keeps_it_from_starting(start, ports):
    two = [(name, sock) for (_, sock), name in zip(ports.sockets, ("switchhook", "web"), strict=True)]

    daemon = await start("serve", *ON_FREE_PORTS, sockets=two)
    said = await asyncio.wait_for(daemon.process.stderr.read(), 30)

    assert await daemon.process.wait() == 2
    assert said.startswith(b"systemd hands over descriptor 4 (web), which is the second for port")


@pytest.fixture
def ring(ports):
    """Rings, and waits as long as Twilio does."""
    return lambda call_sid: post(ports, "/greeting", a_call(call_sid), within=15)


async def test_who_connects_while_no_process_serves_is_answered_by_the_next(start, ports, greeting, ring):
    first = await serving(start, ports, greeting)
    before = await ring("CA1")
    first.send(signal.SIGTERM)
    assert await first.ended() == 0

    waiting = [asyncio.create_task(ring(f"CA{number}")) for number in range(1, 20)]
    done, _ = await asyncio.wait(waiting, timeout=0.1)
    second = await serving(start, ports, greeting)
    replies = await asyncio.gather(*waiting)

    assert not done
    assert {reply.verbs[0] for reply in (before, *replies)} == {"<Say>hello</Say>"}
    second.send(signal.SIGTERM)
    assert await second.ended() == 0


async def test_a_restart_refuses_no_caller(start, ports, greeting, ring):
    async def ring_on(line):
        """One caller after the other, without a pause."""
        number = 0
        while not restarted.is_set():
            number += 1
            replies.append(await ring(f"CA{line}-{number}"))

    replies = []
    restarted = asyncio.Event()
    first = await serving(start, ports, greeting)
    lines = [asyncio.create_task(ring_on(line)) for line in range(4)]
    while len(replies) < 20:
        await asyncio.wait(lines, timeout=0.01)
    first.send(signal.SIGTERM)
    code = await first.ended()
    in_between = len(replies)
    second = await serving(start, ports, greeting)
    while len(replies) < in_between + 20 and not any(line.done() for line in lines):
        await asyncio.wait(lines, timeout=0.01)
    restarted.set()
    await asyncio.gather(*lines)

    assert code == 0
    assert {(reply.status, reply.verbs[0]) for reply in replies} == {(200, "<Say>hello</Say>")}
    second.send(signal.SIGTERM)
    assert await second.ended() == 0
