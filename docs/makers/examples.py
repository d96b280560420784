"""Examples made of the declarations: an element as short as shows it, and how Python and XML write it.

What an element takes is read from its `Spec`: its content, what it can't do without, and the first two attributes that
say more than any text, each with the first of `SAMPLES` that its rule takes. `GIVEN` has what a declaration can't
know. Every example is validated, so an element that needs more says so when the pages are made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from lxml import etree

from twiml import (
    DefaultExt,
    Dial,
    Element,
    Extension,
    FunctionExt,
    Gather,
    GotoExt,
    Header,
    Identity,
    LabelExt,
    PromptExt,
    RepeatExt,
    ResponseExt,
    Say,
    Stream,
    Uri,
    Verb,
    encode,
    validate,
)
from twiml.element import Attribute, Spec, declared, spec
from twiml.rules import METHOD, TEXT, URL, Rule

SAMPLES: tuple[Any, ...] = (
    *("+441314960123", "sip:jane@example.com", "https://example.com/next", "wss://example.com/stream"),
    *(True, 30, 3, 5, 1000, 3000, "ww1", "12.50", "usd"),
    *("Polly.Amy-Neural", "en-GB", "gb", "500ms", "+6dB", "80%", "+10%", "1"),
    *("visa amex", "initiated answered", "start end", "lobby"),
)
"""Values of every kind there is, the likelier ones first."""

GIVEN: Mapping[str, Mapping[str, Any]] = {
    "Say": {"text": "Hello.", "voice": "Polly.Amy-Neural", "language": "en-GB"},
    "Play": {"url": "https://example.com/tune.mp3", "loop": 2},
    "Pause": {"length": 2},
    "Sms": {"message": "We are open until six.", "to": "+441314960123", "from_": "+441314960456"},
    "Gather": {
        "body": [Say("1 for sales.")],
        "num_digits": 1,
        "after_ext": [ResponseExt("1", "sales", [Dial("+441314960123")]), RepeatExt()],
    },
    "Record": {"play_beep": True, "max_length": 60},
    "Dial": {"body": "+441314960123", "timeout": 20},
    "Redirect": {"url": "https://example.com/other"},
    "Enqueue": {"name": "support"},
    "Task": {"body": {"skill": "maps"}, "priority": 5},
    "Stop": {"body": [Stream(name="live")]},
    "Start": {"body": [Stream(url="wss://example.com/stream", name="live")]},
    "Connect": {"body": [Stream(url="wss://example.com/stream")]},
    "Number": {"phone_number": "+441314960123", "send_digits": "ww1"},
    "Client": {"identity": "jane"},
    "Conference": {"name": "lobby", "beep": "onEnter", "max_participants": 10},
    "WhatsApp": {"phone_number": "+441314960123"},
    "Room": {"name": "lobby", "participant_identity": "jane"},
    "Sip": {"sip_url": "sip:jane@example.com", "username": "jane", "password": "secret"},
    "Identity": {"client_identity": "jane"},
    "Parameter": {"name": "customer", "value": "4711"},
    "Header": {"name": "X-Reason", "value": "billing"},
    "Queue": {"name": "support"},
    "Headers": {"body": [Header(name="X-Reason", value="billing")]},
    "Uri": {"sip_url": "sip:jane@example.com", "priority": "1", "weight": "10"},
    "Sim": {"sim_sid": "DE00000000000000000000000000000000"},
    "Application": {"application_sid": "AP00000000000000000000000000000000"},
    "ApplicationSid": {"sid": "AP00000000000000000000000000000000"},
    "Stream": {"url": "wss://example.com/stream", "name": "live"},
    "Siprec": {"connector_name": "recorder", "name": "live"},
    "Transcription": {"status_callback_url": "https://example.com/words", "language_code": "en-GB"},
    "Recording": {"recording_status_callback": "https://example.com/recorded"},
    "Config": {"name": "threshold", "value": "0.5"},
    "Language": {"code": "de-DE", "voice": "Polly.Vicki-Neural"},
    "ConversationRelay": {"url": "wss://example.com/talk", "welcome_greeting": "How can I help?"},
    "ConversationRelaySession": {"connector": "helper"},
    "AiSession": {"ai_connector": "helper"},
    "VirtualAgent": {"connector_name": "helper", "language": "en-GB"},
    "Conversation": {"service_instance_sid": "IS00000000000000000000000000000000"},
    "Autopilot": {"name": "helper"},
    "Prompt": {"body": [Say("Your card number, please.")], "for_": "payment-card-number"},
    "Pay": {"charge_amount": "12.50", "currency": "gbp"},
    "Body": {"message": "Our map"},
    "Media": {"url": "https://example.com/map.png"},
    "Message": {"body": "We are open until six."},
    "Break": {"time": "500ms"},
    "Emphasis": {"words": "never", "level": "strong"},
    "Lang": {"words": "au revoir", "xml_lang": "fr-FR"},
    "P": {"words": "That was the first part."},
    "S": {"words": "That was a sentence."},
    "Phoneme": {"words": "tomato", "alphabet": "ipa", "ph": "təˈmɑːtəʊ"},  # noqa: RUF001 - that is the phonetic alphabet
    "Prosody": {"words": "slowly", "rate": "80%"},
    "SayAs": {"words": "4711", "interpret_as": "digits"},
    "Sub": {"words": "Dr", "alias": "Doctor"},
    "W": {"words": "read", "role": "amazon:VBD"},
}
"""What a declaration can't know: likely words, and what goes with what."""

HOMES: Mapping[str, Mapping[str, Any]] = {
    "Say": {"voice": "Polly.Amy-Neural"},
    "Enqueue": {"workflow_sid": "WW00000000000000000000000000000000"},
    "Stream": {"url": "wss://example.com/stream"},
    "ConversationRelay": {"url": "wss://example.com/talk"},
}
"""What an element needs to be a home: attributes that its content asks for."""
BESIDE: Mapping[tuple[str, str], Element] = {
    ("Sip", "Headers"): Uri("sip:jane@example.com"),
    ("Client", "Parameter"): Identity("jane"),
}
"""What must stand before an element in its home."""

_MENU = Gather(
    num_digits=1,
    auto_menu_ext=True,
    after_ext=[ResponseExt("1", "sales", [Dial("+441314960123")]), DefaultExt("nothing", [Say("Goodbye.")])],
)
_REPEAT = Gather(
    num_digits=1, auto_menu_ext=True, after_ext=[ResponseExt("1", "sales", [Dial("+441314960123")]), RepeatExt()]
)
_LABELLED = [
    LabelExt("top"),
    Gather(
        [Say("1 for the tides.")],
        num_digits=1,
        after_ext=[ResponseExt("1", "tides", [Say("High."), GotoExt("top")]), DefaultExt("done", [Say("Goodbye.")])],
    ),
]
FLOWS: Mapping[str, Sequence[Verb]] = {
    "PromptExt": [Say(PromptExt({"en-GB": "Hello.", "de-DE": "Guten Tag."}))],
    "ResponseExt": [_MENU],
    "DefaultExt": [_MENU],
    "RepeatExt": [_REPEAT],
    "FunctionExt": [FunctionExt("opening hours", module="office", fn="opening_hours"), Say("Goodbye.")],
    "GotoExt": _LABELLED,
    "LabelExt": _LABELLED,
}
"""The extensions mean something within a flow alone."""


@cache
def example(name: str) -> Sequence[Verb]:
    """The flow, or the answer to a message, that shows an element by the name of its class."""
    if name in FLOWS:
        return FLOWS[name]
    flow = [_within(_shown(name))]
    if errors := validate(flow):
        raise LookupError(f"{name}: {flow}: {errors}; the example needs more, in GIVEN")
    return flow


def _shown(name: str) -> Element:
    """An element with what it must have, and some of what it may."""
    element, found = _named(name)
    given = {each.python: _sample(each) for each in found.attributes if each.required} | dict(GIVEN.get(name, {}))
    if (content := found.content) is not None and content.python not in given and (content.rule or content.required):
        given[content.python] = _first(content.rule) if content.rule is not None else [_shown(content.holds[0])]
    return element(**_more(found) | given) if name not in GIVEN else element(**given)


def _more(found: Spec) -> dict[str, Any]:
    """The first two attributes that show something: no texts, no URLs, nothing retired."""
    plain = (TEXT, URL, METHOD)
    shown = [each for each in found.attributes if each.rule not in plain and not each.retired and not each.extension]
    return {each.python: _sample(each) for each in shown[:2]}


def _within(shown: Element) -> Verb:
    """An element in the verb that it stands in, by way of what is between; in Say, if it may stand there."""
    if isinstance(shown, Verb):
        return shown
    name = spec(shown).name
    holds = [(home, found) for home, found in declared() if found.content is not None and name in found.content.holds]
    home, found = min(holds, key=lambda each: (each[1].flow == "exit", not issubclass(each[0], Verb)))
    assert found.content is not None
    before = BESIDE.get((found.name, name))
    held = ["One moment. ", shown] if found.content.mixed else [before, shown] if before is not None else [shown]
    return _within(home(**HOMES.get(found.name, {}), **{found.content.python: held}))


def _named(name: str) -> tuple[type[Element], Spec]:
    return next(each for each in declared() if each[1].name == name)


def _sample(attribute: Attribute) -> Any:
    """A value for an attribute: the first that its rule takes."""
    return _first(attribute.rule)


def _first(rule: Rule) -> Any:
    listed = rule.words.removeprefix("some of ").split(", ")
    return next(each for each in [*SAMPLES, *listed[-1:], *listed] if rule.problem(each) is None)


# --- as Python and as XML --------------------------------------------------------


def as_python(thing: Any, indent: str = "", room: int = 96) -> str:
    """An element, or what it holds, as one would write it: the content first, lists as lists.

    >>> as_python(Dial("+441314960123", timeout=30))
    'Dial("+441314960123", timeout=30)'
    """
    if isinstance(thing, Element):
        return _called(thing, indent, room)
    if isinstance(thing, (list, tuple)):
        return _wrapped("[", [as_python(each, indent + "    ", room) for each in thing], "]", indent, room)
    if isinstance(thing, Mapping):
        pairs = [f"{_quoted(key)}: {as_python(value, indent + '    ', room)}" for key, value in thing.items()]
        return _wrapped("{", pairs, "}", indent, room)
    return _quoted(thing) if isinstance(thing, str) else repr(thing)


def _called(element: Element, indent: str, room: int) -> str:
    found = spec(element)
    order = [found.content] if found.content is not None else []
    positional = [each.python for each in order] if not isinstance(element, Extension) else _in_order(element)
    given = {name: getattr(element, name) for name in _in_order(element)}
    said = {name: value for name, value in given.items() if value not in (None, ())}
    parts = [as_python(said.pop(name), indent + "    ", room) for name in positional if name in said and _leads(name)]
    parts += [f"{name}={as_python(value, indent + '    ', room)}" for name, value in said.items()]
    return _wrapped(f"{found.name}(", parts, ")", indent, room)


def _leads(name: str) -> bool:
    """Whether what is positional is written so; a callout's module and function read better by name."""
    return name not in ("module", "fn", "voices", "speech")


def _in_order(element: Element) -> list[str]:
    return [each.name for each in element.__dataclass_fields__.values()]  # type: ignore[attr-defined]  # every element is a dataclass


def _wrapped(opening: str, parts: Sequence[str], closing: str, indent: str, room: int) -> str:
    line = f"{opening}{', '.join(parts)}{closing}"
    if len(indent) + len(line) <= room and "\n" not in line:
        return line
    inner = indent + "    "
    return "\n".join([opening, *(f"{inner}{part}," for part in parts), f"{indent}{closing}"])


def _quoted(text: str) -> str:
    return repr(text) if '"' in text else json.dumps(text, ensure_ascii=False)


def as_xml(flow: Sequence[Verb]) -> str:
    """A flow's XML, a line for each element but where blanks would be spoken; extensions as they are stored."""
    ours = any(isinstance(each, Extension) for each in _all(flow))
    root = etree.fromstring(encode(flow, extensions=ours).encode())
    spoken = [(say, [(each, each.text, each.tail) for each in say.iter()]) for say in root.iter("Say")]
    etree.indent(root, "  ")
    for say, parts in spoken:
        tail = say.tail
        for each, text, after in parts:
            each.text, each.tail = text, after
        say.tail = tail
    return etree.tostring(root, encoding="unicode")


def _all(things: Any) -> Iterator[Any]:
    if isinstance(things, (list, tuple)):
        for each in things:
            yield from _all(each)
    elif isinstance(things, Mapping):
        yield from _all(list(things.values()))
    elif isinstance(things, Element):
        yield things
        yield from _all([getattr(things, name) for name in _in_order(things)])
