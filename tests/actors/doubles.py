"""Stand-ins for what a call's actor meets: time, Twilio's webhooks, a recipe's functions, a journal."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import json
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from actors import (
    Answer,
    Call,
    Callouts,
    Letter,
    Open,
    PhoneCall,
    Row,
    Settings,
    Snapshot,
    Subscription,
    Threads,
    Webhook,
)
from runtime.journals import MemoryJournal
from supervisor import Postman
from twiml import FunctionExt, Gather, Pause, Program, ResponseExt, Say, compile

T = TypeVar("T")
SID = "CA" + "1" * 32
BOUND = 30.0
"""Seconds that anything here is waited for, at most."""
MENU = [
    Gather(
        [Say("Press one.")],
        after_ext=[ResponseExt("1", "one", [Say("One!")]), ResponseExt("2", "two", [Say("Two!"), Pause()])],
    )
]
"""A flow of two answers, that asks again."""


class ManualClock:
    """A clock that stands still until it is turned."""

    def __init__(self, now: float = 1_000_000.0) -> None:
        self._now = now
        self._timers: list[tuple[float, int, ManualTimer]] = []
        self._numbers = itertools.count()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def steady(self) -> float:
        """Seconds of which the test has let as many pass."""
        return self._now

    def later(self, seconds: float, do: Callable[[], object]) -> ManualTimer:
        """Call `do` when the clock was turned that far."""
        timer = ManualTimer(do)
        heapq.heappush(self._timers, (self._now + seconds, next(self._numbers), timer))
        return timer

    def turn(self, seconds: float) -> None:
        """Let time pass: what is due is done in the order in which it is due."""
        until = self._now + seconds
        while self._timers and self._timers[0][0] <= until:
            due, _, timer = heapq.heappop(self._timers)
            self._now = max(self._now, due)
            if not timer.cancelled:
                timer.do()
        self._now = until

    @property
    def waiting(self) -> int:
        """How many timers are set."""
        return sum(not timer.cancelled for *_, timer in self._timers)


class ManualTimer:
    """What `ManualClock.later` gives."""

    def __init__(self, do: Callable[[], object]) -> None:
        self.do = do
        self.cancelled = False

    def cancel(self) -> None:
        """Don't do it."""
        self.cancelled = True


class Office(ModuleType):
    """A module of functions that a test writes where it needs them, importable by name while the test runs."""

    def employ(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function one of this module's own."""
        assert not hasattr(self, function.__name__), f"there is a {function.__name__} already"
        function.__module__, function.__qualname__ = self.__name__, function.__name__
        setattr(self, function.__name__, function)
        return function

    def callout(self, function: Callable[..., Any]) -> FunctionExt:
        """The same, and a state that calls out to it."""
        return FunctionExt(fn=self.employ(function))


def counting(office: Office) -> tuple[FunctionExt, list[str]]:
    """A callout, and the steps that it ran in."""
    ran: list[str] = []

    @office.callout
    def hours(call: Call) -> list[Any]:
        ran.append(call.step_id)
        return [Say("nine")]

    return hours, ran


class Faults(Counter[Any]):
    """What is to go wrong how often: `faults["load"] = 2`, or for one call `faults["load", sid] = math.inf`."""

    error: type[Exception] = OSError
    """What is raised then: what no journal may raise, by which an actor crashes, or else a `JournalError`."""

    def hit(self, what: str, call_sid: str) -> None:
        """Raise the error if that is to go wrong now."""
        for key in (what, (what, call_sid)):
            if self[key] > 0:
                self[key] -= 1
                raise self.error(f"no {what}: the disk is full")


class PlainJournal(MemoryJournal):
    """Keeps nothing of a call but what JSON can hold and its program, tells what it wrote, and fails when told to.

    `faults` may hold "load", "commit", and "committed": that one is written, and fails only then.
    """

    def __init__(self, *, shared: bool = False) -> None:
        super().__init__()
        self.shared, self.alone = shared, not shared
        self.faults = Faults()
        self.written: list[tuple[Snapshot, Row]] = []
        self.loaded = 0
        self.on_commit: Callable[[Snapshot, Row], Awaitable[None]] | None = None

    async def load(self, call_sid: str) -> Snapshot | None:
        """The latest snapshot of a call, made anew from plain data."""
        self.loaded += 1
        self.faults.hit("load", call_sid)
        snapshot = await super().load(call_sid)
        return None if snapshot is None else plain(snapshot)

    async def overdue(self, by: float, most: int) -> Sequence[Open]:
        """The calls that are due."""
        self.faults.hit("overdue", "")
        return await super().overdue(by, most)

    async def commit(self, snapshot: Snapshot, row: Row, letters: Sequence[Letter] = (), *, claimant: str = "") -> None:
        """Write a step."""
        if self.on_commit is not None:
            await self.on_commit(snapshot, row)
        self._follows(snapshot.call_sid, snapshot.version - 1)
        self.faults.hit("commit", snapshot.call_sid)
        await super().commit(plain(snapshot), row, letters, claimant=claimant)
        self.written.append((plain(snapshot), row))
        self.faults.hit("committed", snapshot.call_sid)


class SlowRenewals(PlainJournal):
    """The first renewal of a claim takes until the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.renewing: asyncio.Future[None] | None = None

    async def claim(self, call_sid: str, version: int | None, claimant: str, now: float, until: float) -> bool:
        """Claim a call, or renew a claim on it."""
        if version is None and self.renewing is None:
            self.renewing = asyncio.get_running_loop().create_future()
            await self.renewing
        return await super().claim(call_sid, version, claimant, now, until)


def plain(snapshot: Snapshot) -> Snapshot:
    """A snapshot that went through JSON."""
    values = snapshot._asdict()
    program = values.pop("program")
    values = json.loads(json.dumps({**values, "subscriptions": [list(each) for each in values["subscriptions"]]}))
    subscriptions = [Subscription(*each) for each in values.pop("subscriptions")]
    return Snapshot(**values, program=program, subscriptions=subscriptions)


def hook(
    path: str = "",
    *,
    sid: str = SID,
    recipe: str = "menu",
    step: int | None = None,
    token: str = "",
    arrived: float = 1_000_000.0,
    **params: str,
) -> Webhook:
    """A webhook of Twilio's; fields by their own names, of which CallSid and CallStatus go without saying."""
    status = "in-progress" if path else "ringing"
    return Webhook({"CallSid": sid, "CallStatus": status, **params}, recipe, path, step, token, arrived)


async def until(condition: Callable[[], object]) -> None:
    """Let the loop run until something holds."""
    async with asyncio.timeout(BOUND):
        while not condition():  # noqa: ASYNC110 - what is waited for may happen in a thread
            await asyncio.sleep(0)


async def bounded(awaitable: Awaitable[T]) -> T:
    """What an awaitable gives, if it does in time."""
    async with asyncio.timeout(BOUND):
        return await awaitable


async def quiet() -> None:
    """Let the loop run until what can go on has gone on, threads and clocks left aside."""
    for _ in range(50):
        await asyncio.sleep(0)


class Line:
    """One call, at whose other end the test is: posts webhooks to the actor, as its supervisor would."""

    def __init__(
        self,
        flow: Sequence[Any] | Program,
        *,
        clock: ManualClock | None = None,
        others: Mapping[str, Sequence[Any]] = MappingProxyType({}),
        **settings: Any,
    ) -> None:
        self.program = flow if isinstance(flow, Program) else compile(flow)
        programs = {"menu": self.program, **{name: compile(other) for name, other in others.items()}}
        self.clock = clock or ManualClock()
        self.journal: PlainJournal = settings.pop("journal", None) or PlainJournal()
        self.callouts = Callouts(Threads(4))
        self.settings = Settings(
            journal=self.journal,
            callouts=self.callouts,
            clock=self.clock,
            programs=programs.get,
            **settings,
        )
        self.postman = Postman(self.settings, pauses=())
        self.ref = PhoneCall.start(self.settings, SID)

    def ask(self, message: Any) -> asyncio.Task[Answer]:
        """Send a message, and don't wait for what it is answered."""
        return asyncio.ensure_future(self._answer(self.ref.ask(message, block=False)))

    def send(self, path: str = "", **given: Any) -> asyncio.Task[Answer]:
        """Post a webhook, and don't wait for what it is answered."""
        return self.ask(hook(path, **{"arrived": self.clock.now(), **given}))

    async def post(self, path: str = "", **given: Any) -> Answer:
        """Post a webhook; its answer."""
        return await bounded(self.send(path, **given))

    async def told(self) -> None:
        """Wait until every subscribed function is done."""
        await until(lambda: not self.callouts.running)

    async def restart(self) -> None:
        """Another actor, which knows of the call what the journal does."""
        await self.hang_up()
        self.ref = PhoneCall.start(self.settings, SID)

    async def hang_up(self) -> None:
        """Stop the actor."""
        await bounded(self.ref.stop(block=False))

    async def failures(self) -> list[tuple[Subscription, str]]:
        """The functions that were given up, the first of them first, and why."""
        dead = await self.journal.dead_letters(100)
        return [(each.subscription, each.reason) for each in sorted(dead, key=lambda each: (each.version, each.number))]

    async def _answer(self, future: Awaitable[Any]) -> Answer:
        answer: Answer = await future
        if isinstance(answer, Answer) and answer.letters:
            self.postman.nudge(SID)
        return answer

    @property
    def snapshot(self) -> Snapshot:
        """What was last written of the call."""
        return self.journal.written[-1][0]

    @property
    def rows(self) -> list[Row]:
        """The call's history as it was written."""
        return [row for _, row in self.journal.written]


class Mover:
    """Stands where Twilio is told, by its REST API, to go on elsewhere with a call."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, str]] = []
        """Account, call and path, each time."""
        self.wrong: BaseException | None = None
        self.meanwhile: Callable[[], Awaitable[object]] | None = None

    async def __call__(self, account_sid: str, call_sid: str, path: str) -> None:
        self.told.append((account_sid, call_sid, path))
        if self.meanwhile is not None:
            await self.meanwhile()
        if self.wrong is not None:
            raise self.wrong


class Gate:
    """A door that functions in threads wait at, until the test opens it or ends."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.reached = 0
        self.passed = 0

    def wait(self) -> None:
        """Wait until it is open."""
        self.reached += 1
        if not self._open.wait(BOUND):
            raise TimeoutError("nobody opened the gate")
        self.passed += 1

    def open(self) -> None:
        """Let everybody through."""
        self._open.set()
