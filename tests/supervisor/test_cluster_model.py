"""Random webhooks, callouts, deaths and faults on several daemons: together they keep the promises of one.

The model knows nothing of actors. It is a ledger of what went over the daemons' wires to their one journal, of which
function ran where, and of what was answered; the promises are read off it.

Two answers need be no row of the journal, and are marked where they are judged:

* one that moved nothing: of a callback that tells of a call which nobody has begun;
* the apology of a daemon whose own way to the journal failed while it had the webhook in hand. Somebody else, asked
  again, may still give the answer.
"""

from __future__ import annotations

import asyncio
import itertools
import math
import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from structlog.testing import capture_logs

from actors import Call, Callouts, Journal, JournalError, Letter, Row, Settings, Snapshot, Webhook
from actors.repeats import same
from runtime.journals import MemoryJournal
from runtime.journals.sqlite import SqliteJournal
from supervisor import Supervisor
from tests.actors.doubles import ManualClock, ManualTimer, Office, hook, quiet
from tests.supervisor.switchboard import sid
from twiml import APOLOGY, NOTHING, DefaultExt, FunctionExt, Gather, ResponseExt, Say, compile

DAEMONS = 3
HOURS = 1
WEBHOOKS = 14
"""Webhooks that a call gets, without the copies that a token tells: fewer than a call remembers."""
PAUSES = (1.0, 2.0)
LINK = re.compile(r'"/menu/([0-9.]+)\?step=([0-9]+)"')


class Step(NamedTuple):
    """What was committed."""

    snapshot: Snapshot
    row: Row
    letters: Sequence[Letter]


@dataclass(eq=False)
class Try:
    """A function under way, which goes on when the test says so."""

    node: str
    call_sid: str
    step_id: str
    """Of a callout; "" of a function that is told of something."""
    door: asyncio.Future[Sequence[Any]]


@dataclass(eq=False)
class Posted:
    """A webhook in a daemon's hand."""

    webhook: Webhook
    daemon: Daemon
    answer: asyncio.Task[str]
    troubles: int
    """How often its journal had failed the daemon before."""


@dataclass
class Ledger:
    """What the daemons have done, as the test sees it."""

    journal: Journal
    clock: ManualClock = field(default_factory=ManualClock)
    steps: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    faults: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    """What is being asked of the journal now."""
    tries: list[Try] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)
    told: list[tuple[str, str, str]] = field(default_factory=list)
    """Of which call, to whom, and the number of the webhook."""
    deaf: Counter[str] = field(default_factory=Counter)
    slow_to_hear: bool = False
    wrong: list[str] = field(default_factory=list)
    """Broken promises that were seen where an assertion would only fail the call."""

    def under_way(self) -> list[Try]:
        """The functions that run on daemons that live."""
        self.tries = [each for each in self.tries if not each.door.done() and each.node not in self.dead]
        return self.tries

    async def wait(self, call: Call, step_id: str = "") -> Sequence[Any]:
        """Be a function that runs for a call."""
        each = Try(call.settings["node"], call.call_sid, step_id, asyncio.get_running_loop().create_future())
        self.tries.append(each)
        return await each.door

    async def call_out(self, call: Call) -> Sequence[Any]:
        """Be a callout: the only one of its call, and not one that was done for good."""
        steps = self.steps[call.call_sid]
        if call.settings["node"] not in self.dead:
            if others := [each for each in self.under_way() if each.call_sid == call.call_sid and each.step_id]:
                self.wrong.append(f"{call.step_id} on {call.settings['node']} beside {others}")
            heard = any(f">{call.step_id}<" in step.row.answer for step in steps)
            if heard or (steps and steps[-1].snapshot.taken > call.taken):
                self.wrong.append(f"{call.step_id} begun again")
        return await self.wait(call, call.step_id)

    async def hear(self, name: str, webhook: Webhook, call: Call) -> None:
        """Be a function that is told of something."""
        if self.slow_to_hear or call.settings["node"] in self.dead:
            await self.wait(call)
        if self.deaf[name] > 0:
            self.deaf[name] -= 1
            raise ValueError(f"{name} has no time")
        self.told.append((call.call_sid, name, webhook.params.get("Nr", "")))


def about(letter: Letter) -> tuple[str, str]:
    """Who is told of what."""
    return letter.subscription.function, letter.params.get("Nr", "")


def once(told: list[tuple[str, str]], dead: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """What was told in order, each but once if it was told again before the next; the dead left aside."""
    return [each for each, _ in itertools.groupby(one for one in told if one not in dead)]


class Wire:
    """A daemon's own way to the journal; it fails when it is told to, and leads nowhere once the daemon is dead."""

    shared, alone = True, False

    def __init__(self, ledger: Ledger, slow: int) -> None:
        self.ledger = ledger
        self.slow = slow
        self.troubles = 0
        self.cut = False

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
        async def ask(*args: Any, **options: Any) -> Any:
            self.ledger.busy += 1
            try:
                await self._pass()
                self._fail(name)
                given = await getattr(self.ledger.journal, name)(*args, **options)
                if name == "commit":
                    snapshot, row, letters = (*args, ())[:3]
                    self.ledger.steps[snapshot.call_sid].append(Step(snapshot, row, letters))
                    self._fail("committed")
                await self._pass()
                return given
            finally:
                self.ledger.busy -= 1

        return ask

    async def _pass(self) -> None:
        for _ in range(self.slow):
            await asyncio.sleep(0)
        if self.cut:
            raise asyncio.CancelledError

    def _fail(self, what: str) -> None:
        if self.ledger.faults[what] > 0:
            self.ledger.faults[what] -= 1
            self.troubles += 1
            raise JournalError(f"no {what}: the disk is full")


class Daemon:
    """A supervisor, its wire and its watch."""

    def __init__(self, ledger: Ledger, number: int, flow: Sequence[Any]) -> None:
        self.ledger = ledger
        self.node = f"node {number}"
        self.wire = Wire(ledger, number % DAEMONS)
        self.callouts = Callouts()
        program = compile(flow)
        given = Settings(
            journal=cast("Journal", self.wire),
            callouts=self.callouts,
            clock=self,
            programs=lambda _: program,
            node=self.node,
            recipe_settings={"node": self.node},
        )
        self.supervisor = Supervisor(given, max_call_hours=HOURS, pauses=PAUSES)

    def now(self) -> float:
        """Everybody's time."""
        return self.ledger.clock.now()

    def later(self, seconds: float, do: Callable[[], object]) -> ManualTimer:
        """What is to be done later dies with the daemon."""
        return self.ledger.clock.later(seconds, lambda: None if self.wire.cut else do())

    def kill(self) -> None:
        """Nothing that it began goes on, and nothing of it is tidied away."""
        self.wire.cut = True
        self.ledger.dead.add(self.node)


class Cluster(RuleBasedStateMachine):
    """Daemons that share a journal, and the ledger."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = Ledger(self.journal())
        self.office = Office("office_of_the_cluster")
        sys.modules[self.office.__name__] = self.office
        self.numbers = itertools.count()
        self.flow = self.make_flow()
        self.daemons: list[Daemon] = []
        self.leaving: list[tuple[Daemon, asyncio.Task[None]]] = []
        self.posted: list[Posted] = []
        self.latest: list[Webhook] = []
        self.webhooks: Counter[str] = Counter()
        self.answers: dict[tuple[str, str], set[str]] = defaultdict(set)
        self.run(self.begin())

    def journal(self) -> Journal:
        """Where the calls are kept."""
        return MemoryJournal()

    def make_flow(self) -> list[Any]:
        """A callout, a menu with another one, and a last one; each has the call's ends told to two functions."""
        ledger = self.ledger

        async def on_status(webhook: Webhook, call: Call) -> None:
            await ledger.hear("on_status", webhook, call)

        async def on_completion(webhook: Webhook, call: Call) -> None:
            await ledger.hear("on_completion", webhook, call)

        async def work(call: Call) -> Any:
            return await ledger.call_out(call), [("status", on_status), ("completion", on_completion)]

        for function in (on_status, on_completion, work):
            self.office.employ(function)
        callout = FunctionExt(fn=work)
        menu = [ResponseExt("1", "one", [callout, Say("One!")]), DefaultExt("none", [Say("None.")])]
        return [callout, Gather([Say("Press one.")], after_ext=menu), callout, Say("Goodbye.")]

    async def begin(self) -> None:
        for _ in range(DAEMONS):
            await self.start_one()

    async def start_one(self) -> None:
        daemon = Daemon(self.ledger, next(self.numbers), self.flow)
        self.daemons.append(daemon)
        await daemon.supervisor.start()

    def run(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do something, and let go on what can."""

        async def do() -> None:
            with capture_logs():
                await work
                await self.settle()

        self.runner.run(do())

    async def settle(self) -> None:
        await quiet()
        while self.ledger.busy:
            await asyncio.sleep(0.0002)
            await quiet()

    async def tick(self, seconds: float = 1.0) -> None:
        self.ledger.clock.turn(seconds)
        await self.settle()

    # what happens

    def post(self, webhook: Webhook, daemon: int) -> None:
        """Post a webhook to a daemon, and don't wait for the answer."""
        if self.webhooks[webhook.call_sid] < WEBHOOKS:
            self.webhooks[webhook.call_sid] += not (webhook.token and webhook in self.latest)
            chosen = self.daemons[daemon]
            answer = asyncio.ensure_future(chosen.supervisor.route(webhook))
            self.posted.append(Posted(webhook, chosen, answer, chosen.wire.troubles))
            self.latest = [*self.latest, webhook][-4:]

    def webhook(self, call: int, what: str, *, token: bool) -> Webhook:
        """What Twilio may post of a call as it is: a callback, or where the latest document leads."""
        number, path, step, more = str(next(self.numbers)), "", None, {"CallStatus": "in-progress"}
        if what in ("status", "over"):
            path, more = "status", {"CallStatus": "completed" if what == "over" else "in-progress"}
        elif what in ("go on", "1"):
            links = [found for each in self.ledger.steps[sid(call)] for found in LINK.findall(each.row.answer)]
            path, step = (links[-1][0], int(links[-1][1])) if links else ("", None)
            more |= {"Digits": "1"} if what == "1" and links else {}
        given = f"token {number}" if token else ""
        now = self.ledger.clock.now()
        return hook(path, sid=sid(call), step=step, token=given, arrived=now, Nr=number, **more)

    CALLS, NODES = st.integers(1, 2), st.integers(0, DAEMONS - 1)
    WHATS = st.sampled_from(["begin", "go on", "go on", "1", "1", "status", "status", "over"])

    @initialize(known=st.booleans(), slow=st.booleans(), deaf=st.integers(0, 4))
    def set_out(self, known: bool, slow: bool, deaf: int) -> None:
        """Mostly there is a call already that has its subscribers, who may be slow or fail."""
        self.ledger.slow_to_hear, self.ledger.deaf["on_status"] = slow, deaf

        async def begin() -> None:
            self.post(self.webhook(1, "begin", token=True), 0)
            await self.settle()
            for each in self.ledger.under_way():
                self.open(each)

        if known:
            self.run(begin())

    @rule(call=CALLS, what=WHATS, token=st.booleans(), daemon=NODES)
    def post_one(self, call: int, what: str, token: bool, daemon: int) -> None:
        async def post() -> None:
            self.post(self.webhook(call, what, token=token), daemon)

        self.run(post())

    @rule(call=CALLS, whats=st.lists(WHATS, min_size=1, max_size=3), token=st.booleans(), copies=st.integers(1, 3))
    def post_several(self, call: int, whats: list[str], token: bool, copies: int) -> None:
        """Several at once, and of each several copies, each to another daemon."""

        async def post() -> None:
            for place, what in enumerate(whats):
                webhook = self.webhook(call, what, token=token)
                for copy in range(copies):
                    self.post(webhook, (place + copy) % DAEMONS)

        self.run(post())

    @precondition(lambda self: self.latest)
    @rule(data=st.data(), daemon=NODES)
    def repeat(self, data: st.DataObject, daemon: int) -> None:
        async def post() -> None:
            self.post(data.draw(st.sampled_from(self.latest)), daemon)

        self.run(post())

    @precondition(lambda self: self.ledger.under_way())
    @rule(data=st.data(), most=st.integers(1, 3), fails=st.sampled_from([False, False, False, True]))
    def finish(self, data: st.DataObject, most: int, fails: bool) -> None:
        """Some functions are done."""

        async def finish() -> None:
            for each in data.draw(st.permutations(self.ledger.under_way()))[:most]:
                self.open(each, fails=fails)

        self.run(finish())

    def open(self, each: Try, *, fails: bool = False) -> None:
        if fails:
            each.door.set_exception(ValueError("no"))
        else:
            each.door.set_result([Say(each.step_id)])

    @rule(seconds=st.integers(1, 10))
    def let_time_pass(self, seconds: int) -> None:
        async def ticks() -> None:
            for _ in range(seconds):
                await self.tick()

        self.run(ticks())

    @rule(daemon=NODES, dies=st.booleans())
    def lose(self, daemon: int, dies: bool) -> None:
        """A daemon dies, or leaves once it has done what it has in hand; another takes its place at once."""
        lost = self.daemons.pop(daemon)

        async def lose() -> None:
            if dies:
                lost.kill()
                self.posted = [each for each in self.posted if each.daemon is not lost]
            else:
                self.leaving.append((lost, asyncio.ensure_future(lost.supervisor.stop())))
            await self.start_one()

        self.run(lose())

    @rule(
        what=st.sampled_from(["load", "commit", "committed", "strike", "on_status", "on_completion", "hear slowly"]),
        times=st.integers(1, 4),
    )
    def break_something(self, what: str, times: int) -> None:
        """The journal fails, or a function that is told of something, or it takes its time."""
        if what == "hear slowly":
            self.ledger.slow_to_hear = not self.ledger.slow_to_hear
        else:
            (self.ledger.deaf if what.startswith("on") else self.ledger.faults)[what] = times

    # what is promised

    def no_promise_was_broken_by_a_function_that_ran(self) -> None:
        assert not self.ledger.wrong

    @invariant()
    def the_promises_are_kept(self) -> None:
        self.no_promise_was_broken_by_a_function_that_ran()
        self.answers_are_rows_and_the_same_from_everybody()
        self.steps_follow_each_other()
        self.no_call_ends_twice()
        self.no_webhook_is_two_steps()

    def answers_are_rows_and_the_same_from_everybody(self) -> None:
        for each in [each for each in self.posted if each.answer.done()]:
            self.posted.remove(each)
            self.judge(each)

    def judge(self, each: Posted) -> None:
        webhook, given = each.webhook, each.answer.result()
        rows = [step.row for step in self.ledger.steps[webhook.call_sid] if step.row.same == same(webhook)]
        if given in {row.answer for row in rows}:
            answers = self.answers[webhook.call_sid, same(webhook)]
            answers.add(given)
            assert len(answers) == 1 or not webhook.token, answers
        elif each.daemon.wire.troubles > each.troubles:
            assert given == (APOLOGY if webhook.kind.wants_document else NOTHING)
        else:
            assert not webhook.kind.wants_document, given
            assert given == NOTHING

    def steps_follow_each_other(self) -> None:
        for steps in self.ledger.steps.values():
            steps.sort(key=lambda step: step.snapshot.version)
            assert [step.snapshot.version for step in steps] == list(range(1, len(steps) + 1))

    def no_call_ends_twice(self) -> None:
        for steps in self.ledger.steps.values():
            statuses = [step.snapshot.status for step in steps]
            assert statuses == sorted(statuses, key=lambda status: status != "in-progress")
            assert len(set(statuses)) <= 2

    def no_webhook_is_two_steps(self) -> None:
        for steps in self.ledger.steps.values():
            keys = [step.row.same for step in steps if step.row.same]
            tokens = [key for key in keys if key[0] == "t"]
            assert len(tokens) == len(set(tokens))
            contents = [key for key in keys if key[0] == "c"]
            assert all(one != two for one, two in itertools.pairwise(contents))

    def teardown(self) -> None:
        try:
            self.ledger.faults.clear()
            self.ledger.slow_to_hear = False
            self.run(self.end())
            self.everybody_is_answered_and_told()
            self.runner.run(self.close())
        finally:
            self.runner.close()
            self.folder.cleanup()
            del sys.modules[self.office.__name__]

    async def end(self) -> None:
        """Let everything come to its end: no lease is so short that it runs out from one look to the next."""
        await self.let_everything_be_done()
        await self.everybody_may_call_out()
        await self.tick(3600 * HOURS)
        await self.let_everything_be_done()

    async def let_everything_be_done(self) -> None:
        for _ in range(20):
            for each in self.ledger.under_way():
                self.open(each)
            await self.settle()
            await self.tick(4)

    async def everybody_may_call_out(self) -> None:
        """Nobody holds a claim on a call for which nothing runs."""
        now = self.ledger.clock.now()
        for call_sid in self.ledger.steps:
            assert await self.ledger.journal.claim(call_sid, None, "another", now, now)

    def everybody_is_answered_and_told(self) -> None:
        self.the_promises_are_kept()
        assert not self.posted
        assert not self.ledger.under_way()
        assert all(left.done() for _, left in self.leaving)
        for steps in filter(None, self.ledger.steps.values()):
            self.is_over(steps)
        for daemon in self.daemons:
            assert [each.summary() for each in daemon.supervisor._roll] == []
            assert daemon.supervisor._awake.count == daemon.supervisor.tally.in_progress == 0

    def is_over(self, steps: list[Step]) -> None:
        """A call has ended, and all there is to tell of it was told, in order, or is dead."""
        last = steps[-1].snapshot
        assert last.status != "in-progress"
        letters = [each for step in steps for each in step.letters]
        ends = [each for each in letters if each.subscription.event == "completion"]
        assert len(ends) == (1 if last.subscriptions else 0)
        told = [(name, number) for call_sid, name, number in self.ledger.told if call_sid == last.call_sid]
        dead = [about(each) for each in self.dead_letters() if each.call_sid == last.call_sid]
        assert once(told, dead) == once([about(each) for each in letters], dead)

    def dead_letters(self) -> Sequence[Letter]:
        return self.runner.run(self.ledger.journal.dead_letters(100))

    async def close(self) -> None:
        assert await self.ledger.journal.due_letters(math.inf, 100) == []
        for daemon in self.daemons:
            await daemon.supervisor.stop()
        await self.ledger.journal.close()


class ClusterOnDisk(Cluster):
    """The same, with a journal that is a file."""

    def journal(self) -> Journal:
        return SqliteJournal(Path(self.folder.name) / "calls.db", now=lambda: 1_000_000.0)


quick = settings(
    max_examples=70,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
Cluster.TestCase.settings = quick
ClusterOnDisk.TestCase.settings = settings(quick, max_examples=8)
TestCluster = Cluster.TestCase
TestClusterOnDisk = ClusterOnDisk.TestCase
