"""`switchhook call`: an outbound call through a stand-in of the REST API."""

from __future__ import annotations

import asyncio
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.runtime.dialler.exchange import lost_at
from tests.wire import a_call, post

ACCOUNT = "AC" + "0" * 32
TO, FROM = "+441314960123", "+441314960100"
URL = "https://ivr.example.com/voice?x=1"


class Api:
    """A call that goes through these statuses, one at each look."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, list[tuple[str, str]]]] = []
        self.statuses = ["queued"]
        self.refusal: dict[str, object] | None = None

    async def answer(self, request: web.BaseRequest) -> web.Response:
        form = parse_qsl((await request.read()).decode())
        self.asked.append((request.method, request.path.rpartition("/")[2], form))
        if self.refusal:
            return web.json_response(self.refusal, status=400)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        over = status in {"completed", "busy", "failed", "no-answer", "canceled"}
        found = {"sid": "CA1", "status": status, "duration": "12" if status == "completed" else "0" if over else None}
        return web.json_response(found, status=201 if request.method == "POST" else 200)


@pytest.fixture
async def api(environment, monkeypatch):
    api = Api()
    server = TestServer(web.Application(), host="127.0.0.1")
    server.app.router.add_route("*", "/{path:.*}", api.answer)
    await server.start_server()
    monkeypatch.setenv("SWITCHHOOK_API_URL", str(server.make_url("")))
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setattr("runtime.commands.call_one.EVERY", 0)
    yield api
    await server.close()


@pytest.fixture
def call(run, api):
    """Run the command beside the loop that answers it."""

    async def call(*args: object):
        return await asyncio.to_thread(run, "call", TO, *args, "--from", FROM)

    return call


async def test_a_call_to_a_url(call, api):
    result = await call(URL)

    assert (result.exit_code, result.stdout, result.stderr) == (0, "CA1 queued\n", "")
    assert api.asked == [("POST", "Calls.json", [("To", TO), ("From", FROM), ("Url", URL)])]


async def test_a_call_to_a_recipe_tells_the_recipe_of_its_end(call, api, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com/twilio/")

    result = await call("menu_with_default")

    assert (result.exit_code, result.stderr) == (0, "")
    [(_, _, form)] = api.asked
    assert form[2:] == [
        ("Url", "https://ivr.example.com/twilio/menu_with_default"),
        ("StatusCallback", "https://ivr.example.com/twilio/menu_with_default/status"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    ]


@pytest.mark.parametrize("asked", ["Enable", "DetectMessageEnd"])
@pytest.mark.parametrize("whom", [URL, "menu_with_default"])
async def test_who_picks_up_is_asked_for(call, api, monkeypatch, whom, asked):
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com")

    await call(whom, "--machine-detection", asked)

    [(_, _, form)] = api.asked
    assert dict(form)["MachineDetection"] == asked


@pytest.mark.parametrize(
    ("whom", "url", "overrides"),
    [
        (URL, f"{URL}&", ""),
        (f"{URL}#rc=2", f"{URL}&", "#rc=2"),
        ("menu_with_default", "https://ivr.example.com/menu_with_default?", ""),
    ],
)
async def test_parameters_go_into_the_query(call, api, monkeypatch, whom, url, overrides):
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com")

    await call(whom, "--param", "name=Jane & Joe", "--param", "at=a=b")

    [(_, _, form)] = api.asked
    assert dict(form)["Url"] == f"{url}name=Jane+%26+Joe&at=a%3Db{overrides}"


@pytest.mark.parametrize(
    ("params", "why"),
    [
        (("Name=Jane",), "--param is called 'Name'; a name has small letters, digits and underscores"),
        (("step=1",), "--param is called 'step'; the recipe's own URLs use that"),
        (("name",), "'name' is not NAME=VALUE."),
        (("name=Jane", "name=Joe"), "--param is given twice by one name"),
        (
            (f"a={'x' * 2000}", f"b={'é' * 500}"),
            "--param has 5005 characters for the recipe, as a URL has them; 4000 are the most",
        ),
    ],
)
def test_parameters_that_are_none(run, params, why):
    result = run("call", TO, URL, "--from", FROM, *(f"--param={each}" for each in params))

    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == f"Error: {why}"


async def test_and_into_that_of_the_callback_with_which_a_call_begins_that_nobody_answers(call, api, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com")

    await call("menu_with_default", "--param", "name=Jane & Joe")

    [(_, _, form)] = api.asked
    assert dict(form)["StatusCallback"] == "https://ivr.example.com/menu_with_default/status?name=Jane+%26+Joe"


async def test_a_daemon_hears_of_the_end_at_that_url(serve, call, api, monkeypatch, folder):
    folder["hello"] = 'recipe = [Gather([Say("hello")], after_ext=[ResponseExt("1", "one")])]'
    daemon = await serve(folder)
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", daemon.url)
    await call("hello", "--recipes", folder)
    form = dict(api.asked[0][2])

    await post(daemon, form["Url"].removeprefix(daemon.url), a_call("CA1", "in-progress", Direction="outbound-api"))
    during = daemon.status()["calls"]["in_progress"]
    await post(daemon, form["StatusCallback"].removeprefix(daemon.url), a_call("CA1", "completed"))

    assert during == 1
    assert daemon.status()["calls"]["in_progress"] == 0
    assert daemon.status()["calls"]["completed"] == 1


async def test_waiting_shows_the_progress_until_the_end(call, api):
    api.statuses = ["queued", "queued", "ringing", "ringing", "in-progress", "completed"]

    result = await call(URL, "--wait")

    assert result.exit_code == 0
    assert result.stdout == "CA1 queued\nCA1 ringing\nCA1 in-progress\nCA1 completed after 12 s\n"
    assert {(method, path) for method, path, _ in api.asked[1:]} == {("GET", "CA1.json")}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((401, {"code": 20003, "message": "Authenticate"}), "20003: Authenticate"),
        ((503, {}), "GET /2010-04-01/Accounts/"),
        ((200, []), "GET /2010-04-01/Accounts/"),
        ((200, {"sid": "CA1"}), "Twilio's answer has no status"),
        ((200, {"sid": "CA1", "status": None}), "Twilio's answer has no status"),
        ((200, {"sid": "CA1", "status": ["busy"]}), "Twilio's answer has no status"),
    ],
)
async def test_a_call_of_which_twilio_tells_no_more_was_made_all_the_same(run, exchange, monkeypatch, answer, why):
    """It is not told of as refused, which has scripts try again."""
    exchange.answers["GET"] = answer
    monkeypatch.setattr("runtime.commands.call_one.EVERY", 0)

    result = await asyncio.to_thread(run, "call", TO, URL, "--from", FROM, "--wait")

    sid = exchange.sid_of(TO)
    assert (result.exit_code, result.stdout) == (3, f"{sid} queued\n")
    assert result.stderr.splitlines()[-1].startswith(f"{sid}: the call goes on; how can't be told: {why}")
    assert len(exchange.forms) == 1


@pytest.mark.parametrize("end", ["busy", "failed", "no-answer", "canceled"])
async def test_waiting_for_a_call_that_is_not_completed(call, api, end):
    api.statuses = ["queued", "ringing", end]

    result = await call(URL, "--wait")

    assert result.exit_code == 1
    assert result.stdout.startswith("CA1 queued\nCA1 ringing\nCA1 " + end)
    assert result.stderr == f"CA1: the call was not completed: {end}\n"


async def test_a_refusal_is_told_in_a_line(call, api):
    api.refusal = {"code": 21215, "message": "no permission to call there", "status": 400}

    result = await call(URL)

    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "21215: no permission to call there\n")


async def test_a_recipe_that_is_not_there(call, api):
    result = await call("menu_with_defalt")

    assert result.exit_code == 2
    assert "did you mean menu_with_default" in result.stderr
    assert api.asked == []


@pytest.mark.parametrize("url", ["HTTPS://ivr.example.com/voice", "Http://ivr.example.com/voice"])
async def test_a_url_is_one_however_its_scheme_is_written(call, api, url):
    result = await call(url, "--param", "name=Jane")

    assert (result.exit_code, result.stderr) == (0, "")
    assert dict(api.asked[0][2])["Url"] == f"{url}?name=Jane"


@pytest.mark.parametrize("words", [("call", TO, "", "--from", FROM), ("dial", ""), ("draw", "")])
def test_a_recipe_without_a_name_is_told(run, words):
    result = run(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "the name of a recipe is empty; one is named as its module is\n"


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--csv", "guests.csv"), ("--csv", "guests.csv", "--dry-run")])
async def test_a_recipe_that_answers_messages_alone_is_not_called(run, api, monkeypatch, tmp_path, more):
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com")
    (tmp_path / "guests.csv").write_text(f"to\n{TO}\n")
    words = ("text_back",) if "--csv" in more else (TO, "text_back")

    result = await asyncio.to_thread(run, "call", *words, "--from", FROM, *more)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "text_back: takes no calls: it answers messages alone, by its `reply`; give it a `recipe`, or call another\n"
    )
    assert api.asked == []
    assert [each.name for each in tmp_path.iterdir()] == ["guests.csv"]


async def test_a_recipe_needs_a_public_url(call, api):
    result = await call("menu_with_default")

    assert result.exit_code == 2
    assert result.stderr == "no public_url: set it to where Twilio finds the daemon that serves menu_with_default\n"
    assert api.asked == []


def test_without_an_account(run):
    result = run("call", TO, URL, "--from", FROM)

    assert (result.exit_code, result.stderr) == (2, "no account_sid: set TWILIO_ACCOUNT_SID\n")


def test_a_detection_that_twilio_has_not(run):
    result = run("call", TO, URL, "--from", FROM, "--machine-detection", "Disable")

    assert result.exit_code == 2
    assert "'Disable' is not one of 'Enable', 'DetectMessageEnd'" in result.stderr


def test_a_call_from_nobody(run):
    assert run("call", TO, URL).exit_code == 2


@pytest.mark.parametrize("to", ["+44 131 496 0123", "+44-131-496-0123", TO])
async def test_a_call_whose_answer_is_lost_is_found_however_the_number_is_written(run, exchange, to):
    exchange.after = lost_at(1)

    result = await asyncio.to_thread(run, "call", to, URL, "--from", "+44 131 496 0100")

    assert (result.exit_code, result.stdout) == (0, f"{exchange.sid_of(TO)} queued\n")
    assert len(exchange.forms) == 1
