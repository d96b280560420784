"""What a number should be set to, in what it differs, and how the client asks for numbers and changes them."""

from __future__ import annotations

import pytest

from runtime.accounts import client_of, clients_of
from runtime.errors import SettingsError
from runtime.settings import Settings
from runtime.twilio import InvalidRequest, TwilioError
from runtime.twilio.numbers import Difference, compared, differences, wanted
from runtime.twilio.parameters import LIST_NUMBERS, UPDATE_NUMBER
from tests.runtime.twilio.conftest import ACCOUNT, KEY, ROOT, SECRET, TOKEN, Reply

BASE = "https://ivr.example.com"
NUMBER = "+441314960100"
SUB, SUB_TOKEN = "AC" + "9" * 32, "fedcba9876543210fedcba9876543210"
HOURS = wanted(BASE, "hours")
MESSAGES = {"sms_url": f"{BASE}/hours", "sms_method": "POST", "sms_application_sid": ""}
BOTH, NO_CALLS, NO_MESSAGES = {"voice": True, "sms": True}, {"voice": False, "sms": True}, {"voice": True, "sms": False}


def a_number(**more) -> dict[str, object]:
    """A number as Twilio tells of it, set up for the recipe `hours`."""
    there = {"phone_number": NUMBER, "sid": "PN1", "account_sid": ACCOUNT, "trunk_sid": None, "sms_url": "https://s/"}
    return there | HOURS | {"voice_application_sid": None} | more


# --- what it should be ------------------------------------------------------------------------------


def test_a_number_calls_its_recipe_and_tells_it_of_the_end():
    assert wanted(BASE, "hours") == {
        "voice_url": "https://ivr.example.com/hours",
        "voice_method": "POST",
        "voice_fallback_url": "https://ivr.example.com/hours",
        "voice_fallback_method": "POST",
        "status_callback": "https://ivr.example.com/hours/status",
        "status_callback_method": "POST",
        "voice_application_sid": "",
    }


def test_a_recipe_s_name_is_in_its_urls_as_urls_have_it():
    found = wanted(BASE, "grüße")

    assert found["voice_url"] == "https://ivr.example.com/gr%C3%BC%C3%9Fe"
    assert found["status_callback"] == "https://ivr.example.com/gr%C3%BC%C3%9Fe/status"


def test_a_fallback_elsewhere():
    elsewhere = {"voice_fallback_url": "https://s/sorry.xml", "voice_fallback_method": "GET"}
    assert wanted(BASE, "hours", "https://s/sorry.xml") == HOURS | elsewhere


def test_messages_go_to_a_recipe_that_replies_and_to_no_other():
    assert wanted(BASE, "hours", replies=True) == HOURS | MESSAGES


def test_all_that_is_wanted_can_be_set():
    pairs = UPDATE_NUMBER.encode(wanted(BASE, "hours", replies=True))

    assert len(pairs) == 10
    assert ("VoiceApplicationSid", "") in pairs


# --- in what it differs -----------------------------------------------------------------------------


def test_nothing_differs():
    assert differences(a_number(), HOURS) == ()


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("voice_url", "https://ivr.example.com/Hours"),
        ("voice_url", ""),
        ("voice_url", None),
        ("voice_method", "GET"),
        ("voice_fallback_url", None),
        ("voice_fallback_method", "GET"),
        ("status_callback", "https://ivr.example.com/hours"),
        ("status_callback_method", "GET"),
        ("voice_application_sid", "AP1"),
    ],
)
def test_each_attribute_by_itself(name, found):
    [difference] = differences(a_number(**{name: found}), HOURS)

    assert difference == Difference(name, found or "", HOURS[name])


@pytest.mark.parametrize(
    ("found", "should_be", "remark"),
    [
        ("https://h/hours/", "https://h/hours", "'/' at its end is too much"),
        ("https://h/hours ", "https://h/hours", "' ' at its end is too much"),
        ("https://h/hours?x=1", "https://h/hours", "'?x=1' at its end is too much"),
        ("https://h/hours", "https://h/hours/status", "'/status' at its end is missing"),
        ("http://h/hours", "https://h/hours", ""),
        ("", "https://h/hours", ""),
        ("AP1", "", ""),
    ],
)
def test_what_is_too_much_or_missing_at_the_end(found, should_be, remark):
    assert Difference("voice_url", found, should_be).remark == remark


def test_ours_come_first_and_in_the_order_of_the_settings():
    found = [{"phone_number": f"+44131496010{n}", "account_sid": ACCOUNT, "sid": f"PN{n}"} for n in (4, 0, 3, 1, 2)]
    recipes = {"+441314960102": "hours", "+441314960101": "hours"}

    assert [(each.sid, each.state) for each in compared(found, recipes, {"hours": HOURS})] == [
        ("PN2", "different"),
        ("PN1", "different"),
        ("PN0", "not ours"),
        ("PN3", "not ours"),
        ("PN4", "not ours"),
    ]


@pytest.mark.parametrize(
    ("number", "found", "state", "trouble"),
    [
        (NUMBER, [a_number()], "right", ""),
        (NUMBER, [a_number(voice_url="")], "different", ""),
        (NUMBER, [], "error", "is in [numbers], and none of the account's"),
        (NUMBER, [a_number(trunk_sid="TK1")], "error", "its calls go to the SIP trunk TK1, past any URL"),
        ("441314960100", [a_number()], "error", "is no number as Twilio has it: write it like +441314960100"),
        ("0131 496 0100", [], "error", "is no number as Twilio has it"),
        ("whatsapp:+441314960100", [a_number()], "not looked at", ""),
        ("messenger:1234", [], "not looked at", ""),
        ("62442", [], "not looked at", ""),
        ("123456789", [], "error", "is no number as Twilio has it"),
        ("sip:office@example.com", [], "not looked at", ""),
        ("whatsapp:0131 496 0100", [a_number()], "error", "is no number as Twilio has it"),
        ("whatsapp:01314960100", [], "error", "is no number as Twilio has it"),
        ("sip office: 100", [], "error", "is no number as Twilio has it"),
    ],
)
def test_how_a_number_of_ours_stands(number, found, state, trouble):
    first = compared(found, {number: "hours"}, {"hours": HOURS})[0]

    assert (first.state, first.recipe) == (state, "hours")
    assert first.trouble.startswith(trouble)
    assert bool(first.trouble) == bool(trouble)


@pytest.mark.parametrize(
    ("capabilities", "should_be", "trouble"),
    [
        (BOTH, HOURS | MESSAGES, ""),
        (None, HOURS | MESSAGES, ""),
        ({}, HOURS | MESSAGES, ""),
        (NO_CALLS, HOURS, "takes no calls, which no setting changes: give hours another number"),
        (NO_CALLS, MESSAGES, ""),
        (NO_MESSAGES, HOURS, ""),
        (NO_MESSAGES, HOURS | MESSAGES, "takes no messages, which no setting changes: give hours another number"),
        (
            {"voice": False, "sms": False},
            HOURS | MESSAGES,
            "takes no calls and no messages, which no setting changes: give hours another number",
        ),
    ],
)
def test_a_number_that_cannot_take_what_its_recipe_does_is_not_right(capabilities, should_be, trouble):
    there = a_number(**MESSAGES | {"sms_application_sid": None}, capabilities=capabilities)

    [found] = compared([there], {NUMBER: "hours"}, {"hours": should_be})

    assert (found.trouble, found.state) == (trouble, "error" if trouble else "right")
    assert found.sid == "PN1"


def test_a_trunk_does_not_matter_to_a_recipe_that_takes_messages_alone():
    there = a_number(**MESSAGES | {"sms_application_sid": None}, trunk_sid="TK1")

    assert compared([there], {NUMBER: "hours"}, {"hours": MESSAGES})[0].state == "right"


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({}, "https://ivr.example.com/hours"),
        ({"voice_application_sid": "AP1"}, "AP1"),
        ({"voice_application_sid": "AP1", "trunk_sid": "TK1"}, "TK1"),
        ({"voice_url": None}, ""),
    ],
)
def test_where_the_calls_of_another_number_go(more, where):
    [other] = compared([a_number(**more)], {}, {})

    assert (other.state, other.voice_url, other.differences) == ("not ours", where, ())


# --- asking, and changing ---------------------------------------------------------------------------


async def test_the_numbers_of_all_pages(rest, twilio):
    second = f"{ROOT}/IncomingPhoneNumbers.json?Page=1&PageToken=PA1"
    rest.will(
        Reply({"incoming_phone_numbers": [{"sid": "PN1"}, {"sid": "PN2"}], "next_page_uri": second}),
        Reply({"incoming_phone_numbers": [{"sid": "PN3"}], "next_page_uri": None}),
    )

    found = [each["sid"] async for each in twilio.numbers(phone_number="+44*", beta=False)]

    assert found == ["PN1", "PN2", "PN3"]
    assert rest.seen == ["GET IncomingPhoneNumbers.json"] * 2
    assert rest.asked[0].query == [("PhoneNumber", "+44*"), ("Beta", "false")]
    assert rest.asked[1].query == [("Page", "1"), ("PageToken", "PA1")]


async def test_no_more_numbers_than_are_wanted(rest, twilio):
    rest.will(Reply({"incoming_phone_numbers": [{"sid": "PN1"}, {"sid": "PN2"}]}))

    assert [each["sid"] async for each in twilio.numbers(limit=1)] == ["PN1"]
    assert rest.last.query == [("PageSize", "1")]


async def test_a_number_is_changed(rest, twilio):
    rest.will(Reply(a_number()))

    answer = await twilio.update_number("PN1", voice_url="https://h/", voice_application_sid="", sms_url=None)

    assert answer["sid"] == "PN1"
    assert rest.seen == ["POST IncomingPhoneNumbers/PN1.json"]
    assert rest.last.form == [("VoiceUrl", "https://h/"), ("VoiceApplicationSid", "")]


async def test_a_number_that_is_not_there(rest, twilio):
    rest.will(Reply({"code": 20404, "message": "not found", "status": 404}, 404))

    with pytest.raises(TwilioError, match="20404: not found"):
        await twilio.update_number("PN1", voice_url="https://h/")


async def test_a_numbers_sid_cannot_lead_elsewhere(rest, twilio):
    await twilio.update_number("../Calls", voice_url="https://h/")

    assert rest.last.path == f"{ROOT}/IncomingPhoneNumbers/..%2FCalls.json"


@pytest.mark.parametrize(
    ("table", "params", "line"),
    [
        (LIST_NUMBERS, {"phonenumber": NUMBER}, "there is no parameter phonenumber; did you mean phone_number?"),
        (LIST_NUMBERS, {"beta": "maybe"}, "beta is 'maybe'; it is True or False"),
        (UPDATE_NUMBER, {"voice_ulr": "https://h/"}, "there is no parameter voice_ulr; did you mean voice_url?"),
        (UPDATE_NUMBER, {"voice_method": "PUT"}, "voice_method is 'PUT'; there is GET, POST"),
        (UPDATE_NUMBER, {"voice_receive_mode": "telex"}, "voice_receive_mode is 'telex'; there is voice, fax"),
        (UPDATE_NUMBER, {"emergency_status": "Activ"}, "emergency_status is 'Activ'; did you mean Active?"),
    ],
)
def test_a_mistake_in_a_number(table, params, line):
    with pytest.raises(InvalidRequest) as caught:
        table.encode(params)
    assert caught.value.lines[0].partition(": ")[2] == line


# --- sub-accounts -----------------------------------------------------------------------------------


def with_a_sub_account(**more) -> Settings:
    return Settings(account_sid=ACCOUNT, auth_token=TOKEN, accounts={SUB: SUB_TOKEN}, **more)


@pytest.mark.parametrize("more", [{}, {"api_key": KEY, "api_secret": SECRET}])
async def test_a_sub_account_is_asked_with_its_own_token(rest, more):
    async with client_of(with_a_sub_account(api_url=rest.url, **more), sub_account=SUB) as twilio:
        await twilio.fetch_call("CA1")

    assert rest.last.credentials == f"{SUB}:{SUB_TOKEN}"
    assert rest.last.path == f"/2010-04-01/Accounts/{SUB}/Calls/CA1.json"


def test_a_sub_account_without_a_token():
    with pytest.raises(SettingsError, match=r"no auth token of AC2: set it in \[accounts\]"):
        client_of(with_a_sub_account(), sub_account="AC2")


def test_every_account_has_a_client_and_none_has_two():
    chosen = Settings(account_sid=ACCOUNT, auth_token=TOKEN, accounts={ACCOUNT: TOKEN, SUB: SUB_TOKEN})

    assert [each.account_sid for each in clients_of(chosen)] == [ACCOUNT, SUB]
