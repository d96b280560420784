"""The voices of Say, and the languages of Say and Gather."""

from __future__ import annotations

import re

import pytest

from tests.conformance.cases import default, errors
from twiml.voices import SAY_LANGUAGES, VOICES

SEED = {"en", "en-gb", "es", "fr", "de"}
"""Short names that the basic voices still understand."""


@pytest.mark.parametrize(
    ("family", "count"),
    [
        (r"man|woman|alice", 3),
        (r"Polly\.[A-Z][a-z]+", 61),
        (r"Polly\.\w+-Neural", 59),
        (r"Polly\.\w+-Generative", 20),
        (r"Google\.[\w-]+-Standard-[A-Z]", 234),
        (r"Google\.[\w-]+-Wavenet-[A-Z]", 207),
        (r"Google\.[\w-]+-Neural2-[A-Z]", 76),
        (r"Google\.[\w-]+-Chirp3-HD-[A-Z][a-z]+", 240),
        (r".*", 900),
    ],
)
def test_there_are_so_many_voices(family: str, count: int) -> None:
    """There are 900 voices: three basic ones, and families of Polly's and Google's.
    (docs: voice/twiml/say/text-speech; the official SDK for Node)"""
    assert len([each for each in VOICES if re.fullmatch(family, each)]) == count


@pytest.mark.parametrize("voice", ["man", "woman", "alice", "Polly.Amy", "Polly.Amy-Neural", "Google.de-DE-Wavenet-B"])
def test_a_voice_is_taken_by_its_name(voice: str) -> None:
    """A voice is one of these names, the legacy alice included. (docs: voice/twiml/say)"""
    assert errors(f'<Say voice="{voice}">hi</Say>') == []


@pytest.mark.parametrize("voice", ["hal", "Polly.Hal", "Amy", "Google.de-DE-Wavenet-Q"])
def test_a_voice_that_there_is_not_is_refused(voice: str) -> None:
    """The official SDK for Python takes any name; we don't. (the official SDK for Python)"""
    (problem,) = errors(f'<Say voice="{voice}">hi</Say>')
    assert "is not a voice Twilio has" in problem


def test_say_speaks_69_languages() -> None:
    """Say speaks 69 languages, by their names in full. (docs: voice/twiml/say; the official SDK for Node)"""
    assert len(SAY_LANGUAGES - SEED) == 69


@pytest.mark.parametrize("language", ["en-GB-WLS", "cmn-CN", "arb", "fil-PH", *sorted(SEED)])
def test_a_language_of_says_is_taken(language: str) -> None:
    """Each of them is taken. (docs: voice/twiml/say)"""
    assert errors(f'<Say language="{language}">hi</Say>') == []


@pytest.mark.parametrize("language", ["zu-ZA", "tlh", "xx-YY"])
def test_a_gather_listens_for_any_language(language: str) -> None:
    """A Gather's language goes to the speech provider as it is, so no list is complete. (docs: voice/twiml/gather)"""
    assert errors(f'<Gather input="speech" language="{language}" action="/a"/>') == []
    assert len(errors(f'<Say language="{language}">hi</Say>')) == 1


def test_the_default_voice_is_man_and_the_language_english() -> None:
    """Without a voice Say speaks as man, in American English, unless the account says otherwise.
    (docs: voice/twiml/say)"""
    assert default("Say", "voice") == "man"
    assert default("Say", "language") == "en-US"
