"""Every error of a flow at once, each with the rank where it stands.

A sentence reads like a compiler's: `1.3.1 Say: language "klingon" is not one Twilio speaks`.
What an attribute may be stands in its declaration, what goes with what in `constraints`; here is
what only the whole flow knows: where an element may stand, what answers a menu, and whether a goto
has somewhere to go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from twiml import menu
from twiml.constraints import CONSTRAINTS, DEEPEST_NOUNS, held, shared_phrases
from twiml.element import Document, Element, Extension, Verb, body_of, declared, is_declared, spec
from twiml.extensions import DefaultExt, GotoExt, LabelExt, PromptExt, RepeatExt, ResponseExt, stranger_of
from twiml.languages import prompts_of, spoken
from twiml.messaging import Message
from twiml.outline import Place, Role, outline
from twiml.rules import EXTRA, LONGEST_NAME, is_texts, shortened, spelled
from twiml.verbs import Gather, Play, Redirect, Reject, Say
from twiml.xml import encode

LONGEST = 64_000
"""Bytes of a document that we dare send; Twilio reads 64 kB (error 11750)."""
MOST_COMPARED = 100
"""Labels beyond which none is looked for that a goto may have meant: each is compared with each."""
TRANSLATED = (Say, Play)
"""What may hold a text in several languages."""
ROOM = 2_000
"""Bytes kept free of a document for the URLs and the redirect that the machine adds."""


def validate(verbs: Sequence[Any], *, extended: bool = True, document: Document = "voice") -> list[str]:
    """Every error of a flow, in the caller's words; an empty list when there is none.

    A document that isn't a flow of ours, but answers one request and no more, is checked without
    `extended`: its Redirects may be relative, its Gathers may ask the same URL again. The answer to a
    message is known by its Messages; where there may be none, `document` says that it is one.

    >>> from twiml import Say
    >>> validate([Say("nuqneH", language="klingon")])
    ['1 Say: language "klingon" is not one Twilio speaks']
    """
    if not isinstance(verbs, (list, tuple)):
        return [f"a flow is a list of verbs, not {_named(verbs)}"]
    if document == "messaging" or any(isinstance(each, Message) for each in verbs):
        return _answer_to_a_message(verbs)
    return errors_of(list(outline(verbs)), extended=extended)


def _answer_to_a_message(verbs: Sequence[Any]) -> list[str]:
    found = []
    for number, each in enumerate(verbs, start=1):
        fits = isinstance(each, (Message, Redirect)) and is_declared(each)
        errors = _element(each) if fits else ["can't stand in the answer to a message, which holds Message, Redirect"]
        found += [f"{number} {_named(each)}: {problem}" for problem in errors]
    if not found and (size := len(encode(verbs).encode())) > LONGEST:
        found.append(f"an answer of {size} bytes; Twilio reads at most 64 kB")
    return found


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
    found += [(place, each) for place, each in _late(places)]
    wrong = {above for place, _ in found for above in _above(place.rank)}
    for place in places:
        if place.own and place.home is None and _is_written(place.element) and place.rank not in wrong:
            found += [(place, each) for each in _too_long(place.element)]
    return list(dict.fromkeys(f"{place.rank} {_named(place.element)}: {problem}" for place, problem in found))


def _is_written(element: object) -> bool:
    return is_declared(element) and not isinstance(element, Extension)


def _above(rank: str) -> Iterator[str]:
    """A rank, and those of all that it stands in."""
    parts = rank.split(".")
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))


def _named(element: object) -> str:
    return spec(element).name if isinstance(element, Element) and is_declared(element) else type(element).__name__


def _local(place: Place, extended: bool) -> Iterator[str]:
    """What is wrong with a place by itself."""
    if place.role is Role.ABYSS:
        yield "too many menus within menus"
    elif place.role is Role.ODD:
        yield "is not a verb"
    elif place.own:
        if not extended and isinstance(place.element, Extension):
            yield "needs a machine to step through it; the answer to one request has none"
            return
        yield from _misplaced(place)
        yield from _element(place.element)
        if isinstance(place.element, Gather) and not isinstance(place.element.after_ext, tuple):
            yield f"after_ext must be a list of responses, not {_named(place.element.after_ext)}"
        if extended:
            yield from _posted(place.element)
            if type(place.element) in FLOW_CONSTRAINTS:
                yield from FLOW_CONSTRAINTS[type(place.element)](place.element)


def _element(element: Element, depth: int = 0) -> Iterator[str]:
    """What is wrong with an element and, where these are no places of their own, with what it holds."""
    yield from _content(element)
    yield from _attributes(element)
    yield from CONSTRAINTS.get(type(element), lambda _: iter(()))(element)
    declared = spec(element)
    if declared.opens or isinstance(element, Extension) or declared.content is None:
        return
    for each in body_of(element):
        if isinstance(each, str):
            if not declared.content.mixed:
                yield f'holds the text "{shortened(each)}" beside its {" and ".join(declared.content.holds)}'
            elif (problem := declared.content.rule and declared.content.rule.problem(each)) is not None:
                yield f"{declared.content.python} {_quoted(each)} {problem}"
        elif not is_declared(each):
            yield f"holds {_named(each)}, which is not an element"
        elif spec(each).name not in declared.content.holds:
            yield f"can't hold a {_named(each)}; it holds {', '.join(declared.content.holds) or 'nothing'}"
        elif depth > DEEPEST_NOUNS:
            yield "holds too many elements within elements"
            return
        else:
            yield from (f"{_named(each)}: {problem}" for problem in _element(each, depth + 1))


def _misplaced(place: Place) -> Iterator[str]:
    element, home = place.element, place.home
    name = spec(element).name
    if home is None:
        if isinstance(element, (ResponseExt, DefaultExt, RepeatExt)):
            yield "can only stand in the after_ext of a Gather"
        elif isinstance(element, PromptExt):
            yield "is a text: it stands in a Say, a Play or a title"
        elif not isinstance(element, Verb):
            yield f"is a noun: it stands inside {_holders(name)}"
        elif isinstance(element, Message):
            yield "answers a message; it can't stand in a call"
        return
    slot = spec(home).branches if place.branch else spec(home).content
    if slot is not None and name not in slot.holds:
        inside = f"the {slot.python} of a {spec(home).name}" if place.branch else f"a {spec(home).name}"
        yield f"can't stand in {inside}, which holds {', '.join(slot.holds)}"


def _holders(name: str) -> str:
    return " or ".join(each.name for _, each in declared() if each.content and name in each.content.holds)


def _content(element: Element) -> Iterator[str]:
    content = spec(element).content
    if content is None:
        return
    value = getattr(element, content.python)
    if isinstance(value, PromptExt) and isinstance(element, TRANSLATED):
        yield from _translations(value, element)
    elif isinstance(value, tuple) and content.holds:
        if content.required and not value:
            yield f"{content.python} is empty"
    elif content.rule is None:
        yield f"{content.python} must be a list of verbs, not {_named(value)}"
    elif (value is None and not content.required) or _is_nested(value):
        return
    elif (problem := content.rule.problem(value)) is not None:
        hint = "; in several languages it is a PromptExt" if isinstance(value, Mapping) else ""
        yield f"{content.python} {_quoted(value)} {problem}{hint}"


def _is_nested(value: object) -> bool:
    """Whether elements stand where a text belongs: of these is told one by one."""
    return isinstance(value, tuple) and any(map(is_declared, value))


def _translations(prompt: PromptExt, element: Any) -> Iterator[str]:
    """What is wrong with a text in several languages: it is what would be wrong with each of them."""
    wrong = list(_attributes(prompt))
    yield from wrong
    if wrong:
        return
    if (stranger := stranger_of(prompt)) is not None:
        yield f'voices has "{stranger}", which no text is in'
    if isinstance(element, Say) and element.language is not None:
        yield "language is that of each text; leave it out beside a PromptExt"
    for language in prompt.texts:
        one = spoken(element if isinstance(element, Play) else replace(element, language=None), language)
        yield from (f'in "{language}": {problem}' for problem in _element(one))


def _posted(element: Element) -> Iterator[str]:
    """Whether what comes back to the flow, or is told to its functions, is asked for in a way that isn't taken."""
    declared = spec(element)
    names = {each.xml: each.python for each in declared.attributes if getattr(element, each.python) is not None}
    for hook in declared.hooks:
        method = names.get("method" if hook.attribute == "action" else f"{hook.attribute}Method")
        if hook.attribute in names or method is None or held(element, method).upper() != "GET":
            continue
        if hook.when({xml: held(element, python) for xml, python in names.items()}):
            url = "an action" if hook.attribute == "action" else f"a {method.removesuffix('_method')}"
            yield f'{method} "GET" needs {url} of its own; what comes back to the flow comes by POST'


def _attributes(element: Element) -> Iterator[str]:
    for each in spec(element).attributes:
        value = getattr(element, each.python)
        if value is None:
            if each.required:
                yield f"{each.python} is missing"
        elif (problem := each.rule.problem(value)) is not None:
            shown = "" if isinstance(value, (PromptExt, Mapping)) else f" {_quoted(value)}"
            yield f"{each.python}{shown} {problem}"
    extra = element.extra  # type: ignore[attr-defined]  # every verb and noun has it
    if extra is None:
        return
    if isinstance(element, Extension):
        yield "extra is for what Twilio reads; an extension has none"
    elif (problem := EXTRA.problem(extra)) is not None:
        yield f"extra {problem}"
    else:
        known = {each.xml: each.python for each in spec(element).attributes}
        yield from (f'extra holds "{each}", which is known: it is {known[each]}' for each in extra if each in known)


def _quoted(value: object) -> str:
    plain = isinstance(value, (str, float)) or is_texts(value) or (isinstance(value, int) and abs(value) < 10**60)
    return f'"{shortened(spelled(value) if plain else _named(value))}"'


def _late(places: Sequence[Place]) -> Iterator[tuple[Place, str]]:
    """A Reject where the call is answered already: after a verb that runs on to it, or within a menu."""
    before: dict[str, Place] = {}
    for place in places:
        parent = place.rank.rpartition(".")[0]
        rejects = isinstance(place.element, Reject) and place.own
        if rejects and (parent or _answers_the_call(before.get(parent))):
            yield place, "comes when the call is answered, and works as the first verb alone; use Hangup"
        if place.role is not Role.LABEL:
            before[parent] = place


def _answers_the_call(place: Place | None) -> bool:
    """Whether a place is a verb that answers the call, and then runs on to the next."""
    if place is None or not _is_written(place.element):
        return False
    return spec(place.element).flow != "exit"


def _too_long(element: Element) -> Iterator[str]:
    written: list[Element] = [element]
    if isinstance(element, Gather) and menu.is_spoken(element):
        written.append(Say(menu.sentence(element)))
    languages: Collection[str | None] = {language for each in prompts_of(written) for language in each.texts}
    size = max(len(encode(written, language=each).encode()) for each in languages or [None])
    if size > LONGEST - ROOM:
        yield f"makes {size} bytes of XML alone; Twilio reads at most 64 kB a document"


def _gather(gather: Gather) -> Iterator[str]:
    if not isinstance(gather.after_ext, tuple):
        return
    if not gather.after_ext:
        if gather.action is None:
            yield "needs after_ext, or an action of its own"
        if menu.is_spoken(gather):
            yield "auto_menu_ext has no responses to make a menu of"
        return
    if gather.action is not None:
        yield "has an action of its own beside after_ext; leave one out"
    if held(gather, "action_on_empty_result").lower() == "true":
        yield "action_on_empty_result can't be used with after_ext, where silence goes to the default"
    kinds = Counter(type(each) for each in gather.after_ext)
    if not kinds[ResponseExt] and not kinds[DefaultExt]:
        yield "after_ext needs at least one ResponseExt or DefaultExt"
    if kinds[DefaultExt] + kinds[RepeatExt] > 1:
        yield "after_ext has more than one answer to silence; keep one DefaultExt or RepeatExt"
    yield from _answers(gather, menu.responses(gather))


def _answers(gather: Gather, answers: Sequence[ResponseExt]) -> Iterator[str]:
    listens = "speech" in held(gather, "input").lower().split()
    length, finish = held(gather, "num_digits"), held(gather, "finish_on_key")
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
    yield from (f'more than one response listens for "{phrase}"' for phrase in shared_phrases(answers))
    yield from _spoken(gather, answers)


def _spoken(gather: Gather, answers: Sequence[ResponseExt]) -> Iterator[str]:
    if menu.is_spoken(gather):
        for titled in (*answers, menu.otherwise(gather)):
            if not isinstance(titled, RepeatExt) and not titled.title:
                yield f"auto_menu_ext needs a title for {_answer_named(titled)}"
        for language in menu.unspoken(menu.languages(gather)):
            yield f'auto_menu_ext has no words in "{language}"; say the menu in the body'


def _answer_named(answer: ResponseExt | DefaultExt) -> str:
    return f'response "{answer.response}"' if isinstance(answer, ResponseExt) else "the default"


def _response(response: ResponseExt) -> Iterator[str]:
    if response.response == "" and not response.speech:
        yield "response is empty: name a key, or words in speech"


def _redirect(redirect: Redirect) -> Iterator[str]:
    if isinstance(redirect.url, str) and not redirect.url.strip().lower().startswith(("http://", "https://")):
        yield f'"{shortened(redirect.url)}" is relative: within a flow use GotoExt, to leave it an absolute URL'


FLOW_CONSTRAINTS: dict[type[Element], Callable[[Any], Iterator[str]]] = {
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
        close = get_close_matches(goto.target[:LONGEST_NAME], labels, n=1) if len(labels) <= MOST_COMPARED else []
        hint = f'; did you mean "{close[0]}"?' if close else ""
        yield f'target "{shortened(goto.target)}" is neither a rank nor a label of this flow{hint}'


def _names(element: object) -> bool:
    return isinstance(element, LabelExt) and isinstance(element.name, str)


def _label(place: Place, taken: Collection[str], own: Collection[str], beyond: Collection[str]) -> Iterator[str]:
    if place.element.name in taken:
        yield f'name "{place.element.name}" is taken by another label'
    if place.rank not in own and place.rank not in beyond:
        yield f'name "{place.element.name}" names nothing; put it before a verb'
