"""The loops that actors live on in these tests, and the sides from which they are called."""

from __future__ import annotations

import asyncio
import inspect

import pytest
import uvloop
from pykka import ActorRegistry

NEW_LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
LOOPS = pytest.mark.parametrize("new_loop", NEW_LOOPS.values(), ids=NEW_LOOPS)
BOUND = 60
"""Seconds that a test has on its loop."""


class Side:
    """Calls actors on the running loop, or in plain threads, which block."""

    def __init__(self, in_thread):
        self.in_thread = in_thread

    async def call(self, function, *args, **kwargs):
        return await asyncio.to_thread(function, *args, **kwargs) if self.in_thread else function(*args, **kwargs)

    async def get(self, future):
        return await (asyncio.to_thread(future.get, timeout=30) if self.in_thread else future)

    async def ask(self, ref, message):
        return await self.get(await self.call(ref.ask, message, block=False))

    async def stop(self, ref):
        return await self.get(await self.call(ref.stop, block=False))


SIDES = {
    "asyncio": (asyncio.new_event_loop, Side(in_thread=False)),
    "uvloop": (uvloop.new_event_loop, Side(in_thread=False)),
    "thread": (asyncio.new_event_loop, Side(in_thread=True)),
}


def on_each_loop(test):
    """Run an async test on asyncio's loop and on uvloop, for a minute at most."""

    @LOOPS
    def run(request, new_loop):
        _run(test, request, new_loop)
        assert ActorRegistry.get_all() == []  # those that are left die with their loop

    run.__doc__ = test.__doc__
    return run


def from_each_side(test):
    """Run an async test from each side, for a minute at most."""

    @pytest.mark.parametrize(("new_loop", "side"), SIDES.values(), ids=SIDES)
    def run(request, new_loop, side):
        _run(test, request, new_loop, side=side)
        ActorRegistry.stop_all(timeout=30)

    run.__doc__ = test.__doc__
    return run


def _run(test, request, new_loop, **given):
    names = [name for name in inspect.signature(test).parameters if name not in given]
    fixtures = {name: request.getfixturevalue(name) for name in names}
    with asyncio.Runner(loop_factory=new_loop) as runner:
        runner.run(asyncio.wait_for(test(**given, **fixtures), BOUND))
