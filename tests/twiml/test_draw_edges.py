"""The edges of a picture are what the machine does: no more, no less."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twiml.strategies import ELSEWHERE, flows, requests
from twiml import (
    Callout,
    DefaultExt,
    Dial,
    Document,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Machine,
    Program,
    Record,
    Redirect,
    Reject,
    RepeatExt,
    Request,
    ResponseExt,
    Say,
    compile,
)
from twiml.draw import Edge, Node, Picture, picture
from twiml.draw.chart import chart

PHONE = "+441314960123"
EMPTY = Program([])


def edges(flow: list[Any]) -> list[str]:
    return [f"{source} {target} {kind} {label}".strip() for source, target, label, kind in picture(compile(flow)).edges]


def test_a_flow_runs_on_from_state_to_state() -> None:
    assert edges([Say("a"), Say("b")]) == ["1 2 next", "2 3 next"]


def test_a_gather_goes_inside_and_then_by_what_is_keyed_or_said_or_by_silence() -> None:
    flow = [
        Gather(
            [Say("a")],
            input="dtmf speech",
            after_ext=[ResponseExt("1", body=[Hangup()], speech=["yes"]), DefaultExt("else", [Hangup()])],
        )
    ]
    assert edges(flow) == [
        "1 1.1 into",
        "1.1 1.2 next",
        '1.2 1.3 answer 1 or "yes"',
        "1.2 1.4 silence anything else",
        "1.3 1.3.1 into",
        "1.4 1.4.1 into",
    ]


def test_branches_run_on_to_what_follows_their_gather_even_empty_ones() -> None:
    flow = [Gather(after_ext=[ResponseExt("1", body=[Say("a")]), DefaultExt("else")]), Say("b")]
    assert edges(flow) == [
        "1 1.1 into",
        "1.1 1.2 answer 1",
        "1.1 1.3 silence anything else",
        "1.2 1.2.1 into",
        "1.2.1 2 next",
        "1.3 2 next",
        "2 3 next",
    ]


def test_a_repeat_goes_back_to_its_gather() -> None:
    flow = [Gather(after_ext=[ResponseExt("1", body=[Hangup()]), RepeatExt()])]
    assert edges(flow)[-2:] == ["1.2 1.2.1 into", "1.3 1 goto goto"]


def test_gotos_go_to_earlier_and_later_states_and_to_themselves() -> None:
    flow = [LabelExt("a"), GotoExt("b"), GotoExt("a"), LabelExt("b"), GotoExt("3")]
    assert edges(flow) == ["1 3 goto goto", "2 1 goto goto", "3 3 goto goto"]


def test_a_dial_goes_on_after_the_call_and_a_record_when_it_is_done() -> None:
    assert edges([Dial(PHONE)])[-1] == "1.2 2 wait after the call"
    assert edges([Record()]) == ["1 2 wait done"]


def test_what_comes_back_to_a_url_of_the_flows_own_leaves_the_picture() -> None:
    assert edges([Dial(PHONE, action=ELSEWHERE)]) == ["1 1.1 into", "1.1 1.2 next"]
    assert edges([Record(action=ELSEWHERE)]) == ["1 2 silence nothing"]
    assert edges([Gather(action=ELSEWHERE)]) == ["1 1.1 into", "1.1 2 silence nothing"]


@pytest.mark.parametrize("end", [Hangup(), Reject(), Redirect(ELSEWHERE)])
def test_nothing_comes_after_an_exit(end: Any) -> None:
    assert edges([end]) == []
    assert edges([end, Say("nobody hears this")]) == ["2 3 next"]


def test_a_callout_goes_on_to_what_follows_it() -> None:
    assert edges([FunctionExt("look up", "m", "f"), Say("a")]) == ["1 2 next", "2 3 next"]
    assert edges([Dial([FunctionExt("look up", "m", "f")])])[:2] == ["1 1.1 into", "1.1 1.2 next"]


def test_a_program_without_states_is_a_picture_without_any() -> None:
    found = picture(EMPTY)
    assert (found.top, found.edges, found.current) == ([], [], None)


def beyond(program: Program) -> dict[str, set[str]]:
    """For each state all that an edge leads to."""
    found: dict[str, set[str]] = defaultdict(set)
    for edge in picture(program).edges:
        found[edge.source].add(edge.target)
    return found


def reachable(after: dict[str, set[str]], start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        fresh = after[todo.pop()] - seen
        seen |= fresh
        todo += fresh
    return seen


@given(flows(), st.data())
@settings(max_examples=80, deadline=None)
def test_a_machine_never_comes_where_no_edge_leads(flow: list[Any], data: st.DataObject) -> None:
    program = compile(flow)
    after = beyond(program)
    machine = Machine(program)
    begun = {program[0].rank}
    for _ in range(6):
        request = data.draw(requests(machine))
        result = machine.step(request)
        at = program.find(request.rank) if request.rank is not None else None
        if at is not None:
            home = program.shape.homes[at]  # what stands inside a Dial begins with all of it
            begun |= {program[at].rank, program[at if home is None else home].rank}
        allowed = set().union(*(reachable(after, rank) for rank in begun))
        assert (result.rank if isinstance(result, Callout) else result.state) in allowed | begun
        if isinstance(result, Callout):
            return


@given(flows())
@settings(max_examples=80, deadline=None)
def test_each_answer_leads_where_its_edge_does(flow: list[Any]) -> None:
    program = compile(flow)
    after = beyond(program)
    for edge in picture(program).edges:
        branch = program[program.find(edge.target) or 0].payload
        if edge.kind != "answer" or not isinstance(branch, ResponseExt) or not branch.response:
            continue
        gather = edge.source.rpartition(".")[0]
        result = Machine(program).step(Request(rank=gather, digits=branch.response))
        where = result.state if isinstance(result, Document) else result.rank
        assert where in reachable(after, edge.target)


@given(flows())
@settings(max_examples=80, deadline=None)
def test_every_edge_joins_two_states_once(flow: list[Any]) -> None:
    program = compile(flow)
    found = picture(program).edges
    assert len(found) == len(set(found))
    assert all(program.find(edge.source) is not None and program.find(edge.target) is not None for edge in found)


@given(flows())
@settings(max_examples=80, deadline=None)
def test_every_state_stands_in_one_box_of_the_chart(flow: list[Any]) -> None:
    program = compile(flow)
    found = chart(picture(program))
    ranks = [row.rank for box in found.boxes for row in box.rows]
    assert sorted(ranks) == sorted(state.rank for state in program)
    ends = [(arrow.source, arrow.target) for arrow in found.arrows]
    assert len(ends) == len(set(ends))


def test_in_the_chart_a_repeat_is_an_arrow_from_a_gather_to_itself() -> None:
    found = chart(picture(compile([Gather([Say("a")], after_ext=[ResponseExt("1", body=[Hangup()]), RepeatExt()])])))
    assert [row.rank for row in found.boxes[0].rows] == ["1", "1.1", "1.2", "1.4"]
    assert [(each.source, each.target, each.label) for each in found.arrows] == [
        (0, 1, "1"),
        (1, 2, ""),
        (0, 0, "anything else"),
    ]


def test_in_the_chart_two_ways_between_the_same_boxes_are_one_arrow_with_both_labels() -> None:
    top = [Node("1", "A", ""), Node("2", "B", "")]
    ways = [Edge("1", "2", "done", "wait"), Edge("1", "2", "nothing", "silence"), Edge("1", "2", "", "next")]
    assert [each.label for each in chart(Picture(top, ways)).arrows] == ["done, nothing"]
