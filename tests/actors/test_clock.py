"""Time as a parameter: `done_within`, the system's clock, and the one that tests turn."""

from __future__ import annotations

import asyncio
import time

import pytest

from actors.clock import SystemClock, done_within, pause
from tests.actors.doubles import ManualClock, bounded, quiet


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_what_is_done_already_is_not_waited_for(clock: ManualClock) -> None:
    task = asyncio.ensure_future(asyncio.sleep(0))
    await task
    assert await bounded(done_within(8, task, clock))
    assert clock.waiting == 0


@pytest.mark.parametrize("seconds", [0, -1])
async def test_no_time_at_all_is_only_a_look(clock: ManualClock, seconds: float) -> None:
    task = asyncio.ensure_future(forever())
    assert not await bounded(done_within(seconds, task, clock))
    assert clock.waiting == 0
    task.cancel()


async def test_it_ends_with_the_task_and_leaves_no_timer(clock: ManualClock) -> None:
    work: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waited = asyncio.ensure_future(done_within(8, work, clock))
    await quiet()
    assert (waited.done(), clock.waiting) == (False, 1)
    work.set_result(1)
    assert await bounded(waited)
    assert clock.waiting == 0


async def test_it_ends_when_the_time_is_up_and_the_task_goes_on(clock: ManualClock) -> None:
    work: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waited = asyncio.ensure_future(done_within(8, work, clock))
    await quiet()
    clock.turn(7.9)
    await quiet()
    assert not waited.done()
    clock.turn(0.1)
    assert not await bounded(waited)
    assert not work.done()
    work.set_result(1)


async def test_a_task_that_fails_or_is_cancelled_is_done_too(clock: ManualClock) -> None:
    failed: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    cancelled: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waits = [asyncio.ensure_future(done_within(8, each, clock)) for each in (failed, cancelled)]
    await quiet()
    failed.set_exception(ValueError("no"))
    cancelled.cancel()
    assert await bounded(asyncio.gather(*waits)) == [True, True]
    assert isinstance(failed.exception(), ValueError)


async def test_the_task_done_in_the_moment_the_time_is_up_is_done(clock: ManualClock) -> None:
    work: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waited = asyncio.ensure_future(done_within(8, work, clock))
    await quiet()
    clock.turn(8)
    work.set_result(1)
    assert await bounded(waited)


async def test_nobody_waits_when_there_is_no_time_left(clock: ManualClock) -> None:
    loop = asyncio.get_running_loop()
    work, hurry = loop.create_future(), loop.create_future()
    waited = asyncio.ensure_future(done_within(8, work, clock, hurry))
    await quiet()
    hurry.set_result(None)
    assert not await bounded(waited)
    assert not await bounded(done_within(8, work, clock, hurry))
    assert clock.waiting == 0
    work.set_result(1)
    assert await bounded(done_within(8, work, clock, hurry))


async def test_who_waits_can_be_cancelled(clock: ManualClock) -> None:
    work: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waited = asyncio.ensure_future(done_within(8, work, clock))
    await quiet()
    waited.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bounded(waited)
    assert clock.waiting == 0
    assert not work.done()
    clock.turn(100)
    work.set_result(1)


async def test_the_systems_clock_tells_the_time_and_calls_on_the_loop() -> None:
    clock = SystemClock()
    assert abs(clock.now() - time.time()) < 5
    called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    clock.later(0.0001, lambda: never.set_result(None)).cancel()
    clock.later(0.0002, lambda: called.set_result(None))
    await bounded(called)
    assert not never.done()


def test_nobody_sets_the_seconds_that_tell_how_much_time_has_gone_by(monkeypatch) -> None:
    clock = SystemClock()
    before = clock.steady()
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert 0 <= clock.steady() - before < 60


def test_seconds_gone_by_without_a_clock_since_the_machines_start(monkeypatch) -> None:
    monkeypatch.setattr("actors.clock._SINCE_THE_START", None)
    clock = SystemClock()
    before = clock.steady()
    assert 0 <= clock.steady() - before < 60


def test_the_hand_turned_clock_does_what_is_due_in_order() -> None:
    clock, done = ManualClock(0), list[tuple[str, float]]()
    clock.later(3, lambda: done.append(("late", clock.now())))
    clock.later(1, lambda: done.append(("early", clock.now())))
    clock.later(2, lambda: done.append(("never", clock.now()))).cancel()
    clock.later(1, lambda: clock.later(1, lambda: done.append(("nested", clock.now()))))
    clock.turn(2.5)
    assert done == [("early", 1), ("nested", 2)]
    clock.turn(1)
    assert done[-1] == ("late", 3)
    assert (clock.now(), clock.waiting) == (3.5, 0)


async def test_a_pause_is_over_by_the_clock_and_leaves_no_timer(clock: ManualClock) -> None:
    pausing = asyncio.ensure_future(pause(3, clock))
    await quiet()
    clock.turn(2.9)
    await quiet()
    assert not pausing.done()
    clock.turn(0.1)
    await bounded(pausing)
    cut_short = asyncio.ensure_future(pause(3, clock))
    await quiet()
    cut_short.cancel()
    await quiet()
    assert clock.waiting == 0
