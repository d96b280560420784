"""`switchhook draw`: a recipe as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path

import click

import twiml
from runtime import catalogue, settings
from runtime.commands.options import config_option, recipes_option
from runtime.commands.replacing import replacing
from runtime.errors import SwitchhookError

SUFFIXES: Mapping[str, str] = {".txt": "ascii", ".html": "html", ".svg": "svg", ".mmd": "mermaid", ".dot": "dot"}
"""What a file is to hold, by the end of its name."""

PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
</head>
<body>
<h1>{title}</h1>
{picture}
</body>
</html>"""


@click.command()
@click.argument("recipe")
@click.option(
    "--as",
    "target",
    metavar="FORMAT",
    type=click.Choice([*SUFFIXES.values(), "fsm"]),
    help=f"{', '.join(SUFFIXES.values())} or fsm.  [default: by FILE's name, else ascii]",
)
@click.option(
    "-o", "--output", metavar="FILE", type=click.Path(path_type=Path), help="Write to FILE, not to standard output."
)
@click.option("--current", metavar="RANK", help="Mark the state of this rank, as 1.2.1.")
@recipes_option
@config_option
def draw(
    recipe: str, target: str | None, output: Path | None, current: str | None, recipes: str | None, config: str | None
) -> None:
    """Draw the states of RECIPE, as text or as a picture.

    As ascii and html it is an outline, as svg, mermaid and dot a chart, as fsm the finite state machine itself, a line
    for each state. Without --as the end of FILE's name says which: .txt, .html, .svg, .mmd or .dot.
    """
    chosen = settings.load({"recipes": recipes}, config)
    program = catalogue.load(chosen.recipes, [recipe], chosen.callout_modules).of(recipe).program
    if program is None:
        raise SwitchhookError(f"{recipe} answers by a function; there is no machine to draw")
    if current is not None and program.find(current) is None:
        raise SwitchhookError(f'{recipe} has no state "{current}"; the picture shows the rank of each')
    picture = _drawn(program, target or _by_name(output), current, recipe.replace("_", " "))
    if output is None:
        click.echo(picture)
        return
    with replacing(output) as file:
        file.write(picture + "\n")


def _by_name(output: Path | None) -> str:
    if output is None or not output.suffix:
        return "ascii"
    if output.suffix.lower() not in SUFFIXES:
        known = ", ".join(SUFFIXES)
        raise SwitchhookError(f"{output}: which picture is that? Let its name end in {known}, or say --as")
    return SUFFIXES[output.suffix.lower()]


def _drawn(program: twiml.Program, target: str, current: str | None, title: str) -> str:
    if target == "fsm":
        return "\n".join(f"{state}{' <--' if state.rank == current else ''}" for state in program)
    picture = twiml.draw(program, target, current, title=title)
    return PAGE.format(title=escape(title), picture=picture) if target == "html" else picture
