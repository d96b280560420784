"""`switchhook check`: what it prints, for people and for machines, and its exit code."""

from __future__ import annotations

import json

import pytest

MENU = """
recipe = [Gather(num_digits=1, auto_menu_ext=True, after_ext=[ResponseExt("1", "x", [Record()])]), Hangup()]
"""
NOTE = "recipe = [Gather([Say('1 for news')], num_digits=1, after_ext=[ResponseExt('1', 'news', [Say('none')])])]"
ROUND = "recipe = [Say('hello'), GotoExt('1')]"
HINT_4 = "A DefaultExt that says goodbye ends the call sooner than the limit of visits does."
HINT_15 = "Let a FunctionExt before or after it take the recording, or name a recording_status_callback."


@pytest.fixture
def greeting(folder):
    folder["greeting"] = 'recipe = [Say("hello & bye")]'
    folder["machine"] = "def handle_request(path, params): return []"
    return folder


def test_the_recipes_that_come_along_have_no_errors(run):
    result = run("check")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].split(", ")[0].endswith("recipes: 0 errors")
    assert "leave_a_message: 2 SW015 warning: nobody hears of this recording\n" in result.stdout
    assert result.stderr == ""


def test_recipes_that_are_well_are_counted(run, greeting):
    result = run("check", "--recipes", greeting)

    assert (result.exit_code, result.output) == (0, "2 recipes: 0 errors, 0 warnings, 0 notes\n")


def test_findings_are_told_like_a_compiler_tells_them(run, greeting):
    greeting["menu"] = MENU

    result = run("check", "--recipes", greeting)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "menu: 1 SW004 note: a caller who does nothing is asked again and again",
        f"    {HINT_4}",
        "menu: 1.3.1 SW015 warning: nobody hears of this recording",
        f"    {HINT_15}",
        "3 recipes: 0 errors, 1 warning, 1 note",
    ]
    assert result.stderr == ""


def test_only_the_recipes_that_are_named(run, greeting):
    greeting["wrong"] = "recipe = 7"
    greeting["menu"] = MENU

    result = run("check", "--recipes", greeting, "greeting", "machine")

    assert (result.exit_code, result.output) == (0, "2 recipes: 0 errors, 0 warnings, 0 notes\n")


def test_an_event_that_can_never_come_is_an_error(run, folder):
    folder["texts"] = """
        def told(webhook, call): pass
        def reply(message): return "hello"
        subscriptions = [("completion", told), ("message_status", told)]
    """

    result = run("check", "--recipes", folder)

    assert result.exit_code == 1
    told, counted = result.stdout.splitlines()
    assert told.startswith("texts: error: subscriptions lists completion, an event of calls, and the module has no ")
    assert counted == "1 recipe: 1 error, 0 warnings, 0 notes"


def test_every_error_is_listed_beside_the_findings_and_the_exit_code_is_1(run, greeting):
    greeting["menu"] = MENU
    greeting["wrong"] = 'recipe = [Say("", language="klingon"), Play("not a url")]'
    greeting["worse"] = "1 / 0"

    result = run("check", "--recipes", greeting)

    assert result.exit_code == 1
    assert [line.split(":")[0] for line in result.stdout.splitlines() if line[0] != " "][:-1] == [
        "menu",
        "menu",
        "worse",
        "wrong",
        "wrong",
    ]
    assert "worse: error: line 2: ZeroDivisionError: division by zero\n" in result.stdout
    assert 'wrong: 1 error: Say: language "klingon" is not one Twilio speaks\n' in result.stdout
    assert result.stdout.endswith("5 recipes: 3 errors, 1 warning, 1 note\n")


def test_a_finding_that_is_an_error_makes_the_exit_code_1(run, greeting):
    greeting["round"] = ROUND

    result = run("check", "--recipes", greeting)

    assert result.exit_code == 1
    assert "round: 1 SW002 error: goes round for ever: " in result.stdout
    assert result.stdout.endswith("3 recipes: 1 error, 0 warnings, 0 notes\n")


@pytest.mark.parametrize(
    ("text", "exit_code", "strict"),
    [("recipe = [Say('x')]", 0, 0), (NOTE, 0, 0), (MENU, 0, 1), (ROUND, 1, 1), ("recipe = 7", 1, 1)],
)
def test_strict_minds_warnings_but_no_notes(run, folder, text, exit_code, strict):
    folder["one"] = text

    assert run("check", "--recipes", folder).exit_code == exit_code
    assert run("check", "--recipes", folder, "--strict").exit_code == strict


def test_what_a_recipe_exempts_itself_from_is_not_told(run, folder):
    folder["menu"] = f"# switchhook: ignore[SW004, SW015]\n{MENU}"

    assert run("check", "--recipes", folder, "--strict").output == "1 recipe: 0 errors, 0 warnings, 0 notes\n"


def test_an_exemption_that_nothing_needs_is_told_with_its_line(run, folder):
    folder["greeting"] = "\n# switchhook: ignore[SW004]\nrecipe = [Say('hello')]"

    result = run("check", "--recipes", folder, "--strict")

    assert result.exit_code == 1
    assert "greeting: SW102 warning: line 3: nothing here needs an exemption from SW004\n" in result.stdout


def test_the_recipes_may_be_named_by_the_environment(run, greeting, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_RECIPES", str(greeting))

    assert run("check", "greeting").output == "1 recipe: 0 errors, 0 warnings, 0 notes\n"


def test_a_recipe_that_is_not_there(run):
    result = run("check", "menu_with_defalt", "xyzzy")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "menu_with_defalt: error: there is no such recipe; did you mean menu_with_default?",
        "xyzzy: error: there is no such recipe among Switchhook's own; --recipes names a folder",
        "2 recipes: 2 errors, 0 warnings, 0 notes",
    ]


@pytest.mark.parametrize("names", [["helper"], ["greeting", "helper"]])
def test_a_helper_is_no_recipe_and_that_is_said(run, greeting, names):
    greeting["helper"] = "def help(): return 1"

    result = run("check", "--recipes", greeting, *names)

    assert result.exit_code == 1
    assert "helper: error: is no recipe: the module has no `recipe`, `reply` or `handle_request`\n" in result.stdout


@pytest.mark.parametrize("how", [[], ["--json"]])
def test_a_mistake_in_the_settings_is_told_as_everywhere(run, how):
    result = run("check", "--config", "nonesuch.toml", *how)

    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stdout == ""


def test_a_place_without_recipes(run):
    result = run("check", "--recipes", "no/such/folder")

    assert result.exit_code == 1
    assert result.stderr.startswith("no/such/folder: is neither a folder nor a package of recipes")
    assert result.stdout == ""


def test_checking_needs_no_token(run, monkeypatch):
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")

    assert run("check", "say_one_thing").exit_code == 0


# --- for machines --------------------------------------------------------------------------------


def test_findings_and_errors_as_json(run, greeting):
    greeting["menu"] = MENU
    greeting["wrong"] = 'recipe = [Say("", language="klingon")]'
    greeting["worse"] = "1 / 0"

    result = run("check", "--recipes", greeting, "--json")

    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert found[1:] == [
        {
            "recipe": "menu",
            "code": "SW015",
            "severity": "warning",
            "rank": "1.3.1",
            "sentence": "nobody hears of this recording",
            "hint": HINT_15,
        },
        {
            "recipe": "worse",
            "code": None,
            "severity": "error",
            "rank": "",
            "sentence": "line 2: ZeroDivisionError: division by zero",
            "hint": "",
        },
        {
            "recipe": "wrong",
            "code": None,
            "severity": "error",
            "rank": "1",
            "sentence": 'Say: language "klingon" is not one Twilio speaks',
            "hint": "",
        },
    ]
    assert (found[0]["code"], found[0]["severity"], found[0]["hint"]) == ("SW004", "note", HINT_4)


def test_nothing_found_is_an_empty_list(run, greeting):
    result = run("check", "--recipes", greeting, "--json")

    assert (result.exit_code, json.loads(result.stdout)) == (0, [])


def test_json_and_strict(run, folder):
    folder["menu"] = MENU

    result = run("check", "--recipes", folder, "--json", "--strict")

    assert result.exit_code == 1
    assert [each["code"] for each in json.loads(result.stdout)] == ["SW004", "SW015"]


def test_a_place_without_recipes_as_json(run):
    result = run("check", "--recipes", "no/such/folder", "--json")

    assert result.exit_code == 1
    [found] = json.loads(result.stdout)
    assert (found["recipe"], found["code"], found["severity"]) == ("", None, "error")
    assert found["sentence"].startswith("no/such/folder: is neither a folder nor a package")


def test_a_terminal_that_does_not_know_every_letter(run_process, folder, monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "latin-1")
    folder["wrong"] = "recipe = [Say('où?'), GotoExt('là'), GotoExt('漢')]"

    done = run_process("check", "--recipes", folder)

    assert (done.returncode, done.stderr) == (1, "")
    assert 'wrong: 3 error: GotoExt: target "?"' in done.stdout


def test_what_a_recipe_prints_is_no_part_of_the_report(run, greeting):
    greeting["chatty"] = 'print("imported!")\nrecipe = [Say("hello & bye")]'

    result = run("check", "--json", "--recipes", greeting)

    assert json.loads(result.stdout) == []
    assert "imported!" in result.stderr
