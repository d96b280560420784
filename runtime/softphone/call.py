"""One call, from the first webhook to the last callback: Twilio's engine.

One document runs at a time, its verbs top to bottom. A verb returns None, and the next one runs, or a `Fetch`,
and the document there takes over; what followed is lost. When the verbs run out the call is hung up. What each verb
does is its function in the table of `verbs`; this module fetches, and ends the call:

    ringing --(a verb that needs media)--> in-progress --(somebody hangs up)--> completed
       '--(Reject)--> busy | no-answer

`outbound` says how a call begins that the application makes, `outside` how one is changed while it runs, `books`
what is written down of it.

Time is the call's own. Speech, pauses, timeouts and ringing move its clock and take none of yours, unless you pass
`wait`, which is awaited with the seconds each time.
(Twilio's documentation: "TwiML for Programmable Voice".)
"""

from __future__ import annotations

import asyncio
import enum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import aiohttp

from runtime.softphone import fields, outbound
from runtime.softphone.caller import Act, Caller, Press, Script
from runtime.softphone.document import Document, Fault, name, parse, read
from runtime.softphone.fields import Leg
from runtime.softphone.outbound import Address, Outbound
from runtime.softphone.outside import Interruptible
from runtime.softphone.steps import Callback, Fetch, Moved, Over
from runtime.softphone.verbs import VERBS, WAITING
from runtime.softphone.wire import Wire, bare_url, resolve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping
    from datetime import datetime

    from lxml import etree

    from runtime.softphone.dial import Party
    from runtime.softphone.fields import Fields
    from runtime.softphone.transcript import Line, Transcript


class Same(enum.Enum):
    """The type of `SAME`."""

    SAME = "the voice URL"


SAME: Final = Same.SAME


class Call(Interruptible):
    """A phone call to a voice URL.

    Args:
        url: the voice URL. Its fragment may carry connection overrides (`#tt=2000`).
        auth_token: signs the webhooks.
        from_: who calls.
        to: who is called.
        script: what the caller does, as a list of acts, or a `Caller` who decides.
        status_callback: where the call's end is told; the voice URL by default, None for nowhere.
        fallback: where a document is asked for in place of one that can't be had; nowhere, by default.
        direction: `inbound`, or `outbound-api`: the application calls, the script is who it calls.
        asked: what an outbound call is asked for, beside its URL.
        call_sid: the call's identifier; a new one by default.
        account_sid: the account's; one of zeros by default.
        session: an aiohttp session to use, and not to close.
        on_line: told each line of the transcript as it is written.
        max_documents: the call is hung up rather than ask for more documents than that.
        elsewhere: origins whose requests go to another one, signed as if they didn't: a daemon behind a proxy is
            reached past that with `{"https://ivr.example.com": "http://127.0.0.1:8080"}`.
        wait: awaited with the seconds whenever the call's clock moves.
        began: when the call is made; now, by default.

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
        fallback: Address | None = None,
        direction: str = "inbound",
        asked: Outbound | None = None,
        call_sid: str | None = None,
        account_sid: str | None = None,
        session: aiohttp.ClientSession | None = None,
        on_line: Callable[[Line], None] | None = None,
        max_documents: int = 200,
        elsewhere: Mapping[str, str] = MappingProxyType({}),
        wait: Callable[[float], Awaitable[None]] | None = None,
        began: datetime | None = None,
    ) -> None:
        self._asked = Outbound() if asked is None else asked
        try:
            self._url = "" if self._asked.twiml else resolve(url, "")
            self._fallback = fallback or Address()
            if self._fallback.url:
                resolve(self._fallback.url, "")
        except Fault as fault:
            raise ValueError(fault.reason) from fault
        if direction not in {"inbound", "outbound-api"}:
            raise ValueError(f"a call is inbound or outbound-api, not {direction!r}")
        super().__init__(bare_url(self._url) if self._url else "", on_line, began)
        self.leg = Leg(
            call_sid or fields.sid("CA"),
            account_sid or fields.ACCOUNT_SID,
            from_,
            to,
            direction,
            application_sid="AP" + "0" * 32 if direction == "inbound" and from_.startswith("client:") else "",
        )
        self.caller = script if isinstance(script, Caller) else Script(script)
        self.status = "queued" if direction == "outbound-api" else "ringing"
        self.queues = 0
        self.legs: list[Party] = []
        told = self._url if status_callback is SAME else status_callback
        self._told = Address(told or "", self._asked.status_method)
        self._token = auth_token
        self._session = session
        self._max_documents = max_documents
        self._elsewhere = elsewhere
        self._wait = wait
        self._documents = 0
        self._events = 0

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
        self._wire = Wire(session, self._token, self.transcript.requests, self._elsewhere)
        self.tell("call", f"{self.leg.from_} → {self.leg.to}")
        try:
            await self._go_through()
            end = Over("application", "no verb left")
        except Over as over:
            end = over
        except Fault as fault:
            self.tell("error", f"an application error has occurred: {fault}")
            end = Over("error", f"error {fault.code}")
        except asyncio.CancelledError:
            inbound = self.leg.direction == "inbound"
            await self._end(Over("caller", status="completed" if inbound else self._ended))
            raise
        await self._end(end)
        return self.transcript

    async def _go_through(self) -> None:
        if self.status == "canceled":
            self._told = Address()
            raise Over("application", "canceled", "canceled")
        step: Fetch | None = Fetch(self._url, fields=fields.first(self.leg))
        if self.leg.direction == "outbound-api":
            step = await outbound.reach(self, self._url, self._asked)
        while step is not None:
            try:
                await self._follow(step)
                step = None
            except Moved as moved:
                self._leaving, self._taken, step = None, False, moved.step
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
            if step.twiml:
                outcome = parse(step.twiml)
            else:
                standard = fields.standard(self.leg, self.status)
                outcome = read(await self.exchange("voice", step.url, step.method, standard, step.fields))
        except Fault as fault:
            outcome = fault
        for callback in step.then:
            await self.callback(callback)
        if self._taken_out() or self.gone or self.caller.hangs_up("Redirect"):
            # Twilio asks for the document all the same, and performs nothing of it.
            if isinstance(outcome, Fault):
                self.warn(outcome.code, outcome.reason)
            raise self.out()
        if isinstance(outcome, Fault):
            return await self._fetch(self._instead_of(step, outcome))
        return outcome

    def _instead_of(self, step: Fetch, fault: Fault) -> Fetch:
        """The fallback for a document that can't be had: it is asked for with the same fields, and told why.

        Raises:
            Fault: there is none, or this was it.
        """
        if not self._fallback.url or step.twiml or step.falls_back:
            raise fault
        self.warn(fault.code, fault.reason)
        told = {"ErrorCode": str(fault.code), "ErrorUrl": bare_url(step.url)}
        return Fetch(self._fallback.url, self._fallback.method, step.fields | told, falls_back=True)

    async def _perform(self, document: Document) -> Fetch | None:
        for element in document.verbs:
            verb = VERBS.get(name(element))
            if verb is None:
                self.warn(12200, f"<{name(element)}> is no verb; it is passed over")
                continue
            if self.queues and name(element) not in WAITING:
                self.warn(12200, f"<{name(element)}> has no place in a waitUrl's document; it is passed over")
                continue
            self.warn_of_attributes(element)
            if verb.answers:
                self.pick_up()
            step = await verb.perform(self, element)
            if step is not None:
                return step
        return None

    async def _end(self, over: Over) -> None:
        self.status = over.status
        self._held.set()
        self.transcript.ended_by = over.by
        ahead = (Press(self._ahead),) if self._ahead else ()
        self.transcript.left = (*ahead, *self.caller.left)
        who = {"caller": "the caller hangs up", "guard": "the softphone hangs up", "error": "hung up"}
        why = f" ({over.why})" if over.why else ""
        how = who.get(over.by, "the application ends the call")
        if over.by == "caller" and self._picked_up is None and self.leg.direction == "outbound-api":
            how = "nobody answers"
        self.tell("ended", f"{how}{why}")
        if self.transcript.left:
            self.tell("note", f"the script still had: {', '.join(map(str, self.transcript.left))}")
        recorded: Fields = {}
        callbacks: tuple[Callback, ...] = ()
        if self._asked.record and self._picked_up is not None:
            recorded, callbacks = outbound.recording(self, self._asked)
        await self.progress("completed", recorded)
        for callback in (*callbacks, *self._late):
            await self.callback(callback)

    async def progress(self, event: str, more: Fields | None = None) -> None:
        """Count one more event of the call, and tell the status callback if it is to hear of it."""
        number, self._events = self._events, self._events + 1
        if self._told.url and event in self._asked.events:
            told = fields.status(self.leg, self.status, self.now, number, self.seconds)
            told |= {"AnsweredBy": self.answered_by} if self.answered_by else {}
            await self.callback(Callback("status", self._told.url, self._told.method, told | (more or {})))

    # --- what the verbs use ------------------------------------------------------

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
            always: without an action, the current document's URL is asked again, unless the call goes on elsewhere.
            then: callbacks that follow.
        """
        if element.get("action", "").strip() or (always and not self.moved):
            return self.fetch(element, element.get("action", ""), extra=extra, then=then)
        for callback in then:
            await self.callback(callback)
        if self.gone:
            raise self.out()
        return None

    async def aside(self, step: Fetch) -> None:
        """Perform another document, and those it leads to, within this verb."""
        outer = self.document
        self.queues += 1
        try:
            await self._follow(step)
        finally:
            self.document = outer
            self.queues -= 1
