"""What each kind of attribute takes, what it refuses, in which words, and how XML spells it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twiml.strategies import ANYTHING
from twiml.element import declared
from twiml.rules import (
    FLAG,
    KEY,
    KEYS,
    LARGEST,
    METHOD,
    NAME,
    PHONE,
    PHRASES,
    TEXT,
    TONES,
    URL,
    Rule,
    is_true,
    named,
    one_of,
    some_of,
    spelled,
    text,
    whole,
)

EVENTS = some_of("initiated", "ringing", "answered")


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (FLAG, True),
        (FLAG, False),
        (FLAG, "true"),
        (FLAG, "FALSE"),
        (METHOD, "GET"),
        (METHOD, "post"),
        (one_of("true", "onEnter"), True),
        (one_of("true", "onEnter"), "onenter"),
        (named(["en-GB"], "no"), "EN-gb"),
        (EVENTS, "ringing"),
        (EVENTS, "ringing Answered"),
        (EVENTS, ["initiated", "ringing"]),
        (EVENTS, ("initiated",)),
        (whole(), 0),
        (whole(), LARGEST),
        (whole(2, 250), 2),
        (whole(2, 250), "250"),
        (whole(1, or_="auto"), "auto"),
        (whole(1, or_="auto"), 1),
        (KEY, ""),
        (KEY, "#"),
        (KEYS, "0123456789*#"),
        (KEYS, ""),
        (TONES, "ww12W#*"),
        (TEXT, ""),
        (TEXT, "\t\n\r ~é漢🎉<&>"),
        (NAME, "x"),
        (text(3), "abc"),
        (text(3, least=2), "ab"),
        (PHRASES, ["yes", "yes please"]),
        (PHRASES, ("ja",)),
        (PHONE, "+441314960123"),
        (PHONE, "+15005550006"),
        (URL, "https://example.com/a?b=c&d=e"),
        (URL, "HTTP://EXAMPLE.COM"),
        (URL, " \n https://example.com \n "),
        (URL, "/relative/path"),
        (URL, "next?of=a:b"),
        (URL, ""),
    ],
)
def test_it_takes(rule: Rule, value: object) -> None:
    assert rule.problem(value) is None


@pytest.mark.parametrize(
    ("rule", "value", "problem"),
    [
        (FLAG, "yes", "must be True or False"),
        (FLAG, 1, "must be True or False"),
        (METHOD, "PUT", "is not one of GET, POST"),
        (METHOD, None, "is not one of GET, POST"),
        (one_of("a", "b"), "x", "is not one of a, b"),
        (named(["en-GB"], "is not one Twilio speaks"), "klingon", "is not one Twilio speaks"),
        (EVENTS, "rang", "must be some of initiated, ringing, answered"),
        (EVENTS, "", "must be some of initiated, ringing, answered"),
        (EVENTS, [], "must be some of initiated, ringing, answered"),
        (EVENTS, [1], "must be some of initiated, ringing, answered"),
        (EVENTS, ["ringing", "rang"], "must be some of initiated, ringing, answered"),
        (whole(), -1, "must be a whole number of at least 0"),
        (whole(1), 0, "must be a whole number of at least 1"),
        (whole(1), True, "must be a whole number of at least 1"),
        (whole(1), 1.0, "must be a whole number of at least 1"),
        (whole(1), LARGEST + 1, "must be a whole number of at least 1"),
        (whole(1), "1.5", "must be a whole number of at least 1"),
        (whole(1), "٣", "must be a whole number of at least 1"),
        (whole(2, 250), 251, "must be a whole number from 2 to 250"),
        (whole(2, 250), 3.5, "must be a whole number from 2 to 250"),
        (whole(1, or_="auto"), "often", 'must be a whole number of at least 1, or "auto"'),
        (KEY, "12", "must be one key (0-9, * or #), or nothing"),
        (KEY, "a", "must be one key (0-9, * or #), or nothing"),
        (KEYS, "1w", "must be keys (0-9, * or #)"),
        (KEYS, 1, "must be text, not int"),
        (TONES, "1a", "must be digits, *, #, and w or W to wait"),
        (TEXT, None, "must be text, not NoneType"),
        (TEXT, b"x", "must be text, not bytes"),
        (TEXT, "a\x00", "holds the character U+0000, which XML can't carry"),
        (TEXT, "\ud800", "holds the character U+D800, which XML can't carry"),
        (TEXT, "\uffff", "holds the character U+FFFF, which XML can't carry"),
        (NAME, "", "is empty"),
        (text(3), "abcd", "is longer than 3 characters"),
        (text(3, least=2), "a", "must have 2 to 3 characters"),
        (PHRASES, "yes", "must be a list of words or phrases"),
        (PHRASES, [1], "must be a list of words or phrases"),
        (PHRASES, [" "], "holds an empty phrase"),
        (PHRASES, ["a\x07"], "holds the character U+0007, which XML can't carry"),
        (PHONE, "5551234", "is not a phone number with + and country code, like +441314960123"),
        (PHONE, "+-5", "is not a phone number with + and country code, like +441314960123"),
        (PHONE, "+0131", "is not a phone number with + and country code, like +441314960123"),
        (PHONE, "+1234567890123456", "is not a phone number with + and country code, like +441314960123"),
        (PHONE, "+44 131 496 0123", "is not a phone number with + and country code, like +441314960123"),
        (URL, "ftp://example.com", "is not a URL of http or https"),
        (URL, "javascript:alert(1)", "is not a URL of http or https"),
        (URL, "mailto:a@b.c", "is not a URL of http or https"),
        (URL, "https://example.com/a b", "is not a URL of http or https"),
        (URL, 'https://example.com/"', "is not a URL of http or https"),
    ],
)
def test_it_refuses_and_says_why(rule: Rule, value: object, problem: str) -> None:
    assert rule.problem(value) == problem


RULES = sorted({each.rule for _, spec in declared() for each in spec.attributes}, key=lambda rule: rule.words)


@given(st.sampled_from(RULES), ANYTHING)
def test_no_rule_fails_on_anything_and_what_it_takes_it_can_spell(rule: Rule, value: Any) -> None:
    problem = rule.problem(value)
    assert problem is None or problem
    if problem is None:
        assert isinstance(rule.xml(value), str)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (False, "false"), (3, "3"), ("x", "x"), (["a", "b"], "a b"), (("a",), "a"), ([True, 2], "true 2")],
)
def test_xml_spells_values_as_twilio_reads_them(value: object, text: str) -> None:
    assert spelled(value) == text


def test_phrases_are_told_apart_by_bars() -> None:
    assert PHRASES.xml(["yes please", "ja"]) == "yes please|ja"


@pytest.mark.parametrize(("value", "true"), [(True, True), ("True", True), (False, False), ("yes", False), (1, False)])
def test_a_flag_is_true_as_itself_or_as_text(value: object, true: bool) -> None:
    assert is_true(value) is true


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.words)
def test_every_rule_describes_itself_for_the_reference(rule: Rule) -> None:
    assert rule.words
    assert not rule.words.endswith(".")
