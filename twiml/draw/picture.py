"""The one model of a picture, from which every renderer draws."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from twiml.draw.words import words
from twiml.program import Program


@dataclass(slots=True)
class Node:
    """A state in the picture: what it is, what of it, what it holds, whether the call is here."""

    rank: str
    what: str
    of_it: str
    current: bool = False
    children: list[Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The state in one line, one space between words: as plain text has no lines within lines."""
        return " ".join(f"{self.rank} - {self.what} {self.of_it}".split())

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Node]]:
        """This state and all it holds, each with its depth."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


def picture(program: Program, current: str | None = None) -> list[Node]:
    """The picture of a program, as a list of trees; `current` is the rank of the state to mark."""
    nodes: dict[str, Node] = {}
    top: list[Node] = []
    for state in program:
        what, of_it = words(state)
        node = nodes[state.rank] = Node(state.rank, what, of_it, state.rank == current)
        home = nodes.get(state.rank.rpartition(".")[0])
        (home.children if home is not None else top).append(node)
    return top
