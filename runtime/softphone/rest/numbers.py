"""Phone numbers: those that the stand-in was given, and those that are bought from it. Nobody calls them.

(Twilio's documentation: "IncomingPhoneNumber resource".)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runtime.softphone import fields
from runtime.softphone.fields import rfc2822
from runtime.softphone.rest.pages import Row, page, snake
from runtime.softphone.rest.parameters import CREATE_NUMBER, LIST_NUMBERS
from runtime.softphone.rest.refusals import Refused, not_found

if TYPE_CHECKING:
    from runtime.softphone.rest.stand_in import Asked, StandIn

_DEFAULTS: dict[str, Any] = {
    "address_sid": None,
    "address_requirements": "none",
    "api_version": "2010-04-01",
    "beta": False,
    "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
    "identity_sid": None,
    "origin": "twilio",
    "sms_application_sid": "",
    "sms_fallback_method": "POST",
    "sms_fallback_url": "",
    "sms_method": "POST",
    "sms_url": "",
    "status_callback": "",
    "status_callback_method": "POST",
    "trunk_sid": None,
    "voice_receive_mode": "voice",
    "voice_application_sid": None,
    "voice_caller_id_lookup": False,
    "voice_fallback_method": "POST",
    "voice_fallback_url": None,
    "voice_method": "POST",
    "voice_url": None,
    "emergency_status": "Active",
    "emergency_address_sid": None,
    "emergency_address_status": "unregistered",
    "bundle_sid": None,
    "status": "in-use",
    "type": "local",
}
"""What a number has that nobody has told anything."""


def new(account_sid: str, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
    """A number's JSON.

    Raises:
        Refused: the parameters are none that Twilio takes.
    """
    given = CREATE_NUMBER.read(params.items())
    number_sid, number = fields.sid("PN"), given.text("PhoneNumber")
    return {
        **_DEFAULTS,
        "account_sid": account_sid,
        "date_created": rfc2822(now),
        "date_updated": rfc2822(now),
        "friendly_name": number,
        "phone_number": number,
        "sid": number_sid,
        "uri": f"/2010-04-01/Accounts/{account_sid}/IncomingPhoneNumbers/{number_sid}.json",
        **_told(given.first),
    }


def _told(params: Mapping[str, str]) -> dict[str, Any]:
    truth = {"true": True, "false": False}
    return {snake(name): truth.get(value, value) for name, value in params.items()}


def of(twilio: StandIn, account_sid: str, number: str) -> dict[str, Any] | None:
    """An account's number, if it has it."""
    return next((each for each in _of(twilio, account_sid) if each["phone_number"] == number), None)


def check_sender(twilio: StandIn, asked: Asked, code: int, what: str) -> None:
    """Let nobody call or text from a phone number of somebody else's. Where no numbers were given, any will do.

    Raises:
        Refused: with this code.
    """
    sender = asked.params.text("From")
    if twilio.knows_its_numbers and sender.startswith("+") and of(twilio, asked.account_sid, sender) is None:
        raise Refused(code, f"The 'From' number {sender} {what}")


def _of(twilio: StandIn, account_sid: str) -> Iterator[dict[str, Any]]:
    for sid, number in twilio.numbers.items():
        if number["account_sid"] == account_sid and sid not in twilio.deleted:
            yield number


def create(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """Buy a number. All are for sale that nobody has."""
    number = asked.params.text("PhoneNumber")
    if any(of(twilio, account_sid, number) for account_sid in twilio.accounts):
        raise Refused(21422, f"{number} is not available")
    made = new(asked.account_sid, asked.params.first, twilio.now())
    twilio.numbers[made["sid"]] = made
    return made


def fetch(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """A number, and what becomes of its calls and messages."""
    found = next((each for each in _of(twilio, asked.account_sid) if each["sid"] == asked.sid), None)
    if found is None:
        raise not_found(asked.path)
    return found


def update(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """Have a number's calls and messages go elsewhere."""
    number = fetch(twilio, asked)
    number |= _told(asked.params.first) | {"date_updated": rfc2822(twilio.now())}
    return number


def delete(twilio: StandIn, asked: Asked) -> None:
    """Give a number back."""
    twilio.deleted.add(fetch(twilio, asked)["sid"])


def listed(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """The account's numbers."""
    own = (each for each in reversed(twilio.numbers.values()) if each["account_sid"] == asked.account_sid)
    rows = [Row(number, number["sid"] in twilio.deleted) for number in own]
    return page("incoming_phone_numbers", asked.path, LIST_NUMBERS, asked.params, rows)
