"""Modules that are forgotten, imported afresh, and put back where the fresh ones were no good."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

import pytest

from runtime import shelf


def test_a_change_of_the_same_length_in_the_same_second_is_seen(folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    folder["greeting"] = "word = 'hello'"
    path = Path(str(folder)) / "greeting.py"
    list(shelf.modules(str(folder)))
    assert importlib.import_module("greeting").word == "hello"
    written = path.stat()

    folder["greeting"] = "word = 'howdy'"
    os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
    shelf.forget(str(folder))

    assert importlib.import_module("greeting").word == "howdy"


def test_what_is_put_back_is_what_its_package_hands_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "corner_shop"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "hours.py").write_text("word = 'hello'", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    old = importlib.import_module("corner_shop.hours")

    before = shelf.forget("corner_shop")
    assert importlib.import_module("corner_shop.hours") is not old
    shelf.restore("corner_shop", before)

    assert importlib.import_module("corner_shop.hours") is old
    assert importlib.import_module("corner_shop").hours is old
    shelf.forget("corner_shop")


def test_a_child_of_a_package_that_stays_is_put_back_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "shopping_street" / "inner"
    inner.mkdir(parents=True)
    for place in (inner.parent, inner):
        (place / "__init__.py").write_text("", encoding="utf-8")
    (inner / "hours.py").write_text("word = 'hello'", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("shopping_street.inner.hours")
    street = importlib.import_module("shopping_street")
    old = street.inner

    before = shelf.forget("shopping_street.inner")
    assert importlib.import_module("shopping_street.inner") is not old
    shelf.restore("shopping_street.inner", before)

    assert street.inner is old
    shelf.forget("shopping_street")
