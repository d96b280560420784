"""What an attribute's value may be: small rules that the declarations are made of.

A `Rule` says four things about a value: what is wrong with it (`problem`), how XML spells it
(`xml`), what a right one is kept as (`kept`), and how the reference describes it (`words`). As in
the seed, case never matters in names of methods, languages and reasons, and text that spells a
number or a boolean is as good as the number itself, since that is what XML makes of it: both are
kept as the same value, so that a flow equals what is read back from its XML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Any, TypeGuard

E164 = re.compile(r"\+[1-9][0-9]{1,14}")
"""A phone number as Twilio takes it: a plus, a country code, at most 15 digits (ITU-T E.164)."""

LARGEST = 999_999_999
"""The largest number that any attribute takes; none of Twilio's comes near."""

LONGEST_NAME = 60
"""Characters beyond which a text is not taken for a misspelt name."""

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
        return " ".join(map(spelled, value))
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


def as_it_is(value: Any) -> Any:
    """What most right values are kept as."""
    return value


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of value. `problem(value)` completes the sentence `loop "many" …`, or is None.

    `kept(value)` is asked of a right value only. `parse` makes a value of XML's spelling, where the
    spelling isn't one already.
    """

    words: str
    problem: Callable[[object], str | None]
    xml: Callable[[object], str] = spelled
    kept: Callable[[Any], Any] = as_it_is
    parse: Callable[[str], object] = as_it_is


def unwritable(text: str) -> str | None:
    """What is wrong with a text that XML can't carry, or None."""
    if text.isprintable():  # as nearly all are, and nothing that prints is refused
        return None
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
    known = frozenset(values)
    by_lower = {value.lower(): value for value in sorted(values, key=str.islower, reverse=True)}
    close = lru_cache(maxsize=64)(partial(did_you_mean, values=values))

    def problem(value: object) -> str | None:
        if isinstance(value, str) and value in known:
            return None
        if isinstance(value, (str, bool)) and spelled(value).lower() in by_lower:
            return None
        return otherwise + (close(value) if isinstance(value, str) else "")

    def kept(value: str | bool) -> str | bool:
        text = value if isinstance(value, str) else spelled(value)
        name = text if text in known else by_lower[text.lower()]
        return _FLAGS.get(name, name)

    return Rule(words, problem, kept=kept)


_FLAGS = {"true": True, "false": False}


def did_you_mean(value: object, values: Collection[str]) -> str:
    """A question that may help, where a name is close to one that is known."""
    if not isinstance(value, str) or len(value) > LONGEST_NAME:
        return ""
    spellings = {each.lower(): each for each in values}
    close = get_close_matches(value.lower(), spellings, n=1, cutoff=0.75)
    return f"; did you mean {spellings[close[0]]}?" if close else ""


def shortened(text: str) -> str:
    """A text as a sentence can quote it: not too long, and printable whatever it holds."""
    shown = text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 3] + "..."
    return shown.encode("utf-8", "backslashreplace").decode()


def some_of(*values: str) -> Rule:
    """Any of a few names, as a list or as text with spaces between."""
    known = {value.lower(): value for value in values}

    def problem(value: object) -> str | None:
        named = spelled(value).lower().split() if isinstance(value, str) or is_texts(value) else []
        wrong = next((each for each in named if each not in known), None)
        if named and wrong is None:
            return None
        return f"must be some of {', '.join(values)}{did_you_mean(wrong, values)}"

    def kept(value: str | Sequence[str]) -> tuple[str, ...]:
        return tuple(known[each] for each in spelled(value).lower().split())

    return Rule("some of " + ", ".join(values), problem, kept=kept)


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

    return Rule(words, problem, kept=lambda value: value if value == or_ else int(value))


def number(least: int = 0) -> Rule:
    """A number that may have decimals: an amount, a priority."""
    words = f"a number of at least {least}"

    def problem(value: object) -> str | None:
        text = value if isinstance(value, str) else _plain(value)
        right = text is not None and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text) is not None
        return None if right and Decimal(text or 0) >= least else f"must be {words}"

    return Rule(words, problem, kept=lambda value: value if isinstance(value, str) else _plain(value))


def _plain(value: object) -> str | None:
    """A number without an exponent, as short as it can be said; None for what is none at all.

    >>> _plain(20), _plain(20.50), _plain(Decimal("20.50")), _plain(1e-5), _plain(float("nan")), _plain(True)
    ('20', '20.5', '20.50', '0.000010', 'nan', None)
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) <= LARGEST else None
    said = str(value)
    return f"{value:f}" if "e" in said.lower() and len(said) < LONGEST_NAME and value <= LARGEST else said


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
    if any("|" in phrase for phrase in value):
        return "holds a phrase with a bar, which nobody can say"
    return next(filter(None, map(unwritable, value)), None)


def _barred(value: object) -> str:
    """Phrases hold spaces, so XML tells them apart by bars."""
    return "|".join(value) if isinstance(value, (list, tuple)) else spelled(value)


def _unbarred(text: str) -> tuple[str, ...]:
    return tuple(text.split("|")) if text else ()


def _hints(value: object) -> str | None:
    phrases = value.split(",") if isinstance(value, str) else value
    if not is_texts(phrases):
        return "must be text, phrases with commas between, or a list of them"
    if len(phrases) > MOST_HINTS:
        return f"holds {len(phrases)} phrases; Twilio takes {MOST_HINTS}"
    if any(len(phrase.strip()) > LONGEST_HINT for phrase in phrases):
        return f"holds a phrase of more than {LONGEST_HINT} characters"
    return next(filter(None, map(unwritable, phrases)), None)


def _json(value: object) -> str | None:
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        json.loads(text)
    except (TypeError, ValueError, RecursionError):
        return "is not JSON"
    return unwritable(text)


_PASSED_ON = re.compile(r"(?!xmlns$)(xml:)?[A-Za-z_][A-Za-z0-9_.-]*")
"""Names that an attribute of an unknown kind may have: those that need no declaration of a prefix."""


def _table(value: object) -> str | None:
    if not isinstance(value, Mapping) or not all(is_texts(pair) for pair in value.items()):
        return "must be a table of texts by name"
    wrong = [name for name in value if not _PASSED_ON.fullmatch(name)]
    if wrong:
        return f'holds "{shortened(wrong[0])}", which is no name of an attribute'
    return next(filter(None, map(unwritable, value.values())), None)


MOST_HINTS, LONGEST_HINT = 500, 100
"""Phrases in Gather's hints, and characters of each. (Twilio's documentation: "TwiML Voice: Gather".)"""

HINTS = Rule(
    f"phrases with commas between; at most {MOST_HINTS}, of {LONGEST_HINT} characters each",
    _hints,
    kept=lambda value: value if isinstance(value, str) else ",".join(value),
)
JSON = Rule(
    "JSON, as text or as Python's own data",
    _json,
    kept=lambda value: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False),
)
EXTRA = Rule("a table of attributes by the names that XML has for them", _table)
PHRASES = Rule("a list of words or phrases", _phrases, _barred, tuple, _unbarred)
FLAG = one_of("true", "false", otherwise="must be True or False")
METHOD = one_of("GET", "POST")
URL = matching(
    "a URL, absolute (http, https) or relative",
    lambda value: (
        bool(re.fullmatch(r"\s*[^\s<>\"]*\s*", value)) and not re.match(r"(?i)\s*(?!https?:)[\w+.-]+:", value)
    ),
    "is not a URL of http or https",
)
ABSOLUTE = matching(
    "an absolute URL of http or https",
    lambda value: re.fullmatch(r"(?i)\s*https?://[^\s<>\"]+\s*", value) is not None,
    "is not an absolute URL of http or https",
)
SOCKET = matching(
    "a URL of wss",
    lambda value: re.fullmatch(r"(?i)\s*wss://[^\s<>\"]+\s*", value) is not None,
    "is not a URL of wss://",
)
KEY = matching(
    "one key (0-9, * or #), or nothing",
    lambda value: value == "" or (len(value) == 1 and value in "0123456789*#"),
    "must be one key (0-9, * or #), or nothing",
)
KEYS = keys("0123456789*#", "keys (0-9, * or #)")
TONES = keys("0123456789*#wW", "digits, *, #, and w or W to wait")
PLAYED_TONES = keys("0123456789*#wWABCD", "digits, *, #, A to D, and w or W to wait")
_PHONE = matching(
    "a phone number with + and country code",
    lambda value: E164.fullmatch(value.strip()) is not None,
    "is not a phone number with + and country code, like +441314960123",
)
PHONE = Rule(_PHONE.words, _PHONE.problem, kept=str.strip)
TEXT = text()
NAME = text(least=1)
