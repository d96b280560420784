"""Whatever a flow or a document is made of, there is a clear error or a result, soon, and never another traceback."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.twiml.elements import EVERY, least
from tests.twiml.strategies import ANYTHING
from twiml import (
    Connect,
    DecodeError,
    DefaultExt,
    Dial,
    Enqueue,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Number,
    P,
    Pause,
    Pay,
    Play,
    PromptExt,
    ResponseExt,
    Say,
    Sub,
    Task,
    TwimlError,
    compile,
    decode,
    encode,
    validate,
)
from twiml.checks import check
from twiml.element import Element, Extension

pytestmark = pytest.mark.filterwarnings("ignore::twiml.UnknownAttribute", "ignore::twiml.UnknownElement")

SOON = 5.0
"""Seconds of the processor's that anything may take."""


def soon(work: Callable[[], Any], limit: float = SOON) -> Any:
    """What the work gives, or the error of ours that it raises; fails for any other, and for slow work."""
    begun = time.process_time()
    result: Any
    try:
        result = work()
    except TwimlError as problem:
        result = problem
    took = time.process_time() - begun
    assert took < limit, f"took {took:.2f} s"
    assert not isinstance(result, TwimlError) or str(result).encode()
    return result


def holds_out(flow: Any) -> list[str]:
    """The errors of a flow; everything there is to do with it is tried."""
    for extensions in (False, True):
        xml = soon(lambda extensions=extensions: encode(flow, extensions=extensions))  # type: ignore[misc]
        if isinstance(xml, str):
            etree.fromstring(xml.encode(), etree.XMLParser(huge_tree=True))
    errors = soon(lambda: validate(flow))
    assert all(isinstance(each, str) and each.encode() for each in errors)
    soon(lambda: validate(flow, extended=False))
    for work in (compile, lambda verbs: compile(verbs, "ascii"), check):
        result = soon(lambda work=work: work(flow))  # type: ignore[misc]
        assert isinstance(result, TwimlError) or not errors
    return list(errors)


NAN = float("nan")


def nested(depth: int, wrap: Callable[[Any], Any], inner: Any) -> Any:
    for _ in range(depth):
        inner = wrap(inner)
    return inner


# Documents.

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def entities(*declared: str, used: str = "&a;") -> str:
    return f"<!DOCTYPE Response [{''.join(declared)}]><Response><Say>{used}</Say></Response>"


@pytest.mark.parametrize(
    "xml",
    [
        entities("<!ENTITY a 'lol'>", *(f"<!ENTITY {b} '&{a};&{a};'>" for a, b in pairwise(LETTERS)), used="&z;"),
        entities(f"<!ENTITY a '{'x' * 100_000}'>", used="&a;" * 100_000),
        entities("<!ENTITY a SYSTEM 'file:///etc/passwd'>"),
        entities("<!ENTITY a SYSTEM 'http://127.0.0.1:1/'>"),
        entities("<!ENTITY % a SYSTEM 'http://127.0.0.1:1/'> %a;", used=""),
        "<!DOCTYPE Response SYSTEM 'http://127.0.0.1:1/a.dtd'><Response/>",
        "<!DOCTYPE Response PUBLIC 'x' 'file:///etc/passwd'><Response/>",
        "<!DOCTYPE Response [<!ATTLIST Response a CDATA 'x'>]><Response/>",
    ],
    ids=["billion laughs", "quadratic blow-up", "file", "network", "parameter", "dtd", "public", "attributes"],
)
def test_a_document_with_a_doctype_is_refused_unread(xml: str) -> None:
    for form in (xml, xml.encode(), xml.encode("utf-16")):
        with pytest.raises(DecodeError, match=r"has a DOCTYPE|more than 1,000,000 bytes"):
            decode(form)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<Say>" + "x" * 10_000_000 + "</Say>", "more than 1,000,000 bytes"),
        ("<Say>" * 10_000 + "</Say>" * 10_000, "elements within each other"),
        ("<Dial>" * 150 + "</Dial>" * 150, None),
        ("<x>" * 100_000 + "</x>" * 100_000, None),
        ("<x>" * 100_000, "not XML"),
        ("<Pause/>" * 60_000, None),
        ("<Shout/>" * 100_000, None),
        ("".join(f"<Shout{n}/>" for n in range(50_000)), None),
        ("x<break/>" * 50_000, None),
        ("<Say>" + "x<break/>&amp;" * 50_000 + "</Say>", None),
        ("<Say>" + "x\n" * 300_000 + "</Say>", None),
        ("<Say " + " ".join(f"a{n}='1'" for n in range(50_000)) + "/>", None),
        (f"<Pause {'a' * 900_000}='1'/>", None),
        (f"<{'S' * 900_000}/>", None),
        (f"<Pause length='{'9' * 900_000}'/>", None),
        (f"<Say voice='{'a' * 900_000}'/>", None),
        (f"<Enqueue><Task>{'[' * 900_000}</Task></Enqueue>", None),
        ("<Say xmlns:a='urn:x' " + "xmlns:b='urn:y'/>" + "<Say xmlns:a='urn:z'/>" * 20_000, None),
    ],
    ids=range(18),
)
def test_a_document_of_any_size_and_depth_is_read_or_refused_soon(inside: str, said: str | None) -> None:
    for strict in (False, True):
        found = soon(lambda strict=strict: decode(f"<Response>{inside}</Response>", strict=strict), 2 * SOON)  # type: ignore[misc]
        if said is not None:
            assert said in str(found)
        elif isinstance(found, list) and len(found) < 2:
            soon(lambda found=found: validate(found))  # type: ignore[misc]
        assert not isinstance(found, TwimlError) or len(str(found)) < 100_000


# Flows.


@pytest.mark.parametrize(
    "flow",
    [
        [Say([nested(10_000, lambda inner: P([inner]), "x")])],
        [nested(10_000, lambda inner: Gather(after_ext=[ResponseExt("1", "t", [inner])]), Say("x"))],
        [nested(10_000, lambda inner: Dial([inner]), Number("+441314960123"))],
        [nested(10_000, lambda inner: Connect([inner]), Say("x"))],
        [nested(10_000, lambda inner: DefaultExt("x", [inner]), Say("x"))],
        [nested(10_000, lambda inner: Say(PromptExt({"en-GB": [inner]})), "x")],
        nested(10_000, lambda inner: [inner], Say("x")),
    ],
    ids=["words", "menus", "dials", "connects", "defaults", "prompts", "lists"],
)
def test_elements_ten_thousand_deep(flow: list[Any]) -> None:
    assert holds_out(flow)


def circular() -> list[Any]:
    circle: list[Any] = []
    circle += [circle, circle]
    return circle


CIRCLE = circular()


@pytest.mark.parametrize(
    "flow",
    [
        CIRCLE,
        [Say(CIRCLE)],
        [Say([P(CIRCLE)])],
        [Gather(CIRCLE)],
        [Gather(after_ext=CIRCLE)],
        [Gather(after_ext=[ResponseExt("1", "x", CIRCLE, speech=CIRCLE)])],
        [Gather(input=CIRCLE, hints=CIRCLE)],
        [Dial(CIRCLE)],
        [Say(PromptExt({"en-GB": CIRCLE}))],
        [Enqueue([Task({"a": CIRCLE})], workflow_sid="W")],
    ],
    ids=range(10),
)
def test_lists_that_contain_themselves(flow: list[Any]) -> None:
    assert holds_out(flow)


@pytest.mark.parametrize("bad", ["\x00", "\x01", "\x0b", "\x1f", "\ufffe", "\ud800"], ids=ascii)
def test_characters_that_xml_cannot_carry_are_named_wherever_they_are(bad: str) -> None:
    flows: Sequence[list[Any]] = [
        [Say(bad)],
        [Say([Sub("x", alias=bad)])],
        [Say("x", voice=bad)],
        [Say(PromptExt({"en-GB": bad}))],
        [Play(f"/{bad}")],
        [Gather(action=f"/{bad}")],
        [Gather(input="speech", hints=[bad], action="/")],
        [Gather(after_ext=[ResponseExt("1", bad)])],
        [Gather(after_ext=[ResponseExt("1", PromptExt({"en-GB": bad}))])],
        [Gather(input="dtmf speech", after_ext=[ResponseExt("1", "x", speech=[bad])])],
        [LabelExt("a" + bad), GotoExt("a" + bad)],
        [FunctionExt(bad, "m", "f")],
        [FunctionExt("x", f"m{bad}", "f")],
        [Enqueue([Task('{"a": "' + bad + '"}')], workflow_sid="W")],
        [Say("x", extra={bad: "1"})],
        [Say("x", extra={"a": bad})],
        [Dial(bad)],
    ]
    for flow in flows:
        assert holds_out(flow), f"{flow!a} is invalid"


@pytest.mark.parametrize(
    "value",
    [10**5000, -(10**5000), "9" * 5000, 1e300, NAN, Decimal("1e500000"), Decimal("sNaN"), "1e9"],
    ids=range(8),
)
def test_numbers_beyond_all_measure(value: Any) -> None:
    for flow in ([Pause(length=value)], [Gather(timeout=value, action="/")], [Pay(charge_amount=value)], [Say(value)]):
        assert holds_out(flow) or isinstance(value, str)
    soon(lambda: holds_out([Enqueue([Task({"a": value})], workflow_sid="W")]))


WRONG: list[Any] = [
    *(7, 1.5, True, b"x", object(), len, Say, Say("x"), Hangup(), (), [None], ["x", Say("x")], [["x"]], {}, {"a": 1}),
    *({1: 2}, {"en-GB": 7}, {"en-GB": None}, set(), "\ud800", "", PromptExt({"en-GB": "x"}), PromptExt({}), iter("x")),
]


@pytest.mark.parametrize("name", sorted(EVERY))
def test_values_of_wrong_types_in_every_field(name: str) -> None:
    element, found = EVERY[name]
    fields = [each.python for each in found.attributes] + [
        each.python for each in (found.content, found.branches) if each is not None
    ]
    for field in [*fields, "extra"]:
        for value in WRONG:
            one = element(**{**least(found), field: value})
            errors = soon(lambda one=one: validate([one]))  # type: ignore[misc]
            assert all(each.encode() for each in errors)
            soon(lambda one=one: validate([one], extended=False))  # type: ignore[misc]
            repr(one)
            for extensions in (False, True):
                xml = soon(lambda one=one, extensions=extensions: encode([one], extensions=extensions))  # type: ignore[misc]
                assert isinstance(xml, (str, TwimlError))


@given(st.sampled_from(sorted(EVERY)), st.data(), ANYTHING)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_anything_at_all_in_any_field_of_any_element_anywhere(name: str, data: st.DataObject, value: Any) -> None:
    element, found = EVERY[name]
    held = [each.python for each in (found.content, found.branches) if each is not None]
    field = data.draw(st.sampled_from([*(each.python for each in found.attributes), *held, "extra"]))
    one: Any = element(**{**least(found), field: value})
    for flow in ([one], [Gather([one], after_ext=[DefaultExt("x", [one])])], [Dial([one])], [Say([one])]):
        holds_out(flow)


@given(ANYTHING)
@settings(max_examples=80, deadline=None)
def test_anything_at_all_for_a_flow(value: Any) -> None:
    holds_out(value)
    holds_out([value])


# Long flows: what is right is right soon.


def menus() -> list[Element]:
    flow: list[Element] = []
    for number in range(500):
        answers: list[Extension] = [
            ResponseExt("1", "on", [GotoExt(f"menu{(number * 7) % 500}")]),
            ResponseExt("2", "out", [FunctionExt("t", "m", "f")]),
            DefaultExt("otherwise", [Say("x"), GotoExt(f"menu{(number + 1) % 500}")]),
        ]
        flow += [LabelExt(f"menu{number}"), Gather([Say("x")], num_digits=1, after_ext=answers)]
    return flow


@pytest.mark.parametrize(
    "flow",
    [
        [Say(f"state {number}") for number in range(5000)],
        menus(),
        [Gather([Say("x")] * 5000, action="https://example.com")],
        [Gather([Say("x")], after_ext=[ResponseExt(f"{number:04}", "t", [Hangup()]) for number in range(2500)])],
        [LabelExt(f"a{number}") for number in range(5000)],
    ],
    ids=["verbs", "menus", "a long body", "a wide menu", "labels"],
)
def test_a_flow_of_five_thousand_states_is_done_with_soon(flow: list[Any]) -> None:
    assert soon(lambda: validate(flow)) == []
    assert len(soon(lambda: compile(flow))) in (1, *range(5000, 6000))
    xml = soon(lambda: encode(flow, extensions=True))
    if len(xml) < 1_000_000:
        assert soon(lambda: decode(xml)) == flow


@pytest.mark.parametrize(
    "flow",
    [
        [Say(7) for _ in range(5000)],  # type: ignore[arg-type]
        [GotoExt(f"nowhere{number}") for number in range(5000)],
        [Gather(after_ext=[ResponseExt("1", "t")] * 2500)],
        [Say("x", language=f"klingon{number}") for number in range(2500)],
    ],
    ids=["types", "gotos", "answers", "names"],
)
def test_a_flow_of_five_thousand_mistakes_is_told_soon(flow: list[Any]) -> None:
    assert soon(lambda: validate(flow))
