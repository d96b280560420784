"""What one call may take: its data, its subscriptions, the recordings it remembers. Each is refused in clear words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Call, Webhook
from actors.call import SUBSCRIPTIONS
from actors.callouts import DATA, VERBS
from actors.recordings import ANNOUNCED
from tests.actors.doubles import MENU, Line, Office, bounded, quiet, until
from tests.twiml.documents import inside
from twiml import APOLOGY, Say

FRAME = len('{"text": ""}')


def filling(office: Office, size: int, letter: str = "x") -> Any:
    """A callout that leaves so many letters in `call.data`."""

    @office.callout
    def fill(call: Call) -> list[Any]:
        call.data["text"] = letter * size
        return [Say("done")]

    return fill


def subscribing(office: Office, name: str, functions: range) -> Any:
    """A callout that subscribes these numbered functions to recordings."""

    def on(webhook: Webhook, call: Call) -> None:
        """Nothing is done about it."""

    def numbered(number: int) -> Callable[..., Any]:
        if not hasattr(office, f"on_{number}"):
            function = type(on)(on.__code__, on.__globals__, f"on_{number}")
            office.employ(function)
        found: Callable[..., Any] = getattr(office, f"on_{number}")
        return found

    def subscribe(call: Call) -> Any:
        return [], [("recording", numbered(number)) for number in functions]

    subscribe.__name__ = name
    return office.callout(subscribe)


async def test_as_much_data_as_a_call_may_keep(office: Office) -> None:
    line = Line([filling(office, DATA - FRAME)])
    assert (await line.post()).status == "in-progress"
    assert len(line.snapshot.data["text"]) == DATA - FRAME


@pytest.mark.parametrize(("size", "letter", "bytes"), [(DATA - FRAME + 1, "x", DATA + 1), (20_000, "é", 120_012)])
async def test_a_callout_that_leaves_more_ends_the_call_and_is_told_apart(
    office: Office, size: int, letter: str, bytes: int
) -> None:
    line = Line([filling(office, size, letter)])
    with capture_logs():
        answer = await line.post()
    assert (answer.xml, answer.status) == (APOLOGY, "failed")
    assert answer.reason == f"office_of_this_test:fill left {bytes} bytes in call.data; it may take 65536"
    assert line.snapshot.data == {}


@pytest.mark.parametrize(("verbs", "ends"), [(VERBS, "in-progress"), (VERBS + 1, "failed")])
async def test_as_many_verbs_as_a_callout_may_return(office: Office, verbs: int, ends: str) -> None:
    @office.callout
    def tell(call: Call) -> list[Any]:
        return [Say("word")] * verbs

    line = Line([tell])
    answer = await line.post()
    assert answer.status == ends
    assert answer.reason == (
        "" if ends == "in-progress" else f"{office.__name__}:tell returned 1001 verbs; a callout returns at most 1000"
    )


@pytest.mark.parametrize("language", ["\ud800", "dé-DE", 7])
async def test_a_language_that_is_none_fails_the_callout(office: Office, language: Any) -> None:
    @office.callout
    def speak(call: Call) -> list[Any]:
        call.language = language
        return [Say("word")]

    answer = await Line([speak]).post()
    assert answer.status == "failed"
    assert "call.language; it is" in answer.reason


async def test_as_many_subscriptions_as_a_call_may_have(office: Office) -> None:
    half = SUBSCRIPTIONS // 2
    flow = [subscribing(office, "one", range(half)), subscribing(office, "two", range(half - 1, SUBSCRIPTIONS))]
    line = Line([*flow, subscribing(office, "again", range(SUBSCRIPTIONS)), Say("done")])
    answer = await line.post()
    assert answer.status == "in-progress", answer.reason
    assert len(line.snapshot.subscriptions) == SUBSCRIPTIONS


async def test_one_subscription_more_ends_the_call(office: Office) -> None:
    line = Line([subscribing(office, "one", range(SUBSCRIPTIONS)), subscribing(office, "two", range(99, 101)), *MENU])
    with capture_logs():
        answer = await line.post()
    assert (answer.xml, answer.status) == (APOLOGY, "failed")
    assert answer.reason == "office_of_this_test:two left 101 subscriptions; a call has at most 100"
    assert len(line.snapshot.subscriptions) == SUBSCRIPTIONS


async def test_a_held_callout_that_subscribes_too_many_ends_the_call_at_the_next_request(office: Office) -> None:
    door = asyncio.Event()
    too_many = [("recording", office.employ(type(_on)(_on.__code__, {}, f"on_{number}"))) for number in range(101)]

    @office.callout
    async def slow(call: Call) -> Any:
        await door.wait()
        return [], too_many

    line = Line([slow, *MENU])
    held = line.send()
    await until(lambda: line.clock.waiting)
    line.clock.turn(8)
    assert "One moment" in inside((await bounded(held)).xml)
    door.set()
    await quiet()
    with capture_logs():
        answer = await line.post("1", step=1)
    assert (answer.xml, answer.status) == (APOLOGY, "failed")
    assert "101 subscriptions" in answer.reason


def _on(webhook: Webhook, call: Call) -> None:
    """Nothing is done about it."""


async def test_the_latest_recordings_are_known_to_be_announced(office: Office) -> None:
    told: list[str] = []

    @office.employ
    async def on_recording(webhook: Webhook, call: Call) -> None:
        assert webhook.recording is not None
        told.append(webhook.recording.sid)

    @office.callout
    async def subscribe(call: Call) -> Any:
        return [], [("recording", on_recording)]

    line = Line([subscribe, *MENU])
    await line.post()
    sids = [f"RE{number}" for number in range(ANNOUNCED + 1)]
    for recording in [*sids, *sids[1:]]:
        await line.post("recording", RecordingSid=recording, SequenceNumber=str(len(line.rows)))
    await line.told()
    assert told == sids
    assert len(line.snapshot.announced) == ANNOUNCED
