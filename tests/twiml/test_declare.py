"""A declaration is all there is to an element: its class, its defaults, its place in the language follow from it."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from twiml import Client, Conference, Dial, FunctionExt, Gather, Hangup, Number, Pause, Play, Record, Say, Sms
from twiml.declare import (
    Element,
    Extension,
    Noun,
    Spec,
    Verb,
    body_of,
    branches_of,
    camel_case,
    declared,
    is_declared,
    spec,
    spec_of_tag,
    text_of,
)

EVERY = list(declared())
NAMES = [found.name for _, found in EVERY]
LANGUAGE = "Number Client Conference Say Play Pause Gather Record Dial Sms Redirect Hangup Reject".split()
EXTENDED = "ResponseExt DefaultExt RepeatExt FunctionExt GotoExt LabelExt".split()


def test_the_language_holds_these_elements_and_no_more() -> None:
    assert [name for name in NAMES if not name.endswith("Ext")] == LANGUAGE
    assert sorted(name for name in NAMES if name.endswith("Ext")) == sorted(EXTENDED)


@pytest.mark.parametrize(("element", "found"), EVERY, ids=NAMES)
def test_an_element_is_one_frozen_slotted_class_of_its_kind(element: type[Any], found: Spec) -> None:
    assert issubclass(element, (Verb, Noun))
    assert issubclass(element, Extension) == found.name.endswith("Ext")
    assert "__slots__" in vars(element)
    assert element.__doc__
    assert spec(element) is found
    assert spec_of_tag(found.name) is found


@pytest.mark.parametrize(("element", "found"), EVERY, ids=NAMES)
def test_every_field_is_declared_as_content_attribute_or_branches(element: type[Any], found: Spec) -> None:
    slots = [each for each in (found.content, found.branches) if each is not None]
    known = [each.python for each in slots] + [each.python for each in found.attributes]
    assert sorted(known) == sorted(each.name for each in fields(element))
    assert len({each.xml for each in found.attributes}) == len(found.attributes)


@pytest.mark.parametrize(("element", "found"), EVERY, ids=NAMES)
def test_attributes_are_keyword_only_but_an_extensions_own(element: type[Any], found: Spec) -> None:
    positional = [each.name for each in fields(element) if not each.kw_only]
    if issubclass(element, Extension):
        assert set(positional) >= {each.python for each in found.attributes if each.required}
    else:
        assert positional == ([found.content.python] if found.content else [])


@pytest.mark.parametrize(("element", "found"), EVERY, ids=NAMES)
def test_what_an_element_holds_and_hooks_exists(element: type[Any], found: Spec) -> None:
    for slot in (found.content, found.branches):
        assert set(slot.holds if slot else ()) <= {*NAMES, "any verb"}
    assert {hook.attribute for hook in found.hooks} <= {each.xml for each in found.attributes}


@pytest.mark.parametrize(
    ("python", "xml"),
    [
        ("num_digits", "numDigits"),
        ("from_", "from"),
        ("url", "url"),
        ("record", "record"),
        ("machine_detection_speech_end_threshold", "machineDetectionSpeechEndThreshold"),
    ],
)
def test_attributes_are_called_as_twiml_calls_them(python: str, xml: str) -> None:
    assert camel_case(python) == xml


def test_elements_are_values() -> None:
    assert Say("hi") == Say("hi") != Say("ho")
    assert hash(Gather([Say("hi")], num_digits=1)) == hash(Gather((Say("hi"),), num_digits=1))
    assert Gather([Say("hi")]) == Gather((Say("hi"),))
    assert pickle.loads(pickle.dumps(Dial([Number("+441314960123")]))) == Dial([Number("+441314960123")])  # noqa: S301
    assert repr(Pause(length=3)) == "Pause(length=3)"


def test_elements_cannot_change() -> None:
    body = [Say("hi")]
    gather = Gather(body)
    body.append(Say("ho"))
    assert gather.body == (Say("hi"),)
    with pytest.raises(FrozenInstanceError):
        gather.num_digits = 1


def test_lists_become_tuples_everywhere() -> None:
    assert Number("+441314960123", status_callback_event=["ringing"]).status_callback_event == ("ringing",)


def test_only_the_content_is_positional() -> None:
    with pytest.raises(TypeError):
        Say("hi", "alice")
    with pytest.raises(TypeError):
        Say("hi", volume=3)


def test_what_is_nested_is_found_and_text_too() -> None:
    assert body_of(Gather([Say("a"), Pause()])) == (Say("a"), Pause())
    assert body_of(Say("a")) == body_of(Hangup()) == body_of(Dial("+441314960123")) == ()
    assert text_of(Say("a")) == "a"
    assert text_of(Dial("+441314960123")) == "+441314960123"
    assert text_of(Dial([Client("tommy")])) is text_of(Hangup()) is None
    assert branches_of(Gather(after_ext=[FunctionExt(module="m", fn="f")])) == (FunctionExt(module="m", fn="f"),)
    assert branches_of(Gather(after_ext=7)) == branches_of(Say("a")) == ()


def test_only_what_is_declared_is_an_element() -> None:
    class Shout(Say):
        """Looks like a verb, but nobody declared it."""

    assert is_declared(Say("a"))
    assert not any(map(is_declared, [Shout("a"), Verb(), Noun(), Element(), Say, None, "Say", 5]))


@pytest.mark.parametrize(
    ("verb", "flow"),
    [
        (Say, "next"),
        (Play, "next"),
        (Pause, "next"),
        (Sms, "next"),
        (Gather, "gather"),
        (Record, "wait"),
        (Dial, "wait"),
        (Hangup, "exit"),
        (Conference, "next"),
    ],
)
def test_a_verb_says_what_it_does_to_the_flow(verb: type[Element], flow: str) -> None:
    assert spec(verb).flow == flow


def test_gather_and_dial_open_states_of_their_own() -> None:
    assert [found.name for _, found in EVERY if found.opens] == ["Gather", "Dial"]


def office_hours(call: object) -> list[Verb]:
    return []


def test_a_callout_names_its_function_even_when_given_the_function_itself() -> None:
    itself = FunctionExt("opening hours", fn=office_hours)
    assert itself == FunctionExt("opening hours", module=__name__, fn="office_hours")
    assert FunctionExt(fn=office_hours).title == "office_hours"
    assert FunctionExt("t", "m", "f") == FunctionExt("t", module="m", fn="f")
