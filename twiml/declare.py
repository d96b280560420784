"""How a verb is declared: once, as a class, from which everything else is derived.

    @verb
    class Pause(Verb):
        \"\"\"Wait.\"\"\"

        length: int | None = attribute(whole(1))

makes a frozen, slotted dataclass whose attributes are keyword-only, and a `Spec` beside it: the
element's name, what it holds, and of each attribute its name in XML and its `Rule`. A new element is
a new class of this kind and nothing else.

The content is the one positional argument: a text (`content`), a list of elements (`nested`),
either (`content` with `holds`), or a list of both (`content` with `mixed`, as Say holds SSML).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar, dataclass_transform, overload

from twiml.element import Attribute, Content, Document, Flow, Hook, Spec, register
from twiml.rules import TEXT, Rule
from twiml.settle import settle

T = TypeVar("T")


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
        found = Spec(
            name,
            tag or name.removesuffix("Ext"),
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
        register(made, found)
        result: type[T] = made
        return result

    return make if cls is None else make(cls)
