"""What commands say of a journal that they can't look into: nothing is made, and nothing is changed."""

from __future__ import annotations

import pytest

from runtime.journals import shown
from tests.postgres import statements

COMMANDS = (
    "journal list",
    "journal show CA1",
    "journal export -",
    "journal prune",
    "journal vacuum",
    "dead-letters list",
    "dead-letters retry --all",
    "dead-letters drop CA1",
)


@pytest.fixture(params=COMMANDS)
def command(request):
    """Each command that looks into the journal, as words."""
    return request.param.split()


def test_a_file_that_is_not_there_is_not_made(run, tmp_path, command):
    result = run(*command)

    assert result.exit_code == 1
    assert result.stderr == f"journal: {tmp_path}/switchhook.db: there is no journal\n"
    assert list(tmp_path.glob("*.db*")) == []


def test_a_file_that_is_no_journal_stays_as_it_is(run, tmp_path, command):
    (tmp_path / "switchhook.db").write_text("no journal at all" * 100)

    result = run(*command)

    assert result.exit_code == 1
    assert "it is not a database of SQLite's" in result.stderr
    assert result.stderr.count("\n") == 1
    assert (tmp_path / "switchhook.db").read_text() == "no journal at all" * 100


def test_a_database_without_a_journal_stays_as_it_is(run, database, command):
    result = run(*command, "--journal", database)

    assert result.exit_code == 1
    assert result.stderr == f"journal: {shown(database)}: there is no journal\n"
    assert statements(database, "SELECT count(*) FROM pg_namespace WHERE nspname = 'switchhook'") == [(0,)]


def test_what_is_kept_in_memory_is_its_daemons_own(run, command):
    result = run(*command, "--journal", "memory:")

    assert result.exit_code == 1
    assert result.stderr == "journal is memory:, which ends with its process: what it keeps is that daemon's own\n"
