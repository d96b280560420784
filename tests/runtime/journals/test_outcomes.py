"""What came of a group reaches each who waits for it."""

from __future__ import annotations

import asyncio

import pytest

from actors import JournalError, StaleVersion
from runtime.journals.outcomes import hand_out


def futures(count: int) -> list[asyncio.Future]:
    return [asyncio.get_running_loop().create_future() for _ in range(count)]


async def test_each_gets_its_own():
    first, second, third = waiting = futures(3)

    hand_out(zip(waiting, ["kept", None, StaleVersion("late")], strict=True))

    assert (await first, await second) == ("kept", None)
    with pytest.raises(StaleVersion, match="late"):
        await third


async def test_what_befell_all_is_not_one_and_the_same_exception():
    """Whoever raises it adds to its traceback."""
    problem, waiting = JournalError("no disk"), futures(3)
    problem.__cause__ = OSError("it is full")

    hand_out((each, problem) for each in waiting)

    told = [each.exception() for each in waiting]
    assert [(type(each), str(each), each.__cause__) for each in told] == [
        (JournalError, "no disk", problem.__cause__)
    ] * 3
    assert len({id(each) for each in [*told, problem]}) == 4


async def test_who_stopped_waiting_holds_nobody_up():
    gone, there, failed = futures(3)
    gone.cancel()

    hand_out([(gone, "kept"), (there, "kept"), (failed, JournalError("no disk"))])
    hand_out([(there, JournalError("too late")), (failed, "too late")])

    assert gone.cancelled()
    assert await there == "kept"
    assert str(failed.exception()) == "no disk"
