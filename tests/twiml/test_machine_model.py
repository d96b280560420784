"""Random flows, random callers: the machine never fails, writes what Twilio reads, and does what the rules say."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.twiml.documents import canonical, check, inside, link
from tests.twiml.model import Answer, Model
from tests.twiml.strategies import KEYS, SAID, flows, requests, returned
from twiml import Callout, Document, Machine, Number, Request, Returned, compile, is_valid, validate

BASE = "/some/page"
slow = settings(
    max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def same(effect: Document | Callout, expected: Answer) -> None:
    """The machine and the model agree."""
    if isinstance(effect, Callout):
        assert effect.rank == expected.callout
        return
    assert expected.callout is None
    check(effect.xml)
    assert canonical(effect.xml) == expected.xml
    assert (effect.state, effect.ends, effect.moved) == (expected.state, expected.ends, expected.moved)


@given(flows())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_random_flows_are_valid(flow: list[Any]) -> None:
    assert validate(flow) == []
    assert is_valid(flow)


@given(st.data())
@slow
def test_the_machine_does_what_the_rules_say(data: st.DataObject) -> None:
    """Step by step the same documents and states as the model, whatever is asked for, in whatever order;
    a machine restored from what JSON kept of it goes on as if nothing had happened."""
    flow = data.draw(flows(), label="flow")
    machine, model = Machine(compile(flow), BASE), Model(flow, BASE)
    for _ in range(data.draw(st.integers(1, 8), label="requests")):
        request = data.draw(requests(machine, BASE), label="request")
        effect = machine.step(request)
        same(effect, model.ask(request.rank, request.step, request.digits, request.speech))
        while isinstance(effect, Callout) and data.draw(st.integers(0, 3), label="returns in time"):
            verbs = data.draw(returned(machine.program, effect.rank), label="returned")
            effect = machine.step(Returned(verbs))
            same(effect, model.returned(verbs))
            event("a callout returned")
        if isinstance(effect, Callout):
            event("a callout was put on hold")
            same(machine.hold(), model.hold())
            if data.draw(st.booleans(), label="done meanwhile"):
                verbs = data.draw(returned(machine.program, effect.rank), label="returned late")
                machine.splice(verbs)
                model.splice(verbs)
                assert machine.state == model.rests.rank
        if data.draw(st.booleans(), label="restart"):
            machine = Machine.restore(machine.program, json.loads(json.dumps(machine.snapshot())), BASE)


class Caller:
    """Someone on the phone, and Twilio: documents run from top to bottom, and what they ask for is fetched."""

    def __init__(self, data: st.DataObject, patience: int) -> None:
        self.data = data
        self.patience = patience
        """How many keys and words they have in them; then they are silent."""

    def hears(self, xml: str) -> Request | None:
        """What is fetched after a document, or None if the call is over."""
        for verb in etree.fromstring(xml.encode()):
            if verb.tag in ("Hangup", "Reject"):
                return None
            url = verb.text if verb.tag == "Redirect" else verb.get("action") if verb.tag in WAITS else None
            if url is None or (verb.tag in ("Gather", "Record") and not self.answers()):
                continue
            ours = link(url, BASE)
            if ours is None:
                return None
            return Request(*ours, *(self.says() if verb.tag == "Gather" else ()))
        return None

    def answers(self) -> bool:
        return self.patience > 0 and self.data.draw(st.booleans(), label="answers")

    def says(self) -> tuple[str, str]:
        self.patience -= 1
        return self.data.draw(st.sampled_from([*((key, "") for key in KEYS), *(("", said) for said in SAID)]))


WAITS = {"Gather", "Record", "Dial"}


@given(st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_every_call_comes_to_an_end(data: st.DataObject) -> None:
    """However a caller answers, once they fall silent the call ends: the flow hangs up, or the loop guard does."""
    machine = Machine(compile(data.draw(flows(), label="flow")), BASE, max_visits=4)
    caller = Caller(data, patience=3)
    request: Request | None = Request()
    for count in range(2_000):
        if request is None:
            event(f"ended after {min(count, 10)} documents")
            return
        effect = machine.step(request)
        while isinstance(effect, Callout):
            verbs = data.draw(returned(machine.program, effect.rank), label="returned") if count < 10 else []
            if machine.program.shape.homes[machine.program.find(effect.rank) or 0] is not None and not verbs:
                verbs = [Number("+441314960123")]
            effect = machine.step(Returned(verbs))
        check(effect.xml)
        request = caller.hears(effect.xml)
    raise AssertionError(inside(effect.xml))
