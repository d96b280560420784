"""The picture as an accessible outline in HTML: nested lists with a style of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from twiml.draw.glyphs import clean
from twiml.draw.picture import Node, Picture

STYLE = """\
.switchhook-flow { color-scheme: light dark; font: 0.95rem/1.5 system-ui, sans-serif; }
.switchhook-flow ol { list-style: none; margin: 0; padding-left: 1.25rem;
  border-left: 1px solid light-dark(#d0d0d8, #45454f); }
.switchhook-flow > ol { padding-left: 0; border-left: none; }
.switchhook-flow li > div { padding: 0.1rem 0.5rem; border-radius: 0.3rem; overflow-wrap: anywhere; }
.switchhook-flow .rank { color: light-dark(#62626e, #a3a3b0); font-variant-numeric: tabular-nums;
  margin-right: 0.5rem; }
.switchhook-flow .what { font-weight: 600; letter-spacing: 0.02em; }
.switchhook-flow a { color: inherit; }
.switchhook-flow li:target > div { outline: 2px solid light-dark(#0969da, #58a6ff); }
.switchhook-flow [aria-current] > div { background: light-dark(#ffe9a8, #5c4a00); }"""


def render(picture: Picture) -> str:
    """A section that can stand in any page. Every text is escaped; each state has an id, `state-1.2`,
    and a goto is a link to the state that it goes to."""
    return (
        f'<section class="switchhook-flow" aria-label="{escape(clean(picture.title))}">\n<style>\n{STYLE}\n</style>\n'
        f"{_listed(picture.top, picture.jumps)}\n</section>"
    )


def _listed(nodes: Sequence[Node], jumps: Mapping[str, str]) -> str:
    return "<ol>\n" + "\n".join(_item(node, jumps) for node in nodes) + "\n</ol>"


def _item(node: Node, jumps: Mapping[str, str]) -> str:
    here = ' aria-current="step"' if node.current else ""
    of_it = escape(node.of_it)
    if node.rank in jumps:
        of_it = f'<a href="#state-{jumps[node.rank]}">{of_it}</a>'
    line = f'<div><span class="rank">{node.rank}</span><span class="what">{escape(node.what)}</span> {of_it}</div>'
    inside = f"\n{_listed(node.children, jumps)}\n" if node.children else ""
    return f'<li id="state-{node.rank}"{here}>{line}{inside}</li>'
