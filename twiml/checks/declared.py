"""Checks of what the declarations say of a verb, a noun or an attribute."""

from __future__ import annotations

from collections.abc import Iterator

from twiml.checks.flow import Flow
from twiml.element import Element, body_of, spec
from twiml.extensions import PromptExt
from twiml.languages import primary
from twiml.ssml import Lang
from twiml.verbs import Say
from twiml.voices import LEGACY_VOICES


def retired(flow: Flow) -> Iterator[tuple[int, str]]:
    """Elements and attributes that Twilio has moved on from."""
    for at, element in _elements(flow):
        declared = spec(element)
        if declared.retired is not None:
            yield at, f"{declared.name}: {declared.retired}"
        for each in declared.attributes:
            if each.python == "voice" and getattr(element, each.python) in LEGACY_VOICES:
                yield at, f"{declared.name}: voice: {LEGACY_VOICES[getattr(element, each.python)]}"
            if each.retired is not None and getattr(element, each.python) is not None:
                yield at, f"{declared.name}: {each.python}: {each.retired}"


def untranslated(flow: Flow) -> Iterator[tuple[int, str]]:
    """Texts that some of the flow's callers hear in another language than theirs."""
    spoken = flow.program.languages
    for at, element in _elements(flow):
        said = [getattr(element, name, None) for name in ("text", "url", "title")]
        for prompt in said:
            if isinstance(prompt, PromptExt):
                there = {primary(each) for each in prompt.texts}
                missing = [each for each in spoken if primary(each) not in there]
                if missing:
                    yield at, f"has no text in {', '.join(missing)}; its callers hear {next(iter(prompt.texts))}"
        if spoken and isinstance(element, Say) and _is_anybodys(element):
            yield at, f"is in one language, and callers of this flow hear {' or '.join(spoken)}"


def _is_anybodys(say: Say) -> bool:
    """Whether a text doesn't say which language it is in: not by itself, its voice, or marks within it."""
    marked = isinstance(say.text, tuple) and any(isinstance(each, Lang) for each in say.text)
    return not (isinstance(say.text, PromptExt) or say.language or say.voice or marked)


def _elements(flow: Flow) -> Iterator[tuple[int, Element]]:
    """Everything that the flow itself names where a caller can get to, nouns within nouns included."""
    for at in sorted(flow.reached):
        if flow.places[at].own:
            waiting: list[object] = [flow.places[at].element]
            while waiting:
                each = waiting.pop()
                if isinstance(each, Element):
                    yield at, each
                    waiting += reversed(() if spec(each).opens or spec(each).branches else body_of(each))
