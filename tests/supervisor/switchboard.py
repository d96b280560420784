"""A supervisor with everything it needs, to which tests post Twilio's webhooks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from actors import Call, Callouts, Settings, Threads
from supervisor import Supervisor
from tests.actors.doubles import ManualClock, Office, PlainJournal, bounded, hook, quiet, until
from twiml import DefaultExt, FunctionExt, Gather, ResponseExt, Say, compile

MENU = [
    Gather(
        [Say("Press one.")],
        after_ext=[ResponseExt("1", "one", [Say("One!")]), DefaultExt("none", [Say("None.")])],
    ),
    Say("Goodbye."),
]


def sid(number: int) -> str:
    """The CallSid of a numbered call."""
    return f"CA{number:032x}"


class Switchboard:
    """Posts webhooks to a supervisor of calls that all run one flow."""

    def __init__(
        self,
        flow: Sequence[Any] = MENU,
        *,
        clock: ManualClock | None = None,
        journal: PlainJournal | None = None,
        node: str = "node",
        settings: Mapping[str, Any] = MappingProxyType({}),
        **options: Any,
    ) -> None:
        self.program = compile(flow)
        self.clock = clock or ManualClock()
        self.journal = journal or PlainJournal()
        self.callouts = Callouts(Threads(4))
        programs = {"programs": lambda name: self.program if name == "menu" else None}
        self.settings = Settings(
            journal=self.journal, callouts=self.callouts, clock=self.clock, node=node, **programs | dict(settings)
        )
        self.supervisor = Supervisor(self.settings, **options)

    def send(self, path: str = "", **given: Any) -> asyncio.Task[str]:
        """Post a webhook, and don't wait for what it is answered."""
        webhook = hook(path, **{"sid": sid(1), "arrived": self.clock.now(), **given})
        return asyncio.ensure_future(self.supervisor.route(webhook))

    async def post(self, path: str = "", **given: Any) -> str:
        """Post a webhook; the document it is answered."""
        return await bounded(self.send(path, **given))

    async def linger(self) -> None:
        """Let those who linger go."""
        self.clock.turn(self.supervisor.linger)
        await quiet()

    async def turn(self, seconds: float) -> None:
        """Let time pass, and have everything done that is due by then."""
        self.clock.turn(seconds)
        await quiet()
        await bounded(self.supervisor.sweep.look())
        await bounded(self.supervisor.postman.look())
        await self.told()

    async def told(self) -> None:
        """Wait until every letter that is under way is delivered, or put off."""
        await until(lambda: not self.callouts.running)

    @property
    def counts(self) -> dict[str, int]:
        """The calls, counted."""
        counted: dict[str, int] = self.supervisor.status()["calls"]
        return counted

    @property
    def listed(self) -> list[str]:
        """The calls that the status lists as in progress."""
        return [each["call_sid"] for each in self.supervisor.status(limit=100_000)["in_progress"]]

    @property
    def children(self) -> list[str]:
        """The calls that have an actor."""
        return [child.call_sid for child in self.supervisor._roll]


def counted(in_progress: int = 0, started: int = 0, completed: int = 0, failed: int = 0, restarts: int = 0) -> Any:
    """The counts as the status has them."""
    return {
        "in_progress": in_progress,
        "started": started,
        "completed": completed,
        "failed": failed,
        "restarts": restarts,
    }


class Slow:
    """A callout that waits for its doors to be opened, one for each time that it is begun."""

    def __init__(self, office: Office, name: str = "slow") -> None:
        self.doors: list[asyncio.Future[list[Any]]] = []
        self.step_ids: list[str] = []

        async def slow(call: Call) -> Any:
            self.step_ids.append(call.step_id)
            self.doors.append(asyncio.get_running_loop().create_future())
            return await self.doors[-1]

        slow.__name__ = name
        self.function: FunctionExt = office.callout(slow)


def cluster(
    flow: list[Any], count: int = 2, *, journal: PlainJournal | None = None, **options: Any
) -> list[Switchboard]:
    """Daemons with one journal and one clock."""
    journal, clock = journal or PlainJournal(shared=True), ManualClock()
    return [Switchboard(flow, journal=journal, clock=clock, node=f"node {n}", **options) for n in range(count)]


async def ticks(board: Switchboard, seconds: float) -> None:
    """Let time pass, a second at a time."""
    for _ in range(round(seconds)):
        board.clock.turn(1)
        await quiet()
