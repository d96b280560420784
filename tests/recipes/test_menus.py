"""Menus in earnest: nested, repeated, reached by goto, around callouts; each answer reaches its own menu."""

from __future__ import annotations

import asyncio

import pytest

from runtime.softphone import HangUp, Press, Silence, Speak
from tests.wire import a_call, dial, post

NESTED = """
    recipe = [
        LabelExt("main menu"),
        Gather(
            [Say("Main menu.")],
            num_digits=1,
            after_ext=[
                ResponseExt("1", "sales", [Say("Sales.")]),
                ResponseExt("2", "support", [
                    Gather(
                        [Say("Support.")],
                        num_digits=1,
                        after_ext=[
                            ResponseExt("1", "phones", [Say("Phones.")]),
                            ResponseExt("9", "back", [GotoExt("main menu")]),
                            RepeatExt(),
                        ],
                    ),
                ]),
                DefaultExt("nobody", [Say("Nobody there.")]),
            ],
        ),
        Say("Bye."),
    ]
"""

IN_ONE_DOCUMENT = """
    recipe = [
        Gather([Say("Language?")], num_digits=1, after_ext=[
            ResponseExt("1", "english", [Say("English.")]),
            ResponseExt("2", "french", [Say("French.")]),
            DefaultExt("none", [Say("English, then.")]),
        ]),
        Gather([Say("Department?")], num_digits=1, after_ext=[
            ResponseExt("1", "sales", [Say("Sales.")]),
            ResponseExt("2", "support", [Say("Support.")]),
            DefaultExt("none", [Say("The operator.")]),
        ]),
    ]
"""

ELEVEN = """
    def three(call):
        return [Say("one"), Say("two"), Say("three")]

    recipe = [
        *[Say(f"before {n}") for n in range(1, 5)],
        GotoExt("main menu"),
        Say("never said"),
        FunctionExt("three sentences", fn=three),
        LabelExt("main menu"),
        Gather([Say("menu")], num_digits=1, after_ext=[
            ResponseExt("1", "call out", [GotoExt("7")]),
            ResponseExt("2", "the end", [GotoExt("the end")]),
            ResponseExt("3", "the end, by rank", [GotoExt("10")]),
            RepeatExt(),
        ]),
        Say("nine"),
        LabelExt("the end"),
        Say("ten"),
        Say("eleven"),
    ]
"""

DEFERRED = """
    ran = []

    def function(call):
        ran.append(call.step_id)
        return [Say(f"ran {len(ran)}")]

    recipe = [
        Gather([Say("menu")], num_digits=1, after_ext=[
            ResponseExt("1", "one", [Say("one")]),
            DefaultExt("call out", [Say("well then"), FunctionExt("function", fn=function)]),
        ]),
    ]
"""


async def test_a_menu_two_deep_with_a_goto_back_and_a_repeat_within_it(serve, folder):
    folder["nested"] = NESTED
    daemon = await serve(folder)

    there_and_back = await dial(daemon, "nested", Press("2"), Press("9"), Press("2"), Silence(), Press("5"), Press("1"))

    assert there_and_back.said == ["Main menu.", "Support.", "Main menu.", *["Support."] * 3, "Phones.", "Bye."]
    assert there_and_back.left == ()


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("1", ["Main menu.", "Sales.", "Bye."]),
        ("21", ["Main menu.", "Support.", "Phones.", "Bye."]),
        ("291", ["Main menu.", "Support.", "Main menu.", "Sales.", "Bye."]),
        ("2929", ["Main menu.", "Support.", "Main menu.", "Support.", "Main menu.", "Nobody there.", "Bye."]),
        ("27", ["Main menu.", "Support.", *["Support."] * 4]),
        ("0", ["Main menu.", "Nobody there.", "Bye."]),
        ("", ["Main menu.", "Nobody there.", "Bye."]),
    ],
)
async def test_each_key_reaches_the_menu_it_was_pressed_at(serve, folder, script, said):
    folder["nested"] = NESTED
    daemon = await serve(folder)

    transcript = await dial(daemon, "nested", *map(Press, script))

    assert transcript.said == said


@pytest.mark.parametrize("first", ["1", "2", "9", ""])
@pytest.mark.parametrize("second", ["1", "2", "9", ""])
async def test_two_gathers_in_one_document(serve, folder, first, second):
    folder["two"] = IN_ONE_DOCUMENT
    daemon = await serve(folder)

    transcript = await dial(daemon, "two", *(Press(key) if key else Silence() for key in (first, second)))

    language = {"1": "English.", "2": "French."}.get(first, "English, then.")
    department = {"1": "Sales.", "2": "Support."}.get(second, "The operator.")
    assert transcript.said == ["Language?", language, "Department?", department]


async def test_silence_at_the_first_of_two_gathers_costs_no_request(serve, folder):
    folder["two"] = IN_ONE_DOCUMENT
    daemon = await serve(folder)

    transcript = await dial(daemon, "two", Silence(), Press("2"))

    assert [request.url.rpartition("/")[2] for request in transcript.requests] == ["two", "2?step=1", "two"]


async def test_eleven_states_around_a_callout(serve, folder):
    """Ranks compare as numbers, and after the callout everything behind it is found where it is now."""
    folder["eleven"] = ELEVEN
    daemon = await serve(folder)
    before = [f"before {n}" for n in range(1, 5)]

    at_once = await dial(daemon, "eleven", Press("2"))
    by_rank = await dial(daemon, "eleven", Press("3"))
    around = await dial(daemon, "eleven", Press("1"), Silence(), Press("4"), Press("1"), Press("3"))

    assert at_once.said == [*before, "menu", "ten", "eleven"]
    assert by_rank.said == at_once.said
    called_out = ["one", "two", "three", "menu"]
    assert around.said == [*before, "menu", *called_out, "menu", "menu", *called_out, "ten", "eleven"]
    assert around.requests[-2].url.partition("?")[0].endswith("/eleven/12")


async def test_a_callout_that_returns_a_menu_gets_its_answer(serve, folder):
    folder["grown"] = """
        def menu(call):
            return [Gather([Say("Grown.")], num_digits=1, after_ext=[
                ResponseExt("1", "again", [FunctionExt("menu", fn=menu)]),
                ResponseExt("2", "on", [Say("On.")]),
                RepeatExt(),
            ])]

        recipe = [Say("Hello."), FunctionExt("menu", fn=menu), Say("Bye.")]
    """
    daemon = await serve(folder)

    transcript = await dial(daemon, "grown", Press("1"), Silence(), Press("1"), Press("3"), Press("2"))

    assert transcript.said == ["Hello.", *["Grown."] * 5, "On.", "Bye."]


async def test_what_was_said_answers_as_a_key_does(serve, folder):
    folder["spoken"] = """
        recipe = [Gather([Say("Yes?")], input="dtmf speech", num_digits=1, after_ext=[
            ResponseExt("1", "yes", [Say("Yes.")], speech=["yes", "aye"]),
            DefaultExt("no", [Say("No.")]),
        ])]
    """
    daemon = await serve(folder)

    said = [(await dial(daemon, "spoken", act)).said[-1] for act in (Speak("Aye!"), Speak("nope"), Press("1"))]

    assert said == ["Yes.", "No.", "Yes."]


async def test_a_callout_in_a_default_branch_has_not_run_when_the_caller_pressed_a_key(serve, folder):
    folder["deferred"] = DEFERRED
    daemon = await serve(folder)

    transcript = await dial(daemon, "deferred", Press("1"))

    assert transcript.said == ["menu", "one"]
    assert folder["deferred"].ran == []


async def test_a_callout_in_a_default_branch_has_not_run_when_the_caller_hung_up_at_the_menu(serve, folder):
    folder["deferred"] = DEFERRED
    daemon = await serve(folder)

    await dial(daemon, "deferred", HangUp())

    assert folder["deferred"].ran == []


@pytest.mark.parametrize("act", [Silence(), Press("7")], ids=str)
async def test_a_callout_in_a_default_branch_runs_once_when_the_caller_gets_there(serve, folder, act):
    folder["deferred"] = DEFERRED
    daemon = await serve(folder)

    transcript = await dial(daemon, "deferred", act)

    assert transcript.said == ["menu", "well then", "ran 1"]
    assert len(folder["deferred"].ran) == 1


@pytest.mark.parametrize("headers", [{}, {"I-Twilio-Idempotency-Token": "4f2e8fd5"}], ids=["no token", "token"])
@pytest.mark.parametrize("together", [False, True], ids=["one after another", "at once"])
async def test_a_callout_hit_by_the_same_webhook_three_times_ran_once(serve, folder, headers, together):
    """And all three get the same bytes."""
    folder["deferred"] = DEFERRED
    daemon = await serve(folder)
    menu = await post(daemon, "/deferred", a_call())
    assert "/deferred/1.4?step=1</Redirect>" in menu.text

    def again():
        return post(daemon, "/deferred/1.4?step=1", a_call(status="in-progress"), headers=headers)

    replies = await asyncio.gather(*(again() for _ in range(3))) if together else [await again() for _ in range(3)]

    assert {(reply.status, reply.text) for reply in replies} == {(200, replies[0].text)}
    assert "<Say>ran 1</Say>" in replies[0].text
    assert folder["deferred"].ran == ["CA1:deferred:1.4.2:1:0"]


@pytest.mark.parametrize("headers", [{}, {"I-Twilio-Idempotency-Token": "4f2e8fd5"}], ids=["no token", "token"])
async def test_the_first_webhook_three_times_is_one_call(serve, folder, headers):
    folder["first"] = """
        ran = []

        def function(call):
            ran.append(call.step_id)
            return [Say("hello")]

        recipe = [FunctionExt("function", fn=function), Gather([Say("menu")], after_ext=[ResponseExt("1", "one")])]
    """
    daemon = await serve(folder)

    replies = await asyncio.gather(*(post(daemon, "/first", a_call(), headers=headers) for _ in range(3)))

    assert len({reply.text for reply in replies}) == 1
    assert replies[0].verbs[0] == "<Say>hello</Say>"
    assert len(folder["first"].ran) == 1
    assert daemon.status()["calls"]["started"] == 1


async def test_a_repeat_that_comes_after_the_call_went_on_moves_nothing(serve, folder):
    """Without an idempotency token its `?step` tells it."""
    folder["nested"] = NESTED
    daemon = await serve(folder)
    await post(daemon, "/nested", a_call())
    support = await post(daemon, "/nested/1?step=1", a_call(status="in-progress", Digits="2"))
    assert support.verbs[0].startswith("<Gather")
    phones = await post(daemon, "/nested/1.4.1?step=2", a_call(status="in-progress", Digits="1"))

    late = await post(daemon, "/nested/1?step=1", a_call(status="in-progress", Digits="2"))

    assert phones.verbs == ["<Say>Phones.</Say>", "<Say>Bye.</Say>", "<Hangup/>"]
    assert late.text == phones.text


async def test_a_menu_nobody_answers_ends_with_a_goodbye(serve, folder):
    folder["round"] = 'recipe = [Gather([Say("menu")], after_ext=[ResponseExt("1", "one")])]'
    daemon = await serve(folder, max_visits=5)

    transcript = await dial(daemon, "round", *[Silence()] * 10)

    assert transcript.said == [*["menu"] * 4, "Goodbye."]
    assert transcript.ended_by == "application"
