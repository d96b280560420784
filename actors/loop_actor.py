"""Pykka's actor without a thread: its inbox is drained on an asyncio loop.

A `pykka.ThreadingActor` is a thread that sleeps on a queue. A `LoopActor` is a queue that schedules itself: the
first message to reach an idle actor has its loop take a *turn*.

* A turn handles up to `MESSAGES_A_TURN` messages, then goes to the back of the loop's line: a busy actor
  starves neither its loop nor its neighbours. An inbox whose turn is to come is not scheduled again.
* A turn is a coroutine that reads like Pykka's own actor loop (set-up, running, teardown). A callback runs it,
  to its end if nothing has to be awaited. Once something has, it stands still until a task has taken it over: a
  handler that awaits always runs in a task. Until that is done the inbox rests, so an actor handles one message
  at a time.
* Where `on_receive()` is a coroutine, a turn will need a task, and begins in one. That is one trip through the
  loop for a message to an idle actor, where callback and task take two.
* Between turns there is nothing: no thread, no task, no callback. An idle actor costs its objects.

What will bite:

* A handler must not block, and Pykka's blocking calls refuse to (`WouldDeadlock`): in a handler, write
  `await ref.ask(message, block=False)` where a thread would write `ref.ask(message)`.
* An actor that awaits its own answer waits for ever: that message is behind the one it is handling. So do
  two actors that await each other's.
* A `pykka.Future` that a handler *returns* is a value, as everywhere in Pykka, and reaches the asker as it is.
  To hand on what is in it, return `await future` from a coroutine.
* When a loop closes, its actors die with it: a handler under way is cancelled, every future still open gets
  `ActorDeadError`, `on_stop()` is not called. Stop the actors first if their `on_stop()` matters.
"""

import asyncio
import atexit
import contextlib
import inspect
import logging
import sys
import threading
import types
import weakref
from asyncio import _get_running_loop  # public to implementors of loops: None instead of an exception
from collections.abc import Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

import pykka
from pykka import ActorDeadError, ActorRegistry

# Two private names, of what Pykka has for "implementors of new actor types".
from pykka._envelope import Envelope
from pykka.messages import ProxyGetAttr, _ActorStop

from actors.inbox import OF_PYKKA, Home, Inbox, refuse, retire
from actors.loop_future import LazyEvent, LoopFuture

__all__ = ["MESSAGES_A_TURN", "LoopActor", "background_loop", "stop_background_loop"]

MESSAGES_A_TURN = 32

A = TypeVar("A", bound="LoopActor")

logger = logging.getLogger("pykka")  # where Pykka's documentation says that actors log

# What a handler ends only its own actor with. Anything else that is no Exception ends all actors, as in Pykka.
_FAILURES = (Exception, asyncio.CancelledError)

_lock = threading.RLock()  # held while the background loop is started, or taken leave of


class LoopRef(pykka.ActorRef[A]):
    """A `pykka.ActorRef` that makes its actor's URN only when somebody asks for it, which mostly nobody does."""

    actor_inbox: Inbox

    def __init__(self, actor: A) -> None:
        # Not ActorRef.__init__, which would ask.
        self._actor_weakref = weakref.ref(actor)
        self.actor_class = type(actor)
        self.actor_inbox = actor.actor_inbox
        self.actor_stopped = actor.actor_stopped

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # nobody is to set it
        """The actor's URN, see `pykka.Actor.actor_urn`."""
        return self.actor_inbox.urn

    def ask(self, message: Any, *, block: bool = True, timeout: float | None = None) -> Any:
        """Send a message and wait for the answer, as `pykka.ActorRef.ask()` does; in fewer steps, no more."""
        future = self.actor_class._create_future()  # noqa: SLF001 - as ActorRef does
        if self.actor_stopped.is_set():
            future.set_exception((ActorDeadError, ActorDeadError(f"{self} not found"), None))
        else:
            self.actor_inbox.put(Envelope(message, future))
        return future.get(timeout=timeout) if block else future


class LoopActor(pykka.Actor):
    """A `pykka.Actor` that lives on an asyncio loop.

    It lives on the loop that runs where it is started; started from a plain thread, on `background_loop()`.

    `on_receive()`, `on_start()`, `on_stop()`, `on_failure()` and the methods called through a proxy may be
    plain functions or coroutines. All run on the actor's loop, in the actor's own copy of the context
    (`contextvars`) in which it was started.

    >>> class Desk(LoopActor):
    ...     async def on_receive(self, name):
    ...         return f"Hello, {name}"
    >>> async def call():
    ...     desk = Desk.start()
    ...     return await desk.ask("Ada", block=False)
    >>> asyncio.run(call())
    'Hello, Ada'

    A handler that ends in `CancelledError` stops its actor: the asker gets `ActorDeadError`, and `on_failure()`
    is called. An asker that is cancelled leaves the handler alone.
    """

    use_registry: ClassVar[bool] = True
    """Whether actors of this class are in `pykka.ActorRegistry`, whose removal is a scan of a list."""

    receives_in_task: ClassVar[bool] = False
    """Whether `on_receive()` is a coroutine, so that a turn for a message may as well begin in a task."""

    actor_inbox: Inbox

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.receives_in_task = inspect.iscoroutinefunction(cls.on_receive)

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> pykka.ActorRef[Self]:
        """Create an actor with these arguments, register it, let it begin, and return its reference."""
        if cls.use_registry:
            return super().start(*args, **kwargs)
        actor = cls(*args, **kwargs)
        actor._start_actor_loop()
        return actor.actor_ref

    def __init__(self, *_args: Any, **_kwargs: Any) -> None:
        # Not Actor.__init__, whose threading.Event weighs more than all of this.
        self.actor_inbox = self._create_actor_inbox()
        self.actor_stopped = LazyEvent()
        self._actor_ref = LoopRef(self)

    @property
    def actor_urn(self) -> str:  # type: ignore[override]  # nobody is to set it
        """The actor's URN, see `pykka.Actor.actor_urn`. It is made when somebody asks for it."""
        return self.actor_inbox.urn

    @staticmethod
    def _create_actor_inbox() -> Inbox:
        return Inbox()

    @staticmethod
    def _create_future() -> LoopFuture[Any]:
        return LoopFuture()

    def on_start(self) -> Any:
        """Run before the first message; may be a coroutine. If it raises, the actor stops."""

    def on_stop(self) -> Any:
        """Run after the last message; may be a coroutine. Not called when an exception stops the actor."""

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> Any:
        """Run after an exception that no asker gets has stopped the actor; may be a coroutine."""

    def _start_actor_loop(self) -> None:
        begins = type(self).on_start is not LoopActor.on_start
        self.actor_inbox.open(self, _get_running_loop() or background_loop(), begins=begins)

    def _actor_loop(self, first: bool = False) -> None:
        """Take a turn, or as much of it as needs no task."""
        turn = self._actor_turn(first, False)
        try:
            turn.send(None)
        except StopIteration:
            return
        self.actor_inbox.hand_over(turn)

    async def _actor_turn(self, first: bool, in_task: bool) -> None:
        try:
            if in_task:
                await _handed_over()
            if first:
                await self._actor_hook(self.on_start)
            await self._actor_turn_running()
        except GeneratorExit:  # the loop is closed, and its tasks are thrown away
            self.actor_inbox.close()
            raise
        except asyncio.CancelledError:
            pass  # the task was cancelled before it had a message in hand: those that wait get another turn
        except BaseException as error:  # noqa: BLE001 - as in Pykka, it goes no further but ends all actors
            logger.debug("%r in %s. Stopping all actors.", error, self)
            await self._actor_turn_stopping()
            ActorRegistry.stop_all(block=False)
        finally:
            if self.actor_stopped.is_set():
                self.actor_inbox.close()
            self.actor_inbox.turn_over()

    async def _actor_turn_running(self) -> None:
        inbox = self.actor_inbox
        for _ in range(MESSAGES_A_TURN):
            if self.actor_stopped.is_set() or inbox.empty():
                return
            envelope = inbox.get()
            message = envelope.message
            response: Any = None
            try:
                if not isinstance(message, OF_PYKKA):
                    response = self.on_receive(message)
                elif isinstance(message, _ActorStop):
                    await self._actor_turn_stopping()
                else:
                    response = self._handle_receive(message)
                if _is_awaited(response) and not isinstance(message, ProxyGetAttr):
                    response = await (response if inbox.task is not None else self._in_a_task(response))
                if envelope.reply_to is not None:
                    envelope.reply_to.set(response)
            except _FAILURES as error:
                if envelope.reply_to is not None and isinstance(error, Exception):
                    logger.info("Exception returned from %s to caller:", self, exc_info=True)
                    envelope.reply_to.set_exception()
                else:
                    refuse(envelope, f"{self.actor_ref} was cancelled while handling the message")
                    self._handle_failure(*sys.exc_info())
                    await self._actor_hook(self.on_failure, *sys.exc_info())
            except BaseException:
                refuse(envelope, f"{self.actor_ref} was ended while handling the message")
                raise

    async def _actor_turn_stopping(self) -> None:
        if not self.actor_stopped.is_set():
            retire(self)
            logger.debug("Stopped %s", self)
            await self._actor_hook(self.on_stop)

    async def _actor_hook(self, hook: Callable[..., Any], *args: Any) -> None:
        try:
            value = hook(*args)
            if _is_awaited(value):
                await self._in_a_task(value)
        except _FAILURES:
            self._handle_failure(*sys.exc_info())

    async def _in_a_task(self, awaitable: Awaitable[Any]) -> Any:
        """Await what a handler has returned, once a task has this turn."""
        try:
            if self.actor_inbox.task is None:
                await _handed_over()
        except BaseException:
            if isinstance(awaitable, Coroutine):
                awaitable.close()  # it has never begun, and would complain
            raise
        return await awaitable

    def _handle_failure(self, *exc_info: Any) -> None:
        logger.error("Unhandled exception in %s:", self, exc_info=exc_info)
        retire(self)


@types.coroutine
def _handed_over() -> Generator[None, None, None]:
    """Stand still, in a turn that no task has, until one takes it over: it goes on with the next `send()`."""
    yield


def _is_awaited(value: Any) -> bool:
    """Whether what a handler has returned is to be awaited."""
    # Not isinstance(value, Awaitable): an abstract class takes several times as long to tell.
    return hasattr(type(value), "__await__") and not isinstance(value, pykka.Future)


class _Background(threading.Thread):
    current: ClassVar["_Background | None"] = None

    def __init__(self) -> None:
        super().__init__(name="loop-actors", daemon=True)
        self.loop = asyncio.new_event_loop()
        self.over = asyncio.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self.over.wait())
        Home.on(self.loop).bury()


def background_loop() -> asyncio.AbstractEventLoop:
    """Return the loop for actors that plain threads start, starting it and its daemon thread if need be."""
    with _lock:
        background = _Background.current
        if background is None or not background.is_alive():  # it is not in a forked child
            background = _Background.current = _Background()
            background.start()
        return background.loop


def stop_background_loop(timeout: float = 5.0) -> bool:
    """Close the background loop, on which its actors die; the next use starts another.

    Its thread may be in the middle of a handler: wait at most `timeout` seconds, and return whether it has ended.
    """
    with _lock:
        background, _Background.current = _Background.current, None
    if background is None or not background.is_alive():
        return True
    with contextlib.suppress(RuntimeError):  # closed by now
        background.loop.call_soon_threadsafe(background.over.set)
    background.join(timeout)
    return not background.is_alive()


atexit.register(stop_background_loop, timeout=1.0)
