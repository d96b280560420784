"""How a LoopActor ends: stopped, cancelled, with its loop; no future is lost, no memory kept, no registry asked."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref

import pytest
from pykka import ActorDeadError, ActorRegistry

import actors.inbox
import actors.loop_actor
from actors.loop_actor import LoopActor, stop_background_loop
from actors.loop_future import LoopFuture
from tests.actors.loops import LOOPS, on_each_loop


@pytest.fixture(autouse=True)
def _nothing_is_left_behind():
    yield
    assert stop_background_loop()
    gc.collect()
    assert [home for home in actors.inbox.Home.homes.values() if home.actors] == []
    assert ActorRegistry.get_all() == []


class Doer(LoopActor):
    """Does what the message says, and notes what becomes of itself."""

    def __init__(self, notes=None):
        super().__init__()
        self.notes = [] if notes is None else notes

    def on_receive(self, message):
        return message(self) if callable(message) else message

    def on_stop(self):
        self.notes.append("on_stop")

    def on_failure(self, exception_type, exception_value, traceback):
        self.notes.append(exception_type)


async def forever(_=None):
    await asyncio.Event().wait()


def assert_dead(future, *, why=None):
    with pytest.raises(ActorDeadError, match=why):
        future.get(timeout=0)


# --- stopped -------------------------------------------------------------------------------------------------------


@on_each_loop
async def test_a_stop_with_a_full_inbox_answers_everybody():
    notes = []
    ref = Doer.start(notes)
    before = [ref.ask(number, block=False) for number in range(100)]
    stops = [ref.stop(block=False) for _ in range(3)]
    after = [ref.ask(number, block=False) for number in range(100)]
    ref.tell("nobody minds")
    assert [await stop for stop in stops] == [True] * 3
    assert [await future for future in before] == list(range(100))
    for future in after:
        assert_dead(future, why="stopped before handling the message")
    assert notes == ["on_stop"]


def test_whoever_sends_while_the_actor_stops_gets_an_answer():
    class Unregistered(Doer):
        use_registry = False

    for _ in range(100):
        ref, barrier = Unregistered.start(), threading.Barrier(2)
        stopper = threading.Thread(target=lambda b=barrier, r=ref: (b.wait(30), r.stop(timeout=30)))
        stopper.start()
        barrier.wait(30)
        futures = [ref.ask(number, block=False) for number in range(50)]
        for number, future in enumerate(futures):
            try:
                assert future.get(timeout=30) == number
            except ActorDeadError:
                assert not ref.is_alive()
        stopper.join(30)


@on_each_loop
async def test_a_dead_actor_is_let_go_though_its_reference_is_kept():
    ref = Doer.start()
    actor = weakref.ref(ref._actor_weakref())
    await ref.stop(block=False)
    await asyncio.sleep(0)
    gc.collect()
    assert actor() is None
    assert_dead(ref.ask("hello", block=False), why="not found")


@on_each_loop
async def test_an_envelope_that_comes_too_late_is_refused():
    ref = Doer.start()
    await ref.stop(block=False)
    ref.actor_stopped.clear()  # as for a sender who looked before the stop, and sends after it
    future, stop = ref.ask("late", block=False), ref.stop(block=False)
    assert_dead(future, why="stopped before handling the message")
    assert await stop is True
    with pytest.raises(ActorDeadError):
        ref.tell("late")


# --- failing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, BaseException])
@pytest.mark.parametrize("awaited", [False, True])
@LOOPS
def test_base_exceptions_end_all_actors_but_not_the_loop(new_loop, error, awaited):
    notes, other_notes = [], []

    def fail(_):
        raise error

    async def fail_later(_):
        await asyncio.sleep(0)
        raise error

    async def main():
        ref, other = Doer.start(notes), Doer.start(other_notes)
        asked = ref.ask(fail_later if awaited else fail, block=False)
        waiting = ref.ask("next", block=False)
        with pytest.raises(ActorDeadError, match="was ended while handling the message"):
            await asked
        with pytest.raises(ActorDeadError):
            await waiting
        await other.stop(block=False)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(asyncio.wait_for(main(), 30))
    assert (notes, other_notes) == (["on_stop"], ["on_stop"])


@on_each_loop
async def test_a_base_exception_in_on_start_or_on_stop_ends_all_actors_too():
    for hook in ("on_start", "on_stop"):
        notes = []

        def fail(self):
            raise SystemExit

        other = Doer.start(notes)
        ref = type("Fatal", (Doer,), {hook: fail}).start()
        late = ref.stop(block=False)
        assert await late in {True, False}
        await other.stop(block=False)
        assert notes == ["on_stop"]
        assert not ref.is_alive()


# --- cancelled -----------------------------------------------------------------------------------------------------


@on_each_loop
async def test_a_cancelled_handler_ends_its_actor_and_answers_everybody():
    notes, begun = [], LoopFuture()

    async def handler(_):
        begun.set(asyncio.current_task())
        await forever()

    ref, other = Doer.start(notes), Doer.start()
    asked, waiting, stop = ref.ask(handler, block=False), ref.ask("next", block=False), ref.stop(block=False)
    (await begun).cancel()
    with pytest.raises(ActorDeadError, match="was cancelled while handling the message"):
        await asked
    with pytest.raises(ActorDeadError, match="stopped before handling the message"):
        await waiting
    assert await stop is True
    assert notes == [asyncio.CancelledError]
    assert other.is_alive()


@on_each_loop
async def test_a_cancelled_asker_leaves_the_handler_alone():
    gate, done = LoopFuture(), LoopFuture()

    async def handler(_):
        done.set(await gate)
        return "result"

    ref = Doer.start()
    future = ref.ask(handler, block=False)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.ensure_future(future), 0.001)
    gate.set("open")
    assert await done == "open"
    assert await future == "result"


# --- with its loop -------------------------------------------------------------------------------------------------


@LOOPS
def test_a_loop_that_ends_answers_for_its_actors(new_loop):
    """asyncio.run() cancels what runs; actors that are busy, waiting or idle die, and all futures are answered."""
    notes, futures, refs = [], [], []

    async def main():
        begun = LoopFuture()
        busy, idle = Doer.start(notes), Doer.start(notes)
        refs.extend([busy, idle])
        await idle.ask("hello", block=False)
        futures.append(busy.ask(lambda _: begun.set() or forever(), block=False))
        futures.extend(busy.ask(number, block=False) for number in range(100))
        await begun

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    for future in futures:
        assert_dead(future)
    assert [ref.is_alive() for ref in refs] == [False, False]
    assert notes == [asyncio.CancelledError]  # no on_stop(): the loop was no more
    assert ActorRegistry.get_all() == []


@pytest.mark.parametrize("ticks", [0, 1, 2, 3])
@LOOPS
def test_a_loop_that_ends_at_any_moment_answers_for_its_actors(new_loop, ticks):
    """Also if a handler's task has not yet begun, or an inbox waits for its turn; and nothing complains."""
    futures = []

    async def main():
        ref = Doer.start()
        futures.extend(ref.ask(message, block=False) for message in (1, forever, *range(100)))
        for _ in range(ticks):
            await asyncio.sleep(0)

    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(main())
    gc.collect()
    assert futures[0].get(timeout=0) == 1
    for future in futures[1:]:
        assert_dead(future)


@LOOPS
def test_a_loop_closed_by_hand_is_noticed_by_the_next_message(new_loop):
    loop = new_loop()

    async def start():
        ref = Doer.start()
        return ref, await ref.ask("hello", block=False)

    ref, _ = loop.run_until_complete(start())
    waiting = ref.ask("never handled", block=False)
    loop.close()
    assert ref.is_alive()
    with pytest.raises(ActorDeadError):
        ref.tell("hello")
    assert not ref.is_alive()
    assert_dead(waiting, why="stopped before handling the message")
    assert_dead(ref.ask("hello", block=False))
    assert ref.stop(timeout=30) is False


@LOOPS
def test_a_loop_closed_by_hand_is_noticed_when_another_becomes_a_home(new_loop, caplog):
    loop = new_loop()

    async def start():
        ref = Doer.start()
        return ref, ref.ask(lambda _: forever(), block=False), await asyncio.sleep(0), await asyncio.sleep(0)

    ref, busy, *_ = loop.run_until_complete(start())
    waiting = ref.ask("never handled", block=False)
    loop.close()
    other = Doer.start()
    assert not ref.is_alive()
    assert_dead(waiting)
    assert_dead(busy, why="was ended while handling the message")
    other.stop(timeout=30)
    del loop
    gc.collect()  # asyncio tells of the task that was pending


def test_a_program_ends_in_silence_with_actors_left():
    """The background loop keeps no program alive, and closes in order when it ends: what runs on it is cancelled."""
    program = """if True:
        import asyncio, threading
        from actors.loop_actor import LoopActor

        class Sleeper(LoopActor):
            async def on_receive(self, begun):
                begun.set()
                await asyncio.sleep(60)

            def on_failure(self, exception_type, exception_value, traceback):
                print(exception_type.__name__)

        begun = threading.Event()
        Sleeper.start()
        Sleeper.start().tell(begun)
        assert begun.wait(30)
        print("done")
    """
    command = [sys.executable, "-X", "dev", "-W", "error", "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True)  # noqa: S603 - it's ours
    assert (result.stdout, result.stderr) == ("done\nCancelledError\n", "")


# --- without the registry ------------------------------------------------------------------------------------------


@on_each_loop
async def test_actors_may_stay_out_of_the_registry(monkeypatch):
    """use_registry = False: neither start, stop, failure nor death asks Pykka's registry."""

    class Unregistered(Doer):
        use_registry = False

    asked = []
    monkeypatch.setattr(ActorRegistry, "register", asked.append)
    monkeypatch.setattr(ActorRegistry, "unregister", asked.append)
    stopped, failing, dying = (Unregistered.start() for _ in range(3))
    assert ActorRegistry.get_all() == []
    assert await stopped.stop(block=False) is True
    failing.tell(lambda _: 1 / 0)
    with pytest.raises(ActorDeadError):
        await failing.ask("still there?", block=False)
    dying.actor_inbox.close()
    assert [ref.is_alive() for ref in (stopped, failing, dying)] == [False] * 3
    assert asked == []


@on_each_loop
async def test_stop_all_leaves_unregistered_actors_alone():
    class Unregistered(Doer):
        use_registry = False

    class Heir(Unregistered):
        use_registry = True

    alone, heir = Unregistered.start(), Heir.start()
    assert ActorRegistry.get_all() == [heir]
    assert [await future for future in ActorRegistry.stop_all(block=False)] == [True]
    assert alone.is_alive()
    assert await alone.ask("hello", block=False) == "hello"
