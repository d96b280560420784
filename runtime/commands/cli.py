"""The group of commands, and how their errors are told: a line each, and an exit code that means something."""

from __future__ import annotations

import io
import sys
from importlib.metadata import version
from typing import Any

import click

from runtime import logs
from runtime.commands.call import call
from runtime.commands.check import check
from runtime.commands.dead_letters import dead_letters
from runtime.commands.dial import dial
from runtime.commands.draw import draw
from runtime.commands.journal import journal
from runtime.commands.numbers import numbers
from runtime.commands.redirect import redirect
from runtime.commands.serve import serve
from runtime.commands.sms import sms
from runtime.commands.status import status
from runtime.commands.token import token
from runtime.commands.webhook import webhook
from runtime.errors import SwitchhookError

CTRL_C = 130
"""The exit code after Ctrl-C, as a shell has it of a process that SIGINT has ended."""


class Group(click.Group):
    """Tells what a user got wrong in one line each, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; the exit code is the error's own. What a terminal can't show becomes question marks."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            return super().invoke(ctx)
        except SwitchhookError as problem:
            for line in problem.lines:
                click.echo(line, err=True)
            ctx.exit(problem.exit_code)
        except KeyboardInterrupt:
            ctx.exit(CTRL_C)


@click.group(cls=Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version("switchhook"), prog_name="switchhook")
def main() -> None:
    """An actor-based telephony runtime for Twilio.

    Write a phone call as data, look at it (draw), try it without a Twilio account (dial), and
    put it on a real number (serve).
    """
    logs.configure("warning")  # standard output is the command's own; one that wants other logs says so later


COMMANDS = (
    *(serve, check, draw, dial),
    *(call, redirect, sms, numbers, token),
    *(status, journal, dead_letters, webhook),
)
for command in COMMANDS:
    main.add_command(command)
