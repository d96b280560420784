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

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from actors.callouts import CalloutError, Gone
from actors.journal import JournalError, Letter, Row
from actors.kept_call import KeptCall
from actors.letters import News, events_of, letters_of
from actors.messages import Answer, CalloutDone, GiveUp, MayRest, Move, NotMoved, Overdue
from actors.repeats import answered, same
from actors.stale import until_fresh
from actors.webhook import OUTBOUND, Kind, Webhook
from actors.webhooks import Event
from twiml import NOTHING, Callout, InvalidFlow, NoSuchState, Request, Returned, TwimlError, apology

log = structlog.get_logger("switchhook.call")

_NO_MOVE = (Event.FALLBACK, Event.ENQUEUE_WAIT, Event.QUEUE)
"""What comes to another recipe's URL and sends the call nowhere."""
AGAIN = 1.0
"""Seconds after which what a function has brought is written again, if it couldn't be."""


class Crashed(Exception):
    """The actor has failed at an earlier webhook and takes no more."""


class Handled(NamedTuple):
    """What became of a webhook: its answer, whether the call went on by it, and the function that wasn't there."""

    xml: str
    moved: bool
    gone: Gone | None = None


class PhoneCall(KeptCall):
    """One call.

    An actor begins with nothing but a CallSid. At its first webhook it takes up the call where the
    journal has it, or begins a new one if there is none and somebody is on the line.
    """

    async def on_receive(self, message: Any) -> Answer | bool | None:
        """Take a `Webhook`, `GiveUp`, `Overdue`, `Move` or `MayRest` and answer it; or the actor's own `CalloutDone`.

        Raises whatever goes wrong, and `Crashed` ever after: the state is then not to be trusted. But if it is the
        journal that failed, the call is taken up from there again, and what functions have brought is kept for it.
        """
        if self.crashed:
            raise Crashed(f"{self.call_sid} has crashed before")
        try:
            return await until_fresh(lambda: _HANDLERS[type(message)](self, message), self._forget)
        except JournalError as problem:
            self._forget()
            if not isinstance(message, CalloutDone):
                raise
            log.warning("callout_not_written", call_sid=self.call_sid, step_id=message.step_id, reason=str(problem))
            self.settings.clock.later(AGAIN, lambda: self._callout_is_done(message.step_id))
            return None
        except BaseException:
            self.crashed = True
            raise

    async def _webhook(self, webhook: Webhook) -> Answer:
        """Answer a webhook, once: a repeat gets the same bytes."""
        key = same(webhook)
        if (answer := await self._without_a_step(webhook, key)) is not None:
            self._settle_what_is_left()
            return answer
        status, self.call.params, recipe = self.status, webhook.params, self.call.recipe
        if (who := webhook.params.get("AnsweredBy")) and not webhook.is_of_a_leg:
            self.call.answered_by = who
        recorded = self._note_recording(webhook)
        answer = await self._answer(webhook, key, status, await self._handle(webhook), recorded=recorded)
        return answer if self.call.recipe == recipe else answer._replace(recipe=self.call.recipe)

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
            letters = letters_of(self.call_sid, self.version + 1, webhook, told, self.call.subscriptions, handled.gone)
        kind, path, step, params = webhook.kind.value, webhook.path, webhook.step, webhook.params
        await self._write(Row(webhook.arrived, kind, path, step, params, handled.xml, handled.moved, key), letters)
        began = self.version == 1
        return Answer(handled.xml, self.status, self.machine.state, began, ended, self.reason, bool(letters))

    def _note_recording(self, webhook: Webhook) -> bool:
        """Note what a webhook tells of a recording; whether it is news that one is there."""
        return webhook.recording is not None and self.recordings.note(webhook, asked=self._asked_for(webhook))

    def _asked_for(self, webhook: Webhook) -> bool:
        """Whether the document that has written a webhook's URL asked for a recording's callback at ours, too."""
        documents = [row.answer for row in self.call.history] if webhook.step is not None else [self.machine.document]
        callback = "/recording" if webhook.step is None else f'/recording?step={webhook.step}"'
        return any('recordingStatusCallback="' in each and callback in each for each in documents if each)

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
        begins = webhook.kind.wants_document or _never_asked(webhook)
        return self._begin(webhook) if begins else Answer(NOTHING, self.status)

    async def _give_up(self, message: GiveUp) -> Answer:
        """End the call as failed, unless the step was committed after all; nothing is asked of the machine."""
        webhook, key = message.webhook, same(message.webhook)
        if (answer := await self._without_a_step(webhook, key)) is not None:
            return answer
        status, self.call.params = self.status, webhook.params
        recorded, moved = self._note_recording(webhook), status == "in-progress"
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
        told: list[News] = [("recording", fields) for fields in self.recordings.given_up()]
        ended = self.status == "in-progress"
        if ended and (self.ending or self.machine.ended):
            self.status = "completed"
            self.errands.drop()
        elif ended:
            self._apologise(message.reason)
        if ended:
            told.append(("completion", webhook.params))
        letters = letters_of(self.call_sid, self.version + 1, webhook, told, self.call.subscriptions)
        row = Row(self.settings.clock.now(), "overdue", webhook.path, None, webhook.params, "", moved=ended)
        await self._write(row, letters)
        return self._unmoved(NOTHING)._replace(ended=ended, reason=self.reason, letters=bool(letters))

    async def _move(self, message: Move) -> Answer:
        """Go on at another state: first the step, then Twilio is told, so that no request can come before it."""
        if self.status == "unknown" and not await self._resume():
            return Answer(NOTHING, self.status, reason="there is no such call")
        if self.status != "in-progress" or self.ending:
            return self._unmoved(NOTHING)._replace(reason="the call is over")
        before, chain = self.machine.snapshot(), self.chain
        try:
            self.machine.move(message.state)
        except NoSuchState as problem:
            return self._unmoved(NOTHING)._replace(reason=str(problem))
        self.chain = ""
        row = Row.own(self.settings.clock.now(), "moved", message.state, moved=True)
        await self._write(row, kept_too=chain)
        status, reason = await self._tell_of_move(message.state, before, chain)
        return self._unmoved(NOTHING)._replace(status=status, reason=reason)

    async def _tell_of_move(self, target: str, before: Mapping[str, Any], chain: str) -> tuple[str, str]:
        """Tell Twilio where the call goes on; gives its status, `unsure` if nobody knows, and why it wasn't moved.

        If Twilio refuses, another step takes the move back, unless somebody has gone on from it meanwhile: then nobody
        knows what the caller hears.
        """
        machine, settings = self.machine, self.settings
        moved = machine.snapshot()
        path = settings.path_of(self.call.recipe, machine.state, machine.steps)
        try:
            await settings.redirect(self.call.initial_params.get("AccountSid", ""), self.call_sid, path)
        except NotMoved as problem:
            if await until_fresh(lambda: self._take_back(target, moved, before, chain), self._forget):
                return "in-progress", str(problem)
            return "unsure", f"the call has gone on from {machine.state} before it could be taken back ({problem})"
        except Exception as problem:
            log.exception("move_unsure", call_sid=self.call_sid, state=machine.state)
            self.errands.drop()
            sure = f"the call goes to {machine.state} with its next request"
            said = f"nobody knows whether Twilio has been told; {sure} ({type(problem).__name__}: {problem})"
            return "unsure", said
        self.errands.drop()
        return "in-progress", ""

    async def _take_back(self, target: str, moved: Mapping[str, Any], before: Mapping[str, Any], chain: str) -> bool:
        """Take a move back, if the call is still where that has left it; whether it was. Raises `StaleVersion`."""
        if self.status == "unknown" and not await self._resume():
            return False
        if self.status != "in-progress":
            return True  # it has ended, wherever it was
        if self.machine.snapshot() != moved:
            return False
        self._restore(self.machine.program, before)
        self.chain = chain
        await self._write(Row.own(self.settings.clock.now(), "not_moved", target))
        return True

    async def _may_rest(self, _: MayRest) -> bool:
        """Whether all there is to this call is in the journal, and nobody waits for more of it."""
        return not self.errands.in_hand and self.actor_inbox.empty()

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
        self.status, self.reason, self.chain = "failed", reason, ""
        self.errands.drop()
        return apology(self.machine.spoken)

    def on_stop(self) -> None:
        """Nobody waits for a callout of a call that is stopped."""
        self.errands.drop()

    def on_failure(self, *_: object) -> None:
        """Nobody waits for one either if the actor has died of a message."""
        self.errands.drop()

    async def _handle(self, webhook: Webhook) -> Handled:
        """What becomes of a webhook."""
        kind = webhook.kind
        self.call.reported = self.call.reported or (kind is Kind.STATUS and webhook.event is Event.CALL_STATUS)
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
        request = self._requested(webhook)
        asked = webhook.path if request.rank == webhook.rank else ""
        if asked and (request.rank is None or self.machine.program.find(request.rank) is None):
            log.warning("unknown_state", call_sid=self.call_sid, recipe=self.call.recipe, asked_for=webhook.path)
        held_at, chain = self.machine.state, self.chain if request.step == self.machine.steps else ""
        effect, holds = self.machine.step(request), False
        while isinstance(effect, Callout):
            self._show_state()
            chain = chain or self._chain_from(webhook, effect.rank, held_at)
            self.call.step_id = self._step_id(chain)
            outcome = await self.errands.send(effect, self.call, self.version, deadline, self._callout_is_done)
            if outcome is None:
                effect, holds = self.machine.hold(), True
                break
            self._speak(outcome.language)
            effect = self.machine.step(Returned(outcome.verbs))
            self._take(outcome)
        if effect.moved:
            self.chain = chain if holds else ""
        if effect.ends and self._hears_no_more(effect.xml):
            self.ending = True
        return Handled(effect.xml, effect.moved)

    def _requested(self, webhook: Webhook) -> Request:
        """What is asked of the machine.

        A request at another recipe's URL sends the call over to that recipe. But one whose URL a step has written is
        of a recipe that the call was at before, and of a verb that was interrupted; and Twilio's fallback, or what is
        heard in a queue, is no move: the call is given the document it has.
        """
        recipe, keyed = webhook.recipe, (webhook.digits, webhook.speech)
        if recipe in (self.call.recipe, ""):
            return Request(webhook.rank, webhook.step, *keyed)
        if webhook.step is not None:
            return Request(None, 0)
        program = self.settings.programs(recipe)
        if program is None or webhook.event in _NO_MOVE:
            why = "there is no such recipe" if program is None else webhook.event
            log.info("call_not_sent_over", call_sid=self.call_sid, recipe=recipe, reason=str(why))
            return Request(None, None, *keyed)
        log.info("call_sent_over", call_sid=self.call_sid, recipe=recipe, before=self.call.recipe)
        self._go_over(recipe, program)
        return Request(webhook.rank, None, *keyed)

    def _hears_no_more(self, xml: str) -> bool:
        """Whether a document is the last that Twilio asks for, and the call's end is told by nobody."""
        early = self.settings.complete_outbound_early and self.call.direction == OUTBOUND
        return early and not self.call.reported and "<Redirect" not in xml

    async def _callout_done(self, done: CalloutDone) -> None:
        """The function that a caller holds for has finished: it has done so for good once that is committed.

        If it failed, the answer to the caller's next request says so, whichever daemon gives it.
        """
        if self.status == "unknown" and not await self._resume():
            return
        if self._awaited() != done.step_id or self.failure:
            return
        kind, state = "callout_done", self.machine.state
        try:
            outcome = self.errands.brought(done.step_id)
            if outcome is None:
                return
            self.machine.splice(outcome.verbs)
        except Gone:
            return  # so it is for everybody, and whoever says so has a dead letter of it
        except (CalloutError, InvalidFlow) as problem:
            kind = "callout_failed"
            self._has_failed(done.step_id, problem)
        else:
            self._speak(outcome.language)
            self._take(outcome)
        await self._write(Row.own(self.settings.clock.now(), kind, state))

    def _has_failed(self, step_id: str, problem: CalloutError | InvalidFlow) -> None:
        """Remember what is wrong with what came of a callout."""
        reason = str(problem)
        log.error("callout_failed", call_sid=self.call_sid, step_id=step_id, reason=reason, exc_info=problem.__cause__)
        self.errands.fail(step_id, problem if isinstance(problem, CalloutError) else CalloutError(reason))


def _never_asked(webhook: Webhook) -> bool:
    """Whether this is the end of an outbound call for which no document was asked: nobody has answered it."""
    outbound = webhook.params.get("Direction") == OUTBOUND
    return outbound and webhook.kind is Kind.COMPLETE and not webhook.params.get("ParentCallSid")


_HANDLERS: dict[type, Callable[[PhoneCall, Any], Awaitable[Answer | bool | None]]] = {
    Webhook: PhoneCall._webhook,  # noqa: SLF001 - the actor's own table
    GiveUp: PhoneCall._give_up,  # noqa: SLF001
    Overdue: PhoneCall._overdue,  # noqa: SLF001
    Move: PhoneCall._move,  # noqa: SLF001
    MayRest: PhoneCall._may_rest,  # noqa: SLF001
    CalloutDone: PhoneCall._callout_done,  # noqa: SLF001
}
