"""A flow numbered: every place in it, in order, with its rank.

The compiler makes a state of each place, validation says its sentences at their ranks. The
numbering is the seed's: a Gather numbers its body, the spoken menu, its end, then its branches
on from there; a Dial its nouns and its end; a flow that can end ends in a hang-up of its own.

Where something follows a Gather, its branches run on to it instead of hanging up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from twiml import menu, ranks
from twiml.element import Element, body_of, branches_of, is_declared, spec, text_of
from twiml.extensions import DefaultExt, FunctionExt, GotoExt, LabelExt, RepeatExt, ResponseExt
from twiml.nouns import Number
from twiml.verbs import Dial, Gather, Hangup, Say

DEEPEST = 60
"""How many bodies may nest. Nobody finds the way back from a menu that deep."""


class Role(Enum):
    """What stands at a place."""

    ODD = auto()
    """something that isn't an element at all"""
    LEAF = auto()
    OPEN = auto()
    CLOSE = auto()
    BRANCH = auto()
    CALLOUT = auto()
    GOTO = auto()
    LABEL = auto()
    """takes no rank; its place has the rank of the state that follows"""
    ABYSS = auto()
    """a body nested too deep to be looked into"""


@dataclass(frozen=True, slots=True)
class Place:
    """One place in a flow. `home` is the element around it, None in the flow itself."""

    rank: str
    role: Role
    element: Any
    home: Element | None = None
    branch: bool = False
    """Whether it is one of its home's branches, not part of its content."""
    own: bool = True
    """False for what the compiler adds: menus, ends, repeats, hang-ups."""

    @property
    def inside(self) -> bool:
        """Whether it stands between an element's tags, where no document can begin."""
        return self.role is Role.CLOSE or (self.home is not None and not self.branch)


def outline(
    verbs: Sequence[Any], *, home: Element | None = None, parent: str = "", first: int = 1, follows: bool = False
) -> Iterator[Place]:
    """Every place of a flow in the order of its ranks, numbered from `first` below `parent`.

    `home` is the element whose content these are. `follows` says that something comes after, so
    that no hang-up is added.
    """
    number = first
    labelled = False
    for index, element in enumerate(verbs):
        rank = ranks.child(parent, number)
        labelled = isinstance(element, LabelExt)
        if labelled:
            yield Place(rank, Role.LABEL, element, home)
            continue
        number += 1
        yield from _place(element, rank, home, follows=follows or index < len(verbs) - 1)
    if not follows and home is None and (labelled or not verbs or not _closes(verbs[-1])):
        yield Place(ranks.child(parent, number), Role.LEAF, Hangup(), home, own=False)


_EXTENSION_ROLES: dict[type, Role] = {
    FunctionExt: Role.CALLOUT,
    GotoExt: Role.GOTO,
    RepeatExt: Role.GOTO,
    ResponseExt: Role.BRANCH,
    DefaultExt: Role.BRANCH,
}


def _place(element: Any, rank: str, home: Element | None, *, follows: bool) -> Iterator[Place]:
    if not is_declared(element):
        yield Place(rank, Role.ODD, element, home)
    elif rank.count(".") > DEEPEST:
        yield Place(rank, Role.ABYSS, element, home)
    elif type(element) in _EXTENSION_ROLES:
        yield Place(rank, _EXTENSION_ROLES[type(element)], element, home)
        if isinstance(element, (ResponseExt, DefaultExt)):
            yield from outline(body_of(element), parent=rank, follows=follows)
    elif spec(element).opens:
        yield from _opened(element, rank, home, follows=follows)
    else:
        yield Place(rank, Role.LEAF, element, home)


def _opened(element: Element, rank: str, home: Element | None, *, follows: bool) -> Iterator[Place]:
    yield Place(rank, Role.OPEN, element, home)
    number = 1
    if isinstance(element, Dial) and (number_dialled := text_of(element)) is not None:
        yield Place(ranks.child(rank, number), Role.LEAF, Number(number_dialled), element, own=False)
        number += 1
    for place in outline(body_of(element), home=element, parent=rank):
        yield place
        number += place.rank.count(".") == rank.count(".") + 1 and place.role is not Role.LABEL
    if isinstance(element, Gather) and menu.is_spoken(element):
        yield Place(ranks.child(rank, number), Role.LEAF, Say(menu.sentence(element)), element, own=False)
        number += 1
    yield Place(ranks.child(rank, number), Role.CLOSE, element, home, own=False)
    if isinstance(element, Gather) and branches_of(element):
        yield from _branches(element, rank, number + 1, follows=follows)


def _branches(gather: Gather, rank: str, number: int, *, follows: bool) -> Iterator[Place]:
    answers = menu.responses(gather)
    otherwise = menu.otherwise(gather)
    told = {id(each) for each in branches_of(gather)}
    known = {id(each) for each in (*answers, otherwise)}
    strangers = [each for each in branches_of(gather) if id(each) not in known]
    for count, branch in enumerate([*answers, otherwise, *strangers], start=number):
        own = id(branch) in told
        role = _EXTENSION_ROLES.get(type(branch), Role.LEAF if is_declared(branch) else Role.ODD)
        place = Place(ranks.child(rank, count), role, branch, gather, branch=True, own=own)
        yield place
        if role is Role.BRANCH:
            yield from outline(body_of(branch), parent=place.rank, follows=follows)


def _closes(element: Any) -> bool:
    """Whether a flow that ends in this needs no hang-up after it."""
    if isinstance(element, (GotoExt, RepeatExt)):
        return True
    return is_declared(element) and (spec(element).flow == "exit" or bool(branches_of(element)))
