"""What need not be waited for is given up by a stop, and comes to what it comes to without one."""

from __future__ import annotations

import asyncio

import pytest

from runtime.dialler import unless_stopped
from tests.actors.doubles import bounded, quiet


class Work:
    """Goes on until the test says so."""

    def __init__(self) -> None:
        self.done = asyncio.get_running_loop().create_future()
        self.given_up = False

    async def __call__(self):
        try:
            return await self.done
        except asyncio.CancelledError:
            self.given_up = True
            raise


@pytest.fixture
async def stopped():
    return asyncio.get_running_loop().create_future()


async def test_without_a_stop_it_comes_to_what_it_comes_to(stopped):
    work = Work()
    work.done.set_result("found")

    assert await bounded(unless_stopped(work(), stopped)) == "found"


async def test_what_goes_wrong_with_it_is_told(stopped):
    work = Work()
    work.done.set_exception(OSError("no line"))

    with pytest.raises(OSError, match="no line"):
        await bounded(unless_stopped(work(), stopped))


async def test_a_stop_gives_it_up(stopped):
    work = Work()
    waited = asyncio.ensure_future(unless_stopped(work(), stopped))
    await quiet()
    stopped.set_result(None)

    assert await bounded(waited) is None
    await quiet()
    assert work.given_up


async def test_who_is_cancelled_leaves_nothing_behind(stopped):
    work = Work()
    waited = asyncio.ensure_future(unless_stopped(work(), stopped))
    await quiet()
    waited.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bounded(waited)
    await quiet()

    assert work.given_up
    assert not stopped.done()
