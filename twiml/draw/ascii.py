"""The picture as plain text, as the seed drew it: four spaces a level, one space between words."""

from __future__ import annotations

from collections.abc import Sequence

from twiml.draw.picture import Node


def render(picture: Sequence[Node]) -> str:
    """One line a state. The current state, if there is one, ends in an arrow."""
    return "\n".join(
        f"{'    ' * depth}{node.text}{' <--' if node.current else ''}" for top in picture for depth, node in top.walk()
    )
