"""How each state of a program is written into a document, worked out once per program.

The machine only joins texts: of an element that needs URLs of ours the plan has split the tag
where they go, so that writing it is `before + base + path + ?step=n + after`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from weakref import WeakKeyDictionary

from twiml.decode import decode_fragment
from twiml.element import spec_of_tag
from twiml.extensions import DefaultExt, FunctionExt, GotoExt, ResponseExt
from twiml.languages import nearest
from twiml.program import TRANSITIONS, Program
from twiml.xml import fragment, quoted, read

Kind = Literal["text", "open", "gather", "wait", "exit", "goto", "callout", "branch"]

BASE, STEP = "\x01", "\x02"
"""What stands for the recipe's URL and for the step in a document; no XML can hold these characters."""

URL_ROOM = 200
"""Bytes allowed for each URL that the machine writes, when a document's length is estimated."""


@dataclass(frozen=True, slots=True)
class Step:
    """What the machine does at one state."""

    kind: Kind
    text: str
    """What is written, up to the first URL if there is one."""
    urls: tuple[tuple[str, str], ...]
    """Each URL's path below the recipe, with the text that follows it."""
    redirect: str | None
    """The rank that a Redirect after it goes to: a goto's target, or on from a Record."""
    weight: int
    """Bytes of the whole element, nested ones and URLs included."""


@dataclass(frozen=True, slots=True)
class Written:
    """A whole document as it stands before a machine's own base and step are put into its URLs."""

    xml: str
    state: str
    ends: bool
    gathers: tuple[str, ...]


class Plan:
    """The steps of a program, where its states lead, and the documents that were written already.

    A document that meets no callout depends on nothing but the state it begins at, so it is
    written once for all calls.
    """

    __slots__ = ("deferred", "shape", "steps", "written")

    def __init__(self, program: Program) -> None:
        self.shape = program.shape
        self.written: dict[int, Written] = {}
        self.steps = tuple(_step(program, index) for index in range(len(program)))
        self.deferred = frozenset(
            branches[-1] for branches in self.shape.branches.values() if self._defers(branches[-1])
        )

    def _defers(self, branch: int) -> bool:
        """Whether a default branch meets a callout or a goto in the document it would stand in.

        Such a branch is reached by a Redirect instead: a callout runs only when a caller gets there.
        """
        at: int | None = branch
        while at is not None and self.steps[at].kind not in ("gather", "wait", "exit"):
            if self.steps[at].kind in ("callout", "goto"):
                return True
            at = at + 1 if self.steps[at].kind == "open" else self.shape.follows[at]
        return False


_PLANS: WeakKeyDictionary[Program, dict[str | None, Plan]] = WeakKeyDictionary()


def plan_of(program: Program, language: str | None = None) -> Plan:
    """The plan of a program in a caller's language, made when it is first asked for."""
    plans = _PLANS.get(program)
    if plans is None:
        plans = _PLANS[program] = {}
    chosen = nearest(language, program.languages) if program.languages else None
    plan = plans.get(chosen)
    if plan is None:
        plan = plans[chosen] = Plan(program if chosen is None else in_language(program, chosen))
    return plan


def in_language(program: Program, language: str) -> Program:
    """A program as callers of one language hear it, state by state the same.

    Its texts are the ones in that language, and a Gather that listens for speech listens for the
    language that it asks in, or where its body names none for the caller's.
    """
    first = program.languages[0]
    said = [
        _translated(state.payload, language, first)
        if isinstance(state.payload, str) and "<ext:" in state.payload
        else state.payload
        for state in program
    ]
    for gather, end in program.shape.ends.items():
        payload = str(said[gather])
        asked = read(payload).attributes
        if payload.startswith("<Gather") and "speech" in asked.get("input", "").lower() and "language" not in asked:
            spoken = (read(str(said[at])).attributes.get("language") for at in range(gather + 1, end))
            listens = next(filter(None, spoken), language)
            said[gather] = f"{payload[:-1]} language={quoted(listens)}>"
    states = (state._replace(payload=payload) for state, payload in zip(program, said, strict=True))
    return Program(states, program.labels)


@lru_cache(maxsize=4096)
def _translated(payload: str, language: str, first: str) -> str:
    """A payload in one language; `first` is the flow's own, for texts that have none that is near."""
    return fragment(decode_fragment(payload), language, first)


def _step(program: Program, index: int) -> Step:
    _, payload, transition = program[index]
    if isinstance(payload, FunctionExt):
        return Step("callout", "", (), None, 0)
    if isinstance(payload, (ResponseExt, DefaultExt)):
        return Step("branch", "", (), None, 0)
    if isinstance(payload, GotoExt) or transition not in TRANSITIONS:
        return Step("goto", "", (), transition, URL_ROOM)
    assert isinstance(payload, str), payload
    kind: Kind = "open" if transition == "into" else "text" if transition == "next" else transition  # type: ignore[assignment]  # what is left are kinds of the same name
    text, urls, on = _split(program, index, payload)
    again = kind == "wait" and not payload.startswith("</") and spec_of_tag(read(payload).name).again
    return Step(kind, text, urls, on if again else None, _weight(program, index))


def _split(program: Program, index: int, payload: str) -> tuple[str, tuple[tuple[str, str], ...], str]:
    """The payload cut where URLs of ours go, and the rank that goes on from it."""
    on = _goes_on(program, index)
    found = read(payload)
    if found.closing:
        return payload, (), on
    wanted = [
        hook
        for hook in spec_of_tag(found.name).hooks
        if hook.attribute not in found.attributes and hook.when(found.attributes)
    ]
    if not wanted:
        return payload, (), on
    cut = len(f"<{found.name}")
    rest = payload[cut:]
    urls = [hook.path or on for hook in wanted]
    afters = [f'" {hook.attribute}="' for hook in wanted[1:]] + [f'"{rest}']
    return f'{payload[:cut]} {wanted[0].attribute}="', tuple(zip(urls, afters, strict=True)), on


def _goes_on(program: Program, index: int) -> str:
    """The rank that Twilio is to ask for when the element at `index` is done."""
    shape = program.shape
    end = shape.ends.get(index, index)
    if program[end].transition == "gather":
        return program[index].rank
    following = shape.follows[end]
    return program[following].rank if following is not None else program[index].rank


def _weight(program: Program, index: int) -> int:
    """Bytes of the state at `index` and, of a Gather or Dial, of all between its tags."""
    end = program.shape.ends.get(index, index)
    inside = [at for at in range(index, end + 1) if isinstance(program[at].payload, str)]
    texts = sum(len(str(program[at].payload).encode("utf-8", "replace")) for at in inside)
    return texts + URL_ROOM * sum(len(_split(program, at, str(program[at].payload))[1]) for at in inside)
