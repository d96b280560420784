"""The client, and the daemon, against an emulation of Twilio that others have written: `emulate`, from npm.

It keeps accounts, calls, messages and numbers, and signs webhooks. What it does otherwise than Twilio: a call is
ringing when it has been made, and is never answered by itself; a caller's first request says `in-progress`; documents
that are answered are not performed; the link to a next page has lost the filters; a number has a URL for voice, one for
messages and one for its status, and neither fallbacks nor applications; there are no recordings; filters by date and
status are passed over, and so is every parameter that it doesn't know.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from runtime.twilio import TwilioClient, TwilioError, seconds_of
from tests.runtime.twilio.conftest import ACCOUNT, FROM, KEY, SECRET, TOKEN, on_node
from twiml import Say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

EMULATE = "emulate/dist/index.js"
URL = "https://ivr.example.com/hours"
LINES = ["+441314960100", "+441314960101", "+441314960102"]
"""The account's numbers. The first is the one that calls."""


@pytest.fixture(scope="session")
def emulation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The emulation, by its URL."""
    assert LINES[0] == FROM
    seed = {
        "account": {"sid": ACCOUNT, "auth_token": TOKEN, "friendly_name": "The Corner Bookshop"},
        "api_keys": [{"sid": KEY, "secret": SECRET, "friendly_name": "a key"}],
        "phone_numbers": [{"phone_number": number, "friendly_name": number} for number in LINES],
    }
    file = tmp_path_factory.mktemp("emulate") / "seed.json"
    file.write_text(json.dumps({"twilio": seed}), encoding="utf-8")
    words = ["start", "--service", "twilio", "--host", "127.0.0.1", "--seed", str(file)]
    with on_node(EMULATE, lambda port: [*words, "--port", str(port)]) as url:
        yield url


@pytest.fixture
async def twilio(emulation: str) -> AsyncIterator[TwilioClient]:
    async with TwilioClient(ACCOUNT, TOKEN, base_url=emulation) as client:
        yield client


@pytest.fixture
def simulate(twilio: TwilioClient) -> Callable[..., Awaitable[dict[str, Any]]]:
    """Have something happen that nobody asks Twilio for."""
    return lambda what, **params: twilio.request("POST", f"/_twilio/simulate/{what}", params)


async def the(twilio: TwilioClient, number: str) -> dict[str, Any]:
    [found] = [each async for each in twilio.numbers(phone_number=number)]
    return found


# --- calls -----------------------------------------------------------------------------------------


async def test_a_call_is_made_fetched_listed_and_ended(twilio):
    to = "+441314960201"

    made = await twilio.make_call(to, FROM, url=URL, status_callback_event=["answered", "completed"], timeout=20)
    fetched = await twilio.fetch_call(made["sid"])
    listed = [call async for call in twilio.calls(to=to)]
    ended = await twilio.update_call(made["sid"], status="completed")

    assert (made["to"], made["from"], made["direction"]) == (to, FROM, "outbound-api")
    assert fetched == made
    assert listed == [made]
    assert seconds_of(made["date_created"]) is not None
    assert (ended["sid"], ended["status"]) == (made["sid"], "completed")
    assert (await twilio.fetch_call(made["sid"]))["end_time"] is not None


async def test_a_call_may_speak_verbs(twilio):
    made = await twilio.make_call("+441314960202", FROM, twiml=[Say("Grüße & more")])

    assert made["sid"].startswith("CA")


@pytest.mark.parametrize(("limit", "count"), [(1, 1), (3, 3), (None, 5)])
async def test_lists_are_read_page_after_page(twilio, limit, count):
    made = [(await twilio.make_call("+441314960301", FROM, url=URL))["sid"] for _ in range(5)]

    found = [call["sid"] async for call in twilio.calls(page_size=2, limit=limit)]

    assert found[:5] == made[::-1][:count]
    assert len(found) == len(set(found))
    assert limit is None or len(found) == limit


@pytest.mark.parametrize(
    ("to", "from_", "code"),
    [("+441314960203", "+441314960999", 21210), ("nobody", FROM, 21201), ("+441314960203", "client:jane", 21201)],
)
async def test_a_call_that_is_refused(twilio, to, from_, code):
    with pytest.raises(TwilioError) as caught:
        await twilio.make_call(to, from_, url=URL)

    assert (caught.value.status, caught.value.code) == (400, code)


@pytest.mark.parametrize("work", ["fetch_call", "update_call"])
async def test_a_call_that_is_not_there(twilio, work):
    params = {"status": "completed"} if work == "update_call" else {}

    with pytest.raises(TwilioError) as caught:
        await getattr(twilio, work)("CA" + "f" * 32, **params)

    assert (caught.value.status, caught.value.code) == (404, 20404)


# --- messages --------------------------------------------------------------------------------------


async def test_a_message_is_sent_and_listed(twilio):
    to, text = "+441314960204", "Grüße & more = 1 + 1 ✓"

    sent = await twilio.send_sms(to, text, from_=FROM, media_url=["https://h/1", "https://h/2"])
    listed = [message async for message in twilio.messages(to=to, from_=FROM)]

    assert (sent["to"], sent["from"], sent["body"], sent["status"]) == (to, FROM, text, "queued")
    assert sent["num_media"] == "2"
    assert listed == [sent]


async def test_a_message_from_somebody_elses_number(twilio):
    with pytest.raises(TwilioError) as caught:
        await twilio.send_sms("+441314960205", "hello", from_="+441314960999")

    assert caught.value.status == 400


# --- who asks --------------------------------------------------------------------------------------


async def test_an_api_key_is_let_in(emulation):
    async with TwilioClient(ACCOUNT, api_key=(KEY, SECRET), base_url=emulation) as client:
        assert {number["phone_number"] async for number in client.numbers()} >= set(LINES)


@pytest.mark.parametrize(
    "who", [{"auth_token": "wrong"}, {"api_key": (KEY, "wrong")}, {"api_key": ("SK" + "2" * 32, SECRET)}]
)
async def test_others_are_not(emulation, who):
    async with TwilioClient(ACCOUNT, base_url=emulation, **who) as client:
        with pytest.raises(TwilioError) as caught:
            await client.make_call("+441314960206", FROM, url=URL)

    assert (caught.value.status, caught.value.code) == (401, 20003)


async def test_the_account_of_somebody_else(emulation):
    async with TwilioClient("AC" + "8" * 32, api_key=(KEY, SECRET), base_url=emulation) as client:
        with pytest.raises(TwilioError) as caught:
            _ = [call async for call in client.calls()]

    assert caught.value.status in (403, 404)


# --- numbers, and the daemon behind them ------------------------------------------------------------


async def test_a_number_is_changed_and_the_others_are_not(twilio):
    before = [await the(twilio, number) for number in LINES]
    status = f"{URL}/status"

    answer = await twilio.update_number(before[1]["sid"], voice_url=URL, voice_method="GET", status_callback=status)
    after = [await the(twilio, number) for number in LINES]

    assert after == [before[0], answer, before[2]]
    assert (answer["voice_url"], answer["voice_method"], answer["status_callback"]) == (URL, "GET", status)


async def test_an_inbound_call_comes_to_the_daemon_signed_by_others(twilio, simulate, serve, folder):
    folder["hello"] = 'recipe = [Gather([Say("hello")], after_ext=[ResponseExt("1", "one")])]'
    daemon = await serve(folder, auth_token=TOKEN)
    line = await the(twilio, LINES[2])
    url = f"{daemon.url}/hello"
    await twilio.update_number(line["sid"], voice_url=url, voice_method="POST", status_callback=f"{url}/status")

    call = await simulate("inbound-call", To=LINES[2], From="+441314960207")
    [during] = daemon.status()["in_progress"]
    await simulate("call-status", CallSid=call["sid"], Status="completed")

    assert (during["call_sid"], during["recipe"]) == (call["sid"], "hello")
    assert daemon.status()["in_progress"] == []
    assert daemon.status()["calls"]["completed"] == 1


async def test_a_call_signed_with_another_token_does_not_come_in(twilio, simulate, serve, folder):
    folder["hello"] = 'recipe = [Say("hello")]'
    daemon = await serve(folder, auth_token=TOKEN[::-1])
    line = await the(twilio, LINES[2])
    await twilio.update_number(line["sid"], voice_url=f"{daemon.url}/hello", voice_method="POST")

    await simulate("inbound-call", To=LINES[2], From="+441314960208")

    assert sum(daemon.status()["calls"].values()) == 0
