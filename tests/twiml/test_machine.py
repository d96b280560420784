"""The rules by which a machine steps a call, one test or more for each; callouts and limits have files of their own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.twiml.documents import ask, callout, document, give, inside, links, said
from twiml import (
    Application,
    Client,
    Conference,
    DefaultExt,
    Dial,
    Document,
    Echo,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Machine,
    Number,
    Pause,
    Record,
    Redirect,
    RepeatExt,
    Request,
    ResponseExt,
    Say,
    Sip,
    WhatsApp,
    compile,
)

PHONE = "+441314960123"
ELSEWHERE = "https://example.com/a?b=c&d=e"
CALLOUT = FunctionExt("look", module="m", fn="f")
ONE = ResponseExt("1", "one", said("one"))


def machine(*verbs: Any, base: str = "", max_visits: int = 50) -> Machine:
    return Machine(compile(verbs), base, max_visits=max_visits)


def first(*verbs: Any) -> Document:
    """The first document of a flow."""
    return document(machine(*verbs).step(Request()))


# 1. A document runs from the cursor to a state that must wait for the caller or ends the call.


@pytest.mark.parametrize(
    ("last", "written", "state", "ends"),
    [
        (Hangup(), "<Hangup/>", "3", True),
        (Echo(), "<Echo/>", "3", True),
        (Redirect(ELSEWHERE), "<Redirect>https://example.com/a?b=c&amp;d=e</Redirect>", "3", True),
        (Dial(PHONE), f'<Dial action="/4?step=1"><Number>{PHONE}</Number></Dial>', "3.2", False),
        (GotoExt("1"), "<Redirect>/1?step=1</Redirect>", "3", False),
        (
            Record(),
            '<Record action="/4?step=1" recordingStatusCallback="/recording?step=1"/><Redirect>/4?step=1</Redirect>',
            "3",
            False,
        ),
    ],
)
def test_1_a_document_runs_to_the_next_state_that_ends_it(last: Any, written: str, state: str, ends: bool) -> None:
    found = first(Say("a"), Pause(), last, Say("z"))
    assert inside(found.xml) == f"<Say>a</Say><Pause/>{written}"
    assert (found.state, found.ends, found.moved) == (state, ends, True)


def test_1_a_gather_rests_at_its_end_though_the_document_goes_on() -> None:
    found = first(Gather([Say("a")], after_ext=[ONE, DefaultExt("d", [Say("b"), Hangup()])]))
    assert (found.state, found.ends) == ("1.2", False)


# 2. A Gather's action is its rank; what silence means follows in the same document.


def test_2_silence_costs_no_request() -> None:
    call = machine(Gather([Say("a")], after_ext=[ONE, DefaultExt("d", said("quiet"))]), base="/menu")
    assert ask(call) == ('<Gather action="/menu/1?step=1"><Say>a</Say></Gather><Say>quiet</Say><Hangup/>')


def test_2_a_default_runs_on_to_what_follows_the_gather() -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", said("quiet"))]), Say("z"))
    assert ask(call) == '<Gather action="/1?step=1"></Gather><Say>quiet</Say><Say>z</Say><Hangup/>'
    assert ask(call, "1", 1, "1") == "<Say>one</Say><Say>z</Say><Hangup/>"


@pytest.mark.parametrize(
    ("away", "redirect"),
    [
        (DefaultExt("d", [CALLOUT]), "/1.3"),
        (DefaultExt("d", [Say("b"), GotoExt("1")]), "/1.3"),
        (DefaultExt("d", [Dial([Client("tommy"), CALLOUT])]), "/1.3"),
        (RepeatExt(), "/1"),
    ],
)
def test_2_what_leads_away_in_silence_is_reached_by_a_redirect(away: Any, redirect: str) -> None:
    call = machine(Gather(after_ext=[ONE, away]), Say("z"))
    assert ask(call) == f'<Gather action="/1?step=1"></Gather><Redirect>{redirect}?step=1</Redirect>'


def test_2_a_callout_further_down_leads_away_too() -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", said("b"))]), Say("z"), CALLOUT)
    assert ask(call) == '<Gather action="/1?step=1"></Gather><Redirect>/1.3?step=1</Redirect>'


def test_2_a_callout_behind_another_gather_does_not() -> None:
    call = machine(Gather(after_ext=[DefaultExt("d")]), Gather(after_ext=[DefaultExt("e", [CALLOUT])]))
    assert ask(call) == (
        '<Gather action="/1?step=1"></Gather><Gather action="/2?step=1"></Gather><Redirect>/2.2?step=1</Redirect>'
    )


def test_2_a_gather_with_an_action_of_its_own_keeps_it_and_silence_goes_on() -> None:
    found = first(Gather(action="/own"), Say("z"))
    assert inside(found.xml) == '<Gather action="/own"></Gather><Say>z</Say><Hangup/>'
    assert inside(first(Gather(action="/own"), Say("z"), CALLOUT).xml).endswith(
        "<Say>z</Say><Redirect>/3?step=1</Redirect>"
    )


# 3. An input answers the Gather whose rank is in its URL; what fired is decided by URL and state.


TWO_MENUS = [
    Gather(after_ext=[ResponseExt("1", "a", said("first")), DefaultExt("d")]),
    Gather(after_ext=[ResponseExt("1", "b", said("second")), DefaultExt("d", said("quiet"))]),
]


@pytest.mark.parametrize(("rank", "heard"), [("1", "first"), ("2", "second")])
def test_3_two_gathers_in_one_document_each_get_their_answer(rank: str, heard: str) -> None:
    call = machine(*TWO_MENUS)
    assert [link.tag for link in links(document(call.step(Request())).xml)] == ["Gather", "Gather"]
    assert ask(call, rank, 1, "1").startswith(f"<Say>{heard}</Say>")


def test_3_an_input_without_a_rank_answers_the_first() -> None:
    call = machine(*TWO_MENUS)
    ask(call)
    assert ask(call, digits="1").startswith("<Say>first</Say>")


def test_3_a_menu_two_deep_with_a_goto_back_and_a_repeat_within() -> None:
    deep = Gather(
        [Say("deep")], after_ext=[ResponseExt("1", "up", [GotoExt("1")]), ResponseExt("2", "done"), RepeatExt()]
    )
    call = machine(Gather([Say("top")], after_ext=[ResponseExt("1", "down", [deep]), DefaultExt("d", [Hangup()])]))
    top = '<Gather action="/1?step={}"><Say>top</Say></Gather><Hangup/>'
    below = '<Gather action="/1.3.1?step={0}"><Say>deep</Say></Gather><Redirect>/1.3.1?step={0}</Redirect>'
    assert ask(call) == top.format(1)
    assert ask(call, "1", 1, "1") == below.format(2)
    assert ask(call, "1.3.1", 2) == below.format(3)
    assert ask(call, "1.3.1", 3, "9") == below.format(4)
    assert ask(call, "1.3.1", 4, "1") == "<Redirect>/1?step=5</Redirect>"
    assert ask(call, "1", 5) == top.format(6)
    assert ask(call, "1", 6, "1") == below.format(7)
    assert ask(call, "1.3.1", 7, "2") == "<Hangup/>"


def test_3_no_match_is_the_default_else_the_menu_again_at_once() -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", said("other"))]))
    ask(call)
    assert ask(call, "1", 1, "7") == "<Say>other</Say><Hangup/>"
    call = machine(Gather(after_ext=[ONE]))
    ask(call)
    assert ask(call, "1", 1, "7") == '<Gather action="/1?step=2"></Gather><Redirect>/1?step=2</Redirect>'


def test_3_what_was_said_is_an_answer_too() -> None:
    help_me = ResponseExt("2", "help", said("helping"), speech=["help me"])
    call = machine(Gather(input="dtmf speech", after_ext=[ONE, help_me, DefaultExt("d", said("other"))]))
    ask(call)
    assert ask(call, "1", 1, speech="Oh, help me!") == "<Say>helping</Say><Hangup/>"
    call = machine(Gather(input="dtmf speech", after_ext=[ONE, help_me, DefaultExt("d", said("other"))]))
    ask(call)
    assert ask(call, "1", 1, speech="Mary had a little lamb") == "<Say>other</Say><Hangup/>"


@pytest.mark.parametrize("digits", ["", "1"])
def test_3_a_request_for_an_older_step_gets_the_present_document_and_moves_nothing(digits: str) -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", [GotoExt("1")])]))
    ask(call)
    present = document(call.step(Request("1.3", 1)))
    before = call.snapshot()
    again = document(call.step(Request("1", 1, digits)))
    assert (again.xml, again.state, again.ends, again.moved) == (present.xml, present.state, present.ends, False)
    assert call.snapshot() == before


def test_3_the_same_request_twice_gets_the_same_answer_and_runs_nothing_twice() -> None:
    call = machine(Gather(after_ext=[ResponseExt("1", "a", [CALLOUT])]))
    ask(call)
    callout(call.step(Request("1", 1, "1")))
    answer = give(call, Say("found"))
    assert ask(call, "1", 1, "1") == answer


def test_3_every_url_says_which_document_wrote_it() -> None:
    call = machine(Gather(after_ext=[ONE, RepeatExt()]))
    for step in range(1, 4):
        found = document(call.step(Request("1", step - 1 or None)))
        assert {link.step for link in links(found.xml)} == {step}


def test_3_the_seeds_plain_urls_work_too() -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d")]), Say("z"))
    ask(call)
    assert ask(call, "1", digits="1") == "<Say>one</Say><Say>z</Say><Hangup/>"
    assert ask(call, "2") == "<Say>z</Say><Hangup/>"
    assert ask(call, "1", digits="1") == "<Say>one</Say><Say>z</Say><Hangup/>"


def test_3_a_rank_the_call_does_not_have_leaves_it_where_it_is() -> None:
    call = machine(Gather(after_ext=[ONE]))
    present = ask(call)
    assert ask(call, "7.7") == present
    assert not document(call.step(Request("7.7", 1))).moved
    assert ask(call, "7.7", 1, "1") == "<Say>one</Say><Hangup/>"


def test_3_a_rank_between_tags_means_the_gather_or_dial_around_it() -> None:
    call = machine(Gather([Say("a")], after_ext=[ONE]), Dial([Client("tommy")]))
    gather = ask(call)
    assert ask(call, "1.1") == gather.replace("step=1", "step=2")
    assert ask(call, "1.2") == gather.replace("step=1", "step=3")
    assert ask(call, "2.1") == '<Dial action="/3?step=4"><Client>tommy</Client></Dial>'


def test_3_the_very_first_request_begins_at_the_top_whatever_else_it_says() -> None:
    assert ask(machine(Say("a"), Gather(after_ext=[ONE])), digits="1").startswith("<Say>a</Say>")
    assert ask(machine(Say("a"), Say("b")), "2") == "<Say>b</Say><Hangup/>"


def test_3_the_key_that_ended_a_record_does_not_answer_the_gather_it_goes_on_at() -> None:
    """Also where another Gather stands in the Record's document."""
    call = machine(
        Gather(after_ext=[ResponseExt("1", "a", said("first")), DefaultExt("d", [Record()])]),
        Gather([Say("b")], after_ext=[ResponseExt("1", "b", said("second"))]),
    )
    ask(call)
    assert ask(call, "2", 1, "1") == '<Gather action="/2?step=2"><Say>b</Say></Gather><Redirect>/2?step=2</Redirect>'
    assert ask(call, "2", 2, "1") == "<Say>second</Say><Hangup/>"


# 4. Record and Dial go on at the next state and call back, unless the flow names URLs of its own.


def test_4_record_goes_on_with_what_follows_also_for_a_caller_who_says_nothing() -> None:
    call = machine(Record(transcribe=True), Say("z"), base="/r")
    assert ask(call) == (
        '<Record action="/r/2?step=1" recordingStatusCallback="/r/recording?step=1"'
        ' transcribeCallback="/r/transcription?step=1" transcribe="true"/><Redirect>/r/2?step=1</Redirect>'
    )
    assert ask(call, "2", 1) == "<Say>z</Say><Hangup/>"


def test_4_urls_of_the_flows_own_stay() -> None:
    own = Record(action=ELSEWHERE, recording_status_callback="/mine", transcribe_callback="/too", transcribe=True)
    assert "step=1" not in inside(first(own).xml).partition("<Redirect>")[0]
    assert inside(first(Dial(PHONE, action="/mine")).xml) == f'<Dial action="/mine"><Number>{PHONE}</Number></Dial>'


@pytest.mark.parametrize(
    ("record", "called_back"),
    [
        (None, False),
        ("do-not-record", False),
        (False, False),
        ("false", False),
        ("record-from-answer", True),
        (True, True),
    ],
)
def test_4_a_recorded_dial_calls_back(record: Any, called_back: bool) -> None:
    xml = inside(first(Dial(PHONE, record=record)).xml)
    assert ('recordingStatusCallback="/recording?step=1"' in xml) == called_back


def test_4_a_recorded_conference_calls_back_itself() -> None:
    xml = inside(first(Dial([Conference("a", record="record-from-start")])).xml)
    assert xml == (
        '<Dial action="/2?step=1"><Conference recordingStatusCallback="/recording?step=1" record="record-from-start">'
        "a</Conference></Dial>"
    )


LEGS = [
    Number("+441314960123", status_callback_event="ringing answered"),
    Client("tommy", status_callback_event="answered"),
    Sip("sip:tommy@example.com", status_callback_event="completed"),
    Application("AP1", status_callback_event="completed"),
    WhatsApp("+441314960123", status_callback_event="completed"),
    Conference("bingo", status_callback_event="join leave"),
]


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: type(leg).__name__)
def test_4_who_asks_for_the_events_of_a_leg_is_told_of_them(leg: Any) -> None:
    assert inside(first(Dial([leg])).xml).count(' statusCallback="/status?step=1"') == 1


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: type(leg).__name__)
def test_4_unless_the_flow_names_a_url_of_its_own_or_asks_for_none(leg: Any) -> None:
    assert "/status" not in first(Dial([replace(leg, status_callback="https://example.com/told")])).xml
    assert "/status" not in first(Dial([replace(leg, status_callback_event=None)])).xml


def test_4_a_record_at_the_end_of_a_branch_goes_on_after_the_gather() -> None:
    call = machine(Gather(after_ext=[ResponseExt("1", "a", [Record()]), DefaultExt("d", [Hangup()])]), Say("z"))
    ask(call)
    assert {link.rank for link in links(document(call.step(Request("1", 1, "1"))).xml)} == {"2"}


# 5. A goto is a Redirect; a POST to a rank without input starts there.


def test_5_a_goto_is_a_redirect_to_its_rank_and_a_request_starts_there() -> None:
    call = machine(Say("a"), GotoExt("there"), Say("b"), LabelExt("there"), Say("c"), base="/r")
    assert ask(call) == "<Say>a</Say><Redirect>/r/4?step=1</Redirect>"
    assert ask(call, "4", 1) == "<Say>c</Say><Hangup/>"


def test_5_a_request_may_start_in_a_branch() -> None:
    call = machine(Gather(after_ext=[ResponseExt("1", "a", said("x", "y"))]))
    assert ask(call, "1.2") == "<Say>x</Say><Say>y</Say><Hangup/>"
    assert ask(call, "1.2.2") == "<Say>y</Say><Hangup/>"


def test_5_no_digits_at_a_gather_is_no_answer() -> None:
    call = machine(Gather(after_ext=[ONE, DefaultExt("d", said("other"))]))
    asked = ask(call)
    assert ask(call, "1", 1, digits="") == asked.replace("step=1", "step=2")


# 7. A Redirect of the flow's own leaves it.


def test_7_an_absolute_redirect_ends_the_flow_here() -> None:
    found = first(Redirect(ELSEWHERE, method="GET"), Say("never"))
    assert inside(found.xml) == '<Redirect method="GET">https://example.com/a?b=c&amp;d=e</Redirect>'
    assert found.ends
