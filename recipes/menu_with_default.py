"""A menu with a default for callers who press nothing, or anything else."""

from __future__ import annotations

from twiml import DefaultExt, Gather, ResponseExt, Say

recipe = [
    Gather(
        num_digits=1,
        auto_menu_ext=True,
        after_ext=[
            ResponseExt("1", "Praise", [Say("My you are looking swish")]),
            ResponseExt("2", "Abuse", [Say("What you looking at, fannybaws?", language="en-gb")]),
            DefaultExt("a slagging", [Say("can you no use a phone, bawbag?", language="de")]),
        ],
    )
]
