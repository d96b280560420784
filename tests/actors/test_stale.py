"""What is handled anew because another daemon was quicker: as often as it takes, and no more than ten times."""

from __future__ import annotations

import pytest

from actors import StaleVersion
from actors.stale import TRIES, until_fresh


class Overtaken:
    """Something to be done, whose step is stale so many times; what came of it is how often it was done."""

    def __init__(self, times: int, problem: type[Exception] = StaleVersion) -> None:
        self.times = times
        self.problem = problem
        self.done = 0
        self.forgotten: list[int] = []
        """How often it had been done each time that everything was forgotten."""

    async def handle(self) -> int:
        self.done += 1
        if self.done <= self.times:
            raise self.problem("another was first")
        return self.done

    def forget(self) -> None:
        self.forgotten.append(self.done)


@pytest.mark.parametrize("times", [0, 1, TRIES - 1])
async def test_what_is_stale_is_forgotten_and_handled_anew(times: int) -> None:
    work = Overtaken(times)
    assert await until_fresh(work.handle, work.forget) == times + 1
    assert work.forgotten == list(range(1, times + 1))


async def test_what_is_stale_time_and_again_is_given_up() -> None:
    work = Overtaken(TRIES)
    with pytest.raises(StaleVersion):
        await until_fresh(work.handle, work.forget)
    assert work.done == TRIES


async def test_whatever_else_goes_wrong_is_not_tried_again() -> None:
    work = Overtaken(1, ValueError)
    with pytest.raises(ValueError, match="another was first"):
        await until_fresh(work.handle, work.forget)
    assert (work.done, work.forgotten) == (1, [])
