"""LoopFuture under Pykka's documentation of Future: a test for each promise. Awaiting is in test_loop_future.py."""

import asyncio
import contextlib
import queue
import sys
import threading
import traceback
import types
from concurrent.futures import ThreadPoolExecutor

import pykka
import pytest

from actors.loop_future import LoopFuture


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


def failing_with(error):
    raise error


def test_get_returns_the_value_as_often_as_it_is_asked(future):
    """The encapsulated value can be retrieved multiple times."""
    future.set("value")
    assert [future.get(), future.get(timeout=0)] == ["value", "value"]


def test_set_without_a_value_sets_none(future):
    """set(): the encapsulated value, or nothing."""
    future.set()
    assert future.get(timeout=0) is None


def test_get_raises_the_exception_that_was_set(future):
    """If the encapsulated value is an exception, it is raised instead of returned; as often as it is asked for."""
    error = ValueError("set")
    future.set_exception((ValueError, error, None))
    for _ in range(2):
        with pytest.raises(ValueError, match="set") as caught:
            future.get()
        assert caught.value is error


def test_set_exception_takes_the_one_being_handled(future):
    """Without an argument, the exception that is being handled is set, with the traceback it had."""
    try:
        failing_with(ValueError("handled"))
    except ValueError:
        original = traceback.extract_tb(sys.exc_info()[2])
        future.set_exception()
    for _ in range(3):  # the traceback doesn't grow
        with pytest.raises(ValueError, match="handled") as caught:
            future.get()
        frames = traceback.extract_tb(caught.value.__traceback__)
        assert frames[-len(original) :] == original
        assert len(frames) == len(original) + 3


def test_set_exception_makes_the_exception_if_there_is_but_its_class(future):
    """exc_info is a three-tuple as returned by sys.exc_info(), whose value may be missing."""
    future.set_exception((KeyError, None, None))
    with pytest.raises(KeyError):
        future.get()


def test_set_exception_needs_an_exception(future):
    """A future that holds neither a value nor an exception is a mistake of whoever sets it."""
    with pytest.raises(ValueError, match="except block"):
        future.set_exception()
    future.set("still open")


def test_get_waits_for_the_timeout(future):
    """get(timeout=) waits for so many seconds, and then raises Timeout."""
    for timeout in (0, 0.001, -1):
        with pytest.raises(pykka.Timeout, match=f"^{timeout} seconds$"):
            future.get(timeout=timeout)
    assert future._waiters == []


def test_get_blocks_until_the_value_is_set(future, pool):
    """get() without a timeout blocks until there is a value, which another thread sets; so does a very long one."""
    readers = [pool.submit(future.get), pool.submit(future.get, timeout=float("inf"))]
    waiting(future, 2)
    future.set("value")
    assert [reader.result(30) for reader in readers] == ["value", "value"]


def test_a_future_is_set_once(future):
    """set() and set_exception() raise an exception (as in ThreadingFuture, queue.Full) the second time."""
    future.set(1)
    for again in (future.set, lambda: future.set_exception((ValueError, None, None))):
        with pytest.raises(queue.Full):
            again()
    with pytest.raises(queue.Full):
        future.set_get_hook(lambda timeout: 2)
    assert future.get() == 1


def test_of_many_setters_one_wins(pool):
    """The same, when threads set at once."""

    def attempt(future, barrier, value):
        barrier.wait(30)
        with contextlib.suppress(queue.Full):
            future.set(value)
            return value

    for _ in range(50):
        future, barrier = LoopFuture(), threading.Barrier(8)
        attempts = [pool.submit(attempt, future, barrier, value) for value in range(8)]
        assert [value for a in attempts if (value := a.result(30)) is not None] == [future.get(timeout=0)]


def test_a_get_hook_makes_the_value_once(future):
    """A get hook is called by get() with the timeout, its value is returned, and kept, also None."""
    timeouts = []
    future.set_get_hook(timeouts.append)
    assert timeouts == []
    assert [future.get(timeout=7), future.get(timeout=8)] == [None, None]
    assert timeouts == [7]


def test_a_future_with_a_get_hook_cannot_be_set(future):
    """set() and set_exception() raise when there is a get hook."""
    future.set_get_hook(lambda timeout: "hooked")
    with pytest.raises(queue.Full):
        future.set(1)
    with pytest.raises(queue.Full):
        future.set_exception((ValueError, None, None))
    assert future.get() == "hooked"


def test_a_get_hook_that_raised_is_asked_again(future):
    """get() raises what the hook raised; that is no value to keep."""
    answers = iter([ValueError("not yet"), ValueError("not yet"), "value"])

    def hook(timeout):
        answer = next(answers)
        return failing_with(answer) if isinstance(answer, Exception) else answer

    future.set_get_hook(hook)
    for _ in range(2):
        with pytest.raises(ValueError, match="not yet"):
            future.get()
    assert future.get() == "value"


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


@derived
def test_derived_futures_pass_on_the_value(future, derive, value, result):
    """map(), filter(), reduce() and join() return new futures, which compute their value from the first one's."""
    made = derive(future)
    assert isinstance(made, LoopFuture)
    with pytest.raises(pykka.Timeout):
        made.get(timeout=0)
    future.set(value)
    assert made.get(timeout=0) == made.get() == result


@pytest.mark.parametrize("derive", [d[1] for d in DERIVED[1:3]], ids=["filter", "reduce"])
def test_what_needs_an_iterable_raises_type_error(future, derive):
    """If the value isn't an iterable, TypeError is raised by get()."""
    made = derive(future)
    future.set(1)
    with pytest.raises(TypeError):
        made.get()


def test_get_all_collects_the_values():
    """get_all() returns the values of all, or raises Timeout."""
    futures = [LoopFuture() for _ in range(3)]
    for value, future in enumerate(futures[:2]):
        future.set(value)
    with pytest.raises(pykka.Timeout):
        pykka.get_all(futures, timeout=0)
    futures[2].set(2)
    assert pykka.get_all(futures) == pykka.get_all(futures) == [0, 1, 2]


def test_a_future_may_hold_a_future(future):
    """The value may be a future; it is handed over as it is."""
    inner = LoopFuture()
    future.set(inner)
    assert future.get() is inner


def test_yield_from_works_as_await_does(future):
    """A future is iterable for the sake of generator-based coroutines."""

    @types.coroutine
    def old_style():
        return (yield from future)

    async def main():
        return await old_style()

    future.set("value")
    assert asyncio.run(main()) == "value"
    assert repr(future) == "<pykka.Future>"
