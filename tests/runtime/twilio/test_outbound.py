"""Calls that go to a recipe's own URLs, when they are made and when they are moved."""

from __future__ import annotations

from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from actors import NotMoved
from runtime.accounts import client_of
from runtime.redirects import PATIENCE, Redirects
from runtime.settings import Settings
from runtime.twilio import Ambiguous, InvalidRequest, with_query
from tests.runtime.twilio.conftest import ACCOUNT, FROM, KEY, TO, TOKEN, Cut, Reply

HOME = "https://ivr.example.com/ivr"
SUB, SUB_TOKEN = "AC" + "5" * 32, "fedcba9876543210fedcba9876543210"
CALL = Reply({"sid": "CA1", "status": "queued"}, 201)
OVER = Reply({"code": 21220, "message": "Call is not in-progress. Cannot redirect.", "status": 400}, 400)


@pytest.fixture
async def known(twilio):
    """A client that knows where its daemon is."""
    twilio.public_url = HOME
    return twilio


# --- made ------------------------------------------------------------------------------------------


async def test_a_call_to_a_recipe_has_its_end_told_there(rest, known):
    rest.will(CALL)

    await known.make_call(TO, FROM, recipe="bookshop")

    assert rest.last.form == [
        ("To", TO),
        ("From", FROM),
        ("Url", f"{HOME}/bookshop"),
        ("StatusCallback", f"{HOME}/bookshop/status"),
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    ]


@pytest.mark.parametrize(
    ("asked", "name", "url"),
    [
        ({"machine_detection": "Enable", "async_amd": True}, "AsyncAmdStatusCallback", f"{HOME}/bookshop/status"),
        ({"record": True}, "RecordingStatusCallback", f"{HOME}/bookshop/recording"),
    ],
)
async def test_what_else_is_asked_for_is_told_there_too(rest, known, asked, name, url):
    rest.will(CALL)

    await known.make_call(TO, FROM, recipe="bookshop", **asked)
    assert (name, url) in rest.last.form

    await known.make_call(TO, FROM, recipe="bookshop", **dict.fromkeys(asked))
    assert name not in dict(rest.last.form)


async def test_what_the_caller_of_it_names_stands(rest, known):
    rest.will(CALL)

    await known.make_call(TO, FROM, recipe="bookshop", status_callback="https://h/", status_callback_event="completed")

    form = dict(rest.last.form)
    assert (form["StatusCallback"], form["StatusCallbackEvent"]) == ("https://h/", "completed")


async def test_a_query_goes_to_all_that_the_call_may_begin_with_and_be_told_at(rest, known):
    rest.will(CALL)
    asked = {"machine_detection": "Enable", "async_amd": True, "record": True}

    await known.make_call(TO, FROM, recipe="bookshop", query={"name": "Jane & Zoë", "n": "1"}, **asked)

    form = dict(rest.last.form)
    query = "?name=Jane+%26+Zo%C3%AB&n=1"
    assert form["Url"] == f"{HOME}/bookshop{query}"
    assert form["StatusCallback"] == form["AsyncAmdStatusCallback"] == f"{HOME}/bookshop/status{query}"
    assert form["RecordingStatusCallback"] == f"{HOME}/bookshop/recording{query}"


async def test_a_url_of_the_callers_own_has_no_query_of_ours(rest, known):
    rest.will(CALL)

    await known.make_call(TO, FROM, recipe="bookshop", query={"name": "Jane"}, status_callback="https://h/over")

    form = dict(rest.last.form)
    assert (form["Url"], form["StatusCallback"]) == (f"{HOME}/bookshop?name=Jane", "https://h/over")


async def test_a_query_that_no_request_could_hold_is_not_sent(rest, known):
    rest.will(CALL)
    longest = "x" * (4000 - len("name="))

    await known.make_call(TO, FROM, recipe="bookshop", query={"name": longest})
    with pytest.raises(InvalidRequest, match="the query has 4001 characters for the recipe, as a URL has them; 4000 a"):
        await known.make_call(TO, FROM, recipe="bookshop", query={"name": f"{longest}x"})

    assert rest.seen == ["POST Calls.json"]


def test_no_query_changes_nothing():
    talk = {"from_": FROM, "url": "https://h/voice?#rc=2", "status_callback": "https://h/over"}

    assert with_query(talk, "") == talk


async def test_a_recipe_and_something_else_to_hear_is_one_too_many(rest, known):
    with pytest.raises(InvalidRequest, match="takes one of url, twiml, application_sid"):
        await known.make_call(TO, FROM, recipe="bookshop", twiml="<Response/>")
    assert rest.asked == []


@pytest.mark.parametrize("what", ["make", "update"])
async def test_without_a_place_of_the_daemon_there_is_no_recipe(rest, twilio, what):
    asking = twilio.make_call(TO, FROM, recipe="menu") if what == "make" else twilio.update_call("CA1", recipe="menu")
    with pytest.raises(InvalidRequest, match="no public_url: say where Twilio finds the daemon that serves menu"):
        await asking
    assert rest.asked == []


@pytest.mark.parametrize("url", ["https://h/voice", None])
async def test_a_query_is_a_recipes_alone(rest, known, url):
    with pytest.raises(InvalidRequest, match="a query is for a recipe; a url has its own"):
        await known.make_call(TO, FROM, url=url, query={"name": "Jane"})
    assert rest.asked == []


async def test_no_query_is_none(rest, known):
    rest.will(CALL)

    await known.make_call(TO, FROM, url="https://h/voice", query={})

    assert rest.last.form[-1] == ("Url", "https://h/voice")


# --- changed ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("state", "url"), [("", f"{HOME}/bookshop"), ("2.1", f"{HOME}/bookshop/2.1")])
async def test_a_live_call_is_sent_to_a_recipe_or_a_state(rest, known, state, url):
    await known.update_call("CA1", recipe="bookshop", state=state)

    assert (rest.seen, rest.last.form) == (["POST Calls/CA1.json"], [("Url", url)])


@pytest.mark.parametrize("given", [{"url": "https://h/voice"}, {"twiml": "<Response/>"}, {}])
async def test_a_state_is_a_recipes_alone(rest, known, given):
    with pytest.raises(InvalidRequest, match="a state is a recipe's: name the recipe, too"):
        await known.update_call("CA1", state="2.1", **given)
    assert rest.asked == []


async def test_what_is_not_given_is_left_out(rest, known):
    await known.update_call("CA1", recipe="bookshop", url=None, status=None)

    assert rest.last.form == [("Url", f"{HOME}/bookshop")]


async def test_what_is_asked_for_stands_there_too(rest, known):
    await known.update_call("CA1", recipe="bookshop", url="https://h/own", method="GET")

    assert rest.last.form == [("Url", "https://h/own"), ("Method", "GET")]


async def test_a_live_call_is_hung_up(rest, known):
    await known.update_call("CA1", status="completed")

    assert rest.last.form == [("Status", "completed")]


async def test_what_becomes_of_a_message_is_told_to_a_recipe(rest, known):
    rest.will(Reply({"sid": "SM1", "status": "queued"}, 201))

    await known.send_sms(TO, "hello", from_=FROM, recipe="bookshop")
    assert ("StatusCallback", f"{HOME}/bookshop/status") in rest.last.form

    await known.send_sms(TO, "hello", from_=FROM, recipe="bookshop", status_callback="https://h/own")
    assert ("StatusCallback", "https://h/own") in rest.last.form

    await known.send_sms(TO, "hello", from_=FROM)
    assert rest.last.form == [("To", TO), ("Body", "hello"), ("From", FROM)]


async def test_a_message_to_a_recipe_that_is_nowhere_is_not_sent(rest, twilio):
    with pytest.raises(InvalidRequest, match="no public_url"):
        await twilio.send_sms(TO, "hello", from_=FROM, recipe="bookshop")
    assert rest.asked == []


# --- moved -----------------------------------------------------------------------------------------


@pytest.fixture
async def redirects(rest, clock):
    settings = Settings(
        account_sid=ACCOUNT, auth_token=TOKEN, accounts={SUB: SUB_TOKEN}, api_url=rest.url, public_url=HOME
    )
    redirects = Redirects(settings, "https://ivr.example.com", replace(PATIENCE, clock=clock))
    yield redirects
    await redirects.close()


async def test_twilio_is_told_where_a_call_goes_on(rest, redirects):
    await redirects(ACCOUNT, "CA1", "/ivr/menu/2?step=3")

    assert rest.seen == ["POST Calls/CA1.json"]
    assert rest.last.form == [("Url", "https://ivr.example.com/ivr/menu/2?step=3"), ("Method", "POST")]
    assert rest.last.credentials == f"{ACCOUNT}:{TOKEN}"


@pytest.mark.parametrize("account", [ACCOUNT, "", "AC" + "9" * 32], ids=["ours", "unknown", "another"])
async def test_a_call_of_whatever_account_is_moved_as_ours(rest, redirects, account):
    """Nobody's token but ours and our sub-accounts' has let it in."""
    await redirects(account, "CA1", "/menu/2?step=3")

    assert rest.last.credentials == f"{ACCOUNT}:{TOKEN}"


async def test_a_sub_accounts_call_is_moved_by_its_own_token(rest, redirects):
    await redirects(SUB, "CA1", "/menu/2?step=3")

    assert rest.last.path == f"/2010-04-01/Accounts/{SUB}/Calls/CA1.json"
    assert rest.last.credentials == f"{SUB}:{SUB_TOKEN}"


async def test_a_refusal_is_one(rest, redirects):
    rest.will(OVER)

    with pytest.raises(NotMoved, match="21220: Call is not in-progress"):
        await redirects(ACCOUNT, "CA1", "/menu/2?step=3")
    assert len(rest.asked) == 1


async def test_a_lost_answer_is_asked_for_once_more(rest, redirects):
    rest.will(Cut(), Reply({"sid": "CA1"}))

    with capture_logs() as logs:
        await redirects(ACCOUNT, "CA1", "/menu/2?step=3")

    assert rest.asked[0].form == rest.asked[1].form
    assert [(log["event"], log["call_sid"]) for log in logs if log["log_level"] == "warning"] == [
        ("redirect_lost", "CA1")
    ]


async def test_and_what_is_refused_then_was_not_moved(rest, redirects):
    rest.will(Cut(), OVER)

    with pytest.raises(NotMoved, match="21220"):
        await redirects(ACCOUNT, "CA1", "/menu/2?step=3")


@pytest.mark.parametrize("code", [20429, 20003, 20500])
async def test_a_refusal_of_something_else_then_leaves_it_open(rest, redirects, code):
    rest.will(Cut(), Reply({"code": code, "message": "no", "status": 400}, 400))

    with pytest.raises(Ambiguous):
        await redirects(ACCOUNT, "CA1", "/menu/2?step=3")


async def test_answers_that_are_lost_again_leave_it_open(rest, redirects):
    rest.will(Cut())

    with pytest.raises(Ambiguous):
        await redirects(ACCOUNT, "CA1", "/menu/2?step=3")
    assert len(rest.asked) == 2


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"auth_token": TOKEN}, "no account_sid: set TWILIO_ACCOUNT_SID"),
        ({"account_sid": ACCOUNT}, "no auth_token: set TWILIO_AUTH_TOKEN"),
        ({"account_sid": ACCOUNT, "api_key": KEY}, "no api_key with its api_secret"),
    ],
)
async def test_without_an_account_nobody_can_be_told_and_it_is_the_daemon_s_that_lacks(rest, given, says):
    with pytest.raises(NotMoved, match=f"^the daemon has {says}.*, where the daemon runs$"):
        await Redirects(Settings(api_url=rest.url, **given), "https://h")(ACCOUNT, "CA1", "/menu/2?step=3")
    assert rest.asked == []


async def test_one_session_is_used_again(rest, redirects):
    for number in range(3):
        await redirects(ACCOUNT, f"CA{number}", "/menu/2?step=3")

    assert len(redirects._clients) == 1
    await redirects.close()
    assert redirects._clients == {}


def test_a_client_of_the_settings_knows_where_the_daemon_is():
    assert client_of(Settings(account_sid=ACCOUNT, auth_token=TOKEN, public_url=HOME)).public_url == HOME
