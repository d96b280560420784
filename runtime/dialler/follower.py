"""Waits until calls are over, asking Twilio no more than it must.

A few calls are fetched one by one. Many are read from Twilio's list, a thousand a page, from the newest back to the
first of ours, so that ten thousand calls take ten requests a round and not ten thousand. Those that the list doesn't
have are fetched, a few a round.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from actors import TERMINAL, done_within
from runtime.dialler.display import Display
from runtime.dialler.entry import Entry, What
from runtime.dialler.ledger import Ledger
from runtime.dialler.rows import Row
from runtime.dialler.standing import Standing
from runtime.twilio import TwilioClient, TwilioError, seconds_of

EVERY = 5.0
"""Seconds between two rounds."""
FEW = 20
"""Calls that are fetched one by one in a round, and no more than these."""
PAGE = 1000
"""Calls in a page of Twilio's list, the most that it gives."""
GONE = "gone"
"""What stands for the status of a call that Twilio doesn't know any more."""


class Follower:
    """Waits for the calls that a ledger has.

    Args:
        twilio: the client, open.
        ledger: where ends are written down.
        stopped: once it is done nobody waits.
        display: where the waiting is shown.
    """

    def __init__(
        self, twilio: TwilioClient, ledger: Ledger, *, stopped: asyncio.Future[None], display: Display
    ) -> None:
        self._twilio = twilio
        self._ledger = ledger
        self._stopped = stopped
        self._display = display

    async def follow(self, rows: Iterable[Row]) -> list[str]:
        """Wait until all calls are over, or it is stopped. How those ended that are over."""
        called = [row.to for row in rows if self._ledger.book.of(row.to).sid]
        waiting = {self._ledger.book.of(to).sid: to for to in called if not self._ledger.book.of(to).status}
        self._display.show_ends(len(called) - len(waiting), len(called))
        while waiting:
            await self._round(waiting)
            self._display.show_ends(len(called) - len(waiting), len(called))
            if self._stopped.done() or (waiting and await done_within(EVERY, self._stopped, self._twilio.clock)):
                break
        return [status for to in called if (status := self._ledger.book.of(to).status)]

    async def _round(self, waiting: dict[str, str]) -> None:
        """Look once at all calls that are waited for, and strike off those that are over."""
        unseen = dict(waiting)
        if len(waiting) > FEW:
            for from_, since in self._since(waiting).items():
                await self._list(from_, since, unseen, waiting)
        for sid in list(unseen)[:FEW]:
            if self._stopped.done():
                return
            status = await self._fetched(sid)
            to = waiting.pop(sid)
            waiting[sid] = to  # those that were fetched are the last to be fetched again
            await self._strike_off(sid, status, waiting)

    def _since(self, waiting: dict[str, str]) -> dict[str, float]:
        """For each number that has called, when its first call was made that is waited for."""
        found: dict[str, float] = {}
        for to in waiting.values():
            call = self._ledger.book.of(to)
            found[call.from_] = min(call.since, found.get(call.from_, call.since))
        return found

    async def _list(self, from_: str, since: float, unseen: dict[str, str], waiting: dict[str, str]) -> None:
        """Read a number's calls from the list, as far back as any is waited for."""
        left = sum(self._standing(to).from_ == from_ for to in unseen.values())
        async for call in self._twilio.calls(from_=from_, page_size=PAGE):
            made = seconds_of(str(call.get("date_created") or ""))
            if self._stopped.done() or not left or (made is not None and made < since):
                return
            sid = str(call.get("sid"))
            if unseen.pop(sid, None) is not None:
                left -= 1
                await self._strike_off(sid, str(call.get("status")), waiting)

    async def _fetched(self, sid: str) -> str:
        """One call's status."""
        try:
            return str((await self._twilio.fetch_call(sid)).get("status"))
        except TwilioError as problem:
            if problem.status != 404:
                raise
            return GONE

    async def _strike_off(self, sid: str, status: str, waiting: dict[str, str]) -> None:
        """Write down that a call is over, if it is."""
        if status in TERMINAL or status == GONE:
            to = waiting.pop(sid)
            entry = Entry(self._twilio.now(), What.ENDED, to, self._standing(to).from_, sid, status)
            await self._ledger.write(entry)

    def _standing(self, to: str) -> Standing:
        return self._ledger.book.of(to)
