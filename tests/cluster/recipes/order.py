"""An order in three questions. What was answered to the first is remembered in `call.data` until the last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twiml import DefaultExt, FunctionExt, Gather, Hangup, ResponseExt, Say

if TYPE_CHECKING:
    from actors import Call
    from twiml import Verb


def write_down(call: Call) -> list[Verb]:
    """Keep the number, and go on to the next question."""
    call.data["copies"] = call.digits or "1"
    return []


def confirm(call: Call) -> list[Verb]:
    """Say what was kept, whichever daemon kept it."""
    return [Say(f"{call.data['copies']} copies are on their way. Goodbye."), Hangup()]


recipe = [
    Gather(
        [Say("Welcome to the Corner Bookshop. How many copies would you like?")],
        num_digits=1,
        after_ext=[DefaultExt("a number", [FunctionExt("write it down", fn=write_down)])],
    ),
    Gather(
        num_digits=1,
        auto_menu_ext=True,
        after_ext=[
            ResponseExt("1", "collecting them", [Say("They wait at the till. Goodbye."), Hangup()]),
            ResponseExt("2", "having them sent", []),
            DefaultExt("thinking it over", [Say("Call again. Goodbye."), Hangup()]),
        ],
    ),
    Gather(
        [Say("To confirm, press 1. To call it off, hang up.")],
        num_digits=1,
        after_ext=[ResponseExt("1", "yes", [FunctionExt("confirm the order", fn=confirm)]), DefaultExt("no", [])],
    ),
    Say("Nothing was ordered. Goodbye."),
]
