"""A menu that says that it will repeat."""

from __future__ import annotations

from twiml import Gather, RepeatExt, ResponseExt, Say

recipe = [
    Gather(
        num_digits=1,
        auto_menu_ext=True,
        after_ext=[
            ResponseExt("1", "Praise", [Say("You have a lovely telephone voice")]),
            ResponseExt("2", "Advice", [Say("Siempre llueve sobre mojado", language="es")]),
            RepeatExt(),
        ],
    )
]
