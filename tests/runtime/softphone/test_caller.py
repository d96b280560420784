"""Scripts: acts, what hears them, and how they are written on a command line."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.softphone import (
    Answer,
    Caller,
    HangUp,
    Press,
    Prompt,
    Script,
    Silence,
    Speak,
    caller,
    fields,
    gather,
    parse_line,
    parse_options,
    wire,
)
from runtime.softphone.caller import KEYS, OUTCOMES
from runtime.softphone.gather import collect

GATHER = Prompt("Gather", keys=KEYS, expects=True)
DIAL = Prompt("Dial", answer=True, default=Answer())


@pytest.mark.parametrize("module", [caller, fields, gather, wire], ids=lambda module: module.__name__)
def test_the_examples_run(module):
    assert doctest.testmod(module).failed == 0


# --- acts ----------------------------------------------------------------------


@pytest.mark.parametrize("keys", ["", "12x", "1 2", "+44", "a", "１"])  # noqa: RUF001 - a full-width one
def test_a_phone_has_only_its_keys(keys):
    with pytest.raises(ValueError, match="a phone has the keys"):
        Press(keys)


def test_a_dial_ends_in_one_of_twilios_ways():
    for outcome in OUTCOMES:
        Answer(outcome)
    with pytest.raises(ValueError, match="'engaged'"):
        Answer("engaged")


@pytest.mark.parametrize(
    ("prompt", "heard"),
    [
        (GATHER, {"press", "silence", "hang up"}),
        (Prompt("Gather", speech=True, expects=True), {"say", "silence", "hang up"}),
        (Prompt("Record", keys="1", speech=True, expects=True), {"press", "say", "silence", "hang up"}),
        (Prompt("Record", keys="#", speech=True, expects=True), {"say", "silence", "hang up"}),
        (DIAL, {"answer", "hang up", "hang up during Dial"}),
        (Prompt("Dial"), {"silence", "hang up", "hang up during Dial"}),
        (Prompt("Call", answer=True, default=Answer()), {"answer"}),
    ],
)
def test_what_a_prompt_hears(prompt, heard):
    acts = {
        "press": Press("1"),
        "say": Speak("yes"),
        "silence": Silence(),
        "answer": Answer(),
        "hang up": HangUp(),
        "hang up during Dial": HangUp("Dial"),
    }
    assert {name for name, act in acts.items() if prompt.hears(act)} == heard


# --- scripts -------------------------------------------------------------------


def test_a_script_is_a_caller():
    assert isinstance(Script(), Caller)
    assert not isinstance([Press("1")], Caller)


async def test_acts_come_in_order_to_the_prompts_that_hear_them():
    script = Script([Press("1"), Answer("busy"), Press("2")])
    assert await script.answer(DIAL) == Answer()
    assert await script.answer(GATHER) == Press("1")
    assert await script.answer(GATHER) == Silence()
    assert await script.answer(DIAL) == Answer("busy")
    assert script.left == (Press("2"),)


@pytest.mark.parametrize("patience", [0, 1, 3])
async def test_a_used_up_script_hangs_up_when_its_patience_is(patience):
    script = Script(patience=patience)
    assert [await script.answer(GATHER) for _ in range(patience)] == [Silence()] * patience
    assert await script.answer(GATHER) == HangUp()


async def test_prompts_that_expect_nothing_are_not_counted():
    script = Script(patience=1)
    for _ in range(9):
        assert await script.answer(DIAL) == Answer()
        assert await script.answer(Prompt("Dial")) == Silence()
    assert await script.answer(GATHER) == Silence()


def test_hanging_up_in_a_verb_is_done_once():
    script = Script([HangUp("Say"), HangUp()])
    assert not script.hangs_up("Play")
    assert script.hangs_up("Say")
    assert not script.hangs_up("Say")
    assert script.left == (HangUp(),)


# --- keys ----------------------------------------------------------------------


@given(st.text(KEYS, min_size=1, max_size=8), st.sampled_from(["#", "*", "", "5"]), st.integers(0, 5))
def test_no_key_is_lost_or_made_up(keys, finish, limit):
    """Digits, the finish key and the rest are the keys, but for a finish key swallowed behind the last digit."""
    digits, finished_on, rest = collect(keys, finish, limit)
    together = digits + finished_on + rest
    assert together == keys or (len(digits) == limit and digits + finish + rest == keys)
    assert not finish or finish not in digits
    assert not limit or len(digits) <= limit


# --- on the command line -------------------------------------------------------


def test_a_command_line_is_a_script_in_the_order_given():
    words = "--press 1 --press=23# --say yes --silence --answer busy --answer=failed --hang-up=Say --hang-up"
    assert parse_options(words.split()) == [
        Press("1"),
        Press("23#"),
        Speak("yes"),
        Silence(),
        Answer("busy"),
        Answer("failed"),
        HangUp("Say"),
        HangUp(),
    ]


def test_words_may_hold_anything():
    assert parse_options(["--say", "--silence=x"]) == [Speak("--silence=x")]
    assert parse_options(["--say=a=b"]) == [Speak("a=b")]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--press"], "--press needs a value"),
        (["--press", "x"], "can't press 'x'"),
        (["--pres", "1"], "--pres: a script has"),
        (["1"], "1: a script has"),
    ],
)
def test_a_mistake_is_named(words, message):
    with pytest.raises(ValueError, match=message):
        parse_options(words)


def test_an_answer_is_completed_unless_it_says_otherwise():
    assert parse_options(["--answer="]) == [Answer("completed")]


# --- at the keypad -------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "act"),
    [
        ("1", Press("1")),
        (" 23# \n", Press("23#")),
        ("555 01-00", Press("5550100")),
        ("*", Press("*")),
        ("", Silence()),
        ("  \n", Silence()),
        ("h", HangUp()),
        ('"yes, please', Speak("yes, please")),
        ('"yes"', Speak("yes")),
        ("say  hello there", Speak("hello there")),
        ("answer", Answer()),
        ("no-answer", Answer("no-answer")),
        ("?", None),
        ("hello", None),
        ("say", None),
        ("-", None),
    ],
)
def test_a_typed_line_is_an_act(line, act):
    assert parse_line(line) == act


@given(st.text())
def test_any_line_is_an_act_or_none(line):
    parse_line(line)
