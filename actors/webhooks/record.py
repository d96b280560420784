"""A webhook as the seed's `pretty_print` shows one: a line for each field, typed ones in groups."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from actors.webhooks.field import Field

START = "***Start of Twilio Record***********************"
END = "***End of Twilio Record*************************"


def record(blocks: Iterable[Iterable[Field[Any]]], params: Mapping[str, str], custom: Mapping[str, str]) -> str:
    """The record, a block for each group of fields: what came empty is `[]`, what didn't come isn't shown.

    The custom ones stand where the seed has them, below the first block.

    >>> print(record([], {"q": "x"}, {"q": "x"}))
    ***Start of Twilio Record***********************
    Custom Params is [{"q", "x"}]
    ***End of Twilio Record*************************
    """
    call, *others = [_lines(fields, params) for fields in blocks] or [[]]
    call.append(f"Custom Params is {_listed(custom)}")
    shown = "\n\n".join("\n".join(block) for block in [call, *others] if block)
    return f"{START}\n{shown}\n{END}"


def _lines(fields: Iterable[Field[Any]], params: Mapping[str, str]) -> list[str]:
    return [f"{printable(label)} is {term(value)}" for field in fields for _, label, value in field.taken(params)]


def _listed(custom: Mapping[str, str]) -> str:
    pairs = (f"{{{quoted(name)}, {quoted(value)}}}" for name, value in custom.items())
    return "[" + (",\n" + " " * len("Custom Params is [")).join(pairs) + "]"


def term(value: object) -> str:
    """A value as Erlang's shell would show it, and what it hasn't in words that everybody reads.

    >>> term("x"), term(""), term(3), term(True), term({"a": 1})
    ('"x"', '[]', '3', 'true', '{"a": 1}')
    """
    match value:
        case "":
            return "[]"
        case str():
            return quoted(value)
        case datetime():
            return value.isoformat()
        case dict():
            return json.dumps(value)
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def quoted(text: str) -> str:
    r"""In quotes, on one line.

    >>> print(quoted('"röt"\n\x9b'))
    "\"röt\"\n\u009b"
    """
    return '"' + printable(text.replace("\\", r"\\").replace('"', r"\"")) + '"'


def printable(text: str) -> str:
    r"""With nothing in it that a terminal would take for an order: what can't be seen is told by its number.

    >>> print(printable("red \x1b[31m"))
    red \u001b[31m
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else json.dumps(letter)[1:-1] for letter in text)
