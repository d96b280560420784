"""What LoopFuture adds to Pykka's promises: awaited on any loop, waited for from any thread, never blocking a loop."""

import asyncio
import doctest
import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pykka
import pytest
import uvloop

import actors.loop_future
from actors.loop_future import LazyEvent, LoopFuture, WouldDeadlock
from tests.actors.loops import on_each_loop


@pytest.fixture
def future():
    return LoopFuture()


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


def waiting(future, number=1):
    """Wait until that many wait for the future."""
    for _ in range(50_000):
        if len(future._waiters or ()) == number:
            return
        threading.Event().wait(0.0001)
    raise AssertionError(f"never {number} waiting")


DERIVED = [
    ("map", lambda f: f.map(lambda v: v["foo"]), {"foo": "bar"}, "bar"),
    ("filter", lambda f: f.filter(lambda v: v > 10), range(5, 15), [11, 12, 13, 14]),
    ("reduce", lambda f: f.reduce(lambda x, y: x + y), [1, 2, 3], 6),
    ("reduce from 5", lambda f: f.reduce(lambda x, y: x + y, 5), [1, 2, 3], 11),
    ("reduce nothing", lambda f: f.reduce(lambda x, y: x + y, 5), [], 5),
    ("map of map", lambda f: f.map(lambda v: v + 10).map(str), 30, "40"),
    ("join", lambda f: f.join(f, f.map(str)), 1, [1, 1, "1"]),
]
derived = pytest.mark.parametrize(("derive", "value", "result"), [d[1:] for d in DERIVED], ids=[d[0] for d in DERIVED])


# --- awaited -------------------------------------------------------------------------------------------------------


@on_each_loop
async def test_it_is_awaited_by_many_and_set_on_the_loop(future):
    tasks = [asyncio.ensure_future(future) for _ in range(3)]
    await asyncio.sleep(0)
    assert len(future._waiters) == 3
    future.set("value")
    assert await asyncio.gather(*tasks) == ["value"] * 3
    assert await future == "value"


@on_each_loop
async def test_it_is_set_from_a_thread_while_a_loop_and_a_thread_wait(future):
    reader = asyncio.create_task(asyncio.to_thread(future.get, timeout=30))
    setter = threading.Timer(0, lambda: (waiting(future, 2), future.set("value")))
    setter.start()
    assert await future == "value"
    assert await reader == "value"
    setter.join(30)


def test_loops_in_several_threads_await_the_same_future(future, pool):
    async def main():
        return await asyncio.wait_for(future, 30)

    readers = [pool.submit(asyncio.run, main()) for _ in range(4)]
    waiting(future, 4)
    future.set("value")
    assert [reader.result(30) for reader in readers] == ["value"] * 4


@on_each_loop
async def test_an_exception_is_raised_where_it_is_awaited(future):
    future.set_exception((ValueError, ValueError("set"), None))
    with pytest.raises(ValueError, match="set"):
        await future


@on_each_loop
async def test_a_cancelled_wait_takes_nothing_from_the_future(future):
    for _ in range(3):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.ensure_future(future), 0.001)
    assert future._waiters == []
    future.set("value")
    assert await future == "value"


@on_each_loop
async def test_it_may_be_set_just_after_a_wait_was_cancelled(future):
    task = asyncio.ensure_future(future)
    await asyncio.sleep(0)
    task.cancel()
    future.set("value")
    assert (await asyncio.gather(task, return_exceptions=True))[0].__class__ is asyncio.CancelledError
    assert await future == "value"


def test_whoever_is_late_to_wait_is_told_that_there_is_something_to_do():
    """As when another thread sets a future between a look at it and the wait."""
    done, hooked = LoopFuture(), LoopFuture()
    done.set("value")
    hooked.set_get_hook(lambda timeout: "value")
    assert done._enlist(threading.Lock()) is False
    assert hooked._enlist(threading.Lock()) is False


def test_a_loop_that_closed_while_it_waited_does_not_hinder_the_setter(future):
    loop = asyncio.new_event_loop()
    waiter = future.__await__()

    async def begin():
        return next(waiter)

    loop.run_until_complete(begin())
    loop.close()
    future.set("value")
    assert future.get() == "value"


# --- never blocking a loop -----------------------------------------------------------------------------------------


@on_each_loop
async def test_get_on_a_loop_raises_at_once(future):
    for timeout in (None, 5):
        with pytest.raises(WouldDeadlock, match="await it instead") as caught:
            future.get(timeout=timeout)
        assert caught.value.future is future
    with pytest.raises(WouldDeadlock):
        future.map(str).get()


@on_each_loop
async def test_get_on_a_loop_returns_what_is_there_already(future):
    with pytest.raises(pykka.Timeout):  # a look is no wait
        future.get(timeout=0)
    future.set(1)
    assert future.get() == 1
    assert future.map(str).get() == "1"


# --- hooks awaited -------------------------------------------------------------------------------------------------


@derived
@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_derived_future_is_awaited(future, new_loop, derive, value, result):
    """The hook runs on the loop, as soon as what it asks for is there."""

    async def main():
        made = asyncio.ensure_future(derive(future))
        await asyncio.sleep(0)
        assert not made.done()
        asyncio.get_running_loop().call_soon(future.set, value)
        return await asyncio.wait_for(made, 30)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        assert runner.run(main()) == result


@on_each_loop
async def test_an_awaited_join_waits_for_each_in_turn():
    futures = [LoopFuture() for _ in range(3)]
    joined = asyncio.ensure_future(futures[0].join(*futures[1:]))
    for value in (2, 0, 1):
        assert not joined.done()
        futures[value].set(value)
        await asyncio.sleep(0)
    assert await asyncio.wait_for(joined, 30) == [0, 1, 2]


@on_each_loop
async def test_a_source_that_fails_fails_what_is_derived(future):
    made = asyncio.ensure_future(future.map(str).map(len))
    await asyncio.sleep(0)
    future.set_exception((ValueError, ValueError("source"), None))
    with pytest.raises(ValueError, match="source"):
        await made


@on_each_loop
async def test_a_would_deadlock_that_is_the_result_is_raised_and_not_waited_for(future):
    never = LoopFuture()
    try:
        never.get()
    except WouldDeadlock:
        future.set_exception()
    for awaitable in (future, future.map(str)):
        with pytest.raises(WouldDeadlock):
            await asyncio.wait_for(asyncio.ensure_future(awaitable), 30)


@on_each_loop
async def test_a_hook_that_waits_in_a_thread_runs_once_and_the_loop_awaits_its_value(future):
    calls = []

    def hook(timeout):
        calls.append(timeout)
        return source.get(timeout=timeout)

    source = LoopFuture()
    future.set_get_hook(hook)
    reader = asyncio.create_task(asyncio.to_thread(future.get, timeout=30))
    await asyncio.to_thread(waiting, source)  # the thread is in the hook
    here = asyncio.ensure_future(future)
    await asyncio.to_thread(waiting, future)
    source.set("value")
    assert await asyncio.gather(here, reader) == ["value", "value"]
    assert calls == [30]


def test_a_thread_takes_the_hook_over_from_one_that_gave_up(future, pool):
    source = LoopFuture()
    future.set_get_hook(lambda timeout: source.get(timeout=timeout))
    hasty = pool.submit(future.get, timeout=0.2)
    waiting(source)
    patient = pool.submit(future.get, timeout=30)
    waiting(future)
    with pytest.raises(pykka.Timeout):
        hasty.result(30)
    waiting(source)
    source.set("value")
    assert patient.result(30) == "value"


def test_a_hook_set_late_is_tried_by_those_who_wait(future, pool):
    reader = pool.submit(future.get, timeout=30)
    waiting(future)
    future.set_get_hook(lambda timeout: "hooked")
    assert reader.result(30) == "hooked"


# --- small, and safe in finalisers ---------------------------------------------------------------------------------


def test_a_finaliser_may_answer_a_future_in_the_middle_of_another(future):
    with actors.loop_future._lock:  # where a collection may strike
        future.set("value")
        assert future.get() == "value"


def test_an_awaited_future_leaves_no_garbage(future):
    async def main():
        made = asyncio.ensure_future(future)
        await asyncio.sleep(0)
        future.set("value")
        return await made

    asyncio.run(main())
    assert future._waiters == []
    assert vars(future) == {}
    gc.collect()


def test_the_examples_run():
    assert doctest.testmod(actors.loop_future).failed == 0


# --- LazyEvent -----------------------------------------------------------------------------------------------------


def test_a_lazy_event_keeps_the_contract_of_an_event(pool):
    event = LazyEvent()
    assert isinstance(event, threading.Event)
    assert not event.is_set()
    assert event.wait(0) is False
    assert event.wait(0.001) is False
    waiters = [pool.submit(event.wait, 5) for _ in range(4)]
    event.set()
    assert [waiter.result(30) for waiter in waiters] == [True] * 4
    assert event.is_set()
    assert event.wait() is True
    event.clear()
    assert event.wait(0) is False
    assert repr(event) == "<LazyEvent: unset>"


def test_a_lazy_event_misses_no_set(pool):
    for _ in range(200):
        event, barrier = LazyEvent(), threading.Barrier(2)
        waiter = pool.submit(lambda event=event, barrier=barrier: (barrier.wait(30), event.wait(30))[1])
        barrier.wait(30)
        event.set()
        assert waiter.result(6) is True


def test_a_lazy_event_may_be_set_while_a_wait_begins(monkeypatch):
    event, real = LazyEvent(), threading.Event
    monkeypatch.setattr(threading, "Event", lambda: event.set() or real())
    assert event.wait(30) is True
    assert event._event.is_set() is False  # the real one came too late to be set, and nobody waited for it


@on_each_loop
async def test_a_lazy_event_does_not_block_a_loop():
    event = LazyEvent()
    with pytest.raises(WouldDeadlock):
        event.wait(1)
    assert event.wait(0) is False
    event.set()
    assert event.wait() is True
