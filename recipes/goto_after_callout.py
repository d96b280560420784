"""A goto that still lands on the last sentence after a callout's verbs have moved it."""

from __future__ import annotations

from recipes.call_out import external_function
from twiml import FunctionExt, GotoExt, Say

recipe = [
    Say("First things first."),
    FunctionExt("call out to function", fn=external_function),
    GotoExt("4"),
    Say("And that was the last of it."),
]
