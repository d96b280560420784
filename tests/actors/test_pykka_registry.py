"""LoopActor under Pykka's documentation of ActorRegistry: a test for each promise, from a thread and on a loop."""

import pytest
from pykka import ActorRegistry

from actors.loop_actor import LoopActor, stop_background_loop


class Listener(LoopActor):
    def __init__(self, order=None):
        super().__init__()
        self.heard = []
        self.order = order

    def on_receive(self, message):
        if message != "heard?":
            self.heard.append(message)
        return self.heard

    def on_stop(self):
        if self.order is not None:
            self.order.append(self.actor_ref)


class Clerk(Listener):
    pass


@pytest.fixture(scope="module", autouse=True)
def _no_background_loop_afterwards():
    yield
    assert stop_background_loop()


@pytest.fixture(autouse=True)
def _no_actors_afterwards():
    yield
    ActorRegistry.stop_all(timeout=30)


def test_it_knows_the_running_actors():
    """get_all(): all running actors. Starting one registers it, stopping one unregisters it."""
    one, two = Listener.start(), Listener.start()
    assert ActorRegistry.get_all() == [one, two]
    one.stop(timeout=30)
    assert ActorRegistry.get_all() == [two]


async def test_it_knows_the_running_actors_of_a_loop():
    """get_all(): all running actors, wherever they live."""
    one, two = Listener.start(), Listener.start()
    assert ActorRegistry.get_all() == [one, two]
    await one.stop(block=False)
    assert ActorRegistry.get_all() == [two]


def test_it_finds_actors_by_class():
    """get_by_class(): all running actors of the class or a subclass."""
    listener, clerk = Listener.start(), Clerk.start()
    assert ActorRegistry.get_by_class(Listener) == [listener, clerk]
    assert ActorRegistry.get_by_class(LoopActor) == [listener, clerk]
    assert ActorRegistry.get_by_class(Clerk) == [clerk]


def test_it_finds_actors_by_the_name_of_their_class():
    """get_by_class_name(): all running actors of the class of that name."""
    listener, clerk = Listener.start(), Clerk.start()
    assert ActorRegistry.get_by_class_name("Listener") == [listener]
    assert ActorRegistry.get_by_class_name("Clerk") == [clerk]


def test_it_finds_an_actor_by_its_urn():
    """get_by_urn(): the actor, or None."""
    refs = [Listener.start() for _ in range(3)]
    assert ActorRegistry.get_by_urn(refs[1].actor_urn) is refs[1]
    assert ActorRegistry.get_by_urn("urn:uuid:nobody") is None


@pytest.mark.parametrize(
    ("target", "reached"), [(None, (["news"], ["news"])), (Clerk, ([], ["news"])), ("Listener", (["news"], []))]
)
class TestABroadcastReachesItsTargets:
    """broadcast() sends to all actors, or to those of a class or the name of one."""

    def test_from_a_thread(self, target, reached):
        refs = Listener.start(), Clerk.start()
        ActorRegistry.broadcast("news", target)
        assert tuple(ref.ask("heard?", timeout=30) for ref in refs) == reached

    async def test_from_their_loop(self, target, reached):
        refs = Listener.start(), Clerk.start()
        ActorRegistry.broadcast("news", target)
        assert tuple([await ref.ask("heard?", block=False) for ref in refs]) == reached


def test_stop_all_stops_the_last_started_first():
    """stop_all(block=True) stops in the reverse order of the starts, and returns what each stop returned."""
    order = []
    refs = [Listener.start(order) for _ in range(5)]
    assert ActorRegistry.stop_all(block=True, timeout=30) == [True] * 5
    assert order == refs[::-1]
    assert ActorRegistry.get_all() == []


async def test_stop_all_returns_futures_if_it_is_not_to_block():
    """stop_all(block=False) returns the futures of the stops, to be awaited on a loop."""
    for _ in range(5):
        Listener.start()
    assert [await future for future in ActorRegistry.stop_all(block=False)] == [True] * 5
    assert ActorRegistry.get_all() == []


def test_it_may_be_kept_by_hand():
    """register() and unregister() are done automatically, and may be called, also twice."""
    ref = Listener.start()
    ActorRegistry.unregister(ref)
    ActorRegistry.unregister(ref)
    assert ref not in ActorRegistry.get_all()
    ActorRegistry.register(ref)
    assert ref in ActorRegistry.get_all()
