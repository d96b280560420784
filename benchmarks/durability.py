"""What it costs to have each step on disk: commits a second of the `sqlite:` journal beside `memory:`.

    python benchmarks/durability.py [--commits 4000] [--folder .]

So many calls commit at the same time, each one step after the other, as calls do. The more there are,
the more of them go to disk in one transaction. The folder decides which disk is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.remove(str(Path(__file__).parent))  # benchmarks/actors.py has a package's name
sys.path.append(str(Path(__file__).parent))

import uvloop
from traffic import STANDARD

from actors import Journal, Row, Snapshot
from runtime import catalogue
from runtime.journals import MemoryJournal, SqliteJournal
from twiml import Machine, Request

RECIPE = "menu_with_default"
AT_A_TIME = (1, 16, 64, 200)


def steps() -> Callable[[str, int], tuple[Snapshot, Row]]:
    """Makes a call's steps as they are after its first webhook."""
    program = catalogue.load("", [RECIPE]).program(RECIPE)
    assert program is not None
    machine = Machine(program, f"/{RECIPE}")
    answer = machine.step(Request())
    kept, xml = machine.snapshot(), getattr(answer, "xml", "")

    def step(sid: str, version: int) -> tuple[Snapshot, Row]:
        params = {**STANDARD, "CallSid": sid}
        told = {f"t{sid}-{version}": xml}
        now = time.time()
        return (
            Snapshot(sid, RECIPE, version, "in-progress", now, program, kept, params, params, {}, 0, (), (), told),
            Row(now, "start_call", "", None, params, xml, moved=True),
        )

    return step


async def rate(journal: Journal, name: str, calls: int, commits: int) -> float:
    """Commits a second of so many calls at a time."""
    step = steps()

    async def call(number: int) -> None:
        for version in range(1, commits // calls + 1):
            await journal.commit(*step(f"C{name}{number:032x}", version))

    began = time.perf_counter()
    await asyncio.gather(*map(call, range(calls)))
    return commits // calls * calls / (time.perf_counter() - began)


async def measure(commits: int, folder: str) -> None:
    print(f"{'calls at a time':>16}{'memory: /s':>14}{'sqlite: /s':>14}{'µs a step':>12}")
    for calls in AT_A_TIME:
        with tempfile.TemporaryDirectory(dir=folder) as made:
            found = []
            for journal in (MemoryJournal(), SqliteJournal(Path(made) / "calls.db")):
                await rate(journal, "W", calls, commits // 10)  # warms up
                found.append(await rate(journal, "A", calls, commits))
                await journal.close()
        print(f"{calls:16}{found[0]:14,.0f}{found[1]:14,.0f}{1e6 / found[1]:12,.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commits", type=int, default=4000)
    parser.add_argument("--folder", help="where the file is made; the system's temporary folder by default")
    options = parser.parse_args()
    uvloop.run(measure(options.commits, options.folder))


if __name__ == "__main__":
    main()
