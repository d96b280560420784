"""The dialler's loop, by a clock that the test turns: its pace, its order, and what it does when it is stopped."""

from __future__ import annotations

import asyncio
import doctest
from typing import Any

import pytest

from runtime.dialler import Book, Dialler, Entry, Pace, Row, Step, What, dialler
from runtime.dialler.dialler import FOR_NOW, IN_HAND, OF_A_NUMBER, outcome_of
from runtime.twilio import Ambiguous, InvalidRequest, TwilioError, Unreachable
from tests.actors.doubles import ManualClock, quiet
from tests.runtime.dialler.exchange import FROM, number


class Twilio:
    """Begins calls, and answers when the test has it answer, or after some seconds of the clock."""

    account_sid = "AC0"

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.begun: list[tuple[float, str]] = []
        self.takes = 0.0
        self.problems: dict[str, Exception | None] = {}
        self.looked_for: list[tuple[str, float]] = []
        self.looking = asyncio.Event()

    def now(self) -> float:
        return self.clock.now() + 1000

    async def wait(self, seconds: float) -> None:
        done = asyncio.get_running_loop().create_future()
        self.clock.later(seconds, lambda: done.done() or done.set_result(None))
        await done

    async def make_call(self, to: str, from_: str, url: str) -> dict[str, Any]:
        self.begun.append((self.clock.now(), to))
        if self.takes:
            await self.wait(self.takes)
        if (problem := self.problems.get(to)) is not None:
            raise problem
        return {"sid": f"CA{to}"}

    async def find_calls(self, to: str, from_: str, since: float) -> list[dict[str, Any]]:
        self.looked_for.append((to, since))
        self.looking.set()
        await self.wait(10)
        return []


class Memory:
    """A ledger that is nowhere but in memory."""

    def __init__(self) -> None:
        self.book = Book()
        self.entries: list[Entry] = []

    async def write(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.book.take(entry)

    def of(self, to: str) -> list[str]:
        return [each.what.value for each in self.entries if each.to == to]


class Shown:
    """What a display was given."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done: list[int] = []

    def show(self, tally: Any) -> None:
        self.done.append(tally.done)

    def tell(self, line: str) -> None:
        self.lines.append(line)


class Bench:
    """A dialler and all that is round it."""

    def __init__(self, rate: float = 1.0) -> None:
        self.clock = ManualClock(0.0)
        self.twilio, self.ledger, self.shown = Twilio(self.clock), Memory(), Shown()
        self.stopped = asyncio.get_running_loop().create_future()
        self.dialler = Dialler(
            self.twilio,
            self.ledger,
            {"from_": FROM, "url": "https://h/voice"},
            pace=Pace(rate, self.clock),
            stopped=self.stopped,
            display=self.shown,
        )

    async def start(self, count: int) -> asyncio.Task[None]:
        rows = [Row(n + 2, number(n)) for n in range(count)]
        task = asyncio.ensure_future(self.dialler.dial(rows, "guests.csv"))
        await quiet()
        return task

    async def pass_time(self, seconds: float, step: float = 0.25) -> None:
        for _ in range(round(seconds / step)):
            self.clock.turn(step)
            await quiet()


@pytest.fixture
async def bench() -> Bench:
    return Bench()


async def test_calls_are_begun_a_second_apart_however_long_twilio_takes(bench):
    bench.twilio.takes = 4.5
    task = await bench.start(20)
    await bench.pass_time(30)

    assert bench.twilio.begun == [(float(n), number(n)) for n in range(20)]
    assert task.done()
    assert bench.shown.done == list(range(21))


async def test_no_more_are_in_hand_than_are_good_for_twilio(bench):
    bench.twilio.takes = 1000
    task = await bench.start(30)
    await bench.pass_time(60)

    assert len(bench.twilio.begun) == IN_HAND
    task.cancel()


async def test_an_intent_is_written_before_and_an_outcome_after_by_twilios_clock(bench):
    bench.twilio.takes = 2
    await bench.start(1)
    before = list(bench.ledger.entries)
    await bench.pass_time(2)

    assert before == [Entry(1000.0, What.CALLING, number(0), FROM)]
    assert bench.ledger.entries[1:] == [Entry(1002.0, What.CALLED, number(0), FROM, f"CA{number(0)}")]


async def test_who_must_be_looked_for_comes_last_and_holds_up_nobody(bench):
    for n in range(IN_HAND + 2):
        await bench.ledger.write(Entry(500.0, What.CALLING, number(n), FROM))
    task = await bench.start(IN_HAND + 4)
    await bench.pass_time(60)

    assert bench.twilio.begun[:2] == [(0.0, number(IN_HAND + 2)), (1.0, number(IN_HAND + 3))]
    assert [to for _, to in bench.twilio.begun[2:]] == [number(n) for n in range(IN_HAND + 2)]
    assert bench.twilio.looked_for == [(number(n), 490.0) for n in range(IN_HAND + 2)]
    assert task.done()


async def test_one_that_was_looked_for_waits_for_its_turn_like_others(bench):
    for n in range(4):
        await bench.ledger.write(Entry(500.0, What.CALLING, number(n), FROM))
    await bench.start(4)
    await bench.pass_time(20)

    assert [at for at, _ in bench.twilio.begun] == [10.0, 11.0, 12.0, 13.0]


async def test_stopped_it_finishes_what_is_in_hand_and_begins_nothing(bench):
    bench.twilio.takes = 5
    task = await bench.start(20)
    await bench.pass_time(2.5)
    bench.stopped.set_result(None)
    await bench.pass_time(1)
    during = task.done()
    await bench.pass_time(10)

    assert not during
    assert task.done()
    assert len(bench.twilio.begun) == bench.dialler.tally.called == 3
    assert str(bench.dialler.tally) == "3 called, 0 refused, 0 called before, 0 open, 17 to go"


async def test_stopped_it_looks_for_nobody_any_longer(bench):
    await bench.ledger.write(Entry(500.0, What.CALLING, number(0), FROM))
    task = await bench.start(1)
    assert bench.twilio.looking.is_set()
    bench.stopped.set_result(None)
    await quiet()

    assert task.done()
    assert not bench.twilio.begun
    assert bench.ledger.book.of(number(0)).step is Step.LOOK_UP


@pytest.mark.parametrize(
    ("problem", "told", "stops"),
    [
        (TwilioError("Invalid 'To'", status=400, code=21211), ["calling", "refused"], False),
        (TwilioError("not verified", status=400, code=21219), ["calling", "barred"], False),
        (TwilioError("?", status=400), ["calling", "unmade"], True),
        (Ambiguous("no answer", what="POST"), ["calling", "open"], False),
        (TwilioError("Authenticate", status=401, code=20003), ["calling", "unmade"], True),
        (Unreachable("no connection"), ["calling", "unmade"], True),
        (InvalidRequest("a new call: to is empty"), ["calling", "unmade"], True),
    ],
)
async def test_what_is_written_of_what_went_wrong(bench, problem, told, stops):
    bench.twilio.problems[number(1)] = problem
    task = await bench.start(4)
    await bench.pass_time(10)

    assert task.done()
    assert bench.ledger.of(number(1)) == told
    assert str(bench.dialler.problem) == (f"guests.csv:3: {number(1)}: {problem}" if stops else "None")
    assert getattr(bench.dialler.problem, "exit_code", problem.exit_code) == problem.exit_code
    assert len(bench.twilio.begun) == (2 if stops else 4)
    assert bench.stopped.done() is stops


async def test_an_outage_stops_the_run_and_leaves_no_more_open_than_are_in_hand_and_as_many_again(bench):
    lost = Ambiguous("it answered 503", what="POST")
    bench.twilio.problems = dict.fromkeys(map(number, range(200)), lost)
    bench.twilio.takes = 10.5
    task = await bench.start(200)
    await bench.pass_time(60)

    assert task.done()
    assert IN_HAND <= len(bench.twilio.begun) < 2 * IN_HAND
    assert bench.dialler.tally.open == len(bench.dialler.open) == len(bench.twilio.begun)
    last = f"guests.csv:{IN_HAND + 1}: {number(IN_HAND - 1)}"
    assert str(bench.dialler.problem) == f"{last}: answers were lost {IN_HAND} times in a row: it answered 503"
    assert bench.dialler.problem.exit_code == 3


@pytest.mark.parametrize("answer", [None, TwilioError("Invalid 'To'", status=400, code=21211)])
async def test_answers_that_are_lost_now_and_then_stop_nothing(bench, answer):
    for n in range(60):
        bench.twilio.problems[number(n)] = Ambiguous("it answered 503", what="POST")
    for n in range(IN_HAND - 1, 60, IN_HAND):
        bench.twilio.problems[number(n)] = answer
    task = await bench.start(60)
    await bench.pass_time(61)

    assert task.done()
    assert len(bench.twilio.begun) == 60
    assert bench.dialler.problem is None


async def test_the_first_hindrance_is_the_one_that_is_told(bench):
    bench.twilio.takes = 3
    first, second = TwilioError("first", status=401), TwilioError("second", status=403)
    bench.twilio.problems = {number(0): first, number(1): second}
    await bench.start(9)
    await bench.pass_time(10)

    assert str(bench.dialler.problem) == f"guests.csv:2: {number(0)}: first"
    assert bench.ledger.of(number(1)) == ["calling", "unmade"]


async def test_a_refusal_is_shown_at_once_with_its_line(bench):
    bench.twilio.problems[number(0)] = TwilioError("Invalid 'To'", status=400, code=21211)
    await bench.start(3)

    assert bench.shown.lines == [f"guests.csv:2: {number(0)}: 21211: Invalid 'To'"]


async def test_one_that_is_refused_for_now_is_shown_with_what_comes_of_it(bench):
    bench.twilio.problems[number(0)] = TwilioError("not verified", status=400, code=21219)
    await bench.start(3)

    assert bench.shown.lines == [f"guests.csv:2: {number(0)}: 21219: not verified; the next run tries again"]


# --- whom a refusal concerns -------------------------------------------------------------------------


def test_the_examples():
    assert doctest.testmod(dialler).failed == 0


PLAIN, OWN = Row(2, number(1)), Row(2, number(1), "name=Jane")


@pytest.mark.parametrize(
    ("codes", "outcome"), [(OF_A_NUMBER, What.REFUSED), (FOR_NOW, What.BARRED)], ids=["of a number", "for now"]
)
@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_codes_about_a_number_concern_that_number_alone(codes, outcome, status):
    assert {outcome_of(TwilioError("no", status=status, code=code), PLAIN) for code in codes} == {outcome}


@pytest.mark.parametrize("code", [10001, 10002, 10004, 10005, 20001, 20003, 20005, 21205, 21210, 21212, 573002, 99999])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_all_others_concern_all_whatever_they_are(code, status):
    assert outcome_of(TwilioError("no", status=status, code=code), PLAIN) is What.UNMADE


@pytest.mark.parametrize("row", [PLAIN, OWN])
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 407, 422, 429])
def test_an_answer_without_a_code_says_nothing_of_the_number(status, row):
    assert outcome_of(TwilioError("no", status=status), row) is What.UNMADE


def test_without_an_answer_nothing_is_known_of_the_number():
    assert outcome_of(Unreachable("no connection"), PLAIN) is What.UNMADE


def test_a_url_that_has_a_rows_own_columns_is_that_rows():
    refusal = TwilioError("Url is not a valid URL", status=400, code=21205)

    assert outcome_of(refusal, OWN) is What.BARRED
    assert outcome_of(refusal, PLAIN) is What.UNMADE
