"""A call as an actor: one webhook at a time, each answered once, each a step in the journal before its answer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Answer, Call, Crashed, JournalError, Row, Snapshot, StaleVersion
from actors.call import HISTORY
from tests.actors.doubles import MENU, SID, Line, Office, bounded, counting, quiet
from tests.twiml.documents import inside
from twiml import NOTHING, Gather, ResponseExt, Say

ASKED = '<Gather action="/menu/1?step=1"><Say>Press one.</Say></Gather><Redirect>/menu/1?step=1</Redirect>'


def heard(answer: Answer) -> str:
    return inside(answer.xml)


# beginning and going on


async def test_a_call_begins_with_its_first_webhook() -> None:
    line = Line(MENU)
    answer = await line.post()
    assert answer == Answer(answer.xml, "in-progress", "1.2", began=True, ended=False)
    assert heard(answer) == ASKED
    snapshot = line.snapshot
    assert (snapshot.call_sid, snapshot.recipe, snapshot.version, snapshot.status) == (SID, "menu", 1, "in-progress")
    assert snapshot.started == line.clock.now()


async def test_it_goes_on_with_every_answer() -> None:
    line = Line(MENU)
    await line.post()
    answer = await line.post("1", step=1, Digits="2")
    assert heard(answer) == "<Say>Two!</Say><Pause/><Hangup/>"
    assert (answer.began, answer.ended, answer.status) == (False, False, "in-progress")


@pytest.mark.parametrize("status", ["ringing", "in-progress", "queued", "", "something new"])
async def test_whatever_is_not_over_begins_a_call(status: str) -> None:
    assert (await Line(MENU).post(CallStatus=status)).began


@pytest.mark.parametrize("path", ["1", "7.7", "hours"])
async def test_a_call_nobody_knows_begins_wherever_its_url_says(path: str) -> None:
    """Its journal is lost, or Twilio's fallback sends it here: somebody is on the line all the same."""
    answer = await Line(MENU).post(path, step=4, Digits="1")
    assert answer.began
    assert heard(answer) == ASKED


async def test_a_recipe_that_is_not_there_is_no_call() -> None:
    line = Line(MENU)
    assert await line.post(recipe="another") == Answer(NOTHING, "unknown")
    assert line.rows == []


@pytest.mark.parametrize("path", ["7", "1.9.1", "hours"])
async def test_a_state_it_does_not_have_is_logged_and_the_call_goes_on_where_it_is(path: str) -> None:
    """FAULTS 1: it crashed, and anyone could ask for it by URL."""
    line = Line(MENU)
    first = await line.post()
    with capture_logs() as logs:
        assert (await line.post(path)).xml == first.xml
    assert [(log["event"], log["asked_for"], log["call_sid"]) for log in logs] == [("unknown_state", path, SID)]


@pytest.mark.parametrize("digits", ["9", "*", "#", "", "12345678901234567890", "x", "\0"])
async def test_a_key_that_no_response_has_asks_again(digits: str) -> None:
    """FAULTS 1: it crashed."""
    line = Line(MENU)
    await line.post()
    assert heard(await line.post("1", step=1, Digits=digits)) == ASKED.replace("step=1", "step=2")


# one at a time


async def test_two_webhooks_of_one_call_never_overlap(office: Office) -> None:
    now = most = 0

    @office.callout
    async def menu(call: Call) -> list[Any]:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1
        return [Gather([Say("Again?")], after_ext=[ResponseExt("1", "again", [menu])])]

    line = Line([menu])
    answers = await bounded(asyncio.gather(*(line.send(token=str(number), Digits="1") for number in range(20))))
    assert most == 1
    assert len({answer.xml for answer in answers}) == len(line.rows) == 20


async def test_two_webhooks_never_overlap_in_the_journal_either() -> None:
    line, now, most = Line(MENU), 0, 0

    async def slow(*_: object) -> None:
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(5):
            await asyncio.sleep(0)
        now -= 1

    line.journal.on_commit = slow
    await bounded(asyncio.gather(*(line.send("1", Digits=str(number)) for number in range(10))))
    assert most == 1
    assert [snapshot.version for snapshot, _ in line.journal.written] == list(range(1, 11))


async def test_webhooks_are_answered_in_the_order_in_which_they_came() -> None:
    line = Line(MENU)
    posted = [line.send("1", Digits=str(number)) for number in range(10)]
    await bounded(asyncio.gather(*posted))
    assert [row.params["Digits"] for row in line.rows] == [str(number) for number in range(10)]


# repeats


@pytest.mark.parametrize("token", ["", "4f2e8fd5"], ids=["by content", "by token"])
async def test_the_same_webhook_gets_the_same_bytes_and_runs_nothing_again(office: Office, token: str) -> None:
    hours, ran = counting(office)
    line = Line([hours, *MENU])
    first = await line.post(token=token)
    again = await line.post(token=token)
    assert again.xml == first.xml
    assert (first.began, again.began) == (True, False)
    assert len(ran) == 1
    assert len(line.rows) == 1


@pytest.mark.parametrize("token", ["", "4f2e8fd5"], ids=["by content", "by token"])
async def test_the_same_webhook_many_times_at_once_is_answered_once(office: Office, token: str) -> None:
    """FAULTS 11: the same first webhook twice got no answer, or a document with a stray `</Gather>`."""
    hours, ran = counting(office)
    line = Line([*MENU, hours])
    await line.post()
    posted = [line.send("1", step=1, token=token, Digits="1") for _ in range(20)]
    answers = await bounded(asyncio.gather(*posted))
    assert {answer.xml for answer in answers} == {answers[0].xml}
    assert heard(answers[0]) == "<Say>One!</Say><Say>nine</Say><Hangup/>"
    assert len(ran) == 1
    assert len(line.rows) == 2


async def test_the_same_token_is_the_same_webhook_whatever_it_holds() -> None:
    line = Line(MENU)
    first = await line.post(token="a", Digits="")
    assert (await line.post(token="a", Digits="1")).xml == first.xml
    assert len(line.rows) == 1


async def test_another_token_is_another_webhook_though_it_holds_the_same(office: Office) -> None:
    hours, ran = counting(office)
    line = Line([*MENU, hours])
    await line.post(token="a")
    await line.post("1", token="b", Digits="1")
    await line.post("1", token="c", Digits="1")
    assert len(line.rows) == 3
    assert len(ran) == 1


@pytest.mark.parametrize(
    "other",
    [{"path": "1", "step": 2, "Digits": "9"}, {"path": "1", "step": 1, "Digits": "8"}, {"path": "", "Digits": "9"}],
    ids=["another step", "another key", "another URL"],
)
async def test_without_a_token_another_step_key_or_url_is_another_webhook(other: dict[str, Any]) -> None:
    line = Line(MENU)
    await line.post()
    await line.post("1", step=1, Digits="9")
    await line.post(**other)
    assert len(line.rows) == 3


async def test_the_order_of_its_fields_makes_no_other_webhook() -> None:
    line = Line(MENU)
    await line.post(A="1", B="2")
    await line.post(B="2", A="1")
    assert len(line.rows) == 1


async def test_a_webhook_some_steps_back_is_still_known_by_its_token() -> None:
    line = Line(MENU)
    answers = [await line.post("1", token=str(number), Digits="9") for number in range(9)]
    assert [(await line.post("1", token=str(number))).xml for number in range(1, 9)] == [
        answer.xml for answer in answers[1:]
    ]
    assert len(line.rows) == 9


async def test_an_older_step_moves_nothing_and_gets_the_present_document() -> None:
    line = Line(MENU)
    await line.post()
    present = await line.post("1", step=1, Digits="2")
    late = await line.post("1", step=1, Digits="1")
    assert late.xml == present.xml
    assert [row.moved for row in line.rows] == [True, True, False]


async def test_a_repeat_is_known_as_far_back_as_the_call_remembers(office: Office) -> None:
    line = Line(MENU)
    answers = [(await line.post("1", token=str(number), Digits="9")).xml for number in range(HISTORY + 1)]
    for number in (1, HISTORY):
        assert (await line.post("1", token=str(number), Digits="9")).xml == answers[number]
    assert len(line.rows) == HISTORY + 1
    await line.restart()
    assert (await line.post("1", token="1", Digits="9")).xml == answers[1]
    assert len(line.rows) == HISTORY + 1
    await line.post("1", token="0", Digits="9")
    assert len(line.rows) == HISTORY + 2


async def test_text_that_is_no_unicode_is_told_apart_too() -> None:
    line = Line(MENU)
    await line.post(Odd="\ud800")
    await line.post(Odd="\ud801")
    assert len(line.rows) == 2


# the journal


async def test_a_webhook_is_a_step_in_the_journal_before_it_is_answered() -> None:
    line, door = Line(MENU), asyncio.Event()

    async def hold(*_: object) -> None:
        await door.wait()

    line.journal.on_commit = hold
    answer = line.send()
    await quiet()
    assert not answer.done()
    assert line.rows == []
    door.set()
    assert (await bounded(answer)).began
    assert len(line.rows) == 1


async def test_every_step_is_written_with_what_came_and_what_was_answered() -> None:
    line = Line(MENU)
    answers = [await line.post(), await line.post("1", step=1, Digits="1"), await line.post(CallStatus="completed")]
    rows = line.rows
    assert [row.answer for row in rows] == [answer.xml for answer in answers]
    assert [(row.kind, row.path, row.step) for row in rows] == [
        ("start_call", "", None),
        ("gather_response", "1", 1),
        ("call_complete", "", None),
    ]
    assert rows[1].params["Digits"] == "1"
    assert {row.at for row in rows} == {line.clock.now()}


@pytest.mark.parametrize("what", ["load", "commit", "committed"])
async def test_an_actor_that_has_crashed_takes_no_more(what: str) -> None:
    line = Line(MENU)
    await line.post()
    await line.restart()
    line.journal.faults[what] = 1
    with pytest.raises(OSError, match="the disk is full"):
        await line.post("1", step=1)
    for _ in range(2):
        with pytest.raises(Crashed):
            await line.post("1", step=1)


async def test_a_step_upon_another_version_is_made_anew() -> None:
    """Another daemon has gone on with the call meanwhile: the caller was told something by now, and hears it again."""
    line = Line(MENU)
    other = Line(line.program, journal=line.journal)
    await line.post()
    went_on = await other.post("1", step=1, Digits="1")
    late = await line.post("1", step=1, Digits="2")
    assert (late.xml, late.state) == (went_on.xml, went_on.state)
    assert [row.moved for row in line.rows] == [True, True, False]
    assert line.snapshot.version == 3


async def test_a_journal_that_never_agrees_is_asked_no_more_than_so_often() -> None:
    line = Line(MENU)

    async def stale(snapshot: Snapshot, row: Row) -> None:
        raise StaleVersion("another was first")

    line.journal.on_commit = stale
    with pytest.raises(StaleVersion):
        await line.post()
    line.journal.on_commit = None
    assert heard(await line.post()) == ASKED


@pytest.mark.parametrize("what", ["load", "commit", "committed"])
async def test_an_actor_whose_journal_has_failed_goes_on_from_there(what: str) -> None:
    line = Line(MENU)
    await line.post()
    await line.restart()
    line.journal.faults.error, line.journal.faults[what] = JournalError, 1
    with pytest.raises(JournalError, match="the disk is full"):
        await line.post("1", step=1, Digits="1", token="t")
    for _ in range(2):
        answer = await line.post("1", step=1, Digits="1", token="t")
        assert heard(answer).startswith("<Say>One!</Say>")
    assert line.snapshot.version == 2


async def test_a_webhook_that_crashed_after_its_commit_is_answered_by_the_next_actor(office: Office) -> None:
    hours, ran = counting(office)
    line = Line([hours, *MENU])
    line.journal.faults["committed"] = 1
    with pytest.raises(OSError, match="disk"):
        await line.post()
    await line.restart()
    assert heard(await line.post()).startswith("<Say>nine</Say><Gather")
    assert len(ran) == 1


async def test_of_a_long_call_the_latest_webhooks_are_kept(office: Office) -> None:
    seen: list[int] = []

    @office.callout
    def look(call: Call) -> list[Any]:
        seen.append(len(call.history))
        return []

    line = Line([*MENU, look], max_visits=100)
    for number in range(40):
        await line.post("1", Digits=f"9{number}")
    await line.post("1", Digits="1")
    assert seen == [20]


# callouts


async def test_a_callout_sees_the_call_as_it_is(office: Office) -> None:
    seen: dict[str, Any] = {}

    @office.callout
    def look(call: Call) -> list[Any]:
        names = "call_sid recipe digits from_ to direction status state data step_id".split()
        seen.update({name: getattr(call, name) for name in names})
        seen["settings"] = dict(call.settings)
        seen["history"] = [row.kind for row in call.history]
        seen["program"] = [state.rank for state in call.program]
        return []

    line = Line([*MENU, look], recipe_settings={"my_phone": "+44"})
    await line.post(From="+441314960123", To="+441314960456", Direction="inbound")
    await line.post("1", step=1, Digits="1")
    assert seen == {
        "call_sid": SID,
        "recipe": "menu",
        "digits": "1",
        "from_": "+441314960123",
        "to": "+441314960456",
        "direction": "inbound",
        "status": "in-progress",
        "state": "2",
        "data": {},
        "step_id": f"{SID}:menu:2:1:0",
        "settings": {"my_phone": "+44"},
        "history": ["start_call"],
        "program": [state.rank for state in line.program],
    }


async def test_data_goes_from_one_callout_to_the_next(office: Office) -> None:
    @office.callout
    def first(call: Call) -> list[Any]:
        call.data["name"] = "Ada"
        return []

    @office.callout
    async def second(call: Call) -> list[Any]:
        return [Say(f"Hello {call.data['name']}")]

    line = Line([first, second])
    assert heard(await line.post()) == "<Say>Hello Ada</Say><Hangup/>"
    assert line.snapshot.data == {"name": "Ada"}


async def test_every_callout_of_a_document_has_a_step_id_of_its_own(office: Office) -> None:
    hours, ran = counting(office)
    line = Line([hours, hours, Gather(after_ext=[ResponseExt("1", "one", [hours])])])
    await line.post()
    await line.post("3", step=1, Digits="1")
    assert ran == [f"{SID}:menu:{of}" for of in ("1:0:0", "1:0:1", "3.2.1:1:2")]


async def test_what_a_callout_returns_is_this_calls_alone(office: Office) -> None:
    hours, _ = counting(office)
    line = Line([hours, Say("bye")])
    before = list(line.program)
    assert heard(await line.post()) == "<Say>nine</Say><Say>bye</Say><Hangup/>"
    assert list(line.program) == before
    assert [state.rank for state in line.snapshot.program] == ["1", "2", "3"]
