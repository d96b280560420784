"""A flow that nobody is told of, and that calls nothing."""

from __future__ import annotations

from _generation import GENERATION

from twiml import DefaultExt, Gather, GotoExt, LabelExt, ResponseExt, Say

recipe = [
    Say(f"generation {GENERATION}"),
    LabelExt("top"),
    Gather(
        [Say(f"generation {GENERATION}, one or two?")],
        num_digits=1,
        after_ext=[
            ResponseExt("1", "one", [Say(f"generation {GENERATION}, one"), GotoExt("top")]),
            ResponseExt("2", "two", [Say(f"generation {GENERATION}, two")]),
            DefaultExt("neither", [Say("Goodbye")]),
        ],
    ),
]
