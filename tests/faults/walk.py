"""The walk: the same call again and again, killed at the first point of a webhook, at the second, and so on.

After each death comes another daemon, some seconds later by its clock: by then leases of the dead have run
out. It gets the webhook that was in hand once more, as Twilio would send it, and the rest of the call.
"""

from __future__ import annotations

import itertools
import time
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from actors.errand import LEASE
from supervisor.postman import MARGIN
from tests.faults.books import NOTHING, Kept, kept
from tests.faults.daemons import SCRIPT, Lost
from tests.faults.nursery import LIMIT, OtherClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.faults.books import Book
    from tests.faults.daemons import Daemon, Nursery
    from tests.faults.points import Point

LEASES = max(LEASE, LIMIT + MARGIN)
"""Seconds until everything that a daemon leased has run out, if it died."""
CALLOUTS = ("shop:1.3.1:1:0", "shop:1.3.1:1:1")
"""The ends of their `step_id`s, behind the CallSid."""
MOST = 500
"""Points that a webhook may have."""
CALLED_OUT, RECORDED = 2, 4
"""The step with which two functions are done for good, and the one that tells of a recording."""
KINDS = [
    "start_call",
    "gather_response",
    "gather_response",
    "recording_notification",
    "action_after_the_end",
    "call_complete",
]
"""What the script's webhooks are. Behind the last but one a call may also end by itself, if the last is late."""


_NUMBERS = itertools.count(1)


class Life(NamedTuple):
    """A daemon's part in a call: what the journal had and what was written down before."""

    kept: Kept
    noted: int


class Past(NamedTuple):
    """What became of a call."""

    deaths: int
    passed: Sequence[Point]
    """The points that the last daemon came by, or the last that was to die and didn't."""


class Been(NamedTuple):
    """Where daemons have died, and where one should have died that didn't come by that time."""

    died: Sequence[Point]
    missed: Sequence[Point]


def been_everywhere(call: Callable[..., Past], step: int = 1) -> Been:
    """Kill at each point that a call comes by, or at some: the first, and so many further on."""
    before = call()
    found = dict.fromkeys(before.passed)
    died: list[Point] = []
    missed: list[Point] = []
    todo = deque(list(found)[::step])
    while todo:
        assert len(died) + len(missed) < MOST, "it comes to no end"
        past = call(point := todo.popleft())
        if past.deaths > before.deaths:
            died.append(point)
            continue
        missed.append(point)
        new = [each for each in past.passed if each not in found]
        found.update(dict.fromkeys(new))
        todo.extend(new if step == 1 else ())
    return Been(died, missed)


class Walk:
    """Walks on one journal. A daemon goes on with the next call, if it lives."""

    def __init__(self, nursery: Nursery, book: Book) -> None:
        self.nursery = nursery
        self.book = book
        self.clock = OtherClock()
        self.answers: Mapping[int, str] = {}
        """What each webhook of a call is answered, whatever has happened."""
        self._daemon: Daemon | None = None

    def close(self) -> None:
        """End the daemon there is."""
        self._let_go()

    def at_each_point_of(self, at: int, step: int = 1, *, stops: bool = False) -> Been:
        """Kill at each point of a webhook, and of a stop behind it."""
        self.call(at)
        return been_everywhere(lambda *point: self.call(at, *point, stops=stops), step)

    def at_each_point_behind(self, at: int, first: Point, step: int) -> Been:
        """Kill at a point of a webhook, and the next daemon at those of its own, from its start to that webhook."""
        self.call(at)
        return been_everywhere(lambda *point: self.call(at, first, *point), step)

    def call(self, at: int, *points: Point, stops: bool = False) -> Past:
        """A whole call, in which daemons die; gives what became of it.

        The first dies at a point of a webhook, the next ones at points from their start to its repeat.
        """
        call_sid = f"CA{next(_NUMBERS):032x}"
        answers: dict[int, str] = {}
        for before in range(at):
            self._take(call_sid, before, answers)
        self._awake.rest()
        lives = [Life(NOTHING, 0)]
        passed: list[Point] = []
        while True:
            point = points[len(lives) - 1] if len(lives) <= len(points) else None
            try:
                if self._daemon is None:
                    self._daemon = self._follower(point)
                else:
                    self._daemon.kill_at(point)
                self._take(call_sid, at, answers)
                if stops:
                    passed = self._daemon.stop()
                    self._let_go()
                else:
                    passed = self._daemon.rest()
                    self._daemon.kill_at(None)
                break
            except Lost:
                self._let_go()
                lives.append(self._death(call_sid, answers))
        for each in range(len(SCRIPT)):  # what was answered before comes once more
            self._take(call_sid, each, answers)
        self._awake.rest()
        died = points[: len(lives) - 1]
        where = f"{call_sid}, of which daemons died {died}" if died else call_sid
        end = self._check(call_sid, answers, where)
        check_notes(call_sid, end, self.nursery.noted(call_sid), lives, where)
        return Past(len(died), passed)

    @property
    def _awake(self) -> Daemon:
        """The daemon there is, or a new one."""
        if self._daemon is None:
            self._daemon = self._next()
        return self._daemon

    def _let_go(self) -> None:
        if self._daemon is not None:
            self._daemon.close()
            self._daemon = None

    def _next(self, kill_at: Point | None = None) -> Daemon:
        """Another daemon."""
        return self.nursery.daemon(self.book.url, kill_at, **vars(self.clock))

    def _follower(self, kill_at: Point | None) -> Daemon:
        """The daemon that comes after one that has died."""
        self.clock.ahead += LEASES
        return self._next(kill_at)

    def _take(self, call_sid: str, at: int, answers: dict[int, str]) -> None:
        """Send a webhook; what was answered once is answered again. Raises `Lost`."""
        answer = self._awake.answer(call_sid, at, answers)
        assert answers.setdefault(at, answer) == answer, f"{call_sid}: {SCRIPT[at].name} is answered in two ways"

    def _death(self, call_sid: str, answers: Mapping[int, str]) -> Life:
        """What a dead daemon has left: every answer's step, and nothing that is leased for long."""
        now = self.clock.now()
        left = kept(self.book, call_sid, dead=True)
        given = [answers[at] for at in sorted(answers)]
        answered = [row.answer for row in left.rows if row.kind != "overdue"]
        assert answered[: len(given)] == given, f"{call_sid}: an answer is not kept"
        assert all(until <= now + LEASE for until in left.claims), f"{call_sid}: it is claimed for too long"
        assert all(letter.due <= now + LEASES for letter in left.letters), f"{call_sid}: a letter is leased too long"
        return Life(left, len(self.nursery.noted(call_sid)))

    def _check(self, call_sid: str, answers: Mapping[int, str], where: str) -> int:
        """The journal in the end: a row for each webhook, one end, and nothing to be done; gives the end's version."""
        found = kept(self.book, call_sid)
        assert found[:2] == (len(found.rows), "completed"), where
        assert [row.version for row in found.rows] == list(range(1, found.version + 1)), where
        [end] = [row.version for row in found.rows if row.moved and row.kind in ("overdue", "call_complete")]
        webhooks = [row for row in found.rows if row.kind != "overdue"]
        assert len(found.rows) - len(webhooks) == (found.rows[end - 1].kind == "overdue"), where
        assert [row.kind for row in webhooks] == KINDS, where
        assert [row.answer for row in webhooks] == [answers[at] for at in range(len(SCRIPT))], where
        assert [row.same for row in webhooks] == [f"t{call_sid}-{at}" for at in range(len(SCRIPT))], where
        self.answers = self.answers or answers
        assert answers == self.answers, where
        assert (list(found.letters), list(found.claims)) == ([], []), where
        [unfinished] = self.book.find("SELECT call_sid FROM calls WHERE status <> 'completed'")
        assert unfinished == [], where
        return end


class Relay(Walk):
    """A walk with two daemons on one journal, of which the other gets at once what the dead had in hand.

    It has to wait until a claim of the dead has run out; by a fast clock, that this takes no seconds.
    """

    def __init__(self, nursery: Nursery, book: Book, rate: float) -> None:
        super().__init__(nursery, book)
        self.clock = OtherClock(rate=rate, since=time.time())
        self._other = self._next()

    def close(self) -> None:
        """End the daemons there are."""
        super().close()
        self._other.close()

    def call(self, at: int, *points: Point, stops: bool = False) -> Past:
        """The same, with another daemon to begin with."""
        past = super().call(at, *points, stops=stops)
        if self._daemon is self._other:
            self._daemon = None
        return past

    def _follower(self, kill_at: Point | None) -> Daemon:
        """The other one, which lives."""
        return self._other


def check_notes(call_sid: str, end: int, noted: Sequence[str], lives: Sequence[Life], where: str) -> None:
    """What functions have written down: what is promised, and no more than that.

    A callout is begun at least once, always by the same `step_id`, and never again once its step is
    committed. Who has subscribed is told at least once, and no more than once unless a daemon died with
    the letter in hand: then it is in the journal, with a try more than it had.
    """
    told = {"RE1": RECORDED, "the end, and 11": end}
    callouts = {f"{kind} {call_sid}:{of}": CALLED_OUT for of in CALLOUTS for kind in ("begun", "finished")}
    tellings = {f"{kind} of {what}": step for what, step in told.items() for kind in ("telling", "told")}
    assert set(noted) == callouts.keys() | tellings.keys(), where
    assert noted.index("told of RE1") < noted.index("telling of the end, and 11"), where
    overs = [*(life.noted for life in lives[1:]), len(noted)]
    for life, over in zip(lives, overs, strict=True):
        before, during = Counter(noted[: life.noted]), Counter(noted[life.noted : over])
        in_hand = {letter.version: letter.tries for letter in life.kept.letters}
        for line, step in (callouts | tellings).items():
            committed = life.kept.version >= step
            may_come = step in in_hand if line in tellings and committed else not committed
            assert during[line] <= may_come, f"{where}: {line}, {during[line]} times"
            if line in tellings and not in_hand.get(step) and may_come:
                assert not before[line], f"{where}: {line}, and nobody had the letter"
