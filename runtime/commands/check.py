"""`switchhook check`: are the recipes valid, and what would a caller suffer?"""

from __future__ import annotations

import contextlib
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from runtime import catalogue, settings
from runtime.catalogue import Survey
from runtime.commands.options import config_option, counted, recipes_option
from runtime.errors import RecipesError, SwitchhookError

_RANK = re.compile(r"[0-9]+(\.[0-9]+)*(?= )")


@click.command()
@click.argument("names", metavar="[RECIPE]...", nargs=-1)
@recipes_option
@config_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON: an object for each error and each finding.")
@click.option("--strict", is_flag=True, help="Exit with 1 on warnings too.")
def check(names: tuple[str, ...], recipes: str | None, config: str | None, as_json: bool, strict: bool) -> None:
    """Validate recipes, and tell what would trouble a caller.

    All recipes are looked at, or those that are named. Prints a line for each error and each finding, like `menu: 1.3
    SW003 warning: sentence`, and below it what helps. docs/findings.md explains the codes.

    Exits with 1 if there is an error, with --strict also if there is a warning; with 2 if a setting is wrong.
    """
    chosen = settings.load({"recipes": recipes}, config)
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what a recipe prints is no part of the report
            survey = catalogue.survey(chosen.recipes, names, chosen.callout_modules)
    except RecipesError as problem:
        if not as_json:
            raise SwitchhookError(*problem.lines) from problem  # an error like those of a recipe
        survey = Survey({}, {"": list(problem.lines)})
    reported = list(_reported(survey))
    counts = Counter(each["severity"] for each in reported)
    if as_json:
        click.echo(json.dumps(reported, indent=2, ensure_ascii=False))
    else:
        for each in reported:
            click.echo(_told(each))
        click.echo(_summed_up(len(survey.recipes) + len(survey.errors), counts))
    if counts["error"] or (strict and counts["warning"]):
        raise click.exceptions.Exit(1)


def _reported(survey: Survey) -> Iterator[dict[str, Any]]:
    """Errors and findings, recipe by recipe, as JSON has them."""
    for name in sorted(survey.errors.keys() | survey.recipes.keys()):
        for sentence in survey.errors.get(name, ()):
            rank = _RANK.match(sentence)
            yield {
                "recipe": name,
                "code": None,
                "severity": "error",
                "rank": rank[0] if rank else "",
                "sentence": sentence[rank.end() + 1 :] if rank else sentence,
                "hint": "",
            }
        for finding in survey.recipes[name].findings if name in survey.recipes else ():
            yield {"recipe": name} | asdict(finding)


def _told(one: dict[str, Any]) -> str:
    """An error or a finding as people read it.

    >>> print(_told({"recipe": "menu", "code": None, "severity": "error", "rank": "1", "sentence": "…", "hint": ""}))
    menu: 1 error: …
    """
    words = (one["rank"], one["code"], one["severity"])
    line = f"{one['recipe']}: {' '.join(filter(None, words))}: {one['sentence']}"
    return line + (f"\n    {one['hint']}" if one["hint"] else "")


def _summed_up(recipes: int, counts: Counter[str]) -> str:
    """The last line.

    >>> _summed_up(2, Counter(warning=1)), _summed_up(1, Counter())
    ('2 recipes: 0 errors, 1 warning, 0 notes', '1 recipe: 0 errors, 0 warnings, 0 notes')
    """
    found = ", ".join(counted(counts[each], each) for each in ("error", "warning", "note"))
    return f"{counted(recipes, 'recipe')}: {found}"
