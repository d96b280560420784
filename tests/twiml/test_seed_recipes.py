"""The recipes that the seed's README prints, to the letter: pictures and machines."""

from __future__ import annotations

from textwrap import dedent

from twiml import DefaultExt, FunctionExt, Gather, ResponseExt, Say, compile

RECIPE_1 = [Say("yowza")]
RECIPE_9 = [
    Gather(
        num_digits=1,
        auto_menu_ext=True,
        after_ext=[
            ResponseExt("1", "Praise", [Say("My you are looking swish")]),
            ResponseExt("2", "Abuse", [Say("What you looking at, fannybaws?", language="en-gb")]),
            DefaultExt("a slagging", [Say("can you no use a phone, bawbag?", language="de")]),
        ],
    )
]
RECIPE_12 = [FunctionExt("call out to function", module="twiml_ext_recipies", fn="external_function")]


def drawn(picture: str) -> str:
    return dedent(picture).strip("\n")


def test_recipe_1_draws_a_say_and_a_hangup() -> None:
    assert compile(RECIPE_1, "ascii") == drawn("""
        1 - SAY "yowza"
        2 - HANGUP
    """)


def test_recipe_1_compiles_to_two_states() -> None:
    assert list(compile(RECIPE_1)) == [("1", "<Say>yowza</Say>", "next"), ("2", "<Hangup/>", "exit")]


def test_recipe_9_compiles_to_the_seeds_machine() -> None:
    assert list(compile(RECIPE_9)) == [
        ("1", '<Gather numDigits="1">', "into"),
        ("1.1", "<Say>Press 1 for PRAISE. Press 2 for ABUSE. Do nothing for A SLAGGING</Say>", "next"),
        ("1.2", "</Gather>", "gather"),
        ("1.3", ResponseExt("1", "Praise"), "into"),
        ("1.3.1", "<Say>My you are looking swish</Say>", "next"),
        ("1.3.2", "<Hangup/>", "exit"),
        ("1.4", ResponseExt("2", "Abuse"), "into"),
        ("1.4.1", '<Say language="en-gb">What you looking at, fannybaws?</Say>', "next"),
        ("1.4.2", "<Hangup/>", "exit"),
        ("1.5", DefaultExt("a slagging"), "next"),
        ("1.5.1", '<Say language="de">can you no use a phone, bawbag?</Say>', "next"),
        ("1.5.2", "<Hangup/>", "exit"),
    ]


def test_recipe_12_draws_its_callout() -> None:
    assert compile(RECIPE_12, "ascii") == drawn("""
        1 - Call out to CALL OUT TO FUNCTION (twiml_ext_recipies:external_function)
        2 - HANGUP
    """)


def test_recipe_12_compiles_to_a_callout_and_a_hangup() -> None:
    assert list(compile(RECIPE_12)) == [("1", RECIPE_12[0], "next"), ("2", "<Hangup/>", "exit")]
