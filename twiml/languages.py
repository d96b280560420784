"""Which of several languages a caller hears."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from twiml.element import Element, body_of, branches_of
from twiml.extensions import PromptExt


def nearest(wanted: str | None, languages: Iterable[str], otherwise: str | None = None) -> str:
    """The language to speak: the one wanted, else the same spoken elsewhere; else `otherwise`, else the first.

    >>> nearest("de-AT", ["en-GB", "de-DE"]), nearest("fr-FR", ["en-GB", "de-DE"]), nearest(None, ["en-GB"])
    ('de-DE', 'en-GB', 'en-GB')
    >>> nearest("fr-FR", ["de-DE", "en-GB"], otherwise="en-GB")
    'en-GB'
    """
    there = list(languages)
    for asked in filter(None, (wanted, otherwise)):
        for fits in (_is(asked), _is_like(asked)):
            if found := next(filter(fits, there), None):
                return found
    return there[0]


def _is(language: str) -> Callable[[str], bool]:
    return lambda one: one.lower() == language.lower()


def _is_like(language: str) -> Callable[[str], bool]:
    return lambda one: primary(one) == primary(language)


def primary(language: str) -> str:
    """The language itself, wherever it is spoken.

    >>> primary("en-GB")
    'en'
    """
    return language.partition("-")[0].lower()


def text_in(prompt: PromptExt, language: str | None) -> Any:
    """A prompt's text in a language, or in the one nearest to it."""
    return prompt.texts[nearest(language, prompt.texts)]


def spoken(element: Any, language: str | None, otherwise: str | None = None) -> Any:
    """An element that holds a prompt, with the prompt's text in one language and, of a Say, the right voice.

    >>> from twiml import Say
    >>> spoken(Say(PromptExt({"en-GB": "Hello", "de-DE": "Hallo"})), "de-AT")
    Say('Hallo', language='de-DE')
    """
    prompt: PromptExt = element.url if hasattr(element, "url") else element.text
    chosen = nearest(language, prompt.texts, otherwise)
    if hasattr(element, "url"):
        return replace(element, url=prompt.texts[chosen])
    voice = element.voice or (prompt.voices or {}).get(chosen)
    return replace(element, text=prompt.texts[chosen], language=element.language or chosen, voice=voice)


def prompts_of(verbs: Sequence[Element]) -> list[PromptExt]:
    """Every prompt of a flow, in order."""
    found: list[PromptExt] = []
    for verb in verbs:
        held = (getattr(verb, name, None) for name in ("text", "url", "title"))
        found += [each for each in held if isinstance(each, PromptExt)]
        inside = [*body_of(verb), *branches_of(verb)] if isinstance(verb, Element) else []
        found += prompts_of([each for each in inside if isinstance(each, Element)])
    return found
