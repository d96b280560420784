"""Mermaid and Graphviz text: each line is of the grammar, whatever the labels hold.

The grammars here are stricter than the tools': what passes was shown to be drawn by Mermaid 11
with the labels it was given, and by Graphviz.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twiml.strategies import flows
from twiml import DefaultExt, Gather, Hangup, Program, RepeatExt, ResponseExt, Say, compile, draw
from twiml.draw import Edge, Node, Picture, dot, mermaid, picture
from twiml.draw.chart import chart
from twiml.draw.glyphs import clean

NASTY = [
    "end", '"', "#", "#35;", "#quot;", "<b>bold</b>", "</div><script>alert(1)</script>", ";", "a\nb", "[x](y)", "{a}",
    "`code`", "**b** _i_ __u__", "1. list", "- list", "+ list", "%% comment", "%%{init: {}}%%", "style a:b#c;d",
    "classDef a fill:#f00;", "a --> b", "|x|", "\\", '\\"', "\\N \\G", "&amp;", "$$x^2$$", "@{ shape: x }", ":::x",
    "---", "漢字", "שלום", "🎉", "\x00\x07", "", " ", "http://a.b/c_d?e=f&g#h", "ﬂ°°35¶ß", "<br/>",
    "\u202e", "^", "\ud800",
]  # fmt: skip

MERMAID_TEXT = r"(?:[A-Za-z0-9 ,.()/?!+='\u0080-\U0010ffff-]|\#[0-9]+;)*"
MERMAID_ROWS = f"{MERMAID_TEXT}(?:<br/>{MERMAID_TEXT})*"
MERMAID_NAME = r"s[0-9]+(?:_[0-9]+)*"
MERMAID = re.compile(
    rf"""flowchart\ TD
    | \ \ {MERMAID_NAME}(?:\["|\(\["|\[\["|>"|\[/")(?P<rows>{MERMAID_ROWS})(?:"\]|"\]\)|"\]\]|"/\])
    | \ \ {MERMAID_NAME}\ (?:-->|-\.->)(?:\|"{MERMAID_TEXT}"\|)?\ {MERMAID_NAME}
    | \ \ classDef\ current\ [a-z0-9#:,-]+
    | \ \ class\ {MERMAID_NAME}\ current""",
    re.VERBOSE,
)

DOT_TEXT = r'"(?:[^"\\\x00-\x1f]|\\[\\"l])*"'
DOT_NAME = r'"[0-9]+(?:\.[0-9]+)*"'
DOT_LOOKS = rf"\[[a-z]+=(?:{DOT_TEXT}|[a-z0-9]+)(?:\ [a-z]+=(?:{DOT_TEXT}|[a-z0-9-]+))*\]"
DOT = re.compile(
    rf"""digraph\ flow\ \{{ | \}}
    | \ \ (?:graph|node|edge)\ {DOT_LOOKS}
    | \ \ {DOT_NAME}\ {DOT_LOOKS}
    | \ \ {DOT_NAME}\ ->\ {DOT_NAME}(?:\ {DOT_LOOKS})?""",
    re.VERBOSE,
)


def nasty(text: str) -> Picture:
    """A picture with the same text wherever there can be one, and every kind of box."""
    kinds: list[Any] = ["text", "open", "wait", "exit", "goto", "callout", "branch"]
    nodes = [Node(str(at), "A", text, at == 1, [], kind) for at, kind in enumerate(kinds, 1)]
    return Picture(nodes, [Edge("1", "2", text, "next"), Edge("2", "2", text, "goto")], title=text)


def mermaid_texts(drawn: str) -> list[str]:
    """What Mermaid shows in its boxes: each number a sign again, nothing else touched."""
    rows = [found["rows"] for line in drawn.split("\n") if (found := MERMAID.fullmatch(line)) and found["rows"]]
    return [re.sub("#([0-9]+);", lambda sign: chr(int(sign[1])), row) for each in rows for row in each.split("<br/>")]


def dot_texts(drawn: str) -> list[str]:
    """What Graphviz shows in its boxes."""
    labels = re.findall(rf'^  {DOT_NAME} \[label="((?:[^"\\]|\\.)*)"', drawn, re.MULTILINE)
    rows: list[str] = []
    for label in labels:
        shown = re.sub(r"\\(.)", lambda sign: "\n" if sign[1] == "l" else sign[1], label)
        rows += shown.replace("&amp;", "&").splitlines()
    return rows


@given(flows())
@settings(max_examples=60, deadline=None)
def test_any_flow_is_mermaid_line_by_line(flow: list[Any]) -> None:
    assert [line for line in compile(flow, "mermaid").split("\n") if not MERMAID.fullmatch(line)] == []


@given(flows())
@settings(max_examples=60, deadline=None)
def test_any_flow_is_dot_line_by_line(flow: list[Any]) -> None:
    assert [line for line in compile(flow, "dot").split("\n") if not DOT.fullmatch(line)] == []


@given(flows())
@settings(max_examples=60, deadline=None)
def test_any_flow_is_drawn_box_by_box_and_arrow_by_arrow(flow: list[Any]) -> None:
    found = chart(picture(compile(flow)))
    texts = [clean(row.text) for box in found.boxes for row in box.rows]
    assert mermaid_texts(compile(flow, "mermaid")) == texts
    assert dot_texts(compile(flow, "dot")) == texts
    assert len(re.findall(r"^  \S+ -\.?->", compile(flow, "mermaid"), re.MULTILINE)) == len(found.arrows)
    assert compile(flow, "dot").count('" -> "') >= len(found.arrows)


@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_text_stays_a_text_in_mermaid(text: str) -> None:
    found = nasty(text)
    drawn = mermaid.render(found)
    assert [line for line in drawn.split("\n") if not MERMAID.fullmatch(line)] == []
    plain = text.replace("ﬂ", "fl").replace("¶ß", "¶ss")
    assert mermaid_texts(drawn)[0] == clean(f"1 - A {plain}")


@pytest.mark.parametrize("text", NASTY)
def test_a_nasty_text_stays_a_text_in_dot(text: str) -> None:
    found = nasty(text)
    drawn = dot.render(found)
    assert [line for line in drawn.split("\n") if not DOT.fullmatch(line)] == []
    assert dot_texts(drawn) == [clean(node.text) for node in found.top]


@given(st.text(st.characters(), max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_is_quoted(text: str) -> None:
    assert re.fullmatch(MERMAID_TEXT, mermaid.quoted(text))
    assert re.fullmatch(DOT_TEXT, dot.quoted(text))


def test_what_could_mean_something_to_mermaid_is_a_number() -> None:
    assert mermaid.quoted("a_b: <c>; #d `e` -- f - g. 1. h") == (
        "a#95;b#58; #60;c#62;#59; #35;d #96;e#96; #45;#45; f - g. 1#46; h"
    )


def test_a_menu_in_mermaid() -> None:
    flow = [Gather([Say("hi")], after_ext=[ResponseExt("1", "one", [Hangup()]), RepeatExt()])]
    rows = "1 - GATHER (request Keypad Input)<br/>1.1 - SAY #34;hi#34;<br/>1.2 - end of Gather (wait for response)"
    assert draw(compile(flow), "mermaid", current="1.3").split("\n") == [
        "flowchart TD",
        f'  s1["{rows}<br/>1.4 - GOTO 1"]',
        '  s1_3(["1.3 - Response 1 #58; ONE"])',
        '  s1_3_1[["1.3.1 - HANGUP"]]',
        '  s1 -->|"1"| s1_3',
        "  s1_3 --> s1_3_1",
        '  s1 -.->|"anything else"| s1',
        "  classDef current fill:#fff2b8,stroke:#9a6700,color:#1f2328,stroke-width:3px",
        "  class s1_3 current",
    ]


def test_a_flow_in_dot() -> None:
    drawn = draw(compile([Say('a "b"')]), "dot", current="1", title="x & y").split("\n")
    assert drawn[1].startswith('  graph [label="x &amp; y" ')
    assert drawn[4:] == [
        '  "1" [label="1 - SAY \\"a \\"b\\"\\"\\l" fillcolor="#fff2b8" penwidth=3]',
        '  "2" [label="2 - HANGUP\\l" color="#cf222e" peripheries=2]',
        '  "1" -> "2"',
        "}",
    ]


@pytest.mark.parametrize("target", ["mermaid", "dot"])
def test_the_current_state_is_marked_and_only_that(target: str) -> None:
    program = compile([Say("a"), Gather(after_ext=[ResponseExt("1", "b"), DefaultExt("c")])])
    marked = draw(program, target, current="2.1")
    assert [line for line in marked.split("\n") if "current" in line or "penwidth" in line]
    assert "current" not in draw(program, target)
    assert "penwidth" not in draw(program, target)


@pytest.mark.parametrize(("target", "lines"), [("mermaid", 1), ("dot", 5)])
def test_a_program_without_states_has_neither_boxes_nor_arrows(target: str, lines: int) -> None:
    assert len(draw(Program([]), target).split("\n")) == lines
