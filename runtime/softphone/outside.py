"""Where a call waits, and what reaches it there from outside: its caller's acts, and changes by Twilio's REST API.

A change takes effect where the verb at hand lets time pass or waits for the caller, and between two documents.
There the caller is taken out of the verb, as if they had hung up in it: the verb ends, its action is asked for if it
has one, the answer is thrown away, and then the call ends or goes on with another document.
(Twilio's documentation: "Call resource".)
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from runtime.softphone.attributes import Attributes
from runtime.softphone.caller import OUTCOMES, Act, Caller, HangUp, Hold, Press, Prompt
from runtime.softphone.document import Fault
from runtime.softphone.outbound import Address
from runtime.softphone.steps import Fetch, Moved, Over
from runtime.softphone.wire import resolve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from runtime.softphone.fields import Leg
    from runtime.softphone.transcript import Line

T = TypeVar("T")


class Unchangeable(RuntimeError):
    """The call isn't in a state to be changed like that."""


class Outside:
    """The change that waits to take effect, and the verb that waits for one."""

    def __init__(self) -> None:
        self._pending: Over | Moved | None = None
        self._waiting: asyncio.Timeout | None = None

    @property
    def ends(self) -> bool:
        """Whether the call is about to be ended."""
        return isinstance(self._pending, Over)

    def change(self, change: Over | Moved) -> None:
        """Let this take effect at the next opportunity; for a verb that waits, at once."""
        self._pending = change
        if self._waiting is not None:
            self._waiting.reschedule(asyncio.get_running_loop().time())

    def take(self) -> Over | Moved | None:
        """The change, which has taken effect with this."""
        change, self._pending = self._pending, None
        return change

    async def unless(self, doing: Callable[[], Awaitable[T]], seconds: float | None = None) -> T | None:
        """What comes of doing this; None if a change came first, or so many seconds had gone by."""
        if self._pending is not None:
            return None
        self._waiting = waiting = asyncio.timeout(seconds)
        try:
            async with waiting:
                return await doing()
        except TimeoutError:
            if not waiting.expired():
                raise
            return None
        finally:
            self._waiting = None


class Interruptible(Attributes):
    """A call, as far as it can be changed: who is on the line, for how long, and how they leave."""

    leg: Leg
    caller: Caller
    status: str
    _told: Address
    _fallback: Address
    _wait: Callable[[float], Awaitable[None]] | None

    def __init__(self, url: str, on_line: Callable[[Line], None] | None, began: datetime | None) -> None:
        super().__init__(url, on_line, began)
        self.answered_by = ""
        self._leaving: Over | Moved | None = None
        self._taken = False
        self._outside = Outside()
        self._held = asyncio.Event()
        self._picked_up: float | None = None
        self._ahead = ""

    @property
    def call_sid(self) -> str:
        """The call's identifier."""
        return self.leg.call_sid

    @property
    def seconds(self) -> int:
        """How long it was answered, so far."""
        return 0 if self._picked_up is None else round(self._elapsed - self._picked_up)

    # --- from outside ------------------------------------------------------------

    def redirect(
        self,
        url: str = "",
        method: str = "POST",
        *,
        twiml: str = "",
        status_callback: Address | None = None,
        fallback: Address | None = None,
    ) -> None:
        """Have the call go on with another document: the one at `url`, or `twiml`. What it is in is broken off.

        Raises:
            Unchangeable: the call isn't in progress.
            ValueError: the URL is none that Twilio requests.
        """
        if self.status != "in-progress" or self._outside.ends:
            raise Unchangeable(f"{self.call_sid} is {self.status}; only a call in progress can be redirected")
        try:
            step = Fetch("", twiml=twiml) if twiml else Fetch(resolve(url, ""), method)
        except Fault as fault:
            raise ValueError(fault.reason) from fault
        self._told = status_callback or self._told
        self._fallback = fallback or self._fallback
        self._change(Moved(step))

    def hang_up(self) -> None:
        """End the call. One that nobody has answered is canceled; one that is still queued, without a word.

        Raises:
            Unchangeable: it is over, or about to be.
        """
        if self.status in OUTCOMES or self._outside.ends:
            raise Unchangeable(f"{self.call_sid} is {self.status}; only a call that isn't over can be ended")
        if self.status == "queued":
            self.status = "canceled"
        self._change(Over("application", "from outside"))

    def _change(self, change: Over | Moved) -> None:
        self._held.clear()
        self._outside.change(change)

    async def held(self) -> None:
        """Return as soon as the caller holds the line (see `Hold`), after the last change; or the call is over."""
        await self._held.wait()

    # --- who is on the line --------------------------------------------------------

    @property
    def gone(self) -> bool:
        """Whether the caller has left the verb: hung up, or taken out of it from outside."""
        return self._leaving is not None

    @property
    def moved(self) -> bool:
        """Whether the call goes on elsewhere."""
        return isinstance(self._leaving, Moved)

    def out(self, during: str = "") -> Over | Moved:
        """What ends a verb that asks for nothing more when the caller is gone."""
        return self._leaving or Over("caller", during and f"during {during}")

    def _taken_out(self) -> bool:
        """Whether something from outside, which takes effect with this, takes the caller out of the verb."""
        if (change := self._outside.take()) is not None:
            self._leaving, self._taken = change, True
            if isinstance(change, Over):
                self.status = change.status = self._ended
        return self._taken

    @property
    def _ended(self) -> str:
        return "canceled" if self._picked_up is None else "completed"

    def pick_up(self) -> None:
        """The call is answered, if it wasn't."""
        if self.status == "ringing":
            self.status = "in-progress"
            self._picked_up = self._elapsed

    def put_down(self) -> None:
        """The caller hangs up in a verb that still asks for its action; or is taken out of it."""
        if not self.gone:
            self._leaving = Over("caller")
            self.status = "completed"

    async def elapse(self, seconds: float, during: str = "") -> None:
        """Let time pass; `during` a verb that asks nothing, the caller may hang up. A time cut short doesn't count."""
        if not self._taken_out():
            if during and self.caller.hangs_up(during):
                raise self.out(during)
            if (wait := self._wait) is not None:
                await self._outside.unless(lambda: wait(seconds))
        if not self._taken_out():
            self._elapsed += seconds
        elif during:
            raise self.out()

    async def ask(self, prompt: Prompt) -> Act:
        """What the caller does; keys typed ahead come first. One who was taken out of the verb has hung up for it."""
        if self._taken_out():
            return HangUp()
        if self._ahead and prompt.hears(ahead := Press(self._ahead)):
            self._ahead = ""
            return ahead
        act = await self._outside.unless(lambda: self.caller.answer(prompt))
        if isinstance(act, Hold):
            await self._hold(act, prompt.verb)
            act = None
        return HangUp() if self._taken_out() or act is None else act

    async def _hold(self, act: Hold, verb: str) -> None:
        self.tell("note", f"on the line, in {verb}")
        self._held.set()
        await self._outside.unless(asyncio.Event().wait, act.seconds)
        self._held.clear()
        if not self._taken_out():
            self.tell("note", f"nothing happened for {act.seconds:g} s")

    def type_ahead(self, keys: str) -> None:
        """Keep keys that came too early for the next prompt."""
        self._ahead = keys
