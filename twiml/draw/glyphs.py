"""How wide a text is without a font at hand, and where it breaks.

The widths are those of DejaVu Sans, the widest of the usual fonts, so that what fits by them
fits everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from math import ceil
from typing import NamedTuple

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CONTROL = re.compile("[\x7f-\x9f]")
_BY_WIDTH = {
    0.35: " '.,/:;\\|IJijl",
    0.45: "!()-[]frt",
    0.55: '"*_`?csz',
    0.6: "FLkvxy",
    0.65: "$0123456789EPSTYabdeghnopqu{}",
    0.75: "ABCKNRUVXZ",
    0.85: "#&+<=>DGHOQ^w~",
    1.0: "%@MWm",
}
_EMS = {character: ems for ems, characters in _BY_WIDTH.items() for character in characters}
BOLD = 1.15
"""How much wider a bold text is."""
ELLIPSIS = "…"


def clean(text: str) -> str:
    """A text in one line that any XML can hold: one space between words, a sign for what can't be shown.

    >>> clean("a\\x00b\\n  c")
    'a\\ufffdb c'
    """
    return _CONTROL.sub("\ufffd", _NOT_XML.sub("\ufffd", " ".join(text.split())))


@lru_cache(maxsize=4096)
def em(character: str) -> float:
    """The width of a character in parts of the font's size, rather too much than too little."""
    if (known := _EMS.get(character)) is not None:
        return known
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0.0
    if character >= "\U00010000":
        return 1.4
    return 1.1 if unicodedata.east_asian_width(character) in "WFA" or not character.isalnum() else 0.9


def width(text: str, size: float, *, bold: bool = False) -> int:
    """The width of a text in pixels, at a font's size.

    >>> width("iii", 10) < width("www", 10) < width("漢字漢", 10)
    True
    """
    return ceil(sum(map(em, text)) * size * (BOLD if bold else 1))


def shortened(text: str, size: float, room: float) -> str:
    """As much of a text as there is room for, with an ellipsis where it is cut."""
    if width(text, size) <= room:
        return text
    kept = next(_pieces(Span(text, bold=False), size, 0, first=room - width(ELLIPSIS, size)))
    return f"{kept.rstrip()}{ELLIPSIS}"


class Span(NamedTuple):
    """A piece of a line."""

    text: str
    bold: bool


Line = list[Span]


def wrapped(spans: Iterable[Span], size: float, room: float, most: int) -> list[Line]:
    """Texts broken into lines between words, or within one too long for a line; `most` lines, then an ellipsis.

    >>> wrapped([Span("SAY", True), Span("one two three", False)], 10, 80, 2)
    [[Span(text='SAY', bold=True), Span(text='one two', bold=False)], [Span(text='three', bold=False)]]
    """
    lines: list[Line] = [[]]
    used, space = 0.0, em(" ") * size * BOLD
    for word in _words(spans):
        left = room - used - space
        for piece in _pieces(word, size, room, first=left if left > 4 * size else room):
            wide = width(piece, size, bold=word.bold)
            if lines[-1] and used + space + wide > room:
                if len(lines) == most:
                    return [*map(_joined, lines[:-1]), _joined([*lines[-1], Span(ELLIPSIS, bold=False)])]
                lines.append([])
                used = 0.0
            used += wide + (space if lines[-1] else 0)
            lines[-1].append(Span(piece, word.bold))
    return [_joined(line) for line in lines if line]


def line_width(line: Line, size: float) -> int:
    """The width of a line of spans."""
    space = em(" ") * size * BOLD
    return ceil(sum(width(span.text, size, bold=span.bold) for span in line) + space * (len(line) - 1))


def _words(spans: Iterable[Span]) -> Iterator[Span]:
    for span in spans:
        for word in clean(span.text).split():
            yield Span(word, span.bold)


def _pieces(word: Span, size: float, room: float, first: float) -> Iterator[str]:
    """A word cut where it is wider than a line, to fill up the `first` line and then whole ones."""
    if width(word.text, size, bold=word.bold) <= room:
        yield word.text
        return
    unit = size * (BOLD if word.bold else 1)
    start, used, limit = 0, 0.0, first
    for index, character in enumerate(word.text):
        wide = em(character) * unit
        if used + wide > limit - 1 and index > start and wide:
            yield word.text[start:index]
            start, used, limit = index, 0.0, room
        used += wide
    yield word.text[start:]


def _joined(line: Line) -> Line:
    """Neighbours of one weight as one span."""
    joined: Line = []
    for span in line:
        if joined and joined[-1].bold == span.bold:
            joined[-1] = Span(f"{joined[-1].text} {span.text}", span.bold)
        else:
            joined.append(span)
    return joined
