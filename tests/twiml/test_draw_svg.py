"""The state chart in SVG: nothing overlaps, nothing is outside, all of it can be read and is well-formed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree

from tests.twiml.strategies import flows
from twiml import (
    DefaultExt,
    Dial,
    Gather,
    GotoExt,
    LabelExt,
    Program,
    RepeatExt,
    ResponseExt,
    Say,
    compile,
    draw,
)
from twiml.draw import Node, Picture, glyphs, picture, svg
from twiml.draw.chart import chart
from twiml.draw.glyphs import Span, clean, line_width, shortened, width, wrapped
from twiml.draw.layout import LABEL_HEIGHT, TEXT_ROOM
from twiml.draw.routes import Layout, layout
from twiml.draw.tints import DARK, LIGHT, style

SVG = "{http://www.w3.org/2000/svg}"
Frame = tuple[float, float, float, float]
"""Left, top, right, bottom."""

PHONE = "+441314960123"


def laid_out(flow: Sequence[Any], current: str | None = None) -> Layout:
    return layout(chart(picture(compile(flow), current)))


def frames(drawn: Layout) -> list[Frame]:
    return [(box.x, box.y, box.right, box.bottom) for box in drawn.boxes]


def labels(drawn: Layout) -> list[Frame]:
    found = [route.label for route in drawn.routes if route.label]
    return [(each.x, each.y, each.x + each.width, each.y + LABEL_HEIGHT) for each in found]


def segments(drawn: Layout) -> Iterator[Frame]:
    for route in drawn.routes:
        for (x, y), (x2, y2) in pairwise(route.points):
            yield min(x, x2), min(y, y2), max(x, x2), max(y, y2)


def overlap(one: Frame, other: Frame) -> bool:
    """Whether two frames have more in common than an edge; a line has no width, but may run inside."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def parsed(text: str) -> Any:
    return etree.fromstring(text.encode())


MENU = [
    LabelExt("start"),
    Say("Hello"),
    Gather(
        [Say("Press 1, 2 or 3")],
        input="dtmf speech",
        after_ext=[
            ResponseExt("1", "again", [GotoExt("start")], speech=["again", "once more", "one more time, please"]),
            ResponseExt("2", "skip", [GotoExt("end")]),
            ResponseExt("3", "deeper", [Gather(after_ext=[ResponseExt("1", "in", [Dial(PHONE)]), RepeatExt()])]),
            DefaultExt("otherwise"),
        ],
    ),
    Gather(after_ext=[ResponseExt("1", "back", [GotoExt("2")]), RepeatExt()]),
    LabelExt("end"),
    Dial(PHONE),
    LabelExt("loop"),
    GotoExt("loop"),
]


# --- geometry ------------------------------------------------------------------------------------


@given(flows(depth=3))
@settings(max_examples=100, deadline=None)
def test_no_two_boxes_overlap(flow: list[Any]) -> None:
    assert not [pair for pair in combinations(frames(laid_out(flow)), 2) if overlap(*pair)]


@given(flows(depth=3))
@settings(max_examples=100, deadline=None)
def test_no_arrow_runs_through_a_box(flow: list[Any]) -> None:
    drawn = laid_out(flow)
    assert not [(line, box) for line in segments(drawn) for box in frames(drawn) if overlap(line, box)]


@given(flows(depth=3))
@settings(max_examples=100, deadline=None)
def test_no_label_meets_a_box_or_another_label(flow: list[Any]) -> None:
    drawn = laid_out(flow)
    assert not [(label, box) for label in labels(drawn) for box in frames(drawn) if overlap(label, box)]
    assert not [pair for pair in combinations(labels(drawn), 2) if overlap(*pair)]


@given(flows(depth=3))
@settings(max_examples=100, deadline=None)
def test_a_label_lies_on_or_beside_its_own_arrow_alone(flow: list[Any]) -> None:
    drawn = laid_out(flow)
    for route in drawn.routes:
        if route.label is None:
            continue
        spot = (route.label.x, route.label.y, route.label.x + route.label.width, route.label.y + LABEL_HEIGHT)
        for other in drawn.routes:
            if other is not route:
                lone = Layout([], [other], 0, 0)
                assert not [line for line in segments(lone) if overlap(line, spot)]


@given(flows(depth=3))
@settings(max_examples=100, deadline=None)
def test_everything_is_inside_the_view_box(flow: list[Any]) -> None:
    drawn = laid_out(flow)
    for left, top, right, bottom in [*frames(drawn), *labels(drawn), *segments(drawn)]:
        assert left >= 0
        assert top >= 0
        assert right <= drawn.width - 8
        assert bottom <= drawn.height - 8


@given(flows(depth=3))
@settings(max_examples=100, deadline=None)
def test_arrows_run_level_or_upright_from_their_source_to_their_target(flow: list[Any]) -> None:
    drawn = laid_out(flow)
    for route in drawn.routes:
        assert all(x == x2 or y == y2 for (x, y), (x2, y2) in pairwise(route.points))
        source, target = drawn.boxes[route.arrow.source], drawn.boxes[route.arrow.target]
        for (x, y), box in ((route.points[0], source), (route.points[-1], target)):
            assert box.x <= x <= box.right
            assert box.y <= y <= box.bottom
            assert x in (box.x, box.right) or y in (box.y, box.bottom)


@given(flows())
@settings(max_examples=60, deadline=None)
def test_every_arrow_of_the_chart_is_drawn_once(flow: list[Any]) -> None:
    found = chart(picture(compile(flow)))
    assert sorted((each.source, each.target) for each in found.arrows) == sorted(
        (route.arrow.source, route.arrow.target) for route in layout(found).routes
    )


@given(flows())
@settings(max_examples=60, deadline=None)
def test_words_fit_into_their_box(flow: list[Any]) -> None:
    for box in laid_out(flow, current="1").boxes:
        for row in box.rows:
            assert row.top + row.height <= box.height
            assert all(box.text_x + line_width(line, 13) <= box.width for line in row.lines)


def test_what_goes_to_one_box_shares_a_lane() -> None:
    flow = [Gather(after_ext=[*[ResponseExt(key, key, [Say(key)]) for key in "123"], DefaultExt()]), Say("b")]
    lanes = {max(x for x, _ in each.points) for each in laid_out(flow).routes if each.arrow.kind == "next"}
    assert len([x for x in lanes if x > 150]) == 1


def test_lanes_that_are_needed_at_different_heights_stand_above_one_another() -> None:
    pair: list[Any] = [Gather(after_ext=[ResponseExt("1", body=[Say("a")]), DefaultExt("else")]), Say("b")]
    drawn = laid_out(pair * 5)
    assert len({route.points[1][0] for route in drawn.routes if len(route.points) == 4}) == 1


def test_a_repeat_and_a_goto_to_itself_are_loops_beside_their_box() -> None:
    drawn = laid_out(MENU)
    loops = [route for route in drawn.routes if route.arrow.source == route.arrow.target]
    assert len(loops) == 3
    for route in loops:
        box = drawn.boxes[route.arrow.source]
        assert min(x for x, _ in route.points) == box.right
        assert max(x for x, _ in route.points) <= box.right + 30


def test_a_menu_with_everything_obeys_all_of_this() -> None:
    drawn = laid_out(MENU)
    spots = labels(drawn)
    assert {route.label.text for route in drawn.routes if route.label} >= {
        "goto",
        "anything else",
        "after the call",
        "2",
        "3",
    }
    assert not [(one, box) for one in [*spots, *segments(drawn)] for box in frames(drawn) if overlap(one, box)]


def test_the_time_it_takes_grows_as_the_flow_does() -> None:
    def seconds(length: int) -> float:
        flow: list[Any] = [Say(f"number {number}") for number in range(length)]
        flow[::10] = [
            Gather(after_ext=[ResponseExt("1", body=[GotoExt(str(number + 1))]), DefaultExt("on")])
            for number in range(0, length, 10)
        ]
        program = compile(flow)
        start = process_time()
        draw(program, "svg")
        return process_time() - start

    def best(length: int) -> float:
        """Of three, for the first may have to collect what other tests have left."""
        return min(seconds(length) for _ in range(3))

    assert best(2000) < 12 * best(500) + 0.2


# --- the document --------------------------------------------------------------------------------


@given(flows())
@settings(max_examples=60, deadline=None)
def test_any_flow_is_well_formed_svg_and_says_in_words_what_it_shows(flow: list[Any]) -> None:
    program = compile(flow)
    root = parsed(draw(program, "svg", title="<menu> & co"))
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    title, desc = (root.find(f"{SVG}{name}") for name in ("title", "desc"))
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "<menu> & co"
    outline = [" ".join(line.split()) for line in draw(program).splitlines()]
    assert desc.text.splitlines() == [f"{len(program)} state{'s' * (len(program) > 1)}.", *map(clean, outline)][:201]
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"


@given(flows())
@settings(max_examples=60, deadline=None)
def test_every_state_is_there_by_its_rank(flow: list[Any]) -> None:
    program = compile(flow)
    ranks = [each.text for each in parsed(draw(program, "svg")).iter(f"{SVG}text") if each.get("class") == "rank"]
    assert sorted(ranks) == sorted(state.rank for state in program)


EVIL = "</text></svg><script>alert('1')</script>&\"]]>"


def test_everything_a_flow_says_is_escaped() -> None:
    flow = [Say(EVIL), Gather(auto_menu_ext=True, after_ext=[ResponseExt("1", EVIL), DefaultExt(EVIL)])]
    text = draw(compile(flow), "svg", title=EVIL)
    assert "<script" not in text
    root = parsed(text)
    assert {etree.QName(each).localname for each in root.iter()} <= set(
        "svg title desc style rect circle path g text tspan".split()
    )
    assert EVIL in root.find(f"{SVG}desc").text


@pytest.mark.parametrize("odd", ["\x00", "\x0b", "\x1b[31m", "\ud800", "\uffff", "\x85", "\x9f"])
def test_what_xml_cannot_hold_is_replaced(odd: str) -> None:
    found = svg.render(Picture([Node("1", f"A{odd}", f"b{odd}c")], [], f"t{odd}"))
    assert parsed(found) is not None
    assert odd not in found


def test_a_program_without_states_is_an_empty_picture() -> None:
    root = parsed(draw(Program([]), "svg"))
    assert root.find(f"{SVG}desc").text == "0 states."
    assert not root.findall(f".//{SVG}text")
    assert int(root.get("width")) > 0 < int(root.get("height"))


def test_the_current_state_is_marked_by_a_colour_a_shape_and_in_words() -> None:
    program = compile(MENU)
    root = parsed(draw(program, "svg", current="2.2"))
    (box,) = root.xpath("//*[contains(@class, 'here')]")
    (row,) = [each for each in box if each.find(f"{SVG}path") is not None]
    assert row.find(f"{SVG}text").text == "2.2"
    assert "The call is at 2.2." in root.find(f"{SVG}desc").text
    unmarked = draw(program, "svg")
    assert 'class="pointer"' not in unmarked
    assert "The call is at" not in unmarked


def test_a_text_too_long_is_cut_and_told_whole_by_its_title() -> None:
    long = "word " * 500
    root = parsed(draw(compile([Say(long)]), "svg"))
    texts = [each for each in root.iter(f"{SVG}text") if each.get("class") == "words"]
    assert "".join(texts[9].itertext()).endswith("…")
    assert root.xpath("//*[local-name()='g']/*[local-name()='title']")[0].text == f'1 - SAY "{long}"'


def test_a_long_flow_is_told_of_in_part() -> None:
    desc = parsed(draw(compile([Say(str(number)) for number in range(300)]), "svg")).find(f"{SVG}desc").text
    assert desc.splitlines()[0] == "301 states."
    assert desc.splitlines()[-1] == "And 101 more."


def test_the_same_flow_is_drawn_the_same_and_two_can_stand_in_one_page() -> None:
    one, other = compile([Say("a")]), compile([Say("b")])
    assert draw(one, "svg") == draw(one, "svg")
    ids = [set(re.findall(r'id="([^"]+)"', draw(program, "svg"))) for program in (one, other)]
    assert not ids[0] & ids[1]
    scope = parsed(draw(one, "svg")).get("class")
    rules = parsed(draw(one, "svg")).find(f"{SVG}style").text.splitlines()
    assert all(
        f".{scope} " in rule for rule in rules if rule.strip() not in ("}", "", "@media (prefers-color-scheme: dark) {")
    )


# --- glyphs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["a b c", "word " * 50, "x" * 500, "漢字" * 90, "W" * 99, "a " + "b" * 90 + " c", ""])
@pytest.mark.parametrize("bold", [True, False])
def test_a_text_breaks_into_lines_that_fit_and_loses_nothing(text: str, bold: bool) -> None:
    lines = wrapped([Span(text, bold)], 13, TEXT_ROOM, 99)
    assert all(line_width(line, 13) <= TEXT_ROOM + 1 for line in lines)
    assert "".join(span.text for line in lines for span in line).replace(" ", "") == text.replace(" ", "")


def test_a_text_of_more_lines_than_there_may_be_ends_in_an_ellipsis() -> None:
    lines = wrapped([Span("word " * 100, bold=False)], 13, 200, 3)
    assert len(lines) == 3
    assert lines[-1][-1].text.endswith(" …")


def test_words_that_are_bold_stay_apart_from_those_that_are_not() -> None:
    assert wrapped([Span("SAY", bold=True), Span('"a b"', bold=False)], 13, 500, 3) == [
        [Span("SAY", bold=True), Span('"a b"', bold=False)]
    ]


@pytest.mark.parametrize(("narrow", "wide"), [("i", "m"), ("a", "漢"), ("1", "🎉"), ("e\u0301", "ee"), (".", "W")])
def test_wide_letters_count_for_more(narrow: str, wide: str) -> None:
    assert width(narrow, 100) < width(wide, 100)
    assert width(narrow, 100) < width(narrow, 100, bold=True)


def test_a_label_too_long_is_shortened_to_the_room_there_is() -> None:
    assert shortened("short", 11, 100) == "short"
    cut = shortened("anything " * 30, 11, 100)
    assert cut.endswith("…")
    assert width(cut, 11) <= 100


def test_text_is_cleaned_into_one_line_that_xml_can_hold() -> None:
    assert clean(" a\n\tb\x00 \ud800 ") == "a b\ufffd \ufffd"
    assert glyphs.em("\u200d") == 0


# --- colours -------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tints", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", ["ground", "frame", "here"])
def test_words_stand_out_from_every_ground_as_the_wcag_asks(tints: dict[str, str], ground: str) -> None:
    assert contrast(tints["text"], tints[ground]) >= 4.5
    assert contrast(tints["quiet"], tints[ground]) >= 4.5


@pytest.mark.parametrize("tints", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("line", ["edge", "line", "mark", "say", "ask", "wait", "exit", "jump", "callout"])
def test_lines_stand_out_from_every_ground_as_the_wcag_asks(tints: dict[str, str], line: str) -> None:
    assert contrast(tints[line], tints["ground"]) >= 3
    assert contrast(tints[line], tints["frame"]) >= 3


def test_night_has_every_colour_that_day_has_and_uses_them_alike() -> None:
    assert LIGHT.keys() == DARK.keys()
    day, night = style(".x").split("@media (prefers-color-scheme: dark)")
    assert day.count("#") == night.count("#")
    assert all(LIGHT[tint] in day and DARK[tint] in night for tint in LIGHT)
