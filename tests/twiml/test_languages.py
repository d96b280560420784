"""Texts in several languages: which one a caller hears, by which voice, and what a menu says in each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twiml.documents import ask, give, inside
from twiml import (
    Break,
    DefaultExt,
    FunctionExt,
    Gather,
    InvalidFlow,
    Machine,
    Pay,
    Play,
    Prompt,
    PromptExt,
    RepeatExt,
    Request,
    ResponseExt,
    Say,
    compile,
    draw,
    encode,
    validate,
)
from twiml.languages import nearest, prompts_of
from twiml.menu import PHRASES, sentence
from twiml.phrases import apology, goodbye, hold
from twiml.voices import SAY_LANGUAGES

HELLO = PromptExt({"en-GB": "Hello", "de-DE": "Guten Tag", "fr-FR": "Bonjour"}, voices={"de-DE": "Polly.Vicki-Neural"})
SALES = PromptExt({"en-GB": "sales", "de-DE": "den Vertrieb"})
MENU = Gather(
    [Say(HELLO)],
    input="dtmf speech",
    auto_menu_ext=True,
    after_ext=[ResponseExt("1", SALES, [Say("1")], speech=["sales", "Vertrieb"]), RepeatExt()],
)
CALLOUT = FunctionExt("look", module="m", fn="f")


def heard(*verbs: Any, language: str | None) -> str:
    return ask(Machine(compile(verbs), language=language))


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (None, '<Say language="en-GB">Hello</Say>'),
        ("en-GB", '<Say language="en-GB">Hello</Say>'),
        ("EN-us", '<Say language="en-GB">Hello</Say>'),
        ("de-DE", '<Say voice="Polly.Vicki-Neural" language="de-DE">Guten Tag</Say>'),
        ("de", '<Say voice="Polly.Vicki-Neural" language="de-DE">Guten Tag</Say>'),
        ("fr-CA", '<Say language="fr-FR">Bonjour</Say>'),
        ("ja-JP", '<Say language="en-GB">Hello</Say>'),
        ("", '<Say language="en-GB">Hello</Say>'),
        ("no language at all", '<Say language="en-GB">Hello</Say>'),
    ],
)
def test_a_caller_hears_their_language_else_the_nearest_else_the_first(language: str | None, said: str) -> None:
    assert heard(Say(HELLO), language=language) == f"{said}<Hangup/>"


def test_what_the_say_names_itself_comes_before_the_prompts_voice() -> None:
    say = Say(HELLO, voice="Polly.Hans")
    assert heard(say, language="de-DE") == '<Say voice="Polly.Hans" language="de-DE">Guten Tag</Say><Hangup/>'


def test_a_translation_may_hold_ssml_and_a_play_a_file_for_each_language() -> None:
    flow = [
        Say(PromptExt({"en-GB": ["One", Break(time="1s"), "two"], "de-DE": "Eins, zwei"})),
        Play(PromptExt({"en-GB": "https://a.b/en.mp3", "de-DE": "https://a.b/de.mp3"})),
    ]
    assert heard(*flow, language="en-GB").startswith('<Say language="en-GB">One<break time="1s"/>two</Say>')
    assert heard(*flow, language="de-DE") == (
        '<Say language="de-DE">Eins, zwei</Say><Play>https://a.b/de.mp3</Play><Hangup/>'
    )


def test_the_menu_is_spoken_and_listened_for_in_the_callers_language() -> None:
    english, german = heard(MENU, language=None), heard(MENU, language="de-AT")
    assert "Press 1 for SALES. Do nothing to hear this again" in english
    assert '<Gather action="/1?step=1" input="dtmf speech" language="en-GB">' in english
    assert "Drücken Sie 1 für DEN VERTRIEB. Tun Sie nichts, um dies noch einmal zu hören" in german
    assert '<Say language="de-DE">Drücken' in german
    assert '<Gather action="/1?step=1" input="dtmf speech" language="de-DE">' in german


def test_a_gather_that_names_its_language_keeps_it_and_one_without_speech_needs_none() -> None:
    own = Gather([Say(HELLO)], input="speech", language="cy-GB", after_ext=[ResponseExt("", speech=["ie"])])
    keys = Gather([Say(HELLO)], after_ext=[ResponseExt("1")])
    assert 'language="cy-GB"' in heard(own, language="de-DE").partition(">")[0]
    assert "language" not in heard(keys, language="de-DE").partition(">")[0]


def test_a_flow_in_one_language_is_as_it_was() -> None:
    gather = Gather([Say("Hello")], input="speech", after_ext=[ResponseExt("", speech=["yes"])])
    assert heard(gather, language="de-DE") == heard(gather, language=None)
    assert compile([gather]).languages == ()


def test_a_call_that_changes_its_language_goes_on_in_it() -> None:
    machine = Machine(compile([Say(HELLO), CALLOUT, Say(HELLO), MENU]))
    machine.step(Request())
    machine.speak("de-DE")
    document = give(machine, Say(PromptExt({"en-GB": "as you wish", "de-DE": "wie Sie wünschen"})))
    assert document.startswith('<Say language="en-GB">Hello</Say><Say language="de-DE">wie Sie wünschen</Say>')
    assert document.count("Guten Tag") == 2
    again = Machine.restore(machine.program, machine.snapshot())
    assert again.language == "de-DE"
    assert "Guten Tag" in ask(again, "4", 1, "9")


def test_documents_of_one_language_are_never_given_in_another() -> None:
    program = compile([Say(HELLO)])
    for _ in range(2):
        for language, word in (("en-GB", "Hello"), ("de-DE", "Guten Tag"), ("fr-FR", "Bonjour"), (None, "Hello")):
            assert word in ask(Machine(program, language=language))


def test_a_program_keeps_its_texts_in_every_language_and_draws_them() -> None:
    program = compile([Say(HELLO), MENU])
    assert program.languages == ("en-GB", "de-DE", "fr-FR")
    drawn = draw(program)
    assert '"Hello"' in drawn
    assert '"Guten Tag"' in drawn
    assert encode([Say(HELLO)], language="fr-FR").count("Bonjour") == 1


@pytest.mark.parametrize(
    ("verb", "error"),
    [
        (Say(PromptExt({})), "1 Say: texts"),
        (Say(PromptExt({"klingon": "nuqneH"})), "is not one Twilio speaks"),
        (Say(PromptExt({"en-GB": 5})), 'in "en-GB": text "5" must be text'),  # type: ignore[dict-item]
        (Say(PromptExt({"en-GB": "a\x00"})), 'in "en-GB": text'),
        (Say(PromptExt({"en-GB": "a"}, voices={"de-DE": "Polly.Hans"})), 'voices has "de-DE", which no text is in'),
        (
            Say(PromptExt({"en-GB": "a"}, voices={"en-GB": "Polly.Nobody"})),
            '1 Say: voices has for "en-GB" one that is not a voice Twilio has',
        ),
        (
            Say(PromptExt({"en-GB": "a"}), language="de-DE"),
            "1 Say: language is that of each text; leave it out beside a PromptExt",
        ),
        (
            Say(PromptExt({"en-GB": "a"}), voice="Google.de-DE-Standard-A"),
            'in "en-GB": voice "Google.de-DE-Standard-A" does not speak en-GB',
        ),
        (Say(PromptExt({"en-GB": "a", "EN-gb": "b"})), "1 Say: texts"),
        (Say(PromptExt({"en-GB": "a"}, voices=5)), "1 Say: voices"),  # type: ignore[arg-type]
        (
            Gather(after_ext=[ResponseExt("1", PromptExt({"en-GB": "x"}, voices={"en-GB": "nobody"}))]),
            "title has for",
        ),
        (
            Gather(after_ext=[ResponseExt("1", PromptExt({"en-GB": "x"}, voices={"de-DE": "man"}))]),
            'title has a voice for "de-DE", which no text is in',
        ),
        (
            Say(PromptExt({"en-GB": "a"}, voices={"en-GB": "Google.de-DE-Wavenet-A"})),
            'in "en-GB": voice "Google.de-DE-Wavenet-A" does not speak en-GB',
        ),
        (Play(PromptExt({"en-GB": "ftp://a.b"})), 'in "en-GB": url "ftp://a.b" is not a URL'),
        (HELLO, "1 PromptExt: is a text: it stands in a Say, a Play or a title"),
        (
            Gather(auto_menu_ext=True, after_ext=[ResponseExt("1", PromptExt({"th-TH": "x"}))]),
            'auto_menu_ext has no words in "th-TH"; say the menu in the body',
        ),
        (Gather(after_ext=[ResponseExt("1", PromptExt({"en-GB": "x" * 201}))]), "longer than 200 characters"),
        (Gather(after_ext=[ResponseExt("1", PromptExt({"en-GB": ["x", Break()]}))]), "must be text, not tuple"),
    ],
)
def test_a_prompt_that_is_wrong_is_told_with_its_language(verb: Any, error: str) -> None:
    found = validate([verb])
    assert len(found) == 1
    assert error in found[0]
    with pytest.raises(InvalidFlow):
        compile([verb])


@pytest.mark.parametrize("language", sorted(PHRASES))
def test_every_language_a_menu_is_spoken_in_is_one_that_twilio_speaks(language: str) -> None:
    assert any(each.lower().startswith(language) for each in SAY_LANGUAGES)
    spoken = next(each for each in sorted(SAY_LANGUAGES) if each.lower().startswith(language + "-"))
    menu = Gather(
        after_ext=[
            ResponseExt("7", PromptExt({spoken: "alpha"})),
            ResponseExt("", PromptExt({spoken: "beta"}), speech=["gamma"]),
            DefaultExt(PromptExt({spoken: "delta"})),
        ]
    )
    said = sentence(menu)
    assert isinstance(said, PromptExt)
    assert all(word in said.texts[spoken] for word in ("7", "ALPHA", "gamma", "BETA", "DELTA"))


def test_titles_in_one_language_are_spoken_in_every_other_too() -> None:
    menu = Gather(after_ext=[ResponseExt("1", SALES), DefaultExt("the operator")])
    said = sentence(menu)
    assert isinstance(said, PromptExt)
    assert said.texts["de-DE"] == "Drücken Sie 1 für DEN VERTRIEB. Für THE OPERATOR tun Sie nichts"


def test_prompts_are_found_wherever_they_stand() -> None:
    assert prompts_of([MENU, Say(SALES)]) == [HELLO, SALES, SALES]


def test_the_nearest_language_is_never_none_of_them() -> None:
    for wanted in (None, "", "-", "x", "de-CH", "DE"):
        assert nearest(wanted, ["fr-FR", "de-DE"]) in ("fr-FR", "de-DE")


def test_escaped_texts_stay_escaped_in_every_language() -> None:
    assert inside(encode([Say(PromptExt({"en-GB": "a < b & c"}))])) == '<Say language="en-GB">a &lt; b &amp; c</Say>'


@pytest.mark.parametrize(
    ("language", "said"),
    [(None, "One moment, please."), ("de-AT", "Einen Moment bitte."), ("ja-JP", "One moment, please.")],
)
def test_who_holds_is_asked_for_patience_in_the_flows_language(language: str | None, said: str) -> None:
    machine = Machine(compile([CALLOUT, Say(HELLO)]), language=language)
    machine.step(Request())
    assert said in machine.hold().xml


def test_a_flow_in_one_language_holds_as_it_always_did() -> None:
    machine = Machine(compile([CALLOUT, Say("Guten Tag", language="de-DE")]), language="de-DE")
    machine.step(Request())
    assert "<Say>One moment, please.</Say>" in machine.hold().xml


def test_goodbye_is_said_in_the_callers_language() -> None:
    machine = Machine(compile([Gather([Say(HELLO)], after_ext=[ResponseExt("1")])]), language="fr-FR", max_visits=2)
    ask(machine)
    assert ask(machine, "1", 1) == '<Say language="fr-FR">Au revoir.</Say><Hangup/>'


def test_switchhooks_own_words_are_known_in_every_language_that_a_menu_is() -> None:
    for language in PHRASES:
        spoken = next(each for each in sorted(SAY_LANGUAGES) if each.lower().startswith(language + "-"))
        assert f'language="{spoken}"' in hold(spoken)
        assert f'language="{spoken}"' in goodbye(spoken)
        assert f'language="{spoken}"' in apology(spoken)


@pytest.mark.parametrize("title", [{5: "x"}, {}, None, "x", {"en-GB": 5}])
@pytest.mark.parametrize("voices", [None, 5, "abc", {"en-GB": 5}])
def test_a_menu_of_titles_that_are_no_texts_is_told_of_and_never_fails(title: Any, voices: Any) -> None:
    menu = Gather(auto_menu_ext=True, after_ext=[ResponseExt("1", PromptExt(title, voices=voices)), DefaultExt("y")])
    assert validate([menu])
    assert validate([Say(PromptExt(title, voices=voices)), Play(PromptExt(title, voices=voices))])


def test_a_prompt_in_a_payment_is_spoken_too() -> None:
    pay = Pay([Prompt([Say(PromptExt({"en-GB": "Card", "de-DE": "Karte"}))])])
    assert '<Say language="de-DE">Karte</Say>' in heard(pay, language="de-AT")
    assert compile([pay]).languages == ("en-GB", "de-DE")
    assert "PAY" in draw(compile([Say(HELLO), pay]))


def test_a_text_without_the_callers_language_is_heard_in_the_flows_first() -> None:
    flow = [Say(PromptExt({"en-GB": "one", "fr-FR": "un"})), Say(PromptExt({"de-DE": "zwei", "en-GB": "two"}))]
    assert heard(*flow, language="fr-FR") == '<Say language="fr-FR">un</Say><Say language="en-GB">two</Say><Hangup/>'
    assert heard(*flow, language=None) == '<Say language="en-GB">one</Say><Say language="en-GB">two</Say><Hangup/>'


def test_a_gather_listens_for_the_language_that_it_asks_in() -> None:
    asked = Gather(
        [Say("Sales or refunds?", language="en-GB")], input="speech", after_ext=[ResponseExt("", speech=["a"])]
    )
    assert '<Gather action="/2?step=1" input="speech" language="en-GB">' in heard(Say(HELLO), asked, language="de-DE")


def test_sixty_four_kilobytes_are_looked_for_in_every_language() -> None:
    long = Gather([Say(PromptExt({"en-GB": "a", "de-DE": "ä" * 3900}))] * 12, after_ext=[ResponseExt("1")])
    assert "of XML alone" in validate([long])[0]


def test_the_order_of_texts_counts() -> None:
    assert PromptExt({"en-GB": "a", "de-DE": "b"}) != PromptExt({"de-DE": "b", "en-GB": "a"})
