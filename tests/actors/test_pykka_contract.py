"""LoopActor under Pykka's documentation of Actor and ActorRef: a test for each promise.

Each test's docstring is the promise. Each runs three times: on asyncio's loop and on uvloop, where the actor lives
on the running loop and is awaited; and from a plain thread, where it lives on the background loop and is waited for.
"""

import asyncio
import logging
import threading
import uuid

import pykka
import pytest
from pykka import ActorDeadError, ActorRegistry

from actors.loop_actor import LoopActor
from actors.loop_future import LoopFuture
from tests.actors.loops import from_each_side

pytestmark = pytest.mark.usefixtures("no_background_loop_afterwards")


class Witness(LoopActor):
    """Tells what happens to it."""

    def __init__(self, on_start=None):
        super().__init__()
        self.on_start_raises = on_start
        self.seen = []
        self.started, self.stopped, self.failed = LoopFuture(), LoopFuture(), LoopFuture()

    def on_start(self):
        self.seen.append("on_start")
        self.started.set(ActorRegistry.get_by_urn(self.actor_urn))
        if self.on_start_raises is not None:
            raise self.on_start_raises

    def on_stop(self):
        self.seen.append("on_stop")
        self.stopped.set(threading.get_ident())

    def on_failure(self, exception_type, exception_value, traceback):
        self.seen.append("on_failure")
        self.failed.set((exception_type, exception_value, traceback))

    def on_receive(self, message):
        self.seen.append(message)
        if isinstance(message, BaseException):
            raise message
        if callable(message):
            return message(self)
        return super().on_receive(message) if message == "unknown" else ("reply", message)


async def started(side, *args):
    """Return a running witness and its reference."""
    ref = await side.call(Witness.start, *args)
    return ref._actor_weakref(), ref


# --- Actor.start() -------------------------------------------------------------------------------------------------


@from_each_side
async def test_start_passes_its_arguments_to_the_constructor(side):
    """Any arguments passed to start() are passed on to the constructor; it returns a reference to the actor."""

    class Named(LoopActor):
        def __init__(self, first, *, last):
            super().__init__()
            self.name = f"{first} {last}"

        def on_receive(self, message):
            return self.name

    ref = await side.call(Named.start, "Ada", last="Lovelace")
    assert isinstance(ref, pykka.ActorRef)
    assert await side.ask(ref, "name?") == "Ada Lovelace"


@from_each_side
async def test_the_constructor_runs_after_the_fields_are_set_and_before_the_actor_is_registered(side):
    """actor_urn, actor_inbox and actor_ref are initialized, then __init__() runs, then the actor is registered."""
    seen = {}

    class Early(LoopActor):
        def __init__(self):
            super().__init__()
            seen["fields"] = (self.actor_urn, self.actor_inbox, self.actor_ref)
            seen["registered"] = ActorRegistry.get_by_urn(self.actor_urn)

    ref = await side.call(Early.start)
    assert seen["fields"] == (ref.actor_urn, ref.actor_inbox, ref)
    assert seen["registered"] is None


@from_each_side
async def test_the_superclass_may_be_initialised_directly_and_with_any_arguments(side):
    """__init__() may be overridden if it calls the superclass', which takes any arguments."""

    class Direct(LoopActor):
        def __init__(self):
            LoopActor.__init__(self, 1, 2, three=3)

    ref = await side.call(Direct.start)
    assert ref.is_alive()


@from_each_side
async def test_an_actor_is_registered_before_it_begins(side):
    """First the actor is registered, then its receive loop is started."""
    actor, ref = await started(side)
    assert await side.get(actor.started) is ref


@from_each_side
async def test_messages_sent_in_the_constructor_wait_for_the_start(side):
    """actor_ref communicates safely with the actor from the constructor on."""

    class Eager(Witness):
        def __init__(self):
            super().__init__()
            self.actor_ref.tell("early")

    ref = await side.call(Eager.start)
    await side.ask(ref, "late")
    assert ref._actor_weakref().seen == ["on_start", "early", "late"]


@from_each_side
async def test_the_urn_is_a_unique_uuid4(side):
    """The actor URN is a universally unique identifier, by which the registry finds the actor."""
    refs = [await side.call(Witness.start) for _ in range(10)]
    assert len({ref.actor_urn for ref in refs}) == 10
    assert all(ref.actor_urn == uuid.UUID(ref.actor_urn).urn for ref in refs)
    assert all(uuid.UUID(ref.actor_urn).version == 4 for ref in refs)
    assert ActorRegistry.get_by_urn(refs[3].actor_urn) is refs[3]


def test_the_name_of_an_actor_holds_class_and_urn():
    """str() of an actor, started or not, tells its class and its URN."""
    actor = Witness()
    assert str(actor) == f"Witness ({actor.actor_urn})"


# --- the hooks -----------------------------------------------------------------------------------------------------


@from_each_side
async def test_on_start_runs_before_any_message(side):
    """on_start() runs after the actor is started, but before it processes messages."""
    actor, ref = await started(side)
    assert await side.ask(ref, "hello") == ("reply", "hello")
    assert actor.seen == ["on_start", "hello"]


@from_each_side
async def test_an_exception_in_on_start_is_logged_and_stops_the_actor(side, caplog):
    """If on_start() raises, the stack trace is logged and the actor stops."""
    actor, ref = await started(side, ValueError("no way to start"))
    with pytest.raises(ActorDeadError):
        await side.ask(ref, "hello")
    assert not ref.is_alive()
    assert ref not in ActorRegistry.get_all()
    assert actor.seen == ["on_start"]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage() == f"Unhandled exception in {ref}:"
    assert str(record.exc_info[1]) == "no way to start"


@from_each_side
async def test_on_start_may_stop_the_actor(side):
    """stop() may be called in on_start(): the actor stops without having received anything."""
    stopped = LoopFuture()

    class Shy(Witness):
        def on_start(self):
            self.stop()

        def on_stop(self):
            stopped.set(self.seen)

    await side.call(Shy.start)
    assert await side.get(stopped) == []


@from_each_side
async def test_on_stop_runs_after_the_last_message_where_the_others_run(side):
    """on_stop() runs after the last message is processed, in the same context as on_receive()."""
    actor, ref = await started(side)
    where = await side.ask(ref, lambda _: threading.get_ident())
    ref.tell("last")
    await side.stop(ref)
    assert actor.seen[-2:] == ["last", "on_stop"]
    assert await side.get(actor.stopped) == where


@from_each_side
async def test_an_exception_in_on_stop_is_logged_and_the_actor_stops(side, caplog):
    """If on_stop() raises, the stack trace is logged, and the actor stops."""

    class Clumsy(LoopActor):
        def on_stop(self):
            raise ValueError("dropped it")

    ref = await side.call(Clumsy.start)
    assert await side.stop(ref) is True
    assert not ref.is_alive()
    assert "dropped it" in caplog.text


@from_each_side
async def test_on_failure_runs_after_an_exception_nobody_gets_and_on_stop_does_not(side, caplog):
    """on_failure(*exc_info) runs after an unhandled exception and before the actor stops; on_stop() does not."""
    actor, ref = await started(side)
    error = ValueError("told")
    ref.tell(error)
    kind, value, traceback = await side.get(actor.failed)
    assert (kind, value, traceback) == (ValueError, error, error.__traceback__)
    assert actor.seen == ["on_start", error, "on_failure"]
    assert not ref.is_alive()
    assert ref not in ActorRegistry.get_all()
    assert f"Unhandled exception in {ref}:" in caplog.text


@from_each_side
async def test_an_exception_in_on_failure_is_logged_too(side, caplog):
    """If on_failure() raises, the stack trace is logged, and the actor stops."""

    class Hopeless(Witness):
        def on_failure(self, *exc_info):
            super().on_failure(*exc_info)
            raise RuntimeError("failed at failing")

    ref = await side.call(Hopeless.start)
    ref.tell(ValueError("first"))
    with pytest.raises(ActorDeadError):
        await side.ask(ref, "still there?")
    await side.ask(await side.call(Witness.start), "after it")  # on the same loop
    assert "first" in caplog.text
    assert "failed at failing" in caplog.text


@from_each_side
async def test_an_unexpected_message_is_logged_and_answered_with_none(side, caplog):
    """The default on_receive() logs the message at the WARNING level and returns None; super() may be called."""
    _, ref = await started(side)
    assert await side.ask(ref, "unknown") is None
    [record] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert record.getMessage() == f"Unexpected message received by {ref}: unknown"


@from_each_side
async def test_a_base_exception_stops_all_actors(side):
    """A BaseException that is no Exception stops the actor, with on_stop(), and all others."""
    actor, ref = await started(side)
    other, _ = await started(side)
    ref.tell(SystemExit("that's it"))
    await side.get(actor.stopped)
    await side.get(other.stopped)
    assert actor.seen[-1] == other.seen[-1] == "on_stop"
    assert ActorRegistry.get_all() == []


# --- Actor.stop(), ActorRef ----------------------------------------------------------------------------------------


@from_each_side
async def test_an_actor_stops_itself_like_its_reference_would(side):
    """Actor.stop() is ActorRef.stop(block=False): what is in the inbox already is processed first. Twice is fine."""
    actor, ref = await started(side)
    await side.ask(ref, lambda self: (self.actor_ref.tell("before"), self.stop(), self.stop()))
    await side.get(actor.stopped)
    assert actor.seen[-2:] == ["before", "on_stop"]


@from_each_side
async def test_the_stopped_flag_is_an_event(side):
    """actor_stopped is a threading.Event that tells whether the actor goes on; is_alive() is based on it."""
    _, ref = await started(side)
    assert isinstance(ref.actor_stopped, threading.Event)
    assert ref.is_alive()
    assert not ref.actor_stopped.is_set()
    waiting = asyncio.create_task(asyncio.to_thread(ref.actor_stopped.wait, 5))
    await side.stop(ref)
    assert await waiting is True
    assert not ref.is_alive()


@from_each_side
async def test_tell_sends_anything_and_returns_nothing(side):
    """tell() sends a message of any type without waiting for a response."""
    actor, ref = await started(side)
    messages = [123, 1.5, {"a": "dict"}, ("a", "tuple"), ["a", "list"], None]
    assert [ref.tell(message) for message in messages] == [None] * 6
    await side.ask(ref, "done")
    assert actor.seen == ["on_start", *messages, "done"]


@from_each_side
async def test_tell_raises_if_the_actor_is_dead(side):
    """tell() raises ActorDeadError if the actor is not available."""
    _, ref = await started(side)
    await side.stop(ref)
    with pytest.raises(ActorDeadError, match=r"^Witness \(urn:uuid:.*\) not found$"):
        ref.tell("hello")


@from_each_side
async def test_ask_returns_a_future_if_it_is_not_to_block(side):
    """With block=False, ask() immediately returns a Future; the reply is what on_receive() returned."""
    _, ref = await started(side)
    future = await side.call(ref.ask, "hello", block=False)
    assert isinstance(future, pykka.Future)
    assert await side.get(future) == ("reply", "hello")


@from_each_side
async def test_an_exception_goes_to_the_asker_and_the_actor_lives_on(side, caplog):
    """ask() raises any exception the actor raised; it is logged at INFO, the actor goes on."""
    caplog.set_level(logging.INFO, "pykka")
    actor, ref = await started(side)
    error = ValueError("asked")
    with pytest.raises(ValueError, match="asked") as caught:
        await side.ask(ref, error)
    assert caught.value is error
    assert await side.ask(ref, "next") == ("reply", "next")
    assert "on_failure" not in actor.seen
    [record] = [record for record in caplog.records if record.levelno == logging.INFO]
    assert record.getMessage() == f"Exception returned from {ref} to caller:"


@from_each_side
async def test_ask_answers_for_a_dead_actor(side):
    """ask() gives ActorDeadError for a dead actor: in the future, or raised if it blocks."""
    _, ref = await started(side)
    await side.stop(ref)
    future = ref.ask("hello", block=False)
    with pytest.raises(ActorDeadError, match=r"not found$"):
        await side.get(future)
    with pytest.raises(ActorDeadError, match=r"not found$"):
        ref.ask("hello")


def test_ask_blocks_until_the_reply_or_the_timeout():
    """With block=True ask() waits for the reply, or for `timeout` seconds and raises Timeout."""
    go = threading.Event()
    ref = Witness.start()
    with pytest.raises(pykka.Timeout):
        ref.ask(lambda _: go.wait(30), timeout=0.001)
    go.set()
    assert ref.ask("hello") == ("reply", "hello")
    ref.stop(timeout=30)


@from_each_side
async def test_stop_tells_whether_there_was_anything_to_stop(side):
    """stop() returns True if the actor is stopped or was being stopped, False if it was already dead."""
    _, ref = await started(side)
    # From within the actor, so that both are in the inbox before the first is handled.
    first, second = await side.ask(ref, lambda _: (ref.stop(block=False), ref.stop(block=False)))
    assert [await side.get(first), await side.get(second)] == [True, True]
    assert await side.stop(ref) is False


@from_each_side
async def test_messages_before_a_stop_are_processed_and_those_after_it_refused(side):
    """Messages sent before the stop are processed; later ones are replied to with ActorDeadError."""
    _, ref = await started(side)

    def flood():
        return ref.ask(1, block=False), ref.stop(block=False), ref.ask(2, block=False), ref.ask(3, block=False)

    # From within the actor, so that all are in the inbox before the first is handled.
    before, stop, *after = await side.ask(ref, lambda _: flood())
    assert await side.get(before) == ("reply", 1)
    assert await side.get(stop) is True
    for future in after:
        with pytest.raises(ActorDeadError, match=r"stopped before handling the message$"):
            await side.get(future)


def test_stop_waits_no_longer_than_its_timeout():
    """block and timeout of stop() work as for ask()."""
    go = threading.Event()
    ref = Witness.start()
    ref.tell(lambda _: go.wait(30))
    with pytest.raises(pykka.Timeout):
        ref.stop(timeout=0.001)
    go.set()
    assert ref.actor_stopped.wait(30)


def test_a_reference_shows_what_it_refers_to():
    """A reference tells class, URN, inbox and flag of its actor, and shows class and URN."""
    actor = Witness()
    ref = actor.actor_ref
    assert ref.actor_class is Witness
    assert (ref.actor_urn, ref.actor_inbox) == (actor.actor_urn, actor.actor_inbox)
    assert ref.actor_stopped is actor.actor_stopped
    assert str(ref) == f"Witness ({actor.actor_urn})"
    assert repr(ref) == f"<ActorRef for Witness ({actor.actor_urn})>"
