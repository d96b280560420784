"""Enqueue: waiting for somebody to take the call, and what the caller hears meanwhile.

The waitUrl is asked for, its documents run, and when they have run out it is asked for again, until the script says
what becomes of the caller:

- `Answer()` takes the call, and so does a script that is used up or has something else to do.
- `Answer("no-answer")`, like any outcome not named here, is another caller's turn: the waiting goes on for one more
  round. As many of these as stand next in the script, so many callers are before this one (`QueuePosition`).
- `Answer("failed")` is Twilio's own failure, `system-error`.
- `HangUp`, or a `<Leave>` in what they hear, ends the waiting. So does a document that is none: `error`.
- Redirected from outside, they are out of it, too: `redirected`, or from the talk `redirected-from-bridged`.

Where more callers are before this one than the queue holds, it is full, and nobody waits.
(Twilio's documentation: "TwiML Voice: Enqueue".)
"""

from __future__ import annotations

from itertools import takewhile
from typing import TYPE_CHECKING

from runtime.softphone import fields
from runtime.softphone.caller import Act, Answer, HangUp, Prompt
from runtime.softphone.document import Fault
from runtime.softphone.steps import Fetch, Left, Moved, Over

if TYPE_CHECKING:
    from datetime import datetime

    from lxml import etree

    from runtime.softphone.call import Call

SIZE = 1000
"""How many callers a queue holds that isn't told."""
_ENDS = {"completed": "bridged", "failed": "system-error"}


async def enqueue(call: Call, element: etree._Element) -> Fetch | None:
    """Wait in a queue. With an action, its document follows however the waiting ends; without, the next verb."""
    queue, began = fields.sid("QU"), call.now
    call.tell("note", f"waiting in the queue {(element.text or '').strip()}")
    talk = 0
    try:
        result, talk = await _waited(call, element, queue, began)
    except Left:
        result = "leave"
    except Fault as fault:
        call.warn(fault.code, f"waitUrl: {fault.reason}")
        result = "error"
    except Over as over:
        if over.by != "caller" and not call.gone:
            raise
        result = "hangup"
    except Moved:
        result = "redirected"
    told = {"QueueResult": result}
    if result != "queue-full":
        told |= {"QueueSid": queue, "QueueTime": str(_seconds(call, began))}
    if result == "hangup":
        call.put_down()
    elif result == "bridged":
        await _talk(call, talk)
        if call.moved:
            told["QueueResult"] = result = "redirected-from-bridged"
    call.tell("note", f"out of the queue: {result}")
    return await call.conclude(element, told)


async def _waited(call: Call, element: etree._Element, queue: str, began: datetime) -> tuple[str, int]:
    """Wait, round by round; what came of it, as a QueueResult, and how many seconds they will talk."""
    size = call.number(element, "maxQueueSize", SIZE)
    while (position := _before(call) + 1) <= size:
        if wait := element.get("waitUrl", "").strip():
            place = fields.queue(queue, position, _seconds(call, began), size)
            await call.aside(call.fetch(element, wait, "waitUrlMethod", place))
        act = await call.ask(Prompt("Enqueue", answer=True, default=Answer()))
        if isinstance(act, HangUp):
            return "redirected" if call.moved else "hangup", 0
        if isinstance(act, Answer) and act.outcome in _ENDS:
            return _ENDS[act.outcome], act.seconds
        call.tell("note", "another caller's turn")
    return "queue-full", 0


async def _talk(call: Call, seconds: int) -> None:
    await call.elapse(seconds)
    if isinstance(await call.ask(Prompt("Enqueue")), HangUp):
        call.put_down()


def _before(call: Call) -> int:
    """How many callers are before this one: the turns of others that come next in the script."""
    return sum(1 for _ in takewhile(_is_anothers, call.caller.left))


def _is_anothers(act: Act) -> bool:
    return isinstance(act, Answer) and act.outcome not in _ENDS


def _seconds(call: Call, began: datetime) -> int:
    return round((call.now - began).total_seconds())
