"""A flow that is made for each call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import _diary
import _office

from twiml import DefaultExt, FunctionExt, Gather, ResponseExt, Say

if TYPE_CHECKING:
    from actors import Call


def recipe(call: Call) -> Any:
    word = _diary.begin(call, "recipe")
    question = Gather(
        [Say("made for you")],
        num_digits=1,
        after_ext=[
            ResponseExt("1", "one", [FunctionExt("slow", fn=_office.slow)]),
            ResponseExt("2", "two", [FunctionExt("nested", fn=_office.nested)]),
            DefaultExt("neither", [Say("Goodbye")]),
        ],
    )
    return [_diary.end(call, "recipe", word), question], _office.SUBSCRIPTIONS
