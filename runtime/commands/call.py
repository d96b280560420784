"""`switchhook call`: a real outbound call through Twilio's REST API, or one to everybody in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlencode

import click

from runtime import catalogue, logs, settings
from runtime.commands.call_all import Campaign, call_all, tell
from runtime.commands.call_one import NotCompleted, call_one
from runtime.commands.caller import caller
from runtime.commands.options import config_option, named_values, recipes_option
from runtime.commands.rehearse import broken, show
from runtime.commands.script import ScriptCommand, script_of, script_options
from runtime.dialler import unfit
from runtime.errors import SettingsError
from runtime.rehearsal import Rehearsal, is_url, rehearsal
from runtime.settings import Settings
from runtime.softphone.terminal import Printer
from runtime.twilio import talk_to, too_long, with_query

_NUMBER = re.compile(r"\+?[0-9]+")
FASTEST = 100
"""Calls a second. Twilio's own limit of an account is 1, or 5 with an approved profile; what is beyond it waits there.
(Twilio's documentation: "Call resource".)"""


class Words(ScriptCommand):
    """Its usage tells the two forms apart."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line for each."""
        formatter.write_usage(ctx.command_path, "TO RECIPE|URL --from NUMBER [OPTIONS]")
        formatter.write_usage(ctx.command_path, "RECIPE|URL --csv FILE --from NUMBER [OPTIONS]", " " * 7)


@click.command(cls=Words)
@click.argument("words", nargs=-1)
@click.option(
    "--from", "from_", required=True, type=caller, metavar="NUMBER", help="Who calls: a number of your account's."
)
@click.option("--csv", "file", metavar="FILE", help="Call everybody in FILE's column `to`, each once.")
@click.option(
    "--rate",
    type=float,
    metavar="COUNT",
    help="With --csv, calls to begin a second.  [default: 1, Twilio's own for an account]",
)
@click.option(
    "--machine-detection",
    "detection",
    metavar="MODE",
    type=click.Choice(["Enable", "DetectMessageEnd"]),
    help="Have call.answered_by say who picks up: Enable for at once, DetectMessageEnd for a machine after its tone.",
)
@click.option(
    "--param",
    "params",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the call, for the recipe.",
)
@click.option("--wait", is_flag=True, help="Show the call's progress until its end.")
@click.option("--dry-run", is_flag=True, help="Call nobody but a softphone on this machine, and wait.")
@script_options
@recipes_option
@config_option
@click.pass_context
def call(  # noqa: PLR0913 - the command's options
    ctx: click.Context,
    /,
    *,
    words: tuple[str, ...],
    from_: str,
    file: str | None,
    rate: float | None,
    detection: str | None,
    params: tuple[str, ...],
    wait: bool,
    dry_run: bool,
    recipes: str | None,
    config: str | None,
    **_: Any,
) -> None:
    """Call the number TO, and let it talk to RECIPE, or to the TwiML application at URL.

    RECIPE is one that a daemon serves at the settings' public_url, which hears of the call's end, too; what --param
    gives is in its call.params. Prints the call's SID and status.

    With --csv everybody in FILE is called, each once. Its columns beside `to` are parameters: what stands in `name` is
    the call's parameter `name`. What was done is written down in FILE.calls.csv, so that the same command goes on after
    Ctrl-C or a crash, and calls nobody twice. Prints how many were called.

    With --dry-run nobody is called, and no account is needed: a softphone on this machine picks up, and follows the
    script that --press, --say, --silence, --answer and --hang-up make, in the order given. A RECIPE is answered for by
    a daemon of its own. Prints the transcript, or with --csv those of the first three calls and of those that broke,
    and the summary.

    Exits with 1 if Twilio refuses, or, with --wait, if a call ends otherwise than completed; with 2 if something in the
    command, the settings, RECIPE, FILE or FILE.calls.csv is wrong, before anybody is called; with 3 if nobody knows
    whether a call was made: it was not made twice; or, with --wait, how one call ended that was; with 130 after Ctrl-C,
    which leaves calls that were made as they are.
    """
    to, whom = _words(words, by_file=file is not None)
    if file == "":
        raise click.UsageError("--csv is empty: it takes the name of a FILE")
    if rate is not None and file is None:
        raise click.UsageError("--rate is for --csv: one call has no rate")
    if rate is not None and not 0 < rate <= FASTEST:
        raise click.UsageError(f"--rate is {rate:g}; it is more than 0, and at most {FASTEST} calls a second")
    if params and file is not None:
        raise click.UsageError("--param is for one call: with --csv the columns of FILE are the parameters")
    query = _query(params)
    script = script_of(ctx)
    if script and not dry_run:
        raise click.UsageError("--press and the like are for --dry-run: what a real phone does is not ours to say")
    chosen = settings.load({"recipes": recipes}, config)
    if not is_url(whom):
        catalogue.to_call(whom, chosen.recipes, chosen.callout_modules)  # told before anybody is called
    asked = {"from_": from_} | ({"machine_detection": detection} if detection else {})
    if dry_run:
        logs.configure("error")
    on_line = Printer() if file is None else None
    with rehearsal(chosen, whom, script, on_line) if dry_run else nullcontext() as stage:
        where, wait = (stage.settings, True) if stage is not None else (chosen, wait)
        talk = _talk(where, whom, asked, query)
        if file is None:
            _one(where, to, talk, stage, wait=wait)
        else:
            _everybody(where, Campaign(file, whom, talk, rate or 1.0, wait, rehearsed=dry_run), stage)


def _one(where: Settings, to: str, talk: Mapping[str, Any], stage: Rehearsal | None, *, wait: bool) -> None:
    call_one(where, to, talk, wait=wait, rehearsed=stage is not None)
    if stage is not None and (why := broken(stage)):
        raise NotCompleted(*(f"the call broke: {each}" for each in why))


def _everybody(where: Settings, campaign: Campaign, stage: Rehearsal | None) -> None:
    result = call_all(where, campaign)
    if stage is not None:
        result.broken = broken(stage)
        show(stage)
    tell(campaign, result)


def _words(words: tuple[str, ...], *, by_file: bool) -> tuple[str, str]:
    """TO, which is empty with a file, and whom to talk to."""
    expected = ("RECIPE|URL",) if by_file else ("TO", "RECIPE|URL")
    if len(words) < len(expected):
        missing = expected[len(words)]
        raise click.UsageError(
            f"{missing} is missing" + ("" if by_file else ": call TO RECIPE|URL, or RECIPE --csv FILE")
        )
    if len(words) > len(expected):
        why = "; with --csv there is no TO: FILE has who is called" if by_file else ""
        raise click.UsageError(f"{words[len(expected)]} is too much{why}")
    for word in words:
        if word.endswith(".csv") and not is_url(word):
            raise click.UsageError(f"{word} is a file: call RECIPE|URL --csv FILE")
    if _NUMBER.fullmatch(words[-1]):
        raise click.UsageError(f"{words[-1]} is a number, and no recipe" + ("" if by_file else ": TO comes first"))
    return "" if by_file else words[0], words[-1]


def _query(params: Sequence[str]) -> str:
    """Parameters as the query of a URL, each named as a column of FILE could be."""
    given = named_values(params)
    for name in given:
        if why := unfit(name):
            raise click.UsageError(f"--param is called {name!r}; {why}")
    query = urlencode(given)
    if why := too_long(query):
        raise click.UsageError(f"--param {why}")
    return query


def _talk(chosen: Settings, whom: str, asked: Mapping[str, str], query: str) -> dict[str, Any]:
    """Who calls, where the call goes, what it is asked for, and who hears of it."""
    if is_url(whom):
        talk: dict[str, Any] = {"url": whom, **asked}
    elif not chosen.public_url:
        raise SettingsError(f"no public_url: set it to where Twilio finds the daemon that serves {whom}")
    else:
        talk = talk_to(chosen.public_url, whom, asked)
    return with_query(talk, query)
