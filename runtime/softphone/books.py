"""What a call writes down, and what it sends: its lines and warnings, its requests and callbacks, by its own clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from runtime.softphone.document import Document, Fault, children, complaint, name
from runtime.softphone.steps import Callback, Fetch
from runtime.softphone.transcript import Line, Transcript
from runtime.softphone.wire import resolve
from twiml import Spec, element_of_tag, spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lxml import etree

    from runtime.softphone.document import Reply
    from runtime.softphone.fields import Fields, Recording
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
_XML = "{http://www.w3.org/XML/1998/namespace}"
"""What lxml puts before xml:lang and the like."""


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

    # --- what an element's attributes say ------------------------------------------

    def number(self, element: etree._Element, attribute: str, default: int = 0) -> int:
        """An attribute that is a whole number."""
        text = element.get(attribute, "").strip()
        if not text:
            return default
        if text.isascii() and text.isdigit():
            return int(text)
        self.warn(12200, f'<{name(element)} {attribute}="{text}">: not a whole number; it counts as {default}')
        return default

    def callback_of(self, purpose: str, element: etree._Element, attribute: str, extra: Fields) -> tuple[Callback, ...]:
        """The callback that an element's attribute of this name asks for, if it does."""
        url = element.get(attribute, "").strip()
        if not url:
            return ()
        try:
            return (Callback(purpose, resolve(self.document.url, url), method(element, f"{attribute}Method"), extra),)
        except Fault as fault:
            self.warn(fault.code, f"{attribute}: {fault.reason}")
            return ()

    def fetch(
        self,
        element: etree._Element,
        url: str,
        method_name: str = "method",
        extra: Fields | None = None,
        then: tuple[Callback, ...] = (),
    ) -> Fetch:
        """The document at a URL that an element names, relative to the current one's."""
        return Fetch(resolve(self.document.url, url), method(element, method_name), extra or {}, then)

    def warn_of_attributes(self, element: etree._Element, home: Spec | None = None) -> None:
        """Twilio passes over attributes that it doesn't know, with a warning."""
        kind = element_of_tag(name(element), inside=home)
        if kind is None:
            return
        known = {each.xml for each in spec(kind).attributes}
        for attribute in element.attrib:
            if (plain := str(attribute).replace(_XML, "xml:")) not in known:
                self.warn(12200, f"<{name(element)}> has no attribute {plain}")
        for child in children(element):
            self.warn_of_attributes(child, spec(kind))


def method(element: etree._Element, name: str = "method") -> str:
    """The method that an attribute names; POST without one."""
    return "GET" if element.get(name, "").strip().upper() == "GET" else "POST"
