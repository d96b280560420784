"""The postman: tells subscribed functions what happened, at least once, and those of one call in order.

A step is committed together with a letter to each function that is to be told of it. The postman is
nudged when there are letters of a call, and looks by himself once in a while for those that nobody
delivered: of a daemon that died, or that failed before. He takes the first letter of a call (nobody
else gets it meanwhile), runs the function, and strikes the letter off. A conversation by text is to
him as a call is, but for what its functions are shown: a message in place of the call.

A function that fails is tried again later, each time after a longer pause, and the call's other
letters wait behind it. After the last try the letter is *dead*: it stands on a list until somebody
has it tried again or drops it, and the others go on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from actors import Call, CalloutError, JournalError, Letter, Settings, Snapshot, Text, Webhook, sids_of
from actors.call import HISTORY
from actors.clock import done_within
from actors.conversation import STATUS as CONVERSATION

log = structlog.get_logger("switchhook.postman")

PAUSES = (5.0, 30.0, 120.0, 600.0, 3600.0, 3 * 3600.0, 6 * 3600.0)
"""Seconds from each failed try to the next; the letter is dead after the last."""
MARGIN = 5.0
"""Seconds beyond a function's own limit, after which somebody else may take a letter that was taken."""
CALLOUT = "callout"
"""The event of a callout whose function was gone. Its letter is born dead, and stays it: its call is over."""
LATEST = 20
"""Dead letters that the status shows."""
AT_A_TIME = 100
"""Calls that letters are delivered for at a time."""


@dataclass(slots=True)
class Round:
    """Letters of one call under way."""

    task: asyncio.Task[None]
    more: bool = False
    """Whether there may be more since it was begun."""


class Postman:
    """Delivers the letters of a journal.

    Args:
        settings: what the calls have in common.
        pauses: seconds from each failed try to the next.
    """

    def __init__(self, settings: Settings, pauses: Sequence[float] = PAUSES) -> None:
        self.settings = settings
        self.pauses = pauses
        self.dead = 0
        """Dead letters there were when it was last looked."""
        self.latest: Sequence[Letter] = ()
        """The latest of them."""
        self._rounds: dict[str, Round] = {}
        self._closed = False

    def nudge(self, call_sid: str) -> None:
        """There is a letter of this call."""
        found = self._rounds.get(call_sid)
        if found is not None:
            found.more = True
        elif len(self._rounds) < AT_A_TIME and not self._closed:
            self._rounds[call_sid] = Round(self.settings.callouts.spawn(self._deliver_all(call_sid)))

    async def look(self) -> None:
        """See what is due, and how many letters are dead. Raises `JournalError`."""
        journal, now = self.settings.journal, self.settings.clock.now()
        room = AT_A_TIME - len(self._rounds)
        for call_sid in await journal.due_letters(now, AT_A_TIME) if room > 0 else ():
            self.nudge(call_sid)
        self.dead = await journal.count_dead()
        self.latest = await journal.dead_letters(LATEST) if self.dead else ()

    def listed(self) -> list[dict[str, Any]]:
        """The latest dead letters as the status shows them."""
        return [_shown(letter) for letter in self.latest]

    async def finish(self) -> None:
        """Wait until everything is delivered, or put off, that is under way."""
        while self._rounds:
            await asyncio.wait([each.task for each in self._rounds.values()])

    async def close(self) -> None:
        """Deliver nothing more. What is under way is cut off, and is due again at once."""
        self._closed = True
        tasks = [each.task for each in self._rounds.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _deliver_all(self, call_sid: str) -> None:
        """Deliver the letters of a call, one after the other, as long as there are any that are due."""
        journal, clock, limit = self.settings.journal, self.settings.clock, self.settings.limit
        try:
            while True:
                self._rounds[call_sid].more = False
                now = clock.now()
                letter = await journal.take_letter(call_sid, now, now + limit + MARGIN)
                if letter is not None:
                    await self._deliver(letter)
                elif not self._rounds[call_sid].more:
                    return
        except Exception as problem:
            unexpected = None if isinstance(problem, JournalError) else problem
            log.warning("letters_left", call_sid=call_sid, reason=str(problem), exc_info=unexpected)
        finally:
            del self._rounds[call_sid]

    async def _deliver(self, letter: Letter) -> None:
        """Run the function that a letter is to; strike the letter off, or put it off."""
        journal = self.settings.journal
        try:
            await self._run(letter)
        except CalloutError as problem:
            await journal.postpone(self._put_off(letter, problem))
        except asyncio.CancelledError:
            released = letter._replace(due=self.settings.clock.now(), tries=letter.tries - 1)
            with contextlib.suppress(JournalError):
                await journal.postpone(released)
            raise
        else:
            await journal.strike(letter)

    async def _run(self, letter: Letter) -> None:
        """Call the function, no longer than a callout may take. Raises `CalloutError`."""
        settings = self.settings
        if letter.subscription.event == CALLOUT:
            raise CalloutError(letter.reason)
        try:
            snapshot = await settings.journal.load(letter.call_sid)
        except JournalError as problem:
            raise CalloutError(f"its call can't be read: {problem}") from problem
        if snapshot is None:
            return  # pruned by hand: there is nothing left to tell of
        webhook = Webhook(letter.params, snapshot.recipe, letter.path, letter.step, "", letter.at)
        about = await self._about(webhook, snapshot)
        task = asyncio.get_running_loop().create_task(settings.callouts.tell(letter.subscription, webhook, about))
        try:
            if not await done_within(settings.limit, task, settings.clock):
                name = f"{letter.subscription.module}:{letter.subscription.function}"
                raise CalloutError(f"{name} took more than {settings.limit:g} s")
            task.result()
        finally:
            task.cancel()

    async def _about(self, webhook: Webhook, snapshot: Snapshot) -> Call | Text:
        """What a function is shown beside the webhook: a copy of the call, or of the message and its conversation."""
        key, settings = snapshot.call_sid, self.settings
        if snapshot.status == CONVERSATION:
            return Text(webhook, snapshot.data, await settings.journal.history(key), settings.recipe_settings)
        call = Call.restored(snapshot, await settings.journal.history(key, HISTORY), settings.recipe_settings)
        call.params = webhook.params
        return call.view()

    def _put_off(self, letter: Letter, problem: CalloutError) -> Letter:
        """A letter whose function failed: when to try again, or that it is dead."""
        due = None
        if letter.tries <= len(self.pauses) and letter.subscription.event != CALLOUT:
            due = self.settings.clock.now() + self.pauses[letter.tries - 1]
        else:
            self.dead += 1
        log.error(
            "letter_dead" if due is None else "letter_failed",
            **sids_of(letter),
            subscribed_to=letter.subscription.event,
            tries=letter.tries,
            reason=str(problem),
            exc_info=problem.__cause__,
        )
        return letter._replace(due=due, reason=str(problem))


def _shown(letter: Letter) -> dict[str, Any]:
    event, module, function = letter.subscription
    told = {"event": event, "function": f"{module}:{function}", "tries": letter.tries, "reason": letter.reason}
    return {"at": letter.at, **sids_of(letter), **told}
