"""What is tried again, when, how often; and what never is."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import unused_port

from runtime.twilio import Ambiguous, Patience, TwilioClient, TwilioError, Unreachable
from tests.runtime.twilio.conftest import ACCOUNT, FROM, NOW, ROOT, TO, TOKEN, Cut, Half, Never, QuickClock, Reply

CALL = Reply({"sid": "CA1", "status": "queued"}, 201)
BUSY = {"code": 20429, "message": "Too Many Requests", "status": 429}


def busy(after: str = "") -> Reply:
    return Reply(BUSY, 429, {"Retry-After": after} if after else {})


async def make(twilio):
    return await twilio.make_call(TO, FROM, url="https://h/voice")


# --- 429: not processed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask", [make, lambda twilio: twilio.fetch_call("CA1"), lambda twilio: twilio.update_call("CA1", status="completed")]
)
async def test_what_is_too_much_is_tried_again_with_longer_and_longer_pauses(rest, twilio, clock, ask):
    rest.will(busy(), busy(), busy(), CALL)

    assert (await ask(twilio))["sid"] == "CA1"

    assert clock.waits == [1.0, 2.0, 4.0]
    assert len(rest.asked) == 4


async def test_the_same_is_sent_again(rest, twilio):
    rest.will(busy(), CALL)

    await make(twilio)

    assert rest.asked[0].form == rest.asked[1].form


@pytest.mark.parametrize("chance", [0.0, 0.25, 1.0])
async def test_chance_spreads_the_pauses(rest, chance):
    clock = QuickClock()
    rest.will(busy(), busy("10"), CALL)
    patience = Patience(clock=clock, random=lambda: chance)
    async with TwilioClient(ACCOUNT, TOKEN, base_url=rest.url, patience=patience) as twilio:
        await make(twilio)

    assert clock.waits == [chance * 1.0, 10 + chance * 2.0]


def test_chance_is_chance_if_nobody_says_otherwise():
    assert len({Patience().before_try(1) for _ in range(10)}) > 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 8.0),
        ("0", 1.0),
        ("Fri, 18 Oct 2019 17:00:20 GMT", 21.0),
        ("Fri, 18 Oct 2019 16:00:00 GMT", 1.0),
        ("soon", 1.0),
        ("-5", 1.0),
    ],
)
async def test_retry_after_is_honoured_in_both_its_forms(rest, twilio, clock, header, seconds):
    rest.will(busy(header), CALL)

    await make(twilio)

    assert clock.waits == [seconds]
    assert clock.time == NOW + seconds


async def test_a_retry_after_that_is_too_long_is_not_waited_for(rest, twilio, clock):
    rest.will(busy("3600"))

    with pytest.raises(TwilioError) as caught:
        await make(twilio)

    assert (caught.value.status, caught.value.code) == (429, 20429)
    assert not isinstance(caught.value, Ambiguous)
    assert clock.waits == []


async def test_it_gives_up_in_the_end(rest, twilio, clock):
    rest.will(busy())

    with pytest.raises(TwilioError, match="20429: Too Many Requests"):
        await make(twilio)

    assert len(rest.asked) == 5
    assert clock.waits == [1.0, 2.0, 4.0, 8.0]


# --- a GET changes nothing -------------------------------------------------------------------------


def requests_of(failure: object) -> int:
    """How many requests one try makes: aiohttp itself sends a GET once more if the connection is cut at once."""
    return 2 if isinstance(failure, Cut) else 1


@pytest.mark.parametrize("failure", [Cut(), Half(), Never(), Reply(status=500), Reply(status=503), Reply(status=408)])
async def test_a_get_is_tried_again_after_any_failure(rest, twilio, clock, failure):
    rest.will(*[failure] * 2 * requests_of(failure), Reply({"sid": "CA1"}))

    assert await twilio.fetch_call("CA1") == {"sid": "CA1"}

    assert clock.waits == [1.0, 2.0]


@pytest.mark.parametrize(
    ("failure", "said"), [(Cut(), "connection was lost"), (Half(), "broke off"), (Never(), "in time")]
)
async def test_a_get_without_an_answer_says_why(rest, twilio, failure, said):
    rest.will(failure)

    with pytest.raises(Unreachable, match=said) as caught:
        await twilio.fetch_call("CA1")

    assert str(caught.value).startswith(f"GET {ROOT}/Calls/CA1.json: ")
    assert len(rest.asked) == 5 * requests_of(failure)


async def test_a_get_that_fails_to_the_end_is_the_error_it_was(rest, twilio):
    rest.will(Reply({"code": 20500, "message": "Internal"}, 500))

    with pytest.raises(TwilioError) as caught:
        await twilio.fetch_call("CA1")

    assert (type(caught.value), caught.value.status, caught.value.code) == (TwilioError, 500, 20500)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410])
async def test_a_refusal_stands(rest, twilio, status):
    rest.will(Reply(status=status))

    with pytest.raises(TwilioError) as caught:
        await twilio.fetch_call("CA1")

    assert caught.value.status == status
    assert len(rest.asked) == 1


# --- what was not sent -----------------------------------------------------------------------------


async def test_without_a_connection_nothing_was_sent_and_so_a_call_is_tried_again(clock):
    patience = Patience(clock=clock, random=lambda: 1.0)
    async with TwilioClient(ACCOUNT, TOKEN, base_url=f"http://127.0.0.1:{unused_port()}", patience=patience) as twilio:
        with pytest.raises(Unreachable, match="can't be reached"):
            await make(twilio)

    assert clock.waits == [1.0, 2.0, 4.0, 8.0]


# --- what may have been done -----------------------------------------------------------------------


@pytest.mark.parametrize("failure", [Cut(), Half(), Never(), Reply(status=500), Reply(status=504), Reply(status=408)])
async def test_a_change_whose_answer_was_lost_is_not_repeated(rest, twilio, clock, failure):
    rest.will(failure)

    with pytest.raises(Ambiguous, match="may have been carried out or not") as caught:
        await twilio.update_call("CA1", twiml="<Response/>")

    assert caught.value.what == f"POST {ROOT}/Calls/CA1.json"
    assert caught.value.exit_code == 3
    assert len(rest.asked) == 1
    assert clock.waits == []


# --- redirects -------------------------------------------------------------------------------------


async def test_a_redirected_change_is_not_followed(rest, twilio):
    rest.will(Reply(status=307, headers={"Location": "https://evil.example/"}))

    with pytest.raises(TwilioError, match="was answered with 307"):
        await twilio.update_call("CA1", status="completed")

    assert len(rest.asked) == 1


async def test_redirects_that_go_round_end(rest, twilio):
    rest.will(Reply(status=302, headers={"Location": "/round"}))

    with pytest.raises(Unreachable, match="more than 5 redirects"):
        await twilio.fetch_call("CA1")


@pytest.mark.parametrize("place", ["http://[::1", "http://127.0.0.1:99999", "http://127.0.0.1:abc", "http://a b/"])
async def test_a_redirect_to_what_is_no_url_is_not_followed(rest, twilio, place):
    rest.will(Reply(status=302, headers={"Location": place}))

    with pytest.raises(Unreachable, match=r"URL|reached") as caught:
        await twilio.fetch_call("CA1")

    assert str(caught.value).startswith(f"GET {ROOT}/Calls/CA1.json: ")


async def test_a_redirect_to_a_host_that_no_name_can_be_is_not_followed(rest, twilio):
    rest.will(Reply(status=302, headers={"Location": f"http://{'x' * 64}.invalid/"}))

    with pytest.raises(Unreachable):
        await twilio.fetch_call("CA1")
