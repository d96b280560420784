"""What may be waited for from either side: awaited on a loop, blocked on in a plain thread.

A thread that runs an event loop must never stand still: whatever it waited for would most likely have to be
done by the very loop that waits. So everything in this room that can block asks one question first: does this
thread run a loop? If so it raises `WouldDeadlock` at once. A plain thread simply waits.

`LoopFuture` is Pykka's `Future` under that rule. Pykka gives a future its value in one of two ways, and both
can be awaited here:

* `set()` or `set_exception()`, once. Whoever waits is woken: a thread through the lock it sleeps on, a task
  through a future of its own loop, handed over with `call_soon_threadsafe` when the setter is elsewhere.
* a *get hook*, a function that computes the value when it is asked for (`map()`, `filter()`, `join()`,
  `reduce()` and `ActorRef.stop()` are made of hooks). A hook calls `get()` on other futures. Awaiting such
  a future calls the hook on the loop; if that meets a future that isn't there yet, the `WouldDeadlock` it
  raises says which one, that one is awaited, and the hook is called again.

One lock serves all futures. It is held for a few assignments, never while foreign code runs, and costs
a future nothing. It is reentrant because a finaliser or a signal handler may answer a future at any moment,
also while its own thread holds the lock. Waiting needs none: who waits enlists first and looks at the future
afterwards, who changes it does so first and looks for those that wait afterwards; so none is left asleep.
"""

import asyncio
import contextlib
import queue
import sys
import threading
import time
from asyncio import _get_running_loop  # public to implementors of loops: None instead of an exception
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias, TypeVar

import pykka

__all__ = ["LazyEvent", "LoopFuture", "WouldDeadlock"]

T = TypeVar("T")

ExcInfo: TypeAlias = tuple[type[BaseException] | None, BaseException | None, TracebackType | None]
Hook: TypeAlias = Callable[[float | None], T]
Waiter: TypeAlias = "threading.Lock | asyncio.Future[None]"

_lock = threading.RLock()


class WouldDeadlock(RuntimeError):
    """A thread that runs an event loop was about to block; await instead.

    Only the waiting is refused: a message sent by `ActorRef.ask()`, `ActorRef.stop()` or an assignment to a
    proxy's attribute is in the actor's inbox by then, and is handled all the same.

    Attributes:
        future: the future that isn't there yet, if it was a future.
    """

    def __init__(self, what: str, future: "LoopFuture[Any] | None" = None) -> None:
        super().__init__(f"{what} would block the event loop of this thread; await it instead")
        self.future = future


def _must_not_block(timeout: float | None) -> bool:
    """Tell whether waiting that long would stop a running loop; a look without waiting never does."""
    return (timeout is None or timeout > 0) and _get_running_loop() is not None


class _Raised(NamedTuple):
    """What a future holds instead of a value."""

    error: BaseException
    traceback: TracebackType | None


class LoopFuture(pykka.Future[T]):
    """A Pykka future that is awaited on any loop, and waited for from any plain thread.

    It keeps the contract of `pykka.ThreadingFuture`: a value or an exception is set once (`queue.Full` the
    second time) and may be read any number of times, from anywhere.

    >>> future = LoopFuture()
    >>> doubled = future.map(lambda number: number * 2)
    >>> future.set(21)
    >>> doubled.get()
    42

    Cancelling a task that awaits it takes nothing from the future: it can be awaited again.

    A get hook that is awaited runs on the loop, and runs again whenever a `LoopFuture` it asked for was not
    there yet; so it should ask first and act afterwards, as those of Pykka do. A hook that waits for anything
    else, such as a `ThreadingFuture`, blocks the loop as any function would.
    """

    # Slots also for what Pykka keeps in the instance's dictionary: that one is then never created.
    __slots__ = ("_done", "_get_hook", "_hook_runs", "_value", "_waiters")

    _value: "T | _Raised | None"

    def __init__(self) -> None:
        self._done = False
        self._value = None
        self._get_hook = None
        self._hook_runs = False
        self._waiters: list[Waiter] = []

    def get(self, *, timeout: float | None = None) -> T:
        """Return the value, waiting for it if this is a plain thread.

        Args:
            timeout: seconds to wait; None waits for ever, 0 only looks.

        Raises:
            pykka.Timeout: the time is up.
            WouldDeadlock: the value isn't there and this thread runs a loop. Await the future there.
            BaseException: the one that was set, with the traceback it had.
        """
        if not self._done:
            deadline = None if timeout is None else time.monotonic() + timeout
            while not self._done:
                if (hook := self._claim_hook()) is not None:
                    self._run_hook(hook, timeout)
                else:
                    self._block(timeout, deadline)
        return self._result()

    def __await__(self) -> Generator[Any, None, T]:
        """Wait for the value on the running loop, whichever thread sets it."""
        while not self._done:
            missing: LoopFuture[Any] = self
            if self._get_hook is not None and (hook := self._claim_hook()) is not None:
                try:
                    self._run_hook(hook, None)
                except WouldDeadlock as blocked:
                    if blocked.future is None:
                        raise
                    missing = blocked.future
                else:
                    break
            waiter = asyncio.get_running_loop().create_future()
            if missing._enlist(waiter):  # noqa: SLF001 - it is one of this class
                try:
                    yield from waiter
                finally:
                    missing._dismiss(waiter)  # noqa: SLF001
        return self._result()

    __iter__ = __await__

    def set(self, value: T | None = None) -> None:
        """Set the value and wake whoever waits for it, from any thread.

        Raises:
            queue.Full: the future has a result or a get hook already.
        """
        with _lock:
            if self._done or self._get_hook is not None:
                raise queue.Full
            self._value = value
            self._done = True
        if self._waiters:
            self._wake()

    def set_exception(self, exc_info: ExcInfo | None = None) -> None:
        """Set an exception for `get()` and `await` to raise, from any thread.

        Args:
            exc_info: as `sys.exc_info()` returns it; by default the exception being handled.

        Raises:
            queue.Full: the future has a result or a get hook already.
            ValueError: there is no exception to set.
        """
        kind, error, traceback = sys.exc_info() if exc_info is None else exc_info
        if kind is None:
            raise ValueError("set_exception() got no exception: call it in an except block, or pass exc_info")
        if error is None:
            error = kind()
        if isinstance(error, WouldDeadlock):
            error.future = None  # a result from now on: nobody gets further by awaiting what it waited for
        self.set(_Raised(error, traceback))  # type: ignore[arg-type]  # get() knows what to do with it

    def set_get_hook(self, func: Hook[T]) -> None:
        """Compute the value with `func(timeout)` when it is first asked for; its result is kept.

        Raises:
            queue.Full: the future has a result already.
        """
        with _lock:
            if self._done:
                raise queue.Full
            self._get_hook = func
        self._wake()

    def _result(self) -> T:
        value = self._value
        if isinstance(value, _Raised):
            raise value.error.with_traceback(value.traceback)
        return value  # type: ignore[return-value]  # done without an error: this is the T

    def _claim_hook(self) -> Hook[T] | None:
        """Let one caller at a time run the hook; the others wait for what it finds."""
        if self._get_hook is None:
            return None
        with _lock:
            if self._done or self._hook_runs:
                return None
            self._hook_runs = True
            return self._get_hook

    def _run_hook(self, hook: Hook[T], timeout: float | None) -> None:
        try:
            self._value = hook(timeout)
            self._done = True
        finally:
            with _lock:
                self._hook_runs = False
            self._wake()  # to the value, or to try the hook themselves

    def _block(self, timeout: float | None, deadline: float | None) -> None:
        if _must_not_block(timeout):
            raise WouldDeadlock("LoopFuture.get()", self)
        waiter = threading.Lock()
        waiter.acquire()
        if self._enlist(waiter):
            remaining = -1 if deadline is None else deadline - time.monotonic()
            if deadline is not None:
                remaining = min(max(remaining, 0), threading.TIMEOUT_MAX)
            try:
                if not waiter.acquire(timeout=remaining):
                    raise pykka.Timeout(f"{timeout} seconds")
            finally:
                self._dismiss(waiter)

    def _enlist(self, waiter: Waiter) -> bool:
        """Have the waiter woken by the next change; False if there is something to do already."""
        self._waiters.append(waiter)
        if self._done or (self._get_hook is not None and not self._hook_runs):
            self._dismiss(waiter)
            return False
        return True

    def _dismiss(self, waiter: Waiter) -> None:
        if self._waiters:
            with contextlib.suppress(ValueError):  # it has been woken
                self._waiters.remove(waiter)

    def _wake(self) -> None:
        for _ in range(len(self._waiters)):
            try:
                waiter = self._waiters.pop(0)
            except IndexError:  # somebody gave up
                return
            if not isinstance(waiter, asyncio.Future):
                waiter.release()
            elif (loop := waiter.get_loop()) is not _get_running_loop():
                with contextlib.suppress(RuntimeError):  # that loop is closed: nobody waits there any more
                    loop.call_soon_threadsafe(_release, waiter)
            elif not waiter.done():
                waiter.set_result(None)


def _release(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


class LazyEvent(threading.Event):
    """A `threading.Event` of some 80 bytes, which becomes a real one only when a thread waits for it.

    Raises `WouldDeadlock` where the wait would stop a running loop.
    """

    __slots__ = ("_event", "_is_set")

    def __init__(self) -> None:
        self._is_set = False
        self._event: threading.Event | None = None

    def __repr__(self) -> str:
        return f"<LazyEvent: {'set' if self._is_set else 'unset'}>"

    def is_set(self) -> bool:
        """Tell whether the event has happened."""
        return self._is_set

    def set(self) -> None:
        """Let it happen, and wake the threads that wait for it."""
        self._is_set = True
        if self._event is not None:
            self._event.set()

    def clear(self) -> None:
        """Take it back."""
        self._is_set = False
        if self._event is not None:
            self._event.clear()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it has happened, at most `timeout` seconds; return whether it has."""
        if not self._is_set:
            if _must_not_block(timeout):
                raise WouldDeadlock("LazyEvent.wait()")
            event = threading.Event()
            with _lock:
                if self._event is None:
                    self._event = event
                event = self._event
            if not self._is_set:  # whoever sets it from here on sees the event
                return event.wait(timeout)
        return True
