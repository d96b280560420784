"""Findings about voices, languages and keys that a function looks at."""

from __future__ import annotations

from typing import Any

import pytest

from twiml import DefaultExt, FunctionExt, Gather, Lang, PromptExt, ResponseExt, Say, check

CALLOUT = FunctionExt("look", module="m", fn="f")
HELLO = Say(PromptExt({"en-GB": "Hello. Goodbye.", "de-DE": "Hallo. Auf Wiederhören."}))


def found(flow: list[Any], code: str) -> list[str]:
    return [each.rank for each in check(flow) if each.code == code]


@pytest.mark.parametrize(
    ("say", "ranks"),
    [
        (Say("Welcome."), ["1"]),
        (Say("Welcome.", language="en-GB"), []),
        (Say("Bienvenue.", voice="Polly.Lea"), []),
        (Say(["Welcome, ", Lang("bienvenue", xml_lang="fr-FR")]), []),
        (Say(PromptExt({"en-GB": "Welcome."})), ["1"]),
        (Say(PromptExt({"en-US": "Welcome.", "de-AT": "Servus."})), []),
    ],
)
def test_a_text_that_some_callers_may_not_understand(say: Say, ranks: list[str]) -> None:
    assert found([say, HELLO], "SW019") == ranks


def test_a_flow_in_one_language_needs_no_translation() -> None:
    assert found([Say("Welcome. Goodbye.")], "SW019") == []


@pytest.mark.parametrize(("voice", "ranks"), [("alice", ["1"]), ("woman", []), ("Polly.Amy-Neural", [])])
def test_a_voice_that_twilio_keeps_for_old_flows_alone(voice: str, ranks: list[str]) -> None:
    assert found([Say("Goodbye.", voice=voice)], "SW018") == ranks


@pytest.mark.parametrize(("body", "ranks"), [([CALLOUT], []), ([Say("Goodbye.")], ["1"])])
def test_a_function_may_take_keys_of_any_length_where_none_of_the_answers_fits(
    body: list[Any], ranks: list[str]
) -> None:
    menu = Gather([Say("0, or an extension.")], after_ext=[ResponseExt("0", "us"), DefaultExt("an extension", body)])
    assert found([menu, Say("Goodbye.")], "SW010") == ranks
