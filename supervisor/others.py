"""The calls that the journal has of other daemons: of one that had it before, or of those that have it too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from actors import JournalError, NotMoved, Open, Settings
from supervisor.roll import Child, Roll
from supervisor.tally import Tally

log = structlog.get_logger("switchhook.supervisor")

PAGE_OF_OPEN = 500
"""Calls that are taken over from a journal at a time."""
PAGE_OF_ENDED = 10_000
"""Calls that others have ended, of which is heard in one round."""
SKEW = 30.0
"""Seconds by which the clocks of two daemons may differ."""


class Others:
    """Puts such calls on the roll, and takes off it those that others have ended."""

    def __init__(self, settings: Settings, roll: Roll, tally: Tally, retire: Callable[[Child], None]) -> None:
        self._settings = settings
        self._roll = roll
        self._tally = tally
        self._retire = retire
        self._looked = 0.0
        """Until when it is known which calls others have ended."""
        self._taking_over: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to take over the calls in progress, unless other daemons have the same journal."""
        self._looked = self._settings.clock.now()
        if not self._settings.journal.shared:
            self._taking_over = asyncio.get_running_loop().create_task(self._take_over())

    def stop(self) -> None:
        """Take over no more."""
        if self._taking_over is not None:
            self._taking_over.cancel()

    async def _take_over(self) -> None:
        """Put the calls in progress that the journal has on the roll, a page at a time."""
        page: Sequence[Open] = await self._open_after("")
        while page:
            for found in page:
                if found.call_sid not in self._roll:
                    self._roll.add(child := Child.of(found))
                    self._tally.goes_on(child)
            page = await self._open_after(page[-1].call_sid)

    async def _open_after(self, call_sid: str) -> Sequence[Open]:
        try:
            return await self._settings.journal.in_progress(call_sid, PAGE_OF_OPEN)
        except JournalError as problem:
            log.warning("calls_not_listed", after=call_sid, reason=str(problem))
            return ()

    async def hear_of_ends(self) -> None:
        """Retire the calls that another daemon has ended.

        They were last heard of when their last webhook came, which may have waited for a callout since.
        """
        now = self._settings.clock.now()
        skew = SKEW if self._settings.journal.shared else 0.0  # where it isn't they are on one machine
        since = self._looked - skew - self._settings.patience
        for call_sid in await self._settings.journal.ended(since, PAGE_OF_ENDED):
            child = self._roll.find(call_sid)
            if child is not None and child.counted and not child.in_hand:
                self._tally.discount(child)
                self._retire(child)
        self._looked = now

    async def find(self, call_sid: str) -> Child:
        """A call that the journal has, put on the roll. Raises `NotMoved` if it has none in progress."""
        found = await self._settings.journal.load(call_sid)
        if found is None or found.status != "in-progress":
            raise NotMoved(f"{call_sid}: " + ("there is no such call" if found is None else "the call is over"))
        if (child := self._roll.find(call_sid)) is None:
            get = found.initial_params.get
            child = Child(call_sid, found.recipe, get("From", ""), get("To", ""), found.started, found.machine["state"])
            self._roll.add(child)
            self._tally.goes_on(child)
        return child
