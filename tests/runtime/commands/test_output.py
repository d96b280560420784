"""Standard output is what a command was asked for, and nothing else: what is logged goes to standard error."""

from __future__ import annotations

import asyncio
import json

import pytest

from runtime.softphone import StandIn

ACCOUNT, TOKEN = "AC" + "0" * 32, "s3cret"
TO, FROM = "+441314960123", "+441314960100"
URL = "http://127.0.0.1:1/voice"


@pytest.fixture
async def twilio(environment, monkeypatch):
    async with StandIn(ACCOUNT, TOKEN, numbers=[FROM]) as twilio:
        monkeypatch.setenv("SWITCHHOOK_API_URL", twilio.url)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
        yield twilio


@pytest.mark.parametrize(
    ("words", "shape"),
    [
        (("sms", TO, "hello", "--from", FROM), "SM"),
        (("call", TO, URL, "--from", FROM), "CA"),
        (("numbers",), FROM),
    ],
    ids=["sms", "call", "numbers"],
)
async def test_what_the_client_logs_is_on_standard_error(twilio, run_process, words, shape):
    twilio.refuse(1)

    done = await asyncio.to_thread(run_process, *words)

    assert [line[: len(shape)] for line in done.stdout.splitlines()] == [shape]
    assert [json.loads(line)["event"] for line in done.stderr.splitlines() if line.startswith("{")] == ["twilio_again"]


async def test_json_stays_json(twilio, run_process):
    twilio.refuse(1)

    done = await asyncio.to_thread(run_process, "numbers", "--json")

    assert [each["number"] for each in json.loads(done.stdout)] == [FROM]
    assert "twilio_again" in done.stderr
