"""`switchhook journal`: look into the file that calls are kept in, take a copy, make it smaller.

What callers keyed, and phone numbers, are masked unless they are asked for.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

import click

from actors import JournalError, Row
from runtime import settings
from runtime.commands.options import config_option
from runtime.errors import SwitchhookError
from runtime.journals import Archive, as_json, path_of
from runtime.settings import Settings

DAY = 86_400.0
_NUMBER = re.compile(r"(?:%2B|(?<![0-9A-Za-z.])\+?)[0-9]{7,15}(?![0-9A-Za-z])")
"""A phone number in a text; not within a Sid, nor part of a time."""
_KEYED = re.compile(r"[0-9*#]+")
_CALLERS = frozenset({"params", "initial_params", "data"})
"""Where what callers keyed may stand."""
_SPOKEN = frozenset({"SpeechResult", "UnstableSpeechResult"})


@click.group()
def journal() -> None:
    """Look into the journal's file, also while the daemon runs."""


def _option(command: Callable[..., None]) -> Callable[..., None]:
    command = config_option(command)
    return click.option("--journal", "url", metavar="URL", help="The journal.  [default: the one the settings name]")(
        command
    )


_unmasked = click.option("--unmasked", is_flag=True, help="Show phone numbers, and what callers have keyed.")


@contextmanager
def _opened(url: str | None, config: str | None) -> Iterator[tuple[Archive, Settings]]:
    """The file that the settings name. What is wrong with it is told in a line."""
    chosen = settings.load({"journal": url}, config)
    path = path_of(chosen.journal)
    if path is None:
        raise SwitchhookError("journal is memory:, which ends with its process: there is no file to look into")
    try:
        with Archive(path) as archive:
            yield archive, chosen
    except JournalError as problem:
        raise SwitchhookError(f"journal: {problem}") from problem


@journal.command("list")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="How many, the latest first.")
@_option
def list_(limit: int, url: str | None, config: str | None) -> None:
    """List the calls that began last: when, which, and how they stand."""
    with _opened(url, config) as (archive, _):
        for call in archive.latest(limit):
            steps = f"{call.steps} step" + "s" * (call.steps != 1)
            click.echo(f"{_moment(call.started)}  {call.call_sid}  {call.recipe}  {call.status}  {steps}")


@journal.command()
@click.argument("call_sid")
@click.option("--json", "json_wanted", is_flag=True, help="All that is kept of it, as JSON.")
@_unmasked
@_option
def show(call_sid: str, json_wanted: bool, unmasked: bool, url: str | None, config: str | None) -> None:
    """Show a call: how it stands, what came, and what was answered."""
    with _opened(url, config) as (archive, _):
        found = archive.find(call_sid)
        if found is None:
            raise SwitchhookError(f"{call_sid}: there is no such call in {archive.path}")
        snapshot, rows = found
        hide = _as_it_is if unmasked else _masked
        if json_wanted:
            click.echo(json.dumps(hide(as_json(snapshot, rows, "")), indent=2, ensure_ascii=False))
            return
        click.echo(
            f"{snapshot.call_sid}  {snapshot.recipe}  {snapshot.status}, in state {snapshot.machine.get('state')}"
        )
        for name, value in hide({"data": snapshot.data})["data"].items():
            click.echo(f"  data.{name} = {json.dumps(value, ensure_ascii=False)}")
        for row in rows:
            click.echo(_told(row, hide))


def _told(row: Row, hide: Callable[[Any], Any]) -> str:
    """A line of history as people read it: what came, and below it what was answered."""
    came = {
        name: row.params[name]
        for name in ("CallStatus", "Digits", "SpeechResult", "RecordingUrl")
        if name in row.params
    }
    said = "  ".join(f"{name}={value}" for name, value in hide({"params": came})["params"].items())
    line = "  ".join(filter(None, (_moment(row.at), row.kind, f"/{row.path}" if row.path else "", said)))
    answer = row.answer.partition("?>")[2] or row.answer
    return line + (f"\n    {hide(answer)}" if answer else "")


@journal.command()
@click.argument("file", type=click.File("w", encoding="utf-8", lazy=False), metavar="FILE.jsonl")
@_unmasked
@_option
def export(file: TextIO, unmasked: bool, url: str | None, config: str | None) -> None:
    """Write every call to FILE (- for standard output), a line of JSON each.

    A line with "states" is a program; calls name the one they have by its digest.
    """
    hide = _as_it_is if unmasked else _masked
    with _opened(url, config) as (archive, _):
        calls = 0
        for each in archive.everything():
            calls += "call_sid" in each
            file.write(json.dumps(hide(each), ensure_ascii=False) + "\n")
    click.echo(f"{calls} call" + "s" * (calls != 1), err=True)


@journal.command()
@click.option("--days", type=click.FloatRange(0), help="Days to keep.  [default: journal_days of the settings]")
@_option
def prune(days: float | None, url: str | None, config: str | None) -> None:
    """Forget finished calls that are older than they are to be kept. The daemon does so by itself."""
    with _opened(url, config) as (archive, chosen):
        kept = chosen.journal_days if days is None else days
        pruned = archive.prune(time.time() - kept * DAY)
        click.echo(f"{pruned} call" + "s" * (pruned != 1) + " forgotten")


@journal.command()
@_option
def vacuum(url: str | None, config: str | None) -> None:
    """Give what is free within the file back to the disk. Calls that are under way don't wait for it."""
    with _opened(url, config) as (archive, _):
        before, after = archive.vacuum()
        click.echo(f"{before:,} bytes before, {after:,} after")


def _moment(at: float) -> str:
    """When, in UTC.

    >>> _moment(0)
    '1970-01-01 00:00:00Z'
    """
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _as_it_is(value: Any) -> Any:
    return value


def _masked(value: Any, name: str = "", *, keyed: bool = False) -> Any:
    """The same with phone numbers, and what may have been keyed, counted only.

    >>> _masked({"version": 2, "params": {"Digits": "1234", "From": "+441314960123"}, "data": {"pin": 99}})
    {'version': 2, 'params': {'Digits': '####', 'From': '+44##########'}, 'data': {'pin': '##'}}
    """
    if isinstance(value, dict):
        return {key: _masked(each, key, keyed=keyed or key in _CALLERS) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(each, name, keyed=keyed) for each in value]
    if keyed and isinstance(value, (int, float)) and not isinstance(value, bool):
        return "#" * len(str(value))
    if not isinstance(value, str):
        return value
    if (keyed and _KEYED.fullmatch(value)) or name in _SPOKEN:
        return re.sub("[0-9*#]", "#", value)
    return _NUMBER.sub(_counted, value)


def _counted(found: re.Match[str]) -> str:
    shown = 3 if found[0].startswith("+") else 5 if found[0].startswith("%") else 0
    return found[0][:shown] + "#" * (len(found[0]) - shown)
