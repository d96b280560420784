"""From XML to verbs: documents of Twilio's, and flows of ours with their extensions.

The input is never trusted. It is read as a stream, by expat, so that nothing is built of what is
too large, nested too deep or declares entities; nothing is ever fetched. Every error has the line
and the column where it stands, and all are told at once, but for what stops the reading itself.

What the elements may be stands in their declarations. Where an element may stand, and what its
attributes may be, is for `validate` to say: here only what XML has no way of becoming a verb is
an error.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn
from xml.parsers import expat

from twiml.element import Attribute, Element, Extension, Spec, Table, declared, element_of_tag, spec
from twiml.errors import DecodeError, UnknownAttribute, UnknownElement
from twiml.extensions import PromptExt
from twiml.rules import did_you_mean, shortened
from twiml.verbs import Say
from twiml.xml import NAMESPACE

LARGEST_XML = 1_000_000
"""Bytes of XML that are read. A document for Twilio has 64 kB at most, a flow may be longer."""
DEEPEST_XML = 200
"""Elements within elements that are read."""
MOST_ERRORS = 100
"""Errors after which reading stops."""
MOST_WARNINGS = 100
"""Warnings after which what is left out is left out in silence."""

_XML_NAMESPACE = "http://www.w3.org/XML/1998/namespace"
_PROMPTS = {"Prompt", "Title"}
"""What a text in several languages is written in: the text of its element, and its title."""


def decode(xml: str | bytes, *, strict: bool = False) -> list[Any]:
    """The verbs of a document; what `encode(verbs, extensions=True)` wrote comes back equal.

    Attributes that the language doesn't know are kept in `extra`, elements that it doesn't know are
    left out, as Twilio leaves them out; each with a warning. With `strict` both are errors. Raises
    `DecodeError`, with line and column, and nothing else, whatever the input.

    >>> decode("<Response><Say language='en-GB'>Hello</Say><Pause length='2'/></Response>")
    [Say('Hello', language='en-GB'), Pause(length=2)]
    """
    reader = _Reader(strict=strict, whole=True)
    verbs = reader.read(xml)
    for sentence, category in reader.warned:
        warnings.warn(sentence, category, stacklevel=2)
    return verbs


def decode_fragment(xml: str) -> Any:
    """The one element of a compiled state's payload."""
    return _Reader(strict=False, whole=False).read(xml)[0]


@dataclass(slots=True)
class _Frame:
    """An element that has been opened. `element` is its class, None for the root."""

    name: str
    line: int
    column: int
    element: Any = None
    prompt: bool = False
    given: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    items: list[Any] = field(default_factory=list)
    branches: list[Any] = field(default_factory=list)
    prompts: dict[str, list[Any]] = field(default_factory=dict)
    """For the text and for the title what is said in each language, as a Say of its own."""

    @property
    def spec(self) -> Spec | None:
        return spec(self.element) if self.element is not None else None


class _Stop(Exception):
    """Reading goes no further; the errors say why."""


class _Reader:
    """Reads one document. `whole` ones have a Response around their verbs."""

    def __init__(self, *, strict: bool, whole: bool) -> None:
        self.strict = strict
        self.whole = whole
        self.errors: list[str] = []
        self.warned: list[tuple[str, type[Warning]]] = []
        self.texts: set[int] = set()
        """The elements, by their depth, whose text was complained of since their last tag."""
        self.verbs: list[Any] = []
        self.stack: list[_Frame] = []
        self.skipping = 0
        """How deep we are in an element that is left out."""

    def read(self, xml: str | bytes) -> list[Any]:
        """The verbs of a document."""
        if not isinstance(xml, (str, bytes)):
            raise DecodeError([f"line 1, column 1: XML is text or bytes, not {type(xml).__name__}"])
        if len(xml) > LARGEST_XML:
            raise DecodeError([f"line 1, column 1: more than {LARGEST_XML:,} bytes of XML; a flow is shorter"])
        self.parser = expat.ParserCreate("utf-8" if isinstance(xml, str) else None, namespace_separator=" ")
        self.parser.StartElementHandler = self._open
        self.parser.EndElementHandler = self._close
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        try:
            self.parser.Parse(xml.encode() if isinstance(xml, str) else xml, True)
        except _Stop:
            pass
        except UnicodeEncodeError as problem:
            self.errors.append(f"{_place_in(xml, problem.start)}: a character that no document can hold")
        except expat.ExpatError as problem:
            said = expat.ErrorString(problem.code)
            self.errors.append(f"line {problem.lineno}, column {problem.offset + 1}: is not XML: {said}")
        except (LookupError, ValueError) as problem:
            self.errors.append(f"line 1, column 1: its encoding can't be read: {problem}")
        if self.errors:
            raise DecodeError(self.errors)
        return self.verbs

    def _wrong(self, sentence: str, frame: _Frame | None = None) -> None:
        line = frame.line if frame is not None else self.parser.CurrentLineNumber
        column = frame.column if frame is not None else self.parser.CurrentColumnNumber + 1
        self.errors.append(f"line {line}, column {column}: {sentence}")
        if len(self.errors) >= MOST_ERRORS:
            raise _Stop

    def _stop(self, sentence: str) -> NoReturn:
        self._wrong(sentence)
        raise _Stop

    def _doctype(self, *_: object) -> None:
        self._stop("has a DOCTYPE; TwiML has none, and entities are never read")

    # The three things a stream of XML is made of.

    def _open(self, full_name: str, attributes: dict[str, str]) -> None:
        if self.skipping:
            self.skipping += 1
            return
        if len(self.stack) >= DEEPEST_XML:
            self._stop(f"more than {DEEPEST_XML} elements within each other")
        self.texts.discard(len(self.stack))
        namespace, _, name = full_name.rpartition(" ")
        frame = _Frame(name, self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1)
        if self.whole and not self.stack:
            self._root(namespace, name, attributes)
            self.stack.append(frame)
            return
        home = self.stack[-1].spec if self.stack else None
        extension = namespace == NAMESPACE
        if extension and name in _PROMPTS and home is not None:
            frame.element, frame.prompt = Say, True
        elif extension or not namespace:
            frame.element = element_of_tag(name, inside=home, extension=extension)
        if frame.element is None:
            self._unknown(f"ext:{name}" if extension else f"{namespace}:{name}".lstrip(":"), frame)
            self.skipping = 1
            return
        self._attributes(frame, attributes)
        self.stack.append(frame)

    def _text(self, text: str) -> None:
        if self.skipping or not self.stack:
            return
        frame = self.stack[-1]
        content = frame.spec.content if frame.spec is not None else None
        if content is not None and content.rule is not None:
            frame.items.append(text)
        elif text.strip() and len(self.stack) not in self.texts:
            self.texts.add(len(self.stack))
            blanks = len(text) - len(text.lstrip())
            place = _Frame("", self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1 + blanks)
            self._loose(f"{frame.name}: takes no text between its tags", place)

    def _close(self, _: str) -> None:
        if self.skipping:
            self.skipping -= 1
            return
        self.texts.discard(len(self.stack))
        frame = self.stack.pop()
        if frame.element is None:
            return
        made = self._made(frame)
        home = self.stack[-1] if self.stack else None
        if home is None or home.element is None:
            self.verbs.append(made)
        elif frame.prompt:
            self._said(home, frame, made)
        elif isinstance(made, Extension) and spec(home.element).branches is not None:
            home.branches.append(made)
        elif spec(home.element).content is not None:
            home.items.append(made)
        else:
            self._loose(f"{home.name}: holds no {frame.name}", frame)

    # What these mean.

    def _root(self, namespace: str, name: str, attributes: dict[str, str]) -> None:
        if namespace or name != "Response":
            self._stop(f"the document is a {shortened(name)}; TwiML stands in a Response")
        for each in attributes:
            self._loose(f"Response: has no attribute {shortened(each)}")

    def _loose(self, sentence: str, frame: _Frame | None = None) -> None:
        """What Twilio passes over with a warning, and so do we, unless asked to be strict."""
        if self.strict:
            self._wrong(sentence, frame)
        else:
            self._warn(f"{sentence}; left out", UnknownElement)

    def _warn(self, sentence: str, category: type[Warning]) -> None:
        if len(self.warned) < MOST_WARNINGS:
            self.warned.append((f"line {self.parser.CurrentLineNumber}: {sentence}", category))

    def _unknown(self, name: str, frame: _Frame) -> None:
        hint = did_you_mean(name, _tags()) if self.strict or len(self.warned) < MOST_WARNINGS else ""
        self._loose(f"there is no element {shortened(name)}{hint}", frame)

    def _attributes(self, frame: _Frame, attributes: dict[str, str]) -> None:
        assert frame.element is not None
        known = _attributes_of(frame.element)
        for full_name, value in attributes.items():
            name = _prefixed(full_name)
            if (attribute := known.get(name)) is not None:
                frame.given[attribute.python] = attribute.rule.parse(value)
            elif ":" in name.removeprefix("xml:") and not name.startswith("ext:"):
                self._loose(f"{frame.name}: has no attribute {shortened(name)}", frame)
            elif self.strict or issubclass(frame.element, Extension) or frame.prompt or name.startswith("ext:"):
                self._wrong(f"{frame.name}: has no attribute {shortened(name)}{did_you_mean(name, known)}", frame)
            else:
                frame.extra[name] = value
                said = f"{frame.name}: {shortened(name)} is not an attribute known here; it is kept as it is"
                self._warn(said, UnknownAttribute)

    def _made(self, frame: _Frame) -> Any:
        assert frame.element is not None
        declared = spec(frame.element)
        given = frame.given
        if frame.extra:
            given["extra"] = Table(frame.extra)
        if declared.branches is not None and frame.branches:
            given[declared.branches.python] = frame.branches
        if declared.content is not None:
            held = self._held(frame, declared)
            if held is not None:
                given[declared.content.python] = held
        elif frame.prompts.get("Prompt"):
            self._wrong(f"{frame.name}: holds no text, so none in several languages", frame)
        if frame.prompts.get("Title"):
            if "title" in _attributes_of(frame.element):
                given["title"] = _prompt(frame.prompts["Title"])
            else:
                self._wrong(f"{frame.name}: has no title", frame)
        return frame.element(**given)

    def _held(self, frame: _Frame, declared: Spec) -> Any:
        """What stands between the tags: a text, elements, or texts and elements."""
        content = declared.content
        assert content is not None
        if content.rule is None:
            return frame.items
        items = frame.items
        if not content.mixed and any(isinstance(item, Element) for item in items):
            items = [item for item in items if not isinstance(item, str) or item.strip()]
        if frame.prompts.get("Prompt"):
            if any(not isinstance(item, str) or item.strip() for item in items):
                self._wrong(f"{frame.name}: a text stands beside those in several languages", frame)
            return _prompt(frame.prompts["Prompt"])
        if all(isinstance(item, str) for item in items):
            text = "".join(items)
            if text or content.mixed or not content.holds:
                return text if text or content.required else None
            return () if content.required else None
        return items

    def _said(self, home: _Frame, frame: _Frame, say: Say) -> None:
        if say.language is None:
            self._wrong(f"ext:{frame.name}: language is missing", frame)
            return
        said = home.prompts.setdefault(frame.name, [])
        if any(each.language == say.language for each in said):
            self._wrong(f'ext:{frame.name}: language "{say.language}" has two texts', frame)
        said.append(say)


def _prompt(said: Iterable[Say]) -> PromptExt:
    said = list(said)
    voices = {str(each.language): each.voice for each in said if each.voice is not None}
    texts: dict[str, Any] = {str(each.language): each.text for each in said}
    return PromptExt(texts, voices=voices or None)


def _prefixed(full_name: str) -> str:
    """An attribute's name as it was written, whatever prefix the document chose."""
    namespace, _, name = full_name.rpartition(" ")
    return {NAMESPACE: f"ext:{name}", _XML_NAMESPACE: f"xml:{name}", "": name}.get(namespace, f"{namespace}:{name}")


@cache
def _attributes_of(element: Any) -> dict[str, Attribute]:
    """An element's attributes by their names in XML."""
    return {
        f"ext:{each.xml.removesuffix('Ext')}" if each.extension else each.xml: each for each in spec(element).attributes
    }


@cache
def _tags() -> list[str]:
    return [f"ext:{each.tag}" if issubclass(element, Extension) else each.tag for element, each in declared()]


def _place_in(xml: str | bytes, at: int) -> str:
    before = str(xml)[:at]
    return f"line {before.count(chr(10)) + 1}, column {at - before.rfind(chr(10))}"
