"""Too many calls, and too much for one call: refused in the caller's words, and nobody in progress notices."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Overdue
from supervisor.bounds import WAITING
from supervisor.supervisor import WAITING_ONCE
from tests.actors.doubles import Office, bounded, hook, quiet, until
from tests.supervisor.switchboard import MENU, Switchboard, counted, sid
from tests.twiml.documents import inside
from twiml import BUSY, NOTHING, Say

OVER = {"CallStatus": "completed"}

# too many calls


async def test_beyond_so_many_calls_a_caller_hears_that_the_line_is_busy() -> None:
    board = Switchboard(max_calls=2)
    await board.post(sid=sid(1))
    assert not board.supervisor.tally.full
    await board.post(sid=sid(2))
    assert board.supervisor.tally.full
    with capture_logs() as logs:
        assert await board.post(sid=sid(3)) == BUSY
    assert [(log["event"], log["call_sid"], log["in_progress"]) for log in logs] == [("call_refused", sid(3), 2)]
    assert board.counts == counted(in_progress=2, started=2)
    assert board.supervisor.status()["refused"] == 1
    assert board.children == [sid(1), sid(2)]
    assert await board.journal.load(sid(3)) is None


async def test_calls_in_progress_are_not_touched() -> None:
    board = Switchboard(max_calls=1)
    await board.post()
    assert await board.post(sid=sid(2)) == BUSY
    assert inside(await board.post("1", step=1, Digits="1")) == "<Say>One!</Say><Say>Goodbye.</Say><Hangup/>"
    assert await board.post("recording") == NOTHING
    await board.post(**OVER)
    assert board.counts == counted(started=1, completed=1)


async def test_when_one_has_ended_another_may_begin() -> None:
    board = Switchboard(max_calls=1)
    await board.post(sid=sid(1))
    assert await board.post(sid=sid(2)) == BUSY
    await board.post(sid=sid(1), **OVER)
    assert not board.supervisor.tally.full
    assert inside(await board.post(sid=sid(2))).startswith("<Gather")
    assert await board.post(sid=sid(3)) == BUSY


async def test_what_comes_of_a_refused_call_is_a_call_nobody_knows() -> None:
    board = Switchboard(max_calls=1)
    await board.post(sid=sid(1))
    await board.post(sid=sid(2))
    assert await board.post("status", sid=sid(2), CallStatus="busy") == NOTHING
    assert board.counts == counted(in_progress=1, started=1)
    assert board.children == [sid(1)]


async def test_many_at_once_begin_no_more_than_there_may_be() -> None:
    board = Switchboard(max_calls=10)
    answers = await bounded(asyncio.gather(*(board.send(sid=sid(number)) for number in range(50))))
    assert answers.count(BUSY) == 40
    assert board.counts == counted(in_progress=10, started=10)
    assert board.supervisor.tally.refused == 40
    assert len(board.children) == 10


async def test_one_that_is_beginning_counts(office: Office) -> None:
    results: list[asyncio.Future[Any]] = []

    @office.callout
    async def slow(call: Call) -> Any:
        results.append(asyncio.get_running_loop().create_future())
        return await results[-1]

    board = Switchboard([slow], max_calls=1)
    begun = board.send(sid=sid(1))
    await until(lambda: results)
    assert board.supervisor.tally.full
    assert await board.post(sid=sid(2)) == BUSY
    results[0].set_result([Say("nine")])
    assert inside(await bounded(begun)) == "<Say>nine</Say><Hangup/>"
    assert board.counts == counted(in_progress=1, started=1)


@pytest.mark.parametrize(("what", "times"), [("commit", 1), ("commit", 2), ("commit", 9), ("load", 9)])
async def test_one_that_could_not_begin_keeps_no_place(what: str, times: int) -> None:
    board = Switchboard(max_calls=1)
    board.journal.faults[what, sid(1)] = times
    with capture_logs():
        await board.post(sid=sid(1))
    await board.post(sid=sid(1), **OVER)
    await board.linger()
    assert not board.supervisor.tally.full
    assert inside(await board.post(sid=sid(2))).startswith("<Gather")


async def test_one_that_begins_after_a_crash_is_not_in_its_own_way() -> None:
    board = Switchboard(max_calls=1)
    board.journal.faults["commit"] = 1
    with capture_logs():
        assert inside(await board.post()).startswith("<Gather")
    assert board.counts == counted(in_progress=1, started=1, restarts=1)


async def test_a_call_of_the_journal_goes_on_though_all_lines_are_busy() -> None:
    before = Switchboard()
    await before.post(sid=sid(1))
    await bounded(before.supervisor.stop())
    board = Switchboard(journal=before.journal, max_calls=1)
    await board.post(sid=sid(2))
    answer = await board.post("1", sid=sid(1), step=1, Digits="1")
    assert inside(answer) == "<Say>One!</Say><Say>Goodbye.</Say><Hangup/>"
    assert board.counts == counted(in_progress=2, started=1)
    assert await board.post(sid=sid(3)) == BUSY


async def test_without_a_limit_nobody_is_refused() -> None:
    board = Switchboard()
    await asyncio.gather(*(board.send(sid=sid(number)) for number in range(300)))
    assert not board.supervisor.tally.full
    assert board.counts == counted(in_progress=300, started=300)


# too much for one call


class Busy:
    """A call whose callout takes its time, while webhooks wait behind it."""

    def __init__(self, office: Office) -> None:
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.reached = False

        @office.callout
        async def slow(call: Call) -> Any:
            self.reached = True
            return await self.done

        self.board = Switchboard([slow, *MENU])
        self.posted = [self.board.send(token="first")]

    async def wait(self, webhooks: int) -> None:
        """Have so many webhooks wait, the first among them."""
        await until(lambda: self.reached)
        self.posted += [self.board.send("status", SequenceNumber=str(number)) for number in range(webhooks - 1)]
        await asyncio.sleep(0)

    async def finish(self) -> list[str]:
        self.done.set_result([Say("nine")])
        return await bounded(asyncio.gather(*self.posted))


@pytest.mark.parametrize(
    ("path", "step", "url"),
    [("", None, "/menu"), ("1", 1, "/menu/1?step=1"), ("2.1", None, "/menu/2.1"), ("a b&c", None, "/menu/a%20b%26c")],
)
async def test_a_caller_whom_too_many_wait_before_hears_that_it_takes_a_moment(
    office: Office, path: str, step: int | None, url: str
) -> None:
    busy = Busy(office)
    await busy.wait(WAITING)
    with capture_logs() as logs:
        answer = await busy.board.post(path, step=step, Digits="1" if path else "")
    assert inside(answer) == f'<Say>One moment, please.</Say><Pause length="2"/><Redirect>{url}</Redirect>'
    assert [(log["event"], log["waiting"]) for log in logs] == [("inbox_full", WAITING)]
    answers = await busy.finish()
    assert inside(answers[0]).startswith("<Say>nine</Say><Gather")
    assert inside(await busy.board.post("2", step=1)).startswith("<Gather")


async def test_as_many_as_may_wait_are_all_answered(office: Office) -> None:
    busy = Busy(office)
    await busy.wait(WAITING)
    answers = await busy.finish()
    assert len(answers) == WAITING
    assert len(busy.board.journal.written) == WAITING
    assert inside(await busy.board.post("2", step=1)).startswith("<Gather")


@pytest.mark.parametrize("path", ["status", "transcription"])
async def test_a_callback_that_too_many_wait_before_is_answered_with_nothing(office: Office, path: str) -> None:
    busy = Busy(office)
    await busy.wait(WAITING)
    with capture_logs() as logs:
        assert await busy.board.post(path, SequenceNumber="last") == NOTHING
    assert [log["event"] for log in logs] == ["inbox_full"]
    await busy.finish()
    assert len(busy.board.journal.written) == WAITING


@pytest.mark.parametrize("path", ["", "status", "3", "recording"])
async def test_an_end_and_a_recording_are_told_once_and_find_room(office: Office, path: str) -> None:
    busy = Busy(office)
    await busy.wait(WAITING)
    params = {"RecordingSid": "RE1"} if path == "recording" else OVER
    busy.posted.append(busy.board.send(path, **params))
    await asyncio.sleep(0)
    assert not busy.posted[-1].done()
    await busy.finish()
    assert len(busy.board.journal.written) == WAITING + 1


async def test_even_they_find_room_no_more_than_so_often(office: Office) -> None:
    busy = Busy(office)
    await busy.wait(WAITING_ONCE)
    busy.posted += [busy.board.send("recording", RecordingSid=f"RE{number}") for number in range(WAITING_ONCE + 50)]
    with capture_logs():
        await asyncio.sleep(0)
    child = busy.board.supervisor._roll.find(sid(1))
    assert child is not None
    assert child.in_hand == WAITING_ONCE
    await busy.finish()


async def test_another_call_has_room_of_its_own(office: Office) -> None:
    busy = Busy(office)
    await busy.wait(WAITING + 50)
    busy.done.set_result([])
    assert inside(await busy.board.post(sid=sid(2))).startswith("<Gather")


async def test_an_end_that_is_overdue_waits_however_many_wait_before_it(office: Office) -> None:
    busy = Busy(office)
    await busy.wait(WAITING)
    webhook = hook("status", sid=sid(1), CallStatus="")
    busy.posted.append(asyncio.ensure_future(busy.board.supervisor._tell(webhook, Overdue(webhook, "late", 1e12))))
    await asyncio.sleep(0)
    assert not busy.posted[-1].done()
    with capture_logs():
        await busy.finish()
    assert busy.board.counts == counted(started=1, failed=1)


async def test_a_call_that_is_asked_for_again_while_it_sleeps_takes_no_room_twice() -> None:
    board = Switchboard(max_calls=3, max_awake=1)
    for number in (1, 2):
        await board.post(sid=sid(number))
        await quiet()
    await board.post(sid=sid(1), token="again")
    assert not board.supervisor.tally.full
    assert "<Gather" in await board.post(sid=sid(3))
