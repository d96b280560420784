"""The pages: their examples run, their links lead somewhere, and they build without a warning."""

from __future__ import annotations

import doctest
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

from docs import conf

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md") if "_build" not in path.parts)
WITH_EXAMPLES = [page for page in PAGES if ">>> " in (DOCS / page).read_text(encoding="utf-8")]
MODULES = ["conf", "generate", *(f"makers.{path.stem}" for path in (DOCS / "makers").glob("[a-z]*.py"))]


def prose(page: str) -> str:
    """A page without its code."""
    return re.sub(r"^```.*?^```", "", (DOCS / page).read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    plain = (re.sub(r"\[(.+?)\]\(.+?\)", r"\1", title).lower() for title in titles)
    return {re.sub(r"[^\w\- ]", "", title).replace(" ", "-") for title in plain}


@pytest.mark.parametrize("page", WITH_EXAMPLES)
def test_the_examples_of_a_page_run(page: str) -> None:
    names: dict[str, object] = {}
    if page == "language/extensions.md":
        exec("from twiml import *", names)  # noqa: S102 - the docstrings of that module name its own elements
    result = doctest.testfile(str(DOCS / page), module_relative=False, globs=names)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_what_makes_the_pages_run(name: str) -> None:
    module = importlib.import_module(f"docs.{name}")
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize("page", PAGES)
def test_the_links_of_a_page_lead_somewhere(page: str) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (DOCS / page).parent.joinpath(file).resolve() if file else DOCS / page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.relative_to(DOCS).as_posix()), link


def test_every_page_is_in_the_table_of_contents() -> None:
    roots = {page: (DOCS / f"{page}.md").read_text(encoding="utf-8") for page in ("index", "language")}
    listed = [name for page, text in roots.items() for _, names in conf.contents(page, text) for name in names]
    assert sorted([*(f"{name}.md" for name in listed), "index.md"]) == PAGES


def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going", str(DOCS), str(tmp_path)]
    built = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "language" / "verbs.html").is_file()
