"""A menu with everything behind it."""

from __future__ import annotations

import _office
from _generation import GENERATION

from twiml import DefaultExt, FunctionExt, Gather, GotoExt, LabelExt, RepeatExt, ResponseExt, Say

inner = Gather(
    [Say("One more question")],
    num_digits=1,
    after_ext=[
        ResponseExt("1", "yes", [FunctionExt("look it up", fn=_office.quick), GotoExt("menu")]),
        ResponseExt("2", "no", [Say("No, then"), GotoExt("menu")]),
        RepeatExt(),
    ],
)

recipe = [
    Say(f"generation {GENERATION}"),
    FunctionExt("subscribe", fn=_office.subscribe),
    LabelExt("menu"),
    Gather(
        [Say(f"generation {GENERATION}, the menu")],
        num_digits=1,
        after_ext=[
            ResponseExt("1", "quick", [FunctionExt("quick", fn=_office.quick), GotoExt("menu")]),
            ResponseExt("2", "slow", [Say("wait"), FunctionExt("slow", fn=_office.slow), GotoExt("menu")]),
            ResponseExt("3", "coroutine", [FunctionExt("coroutine", fn=_office.slow_coroutine), GotoExt("menu")]),
            ResponseExt("4", "nested", [FunctionExt("nested", fn=_office.nested), GotoExt("menu")]),
            ResponseExt("5", "inner", [inner]),
            ResponseExt("6", "failing", [FunctionExt("failing", fn=_office.failing)]),
            ResponseExt("7", "failing late", [FunctionExt("failing late", fn=_office.failing_late)]),
            ResponseExt("8", "nonsense", [FunctionExt("nonsense", fn=_office.nonsense)]),
            ResponseExt("9", "endless", [FunctionExt("endless", fn=_office.endless)]),
            DefaultExt("goodbye", [FunctionExt("quick", fn=_office.quick), Say("Goodbye")]),
        ],
    ),
]
