"""Exemptions: a recipe says in its source which findings it means.

    # switchhook: ignore[SW003, SW004]

on a line of its own, not indented, exempts the whole recipe from these codes. The source is read
as Python reads it: what stands in a string is no comment.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence

from twiml.checks.finding import Finding, nowhere
from twiml.checks.table import CHECKS, MALFORMED, UNNEEDED

_EXEMPTION = re.compile(r"#\s*switchhook:\s*ignore\b(.*)", re.IGNORECASE)
_CODES = re.compile(r"\s*\[([^\]]*)\]")


def exempted(findings: Sequence[Finding], source: str) -> list[Finding]:
    """The findings that a recipe's source doesn't exempt, and what is wrong with its exemptions.

    >>> from twiml import Record
    >>> from twiml.checks import check
    >>> findings = check([Record()])
    >>> exempted(findings, "# switchhook: ignore[SW015]")
    []
    >>> print(exempted([], "# switchhook: ignore[SW015]")[0])
    SW102 warning: line 1: nothing here needs an exemption from SW015
    """
    known = {each.code for each in CHECKS if each.look is not nowhere}
    there = {each.code for each in findings}
    exempt: set[str] = set()
    wrong = []
    for line, codes, complaint in _exemptions(source):
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


def _exemptions(source: str) -> Iterator[tuple[int, list[str], str]]:
    """The line of each exemption, the codes it names, and what is wrong with it."""
    for token in _comments(source):
        found = _EXEMPTION.match(token.string)
        if found is None:
            continue
        listed = _CODES.match(found[1])
        codes = [each.strip().upper() for each in listed[1].split(",") if each.strip()] if listed else []
        line, column = token.start
        if column:
            yield line, [], "an exemption stands on a line of its own that begins with it; this one exempts nothing"
        elif not codes:
            yield line, [], "an exemption names codes in brackets; this one exempts nothing"
        else:
            yield line, codes, ""


def _comments(source: str) -> Iterable[tokenize.TokenInfo]:
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, SyntaxError):
        return []
    return [each for each in tokens if each.type == tokenize.COMMENT]
