"""Every error of a flow at once, each with the rank where it stands.

A sentence reads like a compiler's: `1.3.1 Say: language "klingon" is not one Twilio speaks`.
What an attribute may be stands in its declaration; here is only what no single attribute can
know: where an element may stand, what goes with what, and whether a goto has somewhere to go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from twiml import menu
from twiml.declare import Element, Extension, Verb, declared, is_declared, spec
from twiml.extensions import DefaultExt, GotoExt, LabelExt, RepeatExt, ResponseExt
from twiml.outline import Place, Role, outline
from twiml.rules import is_texts, spelled
from twiml.verbs import Gather, Redirect
from twiml.xml import encode

LONGEST = 64_000
"""Bytes of a document that we dare send; Twilio reads 64 kB (error 11750)."""
ROOM = 2_000
"""Bytes kept free of a document for the URLs and the redirect that the machine adds."""


def validate(verbs: Sequence[Any], *, extended: bool = True) -> list[str]:
    """Every error of a flow, in the caller's words; an empty list when there is none.

    A document that isn't a flow of ours, but answers one request and no more, is checked without
    `extended`: its Redirects may be relative, its Gathers may ask the same URL again.

    >>> from twiml import Say
    >>> validate([Say("nuqneH", language="klingon")])
    ['1 Say: language "klingon" is not one Twilio speaks']
    """
    if not isinstance(verbs, (list, tuple)):
        return [f"a flow is a list of verbs, not {_named(verbs)}"]
    return errors_of(list(outline(verbs)), extended=extended)


def is_valid(verbs: Sequence[Any]) -> bool:
    """Whether `validate` finds no error."""
    return not validate(verbs)


def errors_of(
    places: Sequence[Place],
    *,
    ranks: Collection[str] | None = None,
    labels: Collection[str] = (),
    beyond: Collection[str] = (),
    extended: bool = True,
) -> list[str]:
    """The errors of numbered places.

    `ranks` are those a goto may name, if not the places' own; `labels` stand elsewhere, as do the
    ranks `beyond` once these places are among them: what a callout returns may go to any state of
    its call. Without `extended` the rules that only a flow of ours needs are left out.
    """
    own = {place.rank: place.inside for place in places if place.role is not Role.LABEL}
    goals = {rank for rank, inside in own.items() if not inside} if ranks is None else ranks
    taken: set[str] = set()
    named = {*labels, *(place.element.name for place in places if _names(place.element))}
    found: list[tuple[Place, str]] = []
    for place in places:
        found += [(place, each) for each in _local(place, extended)]
        if _names(place.element):
            found += [(place, each) for each in _label(place, taken, own, beyond)]
            taken.add(place.element.name)
        if isinstance(place.element, GotoExt) and isinstance(place.element.target, str):
            found += [(place, each) for each in _nowhere(place.element, goals, named, own)]
    wrong = {place.rank for place, _ in found}
    for place in places:
        if place.own and place.home is None and _is_written(place.element) and not _holds(place.rank, wrong):
            found += [(place, each) for each in _too_long(place.element)]
    return list(dict.fromkeys(f"{place.rank} {_named(place.element)}: {problem}" for place, problem in found))


def _is_written(element: object) -> bool:
    return is_declared(element) and not isinstance(element, Extension)


def _holds(rank: str, others: Collection[str]) -> bool:
    """Whether any of the other ranks is this one or stands below it."""
    return any(f"{other}.".startswith(f"{rank}.") for other in others)


def _named(element: object) -> str:
    return spec(element).name if isinstance(element, Element) and is_declared(element) else type(element).__name__


def _local(place: Place, extended: bool) -> Iterator[str]:
    """What is wrong with a place by itself."""
    if place.role is Role.ABYSS:
        yield "too many menus within menus"
    elif place.role is Role.ODD:
        yield "is not a verb"
    elif place.own:
        element = place.element
        yield from _misplaced(place)
        yield from _content(element)
        yield from _attributes(element)
        if extended:
            yield from _posted(element)
            if type(element) in _CHECKS:
                yield from _CHECKS[type(element)](element)


def _misplaced(place: Place) -> Iterator[str]:
    element, home = place.element, place.home
    name = spec(element).name
    if home is None:
        if isinstance(element, (ResponseExt, DefaultExt, RepeatExt)):
            yield "can only stand in the after_ext of a Gather"
        elif not isinstance(element, Verb):
            yield f"is a noun: it stands inside {_holders(name)}"
        return
    slot = spec(home).branches if place.branch else spec(home).content
    if slot is not None and name not in slot.holds:
        inside = f"the {slot.python} of a {spec(home).name}" if place.branch else f"a {spec(home).name}"
        yield f"can't stand in {inside}, which holds {', '.join(slot.holds)}"


def _holders(name: str) -> str:
    return " or ".join(each.name for _, each in declared() if each.content and name in each.content.holds)


def _content(element: Element) -> Iterator[str]:
    held = spec(element).content
    if held is None:
        return
    value = getattr(element, held.python)
    if isinstance(value, tuple) and held.holds:
        if held.required and not value:
            yield f"{held.python} is empty"
    elif held.rule is None:
        yield f"{held.python} must be a list of verbs, not {_named(value)}"
    elif (problem := held.rule.problem(value)) is not None:
        yield f"{held.python} {_quoted(value)} {problem}"


def _posted(element: Element) -> Iterator[str]:
    ours = any(hook.attribute == "action" for hook in spec(element).hooks)
    if ours and _right(element, "method").upper() == "GET" and getattr(element, "action", None) is None:
        yield 'method "GET" needs an action of its own; what comes back to the flow comes by POST'


def _attributes(element: Element) -> Iterator[str]:
    for each in spec(element).attributes:
        value = getattr(element, each.python)
        if value is None:
            if each.required:
                yield f"{each.python} is missing"
        elif (problem := each.rule.problem(value)) is not None:
            yield f"{each.python} {_quoted(value)} {problem}"


def _right(element: Element, name: str) -> str:
    """An attribute as XML has it, or nothing while it isn't what it should be."""
    rule = next(each.rule for each in spec(element).attributes if each.python == name)
    value = getattr(element, name)
    return "" if value is None or rule.problem(value) else rule.xml(value)


def _quoted(value: object) -> str:
    plain = isinstance(value, (str, float)) or is_texts(value) or (isinstance(value, int) and abs(value) < 10**60)
    text = spelled(value) if plain else _named(value)
    shown = text if len(text) <= 60 else text[:57] + "..."
    return f'"{shown}"'.encode("utf-8", "backslashreplace").decode()


def _too_long(element: Element) -> Iterator[str]:
    if (size := len(encode([element]).encode("utf-8", "replace"))) > LONGEST - ROOM:
        yield f"makes {size} bytes of XML alone; Twilio reads at most 64 kB a document"


def _gather(gather: Gather) -> Iterator[str]:
    if not isinstance(gather.after_ext, tuple):
        yield f"after_ext must be a list of responses, not {_named(gather.after_ext)}"
        return
    if not gather.after_ext:
        if gather.action is None:
            yield "needs after_ext, or an action of its own"
        if menu.is_spoken(gather):
            yield "auto_menu_ext has no responses to make a menu of"
        return
    if gather.action is not None:
        yield "has an action of its own beside after_ext; leave one out"
    if _right(gather, "action_on_empty_result").lower() == "true":
        yield "action_on_empty_result can't be used with after_ext, where silence goes to the default"
    kinds = Counter(type(each) for each in gather.after_ext)
    if not kinds[ResponseExt] and not kinds[DefaultExt]:
        yield "after_ext needs at least one ResponseExt or DefaultExt"
    if kinds[DefaultExt] + kinds[RepeatExt] > 1:
        yield "after_ext has more than one answer to silence; keep one DefaultExt or RepeatExt"
    yield from _answers(gather, menu.responses(gather))


def _answers(gather: Gather, answers: Sequence[ResponseExt]) -> Iterator[str]:
    listens = "speech" in _right(gather, "input").lower().split()
    length, finish = _right(gather, "num_digits"), _right(gather, "finish_on_key")
    keyed_by = [(each.response if isinstance(each.response, str) else "", each) for each in answers]
    for keyed, count in Counter(keyed for keyed, _ in keyed_by if keyed).items():
        if count > 1:
            yield f'{count} responses answer to "{keyed}"'
    for keyed, each in keyed_by:
        if keyed and length and len(keyed) != int(length):
            yield f'response "{keyed}" is not as long as num_digits ({length})'
        if finish and finish in keyed:
            yield f'response "{keyed}" holds finish_on_key "{finish}", which ends the input'
        if each.speech and not listens:
            yield f'response "{keyed}" listens for speech; input must hold "speech"'
    if menu.is_spoken(gather):
        for titled in (*answers, menu.otherwise(gather)):
            if not isinstance(titled, RepeatExt) and not titled.title:
                yield f"auto_menu_ext needs a title for {_answer_named(titled)}"


def _answer_named(answer: ResponseExt | DefaultExt) -> str:
    return f'response "{answer.response}"' if isinstance(answer, ResponseExt) else "the default"


def _response(response: ResponseExt) -> Iterator[str]:
    if response.response == "" and not response.speech:
        yield "response is empty: name a key, or words in speech"


def _redirect(redirect: Redirect) -> Iterator[str]:
    if isinstance(redirect.url, str) and not redirect.url.strip().lower().startswith(("http://", "https://")):
        yield f'"{redirect.url}" is relative: within a flow use GotoExt, to leave it an absolute URL'


_CHECKS: dict[type[Element], Callable[[Any], Iterator[str]]] = {
    Gather: _gather,
    ResponseExt: _response,
    Redirect: _redirect,
}


def _nowhere(goto: GotoExt, goals: Collection[str], labels: Collection[str], own: Mapping[str, bool]) -> Iterator[str]:
    if goto.target in goals or goto.target in labels:
        return
    if own.get(goto.target):
        yield f'target "{goto.target}" is inside another verb; go to "{goto.target.rpartition(".")[0]}"'
    else:
        yield f'target "{goto.target}" is neither a rank nor a label of this flow'


def _names(element: object) -> bool:
    return isinstance(element, LabelExt) and isinstance(element.name, str)


def _label(place: Place, taken: Collection[str], own: Collection[str], beyond: Collection[str]) -> Iterator[str]:
    if place.element.name in taken:
        yield f'name "{place.element.name}" is taken by another label'
    if place.rank not in own and place.rank not in beyond:
        yield f'name "{place.element.name}" names nothing; put it before a verb'
