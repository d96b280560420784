"""Where the boxes of a chart stand: one below the other, in the order of the ranks.

    ●
    ▼
    [1 GATHER     ] ◄─┐ nothing      a loop, at the right of its box
    [1.1 SAY      ] ──┘
     │
     ├─ 1 ─►(1.3 Response 1)         a Gather's branches hang from a trunk at its left,
     │      [1.3.1 SAY     ]──┐      each one's states in the column below it
     └─ 2 ─►(1.4 Response 2)──┤
                              │      what runs on, or jumps, goes by a lane in the gutter
    [2 HANGUP     ]◄──────────┘      at the right; all that goes to one box shares a lane

No two boxes share a height, so that a line that leaves or enters a box at its right meets no
other box, wherever it goes; trunks pass at the left of all that hangs from them. That is why a
picture of any flow takes no search and no more time than it has states.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from twiml.draw.chart import Arrow, Box, Chart
from twiml.draw.glyphs import Line, Span, clean, line_width, shortened, width, wrapped
from twiml.draw.picture import Node

FONT, SMALL = 13, 11
"""The sizes of a state's words and of an arrow's label."""
MARGIN, PAD, LEADING, ROW_GAP = 20, 10, 18, 4
TEXT_ROOM, LEAST_WIDTH, MOST_LINES = 320, 150, 10
LABEL_HEIGHT, LABEL_ROOM, LABEL_PAD = 17, 170, 6
STEM = 22
"""How far a box's downward lines stand from its left edge."""
PORT = 20
"""How far apart lines leave and enter at the right of a box."""
START = 34
"""The room for the mark where a call begins."""


class Label(NamedTuple):
    """An arrow's words in their frame: as they are shown, and whole."""

    text: str
    whole: str
    x: int
    y: int
    width: int

    def at(self, x: int, y: int) -> Label:
        """The same label elsewhere, its left edge at `x`, its middle at `y`."""
        return self._replace(x=x, y=y - LABEL_HEIGHT // 2)


def label(text: str) -> Label | None:
    """A label for an arrow, cut to the room there is; None if there is nothing to say."""
    whole = clean(text)
    shown = shortened(whole, SMALL, LABEL_ROOM)
    return Label(shown, whole, 0, 0, width(shown, SMALL) + 2 * LABEL_PAD) if whole else None


@dataclass(slots=True)
class Row:
    """A state in its box: its lines, and how far below the box's top it begins."""

    node: Node
    lines: list[Line]
    top: int

    @property
    def height(self) -> int:
        """The height of all its lines."""
        return LEADING * len(self.lines)


@dataclass(slots=True)
class Placed:
    """A box in its place. `text_x` is where the words begin, right of the ranks."""

    box: Box
    rows: list[Row]
    width: int
    height: int
    text_x: int
    x: int = 0
    y: int = 0
    ports: list[tuple[str, Arrow | None]] = field(default_factory=list)
    """The lines at its right, from the top: what comes `in`, loops that `back` in and `out`, what goes `on`."""

    @property
    def right(self) -> int:
        """Its right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> int:
        """Its lower edge."""
        return self.y + self.height

    @property
    def stem(self) -> int:
        """Where lines leave and enter it from above and below."""
        return self.x + STEM

    def port(self, index: int) -> int:
        """The height at which a line meets its right edge."""
        return self.y + self.height * (2 * index + 1) // (2 * len(self.ports))


class Ways(NamedTuple):
    """A chart's arrows by the way they take."""

    branches: dict[int, list[Arrow]]
    """From a Gather down its trunk, by the Gather."""
    down: dict[int, Arrow]
    """Straight down to the box below, by that box."""
    loops: list[Arrow]
    lanes: dict[int, list[Arrow]]
    """By the gutter, by their target."""


def ways(chart: Chart) -> Ways:
    """Which way each arrow goes."""
    found = Ways({}, {}, [], {})
    for arrow in chart.arrows:
        source, target = chart.boxes[arrow.source], chart.boxes[arrow.target]
        if arrow.source == arrow.target:
            found.loops.append(arrow)
        elif target.opener == arrow.source and arrow.kind in ("answer", "silence"):
            found.branches.setdefault(arrow.source, []).append(arrow)
        elif arrow.target == arrow.source + 1 and source.opener == target.opener:
            found.down[arrow.target] = arrow
        else:
            found.lanes.setdefault(arrow.target, []).append(arrow)
    return found


def placed(chart: Chart, taken: Ways) -> list[Placed]:
    """Every box of a chart in its place."""
    boxes = [_sized(box) for box in chart.boxes]
    _give_ports(boxes, taken)
    columns = {gather: _indent(arrows) for gather, arrows in taken.branches.items()}
    y = MARGIN + START
    for index, each in enumerate(boxes):
        opener = each.box.opener
        each.x = MARGIN if opener is None else boxes[opener].x + columns.get(opener, 2 * STEM)
        each.y = y + (_gap(boxes, index, taken) if index else 0)
        y = each.bottom
    return boxes


def _sized(box: Box) -> Placed:
    ranks = max(width(row.rank, FONT) for row in box.rows)
    text_x = PAD + 6 + ranks + PAD
    rows: list[Row] = []
    top = PAD - 1
    for node in box.rows:
        lines = wrapped([Span(node.what, bold=True), Span(node.of_it, bold=False)], FONT, TEXT_ROOM, MOST_LINES)
        rows.append(Row(node, lines or [[]], top))
        top += rows[-1].height + ROW_GAP
    inside = max(line_width(line, FONT) for row in rows for line in row.lines)
    mark = 2 * PAD if box.current else 0
    return Placed(box, rows, max(LEAST_WIDTH, text_x + inside + PAD + mark), top - ROW_GAP + PAD - 1, text_x)


def _give_ports(boxes: list[Placed], taken: Ways) -> None:
    for target in taken.lanes:
        boxes[target].ports.append(("in", None))
    for loop in taken.loops:
        boxes[loop.source].ports += [("back", loop), ("out", loop)]
    for arrows in taken.lanes.values():
        for arrow in arrows:
            boxes[arrow.source].ports.append(("on", arrow))
    for each in boxes:
        each.height = max(each.height, PORT * len(each.ports))


def _indent(arrows: list[Arrow]) -> int:
    """How far a Gather's branches stand to its right: as their labels need it."""
    widest = max((found.width for arrow in arrows if (found := label(arrow.label))), default=0)
    return STEM + 12 + widest + 20


def _gap(boxes: list[Placed], index: int, taken: Ways) -> int:
    if index in taken.down:
        return 36 if taken.down[index].label else 24
    if boxes[index].box.opener != boxes[index - 1].box.opener and boxes[index].box.kind != "branch":
        return 28
    return 18
