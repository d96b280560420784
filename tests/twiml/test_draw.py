"""The pictures: the seed's words for every verb, nested and escaped, the current state marked."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from lxml import etree, html

from tests.twiml.strategies import flows
from twiml import (
    Client,
    Conference,
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Number,
    Pause,
    Play,
    Record,
    Redirect,
    Reject,
    RepeatExt,
    ResponseExt,
    Say,
    Sms,
    compile,
    draw,
)

PHONE = "+441314960123"


@pytest.mark.parametrize(
    ("verb", "line"),
    [
        (Say("yowza"), '1 - SAY "yowza"'),
        (Say("a", voice="alice", language="en-gb"), '1 - SAY "a" alice en-gb'),
        (Say("a", language="de", loop=3), '1 - SAY "a" de'),
        (Say("two\n  lines "), '1 - SAY "two lines "'),
        (Say('~ 漢 🎉 <b> & "q"'), '1 - SAY "~ 漢 🎉 <b> & "q""'),
        (Play("https://a.b/c?d=e&f"), "1 - PLAY https://a.b/c?d=e&f"),
        (Play("", digits="ww1"), "1 - PLAY (keys ww1)"),
        (Pause(), "1 - PAUSE for 1 seconds"),
        (Pause(length=10), "1 - PAUSE for 10 seconds"),
        (Record(), "1 - RECORD"),
        (Record(play_beep=True, transcribe=True), "1 - RECORD (beep) (transcribe)"),
        (Record(play_beep="TRUE", transcribe=False), "1 - RECORD (beep)"),
        (Sms("howdy", to=PHONE, from_=PHONE), f'1 - SMS "howdy" - to {PHONE}'),
        (Hangup(), "1 - HANGUP"),
        (Reject(), "1 - REJECT"),
        (Reject(reason="busy"), "1 - REJECT because busy"),
        (Redirect(" https://a.b/c "), "1 - REDIRECT to https://a.b/c"),
        (GotoExt("1"), "1 - GOTO 1"),
        (FunctionExt("look up", module="office", fn="hours"), "1 - Call out to LOOK UP (office:hours)"),
        (FunctionExt(module="office", fn="hours"), "1 - Call out to HOURS (office:hours)"),
        (Dial(PHONE), "1 - DIAL"),
        (Dial(PHONE, record="record-from-answer"), "1 - DIAL (to be recorded)"),
        (Dial(PHONE, record="do-not-record"), "1 - DIAL"),
        (Dial(PHONE, record=True), "1 - DIAL (to be recorded)"),
        (Gather(action="/a"), "1 - GATHER (request Keypad Input)"),
        (Gather(action="/a", finish_on_key="#"), "1 - GATHER (request Keypad Input) (finish with: #)"),
        (Gather(action="/a", input="speech"), "1 - GATHER (request Speech Input)"),
        (Gather(action="/a", input=["speech", "dtmf"]), "1 - GATHER (request Keypad or Speech Input)"),
    ],
)
def test_a_verb_in_the_seeds_words(verb: Any, line: str) -> None:
    assert compile([verb], "ascii").splitlines()[0] == line


@pytest.mark.parametrize(
    ("noun", "line"),
    [
        (Number(PHONE), f"NUMBER {PHONE}"),
        (Client("tommy"), "CLIENT tommy"),
        (Conference("bingo"), "CONFERENCE bingo"),
        (
            Conference("b", muted=True, beep=True, start_conference_on_enter=True, end_conference_on_exit=True),
            "CONFERENCE b (caller can't speak) (beep) (wait for conf admin) (conf dies when this person leaves)",
        ),
        (Conference("b", muted="false", beep=False, end_conference_on_exit="False"), "CONFERENCE b"),
        (Conference("b", beep="onEnter"), "CONFERENCE b (beep)"),
        (FunctionExt("who", module="m", fn="f"), "Call out to WHO (m:f)"),
    ],
)
def test_a_noun_in_the_seeds_words(noun: Any, line: str) -> None:
    assert compile([Dial([noun])], "ascii").splitlines() == [
        "1 - DIAL",
        f"    1.1 - {line}",
        "    1.2 - end of Dial (wait for response)",
        "2 - HANGUP",
    ]


def test_answers_in_the_seeds_words() -> None:
    gather = Gather(
        input="dtmf speech",
        after_ext=[
            ResponseExt("1", "Praise", [Hangup()]),
            ResponseExt("2", body=[Hangup()]),
            ResponseExt("", "Help", [Hangup()], speech=["help", "help me"]),
            DefaultExt("a slagging", [Hangup()]),
        ],
    )
    assert [
        line.strip() for line in compile([gather], "ascii").splitlines() if " : " in line or line.endswith(":")
    ] == [
        "1.2 - Response 1 : PRAISE",
        "1.3 - Response 2 :",
        '1.4 - Response "help" or "help me" : HELP',
        "1.5 - Default : A SLAGGING",
    ]


def test_a_repeat_is_the_goto_it_compiles_to() -> None:
    gather = Gather(after_ext=[ResponseExt("1"), RepeatExt()])
    assert compile([gather], "ascii").splitlines()[-1] == "    1.3 - GOTO 1"


def test_the_current_state_is_marked_in_either_picture() -> None:
    program = compile([Gather(after_ext=[ResponseExt("1", body=[Say("a")])])])
    assert [line for line in draw(program, current="1.2.1").splitlines() if line.endswith("<--")] == [
        '        1.2.1 - SAY "a" <--'
    ]
    page = html.fromstring(draw(program, "html", current="1.2.1"))
    assert [each.get("id") for each in page.xpath("//*[@aria-current='step']")] == ["state-1.2.1"]


def test_without_a_current_state_nothing_is_marked() -> None:
    program = compile([Say("a")])
    assert "<--" not in draw(program)
    assert "aria-current=" not in draw(program, "html")
    assert draw(program, current="9") == draw(program)


def test_html_escapes_everything_a_flow_says() -> None:
    evil = "<script>alert('1')</script>&\""
    flow = [
        Say(evil),
        Dial([Client(evil), FunctionExt(evil, module="m", fn="f")]),
        Dial([Conference(evil)]),
        Gather(auto_menu_ext=True, after_ext=[ResponseExt("1", evil), DefaultExt(evil)]),
    ]
    page = compile(flow, "html")
    assert "<script" not in page.lower()
    assert html.fromstring(page).xpath("//li[@id='state-1']/div/span[@class='what']/following-sibling::text()") == [
        f' "{evil}"'
    ]


def test_a_goto_is_a_link_to_its_state_in_html() -> None:
    flow = [LabelExt("start"), Say("a"), Gather(after_ext=[ResponseExt("1", body=[GotoExt("start")]), RepeatExt()])]
    page = html.fromstring(compile(flow, "html"))
    links = {each.getparent().getparent().get("id"): each.get("href") for each in page.iter("a")}
    assert links == {"state-2.2.1": "#state-1", "state-2.3": "#state-2"}
    assert all(page.xpath(f"//li[@id='{href[1:]}']") for href in links.values())


def test_the_title_is_what_html_is_called_by_and_is_escaped() -> None:
    page = draw(compile([Say("a")]), "html", title='<b>"bookshop"</b>')
    assert html.fromstring(page).get("aria-label") == '<b>"bookshop"</b>'


@given(flows())
@settings(max_examples=60, deadline=None)
def test_any_flow_is_drawn_state_by_state_in_well_formed_nested_html(flow: list[Any]) -> None:
    program = compile(flow)
    page = etree.fromstring(compile(flow, "html"))
    assert page.get("aria-label") == "Call flow"
    items = page.findall(".//li")
    assert [item.get("id") for item in items] == [f"state-{state.rank}" for state in program]
    for item in items:
        above = item.getparent().getparent()
        parent = (item.get("id") or "").rpartition(".")[0]
        assert above.get("id") == (parent or None)


@given(flows())
@settings(max_examples=60, deadline=None)
def test_any_flow_is_drawn_one_line_a_state_four_spaces_a_level(flow: list[Any]) -> None:
    lines = compile(flow, "ascii").split("\n")
    for line, state in zip(lines, compile(flow), strict=True):
        indent = " " * 4 * state.rank.count(".")
        assert line.startswith(f"{indent}{state.rank} - ")
        assert line == line.rstrip()
        assert "  " not in line.removeprefix(indent)
