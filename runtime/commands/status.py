"""`switchhook status`: the status endpoint in the terminal."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import aiohttp
import click
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Column, Table

from runtime import settings
from runtime.commands.endpoint import Endpoint, status_endpoint
from runtime.commands.options import config_option, run
from runtime.errors import SwitchhookError

FAILURES = 5
"""Failures that are shown, the latest."""


@click.command()
@click.option("--url", help="The status endpoint.  [default: the one the settings name]")
@click.option("--watch", is_flag=True, help="Look again every second, until Ctrl-C.")
@config_option
def status(url: str | None, watch: bool, config: str | None) -> None:
    """Show the calls in progress and the counts of a running daemon."""
    at = status_endpoint(settings.load({}, config), url)
    try:
        run(_show(at, watch))
    except KeyboardInterrupt:
        """Enough was seen."""


async def _show(at: Endpoint, watch: bool) -> None:
    async with aiohttp.ClientSession(headers=at.headers, timeout=aiohttp.ClientTimeout(total=5)) as session:
        if not watch:
            Console().print(await _look(session, at.url))
            return
        with Live(await _look(session, at.url), auto_refresh=False) as live:
            while True:
                await asyncio.sleep(1)
                live.update(await _look(session, at.url), refresh=True)


async def _look(session: aiohttp.ClientSession, url: str) -> Group:
    try:
        async with session.get(f"{url}/status") as response:
            if response.status != 200:
                raise SwitchhookError(f"{url}/status answered {response.status}: {(await response.text()).strip()}")
            return _table(await response.json())
    except (aiohttp.ClientError, TimeoutError, ValueError) as problem:
        raise SwitchhookError(f"{url}: no status to be had: {problem}") from problem
    except (KeyError, TypeError, AttributeError) as problem:
        raise SwitchhookError(f"{url}: no status to be had: what answers there is not switchhook") from problem


def _table(found: dict[str, Any]) -> Group:
    calls = found["calls"]
    head = f"[bold]{found['node']}[/] switchhook {found['version']}, up {found['uptime_s']:.0f} s, {found['journal']}"
    counts = "   ".join(f"{name.replace('_', ' ')} [bold]{count}[/]" for name, count in calls.items())
    table = Table(
        Column("call", no_wrap=True, min_width=34),
        "recipe",
        "from",
        "to",
        "state",
        "since",
        "last event",
        box=None,
        header_style="dim",
    )
    for call in found["in_progress"]:
        since = f"{max(0, time.time() - call['since']):.0f} s"
        row = [call[name] for name in ("call_sid", "recipe", "from", "to", "state")]
        table.add_row(*map(escape, row), since, call["last_event"])
    parts = [head + ("   [yellow]draining[/]" if found["draining"] else ""), counts]
    parts.append(f"dead letters [bold]{found['dead_letters']}[/]")
    if any(found["messages"].values()):
        parts.append("   ".join(f"{name} [bold]{count}[/]" for name, count in found["messages"].items()))
    parts += [_failure(each) for each in found["failures"][-FAILURES:]]
    return Group(*parts, table) if found["in_progress"] else Group(*parts)


def _failure(failure: dict[str, Any]) -> str:
    return f"[red]failed[/] {escape(failure['call_sid'])} {failure['what']}: {escape(failure['reason'])}"
