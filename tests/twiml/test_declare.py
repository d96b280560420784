"""A declaration is all there is to an element: its class, its defaults, its place in the language follow from it."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

import twiml
from twiml import (
    Break,
    Client,
    Conference,
    Connect,
    Dial,
    Echo,
    Enqueue,
    FunctionExt,
    Gather,
    Hangup,
    Number,
    Pause,
    Pay,
    Play,
    PromptExt,
    Record,
    Redirect,
    Refer,
    ReferSip,
    ResponseExt,
    Say,
    SayAs,
    Sip,
    Sms,
    Start,
    Task,
    validate,
)
from twiml.declare import camel_case
from twiml.element import (
    Element,
    Extension,
    Noun,
    Spec,
    Table,
    Verb,
    body_of,
    branches_of,
    declared,
    element_of_tag,
    is_declared,
    spec,
    spec_of_tag,
    text_of,
)

EVERY = list(declared())
NAMES = [found.name for _, found in EVERY]
LANGUAGE = """
    Say Play Pause Gather Record Dial Enqueue Task Leave Connect Start Stop Refer ReferSip Pay Prompt Sms Echo
    Redirect Hangup Reject
    Break Emphasis Lang P Phoneme Prosody S SayAs Sub W
    Number Client Identity Conference Queue Sip Uri Headers Header Application ApplicationSid WhatsApp Sim Parameter
    Stream Siprec Transcription Recording Config ConversationRelay ConversationRelaySession Language AiSession
    VirtualAgent Conversation Room Autopilot
    Message Body Media
""".split()
EXTENDED = "ResponseExt DefaultExt RepeatExt FunctionExt GotoExt LabelExt PromptExt".split()


def test_the_language_holds_these_elements_and_no_more() -> None:
    assert sorted(name for name in NAMES if not name.endswith("Ext")) == sorted(LANGUAGE)
    assert sorted(name for name in NAMES if name.endswith("Ext")) == sorted(EXTENDED)


@pytest.mark.parametrize(("element", "found"), EVERY, ids=NAMES)
def test_an_element_is_one_frozen_slotted_class_of_its_kind(element: type[Any], found: Spec) -> None:
    assert issubclass(element, (Verb, Noun))
    assert issubclass(element, Extension) == found.name.endswith("Ext")
    assert "__slots__" in vars(element)
    assert element.__doc__
    assert spec(element) is found
    assert twiml.__dict__[found.name] is element


@pytest.mark.parametrize(("element", "found"), EVERY, ids=NAMES)
def test_an_element_is_found_by_its_tag(element: type[Any], found: Spec) -> None:
    extension = issubclass(element, Extension)
    home = next((each for _, each in EVERY if each.content and found.name in each.content.holds), None)
    assert element_of_tag(found.tag, inside=home, extension=extension) is element


def test_two_elements_share_a_tag_and_what_is_around_them_decides() -> None:
    assert element_of_tag("Sip", inside=spec(Refer)) is ReferSip
    assert element_of_tag("Sip", inside=spec(Dial)) is element_of_tag("Sip") is Sip
    assert spec_of_tag("say-as") is spec(SayAs)
    assert element_of_tag("Shout") is None


@pytest.mark.parametrize(("element", "found"), EVERY, ids=NAMES)
def test_every_field_is_declared_as_content_attribute_or_branches(element: type[Any], found: Spec) -> None:
    slots = [each for each in (found.content, found.branches) if each is not None]
    known = [each.python for each in slots] + [each.python for each in found.attributes]
    assert sorted([*known, "extra"]) == sorted(each.name for each in fields(element))
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
    assert Number("+441314960123", status_callback_event=["sinking"]).status_callback_event == ("sinking",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Gather(num_digits="3", finish_on_key="#"), Gather(num_digits=3, finish_on_key="#")),
        (Gather(timeout="auto", input="DTMF speech"), Gather(timeout="auto", input=["dtmf", "speech"])),
        (Conference("x", beep="TRUE", muted="false"), Conference("x", beep=True, muted=False)),
        (Conference("x", beep="onenter"), Conference("x", beep="onEnter")),
        (Say("x", language="EN-gb", voice="POLLY.amy"), Say("x", language="en-GB", voice="Polly.Amy")),
        (Redirect("https://example.com", method="post"), Redirect("https://example.com", method="POST")),
        (Gather(hints=["yes", "no"]), Gather(hints="yes,no")),
        (Task({"a": 1}), Task('{"a": 1}')),
        (Play("", digits="1"), Play(digits="1")),
        (Say(["one ", "two"]), Say("one two")),
        (Say([]), Say("")),
        (Say(["", Break(), "a", "b"]), Say([Break(), "ab"])),
        (Dial(["+441314960123"]), Dial("+441314960123")),
        (Pay(charge_amount=20.5), Pay(charge_amount="20.5")),
        (PromptExt({"EN-gb": ["a", "b"]}), PromptExt({"en-GB": ("a", "b")})),
    ],
    ids=repr,
)
def test_what_means_the_same_is_the_same(one: Element, other: Element) -> None:
    assert one == other
    assert hash(one) == hash(other)


@pytest.mark.parametrize(
    "wrong",
    [Gather(num_digits="many"), Say("x", language="klingon"), Conference("x", beep="loud"), Gather(hints=[1])],
    ids=repr,
)
def test_what_is_wrong_is_kept_for_validation_to_speak_of(wrong: Element) -> None:
    assert validate([wrong])


def test_an_element_shows_what_makes_it() -> None:
    assert repr(Say("hi", language="en-GB")) == "Say('hi', language='en-GB')"
    assert repr(Hangup()) == "Hangup()"
    assert repr(Dial([Number("+441314960123")], timeout=20)) == "Dial((Number('+441314960123'),), timeout=20)"
    assert repr(ResponseExt("1", "sales")) == "ResponseExt(response='1', title='sales')"


def test_a_table_is_a_mapping_that_cannot_change() -> None:
    table = Table({"a": "1"}, b="2")
    assert dict(table) == {"a": "1", "b": "2"} == table
    assert hash(table) == hash(Table(b="2", a="1"))
    assert pickle.loads(pickle.dumps(table)) == table  # noqa: S301
    with pytest.raises(TypeError):
        table["a"] = "3"  # type: ignore[index]


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
    assert body_of(Say(["a", Break()])) == ("a", Break())
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
        (Connect, "wait"),
        (Enqueue, "wait"),
        (Pay, "wait"),
        (Refer, "wait"),
        (Start, "next"),
        (Echo, "exit"),
    ],
)
def test_a_verb_says_what_it_does_to_the_flow(verb: type[Element], flow: str) -> None:
    assert spec(verb).flow == flow


def test_gather_dial_and_connect_open_states_of_their_own() -> None:
    assert [found.name for _, found in EVERY if found.opens] == ["Gather", "Dial", "Connect"]


def office_hours(call: object) -> list[Verb]:
    return []


def test_a_callout_names_its_function_even_when_given_the_function_itself() -> None:
    itself = FunctionExt("opening hours", fn=office_hours)
    assert itself == FunctionExt("opening hours", module=__name__, fn="office_hours")
    assert FunctionExt(fn=office_hours).title == "office_hours"
    assert FunctionExt("t", "m", "f") == FunctionExt("t", module="m", fn="f")
