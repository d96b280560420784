"""Calls that an earlier process may have made are found in Twilio's list, which lags behind, and by Twilio's clock."""

from __future__ import annotations

from email.utils import formatdate

import pytest

from runtime.twilio import TwilioError
from tests.runtime.twilio.conftest import FROM, NOW, TO, Reply
from tests.runtime.twilio.test_lost_creates import a_call, listed


async def found(twilio, since: float = NOW) -> list[str]:
    return [each["sid"] for each in await twilio.find_calls(TO, FROM, since)]


async def test_a_call_between_the_two_numbers_since_then(rest, twilio):
    rest.will(listed(a_call("CA2"), a_call("CA1", NOW - 60)))

    assert await found(twilio) == ["CA2"]
    assert rest.seen == ["GET Calls.json"]
    assert rest.last.query == [("To", TO), ("From", FROM), ("PageSize", "50")]


async def test_the_list_is_looked_into_several_times_before_it_is_believed(rest, twilio, clock):
    rest.will(listed())

    assert await found(twilio) == []
    assert rest.seen == ["GET Calls.json"] * 3
    assert clock.waits == [1.0, 3.0, 6.0]


async def test_it_may_appear_at_the_last_look(rest, twilio):
    rest.will(listed(), listed(), listed(a_call("CA2")))

    assert await found(twilio) == ["CA2"]


async def test_several_are_all_told(rest, twilio):
    rest.will(listed(a_call("CA3"), a_call("CA2")))

    assert await found(twilio) == ["CA3", "CA2"]


async def test_the_dates_of_calls_are_cut_to_seconds(rest, twilio):
    rest.will(listed(a_call("CA2", NOW)))

    assert await found(twilio, NOW + 0.9) == ["CA2"]


async def test_one_that_this_client_has_made_itself_is_found_too(rest, twilio):
    """The caller asks about the past, and knows better what is in it."""
    rest.will(Reply(a_call("CA1"), 201), listed(a_call("CA1")))
    await twilio.make_call(TO, FROM, url="https://h/voice")

    assert await found(twilio) == ["CA1"]


@pytest.mark.parametrize("another", [a_call("CA9", direction="inbound"), a_call("CA9", direction="outbound-dial")])
async def test_calls_that_nobody_asked_the_api_for_are_not_meant(rest, twilio, another):
    rest.will(listed(another))

    assert await found(twilio) == []


async def test_a_list_that_cannot_be_had_is_no_empty_list(rest, twilio):
    rest.will(Reply({"code": 20003, "message": "no"}, 401))

    with pytest.raises(TwilioError, match="no"):
        await found(twilio)


# --- what time it is there ---------------------------------------------------------------------------


@pytest.mark.parametrize("ahead", [-86_400.0, 0.0, 45.0])
async def test_every_answer_tells_what_time_it_is_there(rest, twilio, clock, ahead):
    rest.will(Reply(headers={"Date": formatdate(NOW + ahead, usegmt=True)}))
    before = twilio.now()
    await twilio.fetch_call("CA1")
    clock.time += 5

    assert before == NOW
    assert twilio.now() == NOW + ahead + 5
    assert twilio.clock is clock


@pytest.mark.parametrize("step", [-3600.0, -60.0, 60.0, 3600.0])
async def test_setting_this_machines_clock_is_no_news_of_the_time_there(rest, twilio, clock, step):
    rest.will(Reply(headers={"Date": formatdate(NOW, usegmt=True)}))
    await twilio.fetch_call("CA1")
    clock.set = step
    clock.time += 5

    assert twilio.now() == NOW + 5


async def test_a_refusal_tells_the_time_and_an_answer_without_a_date_does_not(rest, twilio):
    rest.will(
        Reply({"code": 1, "message": "no"}, 400, {"Date": formatdate(NOW + 45, usegmt=True)}),
        Reply(headers={"Date": "soon"}),
    )
    with pytest.raises(TwilioError):
        await twilio.fetch_call("CA1")
    await twilio.fetch_call("CA1")

    assert twilio.now() == NOW + 45
