"""`switchhook sms`: a message through a stand-in of the REST API."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

ACCOUNT = "AC" + "0" * 32
TO, FROM = "+441314960123", "+441314960100"


class Api:
    """Answers each request with the next of `answers`, a status and JSON; the last of them for ever."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.answers: list[tuple[int, object]] = []

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.asked.append((request.method, dict(parse_qsl((await request.read()).decode()))))
        status, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return web.json_response(body, status=status)


@pytest.fixture
async def api(environment, monkeypatch):
    api = Api()
    server = TestServer(web.Application(), host="127.0.0.1")
    server.app.router.add_route("*", "/{path:.*}", api.answer)
    await server.start_server()
    monkeypatch.setenv("SWITCHHOOK_API_URL", str(server.make_url("")))
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    yield api
    await server.close()


async def test_a_message_is_sent(run, api):
    api.answers = [(201, {"sid": "SM1", "status": "queued"})]

    result = await asyncio.to_thread(run, "sms", TO, "Größe ✓", "--from", FROM)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "SM1 queued\n", "")
    assert api.asked == [("POST", {"To": TO, "Body": "Größe ✓", "From": FROM})]


async def test_its_numbers_are_written_as_twilio_writes_them(run, api):
    api.answers = [(201, {"sid": "SM1", "status": "queued"})]

    await asyncio.to_thread(run, "sms", "+44 131-496 0123", "hello", "--from", "+44 131 496 0100")

    assert api.asked == [("POST", {"To": TO, "Body": "hello", "From": FROM})]


async def test_a_refusal_is_told_in_a_line(run, api):
    page = "https://www.twilio.com/docs/errors/21211"
    api.answers = [(400, {"code": 21211, "message": "Invalid 'To'", "more_info": page, "status": 400})]

    result = await asyncio.to_thread(run, "sms", "+1", "hello", "--from", FROM)

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"21211: Invalid 'To' ({page})\n")


async def test_two_that_may_be_it(run, api, monkeypatch):
    monkeypatch.setattr("runtime.twilio.patience.SystemClock.later", at_once)
    one = {"direction": "outbound-api", "body": "hello", "date_created": None}
    api.answers = [(503, {}), (200, {"messages": [{"sid": "SM1", **one}, {"sid": "SM2", **one}]})]

    result = await asyncio.to_thread(run, "sms", TO, "hello", "--from", FROM)

    assert result.exit_code == 3
    assert result.stdout == ""
    assert result.stderr.endswith("any of these may be it: SM1, SM2\n")
    assert [method for method, _ in api.asked] == ["POST", "GET"]


LISTENS = """
    def undelivered(webhook, message): pass
    subscriptions = [("message_status", undelivered)]
    def reply(message): return "hello"
"""


async def test_what_becomes_of_it_is_told_to_a_recipe(run, api, folder, monkeypatch):
    folder["shop"] = LISTENS
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com/voice")
    api.answers = [(201, {"sid": "SM1", "status": "queued"})]
    words = ("--from", FROM, "--recipe", "shop", "--recipes", folder)

    result = await asyncio.to_thread(run, "sms", TO, "hello", *words)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "SM1 queued\n", "")
    [(_, form)] = api.asked
    assert form == {
        "To": TO,
        "Body": "hello",
        "From": FROM,
        "StatusCallback": "https://ivr.example.com/voice/shop/status",
    }


@pytest.mark.parametrize(
    ("recipe", "line"),
    [
        ("deaf", "deaf: nobody would be told: list message_status in its module's subscriptions\n"),
        ("shops", "shops: there is no such recipe; did you mean shop?\n"),
        ("shop", "no public_url: say where Twilio finds the daemon that serves shop\n"),
    ],
)
async def test_nothing_is_sent_if_nobody_would_be_told(run, api, folder, recipe, line):
    folder["shop"] = LISTENS
    folder["deaf"] = "def reply(message): return 'hello'"
    words = ("--from", FROM, "--recipe", recipe, "--recipes", folder)

    result = await asyncio.to_thread(run, "sms", TO, "hello", *words)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)
    assert api.asked == []


@pytest.mark.parametrize(
    ("without", "line"),
    [
        ("TWILIO_ACCOUNT_SID", "no account_sid: set TWILIO_ACCOUNT_SID\n"),
        ("TWILIO_AUTH_TOKEN", "no auth_token: set TWILIO_AUTH_TOKEN\n"),
    ],
)
def test_what_is_missing(run, monkeypatch, without, line):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.delenv(without)

    result = run("sms", TO, "hello", "--from", FROM)

    assert (result.exit_code, result.stdout, result.stderr) == (2, "", line)


def test_half_an_api_key(run, monkeypatch):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_API_KEY", "SK1")

    result = run("sms", TO, "hello", "--from", FROM)

    assert result.exit_code == 2
    assert result.stderr.startswith("no api_key with its api_secret")


def test_a_message_from_nobody(run):
    assert run("sms", TO, "hello").exit_code == 2


def test_a_message_without_text(run, monkeypatch):
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("SWITCHHOOK_API_URL", "http://127.0.0.1:1")

    result = run("sms", TO, "", "--from", FROM)

    assert result.exit_code == 2
    assert result.stderr == "a new message: body is empty\n"


def at_once(_, seconds, do):
    return asyncio.get_running_loop().call_soon(do)
