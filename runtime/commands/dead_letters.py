"""`switchhook dead-letters`: the subscribed functions that could not be told, to be told after all, or forgotten."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import click

from actors import Letter, Outbox, sids_of
from runtime.commands.kept import kept_letters
from runtime.commands.options import counted, journal_options, limit_option, moment, run, unmasked_option
from runtime.errors import SwitchhookError
from runtime.masks import mask


@click.group("dead-letters")
def dead_letters() -> None:
    """List dead letters, have them told after all, or forget them.

    A dead letter is an event that a subscribed function should have been told of, and failed at each time. They are in
    the journal, which can be looked into while daemons run.
    """


@dead_letters.command("list")
@limit_option
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON: all that is kept of them.")
@unmasked_option
@journal_options
def list_(limit: int, json_wanted: bool, unmasked: bool, url: str | None, config: str | None) -> None:
    """List the latest dead letters.

    Prints a line for each: when, of which call or message, which event, to which function, how often it was tried, and
    why it failed. A message stands behind its conversation.
    """

    async def look() -> tuple[Sequence[Letter], int]:
        async with kept_letters(url, config) as outbox:
            return await outbox.dead_letters(limit), await outbox.count_dead()

    letters, count = run(look())
    hide = mask(unmasked)
    if json_wanted:
        click.echo(json.dumps(hide(list(map(_as_json, letters))), indent=2, ensure_ascii=False))
        return
    for each in letters:
        event, module, function = each.subscription
        tried = f"tried {counted(each.tries, 'time')}"
        told = (moment(each.at), *sids_of(each).values(), event, f"{module}:{function}", tried, hide(each.reason))
        click.echo("  ".join(filter(None, told)))
    if not letters:
        click.echo("there are no dead letters", err=True)
    if count > len(letters):
        click.echo(f"and {count - len(letters)} more", err=True)


_which = click.argument("sids", nargs=-1, metavar="[SID]...")
_all = click.option("--all", "everything", is_flag=True, help="All dead letters there are.")


@dead_letters.command()
@_which
@_all
@journal_options
def retry(sids: Sequence[str], everything: bool, url: str | None, config: str | None) -> None:
    """Have dead letters told after all.

    SID is a call's, a message's, or the name of a conversation, as the list has it. Their dead letters, or all with
    --all, have all their tries before them again. A daemon that has the journal tells them.
    """

    async def revive(outbox: Outbox, letters: Sequence[Letter]) -> int:
        return await outbox.revive(letters, time.time())

    click.echo(f"{_with_each(sids, everything, url, config, revive)} to be told again")


@dead_letters.command()
@_which
@_all
@journal_options
def drop(sids: Sequence[str], everything: bool, url: str | None, config: str | None) -> None:
    """Forget dead letters.

    SID is a call's, a message's, or the name of a conversation, as the list has it. Their dead letters, or all with
    --all, are forgotten.
    """

    async def forget(outbox: Outbox, letters: Sequence[Letter]) -> int:
        return await outbox.drop(letters)

    click.echo(f"{_with_each(sids, everything, url, config, forget)} forgotten")


def _with_each(
    sids: Sequence[str],
    everything: bool,
    url: str | None,
    config: str | None,
    do: Callable[[Outbox, Sequence[Letter]], Awaitable[int]],
) -> str:
    """Do something with the dead letters of some calls or messages; gives how many there were."""
    if bool(sids) == everything:
        raise click.UsageError("name calls or messages by their SIDs, or all dead letters with --all")

    async def work() -> int:
        async with kept_letters(url, config) as outbox:
            letters = await outbox.dead_letters(await outbox.count_dead())
            if missing := set(sids) - {sid for each in letters for sid in sids_of(each).values()}:
                raise SwitchhookError(*(f"{sid}: there is no dead letter of such a call or message" for sid in missing))
            return await do(outbox, [each for each in letters if everything or {*sids} & {*sids_of(each).values()}])

    return counted(run(work()), "dead letter")


def _as_json(letter: Letter) -> dict[str, Any]:
    return letter._asdict() | {"subscription": letter.subscription._asdict()} | sids_of(letter)
