"""How the arrows of a chart run between its boxes: as polylines of level and upright lines.

See `layout` for the four ways there are and why none of them meets a box.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

from twiml.draw.chart import Arrow, Chart
from twiml.draw.layout import LABEL_HEIGHT, MARGIN, Label, Placed, Ways, label, placed, ways

LOOP, LANE, NEAR = 22, 12, 10
"""How far a loop goes out, lanes stand apart, and a label keeps from what is beside it."""

Point = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Route:
    """An arrow's line, corner by corner; its head is at the end."""

    arrow: Arrow
    points: list[Point]
    label: Label | None


@dataclass(frozen=True, slots=True)
class Layout:
    """A chart ready to be drawn, all of it between 0, 0 and `width`, `height`."""

    boxes: list[Placed]
    routes: list[Route]
    width: int
    height: int


def layout(chart: Chart) -> Layout:
    """Every box in its place and every arrow in its way."""
    taken = ways(chart)
    boxes = placed(chart, taken)
    routes = [*_down(boxes, taken), *_branches(boxes, taken), *_loops(boxes, taken)]
    edge = max([box.right for box in boxes] + [_reach(route) for route in routes], default=MARGIN)
    routes += _lanes(boxes, taken, edge)
    right = max([edge, *map(_reach, routes)])
    return Layout(
        boxes, routes, max(right, MARGIN + 100) + MARGIN, max((box.bottom for box in boxes), default=60) + MARGIN
    )


def _reach(route: Route) -> int:
    """How far to the right a route goes, its label included."""
    return max([x for x, _ in route.points] + ([route.label.x + route.label.width] if route.label else []))


def _down(boxes: list[Placed], taken: Ways) -> Iterator[Route]:
    for arrow in taken.down.values():
        source, target = boxes[arrow.source], boxes[arrow.target]
        said = label(arrow.label)
        middle = (source.bottom + target.y) // 2
        yield Route(
            arrow,
            [(source.stem, source.bottom), (source.stem, target.y)],
            said and said.at(source.stem + NEAR, middle),
        )


def _branches(boxes: list[Placed], taken: Ways) -> Iterator[Route]:
    for gather, arrows in taken.branches.items():
        trunk = boxes[gather].stem
        for arrow in arrows:
            target = boxes[arrow.target]
            y = target.y + target.height // 2
            said = label(arrow.label)
            yield Route(
                arrow,
                [(trunk, boxes[gather].bottom), (trunk, y), (target.x, y)],
                said and said.at(trunk + NEAR + 2, y),
            )


def _loops(boxes: list[Placed], taken: Ways) -> Iterator[Route]:
    for arrow in taken.loops:
        box = boxes[arrow.source]
        back, out = (box.port(box.ports.index((way, arrow))) for way in ("back", "out"))
        said = label(arrow.label)
        far = box.right + LOOP
        yield Route(
            arrow,
            [(box.right, out), (far, out), (far, back), (box.right, back)],
            said and said.at(far + LABEL_HEIGHT // 2, (out + back) // 2),
        )


def _lanes(boxes: list[Placed], taken: Ways, edge: int) -> list[Route]:
    """By the gutter: each target has a lane of its own as far as the lane is needed."""
    labels = {id(arrow): label(arrow.label) for arrows in taken.lanes.values() for arrow in arrows}
    wide = (boxes[arrow.source].right + NEAR + said.width
            for arrows in taken.lanes.values() for arrow in arrows if (said := labels[id(arrow)]))  # fmt: skip
    gutter = max([edge, *wide]) + LANE + NEAR
    spans: list[tuple[int, int, int, int, list[int]]] = []
    for target, arrows in taken.lanes.items():
        starts = [_leaves(boxes[arrow.source], arrow) for arrow in arrows]
        end = boxes[target].port(0)
        spans.append((min(*starts, end), max(*starts, end), target, end, starts))
    spans.sort()
    lanes = list(_lane_of([span[:2] for span in spans]))
    outmost = max(lanes, default=0)
    routes = []
    for lane, (_, _, target, end, starts) in zip(lanes, spans, strict=True):
        x = gutter + LANE * (outmost - lane)
        for arrow, start in zip(taken.lanes[target], starts, strict=True):
            source, said = boxes[arrow.source], labels[id(arrow)]
            routes.append(
                Route(
                    arrow,
                    [(source.right, start), (x, start), (x, end), (boxes[target].right, end)],
                    said and said.at(source.right + NEAR, start),
                )
            )
    return routes


def _leaves(box: Placed, arrow: Arrow) -> int:
    return box.port(box.ports.index(("on", arrow)))


def _lane_of(spans: list[tuple[int, int]]) -> Iterator[int]:
    """A lane for each span, in the order of their beginnings: the first that is free again.

    Lanes count from the outside, so that what is within a longer one's span runs nearer to the boxes.
    """
    free: list[int] = []
    busy: list[tuple[int, int]] = []
    lanes = 0
    for start, end in spans:
        while busy and busy[0][0] + NEAR < start:
            heappush(free, heappop(busy)[1])
        if free:
            lane = heappop(free)
        else:
            lane, lanes = lanes, lanes + 1
        heappush(busy, (end, lane))
        yield lane
