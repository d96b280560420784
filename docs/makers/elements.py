"""The reference of the language: a page for each family of elements, made of the declarations.

A family is a module of the language. What a page says of an element is its docstring and its `Spec`; of an attribute
its name in Python and in XML, the words of its rule, what Twilio does without it, and whether it is retired.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import fields
from textwrap import dedent
from typing import NamedTuple

from docs.makers.examples import as_python, as_xml, example
from twiml import Element, Extension, FunctionExt, GotoExt, LabelExt, Verb
from twiml.element import ANY, Attribute, Hook, Spec, declared
from twiml.rules import FLAG, Rule
from twiml.verbs import RING_TONES


class Family(NamedTuple):
    """A page: the module its elements are declared in, its file, its title, what stands on top."""

    module: str
    file: str
    title: str
    about: str


FAMILIES = (
    Family(
        "twiml.verbs",
        "verbs",
        "Verbs",
        "What Twilio does in a call. Verbs stand directly in a flow, and in the bodies of responses and defaults.",
    ),
    Family(
        "twiml.extensions",
        "extensions",
        "Extensions",
        "What Extended TwiML adds. Twilio never sees an extension: the compiler turns them into states. Their XML "
        "stands in a namespace of ours: `twiml.encode(flow, extensions=True)` writes it, `twiml.decode` reads it back.",
    ),
    Family("twiml.nouns", "nouns", "Nouns", "What verbs act upon: what Dial reaches, and what goes along."),
    Family(
        "twiml.ssml",
        "ssml",
        "Speech marks",
        "What stands inside Say: the marks of SSML that Twilio understands. A Say that has them holds a list. The "
        "basic voices, man and woman, ignore them; the engines of Polly and Google differ in what they heed.",
    ),
    Family(
        "twiml.sessions",
        "sessions",
        "Sessions",
        "What Connect, Start and Stop hold: media streams, conversations with machines, transcriptions, recordings. "
        "Connect hands the call to one of them until it is done; Start lets one run beside the call.",
    ),
    Family(
        "twiml.payment",
        "payment",
        "Payment",
        "A payment taken by phone. Twilio hears the digits; the application never does.",
    ),
    Family(
        "twiml.messaging",
        "messaging",
        "Messaging",
        "The answer to a text message: any number of messages, or a Redirect. It is encoded, decoded and validated as "
        "a call's document is, but it makes no machine: it answers one request.",
    ),
)
"""The pages, in the order of the table of contents."""

FLOWS = {
    "next": "The flow goes on with what comes next.",
    "gather": "The flow asks the caller here: what is keyed or said decides where it goes on.",
    "wait": "The document ends here. The flow goes on with the next state when Twilio asks for it.",
    "exit": "The flow ends here.",
}
"""What each kind of verb does to the flow, in words."""

LISTS: dict[tuple[str, str], Sequence[str]] = {("Dial", "ring_tone"): RING_TONES}
"""Attributes that take one of a few dozen names, which have no page of their own."""
VOICES_PAGE = {"voice": "voices.md", "language": "voices.md#languages", "xml_lang": "voices.md#languages-within-a-text"}
"""Where the names are listed that attributes of these names take."""


def pages() -> Iterator[tuple[str, str]]:
    """Each page's file, from the documentation's folder, and its text."""
    for family in FAMILIES:
        yield f"language/{family.file}.md", _page(family)


def contents() -> str:
    """The page of the whole language: what families there are, and what is in each."""
    said = []
    for family in FAMILIES:
        links = ", ".join(f"[{found.name}](language/{_link(found)})" for _, found in _members(family))
        said.append(f"## [{family.title}](language/{family.file}.md)\n\n{family.about}\n\n{links}.")
    return "\n\n".join(said)


def _members(family: Family) -> list[tuple[type[Element], Spec]]:
    """The elements of a family: verbs first, then what stands in them."""
    there = [each for each in declared() if each[0].__module__ == family.module]
    return sorted(there, key=lambda each: not issubclass(each[0], Verb))


def _page(family: Family) -> str:
    said = [f"# {family.title}", family.about]
    said += [_section(element, found) for element, found in _members(family)]
    return "\n\n".join(said) + "\n"


def _section(element: type[Element], found: Spec) -> str:
    said = [f"## {found.name}"]
    if found.retired is not None:
        said.append(f"**Retired:** {found.retired}.")
    said += [_docstring(element), "\n".join(f"- {each}" for each in _facts(element, found))]
    if found.attributes:
        said.append(_table(found))
    flow = example(found.name)
    shown = as_python(flow[0]) if len(flow) == 1 else as_python(list(flow))
    said += [f"```python\n{shown}\n```", f"```xml\n{as_xml(flow)}\n```"]
    return "\n\n".join(said)


def _docstring(element: type[Element]) -> str:
    """A docstring as Markdown: what is run by doctest stands in a block of its own."""
    first, _, rest = (element.__doc__ or "").strip().partition("\n")
    parts = re.split(r"\n\s*\n", f"{first}\n{dedent(rest)}".strip())
    return "\n\n".join(f"```python\n{part}\n\n```" if part.startswith(">>>") else part for part in parts)


def _facts(element: type[Element], found: Spec) -> Iterator[str]:
    """What is known of an element besides its attributes."""
    prefix = "ext:" if issubclass(element, Extension) else ""
    yield f"In XML: `<{prefix}{found.tag}>`."
    if held := _held(element, found):
        yield f"Holds {held}."
    if found.branches is not None:
        yield f"Lists what happens after it, in `{found.branches.python}`: {_names(found.branches.holds)}."
    yield f"Stands in {_stands_in(element, found)}."
    if issubclass(element, Verb) and not issubclass(element, Extension) and found.document == "voice":
        yield FLOWS[found.flow] + (
            " A Redirect to that state follows in the document, for a caller who says nothing." if found.again else ""
        )
    for hook in found.hooks:
        yield _hook(hook, found)


def _held(element: type[Element], found: Spec) -> str:
    """What stands between an element's tags, in words."""
    content = found.content
    if content is None:
        return ""
    kinds = []
    if content.rule is not None:
        words = content.rule.words
        kinds.append(words if words.startswith(("a ", "an ", "JSON")) else f"a {words}")
    if content.holds:
        kinds.append(f"a list of {'texts and ' if content.mixed else ''}{_names(content.holds)}")
    if "PromptExt" in str(element.__annotations__.get(content.python)):
        kinds.append("a [PromptExt](extensions.md#promptext)")
    return f"`{content.python}`: " + ", or ".join(kinds) + ("" if content.required else "; it may be left out")


def _names(holds: Sequence[str]) -> str:
    by_name = {found.name: found for _, found in declared()}
    return ", ".join("verbs" if name == ANY else f"[{name}]({_link(by_name[name])})" for name in holds)


def _link(found: Spec) -> str:
    element = next(element for element, each in declared() if each is found)
    family = next(each for each in FAMILIES if each.module == element.__module__)
    return f"{family.file}.md#{found.name.lower()}"


def _stands_in(element: type[Element], found: Spec) -> str:
    """Where an element may stand: in a flow, or in what holds it by name."""
    named = [(each, slot) for _, each in declared() for slot in (each.content, each.branches) if slot is not None]
    homes = [f"[{each.name}]({_link(each)})" for each, slot in named if found.name in slot.holds]
    if found.document == "messaging" and issubclass(element, Verb):
        return "the answer to a message"
    texts = [
        f"[{each.name}]({_link(each)})'s `{one.name}`"
        for home, each in declared()
        for one in fields(home)  # type: ignore[arg-type]  # all elements are dataclasses
        if re.search(rf"\b{found.name}\b", str(one.type))
    ]
    in_flow = issubclass(element, Verb) and (
        not issubclass(element, Extension) or element in (FunctionExt, GotoExt, LabelExt)
    )
    return ", ".join([*(["a flow"] if in_flow else []), *homes, *texts])


def _hook(hook: Hook, found: Spec) -> str:
    """Which URL of ours the machine writes into an element, and when."""
    attribute = next(each.python for each in found.attributes if each.xml == hook.attribute)
    where = "the state that goes on" if hook.path is None else f"`/{hook.path}`"
    condition = (hook.when.__doc__ or "").strip().removesuffix(".")
    _, asks, what = condition.partition("Whether an element's ")
    asked = f", where {what}" if asks else ""
    return f"`{attribute}` is written by the machine if the flow names none{asked}: the URL of {where}."


def _table(found: Spec) -> str:
    rows = ["| in Python | in XML | what it may be | without it |", "|---|---|---|---|"]
    for each in found.attributes:
        xml = f"ext:{each.xml.removesuffix('Ext')}" if each.extension else each.xml
        rows.append(f"| `{each.python}` | `{xml}` | {_may_be(found, each)} | {_without(each)} |")
    return "\n".join(rows)


def _may_be(found: Spec, attribute: Attribute) -> str:
    words = in_words(attribute.rule)
    if re.fullmatch(r"one of \d+ names", words):
        names = LISTS.get((found.name, attribute.python))
        listed = ", ".join(f"`{name}`" for name in names) if names is not None else ""
        words = f"one of {listed}" if listed else f"[{words}]({VOICES_PAGE[attribute.python]})"
    retired = f" **Retired:** {attribute.retired}." if attribute.retired is not None else ""
    ours = " Ours: Twilio never sees it." if attribute.extension else ""
    return f"{words}.{ours}{retired}".replace("|", "\\|") if retired or ours else words.replace("|", "\\|")


def in_words(rule: Rule) -> str:
    """What a rule says a value may be, names set as code.

    >>> from twiml.rules import METHOD, some_of, whole
    >>> in_words(METHOD), in_words(some_of("a", "b")), in_words(whole(1)), in_words(FLAG)
    ('`GET` or `POST`', 'some of `a`, `b`', 'a whole number of at least 1', '`True` or `False`')
    """
    if rule is FLAG:
        return "`True` or `False`"
    several = rule.words.startswith("some of ")
    names = rule.words.removeprefix("some of ").split(", ")
    if not (several or rule.problem("\0") == f"is not one of {rule.words}"):
        return rule.words
    shown = [{"true": "`True`", "false": "`False`"}.get(name, f"`{name}`") for name in names]
    if several:
        return f"some of {', '.join(shown)}"
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} or {shown[-1]}"


def _without(attribute: Attribute) -> str:
    if attribute.required:
        return "needed"
    if attribute.default is None:
        return ""
    said = {"true": "True", "false": "False"}.get(attribute.default, attribute.default)
    in_prose = " " in said and said.split()[0] not in attribute.rule.words
    return said if in_prose else f"`{said}`"
