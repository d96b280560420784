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

Every crash is reported with the same four fields as OTP's supervisor reports: `supervisor`,
`context` (what was being done), `reason`, and `offender` (the call).
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog

from actors import Answer, GiveUp, Kind, PhoneCall, Settings, Subscription, Webhook
from supervisor.roll import Child, Roll
from twiml import APOLOGY, NOTHING

log = structlog.get_logger("switchhook.supervisor")

NAME = "phone_calls"
PAGE = 100
"""Calls on a page of the status, unless it is asked for more or fewer."""
REMEMBERED = 1000
"""Failures and dead letters that are remembered, the latest."""
LATEST = 20
"""Failures that the status shows."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that failed, or a subscribed function that did, for the list."""

    at: float
    call_sid: str
    what: str
    reason: str


class Supervisor:
    """Starts, finds, restarts and retires the actors of calls.

    Args:
        settings: what the calls have in common, their journal among it.
        max_restarts: crashes of one call that are borne within the window; OTP's default is 1.
        window: seconds after which a crash no longer counts; OTP's default is 5.
        linger: seconds that the actor of a finished call stays.
    """

    def __init__(self, settings: Settings, *, max_restarts: int = 1, window: float = 5.0, linger: float = 1.0) -> None:
        self.settings = replace(settings, failed=self._subscription_failed)
        self.max_restarts = max_restarts
        self.window = window
        self.linger = linger
        self.in_progress = 0
        self.counts: Counter[str] = Counter(started=0, completed=0, failed=0, restarts=0)
        self.failures: deque[Failure] = deque(maxlen=REMEMBERED)
        self.dead_letters: deque[Failure] = deque(maxlen=REMEMBERED)
        self._roll = Roll()
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

    def status(self, limit: int = PAGE, after: str | None = None) -> dict[str, Any]:
        """What the status endpoint shows of the calls, one page of those in progress.

        `after` is the CallSid of the last call on the page before. Never walks all calls.
        """
        page = self._roll.page(limit + 1, after)
        shown = page[: max(limit, 0)]
        return {
            "calls": {"in_progress": self.in_progress, **self.counts},
            "in_progress": [child.summary() for child in shown if child.counted],
            "next": shown[-1].call_sid if shown and len(page) > limit else None,
            "dead_letters": len(self.dead_letters),
            "failures": [asdict(failure) for failure in list(self.failures)[-LATEST:]],
        }

    async def stop(self) -> None:
        """Stop every actor once it has answered what it has in hand. Their calls stay in the journal."""
        for child in self._roll:
            await child.ref.stop(block=False)
            self._roll.remove(child)

    async def _tell(self, webhook: Webhook) -> str:
        """Give a webhook to its call's actor, and once more if the actor crashes over it."""
        reason = ""
        for _ in range(self.max_restarts + 1):
            child = self._roll.find(webhook.call_sid) or self._start(webhook)
            ref = child.ref
            try:
                return self._answered(child, await self._ask(child, webhook), webhook)
            except Exception as problem:  # noqa: BLE001 - let it crash: whatever it was, the next actor begins afresh
                reason = f"{type(problem).__name__}: {problem}"
                if child.ref is ref and not self._restart(child, webhook, problem):
                    break
        return await self._give_up(webhook, reason)

    async def _ask(self, child: Child, message: Webhook | GiveUp) -> Answer:
        """What a child answers. Raises whatever it crashes with."""
        child.in_hand += 1
        try:
            answer: Answer = await child.ref.ask(message, block=False)
        finally:
            child.in_hand -= 1
        return answer

    def _start(self, webhook: Webhook) -> Child:
        """A child for a CallSid; what there is to go on from it finds in the journal."""
        child = Child(webhook, PhoneCall.start(self.settings, webhook.call_sid))
        self._roll.add(child)
        return child

    def _answered(self, child: Child, answer: Answer, webhook: Webhook) -> str:
        """Keep count by what a child answered."""
        child.state, child.last_event = answer.state, webhook.kind.value
        if answer.began:
            self.counts["started"] += 1
            log.info(
                "call_started",
                call_sid=child.call_sid,
                recipe=child.recipe,
                from_number=child.from_,
                to_number=child.to,
            )
        if answer.status == "in-progress" and not child.counted:
            child.counted = True
            self.in_progress += 1
        if answer.ended:
            self._ended(child, answer.status, answer.reason)
        if answer.status == "unknown":
            log.info("callback_of_unknown_call", call_sid=child.call_sid, kind=webhook.kind.value)
            if not child.in_hand:
                self._retire(child)
        elif answer.status != "in-progress" and not child.over:
            child.over = True
            self._discount(child)
            self.settings.clock.later(self.linger, lambda: self._retire(child))
        return answer.xml

    def _ended(self, child: Child, status: str, reason: str = "") -> None:
        self.counts[status] += 1
        if status == "failed":
            self.failures.append(Failure(self.settings.clock.now(), child.call_sid, child.recipe, reason))
        self._discount(child)
        seconds = round(self.settings.clock.now() - child.since, 3)
        log.info("call_ended", call_sid=child.call_sid, recipe=child.recipe, status=status, seconds=seconds)

    def _discount(self, child: Child) -> None:
        self.in_progress -= child.counted
        child.counted = False

    def _retire(self, child: Child) -> None:
        child.ref.stop(block=False)
        self._roll.remove(child)

    def _restart(self, child: Child, webhook: Webhook, problem: Exception) -> bool:
        """Start a crashed child again from its last committed step, unless it crashes too often."""
        now = self.settings.clock.now()
        child.crashes = (*(at for at in child.crashes if now - at < self.window), now)
        log.error(
            "child_crashed",
            supervisor=NAME,
            context=webhook.kind.value,
            reason=f"{type(problem).__name__}: {problem}",
            offender=child.call_sid,
            exc_info=problem,
        )
        child.ref.stop(block=False)
        child.ref = PhoneCall.start(self.settings, child.call_sid)
        if len(child.crashes) > self.max_restarts:
            return False
        self.counts["restarts"] += 1
        return True

    async def _give_up(self, webhook: Webhook, reason: str) -> str:
        """End a call that crashes too often: the apology, failed, on the list."""
        child = self._roll.find(webhook.call_sid) or self._start(webhook)
        try:
            self._answered(child, await self._ask(child, GiveUp(webhook, reason)), webhook)
        except Exception as problem:  # noqa: BLE001 - not even its end can be written down
            if self._roll.find(child.call_sid) is child:
                log.error(  # noqa: TRY400 - the journal's own traceback was logged when the child crashed
                    "call_lost", call_sid=child.call_sid, reason=f"{type(problem).__name__}: {problem}"
                )
                if child.counted or (webhook.kind.wants_document and not child.over):
                    self._ended(child, "failed", reason)
                self._retire(child)
        return APOLOGY if webhook.kind.wants_document else NOTHING

    def _subscription_failed(self, subscription: Subscription, webhook: Webhook, reason: str) -> None:
        what = f"{subscription.event}: {subscription.module}:{subscription.function}"
        self.dead_letters.append(Failure(self.settings.clock.now(), webhook.call_sid, what, reason))
