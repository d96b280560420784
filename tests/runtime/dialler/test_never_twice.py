"""Nobody twice, everybody in the end: the dialler and its ledger against a model of Twilio, crashing at every point.

The dialler and the ledger are the real ones, on a real file. Twilio is a list in memory, which outlives the crashes: it
makes calls or loses requests, answers or doesn't, and lists a call only after some looks, but within those that a
dialler takes. A crash comes with an entry of which any number of octets reach the disk, before a request is out, or
when it is answered; from then on that process does nothing more.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from hypothesis import event, given, settings
from hypothesis import strategies as st

from runtime.dialler import Dialler, Entry, Ledger, Pace, Row, Step, What
from runtime.twilio import Ambiguous, TwilioError
from tests.runtime.dialler.exchange import FROM, number
from tests.runtime.twilio.conftest import NOW, QuickClock

if TYPE_CHECKING:
    from collections.abc import Sequence

LOOKS = 3
"""How often a dialler looks into the list before it believes it."""
COUNT = 4
NUMBERS = [number(n) for n in range(COUNT)]
REFUSAL = TwilioError("Invalid 'To'", status=400, code=21211)
BAR = TwilioError("not verified", status=400, code=21219)
HINDRANCE = TwilioError("Authenticate", status=401, code=20003)
REFUSALS = {"refused": REFUSAL, "barred": BAR, "hindered": HINDRANCE}


class Crash(BaseException):
    """The process is gone."""


@dataclass
class Call:
    sid: str
    to: str
    made: float
    hidden: int
    """Looks that do not show it yet."""


@dataclass
class Twilio:
    """What is there, whoever asks."""

    clock: QuickClock = field(default_factory=QuickClock)
    calls: list[Call] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    """Numbers that it doesn't call, once it has said so."""
    seen: set[str] = field(default_factory=set)
    """What has happened."""

    def make(self, to: str, hidden: int = 0) -> Call:
        earlier = [each for each in self.calls if each.to == to and each.made >= NOW]
        assert not earlier, f"{to} is called twice"
        call = Call(f"CA{len(self.calls)}", to, self.clock.now(), hidden)
        self.calls.append(call)
        return call


class Process:
    """One life of the dialler: as a client it asks Twilio, as a disk it takes the ledger's octets, until it dies."""

    account_sid = "AC0"

    def __init__(self, twilio: Twilio, outcomes: Sequence[tuple[str, int]], dies: tuple[int, int] | None) -> None:
        self.twilio = twilio
        self.clock = twilio.clock
        self.outcomes = list(outcomes)
        self.dies = dies
        self.written = 0
        self.dead = False

    def now(self) -> float:
        return self.clock.now()

    def die(self) -> None:
        self.dead = True
        raise Crash

    async def make_call(self, to: str, from_: str, **_: Any) -> dict[str, Any]:
        self.check()
        self.clock.time += 0.7
        what, hidden = self.outcomes.pop(0) if self.outcomes else ("made", 0)
        what = "refused" if to in self.twilio.refused else what
        self.twilio.seen.add(what)
        if what == "dies before it is sent":
            self.die()
        if what in REFUSALS:
            self.twilio.refused |= {to} if what == "refused" else set()
            raise REFUSALS[what]
        call = None if what == "lost" else self.twilio.make(to, hidden)
        await asyncio.sleep(0)
        self.check()
        if what == "dies before it is answered":
            self.die()
        if call is None or what == "made, and the answer lost":
            raise Ambiguous("no answer came in time", what="POST Calls.json")
        return {"sid": call.sid, "status": "queued"}

    async def find_calls(self, to: str, from_: str, since: float) -> list[dict[str, Any]]:
        assert from_ == FROM
        for _ in range(LOOKS):
            self.check()
            self.clock.time += 1.0
            await asyncio.sleep(0)
            found = [each for each in self.twilio.calls if each.to == to and each.made >= since]
            if shown := [{"sid": each.sid} for each in found if not each.hidden]:
                return shown
            for each in found:
                each.hidden -= 1
        return []

    def write(self, fd: int, octets: bytes) -> int:
        self.check()
        for line in octets.splitlines(keepends=True):
            self.written += 1
            if self.dies is not None and self.written == self.dies[0]:
                REAL_WRITE(fd, line[: self.dies[1]])
                self.die()
            REAL_WRITE(fd, line)
        return len(octets)

    def check(self) -> None:
        """A process that is gone does nothing more."""
        if self.dead:
            raise Crash


REAL_WRITE = os.write


class Nowhere:
    """A display that nobody looks at."""

    def show(self, tally: object) -> None: ...

    def show_ends(self, over: int, total: int) -> None: ...

    def tell(self, line: str) -> None: ...


async def life(process: Process, path: Path) -> bool:
    """Dial once. Whether it lived to the end."""
    process.clock.time += 5
    with mock.patch("os.write", process.write), mock.patch("os.fsync"):
        try:
            with Ledger(path) as ledger:
                await dial(process, ledger)
        except* Crash:
            pass  # it didn't
    return not process.dead


async def dial(process: Process, ledger: Ledger) -> None:
    await ledger.write(Entry(process.now(), What.BEGUN, sid="AC0"))
    talk = {"from_": FROM, "url": "https://h/voice"}
    stopped, pace = asyncio.get_running_loop().create_future(), Pace(1.0, process.clock)
    dialler = Dialler(process, ledger, talk, pace=pace, stopped=stopped, display=Nowhere())
    await dialler.dial([Row(line, to) for line, to in enumerate(NUMBERS, 2)], "guests.csv")
    done = [ledger.book.of(to).step is Step.NOTHING for to in NUMBERS]
    assert all(done) or dialler.open or dialler.problem or dialler.tally.refused, "somebody was left out in silence"


OUTCOMES = [
    "made",
    "made",
    "made, and the answer lost",
    "lost",
    "refused",
    "barred",
    "hindered",
    "dies before it is sent",
    "dies before it is answered",
]
lives = st.lists(
    st.tuples(
        st.lists(st.tuples(st.sampled_from(OUTCOMES), st.integers(0, LOOKS - 1)), max_size=COUNT + 2),
        st.none() | st.tuples(st.integers(1, 12), st.integers(0, 90)),
    ),
    max_size=6,
)


@settings(max_examples=400, deadline=None)
@given(lives)
def test_nobody_is_called_twice_and_everybody_in_the_end(plan):
    twilio = Twilio()
    twilio.calls += [Call("CA-old", NUMBERS[0], NOW - 60, 0), Call("CA-older", NUMBERS[1], NOW - 3600, 0)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "guests.csv.calls.csv"
        lived = [asyncio.run(life(Process(twilio, *each), path)) for each in plan]
        assert asyncio.run(life(Process(twilio, (), None), path)), "the last one has nothing to die of"
        with Ledger(path) as ledger:
            known = {to: ledger.book.of(to).sid for to in NUMBERS}

    for what in twilio.seen:
        event(what)
    event(f"{lived.count(False)} crashes")
    ours = {each.to: each.sid for each in twilio.calls if each.made >= NOW}
    assert Counter(each.to for each in twilio.calls if each.made >= NOW) == dict.fromkeys(ours, 1)
    assert set(ours) | twilio.refused == set(NUMBERS)
    assert {to: sid for to, sid in known.items() if sid} == ours


def test_every_octet_of_every_entry_is_a_point_to_crash_at():
    """The same without chance: one crash, at each place where there can be one."""
    crashes = 0
    for entry in range(1, 2 + 2 * COUNT + 1):
        for octets in range(0, 100, 3):
            twilio = Twilio()
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "guests.csv.calls.csv"
                crashes += not asyncio.run(life(Process(twilio, (), (entry, octets)), path))
                assert asyncio.run(life(Process(twilio, (), None), path))
            assert Counter(each.to for each in twilio.calls) == dict.fromkeys(NUMBERS, 1)
    assert crashes == (2 + 2 * COUNT) * 34
