"""`switchhook sms`: a message through Twilio's REST API."""

from __future__ import annotations

import click

from runtime import settings
from runtime.commands.caller import sender
from runtime.commands.options import config_option, run
from runtime.settings import Settings
from runtime.twilio import client_of


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
@config_option
def sms(*, to: str, text: str, from_: str, config: str | None) -> None:
    """Send TEXT to the number TO.

    Prints the message's SID and status.

    Exits with 1 if Twilio refuses; with 2 if something in the command or the settings is wrong; with 3 if nobody knows
    whether it was sent: it was not sent twice.
    """
    run(_send(settings.load({}, config), to, text, from_))


async def _send(chosen: Settings, to: str, text: str, from_: str) -> None:
    async with client_of(chosen) as twilio:
        sent = await twilio.send_sms(to, text, from_=from_)
    click.echo(f"{sent['sid']} {sent.get('status', 'unknown')}")
