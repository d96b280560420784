"""What arrives at Twilio is what the official SDK sends for the same parameters; and there is no parameter missing."""

from __future__ import annotations

import inspect
import itertools
from datetime import UTC, date, datetime

import pytest
from twilio.base import values
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.rest import Client
from twilio.rest.api.v2010.account.call import CallContext, CallList
from twilio.rest.api.v2010.account.message import MessageList
from twilio.rest.api.v2010.account.recording import RecordingList

from runtime.twilio import Patience, TwilioClient, parameters
from tests.runtime.twilio.conftest import ACCOUNT, FROM, KEY, ROOT, SECRET, TO, TOKEN, Reply

# The SDK signs in by a class that aiohttp has a newer way for.
pytestmark = [
    pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning"),
]

CALL_SID = "CA" + "2" * 32
MOMENT = datetime(2026, 9, 1, 12, 30, 5, tzinfo=UTC)
WIDE = {"to": TO, "from_": FROM}

CALL = {
    "method": "GET",
    "fallback_url": "https://h/fall?a=1&b=ü",
    "fallback_method": "POST",
    "status_callback": "https://h/status",
    "status_callback_event": ["initiated", "ringing", "answered", "completed"],
    "status_callback_method": "POST",
    "send_digits": "ww12#*",
    "timeout": 20,
    "record": True,
    "recording_channels": "dual",
    "recording_status_callback": "https://h/recording",
    "recording_status_callback_method": "POST",
    "recording_configuration_id": "x",
    "sip_auth_username": "jane",
    "sip_auth_password": "p&=%",
    "machine_detection": "DetectMessageEnd",
    "machine_detection_timeout": 30,
    "recording_status_callback_event": ["in-progress", "completed"],
    "trim": "trim-silence",
    "caller_id": "+441314960101",
    "machine_detection_speech_threshold": 2400,
    "machine_detection_speech_end_threshold": 1200,
    "machine_detection_silence_timeout": 5000,
    "async_amd": "true",
    "async_amd_status_callback": "https://h/amd",
    "async_amd_status_callback_method": "GET",
    "passports": "p",
    "byoc": "BY" + "0" * 32,
    "call_reason": "Größe ✓ 🙂 a+b 100%",
    "call_token": '{"a": "b"}',
    "recording_track": "both",
    "time_limit": 60,
    "client_notification_url": "https://h/note",
}
STARTS = [
    {"url": "https://h/voice?x=1&y=a b"},
    {"twiml": "<Response><Say>hello &amp; good bye</Say></Response>"},
    {"application_sid": "AP" + "0" * 32},
]
MESSAGE = {
    "status_callback": "https://h/status",
    "application_sid": "AP" + "0" * 32,
    "max_price": 0.5,
    "provide_feedback": True,
    "attempt": 2,
    "validity_period": 3600,
    "force_delivery": False,
    "content_retention": "discard",
    "address_retention": "obfuscate",
    "smart_encoded": True,
    "persistent_action": ["geo:1,2", "geo:3,4"],
    "traffic_type": "free",
    "shorten_urls": True,
    "schedule_type": "fixed",
    "send_at": MOMENT,
    "send_as_mms": False,
    "content_variables": '{"1": "Jane"}',
    "message_intent": "otp",
    "risk_check": "disable",
    "fallback_from": "+441314960102",
    "messaging_service_sid": "MG" + "0" * 32,
    "media_url": ["https://h/1.png", "https://h/2.png"],
    "content_sid": "HX" + "0" * 32,
}
UPDATES = [
    {"status": "completed"},
    {"status": "canceled"},
    {"url": "https://h/x", "method": "GET", "fallback_url": "https://h/f", "fallback_method": "GET"},
    {"url": "https://h/x", "status_callback": "https://h/s", "status_callback_method": "POST"},
    {"twiml": "<Response><Hangup/></Response>"},
    {"time_limit": 90},
]
CALL_FILTERS = [
    {},
    {**WIDE, "status": "in-progress", "parent_call_sid": CALL_SID},
    {"start_time": MOMENT, "end_time": MOMENT},
    {"start_time_before": MOMENT, "start_time_after": MOMENT},
    {"end_time_before": MOMENT, "end_time_after": MOMENT, "page_size": 3},
]
MESSAGE_FILTERS = [{}, WIDE, {"date_sent": MOMENT}, {"date_sent_before": MOMENT, "date_sent_after": MOMENT}]
RECORDING_FILTERS = [
    {},
    {"call_sid": CALL_SID, "conference_sid": "CF1", "include_soft_deleted": True},
    {"date_created": MOMENT, "date_created_before": MOMENT, "date_created_after": MOMENT},
]
LISTS = [
    *(("calls", each) for each in CALL_FILTERS),
    *(("messages", each) for each in MESSAGE_FILTERS),
    *(("recordings", each) for each in RECORDING_FILTERS),
]


class Loopback(AsyncTwilioHttpClient):
    """The SDK's own client, led to the stand-in."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url

    async def request(self, method, url, *args, **kwargs):
        return await super().request(method, url.replace("https://api.twilio.com", self.url), *args, **kwargs)


@pytest.fixture
async def sdk(rest):
    async with Loopback(rest.url) as http:
        yield Client(ACCOUNT, TOKEN, http_client=http)


@pytest.fixture
def same(rest):
    """Whether the two last requests are the same."""

    def same() -> bool:
        ours, theirs = rest.asked[-2:]
        assert (ours.method, ours.path) == (theirs.method, theirs.path)
        assert sorted(ours.form) == sorted(theirs.form)
        assert sorted(ours.query) == sorted(theirs.query)
        for header in ("Authorization", "Accept", "Accept-Charset"):
            assert ours.headers[header] == theirs.headers[header]
        if ours.method == "POST":
            assert ours.headers["Content-Type"].startswith(theirs.headers["Content-Type"])
        return True

    return same


@pytest.mark.parametrize("name", CALL)
async def test_a_call_with_each_parameter(rest, twilio, sdk, same, name):
    rest.will(Reply({"sid": CALL_SID}, 201))
    one = {"url": "https://h/voice", name: CALL[name]}

    await twilio.make_call(TO, FROM, **one)
    await sdk.calls.create_async(to=TO, from_=FROM, **one)

    assert same()


@pytest.mark.parametrize("start", STARTS)
async def test_a_call_with_all_parameters(rest, twilio, sdk, same, start):
    rest.will(Reply({"sid": CALL_SID}, 201))

    await twilio.make_call(TO, FROM, **CALL, **start)
    await sdk.calls.create_async(to=TO, from_=FROM, **CALL, **start)

    assert same()


@pytest.mark.parametrize("name", MESSAGE)
async def test_a_message_with_each_parameter(rest, twilio, sdk, same, name):
    rest.will(Reply({"sid": "SM1"}, 201))
    one = {"from_": FROM, name: MESSAGE[name]}

    await twilio.send_sms(TO, "Größe ✓ 🙂 a+b & 100%\n", **one)
    await sdk.messages.create_async(TO, body="Größe ✓ 🙂 a+b & 100%\n", **one)

    assert same()


async def test_a_message_with_all_parameters(rest, twilio, sdk, same):
    rest.will(Reply({"sid": "SM1"}, 201))

    await twilio.send_sms(TO, "hello", from_=FROM, **MESSAGE)
    await sdk.messages.create_async(TO, body="hello", from_=FROM, **MESSAGE)

    assert same()


@pytest.mark.parametrize("change", UPDATES)
async def test_a_changed_call(rest, twilio, sdk, same, change):
    rest.will(Reply({"sid": CALL_SID}))

    await twilio.update_call(CALL_SID, **change)
    await sdk.calls(CALL_SID).update_async(**change)

    assert same()


async def test_a_fetched_call(rest, twilio, sdk, same):
    rest.will(Reply({"sid": CALL_SID}))

    await twilio.fetch_call(CALL_SID)
    await sdk.calls(CALL_SID).fetch_async()

    assert same()


@pytest.mark.parametrize(("name", "filters"), LISTS)
async def test_a_list(rest, twilio, sdk, same, name, filters):
    rest.will(Reply({name: [], "next_page_uri": None}))

    assert [item async for item in getattr(twilio, name)(**filters)] == []
    await getattr(sdk, name).page_async(**{**filters, "page_size": filters.get("page_size", values.unset)})

    assert same()


async def test_an_api_key_signs_in_with_its_own_name_and_the_path_names_the_account(rest, clock, same):
    rest.will(Reply({"sid": CALL_SID}))
    async with (
        TwilioClient(ACCOUNT, api_key=(KEY, SECRET), base_url=rest.url, patience=Patience(clock=clock)) as ours,
        Loopback(rest.url) as http,
    ):
        await ours.fetch_call(CALL_SID)
        await Client(KEY, SECRET, ACCOUNT, http_client=http).calls(CALL_SID).fetch_async()

    assert same()
    assert rest.last.credentials == f"{KEY}:{SECRET}"


@pytest.mark.parametrize(
    ("region", "edge"),
    [
        (None, None),
        ("us1", None),
        *itertools.product([None, "us1", "ie1", "jp1"], ["ashburn", "dublin", "sao-paulo"]),
    ],
)
def test_a_region_s_and_an_edge_s_host_are_the_sdk_s(region, edge):
    theirs = Client(ACCOUNT, TOKEN, region=region, edge=edge, environment={"": ""})

    ours = TwilioClient(ACCOUNT, TOKEN, region=region, edge=edge)

    assert f"'{theirs.get_hostname('https://api.twilio.com')}'" in repr(ours)


@pytest.mark.parametrize(
    ("table", "method", "extra"),
    [
        (parameters.CREATE_CALL, CallList.create, set()),
        (parameters.UPDATE_CALL, CallContext.update, set()),
        (parameters.CREATE_MESSAGE, MessageList.create, set()),
        (parameters.LIST_CALLS, CallList.page, {"page"}),
        (parameters.LIST_MESSAGES, MessageList.page, {"page"}),
        (parameters.LIST_RECORDINGS, RecordingList.page, {"page"}),
    ],
)
def test_no_parameter_of_the_sdk_s_is_missing_and_none_is_invented(table, method, extra):
    theirs = set(inspect.signature(method).parameters) - {"self", "page_number"}

    assert set(table.kinds) - extra == theirs


def test_the_tables_of_these_tests_hold_every_parameter():
    assert {*CALL, *WIDE, "url", "twiml", "application_sid"} == set(parameters.CREATE_CALL.kinds)
    assert {*MESSAGE, *WIDE, "body"} == set(parameters.CREATE_MESSAGE.kinds)


async def test_a_day_is_that_whole_day_where_the_sdk_makes_it_midnight(rest, twilio, sdk):
    rest.will(Reply({"calls": [], "next_page_uri": None}))

    assert [call async for call in twilio.calls(start_time=date(2026, 9, 1))] == []
    await sdk.calls.page_async(start_time=date(2026, 9, 1))

    assert rest.asked[0].query == [("StartTime", "2026-09-01")]
    assert rest.asked[1].query == [("StartTime", "2026-09-01T00:00:00Z")]


async def test_the_path_is_within_the_account(rest, twilio):
    await twilio.request("GET", "Queues.json")

    assert rest.last.path == f"{ROOT}/Queues.json"
