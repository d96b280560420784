"""What was said and done in a call, line by line, and what went over the wire."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runtime.softphone.caller import Act

KINDS = {
    "call": ("☎", "caller"),
    "request": ("→", "twilio"),
    "callback": ("↗", "twilio"),
    "said": ("“", "application"),
    "played": ("♪", "application"),
    "pressed": ("#", "caller"),
    "spoke": ("»", "caller"),
    "silence": ("…", "caller"),
    "wait": ("…", "application"),
    "dialled": ("☏", "application"),
    "answered": ("☏", "callee"),
    "recorded": ("●", "twilio"),
    "sms": ("✉", "application"),
    "note": ("·", "twilio"),
    "warning": ("!", "twilio"),
    "error": ("✗", "twilio"),
    "ended": ("■", "caller"),
}
"""The mark of each kind of line, and whose doing it is."""

OUTER = {"call", "request", "callback", "error", "ended"}
"""These begin a line; the others stand below the document they belong to."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened.

    Attributes:
        kind: one of `KINDS`.
        text: it, in words.
        url: the document it happened in; for a request, what was requested.
        at: seconds into the call, by the call's own clock.
        took: for a request, the seconds until its answer was there, by a real clock.
        failed: for a request, whether no good answer came.
    """

    kind: str
    text: str
    url: str = ""
    at: float = 0.0
    took: float | None = None
    failed: bool = False

    @property
    def who(self) -> str:
        """Who did it: `application`, `caller`, `callee` or `twilio`."""
        return KINDS[self.kind][1]

    @property
    def state(self) -> str:
        """The path of the URL, which ends in the state's rank: `/menu/1.3`."""
        return urlsplit(self.url).path or "/"

    @property
    def printable(self) -> str:
        """The text, safe for a terminal."""
        return "".join(c if c.isprintable() else " " for c in self.text)

    def __str__(self) -> str:
        indent = "" if self.kind in OUTER else "    "
        return f"{indent}{KINDS[self.kind][0]} {self.printable}"


@dataclass(slots=True)
class Request:
    """One request as it was sent, and its answer.

    Attributes:
        purpose: `voice` for a document, else the callback: `status`, `recording`, `transcription`.
        url: what was requested; for a GET with the fields in its query.
        params: the fields sent.
        status: the answer's status; None if there was no answer.
        document: the answer's body as text.
        took: seconds until the answer was there.
    """

    purpose: str
    method: str
    url: str
    params: dict[str, str]
    status: int | None = None
    document: str = ""
    took: float = 0.0


@dataclass(frozen=True, slots=True)
class Sms:
    """A message that the call sent with `<Sms>`."""

    to: str
    from_: str
    text: str


@dataclass(slots=True)
class Transcript:
    """A call, as it went.

    Attributes:
        lines: everything, in order.
        requests: every request that was sent, in order.
        said: the texts spoken to the caller.
        pressed: the keys that prompts took, as keyed.
        dialled: numbers, clients and conferences that were dialled.
        sms: messages sent.
        warnings: what Twilio would have warned of.
        ended_by: `caller`, `application` (a verb, or no verb left), `guard` (too many documents),
            `error`, or empty while the call lasts.
        left: the acts of the script that no prompt asked for.

    `str(transcript)` is the call to read: what happened, without clocks, so that it compares.
    """

    lines: list[Line] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    dialled: list[str] = field(default_factory=list)
    sms: list[Sms] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ended_by: str = ""
    left: Sequence[Act] = ()
    on_line: Callable[[Line], None] | None = field(default=None, repr=False, compare=False)

    @property
    def broken(self) -> bool:
        """Whether the caller heard "an application error has occurred"."""
        return self.ended_by == "error"

    def add(self, line: Line) -> None:
        """Write a line down, and tell who listens."""
        self.lines.append(line)
        if self.on_line is not None:
            self.on_line(line)

    def __str__(self) -> str:
        return "\n".join(str(line) for line in self.lines)
