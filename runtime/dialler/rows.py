"""Who is to be called: a CSV file in UTF-8, with a header row and in it a column `to`.

    to,name,appointment
    +44 1314 960123,Jane,on Tuesday at ten

The other columns go to the recipe as the query of its URL, so that they are among the call's parameters. Their names
are small letters, digits and underscores, which no parameter of Twilio's is made of. The whole file is checked before
anybody is called.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import phonenumbers

from runtime.errors import SwitchhookError
from runtime.twilio import as_listed, too_long

TO = "to"

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_INTERNATIONAL = re.compile(r"\+[0-9]+")

Cells = Sequence[str] | csv.Error
"""What stands in a row, or why it is no CSV."""


class RowsError(SwitchhookError):
    """A file that nobody can be called from."""

    exit_code = 2


class _Wrong(Exception):
    """What is wrong with a row."""


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody to call.

    Attributes:
        line: where in the file.
        to: the number, in E.164.
        query: the other columns, as the query of a URL.
    """

    line: int
    to: str
    query: str = ""


@dataclass(slots=True)
class Rows:
    """Everybody to call, each once, and a line for every row that has a number once more."""

    rows: list[Row] = field(default_factory=list)
    repeats: list[str] = field(default_factory=list)


def read(path: Path, name: str = "") -> Rows:
    """The rows of a file.

    Args:
        path: the file.
        name: what errors call it; its path by default.

    Raises:
        RowsError: with a line for everything that is wrong.
    """
    name = name or str(path)
    try:
        octets = path.read_bytes()
    except OSError as problem:
        raise RowsError(f"{name}: can't be read: {problem.strerror}") from problem
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = octets.count(b"\n", 0, problem.start) + 1
        raise RowsError(f"{name}:{line}: is not UTF-8; save the file as CSV in UTF-8") from problem
    return _checked(text, name)


def unfit(name: str) -> str:
    """Why a parameter of a recipe's can't have this name; empty if it can.

    >>> unfit("name"), unfit("Name")
    ('', 'a name has small letters, digits and underscores')
    """
    if name == "step":
        return "the recipe's own URLs use that"
    return "" if _NAME.fullmatch(name) else "a name has small letters, digits and underscores"


def number_of(written: str) -> str:
    """A number in E.164, from how people write it.

    >>> number_of("+44 131-496 0123")
    '+441314960123'
    """
    number = as_listed(written)
    if not _INTERNATIONAL.fullmatch(number):
        raise _Wrong(f"{written!r} is not in E.164: a + and the country come first, as in +441314960123")
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException as problem:
        raise _Wrong(f"{written!r} is no number: {problem}") from None
    if not phonenumbers.is_valid_number(parsed):
        raise _Wrong(f"{written!r} is no number that can be called")
    formatted = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if formatted != number:
        raise _Wrong(f"{written!r} is not in E.164; is it {formatted}?")
    return formatted


def _checked(text: str, name: str) -> Rows:
    """The rows of a text, or everything that is wrong with it."""
    found, first = Rows(), dict[str, int]()
    lines = _filled(text)
    at, header = next(lines, (1, list[str]()))
    columns = [] if isinstance(header, csv.Error) else [cell.strip() for cell in header]
    wrong = [f"{name}:{at}: {problem}" for problem in _problems(header, columns)]
    if TO not in columns:
        raise RowsError(*wrong)
    for line, cells in lines:
        try:
            row = _row(line, columns, cells)
        except _Wrong as problem:
            wrong.append(f"{name}:{line}: {problem}")
            continue
        if (before := first.setdefault(row.to, line)) != line:
            found.repeats.append(f"{name}:{line}: {row.to} is in line {before} already; it is called once")
        else:
            found.rows.append(row)
    if not wrong and not found.rows:
        wrong.append(f"{name}: there is nobody to call in it")
    if wrong:
        raise RowsError(*wrong)
    return found


def _filled(text: str) -> Iterator[tuple[int, Cells]]:
    """The rows that aren't blank, each with the line that it begins in; the last may be one that is no CSV."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as problem:
        yield begins, problem


def _problems(header: Cells, columns: Sequence[str]) -> Iterator[str]:
    """What is wrong with the header."""
    if isinstance(header, csv.Error):
        yield f"is not CSV: {header}"
        return
    if TO not in columns:
        known = f"; there is {', '.join(filter(None, columns))}" if any(columns) else ""
        hint = "; cells are parted by commas, not by semicolons" if any(";" in each for each in columns) else known
        yield f"there is no column {TO}{hint}"
    for place, column in enumerate(columns, 1):
        if why := unfit(column):
            yield f"column {place} is called {column!r}; {why}"
        if column in columns[: place - 1]:
            yield f"column {place} is called {column} like an earlier one"


def _row(line: int, columns: Sequence[str], cells: Cells) -> Row:
    if isinstance(cells, csv.Error):
        raise _Wrong(f"is not CSV: {cells}")
    if len(cells) != len(columns):
        raise _Wrong(f"has {len(cells)} cells, and the header {len(columns)}")
    given = dict(zip(columns, cells, strict=True))
    to = number_of(given.pop(TO))
    query = urlencode(given)
    if why := too_long(query):
        raise _Wrong(why)
    return Row(line, to, query)
