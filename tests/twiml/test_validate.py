"""Every rule of the language, in the words a caller of `validate` reads; all errors at once; nothing makes it fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twiml.strategies import ANYTHING
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
    is_valid,
    validate,
)
from twiml.element import Attribute, Element, Extension, Verb, declared, spec

PHONE = "+441314960123"
SHAPE = re.compile(r"[1-9][0-9]*(\.[1-9][0-9]*)* \w+: .+", re.DOTALL)
CALLOUT = FunctionExt("look", module="m", fn="f")


def menu(*after: Any, **attributes: Any) -> Gather:
    return Gather([Say("a")], after_ext=after, **attributes)


BY_POST = "; what comes back to the flow comes by POST"
ONE = ResponseExt("1", "one", [Hangup()])
TWO = ResponseExt("2", "two", [Hangup()])


@pytest.mark.parametrize(
    "flow",
    [
        [],
        [Say("a", language="EN-gb", voice="ALICE", loop="2")],
        [Say("a", voice="Polly.Amy-Neural"), Say("b", voice="Google.en-GB-Chirp3-HD-Aoede")],
        [Reject(reason="BUSY")],
        [Dial(PHONE, method="get", action="https://a.b/c", record="TRUE")],
        [
            Dial(
                [Number(PHONE, status_callback_event="answered", status_callback="/told", status_callback_method="GET")]
            )
        ],
        [Dial([Number(PHONE, status_callback_method="GET"), Client("jane", status_callback_method="post")])],
        [Record(recording_status_callback="/heard", recording_status_callback_method="GET")],
        [Dial([Conference("c", max_participants=250, beep="ONENTER", status_callback_event="start END")])],
        [Dial([CALLOUT])],
        [menu(ONE, TWO, DefaultExt("d"), num_digits=1, auto_menu_ext=True)],
        [menu(ONE, RepeatExt())],
        [menu(DefaultExt())],
        [menu(ResponseExt("", "help", speech=["help"]), ONE, input="dtmf speech")],
        [menu(ResponseExt("*"), ResponseExt("#"), ResponseExt("1#"))],
        [Gather([Say("a"), Play("https://a.b/c"), Pause()], action="/next", action_on_empty_result=True)],
        [LabelExt("x"), Say("a"), GotoExt("x")],
        [Say("a"), GotoExt("1")],
        [menu(ONE), GotoExt("1.3"), GotoExt("1.3.1")],
        [Redirect("https://a.b/c?d=e")],
        [Redirect(" \nHTTP://a.b/c ")],
        [Say("a"), LabelExt("end")],
        (Say("a"), Hangup(), Say("after the end, for whoever goes there")),
    ],
)
def test_these_flows_are_valid(flow: Any) -> None:
    assert validate(flow) == []
    assert is_valid(flow)


@pytest.mark.parametrize(
    ("flow", "error"),
    [
        # where an element may stand
        ([Number(PHONE)], "1 Number: is a noun: it stands inside Dial"),
        ([Client("a")], "1 Client: is a noun: it stands inside Dial"),
        ([ONE], "1 ResponseExt: can only stand in the after_ext of a Gather"),
        ([DefaultExt()], "1 DefaultExt: can only stand in the after_ext of a Gather"),
        ([RepeatExt()], "1 RepeatExt: can only stand in the after_ext of a Gather"),
        ([menu(ResponseExt("1", body=[RepeatExt()]))],
         "1.3.1 RepeatExt: can only stand in the after_ext of a Gather"),
        ([menu(ONE, Say("b"))],
         "1.5 Say: can't stand in the after_ext of a Gather, which holds ResponseExt, DefaultExt, RepeatExt"),
        ([menu(ONE, GotoExt("1"))],
         "1.5 GotoExt: can't stand in the after_ext of a Gather, which holds ResponseExt, DefaultExt, RepeatExt"),
        ([Gather([Hangup()], action="/a")], "1.1 Hangup: can't stand in a Gather, which holds Say, Play, Pause"),
        ([Gather([CALLOUT], action="/a")], "1.1 FunctionExt: can't stand in a Gather, which holds Say, Play, Pause"),
        ([Gather([LabelExt("x"), Say("a")], action="/a")],
         "1.1 LabelExt: can't stand in a Gather, which holds Say, Play, Pause"),
        ([Dial([Say("a")])], f"1.1 Say: can't stand in a Dial, which holds {', '.join(spec(Dial).content.holds)}"),
        (["Say"], "1 str: is not a verb"),
        ([Say], "1 type: is not a verb"),
        ([None], "1 NoneType: is not a verb"),
        ([[Say("a")]], "1 list: is not a verb"),
        ([Say("a"), Verb()], "2 Verb: is not a verb"),
        # contents
        ([Say(None)], '1 Say: text "NoneType" must be text, not NoneType'),
        ([Say([1])], "1 Say: holds int, which is not an element"),
        ([Say("a\x00b")], '1 Say: text "a\x00b" holds the character U+0000, which XML can\'t carry'),
        ([Play("ftp://a.b")], '1 Play: url "ftp://a.b" is not a URL of http or https'),
        ([Dial([])], "1 Dial: body is empty"),
        ([Dial("5551234")],
         '1 Dial: body "5551234" is not a phone number with + and country code, like +441314960123'),
        ([Dial("+-5")], '1 Dial: body "+-5" is not a phone number with + and country code, like +441314960123'),
        ([Dial(None)], '1 Dial: body "NoneType" must be text, not NoneType'),
        ([Dial([Number("1")])],
         '1.1 Number: phone_number "1" is not a phone number with + and country code, like +441314960123'),
        ([Dial([Client("")])], "1.1 Client: identity \"\" must have 1 to 256 characters"),
        ([Dial([Client("a" * 257)])], f'1.1 Client: identity "{"a" * 57}..." must have 1 to 256 characters'),
        ([Dial([Conference("")])], '1.1 Conference: name "" is empty'),
        ([Gather("a", action="/a")], "1 Gather: body must be a list of verbs, not str"),
        ([Gather(Say("a"), action="/a")], "1 Gather: body must be a list of verbs, not Say"),
        ([menu(ResponseExt("1", body="a"))], "1.3 ResponseExt: body must be a list of verbs, not str"),
        ([Gather(after_ext=ONE)], "1 Gather: after_ext must be a list of responses, not ResponseExt"),
        ([Gather(after_ext={ONE})], "1 Gather: after_ext must be a list of responses, not set"),
        # attributes
        ([Say("nuqneH", language="klingon")], '1 Say: language "klingon" is not one Twilio speaks'),
        ([Say("a", voice="Polly.Nobody")], '1 Say: voice "Polly.Nobody" is not a voice Twilio has'),
        ([Say("a", loop=-1)], '1 Say: loop "-1" must be a whole number of at least 0'),
        ([Pause(length=0)], '1 Pause: length "0" must be a whole number of at least 1'),
        ([Record(max_length=14401)], '1 Record: max_length "14401" must be a whole number from 1 to 14400'),
        ([Record(finish_on_key="a")], '1 Record: finish_on_key "a" must be keys (0-9, * or #)'),
        ([Dial(PHONE, timeout=601)], '1 Dial: timeout "601" must be a whole number from 5 to 600'),
        ([Dial(PHONE, ring_tone="xx")], '1 Dial: ring_tone "xx" is not a country whose ring tone Twilio plays'),
        ([Dial(PHONE, call_reason="a" * 51)],
         f'1 Dial: call_reason "{"a" * 51}" is longer than 50 characters'),
        ([Dial([Conference("c", max_participants=251)])],
         '1.1 Conference: max_participants "251" must be a whole number from 2 to 250'),
        ([Dial([Conference("c", max_participants=3.5)])],
         '1.1 Conference: max_participants "3.5" must be a whole number from 2 to 250'),
        ([Dial([Number(PHONE, status_callback_event="rang")])],
         '1.1 Number: status_callback_event "rang" must be some of initiated, ringing, answered, completed'),
        ([Reject(reason="bored")], '1 Reject: reason "bored" is not one of rejected, busy'),
        ([Sms("a", from_=PHONE)], "1 Sms: to is missing"),
        ([Sms("a", to=PHONE)], "1 Sms: from_ is missing"),
        ([FunctionExt("t", fn="f")], "1 FunctionExt: module is missing"),
        ([FunctionExt("t", module="m")], "1 FunctionExt: fn is missing"),
        ([FunctionExt("t", module="a/b", fn="f")], '1 FunctionExt: module "a/b" is not a Python name'),
        ([FunctionExt(fn=lambda call: [])], '1 FunctionExt: fn "<lambda>" is not a Python name'),
        ([menu(ResponseExt(None))], "1.3 ResponseExt: response is missing"),
        ([menu(ResponseExt(1))], '1.3 ResponseExt: response "1" must be text, not int'),
        ([menu(ResponseExt("1", "a" * 201))],
         f'1.3 ResponseExt: title "{"a" * 57}..." is longer than 200 characters'),
        # what goes with what
        ([Gather([Say("a")])], "1 Gather: needs after_ext, or an action of its own"),
        ([Gather(action="/a", auto_menu_ext=True)], "1 Gather: auto_menu_ext has no responses to make a menu of"),
        ([menu(ONE, action="/a")], "1 Gather: has an action of its own beside after_ext; leave one out"),
        ([menu(ONE, action_on_empty_result=True)],
         "1 Gather: action_on_empty_result can't be used with after_ext, where silence goes to the default"),
        ([menu(RepeatExt())], "1 Gather: after_ext needs at least one ResponseExt or DefaultExt"),
        ([menu(ONE, DefaultExt(), RepeatExt())],
         "1 Gather: after_ext has more than one answer to silence; keep one DefaultExt or RepeatExt"),
        ([menu(ONE, DefaultExt("a"), DefaultExt("b"))],
         "1 Gather: after_ext has more than one answer to silence; keep one DefaultExt or RepeatExt"),
        ([menu(ONE, ResponseExt("1", "again", [Hangup()]))], '1 Gather: 2 responses answer to "1"'),
        ([menu(ResponseExt("12"), num_digits=1)], '1 Gather: response "12" is not as long as num_digits (1)'),
        ([menu(ONE, num_digits="2")], '1 Gather: response "1" is not as long as num_digits (2)'),
        ([menu(ResponseExt("1*"), finish_on_key="*")],
         '1 Gather: response "1*" holds finish_on_key "*", which ends the input'),
        ([menu(ResponseExt("1", speech=["yes"]))],
         '1 Gather: response "1" listens for speech; input must hold "speech"'),
        ([menu(ResponseExt("1", speech=["yes"]), input="dtmf")],
         '1 Gather: response "1" listens for speech; input must hold "speech"'),
        ([menu(ResponseExt(""))], "1.3 ResponseExt: response is empty: name a key, or words in speech"),
        ([menu(ResponseExt("a"))], '1.3 ResponseExt: response "a" must be keys (0-9, * or #)'),
        ([menu(ResponseExt("1"), auto_menu_ext=True)], '1 Gather: auto_menu_ext needs a title for response "1"'),
        ([menu(ONE, DefaultExt(), auto_menu_ext=True)], "1 Gather: auto_menu_ext needs a title for the default"),
        ([menu(ONE, method="GET")],
         f'1 Gather: method "GET" needs an action of its own{BY_POST}'),
        ([Dial(PHONE, method="get")],
         f'1 Dial: method "GET" needs an action of its own{BY_POST}'),
        ([Dial([Number(PHONE, status_callback_event="answered", status_callback_method="GET")])],
         f'1.1 Number: status_callback_method "GET" needs a status_callback of its own{BY_POST}'),
        ([Record(recording_status_callback_method="GET")],
         f'1 Record: recording_status_callback_method "GET" needs a recording_status_callback of its own{BY_POST}'),
        ([Dial([Conference("room", status_callback_event="end", status_callback_method="GET")])],
         f'1.1 Conference: status_callback_method "GET" needs a status_callback of its own{BY_POST}'),
        ([Redirect("/a")],
         '1 Redirect: "/a" is relative: within a flow use GotoExt, to leave it an absolute URL'),
        # gotos and labels
        ([GotoExt("9")], '1 GotoExt: target "9" is neither a rank nor a label of this flow'),
        ([GotoExt("nowhere")], '1 GotoExt: target "nowhere" is neither a rank nor a label of this flow'),
        ([menu(ONE), GotoExt("1.1")], '2 GotoExt: target "1.1" is inside another verb; go to "1"'),
        ([menu(ONE), GotoExt("1.2")], '2 GotoExt: target "1.2" is inside another verb; go to "1"'),
        ([GotoExt("2.1"), Dial(PHONE)], '1 GotoExt: target "2.1" is inside another verb; go to "2"'),
        ([GotoExt(None)], "1 GotoExt: target is missing"),
        ([GotoExt(1)], '1 GotoExt: target "1" must be text, not int'),
        ([LabelExt("x"), Say("a"), LabelExt("x")], '2 LabelExt: name "x" is taken by another label'),
        ([LabelExt("1"), Say("a")], '1 LabelExt: name "1" must begin with a letter'),
        ([menu(ResponseExt("1", body=[LabelExt("x")])), Say("a")],
         '1.3.1 LabelExt: name "x" names nothing; put it before a verb'),
        # length
        ([Play("https://a.b/" + "é" * 31_000)],
         "1 Play: makes 62084 bytes of XML alone; Twilio reads at most 64 kB a document"),
        ([Gather([Play("https://a.b/" + "a" * 62_000)], action="/a")],
         "1 Gather: makes 62113 bytes of XML alone; Twilio reads at most 64 kB a document"),
    ],
)  # fmt: skip
def test_this_is_wrong_and_nothing_else(flow: list[Any], error: str) -> None:
    assert validate(flow) == [error]
    assert not is_valid(flow)
    assert SHAPE.fullmatch(error)


ATTRIBUTES = [(element, each) for element, found in declared() for each in found.attributes]


@pytest.mark.parametrize(
    ("element", "attribute"),
    ATTRIBUTES,
    ids=[f"{spec(element).name}.{attribute.python}" for element, attribute in ATTRIBUTES],
)
def test_no_attribute_goes_unlooked_at(element: type[Element], attribute: Attribute) -> None:
    """A value that nothing could be is told by its rank, its element and its name."""
    content = spec(element).content
    given: dict[str, Any] = {each.python: "1" for each in spec(element).attributes if each.required}
    if content is not None and content.rule is not None:
        given[content.python] = PHONE
    wrong = element(**{**given, attribute.python: object()})
    flow, rank = placed(wrong)
    name = f"{rank} {spec(element).name}: {attribute.python} "
    told = [error for error in validate(flow) if error.startswith(f'{name}"object"')]
    assert len(told) == 1, validate(flow)


def placed(element: Any) -> tuple[list[Any], str]:
    """A flow with the element where it may stand, and the rank it has there."""
    name = spec(element).name
    if not isinstance(element, Verb):
        return [Dial([element])], "1.1"
    if name in ("ResponseExt", "DefaultExt"):
        return [Gather(after_ext=[element])], "1.2"
    return [element, Hangup()], "1"


def test_all_errors_are_told_at_once_in_the_order_of_the_flow() -> None:
    flow = [
        Say("a", language="klingon", loop="many"),
        Gather(
            [Hangup()],
            num_digits=1,
            after_ext=[ResponseExt("12", body=[Dial([])]), DefaultExt(body=[Pause(length=0), "x"])],
        ),
        Dial([Conference("c", max_participants=3.5, beep="loud")]),
    ]
    assert validate(flow) == [
        '1 Say: language "klingon" is not one Twilio speaks',
        '1 Say: loop "many" must be a whole number of at least 0',
        '2 Gather: response "12" is not as long as num_digits (1)',
        "2.1 Hangup: can't stand in a Gather, which holds Say, Play, Pause",
        "2.3.1 Dial: body is empty",
        '2.4.1 Pause: length "0" must be a whole number of at least 1',
        "2.4.2 str: is not a verb",
        '3.1 Conference: beep "loud" is not one of true, false, onEnter, onExit',
        '3.1 Conference: max_participants "3.5" must be a whole number from 2 to 250',
    ]


@pytest.mark.parametrize("flow", [None, 5, "Say", Say("a"), {"a": 1}, iter([])])
def test_a_flow_is_a_list_of_verbs(flow: Any) -> None:
    [error] = validate(flow)
    assert error.startswith("a flow is a list of verbs, not ")


def test_a_long_flow_of_short_verbs_is_valid() -> None:
    assert is_valid([Say("a" * 1000)] * 200)


@pytest.mark.parametrize(
    "nest",
    [
        lambda inner: Gather(after_ext=[ResponseExt("1", body=[inner])]),
        lambda inner: Gather([inner], action="/a"),
        lambda inner: ResponseExt("1", body=[inner]),
        lambda inner: Dial([inner]),
    ],
)
def test_a_bottomless_flow_is_refused_not_followed(nest: Callable[[Any], Any]) -> None:
    flow: Any = Say("a")
    for _ in range(3000):
        flow = nest(flow)
    assert [error for error in validate([flow]) if error.endswith(": too many menus within menus")]


@pytest.mark.parametrize(
    "odd",
    [
        Gather(after_ext=5),
        Gather([5], after_ext=[DefaultExt("x")]),
        Gather(auto_menu_ext=True, after_ext=[ResponseExt("1", 5), ResponseExt("2", 10**5000)]),
        Gather(auto_menu_ext=True, input="speech", after_ext=[ResponseExt("", "t", speech=5)]),
        Gather(auto_menu_ext=True, input="speech", after_ext=[ResponseExt("", "t", speech=[])]),
        Gather(finish_on_key=5, input=5, num_digits=10**5000, after_ext=[ResponseExt("1")]),
        Gather(after_ext=[ResponseExt("1" * 5000), ResponseExt(10**5000), ResponseExt({}), ResponseExt("٣")]),
        Gather(after_ext=[ResponseExt("1"), None, Verb(), Say, "x"]),
        LabelExt({}),
        GotoExt({}),
        GotoExt(["a"]),
        Say("a", loop=10**5000, voice=[10**5000]),
        Redirect(b"https://a.b"),
        Dial([5, None, Verb(), Say("a")]),
        FunctionExt(fn=print),
        FunctionExt(fn=5, module=[]),
        Record(method=10**5000),
    ],
    ids=lambda odd: type(odd).__name__,
)  # fmt: skip
def test_oddities_are_errors_not_failures(odd: Any) -> None:
    errors = validate([odd])
    assert all(SHAPE.fullmatch(error) for error in errors)
    assert errors or odd == FunctionExt(fn=print)


GARBAGE = st.deferred(lambda: st.one_of(ANYTHING, ODDITIES, st.lists(ODDITIES, max_size=3)))


@st.composite
def _oddities(draw: st.DrawFn) -> Any:
    """An element of any kind with anything whatever in any of its fields."""
    element = draw(st.sampled_from([element for element, _ in declared()]))
    names = [each.name for each in fields(element)]
    content = spec(element).content
    required = {content.python} if content is not None else set()
    required |= {each.python for each in spec(element).attributes if issubclass(element, Extension)}
    chosen = set(draw(st.lists(st.sampled_from(names), max_size=3))) if names else set()
    return element(**{name: draw(GARBAGE) for name in sorted(chosen | required)})


ODDITIES = _oddities()


@given(st.one_of(GARBAGE, st.lists(GARBAGE, max_size=4)))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_whatever_is_given_validation_answers_in_sentences(garbage: Any) -> None:
    errors = validate(garbage)
    assert is_valid(garbage) == (not errors)
    assert len(set(errors)) == len(errors)
    for error in errors:
        assert SHAPE.fullmatch(error) or error.startswith("a flow is a list of verbs, not ")
        error.encode()
