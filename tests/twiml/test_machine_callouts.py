"""Rule 6: a callout's verbs replace it in this call's own program, now, or after the caller was put on hold."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twiml.documents import ask, callout, give, inside, said
from twiml import (
    Client,
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    InvalidFlow,
    Machine,
    Number,
    Pause,
    RepeatExt,
    Request,
    ResponseExt,
    Returned,
    Say,
    compile,
)

PHONE = "+441314960123"
CALLOUT = FunctionExt("look", module="m", fn="f")
ONE = ResponseExt("1", "one", said("one"))
HOLD = '<Say>One moment, please.</Say><Pause length="2"/>'


def machine(*verbs: Any, base: str = "", max_visits: int = 50) -> Machine:
    return Machine(compile(verbs), base, max_visits=max_visits)


def test_6_a_callouts_verbs_take_its_place_for_good() -> None:
    program = compile([Say("a"), CALLOUT, GotoExt("1")])
    call = Machine(program)
    assert callout(call.step(Request())) == callout(Machine(program).step(Request()))
    assert give(call, Say("b")) == "<Say>a</Say><Say>b</Say><Redirect>/1?step=1</Redirect>"
    assert ask(call, "1", 1) == "<Say>a</Say><Say>b</Say><Redirect>/1?step=2</Redirect>"
    assert call.program is not program
    assert program == compile([Say("a"), CALLOUT, GotoExt("1")])


def test_6_callouts_in_a_row_make_one_document() -> None:
    call = machine(CALLOUT, Say("b"), CALLOUT)
    assert callout(call.step(Request())).rank == "1"
    assert callout(call.step(Returned([Say("a"), CALLOUT]))).rank == "2"
    assert callout(call.step(Returned([]))).rank == "3"
    assert give(call, Say("c")) == "<Say>a</Say><Say>b</Say><Say>c</Say><Hangup/>"


def test_6_a_callout_may_return_a_menu_that_answers_to_it() -> None:
    call = machine(Say("a"), CALLOUT, Say("z"))
    call.step(Request())
    menu = Gather(after_ext=[ONE, RepeatExt()])
    assert give(call, menu) == '<Say>a</Say><Gather action="/2?step=1"></Gather><Redirect>/2?step=1</Redirect>'
    assert ask(call, "2", 1, "1") == "<Say>one</Say><Say>z</Say><Hangup/>"


def test_6_eleven_states_around_a_callout_stay_in_order() -> None:
    call = machine(*said(*"abcdefgh"), CALLOUT, Say("ten"), GotoExt("10"))
    call.step(Request())
    heard = "".join(f"<Say>{each}</Say>" for each in [*"abcdefgh", "x", "y", "ten"])
    assert give(call, *said("x", "y")) == f"{heard}<Redirect>/11?step=1</Redirect>"
    assert ask(call, "11", 1) == "<Say>ten</Say><Redirect>/11?step=2</Redirect>"


def test_6_inside_dial_a_callout_returns_nouns() -> None:
    call = machine(Say("a"), Dial([Client("tommy"), CALLOUT, Client("jane")]))
    assert callout(call.step(Request())).rank == "2.2"
    assert give(call, Number(PHONE)) == (
        '<Say>a</Say><Dial action="/3?step=1"><Client>tommy</Client>'
        f"<Number>{PHONE}</Number><Client>jane</Client></Dial>"
    )


def test_6_a_default_with_a_callout_is_gone_to_and_the_call_goes_on() -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", [Say("b"), CALLOUT])]), Say("z"))
    ask(call)
    callout(call.step(Request("1.3", 1)))
    assert give(call, Say("c")) == "<Say>b</Say><Say>c</Say><Say>z</Say><Hangup/>"


def test_6_a_callout_inside_dial_that_silence_meets_is_gone_to_and_leaves_no_tag_open() -> None:
    call = machine(Gather(action="/own"), Dial([Client("tommy"), CALLOUT]))
    assert ask(call) == '<Gather action="/own"></Gather><Redirect>/2?step=1</Redirect>'
    assert callout(call.step(Request("2", 1))).rank == "2.2"


def test_6_a_callout_that_takes_long_is_held_and_asked_for_again() -> None:
    call = machine(Say("a"), CALLOUT, Say("z"), base="/r")
    callout(call.step(Request()))
    held = call.hold()
    assert inside(held.xml) == f"<Say>a</Say>{HOLD}<Redirect>/r/2?step=1</Redirect>"
    assert (held.state, held.ends, held.moved) == ("2", False, True)
    assert callout(call.step(Request("2", 1))).rank == "2"
    assert inside(call.hold().xml) == f"{HOLD}<Redirect>/r/2?step=2</Redirect>"
    call.splice([Say("b")])
    assert ask(call, "2", 2) == "<Say>b</Say><Say>z</Say><Hangup/>"


def test_6_on_hold_inside_dial_the_whole_dial_waits() -> None:
    call = machine(Say("a"), Dial([Client("tommy"), CALLOUT]))
    callout(call.step(Request()))
    assert inside(call.hold().xml) == f"<Say>a</Say>{HOLD}<Redirect>/2?step=1</Redirect>"
    call.splice([Client("jane")])
    dialled = '<Dial action="/3?step=2"><Client>tommy</Client><Client>jane</Client></Dial>'
    assert ask(call, "2", 1) == dialled


def test_6_after_hold_inside_dial_a_request_without_a_rank_dials_too() -> None:
    call = machine(Dial([Client("tommy"), CALLOUT]))
    callout(call.step(Request()))
    call.hold()
    call.splice([])
    assert ask(call) == '<Dial action="/2?step=2"><Client>tommy</Client></Dial>'


@pytest.mark.parametrize("rank", ["1.2.1", "1.2.2"])
def test_6_a_callout_on_hold_that_returns_nothing_goes_on_after_its_branch(rank: str) -> None:
    """Its state is gone, the Redirect to it still comes."""
    body = [*([Pause()] if rank == "1.2.2" else []), CALLOUT]
    call = machine(Gather(after_ext=[ResponseExt("1", "a", body), DefaultExt("d", [Hangup()])]), Say("z"))
    ask(call)
    callout(call.step(Request("1", 1, "1")))
    call.hold()
    call.splice([])
    assert call.state == "2"
    assert ask(call, rank, 2) == "<Say>z</Say><Hangup/>"


def test_6_what_returns_after_the_call_has_moved_on_replaces_nothing_else() -> None:
    call = machine(CALLOUT, Say("z"))
    callout(call.step(Request()))
    call.hold()
    ask(call, "2")
    with pytest.raises(InvalidFlow, match="3: there is no callout there"):
        call.splice([Say("late")])


def test_6_a_late_repeat_while_on_hold_gets_the_hold_again() -> None:
    call = machine(Gather(after_ext=[ResponseExt("1", "a", [CALLOUT])]))
    ask(call)
    callout(call.step(Request("1", 1, "1")))
    held = call.hold()
    assert ask(call, "1", 1, "1") == inside(held.xml)
    call.splice([Say("b")])
    assert ask(call, "1", 1, "1") == inside(held.xml)
    assert ask(call, "1.2.1", 2) == "<Say>b</Say><Hangup/>"
