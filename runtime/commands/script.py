"""The options that make a script for a softphone, in the order in which they are given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import click

from runtime.softphone import Act, parse_options

F = TypeVar("F", bound=Callable[..., None])

TAKES_VALUE = frozenset({"--press", "--say", "--answer"})
ACTS = TAKES_VALUE | {"--silence", "--hang-up"}
_OPTIONS = (
    click.option("--press", multiple=True, metavar="KEYS", help="Press keys at the next prompt, as 1 or 23#."),
    click.option("--say", multiple=True, metavar="WORDS", help="Say something at the next prompt that listens."),
    click.option("--silence", count=True, help="Let the next prompt time out."),
    click.option(
        "--answer",
        multiple=True,
        metavar="HOW",
        help="How the next Dial ends, as completed or busy; with `call`, who picks up, as human or machine.",
    ),
    click.option("--hang-up", count=True, help="Hang up at the next prompt."),
)


class ScriptCommand(click.Command):
    """Keeps the options that make a script in the order they are given, which click alone doesn't."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the script from the words as they stand, and let click check them as options."""
        try:
            ctx.obj = parse_options(_script_words(args))
        except ValueError as problem:
            ctx.obj = problem
        return super().parse_args(ctx, args)


def script_options(command: F) -> F:
    """The options of a script, for a command of the class `ScriptCommand`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def script_of(ctx: click.Context) -> Sequence[Act]:
    """The script that was given. Raises `UsageError` if it is none."""
    if isinstance(ctx.obj, ValueError):
        raise click.UsageError(str(ctx.obj))
    script: Sequence[Act] = ctx.obj
    return script


def _script_words(args: Sequence[str]) -> Iterator[str]:
    words = iter(args)
    for word in words:
        name, assigned, _ = word.partition("=")
        if name in ACTS:
            yield word
            if name in TAKES_VALUE and not assigned:
                yield from (value for value in [next(words, None)] if value is not None)
