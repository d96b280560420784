"""A message, recorded and transcribed, and another."""

from __future__ import annotations

import _office
from _generation import GENERATION

from twiml import DefaultExt, FunctionExt, Gather, Record, ResponseExt, Say

recipe = [
    Say(f"generation {GENERATION}"),
    FunctionExt("subscribe", fn=_office.subscribe),
    Record(max_length=30, transcribe=True, timeout=2),
    FunctionExt("keep it", fn=_office.quick),
    Gather(
        [Say(f"generation {GENERATION}, another?")],
        num_digits=1,
        after_ext=[
            ResponseExt("1", "another", [Record(max_length=20), FunctionExt("keep it", fn=_office.slow)]),
            DefaultExt("no more", [Say("Goodbye")]),
        ],
    ),
]
