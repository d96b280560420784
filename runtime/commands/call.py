"""`switchhook call`: a real outbound call through Twilio's REST API, or one to everybody in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import click

from actors import TERMINAL
from runtime import catalogue, logs, settings
from runtime.commands.call_all import call_all
from runtime.commands.caller import caller
from runtime.commands.options import config_option, counted, recipes_option, run
from runtime.commands.script import ScriptCommand, script_of, script_options
from runtime.errors import SettingsError, SwitchhookError
from runtime.rehearsal import rehearsal
from runtime.settings import Settings
from runtime.softphone import Act
from runtime.softphone.terminal import Printer
from runtime.twilio import Patience, client_of, talk_to

EVERY = 1.0
"""Seconds between two looks at a call that is waited for."""

FASTEST = 100
"""Calls a second. Twilio's own limit of an account is 1, or 5 with an approved profile; what is beyond it waits there.
(Twilio's documentation: "Call resource")"""


class NotCompleted(SwitchhookError):
    """Nobody answered, or the call failed."""


class Job(NamedTuple):
    """What is to be done: one number, or a file, and how."""

    to: str
    whom: str
    from_: str
    file: str | None
    rate: float
    wait: bool


class Words(ScriptCommand):
    """Its usage tells the two forms apart."""

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line for each."""
        formatter.write_usage(ctx.command_path, "TO RECIPE|URL --from NUMBER [OPTIONS]")
        formatter.write_usage(ctx.command_path, "RECIPE|URL --csv FILE --from NUMBER [OPTIONS]", " " * 7)


@click.command(cls=Words)
@click.argument("words", nargs=-1)
@click.option("--from", "from_", required=True, type=caller, metavar="NUMBER", help="A number of your account's.")
@click.option("--csv", "file", metavar="FILE", help="Call everybody in its column `to`, each once.")
@click.option("--rate", type=float, help="Calls begun a second, of a FILE.  [default: 1, Twilio's own for an account]")
@click.option("--wait", is_flag=True, help="Show the call's progress until its end.")
@click.option("--dry-run", is_flag=True, help="Call a softphone that does what --press and the like say, and wait.")
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
    wait: bool,
    dry_run: bool,
    recipes: str | None,
    config: str | None,
    **_: Any,
) -> None:
    """Call the number TO, and let it talk to RECIPE, or to the TwiML application at URL.

    RECIPE is one that a daemon serves at the settings' public_url, which hears of the call's end, too. Prints the
    call's SID and status.

    With --csv everybody in FILE is called, each once. The columns beside `to` are the recipe's: what stands in `name`
    is the call's parameter `name`. What was done is written down in FILE.calls.csv, so that the same command goes on
    after Ctrl-C or a crash, and calls nobody twice. Prints how many were called.

    With --dry-run nobody is called, and no account is needed: a stand-in of Twilio's calls a softphone, which picks up
    and follows the script that --press, --say, --silence, --answer and --hang-up make, in the order given; a RECIPE is
    answered for by a daemon that lives as long as that. The transcript is printed, or with --csv the summary.

    Exits with 1 if Twilio refuses, or, with --wait, if a call ends otherwise than completed; with 2 if something in the
    command, the settings or FILE is wrong, before anybody is called; with 3 if nobody knows whether a call was made: it
    was not made twice; with 130 after Ctrl-C, with --csv.
    """
    to, whom = _words(words, by_file=file is not None)
    if rate is not None and file is None:
        raise click.UsageError("--rate is for --csv: one call has no rate")
    if rate is not None and not 0 < rate <= FASTEST:
        raise click.UsageError(f"--rate is {rate:g}; it is more than 0, and at most {FASTEST} calls a second")
    script = script_of(ctx)
    if script and not dry_run:
        raise click.UsageError("--press and the like are for --dry-run: what a real phone does is not ours to say")
    chosen = settings.load({"recipes": recipes}, config)
    job = Job(to, whom, from_, file, rate or 1.0, wait=wait or dry_run)
    if dry_run:
        _rehearse(chosen, job, script)
    else:
        _carry_out(chosen, job)


def _carry_out(chosen: Settings, job: Job, ledger: Path | None = None) -> None:
    talk = {"from_": job.from_, **_talk(chosen, job.whom)}
    if job.file is None:
        run(_call(chosen, job.to, talk, wait=job.wait, patience=Patience()))
    else:
        call_all(
            chosen, job.file, talk, whom=job.whom, rate=job.rate, wait=job.wait, patience=Patience(), ledger=ledger
        )


def _rehearse(chosen: Settings, job: Job, script: Sequence[Act]) -> None:
    """Do the same on a stage. What was done is written down nowhere that counts."""
    logs.configure("error")
    on_line = Printer() if job.file is None else None
    with rehearsal(chosen, job.whom, script, on_line) as stage, TemporaryDirectory() as aside:
        _carry_out(stage.settings, job, Path(aside) / "calls.csv")
        if stage.failure:
            raise NotCompleted(f"a call failed: {stage.failure}")
        if broken := sum(each.transcript.broken for each in stage.calls):
            raise NotCompleted(f"{counted(broken, 'call')} heard an application error")


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
    return "" if by_file else words[0], words[-1]


def _talk(chosen: Settings, whom: str) -> dict[str, Any]:
    """Where the call goes, and who hears of it."""
    if whom.startswith(("http://", "https://")):
        return {"url": whom}
    catalogue.load(chosen.recipes, [whom], chosen.callout_modules)
    if not chosen.public_url:
        raise SettingsError(f"no public_url: set it to where Twilio finds the daemon that serves {whom}")
    return talk_to(chosen.public_url, whom, {})


async def _call(chosen: Settings, to: str, talk: dict[str, Any], *, wait: bool, patience: Patience) -> None:
    async with client_of(chosen, patience) as twilio:
        made = await twilio.make_call(to, **talk)
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
