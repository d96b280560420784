"""A callout in the middle of things: says something, calls out, sends a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes._phones import caller_id, my_phone
from recipes.call_out import external_function
from twiml import FunctionExt, Say, Sms, Verb

if TYPE_CHECKING:
    from actors import Call


def recipe(call: Call) -> list[Verb]:
    """The numbers are known when the call is there."""
    return [
        Say("I am sending somebody a text message."),
        FunctionExt("call out to function", fn=external_function),
        Sms("howdy", to=my_phone(call), from_=caller_id(call)),
    ]
