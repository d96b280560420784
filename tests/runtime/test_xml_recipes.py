"""Recipes in XML: data that is served as a module is, and that calls out to allowed modules alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime import catalogue
from runtime.errors import RecipesError
from runtime.softphone import Press
from tests.wire import dial
from twiml import FunctionExt, Gather, PromptExt, ResponseExt, Say, compile, encode

MENU = [
    Gather(
        [Say(PromptExt({"en-GB": "Hello", "de-DE": "Hallo"}))],
        num_digits=1,
        auto_menu_ext=True,
        after_ext=[ResponseExt("1", "hours", [FunctionExt("hours", "office", "hours")])],
    )
]
OFFICE = """
    def hours(call):
        return [Say("Nine to five.")]
"""


def written(folder, name: str, text: str) -> Path:
    path = Path(str(folder)) / f"{name}.xml"
    path.write_text(text, encoding="utf-8")
    return path


async def test_a_flow_in_xml_is_dialled_like_any_other(serve, folder) -> None:
    folder["office"] = OFFICE
    written(folder, "menu", encode(MENU, extensions=True))
    daemon = await serve(folder, callout_modules=["office"])
    transcript = await dial(daemon, "menu", Press("1"))
    assert transcript.said[-1] == "Nine to five."


def test_it_is_the_same_program_as_the_verbs_are(folder) -> None:
    folder["office"] = OFFICE
    written(folder, "menu", encode(MENU, extensions=True))
    found = catalogue.load(str(folder), (), ["off*"])
    assert found.of("menu").program == compile(MENU)


@pytest.mark.parametrize("allowed", [[], ["offic"], ["office.*"], ["os"]])
def test_a_callout_to_a_module_that_is_not_allowed_is_refused_unimported(folder, allowed: list[str]) -> None:
    folder["office"] = "raise RuntimeError('imported')"
    written(folder, "menu", encode(MENU, extensions=True))
    with pytest.raises(RecipesError) as caught:
        catalogue.load(str(folder), ["menu"], allowed)
    assert list(caught.value.lines) == ["menu: 1.4.1 FunctionExt: module office is not among callout_modules"]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<Response><Say>a</Say>", "line 1, column 23: is not XML: no element found"),
        ("<Response><Shout/></Response>", "line 1, column 11: there is no element Shout"),
        ("<Response>\n<Say volume='9'>a</Say></Response>", "line 2, column 1: Say: has no attribute volume"),
        ("<Response><Say language='klingon'>a</Say></Response>", '1 Say: language "klingon" is not one Twilio speaks'),
        ("<!DOCTYPE a><Response/>", "line 1, column 12: has a DOCTYPE; TwiML has none, and entities are never read"),
    ],
)
def test_a_mistake_is_told_with_its_place(folder, text: str, error: str) -> None:
    written(folder, "menu", text)
    with pytest.raises(RecipesError) as caught:
        catalogue.load(str(folder))
    assert list(caught.value.lines) == [f"menu: {error}"]


def test_comments_describe_it_and_exempt_it(folder) -> None:
    written(folder, "voicemail", "<Response><!-- Leave a message. --><Record/></Response>")
    written(folder, "quiet", "<Response><!-- switchhook: ignore[SW014, SW015] --><Record/></Response>")
    found = catalogue.load(str(folder)).recipes
    assert found["voicemail"].description == "Leave a message."
    assert "SW015" in {each.code for each in found["voicemail"].findings}
    assert "SW015" not in {each.code for each in found["quiet"].findings}


def test_two_recipes_of_one_name_and_names_that_are_none_are_refused(folder) -> None:
    folder["menu"] = "recipe = [Say('a')]"
    path = written(folder, "menu", "<Response/>")
    with pytest.raises(RecipesError, match=r"menu\.xml: there is a menu\.py too"):
        catalogue.load(str(folder))
    path.unlink()
    written(folder, "my menu", "<Response/>")
    with pytest.raises(RecipesError, match="named as Python names modules"):
        catalogue.load(str(folder))


def test_a_file_that_begins_with_an_underscore_is_nobodys_recipe(folder) -> None:
    folder["menu"] = "recipe = [Say('a')]"
    written(folder, "_part", "<Response>")
    assert list(catalogue.load(str(folder)).recipes) == ["menu"]


@pytest.mark.parametrize("fn", ["os.abort", "subprocess.check_call", "join"])
def test_an_allowed_module_hands_out_nothing_but_its_own_functions(folder, fn: str) -> None:
    folder["office"] = """
        import os, subprocess
        from os.path import join

        def hours(call):
            return []
    """
    written(folder, "menu", encode([FunctionExt("x", "office", fn)], extensions=True))
    with pytest.raises(RecipesError) as caught:
        catalogue.load(str(folder), ["menu"], ["office"])
    assert f"{fn} is not a function of the module office itself" in caught.value.lines[0]


def test_an_exemption_that_nothing_needs_is_told_with_its_line_and_no_text_is_one(folder) -> None:
    written(folder, "menu", "<Response>\n<!-- switchhook: ignore[SW002] -->\n<Say>Goodbye.</Say></Response>")
    written(folder, "said", "<Response><Say><![CDATA[<!-- switchhook: ignore[SW002] -->]]></Say></Response>")
    found = catalogue.load(str(folder)).recipes
    assert [str(each) for each in found["menu"].findings] == [
        "SW102 warning: line 2: nothing here needs an exemption from SW002"
    ]
    assert found["said"].findings == ()


def test_two_comments_of_a_line_and_each_line_of_a_comment_are_read(folder) -> None:
    first = "<!-- switchhook: ignore[SW014] --><!-- Leave a message. -->"
    then = "<!-- It is deleted.\nswitchhook: ignore[SW015]\nswitchhook: ignore[SW002] -->"
    written(folder, "quiet", f"<Response>{first}\n{then}\n<Record/></Response>")
    assert [str(each) for each in catalogue.load(str(folder)).recipes["quiet"].findings] == [
        "SW102 warning: line 1: nothing here needs an exemption from SW014",
        "SW102 warning: line 4: nothing here needs an exemption from SW002",
    ]


def test_a_method_of_an_allowed_module_is_no_function_of_it(folder) -> None:
    folder["office"] = """
        class Office:
            @staticmethod
            def hours(call):
                return []
    """
    written(folder, "menu", encode([FunctionExt("x", "office", "Office.hours")], extensions=True))
    with pytest.raises(RecipesError, match=r"Office\.hours is not a function of the module office itself"):
        catalogue.load(str(folder), ["menu"], ["office"])
