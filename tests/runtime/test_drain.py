"""A stop is bounded: whatever hangs or fails has its time, is told of, and keeps nothing else from being closed."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest
from structlog.testing import capture_logs

from runtime.daemon import ACTORS, GREETING, HASTE, JOURNAL
from runtime.journals import MemoryJournal
from supervisor import Supervisor
from tests.actors.doubles import ManualClock, bounded, quiet, until
from tests.wire import a_call, post

DRAIN = 20.0


class Hanging(MemoryJournal):
    """A journal on a disk that doesn't answer."""

    def __init__(self) -> None:
        super().__init__()
        self.reached: list[str] = []

    async def commit(self, *_, **__):
        self.reached.append("commit")
        await asyncio.Event().wait()

    async def close(self):
        self.reached.append("close")
        await asyncio.Event().wait()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture(autouse=True)
def _at_rest(monkeypatch):
    """No timer is set but those of the stop itself."""

    async def start(_):
        """Look after nothing."""

    monkeypatch.setattr(Supervisor, "start", start)


@pytest.fixture
def greeting(folder):
    folder["greeting"] = 'recipe = [Say("hello")]'
    return folder


def told(logs):
    return [(each["event"], each["what"]) for each in logs if each["event"] in ("not_in_time", "not_stopped")]


async def given_up(logs):
    """Until one more part of the stop was given up."""
    count = len(told(logs))
    await until(lambda: len(told(logs)) > count)


async def test_each_part_of_it_has_its_time_and_no_more(serve, greeting, clock):
    journal = Hanging()
    daemon = await serve(greeting, journal=journal, clock=clock, drain_seconds=DRAIN)
    in_hand = asyncio.create_task(post(daemon, "/greeting", a_call()))
    await until(lambda: journal.reached)

    with capture_logs() as logs:
        stopping = asyncio.create_task(daemon.stop())
        for given, (what, seconds) in enumerate(
            (("what is in hand", GREETING + DRAIN), ("actors", ACTORS), ("journal", JOURNAL))
        ):
            await until(lambda: daemon.draining and clock.waiting)
            clock.turn(seconds - 0.01)
            await quiet()
            assert (stopping.done(), len(told(logs))) == (False, given), what
            clock.turn(0.01)
            await given_up(logs)
        await bounded(stopping)

    assert told(logs) == [("not_in_time", what) for what in ("what is in hand", "actors", "journal")]
    assert logs[-1]["event"] == "stopped"
    assert journal.reached == ["commit", "close"]
    in_hand.cancel()
    with pytest.raises(aiohttp.ClientConnectorError):
        async with aiohttp.ClientSession() as session:
            await session.get(daemon.status_url)


async def test_what_fails_keeps_nothing_else_from_being_closed(serve, greeting, monkeypatch):
    journal = MemoryJournal()
    daemon = await serve(greeting, journal=journal)
    closed = []

    async def fail():
        raise RuntimeError("no such actor")

    async def close():
        closed.append(journal)
        raise asyncio.CancelledError  # as by one who awaits what was cancelled

    monkeypatch.setattr(daemon.supervisor, "stop", fail)
    monkeypatch.setattr(journal, "close", close)
    with capture_logs() as logs:
        await bounded(daemon.stop())

    assert told(logs) == [("not_stopped", "actors")]
    assert next(each["reason"] for each in logs if each["event"] == "not_stopped") == "RuntimeError: no such actor"
    assert closed == [journal]
    assert logs[-1]["event"] == "stopped"


async def test_a_subscribed_function_has_its_time_and_no_more(serve, folder, clock):
    folder["greeting"] = """
        import asyncio

        begun, release = asyncio.Event(), asyncio.Event()

        def recipe(call):
            return [Say("hello")], [("completion", note)]

        async def note(webhook, call):
            begun.set()
            await release.wait()
    """
    daemon = await serve(folder, clock=clock, drain_seconds=DRAIN)
    await post(daemon, "/greeting", a_call())
    await post(daemon, "/greeting", a_call(status="completed"))
    await bounded(folder["greeting"].begun.wait())

    front = daemon._front

    with capture_logs() as logs:
        stopping = asyncio.create_task(daemon.stop())
        await until(lambda: front.draining and not front.connections)  # all requests are answered
        await quiet()
        clock.turn(GREETING + DRAIN - 0.01)
        await quiet()
        assert not stopping.done()
        clock.turn(0.01)
        await bounded(stopping)

    assert told(logs) == [("not_in_time", "what is in hand")]
    assert (logs[-1]["event"], logs[-1]["unfinished"]) == ("stopped", 0)
    [due] = await daemon.journal.due_letters(clock.now(), 10)
    assert due == "CA1", "it is told by whoever has the journal next"


async def test_who_waits_for_a_callout_when_the_time_is_nearly_up_holds(serve, folder):
    """And comes back to the next process, where a dead line would have been an application error."""
    folder["slow"] = """
        import asyncio

        begun = asyncio.Event()

        async def recipe(call):
            begun.set()
            await asyncio.Event().wait()
    """
    daemon = await serve(folder, drain_seconds=HASTE + 0.1)
    waiting = asyncio.create_task(post(daemon, "/slow", a_call()))
    await bounded(folder["slow"].begun.wait())

    with capture_logs() as logs:
        await bounded(daemon.stop())

    reply = await bounded(waiting)
    assert (reply.status, reply.headers["Connection"]) == (200, "close")
    assert "One moment" in reply.text
    assert "<Redirect>/slow/1?step=1</Redirect>" in reply.text
    assert [row.answer for row in await daemon.journal.history("CA1")] == [reply.text]
    assert "cut_off" not in [each["event"] for each in logs]


async def test_with_no_time_at_all_what_is_done_at_once_is_done(serve, greeting):
    daemon = await serve(greeting, drain_seconds=0)
    await post(daemon, "/greeting", a_call())

    with capture_logs() as logs:
        await bounded(daemon.stop())

    assert told(logs) == []


async def test_who_has_connected_just_before_it_is_answered(serve, greeting):
    daemon = await serve(greeting)
    connected = asyncio.Event()
    server = daemon._front

    async def speak_late(reader, writer):
        await until(lambda: server.connections)
        connected.set()
        await until(lambda: daemon.draining)
        await asyncio.sleep(GREETING / 5)  # what it said is on its way
        writer.write(b"GET /nonesuch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return await reader.readline()

    host, port = daemon.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    speaking = asyncio.create_task(speak_late(reader, writer))
    await bounded(connected.wait())

    await bounded(daemon.stop())

    assert (await bounded(speaking)).startswith(b"HTTP/1.1 403 ")
    writer.close()
    await writer.wait_closed()
