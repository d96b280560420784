"""The one model of a picture, from which every renderer draws: the states as trees, and the edges between them.

The edges are those of the plan that the machine runs: where it writes a URL of ours into an
element, an edge goes to the state which that URL names; where the flow hands the caller to a URL
of its own, none does, for there the picture ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

from twiml.draw.words import answer, words
from twiml.extensions import ResponseExt
from twiml.plan import Kind, Plan, plan_of
from twiml.program import Program
from twiml.xml import read

EdgeKind = Literal["next", "into", "answer", "silence", "wait", "goto"]
"""How a call comes from a state to another: it runs on, goes inside, by what the caller keyed or
said, by their silence, by the request that ends a wait, by a jump."""


class Edge(NamedTuple):
    """A way from one state to another, by their ranks, and what it is taken for."""

    source: str
    target: str
    label: str
    kind: EdgeKind


@dataclass(slots=True)
class Node:
    """A state in the picture: what it is, what of it, what it holds, whether the call is here."""

    rank: str
    what: str
    of_it: str
    current: bool = False
    children: list[Node] = field(default_factory=list)
    kind: Kind = "text"
    held: bool = False
    """Whether it stands between the tags of the state around it, as what a Gather says."""

    @property
    def text(self) -> str:
        """The state in one line, one space between words: as plain text has no lines within lines."""
        return " ".join(f"{self.rank} - {self.what} {self.of_it}".split())

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Node]]:
        """This state and all it holds, each with its depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


@dataclass
class Picture:
    """A program to be drawn: its states as a list of trees, its edges, what it is called."""

    top: list[Node]
    edges: list[Edge]
    title: str = "Call flow"

    def walk(self) -> Iterator[tuple[int, Node]]:
        """Every state with its depth, in the order of the ranks."""
        for each in self.top:
            yield from each.walk()

    @cached_property
    def jumps(self) -> Mapping[str, str]:
        """Where each goto goes, by its rank."""
        return {edge.source: edge.target for edge in self.edges if edge.kind == "goto"}

    @property
    def current(self) -> str | None:
        """The rank of the state that is marked, if one is."""
        return next((node.rank for _, node in self.walk() if node.current), None)


def picture(program: Program, current: str | None = None, title: str = "Call flow") -> Picture:
    """The picture of a program; `current` is the rank of the state to mark.

    >>> from twiml import Dial, compile
    >>> for edge in picture(compile([Dial("+441314960123")])).edges:
    ...     print(*edge)
    1 1.1  into
    1.1 1.2  next
    1.2 2 after the call wait
    """
    plan = plan_of(program)
    nodes: dict[str, Node] = {}
    top: list[Node] = []
    for index, state in enumerate(program):
        what, of_it = words(state)
        held = plan.shape.homes[index] is not None
        node = Node(state.rank, what, of_it, state.rank == current, [], plan.steps[index].kind, held)
        nodes[state.rank] = node
        home = nodes.get(state.rank.rpartition(".")[0])
        (home.children if home is not None else top).append(node)
    return Picture(top, list(dict.fromkeys(_edges(program, plan))), title)


def _edges(program: Program, plan: Plan) -> Iterator[Edge]:
    """What the machine may do next at each state, in the order of the ranks."""
    for index, (rank, _, _) in enumerate(program):
        step = plan.steps[index]
        following = plan.shape.follows[index]
        if step.kind == "open":
            yield Edge(rank, program[index + 1].rank, "", "into")
        elif step.kind == "gather":
            yield from _asked(program, plan, index)
        elif step.kind == "wait":
            yield from _waited(program, plan, index)
        elif step.kind == "goto" and step.redirect is not None:
            yield from _edge(program, plan, rank, step.redirect, "goto", "goto")
        elif step.kind in ("text", "callout", "branch") and following is not None:
            into = step.kind == "branch" and program[following].rank.startswith(f"{rank}.")
            yield Edge(rank, program[following].rank, "", "into" if into else "next")


def _asked(program: Program, plan: Plan, end: int) -> Iterator[Edge]:
    """From the end of a Gather: a branch for each answer, and what comes of silence."""
    rank, home = program[end].rank, plan.shape.homes[end]
    gather = end if home is None else home
    branches = plan.shape.branches.get(gather, ())
    for branch in branches[:-1]:
        payload = program[branch].payload
        said = answer(payload) if isinstance(payload, ResponseExt) else ""
        yield Edge(rank, program[branch].rank, said, "answer")
    silent = branches[-1] if branches else plan.shape.follows[end]
    if silent is not None:
        label = "nothing" if not branches else "anything else" if len(branches) > 1 else "anything"
        yield Edge(rank, program[silent].rank, label, "silence")
    if not branches:
        for path, _ in plan.steps[gather].urls:
            yield from _edge(program, plan, rank, path, "anything", "answer")


def _waited(program: Program, plan: Plan, end: int) -> Iterator[Edge]:
    """From a wait: on to the state that Twilio asks for when it is over, by the URL written for it."""
    rank, home = program[end].rank, plan.shape.homes[end]
    opened = end if home is None else home
    label = "after the call" if read(str(program[opened].payload)).name == "Dial" else "done"
    asked = [path for path, _ in plan.steps[opened].urls if program.find(path) is not None]
    for path in asked:
        yield from _edge(program, plan, rank, path, label, "wait")
    if plan.steps[end].redirect not in (None, *asked):
        yield from _edge(program, plan, rank, str(plan.steps[end].redirect), "nothing", "silence")


def _edge(program: Program, plan: Plan, source: str, target: str, label: str, kind: EdgeKind) -> Iterator[Edge]:
    """An edge to where a request for a rank begins: inside a Gather or Dial that is its opening tag."""
    at = program.find(target)
    if at is not None:
        home = plan.shape.homes[at]
        yield Edge(source, program[at if home is None else home].rank, label, kind)
