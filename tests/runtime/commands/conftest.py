"""The command as a user runs it: in a process of its own, or, where that doesn't matter, in this one."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from click.testing import CliRunner

from runtime.commands import main
from runtime.twilio import Patience
from tests.runtime.dialler.exchange import ACCOUNT, FROM, Exchange
from tests.wire import TOKEN

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable, Sequence

    from click.testing import Result

A_URL = "https://ivr.example.com/voice?x=1"
"""A TwiML application that is nowhere."""
SWITCHHOOK = Path(sys.executable).with_name("switchhook")
UNDER_SYSTEMD = """
import fcntl, os, sys

own, names, descriptors, command = str(os.getpid()), sys.argv[1], sys.argv[2], sys.argv[3:]
os.environ.setdefault("WATCHDOG_PID", own)
if descriptors:
    aside = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 100) for each in descriptors.split(",")]
    os.environ |= {"LISTEN_PID": own, "LISTEN_FDS": str(len(aside)), "LISTEN_FDNAMES": names}
    for number, descriptor in enumerate(aside):
        os.dup2(descriptor, 3 + number)
        os.close(descriptor)
os.execv(command[0], command)
"""
"""What systemd does between fork and exec: the sockets become descriptors 3 and on, the PID the process' own."""


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path) -> None:
    """An empty folder, an environment with a token and no other setting."""
    for name in list(os.environ):
        if name.startswith(("SWITCHHOOK_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run the command in this process."""

    def run(*args: object) -> Result:
        result = CliRunner().invoke(main, list(map(str, args)), catch_exceptions=False)
        assert "Traceback" not in result.output
        return result

    return run


@pytest.fixture
def run_process() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command in a process of its own, to its end."""

    def run_process(*args: object) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603 - it is ours
            [SWITCHHOOK, *map(str, args)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=30,
            check=False,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done

    return run_process


class Process:
    """The command, running: what it logs is read line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.url = ""
        self.status_url = ""

    async def until(self, event: str) -> dict[str, Any]:
        """Read the log up to an event. Half a minute at most."""
        async with asyncio.timeout(30):
            while not self.events or self.events[-1]["event"] != event:
                line = await self.process.stderr.readline()
                assert line, f"it has ended, and there was no {event}: {self.events}"
                self.events.append(json.loads(line))
        return self.events[-1]

    async def listening(self) -> Self:
        """Wait until it listens, and take note where."""
        event = await self.until("listening")
        self.url, self.status_url = event["url"], event["status_url"]
        return self

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Its exit code, once it has ended. Half a minute at most."""
        async with asyncio.timeout(30):
            rest, code = await asyncio.gather(self.process.stderr.read(), self.process.wait())
        self.events += map(json.loads, rest.splitlines())
        return code


@pytest.fixture
async def start() -> AsyncIterator[Callable[..., Any]]:
    """Starts the command, and kills what still runs when the test is over. With `sockets`, by name, as systemd does."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*args: object, sockets: Sequence[tuple[str, socket.socket]] | None = None) -> Process:
            command, descriptors = [str(SWITCHHOOK), *map(str, args)], [sock.fileno() for _, sock in sockets or ()]
            if sockets is not None:
                names = ":".join(name for name, _ in sockets)
                command = [sys.executable, "-c", UNDER_SYSTEMD, names, ",".join(map(str, descriptors)), *command]
            process = await asyncio.create_subprocess_exec(
                *command,
                pass_fds=descriptors,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            stack.push_async_callback(end, process)
            return Process(process)

        yield start


async def end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.communicate()


@pytest.fixture
async def latch(folder) -> AsyncIterator[Latch]:
    """A recipe `latched`, whose callout waits in its own process until the test lets it go on."""
    latch = Latch()
    server = await asyncio.start_server(latch.hold, "127.0.0.1", 0)
    folder["latched"] = f"""
        import socket

        def recipe(call):
            with socket.create_connection({server.sockets[0].getsockname()!r}) as latch:
                latch.recv(1)
            return [Say("done")]
    """
    yield latch
    latch.release.set()
    server.close()
    await server.wait_closed()


class Latch:
    """What the callout connects to when it begins, and waits for."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.release = asyncio.Event()

    async def hold(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begun.set()
        await self.release.wait()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


# --- calling out ----------------------------------------------------------------------------------


@pytest.fixture
async def exchange(environment, monkeypatch):
    async with Exchange() as exchange:
        monkeypatch.setenv("SWITCHHOOK_API_URL", exchange.url)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setattr("runtime.twilio.client.Patience", partial(Patience, first=0.01, look_ups=(0.01, 0.01)))
        monkeypatch.setattr("runtime.dialler.follower.EVERY", 0.01)
        yield exchange


@pytest.fixture
def dial(run, exchange, tmp_path):
    """Run the command over a file, which stays as it was if none is given, beside the loop that answers it."""

    async def dial(content: str = "", *args: object, whom: str = A_URL, from_: str = FROM):
        if content:
            (tmp_path / "guests.csv").write_text(content, encoding="utf-8")
        words = ["call", whom, "--csv", "guests.csv", "--from", from_, "--rate", "100", *args]
        return await asyncio.to_thread(run, *words)

    return dial


@pytest.fixture
def ledger(tmp_path):
    """What the ledger says of a number."""

    def ledger(to: str) -> list[tuple[str, str, str]]:
        with (tmp_path / "guests.csv.calls.csv").open(encoding="utf-8", newline="") as file:
            return [(row["what"], row["sid"], row["detail"]) for row in csv.DictReader(file) if row["to"] == to]

    return ledger
