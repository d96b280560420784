"""Every example in the language's documentation runs."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import twiml

MODULES = ["twiml", *(module.name for module in pkgutil.walk_packages(twiml.__path__, "twiml."))]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_in_the_documentation_run(name: str) -> None:
    module = importlib.import_module(name)
    assert doctest.testmod(module, report=True).failed == 0


def test_the_public_names_are_all_there_and_sorted() -> None:
    for name in ("twiml", "twiml.draw"):
        module = importlib.import_module(name)
        assert all(hasattr(module, each) for each in module.__all__)
        assert len(set(module.__all__)) == len(module.__all__)
