"""The table of verbs, and the short ones.

A verb is a coroutine of the call and the element. It returns None (the next verb runs) or a `Fetch` (a new document
takes over), or raises `Over`. `answers` says whether it picks up a call that still rings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runtime.softphone import fields
from runtime.softphone.dial import dial
from runtime.softphone.document import children, content, name
from runtime.softphone.gather import gather
from runtime.softphone.prompts import pause, play, say
from runtime.softphone.queue import enqueue
from runtime.softphone.record import record
from runtime.softphone.sessions import connect, echo, pay, refer
from runtime.softphone.steps import Fetch, Left, Over
from runtime.softphone.transcript import Sms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from lxml import etree

    from runtime.softphone.call import Call


async def redirect(call: Call, element: etree._Element) -> Fetch | None:
    """Another document takes over. It doesn't answer the call."""
    return call.fetch(element, content(element))


async def hangup(_call: Call, _element: etree._Element) -> None:
    """The end; as the first verb it still answers the call."""
    raise Over("application", "Hangup")


async def reject(call: Call, element: etree._Element) -> None:
    """Not answering, which takes a call that rings and no verb before."""
    if call.status != "ringing" or element.getprevious() is not None:
        call.warn(12200, "<Reject> only rejects as the first verb; the call was answered, and ends")
        call.pick_up()
        raise Over("application", "Reject")
    status = "busy" if element.get("reason", "").strip().lower() == "busy" else "no-answer"
    raise Over("application", f"Reject: {status}", status)


async def sms(call: Call, element: etree._Element) -> Fetch | None:
    """A text message, to the caller and from the called number unless it says otherwise."""
    message = Sms(element.get("to") or call.leg.from_, element.get("from") or call.leg.to, content(element))
    call.transcript.sms.append(message)
    call.tell("sms", f"to {message.to}: {message.text}")
    return await call.conclude(element, {"SmsSid": fields.sid("SM"), "SmsStatus": "sent"})


async def leave(call: Call, _element: etree._Element) -> None:
    """Out of the queue; nothing outside one."""
    if call.queues:
        raise Left


async def background(call: Call, element: etree._Element) -> None:
    """Start and Stop: a stream, a transcription, a recording beside the call. The softphone has none."""
    nouns = "".join(f" <{name(child)}>" for child in children(element))
    call.tell("note", f"{name(element)}{nouns}")


WAITING = frozenset({"Say", "Play", "Pause", "Gather", "Redirect", "Leave", "Hangup"})
"""What a caller who waits in a queue may hear and do."""


class Verb(NamedTuple):
    """What a verb does, and whether that needs the call answered."""

    perform: Callable[[Call, etree._Element], Awaitable[Fetch | None]]
    answers: bool = True


VERBS: dict[str, Verb] = {
    "Say": Verb(say),
    "Play": Verb(play),
    "Pause": Verb(pause, answers=False),
    "Gather": Verb(gather),
    "Record": Verb(record),
    "Dial": Verb(dial),
    "Redirect": Verb(redirect, answers=False),
    "Hangup": Verb(hangup),
    "Reject": Verb(reject, answers=False),
    "Sms": Verb(sms, answers=False),
    "Enqueue": Verb(enqueue),
    "Leave": Verb(leave, answers=False),
    "Connect": Verb(connect),
    "Pay": Verb(pay),
    "Refer": Verb(refer),
    "Echo": Verb(echo),
    "Start": Verb(background, answers=False),
    "Stop": Verb(background, answers=False),
}
