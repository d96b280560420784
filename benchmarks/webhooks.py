"""Whole calls over HTTP, three signed webhooks each: Switchhook beside what else one would write.

    python benchmarks/webhooks.py [--calls 3000] [--rounds 3] [--connections 64]

Each server runs in a process of its own, the load comes from this one; on two cores or more neither
takes the other's. All requests are made and signed before the clock starts. Servers take turns in
several rounds, and the median round counts, so that what a noisy machine does to one it does to all.
The figures to look at are the ratios. The processor time that a server spends on a webhook is the
steadiest of them where something else runs on the machine (Linux only; elsewhere it is left out).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlencode

import uvloop
from servers import RECIPE, SERVERS, TOKEN, public_url
from traffic import STANDARD

from runtime.signature import sign

WEBHOOKS = [
    (f"/{RECIPE}", {"CallStatus": "ringing"}),
    (f"/{RECIPE}/1?step=1", {"CallStatus": "in-progress", "Digits": "1", "FinishedOnKey": "", "msg": "Gather End"}),
    (f"/{RECIPE}", {"CallStatus": "completed", "CallDuration": "12", "Duration": "1", "SequenceNumber": "0"}),
]


@dataclass(frozen=True)
class Result:
    """One round: webhooks a second, and the latencies of single webhooks in milliseconds."""

    rate: float
    p50: float
    p99: float
    cpu: float
    """Microseconds of processor time that the server spent on a webhook."""


@dataclass(frozen=True)
class Server:
    """A server under way."""

    port: int
    pid: int

    def resident(self) -> int:
        """Bytes of it that are in memory."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def kill(self) -> None:
        """`kill -9`."""
        os.kill(self.pid, signal.SIGKILL)

    def cpu_seconds(self) -> float:
        """Processor time spent so far by the server and what it has started, which share its session."""
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                ticks += (int(fields[11]) + int(fields[12])) * (int(fields[3]) == self.pid)
        return ticks / os.sysconf("SC_CLK_TCK")


def request(port: int, path: str, sid: str, token: str, extra: dict[str, str]) -> bytes:
    """One webhook as it goes over the wire."""
    params = {**STANDARD, "CallSid": sid, **extra}
    body = urlencode(params)
    head = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "User-Agent: TwilioProxy/1.1",
        "Accept: */*",
        "Content-Type: application/x-www-form-urlencoded; charset=UTF-8",
        f"Content-Length: {len(body)}",
        f"X-Twilio-Signature: {sign(public_url(port) + path, params.items(), TOKEN)}",
        f"I-Twilio-Idempotency-Token: {token}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()


def calls(port: int, count: int, first: int) -> list[list[bytes]]:
    """The webhooks of each of some calls."""
    return [
        [request(port, path, f"CA{n:032x}", f"{n}-{i}", extra) for i, (path, extra) in enumerate(WEBHOOKS)]
        for n in range(first, first + count)
    ]


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> bytes:
    """Send a webhook and read its answer."""
    writer.write(sent)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise SystemExit(f"not a 200: {head[:200]!r}")
    length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
    return await reader.readexactly(int(length))


async def load(server: Server, planned: list[list[bytes]], connections: int) -> Result:
    """Make the calls over some connections that are kept open, each call's webhooks one after the other."""
    waiting = iter(planned)
    took: list[float] = []

    async def line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        for call in waiting:
            for sent in call:
                began = time.perf_counter()
                await exchange(reader, writer, sent)
                took.append((time.perf_counter() - began) * 1000)
        writer.close()

    spent, began = server.cpu_seconds(), time.perf_counter()
    await asyncio.gather(*(line() for _ in range(connections)))
    seconds = time.perf_counter() - began
    took.sort()
    cpu = (server.cpu_seconds() - spent) / len(took) * 1e6
    return Result(len(took) / seconds, took[len(took) // 2], took[int(len(took) * 0.99)], cpu)


@contextlib.contextmanager
def serving(name: str, *settings: str, port: int | None = None, core: int | None = None) -> Iterator[Server]:
    """A server in a process of its own, until the end of the block: on a free port and any core unless one is named."""
    port = free_port() if port is None else port
    command = [sys.executable, "-P", str(Path(__file__).with_name("servers.py")), name, str(port), *settings]
    pin = None if core is None else partial(os.sched_setaffinity, 0, {core})
    with subprocess.Popen(command, start_new_session=True, preexec_fn=pin) as process:  # noqa: PLW1509, S603 - our own file, and no lock is held
        try:
            wait_for(port, process)
            yield Server(port, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3000):
        if process.poll() is not None:
            raise SystemExit(f"a server ended with {process.returncode} before it listened")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.01)
    raise SystemExit("a server didn't listen within 30 s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=3000, help="calls in a round (three webhooks each)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--servers", nargs="+", choices=list(SERVERS), default=list(SERVERS))
    options = parser.parse_args()
    results: dict[str, list[Result]] = {name: [] for name in options.servers}
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(serving(name)) for name in options.servers}
        for turn in range(options.rounds + 1):
            for name, server in servers.items():
                planned = calls(server.port, options.calls if turn else options.calls // 5, turn * options.calls)
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                    result = runner.run(load(server, planned, options.connections))
                if turn:  # the first round warms up
                    results[name].append(result)
                print(f"\r{name}: round {turn} of {options.rounds} ", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 40 + "\r", end="", file=sys.stderr)
    report(results)


def median_of(rounds: list[Result]) -> Result:
    return Result(*(statistics.median(values) for values in zip(*map(astuple, rounds), strict=True)))


def report(results: dict[str, list[Result]]) -> None:
    median = {name: median_of(rounds) for name, rounds in results.items()}
    ours = median.get("switchhook")
    print(f"{'':12}{'webhooks/s':>12}{'p50 ms':>9}{'p99 ms':>9}{'cpu µs':>9}   switchhook is")
    for name, each in median.items():
        ratio = ""
        if ours is not None:
            ratio = f"   {ours.rate / each.rate:.2f} times as fast"
            ratio += f", {each.cpu / ours.cpu:.2f} by processor time" if ours.cpu and each.cpu else ""
        print(f"{name:12}{each.rate:12.0f}{each.p50:9.2f}{each.p99:9.2f}{each.cpu:9.0f}{ratio}")


if __name__ == "__main__":
    main()
