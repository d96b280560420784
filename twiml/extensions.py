"""Extended TwiML: what the compiler turns into states, and Twilio never sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twiml.declare import ANY, Extension, Verb, attribute, nested, verb
from twiml.rules import KEYS, PHRASES, TEXT, matching, text

TITLE = text(200)
DOTTED = matching(
    "a dotted Python name", lambda name: all(part.isidentifier() for part in name.split(".")), "is not a Python name"
)
LABEL = matching("a name that begins with a letter", lambda name: name[:1].isalpha(), "must begin with a letter")
EVENTS = ("recording", "completion", "transcription", "status", "dial")
"""What a callout may subscribe a function to."""


@verb
class ResponseExt(Extension):
    """What happens when the caller keys `response`, or says one of the words in `speech`."""

    response: str = attribute(KEYS, positional=True, required=True)
    title: str | None = attribute(TITLE, positional=True)
    body: Sequence[Verb] = nested(ANY)
    speech: Sequence[str] | None = attribute(PHRASES)


@verb
class DefaultExt(Extension):
    """What happens when nothing was keyed, or nothing that the menu knows."""

    title: str | None = attribute(TITLE, positional=True)
    body: Sequence[Verb] = nested(ANY)


@verb
class RepeatExt(Extension):
    """Ask again. A Gather whose `after_ext` names no default does so too."""


@verb
class FunctionExt(Extension):
    """Call out to Python. The verbs the function returns take this one's place in the call.

    >>> FunctionExt("opening hours", module="office", fn="opening_hours").fn
    'opening_hours'

    `fn` may be the function itself, which then must be one that can be imported by name; its
    module is taken from it. The title is what pictures call it, by default the function's name.
    """

    title: str | None = attribute(TITLE, positional=True)
    module: str | None = attribute(DOTTED, positional=True, required=True)
    fn: str | Callable[..., Any] | None = attribute(DOTTED, positional=True, required=True)

    def __post_init__(self) -> None:
        fn = self.fn
        if callable(fn):
            object.__setattr__(self, "module", self.module or getattr(fn, "__module__", None))
            fn = getattr(fn, "__qualname__", type(fn).__qualname__)
            object.__setattr__(self, "fn", fn)
        object.__setattr__(self, "title", self.title or fn)


@verb
class GotoExt(Extension):
    """Go on at another state: its rank, as the picture shows it ("1.2.3"), or a label's name."""

    target: str = attribute(TEXT, positional=True, required=True)


@verb
class LabelExt(Extension):
    """Names the state that follows, for GotoExt. Takes no rank of its own."""

    name: str = attribute(LABEL, positional=True, required=True)
