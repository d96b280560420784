"""One phone call as an actor: what Twilio posts goes in, documents come out, one at a time.

For each webhook, in this order: is it one that was answered already? Then the same bytes. Else
the machine takes a step, functions are called out to, the step is committed to the journal with
the letters to its subscribers, and only then is the answer given.

An actor is not the only one its call may have: another daemon's may have gone on with the call, if
they share a journal. Its step is then not committed but *stale*; the actor forgets what it knew,
takes the call up as it is now, and handles the message anew. A function that has run for it by then
is not run again: its errand is kept until a step has taken what it returned.

A call ends by Twilio's last word, the status callback, which also tells how long it took. The action
of a verb that the end has interrupted may overtake it: from then on nothing moves, and the call is
*ending*. It is completed by the last word, or by its supervisor's `Overdue` if that doesn't come.

What goes wrong within a callout ends the call with an apology. What goes wrong here is not caught:
the actor is then in no state to go on, and its supervisor starts another from the journal.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import structlog

from actors.call import HISTORY, Call, kept
from actors.callouts import CalloutError, Gone, Outcome
from actors.errands import Errands
from actors.journal import Letter, Row, Snapshot, StaleVersion
from actors.letters import Told, events_of, letters_of
from actors.loop_actor import LoopActor
from actors.messages import Answer, CalloutDone, GiveUp, MayRest, Overdue
from actors.recordings import PATIENCE, Recordings
from actors.repeats import answered, same
from actors.settings import Settings
from actors.webhook import Kind, Webhook
from twiml import BUSY, NOTHING, Callout, InvalidFlow, Machine, Request, Returned, TwimlError, apology

log = structlog.get_logger("switchhook.call")

TRIES = 10
"""How often a message is handled anew because another daemon was quicker."""


class Crashed(Exception):
    """The actor has failed at an earlier webhook and takes no more."""


class Handled(NamedTuple):
    """What became of a webhook: its answer, whether the call went on by it, and the function that wasn't there."""

    xml: str
    moved: bool
    gone: Gone | None = None


class PhoneCall(LoopActor):
    """One call. Its supervisor is its registry, so Pykka's is not told of it.

    An actor begins with nothing but a CallSid. At its first webhook it takes up the call where the
    journal has it, or begins a new one if there is none and somebody is on the line.
    """

    use_registry = False

    call: Call
    machine: Machine
    recordings: Recordings

    def __init__(self, settings: Settings, call_sid: str) -> None:
        super().__init__()
        self.settings = settings
        self.call_sid = call_sid
        self.status = "unknown"
        self.reason = ""
        self.version = 0
        self.due: float | None = None
        """When the journal has it that what the call waits for is to be done without."""
        self.ending = False
        self.errands = Errands(settings, call_sid)
        self.untried = True
        """Whether nothing is known of the call, not even that the journal has it."""
        self.crashed = False

    async def on_receive(self, message: Any) -> Answer | bool | None:
        """Take a `Webhook`, `GiveUp`, `Overdue` or `MayRest` and answer it; or the actor's own `CalloutDone`.

        Raises whatever goes wrong, and `Crashed` ever after: the state is then not to be trusted.
        """
        if self.crashed:
            raise Crashed(f"{self.call_sid} has crashed before")
        tries = TRIES
        try:
            while True:
                try:
                    return await _HANDLERS[type(message)](self, message)
                except StaleVersion:
                    tries -= 1
                    if not tries:
                        raise
                    self.status, self.reason, self.version, self.untried = "unknown", "", 0, False
        except BaseException:
            self.crashed = True
            raise

    async def _webhook(self, webhook: Webhook) -> Answer:
        """Answer a webhook, once: a repeat gets the same bytes."""
        key = same(webhook)
        if (answer := await self._without_a_step(webhook, key)) is not None:
            return answer
        status, self.call.params = self.status, webhook.params
        recorded = self._hears(webhook)
        return await self._answer(webhook, key, status, await self._handle(webhook), recorded=recorded)

    async def _without_a_step(self, webhook: Webhook, key: str) -> Answer | None:
        """The answer to what tells of no call, or of another account's, or is a repeat; None to anything else."""
        if self.status == "unknown" and (stranger := await self._take_up(webhook)):
            return stranger
        before = NOTHING if self._is_foreign(webhook) else answered(self.call.history, key)
        return None if before is None else self._unmoved(before)

    def _is_foreign(self, webhook: Webhook) -> bool:
        """Whether another account than the call's own speaks of it: its token is good for its own calls alone."""
        owner, account = self.call.initial_params.get("AccountSid"), webhook.params.get("AccountSid")
        if owner == account or not (owner and account):
            return False
        log.warning("foreign_account", call_sid=self.call_sid, account_sid=account)
        return True

    async def _answer(self, webhook: Webhook, key: str, status: str, handled: Handled, *, recorded: bool) -> Answer:
        """Commit a step with what is to be told of it, and give the answer. `status` is the one before it."""
        ended = self.status != status
        letters: Sequence[Letter] = ()
        if self.call.subscriptions or handled.gone is not None:
            told = events_of(webhook, recorded=recorded, ended=ended)
            letters = letters_of(self.version + 1, webhook, told, self.call.subscriptions, handled.gone)
        kind, path, step, params = webhook.kind.value, webhook.path, webhook.step, webhook.params
        await self._write(Row(webhook.arrived, kind, path, step, params, handled.xml, handled.moved, key), letters)
        began = self.version == 1
        return Answer(handled.xml, self.status, self.machine.state, began, ended, self.reason, bool(letters))

    def _hears(self, webhook: Webhook) -> bool:
        """Whether a webhook tells of a recording that is there now."""
        if webhook.recording is None:
            return False
        asked = f'recordingStatusCallback="{self.machine.base}/recording' in (self.machine.document or "")
        return self.recordings.heard(webhook, asked=asked)

    def _unmoved(self, xml: str) -> Answer:
        """An answer that leaves the call as it stands."""
        return Answer(xml, self.status, self.machine.state)

    async def _take_up(self, webhook: Webhook) -> Answer | None:
        """Go on from the journal, or begin; the answer if there is nothing to go on with, or no room for another.

        What looks like the first webhook of a call mostly is, so it is taken for that without a look into the
        journal: if it isn't, its step is stale.
        """
        untried, self.untried = self.untried, False
        if untried and webhook.kind is Kind.START_CALL and webhook.step is None and self._begin(webhook) is None:
            return None
        if await self._resume():
            return None
        return self._begin(webhook) if webhook.kind.wants_document else Answer(NOTHING, self.status)

    def _begin(self, webhook: Webhook) -> Answer | None:
        """Begin a call; the answer if there is no such recipe, or no room for another call."""
        settings = self.settings
        program = settings.programs(webhook.recipe)
        if program is None:
            return Answer(NOTHING, self.status)
        if not settings.admits(self.call_sid):
            return Answer(BUSY, "refused")
        self.call = Call(webhook.recipe, program, webhook.params, settings.recipe_settings, webhook.arrived)
        self.call.language = settings.language(webhook.recipe, self.call.to)
        base = f"{settings.base}/{webhook.recipe}"
        self.machine = Machine(program, base, max_visits=settings.max_visits, language=self.call.language)
        self.recordings = Recordings()
        self.status = "in-progress"
        return None

    async def _resume(self) -> bool:
        """Go on from what the journal has of the call, if it has."""
        settings = self.settings
        snapshot = await settings.journal.load(self.call_sid)
        if snapshot is None:
            return False
        history = await settings.journal.history(self.call_sid, HISTORY)
        self.call = Call.restored(snapshot, history, settings.recipe_settings)
        base = f"{settings.base}/{snapshot.recipe}"
        self.machine = Machine.restore(snapshot.program, snapshot.machine, base, max_visits=settings.max_visits)
        self.recordings = Recordings(snapshot.announced, snapshot.awaited)
        self.status, self.version, self.due = snapshot.status, snapshot.version, snapshot.due
        self.ending = snapshot.ending
        return True

    async def _give_up(self, message: GiveUp) -> Answer:
        """End the call as failed, unless the step was committed after all; nothing is asked of the machine."""
        webhook, key = message.webhook, same(message.webhook)
        if (answer := await self._without_a_step(webhook, key)) is not None:
            return answer
        status, self.call.params = self.status, webhook.params
        recorded, moved = self._hears(webhook), status == "in-progress"
        if moved:
            self._apologise(message.reason)
        xml = apology(self.machine.spoken) if webhook.kind.wants_document else NOTHING
        return await self._answer(webhook, key, status, Handled(xml, moved), recorded=recorded)

    async def _overdue(self, message: Overdue) -> Answer:
        """Do without what the call waits for, if it still does."""
        webhook = message.webhook
        if self.status == "unknown" and (stranger := await self._take_up(webhook)):
            return stranger
        if self.due is None or self.due > message.by:
            return self._unmoved(NOTHING)
        self.call.params = webhook.params
        told: list[Told] = [("recording", fields) for fields in self.recordings.given_up()]
        ended = self.status == "in-progress"
        if ended and (self.ending or self.machine.ended):
            self.status = "completed"
            self.errands.drop()
        elif ended:
            self._apologise(message.reason)
        if ended:
            told.append(("completion", webhook.params))
        letters = letters_of(self.version + 1, webhook, told, self.call.subscriptions)
        row = Row(self.settings.clock.now(), "overdue", webhook.path, None, webhook.params, "", moved=ended)
        await self._write(row, letters)
        return self._unmoved(NOTHING)._replace(ended=ended, reason=self.reason, letters=bool(letters))

    async def _may_rest(self, _: MayRest) -> bool:
        """Whether all there is to this call is in the journal, and nobody waits for more of it."""
        return not self.errands.under_way and self.actor_inbox.empty()

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
        self.errands.drop()
        return apology(self.machine.spoken)

    def on_stop(self) -> None:
        """Whoever stops a call waits for no callout."""
        self.errands.drop()

    def on_failure(self, *_: object) -> None:
        """Nor is anybody left to, if the actor's own message was too much for it."""
        self.errands.drop()

    async def _handle(self, webhook: Webhook) -> Handled:
        """What becomes of a webhook."""
        kind = webhook.kind
        if kind is Kind.AFTER_THE_END:
            self.ending = True
            self.errands.drop()
            return Handled(NOTHING, moved=False)
        if kind is Kind.COMPLETE:
            moved = self.status == "in-progress"
            self.status = "completed" if moved else self.status
            self.errands.drop()
            return Handled(NOTHING, moved)
        if not kind.wants_document or self.ending or self.status != "in-progress":
            sorry = kind.wants_document and self.status == "failed"
            return Handled(apology(self.machine.spoken) if sorry else NOTHING, moved=False)
        try:
            return await self._document(webhook)
        except Gone as problem:
            return Handled(self._apologise(str(problem), problem.__cause__), moved=True, gone=problem)
        except (CalloutError, TwimlError) as problem:
            return Handled(self._apologise(str(problem), problem.__cause__), moved=True)

    async def _document(self, webhook: Webhook) -> Handled:
        deadline = webhook.arrived + self.settings.patience
        if webhook.path and (webhook.rank is None or self.machine.program.find(webhook.rank) is None):
            log.warning("unknown_state", call_sid=self.call_sid, recipe=self.call.recipe, asked_for=webhook.path)
        effect = self.machine.step(Request(webhook.rank, webhook.step, webhook.digits, webhook.speech))
        while isinstance(effect, Callout):
            self._show_state()
            outcome = await self.errands.send(effect, self.call, self.version, deadline, self._callout_is_done)
            if outcome is None:
                effect = self.machine.hold()
                break
            self._speak(outcome.language)
            effect = self.machine.step(Returned(outcome.verbs))
            self._take(outcome)
        return Handled(effect.xml, effect.moved)

    def _take(self, outcome: Outcome) -> None:
        self.call.data = outcome.data
        self.call.taken += 1
        self.call.subscriptions = outcome.subscriptions

    def _speak(self, language: str | None) -> None:
        if language != self.call.language:
            self.call.language = language
            self.machine.speak(language)

    async def _callout_done(self, done: CalloutDone) -> None:
        """The function that a caller holds for has finished: it has done so for good once that is committed.

        If it failed, the caller's next request says so.
        """
        if self.status == "unknown" and not await self._resume():
            return
        if self.status != "in-progress" or self.machine.state != done.rank:
            return
        outcome = self.errands.brought(done.rank, self.call.taken)
        if outcome is None:
            return
        try:
            self.machine.splice(outcome.verbs)
        except InvalidFlow:
            return
        self._speak(outcome.language)
        self._take(outcome)
        await self._write(Row(self.settings.clock.now(), "callout_done", done.rank, None, {}, "", moved=False))

    def _callout_is_done(self, rank: str) -> None:
        if self.actor_ref.is_alive():
            self.actor_ref.tell(CalloutDone(rank))

    async def _write(self, row: Row, letters: Sequence[Letter] = ()) -> None:
        """Commit a step. Raises `StaleVersion` if another was committed since the one that this was made from."""
        call, machine, settings = self.call, self.machine, self.settings
        self._show_state()
        due = self._due(row.at)
        snapshot = Snapshot(  # in the order of its fields, which takes half the time that their names do
            self.call_sid,
            call.recipe,
            self.version + 1,
            self.status,
            call.started,
            due,
            machine.program,
            machine.snapshot(),
            call.initial_params,
            call.data,
            call.taken,
            self.ending,
            call.subscriptions,
            self.recordings.announced,
            self.recordings.awaited,
        )
        left = self.errands.left(call.taken, going=self.status == "in-progress")
        freed = self.errands.frees(left)
        await settings.journal.commit(snapshot, row, letters, claimant=settings.node if freed else "")
        call.history = kept(call.history, row)
        self.version += 1
        self.due = due
        self.errands.committed(left, freed=freed)
        for rank, _ in left:
            self._callout_is_done(rank)

    def _due(self, now: float) -> float | None:
        """When to do without what the call waits for, if it was last heard of now."""
        if self.status != "in-progress":
            return now + PATIENCE if self.recordings.awaited else None
        return now + self.settings.linger if self.ending else self.call.started + self.settings.longest

    def _show_state(self) -> None:
        self.call.program, self.call.state, self.call.step = (
            self.machine.program,
            self.machine.state,
            self.machine.steps,
        )


_HANDLERS: dict[type, Callable[[PhoneCall, Any], Awaitable[Answer | bool | None]]] = {
    Webhook: PhoneCall._webhook,  # noqa: SLF001 - the actor's own table
    GiveUp: PhoneCall._give_up,  # noqa: SLF001
    Overdue: PhoneCall._overdue,  # noqa: SLF001
    MayRest: PhoneCall._may_rest,  # noqa: SLF001
    CalloutDone: PhoneCall._callout_done,  # noqa: SLF001
}
