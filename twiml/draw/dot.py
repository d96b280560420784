"""The picture as a graph in the language of Graphviz, for whoever wants to lay it out anew."""

from __future__ import annotations

from twiml.draw.chart import Arrow, Box, chart
from twiml.draw.glyphs import clean
from twiml.draw.picture import Picture
from twiml.draw.tints import LIGHT
from twiml.plan import Kind

_LOOKS: dict[Kind, str] = {
    "branch": 'style="rounded,filled" color="#0969da"',
    "exit": 'color="#cf222e" peripheries=2',
    "goto": 'style="dashed,filled" color="#9a6700"',
    "callout": 'shape=component color="#1a7f37"',
}
_HEAD = """\
digraph flow {
  graph [label=%s labelloc=t fontname="sans-serif" fontsize=14 bgcolor=white]
  node [shape=box style=filled fillcolor="#f6f8fa" color="#818b98" fontname="sans-serif" fontsize=11]
  edge [color="#6e7781" fontname="sans-serif" fontsize=10]"""


def render(picture: Picture) -> str:
    """A directed graph, to be laid out by `dot`."""
    found = chart(picture)
    lines = [_HEAD % quoted(picture.title), *map(_node, found.boxes)]
    lines += [_edge(found.boxes, arrow) for arrow in found.arrows]
    return "\n".join([*lines, "}"])


def quoted(text: str) -> str:
    r"""A text as Graphviz shows it, whatever is in it.

    >>> print(quoted('a "b" \\N &amp;'))
    "a \"b\" \\N &amp;amp;"
    """
    escaped = clean(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return f'"{escaped}"'


def _node(box: Box) -> str:
    rows = "".join(f"{quoted(row.text)[1:-1]}\\l" for row in box.rows)
    looks = [_LOOKS.get(box.kind, "")] if box.kind in _LOOKS else []
    if box.current:
        looks.append(f'fillcolor="{LIGHT["here"]}" penwidth=3')
    return f'  "{box.rank}" [label="{rows}"{"".join(f" {look}" for look in looks)}]'


def _edge(boxes: list[Box], arrow: Arrow) -> str:
    said = f"label={quoted(arrow.label)}" if arrow.label else ""
    looks = " ".join(filter(None, [said, 'style=dashed color="#9a6700"' if arrow.kind == "goto" else ""]))
    ends = f'"{boxes[arrow.source].rank}" -> "{boxes[arrow.target].rank}"'
    return f"  {ends} [{looks}]" if looks else f"  {ends}"
