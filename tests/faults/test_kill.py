"""`kill -9` at every point of a webhook's way, from its first byte to the last function that is told of it.

This folder mirrors none of the source: it is about what README.md promises of all of it together. A daemon,
whole and over HTTP, dies at the first point (`points`), the next one at the second, until a webhook is
through without a death (`walk`); daemons are forked, so that a death and all that follows takes less than a
tenth of a second (`nursery`). Threads and servers take turns as they like: what comes by at the same time as
something else may come by in another order the next time.

`SWITCHHOOK_FAULTS=wide` also kills the next two daemons, in many more calls, at points drawn by lot.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.books import Book, PostgresBook, SqliteBook
from tests.faults.daemons import SCRIPT, Lost, Nursery
from tests.faults.points import Point
from tests.faults.walk import CALLOUTS, Been, Past, Relay, Walk, been_everywhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    NewBook = Callable[[], AbstractContextManager[Book]]
    NewWalk = Callable[[], AbstractContextManager[Walk]]
    Told = Callable[[Been], Sequence[str]]

WIDE = os.environ.get("SWITCHHOOK_FAULTS") == "wide"
pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="daemons are forked, with all that is imported"),
    pytest.mark.timeout(3600 if WIDE else 120),
]

FIRST, KEY, ANOTHER_KEY, RECORDING, ACTION, END = range(len(SCRIPT))
BOTH = "before", "behind"
SOME = 1 if WIDE else 12
"""How many points further on is killed, where it is not killed at all of them."""
NAMES = [webhook.name for webhook in SCRIPT]

FEWEST = {"sqlite": [9, 50, 9, 55, 9, 55], "postgresql": [9, 30, 9, 27, 9, 27]}
"""Points that each webhook has at least: a few less than there were."""
USUAL = ["before INSERT INTO steps", "behind INSERT INTO steps"]
UNUSUAL = ["before INSERT INTO rows", "before COMMIT", "behind COMMIT"]
"""The statements of a step in SQLite: a usual one is written in one, another in several."""
GROUPS = ["waiting at groups.py", "going on at groups.py"]
SURE_OF = {
    KEY: [f"{where} '{what} :{of}'" for where in BOTH for what in ("begun", "finished") for of in CALLOUTS],
    RECORDING: [f"{where} '{what} of RE1'" for where in BOTH for what in ("telling", "told")],
    END: [f"{where} '{what} of the end, and 11'" for where in BOTH for what in ("telling", "told")],
}


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with Nursery(tmp_path_factory.mktemp("faults")) as nursery:
        yield nursery
        lines = [json.loads(line) for line in nursery.log.read_text().splitlines()]
        assert [(line["event"], line.get("reason")) for line in lines if line["level"] == "error"] == []


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def new_book(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> NewBook:
    """Makes journals of a kind that are new and empty."""
    names = itertools.count()

    @contextlib.contextmanager
    def new_book() -> Iterator[Book]:
        if kind == "sqlite":
            yield SqliteBook(tmp_path / f"{next(names)}.db")
        else:
            with request.getfixturevalue("postgres_server").database() as url, PostgresBook(url) as book:
                yield book

    return new_book


@pytest.fixture
def new_walk(nursery: Nursery, new_book: NewBook) -> NewWalk:
    """Makes walks on journals of their own."""

    @contextlib.contextmanager
    def new_walk() -> Iterator[Walk]:
        with new_book() as book, contextlib.closing(Walk(nursery, book)) as walk:
            yield walk

    return new_walk


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Told:
    """Tells where it was killed; gives the places."""

    def told(been: Been) -> Sequence[str]:
        record_property("points", len(been.died))
        print(f"killed at {len(been.died)} points, {len(been.missed)} missed")
        for name, points in been._asdict().items():
            for point in points:
                print(f"    {name}: {point.place}", f"({point.time})" * (point.time > 1))
        assert len(been.missed) < len(been.died)
        return [point.place for point in been.died]

    return told


@pytest.mark.parametrize("at", range(len(SCRIPT)), ids=NAMES)
def test_killed_at_each_point_of_a_webhook(new_walk: NewWalk, kind: str, at: int, told: Told) -> None:
    with new_walk() as walk:
        places = told(walk.at_each_point_of(at))
    assert len(places) >= FEWEST[kind][at]
    written = GROUPS if kind == "postgresql" else UNUSUAL if at in SURE_OF else USUAL
    for each in (*written, *SURE_OF.get(at, ())):
        assert any(place.startswith(each) for place in places), f"not killed {each}"


@pytest.mark.parametrize("kind", ["sqlite"])  # with PostgreSQL it is as the others
def test_killed_at_each_point_of_the_first_webhook_of_all(new_walk: NewWalk, told: Told) -> None:
    """Which has a program to write down, that later ones find."""

    def call(*points: Point) -> Past:
        with new_walk() as walk:
            return walk.call(FIRST, *points)

    assert "INSERT OR IGNORE INTO programs" in " ".join(told(been_everywhere(call, 1 if WIDE else 2)))


def test_killed_at_points_of_a_stop(new_walk: NewWalk, told: Told) -> None:
    """Which has somebody to tell of an end."""
    with new_walk() as walk:
        places = told(walk.at_each_point_of(END, SOME, stops=True))
    assert len(places) >= 60 / SOME


@pytest.mark.parametrize("at", [KEY, END], ids=["a callout", "a letter"])
def test_killed_at_points_of_the_start_behind_a_death(new_walk: NewWalk, at: int, told: Told) -> None:
    """Which has something in hand that the dead had too."""
    last = f"behind 'finished :{CALLOUTS[-1]}'" if at == KEY else "behind 'told"
    [first] = [place for place in SURE_OF[at] if place.startswith(last)]
    with new_walk() as walk:
        places = told(walk.at_each_point_behind(at, Point(first), SOME))
    assert len(places) >= 100 / SOME


def test_killed_while_the_journal_is_made(nursery: Nursery, new_book: NewBook, told: Told) -> None:
    def start(*point: Point) -> Past:
        with new_book() as book:
            passed: Sequence[Point] = ()
            with contextlib.suppress(Lost):
                daemon = nursery.daemon(book.url, *point)
                with contextlib.closing(daemon):
                    passed = daemon.rest()
            with contextlib.closing(Walk(nursery, book)) as walk:
                walk.call(FIRST)
            return Past(not passed, passed)

    places = told(been_everywhere(start, SOME))
    assert len(places) >= 30 / SOME


@pytest.mark.parametrize("kind", ["postgresql"])
def test_another_daemon_takes_over_what_the_dead_had_in_hand(nursery: Nursery, new_book: NewBook, told: Told) -> None:
    """Its caller doesn't wait for longer than a claim holds: they get the document, not the one to hold by."""
    with new_book() as book, contextlib.closing(Relay(nursery, book, rate=10)) as walk:
        places = told(walk.at_each_point_of(KEY, 1 if WIDE else 5))
    assert len(places) >= 6


@pytest.mark.parametrize("at", range(len(SCRIPT)), ids=NAMES)
def test_killed_again_and_again(new_walk: NewWalk, at: int) -> None:
    """At points drawn by lot; the same lots each time, unless many are drawn."""
    lots = random.SystemRandom() if WIDE else random.Random(at)  # noqa: S311 - it is no secret
    with new_walk() as walk:
        walk.call(at)
        first = walk.call(at).passed
        for _ in range(200 if WIDE else 2):
            one = lots.choice(first)
            two = lots.choice(walk.call(at, one).passed)
            three = lots.choice(walk.call(at, one, two).passed)
            print(one, two, three)
            walk.call(at, one, two, three)
