"""The sweep: calls that wait for what never comes are ended, or do without it.

The journal knows when each is due, so this is so also of calls that another daemon had, or one that has died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog

from actors import Open, Overdue, Settings, Webhook

log = structlog.get_logger("switchhook.supervisor")

SWEPT = 100
"""Calls that are swept in one round."""
PAUSE, LONGEST = 1.0, 60.0
"""Seconds after which a call is swept again whose end could not be written, or that can't be read: each time twice as
long, up to the second."""


class Later(NamedTuple):
    """When a call is swept again, and how long that is after the last time."""

    at: float
    pause: float


class Sweep:
    """Has calls do without what they wait for.

    Args:
        settings: what the calls have in common.
        tell: gives a message about a call to its actor.
    """

    def __init__(self, settings: Settings, tell: Callable[[Webhook, Overdue], Awaitable[object]]) -> None:
        self._settings = settings
        self._reason = f"its end had not come after {settings.longest / 3600:g} hours"
        self._tell = tell
        self._later: dict[str, Later] = {}
        """The calls that could not be swept: others are not to wait behind them."""

    async def look(self, ahead: float = 0.0) -> None:
        """Sweep those that are overdue, or will be in some seconds. Raises `JournalError`."""
        now = self._settings.clock.now()
        late = await self._settings.journal.overdue(now + ahead, SWEPT + len(self._later))
        left = {call_sid for call_sid, later in self._later.items() if later.at > now}
        await asyncio.gather(*(self._do_without(each, now + ahead) for each in late if each.call_sid not in left))
        self._later = {call_sid: later for call_sid, later in self._later.items() if later.at > now}

    def put_off(self, call_sid: str) -> None:
        """Leave a call alone for a while."""
        before = self._later.get(call_sid)
        pause = min(2 * before.pause, LONGEST) if before is not None else PAUSE
        self._later[call_sid] = Later(self._settings.clock.now() + pause, pause)

    async def _do_without(self, found: Open, by: float) -> None:
        fields = {"CallSid": found.call_sid, "From": found.from_, "To": found.to}
        webhook = Webhook(fields, found.recipe, "status", arrived=self._settings.clock.now())
        log.info("call_overdue", call_sid=found.call_sid, recipe=found.recipe, since=found.started)
        await self._tell(webhook, Overdue(webhook, self._reason, by))
