"""Options that several commands share, and the loop that they run on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, TypeVar

import click

if sys.platform == "win32":  # which uvloop doesn't know
    _new_loop = asyncio.new_event_loop
else:
    from uvloop import new_event_loop as _new_loop

T = TypeVar("T")

config_option = click.option("--config", metavar="FILE", help="Settings in TOML; switchhook.toml if it is there.")
recipes_option = click.option(
    "--recipes", metavar="PLACE", help="A folder or a dotted package of recipes; those of Switchhook by default."
)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a fast loop, where there is one."""
    with asyncio.Runner(loop_factory=_new_loop) as runner:
        return runner.run(work)
