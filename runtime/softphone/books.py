"""What a call writes down, and what it sends: its lines and warnings, its requests and callbacks, by its own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runtime.softphone.document import Document, Fault, complaint
from runtime.softphone.transcript import Line, Transcript

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runtime.softphone.document import Reply
    from runtime.softphone.fields import Fields, Recording
    from runtime.softphone.steps import Callback
    from runtime.softphone.wire import Wire

_SHOWN = (
    "AnsweredBy",
    "Digits",
    "SpeechResult",
    "DialCallStatus",
    "QueueResult",
    "Result",
    "ReferCallStatus",
    "RecordingDuration",
    "TranscriptionText",
)
"""The fields worth a place in a request's line."""


class Books:
    """A call's books, which its verbs write in.

    Args:
        url: where the call begins.
        on_line: told each line of the transcript as it is written.
        began: when the call was made; now, by default.
    """

    _wire: Wire

    def __init__(self, url: str, on_line: Callable[[Line], None] | None, began: datetime | None) -> None:
        self.document = Document(url, ())
        """The one that is performed."""
        self.transcript = Transcript(on_line=on_line)
        self.recordings: list[Recording] = []
        self.began = began or datetime.now(UTC)
        self._elapsed = 0.0
        self._late: list[Callback] = []

    @property
    def now(self) -> datetime:
        """The time, by the call's own clock."""
        return self.began + timedelta(seconds=self._elapsed)

    def tell(self, kind: str, text: str) -> None:
        """Write down what happened."""
        self.transcript.add(Line(kind, text, self.document.url, self._elapsed))

    def warn(self, code: int, text: str) -> None:
        """Write down what Twilio's debugger would warn of."""
        self.transcript.warnings.append(f"{code} {text}")
        self.tell("warning", f"{code} {text}")

    async def callback(self, callback: Callback) -> None:
        """Send a callback. One that fails is a warning; the caller hears nothing of it."""
        try:
            answer = await self.exchange(callback.purpose, callback.url, callback.method, callback.fields, {})
        except Fault as fault:
            self.warn(fault.code, f"{callback.purpose} callback: {fault.reason}")
            return
        if text := complaint(answer):
            self.warn(15003, text)

    def later(self, callbacks: Iterable[Callback]) -> None:
        """Send these when the call is over."""
        self._late += callbacks

    async def exchange(self, purpose: str, url: str, method: str, standard: Fields, extra: Fields) -> Reply:
        """Send a request, and write it down with its answer.

        Raises:
            Fault: there is none.
        """
        sent = len(self.transcript.requests)
        try:
            return await self._wire.exchange(purpose, url, method, standard, extra)
        finally:
            for request in self.transcript.requests[sent:]:
                parts = urlsplit(request.url)
                query = f"?{parts.query}" if parts.query and request.method != "GET" else ""
                shown = [f"{key}={request.params[key]}" for key in _SHOWN if key in request.params]
                status = request.params.get("CallStatus", "in-progress")
                if status != "in-progress":
                    shown.insert(0, status)
                text = "  ".join([f"{request.method} {parts.path}{query}", *shown, str(request.status or "no answer")])
                failed = request.status is None or request.status >= 400
                kind = "request" if purpose == "voice" else "callback"
                self.transcript.add(Line(kind, text, request.url, self._elapsed, request.took, failed))
