"""`switchhook draw`: a recipe as a picture."""

from __future__ import annotations

from pathlib import Path

import click

import twiml
from runtime import catalogue, settings
from runtime.commands.options import config_option, recipes_option
from runtime.errors import SwitchhookError


@click.command()
@click.argument("recipe")
@click.option("--as", "target", type=click.Choice(["ascii", "html", "fsm"]), default="ascii", show_default=True)
@click.option("-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write to a file instead.")
@recipes_option
@config_option
def draw(recipe: str, target: str, output: Path | None, recipes: str | None, config: str | None) -> None:
    """Draw RECIPE: as the outline of its states, as HTML, or as the finite state machine itself."""
    chosen = settings.load({"recipes": recipes}, config)
    program = catalogue.load(chosen.recipes, [recipe]).program(recipe)
    if program is None:
        raise SwitchhookError(f"{recipe} answers in the traditional way; there is no machine to draw")
    picture = "\n".join(map(str, program)) if target == "fsm" else twiml.draw(program, target)
    if output is None:
        click.echo(picture)
        return
    try:
        output.write_text(picture + "\n", encoding="utf-8")
    except OSError as problem:
        raise SwitchhookError(f"{output}: can't be written: {problem.strerror}") from problem
