"""The supervisor of calls.

One child for each CallSid, found in constant time. Children are *transient*, the strategy is
*one for one*, in the sense of OTP's `supervisor`:

* A child that ends because its call is over is not started again. It lingers a second, for what
  Twilio sends at the same time as the end, and is retired.
* A child that crashes is started again from the last step that its call has committed, and is
  given the webhook in hand once more.
* *Intensity* is counted for each call by itself: one that crashes more than `max_restarts` times
  within `window` seconds is given up. Its caller hears the apology, it counts as failed, it
  stands on the list of failures, and no other call notices.
* A journal that fails is no crash of the call's. A webhook that wants a document is tried as often as one that
  crashes, and then answered with the apology; a callback is kept, and written down once that can be.
* A call whose end never comes is *overdue* after `max_call_hours`, and is ended by what is known of
  it by [the sweep](sweep.py). One whose caller is gone, by the action of an interrupted verb, has the
  time that others linger for Twilio's last word.

Every crash is reported with the same four fields as OTP's supervisor reports: `supervisor`,
`context` (what was being done), `reason`, and `offender` (the call).
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, NamedTuple

import structlog

from actors import (
    OUTBOUND,
    Answer,
    GiveUp,
    JournalError,
    Kind,
    Overdue,
    PhoneCall,
    Settings,
    Webhook,
)
from supervisor.awake import Awake
from supervisor.bounds import LATE, WAITING
from supervisor.conversations import Conversations
from supervisor.moves import Moves
from supervisor.others import Others
from supervisor.postman import PAUSES, Postman
from supervisor.roll import Child, Roll
from supervisor.rounds import Rounds
from supervisor.sweep import Sweep
from supervisor.tally import Tally
from supervisor.unwritten import Unwritten
from twiml import APOLOGY, NOTHING, Redirect
from twiml.phrases import hold
from twiml.xml import document, fragment

log = structlog.get_logger("switchhook.supervisor")

NAME = "phone_calls"
PAGE = 100
"""Calls on a page of the status, unless it is asked for more or fewer."""
LATEST = 20
"""Failures that the status shows."""
NO_CALL = frozenset({"unknown", "refused"})
WAITING_ONCE = 2 * WAITING
"""Webhooks of one call that may wait, if they are told once and never again: the end of a call, and a recording."""
ROUND = 1.0
"""Seconds from one look for what is overdue to the next."""


class Crash(NamedTuple):
    """A message that came to nothing: the actor has crashed over it, or its step can't be written."""

    reason: str
    final: bool
    """Whether it is not to be tried again: the call crashes too often, or Twilio would not wait."""
    unwritten: bool
    """Whether it is the journal that failed, not the call."""


def _room(kind: Kind) -> int:
    return WAITING_ONCE if kind in (Kind.COMPLETE, Kind.AFTER_THE_END, Kind.RECORDING) else WAITING


class Supervisor:
    """Starts, finds, restarts and retires the actors of calls.

    Args:
        settings: what the calls have in common, their journal among it.
        max_restarts: crashes of one call that are borne within the window; OTP's default is 1.
        window: seconds after which a crash no longer counts; OTP's default is 5.
        linger: seconds that the actor of a finished call stays, and that one stays whose caller is gone.
        max_call_hours: hours after which a call whose end never came is ended.
        max_awake: calls that have an actor at a time; others are in the journal alone.
        max_calls: calls in progress, beyond which no other begins; 0 for no limit.
        pauses: seconds from each failed try of a subscribed function to the next.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        max_restarts: int = 1,
        window: float = 5.0,
        linger: float = 1.0,
        max_call_hours: float = 24.0,
        max_awake: int = 10_000,
        max_calls: int = 0,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.tally = Tally(settings.clock, max_calls)
        self.settings = replace(settings, admit=self.tally.admit, linger=linger, longest=max_call_hours * 3600)
        self.max_restarts = max_restarts
        self.window = window
        self.linger = linger
        self.postman = Postman(self.settings, pauses)
        self._unwritten = Unwritten(settings.clock)
        keep = self._unwritten.keep
        self.conversations = Conversations(self.settings, self.tally, self.postman.nudge, keep, max_restarts)
        """The supervisor of conversations by text; messages are given to it directly."""
        self._roll = Roll()
        self._awake = Awake(max_awake, lambda call_sid: PhoneCall.start(self.settings, call_sid))
        self._others = Others(self.settings, self._roll, self.tally, self._retire)
        self._moves = Moves(self._roll, self._awake, self._others)
        self.sweep = Sweep(self.settings, self._tell)
        self._lingering: set[str] = set()
        """The calls that are over, whose actors stay for what comes late."""
        self._crashes: dict[str, tuple[float, ...]] = {}
        """When calls crashed that did, within the window that counts."""
        others = [] if settings.journal.alone else [self._others.hear_of_ends]
        self._rounds = Rounds(settings.clock, ROUND, [self._write_late, self.sweep.look, self.postman.look, *others])
        self._routes = {
            Kind.START_CALL: self.start_call,
            Kind.GATHER_RESPONSE: self.gather_response,
            Kind.GOTO_STATE: self.goto_state,
            Kind.RECORDING: self.recording_notification,
            Kind.COMPLETE: self.call_complete,
        }

    async def route(self, webhook: Webhook) -> str:
        """Answer a webhook of any kind: gives the document that Twilio is to get. Never raises."""
        return await self._routes.get(webhook.kind, self._tell)(webhook)

    async def knows(self, call_sid: str) -> bool:
        """Whether there is such a call, or was one. If the journal can't be read, there may be."""
        if not call_sid or call_sid in self._roll:
            return bool(call_sid)
        try:
            return await self.settings.journal.load(call_sid) is not None
        except JournalError:
            return True

    async def start_call(self, webhook: Webhook) -> str:
        """A call comes in; one that is known is given its document again."""
        return await self._tell(webhook)

    async def gather_response(self, webhook: Webhook) -> str:
        """The caller has keyed or said something."""
        return await self._tell(webhook)

    async def goto_state(self, webhook: Webhook) -> str:
        """The flow goes on at a state."""
        return await self._tell(webhook)

    async def recording_notification(self, webhook: Webhook) -> str:
        """A recording can be fetched, perhaps long after the call."""
        return await self._tell(webhook)

    async def call_complete(self, webhook: Webhook) -> str:
        """The call is over."""
        return await self._tell(webhook)

    async def redirect(self, call_sid: str, state: str) -> None:
        """Have a running call go on at a state, by its rank or label: Twilio is told, and asks for it.

        Whatever the call was at is interrupted; the request of the verb in hand is known for that, and moves nothing.

        Raises:
            NotMoved: it was not moved: there is no such call, it is over, has no such state, or Twilio refused.
            MaybeMoved: nobody knows.
            JournalError: the call can't be read or written.
        """
        await self._moves.move(call_sid, state)

    def status(self, limit: int = PAGE, after: str | None = None) -> dict[str, Any]:
        """What the status endpoint shows of the calls, one page of those in progress.

        `after` is the CallSid of the last call on the page before. Never walks all calls.
        """
        page = self._roll.page(limit + 1, after)
        shown = page[: max(limit, 0)]
        return {
            "calls": {"in_progress": self.tally.in_progress, **self.tally.counts},
            "messages": dict(self.conversations.counts),
            "refused": self.tally.refused,
            "in_progress": [child.summary() for child in shown if child.counted],
            "next": shown[-1].call_sid if shown and len(page) > limit else None,
            "dead_letters": self.postman.dead,
            "latest_dead_letters": self.postman.listed(),
            "failures": [asdict(failure) for failure in list(self.tally.failures)[-LATEST:]],
        }

    async def start(self) -> None:
        """Look after the calls that are in the journal: those that are due, and whoever is to be told of something.

        Calls in progress that nobody else has are put on the roll; they sleep until their next webhook.
        """
        self._others.start()
        self._rounds.start()

    async def settle(self) -> None:
        """End the calls whose callers are gone, without Twilio's last word, and have everybody told who is to be.

        Takes as long as subscribed functions do, and functions whose answers to messages are late.
        """
        await self._rounds.finish()  # which find ever more to do, of other daemons too
        await self._write_late()
        if not self.settings.journal.shared:
            with contextlib.suppress(JournalError):
                await self.sweep.look(ahead=self.linger)
        await self.conversations.finish()
        await self.postman.finish()

    async def stop(self) -> None:
        """Stop every actor once it has answered what it has in hand. Their calls stay in the journal.

        Subscribed functions that are under way are cut off; they are told again by whoever has the journal next.
        """
        await self._rounds.stop()
        self._others.stop()
        await self.postman.close()
        await self.conversations.stop()
        await self._awake.close()
        for child in self._roll:
            if child.ref is not None:
                await child.ref.stop(block=False)
            self._retire(child)

    async def _write_late(self) -> None:
        await self._unwritten.take(self._tell, self.conversations)

    async def _tell(self, webhook: Webhook, message: Overdue | None = None) -> str:
        """Give a webhook, or a message about it, to its call's actor, and once more if the actor crashes over it.

        What tells of a leg that has no call of its own is told to the call that has dialled it.
        """
        waiting = self._roll.find(webhook.call_sid)
        if waiting is not None and message is None and waiting.in_hand >= _room(webhook.kind):
            return self._turn_away(waiting, webhook)
        answer = await self._ask(webhook, message or webhook)
        for _ in range(self.max_restarts):
            if isinstance(answer, Crash) and not answer.final:
                answer = await self._ask(webhook, message or webhook)
        if isinstance(answer, Crash) and answer.unwritten and not webhook.kind.wants_document:
            return self._leave(webhook, message)
        if isinstance(answer, Crash):
            return await self._give_up(webhook, answer.reason, message)
        of_call = webhook.to_parent() if answer.status == "unknown" else None
        return answer.xml if of_call is None else await self._tell(of_call)

    async def _ask(self, webhook: Webhook, message: Webhook | Overdue) -> Answer | Crash:
        """Give a call's actor a message, once. One that crashes over it has another in its place."""
        child = self._child(webhook)
        ref = self._awake.begin(child)
        try:
            answer: Answer = await ref.ask(message, block=False)
            self._answered(child, answer, webhook)
        except Exception as problem:  # noqa: BLE001 - let it crash: whatever it was, the next actor begins afresh
            too_often = child.ref is ref and not self._restart(child, webhook, problem)
            too_late = self.settings.clock.now() - webhook.arrived > LATE
            unwritten = isinstance(problem, JournalError)
            return Crash(f"{type(problem).__name__}: {problem}", final=too_often or too_late, unwritten=unwritten)
        else:
            return answer
        finally:
            self._awake.end(child)

    def _child(self, webhook: Webhook) -> Child:
        """The child of a CallSid, put on the roll if it isn't; what there is to go on from its actor finds out."""
        child = self._roll.find(webhook.call_sid)
        if child is None:
            child = Child.of(webhook)
            self._roll.add(child)
        return child

    def _turn_away(self, child: Child, webhook: Webhook) -> str:
        """Answer a webhook for which too many others of its call wait. One that wants no document is taken later."""
        log.warning("inbox_full", call_sid=child.call_sid, kind=webhook.kind.value, waiting=child.in_hand)
        if not webhook.kind.wants_document:
            self._unwritten.keep(webhook)
            return NOTHING
        url = self.settings.path_of(webhook.recipe, webhook.path, webhook.step)
        language = self.settings.language(child.recipe, child.to)
        return document(hold(language) + fragment(Redirect(url)))

    def _answered(self, child: Child, answer: Answer, webhook: Webhook) -> None:
        """Keep count by what a child answered. One that was retired meanwhile, as lost, is back."""
        if answer.status not in NO_CALL:
            child = self._roll.keep(child)
        child.state, child.last_event = answer.state, webhook.kind.value
        child.recipe = answer.recipe or child.recipe
        if answer.began:
            self.tally.began(child)
        if answer.status == "in-progress":
            self.tally.goes_on(child)
        if answer.letters:
            self.postman.nudge(child.call_sid)
        if answer.ended:
            self.tally.ended(child, answer.status, answer.reason)
        if answer.status in NO_CALL:
            self._no_call(child, answer.status, webhook)
        elif answer.status != "in-progress" and child.call_sid not in self._lingering:
            self._lingering.add(child.call_sid)
            self.tally.discount(child)
            self.settings.clock.later(self.linger, lambda: self._retire(child))

    def _no_call(self, child: Child, status: str, webhook: Webhook) -> None:
        """There is no such call, and none begins."""
        if status == "refused":
            self.tally.refuse(child)
        elif webhook.to_parent() is None:
            # What each outbound call tells before its document is no news.
            early = webhook.kind is Kind.STATUS and webhook.direction == OUTBOUND and not webhook.is_of_a_leg
            level = logging.DEBUG if early else logging.INFO
            log.log(level, "callback_of_unknown_call", call_sid=child.call_sid, kind=webhook.kind.value)
        if child.in_hand == 1:  # this webhook, and no other
            self._retire(child)

    def _retire(self, child: Child) -> None:
        self._awake.stop(child)
        self._roll.remove(child)
        self._lingering.discard(child.call_sid)
        self._crashes.pop(child.call_sid, None)
        self.tally.settled(child)

    def _restart(self, child: Child, webhook: Webhook, problem: Exception) -> bool:
        """Report a crash, and start the child again from its last committed step, unless it crashes too often.

        If it is the journal that failed, the actor goes on: it has forgotten what isn't committed, and functions that
        it waits for are not run again.
        """
        log.error(
            "child_crashed",
            supervisor=NAME,
            context=webhook.kind.value,
            reason=f"{type(problem).__name__}: {problem}",
            offender=child.call_sid,
            exc_info=problem,
        )
        if isinstance(problem, JournalError):
            return True
        now = self.settings.clock.now()
        before = self._crashes.get(child.call_sid, ())
        crashes = self._crashes[child.call_sid] = (*(at for at in before if now - at < self.window), now)
        self._awake.wake_anew(child)
        if len(crashes) > self.max_restarts:
            return False
        self.tally.counts["restarts"] += 1
        return True

    def _leave(self, webhook: Webhook, message: Overdue | None) -> str:
        """What can't be written, and nobody waits for, is taken later: a callback, or the end of an overdue call."""
        child = self._roll.find(webhook.call_sid)
        if child is not None and not (child.counted or child.in_hand or child.call_sid in self._lingering):
            self._retire(child)
        if message is None:
            self._unwritten.keep(webhook)
        else:
            self.sweep.put_off(webhook.call_sid)
        return NOTHING

    async def _give_up(self, webhook: Webhook, reason: str, message: Overdue | None) -> str:
        """End a call that crashes too often: the apology, failed, on the list. What was committed is answered."""
        child = self._child(webhook)
        ref = self._awake.begin(child)
        try:
            answer: Answer = await ref.ask(GiveUp(webhook, reason), block=False)
            self._answered(child, answer, webhook)
        except Exception as problem:  # noqa: BLE001 - not even its end can be written down
            if self._roll.find(child.call_sid) is child:
                log.error(  # noqa: TRY400 - the journal's own traceback was logged when the child crashed
                    "call_lost", call_sid=child.call_sid, reason=f"{type(problem).__name__}: {problem}"
                )
                if child.counted or (webhook.kind.wants_document and child.call_sid not in self._lingering):
                    self.tally.ended(child, "failed", reason)
                self._retire(child)
            if not webhook.kind.wants_document:
                self._leave(webhook, message)
        else:
            return answer.xml
        finally:
            self._awake.end(child)
        return APOLOGY if webhook.kind.wants_document else NOTHING
