"""docs/findings.md: a section for each code, whose bad example has that finding alone and whose good one has none."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import Any

import pytest

from twiml.checks import CHECKS, check, comments_of, exempted

PAGE = Path(__file__).parents[2] / "docs" / "findings.md"
TEXT = PAGE.read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (SW\d+): .*?$(.*?)(?=^## |\Z)", TEXT, flags=re.MULTILINE | re.DOTALL))
ABOUT_SOURCE = ("SW101", "SW102")


def codes_of(example: Any) -> set[str]:
    """The codes that an example has: a flow's, or those of a source whose flow has none."""
    findings = exempted([], comments_of(example)) if isinstance(example, str) else check(example)
    return {each.code for each in findings}


@pytest.fixture(scope="module")
def examples() -> dict[str, tuple[Any, Any]]:
    """Each section's bad and good example, after its blocks were run in the order of the page."""
    found: dict[str, tuple[Any, Any]] = {}
    names: dict[str, Any] = {}
    for block in doctest.DocTestParser().get_examples(TEXT):
        exec(compile(block.source, str(PAGE), "single"), names)  # noqa: S102 - our own page
        code = re.findall(r"^## (SW\d+)", "\n".join(TEXT.splitlines()[: block.lineno]), flags=re.MULTILINE)
        if code:
            found[code[-1]] = (names.get("bad"), names.get("good"))
    return found


def test_what_the_page_shows_is_what_comes() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)

    assert result.attempted > 80
    assert result.failed == 0


def test_every_code_has_a_section_under_its_title_in_the_order_of_the_table() -> None:
    assert re.findall(r"^## (.*)$", TEXT, flags=re.MULTILINE) == [f"{each.code}: {each.title}" for each in CHECKS]


@pytest.mark.parametrize("each", CHECKS, ids=lambda each: each.code)
def test_a_section_says_how_bad_it_is(each) -> None:
    article = "An" if each.severity == "error" else "A"

    assert SECTIONS[each.code].strip().startswith(f"{article} {each.severity}. ")


@pytest.mark.parametrize("code", [each.code for each in CHECKS if each.code not in ABOUT_SOURCE])
def test_the_bad_example_has_this_finding_alone_and_the_good_one_none(examples, code) -> None:
    bad, good = examples[code]

    assert codes_of(bad) == {code}
    assert codes_of(good) == set()


@pytest.mark.parametrize("code", ABOUT_SOURCE)
def test_the_bad_source_has_this_finding_alone(examples, code) -> None:
    assert codes_of(examples[code][0]) == {code}


def test_no_two_checks_share_a_code_and_each_has_a_hint() -> None:
    codes = [each.code for each in CHECKS]

    assert codes == sorted(set(codes))
    assert all(re.fullmatch(r"SW\d{3}", code) for code in codes)
    assert all(each.hint.endswith(".") and each.severity in ("error", "warning", "note") for each in CHECKS)
