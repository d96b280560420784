"""What goes wrong, and when, from the seed; and how it is made to happen.

| kind | what happens |
|---|---|
| `kill` | a daemon is killed, and started again |
| `kill all` | all of them are, at the same time |
| `term` | a daemon drains, ends, and is started again |
| `reload`, `bad reload` | the flows are changed, for the better or for the worse, and every daemon is told |
| `freeze` | a daemon stands still for a second |
| `stall` | one does for longer than a claim holds, and another takes over what it has in hand |
| `disk full` | SQLite's log of writes can't grow beyond a few steps |
| `locked` | another process holds the file for a second |
| `postgres restarts` | the server is stopped in the middle of whatever it does, and started again |
| `postgres dies` | it is killed, and isn't there for a while |
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.chaos.script import chance

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from tests.chaos.site import Site

EVERY = 1.4
"""Seconds from one thing to the next."""
STALL = 6.0
"""Seconds. A claim holds for five."""
ROOM = 64 * 1024
"""Bytes that a file may have while the disk is full."""
ANY = ("kill", "kill", "term", "reload", "bad reload", "freeze", "kill all")
ITS_OWN = {
    "sqlite": ("disk full", "locked", "disk full"),
    "postgres": ("postgres restarts", "postgres dies", "postgres restarts", "stall"),
}
JOURNAL_FAILS = frozenset({"disk full", "locked", "postgres restarts", "postgres dies"})
"""When daemons may fail to read or to write the journal."""


@dataclass(frozen=True, slots=True)
class Storm:
    """Something that goes wrong: when, what, which daemon's, and for how long."""

    at: float
    kind: str
    node: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Spell:
    """When something did go wrong, by the clock."""

    kind: str
    begin: float
    end: float


def forecast(seed: int, seconds: float, journal: str) -> Iterator[Storm]:
    """What goes wrong within so many seconds: everything in turn, in an order of its own each time."""
    dice = chance(f"weather {seed}")
    at, bag = 0.8, list[str]()
    while at < seconds:
        if not bag:
            bag = [*ANY, *ITS_OWN[journal]]
            dice.shuffle(bag)
        yield Storm(at, bag.pop(), dice.getrandbits(8), dice.uniform(0.6, 1.2))
        at += EVERY * dice.uniform(0.6, 1.4)


class Weather:
    """Makes it happen at a site, and keeps account of it."""

    def __init__(self, site: Site) -> None:
        self.spells: list[Spell] = []
        self._site = site

    async def blow(self, storms: Iterator[Storm]) -> None:
        """Let it all happen in its time; it is over when everything is as it should be again."""
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for storm in storms:
                await asyncio.sleep(max(0.0, began + storm.at - time.monotonic()))
                group.create_task(self._happen(storm))

    async def _happen(self, storm: Storm) -> None:
        site, begin, seconds = self._site, time.time(), storm.seconds
        node = site.nodes[storm.node % len(site.nodes)]
        work: dict[str, Callable[[], Awaitable[Any]]] = {
            "kill": node.kill,
            "kill all": lambda: asyncio.gather(*(each.kill() for each in site.nodes)),
            "term": node.terminate,
            "reload": site.reload,
            "bad reload": lambda: site.reload(bad=True),
            "freeze": lambda: node.freeze(seconds),
            "stall": lambda: node.stall(STALL),
            "disk full": lambda: self._fill(seconds),
            "locked": lambda: asyncio.to_thread(self._lock, seconds),
            "postgres restarts": site.restart_postgres,
            "postgres dies": lambda: site.restart_postgres(dead_for=seconds),
        }
        await work[storm.kind]()
        self.spells.append(Spell(storm.kind, begin, time.time()))

    async def _fill(self, seconds: float) -> None:
        """Python ignores SIGXFSZ, so that a write beyond the limit fails, and SQLite says that the disk is full."""
        process = self._site.nodes[0].process
        if process is None or process.poll() is not None:
            return
        await asyncio.to_thread(self._cut)
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (ROOM, hard))
            await asyncio.sleep(seconds)
            resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (hard, hard))

    def _cut(self) -> None:
        """Have SQLite's log of writes begin anew: otherwise there is room in what it has."""
        with contextlib.closing(sqlite3.connect(self._site.file, isolation_level=None, timeout=1)) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def _lock(self, seconds: float) -> None:
        with contextlib.closing(sqlite3.connect(self._site.file, isolation_level=None, timeout=5)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
