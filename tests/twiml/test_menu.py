"""A Gather's answers: their order, the sentence that offers them, and which of them a caller means."""

from __future__ import annotations

import pytest

from twiml import DefaultExt, Gather, RepeatExt, ResponseExt, Say, compile, menu


def keyed(*keys: str) -> Gather:
    return Gather(after_ext=[ResponseExt(key, f"t{key}") for key in keys])


def test_keys_sort_as_numbers_and_stars_and_hashes_after_them() -> None:
    found = menu.responses(keyed("*", "10", "9", "#", "2", "01", "1", "1*", "0"))
    assert [each.response for each in found] == ["0", "01", "1", "2", "9", "10", "#", "*", "1*"]


def test_responses_stand_in_the_program_by_key_however_they_are_written() -> None:
    program = compile([keyed("10", "9")])
    assert [state.payload.response for state in program if isinstance(state.payload, ResponseExt)] == ["9", "10"]


def test_silence_means_the_default_else_asking_again() -> None:
    default, repeat = DefaultExt("d"), RepeatExt()
    assert menu.otherwise(Gather(after_ext=[ResponseExt("1"), default])) is default
    assert menu.otherwise(Gather(after_ext=[repeat, ResponseExt("1")])) is repeat
    assert menu.otherwise(Gather(after_ext=[ResponseExt("1")])) == RepeatExt()


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (
            [ResponseExt("2", "Abuse"), ResponseExt("1", "Praise"), DefaultExt("a slagging")],
            "Press 1 for PRAISE. Press 2 for ABUSE. Do nothing for A SLAGGING",
        ),
        ([ResponseExt("1", "Praise")], "Press 1 for PRAISE. Do nothing to hear this again"),
        ([ResponseExt("1", "Praise"), RepeatExt()], "Press 1 for PRAISE. Do nothing to hear this again"),
        ([DefaultExt("nothing much")], "Do nothing for NOTHING MUCH"),
        ([ResponseExt("#", "straße"), DefaultExt("d")], "Press # for STRASSE. Do nothing for D"),
        (
            [ResponseExt("1", "Sales", speech=["sales"]), ResponseExt("", "Help", speech=["help me", "help"])],
            "Press 1 for SALES. Say help me for HELP. Do nothing to hear this again",
        ),
    ],
)
def test_the_menu_is_spoken(after: list[ResponseExt | DefaultExt | RepeatExt], sentence: str) -> None:
    gather = Gather(after_ext=after)
    assert menu.sentence(gather) == sentence


@pytest.mark.parametrize(
    ("flag", "spoken"), [(True, True), ("true", True), ("TRUE", True), (False, False), (None, False), ("no", False)]
)
def test_the_menu_is_made_when_asked_for(flag: bool | str | None, spoken: bool) -> None:
    assert menu.is_spoken(Gather(auto_menu_ext=flag)) is spoken


def test_the_menu_stands_after_the_body_and_is_escaped() -> None:
    flow = [Gather([Say("Hello.")], auto_menu_ext=True, after_ext=[ResponseExt("1", "R & B")])]
    assert compile(flow)[2] == ("1.2", "<Say>Press 1 for R &amp; B. Do nothing to hear this again</Say>", "next")


HEARD = [
    ResponseExt("1", speech=["sales"]),
    ResponseExt("12", speech=["help me", "help"]),
    ResponseExt("*", speech=["sales team"]),
    ResponseExt("", speech=["Grüße"]),
    ResponseExt("#"),
]


@pytest.mark.parametrize(
    ("digits", "speech", "meant"),
    [
        ("1", "", 0),
        ("12", "", 1),
        ("*", "", 2),
        ("#", "", 4),
        ("7", "", None),
        ("01", "", None),
        ("1", "help", 0),
        ("7", "help", None),
        ("", "sales", 0),
        ("", "Sales!", 0),
        ("", "SALES, please.", 0),
        ("", "the sales team", 2),
        ("", "salesman", None),
        ("", "wholesales", None),
        ("", "please help  me", 1),
        ("", "help me with sales", 1),
        ("", "GRÜSSE", 3),
        ("", "?!", None),
        ("", "", None),
    ],
)
def test_what_a_caller_means(digits: str, speech: str, meant: int | None) -> None:
    assert menu.chosen(HEARD, digits, speech) == meant


def test_of_two_that_fit_the_whole_phrase_wins_then_the_longer_then_the_first() -> None:
    answers = [ResponseExt("1", speech=["no"]), ResponseExt("2", speech=["no thanks"]), ResponseExt("3", speech=["no"])]
    assert menu.chosen(answers, "", "no") == 0
    assert menu.chosen(answers, "", "no thanks") == 1
    assert menu.chosen(answers, "", "oh no thanks") == 1
    assert menu.chosen([ResponseExt("1", speech=["yes please do"]), ResponseExt("2", speech=["yes"])], "", "yes") == 1


def test_a_hash_among_the_answers_reaches_us() -> None:
    """Twilio's finishOnKey is # unless it is said otherwise, and what finishes is never part of Digits."""
    assert menu.finish_on_key(keyed("1", "#")) == ""
    assert menu.finish_on_key(keyed("1")) is None
    assert menu.finish_on_key(Gather(finish_on_key="*", after_ext=[ResponseExt("1")])) == "*"
    assert compile([keyed("#")])[0].payload == '<Gather finishOnKey="">'
    assert compile([keyed("1")])[0].payload == "<Gather>"
