"""The picture as a chart: boxes and the arrows between them, for every renderer that isn't an outline.

What stands between the tags of a Gather or Dial is one box with it, a row for each state; so is
a repeat, whose jump is an arrow from the box to itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from twiml.draw.picture import EdgeKind, Node, Picture
from twiml.plan import Kind


@dataclass(slots=True)
class Box:
    """One or more states in a frame. `opener` is the index of the Gather's box whose branch it stands in."""

    rows: list[Node]
    opener: int | None

    @property
    def rank(self) -> str:
        """The rank of its first state."""
        return self.rows[0].rank

    @property
    def kind(self) -> Kind:
        """What its first state does."""
        return self.rows[0].kind

    @property
    def current(self) -> bool:
        """Whether the call is in one of its states."""
        return any(row.current for row in self.rows)


@dataclass(slots=True)
class Arrow:
    """A way from one box to another, by their indexes."""

    source: int
    target: int
    label: str
    kind: EdgeKind


@dataclass(frozen=True, slots=True)
class Chart:
    """Boxes in the order of the ranks, at most one arrow for each pair of them."""

    boxes: list[Box]
    arrows: list[Arrow]


def chart(picture: Picture) -> Chart:
    """The chart of a picture.

    >>> from twiml import Dial, compile
    >>> from twiml.draw.picture import picture
    >>> found = chart(picture(compile([Dial("+441314960123")])))
    >>> [[row.rank for row in box.rows] for box in found.boxes], found.arrows
    ([['1', '1.1', '1.2'], ['2']], [Arrow(source=0, target=1, label='after the call', kind='wait')])
    """
    boxes: list[Box] = []
    at: dict[str, int] = {}
    repeats: set[str] = set()
    for above, node in _with_parents(picture):
        home = at[above.rank] if above is not None else None
        repeated = above is not None and above.kind == "open" and picture.jumps.get(node.rank) == above.rank
        if home is not None and (node.held or repeated):
            boxes[home].rows.append(node)
            at[node.rank] = home
            repeats.update([node.rank] if repeated else [])
            continue
        within = home is not None and above is not None and above.kind != "open"
        boxes.append(Box([node], boxes[home].opener if home is not None and within else home))
        at[node.rank] = len(boxes) - 1
    return Chart(boxes, _arrows(picture, at, repeats))


def _with_parents(picture: Picture) -> Iterator[tuple[Node | None, Node]]:
    path: list[Node] = []
    for depth, node in picture.walk():
        del path[depth:]
        yield path[-1] if path else None, node
        path.append(node)


def _arrows(picture: Picture, at: dict[str, int], repeats: set[str]) -> list[Arrow]:
    entered = {edge.target: edge.label for edge in picture.edges if edge.target in repeats}
    found: dict[tuple[int, int], Arrow] = {}
    for source, target, label, kind in picture.edges:
        ends = at[source], at[target]
        if ends[0] == ends[1] and (kind in ("next", "into") or target in repeats):
            continue
        said = entered.get(source, label)
        if (before := found.get(ends)) is None:
            found[ends] = Arrow(*ends, said, kind)
        elif said and said not in before.label:
            before.label = f"{before.label}, {said}" if before.label else said
    return list(found.values())
