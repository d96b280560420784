"""Random messages, copies, statuses, late functions, deaths and faults on two daemons: they keep the promises of one.

The model knows nothing of actors. It is a ledger of what was written down in the one journal, of which function ran
where, of what was answered, and of what somebody was told; the promises are read off it.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections import Counter
from collections.abc import Coroutine
from typing import Any, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from structlog.testing import capture_logs

from actors import Text, Webhook, key_of
from actors.conversation import BUSY
from actors.errand import LEASE, LOOK
from supervisor import Unanswered
from tests.actors.doubles import ManualClock, Office, PlainJournal, quiet
from tests.actors.texting import ME, START, Desk, status, text
from twiml import NOTHING

DAEMONS = 2
NUMBERS = [ME, "+441314960124"]
PATIENCE, LIMIT = 8.0, 20.0
PAUSES = (1.0,) * 100
"""Between tries of the function that is told: no letter dies here."""


def became(webhook: Webhook) -> tuple[str, str, str]:
    """Which message it is about, to whom, and what became of it."""
    return webhook.message, webhook.params["To"], webhook.message_status


class Conversing(RuleBasedStateMachine):
    """Daemons with one journal, two people who write, a function that answers when the test says so, and one that is
    told what became of the answers."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.office = Office("office_of_conversations")
        sys.modules[self.office.__name__] = self.office
        self.clock = ManualClock(START)
        self.journal = PlainJournal(shared=True)
        self.waiting: list[tuple[str, asyncio.Future[str]]] = []
        self.inside: Counter[str] = Counter()
        """How many functions run for each pair at the moment."""
        self.ran: Counter[str] = Counter()
        self.sent: list[dict[str, Any]] = []
        self.answers: list[tuple[str, asyncio.Task[str]]] = []
        self.faults = 0
        self.posted: set[tuple[str, str, str]] = set()
        """What became of messages, as far as Twilio has told."""
        self.lost: set[tuple[str, str, str]] = set()
        """What of that was not written down when a daemon ended."""
        self.told: list[tuple[str, str, str]] = []
        self.failing = 0

        @self.office.employ
        async def undelivered(webhook: Webhook, message: Text) -> None:
            await asyncio.sleep(0)
            if self.failing:
                self.failing -= 1
                raise ValueError("no time")
            assert (message.sid, message.to) == became(webhook)[:2]
            self.told.append(became(webhook))

        @self.office.employ
        async def reply(message: Text) -> str:
            self.ran[message.sid] += 1
            self.inside[message.from_] += 1
            door: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            entry = (message.from_, door)
            self.waiting.append(entry)
            try:
                answer = await door
                message.data.setdefault("read", []).append(message.sid)
                return f"{message.sid} {answer}"
            finally:
                self.inside[message.from_] -= 1
                if entry in self.waiting:
                    self.waiting.remove(entry)

        self.desks = [self.desk(str(number)) for number in range(DAEMONS)]

    def desk(self, node: str) -> Desk:
        options: dict[str, Any] = {"listeners": ["undelivered"], "pauses": PAUSES, "node": node, "limit": LIMIT}
        return Desk(self.office, clock=self.clock, journal=self.journal, **options)

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        with capture_logs():
            return self.runner.run(work)

    async def settled(self, *work: Any) -> None:
        for each in work:
            each()
        await quiet()

    def post(self, webhook: Any, at: int) -> None:
        desk = self.desks[at]
        self.run(self.settled(lambda: self.answers.append((webhook.message, desk.send(webhook)))))

    @rule(number=st.sampled_from(NUMBERS), at=st.integers(0, DAEMONS - 1))
    def write(self, number: str, at: int) -> None:
        """Somebody writes."""
        self.sent.append({"number": len(self.sent), "From": number, "at": self.clock.now()})
        self.post(text("hi", **self.sent[-1]), at)

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), at=st.integers(0, DAEMONS - 1))
    def again(self, data: st.DataObject, at: int) -> None:
        """Twilio sends a message again."""
        self.post(text("hi", **data.draw(st.sampled_from(self.sent)) | {"at": self.clock.now()}), at)

    @rule(
        what=st.sampled_from(["sent", "delivered"]),
        at=st.integers(0, DAEMONS - 1),
        number=st.integers(500, 503),
        to=st.sampled_from(NUMBERS),
    )
    def tell(self, what: str, at: int, number: int, to: str) -> None:
        """What became of a message of ours, perhaps once more."""
        webhook = Webhook({**status(what, number).params, "To": to}, "shop", "status", arrived=self.clock.now())
        self.posted.add(became(webhook))
        self.post(webhook, at)

    @rule(times=st.integers(1, 3))
    def fail(self, times: int) -> None:
        """Who is told has no time, some times."""
        self.failing += times

    @precondition(lambda self: self.waiting)
    @rule(data=st.data(), fails=st.booleans())
    def finish(self, data: st.DataObject, fails: bool) -> None:
        """A function comes to its end."""
        entry = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(entry)
        wrong = ValueError("no")
        self.run(self.settled(lambda: entry[1].set_exception(wrong) if fails else entry[1].set_result("yes")))

    @rule(seconds=st.sampled_from([LOOK, 2 * LOOK, 1.0, 4.0]), times=st.integers(1, 4))
    def pass_time(self, seconds: float, times: int) -> None:
        """Time passes, a little at a time: no renewal of a claim comes late."""

        async def pass_time() -> None:
            for _ in range(times * max(1, round(seconds))):
                self.clock.turn(min(seconds, 1.0))
                await quiet()
            await self.round()

        self.run(pass_time())

    async def round(self) -> None:
        """Every daemon does what it does once in a while."""
        for desk in self.desks:
            await desk.round()
        await quiet()

    @rule(fault=st.sampled_from(["load", "commit", "committed"]))
    def break_the_journal(self, fault: str) -> None:
        """Something goes wrong with the next use of the journal."""
        self.journal.faults[fault] += 1
        self.faults += 1

    @precondition(lambda self: all(task.done() for _, task in self.answers))
    @rule(at=st.integers(0, DAEMONS - 1))
    def restart(self, at: int) -> None:
        """A daemon is stopped, and another is started in its place."""

        async def stop() -> None:
            await asyncio.wait_for(self.desks[at].postman.close(), 30)
            await asyncio.wait_for(self.desks[at].conversations.stop(), 30)
            self.lost |= {became(each) for each in self.desks[at].unwritten._webhooks}
            await quiet()

        self.run(stop())
        self.desks[at] = self.desk(f"{at}, the next after {self.desks[at].settings.node}")

    @invariant()
    def functions_of_a_pair_do_not_overlap(self) -> None:
        if hasattr(self, "inside"):
            assert max(self.inside.values(), default=0) <= 1

    @invariant()
    def a_message_is_answered_in_one_way_and_as_it_is_written_down(self) -> None:
        if not hasattr(self, "answers"):
            return
        rows = [row for _, row in self.journal.written if row.kind == "message"]
        written = {row.params["MessageSid"]: row.answer for row in rows}
        assert len(written) == len(rows), "a message was written down twice"
        for sid, task in self.answers:
            if not task.done() or sid not in self.sids:
                continue
            if task.exception() is not None:
                assert isinstance(task.exception(), Unanswered)
                assert self.faults or str(task.exception()) == BUSY
                continue
            assert task.result() == written[sid]

    @property
    def sids(self) -> set[str]:
        return {text(**each).message for each in self.sent}

    @invariant()
    def no_function_runs_again_unless_something_broke(self) -> None:
        if hasattr(self, "ran") and not self.faults:
            assert max(self.ran.values(), default=0) <= 1

    @invariant()
    def what_a_function_left_is_there_once(self) -> None:
        """Of each pair, in the order in which it was written down."""
        if not hasattr(self, "journal"):
            return
        latest = {snapshot.call_sid: snapshot for snapshot, _ in self.journal.written}
        for snapshot in latest.values():
            read = snapshot.data.get("read", [])
            assert len(read) == len(set(read))
            assert len(read) == snapshot.taken

    @invariant()
    def what_became_of_messages_is_written_down_once_and_told_in_that_order(self) -> None:
        if not hasattr(self, "told"):
            return
        written = self.written_of_messages
        assert len(written) == len(set(written)), "it was written down twice"
        if not self.faults:
            assert len(self.told) == len(set(self.told)), "it was told twice"
        for to in NUMBERS:
            of_one = [each for each in written if each[1] == to]
            told = list(dict.fromkeys(each for each in self.told if each[1] == to))
            assert told == of_one[: len(told)]

    @property
    def written_of_messages(self) -> list[tuple[str, str, str]]:
        """What became of messages, as it was written down."""
        return [became(Webhook(row.params)) for _, row in self.journal.written if row.kind == "message_status"]

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        try:
            self.come_to_an_end()
        finally:
            self.runner.close()
            del sys.modules[self.office.__name__]

    def come_to_an_end(self) -> None:
        """Nobody waits for ever: all there is to wait for ends, and so does everybody who waits."""
        self.journal.faults.clear()
        self.failing = 0
        self.run(self.at_rest())
        refused = {sid for sid, task in self.answers if task.exception() is not None}
        for each in self.sent:
            if text(**each).message in refused:
                self.post(text("hi", **each | {"at": self.clock.now()}), 0)
                self.run(self.at_rest())
                assert self.answers[-1][1].exception() is None, "what was refused is answered when it comes again"
        self.a_message_is_answered_in_one_way_and_as_it_is_written_down()
        self.no_function_runs_again_unless_something_broke()
        told = [task.result() for sid, task in self.answers if sid not in self.sids]
        assert set(told) <= {NOTHING}
        keys = {key_of(text(**each)) for each in self.sent} | {key_of(text(From=to)) for _, to, _ in self.posted}
        assert {snapshot.call_sid for snapshot, _ in self.journal.written} <= keys
        self.what_became_of_messages_is_written_down_once_and_told_in_that_order()
        written = set(self.written_of_messages)
        assert written == set(self.told), "everything is told in the end"
        assert self.posted - written <= self.lost

    async def at_rest(self) -> None:
        """Let every function end, and time pass until nobody has anything in hand."""
        for _ in range(int(4 * (LIMIT + LEASE) * (len(self.sent) + 1))):
            letters = await self.journal.due_letters(math.inf, 1)
            if not letters and all(not (desk.conversations or desk.unwritten) for desk in self.desks):
                break
            for entry in list(self.waiting):
                self.waiting.remove(entry)
                entry[1].set_result("yes")
            self.clock.turn(0.5)
            await quiet()
            await self.round()
        assert all(task.done() for _, task in self.answers)
        assert all(len(desk.conversations) == 0 for desk in self.desks)


TestConversing = cast("Any", Conversing).TestCase
TestConversing.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
