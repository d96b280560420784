"""A menu without a default, which repeats of itself."""

from __future__ import annotations

from twiml import Gather, ResponseExt, Say

recipe = [
    Gather(
        num_digits=1,
        auto_menu_ext=True,
        after_ext=[
            ResponseExt("1", "Praise", [Say("You have a lovely telephone voice")]),
            ResponseExt("2", "Advice", [Say("Tout vient à point à qui sait attendre", language="fr")]),
        ],
    )
]
