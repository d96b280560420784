"""What `switchhook status` shows of a daemon: how it is, what failed of late, and a line for each call.

The calls are laid out in the first of a few ways that fits a terminal's width. What tells one call from another is in
each of them; what a narrow one lacks, `switchhook journal show` and the logs have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Group
from rich.markup import escape
from rich.table import Table
from rich.text import Text

FAILURES = 5
"""Failures that are shown, the latest."""
LAYOUTS = (
    ("recipe", "state", "age", "from", "to", "last event", "call"),
    ("recipe", "state", "age", "from", "to", "call"),
    ("recipe", "state", "age", "from", "to", "call…"),
)
"""The columns, for wide terminals first."""
FOLDED = frozenset({"from", "to"})
"""Columns of numbers, and of addresses, which may be long, and are folded then."""
ROOM = 20
"""What a folded column counts for at most, so that one long address doesn't cost all calls a column."""
SHORT = 10
"""Characters of a CallSid that is shortened, from its beginning: enough to find it by in a log."""
GAP = 2
"""Blanks between columns."""
UNITS = {"d": 86_400, "h": 3600, "m": 60}
"""What an age is told in, if it is a minute or more."""


def board(found: Mapping[str, Any], width: int, now: float, hide: Callable[[Any], Any]) -> Group:
    """A status, as the endpoint has it, for a terminal of this width.

    Args:
        found: the status. One that isn't switchhook's raises `KeyError`, `TypeError` or `AttributeError`.
        width: columns of the terminal.
        now: the time, which ages are told by.
        hide: masks what is masked.
    """
    calls, rows = found["calls"], [_cells(call, now, hide) for call in found["in_progress"]]
    draining = "   [yellow]draining[/]" if found["draining"] else ""
    head = f"[bold]{escape(found['node'])}[/] switchhook {found['version']}, up {age(found['uptime_s'])}"
    parts: list[Any] = [
        f"{head}, {escape(found['journal'])}{draining}",
        _counts(calls),
        _counts({"dead letters": found["dead_letters"]}),
    ]
    if any(found["messages"].values()):
        parts.append(f"messages   {_counts(found['messages'])}")
    parts += [_failure(each, now, hide) for each in found["failures"][-FAILURES:]]
    if rows:
        parts += ["", _table(rows, width)]
    if found["next"]:
        parts.append(f"and {calls['in_progress'] - len(rows)} more")
    return Group(*parts)


def age(seconds: float) -> str:
    """How long something has lasted, in the two units that tell it best.

    >>> age(0), age(12.3), age(754), age(10_920), age(98_765)
    ('0s', '12s', '12m', '3h2m', '1d3h')
    """
    left, told = max(0, int(seconds)), []
    for unit, size in UNITS.items():
        count, left = divmod(left, size)
        if count:
            told.append(f"{count}{unit}")
    return "".join(told[:2]) or f"{left}s"


def _counts(counts: Mapping[str, int]) -> str:
    return "   ".join(f"{name.replace('_', ' ')} [bold]{count}[/]" for name, count in counts.items())


def _failure(failure: Mapping[str, Any], now: float, hide: Callable[[Any], Any]) -> Text:
    sid, recipe, reason = failure["sid"], failure["recipe"], hide(failure["reason"])
    return Text.assemble(("failed", "red"), f" {age(now - failure['at'])} ago  {sid}  {recipe}: {reason}")


def _cells(call: Mapping[str, Any], now: float, hide: Callable[[Any], Any]) -> dict[str, str]:
    """What the columns have of a call, by their names."""
    sid = call["call_sid"]
    return {
        "recipe": call["recipe"],
        "state": call["state"],
        "age": age(now - call["since"]),
        "from": hide(call["from"]),
        "to": hide(call["to"]),
        "last event": call["last_event"],
        "call": sid,
        "call…": f"{sid[:SHORT]}…" if len(sid) > SHORT + 1 else sid,
    }


def _table(rows: Sequence[Mapping[str, str]], width: int) -> Table:
    layout = next((names for names in LAYOUTS if sum(_widths(names, rows)) <= width), LAYOUTS[-1])
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, GAP, 0, 0))
    for name in layout:
        table.add_column(
            name.rstrip("…"),
            justify="right" if name == "age" else "left",
            no_wrap=name not in FOLDED,
            overflow="fold" if name in FOLDED else "ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(row[name]) for name in layout))
    return table


def _widths(names: Sequence[str], rows: Sequence[Mapping[str, str]]) -> Iterator[int]:
    """The columns that each takes, gaps and all."""
    for place, name in enumerate(names):
        widest = max(map(cell_len, (name, *(row[name] for row in rows))))
        yield (min(widest, ROOM) if name in FOLDED else widest) + GAP * (place > 0)
