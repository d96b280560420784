"""Groups of steps, with a server that is only made up: who waits is always answered."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from actors import JournalError
from runtime.journals.codec import Programs, pack
from runtime.journals.postgres.groups import AT_ONCE, MOST, Groups
from tests.runtime.journals.examples import row, snapshot

PROGRAMS = Programs()


def step(call_sid: str = "CA1", version: int = 1):
    return pack(snapshot(call_sid, version), row(), (), "", PROGRAMS)


@pytest.mark.parametrize("pauses", [1, 4])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("calls", [1, 2, 3, 7, 40, 64, 100])
async def test_nobody_is_forgotten(calls, turns, pauses):
    """However a call's next step meets the end of those that write."""

    async def write(steps):
        for _ in range(turns):
            await asyncio.sleep(0)
        return [None] * len(steps)

    groups = Groups(write, "here")

    async def a_call(number: int) -> None:
        for version in range(1, 30):
            await groups.commit(step(f"CA{number}", version))
            for _ in range(number % pauses):
                await asyncio.sleep(0)

    async with asyncio.timeout(30):
        await asyncio.gather(*map(a_call, range(calls)))
    await groups.close(1.0)


async def test_what_comes_while_all_are_busy_goes_together():
    written, gate = [], asyncio.Event()

    async def write(steps):
        written.append([each.call_sid for each in steps])
        await gate.wait()
        return [None] * len(steps)

    groups = Groups(write, "here")
    tasks = []
    for n in range(AT_ONCE + MOST + 3):
        tasks.append(asyncio.create_task(groups.commit(step(f"CA{n}"))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*tasks)

    assert [len(each) for each in written] == [1] * AT_ONCE + [MOST, 3]
    assert list(itertools.chain(*written)) == [f"CA{n}" for n in range(len(tasks))]


async def test_of_one_call_a_group_has_one_step():
    written = []

    async def write(steps):
        written.append([each.version for each in steps])
        return [None] * len(steps)

    groups = Groups(write, "here")
    await asyncio.gather(*(groups.commit(step("CA1", n)) for n in range(3)), groups.commit(step("CA2", 7)))

    assert written == [[0, 7], [1], [2]]


async def test_when_the_server_fails_those_who_wait_are_told_too():
    gate = asyncio.Event()

    async def write(steps):
        await gate.wait()
        raise JournalError("gone")

    groups = Groups(write, "here")
    tasks = [asyncio.create_task(groups.commit(step(f"CA{n}"))) for n in range(5 * MOST)]
    await asyncio.sleep(0)
    gate.set()
    async with asyncio.timeout(30):
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert {(type(each), str(each)) for each in outcomes} == {(JournalError, "gone")}
    assert len({id(each) for each in outcomes}) == len(outcomes)


async def test_a_fault_of_ours_is_told_to_those_who_wait():
    async def write(steps):
        raise KeyError("oops")

    groups = Groups(write, "here")
    with pytest.raises(JournalError, match="here: KeyError: 'oops'"):
        await groups.commit(step())
    await groups.close(1.0)


async def test_what_takes_too_long_at_the_end_is_given_up():
    async def write(steps):
        await asyncio.Event().wait()

    groups = Groups(write, "here")
    committing = asyncio.create_task(groups.commit(step()))
    await asyncio.sleep(0)
    await groups.close(0.01)

    with pytest.raises(JournalError):
        await committing
    with pytest.raises(JournalError, match="here is closed"):
        await groups.commit(step())
