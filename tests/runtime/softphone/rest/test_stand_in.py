"""The stand-in itself: who may ask for what, and what becomes of it all when it closes."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest

from runtime.softphone import Answer, Hold, Script, StandIn
from runtime.twilio import TwilioClient
from tests.runtime.softphone.conftest import TOKEN
from tests.runtime.softphone.rest.conftest import ACCOUNT, FROM, SUB, SUB_TOKEN, TO

NUMBERS = {"To": TO, "From": FROM}
KEY, SECRET = "SK" + "4" * 32, "a key's secret"


@pytest.fixture
def options():
    return {"api_keys": {KEY: SECRET, "SK" + "6" * 32: ""}}


# --- who may ask ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "auth",
    [
        None,
        (ACCOUNT, "wrong"),
        (ACCOUNT, ""),
        (ACCOUNT, SUB_TOKEN),
        (SUB, SUB_TOKEN),
        ("AC" + "3" * 32, TOKEN),
        ("", ""),
        (ACCOUNT, "é"),
        (KEY, "wrong"),
        (KEY, TOKEN),
        (KEY, ""),
        (ACCOUNT, SECRET),
        ("SK" + "5" * 32, SECRET),
        ("SK" + "6" * 32, ""),
    ],
)
async def test_wrong_credentials_are_refused(rest, auth):
    """401, 20003, and how to do better."""
    refused = await rest("GET", "Calls.json", auth=auth)
    assert (refused.status, refused.code) == (401, 20003)
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="Twilio API"'


@pytest.mark.parametrize("authorization", ["Basic", "Basic !", "Basic /w==", "Basic café", "Bearer x", "x"])
async def test_a_header_that_is_none_is_refused(rest, twilio, authorization):
    url = f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    async with rest._session.get(url, headers={"Authorization": authorization}) as response:
        assert response.status == 401


async def test_a_subaccount_is_opened_by_its_own_credentials_and_by_the_accounts(rest):
    for auth in ((SUB, SUB_TOKEN), (ACCOUNT, TOKEN)):
        assert (await rest("GET", "Calls.json", account=SUB, auth=auth)).status == 200


async def test_an_api_key_opens_its_account_and_no_subaccount(rest):
    assert (await rest("GET", "Calls.json", auth=(KEY, SECRET))).status == 200
    assert (await rest("GET", "Calls.json", account=SUB, auth=(KEY, SECRET))).code == 20003


async def test_a_call_that_is_made_with_an_api_key_is_signed_with_the_token(app, twilio):
    """The application of these tests validates each signature."""
    app["/voice"] = "<Say>hi</Say>"
    async with TwilioClient(ACCOUNT, api_key=(KEY, SECRET), base_url=twilio.url) as client:
        call = await client.make_call(TO, FROM, url=app.url("/voice"))
    await twilio.idle()
    assert twilio.calls[call["sid"]].transcript.said == ["hi"]


async def test_credentials_are_asked_for_before_anything_is_said(rest):
    """Also of what isn't there."""
    assert (await rest("GET", "Faxes.json", auth=None)).code == 20003


async def test_an_account_that_is_unknown_has_no_credentials_either(rest):
    """A mistyped AccountSid is 20003, as live; only whoever has an account is told that there is nothing there."""
    unknown = "AC" + "3" * 32
    assert (await rest("GET", "Calls.json", account=unknown, auth=(unknown, TOKEN))).code == 20003
    assert (await rest("GET", "Calls.json", account=unknown)).code == 20404


async def test_a_body_that_is_no_text_is_read_as_far_as_it_is(rest, twilio):
    url = f"{twilio.url}/2010-04-01/Accounts/{ACCOUNT}/Calls.json"
    headers = {"Authorization": "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()}
    async with rest._session.post(url, data=b"To=\xff", headers=headers) as response:
        assert (await response.json())["code"] == 21211


# --- what there is -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["Faxes.json", "Calls", "Calls.xml", "Calls.csv", "Messages.wav", "Calls/CA1/Recordings.json", ".json"]
)
async def test_what_there_is_not_is_not_found(rest, path):
    refused = await rest("GET", path)
    assert (refused.status, refused.code) == (404, 20404)


@pytest.mark.parametrize(
    "path", ["/", "/2010-04-01/Accounts.json", f"/2010-04-01/Accounts/{'AC' + '3' * 32}/Calls.json"]
)
async def test_nor_are_other_accounts_and_other_apis(rest, path):
    assert (await rest("GET", path)).code == 20404


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", "Calls.json"), ("DELETE", "Calls.json"), ("POST", "Recordings.json"), ("POST", "Recordings/RE1.json")],
)
async def test_other_methods_are_not_allowed(rest, method, path):
    refused = await rest(method, path)
    assert (refused.status, refused.code) == (405, 20004)


@pytest.mark.parametrize(("size", "counts"), [("0" * 5000 + "7", 7), ("1" * 5000, 1000), ("1001", 1000)])
async def test_a_number_of_any_length_is_one(rest, size, counts):
    assert (await rest("GET", "Calls.json", PageSize=size)).json["page_size"] == counts


@pytest.mark.parametrize("size", ["0", "0" * 5000, "-1", "\u0665", "x"])
async def test_a_number_that_is_too_low_is_refused(rest, size):
    assert (await rest("GET", "Calls.json", PageSize=size)).code == 20001


async def test_so_many_requests_are_refused_on_demand(rest, twilio):
    """429, 20429; nothing is done. The next one is served."""
    twilio.refuse(2)
    refused = [await rest("POST", "Calls.json", **NUMBERS, Url="http://127.0.0.1:1/") for _ in range(2)]
    assert {(each.status, each.code) for each in refused} == {(429, 20429)}
    assert twilio.calls == {}
    assert (await rest("GET", "Calls.json")).status == 200


async def test_it_listens_where_it_is_told_to(unused_tcp_port):
    async with StandIn(ACCOUNT, TOKEN, port=unused_tcp_port) as twilio:
        assert twilio.url == f"http://127.0.0.1:{unused_tcp_port}"
        with pytest.raises(OSError, match=str(unused_tcp_port)):
            async with StandIn(ACCOUNT, TOKEN, port=unused_tcp_port):
                pass


# --- the phone -----------------------------------------------------------------------------------


async def test_one_script_is_for_every_call(app):
    """Each call has it from its beginning, also if it was given as something that is used up."""
    app["/voice"] = "<Say>hi</Say>"
    async with StandIn(ACCOUNT, TOKEN, answers=iter([Answer("busy")])) as twilio:
        sids = [await made(twilio, app.url("/voice")) for _ in range(2)]
        await twilio.idle()
        assert [twilio.calls[sid].status for sid in sids] == ["busy"] * 2


async def test_somebody_may_hold_the_phone_and_listen_in(app):
    """A `Caller` decides, `on_line` hears it all, `wait` takes the time."""
    app["/voice"] = "<Say>one two three four five</Say>"
    caller, lines, waited = Script([Answer()]), [], []

    async def wait(seconds):
        waited.append(seconds)

    async with StandIn(ACCOUNT, TOKEN, answers=caller, on_line=lines.append, wait=wait) as twilio:
        sid = await made(twilio, app.url("/voice"))
        await twilio.idle()
        assert twilio.calls[sid].transcript.lines == lines
        assert caller.left == ()
        assert waited == [2.0]


async def made(twilio: StandIn, url: str, **params: str) -> str:
    """A call that the client of this house makes."""
    async with TwilioClient(ACCOUNT, TOKEN, base_url=twilio.url) as client:
        return (await client.make_call(TO, FROM, url=url, **params))["sid"]


async def test_calls_beyond_the_lines_are_queued(app):
    """And canceled without a word while they are."""
    app["/voice"] = "<Gather/>"
    async with StandIn(ACCOUNT, TOKEN, answers=[Answer(), Hold()], lines=1) as twilio:
        first = twilio.calls[await made(twilio, app.url("/voice"))]
        await first.held()
        second, third = [
            twilio.calls[await made(twilio, app.url("/voice"), status_callback=app.url("/status"))] for _ in range(2)
        ]
        assert (second.status, third.status) == ("queued", "queued")
        second.hang_up()
        first.hang_up()
        await third.held()
        assert second.status == "canceled"
        assert third.status == "in-progress"
        assert app.paths == ["/voice", "/voice"]
        third.hang_up()
        await twilio.idle()


def left(before: set[asyncio.Task]) -> list[asyncio.Task]:
    """Tasks that are new since; but for those of aiohttp's servers, which notice a connection's end when they do."""
    return [task for task in asyncio.all_tasks() - before if "RequestHandler" not in repr(task)]


# --- closing -------------------------------------------------------------------------------------


async def test_closing_hangs_up_and_tells_the_ends(app):
    """Of the call that is talked in; not of the one that is queued. No task is left."""
    app["/voice"] = '<Record action="/recorded"/>'
    before = asyncio.all_tasks()
    async with StandIn(ACCOUNT, TOKEN, answers=[Answer(), Hold()], lines=1) as twilio:
        talking = twilio.calls[await made(twilio, app.url("/voice"), status_callback=app.url("/talked"))]
        await talking.held()
        queued = twilio.calls[await made(twilio, app.url("/voice"), status_callback=app.url("/queued"))]
    assert app.paths == ["/voice", "/recorded", "/talked"]
    assert (talking.status, queued.status) == ("completed", "canceled")
    assert left(before) == []


async def test_closing_does_not_wait_for_an_application_that_does_not_answer(app, monkeypatch):
    """Calls have a while for their ends; then it is over."""
    monkeypatch.setattr("runtime.softphone.rest.stand_in.GRACE", 0.05)
    asked = asyncio.Event()

    async def stuck(request):
        asked.set()
        await asyncio.Event().wait()

    app["/voice"] = app["/status"] = stuck
    before = asyncio.all_tasks()
    async with StandIn(ACCOUNT, TOKEN) as twilio:
        call = twilio.calls[await made(twilio, app.url("/voice"), status_callback=app.url("/status"))]
        await asked.wait()
    assert call.status == "completed"
    assert app.paths == ["/voice", "/status"]
    assert left(before) == []


async def test_a_closed_stand_in_does_not_answer(rest, twilio):
    await twilio.__aexit__()
    import aiohttp

    with pytest.raises(aiohttp.ClientConnectorError):
        await rest("GET", "Calls.json")


async def test_idle_returns_at_once_where_nothing_is_done(twilio):
    async with asyncio.timeout(1):
        await twilio.idle()
