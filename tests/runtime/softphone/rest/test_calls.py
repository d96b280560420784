"""Calls: made, listed, changed, deleted through HTTP.

(Twilio's documentation: "Call resource".)
"""

from __future__ import annotations

import re

import pytest
from aiohttp import web

from runtime.softphone import Answer, Hold, Press
from runtime.softphone.outbound import EVENTS
from tests.runtime.softphone.conftest import TOKEN
from tests.runtime.softphone.rest.conftest import ACCOUNT, FROM, NOWHERE, SUB, SUB_TOKEN, TO

GATHER = '<Gather action="/pressed"><Say>press</Say></Gather>'
ALL = [("StatusCallbackEvent", event) for event in EVENTS]


@pytest.fixture
def options(phones):
    return {"answers": phones, "numbers": [FROM]}


def statuses(app) -> list[str]:
    """What the status callback heard."""
    return [form["CallStatus"] for form in app.forms if "CallbackSource" in form]


# --- making one ----------------------------------------------------------------------------------


async def test_a_new_call_is_queued_and_then_made(app, rest, twilio, phones):
    """201 says that it is queued; everything else is null."""
    app["/voice"] = GATHER
    phones[TO] = [Answer(), Press("1#")]
    made = await rest("POST", "Calls.json", To=TO, From=FROM, Url=app.url("/voice"))
    assert made.status == 201
    assert made.json["status"] == "queued"
    assert [name for name, value in made.json.items() if value is None] == [
        "parent_call_sid",
        "price",
        "answered_by",
        "forwarded_from",
        "group_sid",
        "caller_name",
        "trunk_sid",
        "start_time",
        "end_time",
        "duration",
    ]
    await twilio.idle()
    call = twilio.calls[made.json["sid"]]
    assert call.transcript.pressed == ["1#"]
    assert app.form("/pressed")["Digits"] == "1"
    assert app.form("/voice")["AccountSid"] == ACCOUNT
    assert (app.form("/voice")["To"], app.form("/voice")["From"]) == (TO, FROM)


async def test_a_call_that_is_over_says_how_long_it_was(app, rest, twilio):
    """Strings for numbers, dates as in mail."""
    app["/voice"] = '<Say>hi</Say><Pause length="61"/>'
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.idle()
    found = (await rest("GET", f"Calls/{sid}.json")).json
    assert {name: found[name] for name in ("status", "duration", "start_time", "end_time", "date_created")} == {
        "status": "completed",
        "duration": "61",
        "start_time": "Tue, 01 Sep 2026 12:00:00 +0000",
        "end_time": "Tue, 01 Sep 2026 12:01:01 +0000",
        "date_created": "Tue, 01 Sep 2026 12:00:00 +0000",
    }


async def test_a_call_says_where_it_is_and_what_belongs_to_it(app, rest, twilio):
    made = (await rest("POST", "Calls.json", To="(415) 555-0100", From=FROM, Url=app.url("/voice"))).json
    root = f"/2010-04-01/Accounts/{ACCOUNT}/Calls/{made['sid']}"
    assert re.fullmatch("CA[0-9a-f]{32}", made["sid"])
    assert made["uri"] == f"{root}.json"
    assert made["subresource_uris"]["recordings"] == f"{root}/Recordings.json"
    assert len(made["subresource_uris"]) == 9
    assert (made["to"], made["to_formatted"]) == ("+14155550100", "(415) 555-0100")
    assert (made["from"], made["from_formatted"]) == (FROM, FROM)
    assert (made["direction"], made["api_version"], made["price_unit"], made["queue_time"]) == (
        "outbound-api",
        "2010-04-01",
        "USD",
        "0",
    )
    [number] = twilio.numbers.values()
    assert made["phone_number_sid"] == number["sid"]


async def test_the_phone_is_chosen_by_number_and_parameters(app, rest, twilio, phones):
    await rest.call(Url=app.url("/voice"), Timeout="12")
    assert phones.asked_of == [(TO, {"To": TO, "From": FROM, "Url": app.url("/voice"), "Timeout": "12"})]


async def test_all_events_that_are_asked_for_are_told(app, rest, twilio):
    app["/voice"] = "<Say>hi</Say>"
    await rest.call(*ALL, Url=app.url("/voice"), StatusCallback=app.url("/status"))
    await twilio.idle()
    assert statuses(app) == ["initiated", "ringing", "in-progress", "completed"]


async def test_by_default_the_end_is_told_and_without_a_callback_nothing(app, rest, twilio):
    app["/voice"] = "<Say>hi</Say>"
    await rest.call(Url=app.url("/voice"), StatusCallback=app.url("/status"), StatusCallbackMethod="GET")
    await twilio.idle()
    assert statuses(app) == ["completed"]
    assert app.requests[-1].method == "GET"
    await rest.call(*ALL, Url=app.url("/voice"))
    await twilio.idle()
    assert len(statuses(app)) == 1


@pytest.mark.parametrize("event", ["initiated ringing answered completed", "initiated,completed", "in-progress"])
async def test_a_wrong_event_is_accepted_and_gives_no_callback_at_all(app, rest, twilio, event):
    """201, and 21626 in the debugger."""
    app["/voice"] = "<Say>hi</Say>"
    events = [("StatusCallbackEvent", event), ("StatusCallbackEvent", "completed")]
    sid = await rest.call(*events, Url=app.url("/voice"), StatusCallback=app.url("/status"))
    await twilio.idle()
    assert app.paths == ["/voice"]
    assert twilio.calls[sid].transcript.warnings == [f"21626 no StatusCallbackEvent: {event}; nothing is called back"]


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed"])
async def test_a_call_that_nobody_answers(app, rest, twilio, outcome, phones):
    phones[TO] = [Answer(outcome)]
    sid = await rest.call(*ALL, Url=app.url("/voice"), StatusCallback=app.url("/status"))
    await twilio.idle()
    assert statuses(app) == ["initiated", "ringing", outcome]
    found = (await rest("GET", f"Calls/{sid}.json")).json
    assert (found["status"], found["duration"]) == (outcome, "0")


async def test_a_document_may_be_given_instead_of_a_url(app, rest, twilio):
    """A URL beside it wins."""
    app["/voice"] = "<Say>by url</Say>"
    twiml = "<Response><Say>given</Say></Response>"
    alone, both = await rest.call(Twiml=twiml), await rest.call(Twiml=twiml, Url=app.url("/voice"))
    await twilio.idle()
    assert [twilio.calls[sid].transcript.said for sid in (alone, both)] == [["given"], ["by url"]]


async def test_the_first_request_may_be_a_get(app, rest, twilio):
    await rest.call(Url=app.url("/voice"), Method="GET")
    await twilio.idle()
    assert app.requests[0].method == "GET"


async def test_a_machine_is_detected(app, rest, twilio, phones):
    """With the first request, or apart from it."""
    phones[TO] = [Answer(by="machine")]
    sid = await rest.call(Url=app.url("/voice"), MachineDetection="DetectMessageEnd")
    await twilio.idle()
    assert app.form("/voice")["AnsweredBy"] == "machine_end_beep"
    assert (await rest("GET", f"Calls/{sid}.json")).json["answered_by"] == "machine_end_beep"
    to = {"AsyncAmd": "true", "AsyncAmdStatusCallback": app.url("/amd"), "AsyncAmdStatusCallbackMethod": "GET"}
    sid = await rest.call(Url=app.url("/voice"), MachineDetection="Enable", **to)
    await twilio.idle()
    assert "AnsweredBy" not in app.form("/voice")
    assert (app.form("/amd")["CallSid"], app.form("/amd")["AnsweredBy"]) == (sid, "machine_start")


async def test_what_has_no_effect_here_is_accepted(app, rest, twilio):
    """As is what Twilio doesn't know."""
    sid = await rest.call(
        Url=app.url("/voice"),
        SendDigits="ww12#",
        TimeLimit="60",
        CallerId="+441314960199",
        MachineDetectionTimeout="5",
        CallReason="why",
        Undocumented="yes",
    )
    await twilio.idle()
    assert twilio.calls[sid].status == "completed"


# --- refusals ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": None}, 21201),
        ({"To": ""}, 21201),
        ({"To": "nobody"}, 21211),
        ({"To": "4960"}, 21211),
        ({"To": "+15005550001"}, 21217),
        ({"To": "+15005550002"}, 21214),
        ({"To": "+15005550003"}, 21215),
        ({"To": "+15005550004"}, 21216),
        ({"From": None}, 21213),
        ({"From": "nobody"}, 21212),
        ({"From": "+15005550001"}, 21212),
        ({"Url": None}, 21205),
        ({"Url": "/voice"}, 21205),
        ({"Url": "529732 is your code"}, 21205),
        ({"FallbackUrl": "fallback"}, 21205),
        ({"Url": None, "Twiml": "<" * 4001}, 32018),
        ({"Url": None, "ApplicationSid": "AP" + "0" * 32}, 21218),
        ({"StatusCallback": "status"}, 21609),
        ({"AsyncAmdStatusCallback": "amd"}, 21609),
        ({"Method": "PUT"}, 20001),
        ({"StatusCallbackMethod": "get"}, 20001),
        ({"MachineDetection": "true"}, 20001),
        ({"Record": "yes"}, 20001),
        ({"Timeout": "soon"}, 20001),
        ({"Timeout": "-1"}, 20001),
        ({"SendDigits": "1" * 33}, 20001),
        ({"RecordingChannels": "both"}, 20001),
    ],
)
async def test_a_call_that_can_not_be_made_is_refused(app, rest, twilio, changes, code):
    """400, a code, a sentence, and where to read more; no call is made."""
    params = {"To": TO, "From": FROM, "Url": app.url("/voice")} | changes
    refused = await rest("POST", "Calls.json", **{name: value for name, value in params.items() if value is not None})
    assert refused.status == 400
    assert refused.json == {
        "code": code,
        "message": refused.json["message"],
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": 400,
    }
    assert refused.json["message"]
    assert twilio.calls == {}


@pytest.mark.parametrize("to", ["client:jane", "sip:jane@example.com", "+44 131 496 0123", "+1 (415) 555-0100"])
async def test_whoever_can_be_called_is_called(app, rest, twilio, to):
    sid = await rest.call(To=to, Url=app.url("/voice"))
    await twilio.idle()
    assert app.form("/voice")["To"] == twilio.calls[sid].leg.to


async def test_an_outbound_call_from_a_client_is_no_app_call(app, rest, twilio):
    await rest.call(From="client:jane", Url=app.url("/voice"))
    await twilio.idle()
    assert "ApplicationSid" not in app.form("/voice")


# --- reading and changing one --------------------------------------------------------------------


async def test_a_call_may_be_read_while_it_goes_on(app, rest, twilio, phones):
    """It has begun, and has no end."""
    app["/voice"] = GATHER
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.calls[sid].held()
    found = (await rest("GET", f"Calls/{sid}.json")).json
    assert (found["status"], found["end_time"], found["duration"]) == ("in-progress", None, None)
    assert found["start_time"] is not None
    twilio.calls[sid].hang_up()


async def test_the_api_knows_nothing_of_initiated(app, rest, twilio):
    """A call is queued until it rings, and so told where webhooks say otherwise; a leg rings from its beginning."""
    seen = []

    async def look(request):
        form = await request.post()
        found = await rest("GET", f"Calls/{form['CallSid']}.json")
        seen.append((form["CallStatus"], found.json["status"]))
        return web.Response(status=204)

    app["/status"] = look
    leg = f'<Number statusCallback="{app.url("/status")}" statusCallbackEvent="initiated">+441314960200</Number>'
    events = [("StatusCallbackEvent", event) for event in ("initiated", "ringing")]
    await rest.call(*events, Twiml=f"<Response><Dial>{leg}</Dial></Response>", StatusCallback=app.url("/status"))
    await twilio.idle()
    assert seen == [("initiated", "queued"), ("ringing", "ringing"), ("initiated", "ringing")]


async def test_a_call_is_ended(app, rest, twilio, phones):
    app["/voice"] = GATHER
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"), StatusCallback=app.url("/status"))
    await twilio.calls[sid].held()
    changed = await rest("POST", f"Calls/{sid}.json", Status="completed")
    assert (changed.status, changed.json["sid"]) == (200, sid)
    await twilio.idle()
    assert app.paths == ["/voice", "/status"]
    assert (await rest("GET", f"Calls/{sid}.json")).json["status"] == "completed"


async def test_a_call_is_redirected(app, rest, twilio, phones):
    """Its new status callback counts, as it comes with a URL."""
    app["/voice"], app["/new"] = GATHER, "<Say>new</Say>"
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"), StatusCallback=app.url("/status"))
    await twilio.calls[sid].held()
    changed = {"Url": app.url("/new"), "Method": "GET", "StatusCallback": app.url("/end")}
    assert (await rest("POST", f"Calls/{sid}.json", **changed)).status == 200
    await twilio.idle()
    assert app.paths == ["/voice", "/new", "/end"]
    assert app.requests[1].method == "GET"


async def test_what_cannot_be_had_is_asked_for_at_the_fallback_url(app, rest, twilio, phones):
    """With ErrorCode and ErrorUrl; another that comes with a new URL counts from then on."""
    app["/voice"], app["/first"] = missing, GATHER
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"), FallbackUrl=app.url("/first"), FallbackMethod="GET")
    await twilio.calls[sid].held()
    changed = {"Url": app.url("/voice"), "FallbackUrl": app.url("/second")}
    assert (await rest("POST", f"Calls/{sid}.json", **changed)).status == 200
    await twilio.idle()
    assert [(request.method, request.path) for request in app.requests] == [
        ("POST", "/voice"),
        ("GET", "/first"),
        ("POST", "/voice"),
        ("POST", "/second"),
    ]
    for path in ("/first", "/second"):
        assert (app.form(path)["ErrorCode"], app.form(path)["ErrorUrl"]) == ("11217", app.url("/voice"))


async def missing(_: web.Request) -> web.Response:
    return web.Response(status=404)


async def test_a_call_is_redirected_to_a_document(app, rest, twilio, phones):
    """A status callback that comes without a URL is ignored."""
    app["/voice"] = GATHER
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"), StatusCallback=app.url("/status"))
    await twilio.calls[sid].held()
    twiml = "<Response><Say>new</Say></Response>"
    await rest("POST", f"Calls/{sid}.json", Twiml=twiml, StatusCallback=app.url("/end"))
    await twilio.idle()
    assert twilio.calls[sid].transcript.said == ["press", "new"]
    assert app.paths == ["/voice", "/status"]


async def test_an_update_of_nothing_changes_nothing(app, rest, twilio, phones):
    app["/voice"] = GATHER
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.calls[sid].held()
    assert (await rest("POST", f"Calls/{sid}.json", TimeLimit="60")).json["status"] == "in-progress"
    twilio.calls[sid].hang_up()


async def test_a_call_that_rings_is_canceled(app, rest, twilio, phones):
    phones[TO] = [Hold(during="Call")]
    sid = await rest.call(*ALL, Url=app.url("/voice"), StatusCallback=app.url("/status"))
    await twilio.calls[sid].held()
    assert (await rest("GET", f"Calls/{sid}.json")).json["status"] == "ringing"
    assert (await rest("POST", f"Calls/{sid}.json", Status="canceled")).status == 200
    await twilio.idle()
    assert statuses(app) == ["initiated", "ringing", "canceled"]


@pytest.mark.parametrize(("changes", "code"), [({"Url": "/x"}, 21205), ({"Status": "busy"}, 20001)])
async def test_a_change_that_is_none_is_refused(app, rest, twilio, changes, code, phones):
    phones[TO] = [Hold(during="Call")]
    sid = await rest.call(Url=app.url("/voice"))
    refused = await rest("POST", f"Calls/{sid}.json", **changes)
    assert (refused.status, refused.code) == (400, code)
    await twilio.calls[sid].held()
    twilio.calls[sid].hang_up()


async def test_a_call_in_progress_can_not_be_canceled(app, rest, twilio, phones):
    app["/voice"] = GATHER
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.calls[sid].held()
    assert (await rest("POST", f"Calls/{sid}.json", Status="canceled")).code == 21220
    twilio.calls[sid].hang_up()


async def test_a_call_that_rings_can_not_be_redirected(app, rest, twilio, phones):
    phones[TO] = [Hold(during="Call")]
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.calls[sid].held()
    assert (await rest("POST", f"Calls/{sid}.json", Url=app.url("/new"))).code == 21220
    twilio.calls[sid].hang_up()


@pytest.mark.parametrize("changes", [{"Status": "completed"}, {"Status": "canceled"}, {"Url": "http://h/x"}])
async def test_a_call_that_is_over_can_not_be_changed(app, rest, twilio, changes):
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.idle()
    refused = await rest("POST", f"Calls/{sid}.json", **changes)
    assert (refused.status, refused.code) == (400, 21220)


async def test_a_call_is_deleted_when_it_is_over(app, rest, twilio, phones):
    """Then it isn't there any more; a test still has its transcript."""
    app["/voice"] = GATHER
    phones[TO] = [Answer(), Hold()]
    sid = await rest.call(Url=app.url("/voice"))
    refused = await rest("DELETE", f"Calls/{sid}.json")
    assert (refused.status, refused.code) == (409, 20009)
    await twilio.calls[sid].held()
    twilio.calls[sid].hang_up()
    await twilio.idle()
    deleted = await rest("DELETE", f"Calls/{sid}.json")
    assert (deleted.status, deleted.text) == (204, "")
    assert (await rest("GET", f"Calls/{sid}.json")).code == 20404
    assert await rest.listed("Calls") == []
    assert twilio.calls[sid].transcript.said == ["press"]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_a_call_that_was_never_made_is_not_found(rest, method):
    refused = await rest(method, f"Calls/{NOWHERE}.json")
    assert (refused.status, refused.code) == (404, 20404)
    assert f"/Calls/{NOWHERE}.json was not found" in refused.json["message"]


async def test_another_accounts_call_is_not_found(app, rest, twilio):
    sid = await rest.call(Url=app.url("/voice"))
    for method in ("GET", "POST", "DELETE"):
        assert (await rest(method, f"Calls/{sid}.json", account=SUB)).code == 20404
    assert await rest.listed("Calls", account=SUB) == []


async def test_a_subaccounts_calls_are_signed_with_its_own_token(app, rest, twilio, monkeypatch):
    """The application of these tests validates each signature."""
    monkeypatch.setattr("tests.runtime.softphone.conftest.TOKEN", SUB_TOKEN)
    sid = await rest.call(Url=app.url("/voice"), From="client:jane", account=SUB)
    await twilio.idle()
    assert twilio.calls[sid].status == "completed"
    assert app.form("/voice")["AccountSid"] == SUB
    assert TOKEN != SUB_TOKEN
