"""The daemons, what they share, and the door before them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import psutil

from tests import postgres
from tests.wire import TOKEN

if TYPE_CHECKING:
    from types import TracebackType

ROOT = Path(__file__).parents[2]
FLOWS = Path(__file__).with_name("flows")
# A daemon ends with the run, however that ends.
LAUNCH = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv.pop(1)):
    sys.exit("whoever started it has gone")
from runtime.commands import main
main()
"""
STARTING = 30.0
"""Seconds that a daemon may take to start, other tries included."""
DRAIN = 3.0
LONGEST_STOP = DRAIN + 5.0 + 2.0
"""Seconds that a drain may take, as it is promised, and some for a machine that has much to do."""
CONNECTING = 12.0
"""Seconds that the door holds somebody while no daemon is there."""


class Node:
    """One daemon, and its successors."""

    def __init__(self, site: Site, number: int) -> None:
        self.process: subprocess.Popen[bytes] | None = None
        self.address: tuple[str, int] | None = None
        self.status_url = ""
        self.events: list[dict[str, Any]] = []
        """What was logged, each with its time in seconds since the epoch."""
        self.strays: list[str] = []
        """What was written beside the log by a daemon that had started."""
        self.number = number
        self._site = site
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        """Start it, and again if it fails, as a service manager does, until it listens."""
        deadline = time.monotonic() + STARTING
        while True:
            async with self._site.flows_are_good:
                if await self._spawn():
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"daemon {self.number} doesn't start: {self.strays[-5:]} {self.events[-3:]}")
            await asyncio.sleep(0.3)

    async def kill(self) -> None:
        """Kill it, and start it again."""
        async with self._busy:
            await self._end(signal.SIGKILL)
            await self.start()

    async def terminate(self) -> None:
        """Have it drain, and start it again."""
        async with self._busy:
            await self._drain()
            await self.start()

    async def freeze(self, seconds: float) -> None:
        """Have it stand still."""
        async with self._busy:
            await self._stand_still(seconds)

    async def stall(self, seconds: float) -> None:
        """The same for long, while all others are there: else nobody would be for longer than Twilio waits."""
        async with contextlib.AsyncExitStack() as everybody:
            for node in self._site.nodes:
                await everybody.enter_async_context(node._busy)
            await self._stand_still(seconds)

    def reload(self) -> None:
        """Have it load the flows anew."""
        if self.address is not None and self.process is not None:
            self.process.send_signal(signal.SIGHUP)

    async def stop(self) -> None:
        """Have it drain for good."""
        async with self._busy:
            await self._drain()

    async def end(self) -> None:
        """Whatever it does: it is over."""
        if self.process is not None and self.process.poll() is None:
            await self._end(signal.SIGKILL)

    def vitals(self) -> dict[str, int]:
        """What it takes of the machine."""
        assert self.process is not None
        process = psutil.Process(self.process.pid)
        with process.oneshot():
            return {
                "megabytes": process.memory_info().rss >> 20,
                "threads": process.num_threads(),
                "descriptors": process.num_fds(),
            }

    async def _stand_still(self, seconds: float) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        self.process.send_signal(signal.SIGCONT)

    async def _drain(self) -> None:
        began = time.monotonic()
        code = await self._end(signal.SIGTERM)
        self._site.stops.append((self.number, code, time.monotonic() - began))

    async def _end(self, number: signal.Signals) -> int:
        process, self.address = self.process, None
        assert process is not None
        process.send_signal(number)
        try:
            return await asyncio.to_thread(process.wait, LONGEST_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            return await asyncio.to_thread(process.wait, 5)

    async def _spawn(self) -> bool:
        loop, settled = asyncio.get_running_loop(), asyncio.Event()
        self.process = subprocess.Popen(  # noqa: S603, ASYNC220 - it is ours, and made by the thread that it is to end with
            [sys.executable, "-c", LAUNCH, str(os.getpid()), "serve", "--config", str(self._site.settings)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=self._site.folder,
            env=self._site.environment,
            start_new_session=True,  # Ctrl-C is the run's own; it stops them then
        )
        listening: list[dict[str, Any]] = []
        reader = threading.Thread(target=self._read, args=(self.process, listening, loop, settled), daemon=True)
        reader.start()
        try:
            async with asyncio.timeout(STARTING):
                await settled.wait()
        except TimeoutError:
            await self._end(signal.SIGKILL)
            return False
        if not listening:
            await asyncio.to_thread(self.process.wait, 5)
            return False
        host, port = listening[0]["url"].removeprefix("http://").split(":")
        self.address, self.status_url = (host, int(port)), listening[0]["status_url"]
        self._site.starts += 1
        return True

    def _read(
        self,
        process: subprocess.Popen[bytes],
        listening: list[dict[str, Any]],
        loop: asyncio.AbstractEventLoop,
        settled: asyncio.Event,
    ) -> None:
        """Read what it writes, to the end: on a thread, so that nobody who is busy holds it up."""
        strays: list[str] = []
        assert process.stderr is not None
        with process.stderr:
            for line in process.stderr:
                try:
                    event = json.loads(line)
                except ValueError:
                    strays.append(line.decode(errors="replace").rstrip())
                    continue
                event |= {"logged": _logged(event), "node": self.number}
                self.events.append(event)
                if event.get("event") == "listening":
                    listening.append(event)
                    loop.call_soon_threadsafe(settled.set)
        if listening:
            self.strays += strays
        with contextlib.suppress(RuntimeError):  # the run is over
            loop.call_soon_threadsafe(settled.set)


def _logged(event: dict[str, Any]) -> float:
    """When something was logged; or read, where the line doesn't say it."""
    stamp = event.get("timestamp")
    return datetime.fromisoformat(stamp).timestamp() if stamp else time.time()


class Site:
    """Some daemons on one journal, in a folder of their own. Started and ended by `async with`.

    Args:
        folder: an empty one, where everything is kept.
        journal: `sqlite`, which has one daemon, or `postgres`, which has two.
        max_call_hours: hours after which a call whose end never came is ended.
    """

    def __init__(self, folder: Path, journal: str, max_call_hours: float) -> None:
        self.folder = folder
        self.journal = journal
        self.file = folder / "calls.db"
        self.url = f"sqlite:///{self.file}"
        self.diary = folder / "diary"
        self.flows = folder / "flows"
        self.settings = folder / "switchhook.toml"
        self.flows_are_good = asyncio.Lock()
        self.starts = 0
        self.stops: list[tuple[int, int, float]] = []
        """Each drain: of which daemon, its exit code, and the seconds that it took."""
        self.nodes = [Node(self, number) for number in range(2 if journal == "postgres" else 1)]
        self.door = Door(self.nodes)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SWITCHHOOK_", "TWILIO_"))},
            "PYTHONPATH": str(ROOT),
            "TWILIO_AUTH_TOKEN": TOKEN,
        }
        self._max_call_hours = max_call_hours
        self._generation = 1
        self._postgres: postgres.Server | None = None
        self._serving = asyncio.Lock()
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            for name in ("told", "callouts", "tried"):
                (self.diary / name).mkdir(parents=True)
            shutil.copytree(FLOWS, self.flows, ignore=shutil.ignore_patterns("__pycache__"))
            if self.journal == "postgres":
                self._postgres = await asyncio.to_thread(postgres.own)
                stack.callback(self._postgres.close)
                self.url = self._postgres.url
            await self.door.open()
            stack.push_async_callback(self.door.close)
            self._configure()
            for node in self.nodes:
                stack.push_async_callback(node.end)
            await asyncio.gather(*(node.start() for node in self.nodes))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def reload(self, *, bad: bool = False) -> None:
        """Change the flows and tell every daemon. Bad ones are taken back as soon as they were refused."""
        async with self.flows_are_good:
            self._generation += 1
            file = self.flows / "_generation.py"
            mistake = ("GENERATION =", "GENERATION = 1 / 0", "")[self._generation % 3]
            good = file.read_text() if bad else f"GENERATION = {self._generation}\n"
            file.write_text(mistake if bad else good)
            began = time.time()
            for node in self.nodes:
                node.reload()
            if bad:
                for _ in range(40):
                    await asyncio.sleep(0.05)
                    if all(node.address is None or self._refused(node, began) for node in self.nodes):
                        break
                file.write_text(good)

    async def restart_postgres(self, dead_for: float = 0.0) -> None:
        """Stop the server in the middle of whatever it does, or kill it, and start it again."""
        server = self._postgres
        assert server is not None
        async with self._serving:
            await asyncio.to_thread(server.kill if dead_for else server.stop, *(() if dead_for else ("immediate",)))
            await asyncio.sleep(dead_for)
            await asyncio.to_thread(server.start)

    @property
    def events(self) -> list[dict[str, Any]]:
        """What all of them have logged."""
        return [event for node in self.nodes for event in node.events]

    @staticmethod
    def _refused(node: Node, since: float) -> bool:
        return any(each["event"] == "reload_refused" and each["logged"] >= since for each in node.events[-200:])

    def _configure(self) -> None:
        settings: dict[str, Any] = {
            "port": 0,
            "admin_port": 0,
            "recipes": str(self.flows),
            "journal": self.url,
            "public_url": self.door.url,
            "callout_patience": 0.3,
            "callout_limit": 3.0,
            "linger": 0.2,
            "retry_pauses": [0.2, 0.5, 1.0],
            "max_call_hours": self._max_call_hours,
            "max_awake": 10,
            "drain_seconds": DRAIN,
            "log_format": "json",
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
        self.settings.write_text("\n".join([*lines, "", "[settings]", f"diary = {json.dumps(str(self.diary))}", ""]))


class Door:
    """What stands before the daemons: takes each connection to the next of those that are there.

    Nothing is made up here: a connection that breaks on one side breaks on the other.
    """

    def __init__(self, nodes: list[Node]) -> None:
        self.url = ""
        self._turn = itertools.count()
        self._nodes = nodes
        self._open: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen on a free port of loopback."""
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0, backlog=1024)
        host, port = self._server.sockets[0].getsockname()
        self.url = f"http://{host}:{port}"

    async def close(self) -> None:
        """Let nobody in any more."""
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            there = await self._connect()
            if there is not None:
                await self._pass(reader, writer, *there)
        except (OSError, asyncio.CancelledError):
            pass  # it broke, or it is over
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        deadline = time.monotonic() + CONNECTING
        while time.monotonic() < deadline:
            first = next(self._turn)
            for n in range(len(self._nodes)):
                address = self._nodes[(first + n) % len(self._nodes)].address
                if address is not None:
                    with contextlib.suppress(OSError):
                        return await asyncio.open_connection(*address)
            await asyncio.sleep(0.02)
        return None

    @staticmethod
    async def _pass(
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        from_there: asyncio.StreamReader,
        to_there: asyncio.StreamWriter,
    ) -> None:
        """Pass on both ways, until either side has had enough."""

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while octets := await source.read(65536):
                sink.write(octets)
                await sink.drain()

        tasks = [asyncio.ensure_future(pump(*way)) for way in ((reader, to_there), (from_there, writer))]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if tasks[1].done() and tasks[1].exception() is None:
                with contextlib.suppress(OSError):
                    writer.close()
                    await writer.wait_closed()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            to_there.transport.abort()
