"""`switchhook journal`: look into the file or the database that calls are kept in, take a copy, make it smaller."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Any

import click

from actors import Row, Snapshot
from runtime.commands.kept import kept_calls
from runtime.commands.options import counted, journal_options, limit_option, moment, run, unmasked_option
from runtime.commands.replacing import replacing
from runtime.errors import SwitchhookError
from runtime.journals import as_json
from runtime.journals.retention import DAY
from runtime.masks import mask


@click.group()
def journal() -> None:
    """Look into the journal, where calls are kept, also while daemons run."""


@journal.command("list")
@limit_option
@journal_options
def list_(limit: int, url: str | None, config: str | None) -> None:
    """List the calls and conversations that began last.

    Prints a line for each: when it began, its Sid, its recipe, how it stands, and how many steps it has.
    """

    async def look() -> None:
        async with kept_calls(url, config) as (archive, _):
            for call in await archive.latest(limit):
                steps = counted(call.steps, "step")
                click.echo(f"{moment(call.started)}  {call.call_sid}  {call.recipe}  {call.status}  {steps}")

    run(look())


@journal.command()
@click.argument("call_sid")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON: all that is kept of it.")
@unmasked_option
@journal_options
def show(call_sid: str, json_wanted: bool, unmasked: bool, url: str | None, config: str | None) -> None:
    """Show a call or a conversation, step by step.

    Prints how it stands, and for each step what came, and what was answered.
    """

    async def look() -> None:
        async with kept_calls(url, config) as (archive, _):
            found = await archive.find(call_sid)
            if found is None:
                raise SwitchhookError(f"{call_sid}: there is no such call in {archive.name}")
        hide = mask(unmasked)
        if json_wanted:
            click.echo(json.dumps(hide(as_json(*found, "")), indent=2, ensure_ascii=False))
        else:
            _tell(*found, hide)

    run(look())


def _tell(snapshot: Snapshot, rows: Sequence[Row], hide: Callable[[Any], Any]) -> None:
    first, state = hide({"params": snapshot.initial_params})["params"], snapshot.machine.get("state")
    where = f", in state {state}" if state else f" of {first.get('From')} with {first.get('To')}"
    click.echo(f"{snapshot.call_sid}  {snapshot.recipe}  {snapshot.status}{where}")
    for name, value in hide({"data": snapshot.data})["data"].items():
        click.echo(f"  data.{name} = {json.dumps(value, ensure_ascii=False)}")
    for row in rows:
        click.echo(_told(row, hide))


def _told(row: Row, hide: Callable[[Any], Any]) -> str:
    """A line of history as people read it: what came, and below it what was answered."""
    came = {
        name: row.params[name]
        for name in ("CallStatus", "Digits", "SpeechResult", "RecordingUrl", "Body", "MessageStatus")
        if name in row.params
    }
    said = "  ".join(f"{name}={value}" for name, value in hide({"params": came})["params"].items())
    line = "  ".join(filter(None, (moment(row.at), row.kind, f"/{row.path}" if row.path else "", said)))
    answer = row.answer.partition("?>")[2] or row.answer
    return line + (f"\n    {hide(answer)}" if answer else "")


@journal.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE.jsonl")
@unmasked_option
@journal_options
def export(file: Path, unmasked: bool, url: str | None, config: str | None) -> None:
    """Write every call to FILE, a line of JSON each.

    FILE is - for standard output; a file that is there is replaced once all is written. A line with "states" is a
    program; calls name the one they have by its digest.
    """
    hide = mask(unmasked)

    async def write(to: IO[str]) -> int:
        calls = 0
        async with kept_calls(url, config) as (archive, _):
            async for each in archive.everything():
                calls += "call_sid" in each
                to.write(json.dumps(hide(each), ensure_ascii=False) + "\n")
        return calls

    with replacing(file) as to:
        calls = run(write(to))
    click.echo(counted(calls, "call"), err=True)


@journal.command()
@click.option(
    "--days",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Keep those of the last days.  [default: by the settings]",
)
@journal_options
def prune(days: float | None, url: str | None, config: str | None) -> None:
    """Forget finished calls that were kept long enough.

    The daemon does so by itself.
    """

    async def forget() -> int:
        async with kept_calls(url, config) as (archive, chosen):
            kept = chosen.journal_days if days is None else days
            return await archive.prune(time.time() - kept * DAY)

    click.echo(f"{counted(run(forget()), 'call')} forgotten")


@journal.command()
@journal_options
def vacuum(url: str | None, config: str | None) -> None:
    """Give what is free in the journal back to the disk.

    Calls that are under way don't wait for it.
    """

    async def give_back() -> tuple[int, int]:
        async with kept_calls(url, config) as (archive, _):
            return await archive.vacuum()

    before, after = run(give_back())
    click.echo(f"{before:,} bytes before, {after:,} after")
