"""An actor's inbox: its messages, its address, and its turns on the loop where the actor lives.

The two ends of an inbox may be on different threads. `put()` adds its message first and looks at the flag
afterwards; a turn lowers the flag first and looks for messages afterwards; so none is left without a turn.

A turn is a coroutine of the actor's (`_actor_turn()`). It is begun by a callback, or, where a handler is known
to be a coroutine, at once as a task of its own: one trip through the loop less, for each message to an idle actor.
"""

import asyncio
import contextlib
import contextvars
import queue
import threading
import uuid
from asyncio import _get_running_loop  # public to implementors of loops: None instead of an exception
from collections.abc import AsyncGenerator, Coroutine
from typing import TYPE_CHECKING, Any, ClassVar

from pykka import ActorDeadError, ActorRegistry

# Private names, for what Pykka gives "implementors of new actor types": a stop's message, and Envelope below.
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr, _ActorStop

if TYPE_CHECKING:
    from pykka._envelope import Envelope

    from actors.loop_actor import LoopActor

__all__ = ["OF_PYKKA", "Home", "Inbox", "refuse", "retire"]

OF_PYKKA = (_ActorStop, ProxyCall, ProxyGetAttr, ProxySetAttr)
"""The messages that aren't for an actor's `on_receive()`."""

_lock = threading.RLock()  # held for a few assignments; reentrant, for a finaliser may send a message

_add = queue.SimpleQueue.put


class Inbox(queue.SimpleQueue["Envelope[Any]"]):
    """An actor's messages, and whether it is to have a turn. `put()` and `urn` are for all, the rest for the actor."""

    # Not a deque, whose first block alone takes 600 bytes, nor a Queue, with its three conditions.
    __slots__ = ("_actor", "_awake", "_context", "_epitaph", "_home", "_urn", "task")

    _context: contextvars.Context
    _home: "Home"

    def __init__(self) -> None:
        self.task: asyncio.Task[None] | None = None
        """The task that takes the present turn, if one does."""
        self._actor: LoopActor | None = None
        self._awake = True  # a turn is scheduled or under way; not to be woken before it is opened
        self._epitaph: str | None = None
        self._urn: str | None = None

    @property
    def urn(self) -> str:
        """The actor's URN. It is made when it is first asked for: it would take longer than all else of a start."""
        if self._urn is None:
            urn = uuid.uuid4().urn
            with _lock:
                self._urn = self._urn or urn
        return self._urn

    def open(self, actor: "LoopActor", loop: asyncio.AbstractEventLoop, *, begins: bool) -> None:
        """Let the actor live on the loop: it gets a turn whenever there is mail, and one first if so it `begins`."""
        self._context = contextvars.copy_context()
        self._home = Home.on(loop)
        self._home.actors.add(actor)
        self._actor = actor
        if begins:
            self._wake(first=True, received=False)
        else:
            self.turn_over()

    def put(self, envelope: "Envelope[Any]", /) -> None:  # type: ignore[override]  # never full: no block, timeout
        """Add a message; raise `ActorDeadError` if the actor is dead and nobody waits to be told so."""
        if self._actor is not None and self._home.loop.is_closed():
            self.close()
        if self._epitaph is not None and envelope.reply_to is None:
            raise ActorDeadError(self._why())
        _add(self, envelope)
        if self._epitaph is not None:
            self.close()
        elif not self._awake:
            self._wake(received=not isinstance(envelope.message, OF_PYKKA))

    def hand_over(self, turn: Coroutine[Any, Any, None]) -> None:
        """Have the rest of a turn taken by a task."""
        # Not create_task(), which may begin it at once, inside this turn and context. A loop keeps no reference.
        self.task = asyncio.Task(turn, loop=self._home.loop, context=self._context)

    def turn_over(self) -> None:
        """Go to sleep, or to the back of the line if there are messages."""
        self.task = None
        self._awake = False
        if not self.empty():
            self._wake()

    def close(self) -> None:
        """Let the actor be dead: refuse what is left, and what is still to come."""
        actor, self._actor = self._actor, None
        if actor is not None:
            retire(actor)
            self._epitaph = type(actor).__name__
            self._home.actors.discard(actor)
        task, self.task = self.task, None
        if task is not None and self._home.loop.is_closed():
            task.get_coro().close()  # it would never go on
        while not self.empty():
            with contextlib.suppress(queue.Empty):  # another thread closes it, too
                refuse(self.get_nowait(), self._why())

    def _wake(self, *, first: bool = False, received: bool = True) -> None:
        loop = self._home.loop
        with _lock:
            actor = self._actor
            if actor is None or (self._awake and not first):
                return
            self._awake = True
        try:
            if _get_running_loop() is not loop:
                loop.call_soon_threadsafe(actor._actor_loop, first, context=self._context)  # noqa: SLF001 - Pykka's name
            elif received and actor.receives_in_task:
                turn = actor._actor_turn(first, True)  # noqa: SLF001 - as Pykka's names are
                turn.send(None)  # to where it waits for the task; a turn not begun would miss its cancellation
                self.hand_over(turn)
            else:
                loop.call_soon(actor._actor_loop, first, context=self._context)  # noqa: SLF001
        except RuntimeError:  # closed by now
            self.close()

    def _why(self) -> str:
        return f"{self._epitaph} ({self.urn}) stopped before handling the message"


class Home:
    """The actors that live on one loop: kept alive while it runs, buried when it closes.

    Async generators are told when `asyncio.run()` or a `Runner` is about to close their loop; so one waits here.
    A loop closed by hand is noticed by the next message to an actor on it, or when another becomes a home.
    """

    homes: ClassVar[dict[asyncio.AbstractEventLoop, "Home"]] = {}

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
    def on(cls, loop: asyncio.AbstractEventLoop) -> "Home":
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


def refuse(envelope: "Envelope[Any]", why: str | None) -> None:
    """Answer for a dead actor: that it is dead, or to a stop, that it has stopped."""
    if envelope.reply_to is not None and isinstance(envelope.message, _ActorStop):
        envelope.reply_to.set(None)
    elif envelope.reply_to is not None:
        envelope.reply_to.set_exception((ActorDeadError, ActorDeadError(why), None))


def retire(actor: "LoopActor") -> None:
    """Let an actor take no more messages; what it has in its inbox is refused at the end of its turn."""
    if not actor.actor_stopped.is_set():
        if actor.use_registry:
            ActorRegistry.unregister(actor.actor_ref)
        actor.actor_stopped.set()
