"""What the journal setting may be."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime import settings
from runtime.errors import SettingsError
from runtime.journals import Durable, MemoryJournal, SqliteJournal, named, path_of


def test_three_slashes_are_relative_and_four_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert path_of("sqlite:///calls.db") == tmp_path / "calls.db"
    assert path_of("sqlite:///var/calls.db") == tmp_path / "var" / "calls.db"
    assert path_of("sqlite:////var/calls.db") == Path("/var/calls.db")
    assert path_of("memory:") is None


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite:///:memory:", "names no file; to keep calls as long as the process lives, say memory:"),
        ("sqlite://", "names no file"),
        ("sqlite:", "names no file"),
        ("sqlite:///", "names no file"),
        ("sqlite:calls.db", "has sqlite: without three slashes and a path, as in sqlite:///calls.db"),
        ("sqlite://calls.db", "has sqlite: without three slashes"),
        ("sqlite:///calls.db?mode=ro", "it takes no options"),
        ("sqlite:///calls/", "must be sqlite:/// and the path of a file"),
        ("memory", "is not a journal there is; there are memory: and sqlite:///path"),
        ("mysql://x", "is not a journal there is"),
        ("", "is not a journal there is"),
    ],
)
def test_what_names_no_journal(url, says, monkeypatch):
    with pytest.raises(SettingsError) as caught:
        settings.load({"journal": url})

    [line] = caught.value.lines
    assert line.startswith(f"flags: journal is {url!r}: ")
    assert says in line


def test_the_journal_that_a_setting_names(tmp_path):
    memory, file = named("memory:"), named(f"sqlite:///{tmp_path}/calls.db", days=3)

    assert isinstance(memory, MemoryJournal)
    assert not isinstance(memory, Durable)
    assert isinstance(file, SqliteJournal)
    assert isinstance(file, Durable)
    assert (file.path, file.days) == (tmp_path / "calls.db", 3)
    assert path_of(file.name) == file.path
    assert not file.path.exists()
