"""One conversation by text: answered once, one message at a time, whatever its function does."""

from __future__ import annotations

import asyncio
import doctest
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

import actors.conversation
from actors import Callouts, Text, Webhook, key_of
from actors.conversation import BUSY, STATUS, WAITED, same_message
from actors.errand import LEASE, LOOK, RENEWAL
from actors.journal import KEPT_ROWS
from actors.stale import TRIES
from runtime.journals import MemoryJournal
from supervisor import Unanswered
from supervisor.bounds import LATE, WAITING
from tests.actors.doubles import Gate, ManualClock, Office, SlowRenewals, bounded, quiet, until
from tests.actors.texting import ME, START, YOU, Desk, Doors, status, text
from tests.twiml.documents import inside
from twiml import NOTHING, Message, Redirect

PATIENCE = 8.0


@pytest.fixture
def desk(office: Office) -> Desk:
    return Desk(office)


@pytest.fixture
def doors(office: Office) -> Doors:
    return Doors(office)


@pytest.fixture
def counted(office: Office) -> list[str]:
    """A `reply` that counts; the Sids of the messages that it was called for."""
    ran: list[str] = []

    @office.employ
    def reply(message: Text) -> str:
        ran.append(message.sid)
        message.data["texts"] = message.data.get("texts", 0) + 1
        return f"{message.body} {message.data['texts']}"

    return ran


def said(document: str) -> str:
    """The text of the one message in a document."""
    return inside(document).removeprefix("<Message>").removesuffix("</Message>")


async def pass_by(clock: ManualClock, seconds: float) -> None:
    """Let time pass, from one look at a claim to the next."""
    for _ in range(round(seconds / LOOK) + 1):
        await quiet()
        clock.turn(LOOK)


def test_the_examples_in_the_documentation_run() -> None:
    assert doctest.testmod(actors.conversation).failed == 0


# what a conversation is


def test_a_conversation_is_of_an_account_and_two_numbers() -> None:
    others = [text(AccountSid="AC2"), text(From="+441314960124"), text(To=ME, From=YOU), text(From="whatsapp:" + ME)]
    assert len({key_of(each) for each in [text(), *others]}) == 5
    assert key_of(text(number=2, path="more")) == key_of(text()) == key_of(status())


def test_its_name_is_no_calls_and_tells_no_number() -> None:
    key = key_of(text())
    assert not key.startswith("CA")
    assert ME.lstrip("+") not in key


async def test_it_remembers_what_its_function_leaves(desk: Desk, counted: list[str]) -> None:
    answers = [said(await desk.post(text("hi", number))) for number in (1, 2, 3)]
    assert answers == ["hi 1", "hi 2", "hi 3"]
    assert desk.conversations.counts == {"conversations": 1, "answered": 3, "failed": 0}


async def test_another_pair_has_another_memory(desk: Desk, counted: list[str]) -> None:
    await desk.post(text("hi", 1))
    assert said(await desk.post(text("hi", 2, From="+441314960124"))) == "hi 1"
    assert desk.conversations.counts["conversations"] == 2


async def test_it_is_awake_only_while_it_has_something_in_hand(desk: Desk, doors: Doors) -> None:
    sent = desk.send(text("hi"))
    await until(lambda: doors.doors)
    assert len(desk.conversations) == 1
    doors.open("hi")
    await bounded(sent)
    await desk.done()
    assert len(desk.conversations) == 0


async def test_it_is_written_down_as_what_it_is(desk: Desk, counted: list[str]) -> None:
    """No call in progress, nothing that falls due, and pruned as a call that is over."""
    await desk.post(text("hi", 1))
    await desk.post(text("ho", 2, at=START + 5))
    snapshot, row = desk.journal.written[-1]
    assert (snapshot.status, snapshot.due, snapshot.version, snapshot.started) == (STATUS, None, 2, START)
    assert snapshot.initial_params == {"AccountSid": "AC1", "From": ME, "To": YOU}
    assert (row.kind, row.at, row.params["Body"], row.moved) == ("message", START + 5, "ho", True)
    assert await desk.journal.in_progress("", 10) == []
    assert await desk.journal.overdue(math.inf, 10) == []


async def test_a_coroutine_replies_too(desk: Desk, office: Office) -> None:
    @office.employ
    async def reply(message: Text) -> list[Any]:
        await asyncio.sleep(0)
        return [Message("one"), Redirect("/other")]

    assert inside(await desk.post(text())) == "<Message>one</Message><Redirect>/other</Redirect>"


async def test_a_function_may_have_nothing_to_say(desk: Desk, office: Office) -> None:
    @office.employ
    def reply(message: Text) -> None:
        message.data["heard"] = message.body

    assert await desk.post(text("hi")) == NOTHING
    assert desk.journal.written[-1][0].data == {"heard": "hi"}
    assert desk.conversations.counts["answered"] == 1


async def test_a_function_sees_what_was_said_before_and_the_settings(office: Office) -> None:
    seen: list[Any] = []

    @office.employ
    def reply(message: Text) -> str:
        seen.append(([each.body for each in message.history], message.settings["hours"]))
        return f"re {message.body}"

    desk = Desk(office, recipe_settings={"hours": "9-5"})
    for number in (1, 2):
        await desk.post(text(f"m{number}", number))
    assert seen == [([], "9-5"), (["m1", "re m1"], "9-5")]


# the same message again


async def test_the_same_message_gets_the_same_bytes_and_runs_nothing_again(desk: Desk, counted: list[str]) -> None:
    first = await desk.post(text("hi"))
    assert {await desk.post(text("hi")) for _ in range(3)} == {first}
    assert len(counted) == len(desk.journal.written) == 1
    assert desk.conversations.counts["answered"] == 1


async def test_copies_at_the_same_time_run_a_function_once(desk: Desk, doors: Doors) -> None:
    copies = [desk.send(text("hi")) for _ in range(5)]
    doors.open("hi", "yes")
    assert len(set(await bounded(asyncio.gather(*copies)))) == 1
    assert doors.log == ["in hi", "out hi"]


async def test_a_message_is_known_again_after_others(desk: Desk, counted: list[str]) -> None:
    first = await desk.post(text("hi", 1))
    for number in range(2, 12):
        await desk.post(text("ho", number))
        await desk.post(status("sent", number))
    assert await desk.post(text("hi", 1)) == first


async def test_a_fallback_request_of_a_message_is_the_same_message(desk: Desk, counted: list[str]) -> None:
    first = await desk.post(text("hi"))
    fallen_back = text("hi", ErrorCode="11200", ErrorUrl="https://example.com/shop")
    assert await desk.post(fallen_back) == first
    assert len(counted) == 1


async def test_a_message_that_was_redirected_to_the_recipe_is_handled_there(desk: Desk, counted: list[str]) -> None:
    answers = [await desk.post(each) for each in (text("hi"), text("hi", path="more"), text("hi", page="2"))]
    assert [said(each) for each in answers] == ["hi 1", "hi 2", "hi 3"]


@pytest.mark.parametrize("name", ["MessageSid", "SmsSid", "SmsMessageSid"])
def test_a_message_is_known_by_any_of_its_names(name: str) -> None:
    sid = text().params["MessageSid"]
    alone = Webhook({name: sid, "From": ME, "To": YOU, "AccountSid": "AC1"}, "shop")
    assert alone.of_a_message
    assert same_message(alone) == same_message(text())


# one at a time


async def test_messages_of_a_pair_are_handled_one_at_a_time_in_order(desk: Desk, doors: Doors) -> None:
    bodies = ["a", "b", "c"]
    sent = [desk.send(text(body, number)) for number, body in enumerate(bodies)]
    for body in reversed(bodies):
        doors.open(body, body)
    answers = await bounded(asyncio.gather(*sent))
    assert [said(each) for each in answers] == bodies
    assert doors.log == ["in a", "out a", "in b", "out b", "in c", "out c"]


async def test_other_pairs_do_not_wait(desk: Desk, doors: Doors) -> None:
    slow = desk.send(text("slow", 1))
    doors.open("quick", "done")
    assert said(await desk.post(text("quick", 2, From="+441314960124"))) == "done"
    assert not slow.done()
    doors.open("slow", "done")
    await bounded(slow)


async def test_more_messages_than_may_wait_are_refused(desk: Desk, doors: Doors) -> None:
    sent = [desk.send(text(str(number), number)) for number in range(WAITING)]
    await quiet()
    with capture_logs() as logged, pytest.raises(Unanswered):
        await desk.post(text("too many", 999))
    assert [each["event"] for each in logged] == ["inbox_full"]
    for number in range(WAITING):
        doors.open(str(number))
    await bounded(asyncio.gather(*sent))
    assert desk.conversations.counts["failed"] == 1
    assert "in too many" not in doors.log


# functions that go wrong


WRONG: dict[str, Any] = {
    "office_of_this_test:reply raised KeyError: 'x'": lambda _: {}["x"],
    "reply returned int; a reply returns": lambda _: 7,
    "1 str: can't stand in the answer to a message": lambda _: ["hello"],
    "must have 1 to 1600 characters": lambda _: "x" * 1601,
    "left in message.data what JSON can't hold": lambda message: message.data.update(it=object()),
    "bytes in message.data; it may take": lambda message: message.data.update(it="x" * 70_000),
}


@pytest.mark.parametrize("why", WRONG)
async def test_one_that_goes_wrong_costs_that_answer_and_no_more(desk: Desk, office: Office, why: str) -> None:
    @office.employ
    def reply(message: Text) -> Any:
        message.data["texts"] = message.data.get("texts", 0) + 1
        return WRONG[why](message) if message.body == "wrong" else str(message.data["texts"])

    await desk.post(text("fine", 1))
    with capture_logs() as logged:
        assert await desk.post(text("wrong", 2)) == NOTHING
    assert said(await desk.post(text("fine", 3))) == "2"
    [failed] = [each for each in logged if each["log_level"] == "error"]
    assert (failed["event"], failed["message_sid"], failed["recipe"]) == ("reply_failed", "SM" + "2".zfill(32), "shop")
    assert why in failed["reason"]
    assert desk.reasons == [("SM" + "2".zfill(32), failed["reason"])]
    assert desk.conversations.counts == {"conversations": 1, "answered": 2, "failed": 1}


async def test_one_that_went_wrong_is_not_run_again_for_the_same_message(desk: Desk, office: Office) -> None:
    ran = []

    @office.employ
    def reply(message: Text) -> None:
        ran.append(message.sid)
        raise ValueError

    with capture_logs():
        assert [await desk.post(text()) for _ in range(2)] == [NOTHING, NOTHING]
    assert len(ran) == 1
    assert [row.moved for _, row in desk.journal.written] == [False]
    assert desk.conversations.counts["failed"] == 1


async def test_a_recipe_whose_reply_has_gone_answers_nothing(desk: Desk, office: Office) -> None:
    webhook = text()
    with capture_logs():
        elsewhere = Webhook(webhook.params, "gone", arrived=START)
        assert await desk.post(elsewhere) == NOTHING
    assert desk.reasons == [(webhook.message, "recipe gone has no reply any more")]


# functions that are late


async def test_one_that_is_late_costs_the_answer_which_is_committed_first(desk: Desk, doors: Doors) -> None:
    sent = desk.send(text("slow"))
    await until(lambda: doors.doors)
    with capture_logs() as logged:
        desk.clock.turn(PATIENCE)
        assert await bounded(sent) == NOTHING
    assert desk.kinds == ["message"]
    assert desk.reasons == [(text().message, "office_of_this_test:reply was not done 8 s after its message came")]
    assert [each["event"] for each in logged] == ["reply_failed"]
    doors.open("slow")
    await desk.done()


async def test_what_a_late_one_answers_is_told_of_and_what_it_left_is_kept(desk: Desk, doors: Doors) -> None:
    sent = desk.send(text("slow"))
    await until(lambda: doors.doors)
    with capture_logs() as logged:
        desk.clock.turn(PATIENCE)
        await bounded(sent)
        desk.clock.turn(2)
        doors.open("slow", [Message("one"), Message("two")])
        await desk.done()
    late = logged[-1]
    assert (late["event"], late["message_sid"], late["seconds"], late["unsent"]) == (
        "late_reply",
        text().message,
        10,
        2,
    )
    assert desk.kinds == ["message", "late_reply"]
    assert desk.journal.written[-1][0].data == {"read": ["slow"]}
    assert await desk.post(text("slow")) == NOTHING
    assert doors.log == ["in slow", "out slow"]


async def test_the_message_behind_a_late_one_waits_for_it_and_sees_what_it_left(desk: Desk, doors: Doors) -> None:
    with capture_logs():
        slow = desk.send(text("slow", 1))
        await until(lambda: doors.doors)
        desk.clock.turn(PATIENCE)
        await bounded(slow)
        quick = desk.send(text("quick", 2, at=desk.clock.now()))
        await quiet()
        assert doors.log == ["in slow"]
        doors.open("slow")
        doors.open("quick", "done")
        assert said(await bounded(quick)) == "done"
    assert doors.log == ["in slow", "out slow", "in quick", "out quick"]
    assert desk.journal.written[-1][0].data == {"read": ["slow", "quick"]}


async def test_one_behind_a_late_one_has_its_own_time_as_long_as_twilio_waits(desk: Desk, doors: Doors) -> None:
    """It came a second after the other, and has its turn after nine."""
    with capture_logs():
        sent = [desk.send(text("slow", 1))]
        await until(lambda: doors.doors)
        desk.clock.turn(1)
        sent += [desk.send(text(body, number, at=START + 1)) for number, body in enumerate(["quick", "slower"], 2)]
        desk.clock.turn(PATIENCE)
        doors.open("slow")
        await until(lambda: "in quick" in doors.log)
        doors.open("quick", "done")
        assert said(await bounded(sent[1])) == "done"
        await until(lambda: "in slower" in doors.log)
        desk.clock.turn(WAITED - PATIENCE - 0.1)
        await quiet()
        assert not sent[2].done()
        desk.clock.turn(0.1)
        assert await bounded(asyncio.gather(*sent)) == [NOTHING, sent[1].result(), NOTHING]
    assert [reason for _, reason in desk.reasons] == [
        f"office_of_this_test:reply was not done {seconds} s after its message came" for seconds in (9, 14)
    ]
    doors.open("slower")
    await desk.done()
    assert desk.journal.written[-1][0].data == {"read": ["slow", "quick", "slower"]}


async def test_one_for_which_twilio_waits_no_more_is_run_all_the_same(desk: Desk, doors: Doors) -> None:
    doors.open("quick", "done")
    with capture_logs() as logged:
        slow = desk.send(text("slow", 1))
        await until(lambda: "in slow" in doors.log)
        quick = desk.send(text("quick", 2))
        desk.clock.turn(WAITED)
        await quiet()
        doors.open("slow")
        assert await bounded(asyncio.gather(slow, quick)) == [NOTHING, NOTHING]
        await desk.done()
    assert (logged[-1]["event"], logged[-1]["unsent"]) == ("late_reply", 1)
    assert desk.journal.written[-1][0].data == {"read": ["slow", "quick"]}
    assert doors.log == ["in slow", "out slow", "in quick", "out quick"]


async def test_each_of_many_slow_ones_is_run_one_at_a_time(desk: Desk, doors: Doors) -> None:
    with capture_logs():
        sent = [desk.send(text(body, number)) for number, body in enumerate("abc")]
        await until(lambda: doors.doors)
        for body in "abc":
            desk.clock.turn(PATIENCE)
            await quiet()
            doors.open(body, body)
            await quiet()
        assert await bounded(asyncio.gather(*sent)) == [NOTHING] * 3
        await desk.done()
    assert doors.log == [f"{where} {body}" for body in "abc" for where in ("in", "out")]
    assert desk.journal.written[-1][0].data == {"read": ["a", "b", "c"]}
    assert desk.conversations.counts["failed"] == 3


async def test_a_late_one_that_fails_is_told_of(desk: Desk, doors: Doors) -> None:
    with capture_logs() as logged:
        sent = desk.send(text("slow"))
        await until(lambda: doors.doors)
        desk.clock.turn(PATIENCE)
        await bounded(sent)
        doors.doors["slow"].set_exception(ValueError("no"))
        await desk.done()
    assert logged[-1]["event"] == "late_reply_failed"
    assert "ValueError: no" in logged[-1]["reason"]
    assert desk.kinds == ["message"]


async def test_one_that_hangs_is_given_up(desk: Desk, doors: Doors) -> None:
    with capture_logs() as logged:
        sent = desk.send(text("hangs", 1))
        await until(lambda: doors.doors)
        for _ in range(60):
            desk.clock.turn(1)
            await quiet()
        await bounded(sent)
        await desk.done()
    assert logged[-1]["reason"] == "office_of_this_test:reply took more than 60 s"
    assert doors.log == ["in hangs", "out hangs"]
    doors.open("next", "done")
    assert said(await desk.post(text("next", 2, at=desk.clock.now()))) == "done"


async def test_a_thread_that_is_late_is_waited_for_too(desk: Desk, office: Office, gate: Gate) -> None:
    ran = []

    @office.employ
    def reply(message: Text) -> str:
        ran.append(message.body)
        if message.body == "slow":
            gate.wait()
        return "done"

    with capture_logs():
        slow = desk.send(text("slow", 1))
        await until(lambda: gate.reached)
        desk.clock.turn(PATIENCE)
        assert await bounded(slow) == NOTHING
        quick = desk.send(text("quick", 2, at=desk.clock.now()))
        await quiet()
        assert ran == ["slow"]
        gate.open()
        assert said(await bounded(quick)) == "done"


# a daemon that stops


async def test_one_under_way_when_its_daemon_stops_is_refused_and_run_by_the_next(desk: Desk, doors: Doors) -> None:
    sent = desk.send(text("slow"))
    await until(lambda: doors.doors)
    with capture_logs() as logged:
        await bounded(desk.conversations.stop())
        with pytest.raises(Unanswered, match="this daemon stops"):
            await bounded(sent)
    assert [(each["event"], each["message_sid"]) for each in logged] == [("message_refused", text().message)]
    assert desk.journal.written == []
    assert [sid for sid, _ in desk.reasons] == [text().message]
    assert (len(desk.conversations), desk.conversations.counts["failed"]) == (0, 1)

    following = desk.after()
    doors.doors.clear()
    doors.open("slow", "done")
    again = following.send(text("slow", at=desk.clock.now()))
    await pass_by(desk.clock, LEASE)
    assert said(await bounded(again)) == "done"
    assert doors.log == ["in slow", "out slow"] * 2


async def test_those_behind_it_are_refused_unbegun(desk: Desk, doors: Doors) -> None:
    with capture_logs():
        slow = desk.send(text("slow", 1))
        await until(lambda: doors.doors)
        behind = [desk.send(text("quick", number)) for number in (2, 3)]
        doors.open("quick", "done")
        await bounded(desk.conversations.stop())
        answers = await bounded(asyncio.gather(slow, *behind, return_exceptions=True))
    assert [type(each) for each in answers] == [Unanswered] * 3
    assert doors.log == ["in slow", "out slow"]
    assert desk.journal.written == []


async def test_a_late_one_is_cut_off_when_its_daemon_stops_and_told_of(desk: Desk, doors: Doors) -> None:
    """Its message was answered already; the one behind it was not."""
    with capture_logs() as logged:
        slow = desk.send(text("slow", 1))
        await until(lambda: doors.doors)
        desk.clock.turn(PATIENCE)
        assert await bounded(slow) == NOTHING
        quick = desk.send(text("quick", 2, at=desk.clock.now()))
        await quiet()
        await bounded(desk.conversations.stop())
        with pytest.raises(Unanswered):
            await bounded(quick)
    assert [each["event"] for each in logged] == ["reply_failed", "late_reply_lost", "message_refused"]
    assert doors.log == ["in slow", "out slow"]
    assert [row.params["Body"] for _, row in desk.journal.written] == ["slow"]


async def test_what_needs_no_function_is_answered_by_a_daemon_that_stops(desk: Desk, doors: Doors) -> None:
    """A message that was answered before, and what became of one of ours."""
    doors.open("before", "yes")
    before = await desk.post(text("before", 1))
    with capture_logs():
        slow = desk.send(text("slow", 2))
        await until(lambda: "slow" in doors.doors)
        again, told = desk.send(text("before", 1)), desk.send(status())
        await bounded(desk.conversations.stop())
        assert await bounded(asyncio.gather(again, told)) == [before, NOTHING]
    assert isinstance(slow.exception(), Unanswered)
    assert desk.kinds == ["message", "message_status"]


async def test_one_that_waits_for_another_daemon_is_refused_when_its_own_stops(office: Office, doors: Doors) -> None:
    one, two = cluster(office)
    first = one.send(text("a", 1))
    await until(lambda: doors.doors)
    second = two.send(text("b", 2))
    await quiet()
    with capture_logs():
        stopping = asyncio.ensure_future(two.conversations.stop())
        await pass_by(one.clock, LOOK)
        await bounded(stopping)
        with pytest.raises(Unanswered, match="this daemon stops"):
            await bounded(second)
    doors.open("a", "A")
    assert said(await bounded(first)) == "A"
    assert doors.log == ["in a", "out a"]


# crashes


@pytest.mark.parametrize("fault", ["load", "commit", "committed"])
async def test_an_actor_that_crashes_is_given_the_message_once_more(desk: Desk, counted: list[str], fault: str) -> None:
    desk.journal.faults[fault] = 1
    with capture_logs() as logged:
        assert said(await desk.post(text("hi"))) == "hi 1"
    crash = next(each for each in logged if each["event"] == "child_crashed")
    assert (crash["supervisor"], crash["offender"], crash["context"]) == ("conversations", key_of(text()), "message")
    assert "the disk is full" in crash["reason"]
    assert len(counted) == len(desk.journal.written) == 1
    assert said(await desk.post(text("ho", 2))) == "ho 2"


async def test_a_message_that_cannot_be_written_down_is_not_answered(desk: Desk, counted: list[str]) -> None:
    desk.journal.faults["commit"] = 2
    with capture_logs(), pytest.raises(Unanswered, match="the disk is full"):
        await desk.post(text("hi"))
    assert desk.conversations.counts == {"conversations": 0, "answered": 0, "failed": 1}
    assert [sid for sid, _ in desk.reasons] == [text().message]
    assert len(desk.conversations) == 0
    assert said(await desk.post(text("hi"))) == "hi 1"


async def test_a_crash_late_in_a_messages_time_is_the_last(desk: Desk, counted: list[str]) -> None:
    desk.journal.faults["commit"] = 1
    desk.clock.turn(LATE + 1)
    with capture_logs(), pytest.raises(Unanswered):
        await desk.post(text("hi", at=START))
    assert desk.journal.written == []


async def test_a_conversation_that_crashes_troubles_no_other(desk: Desk, counted: list[str]) -> None:
    mine, theirs = text("hi", 1), text("hi", 2, From="+441314960124")
    desk.journal.faults["commit", key_of(mine)] = math.inf
    with capture_logs():
        sent = [desk.send(each) for each in (mine, theirs)]
        answers = await bounded(asyncio.gather(*sent, return_exceptions=True))
    assert isinstance(answers[0], Unanswered)
    assert said(str(answers[1])) == "hi 1"


async def test_the_messages_behind_one_over_which_it_crashes_are_answered(desk: Desk, counted: list[str]) -> None:
    desk.journal.faults["commit"] = 2
    with capture_logs():
        sent = [desk.send(text("hi", number)) for number in range(3)]
        answers = await bounded(asyncio.gather(*sent, return_exceptions=True))
    assert sum(isinstance(each, str) for each in answers) >= 2
    assert desk.journal.written[-1][0].data["texts"] == len(desk.journal.written)


async def test_what_a_late_one_left_may_be_lost_to_a_fault_and_is_told_of(desk: Desk, doors: Doors) -> None:
    with capture_logs() as logged:
        sent = desk.send(text("slow", 1))
        await until(lambda: doors.doors)
        desk.clock.turn(PATIENCE)
        assert await bounded(sent) == NOTHING
        desk.journal.faults["commit"] = 1
        doors.open("slow")
        await desk.done()
    assert [each["event"] for each in logged] == ["reply_failed", "child_crashed"]
    doors.open("next", "done")
    assert said(await desk.post(text("next", 2, at=desk.clock.now()))) == "done"
    assert desk.journal.written[-1][0].data == {"read": ["next"]}


async def test_what_waits_behind_a_late_one_that_was_lost_has_nothing_to_do_with_it(desk: Desk, doors: Doors) -> None:
    with capture_logs() as logged:
        sent = desk.send(text("slow"))
        await until(lambda: doors.doors)
        desk.clock.turn(PATIENCE)
        await bounded(sent)
        told = desk.send(status())
        desk.journal.faults["commit"] = 1
        doors.open("slow")
        await bounded(told)
    assert "late_reply" not in {each["event"] for each in logged}
    assert desk.kinds == ["message", "message_status"]


# what became of messages of ours


async def test_what_became_of_a_message_is_written_down_where_there_is_a_conversation(
    desk: Desk, counted: list[str]
) -> None:
    await desk.post(text("hi"))
    assert [await desk.post(status(what)) for what in ("sent", "delivered", "delivered")] == [NOTHING] * 3
    assert desk.kinds == ["message", "message_status", "message_status"]
    assert desk.journal.written[-1][1].params["MessageStatus"] == "delivered"
    assert desk.journal.written[-1][0].data == {"texts": 1}
    assert desk.conversations.counts["answered"] == 1
    assert len(counted) == 1


async def test_it_begins_none(desk: Desk) -> None:
    with capture_logs() as logged:
        assert await desk.post(status()) == NOTHING
    assert [each["event"] for each in logged] == ["status_of_unknown_message"]
    assert desk.journal.written == []
    assert len(desk.conversations) == 0


async def test_it_may_come_to_any_url_of_the_recipe(desk: Desk, counted: list[str]) -> None:
    """A Message's `action` may be the recipe's own."""
    await desk.post(text("hi"))
    assert await desk.post(status("sent", path="")) == NOTHING
    assert desk.kinds == ["message", "message_status"]
    assert len(counted) == 1


async def test_at_a_callbacks_url_nothing_is_a_message(desk: Desk, counted: list[str]) -> None:
    """Whatever it lacks: Twilio's older callbacks have an SmsStatus alone."""
    await desk.post(text("hi"))
    fields = {"SmsSid": "SM9", "SmsStatus": "sent", "AccountSid": "AC1", "From": YOU, "To": ME}
    assert await desk.post(Webhook(fields, "shop", "status", arrived=START)) == NOTHING
    assert desk.kinds == ["message", "message_status"]


async def test_one_that_cannot_be_written_down_is_told_of_and_answered(desk: Desk, counted: list[str]) -> None:
    await desk.post(text("hi"))
    desk.journal.faults["commit"] = 2
    with capture_logs() as logged:
        assert await desk.post(status()) == NOTHING
    assert [each["event"] for each in logged] == ["child_crashed"] * 2
    assert desk.conversations.counts["failed"] == 0


async def test_a_message_is_known_again_behind_all_that_may_wait(desk: Desk, counted: list[str]) -> None:
    sent = [desk.send(text("hi", number)) for number in (*range(WAITING - 1), 0)]
    answers = await bounded(asyncio.gather(*sent))
    assert answers[-1] == answers[0]
    assert len(counted) == len(set(answers)) == WAITING - 1


async def test_and_after_what_became_of_every_answer(desk: Desk, counted: list[str]) -> None:
    first, *_ = [await desk.post(text("hi", number)) for number in range(WAITING)]
    for number in range(WAITING):
        await desk.post(status("sent", 1000 + number))
    assert await desk.post(text("hi", 0)) == first
    assert len(counted) == WAITING


async def test_what_is_looked_at_of_a_long_conversation_is_bounded(desk: Desk, counted: list[str]) -> None:
    """It is what a journal keeps: a message is known again after as many others, and no more."""
    answers = [await desk.post(text("hi", number)) for number in range(KEPT_ROWS + 1)]
    assert await desk.post(text("hi", 1)) == answers[1]
    assert len(counted) == KEPT_ROWS + 1
    assert await desk.post(text("hi", 0)) != answers[0]


# several daemons


def cluster(office: Office, count: int = 2) -> list[Desk]:
    """Daemons that have one journal and one time."""
    first = Desk(office, node="0")
    first.journal.shared = True
    return [first] + [Desk(office, clock=first.clock, journal=first.journal, node=str(n)) for n in range(1, count)]


async def test_any_daemon_goes_on_with_a_conversation(office: Office, counted: list[str]) -> None:
    one, two = cluster(office)
    answers = [said(await desk.post(text("hi", number))) for number, desk in enumerate([one, two, one, two])]
    assert answers == ["hi 1", "hi 2", "hi 3", "hi 4"]


async def test_copies_of_a_message_with_several_daemons_run_a_function_once(office: Office, doors: Doors) -> None:
    desks = cluster(office, 3)
    copies = [desk.send(text("hi")) for desk in desks]
    await until(lambda: doors.doors)
    await quiet()
    doors.open("hi", "yes")
    for _ in range(5):
        await quiet()
        desks[0].clock.turn(LOOK)
    assert len(set(await bounded(asyncio.gather(*copies)))) == 1
    assert doors.log == ["in hi", "out hi"]
    assert desks[0].kinds == ["message"]


async def test_two_messages_with_two_daemons_are_handled_one_at_a_time(office: Office, doors: Doors) -> None:
    one, two = cluster(office)
    first = one.send(text("a", 1))
    await until(lambda: doors.doors)
    second = two.send(text("b", 2))
    await quiet()
    doors.open("a", "A")
    doors.open("b", "B")
    assert said(await bounded(first)) == "A"
    for _ in range(5):
        await quiet()
        one.clock.turn(LOOK)
    assert said(await bounded(second)) == "B"
    assert doors.log == ["in a", "out a", "in b", "out b"]
    assert one.journal.written[-1][0].data == {"read": ["a", "b"]}


async def test_a_function_is_not_run_again_because_a_status_came_first(office: Office, doors: Doors) -> None:
    one, two = cluster(office)
    doors.open("before", "yes")
    await one.post(text("before", 1))
    sent = one.send(text("hi", 2))
    await until(lambda: "hi" in doors.doors)
    await two.post(status("delivered"))
    doors.open("hi", "yes")
    assert said(await bounded(sent)) == "yes"
    assert doors.log.count("in hi") == 1
    assert one.kinds == ["message", "message_status", "message"]


async def test_nor_is_what_a_late_one_left_lost_by_it(office: Office, doors: Doors) -> None:
    one, two = cluster(office)
    with capture_logs():
        sent = one.send(text("slow", 1))
        await until(lambda: doors.doors)
        one.clock.turn(PATIENCE)
        await bounded(sent)
        await two.post(status("delivered"))
        doors.open("slow")
        await one.done()
    assert one.kinds == ["message", "message_status", "late_reply"]
    assert one.journal.written[-1][0].data == {"read": ["slow"]}


async def test_a_message_waits_for_another_daemon_however_often_that_is_quicker(office: Office, doors: Doors) -> None:
    one, two = cluster(office)
    bodies = [str(number) for number in range(3 * TRIES)]
    with capture_logs() as logged:
        theirs = [one.send(text(body, number)) for number, body in enumerate(bodies)]
        await until(lambda: "in 0" in doors.log)
        mine = two.send(text("mine", 999))
        doors.open("mine", "done")
        for body in bodies:
            await until(lambda body=body: f"in {body}" in doors.log)
            doors.open(body)
            await quiet()
            one.clock.turn(LOOK)
            await quiet()
        assert await bounded(asyncio.gather(*theirs)) == [NOTHING] * len(bodies)
        await pass_by(one.clock, LOOK)
        assert said(await bounded(mine)) == "done"
    assert doors.log[-2:] == ["in mine", "out mine"]
    assert one.journal.written[-1][0].data == {"read": [*bodies, "mine"]}
    assert {each["event"] for each in logged} == {"message_answered"}


async def test_a_message_behind_a_late_one_of_another_daemon_has_its_own_time(office: Office, doors: Doors) -> None:
    one, two = cluster(office)
    doors.open("quick", "done")
    with capture_logs():
        first = one.send(text("slow", 1))
        await until(lambda: "in slow" in doors.log)
        second = two.send(text("quick", 2))
        await pass_by(one.clock, PATIENCE + 2)
        assert await bounded(first) == NOTHING
        doors.open("slow")
        await one.done()
        await pass_by(one.clock, LOOK)
        assert said(await bounded(second)) == "done"
    assert doors.log == ["in slow", "out slow", "in quick", "out quick"]
    assert one.journal.written[-1][0].data == {"read": ["slow", "quick"]}


async def test_a_message_for_which_another_daemon_had_no_end_is_refused_and_run_when_it_comes_again(
    office: Office, doors: Doors
) -> None:
    one, two = cluster(office)
    doors.open("quick", "done")
    with capture_logs() as logged:
        first = one.send(text("slow", 1))
        await until(lambda: doors.doors)
        second = two.send(text("quick", 2))
        await pass_by(one.clock, WAITED)
        assert await bounded(first) == NOTHING
        with pytest.raises(Unanswered, match=BUSY):
            await bounded(second)
        doors.open("slow")
        await one.done()
    refused = next(each for each in logged if each["event"] == "message_refused")
    assert (refused["message_sid"], refused["recipe"], refused["reason"]) == (text(number=2).message, "shop", BUSY)
    assert two.reasons == [(text(number=2).message, BUSY)]
    assert doors.log == ["in slow", "out slow"]
    assert [row.params.get("Body") for _, row in one.journal.written] == ["slow", None]

    assert said(await two.post(text("quick", 2, at=two.clock.now()))) == "done"
    assert one.journal.written[-1][0].data == {"read": ["slow", "quick"]}


async def test_what_a_late_one_left_does_not_undo_what_another_daemon_wrote(office: Office, doors: Doors) -> None:
    """Whose clock is so far ahead that the claim had run out, by it."""
    [one] = cluster(office, 1)
    two = Desk(office, clock=ManualClock(START + 100), journal=one.journal, node="ahead")
    with capture_logs() as logged:
        slow = one.send(text("slow", 1))
        await until(lambda: doors.doors)
        one.clock.turn(PATIENCE)
        await bounded(slow)
        doors.open("quick", "done")
        assert said(await two.post(text("quick", 2, at=START + 100))) == "done"
        doors.open("slow")
        await one.done()
    assert logged[-1]["event"] == "late_reply_lost"
    assert one.journal.written[-1][0].data == {"read": ["quick"]}


async def test_a_function_is_run_again_upon_what_another_daemon_has_written_meanwhile(
    office: Office, doors: Doors
) -> None:
    """Whose clock is ahead, likewise; the message is handled upon what the conversation remembers now."""
    [one] = cluster(office, 1)
    two = Desk(office, clock=ManualClock(START + 100), journal=one.journal, node="ahead")
    slow = one.send(text("slow", 1))
    await until(lambda: doors.doors)
    doors.open("quick", "done")
    await two.post(text("quick", 2, at=START + 100))
    doors.open("slow", "done")
    assert said(await bounded(slow)) == "done"
    assert doors.log == ["in slow", "in quick", "out quick", "out slow", "in slow", "out slow"]
    assert one.journal.written[-1][0].data == {"read": ["quick", "slow"]}


async def test_the_claim_of_a_message_outlives_what_is_on_its_way_for_the_one_before(
    office: Office, doors: Doors
) -> None:
    """A renewal that comes to the journal when its message is answered already must not end the next one's claim."""
    journal = SlowRenewals()
    desk = Desk(office, journal=journal)
    sent = [desk.send(text(body, number)) for number, body in enumerate("ab")]
    await until(lambda: doors.doors)
    desk.clock.turn(RENEWAL)
    await until(lambda: journal.renewing is not None)
    doors.open("a", "A")
    await quiet()
    assert journal.renewing is not None
    journal.renewing.set_result(None)
    await until(lambda: "in b" in doors.log)
    await quiet()
    now = desk.clock.now()
    assert not await MemoryJournal.claim(journal, key_of(text()), None, "another", now, now + LEASE)
    doors.open("b", "B")
    assert [said(each) for each in await bounded(asyncio.gather(*sent))] == ["A", "B"]


async def test_a_daemon_that_died_holds_up_nobody_for_long(office: Office, doors: Doors) -> None:
    one, two = cluster(office)
    now = one.clock.now()
    assert await one.journal.claim(key_of(text()), 0, "dead", now, now + LEASE)
    doors.open("hi", "yes")
    sent = two.send(text("hi"))
    for _ in range(int(LEASE / LOOK) + 2):
        await quiet()
        one.clock.turn(LOOK)
    assert said(await bounded(sent)) == "yes"


async def test_callouts_are_made_haste_with_only_if_somebody_waits(desk: Desk, counted: list[str]) -> None:
    await desk.post(text("hi"))
    await desk.done()
    await bounded(desk.conversations.stop())
    callouts: Callouts = desk.settings.callouts
    assert not callouts.hurry.done()
