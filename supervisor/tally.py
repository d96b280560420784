"""How many calls there are, were and may be: what the status shows, and what a new caller is let in by."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass

import structlog

from actors import Clock
from supervisor.roll import Child

log = structlog.get_logger("switchhook.supervisor")

REMEMBERED = 1000
"""Failures that are remembered, and whatever else a supervisor remembers of late."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed, or a message that got no answer, for the list."""

    at: float
    sid: str
    """The call's CallSid, or the message's MessageSid."""
    recipe: str
    reason: str


class Tally:
    """Counts the calls of a daemon.

    Args:
        clock: the time of failures, and of how long calls took.
        max_calls: calls in progress, beyond which no other begins; 0 for no limit.
    """

    def __init__(self, clock: Clock, max_calls: int = 0) -> None:
        self.max_calls = max_calls
        self.in_progress = 0
        self.refused = 0
        """How often a caller heard that all lines are busy."""
        self.counts: Counter[str] = Counter(started=0, completed=0, failed=0, restarts=0)
        self.failures: deque[Failure] = deque(maxlen=REMEMBERED)
        self._clock = clock
        self._beginning: set[str] = set()
        """The calls that were let in and don't count yet."""

    @property
    def full(self) -> bool:
        """Whether a new caller hears that all lines are busy."""
        return 0 < self.max_calls <= self.in_progress + len(self._beginning)

    def admit(self, call_sid: str) -> bool:
        """Keep a place for a call that wants to begin; False if there is none."""
        if self.full and call_sid not in self._beginning:
            return False
        if self.max_calls:
            self._beginning.add(call_sid)
        return True

    def settled(self, child: Child) -> None:
        """Give up the place that was kept for a call: it counts by now, or does not begin."""
        self._beginning.discard(child.call_sid)

    def began(self, child: Child) -> None:
        """A call began."""
        self.counts["started"] += 1
        log.info(
            "call_started",
            call_sid=child.call_sid,
            recipe=child.recipe,
            from_number=child.from_,
            to_number=child.to,
        )

    def goes_on(self, child: Child) -> None:
        """A call is in progress."""
        self.settled(child)
        if not child.counted:
            child.counted = True
            self.in_progress += 1

    def refuse(self, child: Child) -> None:
        """A caller heard that all lines are busy."""
        self.refused += 1
        log.warning("call_refused", call_sid=child.call_sid, recipe=child.recipe, in_progress=self.in_progress)

    def ended(self, child: Child, status: str, reason: str = "") -> None:
        """A call has ended, completed or failed."""
        self.counts[status] += 1
        now = self._clock.now()
        if status == "failed":
            self.failures.append(Failure(now, child.call_sid, child.recipe, reason))
        self.discount(child)
        seconds = round(now - child.since, 3)
        log.info("call_ended", call_sid=child.call_sid, recipe=child.recipe, status=status, seconds=seconds)

    def discount(self, child: Child) -> None:
        """A call is in progress no more, or not here."""
        self.in_progress -= child.counted
        child.counted = False
