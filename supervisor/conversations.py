"""The supervisor of conversations by text: one talk for each pair of numbers, for as long as it has something in hand.

Messages of one pair are handled one at a time, in the order in which they came; those of others beside them. A
talk that crashes over a message is given it once more, from the last step that was committed; a message over which
it crashes again is refused, as is one that a daemon that stops has no time for: what is not written down is not
answered. Twilio then tells of it, and turns to the number's fallback URL, or tries again where it was told to
(Twilio's documentation: "Webhooks: connection overrides"). What became of a message of ours is not refused, but kept
until it can be written down: Twilio tells it once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog
from pykka import ActorRef

from actors import Conversation, Delivery, Settings, Unanswered, Webhook, key_of, tells_of_status
from supervisor.bounds import LATE, WAITING
from supervisor.tally import Failure, Tally
from twiml import NOTHING

log = structlog.get_logger("switchhook.supervisor")

NAME = "conversations"


class Talk:
    """A conversation with something in hand."""

    __slots__ = ("in_hand", "key", "ref", "turn")

    def __init__(self, key: str, ref: ActorRef[Conversation]) -> None:
        self.key = key
        self.ref = ref
        self.in_hand = 0
        self.turn = asyncio.Lock()
        """Whoever has it is in hand; a message that is tried again goes before those that wait."""


class Conversations:
    """Starts, finds and retires the actors of conversations.

    Args:
        settings: what they have in common, their journal among it.
        tally: where failures are listed.
        nudge: is given the name of a conversation when somebody is to be told of it.
        keep: is given what could not be written down of messages of ours, to be routed again when that is not busy.
        max_restarts: crashes over one message that are borne.
    """

    def __init__(
        self,
        settings: Settings,
        tally: Tally,
        nudge: Callable[[str], object],
        keep: Callable[[Webhook], object],
        max_restarts: int = 1,
    ) -> None:
        self.settings = settings
        self.max_restarts = max_restarts
        self.counts: Counter[str] = Counter(conversations=0, answered=0, failed=0)
        """Conversations that began, and messages that were answered, if only with nothing, or should have been."""
        self._tally = tally
        self._nudge = nudge
        self._keep = keep
        self._talks: dict[str, Talk] = {}
        self._under_way: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many have something in hand."""
        return len(self._talks)

    async def route(self, webhook: Webhook) -> str:
        """Answer a message, or what became of one: gives the document that Twilio is to get.

        Raises `Unanswered`, if it is a message.
        """
        status = tells_of_status(webhook)
        try:
            replied = await self._given(webhook).replied
        except Unanswered as problem:
            if status:
                self._keep(webhook)
                return NOTHING
            self._failed(webhook, str(problem))
            raise
        self.counts["conversations"] += replied.began
        if replied.letters:
            self._nudge(key_of(webhook))
        if replied.fresh and not status:
            if replied.problem:
                self._failed(webhook, replied.problem)
            else:
                self.counts["answered"] += 1
        return replied.xml

    def is_busy(self, webhook: Webhook) -> bool:
        """Whether its conversation has something in hand, which may wait for a function."""
        return key_of(webhook) in self._talks

    async def finish(self) -> None:
        """Wait until nobody has anything in hand: functions that are late have their time, too."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def stop(self) -> None:
        """Wait for no function any longer, and stop every actor once it has answered what it has in hand."""
        if self._talks:
            self.settings.callouts.make_haste()
        await self.finish()

    def _given(self, webhook: Webhook) -> Delivery:
        """A message that is on its way to its conversation."""
        key, delivery = key_of(webhook), Delivery(webhook)
        talk = self._talks.get(key)
        if talk is None:
            talk = self._talks[key] = Talk(key, Conversation.start(self.settings, key))
        if talk.in_hand >= WAITING:
            log.warning("inbox_full", message_sid=webhook.message, recipe=webhook.recipe, waiting=talk.in_hand)
            delivery.replied.set_exception(Unanswered(f"{WAITING} messages of this conversation wait already"))
            return delivery
        talk.in_hand += 1
        task = asyncio.get_running_loop().create_task(self._deliver(talk, delivery))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return delivery

    async def _deliver(self, talk: Talk, delivery: Delivery) -> None:
        """Give a message to its conversation's actor, and again if that crashes over it."""
        try:
            async with talk.turn:
                for left in reversed(range(self.max_restarts + 1)):
                    if await self._handled(talk, delivery, last=not left):
                        break
        finally:
            delivery.replied.cancel()
            talk.in_hand -= 1
            if not talk.in_hand:
                del self._talks[talk.key]
                talk.ref.stop(block=False)

    async def _handled(self, talk: Talk, delivery: Delivery, *, last: bool) -> bool:
        """Have the actor handle a message; whether there is no more to be done about it."""
        try:
            await talk.ref.ask(delivery, block=False)
        except Exception as problem:  # noqa: BLE001 - let it crash: whatever it was, it begins afresh
            reason = self._crashed(talk, delivery.webhook, problem)
            late = self.settings.clock.now() - delivery.webhook.arrived > LATE
            if (last or late) and not delivery.replied.done():
                delivery.replied.set_exception(Unanswered(reason))
        else:
            return True
        return delivery.replied.done()

    def _crashed(self, talk: Talk, webhook: Webhook, problem: Exception) -> str:
        reason = f"{type(problem).__name__}: {problem}"
        log.error(
            "child_crashed",
            supervisor=NAME,
            context=webhook.event.value,
            reason=reason,
            offender=talk.key,
            message_sid=webhook.message,
            exc_info=problem,
        )
        return reason

    def _failed(self, webhook: Webhook, reason: str) -> None:
        """A message got no answer that should have got one: it counts, and stands on the list."""
        self.counts["failed"] += 1
        self._tally.failures.append(Failure(self.settings.clock.now(), webhook.message, webhook.recipe, reason))
