"""The recipes: found in a package or a folder, and every one that is wrong is told of, with where and what."""

from __future__ import annotations

import doctest
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import pytest

from runtime import catalogue
from runtime.errors import RecipesError
from twiml import Say, compile


def errors(source: object, *only: str) -> list[str]:
    """What is wrong with these recipes."""
    with pytest.raises(RecipesError) as caught:
        catalogue.load(str(source), only)
    assert caught.value.exit_code == 2
    return list(caught.value.lines)


@pytest.fixture
def package(folder, monkeypatch):
    """A package of recipes that can be imported by name."""

    def write(name: str, **modules: str) -> str:
        place = folder.path / name
        place.mkdir()
        (place / "__init__.py").write_text("")
        for module, text in modules.items():
            (place / f"{module}.py").write_text(f"from twiml import *\n{dedent(text)}\n")
        return name

    monkeypatch.syspath_prepend(folder.path)
    return write


# --- found ---------------------------------------------------------------------------------------


def test_the_bundled_ones_are_the_default():
    assert "menu_with_default" in catalogue.load().recipes
    assert catalogue.load().recipes.keys() == catalogue.load("recipes").recipes.keys()


def test_a_package(package):
    name = package("house_recipes", greeting="recipe = [Say('hello')]", bye="recipe = [Say('bye')]")

    found = catalogue.load(name)

    assert list(found.recipes) == ["bye", "greeting"]
    assert found.recipes["greeting"].module == "house_recipes.greeting"
    assert found.of("greeting").program == compile([Say("hello")])


def test_a_package_within_a_package(package, folder):
    package("outer")
    inner = folder.path / "outer" / "inner"
    inner.mkdir()
    (inner / "__init__.py").write_text("")
    (inner / "greeting.py").write_text("from twiml import Say\nrecipe = [Say('hello')]\n")

    assert catalogue.load("outer.inner").recipes["greeting"].module == "outer.inner.greeting"


def test_a_folder(folder):
    folder["greeting"] = "recipe = [Say('hello')]"
    (folder.path / "notes.txt").write_text("no module")

    found = catalogue.load(str(folder))

    assert list(found.recipes) == ["greeting"]
    assert found.of("greeting").program == compile([Say("hello")])


def test_a_folder_that_was_named_from_where_we_are(folder, monkeypatch):
    folder["greeting"] = "recipe = [Say('hello')]"
    monkeypatch.chdir(folder.path.parent)

    assert list(catalogue.load("my_recipes").recipes) == ["greeting"]
    assert list(catalogue.load("./my_recipes").recipes) == ["greeting"]


def test_modules_of_a_folder_may_import_each_other(folder):
    folder["_words"] = "WELCOME = 'welcome'"
    folder["greeting"] = "from _words import WELCOME\nrecipe = [Say(WELCOME)]"

    assert catalogue.load(str(folder)).of("greeting").program == compile([Say("welcome")])


def test_somebody_s_helper_is_no_recipe(folder):
    folder["_private"] = "raise RuntimeError('never imported')"
    folder["helper"] = "def help(): return 1"
    folder["greeting"] = "recipe = [Say('hello')]"

    assert list(catalogue.load(str(folder)).recipes) == ["greeting"]


def test_only_some(folder):
    folder["greeting"] = "recipe = [Say('hello')]"
    folder["wrong"] = "recipe = 7"

    assert list(catalogue.load(str(folder), ["greeting"]).recipes) == ["greeting"]


def test_what_a_recipe_is(folder):
    folder["both"] = "recipe = [Say('hello')]\ndef handle_request(path, params): return []"
    (folder.path / "old.py").write_text(
        '"""\nOld style.\n\nAnd more.\n"""\ndef handle_request(path, params): return []\n'
    )
    folder["later"] = "def recipe(call): return [Say('hello')]"

    found = catalogue.load(str(folder)).recipes

    assert [(name, each.program is not None, each.handle_request is not None) for name, each in found.items()] == [
        ("both", True, True),
        ("later", True, False),
        ("old", False, True),
    ]
    assert found["old"].description == "Old style."
    assert found["both"].description == ""
    assert found["later"].summary() == {"name": "later", "path": "/later", "states": 2, "findings": 0}
    assert catalogue.load(str(folder)).of("old").program is None
    assert catalogue.load(str(folder)).of("nonesuch").program is None


def test_a_recipe_that_is_a_function_is_not_called_yet(folder):
    folder["later"] = "def recipe(call): raise AssertionError"

    assert [state.rank for state in catalogue.load(str(folder)).of("later").program] == ["1", "2"]


# --- what is wrong -------------------------------------------------------------------------------


def test_every_error_of_every_recipe_is_listed(folder):
    folder["fine"] = "recipe = [Say('hello')]"
    folder["menu"] = """
        recipe = [
            Gather([Say("hello", language="klingon")], num_digits=1, after_ext=[
                ResponseExt("1", "one", [Say("hello", loop=-1)]),
                ResponseExt("12", "twelve", [GotoExt("nowhere")]),
            ]),
        ]
    """
    folder["dials"] = "recipe = [Dial('5551234')]"

    found = errors(folder)

    assert [line.split(":")[0] for line in found] == ["dials"] + ["menu"] * (len(found) - 1)
    assert all(line.split(": ")[1].split(" ")[0].replace(".", "").isdigit() for line in found)
    text = "\n".join(found)
    assert 'menu: 1.1 Say: language "klingon" is not one Twilio speaks' in text
    assert "menu: 1.3.1 Say: loop" in text
    assert "menu: 1.4.1 GotoExt: target" in text
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize("flow", ["7", "'<Say/>'", "Say('hello')", "{'a': 1}"])
def test_what_is_no_flow(folder, flow):
    folder["wrong"] = f"recipe = {flow}"

    [found] = errors(folder)

    assert found.startswith("wrong: a flow is a list of verbs, not ")


def test_an_empty_flow(folder):
    folder["empty"] = "recipe = []"

    assert catalogue.load(str(folder)).of("empty").program[0].payload == "<Hangup/>"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x = 1\n1 / 0", "wrong: line 3: ZeroDivisionError: division by zero"),
        ("x = 1\nx = = 2", "wrong: line 3: SyntaxError: invalid syntax"),
        ("x = 1\n y = 2\n", "wrong: line 3: IndentationError: unexpected indent"),
        ("import nonesuch", "wrong: line 2: ModuleNotFoundError: No module named 'nonesuch'"),
        ("from twiml import Nope", "wrong: line 2: ImportError: cannot import name 'Nope' from 'twiml'"),
        ("import sys; sys.exit('no')", "wrong: line 2: SystemExit: no"),
        ("def f():\n    raise KeyError('x')\nf()", "wrong: line 3: KeyError: 'x'"),
        ("recipe = [Say('hello', lnguage='de')]", "wrong: line 2: TypeError: "),
        ("recipe = [Say('hello')", "wrong: line 2: SyntaxError: '[' was never closed"),
    ],
)
def test_a_module_that_can_not_be_imported_tells_the_line(folder, text, line):
    (folder.path / "wrong.py").write_text(f"from twiml import *\n{text}\n")

    [found] = errors(folder)

    assert found.startswith(line)
    assert "\n" not in found


def test_an_error_in_a_helper_tells_the_recipe_s_own_line(folder):
    folder["_words"] = "\n\n\n1 / 0"
    folder["wrong"] = "import _words"

    assert errors(folder) == ["wrong: line 2: ZeroDivisionError: division by zero"]


def test_octets_that_are_no_python(folder):
    (folder.path / "wrong.py").write_bytes(b"x = '\xff'\n")

    [found] = errors(folder)

    assert found.startswith("wrong: line 1: SyntaxError: ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "def f(): return []\nrecipe = [Pause(), FunctionExt('f', fn=f)]",
            "2 FunctionExt: wrong:f() must take the call and nothing else: def f(call)",
        ),
        (
            "def recipe(): return []",
            "1 FunctionExt: wrong:recipe() must take the call and nothing else: def recipe(call)",
        ),
    ],
)
def test_a_function_must_take_what_it_is_given(folder, text, problem):
    folder["wrong"] = text

    assert errors(folder) == [f"wrong: {problem}"]


@pytest.mark.parametrize(("event", "whose"), [("completion", "call"), ("message_status", "message")])
def test_a_subscribed_function_must_take_the_webhook_and_whose_it_is(folder, event, whose):
    folder["wrong"] = f"def note({whose}): ...\nsubscriptions = [('{event}', note)]\nrecipe = [Pause()]"

    [found] = errors(folder)

    assert found.startswith(
        f'wrong: subscriptions subscribed to "{event}", and note({whose}) must take the webhook and'
    )
    assert found.endswith(f"the webhook and the {whose} and nothing else: def note(webhook, {whose})")


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        ("FunctionExt('f', 'wrong', 'nonesuch')", "1 FunctionExt: there is no function nonesuch in module wrong"),
        ("FunctionExt('f', 'no_such_module', 'f')", "1 FunctionExt: there is no function f in module no_such_module"),
        ("FunctionExt('f', 'wrong', 'NUMBER')", "1 FunctionExt: wrong:NUMBER is not a function but int"),
    ],
)
def test_a_callout_s_function_must_be_there(folder, function, problem):
    folder["wrong"] = f"NUMBER = 7\nrecipe = [{function}]"

    [found] = errors(folder)

    assert found.startswith(f"wrong: {problem}")


def test_a_name_that_another_module_has(folder):
    folder["json"] = "recipe = [Say('hello')]"

    [found] = errors(folder)

    assert found.startswith("json.py: there is another module json, ")
    assert found.endswith("; rename the recipe")
    assert sys.modules["json"].__file__ != str(folder.path / "json.py")


@pytest.mark.parametrize("name", ["my-recipe", "1st", "a b"])
def test_a_name_that_is_none(folder, name):
    folder[name] = "recipe = [Say('hello')]"

    [found] = errors(folder)

    assert found.startswith(f"{name}.py: a recipe's file is named as Python names modules")


def test_a_recipe_that_is_not_there(folder):
    folder["greeting"] = "recipe = [Say('hello')]"

    assert errors(folder, "greting", "xyzzy") == [
        "greting: there is no such recipe; did you mean greeting?",
        f"xyzzy: there is no such recipe in {folder}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        'recipe = [Say("hello")]',
        "def recipe(call): return []",
        "def handle_request(path, params): return []",
        'recipe = [Say("hello")]\ndef reply(message): return "hello"',
    ],
)
def test_what_can_be_called_is_found_alone(folder, text):
    folder["office"], folder["other"] = text, 'recipe = [Say("other")]'

    found = catalogue.to_call("office", str(folder))

    assert list(found.recipes) == ["office"]


def test_what_answers_messages_alone_can_not_be_called(folder):
    folder["office"] = "def reply(message): return 'hello'"

    with pytest.raises(RecipesError) as caught:
        catalogue.to_call("office", str(folder))

    assert caught.value.exit_code == 2
    assert caught.value.lines == (
        "office: takes no calls: it answers messages alone, by its `reply`; give it a `recipe`, or call another",
    )


def test_what_is_not_there_can_not_be_called(folder):
    folder["office"] = 'recipe = [Say("hello")]'

    with pytest.raises(RecipesError, match=r"^offce: there is no such recipe; did you mean office\?$"):
        catalogue.to_call("offce", str(folder))


def test_a_helper_by_name_is_no_recipe(folder):
    folder["helper"] = "x = 1"

    [found] = errors(folder, "helper")

    assert found == "helper: is no recipe: the module has no `recipe`, `reply` or `handle_request`"


def test_a_helper_by_name_is_no_recipe_beside_one_that_is(folder):
    folder["helper"] = "x = 1"
    folder["greeting"] = "recipe = [Say('hello')]"

    assert errors(folder, "greeting", "helper") == [
        "helper: is no recipe: the module has no `recipe`, `reply` or `handle_request`"
    ]


@pytest.mark.parametrize(
    "source", ["nonesuch", "no.such.package", "/no/such/folder", "json", "", "..", "a-b", "os.path"]
)
def test_a_place_that_is_none(source, monkeypatch, tmp_path):
    if not source:
        source = str(tmp_path / "empty")
        (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)

    found = errors(source)

    assert len(found) == 1
    assert found[0].startswith(f"{source}: ")
    assert "\n" not in found[0]


def test_a_package_that_fails_to_import(package, folder):
    package("broken")
    (folder.path / "broken" / "__init__.py").write_text("1 / 0\n")

    [found] = errors("broken")

    assert found.startswith("broken: ")
    assert "division by zero" in found


def test_a_folder_without_a_recipe(folder):
    assert errors(folder) == [f"{folder}: there are no recipes; one is a module with a list named `recipe`"]


def test_a_folder_without_a_recipe_in_its_modules_names_them(folder):
    folder["helper"] = "x = 1"
    folder["menu"] = "flow = [Say('hello')]"

    [found] = errors(folder)

    assert found == (
        f"{folder}: there are no recipes; one is a module with a list named `recipe`, and in helper, menu there is none"
    )


@pytest.fixture
def unreadable() -> Iterator[Path]:
    """A folder that can't be read, by nobody if it is root who tests."""
    with TemporaryDirectory() as name:
        place, root = Path(name), os.geteuid() == 0
        (place / "menu.py").write_text("recipe = []")
        place.chmod(0)
        os.seteuid(65534 if root else os.geteuid())
        yield place
        if root:
            os.seteuid(0)
        place.chmod(0o700)


@pytest.mark.parametrize("below", ["", "shop"], ids=["itself", "below it"])
def test_a_folder_that_can_not_be_read(unreadable, below):
    assert errors(unreadable / below) == [f"{unreadable / below}: can't be read: Permission denied"]


# --- what is found -------------------------------------------------------------------------------

MENU = """
recipe = [Gather(num_digits=1, auto_menu_ext=True, after_ext=[ResponseExt("1", "x", [Record()])]), Hangup()]
"""


def codes(folder: object, name: str) -> list[str]:
    """The codes of a recipe's findings."""
    return [each.code for each in catalogue.load(str(folder)).recipes[name].findings]


def test_a_recipe_is_checked_when_it_is_loaded(folder):
    folder["menu"] = MENU
    folder["greeting"] = "recipe = [Say('hello')]"

    found = catalogue.load(str(folder)).recipes

    assert [str(each) for each in found["menu"].findings] == [
        "1 SW004 note: a caller who does nothing is asked again and again",
        "1.3.1 SW015 warning: nobody hears of this recording",
    ]
    assert found["menu"].summary() == {"name": "menu", "path": "/menu", "states": 7, "findings": 2}
    assert found["greeting"].findings == ()


def test_findings_keep_no_recipe_from_being_served(folder):
    folder["round"] = "recipe = [Say('hello'), GotoExt('1')]"

    assert codes(folder, "round") == ["SW002"]
    assert catalogue.load(str(folder)).of("round").program is not None


def test_a_recipe_exempts_itself_in_its_source(folder):
    folder["menu"] = f"# switchhook: ignore[SW004]\n{MENU}"

    assert codes(folder, "menu") == ["SW015"]
    assert catalogue.load(str(folder)).recipes["menu"].summary()["findings"] == 1


def test_an_exemption_of_a_recipe_in_a_package(package):
    name = package("house_recipes", menu=f"# switchhook: ignore[SW004, SW015]\n{MENU}")

    assert codes(name, "menu") == []


@pytest.mark.parametrize("text", ["def recipe(call): return []", "def handle_request(path, params): return []"])
def test_what_is_not_known_before_a_call_has_no_findings_and_needs_no_exemption(folder, text):
    folder["later"] = text
    folder["exempt"] = f"# switchhook: ignore[SW004]\n{text}"

    assert codes(folder, "later") == []
    assert codes(folder, "exempt") == ["SW102"]


def test_a_module_without_a_source_is_exempt_from_nothing(folder, monkeypatch):
    folder["menu"] = f"# switchhook: ignore[SW004, SW015]\n{MENU}"
    monkeypatch.syspath_prepend(str(folder))
    folder["menu"].__loader__ = None

    assert codes(folder, "menu") == ["SW004", "SW015"]


def test_a_source_that_has_gone_exempts_from_nothing(folder, monkeypatch):
    folder["menu"] = f"# switchhook: ignore[SW004, SW015]\n{MENU}"
    monkeypatch.setattr("importlib.machinery.SourceFileLoader.get_source", gone)

    assert codes(folder, "menu") == ["SW004", "SW015"]


def gone(*_: object) -> str:
    raise OSError("it has gone")


def test_what_the_bundled_recipes_have_is_meant():
    """The repeating menus of old repeat for ever, and the answering machine of old has no listener."""
    found = catalogue.load().recipes

    assert [each.code for each in found["leave_a_message"].findings] == ["SW015"]
    assert [each.code for each in found["menu_that_repeats"].findings] == ["SW004"]
    assert [each.code for each in found["menu_with_repeat"].findings] == ["SW004"]
    assert all(each.severity != "error" for recipe in found.values() for each in recipe.findings)


def test_a_survey_holds_the_good_beside_the_bad(folder):
    folder["menu"] = MENU
    folder["wrong"] = "recipe = [Say('', language='klingon')]"
    folder["worse"] = "1 / 0"

    found = catalogue.survey(str(folder), ["menu", "nonesuch", "worse", "wrong"])

    assert list(found.recipes) == ["menu"]
    assert found.errors == {
        "nonesuch": [f"there is no such recipe in {folder}"],
        "worse": ["line 2: ZeroDivisionError: division by zero"],
        "wrong": ['1 Say: language "klingon" is not one Twilio speaks'],
    }


def test_one_file_that_can_be_none_keeps_no_other_from_being_checked(folder):
    folder["my-flow"] = "recipe = [Say('a')]"
    folder["json"] = "recipe = [Say('a')]"
    folder["greeting"] = "recipe = [Say('hello, goodbye')]"

    found = catalogue.survey(str(folder))

    assert sorted(found.errors) == ["json.py", "my-flow.py"]
    assert list(found.recipes) == ["greeting"]
    assert list(catalogue.load(str(folder), ["greeting"]).recipes) == ["greeting"]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("recipies", "[Say('a')]", True),
        ("Recipe", "[Say('a')]", True),
        ("recipes", "[Say('a')]", True),
        ("recipes", "['bread', 'soup']", False),
        ("recipes", "[]", False),
        ("ingredients", "[Say('a')]", False),
    ],
)
def test_a_flow_with_nearly_the_name_of_a_recipe_is_asked_about(folder, name, value, told):
    folder["greeting"] = "recipe = [Say('hello, goodbye')]"
    folder["menu"] = f"{name} = {value}"

    errors = catalogue.survey(str(folder)).errors

    assert errors == ({"menu": [f"has a list named {name}; a recipe's is named recipe"]} if told else {})


def test_the_example():
    assert doctest.testmod(catalogue) == (0, 1)
