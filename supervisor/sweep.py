"""The sweep: calls that wait for what never comes are ended, or do without it.

The journal knows when each is due, so this is so also of calls that another daemon had, or one that has died.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from actors import Open, Overdue, Settings, Webhook

log = structlog.get_logger("switchhook.supervisor")

SWEPT = 100
"""Calls that are swept in one round."""
PUT_OFF = 60.0
"""Seconds after which a call is swept again whose end could not be written, or that can't be read."""


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
        self._put_off: dict[str, float] = {}
        """The calls that can't be swept now, and until when they are left alone: others are not to wait behind them."""

    async def look(self, ahead: float = 0.0) -> None:
        """Sweep those that are overdue, or will be in some seconds. Raises `JournalError`."""
        now = self._settings.clock.now()
        late = await self._settings.journal.overdue(now + ahead, SWEPT + len(self._put_off))
        swept = [each for each in late if self._put_off.get(each.call_sid, now) <= now]
        self._put_off = {call_sid: until for call_sid, until in self._put_off.items() if until > now}
        await asyncio.gather(*(self._do_without(each, now + ahead) for each in swept))

    def put_off(self, call_sid: str) -> None:
        """Leave a call alone for a while."""
        self._put_off[call_sid] = self._settings.clock.now() + PUT_OFF

    async def _do_without(self, found: Open, by: float) -> None:
        fields = {"CallSid": found.call_sid, "From": found.from_, "To": found.to}
        webhook = Webhook(fields, found.recipe, "status", arrived=self._settings.clock.now())
        log.info("call_overdue", call_sid=found.call_sid, recipe=found.recipe, since=found.started)
        await self._tell(webhook, Overdue(webhook, self._reason, by))
