"""The official SDK, which is pointed at the stand-in, and a daemon of this house that answers the call."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallInstance
from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance
from twilio.rest.api.v2010.account.message import MessageInstance
from twilio.rest.api.v2010.account.recording import RecordingInstance

from runtime.softphone import Act, Answer, Hold, Press
from runtime.softphone.rest import calls, messages, recordings
from tests.runtime.softphone.rest.conftest import ACCOUNT, FROM, NOWHERE, TO
from tests.wire import TOKEN

EVENTS = ["initiated", "ringing", "answered", "completed"]
MENU = """
    recipe = [
        Gather(
            num_digits=1,
            auto_menu_ext=True,
            after_ext=[
                ResponseExt("1", "sales", [Say("You chose sales.")]),
                ResponseExt("2", "a friend", [Dial("+441314960200")]),
                DefaultExt("an operator", [Say("An operator.")]),
            ],
        )
    ]
"""


@pytest.fixture
def acts() -> list[Act]:
    """What the phone does that is called."""
    return []


@pytest.fixture
def options(acts):
    return {"answers": lambda to, params: acts}


@pytest.fixture
async def daemon(serve, folder):
    folder["menu"] = MENU
    folder["goodbye"] = 'recipe = [Say("Goodbye.")]'
    folder["elsewhere"] = 'def handle_request(path, params): return [Say("Elsewhere.")]'
    return await serve(folder)


@pytest.fixture
def client(twilio):
    """The SDK, whose requests for api.twilio.com go to the stand-in. Its calls block, so they are made in a thread."""
    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = twilio.url
    return client


async def test_a_call_that_a_recipe_answers(daemon, twilio, client, acts):
    """Keys are pressed, and the recipe's words are heard."""
    acts += [Answer(), Press("1")]
    call = await asyncio.to_thread(
        client.calls.create,
        to=TO,
        from_=FROM,
        url=f"{daemon.url}/menu",
        status_callback=f"{daemon.url}/menu/status",
        status_callback_event=["answered", "completed"],
    )
    assert call.status == "queued"
    await twilio.idle()
    transcript = twilio.calls[call.sid].transcript
    assert transcript.pressed == ["1"]
    assert transcript.said[-1] == "You chose sales."
    assert transcript.ended_by == "application"
    assert {request.status for request in transcript.requests} <= {200, 204}
    assert transcript.warnings == []
    assert not daemon.supervisor.tally.failures

    fetched = await asyncio.to_thread(client.calls(call.sid).fetch)
    assert (fetched.status, fetched.to, fetched._from) == ("completed", TO, FROM)
    listed = await asyncio.to_thread(client.calls.list, to=TO, status="completed", limit=5)
    assert [each.sid for each in listed] == [call.sid]
    assert int(listed[0].duration) > 0
    assert isinstance(listed[0].start_time, datetime)


async def test_every_event_is_told_to_a_recipe(daemon, twilio, client):
    """Also those that come before there is a call; none is a failure."""
    call = await asyncio.to_thread(
        client.calls.create,
        to=TO,
        from_=FROM,
        url=f"{daemon.url}/goodbye",
        status_callback=f"{daemon.url}/goodbye/status",
        status_callback_event=EVENTS,
    )
    await twilio.idle()
    transcript = twilio.calls[call.sid].transcript
    assert transcript.said == ["Goodbye."]
    assert [r.params["CallStatus"] for r in transcript.requests if r.purpose == "status"] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert not daemon.supervisor.tally.failures


async def test_a_call_is_ended_while_it_waits(daemon, twilio, client, acts):
    acts += [Answer(), Hold()]
    call = await asyncio.to_thread(client.calls.create, to=TO, from_=FROM, url=f"{daemon.url}/menu")
    await twilio.calls[call.sid].held()
    await asyncio.to_thread(client.calls(call.sid).update, status="completed")
    await twilio.idle()
    assert (await asyncio.to_thread(client.calls(call.sid).fetch)).status == "completed"
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(client.calls(call.sid).update, status="completed")
    assert (refused.value.status, refused.value.code) == (400, 21220)


async def test_a_call_is_sent_elsewhere_out_of_a_dial(daemon, twilio, client, acts):
    """The recipe hears of the Dial's end, and what it answers is not performed; the other document is."""
    acts += [Answer(), Press("2"), Answer(), Hold()]
    call = await asyncio.to_thread(client.calls.create, to=TO, from_=FROM, url=f"{daemon.url}/menu")
    await twilio.calls[call.sid].held()
    [leg] = await asyncio.to_thread(client.calls.list, parent_call_sid=call.sid)
    assert (leg.to, leg.direction, leg.status) == ("+441314960200", "outbound-dial", "in-progress")
    await asyncio.to_thread(client.calls(call.sid).update, url=f"{daemon.url}/elsewhere", method="GET")
    await twilio.idle()
    transcript = twilio.calls[call.sid].transcript
    assert transcript.said[-1] == "Elsewhere."
    assert [request.method for request in transcript.requests] == ["POST", "POST", "POST", "GET"]
    assert transcript.requests[-2].params["DialCallStatus"] == "completed"
    assert not daemon.supervisor.tally.failures


async def test_a_call_is_sent_to_a_document_out_of_a_gather(daemon, twilio, client, acts):
    acts += [Answer(), Hold()]
    call = await asyncio.to_thread(client.calls.create, to=TO, from_=FROM, url=f"{daemon.url}/menu")
    await twilio.calls[call.sid].held()
    twiml = "<Response><Say>Elsewhere.</Say></Response>"
    await asyncio.to_thread(client.calls(call.sid).update, twiml=twiml)
    await twilio.idle()
    assert twilio.calls[call.sid].transcript.said[-1] == "Elsewhere."


async def test_a_message(twilio, client):
    message = await asyncio.to_thread(client.messages.create, to=TO, from_=FROM, body="hello")
    assert (message.status, message.num_segments) == ("queued", "1")
    await twilio.idle()
    [found] = await asyncio.to_thread(client.messages.list, to=TO)
    assert (found.sid, found.status, found.body) == (message.sid, "delivered", "hello")
    assert (await asyncio.to_thread(client.messages(message.sid).update, body="")).body == ""
    assert await asyncio.to_thread(client.messages(message.sid).delete)
    assert await asyncio.to_thread(client.messages.list) == []


async def test_a_calls_recordings(twilio, client):
    twiml = "<Response><Say>hi</Say></Response>"
    call = await asyncio.to_thread(client.calls.create, to=TO, from_=FROM, twiml=twiml, record=True)
    await twilio.idle()
    [recording] = await asyncio.to_thread(client.calls(call.sid).recordings.list)
    assert recording.sid == twilio.calls[call.sid].recordings[0].sid
    assert (await asyncio.to_thread(client.calls(call.sid).recordings(recording.sid).fetch)).call_sid == call.sid


async def test_phone_numbers(twilio, client):
    bought = await asyncio.to_thread(client.incoming_phone_numbers.create, phone_number=FROM, friendly_name="London")
    [found] = await asyncio.to_thread(client.incoming_phone_numbers.list, phone_number=FROM)
    assert (found.sid, found.friendly_name, found.capabilities["voice"]) == (bought.sid, "London", True)
    told = {"voice_url": "https://ivr.example.com/menu", "status_callback": "https://ivr.example.com/menu/status"}
    changed = await asyncio.to_thread(client.incoming_phone_numbers(found.sid).update, **told, voice_method="POST")
    assert (changed.voice_url, changed.status_callback) == tuple(told.values())
    assert await asyncio.to_thread(client.incoming_phone_numbers(found.sid).delete)


async def test_lists_of_many_pages_while_their_items_are_deleted(twilio, client):
    """As people tidy up: each item is deleted as it comes."""
    for number in range(7):
        await asyncio.to_thread(client.messages.create, to=TO, from_=FROM, body=f"message {number}")
    await twilio.idle()

    def tidied() -> list[str]:
        bodies = []
        for message in client.messages.stream(page_size=2):
            bodies.append(message.body)
            message.delete()
        return bodies

    assert await asyncio.to_thread(tidied) == [f"message {number}" for number in range(6, -1, -1)]
    assert await asyncio.to_thread(client.messages.list) == []


async def test_pages_back_and_forth(twilio, client):
    for number in range(3):
        await asyncio.to_thread(client.messages.create, to=TO, from_=FROM, body=f"message {number}")
    page = await asyncio.to_thread(client.messages.page, page_size=2)
    following = await asyncio.to_thread(page.next_page)
    assert [message.body for message in following] == ["message 0"]
    before = await asyncio.to_thread(following.previous_page)
    assert [message.body for message in before] == ["message 2", "message 1"]
    await twilio.idle()


@pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")
async def test_the_sdks_asynchronous_client(daemon, twilio):
    async with AsyncTwilioHttpClient() as http:
        client = Client(ACCOUNT, TOKEN, http_client=http)
        client.api.base_url = twilio.url
        call = await client.calls.create_async(to=TO, from_=FROM, url=f"{daemon.url}/goodbye")
        await twilio.idle()
        assert (await client.calls(call.sid).fetch_async()).status == "completed"


@pytest.mark.parametrize(
    ("created", "code", "status"),
    [
        ({"to": "nobody", "url": "https://h/"}, 21211, 400),
        ({"to": TO, "url": "menu"}, 21205, 400),
        ({"to": TO}, 21205, 400),
    ],
)
async def test_refusals_are_the_sdks_exceptions(client, created, code, status):
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(client.calls.create, from_=FROM, **created)
    assert (refused.value.code, refused.value.status) == (code, status)
    assert refused.value.uri.endswith("/Calls.json")


async def test_wrong_credentials_are_the_sdks_exception(twilio):
    client = Client(ACCOUNT, "wrong")
    client.api.base_url = twilio.url
    with pytest.raises(TwilioRestException) as refused:
        await asyncio.to_thread(client.calls(NOWHERE).fetch)
    assert (refused.value.code, refused.value.status) == (20003, 401)


class Asked(dict):
    """An answer that remembers which of its fields the SDK reads."""

    def __init__(self) -> None:
        self.fields: set[str] = set()

    def get(self, name, default=None):
        self.fields.add(name)
        return default


@pytest.mark.parametrize("kind", ["call", "message", "number", "recording"])
async def test_answers_have_the_fields_that_the_sdk_reads(twilio, client, kind):
    """Each one of them, and no others. (`stir_verstat` is one that Twilio's description of its API doesn't have.)"""
    sid = (
        await asyncio.to_thread(
            client.calls.create, to=TO, from_=FROM, twiml="<Response><Say>hi</Say></Response>", record=True
        )
    ).sid
    message = await asyncio.to_thread(client.messages.create, to=TO, from_=FROM, body="hello")
    number = await asyncio.to_thread(client.incoming_phone_numbers.create, phone_number=FROM)
    await twilio.idle()
    instance, shown = {
        "call": (CallInstance, lambda: calls.shown(twilio, twilio.calls[sid])),
        "message": (MessageInstance, lambda: messages.shown(twilio.messages[message.sid])),
        "number": (IncomingPhoneNumberInstance, lambda: twilio.numbers[number.sid]),
        "recording": (RecordingInstance, lambda: recordings.shown(twilio.calls[sid].recordings[0])),
    }[kind]
    asked = Asked()
    instance(client.api.v2010, asked, account_sid=ACCOUNT)
    assert set(shown()) == asked.fields - {"stir_verstat"}


async def test_dates_are_dates_to_the_sdk(twilio, client, clock):
    message = await asyncio.to_thread(client.messages.create, to=TO, from_=FROM, body="hello")
    assert message.date_created == datetime(2026, 9, 1, 12, tzinfo=UTC)
    found = await asyncio.to_thread(client.messages.list, date_sent_after=datetime(2026, 9, 1, tzinfo=UTC))
    assert [each.sid for each in found] == [message.sid]
    await twilio.idle()
