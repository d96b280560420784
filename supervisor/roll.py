"""The calls in progress, in the order they began: found by CallSid, read a page at a time.

Everything here takes the same time whether ten calls are open or a hundred thousand. A dictionary
finds a child; a chain through the children gives the page after any of them without a walk
through those before it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pykka import ActorRef

from actors import Open, PhoneCall, Webhook


class Child:
    """A call, as its supervisor knows it. Its actor may be asleep, so what is here is all that it costs."""

    __slots__ = (
        "after",
        "before",
        "call_sid",
        "counted",
        "from_",
        "in_hand",
        "last_event",
        "recipe",
        "ref",
        "since",
        "state",
        "to",
    )

    def __init__(
        self, call_sid: str, recipe: str, from_: str = "", to: str = "", since: float = 0.0, state: str = ""
    ) -> None:
        self.call_sid = call_sid
        self.ref: ActorRef[PhoneCall] | None = None
        """Its actor, None while it sleeps."""
        self.recipe = sys.intern(recipe)
        self.from_ = from_
        self.to = to
        self.since = since
        self.state = sys.intern(state)
        self.last_event = ""
        self.counted = False
        """Whether it counts among the calls in progress."""
        self.in_hand = 0
        """How many webhooks its actor was given and has not answered yet."""
        self.before: Child | None = None
        self.after: Child | None = None

    @classmethod
    def of(cls, found: Webhook | Open) -> Child:
        """The child of a call that a webhook tells of, or that a journal has."""
        if isinstance(found, Open):
            return cls(found.call_sid, found.recipe, found.from_, found.to, found.started, found.state)
        get = found.params.get
        return cls(found.call_sid, found.recipe, get("From", ""), get("To", ""), found.arrived)

    def summary(self) -> dict[str, Any]:
        """The child as the status shows it."""
        return {
            "call_sid": self.call_sid,
            "recipe": self.recipe,
            "from": self.from_,
            "to": self.to,
            "state": self.state,
            "since": self.since,
            "last_event": self.last_event,
        }


class Roll:
    """The children by CallSid, chained in the order in which they were added."""

    def __init__(self) -> None:
        self._by_sid: dict[str, Child] = {}
        self._first: Child | None = None
        self._last: Child | None = None

    def __len__(self) -> int:
        return len(self._by_sid)

    def __contains__(self, call_sid: str) -> bool:
        return call_sid in self._by_sid

    def find(self, call_sid: str) -> Child | None:
        """The child of this CallSid, or None."""
        return self._by_sid.get(call_sid)

    def add(self, child: Child) -> None:
        """Put a child at the end of the chain."""
        self._by_sid[child.call_sid] = child
        child.before, child.after = self._last, None
        if self._last is not None:
            self._last.after = child
        else:
            self._first = child
        self._last = child

    def keep(self, child: Child) -> Child:
        """The child that the roll has of the same call; this one, put at the end of the chain, if it has none."""
        found = self._by_sid.get(child.call_sid)
        if found is None:
            self.add(child)
        return found or child

    def remove(self, child: Child) -> None:
        """Take a child out of the chain. One that isn't in it is left alone."""
        if self._by_sid.get(child.call_sid) is not child:
            return
        del self._by_sid[child.call_sid]
        if child.before is not None:
            child.before.after = child.after
        else:
            self._first = child.after
        if child.after is not None:
            child.after.before = child.before
        else:
            self._last = child.before
        child.before = child.after = None

    def page(self, limit: int, after: str | None = None) -> list[Child]:
        """Up to `limit` children, those after a CallSid, or from the first if that one has gone."""
        at = self._by_sid.get(after) if after else None
        following = at.after if at is not None else self._first
        found: list[Child] = []
        while following is not None and len(found) < limit:
            found.append(following)
            following = following.after
        return found

    def __iter__(self) -> Iterator[Child]:
        return iter(tuple(self._by_sid.values()))
