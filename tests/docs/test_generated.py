"""What is generated is current, and what it says is so."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from docs import generate
from docs.makers import elements, examples, voices
from twiml import Element, decode, encode, validate
from twiml.element import Extension, body_of, branches_of, declared, spec
from twiml.languages import prompts_of
from twiml.voices import LEGACY_VOICES, SAY_LANGUAGES, VOICES

ROOT = Path(__file__).parents[2]
NAMES = [found.name for _, found in declared()]


def test_every_generated_file_is_current() -> None:
    assert not generate.stale(generate.files()), "run `python -m docs.generate`"


def test_the_check_of_the_command_line_fails_for_a_file_that_is_not_current(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generate, "DOCS", tmp_path)
    monkeypatch.setattr(generate, "files", lambda: {"language/verbs.md": "new"})
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "gone.svg").write_text("of a recipe that is no more")
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    assert generate.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/language/verbs.md is not current",
        "docs/pictures/gone.svg is not current",
    ]
    assert not (tmp_path / "language").exists()
    monkeypatch.setattr(sys, "argv", ["generate"])
    assert generate.main() == 0
    assert (tmp_path / "language" / "verbs.md").read_text() == "new"
    assert not (tmp_path / "pictures" / "gone.svg").exists()
    monkeypatch.setattr(sys, "argv", ["generate", "--check"])
    assert generate.main() == 0


def test_it_runs_as_a_module() -> None:
    words = [sys.executable, "-m", "docs.generate", "--help"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - ours
    assert "--check" in said


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_an_element_is_valid_and_holds_it(name: str) -> None:
    flow = examples.example(name)
    assert validate(flow) == []
    assert name in {spec(each).name for each in inside(flow)}


def test_what_the_examples_are_given_is_for_elements_that_there_are() -> None:
    given = {*examples.GIVEN, *examples.FLOWS, *examples.HOMES, *(name for pair in examples.BESIDE for name in pair)}
    assert given <= set(NAMES)
    assert {element.__module__ for element, _ in declared()} == {each.module for each in elements.FAMILIES}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_in_python_makes_the_example(name: str) -> None:
    flow = examples.example(name)
    everything = {each.__name__: each for each, _ in declared()}
    assert eval(examples.as_python(list(flow)), dict(everything)) == list(flow)  # noqa: S307 - ours


@pytest.mark.parametrize("name", NAMES)
def test_the_xml_beside_it_is_what_is_written_for_it(name: str) -> None:
    flow = examples.example(name)
    ours = any(isinstance(each, Extension) for each in inside(flow))
    shown = etree.fromstring(examples.as_xml(flow).encode(), etree.XMLParser(remove_blank_text=True))
    written = etree.fromstring(encode(flow, extensions=ours).encode(), etree.XMLParser(remove_blank_text=True))
    assert etree.tostring(shown, method="c14n2") == etree.tostring(written, method="c14n2")
    assert decode(examples.as_xml(flow)) == list(flow)


def inside(things: object) -> list[Element]:
    """Every element of a flow, at any depth."""
    found: list[Element] = []
    for each in things if isinstance(things, (list, tuple)) else []:
        if isinstance(each, Element):
            found += [each, *inside(body_of(each)), *inside(branches_of(each)), *prompts_of([each])]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_element_has_a_section_with_all_its_attributes(name: str) -> None:
    element, found = next(each for each in declared() if each[1].name == name)
    pages = dict(elements.pages())
    family = next(each for each in elements.FAMILIES if each.module == element.__module__)
    section = pages[f"language/{family.file}.md"].partition(f"## {name}\n")[2].partition("\n## ")[0]
    assert section
    assert all(f"| `{each.python}` |" in section for each in found.attributes)
    assert (found.retired is not None) == ("\n**Retired:**" in section)
    assert section.count("**Retired:**") == len([each for each in (found, *found.attributes) if each.retired])


def test_no_table_sends_its_reader_away_with_a_number_of_names() -> None:
    for _, page in elements.pages():
        for row in page.splitlines():
            assert " names |" not in row, row


def test_every_voice_and_every_language_is_on_the_page() -> None:
    page = voices.page()
    kinds = voices.grouped(VOICES)
    assert sum(map(len, kinds.values())) == len(VOICES)
    assert all(f"`{each}`" in page for each in {"man", "woman", *LEGACY_VOICES, *SAY_LANGUAGES})
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    shown = sum(row.count("`") // 2 - 1 for row in rows)
    assert shown == sum(len(each) for kind, each in kinds.items() if kind.startswith("Google"))


def test_every_picture_is_well_formed_and_is_shown_on_a_page() -> None:
    pages = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md"))
    pictures = [name for name in generate.files() if name.endswith(".svg")]
    assert len(pictures) > 20
    for name in pictures:
        assert etree.parse(ROOT / "docs" / name).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert f"({name})" in pages
