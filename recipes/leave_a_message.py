"""An answering machine: a beep, and a minute to speak."""

from __future__ import annotations

from twiml import Record, Say

recipe = [
    Say("Please leave a message after the tone."),
    Record(play_beep=True, max_length=60),
]
