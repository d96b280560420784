"""`switchhook call`: a real outbound call through Twilio's REST API."""

from __future__ import annotations

from typing import Any

import click

from actors import TERMINAL
from runtime import catalogue, settings
from runtime.commands.options import config_option, recipes_option, run
from runtime.errors import SettingsError, SwitchhookError
from runtime.settings import Settings
from runtime.twilio import Patience, client_of

EVERY = 1.0
"""Seconds between two looks at a call that is waited for."""


class NotCompleted(SwitchhookError):
    """Nobody answered, or the call failed."""


@click.command()
@click.argument("to")
@click.argument("whom", metavar="RECIPE|URL")
@click.option("--from", "from_", required=True, metavar="NUMBER", help="Who calls: a number of your account's.")
@click.option("--wait", is_flag=True, help="Show the call's progress until its end.")
@recipes_option
@config_option
def call(*, to: str, whom: str, from_: str, wait: bool, recipes: str | None, config: str | None) -> None:
    """Call the number TO, and let it talk to RECIPE, or to the TwiML application at URL.

    RECIPE is one that a daemon serves at the settings' public_url, which hears of the call's end, too. Prints the
    call's SID and status.

    Exits with 1 if Twilio refuses, or, with --wait, if the call ends otherwise than completed; with 3 if nobody knows
    whether it was made: it was not made twice.
    """
    chosen = settings.load({"recipes": recipes}, config)
    run(_call(chosen, to, from_, _talk(chosen, whom), wait=wait, patience=Patience()))


def _talk(chosen: Settings, whom: str) -> dict[str, Any]:
    """Where the call goes, and who hears of it."""
    if whom.startswith(("http://", "https://")):
        return {"url": whom}
    catalogue.load(chosen.recipes, [whom], chosen.callout_modules)
    if not chosen.public_url:
        raise SettingsError(f"no public_url: set it to where Twilio finds the daemon that serves {whom}")
    return {"recipe": whom}


async def _call(chosen: Settings, to: str, from_: str, talk: dict[str, Any], *, wait: bool, patience: Patience) -> None:
    async with client_of(chosen, patience) as twilio:
        made = await twilio.make_call(to, from_, **talk)
        sid, status = made["sid"], made.get("status", "unknown")
        click.echo(f"{sid} {status}")
        while wait and status not in TERMINAL:
            await patience.wait(EVERY)
            before, found = status, await twilio.fetch_call(sid)
            status = found.get("status", "unknown")
            if status != before:
                click.echo(f"{sid} {status}" + (f" after {found['duration']} s" if found.get("duration") else ""))
    if wait and status != "completed":
        raise NotCompleted(f"{sid}: the call was not completed: {status}")
