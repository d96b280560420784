"""What a callout returns takes its place: what follows moves along, and every goto still means the same state."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.twiml.documents import said
from tests.twiml.strategies import flows, returned
from twiml import (
    Client,
    Conference,
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    InvalidFlow,
    LabelExt,
    Number,
    Program,
    RepeatExt,
    ResponseExt,
    Say,
    compile,
    ranks,
)
from twiml.element import spec
from twiml.splice import splice

CALLOUT = FunctionExt("look", module="m", fn="f")


def drawn(program: Program) -> list[str]:
    """Each state by its rank, and by its text or where it goes."""
    return [
        f"{state.rank} {state.payload if isinstance(state.payload, str) else state.transition}" for state in program
    ]


def test_verbs_take_the_callouts_place_and_no_hangup_comes_between() -> None:
    program = compile([Say("a"), CALLOUT, Say("z")])
    found = splice(program, "2", said("b", "c"))
    assert drawn(found.program) == [
        "1 <Say>a</Say>",
        "2 <Say>b</Say>",
        "3 <Say>c</Say>",
        "4 <Say>z</Say>",
        "5 <Hangup/>",
    ]
    assert found.start == 1


def test_the_shared_program_does_not_change() -> None:
    program, twin = compile([CALLOUT, Say("z")]), compile([CALLOUT, Say("z")])
    splice(program, "1", said("b", "c"))
    assert program == twin


def test_ranks_move_as_numbers_past_ten() -> None:
    program = compile([*said(*"abcdefgh"), CALLOUT, Say("ten"), Say("eleven")])
    found = splice(program, "9", said("x", "y"))
    assert drawn(found.program)[8:] == [
        "9 <Say>x</Say>",
        "10 <Say>y</Say>",
        "11 <Say>ten</Say>",
        "12 <Say>eleven</Say>",
        "13 <Hangup/>",
    ]


def test_later_siblings_move_with_all_they_hold_and_nothing_else_does() -> None:
    menu = Gather(
        after_ext=[
            ResponseExt("1", body=[Say("a"), CALLOUT, Gather(after_ext=[ResponseExt("1", body=said("deep"))])]),
            ResponseExt("2", body=said("b")),
        ]
    )
    found = splice(compile([menu, Say("z")]), "1.2.2", said("x", "y", "z"))
    assert [state.rank for state in found.program] == [
        "1", "1.1", "1.2", "1.2.1", "1.2.2", "1.2.3", "1.2.4", "1.2.5", "1.2.5.1", "1.2.5.2", "1.2.5.2.1", "1.2.5.3",
        "1.3", "1.3.1", "1.4", "2", "3",
    ]  # fmt: skip


def test_gotos_and_labels_before_and_after_still_mean_the_same_states() -> None:
    program = compile([GotoExt("4"), GotoExt("end"), CALLOUT, Say("z"), LabelExt("end"), GotoExt("3"), GotoExt("1")])
    found = splice(program, "3", said("x", "y"))
    assert drawn(found.program) == [
        "1 5",
        "2 6",
        "3 <Say>x</Say>",
        "4 <Say>y</Say>",
        "5 <Say>z</Say>",
        "6 3",
        "7 1",
    ]
    assert found.program.labels == {"end": "6"}


@pytest.mark.parametrize("texts", ["x", "xy", "xyz"])
def test_who_went_to_the_callout_goes_to_the_first_verb_in_its_place(texts: str) -> None:
    program = compile([GotoExt("2"), CALLOUT, GotoExt("2")])
    found = splice(program, "2", said(*texts)).program
    assert [state.transition for state in found if isinstance(state.payload, GotoExt)] == ["2", "2"]


def test_a_repeat_below_still_means_its_own_gather() -> None:
    program = compile([CALLOUT, Gather(after_ext=[ResponseExt("1"), RepeatExt()])])
    assert drawn(splice(program, "1", said("x", "y")).program)[-1] == "3.3 3"


def test_a_returned_goto_names_ranks_of_the_picture_as_it_was() -> None:
    program = compile([Say("a"), CALLOUT, Say("z")])
    verbs = [Say("x"), GotoExt("3"), GotoExt("1"), GotoExt("2")]
    assert drawn(splice(program, "2", verbs).program)[2:5] == ["3 6", "4 1", "5 2"]


def test_a_returned_goto_to_a_rank_that_only_the_returned_verbs_have_is_refused() -> None:
    program = compile([CALLOUT, Say("z")])
    with pytest.raises(InvalidFlow, match='3 GotoExt: target "4" is neither a rank nor a label of this flow'):
        splice(program, "1", [*said("x", "y"), GotoExt("4"), Say("w")])


def test_returned_labels_are_seen_by_returned_gotos_and_added_to_the_programs() -> None:
    program = compile([LabelExt("top"), Say("a"), CALLOUT, Say("z")])
    found = splice(program, "2", [GotoExt("new"), GotoExt("top"), LabelExt("new"), Say("x")])
    assert drawn(found.program)[1:4] == ["2 4", "3 1", "4 <Say>x</Say>"]
    assert found.program.labels == {"top": "1", "new": "4"}


def test_of_two_labels_of_one_name_the_returned_one_counts() -> None:
    before = compile([CALLOUT, LabelExt("x"), Say("a")])
    after = splice(before, "1", [LabelExt("x"), Say("b"), GotoExt("x")]).program
    assert (after.labels["x"], after[1].transition) == ("1", "1")


def test_what_a_lone_callout_returns_is_the_flow_with_ranks_of_its_own() -> None:
    flow = [Say("one"), Say("two"), GotoExt("2")]
    assert splice(compile([CALLOUT]), "1", flow).program == compile(flow)


def test_a_label_at_the_end_of_what_is_returned_names_what_follows() -> None:
    program = compile([CALLOUT, Say("z")])
    found = splice(program, "1", [Say("x"), LabelExt("after")])
    assert found.program.labels == {"after": "2"}
    assert splice(program, "1", [LabelExt("after")]).program.labels == {"after": "1"}


def test_nothing_returned_closes_the_gap() -> None:
    program = compile([Say("a"), CALLOUT, LabelExt("z"), Say("z"), GotoExt("2"), GotoExt("z")])
    found = splice(program, "2", [])
    assert drawn(found.program) == ["1 <Say>a</Say>", "2 <Say>z</Say>", "3 2", "4 2"]
    assert found.start == 1
    assert found.program.labels == {"z": "2"}


def test_nothing_returned_at_the_end_of_a_branch_goes_on_after_the_gather() -> None:
    menu = Gather(after_ext=[ResponseExt("1", body=[CALLOUT]), DefaultExt(body=[GotoExt("1.2.1")])])
    found = splice(compile([menu, Say("z")]), "1.2.1", [])
    assert drawn(found.program) == ["1 <Gather>", "1.1 </Gather>", "1.2 into", "1.3 next", "1.3.1 2", *END]
    assert found.start == 5


END = ["2 <Say>z</Say>", "3 <Hangup/>"]


def test_returned_menus_run_on_and_may_hold_callouts_of_their_own() -> None:
    verbs = [Gather(after_ext=[ResponseExt("1", body=[CALLOUT]), DefaultExt(body=said("d"))])]
    found = splice(compile([CALLOUT, Say("z")]), "1", verbs)
    again = splice(found.program, "1.2.1", said("x"))
    assert drawn(again.program) == [
        "1 <Gather>", "1.1 </Gather>", "1.2 into", "1.2.1 <Say>x</Say>", "1.3 next", "1.3.1 <Say>d</Say>", *END,
    ]  # fmt: skip


def test_inside_dial_a_callout_returns_nouns() -> None:
    program = compile([Dial([Client("tommy"), CALLOUT]), Say("z")])
    found = splice(program, "1.2", [Number("+441314960123"), Number("+441314960124")])
    assert drawn(found.program) == [
        "1 <Dial>",
        "1.1 <Client>tommy</Client>",
        "1.2 <Number>+441314960123</Number>",
        "1.3 <Number>+441314960124</Number>",
        "1.4 </Dial>",
        *END,
    ]
    assert found.start == 2
    assert drawn(splice(program, "1.2", []).program)[2] == "1.2 </Dial>"


@pytest.mark.parametrize(
    ("flow", "rank", "verbs", "error"),
    [
        ([CALLOUT], "1", [Say("a", language="klingon")], '1 Say: language "klingon" is not one Twilio speaks'),
        ([CALLOUT], "1", [Say("a"), "b"], "2 str: is not a verb"),
        ([CALLOUT], "1", [Number("+441314960123")], "1 Number: is a noun: it stands inside Dial"),
        ([CALLOUT], "1", [RepeatExt()], "1 RepeatExt: can only stand in the after_ext of a Gather"),
        ([CALLOUT], "1", [GotoExt("x")], '1 GotoExt: target "x" is neither a rank nor a label of this flow'),
        (
            [CALLOUT, Dial([Client("a")])],
            "1",
            [GotoExt("2.1")],
            '1 GotoExt: target "2.1" is neither a rank nor a label of this flow',
        ),
        ([Dial([CALLOUT])], "1.1", [], "1 Dial: body is empty; the callout named nobody to dial"),
        ([CALLOUT], "1", None, "a callout returns a list of verbs, not NoneType"),
        ([CALLOUT], "1", Say("a"), "a callout returns a list of verbs, not Say"),
        ([CALLOUT], "1", "abc", "a callout returns a list of verbs, not str"),
        (
            [Dial([CALLOUT])],
            "1.1",
            [Say("a")],
            f"1.1 Say: can't stand in a Dial, which holds {', '.join(spec(Dial).content.holds)}",
        ),
    ],
)  # fmt: skip
def test_what_cannot_stand_there_is_refused_by_the_name_of_who_returned_it(
    flow: list[Any], rank: str, verbs: Any, error: str
) -> None:
    program = compile(flow)
    with pytest.raises(InvalidFlow) as caught:
        splice(program, rank, verbs)
    assert caught.value.errors == [f"m:f returned what can't take its place: {error}"]


@pytest.mark.parametrize(("flow", "rank"), [([CALLOUT], "7"), ([CALLOUT, Say("a")], "2")])
def test_nothing_takes_the_place_of_what_is_no_callout(flow: list[Any], rank: str) -> None:
    with pytest.raises(InvalidFlow) as caught:
        splice(compile(flow), rank, said("b"))
    assert caught.value.errors == [f"{rank}: there is no callout there"]


def test_all_that_is_wrong_with_what_is_returned_is_told_at_once() -> None:
    with pytest.raises(InvalidFlow) as caught:
        splice(compile([CALLOUT]), "1", [Say(None), Hangup(), 5, GotoExt("9")])
    assert len(caught.value.errors) == 3


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_splice_keeps_every_other_state_its_order_and_its_way(data: st.DataObject) -> None:
    program = compile(data.draw(flows()))
    callouts = [state.rank for state in program if isinstance(state.payload, FunctionExt)]
    if not callouts:
        return
    rank = data.draw(st.sampled_from(callouts))
    after, move, start = splice(program, rank, data.draw(returned(program, rank)))
    found = [state.rank for state in after]
    assert found == sorted(set(found), key=ranks.key)
    assert start is not None
    for state in program:
        if state.rank == rank:
            continue
        same = after[after.find(move(state.rank)) or 0]
        if isinstance(state.payload, GotoExt):
            assert same.transition == move(state.transition)
            assert after.find(same.transition) is not None
        else:
            assert (same.payload, same.transition) == (state.payload, state.transition)


@pytest.mark.parametrize(
    ("nouns", "error"),
    [
        ([Conference("a"), Number("+441314960123")], "1 Dial: a Conference stands alone in its Dial"),
        ([Client("tommy")] * 11, "1 Dial: rings 11; Twilio rings 10 at most"),
        ([], "1 Dial: body is empty; the callout named nobody to dial"),
    ],
)
def test_whom_a_callout_names_together_is_held_to_the_rules_of_dial(nouns: list[Any], error: str) -> None:
    with pytest.raises(InvalidFlow) as caught:
        splice(compile([Dial([CALLOUT])]), "1.1", nouns)
    assert caught.value.errors == [f"m:f returned what can't take its place: {error}"]
