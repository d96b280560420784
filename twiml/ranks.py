"""Ranks: where a state stands, as the picture numbers it.

A rank is text like "1.3.2": the second thing in the third thing in the first. Ranks compare as
numbers, so that "10" comes after "9". When a callout's verbs take its place, what follows it
moves along (`moved`), and so does every goto and label that points there.
"""

from __future__ import annotations

import re

RANK = re.compile(r"[1-9][0-9]*(?:\.[1-9][0-9]*)*")


def is_rank(text: str) -> bool:
    """Whether a text is written as a rank is.

    >>> is_rank("1.2.3"), is_rank("hours"), is_rank("1.0")
    (True, False, False)
    """
    return RANK.fullmatch(text) is not None


def key(rank: str) -> tuple[int, ...]:
    """What ranks sort by.

    >>> sorted(["10", "9", "1.10", "1.9"], key=key)
    ['1.9', '1.10', '9', '10']
    """
    return tuple(int(part) for part in rank.split("."))


def child(parent: str, number: int) -> str:
    """The rank of a parent's child; the parent of a top-level state is "".

    >>> child("", 2), child("1.3", 1)
    ('2', '1.3.1')
    """
    return f"{parent}.{number}" if parent else str(number)


def moved(rank: str, place: str, by: int) -> str:
    """A rank after what stands at `place` was replaced by `by + 1` states.

    Later siblings of `place` move, with all they hold; nothing else does.

    >>> [moved(rank, "1.2", 2) for rank in ["1.1", "1.2", "1.3", "1.3.1", "2"]]
    ['1.1', '1.2', '1.5', '1.5.1', '2']
    """
    parts, spot = rank.split("."), place.split(".")
    level = len(spot) - 1
    if by == 0 or len(parts) <= level or parts[:level] != spot[:level] or int(parts[level]) <= int(spot[level]):
        return rank
    parts[level] = str(int(parts[level]) + by)
    return ".".join(parts)
