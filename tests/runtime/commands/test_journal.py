"""`switchhook journal`: a look into the file or the database that calls are kept in, also while the daemon runs."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from contextlib import closing

import pytest

from actors import Journal
from runtime.journals.postgres import PostgresJournal
from runtime.journals.sqlite import SqliteJournal
from tests.postgres import PASSWORD, statements
from tests.runtime.journals.examples import row, snapshot
from tests.wire import ME, a_call, post
from twiml import Dial, Say, compile

ON_FREE_PORTS = ("--port", "0", "--admin-port", "0")
COMMANDS = [["list"], ["show", "CA1"], ["export", "-"], ["prune"], ["vacuum"]]
FIELDS = {"CallSid": "CA1", "From": ME, "CallStatus": "in-progress", "Digits": "4711#", "ApiVersion": "2010-04-01"}


@pytest.fixture(params=["sqlite", "postgres"])
def opened(request, tmp_path, monkeypatch):
    """Opens the journal that the settings name: a file of the default's name, or a database."""
    if request.param == "sqlite":
        return lambda: SqliteJournal(tmp_path / "switchhook.db", now=lambda: 0.0)
    url = request.getfixturevalue("database")
    monkeypatch.setenv("SWITCHHOOK_JOURNAL", url)
    return lambda: PostgresJournal(url, now=lambda: 0.0)


def write(opened) -> Journal:
    """Keep three calls."""

    async def write():
        journal = opened()
        program = compile([Say("hi"), Dial(ME)])
        secrets = {"initial_params": FIELDS, "data": {"pin": "4711", "tries": 2, "name": "Jane"}}
        await journal.commit(
            snapshot("CA1", started=100.0, program=program, machine={"state": "1.2"}, **secrets), row(100)
        )
        said = row(
            160,
            kind="gather_response",
            path="1",
            step=1,
            params=FIELDS,
            answer=f"<Response><Dial>{ME}</Dial></Response>",
        )
        await journal.commit(
            snapshot("CA1", 2, started=100.0, program=program, machine={"state": "1.2"}, **secrets), said
        )
        await journal.commit(snapshot("CA2", status="completed", started=200.0), row(200))
        await journal.commit(snapshot("CA3", status="failed", started=300.0), row(300))
        await journal.close()
        return journal

    return asyncio.run(write())


@pytest.fixture
def kept(opened):
    """A journal with three calls in it."""
    return write(opened)


@pytest.fixture
def file(tmp_path):
    """The same in a file of the default's name."""
    path = tmp_path / "switchhook.db"
    write(lambda: SqliteJournal(path, now=lambda: 0.0))
    return path


def lines(result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_list_shows_the_latest_calls_first(run, kept):
    assert lines(run("journal", "list")) == [
        "1970-01-01 00:05:00Z  CA3  greeting  failed  1 step",
        "1970-01-01 00:03:20Z  CA2  greeting  completed  1 step",
        "1970-01-01 00:01:40Z  CA1  greeting  in-progress  2 steps",
    ]
    assert len(lines(run("journal", "list", "--limit", 1))) == 1


def test_show_tells_what_came_and_what_was_answered(run, kept):
    assert lines(run("journal", "show", "CA1", "--unmasked")) == [
        "CA1  greeting  in-progress, in state 1.2",
        '  data.pin = "4711"',
        "  data.tries = 2",
        '  data.name = "Jane"',
        "1970-01-01 00:01:40Z  start_call",
        "    <Response/>",
        "1970-01-01 00:02:40Z  gather_response  /1  CallStatus=in-progress  Digits=4711#",
        f"    <Response><Dial>{ME}</Dial></Response>",
    ]


def test_numbers_and_keys_are_masked_unless_they_are_asked_for(run, kept):
    shown = [run("journal", *args) for args in (["show", "CA1"], ["show", "CA1", "--json"], ["export", "-"])]

    for each in shown:
        assert each.exit_code == 0
        assert "4711" not in each.stdout
        assert ME not in each.stdout
        assert "+44##########" in each.stdout
    assert '  data.pin = "####"' in shown[0].stdout
    assert "Digits=#####" in shown[0].stdout
    assert json.loads(shown[1].stdout)["initial_params"]["ApiVersion"] == "2010-04-01"
    assert ME in run("journal", "export", "-", "--unmasked").stdout


def test_show_as_json_has_all_that_is_kept(run, kept):
    shown = json.loads(run("journal", "show", "CA1", "--json", "--unmasked").stdout)

    assert (shown["call_sid"], shown["version"], shown["machine"]) == ("CA1", 2, {"state": "1.2"})
    assert shown["initial_params"] == FIELDS
    assert [each["step"] for each in shown["history"]] == [None, 1]


def test_a_call_that_is_not_there(run, kept):
    result = run("journal", "show", "CA9")

    assert result.exit_code == 1
    where = kept.path if isinstance(kept, SqliteJournal) else kept.name
    assert result.stderr == f"CA9: there is no such call in {where}\n"
    assert PASSWORD not in result.stderr


def test_export_writes_a_line_for_each_call_and_each_program(run, kept, tmp_path):
    result = run("journal", "export", "calls.jsonl")

    assert result.exit_code == 0
    assert result.stderr == "3 calls\n"
    exported = [json.loads(line) for line in (tmp_path / "calls.jsonl").read_text().splitlines()]
    assert ["states" in each for each in exported] == [True, False, True, False, False]
    programs = [each["program"] for each in exported if "states" in each]
    assert [each["program"] for each in exported if "call_sid" in each] == [programs[0], programs[1], programs[1]]
    assert exported[0]["states"][0] == ["1", "<Say>hi</Say>", "next"]
    assert exported[1]["history"][1]["answer"] == "<Response><Dial>+44##########</Dial></Response>"


def test_an_export_that_fails_leaves_the_last_one(run, tmp_path):
    (tmp_path / "calls.jsonl").write_text("precious\n")

    result = run("journal", "export", "calls.jsonl")

    assert result.exit_code == 1
    assert result.stderr == f"journal: {tmp_path}/switchhook.db: there is no journal\n"
    assert (tmp_path / "calls.jsonl").read_text() == "precious\n"
    assert [each.name for each in tmp_path.iterdir()] == ["calls.jsonl"]


def test_an_export_that_can_not_be_written_is_told(run, file):
    result = run("journal", "export", "no/such/calls.jsonl")

    assert result.exit_code == 1
    assert result.stderr == "no/such/calls.jsonl: can't be written: No such file or directory\n"


def test_export_goes_on_from_page_to_page(run, kept, monkeypatch):
    monkeypatch.setattr("runtime.journals.archive.PAGE", 1)

    assert run("journal", "export", "-").stderr == "3 calls\n"


def test_prune_forgets_what_is_over_and_old(run, kept):
    assert lines(run("journal", "prune", "--days", 100_000)) == ["0 calls forgotten"]
    assert lines(run("journal", "prune")) == ["2 calls forgotten"]
    assert [line.split()[2] for line in lines(run("journal", "list"))] == ["CA1"]
    if isinstance(kept, SqliteJournal):
        with closing(sqlite3.connect(kept.path)) as other:
            assert other.execute("SELECT count(*) FROM programs").fetchall() == [(1,)]
    else:
        assert statements(kept._url, "SELECT count(*) FROM switchhook.programs") == [(1,)]


def test_how_long_calls_are_kept_is_a_setting(run, kept, tmp_path):
    (tmp_path / "switchhook.toml").write_text("journal_days = 100000.0")

    assert lines(run("journal", "prune")) == ["0 calls forgotten"]


def test_vacuum_makes_the_file_smaller(run, file):
    async def fill():
        journal = SqliteJournal(file, now=lambda: 0.0)
        for n in range(50):
            await journal.commit(snapshot(f"CB{n}", status="completed"), row(answer="x" * 20_000))
        await journal.close()

    asyncio.run(fill())
    run("journal", "prune")
    before = file.stat().st_size

    [told] = lines(run("journal", "vacuum"))

    assert file.stat().st_size < before / 5
    assert told == f"{before:,} bytes before, {file.stat().st_size:,} after"
    assert len(lines(run("journal", "list"))) == 1


def test_vacuum_tells_what_there_was_and_what_there_is(run, kept):
    [told] = lines(run("journal", "vacuum"))

    before, _, _, after, _ = told.replace(",", "").split()
    assert int(before) > 0
    assert int(after) > 0
    assert len(lines(run("journal", "list"))) == 3


def test_a_database_that_is_not_there(run, database):
    result = run("journal", "list", "--journal", f"{database}_not")

    assert result.exit_code == 1
    assert "there is no such database; make it with createdb" in result.stderr
    assert result.stderr.count("\n") == 1


def test_another_file_may_be_named(run, file, tmp_path):
    file.rename(tmp_path / "other.db")

    assert len(lines(run("journal", "list", "--journal", "sqlite:///other.db"))) == 3
    assert run("journal", "list", "--journal", "sqlite:other.db").exit_code == 2


async def test_while_the_daemon_runs(start, run, folder, tmp_path):
    folder["greeting"] = 'recipe = [Gather([Say("hello")], after_ext=[ResponseExt("1", "one", [Say("one")])])]'
    daemon = await (await start("serve", *ON_FREE_PORTS, "--recipes", folder)).listening()
    await post(daemon, "/greeting", a_call("CA1"))

    done = [await asyncio.to_thread(run, "journal", *command) for command in COMMANDS]
    reply = await post(daemon, "/greeting", a_call("CA2"))
    listed = await asyncio.to_thread(run, "journal", "list")
    daemon.send(signal.SIGTERM)

    assert [each.exit_code for each in done] == [0] * len(COMMANDS)
    assert reply.verbs[0].startswith("<Gather")
    assert [line.split()[2] for line in listed.stdout.splitlines()] == ["CA2", "CA1"]
    assert await daemon.ended() == 0
    assert (tmp_path / "switchhook.db").exists()
    assert not (tmp_path / "switchhook.db-wal").exists()


def test_a_journal_that_can_not_be_opened_keeps_serve_from_starting(run_process, tmp_path):
    done = run_process("serve", *ON_FREE_PORTS, "--journal", "sqlite:///nonesuch/calls.db")

    assert done.returncode == 2
    assert done.stderr.startswith(f"journal: {tmp_path}/nonesuch/calls.db: there is no folder {tmp_path}/nonesuch")
    assert done.stderr.count("\n") == 1


def test_dial_leaves_no_file_behind(run, tmp_path):
    result = run("dial", "menu_with_default", "--press", "1")

    assert result.exit_code == 0
    assert list(tmp_path.glob("*.db*")) == []
