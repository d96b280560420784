"""From verbs to states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal, overload

from twiml import menu
from twiml.draw import RENDERERS, draw
from twiml.element import spec
from twiml.errors import InvalidFlow, TwimlError
from twiml.extensions import DefaultExt, GotoExt, RepeatExt, ResponseExt
from twiml.messaging import Message
from twiml.outline import Place, Role, outline
from twiml.program import Program, State
from twiml.validate import validate
from twiml.verbs import Gather
from twiml.xml import fragment, opening


@overload
def compile(verbs: Sequence[Any], target: Literal["fsm"] = "fsm") -> Program: ...
@overload
def compile(verbs: Sequence[Any], target: Literal["ascii", "html", "svg", "mermaid", "dot"]) -> str: ...
@overload
def compile(verbs: Sequence[Any], target: str) -> Program | str: ...
def compile(verbs: Sequence[Any], target: str = "fsm") -> Program | str:
    """A flow's program (`"fsm"`), or a picture of it: `"ascii"`, `"html"`, `"svg"`, `"mermaid"` or `"dot"`.

    Raises `InvalidFlow` with every error if the flow isn't valid, `TwimlError` for a target that
    isn't one of these.

    >>> from twiml import Say
    >>> print(compile([Say("yowza")], "ascii"))
    1 - SAY "yowza"
    2 - HANGUP
    """
    if target != "fsm" and target not in RENDERERS:
        raise TwimlError(f'there is no target "{target}"; there are fsm, {", ".join(RENDERERS)}')
    if errors := validate(verbs):
        raise InvalidFlow(errors)
    if any(isinstance(each, Message) for each in verbs):
        raise InvalidFlow(["1 Message: answers a message; there is no machine in it"])
    places = list(outline(verbs))
    labels = labels_of(places)
    program = Program(states_of(places, lambda name: labels.get(name, name)), labels)
    return program if target == "fsm" else draw(program, target)


def labels_of(places: Sequence[Place]) -> dict[str, str]:
    """Each label's name with the rank of the state that it names."""
    return {place.element.name: place.rank for place in places if place.role is Role.LABEL}


def states_of(places: Sequence[Place], rank_of: Callable[[str], str]) -> Iterator[State]:
    """A state for each place that has a rank; `rank_of` gives the rank that a goto's target means."""
    for place in places:
        if place.role is Role.GOTO:
            yield _goto(place, rank_of)
        elif place.role is not Role.LABEL:
            yield _STATES[place.role](place)


def _leaf(place: Place) -> State:
    return State(place.rank, fragment(place.element), spec(place.element).flow)


def _open(place: Place) -> State:
    element = place.element
    if isinstance(element, Gather):
        element = replace(element, finish_on_key=menu.finish_on_key(element))
    return State(place.rank, opening(element), "into")


def _close(place: Place) -> State:
    declared = spec(place.element)
    return State(place.rank, f"</{declared.name}>", declared.flow)


def _branch(place: Place) -> State:
    branch: ResponseExt | DefaultExt = replace(place.element, body=())
    return State(place.rank, branch, "into" if isinstance(branch, ResponseExt) else "next")


def _callout(place: Place) -> State:
    return State(place.rank, place.element, "next")


def _goto(place: Place, rank_of: Callable[[str], str]) -> State:
    repeats = isinstance(place.element, RepeatExt)
    target = place.rank.rpartition(".")[0] if repeats else rank_of(place.element.target)
    return State(place.rank, GotoExt(target), target)


_STATES: dict[Role, Callable[[Place], State]] = {
    Role.LEAF: _leaf,
    Role.OPEN: _open,
    Role.CLOSE: _close,
    Role.BRANCH: _branch,
    Role.CALLOUT: _callout,
}
