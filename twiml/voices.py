"""The voices and languages Twilio speaks today.

Families of voices are written as Twilio names them: an engine, a language and a letter or a
name. The seed's short names (`en`, `en-gb`, `es`, `fr`, `de`) are still understood by Twilio's
basic voices. (Twilio's documentation: "Text-to-Speech".)
"""

from __future__ import annotations

_POLLY = {
    "": """
    Aditi Amy Astrid Bianca Brian Camila Carla Carmen Celine Chantal Conchita Cristiano Dora Emma
    Enrique Ewa Filiz Geraint Giorgio Gwyneth Hans Ines Ivy Jacek Jan Joanna Joey Justin Karl Kendra
    Kevin Kimberly Lea Liv Lotte Lucia Lupe Mads Maja Marlene Mathieu Matthew Maxim Mia Miguel Mizuki
    Naja Nicole Penelope Raveena Ricardo Ruben Russell Salli Seoyeon Takumi Tatyana Vicki Vitoria Zeina
    Zhiyu
    """,
    "Neural": """
    Adriano Amy Andres Aria Arlet Arthur Ayanda Bianca Brian Burcu Camila Daniel Danielle Elin Emma
    Gabrielle Gregory Hala Hannah Hiujin Ida Ines Isabelle Ivy Joanna Joey Justin Kajal Kazuha Kendra
    Kevin Kimberly Laura Lea Liam Lisa Lucia Lupe Matthew Mia Niamh Ola Olivia Pedro Remi Ruth Salli
    Seoyeon Sergio Sofie Stephen Suvi Takumi Thiago Tomoko Vicki Vitoria Zayd Zhiyu
    """,
    "Generative": """
    Amy Andres Ayanda Bianca Daniel Danielle Joanna Kajal Lea Lucia Lupe Matthew Mía Olivia Pedro Rémi
    Ruth Sergio Stephen Vicki
    """,
}

_GOOGLE_LETTERS = {
    "Standard": """
    af-ZA:A am-ET:AB ar-XA:ABCD bg-BG:AB bn-IN:ABCD ca-ES:AB cmn-CN:ABCD cmn-TW:ABC cs-CZ:AB
    da-DK:ACDEFG de-DE:ABCDEFGH el-GR:AB en-AU:ABCD en-GB:ABCDFNO en-IN:ABCDEF en-US:ABCDEFGHIJ
    es-ES:ABCDEFGH es-US:ABC eu-ES:AB fi-FI:AB fil-PH:ABCD fr-CA:ABCD fr-FR:ABCDEFG gl-ES:AB gu-IN:ABCD
    he-IL:ABCD hi-IN:ABCDEF hu-HU:AB id-ID:ABCD is-IS:AB it-IT:ABCDEF ja-JP:ABCD kn-IN:ABCD ko-KR:ABCD
    lt-LT:AB lv-LV:AB ml-IN:ABCD mr-IN:ABC ms-MY:ABCD nb-NO:ABCDEFG nl-BE:ABCD nl-NL:ABCDEFG pa-IN:ABCD
    pl-PL:ABCDEFG pt-BR:ABCDE pt-PT:ABCDEF ro-RO:AB ru-RU:ABCDE sk-SK:AB sr-RS:A sv-SE:ABCDEFG
    ta-IN:ABCD te-IN:ABCD th-TH:A tr-TR:ABCDE uk-UA:A vi-VN:ABCD yue-HK:ABCD
    """,
    "Wavenet": """
    am-ET:AB ar-XA:ABCD bn-IN:ABCD cmn-CN:ABCD cmn-TW:ABC cs-CZ:AB da-DK:ACDEFG de-DE:ABCDEFGH el-GR:AB
    en-AU:ABCD en-GB:ABCDFNO en-IN:ABCDEF en-US:ABCDEFGHIJ es-ES:BCDEFGH es-US:ABC fi-FI:AB fil-PH:ABCD
    fr-CA:ABCD fr-FR:ABCDEFG gu-IN:ABCD he-IL:ABCD hi-IN:ABCDEF hu-HU:A id-ID:ABCD it-IT:ABCDEF
    ja-JP:ABCD kn-IN:ABCD ko-KR:ABCD ml-IN:ABCD mr-IN:ABC ms-MY:ABCD nb-NO:ABCDEFG nl-BE:ABCD
    nl-NL:ABCDEFG pa-IN:ABCD pl-PL:ABCDEFG pt-BR:ABCDE pt-PT:ABCDEF ro-RO:AB ru-RU:ABCDE sk-SK:AB
    sv-SE:ABCDEFG ta-IN:ABCD tr-TR:ABCDE uk-UA:A vi-VN:ABCD
    """,
    "Neural2": """
    da-DK:DF de-DE:ABCDFGH en-AU:ABCD en-GB:ABCDFNO en-IN:ABCD en-US:ACDEFGHIJ es-ES:ABCDEFGH es-US:ABC
    fil-ph:AD fr-CA:ABCD fr-FR:ABCDEFG hi-IN:ABCD it-IT:ACF ja-JP:BCD ko-KR:ABC pt-BR:ABC th-TH:C
    vi-VN:AD
    """,
}

_CHIRP_LANGUAGES = """
    ar-XA bn-IN cmn-CN de-DE en-AU en-GB en-IN en-US es-ES es-US fr-CA fr-FR gu-IN hi-IN id-ID it-IT
    ja-JP kn-IN ko-KR ml-IN mr-IN nl-NL pl-PL pt-BR ru-RU ta-IN te-IN th-TH tr-TR vi-VN
"""
_CHIRP_NAMES = "Aoede Charon Fenrir Kore Leda Orus Puck Zephyr"

SAY_LANGUAGES: frozenset[str] = frozenset(
    """
    en en-gb es fr de
    af-ZA am-ET ar-AE ar-XA arb bg-BG bn-IN ca-ES cmn-CN cmn-TW cs-CZ cy-GB da-DK de-AT de-DE el-GR
    en-AU en-CA en-GB en-GB-WLS en-IE en-IN en-NZ en-US en-ZA es-ES es-MX es-US fi-FI fil-PH fr-CA fr-FR
    fr-BE gu-IN he-IL hi-IN hu-HU id-ID is-IS it-IT ja-JP kn-IN ko-KR lv-LV ml-IN mr-IN ms-MY nb-NO
    nl-BE nl-NL pa-IN pl-PL pt-BR pt-PT ro-RO ru-RU sk-SK sr-RS sv-SE ta-IN te-IN th-TH tr-TR uk-UA
    vi-VN yue-HK zh-CN zh-HK zh-TW
    """.split()
)
"""What Say's `language` may be: the seed's five, and today's."""


def _voices() -> frozenset[str]:
    names = ["man", "woman", "alice"]
    for kind, voices in _POLLY.items():
        names += [f"Polly.{voice}-{kind}".rstrip("-") for voice in voices.split()]
    for kind, languages in _GOOGLE_LETTERS.items():
        for entry in languages.split():
            language, letters = entry.split(":")
            names += [f"Google.{language}-{kind}-{letter}" for letter in letters]
    for language in _CHIRP_LANGUAGES.split():
        names += [f"Google.{language}-Chirp3-HD-{voice}" for voice in _CHIRP_NAMES.split()]
    return frozenset(names)


LEGACY_VOICES = {"alice": "Twilio keeps alice for old flows alone; other voices speak in her place"}
"""Voices that Twilio still takes, with why they are better not used."""

VOICES: frozenset[str] = _voices()
"""What Say's `voice` may be: the basic voices, and those of the Polly and Google engines."""
