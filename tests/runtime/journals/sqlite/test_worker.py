"""The thread that works for the loop: in groups, to the end, whatever goes wrong."""

from __future__ import annotations

import asyncio
import threading

import pytest
import structlog

from actors import JournalError, StaleVersion
from runtime.journals.sqlite.worker import Worker
from tests.runtime.journals.examples import until


class Desk:
    """A worker whose groups are written down, and that waits before each until it is let."""

    def __init__(self, *, ready: bool = True, **more) -> None:
        self.groups = []
        self.go_on = threading.Event()
        if ready:
            self.go_on.set()
        self.worker = Worker("desk", self.work, **more)

    def work(self, jobs):
        self.groups.append(list(jobs))
        assert self.go_on.wait(10)
        return [job() for job in jobs]


def raises(problem):
    def job():
        raise problem

    return job


async def test_what_comes_of_a_job_is_handed_to_who_asked():
    desk = Desk()

    assert [await desk.worker.do(lambda n=n: n * n) for n in range(3)] == [0, 1, 4]
    await desk.worker.close()


async def test_what_waits_is_done_in_one_go():
    desk = Desk(ready=False)
    first = asyncio.create_task(desk.worker.do(lambda: 0))
    await until(lambda: len(desk.groups) == 1)
    rest = [asyncio.create_task(desk.worker.do(lambda n=n: n)) for n in range(1, 10)]
    await asyncio.sleep(0)
    desk.go_on.set()

    assert await asyncio.gather(first, *rest) == list(range(10))
    assert list(map(len, desk.groups)) == [1, 9]
    await desk.worker.close()


async def test_an_outcome_may_be_an_exception_of_one_job():
    worker = Worker("desk", lambda jobs: [StaleVersion("late") if job == 1 else job for job in jobs])

    outcomes = await asyncio.gather(*map(worker.do, range(3)), return_exceptions=True)

    assert (outcomes[0], outcomes[2]) == (0, 2)
    assert str(outcomes[1]) == "late"
    assert type(outcomes[1]) is StaleVersion
    await worker.close()


async def test_what_the_work_raises_befalls_the_whole_group_each_with_its_own():
    desk = Desk(ready=False)
    waiting = [asyncio.create_task(desk.worker.do(raises(JournalError("no disk")))) for _ in range(3)]
    await asyncio.sleep(0)
    desk.go_on.set()

    outcomes = await asyncio.gather(*waiting, return_exceptions=True)

    assert [str(each) for each in outcomes] == ["no disk"] * 3
    assert len({id(each) for each in outcomes}) == 3
    assert await desk.worker.do(lambda: "goes on") == "goes on"
    await desk.worker.close()


async def test_an_error_nobody_thought_of_is_told_too():
    desk = Desk()

    with pytest.raises(JournalError, match="desk: ZeroDivisionError: oh"):
        await desk.worker.do(raises(ZeroDivisionError("oh")))
    await desk.worker.close()


async def test_when_idle_it_does_what_is_to_be_done_then_and_goes_on_after_an_error():
    done = []

    def idle():
        done.append(1)
        if len(done) == 2:
            raise ZeroDivisionError
        return 0.0 if len(done) < 2 else 60.0

    desk = Desk(idle=idle)
    with structlog.testing.capture_logs() as logs:
        await desk.worker.do(lambda: None)
        await until(lambda: len(done) == 2)
        assert await desk.worker.do(lambda: "here") == "here"
    assert [each["event"] for each in logs] == ["journal_chore_failed"]
    await desk.worker.close()


async def test_it_leaves_on_its_own_thread_once_all_is_done():
    left = []
    desk = Desk(ready=False, leave=lambda: left.append((threading.current_thread().name, len(desk.groups))))
    waiting = [asyncio.create_task(desk.worker.do(lambda: 1)) for _ in range(3)]
    await asyncio.sleep(0)
    closing = asyncio.create_task(desk.worker.close())
    await asyncio.sleep(0)
    desk.go_on.set()

    await asyncio.gather(closing, *waiting)

    [(thread, groups)] = left
    assert thread == "desk"
    assert groups >= 1
    assert not any(each.name == "desk" for each in threading.enumerate())
    with pytest.raises(JournalError, match="desk is closed"):
        await desk.worker.do(lambda: 1)


async def test_without_a_job_there_is_no_thread():
    before = threading.active_count()
    worker = Worker("desk", lambda jobs: jobs)
    assert threading.active_count() == before

    await worker.close()
    await worker.close()


async def test_a_loop_that_is_gone_holds_nothing_up():
    desk = Desk(ready=False)

    def elsewhere():
        loop = asyncio.new_event_loop()
        task = loop.create_task(desk.worker.do(lambda: 1))
        loop.run_until_complete(asyncio.sleep(0))
        task.cancel()
        loop.run_until_complete(asyncio.wait([task]))
        loop.close()

    await asyncio.to_thread(elsewhere)
    desk.go_on.set()

    assert await desk.worker.do(lambda: 2) == 2
    await desk.worker.close()
