"""`switchhook numbers`, against a stand-in that keeps numbers as Twilio does."""

from __future__ import annotations

import asyncio
import json
from base64 import b64decode
from types import SimpleNamespace
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime import catalogue
from runtime.twilio.parameters import wire_name
from tests.wire import TOKEN

ACCOUNT, SUB, SUB_TOKEN = "AC" + "0" * 32, "AC" + "9" * 32, "f" * 32
ONE, TWO, THREE = "+441314960101", "+441314960102", "+441314960103"
BASE = "https://ivr.example.com"
RECIPE = f"{BASE}/menu_with_default"
RIGHT = {
    "voice_url": RECIPE,
    "voice_method": "POST",
    "voice_fallback_url": RECIPE,
    "voice_fallback_method": "POST",
    "status_callback": f"{RECIPE}/status",
    "status_callback_method": "POST",
    "voice_application_sid": None,
    "trunk_sid": None,
}
CHANGEABLE = {wire_name(name): name for name in (*RIGHT, "sms_url", "sms_method", "sms_application_sid")}


class Accounts:
    """Numbers, each in an account; two on a page. What `refuse` names can't be changed, what `deaf` names isn't."""

    def __init__(self) -> None:
        self.numbers: list[dict[str, object]] = []
        self.changes: list[tuple[str, dict[str, str]]] = []
        self.credentials: set[str] = set()
        self.closed: set[str] = set()
        self.refuse: set[str] = set()
        self.deaf: set[str] = set()

    def has(self, number: str, account: str = ACCOUNT, **more: object) -> None:
        sid = f"PN{number.removeprefix('+')}"
        self.numbers.append({"sid": sid, "phone_number": number, "account_sid": account} | RIGHT | more)

    def the(self, number: str) -> dict[str, object]:
        [found] = [each for each in self.numbers if each["phone_number"] == number]
        return found

    async def listing(self, request: web.Request) -> web.Response:
        account, page = request.match_info["account"], int(request.query.get("Page", "0"))
        self.credentials.add(b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode())
        if account in self.closed:
            return web.json_response({"code": 20003, "message": "Authenticate", "status": 401}, status=401)
        found = [each for each in self.numbers if each["account_sid"] == account]
        more = f"{request.path}?Page={page + 1}" if found[2 * page + 2 :] else None
        return web.json_response({"incoming_phone_numbers": found[2 * page :][:2], "next_page_uri": more})

    async def change(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode(), keep_blank_values=True))
        [number] = [each for each in self.numbers if each["sid"] == request.match_info["sid"]]
        assert number["account_sid"] == request.match_info["account"]
        self.changes.append((str(number["phone_number"]), form))
        if number["phone_number"] in self.refuse:
            return web.json_response({"code": 21502, "message": "Invalid VoiceUrl", "status": 400}, status=400)
        if number["phone_number"] not in self.deaf:
            number.update({CHANGEABLE[name]: value or None for name, value in form.items()})
        return web.json_response(number)


@pytest.fixture
async def accounts(environment, monkeypatch):
    accounts = Accounts()
    server = TestServer(web.Application(), host="127.0.0.1")
    place = "/2010-04-01/Accounts/{account}/IncomingPhoneNumbers"
    server.app.router.add_get(f"{place}.json", accounts.listing)
    server.app.router.add_post(f"{place}/{{sid}}.json", accounts.change)
    await server.start_server()
    monkeypatch.setenv("SWITCHHOOK_API_URL", str(server.make_url("")))
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", BASE)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    yield accounts
    await server.close()


@pytest.fixture
def ours(monkeypatch):
    """Say which numbers are ours."""

    def ours(*numbers: str, recipe: str = "menu_with_default") -> None:
        monkeypatch.setenv("SWITCHHOOK_NUMBERS", json.dumps(dict.fromkeys(numbers, recipe)))

    ours(ONE)
    return ours


@pytest.fixture
def numbers(run, accounts, ours):
    """Run the command beside the loop that answers it."""

    async def numbers(*args: object):
        return await asyncio.to_thread(run, "numbers", *args)

    return numbers


# --- looking ----------------------------------------------------------------------------------------


async def test_all_is_as_it_should_be(numbers, accounts):
    accounts.has(ONE)

    result = await numbers()

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"{ONE}  menu_with_default  is as it should be\n"


async def test_what_differs_is_shown_and_left_as_it_is(numbers, accounts):
    accounts.has(ONE, voice_url=f"{RECIPE}/", voice_method="GET", status_callback=None, voice_application_sid="AP1")

    result = await numbers()

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{ONE}  menu_with_default  VoiceUrl is {RECIPE}/, should be {RECIPE} ('/' at its end is too much)",
        f"{ONE}  menu_with_default  VoiceMethod is GET, should be POST",
        f"{ONE}  menu_with_default  StatusCallback is (empty), should be {RECIPE}/status",
        f"{ONE}  menu_with_default  VoiceApplicationSid is AP1, should be (empty)",
    ]
    assert result.stderr == f"not as it should be: {ONE}; --apply sets what differs\n"
    assert accounts.changes == []


async def test_other_numbers_are_shown_and_are_no_fault(numbers, accounts):
    accounts.has(ONE)
    accounts.has(TWO, voice_url="https://elsewhere.example/")
    accounts.has(THREE, voice_url=None, sms_url=None)

    result = await numbers("--apply")

    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        f"{TWO}  not ours  calls go to https://elsewhere.example/",
        f"{THREE}  not ours  calls go to nowhere",
    ]
    assert accounts.changes == []


async def test_without_numbers_of_ours_nothing_but_an_account_is_needed(numbers, accounts, ours, monkeypatch):
    ours()
    monkeypatch.delenv("SWITCHHOOK_PUBLIC_URL")
    accounts.has(ONE)

    result = await numbers()

    assert (result.exit_code, result.stdout) == (1, f"{ONE}  not ours  calls go to {RECIPE}\n")
    assert result.stderr == "there is no [numbers] in the settings: none of the account's has a recipe\n"


@pytest.mark.parametrize("args", [(), ("--apply",)])
async def test_a_number_that_nobody_has(numbers, accounts, args):
    result = await numbers(*args)

    assert result.exit_code == 1
    assert result.stdout == f"{ONE}  menu_with_default  error: is in [numbers], and none of the account's\n"
    assert result.stderr == f"not as it should be: {ONE}\n"


@pytest.mark.parametrize("args", [(), ("--apply",)])
async def test_a_number_on_a_trunk_is_not_touched(numbers, accounts, args):
    accounts.has(ONE, trunk_sid="TK1", voice_url=None)

    result = await numbers(*args)

    assert result.exit_code == 1
    assert "error: its calls go to the SIP trunk TK1, past any URL: take it off the trunk first" in result.stdout
    assert accounts.changes == []


@pytest.mark.parametrize("args", [(), ("--apply",)])
async def test_a_number_that_takes_no_calls_is_not_as_it_should_be_and_not_touched(numbers, accounts, args):
    accounts.has(ONE, voice_method="GET", capabilities={"voice": False, "sms": True})

    result = await numbers(*args)

    trouble = "takes no calls, which no setting changes: give menu_with_default another number"
    assert (result.exit_code, result.stdout) == (1, f"{ONE}  menu_with_default  error: {trouble}\n")
    assert accounts.changes == []


async def test_a_number_that_is_none_does_not_hide_the_others(numbers, accounts, ours):
    ours("whatsapp:0131", ONE)
    accounts.has(ONE)

    result = await numbers()

    assert result.exit_code == 1
    assert "whatsapp:0131  menu_with_default  error: is no number as Twilio has it" in result.stdout
    assert f"{ONE}  menu_with_default  is as it should be" in result.stdout


@pytest.mark.parametrize("args", [(), ("--apply",)])
async def test_what_is_no_phone_number_is_shown_and_is_no_fault(numbers, accounts, ours, args):
    ours(f"whatsapp:{ONE}", "62442", ONE)
    accounts.has(ONE)

    result = await numbers(*args)

    assert (result.exit_code, result.stderr, accounts.changes) == (0, "", [])
    assert result.stdout.splitlines() == [
        f"whatsapp:{ONE}  menu_with_default  is not looked at: Twilio has the settings of a WhatsApp address elsewhere",
        "62442  menu_with_default  is not looked at: Twilio has the settings of a short code elsewhere",
        f"{ONE}  menu_with_default  is as it should be",
    ]


async def test_an_address_of_another_channel_as_json(numbers, accounts, ours):
    ours(f"whatsapp:{ONE}")

    [shown] = json.loads((await numbers("--json")).stdout)

    assert (shown["state"], shown["recipe"], shown["error"]) == ("not looked at", "menu_with_default", None)


async def test_a_fallback_elsewhere(numbers, accounts, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_FALLBACK_URL", "https://status.example.com/sorry.xml")
    accounts.has(ONE, voice_fallback_method="GET")

    result = await numbers()

    line = f"VoiceFallbackUrl is {RECIPE}, should be https://status.example.com/sorry.xml"
    assert result.stdout == f"{ONE}  menu_with_default  {line}\n"


@pytest.mark.parametrize(("reply", "code"), [(None, 0), (lambda message: [], 1)])
async def test_a_recipe_that_replies_wants_messages(numbers, accounts, monkeypatch, reply, code):
    recipes = {"menu_with_default": SimpleNamespace(reply=reply, takes_calls=True)}
    monkeypatch.setattr(catalogue, "load", lambda *_: SimpleNamespace(recipes=recipes))
    accounts.has(ONE, sms_url="https://elsewhere.example/", sms_method="POST")

    result = await numbers()

    line = f"{ONE}  menu_with_default  SmsUrl is https://elsewhere.example/, should be {RECIPE}"
    assert result.exit_code == code
    assert (line in result.stdout) == bool(code)


@pytest.mark.parametrize(
    "voice", [{"voice_url": "https://elsewhere.example/"}, {"voice_url": None, "trunk_sid": "TK1"}]
)
async def test_a_recipe_that_only_replies_leaves_calls_where_they_go(numbers, accounts, ours, voice):
    ours(ONE, recipe="text_back")
    accounts.has(ONE, sms_url=None, sms_method="GET", sms_application_sid="AP1", **voice)
    before = {name: accounts.the(ONE)[name] for name in RIGHT}

    result = await numbers("--apply")

    assert result.exit_code == 0
    assert accounts.changes == [(ONE, {"SmsUrl": f"{BASE}/text_back", "SmsMethod": "POST", "SmsApplicationSid": ""})]
    assert {name: accounts.the(ONE)[name] for name in RIGHT} == before


async def test_sub_accounts_are_asked_with_their_own_tokens(numbers, accounts, ours, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_ACCOUNTS", json.dumps({SUB: SUB_TOKEN}))
    ours(ONE, TWO)
    accounts.has(ONE)
    accounts.has(TWO, SUB, voice_method="GET")

    result = await numbers("--apply")

    assert result.exit_code == 0
    assert accounts.credentials == {f"{ACCOUNT}:{TOKEN}", f"{SUB}:{SUB_TOKEN}"}
    assert accounts.changes == [(TWO, {"VoiceMethod": "POST"})]


async def test_a_sub_account_that_can_be_none_is_said_to_be_in_the_table(numbers, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_ACCOUNTS", json.dumps({"nonsense": "t"}))

    result = await numbers()

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "account_sid, or one in [accounts], is 'nonsense'; an account's SID begins with AC\n"


async def test_an_account_that_cannot_be_asked_is_named(numbers, accounts, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_ACCOUNTS", json.dumps({SUB: SUB_TOKEN}))
    accounts.closed.add(SUB)
    accounts.has(ONE, voice_method="GET")

    result = await numbers("--apply")

    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"the numbers of {SUB} can't be had: 20003: Authenticate\n"
    assert accounts.changes == []


async def test_all_of_it_as_json(numbers, accounts, ours):
    ours(ONE, TWO)
    accounts.has(ONE, voice_method="GET")
    accounts.has(THREE)

    result = await numbers("--json")

    assert result.exit_code == 1
    common = {"recipe": "menu_with_default", "differences": {}, "error": None}
    assert json.loads(result.stdout) == [
        common
        | {"number": ONE, "state": "different", "account": ACCOUNT, "sid": "PN441314960101", "calls_go_to": RECIPE}
        | {"differences": {"VoiceMethod": {"is": "GET", "should_be": "POST"}}},
        common
        | {"number": TWO, "state": "error", "account": None, "sid": None, "calls_go_to": None}
        | {"error": "is in [numbers], and none of the account's"},
        common
        | {"number": THREE, "state": "not ours", "account": ACCOUNT, "sid": "PN441314960103", "calls_go_to": RECIPE}
        | {"recipe": None},
    ]


async def test_a_table_on_a_terminal(numbers, accounts, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    accounts.has(ONE, voice_url=f"{RECIPE}/[x]", voice_method="GET")
    accounts.has(TWO)

    result = await numbers()

    assert "\x1b[" in result.stdout
    head, *rows = result.stdout.splitlines()
    assert [word in head for word in ("number", "recipe", "with Twilio", "should be")] == [True] * 4
    assert [("VoiceUrl" in row, "VoiceMethod" in row, "not ours" in row) for row in rows] == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
    ]
    assert f"{RECIPE}/[x]" in rows[0]
    assert [ONE in row for row in rows] == [True, False, False]


# --- setting ----------------------------------------------------------------------------------------


async def test_only_what_differs_is_set_in_one_request_a_number(numbers, accounts, ours):
    ours(ONE, TWO, THREE)
    accounts.has(ONE, voice_url=None, status_callback="https://elsewhere.example/")
    accounts.has(TWO)
    accounts.has(THREE, voice_application_sid="AP1")

    result = await numbers("--apply")

    assert accounts.changes == [
        (ONE, {"VoiceUrl": RECIPE, "StatusCallback": f"{RECIPE}/status"}),
        (THREE, {"VoiceApplicationSid": ""}),
    ]
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-2:] == [
        f"{ONE}  set: VoiceUrl, StatusCallback",
        f"{THREE}  set: VoiceApplicationSid",
    ]


async def test_what_was_set_is_as_it_should_be_afterwards(numbers, accounts):
    accounts.has(ONE, voice_url=None, voice_fallback_method="GET", voice_application_sid="AP1")

    await numbers("--apply")
    again = await numbers("--apply")

    assert (again.exit_code, again.stdout) == (0, f"{ONE}  menu_with_default  is as it should be\n")
    assert len(accounts.changes) == 1


async def test_one_that_is_refused_does_not_stop_the_others(numbers, accounts, ours):
    ours(ONE, TWO, THREE)
    for number in (ONE, TWO, THREE):
        accounts.has(number, voice_url=None)
    accounts.refuse.add(TWO)

    result = await numbers("--apply")

    assert [number for number, _ in accounts.changes] == [ONE, TWO, THREE]
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{TWO}  not set: 21502: Invalid VoiceUrl",
        f"not as it should be: {TWO}",
    ]
    assert accounts.the(THREE)["voice_url"] == RECIPE


async def test_one_that_is_taken_and_not_done_is_told(numbers, accounts):
    accounts.has(ONE, voice_url=None, voice_method="GET")
    accounts.deaf.add(ONE)

    result = await numbers("--apply")

    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{ONE}  Twilio took it, and has not set: VoiceUrl, VoiceMethod",
        f"not as it should be: {ONE}",
    ]


async def test_json_stays_json_while_numbers_are_set(numbers, accounts):
    accounts.has(ONE, voice_url=None)

    result = await numbers("--apply", "--json")

    assert [each["state"] for each in json.loads(result.stdout)] == ["different"]
    assert (result.exit_code, result.stderr) == (0, f"{ONE}  set: VoiceUrl\n")


# --- before anything is asked -----------------------------------------------------------------------


async def test_a_recipe_that_is_not_there(numbers, accounts, ours):
    ours(ONE, recipe="menu_with_defalt")

    result = await numbers("--apply")

    assert result.exit_code == 2
    assert "menu_with_defalt: there is no such recipe; did you mean menu_with_default?" in result.stderr
    assert accounts.credentials == set()


async def test_it_needs_a_public_url(numbers, accounts, monkeypatch):
    monkeypatch.delenv("SWITCHHOOK_PUBLIC_URL")

    result = await numbers()

    assert result.exit_code == 2
    assert result.stderr.startswith("no public_url: set it to where Twilio finds the daemon")
    assert accounts.credentials == set()


def test_it_needs_an_account(run):
    result = run("numbers")

    assert (result.exit_code, result.stderr) == (2, "no account_sid: set TWILIO_ACCOUNT_SID\n")


def test_the_help_tells_of_the_exit_codes(run):
    told = " ".join(run("numbers", "--help").stdout.split())

    assert "Exits with 0 if all is as it should be, or is so now; with 1 if not; with 2" in told


def test_a_fallback_that_is_no_url(run, monkeypatch):
    monkeypatch.setenv("SWITCHHOOK_FALLBACK_URL", "sorry.xml")

    result = run("numbers")

    assert result.exit_code == 2
    assert result.stderr.startswith("environment: fallback_url is 'sorry.xml': must be an http or https URL")
