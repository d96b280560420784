"""A Gather's answers: their order, the spoken menu they make, and which one an input means."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from twiml.element import Table, branches_of
from twiml.extensions import DefaultExt, PromptExt, RepeatExt, ResponseExt
from twiml.languages import primary, text_in
from twiml.rules import is_texts, is_true
from twiml.verbs import Gather


class Phrases(NamedTuple):
    """What a spoken menu is made of, in one language."""

    press: str
    say: str
    silence: str
    again: str


PHRASES = {
    "en": Phrases("Press {} for {}.", "Say {} for {}.", "Do nothing for {}", "Do nothing to hear this again"),
    "de": Phrases(
        "Drücken Sie {} für {}.",
        "Sagen Sie {} für {}.",
        "Für {} tun Sie nichts",
        "Tun Sie nichts, um dies noch einmal zu hören",
    ),
    "fr": Phrases(
        "Tapez {} pour {}.", "Dites {} pour {}.", "Ne faites rien pour {}", "Ne faites rien pour réécouter ce message"
    ),
    "es": Phrases(
        "Pulse {} para {}.", "Diga {} para {}.", "No haga nada para {}", "No haga nada para oír esto otra vez"
    ),
    "it": Phrases(
        "Prema {} per {}.",
        "Dica {} per {}.",
        "Non faccia nulla per {}",
        "Non faccia nulla per riascoltare il messaggio",
    ),
    "pt": Phrases(
        "Prima {} para {}.", "Diga {} para {}.", "Não faça nada para {}", "Não faça nada para ouvir isto outra vez"
    ),
    "nl": Phrases(
        "Druk op {} voor {}.", "Zeg {} voor {}.", "Doe niets voor {}", "Doe niets om dit nog een keer te horen"
    ),
    "da": Phrases("Tryk {} for {}.", "Sig {} for {}.", "Gør ingenting for {}", "Gør ingenting for at høre dette igen"),
    "sv": Phrases(
        "Tryck {} för {}.", "Säg {} för {}.", "Gör ingenting för {}", "Gör ingenting för att höra detta igen"
    ),
    "nb": Phrases("Trykk {} for {}.", "Si {} for {}.", "Ikke gjør noe for {}", "Ikke gjør noe for å høre dette igjen"),
    "pl": Phrases(
        "Naciśnij {}: {}.", "Powiedz {}: {}.", "Bez wyboru: {}", "Nie wybieraj niczego, aby usłyszeć to ponownie"
    ),
    "cs": Phrases("Stiskněte {}: {}.", "Řekněte {}: {}.", "Bez volby: {}", "Nedělejte nic a uslyšíte to znovu"),
    "fi": Phrases("Paina {}: {}.", "Sano {}: {}.", "Jos et valitse: {}", "Odota, niin kuulet tämän uudelleen"),
    "cy": Phrases("Pwyswch {} am {}.", "Dywedwch {} am {}.", "Gwnewch ddim am {}", "Gwnewch ddim i glywed hyn eto"),
}
"""The menu's words in each language that it can be spoken in."""


def responses(gather: Gather) -> list[ResponseExt]:
    """The responses in the order of their keys: numbers as numbers, then what holds * or #."""
    found = [each for each in branches_of(gather) if isinstance(each, ResponseExt)]
    return sorted(found, key=lambda each: _by_key(_text(each.response)))


def otherwise(gather: Gather) -> DefaultExt | RepeatExt:
    """What happens when no response fits: the default, or asking again."""
    silent = [each for each in branches_of(gather) if isinstance(each, (DefaultExt, RepeatExt))]
    return min(silent, key=lambda each: isinstance(each, RepeatExt), default=RepeatExt())


def is_spoken(gather: Gather) -> bool:
    """Whether the menu is to be made and spoken."""
    return is_true(gather.auto_menu_ext)


def sentence(gather: Gather) -> str | PromptExt:
    """The menu as it is spoken, in every language that a title of it has.

    >>> sentence(Gather(after_ext=[ResponseExt("1", "Praise"), DefaultExt("a slagging")]))
    'Press 1 for PRAISE. Do nothing for A SLAGGING'
    >>> sentence(Gather(after_ext=[ResponseExt("1", "Praise")]))
    'Press 1 for PRAISE. Do nothing to hear this again'
    """
    spoken = languages(gather)
    if not spoken:
        return _sentence(gather, None)
    voices = {language: voice for prompt in _titles(gather) for language, voice in (prompt.voices or {}).items()}
    return PromptExt({language: _sentence(gather, language) for language in spoken}, voices=voices or None)


def languages(gather: Gather) -> list[str]:
    """The languages that the titles of a menu are in; none if they are plain texts."""
    return list(dict.fromkeys(language for prompt in _titles(gather) for language in prompt.texts))


def unspoken(spoken: Iterable[str]) -> list[str]:
    """Those languages that the menu's own words are not known in."""
    return [language for language in spoken if primary(language) not in PHRASES]


def _titles(gather: Gather) -> list[PromptExt]:
    titles = (getattr(each, "title", None) for each in (*responses(gather), otherwise(gather)))
    # A menu is numbered before it is validated: only what is right is kept as a Table.
    right = [each for each in titles if isinstance(each, PromptExt) and isinstance(each.texts, Table)]
    return [each for each in right if each.voices is None or isinstance(each.voices, Table)]


def _sentence(gather: Gather, language: str | None) -> str:
    words = PHRASES.get(primary(language or "en"), PHRASES["en"])
    spoken = [_asked_for(each, words, _titled(each, language)) + " " for each in responses(gather)]
    last = otherwise(gather)
    silent = words.again if isinstance(last, RepeatExt) else words.silence.format(_titled(last, language))
    return "".join(spoken) + silent


def _titled(answer: ResponseExt | DefaultExt, language: str | None) -> str:
    title = answer.title
    if isinstance(title, PromptExt):
        title = text_in(title, language) if isinstance(title.texts, Table) else None
    return _text(title).upper()


def chosen(answers: Sequence[ResponseExt], digits: str, speech: str) -> int | None:
    """Which of the responses a caller means, by key or by word, or None.

    Keys count before words, as Twilio sends only one of them. What was said fits a phrase that is
    all of it, else the longest phrase that stands in it as whole words.

    >>> menu = [ResponseExt("1", "Sales", speech=["sales"]), ResponseExt("2", "Help", speech=["help me"])]
    >>> chosen(menu, "2", ""), chosen(menu, "", "Sales, please."), chosen(menu, "7", "")
    (1, 0, None)
    """
    if digits:
        return next((at for at, each in enumerate(answers) if each.response == digits), None)
    said = words(speech)
    fitting = [
        (wanted == said, len(wanted), -at)
        for at, each in enumerate(answers)
        for wanted in map(words, each.speech or ())
        if wanted and f" {wanted} " in f" {said} "
    ]
    return -max(fitting)[2] if fitting else None


def finish_on_key(gather: Gather) -> str | None:
    """The key that ends the input. None of ours when # is an answer, for Twilio would swallow it."""
    keyed = any("#" in str(each.response or "") for each in responses(gather))
    return "" if keyed and gather.finish_on_key is None else gather.finish_on_key


def _asked_for(response: ResponseExt, words: Phrases, title: str) -> str:
    if _text(response.response):
        return words.press.format(response.response, title)
    said = response.speech[0] if response.speech and is_texts(response.speech) else ""
    return words.say.format(said, title) if said else f"Say for {title}."


def _by_key(keyed: str) -> tuple[bool, int, str, str]:
    number = keyed.lstrip("0") if keyed.isdecimal() else ""
    return (not keyed.isdecimal(), len(number), number, keyed)


def _text(value: object) -> str:
    """A menu is numbered before it is validated: what isn't text yet is nothing here."""
    return value if isinstance(value, str) else ""


def words(said: str) -> str:
    """Words to compare: without marks of punctuation, in one case, in one of Unicode's spellings.

    >>> words("Sales,  PLEASE!"), words("हिन्दी") == "हिन्दी"
    ('sales please', True)
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", said).casefold())
    return " ".join("".join(each if unicodedata.category(each)[0] in "LMN" else " " for each in folded).split())
