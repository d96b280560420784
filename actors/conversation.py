"""One conversation by text as an actor: messages of a pair of numbers go in, answers come out, one at a time.

For each message, in this order: is it one that was answered already? Then the same bytes. Else the
recipe's `reply` is called, the step is committed to the journal, and only then is the answer given.

A conversation is kept as a call is, with nothing to run and nothing due: its `CallSid` is `key_of` its
pair, which no call's can be, its status is `conversation`, and it is forgotten `journal_days` after the
last message. It is known from the journal alone: an actor lives as long as it has something in hand.

What goes wrong within `reply`, or takes it longer than `patience`, costs that one answer: nobody is sent
an apology for it, and what the conversation remembers stays as it was. A function that is late is left to
finish all the same. Nobody gets what it answers then, but what it left in `data` is kept.

The messages behind a function wait: two of one pair never overlap. Each has its own patience from when it
is its turn, as far as Twilio still waits. One whose turn comes later is handled for what it leaves in
`data`. One that waits for another daemon's function is refused in the end, and not written down.

A daemon that stops waits for none. A message whose function is under way then, or has not begun, is refused and
not written down: whoever is given it again runs it.

What became of a message of ours is a step as well, committed with a letter to each function that is to be told.

What goes wrong here is not caught. The actor forgets what it knew, and the message may be given to it
again. Another daemon's may have gone on with the conversation meanwhile: then its step is *stale*, and
the message is handled anew upon what there is now. What a function returned for it is taken all the same,
unless `data` is no longer what the function saw: then it is run again.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog

from actors.callouts import CalloutError, Outcome, plain
from actors.errand import Errand
from actors.journal import KEPT_ROWS, Letter, Row, Snapshot, StaleVersion, Subscription
from actors.letters import letters_of
from actors.loop_actor import LoopActor
from actors.repeats import answered
from actors.settings import Settings
from actors.stale import until_fresh
from actors.text import MESSAGE, Text, answer_of, verbs_of
from actors.webhook import Webhook
from twiml import NOTHING, Program, TwimlError
from twiml.extensions import MESSAGE_EVENTS

log = structlog.get_logger("switchhook.conversation")

STATUS = "conversation"
"""How a conversation stands, for as long as it is kept."""
(MESSAGE_STATUS,) = MESSAGE_EVENTS
"""The event, and the kind of a row, that tells what became of a message of ours."""
WAITED = 14.0
"""Seconds after it came in which a message is answered, whatever it waits for: Twilio waits 15 for the whole exchange
(Twilio's documentation: "Webhooks: connection overrides")."""
BUSY = "another daemon is busy with this conversation"
STOPPING = "this daemon stops, and waits for no function any more"
NO_PROGRAM = Program(())


def key_of(webhook: Webhook) -> str:
    """The name of a conversation, by account and numbers, whichever of them has written; else by the one message.

    >>> hello = Webhook({"AccountSid": "AC1", "MessageSid": "SM1", "From": "+441314960123", "To": "+441314960456"})
    >>> told = {"MessageSid": "SM2", "MessageStatus": "sent", "From": "+441314960456", "To": "+441314960123"}
    >>> key_of(hello), key_of(Webhook(told | {"AccountSid": "AC1"})) == key_of(hello)
    ('texts-865a6ca274b94bde512d8bff9b9094b6', True)
    """
    account, *pair = parties_of(webhook).values()
    return f"texts-{_digest((account, *pair) if any(pair) else (account, webhook.message))}"


def parties_of(webhook: Webhook) -> dict[str, str]:
    """The account, whoever writes to us, and our number, by the names that they have in a message that comes in.

    Who tells of a message may name neither number, as a Sms does. (Twilio's documentation: "TwiML Voice: Sms".)
    """
    get = webhook.params.get
    theirs, ours = get("From", ""), get("To", "")
    if tells_of_status(webhook):
        theirs, ours = ours, theirs
    return {"AccountSid": get("AccountSid", ""), "From": theirs, "To": ours}


def tells_of_status(webhook: Webhook) -> bool:
    """Whether it is no message, but tells what became of one of ours."""
    return webhook.path == "status" or bool(webhook.message_status)


def same_message(webhook: Webhook) -> str:
    """What is the same for every try of one message: its Sid, and the URL that it came to.

    Twilio's own fields don't count, to which a fallback request adds. Those of the URL's query do: an answer may
    redirect the message to the recipe once more.
    """
    return "m" + _digest((webhook.recipe, webhook.path, webhook.message, sorted(webhook.custom_params.items())))


def same_status(webhook: Webhook) -> str:
    """What is the same for every try of what tells of a message: all that it says, and the recipe that it comes to.

    However much is told in between: nothing becomes of a message twice.
    """
    return "s" + _digest((webhook.recipe, sorted(webhook.params.items())))


def _digest(what: tuple[object, ...]) -> str:
    return hashlib.blake2b(repr(what).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


class Unanswered(Exception):
    """A message can't be handled, and nothing of it was written down."""


class Overtaken(Exception):
    """Another daemon has gone on with a conversation while a message waited for its turn. Nothing was done for it."""


class Replied(NamedTuple):
    """What a message is answered, or what tells of one."""

    xml: str
    began: bool = False
    """Whether the conversation began with it."""
    letters: bool = False
    """Whether somebody is to be told of it."""
    fresh: bool = False
    """Whether it was handled now, and is no repeat."""
    problem: str = ""
    """Why it got no answer, if it should have got one."""


@dataclass(slots=True)
class Delivery:
    """A message on its way to its conversation, or the status of one, and the answer that it waits for."""

    webhook: Webhook
    replied: asyncio.Future[Replied] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def settle(self, replied: Replied) -> None:
        """Give the answer, once it is committed."""
        if not self.replied.done():
            self.replied.set_result(replied)

    def refuse(self, problem: Unanswered) -> None:
        """Give none, for nothing is committed."""
        if not self.replied.done():
            self.replied.set_exception(problem)


class Conversation(LoopActor):
    """One conversation. It begins with its first message, or with what became of one of ours, if anybody listens."""

    use_registry = False

    def __init__(self, settings: Settings, key: str) -> None:
        super().__init__()
        self.settings = settings
        self.key = key
        self.known: Snapshot | None = None
        """The conversation as it was after its latest step, if it has had one."""
        self.rows: tuple[Row, ...] = ()
        """All that is kept of its history, for repeats and for what was said before."""
        self.current = False
        """Whether that is known, and nobody else is known to have gone on from there."""
        self.errand: Errand | None = None
        """The `reply` under way, or one that has returned what is in no step so far."""
        self.late = False
        """Whether its message was answered without it."""

    async def on_receive(self, delivery: Delivery) -> None:
        """Take a `Delivery`, and settle it. Raises whatever goes wrong; nothing is then known any more."""
        try:
            while not await until_fresh(lambda: self._take(delivery.webhook, delivery), self._forget):
                self._forget()
        except BaseException:
            self._forget()
            if delivery.replied.done():
                self._let_go()
            raise

    async def _take(self, webhook: Webhook, delivery: Delivery) -> bool:
        """Settle a delivery, or refuse it; False if it still waits for its turn, and there is something new to know."""
        if not self.current:
            await self._take_up()
        status = tells_of_status(webhook)
        key = same_status(webhook) if status else same_message(webhook)
        before = answered(self.rows, key)
        if before is not None:
            delivery.settle(Replied(before))
        elif status:
            delivery.settle(await self._told_of_status(webhook, key))
        else:
            try:
                await self._answer(webhook, key, delivery)
            except Overtaken:
                return False
        if self.late:
            await self._hear_out(webhook, key)
        self._let_go()
        return True

    def _forget(self) -> None:
        self.current = False

    async def _take_up(self) -> None:
        """Learn how the conversation stands."""
        journal = self.settings.journal
        self.known = await journal.load(self.key)
        self.rows = tuple(await journal.history(self.key)) if self.known is not None else ()
        self.current = True

    async def _told_of_status(self, webhook: Webhook, key: str) -> Replied:
        """What became of a message of ours is written down if there is a conversation, or anybody to be told."""
        subscribed, began = self.settings.message_subscriptions(webhook.recipe), self.known is None
        if began and not subscribed:
            log.info("status_of_unknown_message", message_sid=webhook.message, status=webhook.message_status)
            return Replied(NOTHING)
        letters = letters_of(self.key, self._version + 1, webhook, [(MESSAGE_STATUS, webhook.params)], subscribed)
        row = Row(webhook.arrived, MESSAGE_STATUS, webhook.path, None, webhook.params, NOTHING, False, key)
        await self._write(webhook, row, letters=letters)
        return Replied(NOTHING, began, letters=bool(letters), fresh=True)

    async def _answer(self, webhook: Webhook, key: str, delivery: Delivery) -> None:
        """Settle a message, or refuse it."""
        try:
            delivery.settle(await self._reply(webhook, key))
        except Unanswered as problem:
            log.warning("message_refused", message_sid=webhook.message, recipe=webhook.recipe, reason=str(problem))
            delivery.refuse(problem)

    async def _reply(self, webhook: Webhook, key: str) -> Replied:
        """Call the function, and commit what it answers within its message's time."""
        xml, problem, cause, outcome = NOTHING, "", None, None
        text = Text(webhook, self._data, self.rows, self.settings.recipe_settings)
        try:
            outcome = await self._outcome(webhook, key, text)
            xml = answer_of(outcome.verbs, text)
        except (CalloutError, TwimlError) as wrong:
            outcome, problem, cause = None, str(wrong), wrong.__cause__
        began = self.known is None
        row = Row(webhook.arrived, MESSAGE, webhook.path, None, webhook.params, xml, outcome is not None, key)
        await self._write(webhook, row, outcome)
        about = {"message_sid": webhook.message, "recipe": webhook.recipe}
        if problem:
            log.error("reply_failed", **about, reason=problem, exc_info=cause)
        else:
            log.info("message_answered", **about, from_number=text.from_, to_number=text.to, began=began)
        return Replied(xml, began, fresh=True, problem=problem)

    async def _outcome(self, webhook: Webhook, key: str, text: Text) -> Outcome:
        """What the function returned, run now or before.

        Raises:
            CalloutError: it failed, or is late.
            Overtaken: it was not begun, for another daemon has gone on with the conversation.
            Unanswered: the daemon stops, and waits for none; or another one was busy with the conversation.
        """
        settings, this, hurry = self.settings, self._errand_key(key), self.settings.callouts.hurry
        waited = webhook.arrived + WAITED
        if self.errand is None or self.errand.key != this:
            self._let_go()
            module = settings.replies(webhook.recipe)
            if module is None:
                raise CalloutError(f"recipe {webhook.recipe} has no reply any more")
            if hurry.done():
                raise Unanswered(STOPPING)
            errand = Errand(settings, self.key, this, f"{module}:reply")
            try:
                claimed = await errand.claim(self._version, waited)
            except StaleVersion as problem:
                if settings.clock.now() < waited:
                    raise Overtaken from problem
                claimed = False
            if not claimed:
                raise Unanswered(STOPPING if hurry.done() else BUSY)
            self.errand = errand
            errand.begin(self._call(module, errand.name, text))
        done = await self.errand.done_by(min(self.errand.begun + settings.patience, waited))
        if not done and hurry.done():
            raise Unanswered(STOPPING)
        self.late = not done
        if self.late:
            seconds = round(settings.clock.now() - webhook.arrived, 1)
            raise CalloutError(f"{self.errand.name} was not done {seconds:g} s after its message came")
        return self.errand.outcome()

    async def _call(self, module: str, name: str, text: Text) -> Outcome:
        returned = await self.settings.callouts.run(Subscription(MESSAGE, module, "reply"), text)
        verbs = verbs_of(name, returned, self._told_at(text.webhook.recipe))
        return Outcome(verbs, (), plain(name, text.data, "message"))

    def _told_at(self, recipe: str) -> str:
        """Where Twilio is to tell what becomes of an answer; "" if nobody wants to know."""
        wanted = self.settings.message_subscriptions(recipe)
        return self.settings.path_of(recipe, "status") if wanted else ""

    async def _hear_out(self, webhook: Webhook, key: str) -> None:
        """Wait for a function that is late, no longer than one may take, and keep what it left in `data`."""
        errand = self.errand
        assert errand is not None, "what is late is under way"
        about = {"message_sid": webhook.message, "recipe": webhook.recipe}
        if not await errand.done_by(math.inf):
            log.warning("late_reply_lost", **about, reason="the daemon stops")
            return
        try:
            outcome = errand.outcome()
        except CalloutError as problem:
            log.exception("late_reply_failed", **about, reason=str(problem))
            return
        if errand.key != self._errand_key(key):
            log.warning("late_reply_lost", **about, reason="another daemon has answered a message meanwhile")
            return
        now = self.settings.clock.now()
        await self._write(webhook, Row.own(now, "late_reply", webhook.path), outcome)
        log.warning("late_reply", **about, seconds=round(now - webhook.arrived, 3), unsent=len(outcome.verbs))

    async def _write(
        self, webhook: Webhook, row: Row, outcome: Outcome | None = None, letters: Sequence[Letter] = ()
    ) -> None:
        """Commit a step, with what a function has left, and with letters.

        Raises `StaleVersion` if another was committed meanwhile.
        """
        known, settings = self.known, self.settings
        snapshot = Snapshot(
            call_sid=self.key,
            recipe=webhook.recipe,
            version=self._version + 1,
            status=STATUS,
            started=known.started if known is not None else webhook.arrived,
            due=None,
            program=NO_PROGRAM,
            machine={},
            initial_params=known.initial_params if known is not None else parties_of(webhook),
            data=outcome.data if outcome is not None else self._data,
            taken=self._taken + (outcome is not None),
            ending=False,
            subscriptions=(),
            announced=(),
            awaited={},
        )
        busy = self.late and outcome is None
        claimant = settings.node if self.errand is not None and not busy else ""
        await settings.journal.commit(snapshot, row, letters, claimant=claimant)
        self.known, self.rows = snapshot, (*self.rows, row)[-KEPT_ROWS:]

    def _errand_key(self, key: str) -> str:
        """A message, after so many others: what a function is run for."""
        return f"{key}:{self._taken}"

    @property
    def _version(self) -> int:
        return self.known.version if self.known is not None else 0

    @property
    def _data(self) -> Any:
        return self.known.data if self.known is not None else {}

    @property
    def _taken(self) -> int:
        return self.known.taken if self.known is not None else 0

    def on_stop(self) -> None:
        """Nobody waits for a function of a conversation that is stopped."""
        if self.errand is not None:
            self.errand.drop()

    def on_failure(self, *_: object) -> None:
        """Nor of one whose actor has died of a message."""
        self.on_stop()

    def _let_go(self) -> None:
        """Have done with a function, so that another may be begun."""
        errand, self.errand, self.late = self.errand, None, False
        if errand is not None:
            errand.drop()
