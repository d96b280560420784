"""What a callout returns takes its place.

The callout's state goes, the verbs it returned are compiled where it stood, and everything that
came after moves along, with the gotos and labels that point there. The shared program isn't
touched: the call gets one of its own.

A rank that a returned GotoExt names is read in the program as it was when the callout ran, the
one the picture shows; a label may be one of the program's or one that was returned with it, and
of two labels of one name the later counts. Where the callout is all there is, as it is for a
recipe that is a function, what it returns is the flow, and its ranks are its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from twiml import ranks
from twiml.compile import compile, labels_of, states_of
from twiml.constraints import CONSTRAINTS
from twiml.decode import decode_fragment
from twiml.errors import InvalidFlow
from twiml.extensions import FunctionExt, GotoExt
from twiml.outline import Place, Role, outline
from twiml.program import Program, State
from twiml.validate import errors_of
from twiml.verbs import Dial


class Spliced(NamedTuple):
    """A program with a callout replaced. `move` gives for a rank of the program before the rank of
    the same state now, `start` the index at which the flow goes on."""

    program: Program
    move: Callable[[str], str]
    start: int | None


def splice(program: Program, rank: str, verbs: Sequence[Any]) -> Spliced:
    """The program with the state at `rank` replaced by `verbs`; inside Dial these are nouns.

    Raises `InvalidFlow` if no callout stands there, or, naming its function, if what stands there afterwards would not
    be valid.

    >>> from twiml import FunctionExt, Pause, Say, compile
    >>> before = compile([FunctionExt(module="m", fn="f"), Say("bye")])
    >>> [state.rank + " " + state.payload for state in splice(before, "1", [Say("hi"), Pause()]).program]
    ['1 <Say>hi</Say>', '2 <Pause/>', '3 <Say>bye</Say>', '4 <Hangup/>']
    """
    index = program.find(rank)
    callout = None if index is None else program[index].payload
    if index is None or not isinstance(callout, FunctionExt):
        raise InvalidFlow([f"{rank}: there is no callout there"])
    try:
        return _spliced(program, index, verbs)
    except InvalidFlow as problem:
        what = f"{callout.module}:{callout.fn} returned what can't take its place"
        raise InvalidFlow([f"{what}: {each}" for each in problem.errors]) from None


def _spliced(program: Program, index: int, verbs: Sequence[Any]) -> Spliced:
    rank = program[index].rank
    if not isinstance(verbs, (list, tuple)):
        raise InvalidFlow([f"a callout returns a list of verbs, not {type(verbs).__name__}"])
    if _is_all_there_is(program):
        return Spliced(compile(verbs), lambda target: target, 0)
    places = _places(program, index, verbs)
    level = rank.count(".")
    by = sum(place.rank.count(".") == level and place.role is not Role.LABEL for place in places) - 1
    move = _mover(program, index, by)
    kept = {move(state.rank) for state in program if state.rank != rank}
    _refuse(places, program, kept)
    labels = {name: move(target) for name, target in program.labels.items()} | labels_of(places)
    states = [_moved(state, move) for state in program]
    states[index : index + 1] = states_of(places, lambda target: labels.get(target) or move(target))
    if (home := program.shape.homes[index]) is not None:
        _refuse_dial(program[home].rank, states)
    following = program.shape.follows[index]
    grown = len(states) - len(program)
    start = index if grown >= 0 else None if following is None else following + grown
    return Spliced(Program(states, labels), move, start)


def _places(program: Program, index: int, verbs: Sequence[Any]) -> list[Place]:
    parent, _, number = program[index].rank.rpartition(".")
    home = None if program.shape.homes[index] is None else Dial(())
    return list(outline(verbs, home=home, parent=parent, first=int(number), follows=True))


def _mover(program: Program, index: int, by: int) -> Callable[[str], str]:
    """Where a rank of the program stands afterwards. If nothing replaces the callout, whoever went
    there goes to what follows it."""
    rank = program[index].rank
    following = program.shape.follows[index]
    instead = rank if by >= 0 or following is None else ranks.moved(program[following].rank, rank, by)
    return lambda target: instead if target == rank else ranks.moved(target, rank, by)


def _refuse(places: Sequence[Place], program: Program, kept: set[str]) -> None:
    starts = {state.rank for state, home in zip(program, program.shape.homes, strict=True) if home is None}
    errors = errors_of(places, ranks=starts, labels=program.labels, beyond=kept)
    if errors:
        raise InvalidFlow(errors)


def _refuse_dial(rank: str, states: Sequence[State]) -> None:
    """A Dial must have somebody to dial once its callouts are done, and whom it may dial together."""
    inside = [state.payload for state in states if state.rank.rpartition(".")[0] == rank]
    nouns = [decode_fragment(each) if isinstance(each, str) else each for each in inside if not _closes(each)]
    dial = Dial(nouns)
    problems = list(CONSTRAINTS[Dial](dial)) if nouns else ["body is empty; the callout named nobody to dial"]
    if problems:
        raise InvalidFlow([f"{rank} Dial: {problem}" for problem in problems])


def _closes(payload: object) -> bool:
    return isinstance(payload, str) and payload.startswith("</")


def _is_all_there_is(program: Program) -> bool:
    """Whether a program is one callout, as that of a recipe function is: what it returns is then the flow itself."""
    lone = len(program) == 2 and not program.labels
    return lone and isinstance(program[0].payload, FunctionExt) and program[1].payload == "<Hangup/>"


def _moved(state: State, move: Callable[[str], str]) -> State:
    if isinstance(state.payload, GotoExt):
        target = move(state.transition)
        return State(move(state.rank), GotoExt(target), target)
    return State(move(state.rank), state.payload, state.transition)
