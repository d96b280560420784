"""Twilio's own SDK writes the same documents: every element, every attribute, and flows of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.twiml import voice_response

from tests.twiml.documents import canonical
from tests.twiml.strategies import flows
from twiml import (
    Client,
    Conference,
    Dial,
    Gather,
    Hangup,
    Number,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    Say,
    Sms,
    encode,
)
from twiml.declare import Attribute, Element, Extension, Spec, body_of, declared, spec, text_of
from twiml.rules import Rule

CANDIDATES: list[Any] = [
    *(True, False, "true", "FALSE"),
    *(0, 1, 5, 30, 250, 1000, 3000, 5000, 14400, "7", "auto"),
    *("", "#", "*", "1", "0123456789*#", "ww1#"),
    *("GET", "post", "+441314960123", "https://example.com/a?b=c&d=e", "/next", " https://example.com\n"),
    *("en-GB", "alice", "Polly.Amy-Neural", "us", "us1", "off", "Enable", "busy", "both", "onEnter"),
    *("trim-silence", "record-from-answer", "record-from-start", "call-progress-event"),
    *("dtmf speech", ["dtmf", "speech"], "initiated ringing", ["initiated", "completed"], ["in-progress"], "start end"),
    'hints, with "quotes" & <tags>\nand 漢字 🎉\t~',
]
"""Values of every kind there is; a rule picks from them what it takes."""
TWILIOS = [(element, found) for element, found in declared() if not issubclass(element, Extension)]


def taken(rule: Rule) -> list[Any]:
    """The candidates that a rule takes."""
    return [value for value in CANDIDATES if rule.problem(value) is None]


def theirs(verb: Element) -> Any:
    """The SDK's object for one of our elements, all attributes by keyword. The SDK doesn't join lists."""
    given = {each.python: getattr(verb, each.python) for each in spec(verb).attributes if not each.extension}
    joined = {name: " ".join(value) if isinstance(value, tuple) else value for name, value in given.items()}
    text = text_of(verb)
    made = getattr(voice_response, spec(verb).name)(*([] if text is None else [text]), **joined)
    for each in body_of(verb):
        if not isinstance(each, Extension):
            made.append(theirs(each))
    return made


def same(verbs: list[Any]) -> None:
    response = voice_response.VoiceResponse()
    for verb in verbs:
        if not isinstance(verb, Extension):
            response.append(theirs(verb))
    assert canonical(encode(verbs)) == canonical(response.to_xml())


def least(element: type[Any], found: Spec) -> dict[str, Any]:
    """The content and what else an element can't do without."""
    given = {each.python: taken(each.rule)[0] for each in found.attributes if each.required}
    if found.content is not None and found.content.rule is not None:
        given[found.content.python] = taken(found.content.rule)[-1]
    return given


def cases() -> Iterator[Any]:
    for element, found in TWILIOS:
        for each in found.attributes:
            if not each.extension:
                yield pytest.param(element, found, each, id=f"{found.name}.{each.python}")


def test_these_are_the_elements_compared() -> None:
    compared = {element for element, _ in TWILIOS}
    named = {Say, Play, Pause, Gather, Record, Dial, Sms, Redirect, Hangup, Reject, Number, Client, Conference}
    assert compared >= named
    assert all(hasattr(voice_response, found.name) for _, found in TWILIOS)


@pytest.mark.parametrize(("element", "found"), TWILIOS, ids=[found.name for _, found in TWILIOS])
def test_each_element_bare(element: type[Any], found: Spec) -> None:
    same([element(**least(element, found))])


@pytest.mark.parametrize(("element", "found", "attribute"), list(cases()))
def test_each_attribute_with_each_kind_of_value(element: type[Any], found: Spec, attribute: Attribute) -> None:
    values = taken(attribute.rule)
    assert values, f"CANDIDATES holds nothing for {attribute.rule.words}"
    for value in values:
        same([element(**{**least(element, found), attribute.python: value})])


@pytest.mark.parametrize(("element", "found"), TWILIOS, ids=[found.name for _, found in TWILIOS])
def test_all_attributes_at_once(element: type[Any], found: Spec) -> None:
    full = {each.python: taken(each.rule)[-1] for each in found.attributes if not each.extension}
    same([element(**{**least(element, found), **full})])


@pytest.mark.parametrize(
    ("element", "found"),
    [pytest.param(element, found, id=found.name) for element, found in TWILIOS if found.content and found.content.rule],
)
def test_each_text_an_element_may_hold(element: type[Any], found: Spec) -> None:
    assert found.content is not None
    assert found.content.rule is not None
    for value in taken(found.content.rule):
        if isinstance(value, str):
            same([element(**{**least(element, found), found.content.python: value})])


def elements() -> st.SearchStrategy[Any]:
    """Any element with any of its attributes, and what it may hold."""

    @st.composite
    def one(draw: st.DrawFn, element: type[Any], found: Spec) -> Any:
        given = least(element, found)
        for each in found.attributes:
            if not each.extension and draw(st.integers(0, 3)) == 0:
                given[each.python] = draw(st.sampled_from(taken(each.rule)))
        holds = [name for name in (found.content.holds if found.content else ()) if name in by_name]
        if found.content is not None and holds:
            inner = st.sampled_from(holds).flatmap(lambda name: by_name[name])
            given[found.content.python] = draw(st.lists(inner, max_size=3))
        return element(**given)

    by_name: dict[str, st.SearchStrategy[Any]] = {}
    by_name.update({found.name: one(element, found) for element, found in TWILIOS})
    return st.sampled_from(sorted(by_name)).flatmap(lambda name: by_name[name])


@given(st.lists(elements(), max_size=4))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_elements_nested_as_they_may(verbs: list[Any]) -> None:
    same(verbs)


@given(flows())
@settings(max_examples=100, deadline=None)
def test_any_flow_without_its_extensions(flow: list[Any]) -> None:
    same(flow)
