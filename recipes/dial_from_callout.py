"""Dials whomever a function names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes._phones import my_phone
from twiml import Dial, FunctionExt, Noun, Number, Say

if TYPE_CHECKING:
    from actors import Call


def whoever_is_on_duty(call: Call) -> list[Noun]:
    """Inside Dial a callout returns nouns."""
    return [Number(my_phone(call))]


recipe = [
    Say("Putting you through to whoever is on duty."),
    Dial([FunctionExt("find out who is on duty", fn=whoever_is_on_duty)]),
]
