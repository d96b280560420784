"""Findings of random flows, confirmed on the machine itself.

What the checks know, they know from a graph of their own. Here the real machine is asked for every
document that a caller can get to, each is carried out as Twilio would, with every answer there is,
and what callers suffer is compared with what was found: in both directions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.twiml.documents import link
from tests.twiml.strategies import SAID, flows
from twiml import (
    Callout,
    DefaultExt,
    Dial,
    Document,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Machine,
    Number,
    Play,
    Program,
    Reject,
    Request,
    ResponseExt,
    Returned,
    Say,
    Sms,
    Verb,
    compile,
    is_valid,
)
from twiml.checks import Flow, check

BASE = "/some/page"
slow = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


# --- flows whose every sentence is told from every other -----------------------------------------


def marked(
    verbs: Sequence[Any], numbers: Iterator[int], *, callouts: bool = False, hangs_up: Verb | None = None
) -> list[Any]:
    """The same flow with a number in each text; a Say for each callout, unless there are to be `callouts`."""

    def mark(verb: Any) -> Any:
        if isinstance(verb, FunctionExt) and not callouts:
            return Say(f"say {next(numbers)}")
        if isinstance(verb, Hangup):
            return hangs_up or verb
        changes: dict[str, Any] = {}
        match verb:
            case Say():
                changes = {"text": f"say {next(numbers)}"}
            case Play():
                changes = {"url": f"https://example.com/{next(numbers)}.mp3"}
            case Sms():
                changes = {"message": f"text {next(numbers)}"}
            case Gather():
                changes = {"body": list(map(mark, verb.body)), "after_ext": list(map(mark, verb.after_ext))}
            case ResponseExt() | DefaultExt():
                changes = {"body": list(map(mark, verb.body))}
            case Dial() if not isinstance(verb.body, str) and not callouts:
                nobody = Number("+15005550006")
                changes = {"body": [nobody if isinstance(each, FunctionExt) else each for each in verb.body]}
        return replace(verb, **changes)

    return [mark(verb) for verb in verbs]


def marks(flow: Flow, states: set[int]) -> set[str]:
    """The marks of these states."""
    found = set()
    for at in states:
        element = flow.places[at].element
        if flow.places[at].own and isinstance(element, (Say, Play, Sms)):
            found.add(element.text if isinstance(element, Say) else getattr(element, "url", None) or element.message)
    return found


# --- a caller, and Twilio ------------------------------------------------------------------------


@dataclass(frozen=True)
class Caller:
    """Where a caller is: what is asked for next, and what they have heard."""

    rank: str | None = None
    digits: str = ""
    speech: str = ""
    spoken_to: bool = False
    """Whether a word was heard since the call began, or a Gather, Record or Dial was over."""
    alone: bool = True
    """Whether nothing at all was heard since the call began or a Gather was over."""
    answered: bool = False


OUT = Caller("out")


@dataclass
class World:
    """Everything callers can come to in a flow, and what they suffer there."""

    program: Program
    answers: Mapping[str, Sequence[tuple[str, str]]]
    """For each Gather what may be keyed and said."""
    heard: set[str] = field(default_factory=set)
    after: dict[Caller, set[Caller]] = field(default_factory=dict)
    after_silence: dict[Caller, set[Caller]] = field(default_factory=dict)
    dead: bool = False
    """Whether a call ended without a word."""
    asked_nothing: bool = False
    refused_late: bool = False

    def explore(self) -> World:
        waiting = [Caller()]
        while waiting:
            caller = waiting.pop()
            if caller not in self.after and caller != OUT:
                self.after[caller], self.after_silence[caller] = set(), set()
                self.carry_out(caller)
                waiting += self.after[caller]
        return self

    def carry_out(self, caller: Caller) -> None:
        effect = Machine(self.program, BASE).step(Request(caller.rank, None, caller.digits, caller.speech))
        assert isinstance(effect, Document)
        now: Caller | None = caller
        for element in etree.fromstring(effect.xml.encode()):
            if now is None:
                return
            now = self.do(str(element.tag), element, caller, now)
        if now is not None:
            self.end(caller, now)

    def go(self, caller: Caller, on: Caller, *, silent: bool = True) -> None:
        self.after[caller].add(on)
        if silent:
            self.after_silence[caller].add(on)

    def end(self, caller: Caller, now: Caller) -> None:
        self.dead |= now.alone
        self.go(caller, OUT)

    def ask(self, caller: Caller, url: str | None, now: Caller, digits: str = "", speech: str = "") -> None:
        """Twilio asks for a URL: one of ours, or that of another application."""
        ours = link(url or "", BASE)
        on = replace(now, rank=ours[0], digits=digits, speech=speech) if ours else OUT
        self.go(caller, on, silent=not (digits or speech))

    def do(self, tag: str, element: Any, caller: Caller, heard: Caller) -> Caller | None:
        """Carry one verb out; None where the document is left."""
        now: Caller | None = heard
        if tag in ("Say", "Play"):
            self.heard.add(element.text)
            now = replace(heard, spoken_to=True, alone=False, answered=True)
        elif tag == "Sms":
            self.heard.add(element.text)
        elif tag == "Gather":
            now = self.gather(element, caller, heard)
        elif tag in ("Dial", "Record"):
            after = replace(heard, spoken_to=False, alone=False, answered=True)
            self.ask(caller, element.get("action"), after)
            now = after if tag == "Record" else None
        elif tag == "Redirect":
            self.ask(caller, element.text, heard)
            now = None
        elif tag == "Reject":
            self.refused_late |= heard.answered
            self.go(caller, OUT)
            now = None
        elif tag == "Hangup":
            self.end(caller, heard)
            now = None
        return now

    def gather(self, element: Any, caller: Caller, now: Caller) -> Caller:
        spoken = [each.text for each in element if each.tag != "Pause"]
        self.heard.update(spoken)
        self.asked_nothing |= not spoken and not now.spoken_to
        now = replace(now, spoken_to=False, alone=True, answered=True)
        url = element.get("action")
        ours = link(url, BASE)
        for digits, speech in self.answers[ours[0]] if ours else [("1", "")]:
            self.ask(caller, url, now, digits, speech)
        return now


def world_of(verbs: list[Any]) -> tuple[World, Flow, set[str]]:
    """All that callers can come to, the graph, and the codes that were found."""
    program = compile(verbs)
    flow = Flow(verbs, program)
    answers: dict[str, list[tuple[str, str]]] = {}
    for at, branches in flow.shape.branches.items():
        keys = [flow.places[each].element.response for each in branches[:-1]]
        answers[program[at].rank] = [(key, "") for key in keys if key] + [("9876", "")] + [("", said) for said in SAID]
    return World(program, answers).explore(), flow, {each.code for each in check(verbs)}


def stuck(world: World, edges: Mapping[Caller, set[Caller]]) -> bool:
    """Whether a caller can come to where these edges never lead out."""
    back: dict[Caller, set[Caller]] = {}
    for caller, ons in edges.items():
        for on in ons:
            back.setdefault(on, set()).add(caller)
    out, waiting = {OUT}, [OUT]
    while waiting:
        new = back.get(waiting.pop(), set()) - out
        out |= new
        waiting += new
    return not out.issuperset(world.after)


# --- every caller there may be -------------------------------------------------------------------


@given(flows())
@slow
def test_what_nobody_can_get_to_is_never_heard_and_everything_else_is(verbs):
    world, flow, codes = world_of(marked(verbs, count()))
    everything, reached = set(range(len(flow.places))), flow.reached

    assert not world.heard & marks(flow, everything - reached)
    if "SW008" not in codes:  # else a branch that only words lead to may be dead
        assert marks(flow, reached) <= world.heard
    event(f"something unreachable: {marks(flow, everything - reached) != set()}")


@given(flows())
@slow
def test_callers_are_stuck_where_a_loop_or_a_menu_without_a_way_out_was_found_and_nowhere_else(verbs):
    world, _, codes = world_of(marked(verbs, count()))
    found = bool(codes & {"SW002", "SW003"})

    assert "SW008" in codes or stuck(world, world.after) == found
    event(f"stuck: {found}")


@given(flows())
@slow
def test_silent_callers_are_stuck_where_something_of_the_kind_was_found_and_nowhere_else(verbs):
    world, _, codes = world_of(marked(verbs, count()))
    found = bool(codes & {"SW002", "SW003", "SW004"})

    assert stuck(world, world.after_silence) == found or "SW008" in codes
    event(f"stuck in silence: {found}")


@given(flows())
@slow
def test_calls_end_without_a_word_where_that_was_found_and_nowhere_else(verbs):
    verbs = marked(verbs, count())
    world, flow, codes = world_of(verbs)
    meant = any(place.own and isinstance(place.element, Hangup) for place in flow.places)

    if "SW014" in codes:
        assert world.dead or "SW008" in codes
    else:
        assert not world.dead or meant
    event(f"dead: {world.dead}")


@given(flows())
@slow
def test_callers_are_asked_nothing_where_that_was_found_and_nowhere_else(verbs):
    world, _, codes = world_of(marked(verbs, count()))

    assert world.asked_nothing == ("SW013" in codes) or "SW008" in codes
    event(f"asked nothing: {world.asked_nothing}")


@given(flows())
@slow
def test_calls_are_refused_too_late_where_that_was_found_and_nowhere_else(verbs):
    """Where a flow hangs up, it goes to a Reject instead."""
    verbs = [*marked(verbs, count(), hangs_up=GotoExt("busy")), Hangup(), LabelExt("busy"), Reject()]
    if not is_valid(verbs):  # a goto went to a hang-up that the compiler had added
        return
    world, _, codes = world_of(verbs)

    assert world.refused_late == ("SW017" in codes) or "SW008" in codes
    event(f"refused late: {world.refused_late}")


# --- one caller, with callouts -------------------------------------------------------------------


class Call:
    """One call with one machine, whose callouts are answered by `returns`."""

    def __init__(self, machine: Machine, data: st.DataObject) -> None:
        self.machine = machine
        self.data = data
        self.called: list[tuple[str, str]] = []
        self.heard: list[str] = []

    def request(self, request: Request) -> str | None:
        """Ask, answer callouts, and give the document, or None where the call is over."""
        effect = self.machine.step(request)
        while isinstance(effect, Callout):
            self.called.append((effect.rank, str(effect.function.title)))
            at = self.machine.program.find(effect.rank)
            if self.machine.program.shape.homes[at] is not None:
                verbs: list[Any] = [Number("+15005550006")]
            else:
                verbs = self.data.draw(st.sampled_from([[], [Say("called out")]]), label="returned")
            effect = self.machine.step(Returned(verbs))
        return effect.xml

    def carry_out(self, xml: str, *, answers: bool) -> Request | None:
        """What is asked for next; None where the call has left the flow."""
        for element in etree.fromstring(xml.encode()):
            self.heard += [each.text for each in element.iter("Say", "Play", "Sms")]
            url = element.text if element.tag == "Redirect" else element.get("action")
            if element.tag == "Gather" and not (answers and self.data.draw(st.booleans(), label="answers")):
                continue
            if element.tag == "Record" and self.data.draw(st.booleans(), label="says nothing"):
                continue
            if element.tag in ("Gather", "Record", "Dial", "Redirect"):
                ours = link(url or "", BASE)
                if ours is None:
                    return None
                keyed = self.key(ours[0]) if element.tag == "Gather" else ""
                return Request(ours[0], ours[1], keyed)
        return None

    def key(self, rank: str) -> str:
        program = self.machine.program
        branches = program.shape.branches[program.find(rank)]
        keys = [program[each].payload.response for each in branches[:-1]]
        return self.data.draw(st.sampled_from([*filter(None, keys), "9876"]), label="keyed")

    def run(self, rounds: int, silent_rounds: int) -> bool:
        """Answer at random for some rounds, then never again; whether the call has ended by then."""
        request: Request | None = Request()
        for number in range(rounds + silent_rounds):
            xml = self.request(request)
            request = self.carry_out(xml, answers=number < rounds)
            if request is None:
                return True
        return False


@given(st.data())
@slow
def test_a_flow_without_loops_lets_every_caller_out_once_they_fall_silent(data):
    """However they have answered before, and whatever the functions had to say."""
    verbs = data.draw(flows(), label="flow")
    if {each.code for each in check(verbs)} & {"SW002", "SW003", "SW004", "SW005"}:
        event("has loops")
        return
    program = compile(verbs)
    call = Call(Machine(program, BASE, max_visits=10**9), data)

    assert call.run(rounds=data.draw(st.integers(0, 6), label="rounds"), silent_rounds=len(program) + 1)
    event("was let out")


@given(st.data())
@slow
def test_with_callouts_too_nobody_hears_what_nobody_can_get_to(data):
    verbs = marked(data.draw(flows(), label="flow"), count(), callouts=True)
    program = compile(verbs)
    flow = Flow(verbs, program)
    call = Call(Machine(program, BASE), data)

    call.run(rounds=8, silent_rounds=4)

    assert not set(call.heard) & marks(flow, set(range(len(program))) - flow.reached)


def test_a_callout_in_a_loop_is_called_in_the_first_round_only():
    """So says SW005, and so it is."""
    verbs = [Say("round"), FunctionExt("look", "office", "look"), Gather([Say("again?")], after_ext=[DefaultExt()])]
    verbs[2] = replace(verbs[2], after_ext=[ResponseExt("1", "no", [Hangup()])])
    machine = Machine(compile(verbs), BASE)

    assert isinstance(machine.step(Request("1")), Callout)
    assert isinstance(machine.step(Returned([Say("seen")])), Document)
    assert isinstance(machine.step(Request("1")), Document)
