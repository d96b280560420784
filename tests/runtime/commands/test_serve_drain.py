"""`switchhook serve` comes to its end, whatever hangs in it."""

from __future__ import annotations

import asyncio
import signal
import time

import pytest

from runtime.daemon import MARGIN
from tests.wire import a_call, post

ON_FREE_PORTS = ("--port", "0", "--admin-port", "0")
SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
THREAD = """
    import asyncio, latched

    async def recipe(call):
        return [Say("hello")], [("completion", note)]

    async def note(webhook, call):
        await asyncio.to_thread(latched.recipe, call)
"""
"""A subscribed function on a thread of asyncio's, which is waited for at the end of the process."""
STUBBORN = """
    import asyncio, latched

    async def recipe(call):
        return [Say("hello")], [("completion", note)]

    async def note(webhook, call):
        asyncio.get_running_loop().run_in_executor(None, latched.recipe, call)
        while True:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                pass
"""
"""One that goes on when it is told to end."""


@pytest.fixture(autouse=True)
def _briefly(monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_DRAIN_SECONDS", "0.1")


async def ended(daemon):
    """The exit code, within the time that a stop has."""
    began = time.monotonic()
    code = await daemon.ended()
    assert time.monotonic() - began < 0.1 + MARGIN + 4, "a process takes its time to end, too"
    return code


def told(daemon, event):
    return [each.get("what") for each in daemon.events if each["event"] == event]


@SIGNALS
async def test_a_webhook_that_is_not_answered_in_time_does_not_keep_it(start, latch, folder, number):
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", folder)).listening()
    in_hand = asyncio.create_task(post(daemon, "/latched", a_call()))
    await asyncio.wait_for(latch.begun.wait(), 30)

    daemon.send(number)
    code = await ended(daemon)

    assert code == 0
    assert told(daemon, "cut_off") == []
    assert daemon.events[-1]["event"] == "stopped"
    assert "One moment" in (await in_hand).text


@pytest.mark.parametrize("left", [THREAD, STUBBORN], ids=["thread", "stubborn"])
async def test_what_a_recipe_leaves_behind_does_not_keep_it(start, latch, folder, left):
    folder["leaves"] = left
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", folder)).listening()
    await post(daemon, "/leaves", a_call())
    await post(daemon, "/leaves", a_call(status="completed"))
    await asyncio.wait_for(latch.begun.wait(), 30)

    daemon.send(signal.SIGTERM)
    code = await ended(daemon)

    assert code == 0
    assert [each["event"] for each in daemon.events][-2:] == ["stopped", "left_behind"]
    assert any(name.startswith("uvloop_") for name in daemon.events[-1]["threads"])


@SIGNALS
async def test_nor_does_it_when_a_second_signal_forces(start, latch, folder, monkeypatch, number):
    monkeypatch.setenv("SWITCHHOOK_DRAIN_SECONDS", "60")
    folder["leaves"] = STUBBORN
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", folder)).listening()
    await post(daemon, "/leaves", a_call())
    await post(daemon, "/leaves", a_call(status="completed"))
    await asyncio.wait_for(latch.begun.wait(), 30)
    daemon.send(number)
    await daemon.until("draining")

    daemon.send(number)
    code = await ended(daemon)

    assert code == 1
    assert [each["event"] for each in daemon.events][-2:] == ["forced", "left_behind"]
