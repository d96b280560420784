"""`switchhook dead-letters`: what could not be told, told after all or forgotten; also while daemons run."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from actors import Subscription
from runtime.journals.postgres import PostgresJournal
from runtime.journals.sqlite import SqliteJournal
from tests.runtime.journals.examples import letter, row, snapshot
from tests.wire import ME


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request, tmp_path, monkeypatch):
    """Opens the journal that the settings name: a file of the default's name, or a database."""
    if request.param == "sqlite":
        return lambda: SqliteJournal(tmp_path / "switchhook.db", now=lambda: 0.0)
    url = request.getfixturevalue("database")
    monkeypatch.setenv("SWITCHHOOK_JOURNAL", url)
    return lambda: PostgresJournal(url, now=lambda: 0.0)


@pytest.fixture
def kept(opened):
    """Four dead letters of three calls, and one that is to be delivered. Gives what asks the journal something."""
    reason = f"ValueError: no mailbox for {ME}"
    letters = [
        letter("CA1", 1, 0, None, at=100.0, tries=8, reason=reason, params={"From": ME, "Digits": "4711"}),
        letter("CA1", 1, 1, None, at=200.0, tries=8, reason=reason),
        letter("CA2", 1, 0, None, at=300.0, tries=1),
        letter("CA3", 1, 0, None, at=400.0, tries=8, reason=reason),
        letter("CA3", 1, 1, 50.0, at=500.0),
    ]

    async def ask(question):
        journal = opened()
        try:
            return await question(journal)
        finally:
            await journal.close()

    async def write(journal):
        for sid in ("CA1", "CA2", "CA3"):
            await journal.commit(snapshot(sid), row(), [each for each in letters if each.call_sid == sid])

    asyncio.run(ask(write))
    return lambda question: asyncio.run(ask(question))


@pytest.fixture
def of_messages(kept, opened):
    """Two more, of two messages of one conversation, that nobody could be told the end of."""
    listener = Subscription("message_status", "shop", "undelivered")
    dead = [
        letter("texts-1", 1, n, None, at=600.0 + n, tries=8, params={"MessageSid": sid}, subscription=listener)
        for n, sid in enumerate(("SM1", "SM2"))
    ]
    kept(lambda journal: journal.commit(snapshot("texts-1", status="conversation"), row(), dead))
    return kept


def lines(result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def left(kept) -> list[tuple[str, int]]:
    """The dead letters that are left, by call and number."""
    return sorted((each.call_sid, each.number) for each in kept(lambda journal: journal.dead_letters(99)))


def test_list_shows_the_latest_first(run, kept):
    assert lines(run("dead-letters", "list", "--unmasked")) == [
        f"1970-01-01 00:06:40Z  CA3  completion  office:filed  tried 8 times  ValueError: no mailbox for {ME}",
        "1970-01-01 00:05:00Z  CA2  completion  office:filed  tried 1 time",
        f"1970-01-01 00:03:20Z  CA1  completion  office:filed  tried 8 times  ValueError: no mailbox for {ME}",
        f"1970-01-01 00:01:40Z  CA1  completion  office:filed  tried 8 times  ValueError: no mailbox for {ME}",
    ]


def test_list_says_how_many_it_leaves_out(run, kept):
    result = run("dead-letters", "list", "--limit", 1)

    assert len(lines(result)) == 1
    assert result.stderr == "and 3 more\n"


def test_numbers_and_keys_are_masked_unless_they_are_asked_for(run, kept):
    for args in ((), ("--json",)):
        shown = run("dead-letters", "list", *args)
        assert ME not in shown.stdout
        assert "4711" not in shown.stdout
        assert "+44##########" in shown.stdout


def test_list_as_json_has_all_that_is_kept(run, kept):
    shown = json.loads(run("dead-letters", "list", "--json", "--unmasked").stdout)

    assert [each["call_sid"] for each in shown] == ["CA3", "CA2", "CA1", "CA1"]
    assert shown[3]["params"] == {"From": ME, "Digits": "4711"}
    assert shown[3]["subscription"] == {"event": "completion", "module": "office", "function": "filed"}


def test_no_dead_letters_are_an_empty_list(run, kept):
    run("dead-letters", "drop", "--all")

    listed = run("dead-letters", "list")
    assert (listed.stdout, listed.stderr) == ("", "there are no dead letters\n")
    assert json.loads(run("dead-letters", "list", "--json").stdout) == []


def test_retry_has_those_of_a_call_told_after_all(run, kept):
    assert lines(run("dead-letters", "retry", "CA1")) == ["2 dead letters to be told again"]

    assert left(kept) == [("CA2", 0), ("CA3", 0)]
    assert kept(lambda journal: journal.due_letters(0.0, 9)) == []
    taken = kept(lambda journal: journal.take_letter("CA1", time.time(), time.time() + 60))
    assert (taken.number, taken.tries) == (0, 1)


def test_retry_all(run, kept):
    assert lines(run("dead-letters", "retry", "--all")) == ["4 dead letters to be told again"]
    assert left(kept) == []
    assert lines(run("dead-letters", "retry", "--all")) == ["0 dead letters to be told again"]


@pytest.mark.parametrize("command", ["retry", "drop"])
def test_a_call_that_has_none_is_told_of_and_nothing_is_done(run, kept, command):
    before = left(kept)

    result = run("dead-letters", command, "CA2", "CA9")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == ["CA9: there is no dead letter of such a call or message"]
    assert left(kept) == before


def test_drop_forgets_those_of_the_calls_that_are_named(run, kept):
    assert lines(run("dead-letters", "drop", "CA2", "CA3")) == ["2 dead letters forgotten"]

    assert left(kept) == [("CA1", 0), ("CA1", 1)]
    assert kept(lambda journal: journal.due_letters(50.0, 9)) == ["CA3"]


def test_drop_all(run, kept):
    assert lines(run("dead-letters", "drop", "CA2")) == ["1 dead letter forgotten"]
    assert lines(run("dead-letters", "drop", "--all")) == ["3 dead letters forgotten"]
    assert left(kept) == []


def test_those_of_messages_are_listed_by_their_conversation_and_their_own_names(run, of_messages):
    listed = lines(run("dead-letters", "list", "--limit", 2))
    shown = json.loads(run("dead-letters", "list", "--limit", 2, "--json").stdout)

    assert listed == [
        f"1970-01-01 00:10:0{n}Z  texts-1  {sid}  message_status  shop:undelivered  tried 8 times"
        for n, sid in ((1, "SM2"), (0, "SM1"))
    ]
    assert [(each["call_sid"], each["message_sid"]) for each in shown] == [("texts-1", "SM2"), ("texts-1", "SM1")]


def test_a_message_is_named_by_its_sid_and_a_conversation_by_its_name(run, of_messages):
    assert lines(run("dead-letters", "retry", "SM2")) == ["1 dead letter to be told again"]
    assert ("texts-1", 0) in left(of_messages)
    assert lines(run("dead-letters", "drop", "texts-1", "CA2")) == ["2 dead letters forgotten"]
    assert {sid for sid, _ in left(of_messages)} == {"CA1", "CA3"}


@pytest.mark.parametrize("command", ["retry", "drop"])
@pytest.mark.parametrize("args", [[], ["CA1", "--all"]])
def test_which_ones_must_be_said(run, kept, command, args):
    result = run("dead-letters", command, *args)

    assert result.exit_code == 2
    assert "name calls or messages by their SIDs, or all dead letters with --all" in result.stderr
    assert len(left(kept)) == 4
