"""A call that is changed from outside, and requests that come late, twice or in another order.

Twilio is told by REST to leave the running verb for a URL of ours. It then asks for two documents: the interrupted
verb's action, whose answer it throws away, and the new one.
"""

from __future__ import annotations

from itertools import permutations

import pytest

from tests.conformance.cases import PHONE
from tests.twiml.documents import document
from twiml import Dial, Document, Gather, LabelExt, Machine, Record, Request, ResponseExt, Say, compile

FLOW = [Dial(PHONE), Say("the talk is over"), LabelExt("elsewhere"), Say("elsewhere")]
ELSEWHERE = Request("3")
"""What the new URL is asked for: it is nobody's action, so it names no step."""
ENDED = Request("2", 1)
"""The interrupted Dial's action."""


def _call() -> Machine:
    """A call in which the Dial runs."""
    call = Machine(compile(FLOW))
    assert "<Dial" in _xml(call, Request())
    return call


def _step(call: Machine, request: Request) -> Document:
    return document(call.step(request))


def _xml(call: Machine, request: Request) -> str:
    return _step(call, request).xml


def test_a_new_url_begins_a_new_document_at_once() -> None:
    """A URL given by REST ends the running verb, and its document is performed at once.
    (docs: voice/api/call-resource)"""
    assert "<Say>elsewhere</Say>" in _xml(_call(), ELSEWHERE)


@pytest.mark.parametrize("requests", list(permutations([ENDED, ELSEWHERE])), ids=["action first", "url first"])
def test_in_whatever_order_both_come_the_call_is_where_it_was_sent(requests: tuple[Request, ...]) -> None:
    """After a change Twilio asks for the interrupted verb's action and for the new URL; the call is at the new URL,
    whichever comes first. (measured on the real service)"""
    call = _call()
    answers = {request: _xml(call, request) for request in requests}
    assert "<Say>elsewhere</Say>" in answers[ELSEWHERE]
    assert call.document == answers[ELSEWHERE]


def test_the_action_of_an_interrupted_verb_moves_nothing() -> None:
    """What comes of the interrupted verb is to be known, and moves nothing. (measured on the real service)"""
    call = _call()
    there = _step(call, ELSEWHERE)
    late = _step(call, ENDED)
    assert (late.moved, late.xml, call.state) == (False, there.xml, there.state)


def test_the_action_of_an_interrupted_gather_answers_nothing() -> None:
    """Keys that were pressed for a Gather which the call has left are no answer. (docs: voice/api/call-resource)"""
    flow = [Gather([Say("1?")], after_ext=[ResponseExt("1", "one", [Say("one")])]), LabelExt("there"), Say("there")]
    call = Machine(compile(flow))
    _step(call, Request())
    there = _step(call, Request("2"))
    assert "<Say>there</Say>" in there.xml
    assert _step(call, Request("1", 1, digits="1")).moved is False


def test_the_action_of_an_interrupted_recording_moves_nothing() -> None:
    """Nor does a recording that was broken off go on where it would have led. (docs: voice/api/call-resource)"""
    call = Machine(compile([Record(), Say("thanks"), Say("elsewhere")]))
    _step(call, Request())
    there = _step(call, Request("3"))
    assert _step(call, Request("2", 1, digits="hangup")).xml == there.xml


def test_the_same_request_twice_is_one_request() -> None:
    """A request that is made again gets the answer that it got. (docs: usage/webhooks/webhooks-connection-overrides)"""
    call = _call()
    once, twice = _step(call, ENDED), _step(call, ENDED)
    assert (once.moved, twice.moved) == (True, False)
    assert once.xml == twice.xml


def test_a_change_may_be_made_more_than_once() -> None:
    """Each change begins anew where it leads. (docs: voice/api/call-resource)"""
    call = _call()
    for _ in range(3):
        assert "<Say>elsewhere</Say>" in _xml(call, ELSEWHERE)
    assert "<Dial" in _xml(call, Request("1"))


def test_every_document_tells_its_own_requests_from_those_of_others() -> None:
    """The URLs in a document say which document wrote them, so that no order of arrival is relied on.
    (measured on the real service)"""
    call = _call()
    steps = [call.steps]
    for _ in range(2):
        _step(call, Request("1"))
        assert f'action="/2?step={call.steps}"' in (call.document or "")
        steps.append(call.steps)
    assert steps == [1, 2, 3]
