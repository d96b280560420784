"""What a check says, and what a check is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from twiml.checks.flow import Flow

Severity = Literal["error", "warning", "note"]
"""An error can't be meant; a warning is seldom meant; a note is something to know."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Printed, it reads like a compiler's line.

    >>> print(Finding("SW014", "warning", "1.6", "the line goes dead", "Say goodbye."))
    1.6 SW014 warning: the line goes dead
    """

    code: str
    severity: Severity
    rank: str
    """The state where it stands; empty for what concerns the whole recipe."""
    sentence: str
    hint: str

    def __str__(self) -> str:
        return f"{self.rank} {self.code} {self.severity}: {self.sentence}".lstrip()


def nowhere(_: Flow) -> Iterator[tuple[int, str]]:
    """Looks for nothing in a flow: such a finding is about a recipe's source."""
    return iter(())


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the table: a code, what it means, and the function that looks for it.

    `look` yields the index of a state and a sentence about it for each thing it finds.
    """

    code: str
    severity: Severity
    title: str
    hint: str
    look: Callable[[Flow], Iterable[tuple[int, str]]] = nowhere

    def finding(self, rank: str, sentence: str) -> Finding:
        """A finding of this kind."""
        return Finding(self.code, self.severity, rank, sentence, self.hint)
