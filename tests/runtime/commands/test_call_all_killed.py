"""The dialler as a process of its own, killed wherever it may be, and started again: everybody is called once.

The real command calls over real HTTP; only its pauses are shorter. It dies by SIGKILL, at the hand of the stand-in of
Twilio when the n-th call is asked for, or by its own in the middle of writing an entry of its ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import random
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runtime.dialler import Ledger
from tests.runtime.dialler.exchange import FROM, Exchange, Lost, number, rows

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

COMMAND = """
import os, signal, sys
from functools import partial

import runtime.dialler.follower as follower
import runtime.twilio.client as client
from runtime.commands import main
from runtime.dialler import Ledger

entry, octets = int(os.environ["DIES_AT_ENTRY"]), int(os.environ["AFTER_OCTETS"])
append, count = Ledger._append, 0

def dying(ledger, text):
    global count
    lines = text.splitlines(keepends=True)
    for n, line in enumerate(lines):
        count += 1
        if count == entry:
            os.write(ledger._file, b"".join(lines[:n]) + line[:octets])
            os.kill(os.getpid(), signal.SIGKILL)
    append(ledger, text)

Ledger._append = dying
client.Patience = partial(client.Patience, first=0.01, look_ups=(0.05, 0.1))
follower.EVERY = 0.05
sys.argv[0] = "switchhook"
main()
"""
KILLED = -signal.SIGKILL
COUNT = 12
EVERYBODY = {number(n): 1 for n in range(COUNT)}


class Runs:
    """Starts the command on one file, again and again."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        self.process: asyncio.subprocess.Process | None = None

    async def start(self, *args: str, entry: int = 0, octets: int = 0, stderr: int = subprocess.PIPE):
        words = ["call", "https://h/voice", "--csv", "guests.csv", "--from", FROM, "--rate", "100", *args]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            COMMAND,
            *words,
            env={**os.environ, "DIES_AT_ENTRY": str(entry), "AFTER_OCTETS": str(octets)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
        )
        self._stack.push_async_callback(end, self.process)
        return self.process

    async def __call__(self, *args: str, entry: int = 0, octets: int = 0) -> tuple[int, str, str]:
        """Run it to its end, whatever that is."""
        process = await self.start(*args, entry=entry, octets=octets)
        async with asyncio.timeout(40):
            out, err = await process.communicate()
        assert b"Traceback" not in err, err.decode()
        return process.returncode, out.decode(), err.decode()


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()


@pytest.fixture
async def runs(exchange, tmp_path):
    (tmp_path / "guests.csv").write_text(rows(range(COUNT)), encoding="utf-8")
    async with contextlib.AsyncExitStack() as stack:
        yield Runs(stack)


def killer(runs: Runs, n: int, *, reached: bool = True) -> Callable[[int], Awaitable[None]]:
    """Kills the dialler when the n-th call is asked for, which Twilio then has heard of or not."""

    async def kill(asked: int) -> None:
        if asked == n and runs.process is not None and runs.process.returncode is None:
            runs.process.kill()
            await runs.process.wait()
            if not reached:
                raise Lost

    return kill


def known(tmp_path) -> dict[str, str]:
    """The SIDs that the ledger has."""
    with Ledger(tmp_path / "guests.csv.calls.csv") as ledger:
        return {to: ledger.book.of(to).sid for to in EVERYBODY}


async def check(runs: Runs, exchange: Exchange, tmp_path) -> None:
    """Go on to the end: everybody was called once, and the ledger knows by which call."""
    code, out, err = await runs()
    assert code == 0, err
    assert re.fullmatch(r"\d+ called, 0 refused, \d+ called before, 0 open\n", out)
    assert exchange.called == EVERYBODY
    assert known(tmp_path) == {to: exchange.sid_of(to) for to in EVERYBODY}


@pytest.mark.parametrize("n", [1, 2, 7, COUNT])
@pytest.mark.parametrize(
    "moment", ["before Twilio hears of it", "before Twilio makes the call", "before Twilio's answer is out"]
)
async def test_killed_while_it_waits_for_the_nth_answer(runs, exchange, tmp_path, n, moment):
    which, reached = {"hears": ("before", False), "makes": ("before", True), "answer": ("after", True)}[
        next(word for word in ("hears", "makes", "answer") if word in moment)
    ]
    setattr(exchange, which, killer(runs, n, reached=reached))

    code, _, _ = await runs()

    assert code == KILLED
    await check(runs, exchange, tmp_path)


ENTRIES = {
    "the header": 1,
    "the first intent": 3,
    "an entry": 4,
    "another entry": 11,
    "the last outcome": 2 + 2 * COUNT,
}


@pytest.mark.parametrize("octets", [0, 40], ids=["nothing", "a part"])
@pytest.mark.parametrize("entry", ENTRIES.values(), ids=list(ENTRIES))
async def test_killed_in_the_middle_of_writing(runs, exchange, tmp_path, entry, octets):
    """The answer is there, its entry isn't; or the intent isn't; or a part of either."""
    code, _, _ = await runs(entry=entry, octets=octets)

    assert code == KILLED
    await check(runs, exchange, tmp_path)


@pytest.mark.parametrize("seed", range(3))
async def test_killed_again_and_again(runs, exchange, tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 - the same chances each time
    kills = 0
    for _ in range(6):
        n = len(exchange.forms) + chance.randint(1, 4)
        exchange.before, exchange.after = quiet, quiet
        if chance.random() < 0.5:
            setattr(exchange, chance.choice(["before", "after"]), killer(runs, n, reached=chance.random() < 0.5))
        code, _, _ = await runs(entry=chance.randint(1, 9), octets=chance.randint(0, 60))
        kills += code == KILLED
        assert set(exchange.called.values()) <= {1}
    exchange.before, exchange.after = quiet, quiet

    assert kills > 2
    await check(runs, exchange, tmp_path)


async def quiet(_: int) -> None:
    """The line is good."""


async def test_killed_while_it_waits_for_the_ends(runs, exchange, tmp_path):
    exchange.statuses = dict.fromkeys(list(EVERYBODY)[1:], "completed")
    process = await runs.start("--wait")
    await exchange.until(lambda: exchange.asked["GET one"] >= COUNT + 3)
    process.kill()
    await process.wait()
    exchange.statuses[number(0)] = "busy"
    asked = exchange.asked["GET one"]

    code, out, _ = await runs("--wait")

    assert (code, out) == (1, f"0 called, 0 refused, {COUNT} called before, 0 open\ncompleted {COUNT - 1}, busy 1\n")
    assert exchange.asked["GET one"] == asked + 1
    assert exchange.called == EVERYBODY


# --- Ctrl-C ------------------------------------------------------------------------------------------


async def interrupted(runs: Runs, exchange: Exchange, *args: str, after: int = 3) -> asyncio.subprocess.Process:
    """The command, to which Ctrl-C is said once so many calls were asked for."""
    process = await runs.start(*args)
    await exchange.until(lambda: len(exchange.forms) >= after)
    process.send_signal(signal.SIGINT)
    return process


async def test_ctrl_c_finishes_what_is_in_hand_and_says_how_to_go_on(runs, exchange, tmp_path):
    exchange.after = lambda n: exchange.over.wait() if n == 3 else quiet(n)
    process = await interrupted(runs, exchange, "--rate", "5")
    first = await asyncio.wait_for(process.stderr.readline(), 40)
    exchange.over.set()
    async with asyncio.timeout(20):
        out, err = await process.communicate()

    assert first == b"finishing the calls in hand; Ctrl-C again leaves them for the next run to look for\n"
    assert process.returncode == 130
    assert out == f"3 called, 0 refused, 0 called before, 0 open, {COUNT - 3} to go\n".encode()
    assert err == b"the same command goes on from here\n"
    assert sum(map(bool, known(tmp_path).values())) == 3
    looks = exchange.asked["GET Calls.json"]
    await check(runs, exchange, tmp_path)
    assert exchange.asked["GET Calls.json"] == looks + 1, "nothing was left to be looked for"


async def test_a_second_ctrl_c_leaves_what_is_in_hand_to_the_next_run(runs, exchange, tmp_path):
    exchange.after = lambda n: exchange.over.wait() if n == 3 else quiet(n)
    process = await interrupted(runs, exchange, "--rate", "5")
    await asyncio.wait_for(process.stderr.readline(), 40)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        out, err = await process.communicate()

    assert process.returncode == 130
    assert out == f"2 called, 0 refused, 0 called before, 0 open, {COUNT - 2} to go\n".encode()
    assert err == b"the same command goes on from here\n"
    exchange.over.set()
    await check(runs, exchange, tmp_path)


async def test_ctrl_c_is_heard_while_twilio_accepts_and_is_silent(runs, exchange, tmp_path):
    """Before the first call there are none in hand, and nothing is to be finished."""
    exchange.silent = True
    process = await runs.start()
    await exchange.until(lambda: exchange.asked["GET Calls.json"] > 0)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(30):
        out, err = await process.communicate()

    assert (process.returncode, out, err) == (130, b"", b"the same command goes on from here\n")
    exchange.silent = False
    await check(runs, exchange, tmp_path)


async def test_the_first_ctrl_c_after_something_has_stopped_the_run_finishes_what_is_in_hand(runs, exchange, tmp_path):
    exchange.refusals[number(3)] = (401, {"code": 20003, "message": "Authenticate", "status": 401})
    exchange.after = lambda n: exchange.over.wait() if n == 3 else quiet(n)
    process = await runs.start("--rate", "5")
    await exchange.until(lambda: len(exchange.forms) >= 4)
    await until_written(tmp_path, b",unmade,")
    process.send_signal(signal.SIGINT)
    first = await asyncio.wait_for(process.stderr.readline(), 40)
    exchange.over.set()
    async with asyncio.timeout(20):
        out, err = await process.communicate()

    assert first == b"finishing the calls in hand; Ctrl-C again leaves them for the next run to look for\n"
    assert process.returncode == 1
    assert out == f"3 called, 0 refused, 0 called before, 0 open, {COUNT - 3} to go\n".encode()
    assert b"20003: Authenticate" in err
    exchange.refusals.clear()
    await check(runs, exchange, tmp_path)


async def until_written(tmp_path, what: bytes) -> None:
    """Wait until the ledger has an entry. Twenty seconds at most."""
    async with asyncio.timeout(20):
        while what not in (tmp_path / "guests.csv.calls.csv").read_bytes():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0)


async def test_ctrl_c_ends_the_waiting(runs, exchange, tmp_path):
    exchange.statuses = dict.fromkeys(list(EVERYBODY)[1:], "completed")
    process = await runs.start("--wait")
    await exchange.until(lambda: exchange.asked["GET one"] >= COUNT + 3)
    process.send_signal(signal.SIGINT)
    async with asyncio.timeout(20):
        out, _ = await process.communicate()

    assert process.returncode == 130
    assert out.decode().splitlines() == [
        f"{COUNT} called, 0 refused, 0 called before, 0 open",
        f"completed {COUNT - 1}",
    ]


# --- on a terminal -----------------------------------------------------------------------------------


async def test_a_bar_on_a_terminal(runs, exchange, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    exchange.refusals[number(4)] = (400, {"code": 21211, "message": "Invalid 'To'", "status": 400})
    ours, theirs = pty.openpty()
    try:
        process = await runs.start(stderr=theirs)
        os.close(theirs)
        async with asyncio.timeout(30):
            out, _ = await process.communicate()
        shown = await asyncio.to_thread(read_all, ours)
    finally:
        os.close(ours)

    assert out == f"{COUNT - 1} called, 1 refused, 0 called before, 0 open\n".encode()
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown)
    assert f"{COUNT}/{COUNT}" in plain
    assert "1 refused" in plain
    assert re.search(r"\d\.\d\d/s", plain)
    assert "guests.csv:6: +441314960004: 21211: Invalid 'To'" in plain


def read_all(fd: int) -> str:
    """What was written to a terminal whose other end is closed."""
    octets = b""
    with contextlib.suppress(OSError):  # which is how a terminal says that it is over
        while part := os.read(fd, 65536):
            octets += part
    return octets.decode()
