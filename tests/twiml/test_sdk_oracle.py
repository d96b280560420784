"""Twilio's own SDK writes the same documents: every class it has, every argument, every nesting, and random ones.

The SDK is introspected, so what it gains in a later release is missed here at once. Where we differ
by choice the difference stands in a table with its reason, and a row that is no difference any more fails too.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from twilio.twiml import TwiML, messaging_response, voice_response  # type: ignore[import-untyped]  # it ships none

from tests.twiml.documents import canonical
from tests.twiml.elements import CANDIDATES, EVERY, TWILIOS, documents, least, taken, texts_of
from tests.twiml.strategies import flows
from twiml import encode, validate
from twiml.element import Element, Extension, Spec, body_of, spec, text_of

ROOTS = {
    "VoiceResponse": "a flow is a list of verbs",
    "MessagingResponse": "the answer to a message is a list of verbs",
}
"""Classes of the SDK that we have none for."""
RENAMED = {
    "SipUri": ("Uri", "TwiML's own name"),
    **{
        f"Ssml{name}": (name, "TwiML's own name; they are told apart by where they stand")
        for name in "Break Emphasis Lang P Phoneme Prosody S SayAs Sub W".split()
    },
}
"""Classes of the SDK that have another name with us."""
ARGUMENTS = {
    ("Say", "message"): ("text", "a Message is what answers a text message"),
    ("Dial", "number"): ("body", "it is a number or a list of nouns"),
    **{
        ("ConversationRelay", theirs): (ours, "all our names are in snake_case")
        for theirs, ours in {
            "speechTimeout": "speech_timeout",
            "deepgramSmartFormat": "deepgram_smart_format",
            "ignoreBackchannel": "ignore_backchannel",
            "backgroundNoiseReduction": "background_noise_reduction",
        }.items()
    },
}
"""Arguments of the SDK's that have another name with us."""
OURS_ALONE = {
    ("Dial", "call_reason"): "docs: voice/twiml/dial#callreason",
    ("Client", "client_notification_url"): "docs: voice/twiml/client",
    ("Transcription", "enable_provider_data"): "docs: voice/twiml/transcription",
    ("Transcription", "conversation_configuration"): "docs: voice/twiml/transcription",
    ("Transcription", "conversation_id"): "docs: voice/twiml/transcription",
    ("Recording", "name"): "docs: voice/twiml/recording; Stop names what it stops",
    ("Pay", "method"): "docs: voice/twiml/pay",
}
"""Attributes that Twilio's pages describe and the SDK doesn't name; it passes them on all the same."""
NESTED_BY_US_ALONE = {("Stop", "Recording"): "docs: voice/twiml/stop; the SDK starts recordings only"}
REFUSED = {
    ("VoiceResponse", "queue"): "a Queue is a noun of Dial; Twilio passes it over elsewhere",
    ("VoiceResponse", "prompt"): "a Prompt is a noun of Pay; Twilio passes it over elsewhere",
}
"""Nestings that the SDK has a method for, and that our validation refuses."""


class Adder(NamedTuple):
    """A method of the SDK's that makes one element in another: `VoiceResponse.dial`, `Say.say_as`."""

    home: type[TwiML]
    method: str
    child: type[TwiML]
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.home.__name__}.{self.method}"


def sdk_classes() -> dict[str, type[TwiML]]:
    """The SDK's elements by name. Redirect, which answers calls and messages, is the same in both."""
    modules = (messaging_response, voice_response)
    classes = [each for module in modules for each in vars(module).values() if inspect.isclass(each)]
    return {each.__name__: each for each in classes if issubclass(each, TwiML) and each is not TwiML}


CLASSES = sdk_classes()


def sample(sdk: Callable[..., TwiML]) -> TwiML:
    """An object of the SDK's with a text wherever it insists on one."""
    parameters = inspect.signature(sdk).parameters.values()
    return sdk(*("x" for each in parameters if each.default is each.empty and each.kind is not each.VAR_KEYWORD))


def adders() -> Iterator[Adder]:
    for home in (*CLASSES.values(), messaging_response.Redirect):
        for method, _ in inspect.getmembers(home, inspect.isfunction):
            if not method.startswith("_") and not hasattr(TwiML, method):
                child = type(sample(getattr(sample(home), method)))
                names = inspect.signature(getattr(home, method)).parameters.values()
                known = tuple(each.name for each in names if each.name != "self" and each.kind is not each.VAR_KEYWORD)
                yield Adder(home, method, child, known)


ADDERS = list(adders())
CHILDREN = sorted({each.child.__name__ for each in ADDERS})


def ours_for(name: str) -> tuple[type[Any], Spec]:
    """Our class for one of the SDK's, by its name."""
    return TWILIOS[RENAMED[name][0] if name in RENAMED else name]


def sdk_name(name: str) -> str:
    """The SDK's name for one of our classes."""
    return next((theirs for theirs, (ours, _) in RENAMED.items() if ours == name), name)


def python_name(sdk: str, argument: str) -> str:
    return ARGUMENTS[sdk, argument][0] if (sdk, argument) in ARGUMENTS else argument


def known_arguments(sdk: str) -> set[str]:
    return {name for each in ADDERS if each.child.__name__ == sdk for name in each.arguments}


def values_of(found: Spec, python: str) -> list[Any]:
    """The values that one of our fields takes."""
    if found.content is not None and found.content.python == python:
        return texts_of(found.content)
    return next((taken(each.rule) for each in found.attributes if each.python == python), [])


def spelled(value: object) -> object:
    """A value as the SDK wants it, which doesn't join lists."""
    return " ".join(value) if isinstance(value, tuple) else value


def theirs(element: Element) -> TwiML:
    """The SDK's object for one of our elements and all it holds."""
    declared = spec(element)
    given = {each.python: spelled(getattr(element, each.python)) for each in declared.attributes if not each.extension}
    sdk = getattr(messaging_response if declared.document == "messaging" else voice_response, sdk_name(declared.name))
    made: TwiML = sdk(**given) if text_of(element) is None else sdk(text_of(element), **given)
    for each in body_of(element):
        if not isinstance(each, Extension):
            made.append(each if isinstance(each, str) else theirs(each))
    return made


def same(verbs: list[Any], response: TwiML | None = None) -> None:
    """Both write the same document."""
    if response is None:
        response = voice_response.VoiceResponse()
        for verb in verbs:
            if not isinstance(verb, Extension):
                response.append(theirs(verb))
    assert canonical(encode(verbs)) == canonical(response.to_xml())


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_each_class_of_the_sdk_is_ours_or_is_listed(name: str) -> None:
    if name in ROOTS:
        assert name not in TWILIOS, f"{name} is listed, and is ours"
    elif name in RENAMED:
        assert name not in TWILIOS, f"{name} is listed, and has the same name with us"
        assert RENAMED[name][0] in TWILIOS
        assert RENAMED[name][0] not in CLASSES
    else:
        assert name in TWILIOS, f"the SDK has {name}"


@pytest.mark.parametrize("name", sorted(TWILIOS))
def test_each_class_of_ours_is_the_sdks(name: str) -> None:
    assert sdk_name(name) in CLASSES
    assert sdk_name(name) in CHILDREN, "and there is a method that makes one"


@pytest.mark.parametrize("adder", ADDERS, ids=str)
def test_each_argument_of_the_sdk_is_ours_and_writes_the_same(adder: Adder) -> None:
    """Each of the values that it takes, through the very method an SDK user calls."""
    element, found = ours_for(adder.child.__name__)
    names = {argument: python_name(adder.child.__name__, argument) for argument in adder.arguments}
    for name in names.values():
        values = values_of(found, name)
        assert values, f"{found.name}.{name} is unknown, or CANDIDATES holds nothing that it takes"
        for value in values:
            one = element(**{**least(found), name: value})
            given = {argument: spelled(getattr(one, python)) for argument, python in names.items()}
            child = getattr(sample(adder.home), adder.method)(**given)
            same([one], voice_response.VoiceResponse().append(child))


@pytest.mark.parametrize("name", sorted(TWILIOS))
def test_each_attribute_of_ours_is_the_sdks_or_is_listed(name: str) -> None:
    element, found = TWILIOS[name]
    known = {python_name(sdk_name(name), each) for each in known_arguments(sdk_name(name))}
    for each in found.attributes:
        if not each.extension:
            assert (each.python in known) != ((name, each.python) in OURS_ALONE), each.python
            for value in taken(each.rule):
                same([element(**{**least(found), each.python: value})])
    if found.content is not None and found.content.rule is not None:
        assert found.content.python in known


def test_each_row_of_what_is_listed_is_a_difference() -> None:
    for sdk, argument in ARGUMENTS:
        assert argument in known_arguments(sdk)
        assert argument not in {each.python for each in ours_for(sdk)[1].attributes}
    for name, python in OURS_ALONE:
        assert python in {each.python for each in TWILIOS[name][1].attributes}
    for row in REFUSED:
        assert row in {(each.home.__name__, each.method) for each in ADDERS}
    assert set(ROOTS) | set(RENAMED) <= set(CLASSES)


@pytest.mark.parametrize("name", sorted(TWILIOS))
def test_all_attributes_at_once(name: str) -> None:
    element, found = TWILIOS[name]
    full = {each.python: taken(each.rule)[-1] for each in found.attributes if not each.extension}
    same([element(**{**least(found), **full})])


@pytest.mark.parametrize("adder", ADDERS, ids=str)
def test_what_the_sdk_nests_we_nest_or_refuse_as_listed(adder: Adder) -> None:
    child, inner = ours_for(adder.child.__name__)
    one = child(**least(inner))
    if adder.home.__name__ in ROOTS:
        errors = [each for each in validate([one], extended=False) if "noun" in each or "can't stand" in each]
        assert bool(errors) == ((adder.home.__name__, adder.method) in REFUSED), errors
        same([one])
        return
    home, outer = ours_for(adder.home.__name__)
    assert outer.content is not None
    assert inner.name in outer.content.holds
    same([home(**{**least(outer), outer.content.python: [one]})])


def test_what_we_nest_the_sdk_nests_or_it_is_listed() -> None:
    nested = {(ours_for(each.home.__name__)[1].name, ours_for(each.child.__name__)[1].name) for each in _inner()}
    ours = {(name, held) for name, (_, found) in TWILIOS.items() if found.content for held in found.content.holds}
    assert {(home, held) for home, held in ours if held in TWILIOS} - nested == set(NESTED_BY_US_ALONE)


def _inner() -> list[Adder]:
    return [each for each in ADDERS if each.home.__name__ not in ROOTS]


def test_for_every_rule_there_are_values_that_it_takes() -> None:
    for name, (_, found) in EVERY.items():
        for each in found.attributes:
            assert taken(each.rule), f"{name}.{each.python} takes none of CANDIDATES: {each.rule.words}"
        if found.content is not None and found.content.rule is not None:
            assert texts_of(found.content), f"{name} holds none of CANDIDATES: {found.content.rule.words}"
    rules = [each.rule for _, found in EVERY.values() for each in found.attributes]
    contents = [found.content.rule for _, found in EVERY.values() if found.content and found.content.rule]
    assert [each for each in CANDIDATES if all(rule.problem(each) for rule in rules + contents)] == []


@given(documents(ours=False))
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_elements_nested_as_they_may(verbs: list[Any]) -> None:
    same(verbs)


@given(flows())
@settings(max_examples=60, deadline=None)
def test_any_flow_without_its_extensions(flow: list[Any]) -> None:
    same(flow)
