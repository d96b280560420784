"""What functions write down for the auditor: a line each time, in files that every daemon appends to.

Each call has a file of its own, so that none grows: a line still fits when the journal's disk is full.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twiml import Say

if TYPE_CHECKING:
    from actors import Call, Webhook


def write(call: Call, diary: str, **what: Any) -> None:
    """Append one line, in one go."""
    line = json.dumps({"call_sid": call.call_sid, **what}) + "\n"
    file = os.open(Path(call.settings["diary"]) / diary / call.call_sid, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)


def begin(call: Call, name: str) -> str:
    """A callout begins; gives a word that no other try of it has."""
    word = secrets.token_hex(4)
    write(call, "callouts", edge="begin", step_id=call.step_id, name=name, word=word, at=time.time())
    return word


def end(call: Call, name: str, word: str) -> Say:
    """It is done: the caller hears the word, and `call.data` has it."""
    call.data[call.step_id] = word
    write(call, "callouts", edge="end", step_id=call.step_id, name=name, word=word, at=time.time())
    return Say(f"taken {call.step_id} {word}")


def tell(webhook: Webhook, call: Call, event: str, function: str) -> None:
    """A subscribed function was told of something. Of some events it fails at the first try; of a few, each time."""
    key = f"{call.call_sid} {function} {event} {webhook.arrived!r}"
    chance = hashlib.blake2b(key.encode(), digest_size=1).digest()[0]
    if chance < 4:
        raise RuntimeError("it fails each time")
    if chance < 40 and _first(call, key):
        raise RuntimeError("it fails at the first try")
    sid = webhook.params.get("RecordingSid", "")
    write(call, "told", event=event, function=function, at=webhook.arrived, recording=sid)


def _first(call: Call, key: str) -> bool:
    tried = hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
    try:
        (Path(call.settings["diary"]) / "tried" / tried).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True
