"""Calls: made by the engine, as it makes every call; listed with the legs that they dialled.

(Twilio's documentation: "Call resource".)
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runtime.softphone.call import Call
from runtime.softphone.caller import OUTCOMES
from runtime.softphone.dial import Party
from runtime.softphone.fields import rfc2822
from runtime.softphone.outbound import EVENTS, RECORDING_EVENTS, Address, Outbound
from runtime.softphone.outside import Unchangeable
from runtime.softphone.rest import numbers
from runtime.softphone.rest.pages import Row, page
from runtime.softphone.rest.parameters import LIST_CALLS, Params
from runtime.softphone.rest.refusals import Refused, not_found

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.softphone.rest.stand_in import Asked, StandIn

_SUBRESOURCES = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}
_UNANSWERED = {"queued", "initiated", "ringing"}


# --- requests ------------------------------------------------------------------------------------


def create(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """Make a call. It is queued when this is answered."""
    params = asked.params
    numbers.check_sender(twilio, asked, 21210, "is not one of this account's, nor verified for it")
    if params.text("ApplicationSid"):
        raise Refused(21218, f"ApplicationSid {params.text('ApplicationSid')} is no application of this account")
    to = params.text("To")
    call = Call(
        params.text("Url"),
        auth_token=twilio.accounts[asked.account_sid],
        from_=params.text("From"),
        to=to,
        script=twilio.phone(to, params.first),
        status_callback=params.text("StatusCallback") or None,
        fallback=_fallback(params),
        direction="outbound-api",
        asked=outbound(params),
        account_sid=asked.account_sid,
        session=twilio.session,
        on_line=twilio.on_line,
        wait=twilio.wait,
        began=twilio.now(),
    )
    call.leg = replace(call.leg, api=twilio.url)
    if wrong := sorted(set(params.get("StatusCallbackEvent", ())) - {*EVENTS, ""}):
        call.transcript.warnings.append(f"21626 no StatusCallbackEvent: {', '.join(wrong)}; nothing is called back")
    twilio.calls[call.call_sid] = call
    answer = shown(twilio, call)
    twilio.begin(twilio.in_turn(call.run))
    return answer


def fetch(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """A call as it stands, or a leg that one has dialled."""
    found = next((row for row in _rows(twilio, asked.account_sid) if row.shown["sid"] == asked.sid), None)
    if found is None or found.deleted:
        raise not_found(asked.path)
    return found.shown


def update(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """Change a call while it lasts: end it, or have it go on with another document."""
    before, call, params = fetch(twilio, asked)["status"], twilio.calls.get(asked.sid), asked.params
    if call is None:
        raise Refused(21220, f"Invalid call state: {asked.sid} was dialled by a call; only that one can be changed")
    if params.text("Status") == "canceled" and before not in _UNANSWERED:
        raise Refused(21220, f"Invalid call state: {asked.sid} is {before}; only a call that rings can be canceled")
    try:
        _change(call, params)
    except Unchangeable as problem:
        raise Refused(21220, f"Invalid call state: {problem}") from problem
    return shown(twilio, call)


def _change(call: Call, params: Params) -> None:
    url, method, told = params.text("Url"), params.text("Method", "POST"), params.text("StatusCallback")
    if params.text("Status"):
        call.hang_up()
    elif url:
        # Twilio takes a new StatusCallback only together with a new Url.
        status_callback = Address(told, params.text("StatusCallbackMethod", "POST")) if told else None
        call.redirect(url, method, status_callback=status_callback, fallback=_fallback(params))
    elif params.text("Twiml"):
        call.redirect(twiml=params.text("Twiml"))


def _fallback(params: Params) -> Address | None:
    url = params.text("FallbackUrl")
    return Address(url, params.text("FallbackMethod", "POST")) if url else None


def delete(twilio: StandIn, asked: Asked) -> None:
    """Forget a call that is over."""
    if fetch(twilio, asked)["status"] not in OUTCOMES:
        raise Refused(20009, f"{asked.sid} can't be deleted before it is complete")
    twilio.deleted.add(asked.sid)


def listed(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """The account's calls."""
    return page("calls", asked.path, LIST_CALLS, asked.params, list(_rows(twilio, asked.account_sid)))


# --- what they are about -------------------------------------------------------------------------


def outbound(params: Params) -> Outbound:
    """What a call is asked for. With an event that is none, Twilio tells of no event at all."""
    events = tuple(filter(None, params.get("StatusCallbackEvent", ()))) or ("completed",)
    recording_events = tuple(filter(None, params.get("RecordingStatusCallbackEvent", ()))) or ("completed",)

    def address(name: str) -> Address:
        return Address(params.text(name), params.text(f"{name}Method", "POST"))

    return Outbound(
        twiml="" if params.text("Url") else params.text("Twiml"),
        method=params.text("Method", "POST"),
        events=events if set(events) <= set(EVENTS) else (),
        status_method=params.text("StatusCallbackMethod", "POST"),
        timeout=int(params.text("Timeout", "60")),
        detection=params.text("MachineDetection"),
        asynchronous=params.flag("AsyncAmd"),
        detected=address("AsyncAmdStatusCallback"),
        record=params.flag("Record"),
        channels=2 if params.text("RecordingChannels") == "dual" else 1,
        recorded=address("RecordingStatusCallback"),
        recording_events=recording_events if set(recording_events) <= set(RECORDING_EVENTS) else (),
    )


def _rows(twilio: StandIn, account_sid: str) -> Iterator[Row]:
    """The account's calls, the newest first, each behind the legs that it has dialled."""
    for call in reversed(twilio.calls.values()):
        if call.leg.account_sid == account_sid:
            every = [*(_leg(call, party) for party in reversed(call.legs)), shown(twilio, call)]
            yield from (Row(each, each["sid"] in twilio.deleted) for each in every)


def shown(twilio: StandIn, call: Call) -> dict[str, Any]:
    """A call's JSON."""
    status = "queued" if call.status == "initiated" else call.status
    number = numbers.of(twilio, call.leg.account_sid, call.leg.from_)
    return _json(
        call,
        {
            "sid": call.call_sid,
            "date_created": rfc2822(call.began),
            "date_updated": rfc2822(call.now),
            "status": status,
            "start_time": None if status == "queued" else rfc2822(call.began),
            "end_time": rfc2822(call.now) if status in OUTCOMES else None,
            "duration": str(call.seconds) if status in OUTCOMES else None,
            "answered_by": call.answered_by or None,
            "phone_number_sid": number["sid"] if number else None,
        },
        call.leg.to,
    )


def _leg(call: Call, party: Party) -> dict[str, Any]:
    """The JSON of a leg that a call has dialled."""
    over = party.status in OUTCOMES
    end = rfc2822(party.began + timedelta(seconds=party.seconds))
    own = {
        "sid": party.leg.call_sid,
        "parent_call_sid": call.call_sid,
        "date_created": rfc2822(party.began),
        "date_updated": end,
        "status": "ringing" if party.status == "initiated" else party.status,
        "direction": party.leg.direction,
        "start_time": rfc2822(party.began),
        "end_time": end if over else None,
        "duration": str(party.seconds) if over else None,
    }
    return _json(call, own, party.leg.to)


def _json(call: Call, own: dict[str, Any], to: str) -> dict[str, Any]:
    uri = f"/2010-04-01/Accounts/{call.leg.account_sid}/Calls/{own['sid']}"
    return {
        "parent_call_sid": None,
        "account_sid": call.leg.account_sid,
        "to": to,
        "to_formatted": formatted(to),
        "from": call.leg.from_,
        "from_formatted": formatted(call.leg.from_),
        "phone_number_sid": None,
        "price": None,
        "price_unit": "USD",
        "direction": call.leg.direction,
        "answered_by": None,
        "api_version": "2010-04-01",
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{uri}.json",
        "subresource_uris": {name: f"{uri}/{what}.json" for name, what in _SUBRESOURCES.items()},
        **own,
    }


def formatted(number: str) -> str:
    """A number as people of North America write it; others as they are.

    >>> formatted("+14155550100"), formatted("+441314960123")
    ('(415) 555-0100', '+441314960123')
    """
    if number.startswith("+1") and len(number) == len("+14155550100"):
        return f"({number[2:5]}) {number[5:8]}-{number[8:]}"
    return number
