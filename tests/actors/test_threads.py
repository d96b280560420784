"""Threads: bounded, used again, given up on, and never in anybody's way."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable

import pytest

import actors.threads
from actors.threads import Exited, Job, Threads
from tests.actors.doubles import BOUND, Gate, bounded, quiet, until


def blocking_wait(condition: Callable[[], object]) -> None:
    """Wait for threads without letting the loop run."""
    for _ in range(int(BOUND / 0.0005)):
        if condition():
            return
        threading.Event().wait(0.0005)
    raise TimeoutError("it never came")


async def test_a_function_runs_on_another_thread_and_its_result_comes_back() -> None:
    threads = Threads()
    assert await bounded(threads.start(lambda: 6 * 7).result) == 42
    assert await bounded(threads.start(threading.current_thread).result) is not threading.current_thread()


async def test_its_threads_are_daemons_so_none_keeps_the_process() -> None:
    assert (await bounded(Threads().start(threading.current_thread).result)).daemon


async def test_one_thread_does_job_after_job() -> None:
    threads = Threads()
    used = set()
    for _ in range(20):
        used.add(await bounded(threads.start(threading.get_ident).result))
        await until(lambda: threads._idle == 1)
    assert len(used) == 1


async def test_two_hundred_jobs_at_most_four_at_a_time() -> None:
    threads, lock = Threads(4), threading.Lock()
    now = most = 0

    def job(number: int) -> int:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.0002)
        with lock:
            now -= 1
        return number

    jobs = [threads.start(lambda number=number: job(number)) for number in range(200)]
    assert await bounded(asyncio.gather(*(each.result for each in jobs))) == list(range(200))
    assert most <= 4


async def test_the_others_wait_their_turn(gate: Gate) -> None:
    threads = Threads(2)
    jobs = [threads.start(gate.wait) for _ in range(5)]
    await until(lambda: gate.reached == 2)
    await quiet()
    assert gate.reached == 2
    gate.open()
    await bounded(asyncio.gather(*(job.result for job in jobs)))
    assert gate.passed == 5


@pytest.mark.parametrize(
    ("raised", "got"),
    [
        (ValueError("no"), ValueError),
        (SystemExit(3), Exited),
        (KeyboardInterrupt(), Exited),
        (GeneratorExit(), Exited),
        (asyncio.CancelledError(), Exited),
        (StopIteration(1), Exited),
        (StopAsyncIteration(1), StopAsyncIteration),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
async def test_whatever_a_function_raises_reaches_who_waits_and_the_thread_goes_on(
    raised: BaseException, got: type[Exception]
) -> None:
    threads = Threads(1)

    def fail() -> None:
        raise raised

    with pytest.raises(got):
        await bounded(threads.start(fail).result)
    assert await bounded(threads.start(lambda: "next").result) == "next"


async def test_a_hung_function_that_was_given_up_loses_its_place(gate: Gate) -> None:
    threads = Threads(1)
    hung = threads.start(gate.wait)
    await until(lambda: gate.reached)
    waiting = threads.start(lambda: "after it")
    await quiet()
    assert not waiting.result.done()
    threads.abandon(hung)
    assert await bounded(waiting.result) == "after it"
    assert hung.result.cancelled()


async def test_who_waits_for_a_hung_function_may_be_cancelled_first(gate: Gate) -> None:
    """A task that is cancelled cancels the result it awaits, before it gives the function up."""
    threads = Threads(1)
    hung = threads.start(gate.wait)
    await until(lambda: gate.reached)
    hung.result.cancel()
    threads.abandon(hung)
    assert await bounded(threads.start(lambda: "after it").result) == "after it"


async def test_a_hundred_hung_functions_leave_room_for_the_next(gate: Gate) -> None:
    threads = Threads(2)
    for number in range(100):
        hung = threads.start(gate.wait)
        await until(lambda number=number: gate.reached == number + 1)
        threads.abandon(hung)
    assert await bounded(threads.start(lambda: "still here").result) == "still here"


async def test_the_result_of_a_function_that_was_given_up_is_thrown_away(gate: Gate) -> None:
    threads = Threads(1)
    hung = threads.start(gate.wait)
    await until(lambda: gate.reached)
    threads.abandon(hung)
    gate.open()
    await until(lambda: gate.passed)
    await quiet()
    assert hung.result.cancelled()


async def test_a_job_given_up_while_it_waits_never_runs(gate: Gate) -> None:
    threads = Threads(1)
    ran = []
    threads.start(gate.wait)
    await until(lambda: gate.reached)
    given_up, kept = threads.start(lambda: ran.append("given up")), threads.start(lambda: ran.append("kept"))
    threads.abandon(given_up)
    gate.open()
    await bounded(kept.result)
    assert ran == ["kept"]


async def test_giving_up_twice_or_too_late_changes_nothing(gate: Gate) -> None:
    threads = Threads(1)
    done = threads.start(lambda: 1)
    assert await bounded(done.result) == 1
    threads.abandon(done)
    hung = threads.start(gate.wait)
    await until(lambda: gate.reached)
    threads.abandon(hung)
    threads.abandon(hung)
    assert not done.result.cancelled()
    await at_most_one(threads)


async def test_giving_up_a_job_that_has_finished_unnoticed_costs_no_place() -> None:
    """The thread is done, the loop doesn't know yet, and then nobody wants to know."""
    threads = Threads(1)
    for _ in range(3):
        job = threads.start(int)
        blocking_wait(lambda: threads._waiting.qsize() == 0 and threads._idle == threads._alive)
        assert not job.result.done()
        threads.abandon(job)
        await quiet()
    await at_most_one(threads)


async def at_most_one(threads: Threads) -> None:
    """Of two functions only one runs at a time."""
    door = Gate()
    try:
        jobs = [threads.start(door.wait) for _ in range(2)]
        await until(lambda: door.reached)
        blocking_wait(lambda: door.reached == 1)
        threading.Event().wait(0.02)
        assert door.reached == 1
    finally:
        door.open()
    await bounded(asyncio.gather(*(job.result for job in jobs)))


async def test_a_job_that_finds_no_thread_left_in_the_system_waits_for_one(
    monkeypatch: pytest.MonkeyPatch, gate: Gate
) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    threads = Threads(2)
    first = threads.start(gate.wait)
    await until(lambda: gate.reached)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        second = threads.start(lambda: "second")
    await quiet()
    assert not second.result.done()
    third = threads.start(lambda: "third")
    assert await bounded(asyncio.gather(second.result, third.result)) == ["second", "third"]
    gate.open()
    await bounded(first.result)


async def test_a_thread_with_nothing_to_do_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors.threads, "IDLE", 0.001)
    threads = Threads()
    thread = await bounded(threads.start(threading.current_thread).result)
    await until(lambda: not thread.is_alive())
    assert await bounded(threads.start(lambda: "hired again").result) == "hired again"


class LastMoment(queue.SimpleQueue[Job]):
    """Tells the second who asks that there is nothing, and that only once `go_on` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.empty_handed, self.go_on = 0, threading.Event(), threading.Event()

    def get(self, block: bool = True, timeout: float | None = None) -> Job:
        self.asked += 1
        if self.asked != 2:
            return super().get(block, timeout)
        self.empty_handed.set()
        self.go_on.wait(BOUND)
        raise queue.Empty


async def test_a_job_that_comes_in_the_moment_a_thread_ends_is_done() -> None:
    threads = Threads()
    threads._waiting = waiting = LastMoment()
    await bounded(threads.start(lambda: "first").result)
    await until(waiting.empty_handed.is_set)
    job = threads.start(lambda: "last")
    waiting.go_on.set()
    assert await bounded(job.result) == "last"


class SlowHands(queue.SimpleQueue[Job]):
    """The second who asks has the job in hand for a while before they get to it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.taken, self.go_on = 0, threading.Event(), threading.Event()

    def get(self, block: bool = True, timeout: float | None = None) -> Job:
        self.asked += 1
        second = self.asked == 2
        job = super().get(block, timeout)
        if second:
            self.taken.set()
            self.go_on.wait(BOUND)
        return job


async def test_a_job_that_comes_while_the_idle_thread_takes_another_waits_for_no_place(gate: Gate) -> None:
    threads = Threads()
    threads._waiting = waiting = SlowHands()
    await bounded(threads.start(lambda: "first").result)
    await until(lambda: waiting.asked == 2)
    threads.start(gate.wait)
    await until(waiting.taken.is_set)
    job = threads.start(lambda: "beside it")
    waiting.go_on.set()
    assert await bounded(job.result) == "beside it"
    assert gate.passed == 0


def test_a_loop_that_closed_meanwhile_harms_no_thread() -> None:
    threads, door = Threads(1), Gate()

    async def leave() -> None:
        threads.start(door.wait)
        await until(lambda: door.reached)

    async def come_back() -> str:
        return await bounded(threads.start(lambda: "another loop").result)

    asyncio.run(leave())
    door.open()
    assert asyncio.run(come_back()) == "another loop"


async def test_who_runs_a_function_gets_what_it_returns_or_raises() -> None:
    threads = Threads()
    assert await bounded(threads.run(lambda: 6 * 7)) == 42
    with pytest.raises(ZeroDivisionError):
        await bounded(threads.run(lambda: 1 / 0))


async def test_who_is_cancelled_meanwhile_has_given_up_on_it(gate: Gate) -> None:
    threads = Threads(1)
    running = asyncio.ensure_future(threads.run(gate.wait))
    await until(lambda: gate.reached)
    running.cancel()
    assert await bounded(threads.run(lambda: "another thread")) == "another thread"
