"""`switchhook check`: are the recipes valid?"""

from __future__ import annotations

import click

from runtime import catalogue, settings
from runtime.commands.options import config_option, recipes_option


@click.command()
@click.argument("names", metavar="[RECIPE]...", nargs=-1)
@recipes_option
@config_option
def check(names: tuple[str, ...], recipes: str | None, config: str | None) -> None:
    """Validate recipes, all or those named, and list every error as `module: rank Verb: what is wrong`.

    Exits with 1 if there is one.
    """
    chosen = settings.load({"recipes": recipes}, config)
    found = catalogue.load(chosen.recipes, names)
    for recipe in found.recipes.values():
        states = f"{len(recipe.program)} states" if recipe.program is not None else "traditional"
        click.echo(f"{recipe.name}: valid, {states}")
