"""What a call has sent out for: the callout under way, and what came of others that no step has taken so far.

A function that has run is not run again, whatever becomes of the step that it ran for: that may turn out to be
stale, or its webhook to be answered already. What the function returned is kept until a step has taken it, or
until the call has gone on elsewhere, where nobody asks for it. What was wrong with it is kept as well: the
caller hears it at the next request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from actors.call import SUBSCRIPTIONS, Call
from actors.callouts import CalloutError, Gone, Outcome
from actors.errand import Errand
from actors.journal import Snapshot
from actors.settings import Settings
from twiml import Callout, FunctionExt

LONGEST_FAILURE = 1_000
"""Characters of what was wrong with a callout that the journal keeps."""


class Errands:
    """The errands of one call.

    Args:
        settings: the daemon's.
        call_sid: the call.
    """

    __slots__ = ("_call_sid", "_claimed", "_errand", "_outcomes", "_settings")

    def __init__(self, settings: Settings, call_sid: str) -> None:
        self._settings = settings
        self._call_sid = call_sid
        self._errand: Errand | None = None
        self._claimed = False
        """Whether the call is claimed for its errand, or was for one that no committed step has taken yet."""
        self._outcomes: dict[str, Outcome | CalloutError] = {}
        """What came of callouts, by the `step_id` of each."""

    @property
    def in_hand(self) -> bool:
        """Whether somebody may still wait for what is under way, or take what was brought."""
        waits = self._errand is not None and not self._errand.task.cancelled()
        return waits or any(map(self.left, self._outcomes))

    async def send(
        self, callout: Callout, call: Call, version: int, deadline: float, tell: Callable[[str], None]
    ) -> Outcome | None:
        """What came of a callout, begun now or before; None if the caller has to hold.

        Somebody whose caller holds is then told the callout's `step_id` once it is done.

        Raises:
            CalloutError: the function failed.
            StaleVersion: another step than `version` was committed.
        """
        step_id = call.step_id
        known = self._outcomes.get(step_id)
        if isinstance(known, CalloutError):
            raise known
        if known is not None:
            return known
        errand = self._errand
        if errand is None or errand.key != step_id:
            self.drop()
            name = f"{callout.function.module}:{callout.function.fn}"
            errand = Errand(self._settings, self._call_sid, step_id, name, wanted=_wanted(step_id, call.step))
            if not await errand.claim(version, deadline):
                return None
            self._claimed, self._errand = True, errand
            errand.begin(self._run(callout.function, call))
        if not await errand.done_by(deadline):
            errand.task.add_done_callback(lambda _: tell(step_id))
            return None
        return self._fetch(errand)

    def brought(self, step_id: str) -> Outcome | None:
        """What came of a callout; None if it isn't done. Raises the `CalloutError` that did."""
        errand = self._errand
        if errand is not None and errand.key == step_id and errand.task.done():
            return self._fetch(errand)
        outcome = self._outcomes.get(step_id)
        if isinstance(outcome, CalloutError):
            raise outcome
        return outcome

    def fail(self, step_id: str, problem: CalloutError) -> None:
        """What came of a callout is of no use: this was wrong with it."""
        self._outcomes[step_id] = problem

    def failure(self, step_id: str) -> str:
        """What was wrong with a callout; "" if nothing was, as far as is known."""
        problem = self._outcomes.get(step_id)
        if not isinstance(problem, CalloutError) or isinstance(problem, Gone):
            return ""
        return str(problem)[:LONGEST_FAILURE].encode(errors="backslashreplace").decode()

    def drop(self) -> None:
        """Wait for nothing that is under way any more."""
        if self._errand is not None:
            self._errand.drop()
            self._errand = None

    def left(self, step_id: str) -> bool:
        """Whether a callout is done that no step has taken: what it was for turned out to be answered already."""
        return isinstance(self._outcomes.get(step_id), Outcome)

    def keep(self, chain: str, taken: int) -> None:
        """Drop what is under way, unless it is for what of this chain is not taken yet: nothing else is of use."""
        if self._errand is not None and not _of_use(self._errand.key, chain, taken):
            self.drop()

    def frees(self, chain: str, taken: int) -> bool:
        """Whether a step ends the claim: after it only callouts of this chain are of use that are not taken yet."""
        left = any(self.left(step_id) for step_id in self._outcomes if _of_use(step_id, chain, taken))
        return self._claimed and self._errand is None and not left

    def committed(self, chain: str, taken: int, *, freed: bool) -> None:
        """That step is committed: forget what no later one can take."""
        if self._outcomes:
            known = self._outcomes.items()
            self._outcomes = {step_id: each for step_id, each in known if _of_use(step_id, chain, taken)}
        if freed:
            self._claimed = False

    def _fetch(self, errand: Errand) -> Outcome:
        """Keep what came of an errand until a step has taken it. Raises the `CalloutError` that did."""
        try:
            outcome = self._outcomes[errand.key] = errand.outcome()
        except CalloutError as problem:
            self.fail(errand.key, problem)
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


def _of_use(step_id: str, chain: str, taken: int) -> bool:
    """Whether a callout is of a chain, and no step has taken it."""
    of, _, others = step_id.rpartition(":")
    return of == chain and int(others) >= taken


def _wanted(step_id: str, step: int) -> Callable[[Snapshot], bool]:
    """Whether a callout is of use that was begun when there were so many documents: as long as there is no other, or
    the last one has its caller hold."""

    def wanted(kept: Snapshot) -> bool:
        waits = kept.machine["steps"] == step or step_id.startswith(f"{kept.call_sid}:{kept.chain}:")
        return waits and kept.status == "in-progress" and not kept.ending

    return wanted
