"""Random elements of the whole language: each with any of its attributes, nested as they may be.

What an element takes and holds is read from its declaration, so an element that is new is covered
the day it is declared.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from hypothesis import strategies as st

from twiml import PromptExt, Verb
from twiml.element import ANY, Attribute, Content, Extension, Spec, declared
from twiml.extensions import BY_LANGUAGE, TITLE, VOICES_BY_LANGUAGE
from twiml.rules import TEXT, Rule

CANDIDATES: list[Any] = [
    *(True, False, "true", "FALSE"),
    *(0, 1, 3, 5, 30, 250, 1000, 3000, 5000, 14400, "7", "auto", 20.5, "12.50"),
    *("", "#", "*", "1", "0123456789*#", "ww1#", "+441314960123", "usd"),
    *("GET", "post", "https://example.com/a?b=c&d=e", "/next", " https://example.com\n", "wss://example.com/stream"),
    *("sip:jane@example.com", "sips:jane@example.com;transport=tls"),
    *("en-GB", "alice", "Polly.Amy-Neural", "us", "250ms", "1.5s", "+6dB", "loud", "80%", "-5%", "x-low"),
    *("dtmf speech", ["dtmf", "speech"], ["initiated", "completed"], ["in-progress"], "start end", ["start", "end"]),
    *(
        ["visa", "amex"],
        ["1", "2"],
        ["timeout", "invalid-date"],
        ["yes", "no, thanks"],
        {"en-GB": "Hello"},
        {"en-GB": "Polly.Amy"},
    ),
    *("office.hours", '{"skill": "maps", "é": [1, true]}', "EH1 1AA"),
    'hints, with "quotes" & <tags>\nand 漢字 🎉\t~',
]
"""Values of every kind there is; a rule picks from them what it takes."""
EVERY = {found.name: (element, found) for element, found in declared()}
TWILIOS = {name: each for name, each in EVERY.items() if not issubclass(each[0], Extension)}
VERBS = [name for name, (element, _) in EVERY.items() if issubclass(element, Verb) and name != "PromptExt"]
"""What may stand in a flow, or in a document at least; a PromptExt is a text and stands inside."""

LETTERS = st.one_of(
    st.sampled_from("ab é漢🎉<>&\"'~%\t\n\x85\u2028]]>|,"),
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
)
TEXTS = st.text(LETTERS, max_size=8)
"""Any text that XML can carry, but for carriage returns, which the SDK leaves to be read as line feeds."""
NAMES = st.from_regex(r"new[A-Za-z0-9_.-]{0,6}", fullmatch=True)
"""Names of attributes that no element has."""
LANGUAGES = st.sampled_from(["en-GB", "de-DE", "FR-fr", "ja-JP"])


def taken(rule: Rule) -> list[Any]:
    """The candidates that a rule takes, and the names that it lists of itself."""
    listed = re.findall(r"[\w.-]+", rule.words) if rule.problem("none of these?") is not None else []
    return [value for value in [*CANDIDATES, *listed] if rule.problem(value) is None]


def texts_of(content: Content) -> list[Any]:
    """The texts that may stand between an element's tags."""
    return taken(content.rule) if content.rule is not None else []


def least(found: Spec) -> dict[str, Any]:
    """The content and what else an element can't do without."""
    given = {each.python: taken(each.rule)[0] for each in found.attributes if each.required}
    if found.content is not None and (texts := texts_of(found.content)):
        given[found.content.python] = texts[-1]
    return given


@cache
def _values(rule: Rule) -> st.SearchStrategy[Any]:
    if rule is TITLE:
        return st.one_of(TEXTS, TEXTS, _prompts(TEXTS))
    plain = st.sampled_from(taken(rule))
    return st.one_of(plain, TEXTS) if rule is TEXT else plain


@st.composite
def _prompts(draw: st.DrawFn, texts: st.SearchStrategy[Any]) -> PromptExt:
    said = draw(st.dictionaries(LANGUAGES, texts, min_size=1, max_size=3))
    voiced = draw(st.lists(st.sampled_from(sorted(said)), unique=True))
    return PromptExt(said, voices=dict.fromkeys(voiced, "Polly.Amy") or None)


@cache
def _one(name: str, depth: int, ours: bool) -> st.SearchStrategy[Any]:
    return _elements(name, depth, ours)


@st.composite
def _elements(draw: st.DrawFn, name: str, depth: int, ours: bool) -> Any:
    """One element by its class's name, `depth` deep at most; `ours` asks for what Twilio never sees as well."""
    element, found = EVERY[name]
    given = least(found)
    optional = [each for each in found.attributes if ours or not each.extension]
    if optional:
        chosen: list[Attribute] = draw(st.lists(st.sampled_from(optional), max_size=4))
        chosen += [each for each in optional if each.required]
        given |= {
            each.python: draw(_values(each.rule))
            for each in chosen
            if each.rule not in (BY_LANGUAGE, VOICES_BY_LANGUAGE)
        }
    if found.content is not None:
        given[found.content.python] = draw(_contents(found, found.content, depth, ours))
    if found.branches is not None and ours and depth:
        given[found.branches.python] = draw(_nested(found.branches, depth, ours))
    if ours and not issubclass(element, Extension) and draw(st.integers(0, 5)) == 0:
        given["extra"] = draw(st.dictionaries(NAMES, TEXTS, min_size=1, max_size=2))
    return element(**given)


@cache
def _contents(found: Spec, content: Content, depth: int, ours: bool) -> st.SearchStrategy[Any]:
    """What an element may hold: a text, elements, both of them, or a text in several languages."""
    kinds: list[st.SearchStrategy[Any]] = []
    if content.rule is not None:
        kinds.append(TEXTS if content.rule is TEXT else st.sampled_from(texts_of(content)))
    if not content.required and content.rule is not None:
        kinds.append(st.none())
    if content.holds and depth:
        kinds.append(_mixed(content, depth, ours) if content.mixed else _nested(content, depth, ours))
    if not kinds:
        kinds.append(st.just([]))
    if ours and found.name == "Say":
        kinds.append(_prompts(st.one_of(TEXTS, _mixed(content, depth, ours)) if depth else TEXTS))
    if ours and found.name == "Play":
        kinds.append(_prompts(st.sampled_from(texts_of(content))))
    return st.one_of(kinds)


def _held(content: Content, depth: int, ours: bool) -> st.SearchStrategy[Any]:
    names = [name for each in content.holds for name in (VERBS if each == ANY else [each])]
    kept = [name for name in names if ours or name in TWILIOS]
    return st.sampled_from(kept).flatmap(lambda name: _one(name, depth - 1, ours))


@cache
def _nested(content: Content, depth: int, ours: bool) -> st.SearchStrategy[list[Any]]:
    return st.lists(_held(content, depth, ours), min_size=int(content.rule is not None), max_size=3)


@cache
def _mixed(content: Content, depth: int, ours: bool) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.one_of(TEXTS, _held(content, depth, ours)), max_size=4)


def documents(*, ours: bool, depth: int = 2) -> st.SearchStrategy[list[Any]]:
    """Verbs with any attributes and contents, many of them no use to a caller."""
    names = [name for name in VERBS if ours or name in TWILIOS]
    return st.lists(st.sampled_from(names).flatmap(lambda name: _one(name, depth, ours)), max_size=4)
