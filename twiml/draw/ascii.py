"""The picture as plain text, as the seed drew it: four spaces a level, one space between words."""

from __future__ import annotations

from twiml.draw.picture import Picture


def render(picture: Picture) -> str:
    """One line a state. The current state, if there is one, ends in an arrow."""
    return "\n".join(f"{'    ' * depth}{node.text}{' <--' if node.current else ''}" for depth, node in picture.walk())
