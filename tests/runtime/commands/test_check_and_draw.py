"""`switchhook check` and `switchhook draw`, and what the commands have in common."""

from __future__ import annotations

import json

import pytest

import twiml
from runtime import catalogue
from tests.recipes.test_fifteen import PICTURES, dedented


@pytest.fixture
def greeting(folder):
    folder["greeting"] = 'recipe = [Say("hello & bye")]'
    folder["machine"] = "def handle_request(path, params): return []"
    return folder


# --- check ---------------------------------------------------------------------------------------


def test_all_recipes_are_valid(run):
    result = run("check")

    assert result.exit_code == 0
    assert result.output.count(": valid, ") == 15
    assert "menu_with_default: valid, 12 states\n" in result.output


def test_some_recipes(run, greeting):
    greeting["wrong"] = "recipe = 7"

    result = run("check", "--recipes", greeting, "greeting", "machine")

    assert (result.exit_code, result.output) == (0, "greeting: valid, 2 states\nmachine: valid, traditional\n")


def test_every_error_is_listed_and_the_exit_code_is_1(run, greeting):
    greeting["wrong"] = 'recipe = [Say("", language="klingon"), Play("not a url")]'
    greeting["worse"] = "1 / 0"

    result = run("check", "--recipes", greeting)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert [line.split(":")[0] for line in result.stderr.splitlines()][-1] == "wrong"
    assert "worse: line 2: ZeroDivisionError: division by zero\n" in result.stderr
    assert 'wrong: 1 Say: language "klingon" is not one Twilio speaks\n' in result.stderr


def test_the_recipes_may_be_named_by_the_environment(run, greeting, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_RECIPES", str(greeting))

    assert run("check", "greeting").output == "greeting: valid, 2 states\n"


def test_a_recipe_that_is_not_there(run):
    result = run("check", "menu_with_defalt", "xyzzy")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "menu_with_defalt: there is no such recipe; did you mean menu_with_default?",
        "xyzzy: there is no such recipe",
    ]


def test_checking_needs_no_token(run, monkeypatch):
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")

    assert run("check", "say_one_thing").exit_code == 0


# --- draw ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [(), ("--as", "ascii")])
def test_the_outline(run, args):
    result = run("draw", "menu_with_default", *args)

    assert result.exit_code == 0
    assert result.output == dedented(PICTURES["menu_with_default"]) + "\n"


def test_the_machine_itself(run):
    result = run("draw", "say_one_thing", "--as", "fsm")

    assert result.output == "State('1', '<Say>yowza</Say>', 'next')\nState('2', '<Hangup/>', 'exit')\n"


def test_html(run, greeting):
    result = run("draw", "--recipes", greeting, "greeting", "--as", "html")

    assert result.output == twiml.draw(catalogue.load(str(greeting)).program("greeting"), "html") + "\n"
    assert "hello &amp; bye" in result.output


def test_to_a_file(run, tmp_path):
    result = run("draw", "menu_that_repeats", "-o", tmp_path / "menu.txt")

    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / "menu.txt").read_text(encoding="utf-8") == dedented(PICTURES["menu_that_repeats"]) + "\n"


def test_a_recipe_that_cannot_be_imported_next_to_it_does_not_matter(run, greeting):
    greeting["worse"] = "1 / 0"

    assert run("draw", "--recipes", greeting, "greeting").exit_code == 0


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["nonesuch"], 1, "nonesuch: there is no such recipe\n"),
        (["machine"], 1, "machine answers in the traditional way; there is no machine to draw\n"),
        (["greeting", "-o", "no/such/folder/x"], 1, "no/such/folder/x: can't be written: No such file or directory\n"),
        (["greeting", "-o", "."], 1, ".: can't be written: Is a directory\n"),
        (["greeting", "--as", "svg"], 2, "'svg' is not one of"),
        ([], 2, "Missing argument 'RECIPE'"),
    ],
)
def test_a_mistake_in_a_drawing(run, greeting, args, code, says):
    result = run("draw", "--recipes", greeting, *args)

    assert result.exit_code == code
    assert says in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("command", [["draw", "menu_that_repeats"], ["dial", "menu_that_repeats", "--press", "2"]])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_terminal_that_does_not_know_every_letter(run_process, monkeypatch, command, encoding):
    monkeypatch.setenv("PYTHONIOENCODING", encoding)

    done = run_process(*command)

    assert (done.returncode, done.stderr) == (0, "")
    assert "Tout vient" in done.stdout


# --- in common -----------------------------------------------------------------------------------


def test_the_version(run):
    assert run("--version").output == "switchhook, version 0.1.0\n"


@pytest.mark.parametrize("command", ["serve", "check", "draw", "dial", "status"])
def test_every_command_explains_itself(run, command):
    result = run(command, "--help")

    assert result.exit_code == 0
    assert f"main {command} " in result.output
    assert run(command, "-h").output == result.output
    assert command in run("--help").output


def test_a_command_that_is_none(run):
    result = run("srve")

    assert result.exit_code == 2
    assert "No such command 'srve'" in result.stderr


def test_without_a_command_it_explains_itself(run):
    assert "Commands:" in run().output


@pytest.mark.parametrize(
    "command", [["check"], ["draw", "say_one_thing"], ["dial", "say_one_thing"], ["serve"], ["status"]]
)
def test_a_mistake_in_the_settings_is_one_line_everywhere(run, tmp_path, command):
    (tmp_path / "switchhook.toml").write_text("prot = 80\n")

    result = run(*command)

    assert result.exit_code == 2
    assert result.stderr == "switchhook.toml: there is no setting prot; did you mean port?\n"


def test_the_fsm_names_its_states_as_python_would(run):
    """So that it can be read back, but for the callouts."""
    lines = run("draw", "menu_that_repeats", "--as", "fsm").output.splitlines()

    assert len(lines) == 10
    assert all(line.startswith("State('1") for line in lines)
    assert json.dumps(lines[0])
