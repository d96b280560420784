"""What the journal setting may be."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import settings
from runtime.errors import SettingsError
from runtime.journals import Durable, MemoryJournal, archive_of, check, named, shown
from runtime.journals.postgres import PostgresArchive, PostgresJournal
from runtime.journals.sqlite import SqliteArchive, SqliteJournal
from runtime.journals.urls import path_of

ROOT = Path(__file__).parents[3]
THERE_ARE = "is not a journal there is; there are memory:, sqlite:///path and postgresql://host/database"


def test_three_slashes_are_relative_and_four_absolute(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert path_of("sqlite:///calls.db") == tmp_path / "calls.db"
    assert path_of("sqlite:///var/calls.db") == tmp_path / "var" / "calls.db"
    assert path_of("sqlite:////var/calls.db") == Path("/var/calls.db")
    assert path_of("memory:") is None
    assert path_of("postgresql://db/calls") is None


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
        ("memory", THERE_ARE),
        ("mysql://x", THERE_ARE),
        ("", THERE_ARE),
        ("postgresql:calls", "has postgresql: without two slashes, as in postgresql://switchhook@db.example.com/"),
        ("postgres:/db/calls", "has postgres: without two slashes"),
        ("postgresql://", "names no database, as in postgresql://"),
        ("postgresql://db.example.com", "names no database"),
        ("postgresql://db.example.com/", "names no database"),
        ("postgresql://db.example.com/calls/today", "names no database"),
        ("postgresql://db.example.com:many/calls", "has no port where one belongs; a password has %3A for :"),
        ("postgresql://db.example.com/calls?application_name=x", "has the option 'application_name', which isn't one"),
        ("postgresql://db.example.com/calls?sslmode=", ""),
    ],
)
def test_what_names_no_journal(url, says):
    if not says:
        assert settings.load({"journal": url}).journal == url
        return
    with pytest.raises(SettingsError) as caught:
        settings.load({"journal": url})

    [line] = caught.value.lines
    assert line.startswith(f"flags: journal is {url!r}: ")
    assert says in line


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:open-sesame@db.example.com",
        "postgresql://me:open-sesame/@db.example.com/calls",
        "postgresql://me:@open-sesame@db.example.com:x/calls",
        "postgresql://me:open-sesame#@db.example.com/calls",
        "postgresql://me:#open-sesame@db.example.com/calls",
        "postgresql:/me:open-sesame@db.example.com/calls",
        "postgres:me:open-sesame@db.example.com/calls",
        "postgresql://db.example.com/calls?password=open-sesame&user=me",
        "postgresq://me:open-sesame@db.example.com/calls",
        "://me:open-sesame@db.example.com/calls",
    ],
)
def test_a_password_is_never_shown(url):
    with pytest.raises(SettingsError) as caught:
        settings.load({"journal": url})

    assert "open-sesame" not in str(caught.value)
    assert "db.example.com" in str(caught.value)
    assert "open-sesame" not in shown(url)


def test_without_asyncpg_it_says_what_to_install(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "asyncpg" else real(name))

    with pytest.raises(SettingsError) as caught:
        settings.load({"journal": "postgresql://me:secret@db/calls"})

    assert str(caught.value) == ("flags: journal is 'postgresql://me@db/calls': needs asyncpg: pip install asyncpg")


def test_whoever_has_no_asyncpg_needs_none():
    program = """if True:
        import sys
        sys.modules["asyncpg"] = None
        from runtime import commands, journals
        assert all(commands.main.commands.values())
        for url in ("memory:", "sqlite:///calls.db"):
            journals.named(url)
            journals.archive_of(url)
    """
    done = subprocess.run(  # noqa: S603 - it is ours
        [sys.executable, "-c", program], cwd=ROOT, check=False, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_journal_that_a_setting_names(tmp_path):
    memory, file = named("memory:"), named(f"sqlite:///{tmp_path}/calls.db", days=3)
    database = named("postgresql://me:secret@db/calls", days=3)

    assert isinstance(memory, MemoryJournal)
    assert not isinstance(memory, Durable)
    assert isinstance(file, SqliteJournal)
    assert isinstance(file, Durable)
    assert (file.path, file.days) == (tmp_path / "calls.db", 3)
    assert path_of(file.name) == file.path
    assert not file.path.exists()
    assert isinstance(database, PostgresJournal)
    assert isinstance(database, Durable)
    assert (database.name, database.days) == ("postgresql://me@db/calls", 3)


def test_what_an_operator_looks_at():
    assert archive_of("memory:") is None
    assert isinstance(archive_of("sqlite:///calls.db"), SqliteArchive)
    assert isinstance(archive_of("postgres://db/calls"), PostgresArchive)


@pytest.mark.parametrize("names", [named, archive_of, check])
def test_what_names_none_is_refused(names):
    with pytest.raises(ValueError, match="names no database"):
        names("postgresql://db")
