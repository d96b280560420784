"""Who is awake: memory is bounded by the calls that talk, not by those that are open.

A call whose webhook was answered is in the journal to the last bit, and its actor does nothing but
remember. When more than `most` actors are awake, those idle longest are stopped: the call is then
in the journal alone, and its next webhook starts an actor that takes it up from there. Its child
stays on the roll, so nobody can tell but by the time it takes.

An actor that has something in hand is never stopped, nor one that says that it may not rest: a
callout is under way, a subscribed function runs, a message waits. It is asked again later.
"""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict
from collections.abc import Callable

from pykka import ActorRef

from actors import MayRest, PhoneCall
from supervisor.roll import Child

REFUSALS = 32
"""Actors that may say no before the others are left alone until the next webhook."""


class Awake:
    """The children that have an actor, and which of them have been idle longest.

    Args:
        most: actors that are awake at most, but for those that are at work.
        start: starts an actor for a CallSid.
    """

    def __init__(self, most: int, start: Callable[[str], ActorRef[PhoneCall]]) -> None:
        self.most = most
        self.count = 0
        """How many children have an actor."""
        self._start = start
        self._idle: OrderedDict[str, Child] = OrderedDict()
        self._resting: asyncio.Task[None] | None = None

    def wake(self, child: Child) -> ActorRef[PhoneCall]:
        """The child's actor, started if it has none."""
        if child.ref is None:
            child.ref = self._start(child.call_sid)
            self.count += 1
        return child.ref

    def wake_anew(self, child: Child) -> None:
        """Another actor for a child whose own is of no use any more."""
        self.stop(child)
        self.wake(child)

    def stop(self, child: Child) -> None:
        """Stop a child's actor once it has done what it was told. One without is left alone."""
        self._idle.pop(child.call_sid, None)
        if child.ref is not None:
            child.ref.stop(block=False)
            child.ref = None
            self.count -= 1

    def begin(self, child: Child) -> ActorRef[PhoneCall]:
        """The child's actor, which is given something: it does not sleep before the `end` of that."""
        child.in_hand += 1
        self._idle.pop(child.call_sid, None)
        return child.ref or self.wake(child)

    def end(self, child: Child) -> None:
        """The child's actor is done with what it was given."""
        child.in_hand -= 1
        self._put_among_idle(child)
        if self.count > self.most and self._resting is None:
            self._resting = asyncio.get_running_loop().create_task(self._rest())
            self._resting.add_done_callback(self._rested)

    async def close(self) -> None:
        """Put nobody to sleep any more."""
        self.most = sys.maxsize
        if self._resting is not None:
            await asyncio.wait([self._resting])

    def _put_among_idle(self, child: Child) -> None:
        """Unless it has no actor, or has something in hand."""
        if child.ref is not None and not child.in_hand:
            self._idle[child.call_sid] = child

    async def _rest(self) -> None:
        """Put those to sleep that have been idle longest."""
        refusals = 0
        while self.count > self.most and self._idle and refusals < REFUSALS:
            call_sid, child = self._idle.popitem(last=False)
            may_rest = await _may_rest(child)
            if call_sid in self._idle or child.in_hand:
                continue  # it was given something meanwhile
            if may_rest:
                self.stop(child)
            else:
                refusals += 1
                self._put_among_idle(child)

    def _rested(self, _: object) -> None:
        self._resting = None


async def _may_rest(child: Child) -> bool:
    if child.ref is None:
        return False
    try:
        return bool(await child.ref.ask(MayRest(), block=False))
    except Exception:  # noqa: BLE001 - it has crashed: its next webhook says so, and its supervisor sees to it
        return False
