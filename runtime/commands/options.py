"""Options that several commands share, the loop that they run on, and how they write a count or a time."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

if sys.platform == "win32":  # which uvloop doesn't know
    _new_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop as _new_loop

T = TypeVar("T")

config_option = click.option("--config", metavar="FILE", help="Settings, as TOML.  [default: switchhook.toml, if any]")
recipes_option = click.option(
    "--recipes",
    metavar="PLACE",
    help="A folder or a dotted package of recipes.  [default: by the settings, else Switchhook's own]",
)
limit_option = click.option(
    "--limit",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    metavar="COUNT",
    help="How many, the latest first.",
)
unmasked_option = click.option(
    "--unmasked", is_flag=True, help="Show phone numbers, and what callers have keyed, unmasked."
)


def journal_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options of a command that looks into the journal."""
    name = click.option("--journal", "url", metavar="URL", help="The journal.  [default: by the settings]")
    return name(config_option(command))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a fast loop, where there is one."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(work)


def named_values(words: Sequence[str], option: str = "--param") -> dict[str, str]:
    """What stands in the words of an option like NAME=VALUE. Raises `UsageError` for one that isn't, or comes twice."""
    pairs = [word.partition("=") for word in words]
    for name, equals, _ in pairs:
        if not (name and equals):
            raise click.UsageError(f"{name!r} is not NAME=VALUE.")
    given = {name: value for name, _, value in pairs}
    if len(given) < len(pairs):
        raise click.UsageError(f"{option} is given twice by one name")
    return given


def counted(count: int, what: str) -> str:
    """A count.

    >>> counted(0, "call"), counted(1, "call")
    ('0 calls', '1 call')
    """
    return f"{count} {what}" + "s" * (count != 1)


def moment(at: float) -> str:
    """When, in UTC.

    >>> moment(0)
    '1970-01-01 00:00:00Z'
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
