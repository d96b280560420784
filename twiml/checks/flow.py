"""A compiled flow as a graph: where a call goes from each state, with a key or without.

What a callout returns isn't known here. It is taken to go on to what follows, and to be able to
do anything else besides: it may speak, hang up, listen to a recording, or go to a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

from twiml.checks.graph import loops, reach
from twiml.element import spec
from twiml.outline import Place, Role, outline
from twiml.program import Program
from twiml.verbs import Gather, Hangup, Play, Say


class Flow:
    """What a check looks at. States are known by their index in the program.

    `quiet[n]` are the states a call goes to from state n if the caller does nothing, `keyed[n]`
    those that a key or a word leads to. `quits` are the states where a call may leave the flow
    by itself, ended or handed over; `quits_keyed` those where it leaves when something is keyed.

    >>> from twiml import Gather, ResponseExt, Say, compile
    >>> verbs = [Gather([Say("1 for news")], after_ext=[ResponseExt("1", body=[Say("none")])])]
    >>> flow = Flow(verbs, compile(verbs))
    >>> [state.rank for state in flow.program], flow.quiet[2], flow.keyed[2], flow.quits
    (['1', '1.1', '1.2', '1.3', '1.3.1', '1.3.2', '1.4'], (6,), (3, 6), {5})
    """

    def __init__(self, verbs: Sequence[Any], program: Program) -> None:
        self.program = program
        self.shape = program.shape
        self.places: Sequence[Place] = [each for each in outline(verbs) if each.role is not Role.LABEL]
        self.quits: set[int] = set()
        self.quits_keyed: set[int] = set()
        self.quiet: list[tuple[int, ...]] = []
        self.keyed: list[tuple[int, ...]] = []
        for at in range(len(program)):
            quiet, keyed = self._from(at)
            self.quiet.append(quiet)
            self.keyed.append(keyed)

    def _from(self, at: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where a call goes from a state: without a key, and with one."""
        place = self.places[at]
        if place.role is Role.OPEN:
            return (at + 1,), ()
        if place.role is Role.GOTO:
            target = self.program.find(self.program[at].transition)
            assert target is not None
            return (target,), ()
        transition = self.program[at].transition
        if transition == "gather":
            return self._asked(at)
        if transition == "exit":
            self.quits.add(at)
            return (), ()
        if transition == "wait" and self.hands_over(at):
            self.quits.add(at)
            return (self._on(at) if spec(place.element).again else ()), ()
        return self._on(at), ()

    def _asked(self, at: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where a call goes from the end of a Gather."""
        gather = self.shape.homes[at]
        branches = self.shape.branches.get(gather if gather is not None else at)
        if branches is None:
            self.quits_keyed.add(at)
            return self._on(at), ()
        return branches[-1:], branches

    def _on(self, at: int) -> tuple[int, ...]:
        following = self.shape.follows[at]
        if following is None:
            self.quits.add(at)
            return ()
        return (following,)

    # What a state is

    def hands_over(self, at: int) -> bool:
        """Whether what comes of this state goes to a URL that the flow names itself."""
        return getattr(self.places[at].element, "action", None) is not None

    def is_open(self, at: int, kind: type) -> bool:
        """Whether this state begins an element of this kind."""
        return self.places[at].role is Role.OPEN and isinstance(self.places[at].element, kind)

    def is_callout(self, at: int) -> bool:
        """Whether a function is called here. Inside Dial it names whom to dial, and can do no more."""
        return self.places[at].role is Role.CALLOUT and self.shape.homes[at] is None

    def is_hangup(self, at: int) -> bool:
        """Whether the call is hung up here, by the flow's own word or the compiler's."""
        return isinstance(self.places[at].element, Hangup)

    def speaks(self, at: int) -> bool:
        """Whether the caller hears something in this state alone."""
        return self.places[at].role is Role.LEAF and isinstance(self.places[at].element, (Say, Play))

    def is_mute(self, at: int) -> bool:
        """Whether a call passes this state without the caller hearing, being asked, or being connected."""
        if self.places[at].role in (Role.BRANCH, Role.GOTO):
            return True
        return self.places[at].role is Role.LEAF and self.program[at].transition == "next" and not self.speaks(at)

    def inside(self, at: int) -> range:
        """The states between the tags of an element."""
        return range(at + 1, self.shape.ends[at])

    # What is known of the whole

    @cached_property
    def edges(self) -> list[tuple[int, ...]]:
        """Where a call may go from each state, with a key or without."""
        return [quiet + keyed for quiet, keyed in zip(self.quiet, self.keyed, strict=True)]

    @cached_property
    def reached(self) -> set[int]:
        """The states a caller can get to. Where a callout is among them, so is what a label names."""
        reached = reach([0], self.edges)
        if any(map(self.is_callout, reached)):
            labelled = filter(None, map(self.program.find, self.program.labels.values()))
            reached = reach([0, *labelled], self.edges)
        return reached

    @cached_property
    def gathers(self) -> list[int]:
        """The Gathers that a caller can get to."""
        return [at for at in sorted(self.reached) if self.is_open(at, Gather)]

    @cached_property
    def loops(self) -> list[set[int]]:
        """The sets of states that calls can go round in."""
        return list(loops(sorted(self.reached), self.edges))

    @cached_property
    def quiet_loops(self) -> list[set[int]]:
        """The same for a caller who never does anything."""
        return list(loops(sorted(self.reached), self.quiet))

    def traps(self, loop: set[int], *, quiet: bool = False) -> bool:
        """Whether nothing leads out of a loop; with `quiet`, nothing but a key or a word."""
        edges = self.quiet if quiet else self.edges
        out = self.quits if quiet else self.quits | self.quits_keyed
        return not any(at in out or self.is_callout(at) or not loop.issuperset(edges[at]) for at in loop)
