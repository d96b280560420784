"""Verbs as XML: the documents Twilio reads, and the fragments a compiled state is.

Extensions are dropped from a document that Twilio is to read. Asked for, they stand in a
namespace of ours, so that a whole flow is one XML document:

    <Gather numDigits="1" ext:autoMenu="true">
      <ext:Response response="1" title="sales"><Dial>+441314960123</Dial></ext:Response>
    </Gather>
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from lxml import etree

from twiml.element import Attribute, Element, Extension, spec
from twiml.errors import TwimlError
from twiml.extensions import PromptExt
from twiml.languages import spoken
from twiml.rules import EXTRA, spelled, unwritable

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACE = "urn:switchhook:extended-twiml"
_CLARK = f"{{{NAMESPACE}}}"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_SPECIAL = re.compile(r"[&<>\"\n\r\t]")


def escaped(text: str) -> str:
    """A text as it stands between tags."""
    if _SPECIAL.search(text) is None:
        return text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def quoted(text: str) -> str:
    """A text as it stands in an attribute, quotes included."""
    if _SPECIAL.search(text) is None:
        return f'"{text}"'
    held = escaped(text).replace('"', "&quot;").replace("\n", "&#10;").replace("\t", "&#9;")
    return f'"{held}"'


def encode(verbs: Iterable[Element], extensions: bool = False, language: str | None = None) -> str:
    """A document of these verbs; extensions are silently dropped unless asked for.

    A PromptExt is spoken in `language`. Raises `TwimlError` for what no document can hold: things
    that aren't verbs, and verbs nested too deep.

    >>> from twiml import Dial, Say
    >>> encode([Say("Me & you", language="en-GB"), Dial("+441314960123")]).removeprefix(DECLARATION)
    '<Response><Say language="en-GB">Me &amp; you</Say><Dial>+441314960123</Dial></Response>'
    """
    parts: list[str] = []
    write = Writer(parts, extensions=extensions, language=language)
    try:
        for each in verbs:
            write.element(each)
    except RecursionError:
        raise TwimlError("the verbs are nested too deep for a document") from None
    except TwimlError:
        raise
    except (AttributeError, IndexError, TypeError, ValueError) as wrong:
        raise TwimlError(f"what isn't valid can't be written: {wrong}; validate says what is wrong") from wrong
    inside = "".join(parts)
    if (problem := unwritable(inside)) is not None:
        raise TwimlError(f"a document {problem}")
    root = f'<Response xmlns:ext="{NAMESPACE}">' if extensions else "<Response>"
    return f"{DECLARATION}{root}{inside}</Response>" if inside else f"{DECLARATION}{root[:-1]}/>"


def document(inside: str) -> str:
    """A whole document around fragments."""
    return f"{DECLARATION}<Response>{inside}</Response>"


def opening(element: Element) -> str:
    """An element's opening tag with its own attributes, as a compiled state shows it.

    >>> from twiml import Gather
    >>> opening(Gather(num_digits=1, auto_menu_ext=True))
    '<Gather numDigits="1">'
    """
    kind: Any = type(element)
    tags = _tags(kind, False)
    return f"{_opened(tags, tags.values(element))}>"


def fragment(element: Element, language: str | None = None, otherwise: str | None = None) -> str:
    """An element as a state holds it: whole, with its texts in all their languages, or in one.

    >>> from twiml import Pause, Say
    >>> fragment(Say("yowza")), fragment(Pause(length=10)), fragment(Say(""))
    ('<Say>yowza</Say>', '<Pause length="10"/>', '<Say></Say>')
    """
    parts: list[str] = []
    Writer(parts, prompts=language is None, language=language, otherwise=otherwise).element(element)
    return "".join(parts)


class Fragment(NamedTuple):
    """A payload read back: the element's name, its attributes in order, its text."""

    name: str
    attributes: Mapping[str, str]
    text: str
    inside: tuple[Fragment, ...] = ()
    """The elements in it, where a payload is more than a tag."""

    @property
    def closing(self) -> bool:
        """Whether it is an end tag."""
        return self.name.startswith("/")


@lru_cache(maxsize=4096)
def read(payload: str) -> Fragment:
    """What a compiled state's payload says, be it an opening tag, an end tag or a whole element.

    >>> read('<Gather numDigits="1">').attributes["numDigits"], read("</Gather>").name
    ('1', '/Gather')
    """
    if payload.startswith("</"):
        return Fragment(payload[1:-1], {}, "")
    name = re.match(r"<([\w-]+)", payload)
    assert name is not None, payload
    whole = payload.endswith(("/>", f"</{name[1]}>"))
    return _fragment(etree.fromstring(payload if whole else f"{payload}</{name[1]}>", _PARSER))


def _fragment(element: Any) -> Fragment:
    name = f"ext:{element.tag[len(_CLARK) :]}" if element.tag.startswith(_CLARK) else element.tag
    attributes = {str(key): str(value) for key, value in element.attrib.items()}
    return Fragment(name, attributes, "".join(element.itertext()), tuple(map(_fragment, element)))


def _extra(extra: Mapping[str, str]) -> str:
    """Attributes passed on as they are. Raises `TwimlError` for what can't be one."""
    if (problem := EXTRA.problem(extra)) is not None:
        raise TwimlError(f"extra {problem}")
    return "".join(f" {name}={quoted(value)}" for name, value in extra.items())


@dataclass(frozen=True, slots=True)
class _Tags:
    """What writing an element of one class takes."""

    name: str
    ours: bool
    attributes: tuple[Callable[[object], str], ...]
    """What writes each that is to be written."""
    values: Callable[[Element], tuple[Any, ...]]
    """All their values at once, for most are None; then those of `extra` and of what the element holds."""
    holds: bool
    branches: str | None


@cache
def _tags(element: Any, extensions: bool) -> _Tags:
    """Raises `KeyError` for what isn't an element."""
    declared = spec(element)
    ours = issubclass(element, Extension)
    written = [each for each in declared.attributes if extensions or not each.extension]
    held = declared.content.python if declared.content else "extra"
    return _Tags(
        f"ext:{declared.tag}" if ours else declared.tag,
        ours,
        tuple(map(_writer, written)),
        attrgetter(*(each.python for each in written), "extra", held),
        declared.content is not None,
        declared.branches.python if declared.branches else None,
    )


def _writer(attribute: Attribute) -> Callable[[object], str]:
    """What writes one attribute. Of a text in several languages nothing is: it stands in elements."""
    name = f"ext:{attribute.xml.removesuffix('Ext')}" if attribute.extension else attribute.xml
    spell = attribute.rule.xml

    def written(value: object) -> str:
        if type(value) is str:
            return f" {name}={quoted(value)}"
        return "" if isinstance(value, PromptExt) else f" {name}={quoted(spell(value))}"

    return written


def _opened(tags: _Tags, values: Sequence[Any], namespace: str = "") -> str:
    """An opening tag but for its end."""
    said = f"<{tags.name}{namespace}"
    for write, value in zip(tags.attributes, values):  # noqa: B905 - the values go on with what are no attributes
        if value is not None:
            said += write(value)
    extra = values[-2]
    return said if extra is None else said + _extra(extra)


class Writer:
    """Writes elements into a list of texts.

    With `extensions` all that is ours is written, with `prompts` only the texts in several languages.
    """

    __slots__ = ("extensions", "language", "otherwise", "parts", "prompts")

    def __init__(
        self,
        parts: list[str],
        *,
        extensions: bool = False,
        prompts: bool = False,
        language: str | None = None,
        otherwise: str | None = None,
    ) -> None:
        self.parts = parts
        self.extensions = extensions
        self.prompts = prompts or extensions
        self.language = language
        self.otherwise = otherwise

    def element(self, element: Element) -> None:
        """An element with all it holds."""
        kind: Any = type(element)
        try:
            tags = _tags(kind, self.extensions)
        except KeyError:
            raise TwimlError(f"a document holds verbs, not {kind.__name__}") from None
        if tags.ours and not self.extensions:
            return
        values = tags.values(element)
        held = values[-1] if tags.holds else None
        if isinstance(held, PromptExt) and not self.prompts:
            values = tags.values(spoken(element, self.language, self.otherwise))
            held = values[-1]
        lone = isinstance(held, PromptExt) and not self.extensions
        opened = _opened(tags, values, f' xmlns:ext="{NAMESPACE}"' if lone else "")
        if isinstance(held, str):
            self.parts.append(f"{opened}>{escaped(held)}</{tags.name}>")
            return
        self.parts.append(f"{opened}>")
        begun = len(self.parts)
        for title in values[:-2] if tags.ours else ():
            if isinstance(title, PromptExt):
                self._prompt("ext:Title", title)
        self._held(held)
        if tags.branches is not None:
            for each in getattr(element, tags.branches):
                self.element(each)
        if len(self.parts) == begun:
            self.parts[-1] = f"{opened}/>"
        else:
            self.parts.append(f"</{tags.name}>")

    def _held(self, held: object) -> None:
        if isinstance(held, str):
            if held:
                self.parts.append(escaped(held))
        elif isinstance(held, PromptExt):
            self._prompt("ext:Prompt", held)
        elif isinstance(held, (tuple, list)):
            for each in held:
                if isinstance(each, str):
                    self.parts.append(escaped(each))
                else:
                    self.element(each)
        elif held is not None:
            self.parts.append(escaped(spelled(held)))

    def _prompt(self, tag: str, prompt: PromptExt) -> None:
        for language, text in prompt.texts.items():
            voice = (prompt.voices or {}).get(language)
            named = f" voice={quoted(voice)}" if voice is not None else ""
            self.parts.append(f"<{tag} language={quoted(language)}{named}>")
            self._held(text)
            self.parts.append(f"</{tag}>")
