"""A transfer that is recorded, and what becomes of it."""

from __future__ import annotations

import _office
from _generation import GENERATION

from twiml import DefaultExt, Dial, FunctionExt, Gather, ResponseExt, Say

recipe = [
    Say(f"generation {GENERATION}"),
    FunctionExt("subscribe", fn=_office.subscribe),
    Dial("+441314960123", record="record-from-answer"),
    FunctionExt("what became of it", fn=_office.quick),
    Gather(
        [Say(f"generation {GENERATION}, somebody else?")],
        num_digits=1,
        after_ext=[
            ResponseExt("1", "somebody else", [Dial("+441314960124"), FunctionExt("and now", fn=_office.slow)]),
            DefaultExt("nobody", [Say("Goodbye")]),
        ],
    ),
]
