"""Pictures of a program: one model, many small renderers."""

from __future__ import annotations

from collections.abc import Callable

from twiml.draw import ascii, dot, html, mermaid, svg
from twiml.draw.picture import Edge, Node, Picture, picture
from twiml.program import Program

RENDERERS: dict[str, Callable[[Picture], str]] = {
    "ascii": ascii.render,
    "html": html.render,
    "svg": svg.render,
    "mermaid": mermaid.render,
    "dot": dot.render,
}


def draw(program: Program, target: str = "ascii", current: str | None = None, *, title: str = "Call flow") -> str:
    """The program drawn as one of `RENDERERS`; `current` is the rank of a state to mark.

    >>> from twiml import Say, compile
    >>> print(draw(compile([Say("yowza")]), current="2"))
    1 - SAY "yowza"
    2 - HANGUP <--
    """
    return RENDERERS[target](picture(program, current, title))


__all__ = ["RENDERERS", "Edge", "Node", "Picture", "draw", "picture"]
