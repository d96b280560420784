"""The URLs of recipes, as every document and every move of a call has them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.actors.doubles import MENU, Line


@pytest.mark.parametrize(
    ("base", "rest", "path"),
    [
        ("", ("menu",), "/menu"),
        ("/ivr", ("menu", "2.1"), "/ivr/menu/2.1"),
        ("/ivr", ("menu", "2.1", 7), "/ivr/menu/2.1?step=7"),
        ("", ("menu", "", 0), "/menu?step=0"),
        ("", ("café", "status"), "/caf%C3%A9/status"),
    ],
)
async def test_a_recipe_has_its_path_below_the_base(base: str, rest: tuple[Any, ...], path: str) -> None:
    assert replace(Line(MENU).settings, base=base).path_of(*rest) == path


async def test_a_document_names_a_recipe_as_urls_do() -> None:
    answer = await Line(MENU, others={"café": MENU}).post(recipe="café")
    assert 'action="/caf%C3%A9/1?step=1"' in answer.xml
