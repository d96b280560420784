"""`switchhook call TO RECIPE`: one call, and with `wait` its progress until the end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import click

from actors import TERMINAL
from runtime.accounts import client_of
from runtime.commands.options import run
from runtime.errors import SwitchhookError
from runtime.settings import Settings
from runtime.twilio import TwilioClient, TwilioError

EVERY = 1.0
"""Seconds between two looks at a call that is waited for."""


class NotCompleted(SwitchhookError):
    """Nobody answered, or the call failed."""


class Untold(SwitchhookError):
    """A call was made, and how it goes on can't be told."""

    exit_code = 3


def call_one(chosen: Settings, to: str, talk: Mapping[str, Any], *, wait: bool, rehearsed: bool = False) -> None:
    """Call a number, and print the call's SID and status.

    Ctrl-C leaves a call that was made as it is, and says so, unless it is only `rehearsed`.

    Args:
        chosen: the settings.
        to: the number.
        talk: what the call is made with: `from_`, `url`, and what else `make_call` takes.
        wait: until the call is over, printing each status.
        rehearsed: nobody is really called.
    """
    sids: list[str] = []
    try:
        run(_call(chosen, to, talk, sids, wait=wait))
    except KeyboardInterrupt:
        if not rehearsed:
            click.echo(f"{sids[0]}: the call goes on" if sids else "nobody knows whether the call was made", err=True)
        raise


async def _call(chosen: Settings, to: str, talk: Mapping[str, Any], sids: list[str], *, wait: bool) -> None:
    async with client_of(chosen) as twilio:
        made = await twilio.make_call(to, **talk)
        sids.append(made["sid"])
        status = str(made.get("status", "unknown"))
        click.echo(f"{made['sid']} {status}")
        if wait:
            await _follow(twilio, made["sid"], status)


async def _follow(twilio: TwilioClient, sid: str, status: str) -> None:
    """Print each status until the last one.

    Raises:
        NotCompleted: that is another than completed.
        Untold: Twilio doesn't tell any more.
    """
    while status not in TERMINAL:
        await asyncio.sleep(EVERY)
        before = status
        try:
            found = await twilio.fetch_call(sid)
            status = _status_of(found)
        except TwilioError as problem:
            raise Untold(f"{sid}: the call goes on; how can't be told: {problem}") from problem
        if status != before:
            click.echo(f"{sid} {status}" + (f" after {found['duration']} s" if found.get("duration") else ""))
    if status != "completed":
        raise NotCompleted(f"{sid}: the call was not completed: {status}")


def _status_of(call: Mapping[str, Any]) -> str:
    status = call.get("status")
    if not isinstance(status, str):
        raise TwilioError("Twilio's answer has no status")
    return status
