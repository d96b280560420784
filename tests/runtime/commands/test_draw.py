"""`switchhook draw`, and what the commands have in common."""

from __future__ import annotations

import pytest
from lxml import etree, html

import twiml
from runtime import catalogue
from runtime.commands.draw import SUFFIXES
from tests.recipes.test_fifteen import PICTURES, dedented


@pytest.fixture
def greeting(folder):
    folder["greeting"] = 'recipe = [Say("hello & bye")]'
    folder["machine"] = "def handle_request(path, params): return []"
    return folder


# --- as what -------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [(), ("--as", "ascii")])
def test_the_outline(run, args):
    result = run("draw", "menu_with_default", *args)

    assert result.exit_code == 0
    assert result.output == dedented(PICTURES["menu_with_default"]) + "\n"


def test_the_machine_itself(run):
    result = run("draw", "say_one_thing", "--as", "fsm")

    assert result.output == "State('1', '<Say>yowza</Say>', 'next')\nState('2', '<Hangup/>', 'exit')\n"


def test_the_machine_names_its_states_a_line_each(run):
    lines = run("draw", "menu_that_repeats", "--as", "fsm").output.splitlines()

    assert len(lines) == 10
    assert all(line.startswith("State('1") for line in lines)


def test_html_is_a_whole_page_around_the_outline(run, greeting):
    page = run("draw", "--recipes", greeting, "greeting", "--as", "html").output

    assert page.startswith('<!doctype html>\n<html lang="en">\n')
    assert html.fromstring(page).findtext(".//title") == "greeting"
    program = catalogue.load(str(greeting)).of("greeting").program
    assert twiml.draw(program, "html", title="greeting") in page
    assert "hello &amp; bye" in page


def test_a_page_is_called_by_the_recipes_name_in_words(run):
    page = html.fromstring(run("draw", "menu_with_default", "--as", "html").output)

    assert [page.findtext(".//title"), page.findtext(".//h1")] == ["menu with default"] * 2
    assert page.xpath("//section/@aria-label") == ["menu with default"]


def test_svg_is_a_whole_document_called_by_the_recipes_name(run):
    root = etree.fromstring(run("draw", "menu_with_default", "--as", "svg").output.encode())

    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root[0].text == "menu with default"


@pytest.mark.parametrize(("target", "begins"), [("mermaid", "flowchart TD\n"), ("dot", "digraph flow {\n")])
def test_text_for_other_tools(run, target, begins):
    assert run("draw", "menu_with_default", "--as", target).output.startswith(begins)


# --- to a file -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("menu.txt", "1 - GATHER"),
        ("menu.svg", "<svg "),
        ("menu.SVG", "<svg "),
        ("menu.html", "<!doctype html>"),
        ("menu.mmd", "flowchart TD"),
        ("menu.dot", "digraph flow {"),
        ("menu", "1 - GATHER"),
    ],
)
def test_a_files_name_says_what_it_holds(run, tmp_path, name, begins):
    result = run("draw", "menu_that_repeats", "-o", tmp_path / name)

    assert (result.exit_code, result.output) == (0, "")
    assert (tmp_path / name).read_text(encoding="utf-8").startswith(begins)


def test_a_name_that_ends_like_no_picture_there_is_is_asked_about(run, tmp_path):
    result = run("draw", "menu_that_repeats", "-o", tmp_path / "menu.png")

    assert result.exit_code == 1
    assert (
        "menu.png: which picture is that? Let its name end in .txt, .html, .svg, .mmd, .dot, or say --as"
        in result.stderr
    )
    assert not (tmp_path / "menu.png").exists()
    assert run("draw", "menu_that_repeats", "--as", "svg", "-o", tmp_path / "menu.png").exit_code == 0


@pytest.mark.parametrize("name", [f"menu{suffix}" for suffix in SUFFIXES])
def test_what_is_asked_for_goes_before_the_files_name(run, tmp_path, name):
    run("draw", "menu_that_repeats", "--as", "fsm", "-o", tmp_path / name)

    assert (tmp_path / name).read_text(encoding="utf-8").startswith("State('1'")


def test_every_picture_there_is_can_be_asked_for(run):
    assert set(SUFFIXES.values()) == set(twiml.draw.__globals__["RENDERERS"])


def test_a_text_file_holds_the_outline_to_the_letter(run, tmp_path):
    run("draw", "menu_that_repeats", "-o", tmp_path / "menu.txt")

    assert (tmp_path / "menu.txt").read_text(encoding="utf-8") == dedented(PICTURES["menu_that_repeats"]) + "\n"


# --- the current state ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "mark"),
    [
        ("ascii", '        1.3.1 - SAY "You have a lovely telephone voice" <--\n'),
        ("html", '<li id="state-1.3.1" aria-current="step">'),
        ("svg", "The call is at 1.3.1."),
        ("mermaid", "  class s1_3_1 current\n"),
        ("dot", "penwidth=3"),
        ("fsm", "'next') <--\n"),
    ],
)
def test_a_state_is_marked_in_every_picture(run, target, mark):
    assert mark in run("draw", "menu_that_repeats", "--as", target, "--current", "1.3.1").output
    assert mark not in run("draw", "menu_that_repeats", "--as", target).output


@pytest.mark.parametrize("rank", ["9", "1.3.1.", "", "one"])
def test_a_rank_that_is_not_there_is_told(run, rank):
    result = run("draw", "menu_that_repeats", "--current", rank)

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f'menu_that_repeats has no state "{rank}"; the picture shows the rank of each\n'


# --- what goes wrong -----------------------------------------------------------------------------


def test_a_recipe_that_cannot_be_imported_next_to_it_does_not_matter(run, greeting):
    greeting["worse"] = "1 / 0"

    assert run("draw", "--recipes", greeting, "greeting").exit_code == 0


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["nonesuch"], 2, "nonesuch: there is no such recipe in /"),
        (["machine"], 1, "machine answers by a function; there is no machine to draw\n"),
        (["greeting", "-o", "no/such/folder/x"], 1, "no/such/folder/x: can't be written: No such file or directory\n"),
        (["greeting", "-o", "."], 1, ".: can't be written: Is a directory\n"),
        (["greeting", "--as", "png"], 2, "'png' is not one of"),
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


def test_a_command_that_is_none(run):
    result = run("srve")

    assert result.exit_code == 2
    assert "No such command 'srve'" in result.stderr


@pytest.mark.parametrize(
    "command", [["check"], ["draw", "say_one_thing"], ["dial", "say_one_thing"], ["serve"], ["status"]]
)
def test_a_mistake_in_the_settings_is_one_line_everywhere(run, tmp_path, command):
    (tmp_path / "switchhook.toml").write_text("prot = 80\n")

    result = run(*command)

    assert result.exit_code == 2
    assert result.stderr == "switchhook.toml: there is no setting prot; did you mean port?\n"
