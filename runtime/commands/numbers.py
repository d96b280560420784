"""`switchhook numbers`: where Twilio goes when the account's numbers are called, beside where it should."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from runtime import catalogue, settings
from runtime.accounts import clients_of
from runtime.commands.options import config_option, recipes_option, run
from runtime.errors import SettingsError, SwitchhookError
from runtime.settings import Settings
from runtime.twilio import (
    Difference,
    Number,
    TwilioClient,
    TwilioError,
    Wanted,
    compared,
    differences,
    wanted,
)

PAGE = 1000
"""Numbers that are asked for at a time; no more can be."""
COLOURS = {"right": "green", "different": "yellow", "error": "red", "not ours": "dim", "not looked at": "dim"}


class NotAsItShouldBe(SwitchhookError):
    """Callers of a number don't reach its recipe as they should."""


@click.command()
@click.option("--apply", is_flag=True, help="Set what is not as it should be.")
@click.option("--json", "json_wanted", is_flag=True, help="Print JSON: all numbers, as they were found.")
@recipes_option
@config_option
def numbers(*, apply: bool, json_wanted: bool, recipes: str | None, config: str | None) -> None:
    """Show how the account's phone numbers are set up with Twilio, beside how they should be.

    The settings' [numbers] has a recipe for each number. Calls to the number should go to that recipe at public_url,
    which should be told of their end; if the daemon can't be had they should go to fallback_url, or else to the daemon
    again. Messages should go to the recipe if it answers them; if it does nothing else, where calls go is not looked
    at. Numbers that are not in [numbers] are shown, and never touched. Those of the sub-accounts in [accounts] are
    looked at, too; short codes and addresses in [numbers], as whatsapp:+44…, are not. Nothing is changed without
    --apply.

    Exits with 0 if all is as it should be, or is so now; with 1 if not; with 2 if a setting or a recipe is wrong, and
    nothing was looked at.
    """
    chosen = settings.load({"recipes": recipes}, config)
    run(_numbers(chosen, _wanted(chosen), apply=apply, json_wanted=json_wanted))


def _wanted(chosen: Settings) -> dict[str, Wanted]:
    """What the numbers of each recipe should be set to, if there are any. Every recipe must be there."""
    if not chosen.numbers:
        return {}
    names = sorted(set(chosen.numbers.values()))
    found = catalogue.load(chosen.recipes, names, chosen.callout_modules).recipes
    if not chosen.public_url:
        raise SettingsError("no public_url: set it to where Twilio finds the daemon that serves the recipes")
    return {
        name: wanted(
            chosen.public_url,
            name,
            chosen.fallback_url,
            calls=found[name].takes_calls,
            replies=found[name].reply is not None,
        )
        for name in names
    }


async def _numbers(chosen: Settings, wanted: Mapping[str, Wanted], *, apply: bool, json_wanted: bool) -> None:
    async with AsyncExitStack() as stack:
        clients = {each.account_sid: await stack.enter_async_context(each) for each in clients_of(chosen)}
        there = [each for client in clients.values() for each in await _of(client)]
        found = compared(there, chosen.numbers, wanted)
        _show(found, json_wanted)
        wrong = [each for each in found if each.state in ("different", "error")]
        if apply:
            wrong = [each for each in wrong if not await _set(clients, each, quiet=json_wanted)]
    if not chosen.numbers:
        raise NotAsItShouldBe("there is no [numbers] in the settings: none of the account's has a recipe")
    if wrong:
        hint = "" if apply or all(each.trouble for each in wrong) else "; --apply sets what differs"
        raise NotAsItShouldBe(f"not as it should be: {', '.join(each.number for each in wrong)}{hint}")


async def _of(client: TwilioClient) -> list[dict[str, Any]]:
    try:
        return [each | {"account_sid": client.account_sid} async for each in client.numbers(page_size=PAGE)]
    except TwilioError as problem:
        raise SwitchhookError(f"the numbers of {client.account_sid} can't be had: {problem}") from problem


async def _set(clients: Mapping[str, TwilioClient], number: Number, *, quiet: bool) -> bool:
    """Set what differs, and tell of it; whether it is as it should be now."""
    if number.trouble:
        return False
    changes = {each.name: each.wanted for each in number.differences}
    try:
        answer = await clients[number.account].update_number(number.sid, **changes)
    except TwilioError as problem:
        click.echo(f"{number.number}  not set: {problem}", err=True)
        return False
    left = differences(answer, number.wanted)
    if left:
        click.echo(f"{number.number}  Twilio took it, and has not set: {_named(left)}", err=True)
    else:
        click.echo(f"{number.number}  set: {_named(number.differences)}", err=quiet)
    return not left


# --- showing -------------------------------------------------------------------------------------


def _show(numbers: Sequence[Number], json_wanted: bool) -> None:
    console = Console()
    if json_wanted:
        click.echo(json.dumps([_as_json(each) for each in numbers], indent=2, ensure_ascii=False))
    elif console.is_terminal:
        console.print(_table(numbers))
    else:
        for number in numbers:
            for name, is_, should_be in _rows(number):
                told = f"{name} is {is_}, should be {should_be}" if should_be else f"{name} {is_}".strip()
                click.echo(f"{number.number}  {number.recipe or 'not ours'}  {told}")


def _table(numbers: Sequence[Number]) -> Table:
    table = Table("number", "recipe", "", box=None, header_style="dim")
    for column in ("with Twilio", "should be"):
        table.add_column(column, overflow="fold")
    for number in numbers:
        whose = number.number, number.recipe or "not ours"
        for row in _rows(number):
            table.add_row(*map(escape, (*whose, *row)), style=COLOURS[number.state])
            whose = "", ""
    return table


def _rows(number: Number) -> Iterator[tuple[str, str, str]]:
    """What there is to say of a number: an attribute, what it is, what it should be."""
    if number.trouble:
        yield "error:", number.trouble, ""
    elif not number.recipe:
        yield "calls go to", number.voice_url or "nowhere", ""
    elif number.state == "not looked at":
        yield f"is not looked at: Twilio has the settings of {number.other_kind} elsewhere", "", ""
    elif not number.differences:
        yield "is as it should be", "", ""
    for each in number.differences:
        yield each.wire_name, *_beside(each)


def _beside(difference: Difference) -> tuple[str, str]:
    remark = f" ({difference.remark})" if difference.remark else ""
    return difference.found or "(empty)", (difference.wanted or "(empty)") + remark


def _named(differences: Sequence[Difference]) -> str:
    return ", ".join(each.wire_name for each in differences)


def _as_json(number: Number) -> dict[str, Any]:
    changes = {each.wire_name: {"is": each.found, "should_be": each.wanted} for each in number.differences}
    return {
        "number": number.number,
        "state": number.state,
        "recipe": number.recipe or None,
        "account": number.account or None,
        "sid": number.sid or None,
        "calls_go_to": number.voice_url or None,
        "differences": changes,
        "error": number.trouble or None,
    }
