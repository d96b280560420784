"""The picture as a state chart in SVG, laid out by `layout` and `routes`: no binary, no dependency.

It brings its own ground, light or dark as its reader's screen is, so that it can be read in any
page; every text in it is escaped, and it says in words what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise
from zlib import crc32

from twiml.draw.chart import chart
from twiml.draw.glyphs import ELLIPSIS, Line, clean
from twiml.draw.layout import FONT, LABEL_HEIGHT, LEADING, MARGIN, SMALL, START, Placed, Row
from twiml.draw.picture import Picture
from twiml.draw.routes import Layout, Point, Route, layout
from twiml.draw.tints import style

TOLD = 200
"""How many states the description tells of."""
ROUND = 7
"""The radius of a line's corners."""


def render(picture: Picture) -> str:
    """A whole SVG document."""
    drawn = layout(chart(picture))
    inside = "\n".join(
        [*_start(drawn), *map(_route, drawn.routes), *map(_box, drawn.boxes), *map(_label, drawn.routes)]
    )
    name = f"flow-{crc32(inside.encode()):08x}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{name}" width="{drawn.width}" height="{drawn.height}" '
        f'viewBox="0 0 {drawn.width} {drawn.height}" role="img" aria-labelledby="{name}-title {name}-desc">\n'
        f'<title id="{name}-title">{_escaped(picture.title)}</title>\n'
        f'<desc id="{name}-desc">{_told(picture)}</desc>\n'
        f"<style>\n{style(f'.{name}')}\n</style>\n"
        f'<rect class="ground" width="{drawn.width}" height="{drawn.height}" rx="8"/>\n{inside}\n</svg>'
    )


def _escaped(text: str) -> str:
    return escape(clean(text), quote=False)


def _told(picture: Picture) -> str:
    """The picture in words: where the call is, and the outline of the states."""
    lines = [node.text for _, node in picture.walk()]
    here = [f"The call is at {picture.current}."] if picture.current else []
    more = [f"And {len(lines) - TOLD} more."] if len(lines) > TOLD else []
    count = f"{len(lines)} state{'' if len(lines) == 1 else 's'}."
    return "\n".join(map(_escaped, [count, *here, *lines[:TOLD], *more]))


def _start(drawn: Layout) -> Iterator[str]:
    """The mark where a call begins, and the arrow from there."""
    if drawn.boxes:
        first = drawn.boxes[0]
        yield f'<circle class="tip" cx="{first.stem}" cy="{MARGIN + 5}" r="5"/>'
        yield _arrow([(first.stem, MARGIN + START - 24), (first.stem, first.y)], "next")


def _route(route: Route) -> str:
    return _arrow(route.points, route.arrow.kind)


def _arrow(points: list[Point], kind: str) -> str:
    (x, y), before = points[-1], points[-2]
    across, along = _toward((x, y), before, 9), _toward((x, y), before, 6)
    head = f"M{x} {y}L{across[0]} {y - 4}V{y + 4}Z" if y == before[1] else f"M{x} {y}L{x - 4} {across[1]}H{x + 4}Z"
    return f'<path class="line {kind}" d="{_path([*points[:-1], along])}"/><path class="tip {kind}" d="{head}"/>'


def _toward(point: Point, other: Point, far: int) -> Point:
    """The place `far` from a point on the way to another on the same level or upright."""
    (x, y), (there_x, there_y) = point, other
    far = min(far, abs(there_x - x) + abs(there_y - y))
    return x + far * ((there_x > x) - (there_x < x)), y + far * ((there_y > y) - (there_y < y))


def _path(points: list[Point]) -> str:
    """A line with rounded corners."""
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for (before, corner), (_, after) in pairwise(pairwise(points)):
        radius = min(
            ROUND, *(sum(abs(a - b) for a, b in zip(corner, end, strict=True)) // 2 for end in (before, after))
        )
        enter, leave = _toward(corner, before, radius), _toward(corner, after, radius)
        parts.append(f"L{enter[0]} {enter[1]}Q{corner[0]} {corner[1]} {leave[0]} {leave[1]}")
    return "".join([*parts, f"L{points[-1][0]} {points[-1][1]}"])


def _box(placed: Placed) -> str:
    box = placed.box
    here = " here" if box.current else ""
    rx = min(placed.height // 2, 17) if box.kind == "branch" else 6
    frame = f'x="{placed.x}" y="{placed.y}" width="{placed.width}" height="{placed.height}" rx="{rx}"'
    bar = f'x="{placed.x + 6}" y="{placed.y + 9}" width="3" height="{placed.height - 18}" rx="1.5"'
    rows = "".join(_row(placed, row) for row in placed.rows)
    return f'<g class="box {box.kind}{here}"><rect class="frame" {frame}/><rect class="bar" {bar}/>{rows}</g>'


def _row(placed: Placed, row: Row) -> str:
    top = placed.y + row.top + (placed.height - placed.rows[-1].top - placed.rows[-1].height - placed.rows[0].top) // 2
    base = top + FONT
    words = "".join(
        f'<text class="words" x="{placed.x + placed.text_x}" y="{base + LEADING * number}">{_spans(line)}</text>'
        for number, line in enumerate(row.lines)
        if line
    )
    cut = any(line and line[-1].text.endswith(ELLIPSIS) for line in row.lines)
    whole = f"<title>{_escaped(row.node.text)}</title>" if cut else ""
    rank = f'<text class="rank" x="{placed.x + 16}" y="{base}">{row.node.rank}</text>'
    return f"<g>{whole}{_mark(placed, row, top)}{rank}{words}</g>"


def _mark(placed: Placed, row: Row, top: int) -> str:
    """What shows that the call is here: a ground and a triangle, not a colour alone."""
    if not row.node.current:
        return ""
    x, middle = placed.right - 8, top + LEADING // 2 - 1
    ground = f'x="{placed.x + 12}" y="{top - 3}" width="{placed.width - 17}" height="{row.height + 4}" rx="4"'
    return f'<rect class="spot" {ground}/><path class="pointer" d="M{x - 10} {middle}L{x} {middle - 6}V{middle + 6}Z"/>'


def _spans(line: Line) -> str:
    return " ".join(
        f'<tspan class="what">{_escaped(each.text)}</tspan>' if each.bold else _escaped(each.text) for each in line
    )


def _label(route: Route) -> str:
    label = route.label
    if label is None:
        return ""
    whole = f"<title>{_escaped(label.whole)}</title>" if label.whole != label.text else ""
    frame = f'x="{label.x}" y="{label.y}" width="{label.width}" height="{LABEL_HEIGHT}" rx="4"'
    middle = f'x="{label.x + label.width / 2:g}" y="{label.y + LABEL_HEIGHT - (LABEL_HEIGHT - SMALL) // 2 - 1}"'
    return f'<g class="label {route.arrow.kind}">{whole}<rect {frame}/><text {middle}>{_escaped(label.text)}</text></g>'
