"""The page of the bundled recipes: what each is for, its settings, its picture."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import twiml
from runtime import catalogue
from runtime.recipe import Recipe

ABOUT = """\
The flows that come with Switchhook, to call and to copy from. `switchhook dial NAME` calls one, `switchhook draw NAME`
draws it, `switchhook serve` serves them all. In the pictures a frame is what stands in one place of the flow, an arrow
how a call goes on; what a function returns isn't known before it is called, and isn't drawn. A recipe without a picture
answers [messages](flows.md#messages)."""

PICTURED = "pictures/recipes"


def page() -> str:
    """The page's text."""
    recipes = catalogue.load().recipes.values()
    said = ["# Recipes", ABOUT, "\n".join(_line(each) for each in recipes)]
    said += [_section(each) for each in recipes]
    return "\n\n".join(said) + "\n"


def pictures() -> Iterator[tuple[str, str]]:
    """Each picture's file, from the documentation's folder, and its SVG."""
    for recipe in catalogue.load().recipes.values():
        if recipe.program is not None:
            title = recipe.name.replace("_", " ")
            yield f"{PICTURED}/{recipe.name}.svg", twiml.draw(recipe.program, "svg", title=title) + "\n"


def _line(recipe: Recipe) -> str:
    return f"- [`{recipe.name}`](#{recipe.name.lower()}): {recipe.description}"


def _section(recipe: Recipe) -> str:
    module = importlib.import_module(recipe.module)
    source = Path(str(module.__file__)).name
    said = [f"## {recipe.name}", in_markdown((module.__doc__ or "").strip())]
    if recipe.findings:
        found = "; ".join(f"{each.code} at {each.rank}" for each in recipe.findings)
        said.append(f"[Findings](findings.md): {found}.")
    said.append(f"Source: [recipes/{source}](../recipes/{source})")
    if recipe.program is not None:
        said.append(f"![{recipe.name}: its states and the ways between them]({PICTURED}/{recipe.name}.svg)")
    return "\n\n".join(said)


def in_markdown(docstring: str) -> str:
    """A recipe's docstring; a list of settings, indented below a line that ends in a colon, becomes a list.

    >>> print(in_markdown("Calls.\\n\\nSettings:\\n    phone  whom to dial;\\n           nobody by default"))
    Calls.
    <BLANKLINE>
    Settings:
    <BLANKLINE>
    - `phone`: whom to dial; nobody by default
    """
    first, _, rest = docstring.partition("\n")
    return "\n\n".join(_paragraph(each) for each in f"{first}\n{dedent(rest)}".strip().split("\n\n"))


def _paragraph(text: str) -> str:
    head, colon, listed = text.partition(":\n    ")
    if not colon:
        return text
    items: list[str] = []
    for line in f"    {listed}".splitlines():
        named = re.fullmatch(r"    (\w+)\s\s+(.*)", line)
        if named is not None:
            items.append(f"- `{named[1]}`: {named[2]}")
        else:
            items[-1] += f" {line.strip()}"
    return "\n".join([f"{head}:", "", *items])
