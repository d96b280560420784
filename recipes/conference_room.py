"""A conference room: whoever calls is in it, and it ends when somebody leaves."""

from __future__ import annotations

from twiml import Conference, Dial, Say

recipe = [
    Say("Welcome to a simple conference call. Have someone else call this number."),
    Dial(
        [
            Conference(
                "the long table",
                beep=True,
                start_conference_on_enter=True,
                end_conference_on_exit=True,
            )
        ]
    ),
]
