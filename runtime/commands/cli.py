"""The commands there are, and what each does in a line."""

from __future__ import annotations

import click

from runtime.commands.group import Group, Table
from runtime.ctrl_c import as_usual

COMMANDS: Table = {
    "From a recipe to a number": {
        "check": "Validate recipes, and tell what would trouble a caller.",
        "draw": "Draw a recipe's states, as text or as a picture.",
        "dial": "Call a recipe, without an account: you hold the phone.",
        "serve": "Answer Twilio's webhooks with recipes.",
        "numbers": "Show, or set, where Twilio goes when numbers are called.",
    },
    "Calls and messages from here": {
        "call": "Call a number, or everybody in a file.",
        "redirect": "Have a running call go on at another state.",
        "sms": "Send a message.",
        "token": "Make a token for the calls of a browser or an app.",
    },
    "What goes on, and what went on": {
        "status": "Show the calls and the failures of a running daemon.",
        "journal": "Look into the journal, where calls are kept.",
        "dead-letters": "List what functions could not be told, and try again.",
        "webhook": "Explain a request of Twilio's that was captured.",
    },
}
"""A command is in the module that has its name, which is imported when it is asked for."""


@click.group(cls=Group, table=COMMANDS, package=__package__, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="switchhook", prog_name="switchhook")
def main() -> None:
    """An actor-based telephony runtime for Twilio.

    Write a phone call as data, look at it (draw), try it without a Twilio account (dial), and
    put it on a real number (serve). Each command has a --help of its own.
    """
    from runtime import logs  # noqa: PLC0415 - it takes its time, and help has nothing to log

    logs.configure("warning")  # standard output is the command's own; one that wants other logs says so later
    as_usual()
