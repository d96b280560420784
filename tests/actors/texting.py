"""Both ends of conversations by text: messages as Twilio posts them, and daemons that have a `reply`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from actors import Callouts, Settings, Subscription, Threads, Webhook
from supervisor import Conversations, Postman
from supervisor.tally import Tally
from supervisor.unwritten import Unwritten
from tests.actors.doubles import ManualClock, Office, PlainJournal, bounded, until

ME, YOU = "+441314960123", "+441314960456"
START = 1_000_000.0


def text(body: str = "hello", number: int = 1, *, at: float = START, path: str = "", **more: str) -> Webhook:
    """A message that I write to you, by its number."""
    sid = f"SM{number:032x}"
    names = {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "SmsStatus": "received", "AccountSid": "AC1"}
    return Webhook(names | {"From": ME, "To": YOU, "Body": body, "NumMedia": "0"} | more, "shop", path, arrived=at)


def status(what: str = "delivered", number: int = 100, *, at: float = START, path: str = "status") -> Webhook:
    """What became of a message that you wrote to me."""
    sid = f"SM{number:032x}"
    fields = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": what, "SmsStatus": what, "AccountSid": "AC1"}
    return Webhook(fields | {"From": YOU, "To": ME}, "shop", path, arrived=at)


class Desk:
    """A daemon's conversations, which are answered by the office's `reply`."""

    def __init__(
        self,
        office: Office,
        *,
        clock: ManualClock | None = None,
        journal: PlainJournal | None = None,
        node: str = "node",
        max_restarts: int = 1,
        listeners: Sequence[str] = (),
        pauses: Sequence[float] = (),
        **settings: Any,
    ) -> None:
        self.office = office
        self.listeners = [Subscription("message_status", office.__name__, name) for name in listeners]
        self.clock = clock or ManualClock(START)
        self.journal = journal or PlainJournal()
        self.settings = Settings(
            journal=self.journal,
            callouts=Callouts(Threads(4)),
            clock=self.clock,
            programs=lambda _: None,
            replies=lambda recipe: office.__name__ if recipe == "shop" else None,
            message_subscriptions=lambda recipe: self.listeners if recipe == "shop" else (),
            node=node,
            **settings,
        )
        self.tally = Tally(self.clock)
        self.postman = Postman(self.settings, pauses)
        self.unwritten = Unwritten(self.clock)
        nudge, keep = self.postman.nudge, self.unwritten.keep
        self.conversations = Conversations(self.settings, self.tally, nudge, keep, max_restarts)

    def after(self) -> Desk:
        """The daemon that has the journal next."""
        return Desk(self.office, clock=self.clock, journal=self.journal, node=f"after {self.settings.node}")

    def send(self, webhook: Webhook) -> asyncio.Task[str]:
        """Post a webhook, and don't wait for what it is answered."""
        return asyncio.ensure_future(self.conversations.route(webhook))

    async def post(self, webhook: Webhook) -> str:
        """Post a webhook; the document it is answered."""
        return await bounded(self.send(webhook))

    async def round(self) -> None:
        """What a supervisor does once in a while."""
        await bounded(self.unwritten.take(self.conversations.route, self.conversations))
        await bounded(self.postman.look())

    async def told(self) -> None:
        """Wait until everybody has been told who is to be."""
        await until(lambda: not self.settings.callouts.running)

    async def done(self) -> None:
        """Wait until nobody has anything in hand."""
        await bounded(self.conversations.finish())

    @property
    def kinds(self) -> list[str]:
        """What was written down, in order."""
        return [row.kind for _, row in self.journal.written]

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """The messages that got no answer, and why."""
        return [(each.sid, each.reason) for each in self.tally.failures]


class Doors:
    """A `reply` that waits until the test opens the door of its message, and notes who came and who left."""

    def __init__(self, office: Office) -> None:
        self.doors: dict[str, asyncio.Future[Any]] = {}
        self.log: list[str] = []
        """Bodies, as `in …` and `out …`."""

        @office.employ
        async def reply(message: Any) -> Any:
            self.log.append(f"in {message.body}")
            door = self.doors.setdefault(message.body, asyncio.get_running_loop().create_future())
            try:
                answer = await door
                message.data.setdefault("read", []).append(message.body)
                return answer
            finally:
                self.log.append(f"out {message.body}")

    def open(self, body: str, answer: Any = None) -> None:
        """Let the function answer the message with this body."""
        self.doors.setdefault(body, asyncio.get_running_loop().create_future()).set_result(answer)
