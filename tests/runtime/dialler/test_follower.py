"""Waiting for thousands of calls with a handful of requests."""

from __future__ import annotations

import asyncio
import time

import pytest

from runtime.dialler import Entry, Follower, Ledger, Row, What
from runtime.dialler.follower import FEW
from runtime.twilio import Patience, TwilioClient, TwilioError
from tests.runtime.dialler.exchange import ACCOUNT, FROM, Exchange, number
from tests.runtime.twilio.conftest import TOKEN, QuickClock

OTHER = "+441314960101"


class Shown:
    """How many were over, each time it was told."""

    def __init__(self) -> None:
        self.ends: list[tuple[int, int]] = []

    def show_ends(self, over: int, total: int) -> None:
        self.ends.append((over, total))


class Bench:
    """A follower of calls that were made by a stand-in of Twilio."""

    def __init__(self, exchange: Exchange, twilio: TwilioClient, ledger: Ledger) -> None:
        self.exchange = exchange
        self.ledger = ledger
        self.shown = Shown()
        self.stopped = asyncio.get_running_loop().create_future()
        self.rows: list[Row] = []
        self.follower = Follower(twilio, ledger, stopped=self.stopped, display=self.shown)

    def call(self, n: int, status: str, from_: str = FROM) -> str:
        """A call that was made, and is in the ledger."""
        call = self.exchange.make(number(n), from_)
        self.exchange.statuses[number(n)] = status
        self.rows.append(Row(n + 2, number(n)))
        self.ledger.book.take(Entry(time.time(), What.CALLED, number(n), from_, call["sid"]))
        return call["sid"]

    async def follow(self) -> list[str]:
        async with asyncio.timeout(30):
            return await self.follower.follow(self.rows)


@pytest.fixture
async def bench(tmp_path):
    patience = Patience(clock=QuickClock(time.time()))
    async with Exchange() as exchange, TwilioClient(ACCOUNT, TOKEN, base_url=exchange.url, patience=patience) as twilio:
        with Ledger(tmp_path / "guests.csv.calls.csv") as ledger:
            yield Bench(exchange, twilio, ledger)


async def test_nothing_to_wait_for(bench):
    assert await bench.follow() == []
    assert not bench.exchange.asked
    assert bench.shown.ends == [(0, 0)]


async def test_a_few_calls_are_fetched(bench):
    for n in range(FEW):
        bench.call(n, "completed" if n else "busy")

    assert await bench.follow() == ["busy", *["completed"] * (FEW - 1)]
    assert bench.exchange.asked == {"GET one": FEW}
    assert bench.shown.ends == [(0, FEW), (FEW, FEW)]


async def test_three_thousand_calls_are_read_from_the_list(bench):
    for n in range(3000):
        bench.call(n, "completed")

    assert len(await bench.follow()) == 3000
    assert bench.exchange.asked == {"GET Calls.json": 3}


async def test_calls_that_go_on_are_looked_at_again(bench):
    for n in range(FEW + 5):
        bench.call(n, "completed" if n else "in-progress")
    answered = []

    def finish(n: int, total: int) -> None:
        answered.append((n, total))
        if len(answered) == 4:
            bench.exchange.statuses[number(0)] = "no-answer"

    bench.shown.show_ends = finish

    assert (await bench.follow())[0] == "no-answer"
    assert bench.exchange.asked["GET Calls.json"] == 1
    assert 2 <= bench.exchange.asked["GET one"] <= 4
    assert answered[-1] == (FEW + 5, FEW + 5)


async def test_the_list_is_not_read_beyond_the_first_call_of_ours(bench):
    for n in range(1500):
        bench.exchange.make(number(5000 + n), age=3600)
    sids = [bench.call(n, "completed") for n in range(FEW + 1)]
    bench.exchange.unlisted = {sids[0]}

    await bench.follow()

    assert bench.exchange.asked == {"GET Calls.json": 1, "GET one": 1}


async def test_a_call_that_the_list_has_not_got_is_fetched(bench):
    sids = [bench.call(n, "completed") for n in range(FEW + 10)]
    bench.exchange.unlisted = set(sids[:3])
    for n in range(2000):
        bench.exchange.make(number(5000 + n), age=-1)

    assert len(await bench.follow()) == FEW + 10
    assert bench.exchange.asked["GET one"] == 3


async def test_calls_that_no_list_has_are_fetched_a_few_a_round(bench):
    count = 5 * FEW
    bench.exchange.unlisted = {bench.call(n, "completed") for n in range(count)}

    assert len(await bench.follow()) == count
    assert bench.exchange.asked["GET one"] == count
    assert [over for over, _ in bench.shown.ends] == [n * FEW for n in range(6)]


async def test_calls_that_go_on_do_not_keep_others_from_being_fetched(bench):
    going_on = range(FEW)
    bench.exchange.unlisted = {bench.call(n, "in-progress" if n in going_on else "completed") for n in range(2 * FEW)}

    def hang_up(over: int, total: int) -> None:
        if over == FEW:
            bench.exchange.statuses |= {number(n): "busy" for n in going_on}

    bench.shown.show_ends = hang_up

    assert (await bench.follow()).count("busy") == FEW


async def test_calls_of_two_numbers_are_in_two_lists(bench):
    for n in range(FEW + 5):
        bench.call(n, "completed", FROM if n % 2 else OTHER)

    assert len(await bench.follow()) == FEW + 5
    assert bench.exchange.asked == {"GET Calls.json": 2}


async def test_one_that_twilio_has_forgotten_is_gone(bench):
    bench.call(0, "completed")
    bench.call(1, "completed")
    bench.exchange.calls = [each for each in bench.exchange.calls if each["to"] != number(1)]

    assert await bench.follow() == ["completed", "gone"]
    assert bench.ledger.book.of(number(1)).status == "gone"


async def test_ends_are_written_down_as_they_come(bench, tmp_path):
    sid = bench.call(0, "failed")

    await bench.follow()

    line = (tmp_path / "guests.csv.calls.csv").read_text().splitlines()[-1]
    assert line.endswith(f",ended,{number(0)},{FROM},{sid},failed")


async def test_what_can_not_be_asked_is_not_passed_over(bench):
    bench.call(0, "completed")
    bench.exchange.answers["GET"] = (401, {"code": 20003, "message": "Authenticate", "status": 401})

    with pytest.raises(TwilioError, match="Authenticate"):
        await bench.follow()


async def test_stopped_it_tells_how_those_ended_that_have(bench):
    bench.call(0, "completed")
    bench.call(1, "in-progress")
    bench.shown.show_ends = lambda over, total: over and not bench.stopped.done() and bench.stopped.set_result(None)

    assert await bench.follow() == ["completed"]
