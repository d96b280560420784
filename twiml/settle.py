"""What an element keeps of what it is given: one form, so that elements that mean the same are equal.

Lists become tuples, text that spells a number becomes the number, names take Twilio's capitals. What isn't valid is
kept as it is, for `validate` to speak of.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache, partial
from itertools import groupby
from operator import attrgetter
from typing import Any

from twiml.element import Content, Table, is_declared, spec
from twiml.errors import UnknownAttribute
from twiml.rules import EXTRA, Rule, as_it_is


def settle(element: Any) -> None:
    """Keep what is given in its one form, so that an element can't change and equals its twin."""
    kind: Any = type(element)
    if not is_declared(element):
        return
    values, keepers = _keeping(kind)
    for value, (name, kept) in zip(values(element), keepers):  # noqa: B905 - extra comes after them
        if value is not None:
            _keep(element, name, value, kept(value))
    if element.extra is not None and EXTRA.problem(element.extra) is None:
        for name in () if isinstance(element.extra, Table) else element.extra:
            sentence = f"{spec(kind).name}: {name} is not an attribute known here; it is passed on as it is"
            warnings.warn(sentence, UnknownAttribute, stacklevel=3)
        _keep(element, "extra", element.extra, Table(element.extra) if element.extra else None)


@cache
def _keeping(element: Any) -> tuple[Callable[[Any], tuple[Any, ...]], tuple[tuple[str, Callable[[Any], object]], ...]]:
    """What gets all values of an element at once, for most are None, and of each its name and how it is kept."""
    found = spec(element)
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
