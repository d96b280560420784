"""What is known of a number, from the ledger alone, and what comes next. Pure: no file, no clock, no Twilio.

    calling   called      done: the call has a SID
    calling   refused     done: Twilio won't call it
    calling   barred      as if it had not been begun
    calling   unmade      the same
    calling   open        nobody knows yet
    calling               nobody knows yet: the process died in between
    (nothing)             to be called

Who is not known about is looked for in Twilio's list of calls, and called only if there is no call there that was made
since the *first* time it was begun: a call of an earlier crash, which comes to light late, still counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum

from runtime.dialler.entry import Entry, What

MARGIN = 10.0
"""Seconds before a call was begun that its search begins: Twilio's servers may not all have the same time."""


class Step(Enum):
    """What comes next for a number."""

    CALL = "call"
    LOOK_UP = "look up"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a number.

    Attributes:
        intents: each time that it was begun and nobody knows the outcome, with the number that calls.
        sid: its call's.
        from_: who made it.
        since: when it was made at the earliest.
        status: how it ended; empty until then.
        refusal: why it isn't called; empty if it may be.
    """

    intents: tuple[tuple[float, str], ...] = ()
    sid: str = ""
    from_: str = ""
    since: float = 0.0
    status: str = ""
    refusal: str = ""

    @property
    def step(self) -> Step:
        """What comes next."""
        if self.sid or self.refusal:
            return Step.NOTHING
        return Step.LOOK_UP if self.intents else Step.CALL

    @property
    def searches(self) -> Mapping[str, float]:
        """For each number that may have called, since when to look for its call."""
        found: dict[str, float] = {}
        for at, from_ in self.intents:
            found.setdefault(from_, at - MARGIN)
        return found


NEW = Standing()


def _called(now: Standing, entry: Entry) -> Standing:
    since = now.intents[0][0] if now.intents else entry.at
    return Standing(sid=entry.sid, from_=entry.from_, since=since - MARGIN)


def _undone(now: Standing, _: Entry) -> Standing:
    return replace(now, intents=now.intents[:-1])


_AFTER: Mapping[What, Callable[[Standing, Entry], Standing]] = {
    What.CALLING: lambda now, entry: replace(now, intents=(*now.intents, (entry.at, entry.from_))),
    What.CALLED: _called,
    What.REFUSED: lambda _, entry: Standing(refusal=entry.detail or "refused"),
    What.BARRED: _undone,
    What.UNMADE: _undone,
    What.OPEN: lambda now, _: now,
    What.ENDED: lambda now, entry: replace(now, status=entry.detail),
}


_DONE = frozenset({What.CALLED, What.REFUSED})


class Book:
    """How it stands with every number of a ledger.

    Attributes:
        account: which account they were called by; empty if none were.
        api: of which API.
        talks: what the numbers that are done with were called for, recipes and URLs, the first of them first; without
            those that were written down by hand, behind no run.
    """

    def __init__(self) -> None:
        self.account = ""
        self.api = ""
        self.talks: list[str] = []
        self._talk = ""
        self._numbers: dict[str, Standing] = {}

    def take(self, entry: Entry) -> None:
        """Know what an entry says, too."""
        if entry.what is What.BEGUN:
            self.account, self.api, self._talk = entry.sid, entry.to, entry.detail
        else:
            if entry.what in _DONE and self._talk not in {"", *self.talks}:
                self.talks.append(self._talk)
            self._numbers[entry.to] = _AFTER[entry.what](self.of(entry.to), entry)

    def of(self, to: str) -> Standing:
        """How it stands with a number."""
        return self._numbers.get(to, NEW)
