"""What a call has sent out for: the callout under way, and what came of others that no step has taken so far.

A function that has run is not run again, whatever becomes of the step that it ran for: that may turn out to be
stale, or its webhook to be answered already. What the function returned is kept until a step has taken it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from actors.call import SUBSCRIPTIONS, Call
from actors.callouts import CalloutError, Outcome
from actors.errand import Errand
from actors.settings import Settings
from twiml import Callout, FunctionExt

Left = dict[tuple[str, int], Outcome | CalloutError]
"""What came of callouts, by the state of each and how many were taken before it."""


class Errands:
    """The errands of one call.

    Args:
        settings: the daemon's.
        call_sid: the call.
    """

    __slots__ = ("_call_sid", "_claimed", "_dropped", "_errand", "_outcomes", "_recipe", "_settings")

    def __init__(self, settings: Settings, call_sid: str) -> None:
        self._settings = settings
        self._call_sid = call_sid
        self._errand: Errand | None = None
        self._dropped: Errand | None = None
        """The one before, which may still have something on its way to the journal."""
        self._claimed = False
        """Whether the call is claimed for its errand, or was for one that no committed step has taken yet."""
        self._outcomes: Left = {}
        self._recipe = ""

    @property
    def under_way(self) -> bool:
        """Whether somebody may still wait for what is under way."""
        return self._errand is not None and not self._errand.task.cancelled()

    async def send(
        self, callout: Callout, call: Call, version: int, deadline: float, tell: Callable[[str], None]
    ) -> Outcome | None:
        """What came of a callout, begun now or before; None if the caller has to hold.

        Somebody whose caller holds is then told the callout's state once it is done.

        Raises:
            CalloutError: the function failed.
            StaleVersion: another step than `version` was committed.
        """
        key = (callout.rank, call.taken)
        known = self._outcomes.get(key)
        if isinstance(known, CalloutError):
            raise known
        if known is not None:
            return known
        errand = self._errand
        if errand is None or not errand.is_for(*key):
            self.drop()
            if self._dropped is not None:
                await self._dropped.dropped()
            name = f"{callout.function.module}:{callout.function.fn}"
            errand = Errand(self._settings, self._call_sid, *key, name)
            if not await errand.claim(version, deadline):
                return None
            self._claimed, self._errand = True, errand
            errand.begin(self._run(callout.function, call))
        if not await errand.done_by(deadline):
            errand.task.add_done_callback(lambda _: tell(callout.rank))
            return None
        return self._fetch(errand)

    def brought(self, rank: str, taken: int) -> Outcome | None:
        """What came of the callout of a state, if it is done and nothing was wrong with it."""
        errand = self._errand
        if errand is not None and errand.is_for(rank, taken) and errand.succeeded:
            self._fetch(errand)
        outcome = self._outcomes.get((rank, taken))
        return outcome if isinstance(outcome, Outcome) else None

    def drop(self) -> None:
        """Wait for nothing that is under way any more."""
        if self._errand is not None:
            self._errand.drop()
            self._dropped = self._errand if self._errand.on_its_way else None
            self._errand = None

    def turn_to(self, recipe: str) -> None:
        """The call is at this recipe. What another one has sent out for is of no use any more."""
        if recipe != self._recipe:
            self._recipe = recipe
            self.drop()
            self._outcomes = {}

    def left(self, taken: int, *, going: bool) -> Left:
        """What no step has taken, after `taken` of them: what it was for turned out to be answered already."""
        if not self._outcomes:
            return {}
        return {key: each for key, each in self._outcomes.items() if going and key[1] >= taken}

    def frees(self, left: Left) -> bool:
        """Whether the step that is about to be committed ends the claim."""
        return self._claimed and self._errand is None and not left

    def committed(self, left: Left, *, freed: bool) -> None:
        """A step is committed that took all but what is left."""
        if self._outcomes:
            self._outcomes = left
        if freed:
            self._claimed = False

    def _fetch(self, errand: Errand) -> Outcome:
        """Keep what came of an errand until a step has taken it. Raises the `CalloutError` that did."""
        key = (errand.key, errand.taken)
        try:
            outcome = self._outcomes[key] = errand.outcome()
        except CalloutError as problem:
            self._outcomes[key] = problem
            raise
        finally:
            self.drop()
        return outcome

    async def _run(self, function: FunctionExt, call: Call) -> Outcome:
        """What a callout returned, with all the subscriptions that the call has then."""
        outcome = await self._settings.callouts.call(function, call)
        subscriptions = tuple(dict.fromkeys((*call.subscriptions, *outcome.subscriptions)))
        if len(subscriptions) > SUBSCRIPTIONS:
            name = f"{function.module}:{function.fn}"
            raise CalloutError(f"{name} left {len(subscriptions)} subscriptions; a call has at most {SUBSCRIPTIONS}")
        return replace(outcome, subscriptions=subscriptions)
