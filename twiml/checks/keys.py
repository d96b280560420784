"""Checks of menus: which answers can be given, and which can be kept in mind."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import cast

from twiml import menu
from twiml.checks.flow import Flow
from twiml.element import body_of
from twiml.extensions import FunctionExt, ResponseExt
from twiml.rules import spelled
from twiml.verbs import Gather

MOST_KEYS = 7
"""Answers that people keep in mind while they listen: Miller's seven. A menu of four is kinder still."""


def menus(flow: Flow) -> Iterator[tuple[int, Gather, list[ResponseExt]]]:
    """The Gathers a caller can get to, with their answers in the order of keys."""
    for at in flow.gathers:
        gather = cast("Gather", flow.places[at].element)
        yield at, gather, menu.responses(gather)


def listens(gather: Gather, to: str) -> bool:
    """Whether a Gather listens to keys ("dtmf") or to words ("speech").

    >>> listens(Gather(), "dtmf"), listens(Gather(input="dtmf speech"), "speech"), listens(Gather(), "speech")
    (True, True, False)
    """
    return to in spelled(gather.input if gather.input is not None else "dtmf").lower().split()


def too_many(flow: Flow) -> Iterator[tuple[int, str]]:
    """Menus with more keys than people remember. Longer codes that aren't read out are known from elsewhere."""
    for at, gather, answers in menus(flow):
        offered = [each for each in answers if menu.is_spoken(gather) or len(each.response) == 1]
        if len(offered) > MOST_KEYS:
            yield at, f"offers {len(offered)} answers; people keep {MOST_KEYS} in mind"


def dead_keys(flow: Flow) -> Iterator[tuple[int, str]]:
    """Responses to keys where the Gather listens to words alone."""
    for at, gather, answers in menus(flow):
        if not listens(gather, "dtmf"):
            for branch, each in zip(flow.shape.branches.get(at, ()), answers, strict=False):
                if each.response:
                    yield branch, f'"{each.response}" can never be keyed: the Gather listens to speech alone'


def dead_words(flow: Flow) -> Iterator[tuple[int, str]]:
    """Phrases that are no words, or that an earlier response has too."""
    for at, _, answers in menus(flow):
        branches = flow.shape.branches.get(at, ())
        heard: dict[str, list[tuple[int, ResponseExt]]] = {}
        for number, each in enumerate(answers):
            for phrase in dict.fromkeys(each.speech or ()):
                alone = ResponseExt("", speech=[phrase])
                rivals = heard.setdefault(_letters(phrase), [])
                best = menu.chosen([*(rival for _, rival in rivals), alone], "", phrase)
                if best is None:
                    yield branches[number], f'"{phrase}" holds no words that can be said'
                elif best == len(rivals):
                    rivals.append((number, alone))
                elif (winner := rivals[best][0]) != number:
                    rank = flow.program[branches[winner]].rank
                    yield branches[number], f'"{phrase}" is always taken by the response at {rank}'


def _letters(phrase: str) -> str:
    """The same for all phrases that are the same words, and rarely for others."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", phrase).casefold())
    return "".join(each for each in folded if each.isalnum())


def begin_alike(flow: Flow) -> Iterator[tuple[int, str]]:
    """Keys that are the beginning of others: whoever keys them waits, whoever is slow gets the wrong one."""
    for at, gather, answers in menus(flow):
        keys = _keys(gather, answers)
        alike = [(short, long) for short, long in pairwise(sorted(keys)) if long.startswith(short)]
        if alike:
            short, long = alike[0]
            yield at, f'"{short}" is how "{long}" begins: who keys the one waits, who is slow with the other is misread'


def waits_for_more(flow: Flow) -> Iterator[tuple[int, str]]:
    """Answers of one length, and a Gather that isn't told so; unless a function may look at other keys."""
    for at, gather, answers in menus(flow):
        lengths = {len(each) for each in _keys(gather, answers)}
        takes_more = any(isinstance(each, FunctionExt) for each in body_of(menu.otherwise(gather)))
        if len(lengths) == 1 and not takes_more:
            yield at, f"waits for more keys after every answer; num_digits={lengths.pop()} spares the wait"


def _keys(gather: Gather, answers: Sequence[ResponseExt]) -> list[str]:
    """The keys of a Gather that isn't told how many to take."""
    if gather.num_digits is not None or not listens(gather, "dtmf"):
        return []
    return [each.response for each in answers if each.response]
