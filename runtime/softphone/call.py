"""One call, from the first webhook to the last callback: Twilio's engine.

One document runs at a time, its verbs top to bottom. A verb returns None, and the next one runs, or a `Fetch`,
and the document there takes over; what followed is lost. When the verbs run out the call is hung up. What each verb
does is its function in the table of `verbs`; this module fetches, keeps the books, and ends the call:

    ringing --(a verb that needs media)--> in-progress --(somebody hangs up)--> completed
       '--(Reject)--> busy | no-answer

Time is the call's own. Speech, pauses, timeouts and ringing move its clock and take none of yours, unless you pass
`wait`, which is awaited with the seconds each time.
(Twilio's documentation: "TwiML for Programmable Voice".)
"""

from __future__ import annotations

import asyncio
import enum
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import aiohttp

from runtime.softphone import fields
from runtime.softphone.caller import Act, Answer, Caller, Press, Prompt, Script
from runtime.softphone.document import Document, Fault, children, complaint, name, read
from runtime.softphone.fields import Leg
from runtime.softphone.steps import Callback, Fetch, Over
from runtime.softphone.transcript import Line, Transcript
from runtime.softphone.verbs import VERBS, WAITING
from runtime.softphone.wire import Wire, bare_url, resolve
from twiml.declare import Spec, element_of_tag, spec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from lxml import etree

    from runtime.softphone.document import Reply
    from runtime.softphone.fields import Fields


class Same(enum.Enum):
    """The type of `SAME`."""

    SAME = "the voice URL"


SAME: Final = Same.SAME

# The fields worth a place in a request's line.
_SHOWN = (
    "Digits",
    "SpeechResult",
    "DialCallStatus",
    "QueueResult",
    "Result",
    "ReferCallStatus",
    "RecordingDuration",
    "TranscriptionText",
)
_XML = "{http://www.w3.org/XML/1998/namespace}"
"""What lxml puts before xml:lang and the like."""


class Call:
    """A phone call to a voice URL.

    Args:
        url: the voice URL. Its fragment may carry connection overrides (`#tt=2000`).
        auth_token: signs the webhooks.
        from_: who calls.
        to: who is called.
        script: what the caller does, as a list of acts, or a `Caller` who decides.
        status_callback: where the call's end is told; the voice URL by default, None for nowhere.
        direction: `inbound`, or `outbound-api`: the application calls, the script is who it calls.
        call_sid: the call's identifier; a new one by default.
        account_sid: the account's; one of zeros by default.
        session: an aiohttp session to use, and not to close.
        on_line: told each line of the transcript as it is written.
        max_documents: the call is hung up rather than ask for more documents than that.
        wait: awaited with the seconds whenever the call's clock moves.

    Example:
        call = Call("https://ivr.example.com/menu", auth_token=token, script=[Press("1")])
        transcript = await call.run()
        assert "sales" in transcript.said[-1]

    Raises:
        ValueError: the URL is none that Twilio requests.
    """

    def __init__(  # noqa: PLR0913 - a call is described by that much
        self,
        url: str,
        *,
        auth_token: str,
        from_: str = "+14155550100",
        to: str = "+14155550199",
        script: Iterable[Act] | Caller = (),
        status_callback: str | Same | None = SAME,
        direction: str = "inbound",
        call_sid: str | None = None,
        account_sid: str | None = None,
        session: aiohttp.ClientSession | None = None,
        on_line: Callable[[Line], None] | None = None,
        max_documents: int = 200,
        wait: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        try:
            self._url = resolve(url, "")
        except Fault as fault:
            raise ValueError(fault.reason) from fault
        if direction not in {"inbound", "outbound-api"}:
            raise ValueError(f"a call is inbound or outbound-api, not {direction!r}")
        self.leg = Leg(
            call_sid or fields.sid("CA"),
            account_sid or fields.ACCOUNT_SID,
            from_,
            to,
            direction,
            application_sid="AP" + "0" * 32 if from_.startswith("client:") else "",
        )
        self.caller: Caller = script if isinstance(script, Caller) else Script(script)
        self.status = "ringing"
        self.document = Document(bare_url(self._url), ())
        self.transcript = Transcript(on_line=on_line)
        self.queues = 0
        self._status_callback = self._url if status_callback is SAME else status_callback
        self._token = auth_token
        self._session = session
        self._max_documents = max_documents
        self._wait = wait
        self._began = datetime.now(UTC)
        self._elapsed = 0.0
        self._picked_up: float | None = None
        self._documents = 0
        self._ahead = ""
        self._late: list[Callback] = []

    @property
    def call_sid(self) -> str:
        """The call's identifier."""
        return self.leg.call_sid

    async def run(self) -> Transcript:
        """Make the call, and return when it is over and its callbacks are sent.

        Cancelled, the caller hangs up: the status callback is still sent.

        Raises:
            RuntimeError: the call was made before.
        """
        if self.transcript.lines:
            raise RuntimeError(f"call {self.call_sid} was made before; a new one is a new Call")
        if self._session is not None:
            return await self._run(self._session)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            return await self._run(session)

    # --- from beginning to end ---------------------------------------------------

    async def _run(self, session: aiohttp.ClientSession) -> Transcript:
        self._wire = Wire(session, self._token, self.transcript.requests)
        self.tell("call", f"{self.leg.from_} → {self.leg.to}")
        try:
            if self.leg.direction == "outbound-api":
                await self._ring()
            await self._follow(Fetch(self._url, fields=fields.first(self.leg)))
            self.pick_up()
            end = Over("application", "no verb left")
        except Over as over:
            end = over
        except Fault as fault:
            self.tell("error", f"an application error has occurred: {fault}")
            end = Over("error", f"error {fault.code}")
        except asyncio.CancelledError:
            await self._end(Over("caller"))
            raise
        await self._end(end)
        return self.transcript

    async def _ring(self) -> None:
        act = await self.ask(Prompt("Call", answer=True, default=Answer()))
        outcome = act.outcome if isinstance(act, Answer) else "no-answer"
        if outcome != "completed":
            raise Over("caller", outcome, outcome)
        self.pick_up()

    async def _follow(self, step: Fetch | None) -> None:
        while step is not None:
            self.document = await self._fetch(step)
            step = await self._perform(self.document)

    async def _fetch(self, step: Fetch) -> Document:
        if self._documents == self._max_documents:
            raise Over("guard", f"{self._max_documents} documents, and no end")
        self._documents += 1
        outcome: Document | Fault
        try:
            standard = fields.standard(self.leg, self.status)
            outcome = read(await self._exchange("voice", step.url, step.method, standard, step.fields))
        except Fault as fault:
            outcome = fault
        for callback in step.then:
            await self.callback(callback)
        if self.gone or self.caller.hangs_up("Redirect"):
            # Twilio asks for the document all the same, and performs nothing of it.
            if isinstance(outcome, Fault):
                self.warn(outcome.code, outcome.reason)
            raise Over("caller")
        if isinstance(outcome, Fault):
            raise outcome
        return outcome

    async def _perform(self, document: Document) -> Fetch | None:
        for element in document.verbs:
            verb = VERBS.get(name(element))
            if verb is None:
                self.warn(12200, f"<{name(element)}> is no verb; it is passed over")
                continue
            if self.queues and name(element) not in WAITING:
                self.warn(12200, f"<{name(element)}> has no place in a waitUrl's document; it is passed over")
                continue
            self._warn_of_attributes(element)
            if verb.answers:
                self.pick_up()
            step = await verb.perform(self, element)
            if step is not None:
                return step
        return None

    def _warn_of_attributes(self, element: etree._Element, home: Spec | None = None) -> None:
        """Twilio passes over attributes that it doesn't know, with a warning."""
        kind = element_of_tag(name(element), inside=home)
        if kind is None:
            return
        known = {each.xml for each in spec(kind).attributes}
        for attribute in element.attrib:
            if (plain := str(attribute).replace(_XML, "xml:")) not in known:
                self.warn(12200, f"<{name(element)}> has no attribute {plain}")
        for child in children(element):
            self._warn_of_attributes(child, spec(kind))

    async def _end(self, over: Over) -> None:
        seconds = 0 if self._picked_up is None else round(self._elapsed - self._picked_up)
        self.status = over.status
        self.transcript.ended_by = over.by
        ahead = (Press(self._ahead),) if self._ahead else ()
        self.transcript.left = (*ahead, *self.caller.left)
        who = {"caller": "the caller hangs up", "guard": "the softphone hangs up", "error": "hung up"}
        why = f" ({over.why})" if over.why else ""
        self.tell("ended", f"{who.get(over.by, 'the application ends the call')}{why}")
        if self.transcript.left:
            self.tell("note", f"the script still had: {', '.join(map(str, self.transcript.left))}")
        if self._status_callback is not None:
            told = fields.status(self.leg, self.status, self.now, 0, seconds)
            await self.callback(Callback("status", self._status_callback, "POST", told))
        for callback in self._late:
            await self.callback(callback)

    async def _exchange(self, purpose: str, url: str, method: str, standard: Fields, extra: Fields) -> Reply:
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

    # --- what the verbs use ------------------------------------------------------

    @property
    def gone(self) -> bool:
        """Whether the caller has hung up."""
        return self.status == "completed"

    @property
    def now(self) -> datetime:
        """The time, by the call's own clock."""
        return self._began + timedelta(seconds=self._elapsed)

    def tell(self, kind: str, text: str) -> None:
        """Write down what happened."""
        self.transcript.add(Line(kind, text, self.document.url, self._elapsed))

    def warn(self, code: int, text: str) -> None:
        """Write down what Twilio's debugger would warn of."""
        self.transcript.warnings.append(f"{code} {text}")
        self.tell("warning", f"{code} {text}")

    def pick_up(self) -> None:
        """The call is answered, if it wasn't."""
        if self.status == "ringing":
            self.status = "in-progress"
            self._picked_up = self._elapsed

    def put_down(self) -> None:
        """The caller hangs up in a verb that still asks for its action."""
        self.status = "completed"

    async def elapse(self, seconds: float, during: str = "") -> None:
        """Let time pass; `during` a verb that asks nothing, the caller may hang up."""
        if during and self.caller.hangs_up(during):
            raise Over("caller", f"during {during}")
        self._elapsed += seconds
        if self._wait is not None:
            await self._wait(seconds)

    async def ask(self, prompt: Prompt) -> Act:
        """What the caller does; keys typed ahead come first."""
        if self._ahead and prompt.hears(ahead := Press(self._ahead)):
            self._ahead = ""
            return ahead
        return await self.caller.answer(prompt)

    def type_ahead(self, keys: str) -> None:
        """Keep keys that came too early for the next prompt."""
        self._ahead = keys

    async def conclude(
        self,
        element: etree._Element,
        extra: Fields,
        *,
        always: bool = False,
        then: tuple[Callback, ...] = (),
    ) -> Fetch | None:
        """The end of a verb: its action, if it has one, else the next verb.

        Args:
            element: the verb.
            extra: the fields it adds.
            always: without an action, the current document's URL is asked again.
            then: callbacks that follow.
        """
        if always or element.get("action", "").strip():
            return self.fetch(element, element.get("action", ""), extra=extra, then=then)
        for callback in then:
            await self.callback(callback)
        if self.gone:
            raise Over("caller")
        return None

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

    async def callback(self, callback: Callback) -> None:
        """Send a callback. One that fails is a warning; the caller hears nothing of it."""
        try:
            answer = await self._exchange(callback.purpose, callback.url, callback.method, callback.fields, {})
        except Fault as fault:
            self.warn(fault.code, f"{callback.purpose} callback: {fault.reason}")
            return
        if text := complaint(answer):
            self.warn(15003, text)

    def later(self, callbacks: Iterable[Callback]) -> None:
        """Send these when the call is over."""
        self._late += callbacks

    async def aside(self, step: Fetch) -> None:
        """Perform another document, and those it leads to, within this verb."""
        outer = self.document
        self.queues += 1
        try:
            await self._follow(step)
        finally:
            self.document = outer
            self.queues -= 1

    def number(self, element: etree._Element, attribute: str, default: int = 0) -> int:
        """An attribute that is a whole number."""
        text = element.get(attribute, "").strip()
        if not text:
            return default
        if text.isascii() and text.isdigit():
            return int(text)
        self.warn(12200, f'<{name(element)} {attribute}="{text}">: not a whole number; it counts as {default}')
        return default


def method(element: etree._Element, name: str = "method") -> str:
    """The method that an attribute names; POST without one."""
    return "GET" if element.get(name, "").strip().upper() == "GET" else "POST"
