"""What makes a flow misbehave though each of its verbs is valid.

Validation looks at verbs; `check` walks the compiled machine and reports what a caller would
suffer: a loop nobody can leave, a key that can never match, a line that goes dead. Each finding
has a code that docs/findings.md explains, and that a recipe can exempt itself from.

A check is one function of a `Flow` and one row of `CHECKS`; there is no other list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twiml.checks.exemptions import Comment, comments_of, exempted
from twiml.checks.finding import Check, Finding, Severity
from twiml.checks.flow import Flow
from twiml.checks.table import CHECKS
from twiml.compile import compile
from twiml.program import Program

__all__ = [
    "CHECKS",
    "Check",
    "Comment",
    "Finding",
    "Flow",
    "Severity",
    "check",
    "comments_of",
    "exempted",
    "findings_of",
]


def check(verbs: Sequence[Any]) -> list[Finding]:
    """Every finding of a flow, in the order of ranks. Raises `InvalidFlow` as `compile` does.

    >>> from twiml import GotoExt, Say
    >>> for finding in check([Say("Please hold."), GotoExt("1")]):
    ...     print(finding)
    1 SW002 error: goes round for ever: nothing from 1 to 2 asks the caller or ends the call
    """
    return findings_of(verbs, compile(verbs))


def findings_of(verbs: Sequence[Any], program: Program) -> list[Finding]:
    """The findings of a flow that was compiled already."""
    flow = Flow(verbs, program)
    found = [(at, each.finding(program[at].rank, sentence)) for each in CHECKS for at, sentence in each.look(flow)]
    return [finding for _, finding in sorted(found, key=lambda each: (each[0], each[1].code))]
