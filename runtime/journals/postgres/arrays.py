"""Rows on their way to the server: an array for each column, and `unnest`, which makes rows of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NUL = "\N{SYMBOL FOR NULL}"
"""What stands for the one character that PostgreSQL's text can't hold."""

_TYPES = {
    **dict.fromkeys(("version", "number", "step", "tries"), "bigint"),
    **dict.fromkeys(("started", "latest", "at", "due"), "float8"),
    "moved": "boolean",
}
"""Of the columns that aren't text."""


def text(value: str) -> str:
    """A text as it is kept.

    >>> text("/caf\\0e")
    '/caf␀e'
    """
    return value.replace("\0", NUL) if "\0" in value else value


def unnest(names: str, first: int = 1) -> str:
    """Rows with these columns, `given`; their arrays are the parameters from one on.

    >>> unnest("call_sid, version")
    'unnest($1::text[], $2::bigint[]) AS given (call_sid, version)'
    """
    arrays = ", ".join(f"${n}::{_TYPES.get(name, 'text')}[]" for n, name in enumerate(names.split(", "), first))
    return f"unnest({arrays}) AS given ({names})"


def columns(names: str, rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """The arrays.

    >>> columns("call_sid, version", [("CA1", 4), ("CA2", 1)])
    [['CA1', 'CA2'], [4, 1]]
    """
    found = list(map(list, zip(*rows, strict=True))) if rows else [[] for _ in names.split(", ")]
    return [
        list(map(text, column)) if name not in _TYPES and any("\0" in each for each in column) else column
        for name, column in zip(names.split(", "), found, strict=True)
    ]
