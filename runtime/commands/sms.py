"""`switchhook sms`: a message through Twilio's REST API."""

from __future__ import annotations

import click

from runtime import catalogue, settings
from runtime.accounts import client_of
from runtime.commands.caller import sender
from runtime.commands.options import config_option, recipes_option, run
from runtime.errors import SwitchhookError
from runtime.settings import Settings


class NobodyListens(SwitchhookError):
    """The recipe doesn't want to know what becomes of messages."""

    exit_code = 2


@click.command()
@click.argument("to")
@click.argument("text")
@click.option(
    "--from",
    "from_",
    required=True,
    type=sender,
    metavar="NUMBER",
    help="Who it is from: a number of your account's, a short code or a name.",
)
@click.option("--recipe", default="", metavar="RECIPE", help="Who is to hear what becomes of it.")
@recipes_option
@config_option
def sms(*, to: str, text: str, from_: str, recipe: str, recipes: str | None, config: str | None) -> None:
    """Send TEXT to the number TO.

    Prints the message's SID and status. With --recipe a daemon at the settings' public_url is told what becomes of it,
    and the functions that RECIPE has subscribed to message_status.

    Exits with 1 if Twilio refuses; with 2 if something in the command or the settings is wrong; with 3 if nobody knows
    whether it was sent: it was not sent twice.
    """
    chosen = settings.load({"recipes": recipes}, config)
    if recipe:
        _check(chosen, recipe)
    run(_send(chosen, to, text, from_, recipe))


def _check(chosen: Settings, recipe: str) -> None:
    """Whether a recipe would hear of it, before anything is sent."""
    if not catalogue.load(chosen.recipes, [recipe], chosen.callout_modules).of(recipe).message_subscriptions:
        raise NobodyListens(f"{recipe}: nobody would be told: list message_status in its module's subscriptions")


async def _send(chosen: Settings, to: str, text: str, from_: str, recipe: str) -> None:
    async with client_of(chosen) as twilio:
        sent = await twilio.send_sms(to, text, from_=from_, recipe=recipe)
    click.echo(f"{sent['sid']} {sent.get('status', 'unknown')}")
