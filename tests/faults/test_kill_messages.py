"""`kill -9` at every point on the way of what became of a message: who wants to know is told, as soon as it is kept."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from actors import Webhook, key_of
from tests.faults.books import Kept, kept
from tests.faults.daemons import Lost
from tests.faults.nursery import OtherClock
from tests.faults.test_kill import WIDE, kind, new_book, nursery, pytestmark, told
from tests.faults.walk import LEASES, Past, been_everywhere
from tests.wire import a_status
from twiml import NOTHING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.books import Book
    from tests.faults.daemons import Daemon, Nursery
    from tests.faults.points import Point
    from tests.faults.test_kill import NewBook, Told

    NewTelling = Callable[[], contextlib.AbstractContextManager["Telling"]]

__all__ = ["kind", "new_book", "nursery", "pytestmark", "told"]

_NUMBERS = itertools.count(1)
TOLD = ("sent", "delivered")
LINES = [f"{done} of {what}" for what in TOLD for done in ("telling", "told")]


class Telling:
    """What became of one message after the other, each of a conversation of its own, on one journal."""

    def __init__(self, nursery: Nursery, book: Book) -> None:
        self.nursery = nursery
        self.book = book
        self.clock = OtherClock()
        self._daemon: Daemon | None = None

    def close(self) -> None:
        """End the daemon there is."""
        if self._daemon is not None:
            self._daemon.close()
            self._daemon = None

    def message(self, *points: Point) -> Past:
        """A message that was sent and delivered; gives what became of the telling.

        Whoever is told of the first dies at the first point, and each daemon behind it at another.
        """
        number = next(_NUMBERS)
        sid = f"SM{number:032x}"
        fields = {what: a_status(what, sid, To=f"+4413149{number:05}") for what in TOLD}
        key = key_of(Webhook(fields["sent"], "shop", "status"))
        lives: list[Kept] = []
        while True:
            try:
                self._awake(points[len(lives)] if len(lives) < len(points) else None)
                self._tell(sid, fields, TOLD[0])
                passed = self._rested()
                break
            except Lost:
                self.close()
                self.clock.ahead += LEASES
                lives.append(self._left(key))
        for what in TOLD:
            self._tell(sid, fields, what)
        self._rested()
        self._check(sid, key, lives)
        return Past(len(lives), passed)

    def _awake(self, kill_at: Point | None) -> None:
        if self._daemon is None:
            self._daemon = self.nursery.daemon(self.book.url, kill_at, **vars(self.clock))
        else:
            self._daemon.kill_at(kill_at)

    def _tell(self, sid: str, fields: dict[str, dict[str, str]], what: str) -> None:
        assert self._daemon is not None
        assert self._daemon.post("/shop/status", fields[what], f"{sid}-{what}", what) == NOTHING

    def _rested(self) -> Any:
        assert self._daemon is not None
        passed = self._daemon.rest()
        self._daemon.kill_at(None)
        return passed

    def _left(self, key: str) -> Kept:
        """What a dead daemon has left: nothing that is leased for longer than that a next one is to wait."""
        left = kept(self.book, key, dead=True)
        assert left.version == len(left.rows) <= 1
        assert all(letter.due <= self.clock.now() for letter in left.letters)
        return left

    def _check(self, sid: str, key: str, lives: list[Kept]) -> None:
        """A row for each, nobody left to be told, and told in order: again only who died with the letter in hand."""
        found = kept(self.book, key)
        assert (found.version, found.status, list(found.letters), list(found.claims)) == (2, "conversation", [], [])
        assert [row.kind for row in found.rows] == ["message_status"] * 2
        noted = self.nursery.noted(sid)
        assert list(dict.fromkeys(noted)) == LINES
        tries = sum(bool(life.letters and life.letters[0].tries) for life in lives)
        for line in LINES:
            assert 1 <= noted.count(line) <= 1 + (tries if line.endswith(TOLD[0]) else 0)


@pytest.fixture
def new_telling(nursery: Nursery, new_book: NewBook) -> NewTelling:
    """Makes tellings on journals of their own."""

    @contextlib.contextmanager
    def new_telling() -> Iterator[Telling]:
        with new_book() as book, contextlib.closing(Telling(nursery, book)) as telling:
            yield telling

    return new_telling


def test_killed_at_each_point_of_what_became_of_a_message(new_telling: NewTelling, told: Told) -> None:
    with new_telling() as telling:
        telling.message()
        places = told(been_everywhere(telling.message))
    for where in ("before", "behind"):
        for line in LINES[:2]:
            assert f"{where} {line!r}" in places


def test_killed_twice(new_telling: NewTelling, told: Told) -> None:
    """Behind a death with the letter in hand, from the start of the next daemon on."""
    with new_telling() as telling:
        telling.message()
        past = telling.message()
        [first] = [point for point in past.passed if point.place == f"behind {LINES[0]!r}"]
        places = told(been_everywhere(lambda *point: telling.message(first, *point), 1 if WIDE else 12))
    assert len(places) >= 5
