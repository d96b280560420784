"""Pykka's actor without a thread: its inbox is drained on an asyncio loop.

A `pykka.ThreadingActor` is a thread that sleeps on a queue. A `LoopActor` is a queue that schedules itself: the
first message to reach an idle actor puts one callback on the actor's loop, and the callback takes a *turn*.

* A turn handles up to `MESSAGES_A_TURN` messages, then goes to the back of the loop's line: a busy actor
  starves neither its loop nor its neighbours. An inbox whose turn is to come is not scheduled again.
* A turn is a generator that reads like Pykka's own actor loop (set-up, running, teardown) and yields whatever
  has to be awaited. Mostly nothing has, and the callback runs it to its end. Once something has, a task takes
  over; until that is done the inbox rests, so an actor handles one message at a time.
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

The two ends of an inbox may be on different threads. `put()` adds its message first and looks at the flag
afterwards; a turn lowers the flag first and looks for messages afterwards; so none is left without a turn.
"""

import asyncio
import atexit
import contextlib
import contextvars
import logging
import queue
import sys
import threading
import uuid
from asyncio import _get_running_loop  # public to implementors of loops: None instead of an exception
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypeAlias

import pykka
from pykka import ActorDeadError, ActorRegistry

# Two private names, for what Pykka gives "implementors of new actor types": a stop's message, and Envelope below.
from pykka.messages import ProxyGetAttr, _ActorStop

from actors.loop_future import LazyEvent, LoopFuture

if TYPE_CHECKING:
    from pykka._envelope import Envelope

__all__ = ["MESSAGES_A_TURN", "LoopActor", "background_loop", "stop_background_loop"]

MESSAGES_A_TURN = 32

Steps: TypeAlias = Generator[Awaitable[Any], Any, Any]

logger = logging.getLogger("pykka")  # where Pykka's documentation says that actors log

# What a handler ends only its own actor with. Anything else that is no Exception ends all actors, as in Pykka.
_FAILURES = (Exception, asyncio.CancelledError)

_lock = threading.RLock()  # held for a few assignments: to wake an inbox, to start the background loop


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

    actor_inbox: "_Inbox"

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
        self.actor_urn = uuid.uuid4().urn
        self.actor_inbox = self._create_actor_inbox()
        self.actor_stopped = LazyEvent()
        self._actor_ref = pykka.ActorRef(self)

    @staticmethod
    def _create_actor_inbox() -> "_Inbox":
        return _Inbox()

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
        self.actor_inbox.open(self, _get_running_loop() or background_loop())

    def _actor_loop(self, first: bool = False) -> None:
        """Take a turn, or as much of it as needs no awaiting."""
        steps = self._actor_turn(first)
        awaitable = next(steps, None)
        if awaitable is None:
            self.actor_inbox.turn_over()
        else:
            self.actor_inbox.hand_over(self._actor_loop_awaiting(steps, awaitable))

    async def _actor_loop_awaiting(self, steps: Steps, awaitable: Awaitable[Any]) -> None:
        """Take the rest of a turn."""
        try:
            while True:
                try:
                    result = await awaitable
                except BaseException as error:  # noqa: BLE001 - the turn knows what to do with each
                    awaitable = steps.throw(error)
                else:
                    awaitable = steps.send(result)
        except StopIteration:
            pass
        finally:
            self.actor_inbox.turn_over()

    def _actor_turn(self, first: bool) -> Steps:
        try:
            if first:
                yield from self._actor_hook(self.on_start)
            yield from self._actor_turn_running()
        except GeneratorExit:  # the loop is closed, and its tasks are thrown away
            self.actor_inbox.close()
            raise
        except BaseException as error:  # noqa: BLE001 - as in Pykka, it goes no further but ends all actors
            logger.debug("%r in %s. Stopping all actors.", error, self)
            yield from self._actor_turn_stopping()
            ActorRegistry.stop_all(block=False)
        finally:
            if self.actor_stopped.is_set():
                self.actor_inbox.close()

    def _actor_turn_running(self) -> Steps:
        inbox = self.actor_inbox
        for _ in range(MESSAGES_A_TURN):
            if self.actor_stopped.is_set() or inbox.empty():
                return
            envelope = inbox.get()
            try:
                if isinstance(envelope.message, _ActorStop):
                    response = yield from self._actor_turn_stopping()
                else:
                    response = self._handle_receive(envelope.message)
                if isinstance(response, Awaitable) and not isinstance(envelope.message, ProxyGetAttr):
                    response = yield from _until(response)
                if envelope.reply_to is not None:
                    envelope.reply_to.set(response)
            except _FAILURES as error:
                if envelope.reply_to is not None and isinstance(error, Exception):
                    logger.info("Exception returned from %s to caller:", self, exc_info=True)
                    envelope.reply_to.set_exception()
                else:
                    _refuse(envelope, f"{self.actor_ref} was cancelled while handling the message")
                    self._handle_failure(*sys.exc_info())
                    yield from self._actor_hook(self.on_failure, *sys.exc_info())
            except BaseException:
                _refuse(envelope, f"{self.actor_ref} was ended while handling the message")
                raise

    def _actor_turn_stopping(self) -> Steps:
        if not self.actor_stopped.is_set():
            _retire(self)
            logger.debug("Stopped %s", self)
            yield from self._actor_hook(self.on_stop)

    def _actor_hook(self, hook: Callable[..., Any], *args: Any) -> Steps:
        try:
            yield from _until(hook(*args))
        except _FAILURES:
            self._handle_failure(*sys.exc_info())

    def _handle_failure(self, *exc_info: Any) -> None:
        logger.error("Unhandled exception in %s:", self, exc_info=exc_info)
        _retire(self)


class _Inbox(queue.SimpleQueue["Envelope[Any]"]):
    """An actor's messages, and whether it is to have a turn. `put()` is for all threads, the rest for the actor."""

    # Not a deque, whose first block alone takes 600 bytes, nor a Queue, with its three conditions.
    __slots__ = ("_actor", "_awake", "_context", "_epitaph", "_home", "_task")

    _context: contextvars.Context
    _home: "_Home"

    def __init__(self) -> None:
        self._actor: LoopActor | None = None
        self._awake = True  # a turn is scheduled or under way; not to be woken before it is opened
        self._task: asyncio.Task[None] | None = None
        self._epitaph: str | None = None

    def open(self, actor: LoopActor, loop: asyncio.AbstractEventLoop) -> None:
        """Let the actor live on the loop: it gets its first turn next, and others whenever there is mail."""
        self._actor = actor
        self._context = contextvars.copy_context()
        self._home = _Home.on(loop)
        self._home.actors.add(actor)
        self._wake(first=True)

    def put(self, envelope: "Envelope[Any]", /) -> None:  # type: ignore[override]  # never full: no block, timeout
        """Add a message; raise `ActorDeadError` if the actor is dead and nobody waits to be told so."""
        if self._actor is not None and self._home.loop.is_closed():
            self.close()
        if self._epitaph is not None and envelope.reply_to is None:
            raise ActorDeadError(self._epitaph)
        super().put(envelope)
        if self._epitaph is not None:
            self.close()
        elif not self._awake:
            self._wake()

    def hand_over(self, rest_of_turn: Coroutine[Any, Any, None]) -> None:
        """Have the rest of the turn taken by a task, which is to call `turn_over()`."""
        # Not create_task(), which may begin it at once, inside this turn and context. A loop keeps no reference.
        self._task = asyncio.Task(rest_of_turn, loop=self._home.loop, context=self._context)

    def turn_over(self) -> None:
        """Go to sleep, or to the back of the line if there are messages."""
        self._task = None
        self._awake = False
        if not self.empty():
            self._wake()

    def close(self) -> None:
        """Let the actor be dead: refuse what is left, and what is still to come."""
        actor, self._actor = self._actor, None
        if actor is not None:
            _retire(actor)
            self._epitaph = f"{actor.actor_ref} stopped before handling the message"
            self._home.actors.discard(actor)
        task, self._task = self._task, None
        if task is not None and self._home.loop.is_closed():
            task.get_coro().close()  # it would never go on
        with contextlib.suppress(queue.Empty):
            while True:
                _refuse(self.get_nowait(), self._epitaph)

    def _wake(self, *, first: bool = False) -> None:
        actor, loop = self._actor, self._home.loop
        with _lock:
            if actor is None or (self._awake and not first):
                return
            self._awake = True
        call_soon = loop.call_soon if _get_running_loop() is loop else loop.call_soon_threadsafe
        try:
            call_soon(actor._actor_loop, first, context=self._context)  # noqa: SLF001 - the name is Pykka's
        except RuntimeError:  # closed by now
            self.close()


class _Home:
    """The actors that live on one loop: kept alive while it runs, buried when it closes.

    Async generators are told when `asyncio.run()` or a `Runner` is about to close their loop; so one waits here.
    A loop closed by hand is noticed by the next message to an actor on it, or when another becomes a home.
    """

    homes: ClassVar[dict[asyncio.AbstractEventLoop, "_Home"]] = {}

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.actors: set[LoopActor] = set()
        self._closing = self._until_closing()
        if _get_running_loop() is loop:
            with contextlib.suppress(StopIteration):
                self._closing.asend(None).send(None)

    async def _until_closing(self) -> AsyncGenerator[None, None]:
        try:
            yield
        finally:
            self.bury()

    @classmethod
    def on(cls, loop: asyncio.AbstractEventLoop) -> "_Home":
        home = cls.homes.get(loop)
        if home is None:
            for other in [other for other in cls.homes.values() if other.loop.is_closed()]:
                other.bury()
            home = cls.homes.setdefault(loop, cls(loop))
        return home

    def bury(self) -> None:
        self.homes.pop(self.loop, None)
        for actor in list(self.actors):
            actor.actor_inbox.close()


def _until(value: Any) -> Steps:
    """Within a turn, wait for a value if it is an awaitable."""
    if not isinstance(value, Awaitable) or isinstance(value, pykka.Future):
        return value
    try:
        return (yield value)
    except GeneratorExit:
        if isinstance(value, Coroutine):
            value.close()  # it may never have begun, and would complain
        raise


def _refuse(envelope: "Envelope[Any]", why: str | None) -> None:
    """Answer for a dead actor: that it is dead, or to a stop, that it has stopped."""
    if envelope.reply_to is not None and isinstance(envelope.message, _ActorStop):
        envelope.reply_to.set(None)
    elif envelope.reply_to is not None:
        envelope.reply_to.set_exception((ActorDeadError, ActorDeadError(why), None))


def _retire(actor: LoopActor) -> None:
    if not actor.actor_stopped.is_set():
        if actor.use_registry:
            ActorRegistry.unregister(actor.actor_ref)
        actor.actor_stopped.set()


class _Background(threading.Thread):
    current: ClassVar["_Background | None"] = None

    def __init__(self) -> None:
        super().__init__(name="loop-actors", daemon=True)
        self.loop = asyncio.new_event_loop()
        self.over = asyncio.Event()

    def run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self.over.wait())
        _Home.on(self.loop).bury()


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
