"""A callout's `step_id`: the same for every try of it; and what the call has gone on without is of no more use."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Row, Snapshot
from actors.errand import LEASE, RENEWAL
from runtime.journals import MemoryJournal
from tests.actors.doubles import Mover, Office, PlainJournal, SlowRenewals, bounded, counting, quiet, until
from tests.supervisor.switchboard import Slow, Switchboard, cluster, sid, ticks
from tests.twiml.documents import inside
from twiml import NOTHING, FunctionExt, Gather, GotoExt, LabelExt, ResponseExt, Say, compile


@pytest.fixture
def slow(office: Office) -> Slow:
    return Slow(office)


@pytest.fixture
def first(office: Office) -> Slow:
    return Slow(office, "first")


@pytest.fixture
def second(office: Office) -> Slow:
    return Slow(office, "second")


async def test_the_second_of_a_document_keeps_its_name_though_a_hold_came_between(first: Slow, second: Slow) -> None:
    """A commit fails once, and at the next try the first takes so long that the caller holds."""
    board = Switchboard([first.function, second.function, Say("bye")])
    answer = board.send(token="a")
    await until(lambda: first.doors)
    first.doors[0].set_result([Say("one")])
    await until(lambda: second.doors)
    board.journal.faults["commit"] = 1
    with capture_logs():
        second.doors[0].set_result([Say("two")])
        await until(lambda: len(first.doors) == 2)
    await ticks(board, 8)
    assert "One moment" in await bounded(answer)
    first.doors[1].set_result([Say("one")])
    then = board.send("1", step=1)
    await until(lambda: len(second.doors) == 2)
    second.doors[1].set_result([Say("two")])
    assert inside(await bounded(then)) == "<Say>one</Say><Say>two</Say><Say>bye</Say><Hangup/>"
    assert first.step_ids == [f"{sid(1)}:menu:1:0:0"] * 2
    assert second.step_ids == [f"{sid(1)}:menu:1:0:1"] * 2


async def test_the_second_keeps_its_name_too_if_the_first_is_done_while_the_caller_holds(
    first: Slow, second: Slow
) -> None:
    board = Switchboard([first.function, second.function, Say("bye")])
    answer = board.send()
    await until(lambda: first.doors)
    await ticks(board, 8)
    assert "One moment" in await bounded(answer)
    first.doors[0].set_result([Say("one")])
    await quiet()
    assert board.journal.written[-1][1].kind == "callout_done"
    then = board.send("1", step=1)
    await until(lambda: second.doors)
    second.doors[0].set_result([Say("two")])
    assert inside(await bounded(then)) == "<Say>one</Say><Say>two</Say><Say>bye</Say><Hangup/>"
    assert second.step_ids == [f"{sid(1)}:menu:1:0:1"]


async def test_who_comes_back_by_another_url_than_the_redirects_waits_for_the_same(first: Slow) -> None:
    """By Twilio's REST API, say: to the state, but without a step."""
    board = Switchboard([first.function, Say("bye")])
    answer = board.send()
    await until(lambda: first.doors)
    await ticks(board, 8)
    assert "One moment" in await bounded(answer)
    then = board.send("1")
    await quiet()
    first.doors[0].set_result([Say("one")])
    assert inside(await bounded(then)) == "<Say>one</Say><Say>bye</Say><Hangup/>"
    assert first.step_ids == [f"{sid(1)}:menu:1:0:0"]


@pytest.mark.parametrize("shared", [True, False], ids=["a database", "a file of SQLite's"])
@pytest.mark.parametrize("how", ["moved", "ending", "ended", "given another document"])
async def test_what_another_daemon_has_gone_on_without_ends_with_the_next_renewal(
    first: Slow, second: Slow, how: str, shared: bool
) -> None:
    """The function, and the claim: the next callout of the call waits no longer than that."""
    journal = PlainJournal(shared=shared)
    journal.alone = False
    flow = [first.function, second.function, Say("bye")]
    one, two = cluster(flow, journal=journal, settings={"redirect": Mover()})
    answer = one.send()
    await until(lambda: first.doors)
    await ticks(one, 8)
    assert "One moment" in await bounded(answer)
    then = None
    match how:
        case "moved":
            await bounded(two.supervisor.redirect(sid(1), "2"))
            then = two.send("2", step=2)
        case "ending":
            await two.post("1", step=1, CallStatus="completed")
        case "ended":
            await two.post("status", CallStatus="completed")
        case "given another document":
            assert inside(await two.post("3")) == "<Say>bye</Say><Hangup/>"
    await quiet()
    assert not first.doors[0].done()
    await ticks(two, RENEWAL + 1)
    assert first.doors[0].cancelled()
    if then is not None:
        await until(lambda: second.doors)
        second.doors[0].set_result([Say("two")])
        assert inside(await bounded(then)) == "<Say>two</Say><Say>bye</Say><Hangup/>"
    assert await one.journal.claim(sid(1), None, "another", one.clock.now(), one.clock.now())


async def test_what_is_still_waited_for_goes_on_through_renewals(first: Slow) -> None:
    """Though another daemon has written down a callback meanwhile."""
    one, two = cluster([first.function, Say("bye")])
    answer = one.send()
    await until(lambda: first.doors)
    await two.post("status", CallStatus="in-progress")
    await ticks(one, 2 * RENEWAL + 1)
    assert not first.doors[0].done()
    first.doors[0].set_result([Say("one")])
    assert inside(await bounded(answer)) == "<Say>one</Say><Say>bye</Say><Hangup/>"


@pytest.mark.parametrize("back_at", [0, 1], ids=["the same daemon", "another"])
@pytest.mark.parametrize("fails", [False, True], ids=["returns", "fails"])
async def test_what_is_done_when_another_has_had_the_caller_hold_is_done_for_all(
    first: Slow, fails: bool, back_at: int
) -> None:
    """By a copy of the same webhook, so that there is no step to commit it with."""
    boards = one, two = cluster([first.function, Say("bye")])
    answer = one.send(token="a")
    await until(lambda: first.doors)
    copy = two.send(token="a", arrived=one.clock.now() - 7)
    await ticks(two, 1)
    assert "One moment" in await bounded(copy)
    await ticks(one, 2 * RENEWAL + 1)
    assert not first.doors[0].done()
    with capture_logs():
        if fails:
            first.doors[0].set_exception(ValueError("no"))
        else:
            first.doors[0].set_result([Say("one")])
        assert "One moment" in await bounded(answer)
        await quiet()
        said = inside(await boards[back_at].post("1", step=1))
    assert ("We are sorry" if fails else "<Say>one</Say><Say>bye</Say>") in said
    assert len(first.doors) == 1
    assert await one.journal.claim(sid(1), None, "another", one.clock.now(), one.clock.now())


async def test_what_is_done_when_the_call_has_ended_is_taken_by_no_step(first: Slow) -> None:
    """Somebody waits for it at one daemon, while another hears of the end."""
    one, two = cluster([first.function, Say("bye")])
    answer = one.send()
    await until(lambda: first.doors)
    await ticks(one, 8)
    assert "One moment" in await bounded(answer)
    answer = one.send("1", step=1)
    await quiet()
    await two.post("status", CallStatus="completed")
    first.doors[0].set_result([Say("one")])
    assert await bounded(answer) == NOTHING
    await quiet()
    kinds = [row.kind for _, row in one.journal.written]
    assert kinds == ["start_call", "call_complete", "goto_state"]
    assert await one.journal.claim(sid(1), None, "another", one.clock.now(), one.clock.now())


async def test_whoever_waits_for_what_was_overtaken_is_given_the_document_there_is(first: Slow) -> None:
    """And nothing failed."""
    menu = Gather(after_ext=[ResponseExt("1", "slow", [first.function]), ResponseExt("2", "two", [Say("two")])])
    one, two = cluster([menu, Say("bye")])
    await one.post()
    answer = one.send("1", step=1, Digits="1")
    await until(lambda: first.doors)
    taken = await two.post("1", step=1, Digits="2")
    with capture_logs() as logs:
        await ticks(one, RENEWAL + 1)
        assert await bounded(answer) == taken
    assert [log["event"] for log in logs] == []


async def test_what_a_call_was_moved_to_is_not_what_it_was_moved_away_from(first: Slow, second: Slow) -> None:
    """The callout that it comes to has a name of its own, and runs."""
    board = Switchboard([first.function, second.function, Say("bye")], settings={"redirect": Mover()})
    answer = board.send()
    await until(lambda: first.doors)
    await ticks(board, 8)
    assert "One moment" in await bounded(answer)
    await bounded(board.supervisor.redirect(sid(1), "2"))
    then = board.send("2", step=2)
    await until(lambda: second.doors)
    assert first.doors[0].cancelled()
    second.doors[0].set_result([Say("two")])
    assert inside(await bounded(then)) == "<Say>two</Say><Say>bye</Say><Hangup/>"
    assert second.step_ids == [f"{sid(1)}:menu:2:2:0"]


async def test_nor_is_it_run_again_though_a_copy_of_the_webhook_had_the_caller_hold(first: Slow, second: Slow) -> None:
    """One daemon runs the second while the other, which waits for the first, answers that it takes a moment."""
    one, two = cluster([first.function, second.function, Say("bye")])
    answer = one.send(token="a")
    await until(lambda: first.doors)
    first.doors[0].set_result([Say("one")])
    await until(lambda: second.doors)
    copy = two.send(token="a", arrived=one.clock.now() - 1)
    await ticks(two, 7)
    assert "One moment" in await bounded(copy)
    second.doors[0].set_result([Say("two")])
    assert "One moment" in await bounded(answer)
    assert inside(await one.post("1", step=1)) == "<Say>one</Say><Say>two</Say><Say>bye</Say><Hangup/>"
    assert (len(first.doors), len(second.doors)) == (1, 1)


async def test_what_came_of_two_is_kept_though_the_webhook_that_ran_both_was_overtaken(
    first: Slow, second: Slow
) -> None:
    """It gets the document of another daemon, which has the caller hold for the first."""
    one, two = cluster([first.function, second.function, Say("bye")])
    answer = one.send()
    await until(lambda: first.doors)
    await ticks(one, 8)
    assert "One moment" in await bounded(answer)
    answer = one.send("1", step=1, token="a")
    await quiet()
    other = two.send("1", step=1, token="b", arrived=one.clock.now() - 7)
    await quiet()
    first.doors[0].set_result([Say("one")])
    await until(lambda: second.doors)
    await ticks(two, 1)
    assert inside(await bounded(other)).endswith("<Redirect>/menu/1?step=2</Redirect>")
    second.doors[0].set_result([Say("two")])
    assert inside(await bounded(answer)).endswith("<Redirect>/menu/1?step=2</Redirect>")
    await quiet()
    assert one.journal.written[-1][1].kind == "callout_done"
    assert inside(await one.post("1", step=2)) == "<Say>one</Say><Say>two</Say><Say>bye</Say><Hangup/>"
    assert (len(first.doors), len(second.doors)) == (1, 1)


@pytest.mark.parametrize("where", ["at a state", "at another recipe"])
async def test_one_that_was_sent_on_while_a_key_was_on_its_way_has_its_function_run_once(
    first: Slow, where: str
) -> None:
    """By Twilio's REST API, to a URL without a step: it is what it is, however far the call has come meanwhile."""
    flow = [Gather(after_ext=[ResponseExt("1", "one", [Say("One")])]), first.function, Say("bye")]
    programs = {"menu": compile(flow), "other": compile([first.function, Say("bye")])}
    one, two = cluster(flow, settings={"programs": programs.get})
    await one.post()
    sent_on = one.send(**{"path": "2"} if where == "at a state" else {"recipe": "other"}, token="a")
    await until(lambda: first.doors)
    await two.post("1", step=1, Digits="7", token="b")
    first.doors[0].set_result([Say("ran")])
    assert inside(await bounded(sent_on)) == "<Say>ran</Say><Say>bye</Say><Hangup/>"
    assert len(first.doors) == 1


async def test_a_caller_who_holds_and_is_sent_over_has_the_other_recipes_function_run(
    first: Slow, second: Slow
) -> None:
    """Though both callouts stand at the same rank."""
    programs = {name: compile([slow.function, Say("bye")]) for name, slow in (("menu", first), ("other", second))}
    board = Switchboard(settings={"programs": programs.get})
    answer = board.send()
    await until(lambda: first.doors)
    await ticks(board, 8)
    assert "One moment" in await bounded(answer)
    sent_over = board.send(recipe="other")
    await until(lambda: second.doors)
    assert first.doors[0].cancelled()
    second.doors[0].set_result([Say("two")])
    assert inside(await bounded(sent_over)) == "<Say>two</Say><Say>bye</Say><Hangup/>"
    assert second.step_ids == [f"{sid(1)}:other:1:1:0"]


async def test_a_reason_that_json_cannot_hold_is_told_all_the_same(first: Slow) -> None:
    """As a file's name in Latin-1 is, that Python has read as UTF-8."""
    board = Switchboard([first.function, Say("bye")])
    answer = board.send()
    await until(lambda: first.doors)
    await ticks(board, 8)
    await bounded(answer)
    with capture_logs() as logs:
        first.doors[0].set_exception(ValueError("no file caf\udce9.wav" + "!" * 2000))
        await quiet()
        assert "We are sorry" in await board.post("1", step=1)
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["callout_failed", "call_failed"]
    failure = board.journal.written[1][0].failure
    assert failure.startswith(r"office_of_this_test:first raised ValueError: no file caf\udce9.wav!")
    assert len(failure.encode()) < 1_010
    assert len(first.doors) == 1


async def test_a_failure_is_committed_once_however_often_the_caller_has_held(first: Slow) -> None:
    board = Switchboard([first.function, Say("bye")])
    answer = board.send()
    await until(lambda: first.doors)
    for step in range(1, 5):
        await ticks(board, 8)
        assert "One moment" in await bounded(answer)
        answer = board.send("1", step=step) if step < 4 else answer
    with capture_logs() as logs:
        first.doors[0].set_exception(ValueError("no"))
        await quiet()
    assert [row.kind for _, row in board.journal.written].count("callout_failed") == 1
    assert [log["event"] for log in logs] == ["callout_failed"]


class SlowAnswers(PlainJournal):
    """A step that ends a claim is written at once; that it is, its daemon hears when the test says so."""

    def __init__(self) -> None:
        super().__init__(shared=True)
        self.written_down: asyncio.Future[None] | None = None

    async def commit(self, snapshot: Snapshot, row: Row, letters: Any = (), *, claimant: str = "") -> None:
        """Write a step."""
        await super().commit(snapshot, row, letters, claimant=claimant)
        if claimant and self.written_down is None:
            self.written_down = asyncio.get_running_loop().create_future()
            await self.written_down


async def test_a_claim_does_not_end_before_what_the_call_has_gone_on_without(first: Slow, second: Slow) -> None:
    inner = Gather(after_ext=[ResponseExt("1", "second", [second.function])])
    outer = Gather(after_ext=[ResponseExt("1", "first", [first.function]), ResponseExt("2", "inner", [inner])])
    journal = SlowAnswers()
    one, two = cluster([outer, Say("bye")], journal=journal)
    await one.post()
    answer = one.send("1", step=1, Digits="1")
    await until(lambda: first.doors)
    await two.post("1", step=1, Digits="2")
    one.clock.turn(8)
    other = two.send("1.3.1", step=2, Digits="1")
    await until(lambda: second.doors)
    assert first.doors[0].cancelled()
    assert journal.written_down is not None
    journal.written_down.set_result(None)
    second.doors[0].set_result([Say("two")])
    assert inside(await bounded(answer)).startswith("<Gather")
    assert inside(await bounded(other)).startswith("<Say>two</Say>")


@pytest.mark.parametrize("back_at", [0, 1], ids=["the same daemon", "another"])
async def test_of_a_function_that_was_found_gone_while_the_caller_held_there_is_a_dead_letter(
    office: Office, back_at: int
) -> None:
    """Whichever daemon the caller comes back to."""
    gone = FunctionExt("gone", module=office.__name__, fn="gone")
    boards = cluster([gone, Say("bye")])
    gate = asyncio.get_running_loop().create_future()
    run = boards[0].callouts.run

    async def late(*args: Any) -> Any:
        await gate
        return await run(*args)

    boards[0].callouts.run = late  # type: ignore[method-assign]
    answer = boards[0].send()
    await ticks(boards[0], 8)
    assert "One moment" in await bounded(answer)
    with capture_logs():
        gate.set_result(None)
        await quiet()
        await boards[0].post("status", CallStatus="in-progress")
        answer = boards[back_at].send("1", step=1)
        await ticks(boards[0], LEASE + 1)
        assert "We are sorry" in await bounded(answer)
    [letter] = await boards[0].journal.dead_letters(9)
    assert letter.subscription.function == "gone"
    assert "callout_failed" not in [row.kind for _, row in boards[0].journal.written]


async def test_the_claim_of_an_actor_outlives_what_one_that_crashed_had_on_its_way(first: Slow) -> None:
    """It was renewing the claim when the step could not be written; the next actor of the call has the same."""
    journal = SlowRenewals()
    board = Switchboard([first.function, Say("bye")], journal=journal)
    answer = board.send()
    await until(lambda: first.doors)
    board.clock.turn(RENEWAL)
    await until(lambda: journal.renewing is not None)
    journal.faults["commit"] = 1
    with capture_logs():
        first.doors[0].set_result([])
        await quiet()
    assert len(first.doors) == 1  # the next waits for the renewal
    assert journal.renewing is not None
    journal.renewing.set_result(None)
    await until(lambda: len(first.doors) == 2)
    await quiet()
    now = board.clock.now()
    assert not await MemoryJournal.claim(journal, sid(1), None, "another", now, now + LEASE)
    first.doors[1].set_result([])
    assert inside(await bounded(answer)) == "<Say>bye</Say><Hangup/>"


async def test_a_failure_is_forgotten_with_the_callout_that_it_was_of(office: Office, slow: Slow) -> None:
    """The caller has gone elsewhere meanwhile, and comes to the same callout later."""
    menu = Gather(after_ext=[ResponseExt("1", "one", [slow.function]), ResponseExt("2", "two", [Say("two")])])
    one, two = cluster([LabelExt("menu"), menu, GotoExt("menu")])
    await one.post()
    first = one.send("1", step=1, Digits="1")
    await until(lambda: slow.doors)
    with capture_logs():
        await ticks(one, 8)
        await bounded(first)
        slow.doors[0].set_exception(ValueError("no"))
        await quiet()
    assert inside(await two.post("1.3.1")).startswith("<Say>two</Say>")
    assert one.journal.written[-1][0].failure == ""
    await two.post("1", step=3)
    second = two.send("1", step=4, Digits="1")
    await until(lambda: len(slow.doors) == 2)
    slow.doors[1].set_result([Say("nine")])
    assert inside(await bounded(second)).startswith("<Say>nine</Say>")
    assert slow.step_ids == [f"{sid(1)}:menu:1.2.1:1:0", f"{sid(1)}:menu:1.2.1:4:0"]


async def gone_on_without(slow: Slow, office: Office) -> tuple[list[Switchboard], asyncio.Task[str], list[str]]:
    """While one daemon runs a function for a key, another takes a key that leads elsewhere.

    Gives the daemons, the answer to the first key, and where the steps come to in which the function of a third ran.
    """
    hours, ran = counting(office)
    inner = Gather(after_ext=[ResponseExt("1", "one", [hours])])
    outer = Gather(after_ext=[ResponseExt("1", "slow", [slow.function]), ResponseExt("2", "inner", [inner])])
    one, two = cluster([outer, Say("bye")])
    await one.post()
    first = one.send("1", step=1, Digits="1")
    await until(lambda: slow.doors)
    await two.post("1", step=1, Digits="2")
    return [one, two], first, ran


async def test_two_callouts_of_which_one_was_for_nothing_have_not_one_name(office: Office, slow: Slow) -> None:
    (_, two), first, ran = await gone_on_without(slow, office)
    slow.doors[0].set_result([Say("too late")])
    assert inside(await bounded(first)).startswith("<Gather")
    assert inside(await two.post("1.3.1", step=2, Digits="1")).startswith("<Say>nine</Say>")
    assert (slow.step_ids, ran) == ([f"{sid(1)}:menu:1.2.1:1:0"], [f"{sid(1)}:menu:1.3.1.2.1:2:0"])


async def test_what_the_call_has_gone_on_without_holds_nobody_up(office: Office, slow: Slow) -> None:
    """The claim of the call ends with the answer to the key that came second."""
    (one, two), first, ran = await gone_on_without(slow, office)
    one.clock.turn(8)
    assert inside(await bounded(first)).startswith("<Gather")
    assert slow.doors[0].cancelled()
    assert inside(await bounded(two.send("1.3.1", step=2, Digits="1"))).startswith("<Say>nine</Say>")
    assert len(ran) == 1
