"""What a call writes down, and where: every step is committed before its answer is sent.

A `Snapshot` is all that a call needs to go on elsewhere, or after a crash: plain data beside the
program. A `Row` is one line of its history. A journal keeps the latest snapshot of each call and
its rows; how, is the business of the implementations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from twiml import Program


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


class Snapshot(NamedTuple):
    """A call as it was after a step."""

    call_sid: str
    recipe: str
    version: int
    """How many steps were committed; a step commits only upon the version it started from."""
    status: str
    """`in-progress`, `completed`, or `failed`."""
    started: float
    program: Program
    machine: Mapping[str, Any]
    initial_params: Mapping[str, str]
    params: Mapping[str, str]
    data: Mapping[str, Any]
    taken: int
    """How many callouts have had their verbs put in their place."""
    subscriptions: Sequence[Subscription]
    announced: Sequence[str]
    """The recordings that were told of."""
    answered: Mapping[str, str]
    """The last webhooks with the answers they got, by what is the same for a repeat of each."""


class JournalError(Exception):
    """The journal can't be read or written. The call can't go on; nothing was half-written."""


class StaleVersion(JournalError):
    """Another step of the same call was committed first."""


class Journal(Protocol):
    """Where calls are kept. Every method may raise `JournalError`."""

    @property
    def name(self) -> str:
        """What the status page calls it."""

    async def load(self, call_sid: str) -> Snapshot | None:
        """The latest snapshot of a call, or None."""

    async def commit(self, snapshot: Snapshot, row: Row) -> None:
        """Write a step. Raises `StaleVersion` unless the version before it is the one that is kept."""

    async def history(self, call_sid: str) -> Sequence[Row]:
        """A call's rows, the oldest first; of a long call perhaps only the latest."""

    async def close(self) -> None:
        """Let go of files and connections."""
