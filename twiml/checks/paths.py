"""Checks of where calls go: what nobody reaches, and where callers go round and round."""

from __future__ import annotations

from collections.abc import Iterator

from twiml.checks.flow import Flow
from twiml.outline import Role
from twiml.verbs import Gather


def unreachable(flow: Flow) -> Iterator[tuple[int, str]]:
    """States nobody can get to: one finding for each run of them."""
    run: list[int] = []
    for at in range(len(flow.places) + 1):
        if at < len(flow.places) and at not in flow.reached:
            run += [at] if flow.places[at].own else []
        elif run:
            ranks = [flow.program[each].rank for each in (run[0], run[-1])]
            yield run[0], "nobody can get here" + (f", nor to what follows up to {ranks[1]}" if run[1:] else "")
            run = []


def endless(flow: Flow) -> Iterator[tuple[int, str]]:
    """Loops in which nothing asks the caller, and which nothing ends."""
    for loop in flow.loops:
        if flow.traps(loop) and not _asks(flow, loop) and not _waits(flow, loop):
            first, last = _ends(flow, loop)
            between = "in it" if first == last else f"from {flow.program[first].rank} to {flow.program[last].rank}"
            yield first, f"goes round for ever: nothing {between} asks the caller or ends the call"


def no_way_out(flow: Flow) -> Iterator[tuple[int, str]]:
    """Menus from which every answer leads back."""
    for loop in flow.loops:
        if flow.traps(loop) and (asked := _asks(flow, loop)):
            yield asked[0], "whatever the caller answers leads back here: the only way out is to hang up"
        elif flow.traps(loop) and (waiting := _waits(flow, loop)):
            yield waiting[0], "leads back here again and again: the only way out is to hang up"


def _waits(flow: Flow, loop: set[int]) -> list[int]:
    """The states of a loop at which a caller does something: records, talks, waits in a queue."""
    return [at for at in sorted(loop) if flow.program[at].transition == "wait"]


def asked_for_ever(flow: Flow) -> Iterator[tuple[int, str]]:
    """Loops that a caller who does nothing never leaves, though one who answers may."""
    trapped = {at for loop in flow.loops if flow.traps(loop) for at in loop}
    for loop in flow.quiet_loops:
        if flow.traps(loop, quiet=True) and not loop & trapped and (asked := _asks(flow, loop)):
            yield asked[0], "a caller who does nothing is asked again and again"


def called_once(flow: Flow) -> Iterator[tuple[int, str]]:
    """Callouts in a loop: only the first round runs them."""
    for loop in flow.loops:
        for at in loop:
            if flow.places[at].role is Role.CALLOUT:
                yield at, "is called in the first round only: from then on, what it returned stands here"


def _asks(flow: Flow, loop: set[int]) -> list[int]:
    """The Gathers in a loop."""
    return sorted(at for at in loop if flow.is_open(at, Gather))


def _ends(flow: Flow, loop: set[int]) -> tuple[int, int]:
    """The first and the last state of a loop that can be named."""
    outside = [at for at in loop if flow.shape.homes[at] is None]
    return min(outside), max(outside)
