"""What it costs to have each step of a call on disk, and to have 100,000 calls open.

    python benchmarks/durability.py [--calls 1500] [--rounds 7] [--open 100000] [--folder .]

Whole calls over HTTP as in `webhooks.py`: three signed webhooks each. The server has one core, everything else
another. Servers take turns in several rounds, every other round in reverse; a ratio is one of two figures of the
same round, and what is shown is the median of all rounds. The processor time is the daemon's: a database has its own
besides. PostgreSQL is the one that the tests use, with each commit synced, in the system's temporary folder;
SQLite's files are in `--folder`, which decides what disk is measured.

Then there are three daemons with a file each: one has no open calls, the others as many as `--open` says, each
opened by a webhook like any other. With one of them all are awake, with the other a hundredth (`max_awake`), and
the rest is in the journal alone. Other calls are made with all three in turn. Memory is the growth of the resident
set (RSS) from when a tenth of the calls is open, and what doesn't grow with them is there, divided by the number of
the others.

At last the daemon whose calls sleep is killed with SIGKILL, and started again. The clock runs from the start of the
process, Python's own included, to the answer to an open call's next webhook, and to the moment when `/status` counts
them all. Then a thousand open calls get their next webhook, and each must be answered as a key is.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import NamedTuple

import uvloop

HERE = Path(__file__).resolve().parent
sys.path[:1] = [str(HERE.parent)]  # not this folder, where actors.py has a package's name
sys.path.append(str(HERE))

from webhooks import WEBHOOKS, Result, Server, calls, exchange, free_port, load, median_of, request, serving

from tests import postgres

CORES = sorted(os.sched_getaffinity(0))
FIRST_OPEN = 10**9
"""The number of the first open call; those of others are smaller."""
AT_A_TIME = 5000
"""Webhooks that are made and signed before they are sent."""
TRIED = 1000
"""Open calls that are tried after the restart."""
PRAISE = b"My you are looking swish"
"""What the recipe says to a caller who has pressed 1."""
LINGER = 2.0
"""Seconds after which nothing is left of calls that are over."""
PATIENCE = 120.0
"""Seconds that a daemon may take to list the calls that it has found."""


class Budget(NamedTuple):
    """A figure that was measured, and what it may be."""

    what: str
    found: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.found >= self.limit if self.at_least else self.found <= self.limit


class Load:
    """Makes calls, each of them another, over so many connections."""

    def __init__(self, count: int, connections: int) -> None:
        self.count = count
        self.connections = connections
        self._made = 0

    def __call__(self, server: Server) -> Result:
        """Whole calls."""
        planned = calls(server.port, self.count, self._made)
        self._made += self.count
        return self.run(server, planned)

    def run(self, server: Server, planned: Sequence[list[bytes]]) -> Result:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(load(server, list(planned), self.connections))

    def rounds(self, servers: Mapping[str, Server], count: int) -> dict[str, list[Result]]:
        """The results of servers that take turns, after a round that warms up."""
        results: dict[str, list[Result]] = {name: [] for name in servers}
        for turn in range(count + 1):
            for name in list(servers)[:: -1 if turn % 2 else 1]:
                tell(f"{name}: round {turn} of {count}")
                result = self(servers[name])
                if turn:
                    results[name].append(result)
        return results


def ratio(results: Mapping[str, list[Result]], figure: str, one: str, other: str) -> float:
    """The median of what a figure of one server is to the other's in the same round."""
    of = attrgetter(figure)
    pairs = zip(results[one], results[other], strict=True)
    return float(statistics.median(of(a) / of(b) if of(b) else 1.0 for a, b in pairs))


def tell(what: str = "") -> None:
    """Say what is being done, where somebody watches."""
    if sys.stderr.isatty():
        print(f"\r{what:60}\r", end="", file=sys.stderr, flush=True)


def daemon(*settings: str, port: int | None = None) -> contextlib.AbstractContextManager[Server]:
    """A daemon on a core of its own, with these settings."""
    return serving("switchhook", *settings, port=port, core=CORES[0])


# --- the journals ------------------------------------------------------------


def compare_journals(load: Load, rounds: int, folder: str) -> Iterator[Budget]:
    """Measure the journals beside a bare handler, and print the table."""
    with contextlib.ExitStack() as stack:
        servers = {"bare": stack.enter_context(serving("bare", core=CORES[0]))}
        servers["memory:"] = stack.enter_context(daemon())
        servers["sqlite:///"] = stack.enter_context(daemon(f"journal=sqlite:///{folder}/calls.db"))
        try:
            server = stack.enter_context(contextlib.closing(postgres.serving(fsync=True)))
            database = stack.enter_context(server.database())
            servers["postgresql://"] = stack.enter_context(daemon(f"journal={database}"))
        except postgres.NoPostgresError as problem:
            print(problem, file=sys.stderr)
        results = load.rounds(servers, rounds)
    tell()
    print(f"{'':16}{'webhooks/s':>11}{'p50 ms':>9}{'p99 ms':>9}{'cpu µs':>9}{'rate to bare':>15}{'cpu to bare':>13}")
    for name, found in results.items():
        own = median_of(found)
        ratios = f"{ratio(results, 'rate', name, 'bare'):15.2f}{ratio(results, 'cpu', name, 'bare'):13.2f}"
        print(f"{name:16}{own.rate:11,.0f}{own.p50:9.2f}{own.p99:9.2f}{own.cpu:9.0f}{ratios}", flush=True)
    yield Budget("webhooks a second, sqlite:/// to bare", ratio(results, "rate", "sqlite:///", "bare"), 0.5, True)


# --- open calls --------------------------------------------------------------


def compare_open(load: Load, rounds: int, count: int, folder: str) -> Iterator[Budget]:
    """Measure what many open calls weigh, and what they cost the others; then kill their daemon."""
    awake = {"none": count // 100 + 1, "asleep": count // 100 + 1, "awake": count * 2 + 100_000}
    flags = {name: [f"journal=sqlite:///{folder}/{name}.db", f"max_awake={most}"] for name, most in awake.items()}
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(daemon(*given)) for name, given in flags.items()}
        weights = open_calls(load, {name: servers[name] for name in ("asleep", "awake")}, count)
        results = load.rounds(servers, rounds)
        for each in servers.values():
            each.kill()
    tell()
    head = f"{'p50 ms':>9}{'p99 ms':>9}{'cpu µs':>9}{'p50 to none':>15}{'p99 to none':>13}"
    print(f"\n{f'{count:,} open calls':18}{head}")
    for name, found in results.items():
        own = median_of(found)
        ratios = f"{ratio(results, 'p50', name, 'none'):15.2f}{ratio(results, 'p99', name, 'none'):13.2f}"
        print(f"{name:18}{own.p50:9.2f}{own.p99:9.2f}{own.cpu:9.0f}{ratios}", flush=True)
    for name in weights:
        for figure in ("p50", "p99"):
            what = f"{figure} of other calls, open ones {name}"
            yield Budget(what, ratio(results, figure, name, "none"), 1.2)
    yield Budget("KB an open call, awake", weights["awake"] / 1000, 6.0)
    yield Budget("KB an open call, asleep", weights["asleep"] / 1000, 0.5)
    yield from recover(count, flags["asleep"], servers["asleep"].port)


def open_calls(load: Load, servers: Mapping[str, Server], count: int) -> dict[str, float]:
    """Open so many calls on each server; gives the bytes that each has added to it behind the first tenth."""
    for server in servers.values():
        load(server)  # warms up
    time.sleep(LINGER)
    first, weights = count // 10, {}
    for name, server in servers.items():
        before = 0
        for part in (range(first), range(first, count)):
            before = server.resident()
            for begun in part[::AT_A_TIME]:
                tell(f"{begun:,} of {count:,} calls opened, {name}")
                numbers = range(begun, min(begun + AT_A_TIME, part.stop))
                load.run(server, [[webhook_of_open(server.port, number, 0)] for number in numbers])
            time.sleep(LINGER)
        weights[name] = (server.resident() - before) / (count - first)
    return weights


def webhook_of_open(port: int, number: int, which: int) -> bytes:
    """The first webhook of an open call, or the next. Each has a caller of its own, lest they share what they hold."""
    path, extra = WEBHOOKS[which]
    caller = f"+1415{number:07d}"
    own = extra | {"From": caller, "Caller": caller}
    return request(port, path, f"CA{FIRST_OPEN + number:032x}", f"open {number}-{which}", own)


def recover(count: int, flags: list[str], port: int) -> Iterator[Budget]:
    """Start a daemon on the journal of one that was killed, and see what becomes of the open calls."""
    tell("starting it again")
    admin = free_port()
    tried = [webhook_of_open(port, number, 1) for number in range(0, count, max(1, count // TRIED))]
    with asyncio.Runner() as runner:
        began = time.perf_counter()
        with daemon(*flags, f"admin_port={admin}", port=port) as server:
            answers = runner.run(answers_to(port, tried[-1:]))
            first = time.perf_counter() - began
            while (listed := in_progress(admin)) < count and time.perf_counter() - began < PATIENCE:
                time.sleep(0.1)
            all_listed = time.perf_counter() - began
            answers += runner.run(answers_to(port, tried[:-1]))
            server.kill()
    tell()
    lost = sum(PRAISE not in answer for answer in answers)
    print(f"\nkill -9, and started again: {listed:,} of {count:,} open calls are listed after {all_listed:.1f} s")
    yield Budget("seconds to the first answer", first, 5.0)
    yield Budget(f"wrong answers to {len(tried):,} open calls", lost, 0)


async def answers_to(port: int, sent: Sequence[bytes]) -> list[bytes]:
    """What is answered to some webhooks, one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = [await exchange(reader, writer, each) for each in sent]
    writer.close()
    return answers


def in_progress(admin: int) -> int:
    """How many calls a daemon has in progress."""
    with urllib.request.urlopen(f"http://127.0.0.1:{admin}/status?limit=1", timeout=10) as answer:
        count: int = json.load(answer)["calls"]["in_progress"]
        return count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1500, help="whole calls in a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--connections", type=int, default=64, help="webhooks that are asked at the same time")
    parser.add_argument("--open", type=int, default=100_000, help="calls that are open meanwhile; 0 for no such table")
    parser.add_argument("--folder", help="where SQLite's files are made; the system's temporary folder by default")
    options = parser.parse_args()
    os.sched_setaffinity(0, CORES[-1:])
    load = Load(options.calls, options.connections)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        budgets = list(compare_journals(load, options.rounds, folder))
        if options.open:
            budgets += compare_open(load, options.rounds, options.open, folder)
    print(f"\n{'':44}{'measured':>9}   budget")
    for each in budgets:
        limit = f"{'at least' if each.at_least else 'at most'} {each.limit:g}"
        print(f"{each.what:44}{each.found:9.2f}   {limit:14}  {'holds' if each.holds else 'does not hold'}")


if __name__ == "__main__":
    main()
