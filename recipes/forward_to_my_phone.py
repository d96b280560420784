"""Forwards the caller to my phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes._phones import my_phone
from twiml import Dial, Number, Say, Verb

if TYPE_CHECKING:
    from actors import Call


def recipe(call: Call) -> list[Verb]:
    """The number is known when the call is there."""
    return [Say("Putting you through."), Dial([Number(my_phone(call))])]
