"""How a verb is declared: once, as a class, from which everything else is derived.

    @verb
    class Pause(Verb):
        \"\"\"Wait.\"\"\"

        length: int | None = attribute(whole(1))

makes a frozen, slotted dataclass whose attributes are keyword-only, and a `Spec` beside it: the
element's name, what it holds, and of each attribute its name in XML and its `Rule`. XML,
validation, the compiler, the drawings and the reference read the `Spec`; there is no second
table anywhere. A new element is a new class of this kind and nothing else.

The content is the one positional argument: a text (`content`), a list of elements (`nested`),
or either (`content` with `holds`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, TypeVar, dataclass_transform, overload

from twiml.rules import TEXT, Rule

Flow = Literal["next", "gather", "wait", "exit"]
"""What a verb does to the flow: runs on, asks the caller, waits for a request, ends the call."""


class Element:
    """Anything that may stand in a flow: a verb, a noun or an extension. Plain frozen data."""

    __slots__ = ()


class Verb(Element):
    """What Twilio does in a call. Verbs stand directly in a flow."""

    __slots__ = ()


class Noun(Element):
    """What a verb acts upon: a number to dial, a conference to join. Nouns stand inside a verb."""

    __slots__ = ()


class Extension(Verb):
    """What Extended TwiML adds. Twilio never sees one; the compiler turns it into states."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of an element: Python's name for it, XML's, and its rule."""

    python: str
    xml: str
    rule: Rule
    required: bool
    extension: bool


@dataclass(frozen=True, slots=True)
class Content:
    """What an element holds between its tags: a text, elements, or either."""

    python: str
    rule: Rule | None
    holds: tuple[str, ...]
    required: bool
    limit: int | None = None
    """The most elements it holds, None for as many as fit."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A URL of ours that the machine writes into an element that doesn't name its own.

    `path` is what follows the recipe's own URL: `recording`, `transcription`, or None for the
    rank of the state that goes on. `when` looks at the element's attributes, as XML has them, and
    says whether the URL is wanted.
    """

    attribute: str
    path: str | None
    when: Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything the language knows about one element."""

    name: str
    flow: Flow
    content: Content | None
    attributes: tuple[Attribute, ...]
    hooks: tuple[Hook, ...]
    branches: Content | None
    """Where its answers are listed: Gather's `after_ext`, nothing else has them."""
    again: bool
    """The request may be made though the caller said nothing: a Redirect to the same place follows."""

    @property
    def opens(self) -> bool:
        """Whether what is nested in it are states of their own, as in Gather and Dial."""
        return self.flow in ("gather", "wait") and self.content is not None and bool(self.content.holds)


ANY = "any verb"
"""What stands for every verb in a list of what an element holds."""

_SPECS: dict[type[Element], Spec] = {}
_BY_TAG: dict[str, Spec] = {}

T = TypeVar("T")
E = TypeVar("E", bound=Element)


def spec(element: Element | type[Element]) -> Spec:
    """The declaration behind an element.

    >>> from twiml import Pause
    >>> spec(Pause).name, [each.xml for each in spec(Pause).attributes]
    ('Pause', ['length'])
    """
    return _SPECS[element if isinstance(element, type) else type(element)]


def is_declared(thing: object) -> bool:
    """Whether a thing is an element of the language, and not merely looks like one."""
    return type(thing) in _SPECS


def spec_of_tag(name: str) -> Spec:
    """The declaration of the verb or noun that XML calls `name`."""
    return _BY_TAG[name]


def declared() -> Iterator[tuple[type[Element], Spec]]:
    """Every element there is, in the order of declaration."""
    return iter(_SPECS.items())


def content(rule: Rule = TEXT, *, required: bool = True, holds: tuple[str, ...] = (), limit: int | None = None) -> Any:
    """Declare the text an element holds; with `holds`, or the elements that may stand there instead."""
    made = Content("", rule, holds, required, limit)
    return field(metadata={"content": made})


def nested(*holds: str, required: bool = False, limit: int | None = None) -> Any:
    """Declare that an element holds others, by name; ANY for every verb that stands in a flow."""
    return field(default=(), metadata={"content": Content("", None, holds, required, limit)})


def branches(*holds: str) -> Any:
    """Declare where an element lists what happens after it: keyword-only, beside its content."""
    return field(default=(), kw_only=True, metadata={"branches": Content("", None, holds, required=False)})


def attribute(
    rule: Rule,
    *,
    name: str | None = None,
    required: bool = False,
    extension: bool = False,
    positional: bool = False,
) -> Any:
    """Declare an attribute; `name` where XML's isn't simply the camelCase of Python's."""
    metadata = {"attribute": Attribute("", name or "", rule, required, extension)}
    return field(default=None, kw_only=not positional, metadata=metadata)


def camel_case(python: str) -> str:
    """TwiML's name for a Python name.

    >>> camel_case("num_digits"), camel_case("from_")
    ('numDigits', 'from')
    """
    return re.sub(r"_(.)", lambda found: found[1].upper(), python.rstrip("_"))


@overload
def verb(cls: type[T], /) -> type[T]: ...
@overload
def verb(
    *, name: str | None = None, flow: Flow = "next", hooks: tuple[Hook, ...] = (), again: bool = False
) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True)
def verb(
    cls: type[T] | None = None,
    /,
    *,
    name: str | None = None,
    flow: Flow = "next",
    hooks: tuple[Hook, ...] = (),
    again: bool = False,
) -> Any:
    """Declare an element: makes its dataclass and remembers its `Spec`."""

    def make(plain: type[T]) -> type[T]:
        if "__post_init__" not in vars(plain):
            plain.__post_init__ = _settle  # type: ignore[attr-defined]  # a dataclass hook, looked up by name
        made: Any = dataclass(frozen=True, slots=True)(plain)
        held: dict[str, Content | None] = {"content": None, "branches": None}
        attributes = []
        for each in fields(made):
            for kind in held.keys() & each.metadata.keys():
                held[kind] = replace(each.metadata[kind], python=each.name)
            if (one := each.metadata.get("attribute")) is not None:
                xml = one.xml or camel_case(each.name)
                attributes.append(Attribute(each.name, xml, one.rule, one.required, one.extension))
        _SPECS[made] = Spec(
            name or plain.__name__, flow, held["content"], tuple(attributes), hooks, held["branches"], again
        )
        _BY_TAG[_SPECS[made].name] = _SPECS[made]
        result: type[T] = made
        return result

    return make if cls is None else make(cls)


def _settle(element: Any) -> None:
    """Lists become tuples, so that an element can't change and equals its twin."""
    for each in fields(element):
        value = getattr(element, each.name)
        if isinstance(value, list):
            object.__setattr__(element, each.name, tuple(value))


def body_of(element: Element) -> tuple[Any, ...]:
    """The elements nested in an element, in order; empty where it holds a text or nothing."""
    held = spec(element).content
    value = getattr(element, held.python) if held else None
    return value if isinstance(value, tuple) else ()


def branches_of(element: Element) -> tuple[Any, ...]:
    """What an element lists as happening after it."""
    held = spec(element).branches
    value = getattr(element, held.python) if held else None
    return value if isinstance(value, tuple) else ()


def text_of(element: Element) -> str | None:
    """The text an element holds, or None."""
    held = spec(element).content
    value = getattr(element, held.python) if held else None
    return value if isinstance(value, str) else None
