"""What the docstrings show is so."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from runtime import softphone

MODULES = [each.name for each in pkgutil.walk_packages(softphone.__path__, "runtime.softphone.")]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_are_what_comes_out(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    assert sum(len(doctest.DocTestFinder().find(importlib.import_module(name))) for name in MODULES) > 100
