"""What a verb leads to: the next document, a callback, or the call's end."""

from __future__ import annotations

from dataclasses import dataclass, field

from runtime.softphone.fields import Fields


@dataclass(frozen=True, slots=True)
class Callback:
    """A request whose answer is not performed."""

    purpose: str
    url: str
    method: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Fetch:
    """The next document: where it is, what the verb adds to the standard fields, and the callbacks that follow.

    With `twiml` it is at hand, and not asked for. One that `falls_back` is in another's place, and has none in its own.
    """

    url: str
    method: str = "POST"
    fields: Fields = field(default_factory=dict)
    then: tuple[Callback, ...] = ()
    twiml: str = ""
    falls_back: bool = False


class Over(Exception):
    """The call is over: who ended it (as in `Transcript.ended_by`), why, and the status it ends with."""

    def __init__(self, by: str, why: str = "", status: str = "completed") -> None:
        super().__init__(why)
        self.by = by
        self.why = why
        self.status = status


class Moved(Exception):
    """The call goes on elsewhere: it was redirected from outside."""

    def __init__(self, step: Fetch) -> None:
        super().__init__()
        self.step = step


class Left(Exception):
    """`<Leave>`: the caller leaves the queue they wait in."""
