"""A compiled flow: states in the order of their ranks, and what is known about each.

A `Program` is immutable and shared by every call of its recipe. What runs is what is drawn:
the machine, the pictures and the journal all read these states and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, overload

from twiml.element import Extension
from twiml.xml import Fragment, read


class State(NamedTuple):
    """One state: its rank, what it does, and where the flow goes from it.

    `payload` is a fragment of XML or an extension. `transition` is one of `next`, `into`, `exit`,
    `gather` and `wait`, or the rank a goto goes to.
    """

    rank: str
    payload: str | Extension
    transition: str

    def __repr__(self) -> str:
        return f"State({self.rank!r}, {self.payload!r}, {self.transition!r})"


TRANSITIONS = frozenset({"next", "into", "exit", "gather", "wait"})
"""Every transition there is but a goto's."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How states nest, by index. A Gather's and a Dial's first states stand between its tags up
    to the one that closes it; what a Gather numbers after that are its branches."""

    homes: tuple[int | None, ...]
    """For each state the Gather or Dial between whose tags it stands."""
    ends: Mapping[int, int]
    """For each Gather and Dial the state that closes it."""
    branches: Mapping[int, tuple[int, ...]]
    """For each Gather the states its branches begin with; the default or repeat is the last."""
    follows: tuple[int | None, ...]
    """For each state the one that comes after it: the next, but for the end of a branch, which
    goes on after its Gather. None where nothing does."""


class Program(Sequence[State]):
    """A compiled flow, read as a sequence of states and looked up by rank.

    >>> from twiml import Say, compile
    >>> list(compile([Say("yowza")]))
    [State('1', '<Say>yowza</Say>', 'next'), State('2', '<Hangup/>', 'exit')]
    """

    def __init__(self, states: Iterable[State], labels: Mapping[str, str] | None = None) -> None:
        self.states = tuple(states)
        self.labels: Mapping[str, str] = dict(labels or {})
        self._index = {state.rank: index for index, state in enumerate(self.states)}

    @overload
    def __getitem__(self, index: int) -> State: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[State]: ...
    def __getitem__(self, index: int | slice) -> State | Sequence[State]:
        return self.states[index]

    def __len__(self) -> int:
        return len(self.states)

    def __iter__(self) -> Iterator[State]:
        return iter(self.states)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Program) and (self.states, self.labels) == (other.states, other.labels)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Program({list(self.states)!r})"

    @cached_property
    def _hash(self) -> int:
        return hash(self.states)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """The languages that any of its texts has, in their order; none if it speaks as it is written."""
        said = (read(each.payload) for each in self.states if isinstance(each.payload, str) and "<ext:" in each.payload)
        return tuple(dict.fromkeys(language for each in said for language in _languages(each)))

    def find(self, rank: str) -> int | None:
        """The index of the state with this rank, or None."""
        return self._index.get(rank)

    @cached_property
    def shape(self) -> Shape:
        """How the states nest, worked out once."""
        parents = [self._index.get(state.rank.rpartition(".")[0]) for state in self.states]
        homes: list[int | None] = []
        ends: dict[int, int] = {}
        branches: dict[int, list[int]] = {}
        branch_of: list[int | None] = []
        for index, (state, parent) in enumerate(zip(self.states, parents, strict=True)):
            tagged = parent is not None and isinstance(self.states[parent].payload, str)
            between = tagged and parent not in ends
            homes.append(parent if between else None)
            branch_of.append(parent if tagged and not between else None)
            if parent is not None and between and str(state.payload).startswith("</"):
                ends[parent] = index
            if parent is not None and tagged and not between:
                branches.setdefault(parent, []).append(index)
        beyond = self._beyond(parents)
        follows = tuple(self._after(index, branch_of, beyond) for index in range(len(self.states)))
        return Shape(tuple(homes), ends, {gather: tuple(each) for gather, each in branches.items()}, follows)

    def _beyond(self, parents: Sequence[int | None]) -> list[int]:
        """For each state the index just past all that it holds."""
        beyond = list(range(1, len(self.states) + 1))
        for index in reversed(range(len(self.states))):
            parent = parents[index]
            if parent is not None:
                beyond[parent] = max(beyond[parent], beyond[index])
        return beyond

    def _after(self, index: int, branch_of: Sequence[int | None], beyond: Sequence[int]) -> int | None:
        following = index + 1
        while following < len(self.states) and (gather := branch_of[following]) is not None:
            following = beyond[gather]
        return following if following < len(self.states) else None


def _languages(said: Fragment) -> Iterator[str]:
    """The languages of the texts in an element, and in all that it holds."""
    for part in said.inside:
        if part.name == "ext:Prompt":
            yield part.attributes.get("language", "")
        yield from _languages(part)
