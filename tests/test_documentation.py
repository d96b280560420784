"""What the README and the table of settings say is so. The pages in docs/ are tested in tests/docs."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import twiml
from runtime import catalogue
from runtime.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


def test_the_readmes_recipe_makes_the_readmes_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bookshop.py").write_text(blocks(README, "python")[0], encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    program = catalogue.load(str(tmp_path)).of("bookshop").program
    assert program is not None
    assert twiml.draw(program) == blocks(README, "text")[0].rstrip("\n")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    field = Settings.model_fields[name]
    default = field.get_default(call_default_factory=True)
    shown = {"": "(empty)", "{}": "(empty)", "[]": "(empty)", "False": "no"}.get(str(default), f"`{default}`")
    table = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    assert f"| `{name}` | {shown} | {field.description} |" in table


def test_the_readmes_links_within_the_repository_lead_somewhere() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert all((ROOT / link).exists() for link in links), links


def test_more_recipes_come_along_than_the_first_fifteen() -> None:
    assert len(catalogue.load().recipes) > 15
