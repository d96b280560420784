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
either (`content` with `holds`), or a list of both (`content` with `mixed`, as Say holds SSML).

What is given is kept in one form, so that elements that mean the same are equal: lists become
tuples, text that spells a number becomes the number, names take Twilio's capitals. What isn't
valid is kept as it is, for `validate` to speak of.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cache, partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal, TypeVar, dataclass_transform, overload

from twiml.errors import UnknownAttribute
from twiml.rules import EXTRA, TEXT, Rule, as_it_is

Flow = Literal["next", "gather", "wait", "exit"]
"""What a verb does to the flow: runs on, asks the caller, waits for a request, ends the call."""


Document = Literal["voice", "messaging"]
"""Where a verb stands: in a call, or in the answer to a message."""


class Table(Mapping[str, Any]):
    """A mapping that can't change, so that an element that holds one can be a key itself.

    >>> hash(Table({"a": "1"})) == hash(Table(a="1")), Table(a="1")
    (True, {'a': '1'})
    """

    __slots__ = ("_items",)

    def __init__(self, items: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        self._items = {**(items or {}), **more}

    def __getitem__(self, name: str) -> Any:
        return self._items[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __hash__(self) -> int:
        return hash(frozenset(self._items.items()))

    def __repr__(self) -> str:
        return repr(self._items)


class Element:
    """Anything that may stand in a flow: a verb, a noun or an extension. Plain frozen data."""

    __slots__ = ()

    def __repr__(self) -> str:
        """What makes it: the content first, then the attributes that are given."""
        found = _SPECS.get(type(self))
        if found is None:
            return f"{type(self).__name__}()"
        first = [found.content.python] if found.content and not issubclass(type(self), Extension) else []
        given = {each.name: getattr(self, each.name) for each in fields(self)}  # type: ignore[arg-type]  # all elements are dataclasses
        said = [_shown(given.pop(name)) for name in first if given[name] not in (None, ())]
        said += [f"{name}={_shown(value)}" for name, value in given.items() if value not in (None, ())]
        return f"{found.name}({', '.join(said)})"


@dataclass(frozen=True, slots=True, repr=False)
class Verb(Element):
    """What Twilio does in a call. Verbs stand directly in a flow.

    `extra` holds attributes newer than this language, by their names in XML; they are passed on as
    they are, with a warning.
    """

    extra: Mapping[str, str] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True, repr=False)
class Noun(Element):
    """What a verb acts upon: a number to dial, a conference to join. Nouns stand inside a verb."""

    extra: Mapping[str, str] | None = field(default=None, kw_only=True)


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
    default: str | None = None
    """What Twilio does when it isn't given, None where nothing is documented."""
    retired: str | None = None
    """Why it is better not used, if Twilio has moved on from it."""


@dataclass(frozen=True, slots=True)
class Content:
    """What an element holds between its tags: a text, elements, or either."""

    python: str
    rule: Rule | None
    holds: tuple[str, ...]
    required: bool
    mixed: bool = False
    """Whether texts and elements may stand beside each other, and blanks count."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A URL of ours that the machine writes into an element that doesn't name its own.

    `path` is what follows the recipe's own URL: `recording`, `transcription`, `status`, or None for the
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
    """Its class."""
    tag: str
    """Its name in XML; an extension's stands in our own namespace."""
    flow: Flow
    content: Content | None
    attributes: tuple[Attribute, ...]
    hooks: tuple[Hook, ...]
    branches: Content | None
    """Where its answers are listed: Gather's `after_ext`, nothing else has them."""
    again: bool
    """The request may be made though the caller said nothing: a Redirect to the same place follows."""
    opens: bool
    """Whether what is nested in it are states of their own, as in Gather and Dial."""
    document: Document
    retired: str | None
    """Why it is better not used, if Twilio has moved on from it."""


ANY = "any verb"
"""What stands for every verb in a list of what an element holds."""

_SPECS: dict[type[Element], Spec] = {}
_BY_TAG: dict[str, type[Element]] = {}
_BY_NAME: dict[str, type[Element]] = {}

T = TypeVar("T")


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


def spec_of_tag(tag: str) -> Spec:
    """The declaration of the verb or noun that XML calls `tag`."""
    return _SPECS[_BY_TAG[tag]]


def element_of_tag(tag: str, *, inside: Spec | None = None, extension: bool = False) -> type[Element] | None:
    """The class of what XML calls `tag`, if there is one.

    Two elements may share a tag, as the Sip of Dial and that of Refer: what the element around it
    holds then decides.
    """
    if extension:
        return _BY_NAME.get(f"{tag}Ext")
    held = inside.content.holds if inside is not None and inside.content is not None else ()
    return next((_BY_NAME[name] for name in held if name != ANY and _is_of(name, tag)), _BY_TAG.get(tag))


def _is_of(name: str, tag: str) -> bool:
    element = _BY_NAME[name]
    return _SPECS[element].tag == tag and not issubclass(element, Extension)


def declared() -> Iterator[tuple[type[Element], Spec]]:
    """Every element there is, in the order of declaration."""
    return iter(_SPECS.items())


def content(rule: Rule = TEXT, *, required: bool = True, holds: tuple[str, ...] = (), mixed: bool = False) -> Any:
    """Declare the text an element holds; with `holds`, or the elements that may stand there instead."""
    metadata = {"content": Content("", rule, holds, required, mixed)}
    return field(metadata=metadata) if required else field(default=None, metadata=metadata)


def nested(*holds: str, required: bool = False) -> Any:
    """Declare that an element holds others, by name; ANY for every verb that stands in a flow."""
    return field(default=(), metadata={"content": Content("", None, holds, required)})


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
    default: str | None = None,
    retired: str | None = None,
) -> Any:
    """Declare an attribute; `name` where XML's isn't simply the camelCase of Python's, `default` what
    Twilio does where it isn't given."""
    metadata = {"attribute": Attribute("", name or "", rule, required, extension, default, retired)}
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
    *,
    tag: str | None = None,
    flow: Flow = "next",
    hooks: tuple[Hook, ...] = (),
    again: bool = False,
    opens: bool = False,
    document: Document = "voice",
    retired: str | None = None,
) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True)
def verb(
    cls: type[T] | None = None,
    /,
    *,
    tag: str | None = None,
    flow: Flow = "next",
    hooks: tuple[Hook, ...] = (),
    again: bool = False,
    opens: bool = False,
    document: Document = "voice",
    retired: str | None = None,
) -> Any:
    """Declare an element: makes its dataclass and remembers its `Spec`."""

    def make(plain: type[T]) -> type[T]:
        if "__post_init__" not in vars(plain):
            plain.__post_init__ = settle  # type: ignore[attr-defined]  # a dataclass hook, looked up by name
        made: Any = dataclass(frozen=True, slots=True, repr=False)(plain)
        held: dict[str, Content | None] = {"content": None, "branches": None}
        attributes = []
        for each in fields(made):
            for kind in held.keys() & each.metadata.keys():
                held[kind] = replace(each.metadata[kind], python=each.name)
            if (one := each.metadata.get("attribute")) is not None:
                attributes.append(replace(one, python=each.name, xml=one.xml or camel_case(each.name)))
        name = plain.__name__
        called = tag or name.removesuffix("Ext")
        _SPECS[made] = Spec(
            name,
            called,
            flow,
            held["content"],
            tuple(attributes),
            hooks,
            held["branches"],
            again,
            opens,
            document,
            retired,
        )
        _BY_NAME[name] = made
        if not issubclass(made, Extension):
            _BY_TAG.setdefault(called, made)
        result: type[T] = made
        return result

    return make if cls is None else make(cls)


def settle(element: Any) -> None:
    """Keep what is given in its one form, so that an element can't change and equals its twin."""
    kind: Any = type(element)
    if kind not in _SPECS:
        return
    values, keepers = _keeping(kind)
    for value, (name, kept) in zip(values(element), keepers):  # noqa: B905 - extra comes after them
        if value is not None:
            _keep(element, name, value, kept(value))
    if element.extra is not None and EXTRA.problem(element.extra) is None:
        for name in () if isinstance(element.extra, Table) else element.extra:
            sentence = f"{_SPECS[kind].name}: {name} is not an attribute known here; it is passed on as it is"
            warnings.warn(sentence, UnknownAttribute, stacklevel=3)
        _keep(element, "extra", element.extra, Table(element.extra) if element.extra else None)


@cache
def _keeping(element: Any) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[tuple[str, Callable[[Any], object]], ...]]:
    """What gets all values of an element at once, for most are None, and of each its name and how it is kept."""
    found = _SPECS[element]
    keepers: dict[str, Callable[[Any], object]] = {each.python: partial(_right, each.rule) for each in found.attributes}
    keepers |= {slot.python: partial(_held, slot) for slot in (found.content, found.branches) if slot is not None}
    return attrgetter(*keepers, "extra", "extra"), tuple(keepers.items())  # twice, for it gives no tuple of one


def _right(rule: Rule, value: Any) -> object:
    """A value as it is kept. What isn't right is kept as it is, but never as a list, which may change."""
    if rule.kept is not as_it_is and rule.problem(value) is None:
        return rule.kept(value)
    return tuple(value) if isinstance(value, list) else value


def _held(slot: Content, value: Any) -> object:
    if isinstance(value, (list, tuple)):
        return joined(tuple(value), mixed=slot.mixed) if slot.rule is not None else tuple(value)
    if isinstance(value, str) and not slot.required and not value.strip():
        return None
    return _right(slot.rule, value) if slot.rule is not None else value


def _keep(element: Any, name: str, given: object, kept: object) -> None:
    if kept is not given:
        object.__setattr__(element, name, kept)


def joined(items: tuple[Any, ...], *, mixed: bool) -> object:
    """A list of texts and elements with no text beside another; a text alone is no list.

    >>> joined(("a", "b"), mixed=True), joined((), mixed=True), joined((), mixed=False)
    ('ab', '', ())
    """
    if not any(isinstance(item, str) for item in items):
        return "" if mixed and not items else items
    found: list[Any] = []
    for text, run in groupby(items, key=lambda item: isinstance(item, str)):
        pieces = list(run)
        found += filter(None, ["".join(pieces)]) if text else pieces
    if not found or (len(found) == 1 and isinstance(found[0], str)):
        return "".join(found)
    return tuple(found)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # of a number with more digits than Python prints
        return f"<{type(value).__name__}>"


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
