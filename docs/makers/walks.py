"""Pictures of the examples of a page, drawn as the page's own code has them at that place.

Where a page has the picture `pictures/PAGE/NAME-1.svg`, its examples are run down to there, and what `NAME` is then is
drawn: a machine with its present state marked, a program, or a flow. A block that begins with `# folder/NAME.py` is a
recipe of this name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from doctest import DocTestParser, Example
from io import StringIO
from pathlib import Path
from typing import Any

import twiml
from twiml import Machine, Program

DOCS = Path(__file__).parents[1]
PAGES = ("machine", "tutorial")


def pictures() -> Iterator[tuple[str, str]]:
    """Each picture's file, from the documentation's folder, and its SVG."""
    for page in PAGES:
        yield from _pictures(page, (DOCS / f"{page}.md").read_text(encoding="utf-8"))


def _pictures(page: str, text: str) -> Iterator[tuple[str, str]]:
    names: dict[str, Any] = {"__name__": page}
    for part in DocTestParser().parse(text):
        if isinstance(part, Example):
            with redirect_stdout(StringIO()):
                exec(compile(part.source, f"{page}.md", "single"), names)  # noqa: S102 - the page's own code
        else:
            yield from _within(page, part, names)


def _within(page: str, text: str, names: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The pictures of a part of a page that has no examples, but maybe recipes."""
    either = rf"```python\n# \w+/(\w+)\.py\n(.*?)```|\((pictures/{page}/(\w+)-\d+\.svg)\)"
    for recipe, source, file, name in re.findall(either, text, flags=re.DOTALL):
        if recipe:
            module: dict[str, Any] = {"__name__": recipe}
            exec(compile(source, f"{recipe}.py", "exec"), module)  # noqa: S102 - the same
            names[recipe] = module["recipe"]
        else:
            yield file, drawn(names[name], name) + "\n"


def drawn(thing: Any, title: str) -> str:
    """A machine where it is, a program, or a flow, as SVG."""
    if isinstance(thing, Machine):
        return twiml.draw(thing.program, "svg", thing.state, title=title)
    return twiml.draw(thing if isinstance(thing, Program) else twiml.compile(thing), "svg", title=title)
