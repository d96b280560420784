"""From verbs to states: numbering, transitions, hang-ups, labels, gotos."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from tests.twiml.documents import said
from tests.twiml.strategies import flows
from twiml import (
    Client,
    DefaultExt,
    Dial,
    Echo,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    InvalidFlow,
    LabelExt,
    Number,
    Pause,
    Play,
    Program,
    Queue,
    Record,
    Redirect,
    Reject,
    RepeatExt,
    ResponseExt,
    Say,
    Sms,
    State,
    TwimlError,
    compile,
    ranks,
)

CALLOUT = FunctionExt("look", module="m", fn="f")


def states(*verbs: Any) -> list[tuple[str, Any, str]]:
    return [tuple(state) for state in compile(verbs)]


def picture(*verbs: Any) -> list[str]:
    """Each state as its rank and payload, extensions by the names of their classes."""
    return [
        f"{rank} {payload if isinstance(payload, str) else type(payload).__name__}"
        for rank, payload, _ in compile(verbs)
    ]


def test_an_empty_flow_hangs_up() -> None:
    assert states() == [("1", "<Hangup/>", "exit")]


@pytest.mark.parametrize(
    ("verb", "payload", "transition"),
    [
        (Say("a"), "<Say>a</Say>", "next"),
        (Play("https://a.b/c"), "<Play>https://a.b/c</Play>", "next"),
        (Pause(length=10), '<Pause length="10"/>', "next"),
        (
            Sms("a", to="+441314960123", from_="+441314960124"),
            '<Sms to="+441314960123" from="+441314960124">a</Sms>',
            "next",
        ),
        (Record(play_beep=True), '<Record playBeep="true"/>', "wait"),
        (CALLOUT, CALLOUT, "next"),
    ],
)
def test_a_verb_that_goes_on_is_one_state_and_a_hangup_ends_the_flow(verb: Any, payload: Any, transition: str) -> None:
    assert states(verb) == [("1", payload, transition), ("2", "<Hangup/>", "exit")]


@pytest.mark.parametrize(
    ("verb", "payload"),
    [
        (Hangup(), "<Hangup/>"),
        (Reject(reason="busy"), '<Reject reason="busy"/>'),
        (Redirect("https://a.b/c"), "<Redirect>https://a.b/c</Redirect>"),
    ],
)
def test_a_verb_that_ends_the_call_exits_and_needs_no_hangup(verb: Any, payload: str) -> None:
    assert states(verb) == [("1", payload, "exit")]


def test_a_dial_numbers_its_nouns_and_waits_at_its_end() -> None:
    assert states(Dial([Number("+441314960123"), Client("tommy"), Queue("bingo"), CALLOUT], timeout=5)) == [
        ("1", '<Dial timeout="5">', "into"),
        ("1.1", "<Number>+441314960123</Number>", "next"),
        ("1.2", "<Client>tommy</Client>", "next"),
        ("1.3", "<Queue>bingo</Queue>", "next"),
        ("1.4", CALLOUT, "next"),
        ("1.5", "</Dial>", "wait"),
        ("2", "<Hangup/>", "exit"),
    ]


def test_a_number_given_as_text_dials_as_a_noun() -> None:
    assert compile([Dial("+441314960123")]) == compile([Dial([Number("+441314960123")])])


def test_a_gather_numbers_its_body_its_menu_its_end_then_its_branches() -> None:
    gather = Gather([Say("a"), Pause()], auto_menu_ext=True, after_ext=[ResponseExt("1", "t", said("b"))])
    assert picture(gather) == [
        "1 <Gather>",
        "1.1 <Say>a</Say>",
        "1.2 <Pause/>",
        "1.3 <Say>Press 1 for T. Do nothing to hear this again</Say>",
        "1.4 </Gather>",
        "1.5 ResponseExt",
        "1.5.1 <Say>b</Say>",
        "1.5.2 <Hangup/>",
        "1.6 GotoExt",
    ]


def test_asking_again_is_a_goto_to_the_gather() -> None:
    gather = Gather(after_ext=[ResponseExt("1"), RepeatExt()])
    assert states(Say("a"), gather)[-1] == ("2.3", GotoExt("2"), "2")


def test_an_answers_own_address_makes_no_branches() -> None:
    assert picture(Gather([Say("a")], action="https://a.b/c")) == [
        '1 <Gather action="https://a.b/c">',
        "1.1 <Say>a</Say>",
        "1.2 </Gather>",
        "2 <Hangup/>",
    ]


def test_every_branch_that_can_end_hangs_up_when_nothing_follows() -> None:
    after = [ResponseExt("1", body=[]), ResponseExt("2", body=[Echo()]), DefaultExt(body=said("b"))]
    assert picture(Gather(after_ext=after))[1:] == [
        "1.1 </Gather>",
        "1.2 ResponseExt",
        "1.2.1 <Hangup/>",
        "1.3 ResponseExt",
        "1.3.1 <Echo/>",
        "1.4 DefaultExt",
        "1.4.1 <Say>b</Say>",
        "1.4.2 <Hangup/>",
    ]


def test_branches_run_on_to_what_follows_their_gather() -> None:
    after = [ResponseExt("1", body=said("one")), DefaultExt(body=[])]
    assert picture(Gather(after_ext=after), Say("b")) == [
        "1 <Gather>",
        "1.1 </Gather>",
        "1.2 ResponseExt",
        "1.2.1 <Say>one</Say>",
        "1.3 DefaultExt",
        "2 <Say>b</Say>",
        "3 <Hangup/>",
    ]


def test_branches_run_on_also_when_what_follows_is_further_up() -> None:
    inner = Gather(after_ext=[ResponseExt("1", body=said("deep")), DefaultExt(body=[Hangup()])])
    outer = Gather(after_ext=[ResponseExt("1", body=[inner]), DefaultExt(body=[inner, Say("own")])])
    program = compile([outer, Say("last")])
    assert "<Hangup/>" not in {state.payload for state in program if state.rank.endswith("1.2.2")}
    deep, own = program.find("1.2.1.2.1"), program.find("1.3.1.2.1")
    assert deep is not None
    assert own is not None
    following = program.shape.follows
    assert [program[following[at] or 0].rank for at in (deep, own)] == ["2", "1.3.2"]


def test_a_label_takes_no_rank_and_names_what_follows() -> None:
    program = compile([Say("a"), LabelExt("x"), LabelExt("y"), Say("b"), LabelExt("end")])
    assert [state.rank for state in program] == ["1", "2", "3"]
    assert dict(program.labels) == {"x": "2", "y": "2", "end": "3"}


def test_gotos_lead_to_ranks_and_labels_forwards_and_backwards() -> None:
    program = compile([GotoExt("there"), LabelExt("here"), Say("a"), LabelExt("there"), GotoExt("here"), GotoExt("1")])
    assert list(program) == [
        State("1", GotoExt("3"), "3"),
        State("2", "<Say>a</Say>", "next"),
        State("3", GotoExt("2"), "2"),
        State("4", GotoExt("1"), "1"),
    ]


def test_labels_within_branches_are_seen_from_everywhere() -> None:
    gather = Gather(after_ext=[ResponseExt("1", body=[LabelExt("in"), Say("a")]), DefaultExt(body=[GotoExt("in")])])
    assert compile([gather, GotoExt("in")]).labels == {"in": "1.2.1"}


def test_an_invalid_flow_does_not_compile_and_all_errors_are_told() -> None:
    with pytest.raises(InvalidFlow) as caught:
        compile([Say("a", language="klingon"), Pause(length=0)])
    assert caught.value.errors == [
        '1 Say: language "klingon" is not one Twilio speaks',
        '2 Pause: length "0" must be a whole number of at least 1',
    ]
    assert str(caught.value) == "\n".join(caught.value.errors)


def test_a_target_that_is_none_is_refused() -> None:
    with pytest.raises(TwimlError, match='there is no target "png"; there are fsm, ascii'):
        compile([Say("a")], "png")


def test_a_program_is_a_sequence_a_value_and_looked_up_by_rank() -> None:
    program, twin = compile([Say("a")]), compile([Say("a")])
    assert program == twin != compile([Say("b")])
    assert hash(program) == hash(twin)
    assert program != list(program)
    assert len(program) == 2
    assert program[-1] == ("2", "<Hangup/>", "exit")
    assert program[:1] == (program[0],)
    assert (program.find("2"), program.find("3")) == (1, None)
    assert repr(program) == "Program([State('1', '<Say>a</Say>', 'next'), State('2', '<Hangup/>', 'exit')])"
    assert Program(program.states, {"x": "1"}) != program


@given(flows())
@settings(max_examples=100, deadline=None)
def test_ranks_of_any_flow_are_unique_in_order_and_without_gaps(flow: list[Any]) -> None:
    found = [state.rank for state in compile(flow)]
    assert found == sorted(set(found), key=ranks.key)
    for rank in found:
        parent, _, number = rank.rpartition(".")
        assert number == "1" or f"{parent}.{int(number) - 1}".lstrip(".") in found
        assert not parent or parent in found


@given(flows())
@settings(max_examples=100, deadline=None)
def test_every_way_through_any_flow_leads_somewhere(flow: list[Any]) -> None:
    """Each state goes on, asks, waits, exits or jumps to a state there is; only what exits or jumps may be last."""
    program = compile(flow)
    for state, following in zip(program, program.shape.follows, strict=True):
        assert (
            state.transition in ("next", "into", "gather", "wait", "exit") or program.find(state.transition) is not None
        )
        if state.transition == "next" and not isinstance(state.payload, DefaultExt):
            assert following is not None
