"""LoopActor under Pykka's documentation of proxies and messages: a test for each promise.

As in the tests of actors, each runs on asyncio's loop, on uvloop, and from a plain thread.
"""

import asyncio

import pykka
import pytest
from pykka import ActorDeadError, ActorProxy, CallableProxy
from pykka.messages import ProxyCall, ProxyGetAttr, ProxySetAttr

from actors.loop_actor import LoopActor
from actors.loop_future import LoopFuture, WouldDeadlock
from tests.actors.loops import BOUND, SIDES, from_each_side

pytestmark = pytest.mark.usefixtures("no_background_loop_afterwards")


def with_a_proxy(test):
    """Run an async test with a proxy and the way to get its futures, from each side."""

    async def inside(side):
        ref = await side.call(Player.start)
        await test(ref.proxy(), side.get)

    inside.__doc__ = test.__doc__
    return from_each_side(inside)


class Deck:
    volume = 5

    def play(self, song):
        return f"playing {song} at {self.volume}"


@pykka.traversable
class MarkedDeck(Deck):
    pass


class AttributeDeck(Deck):
    pykka_traversable = True


class Promise:
    def __await__(self):
        raise AssertionError("nobody is to await it")


class Player(LoopActor):
    a_class_attribute = "class"
    plain_deck = Deck()
    marked_deck = MarkedDeck()
    attribute_deck = AttributeDeck()
    deck = pykka.traversable(Deck())
    promise = Promise()
    _secret = "hidden"

    def __init__(self):
        super().__init__()
        self.songs = []
        self.failed = LoopFuture()
        self._in_future = self.actor_ref.proxy()

    def on_failure(self, exception_type, exception_value, traceback):
        self.failed.set(exception_value)

    @property
    def count(self):
        return len(self.songs)

    @property
    def last(self):
        return self.songs[-1]

    @last.setter
    def last(self, song):
        if not song:
            raise ValueError("no song")
        self.songs[-1] = song

    def add(self, song, *, twice=False):
        self.songs += [song] * (2 if twice else 1)
        return len(self.songs)

    async def add_slowly(self, song):
        await asyncio.sleep(0)
        return self.add(song)

    def fail(self):
        raise ValueError("broken")

    def add_later(self, song):
        self.add(f"before {song}")
        self.actor_ref.tell(ProxyCall(("add",), ("queued already",), {}))
        return self._in_future.add(song)

    def learn(self, name):
        setattr(self, name, lambda: f"{name}!")


# --- attributes ----------------------------------------------------------------------------------------------------


@with_a_proxy
async def test_reading_an_attribute_returns_a_future(proxy, get):
    """Reading an attribute or a property returns a Future; its get() or await gives the value."""
    assert isinstance(proxy.songs, LoopFuture)
    assert await get(proxy.songs) == []
    assert await get(proxy.a_class_attribute) == "class"
    assert await get(proxy.count) == 0


@with_a_proxy
async def test_an_attribute_that_can_be_awaited_is_handed_over_as_it_is(proxy, get):
    """Reading an attribute gives the value it has."""
    assert isinstance(await get(proxy.failed), LoopFuture)
    assert await get(proxy.promise) is Player.promise


@from_each_side
async def test_setting_an_attribute_blocks_until_it_is_set(side):
    """Setting an attribute blocks until it is set, and raises what the setter raised."""
    proxy = (await side.call(Player.start)).proxy()

    def use():
        proxy.a_class_attribute = "instance"
        proxy.add("old").get(timeout=30)
        proxy.last = "new"
        with pytest.raises(ValueError, match="no song"):
            proxy.last = ""
        with pytest.raises(AttributeError):
            proxy.count = 3

    if side.in_thread:
        await side.call(use)
        assert await side.get(proxy.a_class_attribute) == "instance"
        assert await side.get(proxy.songs) == ["new"]
    else:  # a loop must not block
        with pytest.raises(WouldDeadlock):
            use()
        assert await side.get(proxy.a_class_attribute) == "instance"  # it was sent


@with_a_proxy
async def test_private_and_unknown_attributes_are_not_exposed(proxy, get):
    """Names that start with _ are private; what the actor doesn't have raises AttributeError."""
    with pytest.raises(AttributeError, match="has no attribute '_secret'"):
        proxy._secret  # noqa: B018 - the access is the test
    with pytest.raises(AttributeError, match="has no attribute 'unknown'"):
        proxy.unknown()
    with pytest.raises(AttributeError, match="has no attribute 'unknown'"):
        proxy.unknown.defer()


# --- methods -------------------------------------------------------------------------------------------------------


@with_a_proxy
async def test_calling_a_method_returns_a_future(proxy, get):
    """A call returns a future for the method's return value; arguments are passed on."""
    assert await get(proxy.add("a song", twice=True)) == 2
    assert await get(proxy.songs) == ["a song", "a song"]


@with_a_proxy
async def test_the_result_of_a_call_may_be_ignored(proxy, get):
    """A method called for its side effects is executed, whether anybody takes the future or not."""
    proxy.add("one")
    proxy.add("two")
    assert await get(proxy.songs) == ["one", "two"]


@with_a_proxy
async def test_a_method_may_be_a_coroutine(proxy, get):
    """A proxied coroutine is awaited by the actor: the future holds what it returned."""
    assert await get(proxy.add_slowly("slow")) == 1


@with_a_proxy
async def test_an_exception_in_a_call_goes_to_the_future(proxy, get):
    """If the call raises, get() raises it; on_failure() isn't called and the actor lives."""
    with pytest.raises(ValueError, match="broken"):
        await get(proxy.fail())
    assert await get(proxy.add("next")) == 1
    assert not (await get(proxy.failed))._done


@with_a_proxy
async def test_a_method_that_is_not_called_is_a_callable_proxy(proxy, get):
    """Accessing a method without calling it gives a CallableProxy."""
    assert isinstance(proxy.add, CallableProxy)
    assert proxy.add.actor_ref is proxy.actor_ref
    assert await get(proxy.add("song")) == 1


@with_a_proxy
async def test_defer_has_the_semantics_of_tell(proxy, get):
    """defer() returns nothing; an exception goes to on_failure()."""
    failed = await get(proxy.failed)
    assert proxy.add.defer("deferred", twice=True) is None
    assert await get(proxy.count) == 2
    assert proxy.fail.defer() is None
    assert str(await get(failed)) == "broken"


@with_a_proxy
async def test_a_proxy_to_itself_schedules_work_after_what_is_in_the_inbox(proxy, get):
    """Through a proxy to itself an actor schedules work, done after the current message and those in the inbox."""
    inner = await get(proxy.add_later("the song"))  # a future handed on stays a future
    assert isinstance(inner, LoopFuture)
    assert await get(inner) == 3
    assert await get(proxy.songs) == ["before the song", "queued already", "the song"]


@with_a_proxy
async def test_a_method_may_be_added_while_the_actor_runs(proxy, get):
    """Attributes are looked up anew if the proxy doesn't know them."""
    await get(proxy.learn("whistle"))
    assert await get(proxy.whistle()) == "whistle!"


# --- traversable ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["deck", "marked_deck", "attribute_deck"])
def test_a_traversable_attribute_shows_its_own_attributes(name):
    """traversable() marks an attribute or a class, as does pykka_traversable: what it has can be used by proxy."""

    async def inside(get):
        proxy = Player.start().proxy()
        nested = getattr(proxy, name)
        assert isinstance(nested, ActorProxy)
        assert await get(nested.volume) == 5
        assert await get(nested.play("a song")) == "playing a song at 5"

    for new_loop, side in SIDES.values():
        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(asyncio.wait_for(inside(side.get), BOUND))


@with_a_proxy
async def test_an_attribute_without_the_mark_is_just_a_value(proxy, get):
    """Without the mark an attribute is read, not traversed."""
    assert isinstance(await get(proxy.plain_deck), Deck)


def test_an_object_with_slots_cannot_be_marked():
    """traversable() raises ValueError for an object with slots."""

    class Slotted:
        __slots__ = ()

    with pytest.raises(ValueError, match="slots"):
        pykka.traversable(Slotted())


# --- the proxy itself ----------------------------------------------------------------------------------------------


@with_a_proxy
async def test_a_proxy_is_equal_to_another_of_the_same_actor_and_path(proxy, get):
    """A proxy can be compared and hashed; it shows actor and path, and lists the actor's attributes."""
    same = ActorProxy(actor_ref=proxy.actor_ref)
    assert proxy == same
    assert hash(proxy) == hash(same)
    assert proxy != proxy.deck
    assert repr(proxy.deck) == f"<ActorProxy for {proxy.actor_ref}, attr_path=('deck',)>"
    assert {"add", "songs", "count", "deck", "use_registry", "actor_ref"} <= set(dir(proxy))


@with_a_proxy
async def test_there_is_no_proxy_of_a_dead_actor(proxy, get):
    """Creating a proxy raises ActorDeadError if the actor is not alive; an older one still has the reference."""
    await get(proxy.stop())
    with pytest.raises(ActorDeadError, match="not found"):
        await get(proxy.songs)
    with pytest.raises(ActorDeadError, match="not found"):
        proxy.actor_ref.proxy()


@with_a_proxy
async def test_a_proxy_kept_under_a_public_name_is_left_out(proxy, get):
    """A proxy to itself is not introspected without end, but left out."""

    class Narcissus(LoopActor):
        def __init__(self):
            super().__init__()
            self.mirror = self.actor_ref.proxy()

    with pytest.raises(AttributeError, match="has no attribute 'mirror'"):
        Narcissus.start().proxy().mirror.foo()


@with_a_proxy
async def test_the_messages_of_a_proxy_may_be_sent_without_one(proxy, get):
    """ProxyCall, ProxyGetAttr and ProxySetAttr are public messages, for ask() and tell()."""
    ref = proxy.actor_ref
    assert await get(ref.ask(ProxyCall(("add",), ("song",), {"twice": True}), block=False)) == 2
    ref.tell(ProxySetAttr(("deck", "volume"), 11))
    assert await get(ref.ask(ProxyGetAttr(("deck", "volume")), block=False)) == 11
    ref.tell(ProxySetAttr(("deck", "volume"), 5))
    assert await get(ref.ask(ProxyGetAttr(("count",)), block=False)) == 2
