"""Says that a text is on its way, and sends it to my phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes._phones import caller_id, my_phone
from twiml import Say, Sms, Verb

if TYPE_CHECKING:
    from actors import Call


def recipe(call: Call) -> list[Verb]:
    """The numbers are known when the call is there."""
    return [
        Say("I am sending somebody a text message."),
        Sms("howdy", to=my_phone(call), from_=caller_id(call)),
    ]
