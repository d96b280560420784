"""Findings of whole flows: what is found, where, and what is left in peace."""

from __future__ import annotations

import time
from dataclasses import FrozenInstanceError, replace

import pytest

from twiml import (
    Autopilot,
    Conference,
    Connect,
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    InvalidFlow,
    LabelExt,
    Pause,
    Play,
    PromptExt,
    Record,
    Redirect,
    Reject,
    RepeatExt,
    ResponseExt,
    Say,
    Sim,
    Sms,
    compile,
)
from twiml.checks import Finding, check, findings_of

ELSEWHERE = "https://example.com/elsewhere"
HELLO, BYE = Say("Hello."), Say("Goodbye.")
CALL = Dial("+441314960123")
TEXT = Sms("howdy", to="+441314960123", from_="+441314960456")
CALLOUT = FunctionExt("look it up", "office", "look_up")
END = DefaultExt("nobody there", [BYE])


def found(flow: list, *codes: str) -> list[str]:
    """The findings of a flow as `rank code`, all or those of some codes."""
    return [f"{each.rank} {each.code}" for each in check(flow) if not codes or each.code in codes]


def ask(*after: object, body: tuple = (HELLO,), num_digits: int | None = 1, **attributes: object) -> Gather:
    """A Gather that asks."""
    return Gather(body, num_digits=num_digits, after_ext=after, **attributes)


def asked_again(then: object) -> Gather:
    """A Gather that asks until it has an answer."""
    return ask(ResponseExt("1", "on", [then]), RepeatExt())


# --- what a finding is ---------------------------------------------------------------------------


def test_a_finding_reads_like_a_compiler_s_line():
    [finding] = check([HELLO, Hangup(), HELLO])

    assert str(finding) == "3 SW001 warning: nobody can get here"
    assert (finding.code, finding.severity, finding.rank) == ("SW001", "warning", "3")
    assert finding.hint == "Lead a key or a goto here, or leave it out."


def test_a_finding_can_not_be_changed_and_equals_its_twin():
    finding = Finding("SW001", "warning", "3", "nobody can get here", "Leave it out.")

    assert finding == replace(finding)
    assert not hasattr(finding, "__dict__")
    with pytest.raises(FrozenInstanceError):
        finding.code = "SW002"


def test_findings_come_in_the_order_of_ranks_then_codes():
    flow = [TEXT, *(HELLO for _ in range(8)), TEXT, Record(), Hangup(), TEXT]

    assert found(flow) == ["1 SW018", "10 SW018", "11 SW015", "13 SW001"]


def test_an_invalid_flow_is_not_checked():
    with pytest.raises(InvalidFlow) as caught:
        check([Say("", language="klingon"), GotoExt("9")])

    assert len(caught.value.errors) == 2


@pytest.mark.parametrize("flow", [7, "hello", None, HELLO])
def test_what_is_no_flow_is_invalid(flow):
    with pytest.raises(InvalidFlow):
        check(flow)


def test_a_compiled_flow_is_checked_without_compiling_again():
    flow = [HELLO, Hangup(), HELLO]

    assert findings_of(flow, compile(flow)) == check(flow)


@pytest.mark.parametrize(
    "flow",
    [
        [HELLO],
        [HELLO, CALL],
        [CALLOUT],
        [HELLO, Dial([Conference("hall")]), BYE],
        [HELLO, Dial([CALLOUT])],
        [Redirect(ELSEWHERE)],
        [HELLO, Redirect(ELSEWHERE)],
        [Reject()],
        [HELLO, Record(action=ELSEWHERE), BYE],
        [ask(ResponseExt("1", "news", [HELLO]), END)],
        [ask(ResponseExt("1", "news", [HELLO]), DefaultExt()), BYE],
        [ask(ResponseExt("1", "x", [ask(ResponseExt("2", "y", [CALL]), END)]), DefaultExt("z", [CALL]))],
        [Gather([HELLO], action=ELSEWHERE), BYE],
        [HELLO, CALLOUT, GotoExt("4"), HELLO],
    ],
)
def test_a_flow_that_is_well(flow):
    assert check(flow) == []


# --- SW001 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([HELLO, Hangup(), HELLO, HELLO], ["3"]),
        ([HELLO, Hangup(), HELLO, Hangup(), HELLO], ["3"]),
        ([HELLO, GotoExt("4"), HELLO, BYE, Redirect(ELSEWHERE), BYE], ["3", "6"]),
        ([HELLO, LabelExt("a"), Dial("+441314960123", action=ELSEWHERE), BYE], ["3"]),
        ([HELLO, Dial("+441314960123", action=ELSEWHERE)], []),
        ([HELLO, Record(action=ELSEWHERE), BYE], []),
        ([Reject(), BYE], ["2"]),
        (
            [ask(ResponseExt("1", "x", [BYE, Hangup(), BYE]), DefaultExt("y", [CALL, Hangup(), CALL]))],
            ["1.3.3", "1.4.3"],
        ),
        ([ask(ResponseExt("1", "x", [GotoExt("2")]), DefaultExt("y", [CALL, Hangup()])), BYE], []),
        ([ask(ResponseExt("1", "x", [CALL, Hangup()]), DefaultExt("y", [CALL, Hangup()])), BYE], ["2"]),
        ([ask(ResponseExt("1", "x", [BYE, Hangup()]), RepeatExt()), BYE], ["2"]),
        ([HELLO, Hangup(), ask(ResponseExt("1", "x", [BYE]), END), HELLO], ["3"]),
        ([HELLO, Hangup(), LabelExt("late"), BYE], ["3"]),
        ([CALLOUT, Hangup(), LabelExt("late"), BYE], []),
        ([CALLOUT, Hangup(), LabelExt("late"), BYE, Hangup(), BYE], ["5"]),
        ([HELLO, Dial([CALLOUT]), Hangup(), LabelExt("late"), BYE], ["4"]),
        ([HELLO, Hangup(), CALLOUT, LabelExt("late"), BYE], ["3"]),
    ],
)
def test_states_nobody_can_reach(flow, expected):
    assert found(flow, "SW001") == [f"{rank} SW001" for rank in expected]


def test_a_run_of_states_is_one_finding():
    [finding] = check([HELLO, Hangup(), HELLO, CALL, BYE])

    assert finding.sentence == "nobody can get here, nor to what follows up to 5"


# --- SW002, SW003, SW004 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([LabelExt("a"), GotoExt("a")], ["1 SW002"]),
        ([HELLO, LabelExt("a"), BYE, GotoExt("a")], ["2 SW002"]),
        ([HELLO, CALL, GotoExt("1")], ["2.2 SW003"]),
        ([HELLO, Record(), GotoExt("1")], ["2 SW003"]),
        ([HELLO, Record(action=ELSEWHERE), GotoExt("1")], []),
        ([HELLO, CALLOUT, GotoExt("1")], []),
        ([HELLO, Dial([CALLOUT]), GotoExt("1")], ["2.2 SW003"]),
        ([ask(ResponseExt("1", "x", [GotoExt("2")]), END), HELLO, GotoExt("2")], ["2 SW002"]),
        ([ask(ResponseExt("1", "x", [LabelExt("a"), HELLO, GotoExt("a")]), END)], ["1.3.1 SW002"]),
        ([ask(ResponseExt("1", "x"), RepeatExt()), GotoExt("1")], ["1 SW003"]),
        ([ask(ResponseExt("1", "x"), END), GotoExt("1")], ["1 SW003"]),
        ([ask(ResponseExt("1", "x", [BYE, Hangup()]), END), GotoExt("1")], ["1 SW004"]),
        ([ask(ResponseExt("1", "x", [BYE]))], ["1 SW004"]),
        ([ask(ResponseExt("1", "x", [BYE]), RepeatExt())], ["1 SW004"]),
        ([ask(ResponseExt("1", "x", [BYE]), DefaultExt("y", [HELLO, GotoExt("1")]))], ["1 SW004"]),
        ([ask(ResponseExt("1", "x", [BYE]), DefaultExt("y", [CALLOUT, GotoExt("1")]))], []),
        ([ask(ResponseExt("1", "x", [GotoExt("1")]), END)], []),
        ([ask(ResponseExt("1", "x", [CALLOUT]), RepeatExt())], ["1 SW004"]),
        ([Gather([HELLO], action=ELSEWHERE), GotoExt("1")], ["1 SW004"]),
        ([asked_again(asked_again(BYE))], ["1 SW004", "1.3.1 SW004"]),
        ([asked_again(asked_again(GotoExt("1")))], ["1 SW003"]),
        ([asked_again(GotoExt("2")), asked_again(GotoExt("1"))], ["1 SW003"]),
    ],
)
def test_loops(flow, expected):
    """A loop nothing ends, a menu without a way out, and silence that is asked for ever are told apart."""
    assert found(flow, "SW002", "SW003", "SW004") == expected


def test_a_loop_nobody_reaches_is_no_loop():
    assert found([BYE, Hangup(), HELLO, GotoExt("3")]) == ["3 SW001"]


def test_a_loop_that_fits_one_state_says_so():
    assert check([LabelExt("a"), GotoExt("a")])[0].sentence.startswith("goes round for ever: nothing in it ")


# --- SW005 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([HELLO, CALLOUT, GotoExt("1")], ["2"]),
        ([HELLO, Dial([CALLOUT]), GotoExt("1")], ["2.1"]),
        ([ask(ResponseExt("1", "x", [CALLOUT, GotoExt("1")]), END)], ["1.3.1"]),
        ([ask(ResponseExt("1", "x", [CALLOUT]), RepeatExt())], []),
        ([CALLOUT, ask(ResponseExt("1", "x", [BYE]), RepeatExt())], []),
        ([LabelExt("a"), CALLOUT, ask(ResponseExt("1", "x", [GotoExt("a")]), END)], ["1"]),
    ],
)
def test_callouts_in_a_loop(flow, expected):
    assert found(flow, "SW005") == [f"{rank} SW005" for rank in expected]


# --- SW006 to SW010 ------------------------------------------------------------------------------


def answers(*keys: str) -> list[ResponseExt]:
    return [ResponseExt(key, f"title {key}", [BYE]) for key in keys]


@pytest.mark.parametrize(
    ("keys", "spoken", "expected"),
    [
        ("1234567", True, []),
        ("12345678", True, ["1 SW006"]),
        ("12345678", None, ["1 SW006"]),
        ("1234567890*#", "TRUE", ["1 SW006"]),
        ([f"{number:02}" for number in range(30)], None, []),
        ([f"{number:02}" for number in range(30)], True, ["1 SW006"]),
    ],
)
def test_more_keys_than_people_remember(keys, spoken, expected):
    flow = [ask(*answers(*keys), END, num_digits=len(keys[0]), auto_menu_ext=spoken)]

    assert found(flow, "SW006") == expected


@pytest.mark.parametrize(
    ("listens", "expected"),
    [
        (None, []),
        ("dtmf", []),
        ("dtmf speech", []),
        (["speech", "dtmf"], []),
        ("SPEECH", ["1.2 SW007", "1.3 SW007"]),
        (["speech"], ["1.2 SW007", "1.3 SW007"]),
    ],
)
def test_a_key_where_only_words_are_listened_to(listens, expected):
    keyed = [ResponseExt("1", "x", [BYE]), ResponseExt("2", "y", [BYE])]

    assert found([HELLO, ask(*keyed, END, body=(), num_digits=None, input=listens)], "SW007") == [
        f"2{each[1:]}" for each in expected
    ]


def test_words_alone_need_no_key():
    flow = [ask(ResponseExt("", "x", [BYE], speech=["yes"]), END, input="speech", num_digits=None)]

    assert check(flow) == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["yes"], ["no"], []),
        (["yes"], ["yes please"], []),
        (["yes please"], ["yes"], []),
        (["yes"], ["yes."], ["1.4"]),
        (["yes"], ["YES!", "no"], ["1.4"]),
        (["yes please"], ["yes, please"], ["1.4"]),
        (["yes", "yes"], ["no"], []),
        (["yes", "yes!"], ["no"], []),
        (["icecream"], ["ice cream"], []),
        (["yes"], ["?!"], ["1.4"]),
        (["..."], ["?!"], ["1.3", "1.4"]),
        (["straße"], ["STRASSE!"], ["1.4"]),
        (["\uff59es"], ["yes"], ["1.4"]),
        (["हिन्दी"], ["हिन्दी!"], ["1.4"]),
        (["हिन्दी"], ["हन्द"], []),
        (["a_b"], ["a b"], ["1.4"]),
    ],
)
def test_words_that_another_response_always_takes(first, second, expected):
    heard = [ResponseExt("1", "x", [BYE], speech=first), ResponseExt("2", "y", [BYE], speech=second)]

    assert found([ask(*heard, END, input="dtmf speech")], "SW008") == [f"{rank} SW008" for rank in expected]


@pytest.mark.parametrize(
    ("keys", "num_digits", "expected"),
    [
        (["1", "12"], None, ["1 SW009"]),
        (["21", "12", "1"], None, ["1 SW009"]),
        (["1", "2", "20", "12"], None, ["1 SW009"]),
        (["*", "*1"], None, ["1 SW009"]),
        (["1", "22"], None, []),
        (["12", "21"], None, ["1 SW010"]),
        (["1"], None, ["1 SW010"]),
        (["12", "21"], 2, []),
        (["1", "2"], 1, []),
        ([], None, []),
    ],
)
def test_how_long_the_answers_are(keys, num_digits, expected):
    flow = [ask(*answers(*keys), END, num_digits=num_digits)]

    assert found(flow, "SW009", "SW010") == expected


def test_where_no_keys_are_listened_to_their_length_does_not_matter():
    flow = [ask(*answers("1", "12"), END, num_digits=None, input="speech")]

    assert found(flow, "SW009", "SW010") == []


def test_menus_nobody_reaches_are_left_alone():
    assert found([BYE, Hangup(), ask(*answers(*"1234567890"), END, body=(), num_digits=None)]) == ["3 SW001"]


# --- SW011 to SW018 ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("say", "long"),
    [
        (Say("a" * 900), False),
        (Say("a" * 901), True),
        (Say("a" * 450, loop=2), False),
        (Say("a" * 450, loop="3"), True),
        (Say("a" * 900, loop=0), False),
        (Say("你" * 300), False),
        (Say("你" * 301), True),
    ],
)
def test_speech_too_long_to_listen_to(say, long):
    assert found([say], "SW011") == ["1 SW011"] * long
    assert found([Gather([say], action=ELSEWHERE), BYE]) == ["1.1 SW011"] * long


def test_a_menu_too_long_to_listen_to():
    wordy = [ResponseExt(key, "a" * 190, [BYE]) for key in "12345"]

    assert found([ask(*wordy, END, body=(), auto_menu_ext=True)]) == ["1.1 SW011"]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([Play(ELSEWHERE, loop=0), BYE], ["1"]),
        ([Say("x", loop="0"), CALL], ["1"]),
        ([Play(ELSEWHERE, loop=0)], []),
        ([Play(ELSEWHERE, loop=1), BYE], []),
        ([Gather([Play(ELSEWHERE, loop=0)], action=ELSEWHERE), BYE], []),
        ([Gather([Play(ELSEWHERE, loop=0), HELLO], action=ELSEWHERE), BYE], ["1.1"]),
        ([ask(ResponseExt("1", "x", [Say("x", loop=0)]), END)], []),
        ([ask(ResponseExt("1", "x", [Say("x", loop=0)]), END), BYE], ["1.3.1"]),
    ],
)
def test_what_never_ends_though_something_follows(flow, expected):
    assert found(flow, "SW012") == [f"{rank} SW012" for rank in expected]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([ask(*answers("1"), END, body=())], ["1"]),
        ([ask(*answers("1"), END, body=(Pause(),))], ["1"]),
        ([ask(*answers("1"), END, body=(Pause(), HELLO))], []),
        ([ask(*answers("1"), END, body=(Play(ELSEWHERE),))], []),
        ([ask(*answers("1"), END, body=(), auto_menu_ext=True)], []),
        ([HELLO, ask(*answers("1"), END, body=())], []),
        ([HELLO, Pause(), ask(*answers("1"), END, body=())], []),
        ([HELLO, ask(*answers("1"), body=())], ["2"]),
        ([HELLO, ask(*answers("1"), RepeatExt(), body=())], ["2"]),
        ([HELLO, ask(*answers("1"), DefaultExt("y", [GotoExt("1")]), body=())], []),
        ([HELLO, ask(*answers("1"), DefaultExt("y", [GotoExt("2")]), body=())], ["2"]),
        ([TEXT, Pause(), ask(*answers("1"), END, body=())], ["3"]),
        ([CALLOUT, ask(*answers("1"), END, body=())], []),
        ([CALL, ask(*answers("1"), END, body=())], ["2"]),
        ([ask(ResponseExt("1", "x", [ask(*answers("2"), END, body=())]), END)], ["1.3.1"]),
        ([ask(ResponseExt("1", "x", [HELLO, ask(*answers("2"), END, body=())]), END)], []),
        ([Gather(action=ELSEWHERE), BYE], ["1"]),
    ],
)
def test_gathers_that_ask_nothing(flow, expected):
    assert found(flow, "SW013") == [f"{rank} SW013" for rank in expected]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([], ["1"]),
        ([Hangup()], ["1"]),
        ([Pause()], ["1"]),
        ([TEXT], ["1"]),
        ([Pause(), GotoExt("3"), Hangup()], ["1"]),
        ([LabelExt("a"), GotoExt("a")], []),
        ([CALLOUT], []),
        ([CALL], []),
        ([HELLO, Record(), Hangup()], []),
        ([Redirect(ELSEWHERE)], []),
        ([Gather([HELLO], action=ELSEWHERE)], ["2"]),
        ([ask(ResponseExt("1", "x", [BYE]), DefaultExt())], ["1.4"]),
        ([ask(ResponseExt("1", "x", [BYE]), DefaultExt("y", [Pause(), Hangup()]))], ["1.4"]),
        ([ask(ResponseExt("1", "x"), END)], ["1.3"]),
        ([ask(ResponseExt("1", "x", [Hangup()]), END)], []),
        ([ask(ResponseExt("1", "x", [TEXT, Hangup()]), END)], []),
        ([ask(ResponseExt("1", "x", [TEXT]), END)], ["1.3"]),
        ([ask(ResponseExt("1", "x", [GotoExt("2")]), END), Hangup()], ["1.3"]),
        ([ask(ResponseExt("1", "x"), DefaultExt()), Pause()], ["1.3", "1.4"]),
        ([ask(ResponseExt("1", "x"), DefaultExt()), BYE], []),
        ([ask(ResponseExt("1", "x"), DefaultExt()), CALLOUT], []),
        ([ask(ResponseExt("1", "x", [CALL]), DefaultExt("y", [CALL]))], []),
        ([ask(ResponseExt("1", "x", [BYE]), DefaultExt("y", [GotoExt("2")])), Redirect(ELSEWHERE)], []),
    ],
)
def test_calls_that_end_without_another_word(flow, expected):
    assert found(flow, "SW014") == [f"{rank} SW014" for rank in expected]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([HELLO, Record()], ["2"]),
        ([HELLO, Record(transcribe=True)], ["2"]),
        ([HELLO, Record(action=ELSEWHERE)], []),
        ([HELLO, Record(recording_status_callback=ELSEWHERE)], []),
        ([HELLO, Record(transcribe=True, transcribe_callback=ELSEWHERE)], []),
        ([HELLO, Record(), CALLOUT], []),
        ([CALLOUT, Record()], []),
        ([HELLO, Record(), Dial([CALLOUT])], []),
        ([ask(ResponseExt("1", "x", [Record()]), ResponseExt("2", "y", [CALLOUT]), END)], ["1.3.1"]),
        ([ask(ResponseExt("1", "x", [Record()]), DefaultExt("y", [CALL])), CALLOUT], []),
        ([ask(ResponseExt("1", "x", [Record(), GotoExt("1")]), ResponseExt("2", "y", [CALLOUT]), END)], []),
        ([BYE, Hangup(), Record()], []),
    ],
)
def test_recordings_nobody_hears_of(flow, expected):
    assert found(flow, "SW015") == [f"{rank} SW015" for rank in expected]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([Pause(), HELLO], ["1"]),
        ([LabelExt("a"), Pause(length=3), HELLO], ["1"]),
        ([HELLO, Pause()], []),
        ([ask(*answers("1"), END, body=(Pause(), HELLO))], []),
    ],
)
def test_a_pause_before_the_call_is_answered(flow, expected):
    assert found(flow, "SW016") == [f"{rank} SW016" for rank in expected]


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ([Reject()], []),
        ([CALLOUT, Reject()], []),
        ([HELLO, GotoExt("3"), Reject()], ["3"]),
        ([GotoExt("4"), HELLO, GotoExt("4"), Reject()], []),
        ([GotoExt("3"), Reject(), CALL, GotoExt("2")], ["2"]),
        ([GotoExt("3"), Reject(), HELLO, Pause(), GotoExt("2")], ["2"]),
        ([GotoExt("3"), Reject(), ask(ResponseExt("1", "x", [GotoExt("2")]), END)], ["2"]),
        ([GotoExt("3"), Reject(), ask(ResponseExt("1", "x", [BYE]), DefaultExt("y", [GotoExt("2")]))], ["2"]),
    ],
)
def test_calls_refused_too_late(flow, expected):
    assert found(flow, "SW017") == [f"{rank} SW017" for rank in expected]


def test_what_twilio_has_moved_on_from():
    assert found([HELLO, TEXT, Hangup(), TEXT]) == ["2 SW018", "4 SW001"]


def test_nouns_and_attributes_that_twilio_has_moved_on_from():
    flow = [HELLO, Dial([Sim("DE00000000000000000000000000000000")]), Connect([Autopilot("UA1")])]
    flow += [Dial([Conference("hall", event_callback_url=ELSEWHERE)])]

    model = {"enhanced": True, "input": "dtmf speech", "speech_model": "phone_call", "speech_timeout": 3}
    flow += [ask(ResponseExt("1", "x", [BYE]), END, **model)]

    assert found(flow) == ["2.1 SW018", "3.1 SW018", "4.1 SW018", "5 SW018"]


@pytest.mark.parametrize(
    "say",
    [
        Say(PromptExt({"en-GB": "short", "de-DE": "a" * 901})),
        Say(["a" * 500, "b" * 500]),
        Say(PromptExt({"de-DE": ["a" * 500, "b" * 500]})),
    ],
)
def test_speech_too_long_in_one_of_its_languages_or_with_marks_in_it(say):
    assert found([say]) == ["1 SW011"]
    assert found([Say(PromptExt({"en-GB": "short", "de-DE": ["a", "b"]}))]) == []


# --- large flows ---------------------------------------------------------------------------------


def menu(depth: int) -> list:
    """Menus within menus, each of which leads back to the first."""
    flow = [BYE]
    for _ in range(depth):
        flow = [ask(ResponseExt("1", "on", flow), ResponseExt("0", "back", [GotoExt("1")]), RepeatExt())]
    return flow


LARGE = {
    "many words": [HELLO] * 5000,
    "many menus": [ask(ResponseExt("1", "x", [HELLO]), DefaultExt("y", [HELLO]))] * 625,
    "menus of many keys": [ask(*(ResponseExt(f"{key:02}", "x", [BYE]) for key in range(100)), END, num_digits=2)] * 16,
    "many silent branches": [
        *[ask(*(ResponseExt(f"{key:02}") for key in range(100)), END, num_digits=2)] * 20,
        *[TEXT] * 3000,
    ],
    "much nobody reaches": [ask(ResponseExt("1", "x", [BYE, Hangup(), BYE]), END)] * 500,
    "gotos back and forth": [each for at in range(1, 2500) for each in (GotoExt(str(5000 - 2 * at)), HELLO)],
    "many words said alike": [
        ask(
            *(ResponseExt("", speech=["yes" + "!" * key, f"w{key}"]) for key in range(100)),
            END,
            num_digits=None,
            input="speech",
        )
    ]
    * 24,
    "one answer of many words": [
        HELLO,
        ask(ResponseExt("", speech=[f"w{key}" for key in range(3000)]), END, num_digits=None, input="speech"),
        *[HELLO] * 2400,
    ],
}


@pytest.mark.parametrize("name", LARGE)
def test_a_flow_of_thousands_of_states_is_checked_soon(name):
    flow = LARGE[name]
    program = compile(flow)
    assert len(program) > 2400

    began = time.process_time()
    findings_of(flow, program)

    assert time.process_time() - began < 5, "it takes some 0.3 seconds"


@pytest.mark.parametrize("depth", [1, 10, 28])
def test_deep_menus_are_checked_without_getting_lost(depth):
    began = time.process_time()

    assert {each.split()[1] for each in found(menu(depth))} == {"SW004"}
    assert time.process_time() - began < 5
