"""A journal as an operator looks at it: beside daemons that run, or long after them.

Everything is read a page at a time, so that nobody waits for it, and nothing is made: a file or
a database that isn't there is an error, and so is one without a journal in it.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, NamedTuple, Self

from actors import Row, Snapshot
from runtime.journals.codec import Programs, program_text

PAGE = 100


class Entry(NamedTuple):
    """A call in the list of calls."""

    call_sid: str
    recipe: str
    status: str
    steps: int
    started: float


class Archive(ABC):
    """A journal, open for looking at between `async with` and its end. Every method may raise `JournalError`."""

    name: str
    """Where it is."""

    def __init__(self) -> None:
        self.programs = Programs()

    @abstractmethod
    async def open(self) -> None:
        """See that it is there."""

    @abstractmethod
    async def latest(self, most: int) -> Sequence[Entry]:
        """The calls that began last, the latest first."""

    @abstractmethod
    async def find(self, call_sid: str) -> tuple[Snapshot, Sequence[Row]] | None:
        """A call and its history, or None."""

    @abstractmethod
    def pages(self) -> AsyncIterator[Sequence[str]]:
        """The CallSids of all calls, a page at a time, the oldest first."""

    @abstractmethod
    async def prune(self, before: float) -> int:
        """Forget the calls that are over and were last heard of before a time, and their programs; gives how many."""

    @abstractmethod
    async def vacuum(self) -> tuple[int, int]:
        """Give what is free back to the disk; gives the bytes before and after."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of it."""

    async def everything(self) -> AsyncIterator[dict[str, Any]]:
        """All calls as JSON has them, the oldest first; a program comes before the first call that has it."""
        seen: set[str] = set()
        async for page in self.pages():
            for call_sid in page:
                if (found := await self.find(call_sid)) is None:
                    continue
                digest = self.programs.digest(found[0].program)
                if digest not in seen:
                    seen.add(digest)
                    yield {"program": digest, **json.loads(program_text(found[0].program))}
                yield as_json(*found, digest)

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def as_json(snapshot: Snapshot, rows: Sequence[Row], digest: str) -> dict[str, Any]:
    """A call with its history, as JSON has it."""
    call = snapshot._asdict() | {
        "program": digest,
        "subscriptions": [each._asdict() for each in snapshot.subscriptions],
    }
    return call | {"history": [row._asdict() for row in rows]}
