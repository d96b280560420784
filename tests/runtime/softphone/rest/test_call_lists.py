"""Lists of calls, and the legs in them that calls have dialled.

(Twilio's documentation: "Call resource".)
"""

from __future__ import annotations

import pytest

from runtime.softphone import Answer, HangUp, Hold
from tests.runtime.softphone.rest.conftest import FROM, TO


@pytest.fixture
def options(phones):
    return {"answers": phones, "numbers": [FROM]}


async def test_calls_are_listed_newest_first_and_by_what_they_are(app, rest, twilio, phones):
    phones["+441314960111"] = [Answer("busy")]
    sids = [await rest.call(To=to, Url=app.url("/voice")) for to in (TO, "+441314960111", TO)]
    await twilio.idle()
    newest = sids[::-1]
    for filters, found in [
        ({}, newest),
        ({"To": TO}, [sids[2], sids[0]]),
        ({"From": FROM}, newest),
        ({"From": TO}, []),
        ({"Status": "busy"}, [sids[1]]),
        ({"Status": "completed", "To": TO}, [sids[2], sids[0]]),
        ({"To": ""}, newest),
    ]:
        assert [call["sid"] for call in await rest.listed("Calls", **filters)] == found, filters


async def test_calls_are_listed_by_when_they_began_and_ended(app, rest, twilio, clock):
    """A date is that whole day; with < and > its midnight counts; a time is to the second."""
    app["/voice"] = '<Say>hi</Say><Pause length="3600"/>'
    sids = []
    for _ in range(3):
        sids.append(await rest.call(Url=app.url("/voice")))
        await twilio.idle()
        clock.after(days=1)
    first, second, third = sids
    for pair, found in [
        (("StartTime", "2026-09-02"), [second]),
        (("StartTime", "2026-09-02T12:00:00Z"), [second]),
        (("StartTime", "2026-09-02T12:00:01Z"), []),
        (("StartTime>", "2026-09-02"), [third, second]),
        (("StartTime<", "2026-09-02"), [first]),
        (("StartTime<", "2026-09-02T12:00:00Z"), [second, first]),
        (("StartTime>", "2026-09-02T12:00:01Z"), [third]),
        (("EndTime", "2026-09-03T13:00:00Z"), [third]),
        (("EndTime>", "2026-09-02T13:00:00+00:00"), [third, second]),
        (("EndTime<", "2026-09-01"), []),
    ]:
        assert [call["sid"] for call in await rest.listed("Calls", pair)] == found, pair


async def test_a_call_that_has_not_ended_is_in_no_list_by_its_end(app, rest, twilio, phones):
    phones[TO] = [Hold(during="Call")]
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.calls[sid].held()
    assert await rest.listed("Calls", ("EndTime<", "2030-01-01")) == []
    assert len(await rest.listed("Calls", ("StartTime<", "2030-01-01"))) == 1
    twilio.calls[sid].hang_up()


@pytest.mark.parametrize(
    ("name", "value"), [("Status", "over"), ("StartTime>", "yesterday"), ("PageSize", "0"), ("PageSize", "many")]
)
async def test_a_filter_that_is_none_is_refused(rest, name, value):
    refused = await rest("GET", "Calls.json", (name, value))
    assert (refused.status, refused.code) == (400, 20001)
    assert name in refused.json["message"]


# --- the legs that a call dials ------------------------------------------------------------------


async def test_the_legs_that_a_call_dials_are_calls_too(app, rest, twilio, phones):
    """Found by their parent; newer than it."""
    app["/voice"] = "<Dial><Number>+441314960200</Number><Client>jane</Client></Dial>"
    phones[TO] = [Answer(), Answer(seconds=7)]
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.idle()
    legs = await rest.listed("Calls", ParentCallSid=sid)
    assert [(leg["to"], leg["status"], leg["duration"], leg["direction"]) for leg in legs] == [
        ("client:jane", "canceled", "0", "outbound-dial"),
        ("+441314960200", "completed", "7", "outbound-dial"),
    ]
    assert [call["sid"] for call in await rest.listed("Calls")] == [*(leg["sid"] for leg in legs), sid]
    assert (await rest("GET", f"Calls/{legs[0]['sid']}.json")).json == legs[0]


async def test_a_leg_shows_that_it_rings_and_that_it_talks(app, rest, twilio, phones):
    app["/voice"] = "<Dial>+441314960200</Dial>"
    phones[TO] = [Answer(), Hold()]
    phones["+441314960111"] = [Answer(), Answer(), Hold()]
    for to, status in ((TO, "ringing"), ("+441314960111", "in-progress")):
        sid = await rest.call(To=to, Url=app.url("/voice"))
        await twilio.calls[sid].held()
        [leg] = await rest.listed("Calls", ParentCallSid=sid)
        assert (leg["status"], leg["end_time"]) == (status, None)
        twilio.calls[sid].hang_up()


async def test_a_leg_can_not_be_changed_and_can_be_deleted(app, rest, twilio, phones):
    app["/voice"] = "<Dial>+441314960200</Dial>"
    phones[TO] = [Answer(), HangUp()]
    sid = await rest.call(Url=app.url("/voice"))
    await twilio.idle()
    [leg] = await rest.listed("Calls", ParentCallSid=sid)
    assert (await rest("POST", f"Calls/{leg['sid']}.json", Status="completed")).code == 21220
    assert (await rest("DELETE", f"Calls/{leg['sid']}.json")).status == 204
    assert [call["sid"] for call in await rest.listed("Calls")] == [sid]
