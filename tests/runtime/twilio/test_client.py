"""One request and its answer: who asks, what is refused, pages, errors; and nothing secret in any of it."""

from __future__ import annotations

import traceback

import pytest
import structlog

from runtime.twilio import Ambiguous, InvalidRequest, Patience, TwilioClient, TwilioError, Unreachable
from tests.runtime.twilio.conftest import ACCOUNT, FROM, KEY, ROOT, SECRET, TO, TOKEN, Cut, Half, Never, Reply
from twiml import Say

CALL = {"sid": "CA1", "status": "queued"}


# --- asking ----------------------------------------------------------------------------------------


async def test_anything_can_be_asked_by_twilios_own_names(rest, twilio):
    rest.will(Reply({"sid": "CA1"}, 201))

    answer = await twilio.request("post", f"{ROOT}/Calls.json", {"From": FROM, "To": TO, "Url": "http://h/", "A": None})

    assert answer == {"sid": "CA1"}
    assert rest.last.form == [("From", FROM), ("To", TO), ("Url", "http://h/")]
    assert rest.last.credentials == f"{ACCOUNT}:{TOKEN}"


async def test_a_get_asks_in_the_query(rest, twilio):
    await twilio.request("GET", "Queues.json", {"PageSize": 2, "StartTime<": "2026-09-01", "On": True, "A": ["x", "y"]})

    assert rest.last.query == [("PageSize", "2"), ("StartTime<", "2026-09-01"), ("On", "true"), ("A", "x"), ("A", "y")]
    assert rest.last.form == []


async def test_a_query_in_the_path_is_kept(rest, twilio):
    await twilio.request("GET", f"{ROOT}/Calls.json?PageToken=PA%2B1", {"Page": 2})

    assert rest.last.query == [("PageToken", "PA+1"), ("Page", "2")]


async def test_a_deletion_is_answered_with_nothing(rest, twilio):
    rest.will(Reply(b"", 204))

    assert await twilio.request("DELETE", "Calls/CA1.json") == {}


@pytest.mark.parametrize("path", ["https://evil.example/x", "//evil.example/x", "http://x", "http://[::1"])
async def test_credentials_go_nowhere_else(rest, twilio, path):
    with pytest.raises(InvalidRequest, match="is not a path of the API"):
        await twilio.request("GET", path)
    assert not rest.asked


async def test_a_call_sid_cannot_lead_elsewhere(rest, twilio):
    await twilio.fetch_call("../../Keys.json?x=")

    assert rest.last.path == f"{ROOT}/Calls/..%2F..%2FKeys.json%3Fx%3D.json"


async def test_a_call_may_speak_verbs(rest, twilio):
    rest.will(Reply(CALL, 201))

    assert await twilio.make_call(TO, FROM, twiml=[Say("hello")]) == CALL

    assert dict(rest.last.form)["Twiml"].endswith("<Response><Say>hello</Say></Response>")


async def test_connections_are_used_again(rest, twilio):
    connections = set()
    answer = Reply.send

    class Noting(Reply):
        async def send(self, request, stand_in):
            connections.add(request.transport.get_extra_info("peername"))
            return await answer(self, request, stand_in)

    rest.will(Noting())
    for _ in range(5):
        await twilio.fetch_call("CA1")

    assert len(connections) == 1


async def test_a_client_that_is_not_open_says_so(rest):
    with pytest.raises(RuntimeError, match="async with"):
        await TwilioClient(ACCOUNT, TOKEN, base_url=rest.url).fetch_call("CA1")


NO_URLS = ["http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:abc", f"http://{'x' * 64}.example", "http://"]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"account_sid": "SK1", "auth_token": TOKEN}, "account_sid, or one in [accounts], is 'SK1'"),
        ({"account_sid": "AC1/../AC2", "auth_token": TOKEN}, "one in [accounts], is 'AC1/../AC2'"),
        ({"account_sid": ACCOUNT}, "either an auth_token is needed or an api_key"),
        ({"account_sid": ACCOUNT, "auth_token": TOKEN, "api_key": (KEY, SECRET)}, "and not both"),
        ({"account_sid": ACCOUNT, "api_key": (ACCOUNT, SECRET)}, "begins with SK"),
        ({"account_sid": ACCOUNT, "api_key": (KEY, "")}, "begins with SK"),
        ({"account_sid": ACCOUNT, "auth_token": TOKEN, "region": "evil.example/"}, "region is 'evil.example/'"),
        ({"account_sid": ACCOUNT, "auth_token": TOKEN, "edge": "x@evil"}, "edge is 'x@evil'"),
        (
            {"account_sid": ACCOUNT, "auth_token": TOKEN, "base_url": "ftp://x"},
            "base_url, or the setting api_url, must be",
        ),
        *(({"account_sid": ACCOUNT, "auth_token": TOKEN, "base_url": url}, "api_url, must be") for url in NO_URLS),
        ({"account_sid": ACCOUNT, "auth_token": TOKEN, "base_url": f"https://a:{TOKEN}@x"}, "without credentials"),
    ],
)
def test_a_client_that_cannot_be(given, problem):
    with pytest.raises(InvalidRequest) as caught:
        TwilioClient(**given)
    assert problem in str(caught.value)
    assert TOKEN not in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:4010", "http://[::1]:4010", "https://grüße.example/api"])
def test_an_api_elsewhere_is_where_it_is_whatever_the_region(url):
    assert TwilioClient(ACCOUNT, TOKEN, base_url=f"{url}/", region="nowhere!", edge="?").base_url == url


# --- pages -----------------------------------------------------------------------------------------


def a_page(name: str, sids: str, following: str | None) -> Reply:
    return Reply({name: [{"sid": sid} for sid in sids.split()], "next_page_uri": following})


@pytest.mark.parametrize("name", ["calls", "messages", "recordings"])
async def test_pages_are_followed_by_the_link_that_is_given(rest, twilio, name):
    second = f"{ROOT}/{name.capitalize()}.json?PageSize=2&Page=1&PageToken=PA1"
    rest.will(a_page(name, "1 2", second), a_page(name, "", second + "0"), a_page(name, "3", None))

    found = [item["sid"] async for item in getattr(twilio, name)(page_size=2)]

    assert found == ["1", "2", "3"]
    assert rest.asked[0].query == [("PageSize", "2")]
    assert rest.asked[1].query == [("PageSize", "2"), ("Page", "1"), ("PageToken", "PA1")]
    assert len(rest.asked) == 3


async def test_a_limit_asks_for_no_more_than_it_needs(rest, twilio):
    rest.will(a_page("calls", "1 2 3", f"{ROOT}/Calls.json?Page=1"))

    assert [call["sid"] async for call in twilio.calls(limit=2)] == ["1", "2"]
    assert [call["sid"] async for call in twilio.calls(limit=3)] == ["1", "2", "3"]
    assert [call["sid"] async for call in twilio.calls(limit=0)] == []

    assert [each.query for each in rest.asked] == [[("PageSize", "2")], [("PageSize", "3")]]


async def test_pages_are_fetched_as_they_are_read(rest, twilio):
    rest.will(a_page("calls", "1", f"{ROOT}/Calls.json?Page=1"), Reply(status=500))

    first = await anext(twilio.calls())

    assert first == {"sid": "1"}
    assert len(rest.asked) == 1


async def test_pages_that_go_round_end(rest, twilio):
    again = f"{ROOT}/Calls.json?Page=1"
    rest.will(a_page("calls", "1", again), a_page("calls", "2", again))

    assert [call["sid"] async for call in twilio.calls()] == ["1", "2"]


@pytest.mark.parametrize("listed", [None, "CA1", 7, {"sid": "CA1"}, ["CA1", None, ["CA1"]]])
async def test_what_can_be_none_of_a_list_is_passed_over(rest, twilio, listed):
    rest.will(Reply({"calls": listed, "next_page_uri": f"{ROOT}/Calls.json?Page=1"}), a_page("calls", "2", None))

    assert [call["sid"] async for call in twilio.calls()] == ["2"]


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", 7, {"uri": "/"}])
async def test_a_page_elsewhere_is_not_followed(rest, twilio, elsewhere):
    rest.will(a_page("calls", "1", elsewhere))

    with pytest.raises(TwilioError, match="not a path of the API"):
        _ = [call async for call in twilio.calls()]
    assert len(rest.asked) == 1


def test_a_filter_is_checked_before_anything_is_fetched(twilio):
    with pytest.raises(InvalidRequest, match="did you mean start_time_after"):
        twilio.calls(start_time_aftr="2026-09-01")


# --- errors ----------------------------------------------------------------------------------------

CLASSIC = {
    "code": 21211,
    "message": "The 'To' number is not valid",
    "more_info": "https://www.twilio.com/docs/errors/21211",
    "status": 400,
    "details": {"x": 1},
}
PROBLEM = {
    "type": "https://www.twilio.com/docs/errors/20001",
    "title": "Invalid parameter",
    "detail": "PageSize must be positive",
    "status": 400,
    "code": 20001,
    "errors": [{"detail": "must be positive", "pointer": "#/PageSize"}],
}


async def test_the_classic_error(rest, twilio):
    rest.will(Reply(CLASSIC, 400))

    with pytest.raises(TwilioError) as caught:
        await twilio.make_call(TO, FROM, url="https://h/")

    error = caught.value
    assert (error.status, error.code, error.message) == (400, 21211, CLASSIC["message"])
    assert (error.more_info, error.details, error.exit_code) == (CLASSIC["more_info"], {"x": 1}, 1)
    assert list(error.lines) == [f"21211: {CLASSIC['message']} ({CLASSIC['more_info']})"]
    assert len(rest.asked) == 1


async def test_the_error_of_newer_services(rest, twilio):
    rest.will(Reply(PROBLEM, 400, {"Content-Type": "application/problem+json"}))

    with pytest.raises(TwilioError) as caught:
        await twilio.request("GET", "Calls.json")

    error = caught.value
    assert (error.status, error.code) == (400, 20001)
    assert error.message == "Invalid parameter: PageSize must be positive [#/PageSize must be positive]"
    assert error.more_info == PROBLEM["type"]
    assert error.details == PROBLEM["errors"]


@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"[]", b"7", b'{"code": "x"}', b'{"message": 7}', b"\xff"])
async def test_an_error_that_says_nothing(rest, twilio, body):
    rest.will(Reply(body, 404))

    with pytest.raises(TwilioError) as caught:
        await twilio.fetch_call("CA1")

    assert (caught.value.status, caught.value.code) == (404, None)
    assert str(caught.value) == f"GET {ROOT}/Calls/CA1.json was answered with 404"


@pytest.mark.parametrize("body", [b"", b"<Response/>", b"[]"])
async def test_an_answer_that_is_not_json(rest, twilio, body):
    rest.will(Reply(body, 200))

    with pytest.raises(TwilioError, match="is not JSON"):
        await twilio.fetch_call("CA1")


# --- secrets ---------------------------------------------------------------------------------------

ECHO = Reply({"code": 20003, "message": f"who are you? {TOKEN}", "details": {"token": TOKEN}}, 401)
BROKEN = Reply(b"x", 200, {"Content-Encoding": "gzip"})


@pytest.mark.parametrize("reply", [ECHO, Reply(status=503), BROKEN, Cut(), Half(), Never()])
@pytest.mark.parametrize("ask", ["fetch_call", "make_call", "update_call"])
async def test_no_secret_and_no_number_in_what_goes_wrong(rest, twilio, reply, ask):
    rest.will(reply)
    work = {
        "fetch_call": lambda: twilio.fetch_call("CA1"),
        "make_call": lambda: twilio.make_call(TO, FROM, url="https://h/", sip_auth_password="hush-hush"),
        "update_call": lambda: twilio.update_call("CA1", status="completed"),
    }[ask]

    with structlog.testing.capture_logs() as logs, pytest.raises(TwilioError) as caught:
        await work()

    chain, error = [], caught.value
    while error is not None:
        chain += [repr(error), str(error), repr(error.args), repr(vars(error))]
        error = error.__cause__ or error.__context__
    told = " ".join([*chain, *traceback.format_exception(caught.value), repr(logs), repr(twilio)])
    secret = rest.asked[0].headers["Authorization"].removeprefix("Basic ")
    for word in (TOKEN, secret, "hush-hush", TO, FROM):
        assert word not in told


async def test_no_secret_where_nobody_listens(unused_tcp_port, clock):
    patience = Patience(clock=clock)
    async with TwilioClient(
        ACCOUNT, api_key=(KEY, SECRET), base_url=f"http://127.0.0.1:{unused_tcp_port}", patience=patience
    ) as client:
        with pytest.raises(Unreachable) as caught:
            await client.fetch_call("CA1")

    assert "it can't be reached" in str(caught.value)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + repr(client)
    assert not isinstance(caught.value, Ambiguous)
