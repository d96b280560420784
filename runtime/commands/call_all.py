"""`switchhook call RECIPE --csv FILE`: everybody in a file, each once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console

from runtime import logs
from runtime.accounts import client_of
from runtime.commands.options import counted, run
from runtime.ctrl_c import CTRL_C
from runtime.dialler import (
    SUFFIX,
    Dialler,
    Entry,
    Follower,
    Ledger,
    Pace,
    Row,
    Tally,
    What,
    WrongLedger,
    by_status,
    display_on,
    in_a_line,
    read,
    unless_stopped,
)
from runtime.errors import SwitchhookError
from runtime.interrupts import interrupted_by
from runtime.settings import Settings
from runtime.twilio import TwilioClient

GO_ON = "the same command goes on from here"
FINISHING = "finishing the calls in hand; Ctrl-C again leaves them for the next run to look for"
IN_REHEARSAL = "finishing the calls in hand; Ctrl-C again leaves them"


class NotAll(SwitchhookError):
    """Some numbers were refused, or their calls not completed."""


class Unknown(SwitchhookError):
    """Nobody knows of some numbers whether they were called."""

    exit_code = 3


class Stopped(SwitchhookError):
    """Something hinders all calls, or somebody has pressed Ctrl-C."""

    def __init__(self, *lines: str, exit_code: int) -> None:
        super().__init__(*lines)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Campaign:
    """What a run is to do: whom to call, out of which file, and with what `make_call` takes."""

    file: str
    whom: str
    talk: Mapping[str, Any]
    rate: float
    wait: bool
    rehearsed: bool = False
    """Nobody is really called, and no later run goes on from here."""


@dataclass(slots=True)
class Result:
    """What came of it."""

    tally: Tally | None = None
    open: Sequence[str] = ()
    ends: Sequence[str] = ()
    broken: Sequence[str] = ()
    """Calls of a rehearsal that broke, a line each."""
    problem: SwitchhookError | None = None
    interrupted: bool = False


@dataclass(slots=True)
class CtrlC:
    """The first one stops the run once what is in hand is done, the second one at once."""

    stopped: asyncio.Future[None]
    told: str
    task: asyncio.Task[Any] | None = field(default_factory=asyncio.current_task)
    calling: bool = False
    """Whether calls may be in hand, which are finished."""
    pressed: bool = False

    def __call__(self) -> None:
        """Somebody has pressed it."""
        if self.pressed and self.task is not None:
            self.task.cancel()
        elif self.calling:
            click.echo(self.told, err=True)
        if not self.stopped.done():
            self.stopped.set_result(None)
        self.pressed = True


def call_all(chosen: Settings, campaign: Campaign) -> Result:
    """Call everybody in a file, and write that down beside it.

    What came of it is for `tell`. Raises only what is wrong before anybody is called.
    """
    path, twilio = Path(os.path.realpath(campaign.file)), client_of(chosen)
    account, whom = twilio.account_sid, campaign.whom
    found = read(path, campaign.file)
    for line in found.repeats:
        click.echo(line, err=True)
    logs.configure("error")
    with _folder_of(path, campaign) as folder, Ledger(folder / (path.name + SUFFIX)) as kept:
        if kept.book.account not in {"", account}:
            raise WrongLedger(f"{kept.path}: has calls of {kept.book.account}, which {account} can't look for")
        kept.check_api(twilio.base_url)
        if kept.torn:
            click.echo(f"{kept.path}: a crash has torn its last line, which is left out", err=True)
        if others := [each for each in kept.book.talks if each != in_a_line(whom)]:
            click.echo(
                f"{kept.path}: has calls of {', '.join(others)}, and whom it has done with isn't called for {whom}; "
                "move it away to have all called",
                err=True,
            )
        return run(_run(twilio, kept, found.rows, campaign))


@contextmanager
def _folder_of(path: Path, campaign: Campaign) -> Iterator[Path]:
    """Where it is written down what was done: beside the file, or for a rehearsal nowhere that counts."""
    if not campaign.rehearsed:
        yield path.parent
        return
    with TemporaryDirectory() as aside:
        yield Path(aside)


async def _run(twilio: TwilioClient, ledger: Ledger, rows: Sequence[Row], campaign: Campaign) -> Result:
    """Call, and wait for the ends. Whatever hinders it is in the result."""
    result = Result()
    ctrl_c = CtrlC(asyncio.get_running_loop().create_future(), IN_REHEARSAL if campaign.rehearsed else FINISHING)
    try:
        async with twilio:
            with interrupted_by(ctrl_c):
                await _dial(twilio, ledger, rows, campaign, result, ctrl_c)
    except SwitchhookError as problem:
        result.problem = problem
    except asyncio.CancelledError:
        if not ctrl_c.pressed:
            raise
    result.interrupted = ctrl_c.pressed
    return result


async def _dial(
    twilio: TwilioClient, ledger: Ledger, rows: Sequence[Row], campaign: Campaign, result: Result, ctrl_c: CtrlC
) -> None:
    from_, stopped = campaign.talk["from_"], ctrl_c.stopped
    await unless_stopped(_ask(twilio, from_), stopped)
    if stopped.done():
        return
    await ledger.write(Entry(twilio.now(), What.BEGUN, twilio.base_url, from_, twilio.account_sid, campaign.whom))
    with display_on(Console(stderr=True), twilio.clock) as display:
        pace = Pace(campaign.rate, twilio.clock)
        dialler = Dialler(twilio, ledger, campaign.talk, pace=pace, stopped=stopped, display=display)
        result.tally, result.open = dialler.tally, dialler.open
        ctrl_c.calling = True
        await dialler.dial(rows, campaign.file)
        ctrl_c.calling = False
        result.problem = dialler.problem
        if campaign.wait and not stopped.done():
            follower = Follower(twilio, ledger, stopped=stopped, display=display)
            result.ends = await follower.follow(rows)


async def _ask(twilio: TwilioClient, from_: str) -> None:
    """May we ask at all, and what time is it there?"""
    async for _ in twilio.calls(from_=from_, limit=1):
        pass  # that is all we want to know


def tell(campaign: Campaign, result: Result) -> None:
    """Print the summary, and raise what isn't as it should be."""
    how_on = () if campaign.rehearsed else (GO_ON,)
    for line in filter(None, (str(result.tally or ""), by_status(result.ends))):
        click.echo(line)
    if result.problem is not None:
        raise Stopped(*result.broken, *result.open, *result.problem.lines, *how_on, exit_code=result.problem.exit_code)
    if result.interrupted:
        raise Stopped(*result.broken, *result.open, *how_on, exit_code=CTRL_C)
    if result.open:
        raise Unknown(*result.open, "nobody knows whether these were called; the next run looks for them")
    wrong = [f"{counted(result.tally.refused, 'number')} refused"] if result.tally and result.tally.refused else []
    if missed := sum(status != "completed" for status in result.ends):
        wrong.append(f"{counted(missed, 'call')} not completed")
    if result.broken:
        wrong.append(f"{counted(len(result.broken), 'call')} broken")
    if wrong:
        raise NotAll(*result.broken, " and ".join(wrong))
