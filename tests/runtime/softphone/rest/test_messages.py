"""Messages: sent, listed, changed, deleted through HTTP.

(Twilio's documentation: "Message resource".)
"""

from __future__ import annotations

import re

import pytest
from aiohttp import web

from tests.runtime.softphone.rest.conftest import ACCOUNT, FROM, SUB, TO

SERVICE = "MG" + "0" * 32
SM = "SM" + "9" * 32


@pytest.fixture
def send(rest):
    async def send(*pairs, **params):
        made = await rest("POST", "Messages.json", *pairs, **{"To": TO, "From": FROM, "Body": "hello"} | params)
        assert made.status == 201, made.text
        return made.json

    return send


async def test_a_new_message_is_queued_and_then_delivered(app, rest, twilio, send, clock):
    """Each status is told as it comes."""
    made = await send(StatusCallback=app.url("/status"))
    assert (made["status"], made["date_sent"], made["direction"]) == ("queued", None, "outbound-api")
    await twilio.idle()
    assert [form["MessageStatus"] for form in app.forms] == ["sent", "delivered"]
    assert app.forms[0] == {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "From": FROM,
        "MessageSid": made["sid"],
        "MessageStatus": "sent",
        "SmsSid": made["sid"],
        "SmsStatus": "sent",
        "To": TO,
    }
    found = (await rest("GET", f"Messages/{made['sid']}.json")).json
    assert (found["status"], found["date_sent"]) == ("delivered", "Tue, 01 Sep 2026 12:00:00 +0000")
    assert found["body"] == "hello" == twilio.messages[made["sid"]].body


async def test_a_message_says_what_it_is(rest, twilio, send):
    made = await send(Body="x" * 161)
    root = f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{made['sid']}"
    assert re.fullmatch("SM[0-9a-f]{32}", made["sid"])
    assert made["uri"] == f"{root}.json"
    assert made["subresource_uris"] == {"media": f"{root}/Media.json"}
    assert (made["num_segments"], made["num_media"]) == ("2", "0")
    assert (made["to"], made["from"], made["messaging_service_sid"]) == (TO, FROM, None)


async def test_pictures_make_it_another_kind(send):
    """MM…, as many as MediaUrl was given."""
    media = [("MediaUrl", f"https://h/{n}.png") for n in range(3)]
    made = await send(*media)
    assert (made["sid"][:2], made["num_media"]) == ("MM", "3")


async def test_a_message_by_a_service_is_accepted_first(app, twilio, rest):
    """And then queued, which is told like the rest."""
    params = {"To": TO, "MessagingServiceSid": SERVICE, "Body": "hello", "StatusCallback": app.url("/status")}
    made = (await rest("POST", "Messages.json", **params)).json
    assert (made["status"], made["from"], made["messaging_service_sid"]) == ("accepted", None, SERVICE)
    await twilio.idle()
    assert [form["MessageStatus"] for form in app.forms] == ["queued", "sent", "delivered"]
    assert app.forms[0]["MessagingServiceSid"] == SERVICE


async def test_a_callback_that_fails_changes_nothing(app, rest, twilio, send):
    async def broken(request):
        return web.Response(status=500)

    app["/status"] = broken
    for callback in (app.url("/status"), app.url("/status#tt=99999"), "http://127.0.0.1:1/#rc=0"):
        made = await send(StatusCallback=callback)
        await twilio.idle()
        assert twilio.messages[made["sid"]].status == "delivered"
    assert len(app.requests) == 2
    assert [request.purpose for request in twilio.messages[made["sid"]].requests] == ["message"] * 2


async def test_a_scheduled_message_waits_and_can_be_canceled(app, rest, twilio, send):
    later = {"ScheduleType": "fixed", "SendAt": "2026-09-02T12:00:00Z", "MessagingServiceSid": SERVICE}
    made = await send(**later, StatusCallback=app.url("/status"))
    assert made["status"] == "scheduled"
    await twilio.idle()
    assert app.requests == []
    assert (await rest("POST", f"Messages/{made['sid']}.json", Status="canceled")).json["status"] == "canceled"
    assert (await rest("POST", f"Messages/{made['sid']}.json", Status="canceled")).code == 30409


async def test_a_message_that_was_sent_can_not_be_canceled(rest, twilio, send):
    made = await send()
    await twilio.idle()
    refused = await rest("POST", f"Messages/{made['sid']}.json", Status="canceled")
    assert (refused.status, refused.code) == (400, 30409)


async def test_a_body_can_be_emptied_and_not_written_anew(rest, twilio, send):
    made = await send()
    await twilio.idle()
    assert (await rest("POST", f"Messages/{made['sid']}.json", Body="other")).code == 20001
    assert (await rest("POST", f"Messages/{made['sid']}.json")).json["body"] == "hello"
    assert (await rest("POST", f"Messages/{made['sid']}.json", Body="")).json["body"] == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": None}, 21604),
        ({"To": "nobody"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550002"}, 21612),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550009"}, 21614),
        ({"From": None}, 21603),
        ({"From": "+12"}, 21212),
        ({"From": "a name that is too long"}, 21212),
        ({"From": "+15005550007"}, 21606),
        ({"From": "+15005550008"}, 21611),
        ({"Body": None}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"StatusCallback": "status"}, 21609),
        ({"MediaUrl": "picture"}, 21620),
        ({"ScheduleType": "loose"}, 20001),
        ({"ValidityPeriod": "0"}, 20001),
        ({"From": "12"}, 21212),
        ({"From": "123456789"}, 21212),
        ({"ScheduleType": "fixed"}, 35111),
        ({"ScheduleType": "fixed", "MessagingServiceSid": SERVICE}, 35111),
        ({"ScheduleType": "fixed", "SendAt": "2026-09-02T12:00:00Z"}, 35118),
    ],
)
async def test_a_message_that_can_not_be_sent_is_refused(rest, twilio, changes, code):
    params = {"To": TO, "From": FROM, "Body": "hello"} | changes
    sent = {name: value for name, value in params.items() if value is not None}
    refused = await rest("POST", "Messages.json", **sent)
    assert (refused.status, refused.code) == (400, code)
    assert twilio.messages == {}


async def test_ten_pictures_are_enough(rest):
    media = [("MediaUrl", "https://h/x.png")] * 11
    assert (await rest("POST", "Messages.json", *media, To=TO, From=FROM)).code == 21623


@pytest.mark.parametrize("from_", ["Switchhook", "123", "12345", "12345678", "whatsapp:+441314960100", "ACME & Co"])
async def test_senders_may_be_names_and_short_codes(send, from_):
    assert (await send(From=from_))["from"] == from_


async def test_messages_are_listed_newest_first_and_by_what_they_are(rest, twilio, send, clock):
    sids = []
    for to in (TO, "+441314960111", TO):
        sids.append((await send(To=to))["sid"])
        await twilio.idle()
        clock.after(days=1)
    first, second, third = sids
    for pairs, found in [
        ([], [third, second, first]),
        ([("To", TO)], [third, first]),
        ([("From", TO)], []),
        ([("DateSent", "2026-09-02")], [second]),
        ([("DateSent>", "2026-09-02")], [third, second]),
        ([("DateSent<", "2026-09-02"), ("To", TO)], [first]),
    ]:
        assert [each["sid"] for each in await rest.listed("Messages", *pairs)] == found, pairs


async def test_a_message_is_deleted(rest, twilio, send):
    made = await send()
    await twilio.idle()
    assert (await rest("DELETE", f"Messages/{made['sid']}.json")).status == 204
    assert (await rest("GET", f"Messages/{made['sid']}.json")).code == 20404
    assert await rest.listed("Messages") == []


async def test_a_message_that_is_under_way_can_not_be_deleted(rest, send):
    made = await send(ScheduleType="fixed", SendAt="2026-09-02", MessagingServiceSid=SERVICE)
    refused = await rest("DELETE", f"Messages/{made['sid']}.json")
    assert (refused.status, refused.code) == (409, 20009)


async def test_what_was_never_sent_or_by_another_account_is_not_found(rest, send):
    made = await send()
    for method in ("GET", "POST", "DELETE"):
        assert (await rest(method, f"Messages/{SM}.json")).code == 20404
        assert (await rest(method, f"Messages/{made['sid']}.json", account=SUB)).code == 20404
    assert await rest.listed("Messages", account=SUB) == []
