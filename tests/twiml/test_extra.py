"""`extra`: attributes that Twilio has and this language doesn't know yet are passed on, with a warning."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace
from typing import Any

import pytest

from tests.twiml.documents import inside
from tests.twiml.elements import TWILIOS, least
from twiml import (
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    Number,
    Pause,
    PromptExt,
    Say,
    UnknownAttribute,
    compile,
    decode,
    encode,
    validate,
)
from twiml.checks import check
from twiml.element import Table
from twiml.rules import EXTRA

quiet = pytest.mark.filterwarnings("ignore::twiml.UnknownAttribute")


@pytest.mark.parametrize("name", sorted(TWILIOS))
def test_every_element_passes_on_what_it_doesnt_know(name: str) -> None:
    element: Any = TWILIOS[name][0]
    with pytest.warns(UnknownAttribute, match=f"{name}: newAttribute is not an attribute known here") as warned:
        made = element(**least(TWILIOS[name][1]), extra={"newAttribute": ' <é> & "\n'})
    assert [each.filename for each in warned] == [__file__]
    assert 'newAttribute=" &lt;é&gt; &amp; &quot;&#10;"' in encode([made])
    assert made.extra == {"newAttribute": ' <é> & "\n'}


def test_each_unknown_attribute_has_a_warning_of_its_own() -> None:
    with pytest.warns(UnknownAttribute) as warned:
        Say("x", extra={"a": "1", "b": "2"})
    assert [str(each.message).split()[1] for each in warned] == ["a", "b"]


@quiet
def test_extras_are_written_after_what_is_known_in_their_order() -> None:
    assert inside(encode([Pause(extra={"z": "1", "a": "", "xml:space": "preserve"}, length=2)])) == (
        '<Pause length="2" z="1" a="" xml:space="preserve"/>'
    )


@quiet
def test_what_is_read_and_written_keeps_its_extras() -> None:
    verbs = [Dial([Number("+441314960123", extra={"n": "1"})], extra={"d": "2"}), Pause(extra={"p.q-r_s": "\t"})]
    for extensions in (True, False):
        assert decode(encode(verbs, extensions=extensions)) == verbs


@quiet
def test_it_warned_when_it_was_made_and_nothing_warns_again() -> None:
    prompt = PromptExt({"en-GB": "x", "de-DE": "y"})
    gather = Gather([Say("x")], action="https://a.example", extra={"b": "2"})
    flow = [Say(prompt, extra={"a": "1"}), gather, Hangup()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert validate(flow) == []
        encode(flow)
        encode(flow, extensions=True)
        encode(flow, language="de-DE")
        compile(flow)
        compile(flow, "ascii")
        check(flow)
        assert pickle.loads(pickle.dumps(flow)) == flow  # noqa: S301
        assert replace(gather, num_digits=1).extra == {"b": "2"}
    assert 'b="2"' in str(list(compile(flow)))


@quiet
def test_elements_with_extras_are_values() -> None:
    one, other = Say("x", extra={"a": "1", "b": "2"}), Say("x", extra={"b": "2", "a": "1"})
    assert one == other
    assert hash(one) == hash(other)
    assert one != Say("x") != Say("x", extra={"a": "2", "b": "2"})
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301
    assert repr(one) == "Say('x', extra={'a': '1', 'b': '2'})"
    assert isinstance(one.extra, Table)


@quiet
def test_extras_are_kept_apart_from_the_table_they_came_in() -> None:
    given = {"a": "1"}
    say = Say("x", extra=given)
    given["a"] = "2"
    assert say.extra == {"a": "1"}


def test_no_extras_are_none_at_all() -> None:
    assert Say("x", extra={}) == Say("x", extra=None) == Say("x", extra=Table()) == Say("x")
    assert Say("x", extra={}).extra is None
    assert hash(Say("x", extra={})) == hash(Say("x"))
    assert repr(Say("x", extra={})) == "Say('x')"


@quiet
def test_an_extension_has_none() -> None:
    flow = [FunctionExt("t", "m", "f", extra={"x": "1"}), GotoExt("1", extra={"x": "1"})]
    refused = "extra is for what Twilio reads; an extension has none"
    assert validate(flow) == [f"1 FunctionExt: {refused}", f"2 GotoExt: {refused}"]


@quiet
@pytest.mark.parametrize("name", ["numDigits", "timeout", "action"])
def test_a_known_attribute_is_refused_and_its_name_said(name: str) -> None:
    gather = Gather([Say("x")], action="https://a.example", extra={name: "1"})
    python = {"numDigits": "num_digits"}.get(name, name)
    assert validate([gather]) == [f'1 Gather: extra holds "{name}", which is known: it is {python}']


@quiet
@pytest.mark.parametrize("name", ["voice", "language", "loop"])
def test_a_known_attribute_of_another_element_is_not_known_here(name: str) -> None:
    assert validate([Pause(extra={name: "1"}), Hangup()]) == []


@pytest.mark.parametrize(
    "names",
    [
        "",
        " ",
        "a b",
        "1a",
        "-a",
        "a=",
        "a\n",
        "<a>",
        "é\ud800",
        "a²",
        "a:b",
        ":a",
        "a:",
        "xmlns",
        "xmlns:a",
        "ext:autoMenu",
    ],
    ids=ascii,
)
def test_what_is_no_name_or_needs_a_namespace_is_refused(names: str) -> None:
    assert EXTRA.problem({names: "1"}) is not None
    errors = validate([Say("x", extra={names: "1"}), Hangup()])
    assert len(errors) == 1
    assert errors[0].startswith("1 Say: extra holds ")
    errors[0].encode()


@pytest.mark.parametrize(
    "extra", [7, "a", ["a"], {"a": 1}, {"a": None}, {1: "a"}, {"a": "\x01"}, {"a": "\ud800"}], ids=ascii
)
def test_what_is_no_table_of_texts_is_refused(extra: Any) -> None:
    assert [each.partition(" extra ")[0] for each in validate([Say("x", extra=extra), Hangup()])] == ["1 Say:"]
