"""A machine goes on from its snapshot as if nothing had happened, wherever it was taken."""

from __future__ import annotations

import json
from typing import Any

from tests.twiml.documents import ask, callout, give, links, said
from twiml import (
    Client,
    Dial,
    Document,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    Machine,
    Play,
    Record,
    Request,
    ResponseExt,
    Returned,
    Say,
    compile,
)

CALLOUT = FunctionExt("look", module="m", fn="f")
ONE = ResponseExt("1", "one", said("one"))
GOODBYE = "<Say>Goodbye.</Say><Hangup/>"


def machine(*verbs: Any, base: str = "", max_visits: int = 50) -> Machine:
    return Machine(compile(verbs), base, max_visits=max_visits)


JOURNEY = [
    Say("hello"),
    CALLOUT,
    Gather(
        [Say("top")], after_ext=[ResponseExt("1", "down", [CALLOUT, Record()]), ResponseExt("2", "end", [Hangup()])]
    ),
    Dial([CALLOUT, Client("tommy")]),
    GotoExt("1"),
]
"""A flow with something of everything."""


def steps(call: Machine, *, restored: bool) -> list[str]:
    """A fixed journey through it; `restored` makes the machine anew from its snapshot before each request."""
    heard: list[str] = []
    for digits in ["", "7", "1", "", "", "", "2"]:
        if restored:
            snapshot = json.loads(json.dumps(call.snapshot()))
            call = Machine.restore(call.program, snapshot, "/r", max_visits=call.max_visits)
        asked = links(call.document, "/r") if call.document else []
        link = asked[0] if asked else None
        effect = call.step(Request(link.rank, link.step, digits) if link else Request())
        while not isinstance(effect, Document):
            late = len(heard) % 2
            inner = effect.rank.startswith("4.") or effect.rank.startswith("5.")
            verbs: list[Any] = [Client("jane")] if inner else [Play("https://a.b/c")]
            if late:
                heard.append(call.hold().xml)
                call.splice(verbs)
                break
            effect = call.step(Returned(verbs))
        if isinstance(effect, Document):
            heard.append(effect.xml)
    return heard


def test_a_machine_goes_on_from_its_snapshot_wherever_it_was_taken() -> None:
    flow = compile(JOURNEY)
    plain = steps(Machine(flow, "/r"), restored=False)
    assert plain == steps(Machine(flow, "/r"), restored=True)
    assert len(set(plain)) > 5


def test_a_snapshot_keeps_the_loop_guard_and_is_no_part_of_the_machine() -> None:
    call = machine(Gather(after_ext=[ONE]), max_visits=3)
    ask(call)
    snapshot = call.snapshot()
    ask(call, "1", 1)
    assert snapshot["visits"] == {"1": 1}
    again = Machine.restore(call.program, call.snapshot(), max_visits=3)
    assert ask(again, "1", 2) == GOODBYE
    assert call.visits == {"1": 2}


def test_the_request_of_a_callout_that_crashed_can_be_made_again_from_the_snapshot_before_it() -> None:
    call = machine(Gather(after_ext=[ResponseExt("1", "a", [Say("b"), CALLOUT])]))
    ask(call)
    snapshot, program = call.snapshot(), call.program
    callout(call.step(Request("1", 1, "1")))
    again = Machine.restore(program, snapshot)
    callout(again.step(Request("1", 1, "1")))
    assert give(again, Say("c")) == "<Say>b</Say><Say>c</Say><Hangup/>"
