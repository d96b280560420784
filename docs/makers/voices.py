"""The page of voices and languages, grouped as Twilio names them: an engine, a kind, a language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from twiml.ssml import LANG_LANGUAGES
from twiml.voices import LEGACY_VOICES, SAY_LANGUAGES, VOICES

ABOUT = """\
What `voice` and `language` of [Say](verbs.md#say) may be. Case doesn't matter: names are kept as Twilio writes them.
`language` may be left out where a voice speaks one language alone; of a Google voice the name says which.

```python
Say("Bonjour.", voice="Google.fr-FR-Neural2-A")
Say("Guten Tag.", voice="Polly.Vicki-Neural", language="de-DE")
```"""

KINDS = {
    "Polly.": "Standard voices of Amazon Polly: `Polly.` and a name.",
    "Polly.Neural": "Neural voices of Amazon Polly: `Polly.`, a name, `-Neural`.",
    "Polly.Generative": "Generative voices of Amazon Polly: `Polly.`, a name, `-Generative`.",
    "Google.Standard": "Standard voices of Google: `Google.`, a language, `-Standard-`, a letter.",
    "Google.Wavenet": "WaveNet voices of Google: `Google.`, a language, `-Wavenet-`, a letter.",
    "Google.Neural2": "Neural2 voices of Google: `Google.`, a language, `-Neural2-`, a letter.",
    "Google.Chirp3-HD": "Chirp 3 HD voices of Google: `Google.`, a language, `-Chirp3-HD-`, a name.",
}
"""The kinds of voices there are, in words."""


def page() -> str:
    """The page's text."""
    kinds = grouped(VOICES)
    basic = sorted(kinds.pop("") - set(LEGACY_VOICES))
    said = ["# Voices and languages", ABOUT, f"## Basic\n\n{_coded(basic)}. They ignore [speech marks](ssml.md)."]
    retired = "\n".join(f"- `{name}`: {why}." for name, why in LEGACY_VOICES.items())
    said.append(f"## Retired names\n\n{retired}")
    for kind, about in KINDS.items():
        engine, _, rest = kind.partition(".")
        title = f"{engine} {rest or 'Standard'}"
        voices = sorted(kinds.pop(kind))
        listed = _by_language(voices) if engine == "Google" else f"{_coded(_named(voices))}."
        said.append(f"## {title}\n\n{about} There are {len(voices)}.\n\n{listed}")
    assert not kinds, f"kinds of voices that KINDS doesn't tell of: {', '.join(kinds)}"
    today = sorted(each for each in SAY_LANGUAGES if not is_short(each))
    short = sorted(filter(is_short, SAY_LANGUAGES))
    said.append(f"## Languages\n\nSay speaks {len(today)}:\n\n{_coded(today)}.")
    said.append(
        "Short names from the time when there were basic voices alone are still understood, by these voices: "
        f"{_coded(short)}."
    )
    said.append(
        "## Languages within a text\n\n[Lang](ssml.md#lang) may switch to fewer, in a voice that knows them:\n\n"
        f"{_coded(sorted(LANG_LANGUAGES))}."
    )
    return "\n\n".join(said) + "\n"


def is_short(language: str) -> bool:
    """Whether a language's name is one of the old short ones.

    >>> is_short("en"), is_short("en-gb"), is_short("en-GB"), is_short("arb")
    (True, True, False, False)
    """
    return language.islower() and (len(language) == 2 or "-" in language)


def grouped(voices: Iterable[str]) -> dict[str, set[str]]:
    """Voices by engine and kind; the basic ones have neither.

    >>> sorted(grouped(["man", "Polly.Amy", "Polly.Amy-Neural", "Google.en-GB-Chirp3-HD-Puck"]))
    ['', 'Google.Chirp3-HD', 'Polly.', 'Polly.Neural']
    """
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for voice in voices:
        engine, dot, name = voice.partition(".")
        parts = name.split("-")
        kind = "-".join(parts[2:-1]) if engine == "Google" else "-".join(parts[1:])
        kinds[f"{engine}.{kind}" if dot else ""].add(voice)
    return dict(kinds)


def _named(voices: Iterable[str]) -> list[str]:
    """Polly's voices by their first names."""
    return [voice.partition(".")[2].partition("-")[0] for voice in voices]


def _by_language(voices: Iterable[str]) -> str:
    """Google's voices: a row for each language."""
    rows: defaultdict[str, list[str]] = defaultdict(list)
    for voice in voices:
        parts = voice.partition(".")[2].split("-")
        rows["-".join(parts[:2])].append(parts[-1])
    lines = [f"| `{language}` | {', '.join(f'`{each}`' for each in last)} |" for language, last in rows.items()]
    return "\n".join(["| language | voices |", "|---|---|", *lines])


def _coded(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
