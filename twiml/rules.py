"""What an attribute's value may be: small rules that the declarations are made of.

A `Rule` says three things about a value: what is wrong with it (`problem`), how XML spells it
(`xml`), and how the reference describes it (`words`). As in the seed, case never matters in
names of methods, languages and reasons, and text that spells a number or a boolean is as good
as the number itself, since that is what XML makes of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeGuard

E164 = re.compile(r"\+[1-9][0-9]{1,14}")
"""A phone number as Twilio takes it: a plus, a country code, at most 15 digits (ITU-T E.164)."""

LARGEST = 999_999_999
"""The largest number that any attribute takes; none of Twilio's comes near."""

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that an XML 1.0 document can't hold, not even escaped (XML 1.0, 2.2)."""


def spelled(value: object) -> str:
    """A Python value as an attribute's text.

    >>> spelled(True), spelled(3), spelled(["initiated", "ringing"])
    ('true', '3', 'initiated ringing')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return " ".join(spelled(item) for item in value)
    return str(value)


def is_texts(value: object) -> TypeGuard[Sequence[str]]:
    """Whether a value is a list of texts."""
    return isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value)


def is_true(value: object) -> bool:
    """Whether a flag is set, as itself or as text.

    >>> is_true(True), is_true("TRUE"), is_true(None), is_true("yes")
    (True, True, False, False)
    """
    return isinstance(value, (bool, str)) and spelled(value).lower() == "true"


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of value. `problem(value)` completes the sentence `loop "many" …`, or is None."""

    words: str
    problem: Callable[[object], str | None]
    xml: Callable[[object], str] = spelled


def unwritable(text: str) -> str | None:
    """What is wrong with a text that XML can't carry, or None."""
    found = NOT_XML.search(text)
    return f"holds the character U+{ord(found[0]):04X}, which XML can't carry" if found else None


def matching(words: str, accepts: Callable[[str], bool], otherwise: str) -> Rule:
    """Text that `accepts` agrees to; `otherwise` completes the sentence for any other."""

    def problem(value: object) -> str | None:
        if not isinstance(value, str):
            return f"must be text, not {type(value).__name__}"
        return unwritable(value) or (None if accepts(value) else otherwise)

    return Rule(words, problem)


def one_of(*values: str, otherwise: str | None = None) -> Rule:
    """One of a few names, in any case."""
    listed = ", ".join(values)
    return _named(values, listed, otherwise or f"is not one of {listed}")


def named(values: Collection[str], otherwise: str) -> Rule:
    """One of many names, in any case; `otherwise` completes the sentence for any other."""
    return _named(values, f"one of {len(values)} names", otherwise)


def _named(values: Collection[str], words: str, otherwise: str) -> Rule:
    known = frozenset(value.lower() for value in values)

    def problem(value: object) -> str | None:
        if isinstance(value, (str, bool)) and spelled(value).lower() in known:
            return None
        return otherwise

    return Rule(words, problem)


def some_of(*values: str) -> Rule:
    """Any of a few names, as a list or as text with spaces between."""
    known = frozenset(value.lower() for value in values)

    def problem(value: object) -> str | None:
        named = spelled(value).lower().split() if isinstance(value, str) or is_texts(value) else []
        return None if named and known.issuperset(named) else f"must be some of {', '.join(values)}"

    return Rule("some of " + ", ".join(values), problem)


def whole(least: int = 0, most: int | None = None, *, or_: str | None = None) -> Rule:
    """A whole number in a range; `or_` is a word that may stand in its place."""
    words = f"a whole number of at least {least}" if most is None else f"a whole number from {least} to {most}"
    if or_ is not None:
        words += f', or "{or_}"'

    def problem(value: object) -> str | None:
        if or_ is not None and value == or_:
            return None
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            return f"must be {words}"
        return None if least <= value <= (LARGEST if most is None else most) else f"must be {words}"

    return Rule(words, problem)


def keys(allowed: str, words: str) -> Rule:
    """Text made of some of a phone's keys only."""
    permitted = frozenset(allowed)
    return matching(words, permitted.issuperset, f"must be {words}")


def text(most: int | None = None, *, least: int = 0) -> Rule:
    """Any text that XML can carry, of `least` to `most` characters."""
    if most is None:
        return matching("text", lambda value: len(value) >= least, "is empty")
    return matching(
        f"text of at most {most} characters",
        lambda value: least <= len(value) <= most,
        f"must have {least} to {most} characters" if least else f"is longer than {most} characters",
    )


def _phrases(value: object) -> str | None:
    if not is_texts(value):
        return "must be a list of words or phrases"
    if not all(phrase.strip() for phrase in value):
        return "holds an empty phrase"
    return next(filter(None, map(unwritable, value)), None)


def _barred(value: object) -> str:
    """Phrases hold spaces, so XML tells them apart by bars."""
    return "|".join(value) if isinstance(value, (list, tuple)) else spelled(value)


PHRASES = Rule("a list of words or phrases", _phrases, _barred)
FLAG = one_of("true", "false", otherwise="must be True or False")
METHOD = one_of("GET", "POST")
URL = matching(
    "a URL, absolute (http, https) or relative",
    lambda value: (
        bool(re.fullmatch(r"\s*[^\s<>\"]*\s*", value)) and not re.match(r"(?i)\s*(?!https?:)[\w+.-]+:", value)
    ),
    "is not a URL of http or https",
)
KEY = matching(
    "one key (0-9, * or #), or nothing",
    lambda value: value == "" or (len(value) == 1 and value in "0123456789*#"),
    "must be one key (0-9, * or #), or nothing",
)
KEYS = keys("0123456789*#", "keys (0-9, * or #)")
TONES = keys("0123456789*#wW", "digits, *, #, and w or W to wait")
PHONE = matching(
    "a phone number with + and country code",
    lambda value: E164.fullmatch(value) is not None,
    "is not a phone number with + and country code, like +441314960123",
)
TEXT = text()
NAME = text(least=1)
