"""Conversations that outlive their daemon, or have several."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
from contextlib import closing

import pytest

from runtime.journals import named
from tests.runtime.commands.conftest import environment, run, start
from tests.wire import ME, YOU, a_status, a_text, post

__all__ = ["environment", "run", "start"]

NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@pytest.fixture
def noting(folder, tmp_path):
    """A recipe that writes down for which messages it was run."""
    folder["note"] = f"""
        def reply(message):
            with open({str(tmp_path / "ran")!r}, "a") as file:
                file.write(message.sid + "\\n")
            message.data["texts"] = message.data.get("texts", 0) + 1
            return f"{{message.body}} {{message.data['texts']}}"
    """
    return folder


async def test_killed_the_next_process_knows_every_message_that_was_answered(start, noting, tmp_path, run):
    journal = f"sqlite:///{tmp_path / 'calls.db'}"

    async def serving():
        words = ("--port", "0", "--admin-port", "0", "--recipes", noting, "--journal", journal)
        return await (await start("serve", *words)).listening()

    senders = [f"+44131496{n:04}" for n in range(10)]
    first = await serving()
    answers = [(await post(first, "/note", a_text("hi", f"SM{n}", From=each))).text for n, each in enumerate(senders)]
    first.send(signal.SIGKILL)
    await first.process.wait()

    second = await serving()
    again = [(await post(second, "/note", a_text("hi", f"SM{n}", From=each))).text for n, each in enumerate(senders)]
    on = [(await post(second, "/note", a_text("PIN 42", f"SX{n}", From=each))).verbs for n, each in enumerate(senders)]
    told = await post(second, "/note/status", a_status(To=senders[0]))
    second.send(signal.SIGTERM)
    assert await second.ended() == 0

    assert again == answers
    assert on == [["<Message>PIN 42 2</Message>"]] * 10
    assert told.text == NOTHING
    ran = (tmp_path / "ran").read_text().splitlines()
    assert sorted(ran) == sorted(f"{kind}{n}" for kind in ("SM", "SX") for n in range(10))
    await asyncio.to_thread(is_shown, run, journal, senders[0])


def is_shown(run, journal, sender):
    """`switchhook journal` tells of conversations as people read them, and of none as a call in progress."""
    listed = run("journal", "list", "--journal", journal).stdout.splitlines()
    assert len(listed) == 10
    assert all("  note  conversation  " in each for each in listed)
    with closing(sqlite3.connect(journal.removeprefix("sqlite:///"))) as db:
        [[key]] = db.execute("SELECT call_sid FROM calls WHERE initial_params LIKE ?", (f"%{sender}%",)).fetchall()
        [[open_]] = db.execute("SELECT count(*) FROM calls WHERE status = 'in-progress' OR due IS NOT NULL").fetchall()
    assert open_ == 0
    told = run("journal", "show", key, "--journal", journal, "--unmasked").stdout.splitlines()
    assert told[:2] == [f"{key}  note  conversation of {sender} with {YOU}", "  data.texts = 2"]
    assert [line.split("  ")[1:] for line in told[2:] if not line.startswith(" ")] == [
        ["message", "Body=hi"],
        ["message", "Body=PIN 42"],
        ["message_status", "/status", "MessageStatus=delivered"],
    ]
    masked = run("journal", "show", key, "--journal", journal).stdout
    assert sender not in masked
    assert "Body=PIN ##" in masked


async def test_two_daemons_on_postgresql_are_as_one(serve, folder, database):
    folder["once"] = """
        import asyncio
        ran = []
        async def reply(message):
            ran.append(message.sid)
            await asyncio.sleep(0.02)
            message.data["texts"] = message.data.get("texts", 0) + 1
            return f"{message.body} {message.data['texts']}"
    """
    daemons = [await serve(folder, journal=named(database)) for _ in range(2)]
    sent = [post(daemon, "/once", a_text("hi", f"SM{n}")) for n in range(5) for daemon in daemons]
    answers = [each.text for each in await asyncio.gather(*sent)]
    told = await post(daemons[1], "/once/status", a_status())
    again = [(await post(daemon, "/once", a_text("hi", "SM0"))).text for daemon in daemons]

    assert answers[::2] == answers[1::2]
    assert len(set(answers)) == 5
    assert sorted(folder["once"].ran) == [f"SM{n}" for n in range(5)]
    assert set(again) == {answers[0]}
    assert told.text == NOTHING
    assert sum(daemon.status()["messages"]["answered"] for daemon in daemons) == 5


async def test_numbers_and_texts_are_not_in_the_log(start, noting):
    daemon = await (await start("serve", "--port", "0", "--admin-port", "0", "--recipes", noting)).listening()
    await post(daemon, "/note", a_text("my secret"))
    daemon.send(signal.SIGTERM)
    await daemon.ended()

    assert "message_answered" in {each["event"] for each in daemon.events}
    logged = json.dumps(daemon.events)
    assert ME not in logged
    assert "secret" not in logged
