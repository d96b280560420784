"""What a request carries: its form, and its place below the recipes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from sys import intern
from urllib.parse import unquote, unquote_plus

from runtime.web.message import Refused

MOST_FIELDS = 1000
SHORT = 64
"""Characters of a field that is worth remembering; only such are, as anybody may send anything."""
REMEMBERED = 4096

Pairs = list[tuple[str, str]]


@dataclass(slots=True)
class Form:
    """A form or query: `fields` as they came, and `params`, of which a repeated one has its first value.

    >>> form = Form("Digits=1&msg=Gather+End&Digits=2")
    >>> form.params
    {'Digits': '1', 'msg': 'Gather End'}
    """

    fields: Pairs
    params: dict[str, str]

    def __init__(self, encoded: str) -> None:
        self.fields = fields_of(encoded)
        self.params = first_values(self.fields)

    @property
    def signed(self) -> dict[str, str] | Pairs:
        """What a signature covers. Where no field is repeated, as is the rule, `params` tell it all."""
        return self.params if len(self.params) == len(self.fields) else self.fields


@dataclass(frozen=True)
class Place:
    """Where a request goes: the recipe's name, what is below it, and the raw query."""

    recipe: str
    path: str
    query: str

    @cached_property
    def own(self) -> Mapping[str, str]:
        """The fields of the query, but for the machine's own."""
        return {name: value for name, value in Form(self.query).params.items() if name != "step"}

    @cached_property
    def step(self) -> int | None:
        """The step that wrote the URL, from `?step=`."""
        for part in self.query.split("&"):
            name, _, value = part.partition("=")
            if name == "step" and value.isascii() and value.isdecimal() and len(value) < 10:
                return int(value)
        return None


@lru_cache(maxsize=1024)
def place(target: str, prefix: str) -> Place:
    """Take a request's target apart, below the path that everything is mounted under.

    >>> place("/ivr/menu/1.3?step=2", "/ivr")
    Place(recipe='menu', path='1.3', query='step=2')
    """
    path, _, query = target.partition("?")
    if not path.startswith(prefix + "/") and path != prefix:
        raise Refused(404, f"there is nothing at {path}; recipes are under {prefix}/")
    recipe, _, below = unquote(path[len(prefix) + 1 :]).partition("/")
    return Place(recipe, below.strip("/"), query)


def fields_of(encoded: str) -> Pairs:
    """A form's or query's names and values, decoded once, empty values and repeats kept.

    >>> fields_of("From=%2B44&Digits=&msg=Gather+End&q=a=b")
    [('From', '+44'), ('Digits', ''), ('msg', 'Gather End'), ('q', 'a=b')]
    """
    parts = encoded.split("&")
    if len(parts) > MOST_FIELDS:
        raise Refused(413, f"a form of more than {MOST_FIELDS} fields")
    return list(map(_KNOWN.__getitem__, filter(None, parts)))


class _Known(dict[str, tuple[str, str]]):
    """Fields by how they are spelt. Most come again with every webhook of a call, or of all calls.

    What a hundred thousand calls hold, such as a field's name, is interned, and so is held once.
    """

    def __missing__(self, part: str) -> tuple[str, str]:
        name, _, value = part.partition("=")
        field = intern(unquote_plus(name)), intern(unquote_plus(value))
        if len(part) <= SHORT:
            if len(self) >= REMEMBERED:
                self.clear()
            self[part] = field
        return field


_KNOWN = _Known()


def first_values(fields: Pairs) -> dict[str, str]:
    """The fields by name; of a repeated one the first value counts."""
    params = dict(fields)
    return params if len(params) == len(fields) else dict(reversed(fields))
