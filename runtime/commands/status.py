"""`switchhook status`: the status endpoint in the terminal."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
import click
from rich.console import Console, Group
from rich.live import Live

from runtime import settings
from runtime.commands.board import board
from runtime.commands.endpoint import Endpoint, in_words, status_endpoint, url_option
from runtime.commands.options import config_option, run, unmasked_option
from runtime.errors import SwitchhookError
from runtime.masks import mask

ENDLESS = 10_000
"""Columns of what isn't shown in a terminal: a program that reads it finds nothing folded, and nothing shortened."""

Look = Callable[[dict[str, Any]], Group]


@click.command()
@url_option
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
@unmasked_option
@config_option
def status(url: str | None, watch: bool, unmasked: bool, config: str | None) -> None:
    """Show the calls, the counts and the latest failures of a running daemon.

    Each call has a line: its recipe, the state it is at, its age, who calls whom, its last event and its CallSid. Where
    the terminal is too narrow for that, the last event is left out, and the CallSid shortened.
    """
    at = status_endpoint(settings.load({}, config), url)
    console = Console()
    if not (console.is_terminal or "COLUMNS" in os.environ):
        console.width = ENDLESS

    def shown(found: dict[str, Any]) -> Group:
        return board(found, console.width, time.time(), mask(unmasked))

    with suppress(KeyboardInterrupt):  # enough was seen
        run(_show(at, shown, console, watch=watch))


async def _show(at: Endpoint, shown: Look, console: Console, *, watch: bool) -> None:
    async with aiohttp.ClientSession(headers=at.headers, timeout=aiohttp.ClientTimeout(total=5)) as session:
        if not watch:
            console.print(await _look(session, at.url, shown))
            return
        with Live(await _look(session, at.url, shown), console=console, auto_refresh=False) as live:
            while True:
                await asyncio.sleep(1)
                live.update(await _look(session, at.url, shown), refresh=True)


async def _look(session: aiohttp.ClientSession, url: str, shown: Look) -> Group:
    try:
        async with session.get(f"{url}/status") as response:
            if response.status != 200:
                raise SwitchhookError(f"{url}/status answered {response.status}: {(await response.text()).strip()}")
            return shown(await response.json())
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        raise SwitchhookError(f"{url}: no status to be had: {in_words(problem)}") from problem
    except (KeyError, TypeError, AttributeError) as problem:
        raise SwitchhookError(f"{url}: no status to be had: what answers there is not switchhook") from problem
