"""Pictures of a program: one model, many small renderers."""

from __future__ import annotations

from collections.abc import Callable

from twiml.draw import ascii, dot, html, mermaid, svg
from twiml.draw.picture import Edge, Node, Picture, picture
from twiml.errors import TwimlError
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

    Raises `TwimlError` for a picture that there isn't.

    >>> from twiml import Say, compile
    >>> print(draw(compile([Say("yowza")]), current="2"))
    1 - SAY "yowza"
    2 - HANGUP <--
    """
    if target not in RENDERERS:
        raise TwimlError(f'there is no picture "{target}"; there are {", ".join(RENDERERS)}')
    return RENDERERS[target](picture(program, current, title))


__all__ = ["RENDERERS", "Edge", "Node", "Picture", "draw", "picture"]
