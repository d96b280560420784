"""When a LoopActor takes its turns, and in what: a callback, a task, at once or later; and what it is spared."""

import asyncio
import contextvars
import gc
import inspect
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pykka
import pytest
from pykka import ActorDeadError

from actors.loop_actor import MESSAGES_A_TURN, LoopActor
from actors.loop_future import LoopFuture
from tests.actors.loops import LOOPS, on_each_loop

pytestmark = pytest.mark.usefixtures("no_background_loop_afterwards")


class Clerk(LoopActor):
    """Does what the message says, in a coroutine."""

    use_registry = False

    async def on_receive(self, message):
        done = message(self) if callable(message) else message
        return await done if inspect.isawaitable(done) else done

    def task_of_method(self):
        return asyncio.current_task()


class Porter(Clerk):
    """The same, without one."""

    def on_receive(self, message):
        return message(self) if callable(message) else message


def noting(log):
    async def handler(_):
        log.append("begun")
        await asyncio.sleep(0)

    return handler


# --- when it begins ------------------------------------------------------------------------------------------------


@on_each_loop
async def test_a_coroutine_that_receives_begins_at_the_next_trip_through_the_loop():
    """Never at once, inside the asker; nor a trip later, when a callback has made a task of it."""
    log, ref = [], Clerk.start()
    future = ref.ask(noting(log), block=False)
    assert log == []
    await asyncio.sleep(0)
    assert log == ["begun"]
    await future


@on_each_loop
async def test_an_actor_without_on_start_has_no_turn_before_it_has_mail(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(LoopActor, "_actor_loop", None)
        patch.setattr(LoopActor, "_actor_turn", None)
        refs = Clerk.start(), Porter.start()
        await asyncio.sleep(0)
    assert [await ref.ask("hello", block=False) for ref in refs] == ["hello"] * 2


@on_each_loop
async def test_on_start_comes_before_messages_sent_from_init():
    class Early(Clerk):
        def __init__(self):
            super().__init__()
            self.log = []
            self.actor_ref.tell(lambda actor: actor.log.append("message"))

        def on_start(self):
            self.log.append("on_start")

    class Earlier(Early):
        on_start = LoopActor.on_start

    assert await Early.start().ask(lambda actor: actor.log, block=False) == ["on_start", "message"]
    assert await Earlier.start().ask(lambda actor: actor.log, block=False) == ["message"]


@on_each_loop
async def test_coroutines_that_never_suspend_do_not_starve_the_loop_either():
    handled, seen, ref = [], [0], Clerk.start()
    for _ in range(10 * MESSAGES_A_TURN):
        ref.tell(handled.append)
    for _ in range(5):
        await asyncio.sleep(0)
        seen.append(len(handled))
    assert seen[-1] > 0
    assert all(b - a <= MESSAGES_A_TURN for a, b in itertools.pairwise(seen))
    await ref.ask("last", block=False)
    assert len(handled) == 10 * MESSAGES_A_TURN


# --- what it runs in -----------------------------------------------------------------------------------------------


@on_each_loop
async def test_a_handler_that_awaits_runs_in_one_task_from_its_beginning_to_its_end():
    async def tasks(_):
        before = asyncio.current_task()
        await asyncio.sleep(0)
        return before, asyncio.current_task()

    for ref in (Clerk.start(), Porter.start(), await asyncio.to_thread(Clerk.start)):
        before, after = await ref.ask(tasks, block=False)
        assert before is after is not None
        assert before is not asyncio.current_task()


@on_each_loop
async def test_a_timeout_works_in_a_handler():
    async def sleep(_):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(60)

    for ref in (Clerk.start(), Porter.start()):
        with pytest.raises(TimeoutError):
            await ref.ask(sleep, block=False)
        assert await ref.ask("still there", block=False) == "still there"


@on_each_loop
async def test_what_needs_no_task_has_none_though_on_receive_is_a_coroutine():
    tasks = []

    class Noting(Clerk):
        def on_stop(self):
            tasks.append(asyncio.current_task())

    ref = Noting.start()
    assert await ref.proxy().task_of_method() is None
    await ref.stop(block=False)
    assert tasks == [None]


@on_each_loop
async def test_a_handler_runs_in_its_actors_context_whoever_asks():
    caller = contextvars.ContextVar("caller", default=None)

    def step(_):
        before = caller.get()
        caller.set("set by the actor")
        return before

    for kind in (Clerk, Porter):
        caller.set("where it was started")
        ref = kind.start()
        caller.set("of the asker")
        assert await ref.ask(step, block=False) == "where it was started"
        assert await ref.ask(step, block=False) == "set by the actor"
        assert await asyncio.to_thread(ref.ask, step, timeout=30) == "set by the actor"
        assert caller.get() == "of the asker"


# --- cancelled, or with its loop, before it begins -----------------------------------------------------------------


@on_each_loop
async def test_a_task_cancelled_before_it_begins_takes_no_message_with_it(caplog):
    log, ref = [], Clerk.start()
    futures = [ref.ask(noting(log), block=False), ref.ask("next", block=False)]
    ref.actor_inbox.task.cancel()
    assert await futures[1] == "next"
    assert log == ["begun"]
    assert ref.is_alive()
    assert caplog.records == []


@on_each_loop
async def test_a_handler_cancelled_before_it_begins_ends_its_actor(caplog):
    log, ref = [], Porter.start()
    asked, waiting = ref.ask(noting(log), block=False), ref.ask("next", block=False)
    await asyncio.sleep(0)
    ref.actor_inbox.task.cancel()
    with pytest.raises(ActorDeadError, match="was cancelled while handling the message"):
        await asked
    with pytest.raises(ActorDeadError, match=r"Porter \(urn:uuid:.*\) stopped before handling the message"):
        await waiting
    gc.collect()
    assert log == []
    assert not ref.is_alive()


@pytest.mark.parametrize("ticks", [0, 1, 2, 3])
@pytest.mark.parametrize("by_hand", [False, True])
@LOOPS
def test_a_loop_that_ends_at_any_moment_answers_for_coroutines(new_loop, by_hand, ticks):
    futures, loop = [], new_loop()

    async def main():
        ref = Clerk.start()
        futures.extend(ref.ask(message, block=False) for message in (lambda _: asyncio.sleep(60), *range(100)))
        for _ in range(ticks):
            await asyncio.sleep(0)
        return ref

    if by_hand:
        ref = loop.run_until_complete(main())
        loop.close()
        futures.append(ref.ask("late", block=False))
    else:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(main())
    gc.collect()
    for future in futures:
        with pytest.raises(ActorDeadError):
            future.get(timeout=0)


# --- the URN that is made when it is asked for ---------------------------------------------------------------------


@on_each_loop
async def test_a_urn_that_nobody_asks_for_is_not_made(monkeypatch):
    monkeypatch.setattr("actors.inbox.uuid.uuid4", None)
    ref = Clerk.start()
    assert await ref.ask("hello", block=False) == "hello"
    assert await ref.stop(block=False) is True


def test_a_urn_is_the_same_for_all_who_ask_at_once(monkeypatch):
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(50):
                ref, barrier = Clerk.start(), threading.Barrier(8)
                asked = pool.map(lambda _, ref=ref, b=barrier: (b.wait(30), ref.actor_urn)[1], range(8))
                assert set(asked) == {ref._actor_weakref().actor_urn}
                ref.stop(timeout=30)
    finally:
        sys.setswitchinterval(switching)


# --- the future, waited for without a lock -------------------------------------------------------------------------


def test_no_one_who_waits_is_left_asleep_by_others_who_give_up():
    switching = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def wait(future, barrier, number):
        barrier.wait(30)
        try:
            return future.get(timeout=30 if number % 2 else 0.0001)
        except pykka.Timeout:
            return "gave up"

    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(100):
                future, barrier = LoopFuture(), threading.Barrier(9)
                waiting = [pool.submit(wait, future, barrier, number) for number in range(8)]
                barrier.wait(30)
                future.set("value")
                assert {each.result(6) for each in waiting[1::2]} == {"value"}
                assert {each.result(6) for each in waiting[::2]} <= {"value", "gave up"}
                assert future._waiters == []
    finally:
        sys.setswitchinterval(switching)
