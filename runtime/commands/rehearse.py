"""`switchhook call … --dry-run`: the same on a stage, and what was heard there."""

from __future__ import annotations

from collections.abc import Iterator

import click

from runtime.rehearsal import Rehearsal
from runtime.softphone import Call
from runtime.softphone.terminal import Printer

SHOWN = 3
"""Calls of a file whose transcripts are printed, the first of them, beside those that broke."""


def show(stage: Rehearsal) -> None:
    """Print the transcripts of a file's first calls and of those that broke, one after the other."""
    printer = Printer()
    for call in _worth_it(stage):
        for line in call.transcript.lines:
            printer(line)
        click.echo()


def broken(stage: Rehearsal) -> list[str]:
    """A line for every call that broke: who was called, and why."""
    reasons = stage.broken
    return [f"{call.leg.to}: {reasons[call.leg.call_sid]}" for call in stage.calls if call.leg.call_sid in reasons]


def _worth_it(stage: Rehearsal) -> Iterator[Call]:
    reasons = stage.broken
    for place, call in enumerate(stage.calls):
        if place < SHOWN or call.leg.call_sid in reasons:
            yield call
