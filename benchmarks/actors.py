"""What an actor weighs, and how fast it answers: LoopActor beside Pykka's ThreadingActor, and a whole phone call.

    python benchmarks/actors.py [--quick]

Memory is the growth of the process' resident set (RSS) while the actors start, divided by their number: a thread's
stack is not in Python's books. Each figure is taken in a process of its own, so that none inherits what another left.

Asks are answered by idle actors in turn, `CALLERS` at a time: tasks that await LoopActors on the loop, threads that
wait for ThreadingActors. Each is measured for a fixed time. ThreadingActor goes as far as it goes: to the first thread
that the system refuses, to `THREADS_AT_MOST`, or until starting them has taken `START_SECONDS`; the table says which.
A PhoneCall is a call in progress in one supervisor: the actor, its machine, what the journal keeps of it, and the first
webhook, with all the fields that Twilio sends, answered. An ask is then the next webhook: a key, a step of the machine,
a commit to the `memory:` journal, a document.
"""

import argparse
import asyncio
import gc
import json
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

import pykka
import structlog
import uvloop
from traffic import STANDARD

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # not this folder, where this file has a package's name

import twiml
from actors import Callouts, LoopActor, Settings, SystemClock, Webhook
from recipes.menu_with_default import recipe
from runtime.journals import MemoryJournal
from runtime.web.form import fields_of, first_values
from supervisor import Supervisor

CALLERS = 50
ACTORS = (1_000, 50_000)
THREADS_AT_MOST = 10_000
START_SECONDS = 12.0


class Figures(NamedTuple):
    """What one process measured."""

    actors: int
    limit: str  # why there are not as many as wanted
    bytes_an_actor: float
    asks_a_second: float


class OnLoop(LoopActor):
    """Answers, on a loop."""

    use_registry = False

    def on_receive(self, message: Any) -> Any:
        """Return the message."""
        return message


class OnThread(pykka.ThreadingActor):
    """Answers, in a thread."""

    use_daemon_thread = True

    def on_receive(self, message: Any) -> Any:
        """Return the message."""
        return message


def resident() -> int:
    """Return the bytes of the process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def measure_on_loop(actors: int, seconds: float) -> Figures:
    """Start so many LoopActors on this loop and ask them."""
    gc.collect()
    before = resident()
    refs = [OnLoop.start() for _ in range(actors)]
    await refs[-1].ask("started", block=False)
    weight = (resident() - before) / actors

    turn, end = count(), time.perf_counter() + seconds

    async def call() -> int:
        asks = 0
        while time.perf_counter() < end:
            await refs[next(turn) % actors].ask("hello", block=False)
            asks += 1
        return asks

    started = time.perf_counter()
    asks = sum(await asyncio.gather(*[call() for _ in range(CALLERS)]))
    return Figures(actors, "", weight, asks / (time.perf_counter() - started))


async def measure_calls(calls: int, seconds: float) -> Figures:
    """Begin so many calls of a menu with one supervisor, and press keys in them."""
    clock = SystemClock()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    programs = {"menu": twiml.compile(recipe)}
    supervisor = Supervisor(Settings(MemoryJournal(), Callouts(), clock, programs.get))
    gc.collect()
    before = resident()
    for number in range(calls):
        await supervisor.route(Webhook(fields(number), "menu", "", None, f"first {number}", clock.now()))
    weight = (resident() - before) / calls

    turn, end = count(), time.perf_counter() + seconds

    async def call() -> int:
        asks = 0
        while time.perf_counter() < end:
            number = next(turn)
            params = fields(number % calls, CallStatus="in-progress", Digits="1")
            await supervisor.route(Webhook(params, "menu", "1", None, str(number), clock.now()))
            asks += 1
        return asks

    started = time.perf_counter()
    asks = sum(await asyncio.gather(*[call() for _ in range(CALLERS)]))
    return Figures(calls, "", weight, asks / (time.perf_counter() - started))


def fields(number: int, **extra: str) -> dict[str, str]:
    """A webhook's fields, parsed as the daemon parses them."""
    caller = f"+1415{number:07d}"
    own = {"CallSid": f"CA{number:032x}", "From": caller, "Caller": caller}
    return first_values(fields_of(urlencode(STANDARD | own | extra)))


def start_threads(actors: int) -> tuple[list[pykka.ActorRef[OnThread]], str]:
    """Start ThreadingActors, as many as can be had; return them and what the limit was."""
    refs: list[pykka.ActorRef[OnThread]] = []
    end = time.perf_counter() + START_SECONDS
    while len(refs) < actors:
        if len(refs) == THREADS_AT_MOST:
            return refs, f"stopped at {THREADS_AT_MOST:,} threads"
        if time.perf_counter() > end:
            return refs, f"stopped after {START_SECONDS:.0f} s of starting"
        try:
            refs.append(OnThread.start())
        except (RuntimeError, MemoryError) as refusal:
            return refs, f"no more: {refusal}"
    return refs, ""


def measure_on_threads(actors: int, seconds: float) -> Figures:
    """Start so many ThreadingActors and ask them."""
    gc.collect()
    before = resident()
    refs, limit = start_threads(actors)
    refs[-1].ask("started")
    weight = (resident() - before) / len(refs)

    turn, results, end = count(), queue.SimpleQueue[int](), time.perf_counter() + seconds

    def call() -> None:
        asks = 0
        while time.perf_counter() < end:
            refs[next(turn) % len(refs)].ask("hello")
            asks += 1
        results.put(asks)

    callers: list[threading.Thread] = []
    started = time.perf_counter()
    try:
        for _ in range(CALLERS):
            callers.append(threading.Thread(target=call, daemon=True))
            callers[-1].start()
    except RuntimeError:  # threads are scarce: be content with those there are
        callers.pop()
        if not callers:
            call()
    asks = sum(results.get(timeout=60) for _ in range(len(callers) or 1))
    return Figures(len(refs), limit, weight, asks / (time.perf_counter() - started))


KINDS: dict[str, Callable[[int, float], Figures]] = {
    "LoopActor (uvloop)": lambda actors, seconds: uvloop.run(measure_on_loop(actors, seconds)),
    "LoopActor (asyncio)": lambda actors, seconds: asyncio.run(measure_on_loop(actors, seconds)),
    "ThreadingActor": measure_on_threads,
    "PhoneCall (uvloop)": lambda calls, seconds: uvloop.run(measure_calls(calls, seconds)),
}


def measure(kind: str, actors: int, seconds: float) -> Figures | None:
    """Measure in a process of its own, for a minute at most; None if it came to nothing."""
    command = [sys.executable, __file__, "--measure", kind, "--actors", str(actors), "--seconds", str(seconds)]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout  # noqa: S603 - it's this file
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as failure:
        print(f"{kind} with {actors:,} actors: {failure}", file=sys.stderr)
        return None
    return Figures(*json.loads(output))


def table(sizes: tuple[int, ...], seconds: float) -> None:
    """Print the figures of all kinds, with their ratios to ThreadingActor's."""
    print(f"{'':20}  {'actors':>8}  {'bytes an actor':>15}  {'asks a second':>14}  {'memory':>8}  {'speed':>8}")
    for actors in sizes:
        figures = {kind: measure(kind, actors, seconds) for kind in KINDS}
        threading_ = figures["ThreadingActor"]
        for kind, own in figures.items():
            if own is None:
                print(f"{kind:20}  {actors:8,}  failed")
                continue
            memory = speed = ""
            if threading_ is not None and own is not threading_:
                memory = f"1/{threading_.bytes_an_actor / own.bytes_an_actor:.0f}"
                speed = f"{own.asks_a_second / threading_.asks_a_second:.1f}x"
            row = f"{kind:20}  {own.actors:8,}  {own.bytes_an_actor:15,.0f}  {own.asks_a_second:14,.0f}"
            print(f"{row}  {memory:>8}  {speed:>8}  {own.limit}".rstrip())


def main() -> None:
    """Print the table, or measure one row of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer actors, half a second each")
    parser.add_argument("--measure", choices=KINDS, help=argparse.SUPPRESS)
    parser.add_argument("--actors", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds of asking for each figure")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(KINDS[arguments.measure](arguments.actors, arguments.seconds)), flush=True)
        os._exit(0)  # thousands of daemon threads are not to be waited for
    elif arguments.quick:
        table((1_000, 5_000), 0.5)
    else:
        table(ACTORS, arguments.seconds)


if __name__ == "__main__":
    main()
