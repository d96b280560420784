"""What a call writes down, and where: every step is committed before its answer is sent.

A `Snapshot` is all that a call needs to go on elsewhere, or after a crash: plain data beside the
program. A `Row` is one line of its history. A `Letter` is a subscribed function that is still to be
told of something: it is written with the step that it tells of, and struck off once it was told.

A journal keeps the latest snapshot of each call, its rows and its letters; how, is the business of
the implementations. Several daemons may have one journal: what keeps them from each other's feet is
here, and nowhere else.

* A step commits only upon the version it was made from. Whoever comes second gets `StaleVersion`,
  takes the call up again as it is now, and begins anew.
* Before functions are called out to, the call is *claimed*: while that holds, nobody else calls out
  for it. A claim is a lease of a few seconds, which its owner renews as long as it works, so that a
  daemon that died holds up nobody for long.
* A letter that is being delivered is leased in the same way, by a `due` in the future.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from twiml import Program

KEPT_ROWS = 200
"""Rows that a journal keeps of each call, the latest."""


class Subscription(NamedTuple):
    """A function to be called at an event, by name, so that it survives a restart."""

    event: str
    module: str
    function: str


class Row(NamedTuple):
    """One line of a call's history: when what came, and what was answered."""

    at: float
    """Seconds since the epoch."""
    kind: str
    path: str
    step: int | None
    params: Mapping[str, str]
    answer: str
    moved: bool
    """Whether the call went on by it."""
    same: str = ""
    """What is the same for every try of this webhook, so that a repeat is known; "" for what was no webhook."""

    @classmethod
    def own(cls, at: float, kind: str, where: str, *, moved: bool = False) -> Row:
        """The line of a step that no webhook has led to; `where` is a state, or a path."""
        return cls(at, kind, where, None, {}, "", moved)


class Snapshot(NamedTuple):
    """A call as it was after a step."""

    call_sid: str
    recipe: str
    version: int
    """How many steps were committed; a step commits only upon the version it started from."""
    status: str
    """`in-progress`, `completed` or `failed`; `conversation` of a conversation by text."""
    started: float
    due: float | None
    """When somebody is to look at the call if nothing has come until then; None if nothing more is expected."""
    program: Program
    machine: Mapping[str, Any]
    initial_params: Mapping[str, str]
    """The fields of its first webhook: the same in every snapshot of a call."""
    data: Mapping[str, Any]
    taken: int
    """How many callouts have had their verbs put in their place."""
    ending: bool
    """Whether its caller is known to be gone, and Twilio's last word on it is still to come."""
    subscriptions: Sequence[Subscription]
    announced: Sequence[str]
    """The recordings that were told of."""
    awaited: Mapping[str, Mapping[str, str]]
    """The recordings that were made and can't be fetched yet: what is known of each, by its Sid."""
    answered_by: str = ""
    """Who has picked up, if somebody was asked to find out."""
    reported: bool = False
    """Whether Twilio reports the call's status."""
    failure: str = ""
    """What was wrong with the callout that the caller holds for: to be said at the next request."""
    chain: str = ""
    """Which callouts the caller holds for: where and when the first of them was begun."""


class Letter(NamedTuple):
    """A function that is to be told of a step. Those of one call are delivered in order, by `version` and `number`."""

    call_sid: str
    version: int
    """The step that it tells of."""
    number: int
    """Its place among the letters of that step."""
    subscription: Subscription
    at: float
    """When the webhook came that it tells of, in seconds since the epoch; the next three are what came."""
    path: str
    step: int | None
    params: Mapping[str, str]
    due: float | None
    """When it may be delivered; in the future while somebody delivers it. None for a dead letter."""
    tries: int = 0
    """How often it was begun to be delivered."""
    reason: str = ""
    """Why the last try failed."""


class Open(NamedTuple):
    """A call in progress, or one that something is still expected of, as it is listed."""

    call_sid: str
    recipe: str
    started: float
    from_: str
    to: str
    state: str


class JournalError(Exception):
    """The journal can't be read or written. The call can't go on; nothing was half-written."""


class StaleVersion(JournalError):
    """Another step of the same call was committed first."""


class Outbox(Protocol):
    """The letters. Every method may raise `JournalError`."""

    async def due_letters(self, now: float, most: int) -> Sequence[str]:
        """The CallSids of calls whose first letter is due, those due longest first."""

    async def take_letter(self, call_sid: str, now: float, until: float) -> Letter | None:
        """The first letter of a call, if it is due: with one try more, and not due again before `until`.

        Of two who ask at the same time one gets it. Dead letters don't hold up those behind them.
        """

    async def strike(self, letter: Letter) -> None:
        """A letter was delivered: forget it."""

    async def postpone(self, letter: Letter) -> None:
        """Write down a letter's `due`, `tries` and `reason`: it is to be tried again then, or is dead."""

    async def dead_letters(self, most: int) -> Sequence[Letter]:
        """The dead letters, the latest first."""

    async def count_dead(self) -> int:
        """How many dead letters there are."""

    async def revive(self, letters: Sequence[Letter], now: float) -> int:
        """Have dead letters delivered after all, with all their tries before them; gives how many there were."""

    async def drop(self, letters: Sequence[Letter]) -> int:
        """Forget dead letters; gives how many there were."""


class Journal(Outbox, Protocol):
    """Where calls are kept. Every method may raise `JournalError`."""

    @property
    def name(self) -> str:
        """What the status page calls it."""

    @property
    def shared(self) -> bool:
        """Whether other daemons have the same calls, as a rule."""

    @property
    def alone(self) -> bool:
        """Whether no other can have them, not even while one takes the place of another."""

    async def load(self, call_sid: str) -> Snapshot | None:
        """The latest snapshot of a call, or None."""

    async def history(self, call_sid: str, most: int = KEPT_ROWS) -> Sequence[Row]:
        """A call's latest rows, the oldest of them first."""

    async def commit(self, snapshot: Snapshot, row: Row, letters: Sequence[Letter] = (), *, claimant: str = "") -> None:
        """Write a step, all of it or nothing. The claim that `claimant` has on the call ends with it.

        Raises `StaleVersion` unless the version before it is the one that is kept.
        """

    async def claim(self, call_sid: str, version: int | None, claimant: str, now: float, until: float) -> bool:
        """Claim a call, or renew a claim on it; False if somebody else has one that has not run out by `now`.

        Raises `StaleVersion` if a version is given and isn't the one that is kept; 0 is that of a call
        which is not kept yet.
        """

    async def overdue(self, by: float, most: int) -> Sequence[Open]:
        """The calls that are due by a time, those due longest first."""

    async def in_progress(self, after: str, most: int) -> Sequence[Open]:
        """The calls in progress whose CallSids come after one, in the order of their CallSids."""

    async def ended(self, since: float, most: int) -> Sequence[str]:
        """The CallSids of calls that are over and were last heard of since a time, the earliest first."""

    async def close(self) -> None:
        """Let go of files and connections."""
