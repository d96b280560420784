"""The caller's language: set by the recipe, by the number that was called, or by a callout; kept over a crash."""

from __future__ import annotations

import pytest

from runtime import catalogue
from runtime.errors import RecipesError, SettingsError
from runtime.settings import load
from runtime.softphone import Press
from tests.wire import YOU, a_call, dial, post

GREETING = """
    HELLO = PromptExt({"en-GB": "Hello", "de-DE": "Hallo", "fr-FR": "Bonjour"})
    recipe = [Say(HELLO)]
"""
CHOOSER = """
    HELLO = PromptExt({"en-GB": "Hello", "de-DE": "Hallo"})

    def german(call):
        call.language = "de-DE"
        return [Say(HELLO)]

    def broken(call):
        call.language = 5
        return []

    def told(call):
        return [Say(str(call.language))]

    recipe = [
        Gather([Say("Für Deutsch, 2.", language="de-DE")], num_digits=1, after_ext=[
            ResponseExt("2", "Deutsch", [FunctionExt(fn=german)]),
            ResponseExt("3", "broken", [FunctionExt(fn=broken)]),
            DefaultExt("English"),
        ]),
        Say(HELLO),
        Pause(),
        FunctionExt(fn=told),
    ]
"""


@pytest.mark.parametrize(
    ("recipe", "numbers", "said"),
    [
        ("", {}, "Hello"),
        ('language = "fr-FR"', {}, "Bonjour"),
        ("", {YOU: "de-DE"}, "Hallo"),
        ('language = "fr-FR"', {YOU: "de-DE"}, "Hallo"),
        ('language = "fr-FR"', {"+441314960999": "de-DE"}, "Bonjour"),
    ],
)
async def test_the_number_called_decides_before_the_recipe_and_the_recipe_before_the_first(
    serve, folder, recipe: str, numbers: dict[str, str], said: str
) -> None:
    folder["greeting"] = GREETING + f"    {recipe}\n"
    daemon = await serve(folder, languages=numbers)
    assert (await dial(daemon, "greeting", to=YOU)).said == [said]


async def test_a_callout_changes_the_language_for_the_rest_of_the_call(serve, folder) -> None:
    folder["chooser"] = CHOOSER
    daemon = await serve(folder)
    assert (await dial(daemon, "chooser")).said == ["Für Deutsch, 2.", "Hello", "None"]
    assert (await dial(daemon, "chooser", Press("2"))).said == ["Für Deutsch, 2.", "Hallo", "Hallo", "de-DE"]


async def test_a_language_that_is_no_text_ends_in_the_apology(serve, folder) -> None:
    folder["chooser"] = CHOOSER
    daemon = await serve(folder)
    said = (await dial(daemon, "chooser", Press("3"))).said
    assert said[-1].startswith("We are sorry")


async def test_an_apology_is_in_the_callers_language(serve, folder) -> None:
    folder["chooser"] = CHOOSER
    daemon = await serve(folder, languages={YOU: "de-DE"})
    said = (await dial(daemon, "chooser", Press("3"), to=YOU)).said
    assert said[-1] == "Es tut uns leid, es ist etwas schiefgegangen. Bitte rufen Sie später noch einmal an."


async def test_an_actor_that_was_lost_goes_on_in_the_language_of_its_call(serve, folder) -> None:
    folder["chooser"] = """
        HELLO = PromptExt({"en-GB": "Hello", "de-DE": "Hallo"})

        def german(call):
            call.language = "de-DE"
            return []

        def again(call):
            return [Say(HELLO)]

        recipe = [
            FunctionExt(fn=german),
            Gather([Say(HELLO)], num_digits=1, after_ext=[ResponseExt("1", "again", [FunctionExt(fn=again)])]),
        ]
    """
    daemon = await serve(folder)
    first = await post(daemon, "/chooser", a_call("CA7"))
    assert '<Say language="de-DE">Hallo</Say>' in first.text
    await daemon.supervisor.stop()
    answer = await post(daemon, "/chooser/1?step=1", a_call("CA7", "in-progress", Digits="1"))
    assert '<Say language="de-DE">Hallo</Say>' in answer.text


def test_a_recipes_language_must_be_one_that_is_spoken(folder) -> None:
    folder["greeting"] = GREETING + '    language = "klingon"\n'
    with pytest.raises(RecipesError, match="language 'klingon' is not one Twilio speaks"):
        catalogue.load(str(folder))


def test_so_must_the_language_of_a_number() -> None:
    with pytest.raises(SettingsError, match=r"languages.*\+441314960456 has 'klingon'"):
        load({"languages": {YOU: "klingon"}})
