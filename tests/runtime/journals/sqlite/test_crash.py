"""`kill -9`, and what the next process makes of it: no step is lost, and none is answered in two ways."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import aiohttp
import pytest

from runtime.journals.sqlite import SqliteJournal
from runtime.journals.sqlite import journal as module
from tests.runtime.commands.conftest import Process, end
from tests.runtime.journals.examples import rows_in, until
from tests.wire import a_call, post

ON_FREE_PORTS = ("--port", "0", "--admin-port", "0")
TOKEN = "I-Twilio-Idempotency-Token"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.db"


@pytest.fixture
def ran(tmp_path):
    """What functions have written down, a line each time they ran."""

    def ran(name: str) -> list[str]:
        file = tmp_path / name
        return sorted(file.read_text().splitlines()) if file.exists() else []

    return ran


@pytest.fixture
def shop(folder, tmp_path):
    """A menu whose answer is looked up, then another; somebody wants to know when the call is over."""
    folder["shop"] = f"""
        def note(name, line):
            with open({str(tmp_path)!r} + "/" + name, "a") as file:
                file.write(line + "\\n")

        def look_up(call):
            note("looked up", call.step_id)
            call.data["keyed"] = call.digits
            return [Say("you keyed " + call.digits)], [("completion", over)]

        def over(webhook, call):
            note("over", call.call_sid + " " + call.data["keyed"])

        inner = Gather([Say("more?")], num_digits=1, after_ext=[ResponseExt("2", "two", [Say("two")])])
        recipe = [
            Gather([Say("?")], num_digits=1, after_ext=[
                ResponseExt("1", "one", [FunctionExt("look it up", fn=look_up), inner]),
            ]),
        ]
    """
    return folder


@pytest.fixture
def serving(start, shop, path):
    async def serving():
        journal = f"sqlite:///{path}"
        return await (await start("serve", *ON_FREE_PORTS, "--recipes", shop, "--journal", journal)).listening()

    return serving


async def keyed(daemon, sid: str, digits: str, rank: str, step: int):
    fields = a_call(sid, "in-progress", Digits=digits)
    return await post(daemon, f"/shop/{rank}?step={step}", fields, headers={TOKEN: f"{sid}-{step}"})


async def begun(daemon, sid: str):
    return await post(daemon, "/shop", a_call(sid), headers={TOKEN: f"{sid}-0"})


async def test_killed_in_the_middle_of_calls_the_next_process_goes_on_with_them(serving, ran):
    sids = [f"CA{n}" for n in range(10)]
    first = await serving()
    documents = {sid: (await begun(first, sid)).text for sid in sids}
    answers = {sid: (await keyed(first, sid, "1", "1", 1)).text for sid in sids[:5]}
    first.send(signal.SIGKILL)
    await first.process.wait()

    second = await serving()
    again = {sid: (await begun(second, sid)).text for sid in sids}
    repeated = {sid: (await keyed(second, sid, "1", "1", 1)).text for sid in sids[:5]}
    went_on = [await keyed(second, sid, "1", "1", 1) for sid in sids[5:]]
    rank = "1.2.2"
    ends = [await keyed(second, sid, "2", rank, 2) for sid in sids]
    for _ in range(2):
        for sid in sids:
            await post(second, "/shop/status", a_call(sid, "completed"))

    assert again == documents
    assert repeated == answers
    assert [each.verbs[0] for each in went_on] == ["<Say>you keyed 1</Say>"] * 5
    assert [each.verbs[0] for each in ends] == ["<Say>two</Say>"] * 10
    assert ran("looked up") == [f"{sid}:shop:1.3.1:1:0" for sid in sids]
    await until(lambda: len(ran("over")) == 10)
    second.send(signal.SIGTERM)
    assert await second.ended() == 0
    assert ran("over") == [f"{sid} 1" for sid in sids]


async def test_killed_between_the_commit_and_the_answer_the_repeat_gets_the_answer(serving, shop, path, ran):
    crash = """
import os, signal
from runtime.commands import main
from runtime.journals.sqlite import SqliteJournal

real = SqliteJournal.commit

async def commit(self, snapshot, row, letters=(), *, claimant=""):
    await real(self, snapshot, row, letters, claimant=claimant)
    if snapshot.version == 2:
        os.kill(os.getpid(), signal.SIGKILL)

SqliteJournal.commit = commit
main()
"""
    command = ["serve", *ON_FREE_PORTS, "--recipes", shop, "--journal", f"sqlite:///{path}"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", crash, *map(str, command), stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    first = await Process(process).listening()
    await begun(first, "CA1")
    with pytest.raises(aiohttp.ClientError):
        await keyed(first, "CA1", "1", "1", 1)
    assert await process.wait() == -signal.SIGKILL
    await end(process)

    second = await serving()
    reply = await keyed(second, "CA1", "1", "1", 1)

    [(kept,)] = rows_in(path, "SELECT answer FROM rows WHERE version = 2")
    assert reply.text == kept
    assert reply.verbs[0] == "<Say>you keyed 1</Say>"
    assert ran("looked up") == ["CA1:shop:1.3.1:1:0"]
    assert rows_in(path, "SELECT version FROM calls") == [(2,)]


async def test_killed_under_load_every_answer_that_was_given_is_given_again(serving, path):
    first = await serving()
    answered: dict[tuple[str, int], str] = {}

    async def a_whole_call(n: int) -> None:
        with contextlib.suppress(aiohttp.ClientError):
            answered[f"CA{n}", 0] = (await begun(first, f"CA{n}")).text
            answered[f"CA{n}", 1] = (await keyed(first, f"CA{n}", "1", "1", 1)).text
            answered[f"CA{n}", 2] = (await keyed(first, f"CA{n}", "2", "1.2.2", 2)).text

    calls = [asyncio.create_task(a_whole_call(n)) for n in range(200)]
    async with asyncio.timeout(60):
        while len(answered) < 150:  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(0.001)
    first.send(signal.SIGKILL)
    await asyncio.wait_for(asyncio.gather(*calls), 60)

    assert len(answered) >= 150
    kept = dict(rows_in(path, "SELECT call_sid, version FROM calls"))
    assert all(kept[sid] >= step + 1 for sid, step in answered)
    second = await serving()
    repeats = {
        0: begun,
        1: lambda to, sid: keyed(to, sid, "1", "1", 1),
        2: lambda to, sid: keyed(to, sid, "2", "1.2.2", 2),
    }
    some = list(answered.items())[::5]
    again = [(await repeats[step](second, sid)).text for (sid, step), _ in some]

    assert again == [text for _, text in some]
    assert rows_in(path, "PRAGMA integrity_check") == [("ok",)]
    counts = rows_in(path, "SELECT c.version - count(*) FROM calls c JOIN rows USING (call_sid) GROUP BY call_sid")
    assert set(counts) == {(0,)}


async def test_two_hundred_callers_at_the_same_time(serving, path):
    daemon = await serving()

    async def a_whole_call(n: int) -> str:
        await begun(daemon, f"CA{n}")
        await keyed(daemon, f"CA{n}", "1", "1", 1)
        return (await keyed(daemon, f"CA{n}", "2", "1.2.2", 2)).verbs[0]

    said = await asyncio.wait_for(asyncio.gather(*map(a_whole_call, range(200))), 90)

    assert said == ["<Say>two</Say>"] * 200
    assert rows_in(path, "SELECT count(*), min(version), max(version) FROM calls") == [(200, 3, 3)]


# --- whether it is ready -------------------------------------------------------------------------


async def ready(daemon) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(daemon.status_url + "/readyz") as response:
        return response.status, await response.text()


async def test_it_is_not_ready_while_the_journal_can_not_be_written(serve, folder, path, monkeypatch):
    monkeypatch.setattr(module, "RETRY", 0.01)
    folder["menu"] = 'recipe = [Gather([Say("hello")], after_ext=[ResponseExt("1", "one", [Say("one")])])]'
    journal = SqliteJournal(path, busy=0.02)
    daemon = await serve(folder, journal=journal)
    assert (await post(daemon, "/menu", a_call("CA1"))).verbs[0].startswith("<Gather")
    assert await ready(daemon) == (200, "ready\n")

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reply = await post(daemon, "/menu", a_call("CA2"))
        assert await ready(daemon) == (503, "the journal can't be written\n")
        other.execute("ROLLBACK")

    assert reply.verbs[0].startswith("<Say>We are sorry")
    await until(lambda: not journal.trouble)
    assert await ready(daemon) == (200, "ready\n")
    assert (await post(daemon, "/menu", a_call("CA3"))).verbs[0].startswith("<Gather")
