"""Phone numbers, and where their calls and messages go.

(Twilio's documentation: "IncomingPhoneNumber resource".)
"""

from __future__ import annotations

import re

import pytest

from runtime.softphone import StandIn
from tests.runtime.softphone.conftest import TOKEN
from tests.runtime.softphone.rest.conftest import ACCOUNT, FROM, SUB, TO

PN = "PN" + "9" * 32
LONDON = {"PhoneNumber": "+442079460100", "VoiceUrl": "https://h/voice", "FriendlyName": "London"}


@pytest.fixture
def options():
    return {"numbers": [FROM, LONDON, {"PhoneNumber": TO, "AccountSid": SUB}]}


async def test_the_numbers_are_those_that_were_given(rest):
    """The last one first; an account has its own."""
    found = await rest.listed("IncomingPhoneNumbers")
    assert [(each["phone_number"], each["friendly_name"], each["voice_url"]) for each in found] == [
        ("+442079460100", "London", "https://h/voice"),
        (FROM, FROM, None),
    ]
    [other] = await rest.listed("IncomingPhoneNumbers", account=SUB)
    assert (other["phone_number"], other["account_sid"]) == (TO, SUB)


async def test_a_number_has_every_field(rest):
    [_, number] = await rest.listed("IncomingPhoneNumbers")
    assert re.fullmatch("PN[0-9a-f]{32}", number["sid"])
    assert number["uri"] == f"/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers/{number['sid']}.json"
    assert (number["voice_method"], number["sms_method"], number["status_callback_method"]) == ("POST",) * 3
    assert number["date_created"] == "Tue, 01 Sep 2026 12:00:00 +0000"
    assert number["capabilities"]["voice"] is True


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"PhoneNumber": FROM}, 1),
        ({"PhoneNumber": "+44131"}, 1),
        ({"PhoneNumber": "+44*0100"}, 0),
        ({"PhoneNumber": "+44****460100"}, 1),
        ({"PhoneNumber": "0100"}, 2),
        ({"FriendlyName": "London"}, 1),
        ({"FriendlyName": "Paris"}, 0),
        ({"Origin": "twilio"}, 2),
        ({"Origin": "hosted"}, 0),
        ({"Beta": "true"}, 2),
        ({"Beta": "false"}, 1),
    ],
)
async def test_numbers_are_found_by_a_part_of_them(rest, twilio, filters, count):
    """`*` stands for a digit; a name has to be the whole name. Beta is whether numbers that are new are listed, too."""
    next(each for each in twilio.numbers.values() if each["phone_number"] == FROM)["beta"] = True
    assert len(await rest.listed("IncomingPhoneNumbers", **filters)) == count


async def test_a_number_is_read_and_changed(rest, twilio, clock):
    [number] = await rest.listed("IncomingPhoneNumbers", PhoneNumber=FROM)
    path = f"IncomingPhoneNumbers/{number['sid']}.json"
    assert (await rest("GET", path)).json == number
    clock.after(hours=1)
    told = {
        "VoiceUrl": "https://h/voice",
        "VoiceMethod": "GET",
        "VoiceFallbackUrl": "https://h/fallback",
        "VoiceFallbackMethod": "GET",
        "StatusCallback": "https://h/status",
        "StatusCallbackMethod": "GET",
        "SmsUrl": "https://h/sms",
        "SmsMethod": "GET",
        "SmsFallbackUrl": "https://h/sms_fallback",
        "SmsFallbackMethod": "GET",
        "VoiceApplicationSid": "AP" + "0" * 32,
        "SmsApplicationSid": "AP" + "0" * 32,
        "TrunkSid": "TK" + "0" * 32,
        "FriendlyName": "Edinburgh",
        "VoiceReceiveMode": "fax",
        "EmergencyStatus": "Inactive",
        "BundleSid": "BU" + "0" * 32,
        "AddressSid": "AD" + "0" * 32,
        "IdentitySid": "RI" + "0" * 32,
        "EmergencyAddressSid": "AD" + "1" * 32,
    }
    changed = await rest("POST", path, **told, VoiceCallerIdLookup="true")
    assert changed.status == 200
    names = {name: re.sub("(?<!^)([A-Z])", r"_\1", name).lower() for name in told}
    assert changed.json == number | {names[name]: value for name, value in told.items()} | {
        "voice_caller_id_lookup": True,
        "date_updated": "Tue, 01 Sep 2026 13:00:00 +0000",
    }
    assert (await rest("GET", path)).json == changed.json == twilio.numbers[number["sid"]]


async def test_a_url_is_taken_away_by_an_empty_one(rest):
    [number] = await rest.listed("IncomingPhoneNumbers", PhoneNumber=LONDON["PhoneNumber"])
    assert (await rest("POST", f"IncomingPhoneNumbers/{number['sid']}.json", VoiceUrl="")).json["voice_url"] == ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"VoiceUrl": "voice"}, 21402),
        ({"StatusCallback": "ftp://h/x"}, 21402),
        ({"VoiceMethod": "PUT"}, 21403),
        ({"SmsMethod": "get"}, 21403),
        ({"VoiceReceiveMode": "telex"}, 20001),
        ({"VoiceCallerIdLookup": "perhaps"}, 20001),
    ],
)
async def test_a_change_that_is_none_is_refused(rest, changes, code):
    [number] = await rest.listed("IncomingPhoneNumbers", PhoneNumber=FROM)
    refused = await rest("POST", f"IncomingPhoneNumbers/{number['sid']}.json", **changes)
    assert (refused.status, refused.code) == (400, code)
    assert (await rest("GET", f"IncomingPhoneNumbers/{number['sid']}.json")).json == number


async def test_a_number_is_bought_and_given_back(rest, twilio):
    made = await rest("POST", "IncomingPhoneNumbers.json", PhoneNumber="+1 415 555 0199", VoiceUrl="https://h/voice")
    assert made.status == 201
    assert (made.json["phone_number"], made.json["voice_url"]) == ("+14155550199", "https://h/voice")
    assert len(await rest.listed("IncomingPhoneNumbers")) == 3
    path = f"IncomingPhoneNumbers/{made.json['sid']}.json"
    assert (await rest("DELETE", path)).status == 204
    assert (await rest("GET", path)).code == 20404
    assert len(await rest.listed("IncomingPhoneNumbers")) == 2
    assert (await rest("POST", "IncomingPhoneNumbers.json", PhoneNumber="+14155550199")).status == 201


@pytest.mark.parametrize(
    ("number", "code"), [("", 21421), ("x", 21421), (FROM, 21422), (TO, 21422), ("+15005550000", 21422)]
)
async def test_a_number_that_can_not_be_bought_is_refused(rest, number, code):
    """It is none, or somebody has it."""
    assert (await rest("POST", "IncomingPhoneNumbers.json", PhoneNumber=number)).code == code


async def test_a_number_of_nobody_or_of_another_account_is_not_found(rest, twilio):
    [number] = await rest.listed("IncomingPhoneNumbers", PhoneNumber=FROM)
    for method in ("GET", "POST", "DELETE"):
        assert (await rest(method, f"IncomingPhoneNumbers/{PN}.json")).code == 20404
        assert (await rest(method, f"IncomingPhoneNumbers/{number['sid']}.json", account=SUB)).code == 20404


@pytest.mark.parametrize(
    "number",
    [
        "x",
        {"PhoneNumber": FROM, "VoiceUrl": "voice"},
        {"VoiceUrl": "https://h/x"},
        {"PhoneNumber": FROM, "AccountSid": SUB},
    ],
)
def test_a_stand_in_is_not_given_what_is_no_number(number):
    """It says which, and what is wrong with it."""
    with pytest.raises(ValueError, match=re.escape(repr(number))):
        StandIn(ACCOUNT, TOKEN, numbers=[number])


# --- who calls and texts ---------------------------------------------------------------------------

CALL = {"To": "+441314960199", "Url": "http://127.0.0.1:1/"}
TEXT = {"To": "+441314960199", "Body": "hello"}


@pytest.mark.parametrize(("path", "params", "code"), [("Calls.json", CALL, 21210), ("Messages.json", TEXT, 21606)])
async def test_nobody_calls_or_texts_from_a_number_of_somebody_elses(rest, twilio, path, params, code):
    """21210, 21606; a sub-account's is its own, and one that was given back is nobody's."""
    assert (await rest("POST", path, **params, From=FROM)).status == 201
    [_, number] = await rest.listed("IncomingPhoneNumbers")
    await rest("DELETE", f"IncomingPhoneNumbers/{number['sid']}.json")

    for sender, account in (("+442079460111", ACCOUNT), (TO, ACCOUNT), (LONDON["PhoneNumber"], SUB), (FROM, ACCOUNT)):
        refused = await rest("POST", path, **params, From=sender, account=account)
        assert (refused.status, refused.code) == (400, code)
        assert sender in refused.json["message"]

    assert (await rest("POST", path, **params, From=TO, account=SUB)).status == 201
    assert len(twilio.calls) + len(twilio.messages) == 2


async def test_a_number_that_was_bought_calls_and_texts(rest):
    await rest("POST", "IncomingPhoneNumbers.json", PhoneNumber="+442079460111")
    assert (await rest("POST", "Calls.json", **CALL, From="+442079460111")).status == 201
    assert (await rest("POST", "Messages.json", **TEXT, From="+442079460111")).status == 201


@pytest.mark.parametrize("sender", [{"From": "Bookshop"}, {"From": "12345"}, {"MessagingServiceSid": "MG1"}])
async def test_names_short_codes_and_services_are_no_numbers_that_are_looked_for(rest, sender):
    assert (await rest("POST", "Messages.json", **TEXT, **sender)).status == 201


@pytest.mark.parametrize("sender", ["client:jane", "sip:jane@example.com"])
async def test_nor_are_clients(rest, sender):
    assert (await rest("POST", "Calls.json", **CALL, From=sender)).status == 201
