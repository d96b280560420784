"""How far the calling of a file has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from runtime.dialler.entry import What
from runtime.dialler.rows import Row
from runtime.dialler.standing import Book


@dataclass(slots=True)
class Tally:
    """Counts of numbers.

    Attributes:
        total: all that are in the file.
        before: called by an earlier run.
        called: called by this one.
        refused: by Twilio, for good whenever it was, or as things are in this run.
        open: of which nobody knows.
    """

    total: int = 0
    before: int = 0
    called: int = 0
    refused: int = 0
    open: int = 0

    def begin(self, rows: Iterable[Row], book: Book) -> None:
        """Count what a run begins with."""
        known = [book.of(row.to) for row in rows]
        self.total = len(known)
        self.before = sum(bool(each.sid) for each in known)
        self.refused = sum(bool(each.refusal) for each in known)

    def note(self, what: What) -> None:
        """Count an outcome."""
        self.called += what is What.CALLED
        self.refused += what in {What.REFUSED, What.BARRED}
        self.open += what is What.OPEN

    @property
    def done(self) -> int:
        """Those that this run has nothing more to do about."""
        return self.before + self.called + self.refused + self.open

    def __str__(self) -> str:
        """As it is told at the end.

        >>> print(Tally(9, before=4, called=2, refused=1, open=1))
        2 called, 1 refused, 4 called before, 1 open, 1 to go
        """
        left = f", {self.total - self.done} to go" if self.done < self.total else ""
        return f"{self.called} called, {self.refused} refused, {self.before} called before, {self.open} open{left}"


def by_status(statuses: Iterable[str]) -> str:
    """How calls ended, the most frequent first.

    >>> by_status(["busy", "completed", "no-answer", "completed"])
    'completed 2, busy 1, no-answer 1'
    """
    return ", ".join(f"{status} {count}" for status, count in Counter(statuses).most_common())
