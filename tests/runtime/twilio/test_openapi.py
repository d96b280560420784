"""Every request of the client is one that the API takes: Prism judges, by an OpenAPI document of the API.

Prism is no work of ours. It refuses what the document doesn't allow, and makes up answers that it does allow.
"""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from runtime.twilio import TwilioClient, TwilioError, parameters, seconds_of
from runtime.twilio.parameters import wire_name
from tests.runtime.twilio import openapi
from tests.runtime.twilio.conftest import ACCOUNT, FROM, ROOT, TO, TOKEN, on_node
from twiml import Say

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PRISM = "@stoplight/prism-cli/dist/index.js"
CALL, RECORDING, NUMBER = "CA" + "1" * 32, "RE" + "2" * 32, "PN" + "3" * 32
URL, MOMENT = "https://ivr.example.com/hours?x=1&y=%C3%BC%20z", datetime(2026, 9, 1, 12, 30, tzinfo=UTC)
PAGING: dict[str, Any] = {"page_size": 50, "page": 2, "page_token": "PA1"}


def sid(prefix: str) -> str:
    return prefix + "0123456789abcdef" * 2


def each(words: str, *values: object) -> dict[str, tuple[object, ...]]:
    """Parameters, and the values that each is tried with."""
    return dict.fromkeys(words.split(), values)


CREATE_CALL = {
    **each("to from_", TO, "client:jane", "sip:jane@example.com"),
    **each("url status_callback fallback_url recording_status_callback async_amd_status_callback", URL),
    **each("client_notification_url", URL),
    **each("method status_callback_method fallback_method recording_status_callback_method", "GET", "POST"),
    **each("async_amd_status_callback_method", "GET", "POST"),
    **each("twiml", "<Response/>", [Say("Grüße & more")]),
    **each("application_sid", sid("AP")),
    **each("send_digits", "ww1234#", ""),
    **each("caller_id", FROM),
    **each("call_reason call_token passports sip_auth_username sip_auth_password", "a text + more"),
    **each("recording_configuration_id", "RC1"),
    **each("byoc", sid("BY")),
    **each("timeout time_limit machine_detection_timeout machine_detection_speech_threshold", 30, "30"),
    **each("machine_detection_speech_end_threshold machine_detection_silence_timeout", 30),
    **each("record async_amd", True, False, "TRUE"),
    **each("machine_detection", "Enable", "DetectMessageEnd"),
    **each("recording_channels", "mono", "dual"),
    **each("recording_track", "inbound", "outbound", "both"),
    **each("trim", "trim-silence", "do-not-trim"),
    **each("status_callback_event", "initiated", "ringing", "answered", "completed", ["ringing", "completed"]),
    **each("recording_status_callback_event", "in-progress", "completed", "absent", "in-progress absent"),
}
UPDATE_CALL = {
    **each("url status_callback fallback_url", URL),
    **each("method status_callback_method fallback_method", "GET", "POST"),
    **each("twiml", "<Response/>", [Say("Grüße & more")]),
    **each("status", "completed", "canceled"),
    **each("time_limit", 30),
}
LIST_CALLS = {
    **each("to from_", TO),
    **each("parent_call_sid", CALL),
    **each("status", *openapi.STATUS.split("|")),
    **each("start_time start_time_before start_time_after", date(2026, 9, 1), MOMENT, "2026-09-01"),
    **each("end_time end_time_before end_time_after", date(2026, 9, 1), MOMENT),
}
CREATE_MESSAGE = {
    **each("to", TO, "whatsapp:+441314960123"),
    **each("from_ fallback_from", FROM, "Bookshop"),
    **each("body", "Grüße & more = 1+1", "x"),
    **each("content_variables", {"1": "Jane"}),
    **each("message_intent", "otp"),
    **each("status_callback", URL),
    **each("media_url", URL, [URL, URL]),
    **each("persistent_action", "geo:1,2", ["geo:1,2", "mailto:x"]),
    **each("application_sid", sid("AP")),
    **each("messaging_service_sid", sid("MG")),
    **each("content_sid", sid("HX")),
    **each("max_price", 0.05),
    **each("attempt", 3),
    **each("validity_period", 1, 36000),
    **each("provide_feedback force_delivery smart_encoded shorten_urls send_as_mms", True, False),
    **each("send_at", MOMENT, "2026-09-01T12:30:00Z"),
    **each("content_retention", "retain", "discard"),
    **each("address_retention", "retain", "obfuscate"),
    **each("risk_check", "enable", "disable"),
    **each("traffic_type", "free"),
    **each("schedule_type", "fixed"),
}
LIST_MESSAGES = {
    **each("to from_", TO),
    **each("date_sent date_sent_before date_sent_after", date(2026, 9, 1), MOMENT),
}
LIST_RECORDINGS = {
    **each("call_sid", CALL),
    **each("conference_sid", sid("CF")),
    **each("include_soft_deleted", True, False),
    **each("date_created date_created_before date_created_after", date(2026, 9, 1), MOMENT),
}
LIST_NUMBERS = {
    **each("beta", True, False),
    **each("friendly_name origin", "a text + more"),
    **each("phone_number", TO, "+44131*"),
}
UPDATE_NUMBER = {
    **each("voice_url voice_fallback_url status_callback sms_url sms_fallback_url", URL),
    **each("voice_method voice_fallback_method status_callback_method sms_method sms_fallback_method", "GET", "POST"),
    **each("voice_application_sid sms_application_sid", sid("AP"), ""),
    **each("friendly_name api_version", "2010-04-01"),
    **each("voice_caller_id_lookup", True, False),
    **each("voice_receive_mode", "voice", "fax"),
    **each("emergency_status", "Active", "Inactive"),
    **each("account_sid", sid("AC")),
    **each("address_sid emergency_address_sid", sid("AD")),
    **each("bundle_sid", sid("BU")),
    **each("identity_sid", sid("RI")),
    **each("trunk_sid", sid("TK")),
}
PAGED = {name: (value,) for name, value in PAGING.items()}
LISTS = {
    "calls": LIST_CALLS | PAGED,
    "messages": LIST_MESSAGES | PAGED,
    "recordings": LIST_RECORDINGS | PAGED,
    "numbers": LIST_NUMBERS | PAGED,
}
TABLES = [
    (parameters.CREATE_CALL, openapi.CREATE_CALL, CREATE_CALL),
    (parameters.UPDATE_CALL, openapi.UPDATE_CALL, UPDATE_CALL),
    (parameters.LIST_CALLS, openapi.LIST_CALLS, LISTS["calls"]),
    (parameters.CREATE_MESSAGE, openapi.CREATE_MESSAGE, CREATE_MESSAGE),
    (parameters.LIST_MESSAGES, openapi.LIST_MESSAGES, LISTS["messages"]),
    (parameters.LIST_RECORDINGS, openapi.LIST_RECORDINGS, LISTS["recordings"]),
    (parameters.LIST_NUMBERS, openapi.LIST_NUMBERS, LISTS["numbers"]),
    (parameters.UPDATE_NUMBER, openapi.UPDATE_NUMBER, UPDATE_NUMBER),
]


@pytest.fixture(scope="session")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Prism, by its URL."""
    file = tmp_path_factory.mktemp("prism") / "twilio.json"
    file.write_text(json.dumps(openapi.document()), encoding="utf-8")
    words = ["mock", "--errors", "--dynamic", "--seed", "switchhook", "--host", "127.0.0.1", str(file)]
    with on_node(PRISM, lambda port: [*words, "--port", str(port)]) as url:
        yield url


@pytest.fixture
async def twilio(prism: str) -> AsyncIterator[TwilioClient]:
    async with TwilioClient(ACCOUNT, TOKEN, base_url=prism) as client:
        yield client


def one_by_one(values: dict[str, tuple[Any, ...]]) -> Any:
    """A case for each value of each parameter."""
    cases = [(name, value) for name, tried in values.items() for value in tried]
    return pytest.mark.parametrize(("name", "value"), cases, ids=[f"{name}-{n}" for n, (name, _) in enumerate(cases)])


def all_at_once(values: dict[str, tuple[Any, ...]], without: str = "") -> dict[str, Any]:
    """The first value of every parameter."""
    return {name: tried[0] for name, tried in values.items() if name not in without.split()}


# --- the judge bites ------------------------------------------------------------------------------

A_CALL = {"To": TO, "From": FROM, "Url": URL}
A_MESSAGE = {"To": TO, "From": FROM, "Body": "hello"}


@pytest.mark.parametrize(
    ("method", "path", "right", "wrong"),
    [
        ("POST", "Calls.json", A_CALL, {"Nonsense": "1"}),
        ("POST", "Calls.json", A_CALL, {"url": URL}),
        ("POST", "Calls.json", A_CALL, {"StatusEvents": "ringing"}),
        ("POST", "Calls.json", A_CALL, {"From": None}),
        ("POST", "Calls.json", A_CALL, {"To": ""}),
        ("POST", "Calls.json", A_CALL, {"Url": "hours"}),
        ("POST", "Calls.json", A_CALL, {"Timeout": "long"}),
        ("POST", "Calls.json", A_CALL, {"Record": "maybe"}),
        ("POST", "Calls.json", A_CALL, {"Record": "True"}),
        ("POST", "Calls.json", A_CALL, {"Method": "PUT"}),
        ("POST", "Calls.json", A_CALL, {"ApplicationSid": "AP1"}),
        ("POST", "Calls.json", A_CALL, {"StatusCallbackEvent": "answred"}),
        ("POST", "Calls.json", A_CALL, {"StatusCallbackEvent": "['ringing', 'answered']"}),
        ("POST", "Calls.json", A_CALL, {"StatusCallbackEvent": "ringing answered"}),
        ("POST", "Calls.json", A_CALL, {"Twiml": f"<Response>{'x' * 4000}</Response>"}),
        ("POST", f"Calls/{CALL}.json", {"Status": "completed"}, {"Status": "busy"}),
        ("POST", f"Calls/{CALL}.json", {"Status": "completed"}, {"To": TO}),
        ("POST", "Messages.json", A_MESSAGE, {"Text": "hello"}),
        ("POST", "Messages.json", A_MESSAGE, {"SendAt": "2026-09-01"}),
        ("POST", "Messages.json", A_MESSAGE, {"ValidityPeriod": "36001"}),
        ("POST", "Messages.json", A_MESSAGE, {"ScheduleType": "soon"}),
        ("POST", f"IncomingPhoneNumbers/{NUMBER}.json", {"VoiceUrl": URL}, {"VoiceURL": URL}),
        ("POST", f"IncomingPhoneNumbers/{NUMBER}.json", {"VoiceUrl": URL}, {"EmergencyStatus": "active"}),
        ("GET", "Calls.json", {"PageSize": 50}, {"PageSize": 1001}),
        ("GET", "Calls.json", {"Status": "busy"}, {"Status": "over"}),
        ("GET", "Calls.json", {"StartTime>": "2026-09-01"}, {"StartTime>": "yesterday"}),
        ("GET", "Recordings.json", {"CallSid": CALL}, {"CallSid": "CA1"}),
        ("GET", "IncomingPhoneNumbers.json", {"Beta": "true"}, {"Beta": "maybe"}),
    ],
)
async def test_what_is_wrong_with_a_request_is_refused_and_nothing_else(twilio, method, path, right, wrong):
    await twilio.request(method, path, right)

    with pytest.raises(TwilioError) as caught:
        await twilio.request(method, path, right | wrong)

    assert (caught.value.status, caught.value.message.partition(":")[0]) == (422, "Invalid request")


@pytest.mark.parametrize("path", ["Calls/CA1.json", f"Calls/{RECORDING}.json", "Recordings/RE1.json"])
async def test_a_sid_that_is_none_is_refused(twilio, path):
    with pytest.raises(TwilioError) as caught:
        await twilio.request("GET", path)

    assert caught.value.status == 422


async def test_who_does_not_say_who_asks_is_refused(prism):
    async with aiohttp.ClientSession() as session, session.post(f"{prism}{ROOT}/Calls.json", data=A_CALL) as answer:
        assert answer.status == 401


# --- every parameter ------------------------------------------------------------------------------


@pytest.mark.parametrize(("table", "facts", "values"), TABLES, ids=[table.what for table, _, _ in TABLES])
def test_the_client_knows_the_parameters_that_there_are_and_no_others(table, facts, values):
    """In a query Prism passes over names that it doesn't know, so that those are compared here."""
    paging = openapi.names_of(openapi.PAGING) if table.what.startswith("a list") else {}

    assert {wire_name(name) for name in table.kinds} == openapi.names_of(facts).keys() | paging.keys()
    assert values.keys() == table.kinds.keys()


@one_by_one(CREATE_CALL)
async def test_make_call(twilio, name, value):
    talk = {} if name in ("url", "twiml", "application_sid") else {"url": URL}

    assert is_a_call(await twilio.make_call(**{"to": TO, "from_": FROM, **talk, name: value}))


@pytest.mark.parametrize("talk", ["url", "twiml", "application_sid"])
async def test_make_call_with_all_parameters_at_once(twilio, talk):
    without = " ".join({"url", "twiml", "application_sid"} - {talk})

    assert is_a_call(await twilio.make_call(**all_at_once(CREATE_CALL, without)))


@one_by_one(UPDATE_CALL)
async def test_update_call(twilio, name, value):
    assert is_a_call(await twilio.update_call(CALL, **{"url": URL, name: value}))


async def test_update_call_with_all_parameters_at_once(twilio):
    assert is_a_call(await twilio.update_call(CALL, **all_at_once(UPDATE_CALL)))


async def test_fetch_call(twilio):
    assert is_a_call(await twilio.fetch_call(CALL))


@one_by_one(CREATE_MESSAGE)
async def test_send_sms(twilio, name, value):
    assert is_a_message(await twilio.send_sms(**{"to": TO, "from_": FROM, "body": "hello", name: value}))


async def test_send_sms_with_all_parameters_at_once(twilio):
    assert is_a_message(await twilio.send_sms(**all_at_once(CREATE_MESSAGE)))


@one_by_one(UPDATE_NUMBER)
async def test_update_number(twilio, name, value):
    assert is_a_number(await twilio.update_number(NUMBER, **{name: value}))


async def test_update_number_with_all_parameters_at_once(twilio):
    assert is_a_number(await twilio.update_number(NUMBER, **all_at_once(UPDATE_NUMBER)))


@pytest.mark.parametrize(
    ("name", "filter", "value"),
    [(name, filter, value) for name, filters in LISTS.items() for filter, tried in filters.items() for value in tried],
)
async def test_a_filter_of_a_list(twilio, name, filter, value):
    assert [item async for item in getattr(twilio, name)(**{filter: value})]


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_with_all_filters_at_once(twilio, name):
    assert [item async for item in getattr(twilio, name)(**all_at_once(LISTS[name]))]


async def test_fetch_recording(twilio):
    assert await twilio.fetch_recording(RECORDING) == openapi.SOUND.encode()


async def test_request(twilio):
    assert await twilio.request("DELETE", f"Calls/{CALL}.json") == {}
    assert is_a_call(await twilio.request("GET", f"Calls/{CALL}.json"))


# --- what is answered -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("calls", openapi.CALL),
        ("messages", openapi.MESSAGE),
        ("recordings", openapi.RECORDING),
        ("numbers", openapi.NUMBER),
    ],
)
async def test_what_a_list_gives(twilio, name, of):
    found = [item async for item in getattr(twilio, name)()]

    assert 2 <= len(found) <= 5
    assert all(item.keys() == openapi.names_of(of).keys() for item in found)
    assert len({item["sid"] for item in found}) == len(found)


@pytest.mark.parametrize("limit", [0, 1, 2])
async def test_a_list_gives_no_more_than_it_may(twilio, limit):
    assert len([call async for call in twilio.calls(limit=limit)]) == limit


async def test_dates_are_read(twilio):
    found = [item async for item in twilio.calls()]
    dates = itertools.chain.from_iterable((item["date_created"], item["start_time"]) for item in found)

    assert all(seconds_of(text) is not None for text in dates if text is not None)


def is_a_call(found: dict[str, Any]) -> bool:
    return re.fullmatch("CA[0-9a-fA-F]{32}", found["sid"]) is not None and found["status"] in openapi.STATUS.split("|")


def is_a_message(found: dict[str, Any]) -> bool:
    return re.fullmatch("(SM|MM)[0-9a-fA-F]{32}", found["sid"]) is not None


def is_a_number(found: dict[str, Any]) -> bool:
    return re.fullmatch("PN[0-9a-fA-F]{32}", found["sid"]) is not None and found["phone_number"].startswith("+")
