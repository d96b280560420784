"""What was told while the journal could not be written, and will not be told again: it is taken later.

The latest of it is kept, as long as the daemon lives, and counts as arriving when it is taken: so another daemon that
looks for what has come of late finds it. What can't be written down then either is kept once more, behind the
others, and so is what would have to wait for a function: of a conversation that has something in hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from actors import Clock, Webhook
from supervisor.conversations import Conversations
from supervisor.tally import REMEMBERED


class Unwritten:
    """Callbacks of calls, and of messages of ours. Whoever takes one keeps it again if that fails."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._webhooks: deque[Webhook] = deque(maxlen=REMEMBERED)

    def __len__(self) -> int:
        return len(self._webhooks)

    def keep(self, webhook: Webhook) -> None:
        """Have it taken later."""
        self._webhooks.append(webhook)

    async def take(self, of_call: Callable[[Webhook], Awaitable[object]], conversations: Conversations) -> None:
        """Take them as they came, as long as that goes well."""
        for _ in range(len(self._webhooks)):
            webhook = self._webhooks.popleft().arriving(self._clock.now())
            if webhook.of_a_message and conversations.is_busy(webhook):
                self.keep(webhook)
                continue
            left = len(self._webhooks)
            await (conversations.route if webhook.of_a_message else of_call)(webhook)
            if len(self._webhooks) > left:
                return
