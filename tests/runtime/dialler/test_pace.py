"""So many turns a second, by a clock that the test turns, and never more of them after a pause."""

from __future__ import annotations

import asyncio

import pytest

from runtime.dialler import Pace
from tests.actors.doubles import ManualClock, quiet


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(0.0)


@pytest.fixture
async def stopped() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


class Runners:
    """Tasks that wait for turns, and when each had its own."""

    def __init__(self, clock: ManualClock, pace: Pace, stopped: asyncio.Future[None]) -> None:
        self.clock = clock
        self.pace = pace
        self.stopped = stopped
        self.turns: list[tuple[float, int]] = []
        self.sent_home: list[int] = []

    async def start(self, *numbers: int) -> None:
        self.tasks = [asyncio.ensure_future(self.run(number)) for number in numbers]
        await quiet()

    async def run(self, number: int) -> None:
        if await self.pace.turn(self.stopped):
            self.turns.append((self.clock.now(), number))
        else:
            self.sent_home.append(number)

    async def pass_time(self, seconds: float, step: float = 1 / 32) -> None:
        for _ in range(round(seconds / step)):
            self.clock.turn(step)
            await quiet()


@pytest.fixture
def runners(clock, stopped):
    return lambda rate: Runners(clock, Pace(rate, clock), stopped)


@pytest.mark.parametrize(("rate", "every"), [(1.0, 1.0), (2.0, 0.5), (0.5, 2.0), (8.0, 0.125)])
async def test_turns_are_as_far_apart_as_the_rate_says_first_come_first_served(runners, rate, every):
    waiting = runners(rate)
    await waiting.start(0, 1, 2, 3)
    await waiting.pass_time(4 * every)

    assert waiting.turns == [(n * every, n) for n in range(4)]


async def test_the_first_need_not_wait(runners):
    waiting = runners(1.0)
    await waiting.start(7)

    assert waiting.turns == [(0.0, 7)]


async def test_after_a_pause_there_is_no_burst(runners, clock):
    waiting = runners(1.0)
    await waiting.start(0)
    clock.turn(60)
    await waiting.start(1, 2, 3)
    await waiting.pass_time(3)

    assert waiting.turns == [(0.0, 0), (60.0, 1), (61.0, 2), (62.0, 3)]


async def test_a_turn_that_comes_late_puts_off_the_next_one(runners, clock):
    waiting = runners(1.0)
    await waiting.start(0, 1, 2)
    clock.turn(1.6)
    await quiet()
    await waiting.pass_time(2)

    gaps = [after - before for (before, _), (after, _) in zip(waiting.turns, waiting.turns[1:], strict=False)]
    assert len(gaps) == 2
    assert min(gaps) >= 1.0 - 1e-9


async def test_who_waits_goes_home_when_it_is_stopped(runners, clock, stopped):
    waiting = runners(1.0)
    await waiting.start(0, 1, 2)
    stopped.set_result(None)
    await quiet()

    assert (waiting.turns, waiting.sent_home) == ([(0.0, 0)], [1, 2])
    assert clock.waiting == 0


async def test_once_it_is_stopped_there_is_no_turn(runners, stopped):
    stopped.set_result(None)
    waiting = runners(1.0)
    await waiting.start(0)

    assert waiting.sent_home == [0]


async def test_a_clock_that_is_set_back_stops_nobody(runners, clock):
    waiting = runners(1.0)
    await waiting.start(0)
    clock._now -= 3600
    await waiting.start(1)
    await waiting.pass_time(1)

    assert [number for _, number in waiting.turns] == [0, 1]
