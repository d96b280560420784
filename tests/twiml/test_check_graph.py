"""Walks through graphs, against slow and plain ways of doing the same; and what a flow's graph is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiml import (
    DefaultExt,
    Dial,
    Echo,
    Enqueue,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Record,
    Redirect,
    RepeatExt,
    ResponseExt,
    Say,
    compile,
)
from twiml.checks import Flow
from twiml.checks.graph import loops, reach

ELSEWHERE = "https://example.com/elsewhere"


@st.composite
def graphs(draw: st.DrawFn) -> list[list[int]]:
    size = draw(st.integers(1, 8))
    return draw(
        st.lists(st.lists(st.integers(0, size - 1), max_size=3, unique=True).map(sorted), min_size=size, max_size=size)
    )


def ahead(node: int, edges: list[list[int]]) -> set[int]:
    """What can be got to from a node by one step at least, found by trying."""
    found: set[int] = set()
    for _ in edges:
        found |= {on for at in found | {node} for on in edges[at]}
    return found


@given(graphs())
def test_reach_finds_what_a_plain_search_finds(edges):
    for node in range(len(edges)):
        assert reach([node], edges) == ahead(node, edges) | {node}


@given(graphs())
def test_loops_are_the_sets_of_nodes_that_lead_to_each_other(edges):
    on = [ahead(node, edges) for node in range(len(edges))]
    expected = {frozenset(b for b in on[a] if a in on[b]) for a in range(len(edges)) if a in on[a]}

    found = list(loops(range(len(edges)), edges))

    assert {frozenset(each) for each in found} == expected
    assert len(found) == len(expected)


def test_reach_stops_where_it_may_not_pass():
    assert reach([0], [[1], [2], [3], []], lambda node: node != 2) == {0, 1, 2}


@pytest.mark.parametrize("size", [100_000])
def test_a_long_chain_and_a_large_ring_are_walked_without_recursion_and_fast(size):
    began = time.process_time()
    chain = [[at + 1] for at in range(size - 1)] + [[]]
    ring = [[(at + 1) % size] for at in range(size)]

    assert len(reach([0], chain)) == size
    assert list(loops(range(size), chain)) == []
    assert [len(each) for each in loops(range(size), ring)] == [size]
    assert time.process_time() - began < 20


# --- a flow's graph ------------------------------------------------------------------------------


def leads(flow: list, rank: str) -> tuple[list[str], list[str]]:
    """Where a call goes from a state without a key, and with one; `out` where it may leave."""
    graph = Flow(flow, compile(flow))
    at = graph.program.find(rank)
    quiet = [graph.program[on].rank for on in graph.quiet[at]] + ["out"] * (at in graph.quits)
    keyed = [graph.program[on].rank for on in graph.keyed[at]] + ["out"] * (at in graph.quits_keyed)
    return quiet, keyed


@pytest.mark.parametrize(
    ("flow", "rank", "quiet", "keyed"),
    [
        ([Say("a"), Say("b")], "1", ["2"], []),
        ([Say("a")], "2", ["out"], []),
        ([Say("a"), Hangup()], "2", ["out"], []),
        ([Redirect(ELSEWHERE)], "1", ["out"], []),
        ([Say("a"), LabelExt("b"), Say("b"), GotoExt("b")], "3", ["2"], []),
        ([FunctionExt("f", "m", "f"), Say("a")], "1", ["2"], []),
        ([Record()], "1", ["2"], []),
        ([Record(action=ELSEWHERE)], "1", ["2", "out"], []),
        ([Dial("+441314960123")], "1", ["1.1"], []),
        ([Dial("+441314960123")], "1.2", ["2"], []),
        ([Dial("+441314960123", action=ELSEWHERE)], "1.2", ["out"], []),
        ([Enqueue("tickets")], "1", ["2"], []),
        ([Enqueue("tickets", action=ELSEWHERE)], "1", ["out"], []),
        ([Echo()], "1", ["out"], []),
        ([Gather([Say("a")], action=ELSEWHERE)], "1", ["1.1"], []),
        ([Gather([Say("a")], action=ELSEWHERE)], "1.2", ["2"], ["out"]),
        ([Gather(after_ext=[ResponseExt("1"), ResponseExt("2")])], "1.1", ["1.4"], ["1.2", "1.3", "1.4"]),
        ([Gather(after_ext=[ResponseExt("1"), RepeatExt()])], "1.3", ["1"], []),
        ([Gather(after_ext=[ResponseExt("1"), DefaultExt()]), Say("a")], "1.2", ["2"], []),
        ([Gather(after_ext=[ResponseExt("1", body=[Say("b")]), DefaultExt()]), Say("a")], "1.2.1", ["2"], []),
    ],
)
def test_where_a_call_goes(flow, rank, quiet, keyed):
    assert leads(flow, rank) == (quiet, keyed)
