"""A call that is sent to another recipe of the same daemon: by a Redirect, through REST, or by a fallback URL."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from actors import SUBSCRIPTIONS, Call, Subscription
from actors.errand import LEASE, LOOK
from tests.actors.doubles import Line, ManualClock, Office, PlainJournal, bounded, quiet, until
from tests.twiml.documents import inside
from twiml import Dial, Gather, PromptExt, Redirect, ResponseExt, Say

MENU = [Gather([Say("Press one.")], after_ext=[ResponseExt("1", "one", [Dial("+441314960123"), Say("Back.")])])]
SURVEY = [Gather([Say("How was it?")], after_ext=[ResponseExt("1", "good", [Say("Fine.")])])]
ASKED = '<Gather action="/survey/1?step=3"><Say>How was it?</Say></Gather><Redirect>/survey/1?step=3</Redirect>'


@pytest.fixture
async def line() -> Line:
    """A caller who is connected to somebody."""
    line = Line(MENU, others={"survey": SURVEY})
    await line.post()
    await line.post("1", step=1, Digits="1")
    return line


async def test_it_begins_there_and_goes_on_there(line: Line) -> None:
    answer = await line.post(recipe="survey", CallStatus="in-progress")
    assert inside(answer.xml) == ASKED
    assert (answer.recipe, answer.began, answer.status) == ("survey", False, "in-progress")
    assert (line.snapshot.recipe, line.snapshot.version) == ("survey", 3)
    answer = await line.post("1", recipe="survey", step=3, Digits="1")
    assert (inside(answer.xml), answer.recipe) == ("<Say>Fine.</Say><Hangup/>", "")


async def test_at_a_state_if_one_is_named(line: Line) -> None:
    answer = await line.post("1.3", recipe="survey")
    assert inside(answer.xml) == "<Say>Fine.</Say><Hangup/>"


async def test_another_actor_knows_it(line: Line) -> None:
    await line.post(recipe="survey", CallStatus="in-progress")
    await line.restart()
    answer = await line.post("1", recipe="survey", step=3, Digits="1")
    assert inside(answer.xml) == "<Say>Fine.</Say><Hangup/>"


async def test_the_verb_that_it_was_taken_out_of_moves_nothing(line: Line) -> None:
    await line.post(recipe="survey", CallStatus="in-progress")
    before = line.snapshot.machine
    answer = await line.post("1.3.2", step=2, DialCallStatus="completed")
    assert inside(answer.xml) == ASKED
    assert (line.snapshot.machine, line.snapshot.recipe, line.rows[-1].moved) == (before, "survey", False)


async def test_nor_does_it_if_it_is_asked_for_first(line: Line) -> None:
    """Twilio throws its answer away; what it has moved is left behind."""
    assert "Back." in (await line.post("1.3.2", step=2, DialCallStatus="completed")).xml
    answer = await line.post(recipe="survey", CallStatus="in-progress")
    assert "How was it?" in answer.xml


async def test_what_the_call_knows_goes_along(office: Office) -> None:
    seen: list[Any] = []

    @office.callout
    def note(call: Call) -> Any:
        call.data["name"] = "Jane"
        return [Say("hello")], [("completion", end)]

    @office.employ
    def end(webhook: Any, call: Call) -> None:
        seen.append(("end", call.recipe, call.data))

    @office.callout
    def look(call: Call) -> Any:
        seen.append((call.recipe, dict(call.data), call.initial_params["From"], call.step_id))
        return [Say("there")]

    line = Line([note, *MENU], others={"survey": [look]})
    await line.post(From="+441314960123")
    await line.post(recipe="survey", CallStatus="in-progress")
    await line.post("status", CallStatus="completed")
    await line.told()
    assert seen[0][:3] == ("survey", {"name": "Jane"}, "+441314960123")
    assert seen[0][3].endswith(":1")
    assert seen[1] == ("end", "survey", {"name": "Jane"})


async def test_the_other_recipes_subscriptions_are_added_once() -> None:
    both = {"menu": [Subscription("completion", "m", "f")], "survey": [Subscription("completion", "m", "g")]}
    line = Line(MENU, others={"survey": SURVEY}, subscriptions=lambda recipe: both[recipe])
    await line.post()
    for recipe in ("survey", "menu", "survey"):
        await line.post(recipe=recipe, CallStatus="in-progress", token=f"{recipe} {len(line.rows)}")
    assert [each.function for each in line.snapshot.subscriptions] == ["f", "g"]


async def test_a_redirect_of_the_flows_own_to_another_recipe() -> None:
    line = Line([Say("One moment."), Redirect("https://ivr.example.com/survey")], others={"survey": SURVEY})
    await line.post()
    answer = await line.post(recipe="survey", CallStatus="in-progress")
    assert inside(answer.xml).startswith('<Gather action="/survey/1?step=2">')


async def test_recipes_that_send_a_caller_to_each_other_for_ever_are_stopped() -> None:
    home = "https://ivr.example.com"
    line = Line([Redirect(f"{home}/other")], others={"other": [Redirect(f"{home}/menu")]}, max_visits=5)
    heard = [
        (await line.post(recipe=recipe, CallStatus="in-progress", token=str(n))).xml
        for n, recipe in enumerate(["menu", "other"] * 5)
    ]
    assert "<Redirect>" in heard[0]
    assert "<Hangup/>" in heard[-1]


@pytest.mark.parametrize("path", ["", "1.3.2", "1"])
async def test_a_recipe_that_is_not_there_moves_nothing(line: Line, path: str) -> None:
    answer = await line.post(path, recipe="another", CallStatus="in-progress")
    assert (answer.recipe, line.snapshot.recipe, line.rows[-1].moved) == ("", "menu", False)
    assert "<Dial" in answer.xml


@pytest.mark.parametrize(
    "fields",
    [
        {"ErrorCode": "11200", "ErrorUrl": "https://ivr.example.com/menu/1?step=2"},
        {"QueuePosition": "1", "QueueSid": "QU1", "QueueTime": "0"},
        {"DequeingCallSid": "CA9", "QueueSid": "QU1"},
    ],
    ids=["a fallback", "who waits in a queue", "who leaves it"],
)
async def test_what_is_no_move_gives_the_document_there_is(line: Line, fields: dict[str, str]) -> None:
    answer = await line.post(recipe="survey", CallStatus="in-progress", **fields)
    assert (answer.recipe, line.snapshot.recipe, line.rows[-1].moved) == ("", "menu", False)
    assert "<Dial" in answer.xml


async def test_a_fallback_that_has_what_the_caller_keyed_answers_the_menu_they_are_at(line: Line) -> None:
    await line.post(recipe="survey", CallStatus="in-progress")
    answer = await line.post(recipe="menu", Digits="1", ErrorUrl="https://ivr.example.com/survey/1?step=3")
    assert inside(answer.xml) == "<Say>Fine.</Say><Hangup/>"
    assert line.snapshot.recipe == "survey"


async def test_the_same_fields_at_another_recipe_are_no_repeat() -> None:
    """Without a token a webhook is known by what it holds, and a Redirect from one to the other holds the same."""
    line = Line([Say("a"), Redirect("https://ivr.example.com/survey")], others={"survey": SURVEY})
    await line.post(CallStatus="in-progress")
    assert "How was it?" in (await line.post(recipe="survey", CallStatus="in-progress")).xml


async def test_how_often_a_state_of_the_one_was_entered_is_nothing_to_the_other() -> None:
    line = Line([Gather([Say("x")], after_ext=[ResponseExt("1", "a")])], others={"survey": SURVEY}, max_visits=5)
    await line.post()
    for step in range(1, 4):
        await line.post("1", step=step)
    assert "How was it?" in (await line.post(recipe="survey", CallStatus="in-progress")).xml


async def test_a_recording_of_the_verb_that_it_was_taken_out_of_is_awaited() -> None:
    line = Line([Dial("+441314960123", record="record-from-answer"), Say("x")], others={"survey": SURVEY})
    await line.post()
    await line.post(recipe="survey", CallStatus="in-progress")
    await line.post("2", step=1, DialCallStatus="completed", RecordingSid="RE1", RecordingUrl="https://h/RE1")
    assert list(line.snapshot.awaited) == ["RE1"]


async def test_what_came_of_the_ones_callout_is_nothing_to_the_other(office: Office) -> None:
    """Both stand at the same rank, and another daemon has taken the call over meanwhile."""
    door, ran = asyncio.Event(), list[str]()

    @office.callout
    async def ours(call: Call) -> list[Any]:
        ran.append("ours")
        await door.wait()
        return [Say("ours")]

    @office.callout
    async def theirs(call: Call) -> list[Any]:
        ran.append("theirs")
        return [Say("theirs")]

    flow, others = [Dial("+441314960123"), ours], {"other": [Dial("+441314960124"), theirs]}
    journal, clock = PlainJournal(shared=True), ManualClock()
    one, two = (Line(flow, others=others, journal=journal, clock=clock, node=name) for name in ("one", "two"))
    await one.post()
    first = one.send("2", step=1, DialCallStatus="completed")
    await until(lambda: ran)
    await two.post(recipe="other", CallStatus="in-progress")
    second = one.send("2", recipe="other", step=2, DialCallStatus="completed")
    await quiet()
    door.set()
    await bounded(first)
    for _ in range(round(LEASE / LOOK) + 1):
        await quiet()
        clock.turn(LOOK)
    assert inside((await bounded(second)).xml) == "<Say>theirs</Say><Hangup/>"
    assert ran == ["ours", "theirs"]


async def test_the_end_may_be_told_at_any_recipe(line: Line) -> None:
    await line.post(recipe="survey", CallStatus="in-progress")
    assert (await line.post("status", recipe="menu", CallStatus="completed")).ended


async def test_a_call_that_is_over_is_sent_nowhere(line: Line) -> None:
    await line.post("status", CallStatus="completed")
    await line.post(recipe="survey", CallStatus="in-progress")
    assert line.snapshot.recipe == "menu"


async def test_the_callers_language_goes_along_and_is_found_where_there_was_none() -> None:
    texts = {"en-GB": "Hello", "de-DE": "Guten Tag"}
    spoken: dict[str, str | None] = {"menu": "de-DE", "other": "en-GB", "plain": None}
    others = {"other": [Say(PromptExt(texts))], "plain": MENU}
    for first, heard in (("menu", "Guten Tag"), ("plain", "Hello")):
        line = Line(MENU, others=others, language=lambda recipe, _: spoken[recipe])
        await line.post(recipe=first)
        assert heard in (await line.post(recipe="other", CallStatus="in-progress")).xml


async def test_no_recipe_adds_more_subscriptions_than_a_call_may_have() -> None:
    many = {
        recipe: [Subscription("completion", recipe, f"f{n}") for n in range(SUBSCRIPTIONS)]
        for recipe in ("menu", "survey")
    }
    line = Line(MENU, others={"survey": SURVEY}, subscriptions=lambda recipe: many[recipe])
    await line.post()
    await line.post(recipe="survey", CallStatus="in-progress")
    assert list(line.snapshot.subscriptions) == many["menu"]
