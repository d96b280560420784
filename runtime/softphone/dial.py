"""Dial: other parties, what becomes of them, and what the caller hears next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.softphone import fields
from runtime.softphone.caller import Answer, HangUp, Prompt
from runtime.softphone.document import children, content, name
from runtime.softphone.record import recording_callbacks

if TYPE_CHECKING:
    from datetime import datetime

    from lxml import etree

    from runtime.softphone.call import Call
    from runtime.softphone.fields import Leg, Recording
    from runtime.softphone.steps import Callback, Fetch

_ADDRESSES = {
    "Number": "{}",
    "Client": "client:{}",
    "Sip": "{}",
    "Sim": "sim:{}",
    "WhatsApp": "whatsapp:{}",
    "Application": "app:{}",
    "Queue": "queue:{}",
}
"""What the child leg is called, by the noun that dials it."""
_EVENTS = ("initiated", "ringing", "answered", "completed")


@dataclass(slots=True)
class Party:
    """Who is dialled, and how the leg stands that dials them."""

    name: str
    leg: Leg
    noun: etree._Element | None
    began: datetime
    status: str = "initiated"
    seconds: int = 0


async def dial(call: Call, element: etree._Element) -> Fetch | None:
    """Ring everybody at once; the first one answers, or nobody does.

    With an action, its document follows whatever the outcome; without, the next verb. A caller who hangs up while it
    rings makes it `canceled`, later on `completed`, and the action is asked for all the same.
    """
    conference = next(element.iterchildren("Conference"), None)
    parties = _parties(call, element) if conference is None else []
    names = [party.name for party in parties] if conference is None else [f"conference {content(conference)}"]
    for dialled in names:
        call.transcript.dialled.append(dialled)
        call.tell("dialled", dialled)
    if not names:
        call.warn(13225, "<Dial> has nobody to dial")

    began = call.now
    call.legs += parties
    await _leg_events(call, parties, "initiated", "ringing")
    answer = await _answer(call, element, joined=conference is not None) if names else Answer("failed")
    status, bridged, seconds = answer.outcome, answer.bridged and answer.outcome == "completed", 0
    if status == "completed":
        await _leg_events(call, parties[:1], "answered")
    if bridged:
        seconds = min(answer.seconds, call.number(element, "timeLimit", 14400))
        await _talk(call, seconds)
    await _leg_events(call, parties, "completed", outcome=status, seconds=seconds)

    extra = fields.dial(status, parties[0].leg.call_sid if parties else "", seconds, bridged)
    then: tuple[Callback, ...] = ()
    recorded = element if conference is None else conference
    if bridged and recorded.get("record", "do-not-record") not in {"do-not-record", "false"}:
        made = _recording(call, recorded, seconds, began)
        call.recordings.append(made)
        then = recording_callbacks(call, recorded, made)
        if conference is None:
            extra |= made.on_action()
    return await call.conclude(element, extra, then=then)


async def _answer(call: Call, element: etree._Element, *, joined: bool) -> Answer:
    act = await call.ask(Prompt("Dial", answer=True, default=Answer()))
    if isinstance(act, Answer):
        outcome = act
    else:
        # Giving up while it rings; a conference doesn't ring, one is in it.
        call.put_down()
        outcome = Answer("completed" if joined else "canceled")
    talk = f"answered, {outcome.seconds} s" if outcome.bridged else "picked up, never joined"
    call.tell("answered", talk if outcome.outcome == "completed" else outcome.outcome)
    if outcome.outcome == "no-answer":
        await call.elapse(call.number(element, "timeout", 30))
    return outcome


async def _talk(call: Call, seconds: int) -> None:
    await call.elapse(seconds)
    if not call.gone and isinstance(await call.ask(Prompt("Dial")), HangUp):
        call.put_down()


def _parties(call: Call, element: etree._Element) -> list[Party]:
    parties = []
    for noun in children(element):
        address = _ADDRESSES.get(name(noun))
        if address is None:
            call.warn(12200, f"<{name(noun)}> has no place in <Dial>")
            continue
        dialled = address.format(content(noun))
        parties.append(Party(dialled, call.leg.child(dialled), noun, call.now))
    if number := " ".join((element.text or "").split()):
        parties.insert(0, Party(number, call.leg.child(number), None, call.now))
    return parties


def _recording(call: Call, element: etree._Element, seconds: int, began: datetime) -> Recording:
    if name(element) == "Conference":
        room = fields.sid("CF")
        return fields.Recording(fields.sid("RE"), call.leg, seconds, "Conference", began, conference=room)
    channels = 2 if element.get("record", "").endswith("-dual") else 1
    return fields.Recording(fields.sid("RE"), call.leg, seconds, "DialVerb", began, channels, "both")


async def _leg_events(call: Call, parties: list[Party], *events: str, outcome: str = "", seconds: int = 0) -> None:
    """The dialled legs' own status callbacks. Only the first leg is answered; the others stop ringing."""
    for index, party in enumerate(parties):
        for event in events:
            party.status = {"answered": "in-progress", "completed": outcome}.get(event, event)
            if index == 0:
                party.seconds = seconds
            elif party.status == "completed":
                party.status = "canceled"
            if party.noun is None or event not in party.noun.get("statusCallbackEvent", "completed").split():
                continue
            told = fields.status(party.leg, party.status, call.now, _EVENTS.index(event), party.seconds)
            for callback in call.callback_of("leg", party.noun, "statusCallback", told):
                await call.callback(callback)
