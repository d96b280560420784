"""`switchhook dial`: the softphone in the terminal."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import click

from runtime import catalogue, logs, settings
from runtime.commands.options import config_option, recipes_option, run
from runtime.commands.script import ScriptCommand, script_of, script_options
from runtime.daemon import Daemon
from runtime.errors import SwitchhookError
from runtime.rehearsal import alone, is_url
from runtime.settings import Settings
from runtime.softphone import Act, Call, Transcript
from runtime.softphone.terminal import Printer, converse


@click.command(cls=ScriptCommand)
@click.argument("whom", metavar="RECIPE|URL")
@script_options
@click.option("--from", "from_", metavar="NUMBER", default="+14155550100", show_default=True, help="Who calls.")
@click.option("--to", metavar="NUMBER", default="+14155550199", show_default=True, help="Who is called.")
@recipes_option
@config_option
@click.pass_context
def dial(
    ctx: click.Context, /, whom: str, from_: str, to: str, recipes: str | None, config: str | None, **_: Any
) -> None:
    """Call RECIPE, or the daemon at URL, with a softphone.

    Prints what is said, what is pressed, and which state answered. RECIPE is called on a daemon of its own, on a free
    port, and no account is needed. What is sent to URL is signed with TWILIO_AUTH_TOKEN, if that is set.

    At a terminal you hold the phone. With --press, --say, --silence, --answer and --hang-up, each as often as you like,
    the call follows a script, in the order given, and then keeps silent.

    Exits with 1 if the call broke: if a real caller would have heard an application error, or, with
    RECIPE, an apology; with 2 if the command, a setting or RECIPE is wrong; with 130 after Ctrl-C in a script.
    """
    script = script_of(ctx)
    chosen = settings.load({"recipes": recipes}, config)
    if is_url(whom):
        if not chosen.auth_token:
            click.echo("no auth_token: signed with none, for a daemon that is --unsigned; others refuse it", err=True)
        make = partial(Call, whom, auth_token=chosen.auth_token, from_=from_, to=to)
        try:
            make()
        except ValueError as problem:
            raise click.UsageError(str(problem)) from problem
        transcript = run(_talk(make, script))
    else:
        logs.configure("error")
        transcript = run(_call_recipe(whom, chosen, script, partial(Call, from_=from_, to=to)))
    ctx.exit(1 if transcript.broken else 0)


class CallFailed(SwitchhookError):
    """The caller heard an apology."""


async def _call_recipe(recipe: str, chosen: Settings, script: Sequence[Act], make: Callable[..., Call]) -> Transcript:
    """Call a recipe on a daemon that lives as long as the call."""
    token = secrets.token_hex(16)
    found = catalogue.to_call(recipe, chosen.recipes, chosen.callout_modules)
    async with Daemon(alone(chosen, token), found) as daemon:
        transcript = await _talk(partial(make, f"{daemon.url}/{recipe}", auth_token=token), script)
        if daemon.supervisor.tally.failures:
            raise CallFailed(f"the call failed: {daemon.supervisor.tally.failures[-1].reason}")
        return transcript


async def _talk(make: Callable[..., Call], script: Sequence[Act]) -> Transcript:
    if script or not sys.stdin.isatty():
        call = make(script=script, on_line=Printer())
        return await call.run()
    return await converse(make)
