"""A call for the walks: a key that two functions are called out to for, another key, a recording, the end.

And messages, for who wants to know what became of them. Each function writes a line when it begins and one when it has
finished, into the call's own file, or the message's.
"""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from tests.faults.points import POINTS
from twiml import FunctionExt, Gather, Record, ResponseExt, Say

if TYPE_CHECKING:
    from actors import Call, Text, Webhook


def note(about: Call | Text, line: str) -> None:
    """Write a line, which stays whatever becomes of the process, between two points."""
    sid = getattr(about, "call_sid", "") or getattr(about, "sid", "")
    words = line.replace(sid, "")
    POINTS.come_by(f"before {words!r}")
    file = os.open(f"{about.settings['notes']}/{sid}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, f"{line}\n".encode())
    os.close(file)
    POINTS.come_by(f"behind {words!r}")


def look_up(call: Call) -> object:
    """A callout on a thread; what it leaves in `call.data` is heard of at the end."""
    note(call, f"begun {call.step_id}")
    call.data["keyed"] = call.digits
    note(call, f"finished {call.step_id}")
    return [Say(f"You keyed {call.digits}.")], [("completion", over), ("recording", recorded)]


async def think(call: Call) -> object:
    """A callout on the loop."""
    note(call, f"begun {call.step_id}")
    await asyncio.sleep(0)
    call.data["thought"] = call.data["keyed"] * 2
    note(call, f"finished {call.step_id}")
    return [Say("We have thought about it.")]


async def recorded(webhook: Webhook, call: Call) -> None:
    """Somebody wants to know of recordings; a coroutine."""
    note(call, f"telling of {webhook.params['RecordingSid']}")
    await asyncio.sleep(0)
    note(call, f"told of {webhook.params['RecordingSid']}")


def over(_: Webhook, call: Call) -> None:
    """Somebody wants to know of the end; on a thread."""
    note(call, f"telling of the end, and {call.data['thought']}")
    note(call, f"told of the end, and {call.data['thought']}")


def arrived(webhook: Webhook, message: Text) -> None:
    """Somebody wants to know of messages; on a thread."""
    note(message, f"telling of {webhook.message_status}")
    note(message, f"told of {webhook.message_status}")


subscriptions = [("message_status", arrived)]
more = Gather([Say("More?")], num_digits=1, after_ext=[ResponseExt("2", "two", [Say("Two."), Record()])])
looked_up = [FunctionExt("look it up", fn=look_up), FunctionExt("think about it", fn=think), more]
recipe = [Gather([Say("What?")], num_digits=1, after_ext=[ResponseExt("1", "one", looked_up)])]
