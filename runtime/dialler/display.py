"""How a run is shown while it goes on: a bar on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from actors import Clock
from runtime.dialler.tally import Tally

EVERY = 10.0
"""Seconds between two plain lines."""


class Display(Protocol):
    """Where a run is shown."""

    def show(self, tally: Tally) -> None:
        """How far the calling has come."""

    def show_ends(self, over: int, total: int) -> None:
        """How many calls are over."""

    def tell(self, line: str) -> None:
        """Something that should not be missed."""


@contextmanager
def display_on(console: Console, clock: Clock) -> Iterator[Display]:
    """A display that suits where it is shown."""
    if not console.is_terminal:
        yield Lines(console, clock)
        return
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[notes]}"),
        console=console,
        auto_refresh=False,
        get_time=clock.now,
    ) as progress:
        yield Bar(progress)


class Rate(ProgressColumn):
    """How many there were a second."""

    def render(self, task: Task) -> Text:
        """The latest rate; nothing while it isn't known."""
        return Text(f"{task.speed:.2f}/s" if task.speed else "", style="progress.data.speed")


class Bar:
    """A bar of rich's for the calling, and one for the ends."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def show(self, tally: Tally) -> None:
        """Move the bar."""
        counts = {"refused": tally.refused, "open": tally.open}
        notes = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        self._move("called", tally.done, tally.total, notes)

    def show_ends(self, over: int, total: int) -> None:
        """Move the other one."""
        self._move("over", over, total)

    def tell(self, line: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _move(self, name: str, done: int, total: int, notes: str = "") -> None:
        if name not in self._bars:  # what was done before has no part in the rate
            self._bars[name] = self._progress.add_task(name, total=total, completed=done, notes="")
        self._progress.update(self._bars[name], completed=done, notes=notes, refresh=True)


class Lines:
    """A line every ten seconds."""

    def __init__(self, console: Console, clock: Clock) -> None:
        self._console = console
        self._clock = clock
        self._began: tuple[float, int] | None = None
        self._told = clock.now()

    def show(self, tally: Tally) -> None:
        """Say how far it has come, if it is time."""
        now = self._clock.now()
        since, before = self._began = self._began or (now, tally.done)
        if (calls := tally.done - before) and now > since and self._is_time():
            rate = calls / (now - since)
            left = _duration((tally.total - tally.done) / rate)
            refused = f", {tally.refused} refused" if tally.refused else ""
            self.tell(f"{tally.done} of {tally.total} called{refused}, {rate:.2f} a second, {left} to go")

    def show_ends(self, over: int, total: int) -> None:
        """Say how many are over, if it is time."""
        if self._is_time():
            self.tell(f"{over} of {total} calls are over")

    def tell(self, line: str) -> None:
        """Print a line."""
        self._console.print(line, markup=False, highlight=False, soft_wrap=True)

    def _is_time(self) -> bool:
        now = self._clock.now()
        if now - self._told < EVERY:
            return False
        self._told = now
        return True


def _duration(seconds: float) -> str:
    """A time to go.

    >>> _duration(42), _duration(600), _duration(100_000)
    ('42 s', '10 min', '27 h 47 min')
    """
    minutes = round(seconds / 60)
    if minutes < 2:
        return f"{seconds:.0f} s"
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 120 else f"{minutes} min"
