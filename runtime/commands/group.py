"""A group of commands that are imported when they are asked for, and how their errors are told.

To import a command is to import what it works with, the most part of a second. So help is made of a table, and a
command's module is imported once it is known which command it is to be.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from importlib import import_module
from typing import Any

import click

from runtime.ctrl_c import CTRL_C, at_once
from runtime.errors import SwitchhookError

Table = Mapping[str, Mapping[str, str]]
"""What each command does, in a line, under the headings that help has."""


class OnDemand(MutableMapping[str, click.Command]):
    """Commands by name. Each is imported when it is asked for, from the package's module that has its name."""

    def __init__(self, package: str, names: Iterable[str]) -> None:
        self._package = package
        self._commands: dict[str, click.Command | None] = dict.fromkeys(names)

    def __getitem__(self, name: str) -> click.Command:
        if (found := self._commands[name]) is None:
            variable = name.replace("-", "_")
            found = self._commands[name] = getattr(import_module(f"{self._package}.{variable}"), variable)
        return found

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._commands[name] = command

    def __delitem__(self, name: str) -> None:
        del self._commands[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._commands)

    def __len__(self) -> int:
        return len(self._commands)


class Group(click.Group):
    """Imports a command when it is asked for. Tells what a user got wrong in one line each, never in a traceback.

    Args:
        name: the group's.
        table: the commands, and what help says of each.
        package: where their modules are.
        more: as `click.Group` has it.
    """

    def __init__(self, name: str | None = None, *, table: Table, package: str, **more: Any) -> None:
        super().__init__(name, OnDemand(package, [each for section in table.values() for each in section]), **more)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature is click's
        """Their names, in the table's order."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """A section of help for each heading."""
        widest = max(map(len, self.commands))
        for heading, section in self.table.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(widest), does) for name, does in section.items()])

    def main(self, *args: Any, **more: Any) -> Any:
        """Run. Until a command has begun, Ctrl-C ends the process at once."""
        with at_once():
            return super().main(*args, **more)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the command line apart. A word that is no text would break whatever it is sent to."""
        for word in args:
            if (shown := word.encode(errors="replace").decode()) != word:
                raise click.UsageError(f"{shown!r} is not UTF-8: the shell, or what it is from, writes otherwise.")
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; the exit code is the error's own. What a terminal can't show becomes question marks."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except SwitchhookError as problem:
            for line in problem.lines:
                click.echo(line, err=True)
            ctx.exit(problem.exit_code)
        except KeyboardInterrupt:
            ctx.exit(CTRL_C)
