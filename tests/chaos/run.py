"""One run: callers in bad weather, until it clears; then the daemons settle, and the auditor comes."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.chaos import auditor
from tests.chaos.callers import Callers
from tests.chaos.site import Site
from tests.chaos.weather import Weather, forecast

if TYPE_CHECKING:
    from pathlib import Path

    from tests.chaos.auditor import Evidence

AT_A_TIME = 24
"""Callers at a time."""
LEASES = 15.0
"""Seconds after which everything has run out that a daemon may have had in hand when it was killed."""


@dataclass(frozen=True)
class Report:
    """What came of a run."""

    evidence: Evidence
    summary: str
    journal: Path | None
    """The file, if it was one."""


async def run(folder: Path, journal: str, seconds: float, seed: int, max_call_hours: float) -> Report:
    """Make a run in an empty folder. `seconds` is how long callers call; the rest comes on top."""
    began = time.monotonic()
    async with Site(folder, journal, max_call_hours) as site:
        ready = time.monotonic()
        callers, weather = Callers(site.door.url, seed, AT_A_TIME), Weather(site)
        async with asyncio.TaskGroup() as group:
            group.create_task(callers.call(seconds))
            group.create_task(weather.blow(forecast(seed, seconds * 0.85, journal)))
        called = time.monotonic()
        settled = await settle(site.url, max_call_hours * 3600 + LEASES)
        await asyncio.sleep(1.2)  # a daemon hears once a second of what others have done
        evidence = auditor.Evidence(
            statuses=[await _status(node.status_url) for node in site.nodes],
            vitals=[node.vitals() for node in site.nodes],
        )
        await asyncio.gather(*(node.stop() for node in site.nodes))
        for name, found in (await auditor.read(site.url)).items():
            setattr(evidence, name, found)
        evidence.unsound = await auditor.unsound(site.url)
        notes = callers.notes
        evidence.now = time.time()
        evidence.heard, evidence.unanswered = notes.heard, notes.unanswered
        evidence.faults = [
            (call_sid, f"{call_sid}: {transcript.warnings or transcript.ended_by}\n{transcript}")
            for call_sid, transcript in notes.transcripts.items()
            if transcript.warnings or transcript.broken or not transcript.ended_by
        ]
        evidence.told = auditor.lines(site.diary / "told")
        evidence.callouts = auditor.lines(site.diary / "callouts")
        evidence.events, evidence.strays = site.events, [line for node in site.nodes for line in node.strays]
        evidence.spells, evidence.stops = weather.spells, site.stops
    begun = sum(each["edge"] == "begin" for each in evidence.callouts)
    spells = Counter(spell.kind for spell in evidence.spells)
    counts = ", ".join(f"{what} {count}" for what, count in sorted(spells.items()))
    unkept = sum(each["event"] == "call_lost" for each in evidence.events)
    summary = (
        f"{journal}, seed {seed}: {notes.calls} calls, {len(notes.heard)} answers, {notes.broken} connections broken,"
        f" {len(notes.unanswered)} webhooks given up"
        f"\n  weather: {counts}; {site.starts} daemons started\n"
        f"  audited: {len(evidence.calls)} calls, {len(evidence.rows)} steps, {len(evidence.told)} times somebody told,"
        f" {len(evidence.letters)} dead letters, {begun} callouts begun, {unkept} apologies that are no steps\n"
        f"  seconds: {ready - began:.1f} to start, {called - ready:.1f} of calls,"
        f" {time.monotonic() - called:.1f} to settle{'' if settled else ' (and it has not)'}"
    )
    return Report(evidence, summary, site.file if journal == "sqlite" else None)


async def settle(url: str, most: float) -> bool:
    """Wait until no call is open, no letter is due, and no claim holds; whether it came to that in time."""
    deadline = time.monotonic() + most
    while time.monotonic() < deadline:
        left = [
            *await auditor.table(url, "calls", "status = 'in-progress'"),
            *await auditor.table(url, "letters", "due IS NOT NULL"),
            *await auditor.table(url, "claims", f"until > {time.time()}"),
        ]
        if not left:
            return True
        await asyncio.sleep(0.25)
    return False


async def _status(url: str) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/status") as response:
        found: dict[str, Any] = await response.json()
        return found
