"""What `--help` tells: of every command, at 80 columns, and all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import pytest
from click.testing import CliRunner

from runtime.commands import main
from runtime.commands.cli import COMMANDS

if TYPE_CHECKING:
    from collections.abc import Iterator

WIDTH = 80
MARGIN = 2
"""Columns that click leaves free at the right."""


def every(group: click.Group, *above: str) -> Iterator[tuple[str, ...]]:
    """The words of every command, and of those within it."""
    for name, command in group.commands.items():
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from every(command, *above, name)


WORDS = [(), *every(main)]


@pytest.fixture
def told():
    """The lines of a command's help, in a terminal of 80 columns."""

    def told(*words: str, ask: str = "--help") -> list[str]:
        result = CliRunner().invoke(main, [*words, ask], terminal_width=WIDTH - MARGIN)
        assert (result.exit_code, result.stderr) == (0, "")
        return result.stdout.splitlines()

    return told


def test_the_commands_are_those_of_the_table():
    names = [name for section in COMMANDS.values() for name in section]

    assert list(main.commands) == names
    assert len(set(names)) == len(main.commands) == 13


@pytest.mark.parametrize("name", list(main.commands))
def test_a_command_has_the_name_that_the_table_gives_it(name):
    command = main.commands[name]

    assert command.name == name
    assert main.get_command(click.Context(main), name) is command


def test_a_command_that_is_none_is_none():
    assert "srve" not in main.commands
    assert main.get_command(click.Context(main), "srve") is None


def test_a_command_can_be_added_and_taken_away(run):
    main.add_command(click.Command("answer", callback=lambda: click.echo(42)))
    try:
        assert run("answer").output == "42\n"
    finally:
        del main.commands["answer"]
    assert run("answer").exit_code == 2


def test_every_command_is_told_of_in_one_line(told):
    lines = told()
    for heading, section in COMMANDS.items():
        place = lines.index(f"{heading}:")
        rows = [line.split(maxsplit=1) for line in lines[place + 1 : place + 1 + len(section)]]
        assert rows == [[name, does] for name, does in section.items()]


def test_without_a_command_it_explains_itself(run, told):
    assert run().stderr == run("--help").stdout
    assert set(map(str.strip, told())) >= {f"{heading}:" for heading in COMMANDS}


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_command_explains_itself_within_80_columns(told, words):
    lines = told(*words)

    assert lines[0].startswith(" ".join(["Usage: main", *words]))
    assert told(*words, ask="-h") == lines
    assert max(map(len, lines)) <= WIDTH


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_nothing_in_it_is_cut_short(told, words):
    assert [line for line in told(*words)[1:] if line.endswith("...")] == []


@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_every_option_says_what_it_does_and_what_it_takes(words):
    command: click.Command = main
    for word in words:
        command = command.commands[word]
    options = [each for each in command.params if isinstance(each, click.Option)]

    assert [each.name for each in options if not each.help] == []
    takes = {each.name: each.make_metavar(click.Context(command)) for each in options}
    assert [name for name, what in takes.items() if what in ("TEXT", "INTEGER", "FLOAT")] == []
