"""`switchhook dial`: the softphone in the terminal."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import click

from runtime import catalogue, logs, settings
from runtime.commands.options import config_option, recipes_option, run
from runtime.commands.script import ScriptCommand, script_of, script_options
from runtime.daemon import Daemon
from runtime.errors import SwitchhookError
from runtime.rehearsal import alone, is_url
from runtime.settings import LOOPBACK, Settings
from runtime.softphone import Act, Call, Transcript
from runtime.softphone.terminal import Printer, converse
from twiml.extensions import EVENTS

SHOWN = 20
"""Subscribed functions whose failure is told after the call."""
_ELSEWHERE = frozenset(":/")
"""What is in a URL, and in no recipe's name."""


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
    port, and no account is needed. What is sent to URL is signed with TWILIO_AUTH_TOKEN, if that is set; to a URL on
    loopback as if it were below public_url, if that is set, as a proxy would hand it on.

    At a terminal you hold the phone. With --press, --say, --silence, --answer and --hang-up, each as often as you like,
    the call follows a script, in the order given, and then keeps silent.

    Exits with 1 if the call broke: if a real caller would have heard an application error, or, with RECIPE, an apology,
    or if a subscribed function failed, which isn't tried again; with 2 if the command, a setting or RECIPE is wrong;
    with 130 after Ctrl-C in a script.
    """
    script = script_of(ctx)
    chosen = settings.load({"recipes": recipes}, config)
    if is_url(whom):
        if not chosen.auth_token:
            click.echo("no auth_token: signed with none, for a daemon that is --unsigned; others refuse it", err=True)
        try:
            Call(whom, auth_token="")
        except ValueError as problem:
            raise click.UsageError(str(problem)) from problem
        url, elsewhere = _as_known(whom, chosen.public_url) if chosen.auth_token else (whom, {})
        if elsewhere:
            click.echo(f"signed as {url}, by public_url", err=True)
        make = partial(Call, url, auth_token=chosen.auth_token, from_=from_, to=to, elsewhere=elsewhere)
        transcript = run(_talk(make, script))
        if not any(each.status for each in transcript.requests):
            click.echo(f"{whom}: nobody has answered there; is the daemon running?", err=True)
    elif _ELSEWHERE & set(whom):
        raise click.UsageError(f"{whom!r} is no recipe's name, and no URL: that begins with http:// or https://")
    else:
        logs.configure("error")
        transcript = run(_call_recipe(whom, chosen, script, partial(Call, from_=from_, to=to)))
    ctx.exit(1 if transcript.broken else 0)


def _as_known(url: str, public_url: str) -> tuple[str, dict[str, str]]:
    """A URL on loopback as Twilio knows it, and where that is reached; any other as it is.

    >>> _as_known("http://127.0.0.1:8080/menu", "https://ivr.example.com")
    ('https://ivr.example.com/menu', {'https://ivr.example.com': 'http://127.0.0.1:8080'})
    """
    ours, known = urlsplit(url), urlsplit(public_url)
    user, at, host = ours.netloc.rpartition("@")
    public = known.netloc.rpartition("@")[2]
    if not public or ours.hostname not in LOOPBACK or (ours.scheme, host) == (known.scheme, public):
        return url, {}
    signed = ours._replace(scheme=known.scheme, netloc=f"{user}{at}{public}")
    return urlunsplit(signed), {f"{known.scheme}://{public}": f"{ours.scheme}://{host}"}


class CallFailed(SwitchhookError):
    """The caller heard an apology, or somebody could not be told of the call."""


async def _call_recipe(recipe: str, chosen: Settings, script: Sequence[Act], make: Callable[..., Call]) -> Transcript:
    """Call a recipe on a daemon that lives as long as the call."""
    token = secrets.token_hex(16)
    found = catalogue.to_call(recipe, chosen.recipes, chosen.callout_modules)
    once = alone(chosen, token).model_copy(update={"retry_pauses": []})
    async with Daemon(once, found) as daemon:
        transcript = await _talk(partial(make, f"{daemon.url}/{recipe}", auth_token=token), script)
    if wrong := await _what_failed(daemon):
        raise CallFailed(*wrong)
    return transcript


async def _what_failed(daemon: Daemon) -> list[str]:
    """What went wrong in a daemon's one call, once all is done that there was to do about it."""
    failures = list(daemon.supervisor.tally.failures)[-1:]
    letters = reversed(await daemon.journal.dead_letters(SHOWN))
    untold = [f"{each.subscription.event}: {each.reason}" for each in letters if each.subscription.event in EVENTS]
    return [
        *(f"the call failed: {each.reason}" for each in failures),
        *(f"a subscribed function failed: {each}" for each in untold),
    ]


async def _talk(make: Callable[..., Call], script: Sequence[Act]) -> Transcript:
    if script or not sys.stdin.isatty():
        call = make(script=script, on_line=Printer())
        return await call.run()
    return await converse(make)
