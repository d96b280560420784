"""What stands inside Say: the marks of SSML that Twilio understands. (Twilio's documentation: "Text-to-Speech".)

    Say(["Your code is ", SayAs("4711", interpret_as="digits"), Break(time="500ms"), "Goodbye."])

The basic voices, man and woman, ignore them; the engines of Polly and Google differ in what they heed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from twiml.declare import attribute, content, verb
from twiml.element import Noun
from twiml.rules import TEXT, Rule, matching, named, one_of

WITHIN_WORDS = ("Break", "Emphasis", "Phoneme", "Prosody", "SayAs", "Sub")
WITHIN_SENTENCES = ("Break", "Emphasis", "Lang", "Phoneme", "Prosody", "SayAs", "Sub", "W")
WITHIN_PARAGRAPHS = (*WITHIN_SENTENCES, "S")
ALL = (*WITHIN_PARAGRAPHS, "P")

LANG_LANGUAGES = frozenset(
    """
    arb ar-AE ca-ES cmn-CN cy-GB da-DK de-DE de-AT en-AU en-GB en-GB-WLS en-IN en-NZ en-US en-ZA es-ES es-MX
    es-US fi-FI fr-CA fr-FR he-IL hi-IN is-IS it-IT ja-JP ko-KR nb-NO nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU
    sv-SE tr-TR yue-CN
    """.split()
)
"""What Lang may switch to within a text; fewer than Say speaks."""

DURATION = matching(
    "seconds (2s) or milliseconds (250ms)",
    lambda value: re.fullmatch(r"[0-9]+(\.[0-9]+)?m?s", value) is not None,
    "must be seconds, like 2s, or milliseconds, like 250ms",
)


def scale(words: str, pattern: str, names: str) -> Rule:
    """A measure by number, or by one of a few names."""
    listed = ", ".join(names.split())
    return matching(
        f"{words}, or one of {listed}",
        lambda value: value in names.split() or re.fullmatch(pattern, value) is not None,
        f"must be {words}, or one of {listed}",
    )


VOLUME = scale("a change in dB, like +6dB", r"[+-][0-9]+(\.[0-9]+)?dB", "default silent x-soft soft medium loud x-loud")
RATE = scale("a percentage, like 80%", r"[0-9]+(\.[0-9]+)?%", "x-slow slow medium fast x-fast")
PITCH = scale("a change in percent, like -5%", r"[+-][0-9]+(\.[0-9]+)?%", "default x-low low medium high x-high")


@verb(tag="break")
class Break(Noun):
    """A pause within the text."""

    strength: str | None = attribute(one_of("none", "x-weak", "weak", "medium", "strong", "x-strong"))
    time: str | None = attribute(DURATION)


@verb(tag="emphasis")
class Emphasis(Noun):
    """Words spoken with more weight, or less."""

    words: str | Sequence[str | Noun] = content(TEXT, holds=WITHIN_SENTENCES, mixed=True)
    level: str | None = attribute(one_of("strong", "moderate", "reduced"))


@verb(tag="lang")
class Lang(Noun):
    """Words in another language, by the same voice."""

    words: str | Sequence[str | Noun] = content(TEXT, holds=ALL, mixed=True)
    xml_lang: str | None = attribute(named(LANG_LANGUAGES, "is not a language to switch to"), name="xml:lang")


@verb(tag="p")
class P(Noun):
    """A paragraph, with a pause around it."""

    words: str | Sequence[str | Noun] = content(TEXT, holds=WITHIN_PARAGRAPHS, mixed=True)


@verb(tag="s")
class S(Noun):
    """A sentence, with a pause around it."""

    words: str | Sequence[str | Noun] = content(TEXT, holds=WITHIN_SENTENCES, mixed=True)


@verb(tag="phoneme")
class Phoneme(Noun):
    """Words with their pronunciation, `ph`, spelled in a phonetic alphabet."""

    words: str = content(TEXT)
    alphabet: str | None = attribute(
        one_of("ipa", "x-sampa", "x-amazon-jyutping", "x-amazon-pinyin", "x-amazon-pron-kana", "x-amazon-yomigana")
    )
    ph: str | None = attribute(TEXT)


@verb(tag="prosody")
class Prosody(Noun):
    """Words spoken louder, faster or higher, or less so."""

    words: str | Sequence[str | Noun] = content(TEXT, holds=ALL, mixed=True)
    volume: str | None = attribute(VOLUME)
    rate: str | None = attribute(RATE)
    pitch: str | None = attribute(PITCH)


@verb(tag="say-as")
class SayAs(Noun):
    """Words of a kind: digits one by one, a date, a telephone number."""

    words: str = content(TEXT)
    interpret_as: str | None = attribute(
        one_of(
            *"characters spell-out cardinal number ordinal digits fraction unit date time".split(),
            *"address expletive telephone".split(),
        ),
        name="interpret-as",
    )
    format: str | None = attribute(one_of(*"mdy dmy ymd md dm ym my d m y yyyymmdd".split()))


@verb(tag="sub")
class Sub(Noun):
    """Words for which others, `alias`, are spoken."""

    words: str = content(TEXT)
    alias: str | None = attribute(TEXT)


@verb(tag="w")
class W(Noun):
    """A word with its grammatical role, which may change how it is spoken."""

    words: str | Sequence[str | Noun] = content(TEXT, holds=WITHIN_WORDS, mixed=True)
    role: str | None = attribute(TEXT)
