"""Pictures of a program: one model, many small renderers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twiml.draw import ascii, html
from twiml.draw.picture import Node, picture
from twiml.program import Program

RENDERERS: dict[str, Callable[[Sequence[Node]], str]] = {"ascii": ascii.render, "html": html.render}


def draw(program: Program, target: str = "ascii", current: str | None = None) -> str:
    """The program drawn as one of `RENDERERS`; `current` is the rank of a state to mark.

    >>> from twiml import Say, compile
    >>> print(draw(compile([Say("yowza")]), current="2"))
    1 - SAY "yowza"
    2 - HANGUP <--
    """
    return RENDERERS[target](picture(program, current))


__all__ = ["RENDERERS", "draw"]
