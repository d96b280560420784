"""A function under way, a callout or a `reply`, and the claim that nobody else is under way for the same call.

A function of the user's must not run for a step that somebody else has taken. So before one is begun,
the call is claimed in the journal, upon the version that the step is made from: of two daemons that
have the same webhook in hand one gets the claim, and the other waits until it sees what became of it.

The claim is a lease. It is renewed as long as the function runs, which is no longer than it may take. It ends
with the step that takes what the function returned, and runs out by itself if no step does, or its daemon dies.
If another daemon has gone on with the call, so that nobody waits for the function any more, it ends with the next
renewal, and so does the function.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from actors.callouts import CalloutError, Outcome
from actors.clock import Timer, done_within, pause
from actors.journal import JournalError, Snapshot, StaleVersion
from actors.settings import Settings

LEASE = 5.0
"""Seconds that a claim holds if it isn't renewed. Of a daemon that died, less than a caller waits for a callout."""
RENEWAL = 2.0
"""Seconds after which it is renewed."""
LOOK = 0.1
"""Seconds between two looks at a claim of somebody else's."""


class Errand:
    """One try of a function: claimed, begun, waited for.

    Args:
        settings: the daemon's.
        call_sid: the call, or the conversation.
        key: what it is for, the same for every try of it and for nothing else.
        name: the function's, for whoever reads what went wrong.
        wanted: whether the function is still of use, as the journal has the call; always, if it isn't given.
    """

    task: asyncio.Task[Outcome]
    """The function, once it was begun."""

    __slots__ = ("_renewal", "begun", "call_sid", "key", "name", "overtaken", "settings", "task", "wanted")

    def __init__(
        self,
        settings: Settings,
        call_sid: str,
        key: str,
        name: str,
        wanted: Callable[[Snapshot], bool] | None = None,
    ) -> None:
        self.settings = settings
        self.call_sid = call_sid
        self.key = key
        self.name = name
        self.wanted = wanted
        self.overtaken = False
        """Whether another daemon has gone on without it."""
        self.begun = 0.0
        self._renewal: Timer | None = None

    async def claim(self, version: int, deadline: float) -> bool:
        """Claim the call; False if somebody else has it until the deadline. Raises `StaleVersion`.

        What is on its way to the journal for an errand before, perhaps of an actor that has crashed, comes first: it
        would end this claim.
        """
        clock = self.settings.clock
        if (renewal := self.settings.callouts.renewals.get(self.call_sid)) is not None:
            await asyncio.wait([renewal])
        while not await self._claim(LEASE, version):
            left = deadline - clock.now()
            if left <= 0 or self.settings.callouts.hurry.done():
                return False
            await pause(min(LOOK, left), clock)
        return True

    def begin(self, work: Coroutine[Any, Any, Outcome]) -> None:
        """Let the function run."""
        self.begun = self.settings.clock.now()
        self.task = asyncio.get_running_loop().create_task(work)
        self._renew_later()

    async def done_by(self, deadline: float) -> bool:
        """Wait for the function until the deadline, or as long as one may take; whether there is an outcome.

        A daemon that is about to stop waits for none: the caller holds, and comes back to the next.
        """
        clock, over = self.settings.clock, self.begun + self.settings.limit
        left, hurry = min(deadline, over) - clock.now(), self.settings.callouts.hurry
        return await done_within(left, self.task, clock, hurry) or over <= clock.now()

    def outcome(self) -> Outcome:
        """What came of it. Raises `CalloutError`, also if it took too long; or `StaleVersion` if it was overtaken."""
        if self.overtaken:
            raise StaleVersion(f"{self.call_sid} has gone on without {self.name}")
        if not self.task.done() or self.task.cancelled():
            raise CalloutError(f"{self.name} took more than {self.settings.limit:g} s")
        return self.task.result()

    def drop(self) -> None:
        """It is of no more use: don't wait for it, and let the claim run out."""
        self.task.cancel()
        if self._renewal is not None:
            self._renewal.cancel()
            self._renewal = None

    async def _claim(self, lease: float, version: int | None = None) -> bool:
        settings = self.settings
        now = settings.clock.now()
        return await settings.journal.claim(self.call_sid, version, settings.node, now, now + lease)

    def _renew_later(self) -> None:
        def renew() -> None:
            if self.settings.clock.now() >= self.begun + self.settings.limit:
                self.task.cancel()  # whoever waited for it may be with another daemon by now
            elif not self.task.done():
                renewals = self.settings.callouts.renewals
                renewals[self.call_sid] = renewal = self.settings.callouts.spawn(self._renew())
                renewal.add_done_callback(lambda _: renewals.pop(self.call_sid))

        self._renewal = self.settings.clock.later(RENEWAL, renew)

    async def _renew(self) -> None:
        with contextlib.suppress(JournalError):  # the next renewal may succeed; else somebody else may begin
            await self._claim(LEASE)
            if self._renewal is not None and not await self._is_wanted():
                self.overtaken = True
                self.drop()
            if self._renewal is None:  # it was dropped meanwhile, perhaps by a step that ended the claim
                await self._claim(0.0)
        if self._renewal is not None:
            self._renew_later()

    async def _is_wanted(self) -> bool:
        """Whether the function is of use yet; where no other daemon can have the journal, its own actor sees to it."""
        journal = self.settings.journal
        if self.wanted is None or journal.alone:
            return True
        kept = await journal.load(self.call_sid)
        return kept is None or self.wanted(kept)
