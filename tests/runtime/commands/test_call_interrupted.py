"""Ctrl-C in `switchhook call`, a process of its own: what was made goes on, and that is said. A rehearsal is over."""

from __future__ import annotations

import asyncio
import signal
import subprocess

import pytest

from runtime.softphone import Hold, StandIn
from tests.runtime.commands.conftest import A_URL, SWITCHHOOK, end
from tests.runtime.dialler.exchange import ACCOUNT, FROM, number, rows
from tests.wire import TOKEN

TO = number(1)


@pytest.fixture
async def call():
    """Starts the command; what still runs when the test is over is killed."""
    started: list[asyncio.subprocess.Process] = []

    async def call(*words: object) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *(SWITCHHOOK, "call", *map(str, words), "--from", FROM),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield call
    for process in started:
        await end(process)


async def interrupted(process: asyncio.subprocess.Process) -> tuple[int | None, str, str]:
    """The exit code, and what was still said on both outputs. Half a minute at most."""
    process.send_signal(signal.SIGINT)
    out, err = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode, out.decode(), err.decode()


async def test_a_call_that_is_waited_for_goes_on(call, monkeypatch):
    async with StandIn(ACCOUNT, TOKEN, answers=[Hold(during="Call")]) as twilio:
        monkeypatch.setenv("SWITCHHOOK_API_URL", twilio.url)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        process = await call(TO, A_URL, "--wait")
        sid = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().split()[0]

        code, _, err = await interrupted(process)

        assert (code, err) == (130, f"{sid}: the call goes on\n")
        assert twilio.calls[sid].status in {"queued", "initiated", "ringing"}


async def test_of_one_whose_answer_was_not_waited_for_nobody_knows(call, exchange):
    exchange.before = exchange.hold
    process = await call(TO, A_URL)
    await exchange.until(lambda: bool(exchange.forms))

    assert await interrupted(process) == (130, "", "nobody knows whether the call was made\n")


async def test_a_rehearsal_leaves_no_call_behind(call, latch, folder):
    process = await call(TO, "latched", "--recipes", folder, "--dry-run")
    await asyncio.wait_for(latch.begun.wait(), 30)
    latch.release.set()

    code, out, err = await interrupted(process)

    assert (code, err) == (130, "")
    assert f"{FROM} → {TO}" in out


async def test_a_rehearsal_of_a_file_is_not_gone_on_with(call, latch, folder, tmp_path):
    (tmp_path / "guests.csv").write_text(rows([1, 2]))
    process = await call("latched", "--recipes", folder, "--csv", "guests.csv", "--rate", "0.1", "--dry-run")
    await asyncio.wait_for(latch.begun.wait(), 30)
    latch.release.set()

    code, out, err = await interrupted(process)

    assert (code, err) == (130, "finishing the calls in hand; Ctrl-C again leaves them\n")
    assert f"{FROM} → {TO}" in out
    assert out.endswith("1 called, 0 refused, 0 called before, 0 open, 1 to go\n")
