"""What the origin got wrong, seen by running it on its own recipes. One test for each: ours does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twiml.documents import ask, callout, check, document, give, inside, said
from twiml import (
    Callout,
    Client,
    Conference,
    DefaultExt,
    Dial,
    Echo,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    InvalidFlow,
    Machine,
    Number,
    Play,
    Record,
    Reject,
    RepeatExt,
    Request,
    ResponseExt,
    Returned,
    Say,
    compile,
    encode,
    is_valid,
    validate,
)

PHONE = "+441314960123"
CALLOUT = FunctionExt("look", module="m", fn="f")
ONE = ResponseExt("1", "one", said("one"))


def machine(*verbs: Any, base: str = "") -> Machine:
    return Machine(compile(verbs), base)


# Calls


def test_01_a_key_that_no_response_has_is_the_default() -> None:
    """A key that no response has crashed the call."""
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", said("other"))]))
    ask(call)
    assert ask(call, "1", 1, "7") == "<Say>other</Say><Hangup/>"


def test_01_input_without_digits_starts_the_gather_again() -> None:
    """So did input without Digits,"""
    call = machine(Gather(after_ext=[ONE]))
    first = ask(call)
    assert ask(call, "1", 1) == first.replace("step=1", "step=2")


def test_01_any_key_on_a_menu_that_has_only_a_default_is_the_default() -> None:
    """any key on a menu with only a default,"""
    call = machine(Gather(after_ext=[DefaultExt("d", said("other"))]))
    ask(call)
    assert ask(call, "1", 1, "1") == "<Say>other</Say><Hangup/>"


def test_01_a_state_that_is_not_there_says_nothing() -> None:
    """and a state that isn't there, which anyone can ask for by URL."""
    call = machine(Say("a"), Gather(after_ext=[ONE]))
    first = ask(call)
    assert ask(call, "9.9.9") == first
    assert ask(call, "9.9.9", digits="1") == "<Say>one</Say><Hangup/>"


def test_02_a_gather_reached_by_goto_or_repeat_gets_its_answer() -> None:
    """A Gather reached by goto or repeat never got its answer: it was read as the same goto again."""
    call = machine(GotoExt("3"), Hangup(), Gather(after_ext=[ONE, RepeatExt()]))
    assert ask(call) == "<Redirect>/3?step=1</Redirect>"
    assert ask(call, "3", 1) == '<Gather action="/3?step=2"></Gather><Redirect>/3?step=2</Redirect>'
    assert ask(call, "3", 2) == '<Gather action="/3?step=3"></Gather><Redirect>/3?step=3</Redirect>'
    assert ask(call, "3", 3, "1") == "<Say>one</Say><Hangup/>"


def test_03_what_comes_back_from_record_and_dial_is_no_gathers_answer() -> None:
    """Answers to Record and Dial came back as `in-progress` and were taken for a Gather's answer: crash."""
    call = machine(Record(), Dial(PHONE), Gather(after_ext=[ONE]))
    ask(call)
    assert ask(call, "2", 1).startswith('<Dial action="/3?step=2">')
    asked = ask(call, "3", 2)
    assert asked.startswith('<Gather action="/3?step=3">')


def test_03_the_key_that_ended_a_record_is_no_answer_to_the_gather_after_it() -> None:
    """Record's action carries that key as Digits."""
    call = machine(Record(), Gather(after_ext=[ONE]))
    ask(call)
    assert ask(call, "2", 1, digits="1") == '<Gather action="/2?step=2"></Gather><Redirect>/2?step=2</Redirect>'


def test_04_the_flow_goes_on_after_a_dial() -> None:
    """Everything after </Dial> was lost unless another request happened to come."""
    call = machine(Dial(PHONE), Say("bye"))
    assert ask(call) == f'<Dial action="/2?step=1"><Number>{PHONE}</Number></Dial>'
    assert ask(call, "2", 1) == "<Say>bye</Say><Hangup/>"


def test_05_a_callout_in_a_default_runs_only_when_a_caller_gets_there() -> None:
    """A callout in a default branch ran each time the menu was read out, and what it returned was thrown away."""
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", [CALLOUT])]))
    assert ask(call) == '<Gather action="/1?step=1"></Gather><Redirect>/1.3?step=1</Redirect>'
    assert callout(call.step(Request("1.3", 1))).rank == "1.3.1"
    assert give(call, Say("found")) == "<Say>found</Say><Hangup/>"


def test_06_a_callout_keeps_what_was_written_before_it_and_what_comes_after() -> None:
    """A callout dropped the XML before it, and its verbs always ended in a Hangup."""
    call = machine(Say("before"), CALLOUT, Say("after"))
    assert isinstance(call.step(Request()), Callout)
    assert give(call, Say("between")) == "<Say>before</Say><Say>between</Say><Say>after</Say><Hangup/>"


def test_06_what_a_callout_returns_is_validated() -> None:
    """What it returned was not validated."""
    call = machine(CALLOUT)
    call.step(Request())
    with pytest.raises(InvalidFlow, match='1 Say: language "klingon" is not one Twilio speaks'):
        call.step(Returned([Say("a", language="klingon")]))


def test_07_ranks_after_a_callout_are_numbers_and_gotos_still_lead_home() -> None:
    """Renumbering moved siblings, not children; "10" came before "9"; gotos pointed elsewhere afterwards."""
    gather = Gather(after_ext=[ResponseExt("1", "one", [GotoExt("11")]), DefaultExt("d", [GotoExt("1")])])
    call = machine(*said(*"abcdefgh"), CALLOUT, gather, Say("eleven"))
    call.step(Request())
    give(call, *said("x", "y", "z"))
    assert [state.rank for state in call.program][8:] == [
        "9", "10", "11", "12", "12.1", "12.2", "12.2.1", "12.3", "12.3.1", "13", "14",
    ]  # fmt: skip
    assert ask(call, "12", 1, "1") == "<Redirect>/13?step=2</Redirect>"
    assert ask(call, "13", 2) == "<Say>eleven</Say><Hangup/>"


def test_08_a_goto_keeps_the_verbs_before_it() -> None:
    """A goto dropped the verbs before it in the same document: an endless redirect."""
    call = machine(Say("a"), GotoExt("3"), Say("b"))
    assert ask(call) == "<Say>a</Say><Redirect>/3?step=1</Redirect>"


@pytest.mark.parametrize("base", ["", "/recipe", "/some/page", "https://example.com/a"])
def test_09_every_url_stands_below_the_recipes_own(base: str) -> None:
    """A goto was written `./4` in one place and `/4` in another; only a root mount worked."""
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", [GotoExt("1")])]), base=base)
    assert ask(call) == f'<Gather action="{base}/1?step=1"></Gather><Redirect>{base}/1.3?step=1</Redirect>'
    assert ask(call, "1.3", 1) == f"<Redirect>{base}/1?step=2</Redirect>"


def test_11_the_first_webhook_twice_gets_the_same_document() -> None:
    """The same first webhook twice got no answer, or a document with a stray </Gather>."""
    call = machine(Gather([Say("a")], after_ext=[ONE]))
    first, again = document(call.step(Request())), document(call.step(Request()))
    assert (again.xml, again.state, again.moved) == (first.xml, first.state, False)


def test_13_what_a_call_remembers_does_not_grow_with_its_length() -> None:
    """A call's history grew without end."""
    call = machine(Gather(after_ext=[ONE, RepeatExt()]))
    ask(call)
    sizes = set()
    for step in range(1, 100):
        ask(call, "1", step, "7")
        sizes.add(len(str({**call.snapshot(), "steps": 0, "document": ""})))
    assert len(sizes) == 1


def test_14_reject_ends_the_call() -> None:
    """Reject was followed as if the flow went on."""
    call = machine(Reject(), Say("never"))
    assert inside(document(call.step(Request())).xml) == "<Reject/>"
    assert call.ended


# Language


def test_19_a_body_before_the_menu_has_ranks_of_its_own() -> None:
    """A Gather with a body before its auto-menu gave two states one rank; body or menu vanished."""
    program = compile([Gather([Say("hello")], auto_menu_ext=True, after_ext=[ONE])])
    assert [state.rank for state in program][:4] == ["1", "1.1", "1.2", "1.3"]
    assert [state.payload for state in program][1:3] == [
        "<Say>hello</Say>",
        "<Say>Press 1 for ONE. Do nothing to hear this again</Say>",
    ]


def test_20_two_responses_on_one_key_are_an_error_keys_sort_as_numbers_star_and_hash_are_keys() -> None:
    """Two responses on one key crashed the compiler; keys sorted as text; * and # were refused."""
    assert validate([Gather(after_ext=[ONE, ONE])]) == ['1 Gather: 2 responses answer to "1"']
    keys = ["10", "9", "#", "*"]
    program = compile([Gather(after_ext=[ResponseExt(key) for key in keys])])
    found = [state.payload.response for state in program if isinstance(state.payload, ResponseExt)]
    assert found == ["9", "10", "#", "*"]


def test_21_pictures_have_their_spaces_and_can_draw_anything() -> None:
    """Pictures: no space after the verb, trailing blanks, crashes on callouts, `~`, anything outside Latin-1, and on
    booleans given as text; html was not escaped."""
    flow = [
        Say("~ 漢字 🎉 <b>"),
        CALLOUT,
        Record(play_beep="true"),
        Dial([Conference("c", muted="TRUE")]),
    ]
    assert compile(flow, "ascii").splitlines() == [
        '1 - SAY "~ 漢字 🎉 <b>"',
        "2 - Call out to LOOK (m:f)",
        "3 - RECORD (beep)",
        "4 - DIAL",
        "    4.1 - CONFERENCE c (caller can't speak)",
        "    4.2 - end of Dial (wait for response)",
        "5 - HANGUP",
    ]
    assert "&lt;b&gt;" in compile(flow, "html")
    assert "<b>" not in compile(flow, "html")


def test_22_a_missing_title_is_an_error_and_no_error_gets_lost() -> None:
    """A missing title crashed the menu. An empty Dial lost all earlier errors. Conference errors were dropped;
    3.5 participants crashed."""
    assert validate(
        [
            Say("a", loop=-1),
            Gather(auto_menu_ext=True, after_ext=[ResponseExt("1"), DefaultExt()]),
            Dial([]),
            Dial([Conference("c", max_participants=3.5)]),
        ]
    ) == [
        '1 Say: loop "-1" must be a whole number of at least 0',
        '2 Gather: auto_menu_ext needs a title for response "1"',
        "2 Gather: auto_menu_ext needs a title for the default",
        "3 Dial: body is empty",
        '4.1 Conference: max_participants "3.5" must be a whole number from 2 to 250',
    ]


def test_23_encode_drops_extensions_and_a_number_given_as_text_compiles() -> None:
    """`encode` crashed on extensions. A Dial of a number given as text encoded, but neither validated nor compiled."""
    assert inside(encode([Say("a"), CALLOUT, GotoExt("1"), Gather(after_ext=[ONE])])) == "<Say>a</Say><Gather/>"
    assert is_valid([Dial(PHONE)])
    assert compile([Dial(PHONE)]) == compile([Dial([Number(PHONE)])])


@pytest.mark.parametrize(
    "wrong",
    [
        GotoExt("nowhere"),
        Dial([Client("x" * 257)]),
        ResponseExt("1", "x" * 201),
        FunctionExt("t", module="not a module", fn="f"),
        Dial("+-5"),
        Play("gopher://a"),
    ],
    ids=lambda wrong: type(wrong).__name__,
)
def test_24_errors_are_a_list_and_nothing_goes_unlooked_at(wrong: Any) -> None:
    """`validate` returned one long string; goto targets, lengths of texts, the callout's module were not looked at,
    and "+-5" was a phone number to it."""
    flow = [Gather(after_ext=[wrong])] if isinstance(wrong, ResponseExt) else [wrong]
    assert len(validate(flow)) == 1


def test_25_the_menu_speaks_of_repeats_and_verbs_after_a_gather_are_kept() -> None:
    """The auto-menu said nothing about a repeat; verbs after a Gather, Hangup or Echo were silently dropped."""
    flow = [Gather(auto_menu_ext=True, after_ext=[ONE, RepeatExt()]), Hangup(), Say("b"), Echo(), Say("c")]
    program = compile(flow)
    assert "Do nothing to hear this again" in str(program[1].payload)
    assert [state.payload for state in program][-5:] == [
        "<Hangup/>", "<Say>b</Say>", "<Echo/>", "<Say>c</Say>", "<Hangup/>",
    ]  # fmt: skip
    check(encode(flow))
