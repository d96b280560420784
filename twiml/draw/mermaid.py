"""The picture as a Mermaid flowchart, which GitHub draws where it stands in a README.

Mermaid has no one way to quote: so every sign that could mean something to it, to Markdown or
to HTML is written as its number (`#34;`), and what is left is letters, digits and plain stops.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from twiml.draw.chart import Arrow, Box, chart
from twiml.draw.glyphs import clean
from twiml.draw.picture import Picture
from twiml.draw.tints import LIGHT
from twiml.plan import Kind

_SPECIAL = re.compile(r"""
    [^\w\ ,.()/?!+=' \u0080-\U0010ffff -]  # quotes, brackets, entities, colons, backticks …
    | _                                    # emphasis
    | ^[-+] | -(?=-) | (?<=-)-                # lists, lines and arrows, but not the dash between words
    | (?<=\d)\.(?=\ )                      # a numbered list
    """, re.VERBOSE)  # fmt: skip
_SHAPES: dict[Kind, tuple[str, str]] = {
    "branch": ("([", "])"),
    "exit": ("[[", "]]"),
    "goto": (">", "]"),
    "callout": ("[/", "/]"),
}

_CURRENT = f"fill:{LIGHT['here']},stroke:{LIGHT['mark']},color:{LIGHT['text']},stroke-width:3px"


def render(picture: Picture) -> str:
    """The text of a diagram, from `flowchart` on."""
    found = chart(picture)
    lines = ["flowchart TD", *(_node(box) for box in found.boxes)]
    lines += [_link(found.boxes, arrow) for arrow in found.arrows]
    return "\n".join([*lines, *_marked(found.boxes)])


def quoted(text: str) -> str:
    """A text as Mermaid shows it, whatever is in it.

    >>> quoted('SAY "end; #1"')
    'SAY #34;end#59; #35;1#34;'
    """
    plain = clean(text).replace("\ufb02", "fl").replace("¶ß", "¶ss")  # between these Mermaid keeps its own entities
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", plain)


def _name(box: Box) -> str:
    return f"s{box.rank.replace('.', '_')}"


def _node(box: Box) -> str:
    left, right = _SHAPES.get(box.kind, ("[", "]"))
    return f'  {_name(box)}{left}"{"<br/>".join(quoted(row.text) for row in box.rows)}"{right}'


def _link(boxes: list[Box], arrow: Arrow) -> str:
    line = "-.->" if arrow.kind == "goto" else "-->"
    label = quoted(arrow.label)
    said = f'|"{label}"|' if label else ""
    return f"  {_name(boxes[arrow.source])} {line}{said} {_name(boxes[arrow.target])}"


def _marked(boxes: list[Box]) -> Iterator[str]:
    for box in boxes:
        if box.current:
            yield f"  classDef current {_CURRENT}"
            yield f"  class {_name(box)} current"
