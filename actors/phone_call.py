"""One phone call as an actor: what Twilio posts goes in, documents come out, one at a time.

For each webhook, in this order: is it one that was answered already? Then the same bytes. Else
the machine takes a step, functions are called out to, the step is committed to the journal, and
only then is the answer given and are subscribers told.

A call ends by Twilio's last word, the status callback, which also tells how long it took. The action
of a verb that the end has interrupted may overtake it: from then on nothing moves, and the call is
*ending*. It is completed by the last word, or by its supervisor's `Overdue` if that doesn't come.

What goes wrong within a callout ends the call with an apology. What goes wrong here is not caught:
the actor is then in no state to go on, and its supervisor starts another from the journal.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import structlog

from actors.call import Call, kept
from actors.callouts import CalloutError, Callouts, Outcome
from actors.clock import Clock, done_within
from actors.journal import Journal, Row, Snapshot, Subscription
from actors.loop_actor import LoopActor
from actors.messages import Answer, CalloutDone, GiveUp, MayRest, Overdue
from actors.webhook import Kind, Webhook
from twiml import (
    BUSY,
    NOTHING,
    Callout,
    FunctionExt,
    InvalidFlow,
    Machine,
    Program,
    Request,
    Returned,
    TwimlError,
    apology,
)

log = structlog.get_logger("switchhook.call")

REMEMBERED = 8
"""How many webhooks back a repeat still gets the same bytes by its idempotency token alone."""
ANNOUNCED = 200
"""How many recordings back a second callback of one is known to be the second."""
SUBSCRIPTIONS = 100
"""Functions that one call may have subscribed."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What all calls of a daemon have in common."""

    journal: Journal
    callouts: Callouts
    clock: Clock
    programs: Callable[[str], Program | None]
    """Finds a recipe's program by the recipe's name."""
    base: str = ""
    """The path that recipes are mounted under, without a slash at its end."""
    recipe_settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    patience: float = 8.0
    """Seconds a caller waits for a callout before they hear the hold document. Twilio waits 15."""
    limit: float = 60.0
    """Seconds after which a callout is given up."""
    max_visits: int = 50
    language: Callable[[str, str], str | None] = lambda *_: None
    """The language that callers of a recipe hear who called this number, as far as it is known."""
    admits: Callable[[str], bool] = lambda _: True
    """Whether another call may begin, by its CallSid."""
    failed: Callable[[Subscription, Webhook, str], None] = lambda *_: None
    """Told of each subscribed function that failed."""


@dataclass(slots=True)
class Pending:
    """A callout that was begun."""

    rank: str
    begun: float
    task: asyncio.Task[Outcome]


class Crashed(Exception):
    """The actor has failed at an earlier webhook and takes no more."""


class PhoneCall(LoopActor):
    """One call. Its supervisor is its registry, so Pykka's is not told of it.

    An actor begins with nothing but a CallSid. At its first webhook it takes up the call where the
    journal has it, or begins a new one if there is none and somebody is on the line.
    """

    use_registry = False

    call: Call
    machine: Machine

    def __init__(self, settings: Settings, call_sid: str) -> None:
        super().__init__()
        self.settings = settings
        self.call_sid = call_sid
        self.status = "unknown"
        self.reason = ""
        self.version = 0
        self.announced: tuple[str, ...] = ()
        self.answered: dict[str, str] = {}
        self.pending: Pending | None = None
        self.told: asyncio.Task[None] | None = None
        self.ending = False
        self.crashed = False

    async def on_receive(self, message: Any) -> Answer | bool | None:
        """Take a `Webhook`, `GiveUp`, `Overdue` or `MayRest` and answer it; or the actor's own `CalloutDone`.

        Raises whatever goes wrong, and `Crashed` ever after: the state is then not to be trusted.
        """
        if self.crashed:
            raise Crashed(f"{self.call_sid} has crashed before")
        try:
            return await _HANDLERS[type(message)](self, message)
        except BaseException:
            self.crashed = True
            raise

    async def _webhook(self, webhook: Webhook) -> Answer:
        """Answer a webhook, once: a repeat gets the same bytes."""
        if self.status == "unknown" and (stranger := await self._take_up(webhook)):
            return stranger
        if self._is_foreign(webhook):
            return self._unmoved(NOTHING)
        same = _same(webhook)
        if (before := self.answered.get(same)) is not None:
            return self._unmoved(before)
        self.call.params = webhook.params
        return await self._answer(webhook, same, self.status, *await self._handle(webhook))

    def _is_foreign(self, webhook: Webhook) -> bool:
        """Whether another account than the call's own speaks of it: its token is good for its own calls alone."""
        owner = self.call.initial_params.get("AccountSid", "")
        foreign = bool(owner and webhook.account_sid and owner != webhook.account_sid)
        if foreign:
            log.warning("foreign_account", call_sid=self.call_sid, account_sid=webhook.account_sid)
        return foreign

    async def _answer(self, webhook: Webhook, same: str, status: str, xml: str, moved: bool) -> Answer:
        """Commit a step, tell subscribers of it, and give the answer. `status` is the one before it."""
        ended = self.status != status
        events = self._events(webhook, ended=ended)
        await self._commit(webhook, xml, moved=moved, same=same)
        self._tell(events, webhook)
        return self._unmoved(xml)._replace(began=self.version == 1, ended=ended, reason=self.reason)

    def _unmoved(self, xml: str) -> Answer:
        """An answer that leaves the call as it stands."""
        return Answer(xml, self.status, self.machine.state, ending=self.ending and self.status == "in-progress")

    async def _take_up(self, webhook: Webhook) -> Answer | None:
        """Go on from the journal, or begin; the answer if there is nothing to go on with, or no room for another."""
        settings, base = self.settings, f"{self.settings.base}/{webhook.recipe}"
        snapshot = await settings.journal.load(self.call_sid)
        program = snapshot.program if snapshot else settings.programs(webhook.recipe)
        if program is None or (snapshot is None and not webhook.kind.wants_document):
            return Answer(NOTHING, self.status)
        if snapshot is None:
            if not settings.admits(self.call_sid):
                return Answer(BUSY, "refused")
            self.call = Call(webhook.recipe, program, webhook.params, settings.recipe_settings, webhook.arrived)
            self.call.language = settings.language(webhook.recipe, self.call.to)
            self.machine = Machine(program, base, max_visits=settings.max_visits, language=self.call.language)
            self.status = "in-progress"
            return None
        base = f"{settings.base}/{snapshot.recipe}"
        self.machine = Machine.restore(program, snapshot.machine, base, max_visits=settings.max_visits)
        self.call = Call(snapshot.recipe, program, snapshot.initial_params, settings.recipe_settings, snapshot.started)
        self.call.params, self.call.data = snapshot.params, dict(snapshot.data)
        self.call.taken, self.call.language = snapshot.taken, self.machine.language
        self.call.history = kept((), *await settings.journal.history(self.call_sid))
        self.call.subscriptions = tuple(snapshot.subscriptions)
        self.status, self.version = snapshot.status, snapshot.version
        self.announced, self.answered = tuple(snapshot.announced), dict(snapshot.answered)
        self.ending = any(row.kind == Kind.AFTER_THE_END for row in self.call.history)
        self._show_state()
        return None

    async def _give_up(self, message: GiveUp) -> Answer:
        """End the call as failed; nothing is asked of the machine."""
        webhook = message.webhook
        if self.status == "unknown" and (stranger := await self._take_up(webhook)):
            return stranger
        self.call.params = webhook.params
        status = self.status
        if status == "in-progress":
            self._apologise(message.reason)
        xml = apology(self.machine.spoken) if webhook.kind.wants_document else NOTHING
        return await self._answer(webhook, _same(webhook), status, xml, moved=True)

    async def _overdue(self, message: Overdue) -> Answer:
        """End the call by what is known of it, if nobody has yet."""
        webhook = message.webhook
        if self.status == "unknown" and (stranger := await self._take_up(webhook)):
            return stranger
        if self.status != "in-progress":
            return self._unmoved(NOTHING)
        self.call.params = webhook.params
        if self.ending or self.machine.ended:
            self.status = "completed"
            self._drop_callout()
        else:
            self._apologise(message.reason)
        await self._write(Row(self.settings.clock.now(), "overdue", "", None, {}, "", moved=True))
        self._tell(["completion"], webhook)
        return self._unmoved(NOTHING)._replace(ended=True, reason=self.reason)

    async def _may_rest(self, _: MayRest) -> bool:
        """Whether all there is to this call is in the journal, and nobody waits for more of it."""
        told = self.told is None or self.told.done()
        return self.pending is None and told and self.actor_inbox.empty()

    def _apologise(self, reason: str, cause: BaseException | None = None) -> str:
        """The call has failed: say so, in the log and to the caller."""
        log.error(
            "call_failed",
            call_sid=self.call_sid,
            recipe=self.call.recipe,
            state=self.machine.state,
            reason=reason,
            exc_info=cause,
        )
        self.status, self.reason = "failed", reason
        self._drop_callout()
        return apology(self.machine.spoken)

    def on_stop(self) -> None:
        """Whoever stops a call waits for no callout."""
        self._drop_callout()

    async def _handle(self, webhook: Webhook) -> tuple[str, bool]:
        """The answer to a webhook, and whether the call went on by it."""
        kind = webhook.kind
        if kind is Kind.AFTER_THE_END:
            self.ending = True
            self._drop_callout()
            return NOTHING, False
        if kind is Kind.COMPLETE:
            moved = self.status == "in-progress"
            self.status = "completed" if moved else self.status
            self._drop_callout()
            return NOTHING, moved
        if not kind.wants_document or self.ending or self.status != "in-progress":
            return apology(self.machine.spoken) if kind.wants_document and self.status == "failed" else NOTHING, False
        try:
            return await self._document(webhook)
        except (CalloutError, TwimlError) as problem:
            return self._apologise(str(problem), problem.__cause__), True

    async def _document(self, webhook: Webhook) -> tuple[str, bool]:
        deadline = webhook.arrived + self.settings.patience
        if webhook.path and (webhook.rank is None or self.machine.program.find(webhook.rank) is None):
            log.warning("unknown_state", call_sid=self.call_sid, recipe=self.call.recipe, asked_for=webhook.path)
        effect = self.machine.step(Request(webhook.rank, webhook.step, webhook.digits, webhook.speech))
        while isinstance(effect, Callout):
            outcome = await self._outcome(effect, deadline)
            if outcome is None:
                effect = self.machine.hold()
                break
            self._speak(outcome.language)
            effect = self.machine.step(Returned(outcome.verbs))
            self._take(outcome)
        return effect.xml, effect.moved

    async def _outcome(self, callout: Callout, deadline: float) -> Outcome | None:
        """What came of a callout, begun now or before; None if the caller has to hold."""
        clock = self.settings.clock
        if self.pending is None or self.pending.rank != callout.rank:
            self._drop_callout()
            self._show_state()
            task = asyncio.get_running_loop().create_task(self._call_out(callout.function))
            self.pending = Pending(callout.rank, clock.now(), task)
        pending = self.pending
        left = pending.begun + self.settings.limit - clock.now()
        if await done_within(min(deadline - clock.now(), left), pending.task, clock):
            self.pending = None
            return pending.task.result()
        if pending.begun + self.settings.limit <= clock.now():
            self._drop_callout()
            function = callout.function
            raise CalloutError(f"{function.module}:{function.fn} took more than {self.settings.limit:g} s")
        rank, ref = pending.rank, self.actor_ref
        pending.task.add_done_callback(lambda _: ref.tell(CalloutDone(rank)) if ref.is_alive() else None)
        return None

    async def _call_out(self, function: FunctionExt) -> Outcome:
        """What a callout returned, with all the subscriptions that the call has then."""
        outcome = await self.settings.callouts.call(function, self.call)
        subscriptions = tuple(dict.fromkeys((*self.call.subscriptions, *outcome.subscriptions)))
        if len(subscriptions) > SUBSCRIPTIONS:
            name = f"{function.module}:{function.fn}"
            raise CalloutError(f"{name} left {len(subscriptions)} subscriptions; a call has at most {SUBSCRIPTIONS}")
        return replace(outcome, subscriptions=subscriptions)

    def _take(self, outcome: Outcome) -> None:
        self.call.data = outcome.data
        self.call.taken += 1
        self.call.subscriptions = outcome.subscriptions

    def _speak(self, language: str | None) -> None:
        if language != self.call.language:
            self.call.language = language
            self.machine.speak(language)

    async def _callout_done(self, done: CalloutDone) -> Answer | None:
        """The function that a caller holds for has finished: it has done so for good once that is committed.

        If it failed, the caller's next request says so.
        """
        pending = self.pending
        if pending is None or pending.rank != done.rank or not pending.task.done() or self.status != "in-progress":
            return None
        if pending.task.cancelled() or pending.task.exception() is not None or self.machine.state != done.rank:
            return None
        returned = pending.task.result()
        try:
            self.machine.splice(returned.verbs)
        except InvalidFlow:
            return None
        self.pending = None
        self._speak(returned.language)
        self._take(returned)
        await self._write(Row(self.settings.clock.now(), "callout_done", done.rank, None, {}, "", moved=False))
        return None

    def _drop_callout(self) -> None:
        if self.pending is not None:
            self.pending.task.cancel()
            self.pending = None

    async def _commit(self, webhook: Webhook, xml: str, *, moved: bool, same: str) -> None:
        if not webhook.token:
            self.answered = {key: answer for key, answer in self.answered.items() if key[0] != CONTENT}
        self.answered[same] = xml
        while len(self.answered) > REMEMBERED:
            del self.answered[next(iter(self.answered))]
        await self._write(
            Row(webhook.arrived, webhook.kind.value, webhook.path, webhook.step, webhook.params, xml, moved)
        )

    async def _write(self, row: Row) -> None:
        call, machine = self.call, self.machine
        self._show_state()
        call.history = kept(call.history, row)
        self.version += 1
        snapshot = Snapshot(
            call_sid=call.call_sid,
            recipe=call.recipe,
            version=self.version,
            status=self.status,
            started=call.started,
            program=machine.program,
            machine=machine.snapshot(),
            initial_params=call.initial_params,
            params=call.params,
            data=call.data,
            taken=call.taken,
            subscriptions=call.subscriptions,
            announced=self.announced,
            answered=dict(self.answered),
        )
        await self.settings.journal.commit(snapshot, row)

    def _show_state(self) -> None:
        self.call.program, self.call.state, self.call.step = (
            self.machine.program,
            self.machine.state,
            self.machine.steps,
        )

    def _events(self, webhook: Webhook, *, ended: bool) -> list[str]:
        """What subscribers are to be told of a webhook, in order: a recording before the end it came with."""
        events = []
        recording = webhook.recording
        if recording is not None and recording.there and recording.sid not in self.announced:
            self.announced = (*self.announced, recording.sid)[-ANNOUNCED:]
            events.append("recording")
        if webhook.dial_status:
            events.append("dial")
        if webhook.kind is Kind.TRANSCRIPTION:
            events.append("transcription")
        if webhook.kind in (Kind.STATUS, Kind.COMPLETE):
            events.append("status")
        if ended:
            events.append("completion")
        return events

    def _tell(self, events: Sequence[str], webhook: Webhook) -> None:
        """Call the functions that are subscribed to these events, after those of earlier webhooks."""
        wanted = [each for event in events for each in self.call.subscriptions if each.event == event]
        if wanted:
            callouts = self.settings.callouts
            self.told = callouts.spawn(self._notify(self.told, wanted, webhook))

    async def _notify(
        self, before: asyncio.Task[None] | None, wanted: Sequence[Subscription], webhook: Webhook
    ) -> None:
        if before is not None:
            await asyncio.wait([before])
        for subscription in wanted:
            try:
                await self._run(subscription, webhook)
            except CalloutError as problem:
                log.error(  # noqa: TRY400 - what matters of the traceback is its cause
                    "subscription_failed",
                    call_sid=self.call_sid,
                    recipe=self.call.recipe,
                    subscribed_to=subscription.event,
                    reason=str(problem),
                    exc_info=problem.__cause__,
                )
                self.settings.failed(subscription, webhook, str(problem))

    async def _run(self, subscription: Subscription, webhook: Webhook) -> None:
        """Run a subscribed function, no longer than a callout may take."""
        settings = self.settings
        task = asyncio.get_running_loop().create_task(settings.callouts.notify(subscription, webhook, self.call))
        try:
            if not await done_within(settings.limit, task, settings.clock):
                name = f"{subscription.module}:{subscription.function}"
                raise CalloutError(f"{name} took more than {settings.limit:g} s")
            task.result()
        finally:
            task.cancel()


_HANDLERS: dict[type, Callable[[PhoneCall, Any], Awaitable[Answer | bool | None]]] = {
    Webhook: PhoneCall._webhook,  # noqa: SLF001 - the actor's own table
    GiveUp: PhoneCall._give_up,  # noqa: SLF001
    Overdue: PhoneCall._overdue,  # noqa: SLF001
    MayRest: PhoneCall._may_rest,  # noqa: SLF001
    CalloutDone: PhoneCall._callout_done,  # noqa: SLF001
}

TOKEN, CONTENT = "t", "c"


def _same(webhook: Webhook) -> str:
    """What is the same for every try of one webhook: Twilio's token for it, or without one its content."""
    if webhook.token:
        return TOKEN + webhook.token
    content = repr((webhook.path, webhook.step, sorted(webhook.params.items())))
    return CONTENT + hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
