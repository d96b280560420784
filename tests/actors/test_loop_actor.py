"""What LoopActor adds to Pykka's promises: where it lives, what may be awaited, one message at a time, fair turns."""

import asyncio
import contextvars
import doctest
import gc
import itertools
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pykka
import pytest
from pykka import ActorDeadError, ActorRegistry

import actors.inbox
import actors.loop_actor
from actors.loop_actor import MESSAGES_A_TURN, LoopActor, background_loop, stop_background_loop
from actors.loop_future import LoopFuture, WouldDeadlock
from tests.actors.loops import on_each_loop

pytestmark = pytest.mark.usefixtures("no_background_loop_afterwards")


@pytest.fixture
def pool():
    with ThreadPoolExecutor(8) as pool:
        yield pool


class Doer(LoopActor):
    """Does what the message says, and returns what that returns."""

    def on_receive(self, message):
        return message(self) if callable(message) else message


class Recorder(LoopActor):
    """Takes a while for each message, and records what goes on."""

    def __init__(self):
        super().__init__()
        self.log = []

    async def on_receive(self, message):
        self.log.append(("begin", message))
        if isinstance(message, LoopFuture):
            await message
        else:
            await asyncio.sleep(0)
        self.log.append(("end", message))
        return message


def thread_id(_=None):
    return threading.get_ident()


# --- where it lives ------------------------------------------------------------------------------------------------


@on_each_loop
async def test_an_actor_lives_on_the_loop_that_runs_where_it_is_started():
    async def loop_of_handler(_):
        return asyncio.get_running_loop()

    ref = Doer.start()
    assert await ref.ask(thread_id, block=False) == threading.get_ident()
    assert await ref.ask(loop_of_handler, block=False) is asyncio.get_running_loop()


def test_actors_started_from_plain_threads_share_one_background_loop(pool):
    async def loop_of_handler(_):
        return asyncio.get_running_loop()

    refs = [pool.submit(Doer.start).result(30) for _ in range(8)]
    loops = {ref.ask(loop_of_handler, timeout=30) for ref in refs}
    assert loops == {background_loop()}
    assert len({ref.ask(thread_id, timeout=30) for ref in refs} - {threading.get_ident()}) == 1
    ActorRegistry.stop_all(timeout=30)


def test_an_actor_started_by_an_actor_lives_where_that_one_does():
    parent = Doer.start()
    child = parent.ask(lambda _: Doer.start(), timeout=30)
    assert child.ask(thread_id, timeout=30) == parent.ask(thread_id, timeout=30)
    ActorRegistry.stop_all(timeout=30)


def test_the_background_loop_may_be_stopped_and_is_started_again():
    old_loop, old = background_loop(), Doer.start()
    assert stop_background_loop()
    assert old_loop.is_closed()
    assert not old.is_alive()
    assert stop_background_loop()  # nothing to stop
    again = background_loop()
    background = actors.loop_actor._Background.current
    again.call_soon_threadsafe(background.over.set)  # it ends by itself, as in a forked child
    background.join(30)
    new = Doer.start()
    assert new.ask("there?", timeout=30) == "there?"
    assert background_loop() not in {old_loop, again}
    new.stop(timeout=30)


@on_each_loop
async def test_an_idle_actor_costs_no_thread_no_task_and_little_memory():
    refs = [Doer.start() for _ in range(10)]  # what is allocated once
    await asyncio.gather(*[ref.ask(1, block=False) for ref in refs])
    gc.collect()
    threads, tasks = threading.active_count(), len(asyncio.all_tasks())
    tracemalloc.start()
    try:
        refs += [Doer.start() for _ in range(1000)]
        await refs[-1].ask(1, block=False)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] / 1000 < 1500
    finally:
        tracemalloc.stop()
    assert (threading.active_count(), len(asyncio.all_tasks())) == (threads, tasks)


@on_each_loop
async def test_an_actor_lives_on_though_nobody_holds_it():
    class Quiet(Doer):
        use_registry = False

    alive = LoopFuture()
    asyncio.get_running_loop().call_later(0.001, Quiet.start().tell, lambda _: alive.set(True))
    urns = [Quiet.start().actor_urn]
    gc.collect()
    assert urns[0] in {a.actor_urn for home in actors.inbox.Home.homes.values() for a in home.actors}
    assert await alive is True


# --- what may be awaited -------------------------------------------------------------------------------------------


@on_each_loop
async def test_a_plain_handler_needs_no_task_and_a_coroutine_has_one():
    async def task_of_coroutine(_):
        return asyncio.current_task()

    ref = Doer.start()
    assert await ref.ask(lambda _: asyncio.current_task(), block=False) is None
    assert await ref.ask(task_of_coroutine, block=False) is not None


@on_each_loop
async def test_a_handler_may_return_any_awaitable():
    loop, ref = asyncio.get_running_loop(), Doer.start()
    promised = loop.create_future()
    loop.call_soon(promised.set_result, "promised")
    assert await ref.ask(lambda _: promised, block=False) == "promised"
    assert await ref.ask(lambda _: asyncio.create_task(asyncio.sleep(0, "done")), block=False) == "done"


@on_each_loop
async def test_a_pykka_future_a_handler_returns_is_a_value():
    ref = Doer.start()
    for future in (LoopFuture(), pykka.ThreadingFuture()):
        assert await ref.ask(lambda _, future=future: future, block=False) is future


@on_each_loop
async def test_the_hooks_may_be_coroutines(caplog):
    class Slow(Recorder):
        async def on_start(self):
            await asyncio.sleep(0)
            self.log.append("started")

        async def on_stop(self):
            await asyncio.sleep(0)
            self.log.append("stopped")

    ref = Slow.start()
    actor = ref._actor_weakref()
    hello, stop, late = ref.ask("hello", block=False), ref.stop(block=False), ref.ask("late", block=False)
    assert await stop is True
    assert actor.log == ["started", ("begin", "hello"), ("end", "hello"), "stopped"]
    assert await hello == "hello"
    with pytest.raises(ActorDeadError):
        await late
    assert caplog.records == []


@on_each_loop
async def test_on_failure_may_be_a_coroutine(caplog):
    failed = LoopFuture()

    class Fragile(Doer):
        async def on_failure(self, exception_type, exception_value, traceback):
            await asyncio.sleep(0)
            failed.set((exception_type, exception_value, traceback is not None))

    error = ValueError("told")

    async def fail(_):
        await asyncio.sleep(0)
        raise error

    ref = Fragile.start()
    with pytest.raises(ValueError, match="told"):
        await ref.ask(fail, block=False)
    assert ref.is_alive()
    ref.tell(fail)
    late = ref.ask("late", block=False)
    assert await failed == (ValueError, error, True)
    assert not ref.is_alive()
    with pytest.raises(ActorDeadError):
        await late


@on_each_loop
async def test_an_exception_in_an_awaited_hook_is_logged_and_stops_the_actor(caplog):
    for hook in ("on_start", "on_stop", "on_failure"):

        async def fail(self, *exc_info, hook=hook):
            await asyncio.sleep(0)
            raise RuntimeError(f"in {hook}")

        ref = type("Fragile", (Doer,), {hook: fail}).start()
        if hook == "on_failure":
            ref.tell(lambda _: 1 / 0)
        ref.stop(block=False)
        with pytest.raises(ActorDeadError):
            await ref.ask("late", block=False)
        assert not ref.is_alive()
        assert caplog.records[-1].getMessage() == f"Unhandled exception in {ref}:"
        assert str(caplog.records[-1].exc_info[1]) == f"in {hook}"


@on_each_loop
async def test_actors_ask_each_other_with_await():
    chain = [Doer.start() for _ in range(11)]

    async def ask_next(rest):
        return 1 + await rest[0].ask(lambda _: ask_next(rest[1:]), block=False) if rest else 0

    assert await chain[0].ask(lambda _: ask_next(chain[1:]), block=False) == 10


@on_each_loop
async def test_an_actor_asks_one_of_another_loop_with_await():
    far = await asyncio.to_thread(Doer.start)
    near = Doer.start()

    async def ask_far(_):
        return await far.ask(lambda _: ask_back(), block=False), threading.get_ident()

    async def ask_back():
        return await other.ask(thread_id, block=False), threading.get_ident()

    other = Doer.start()
    here = threading.get_ident()
    (back, there), origin = await near.ask(ask_far, block=False)
    assert (back, origin) == (here, here)
    assert there != here
    await far.stop(block=False)


def test_threading_actors_and_loop_actors_talk():
    class Thread(pykka.ThreadingActor):
        def on_receive(self, message):
            return message.ask("from a thread", timeout=30)

    ref = Doer.start()
    assert Thread.start().ask(ref, timeout=30) == "from a thread"
    ActorRegistry.stop_all(timeout=30)


# --- never blocking ------------------------------------------------------------------------------------------------


@on_each_loop
async def test_what_would_block_the_loop_raises_at_once():
    ref = Doer.start()
    for blocking in (lambda: ref.ask("hello"), lambda: ref.ask("hello", timeout=30), ref.stop, ref.actor_stopped.wait):
        with pytest.raises(WouldDeadlock, match="await it instead"):
            blocking()
    assert await ref.stop(block=False) is True  # the other one was sent all the same: it is in the inbox, too
    assert ref.stop() is False  # what is there already needs no waiting


@on_each_loop
async def test_a_handler_that_would_block_fails():
    one, two = Doer.start(), Doer.start()
    with pytest.raises(WouldDeadlock):
        await one.ask(lambda _: two.ask("hello"), block=False)


# --- one at a time, fair -------------------------------------------------------------------------------------------


@on_each_loop
async def test_a_handler_that_awaits_lets_no_other_begin():
    ref = Recorder.start()
    actor, first = ref._actor_weakref(), LoopFuture()
    futures = [ref.ask(message, block=False) for message in (first, "second", "third")]
    for _ in range(20):
        await asyncio.sleep(0)
    assert actor.log == [("begin", first)]
    first.set()
    assert await futures[2] == "third"
    assert actor.log == [(step, m) for m in (first, "second", "third") for step in ("begin", "end")]


def test_messages_of_many_threads_are_handled_in_order_and_one_at_a_time(pool):
    ref = Recorder.start()
    actor, barrier = ref._actor_weakref(), threading.Barrier(8)

    def send(sender):
        barrier.wait(30)
        for number in range(250):
            ref.tell((sender, number))
        return ref.ask((sender, 250), timeout=20)

    assert list(pool.map(send, range(8), timeout=30)) == [(sender, 250) for sender in range(8)]
    assert [m for step, m in actor.log[::2]] == [m for step, m in actor.log[1::2]]
    assert {step for step, _ in actor.log[::2]} == {"begin"}
    for sender in range(8):
        assert [n for step, (s, n) in actor.log[::2] if s == sender] == list(range(251))
    ref.stop(timeout=30)


@on_each_loop
async def test_a_busy_actor_does_not_starve_the_loop():
    handled, seen = [], [0]
    ref = Doer.start()
    await ref.ask("started", block=False)
    for _ in range(10 * MESSAGES_A_TURN):
        ref.tell(handled.append)
    for _ in range(5):
        await asyncio.sleep(0)
        seen.append(len(handled))
    assert seen[-1] > 0
    assert all(b - a <= MESSAGES_A_TURN for a, b in itertools.pairwise(seen))
    await ref.ask("last", block=False)
    assert len(handled) == 10 * MESSAGES_A_TURN


async def test_an_inbox_is_scheduled_once_for_many_messages(monkeypatch):
    ref = Doer.start()
    await ref.ask("started", block=False)
    loop, scheduled = asyncio.get_running_loop(), []
    call_soon = loop.call_soon

    def counting(callback, *args, **kwargs):
        scheduled.append(callback)
        return call_soon(callback, *args, **kwargs)

    monkeypatch.setattr(loop, "call_soon", counting)
    futures = [ref.ask(number, block=False) for number in range(MESSAGES_A_TURN)]
    ref.actor_inbox._wake()  # by another thread, which saw the inbox asleep a moment ago
    assert scheduled == [ref._actor_weakref()._actor_loop]
    scheduled.clear()
    assert [await future for future in futures] == list(range(MESSAGES_A_TURN))
    assert ref._actor_weakref()._actor_loop not in scheduled


@on_each_loop
async def test_an_actor_has_its_own_copy_of_the_context_it_was_started_in():
    call_sid = contextvars.ContextVar("call_sid", default=None)

    def step(number):
        before = call_sid.get()
        call_sid.set(number)
        return before

    async def awaiting_step(number):
        await asyncio.sleep(0)
        return step(number)

    call_sid.set("where it was started")
    ref = Doer.start()
    call_sid.set("of the asker")
    seen = [
        await ref.ask(lambda _: step(1), block=False),
        await ref.ask(lambda _: awaiting_step(2), block=False),
        await ref.ask(lambda _: step(3), block=False),
    ]
    assert seen == ["where it was started", 1, 2]
    assert call_sid.get() == "of the asker"


def test_the_example_runs():
    assert doctest.testmod(actors.loop_actor).failed == 0
