"""Exemptions: a recipe says in its source which findings it means.

    # switchhook: ignore[SW003, SW004]

on a line of its own, not indented, exempts the whole recipe from these codes. The rule takes comments,
wherever they are from; those of a Python source are read as Python reads it: what stands in a string is none.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from twiml.checks.finding import Finding, nowhere
from twiml.checks.table import CHECKS, MALFORMED, UNNEEDED

_EXEMPTION = re.compile(r"\s*switchhook:\s*ignore\b(.*)", re.IGNORECASE)
_CODES = re.compile(r"\s*\[([^\]]*)\]")


class Comment(NamedTuple):
    """A line of comment: which line of the source, from which column, and what it says without its mark."""

    line: int
    column: int
    text: str


def exempted(findings: Sequence[Finding], comments: Iterable[Comment]) -> list[Finding]:
    """The findings that a recipe's comments don't exempt, and what is wrong with its exemptions.

    >>> from twiml import Record
    >>> from twiml.checks import check
    >>> findings = check([Record()])
    >>> exempted(findings, [Comment(1, 0, "switchhook: ignore[SW015]")])
    []
    >>> print(exempted([], comments_of("# switchhook: ignore[SW015]"))[0])
    SW102 warning: line 1: nothing here needs an exemption from SW015
    """
    known = {each.code for each in CHECKS if each.look is not nowhere}
    there = {each.code for each in findings}
    exempt: set[str] = set()
    wrong = []
    for line, codes, complaint in _exemptions(comments):
        if complaint:
            wrong.append(MALFORMED.finding("", f"line {line}: {complaint}"))
        for code in codes:
            if code not in known:
                wrong.append(MALFORMED.finding("", f'line {line}: there is no code "{code}" to be exempt from'))
            elif code not in there or code in exempt:
                wrong.append(UNNEEDED.finding("", f"line {line}: nothing here needs an exemption from {code}"))
            else:
                exempt.add(code)
    return [*wrong, *(each for each in findings if each.code not in exempt)]


def comments_of(source: str) -> list[Comment]:
    """The comments of a Python source, none if it is no Python.

    >>> comments_of("x = '# no'  # yes")
    [Comment(line=1, column=12, text=' yes')]
    """
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [Comment(*each.start, each.string[1:]) for each in tokens if each.type == tokenize.COMMENT]


def _exemptions(comments: Iterable[Comment]) -> Iterator[tuple[int, list[str], str]]:
    """The line of each exemption, the codes it names, and what is wrong with it."""
    for line, column, text in comments:
        found = _EXEMPTION.match(text)
        if found is None:
            continue
        listed = _CODES.match(found[1])
        codes = [each.strip().upper() for each in listed[1].split(",") if each.strip()] if listed else []
        if column:
            yield line, [], "an exemption stands on a line of its own that begins with it; this one exempts nothing"
        elif not codes:
            yield line, [], "an exemption names codes in brackets; this one exempts nothing"
        else:
            yield line, codes, ""
