"""Random calls, random crashes, webhooks at once: the supervisor counts, lists and answers as a simple model does."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from structlog.testing import capture_logs

from actors import Kind, Webhook
from tests.actors.doubles import bounded, hook, quiet
from tests.supervisor.switchboard import Switchboard, counted, sid
from twiml import APOLOGY, NOTHING

WINDOW, LINGER = 5.0, 1.0
CALLS = st.integers(1, 5)


class Post(NamedTuple):
    """What is posted to a call."""

    path: str = ""
    digits: str = ""
    status: str = "in-progress"


POSTS = st.sampled_from(
    [
        *(Post(), Post(status="ringing"), Post("1", "1"), Post("1", "9"), Post("1"), Post("7.7")),
        *(Post("recording"), Post("transcription"), Post("status")),
        *(Post(status="completed"), Post("status", status="busy"), Post("1", status="completed")),
    ]
)


@dataclass
class Child:
    """An actor, as the model has it."""

    counted: bool = False
    over: bool = False
    crashes: list[float] = field(default_factory=list)


class Model:
    """What the supervisor should do, without actors, tasks or a journal."""

    def __init__(self, max_restarts: int) -> None:
        self.max_restarts = max_restarts
        self.now = 0.0
        self.children: dict[str, Child] = {}
        self.retiring: list[tuple[float, str, Child]] = []
        self.gone: set[str] = set()
        self.ending: dict[str, float] = {}
        self.journal: dict[str, str] = {}
        self.faults: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    def post(self, webhook: Webhook) -> bool:
        """Take a webhook; whether it was written down."""
        call = webhook.call_sid
        if call not in self.journal and not webhook.kind.wants_document:
            return False
        over = webhook.kind is Kind.COMPLETE
        return self._take(call, over=over, gone=webhook.kind is Kind.AFTER_THE_END, live=webhook.kind.wants_document)

    def _take(self, call: str, *, over: bool, gone: bool = False, live: bool = False) -> bool:
        child = self.children.setdefault(call, Child())
        for _ in range(self.max_restarts + 1):
            if not self._fails(call):
                self.gone |= {call} if gone else set()
                self._write(child, call, over=over)
                return True
            child.crashes = [*(at for at in child.crashes if self.now - at < WINDOW), self.now]
            if len(child.crashes) > self.max_restarts:
                break
            self.counts["restarts"] += 1
        return self._give_up(child, call, live=live)

    def turn(self, seconds: float) -> None:
        self.now += seconds
        for due, call, child in self.retiring:
            if due <= self.now and self.children.get(call) is child:
                del self.children[call]
        self.retiring = [each for each in self.retiring if each[0] > self.now]
        for call in [call for call, due in self.ending.items() if due <= self.now]:
            self._take(call, over=True)

    def known(self, child: Child, call: str) -> None:
        """The supervisor has heard how a call stands."""
        child.counted = self.journal[call] == "in-progress"
        if not child.counted and not child.over:
            child.over = True
            self.retiring.append((self.now + LINGER, call, child))

    def _fails(self, call: str) -> bool:
        failing = self.faults[call] > 0
        self.faults[call] -= failing
        return failing

    def _write(self, child: Child, call: str, *, over: bool, status: str = "completed") -> None:
        self.counts["started"] += call not in self.journal
        before = self.journal.get(call, "in-progress")
        after = status if over and before == "in-progress" else before
        self.counts[after] += after != before
        self.journal[call] = after
        if after != "in-progress":
            self.ending.pop(call, None)
        elif call in self.gone:
            self.ending[call] = self.now + LINGER
        self.known(child, call)

    def _give_up(self, child: Child, call: str, *, live: bool) -> bool:
        if not self._fails(call):
            self._write(child, call, over=True, status="failed")
            return True
        self.counts["failed"] += child.counted or (live and not child.over)
        del self.children[call]
        return False


class Supervision(RuleBasedStateMachine):
    """A supervisor and its model, given the same webhooks."""

    max_restarts = 1

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.board = Switchboard(max_restarts=self.max_restarts, window=WINDOW, linger=LINGER)
        self.model = Model(self.max_restarts)
        self.model.now = self.board.clock.now()
        self.latest: dict[str, tuple[Webhook, str]] = {}
        self.tokens = 0

    def teardown(self) -> None:
        self.runner.run(self.board.supervisor.stop())
        self.runner.close()

    def webhook(self, call: int, post: Post) -> Webhook:
        self.tokens += 1
        return hook(
            post.path,
            sid=sid(call),
            token=str(self.tokens),
            arrived=self.board.clock.now(),
            CallStatus=post.status,
            Digits=post.digits,
        )

    async def route(self, webhooks: list[Webhook]) -> list[str]:
        with capture_logs():
            answers = await bounded(asyncio.gather(*map(self.board.supervisor.route, webhooks)))
            await quiet()
        return answers

    def give(self, webhooks: list[Webhook]) -> None:
        """Give webhooks to both, all at once, and compare what comes of each."""
        for webhook, answer in zip(webhooks, self.runner.run(self.route(webhooks)), strict=True):
            call, before = webhook.call_sid, self.model.journal.get(webhook.call_sid, "in-progress")
            given_up, gone = self.model.counts["failed"], call in self.model.gone
            written = self.model.post(webhook)
            if not webhook.kind.wants_document:
                assert answer == NOTHING
            elif before == "failed" or self.model.counts["failed"] > given_up:
                assert answer == APOLOGY
            elif before == "in-progress" and gone:
                assert answer == NOTHING
            elif before == "in-progress":
                assert answer not in (APOLOGY, NOTHING)
            else:
                assert answer == NOTHING or not written or self.model.children[call].crashes
            if written:
                self.latest[call] = (webhook, answer)
            else:
                self.latest.pop(call, None)

    @rule(call=CALLS, post=POSTS)
    def one(self, call: int, post: Post) -> None:
        self.give([self.webhook(call, post)])

    @rule(calls=st.lists(st.tuples(CALLS, POSTS), min_size=2, max_size=8))
    def several_at_once(self, calls: list[tuple[int, Post]]) -> None:
        """Of a call that is to crash no more than one: in which order others are tried again is nobody's promise."""
        seen: set[int] = set()
        webhooks = []
        for call, post in calls:
            if call not in seen or not self.model.faults[sid(call)]:
                webhooks.append(self.webhook(call, post))
                seen.add(call)
        self.give(webhooks)

    @precondition(lambda self: self.latest)
    @rule(data=st.data(), times=st.integers(1, 3))
    def repeat(self, data: st.DataObject, times: int) -> None:
        """What was written down is answered the same, and nothing is written again."""
        call = data.draw(st.sampled_from(sorted(self.latest)))
        webhook, answer = self.latest[call]
        written = len(self.board.journal.written)
        assert self.runner.run(self.route([webhook] * times)) == [answer] * times
        assert len(self.board.journal.written) == written
        self.model.known(self.model.children.setdefault(call, Child()), call)

    @rule(call=CALLS, times=st.integers(1, 4))
    def let_it_crash(self, call: int, times: int) -> None:
        self.board.journal.faults["commit", sid(call)] = times
        self.model.faults[sid(call)] = times

    @rule(seconds=st.sampled_from([0.5, 1.0, 4.9, 5.0, 60.0]))
    def let_time_pass(self, seconds: float) -> None:
        async def turn() -> None:
            with capture_logs():
                await self.board.turn(seconds)

        self.runner.run(turn())
        self.model.turn(seconds)

    @invariant()
    def counts_agree(self) -> None:
        counts = self.model.counts
        in_progress = sum(child.counted for child in self.model.children.values())
        assert self.board.counts == counted(
            in_progress, counts["started"], counts["completed"], counts["failed"], counts["restarts"]
        )

    @invariant()
    def the_calls_in_progress_are_listed(self) -> None:
        """In which order, is for other tests: a callback that comes first may have had an actor begun."""
        assert sorted(self.board.listed) == sorted(call for call, child in self.model.children.items() if child.counted)
        assert sorted(self.board.children) == sorted(self.model.children)

    @invariant()
    def the_journal_has_every_call_as_it_is(self) -> None:
        snapshots = {snapshot.call_sid: snapshot.status for snapshot, _ in self.board.journal.written}
        assert snapshots == self.model.journal

    @invariant()
    def no_call_begins_or_ends_twice(self) -> None:
        statuses: dict[str, list[str]] = {}
        for snapshot, _ in self.board.journal.written:
            statuses.setdefault(snapshot.call_sid, []).append(snapshot.status)
        for each in statuses.values():
            assert each == sorted(each, key=lambda status: status != "in-progress")
            assert len(set(each)) <= 2


class MorePatient(Supervision):
    max_restarts = 3


class LessPatient(Supervision):
    max_restarts = 0


bounds = settings(max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
for machine in (Supervision, MorePatient, LessPatient):
    machine.TestCase.settings = bounds
TestSupervision = Supervision.TestCase
TestMorePatient = MorePatient.TestCase
TestLessPatient = LessPatient.TestCase
