"""The page about the REST client: its example does what it says, with a stand-in of Twilio's and a daemon."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from runtime import catalogue, twilio
from runtime.daemon import Daemon
from runtime.settings import Settings
from runtime.softphone import Answer, Hold, StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text(encoding="utf-8")
ACCOUNT, TOKEN = "AC" + "0" * 32, "secret"
JANE, OUT = "+441314960123", "+441314960124"


@pytest.fixture
def page() -> SimpleNamespace:
    """The page's module."""
    [example] = re.findall(r"^```python\n# reminders.py\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    names: dict[str, Any] = {"__name__": "reminders"}
    exec(example, names)  # noqa: S102 - the page's own
    return SimpleNamespace(**names)


@pytest.fixture
async def phones() -> dict[str, list[Any]]:
    """Who does what when called; a machine takes Jane's calls."""
    return {JANE: [Answer(by="machine")], OUT: [Answer("no-answer")]}


@pytest.fixture
async def stage(phones: dict[str, list[Any]]) -> AsyncIterator[tuple[StandIn, twilio.TwilioClient]]:
    found = catalogue.load("recipes", ["appointment", "say_one_thing"])
    settings = Settings(port=0, admin_port=0, auth_token=TOKEN, journal="memory:")
    async with (
        Daemon(settings, found) as daemon,
        StandIn(ACCOUNT, TOKEN, answers=lambda to, _: phones[to]) as stand_in,
        twilio.TwilioClient(ACCOUNT, TOKEN, base_url=stand_in.url, public_url=daemon.url) as client,
    ):
        yield stand_in, client


async def test_a_machine_gets_its_message_and_the_recording_is_fetched(page, stage) -> None:
    stand_in, client = stage

    sid = await page.remind(client, JANE, "on Tuesday at ten")
    await stand_in.idle()

    assert "answered by machine_end_beep" in str(stand_in.calls[sid].transcript)
    assert "appointment=on+Tuesday+at+ten" in stand_in.calls[sid].transcript.requests[1].url
    [sound] = await page.sounds(client, sid)
    assert sound


async def test_who_was_out_is_listed_and_who_can_not_be_called_is_told(page, stage, capsys) -> None:
    stand_in, client = stage

    sid, nobody = await page.remind(client, OUT, ""), await page.remind(client, "12", "")
    await stand_in.idle()

    assert (stand_in.calls[sid].status, nobody) == ("no-answer", None)
    assert "12 is not called: 21211:" in capsys.readouterr().out
    assert await page.who_was_out(client) == [OUT]
    assert await page.sounds(client, sid) == []


async def test_a_running_call_is_moved_and_hung_up(page, stage, phones) -> None:
    phones[JANE] = [Answer(), Hold(), Hold()]
    stand_in, client = stage
    sid = await page.remind(client, JANE, "on Tuesday at ten")
    await stand_in.calls[sid].held()

    await page.move(client, sid, "say_one_thing")
    await stand_in.idle()

    assert stand_in.calls[sid].transcript.said[-1] == "yowza"

    other = await page.remind(client, JANE, "on Friday")
    await stand_in.calls[other].held()
    await page.hang_up(client, other)
    await stand_in.idle()
    assert stand_in.calls[other].status == "completed"


def test_every_error_of_the_package_is_in_the_table() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", PAGE, flags=re.MULTILINE))
    ours = {name for name in twilio.__all__ if isinstance(vars(twilio)[name], type)}
    errors = {name for name in ours if issubclass(vars(twilio)[name], Exception)}
    assert told == errors - {"InvalidToken"}
