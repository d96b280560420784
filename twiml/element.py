"""What may stand in a flow, and what the language knows of each such thing: its `Spec`.

XML, validation, the compiler, the drawings and the reference read the `Spec`, which [declare](declare.py) makes of a
class; there is no second table anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from twiml.rules import Rule

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


def register(element: type[Element], found: Spec) -> None:
    """Remember a declaration. Of two elements with one tag the first is what XML means by it."""
    _SPECS[element] = found
    _BY_NAME[found.name] = element
    if not issubclass(element, Extension):
        _BY_TAG.setdefault(found.tag, element)


def declared() -> Iterator[tuple[type[Element], Spec]]:
    """Every element there is, in the order of declaration."""
    return iter(_SPECS.items())


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


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # of a number with more digits than Python prints
        return f"<{type(value).__name__}>"
