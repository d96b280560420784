"""What is shown of a run while it goes on."""

from __future__ import annotations

import doctest
import io
import re

import pytest
from rich.console import Console

from runtime.dialler import Tally, display, display_on, tally
from tests.actors.doubles import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1000.0)


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200)


@pytest.fixture
def terminal() -> Console:
    return Console(file=io.StringIO(), width=200, force_terminal=True, color_system=None)


def lines(console: Console) -> list[str]:
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("module", [display, tally])
def test_the_examples(module):
    assert doctest.testmod(module).failed == 0


def test_without_a_terminal_there_is_a_line_every_ten_seconds(console, clock):
    with display_on(console, clock) as shown:
        for n in range(61):
            shown.show(Tally(1000, before=100, called=n))
            clock.turn(0.5)

    assert lines(console) == [
        "120 of 1000 called, 2.00 a second, 7 min to go",
        "140 of 1000 called, 2.00 a second, 7 min to go",
        "160 of 1000 called, 2.00 a second, 7 min to go",
    ]


def test_who_was_called_before_is_no_part_of_the_rate(console, clock):
    with display_on(console, clock) as shown:
        shown.show(Tally(1000, before=900))
        clock.turn(20)
        shown.show(Tally(1000, before=900, called=9, refused=1))

    assert lines(console) == ["910 of 1000 called, 1 refused, 0.50 a second, 3 min to go"]


def test_a_short_run_has_no_line(console, clock):
    with display_on(console, clock) as shown:
        for n in range(9):
            shown.show(Tally(8, called=n))
            clock.turn(1)
        shown.show_ends(0, 8)

    assert lines(console) == []


def test_the_ends_have_lines_too(console, clock):
    with display_on(console, clock) as shown:
        for n in range(5):
            shown.show_ends(n, 5)
            clock.turn(6)

    assert lines(console) == ["2 of 5 calls are over", "4 of 5 calls are over"]


@pytest.mark.parametrize("which", ["console", "terminal"])
def test_what_is_told_is_told_as_it_is(request, clock, which):
    console = request.getfixturevalue(which)
    told = "guests.csv:3: +441314960123: [bold]21211[/]: " + "x" * 300

    with display_on(console, clock) as shown:
        shown.show(Tally(2))
        shown.tell(told)

    assert told in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", console.file.getvalue()).replace("\r", "")


def test_on_a_terminal_there_is_a_bar_with_rate_and_time_to_go(terminal, clock):
    with display_on(terminal, clock) as shown:
        shown.show(Tally(100, before=40))
        for n in range(1, 31):
            clock.turn(0.5)
            shown.show(Tally(100, before=40, called=n - 1, refused=1, open=0))

    last = [line for line in lines(terminal) if "called" in line][-1]
    assert "70/100" in last
    assert "2.00/s" in last
    assert "0:00:15" in last
    assert "1 refused" in last
    assert "open" not in last


def test_the_bar_of_the_ends_comes_with_the_first_look(terminal, clock):
    with display_on(terminal, clock) as shown:
        shown.show(Tally(3, called=3))
        before = terminal.file.getvalue()
        shown.show_ends(1, 3)

    assert "over" not in before
    assert re.search(r"over.* 1/3", terminal.file.getvalue())
