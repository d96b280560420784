"""A call as its actor has it: taken up from the journal, or begun, and written down step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from actors.call import HISTORY, SUBSCRIPTIONS, Call, kept
from actors.callouts import CalloutError, Outcome
from actors.errands import Errands
from actors.journal import Letter, Row, Snapshot
from actors.loop_actor import LoopActor
from actors.messages import Answer, CalloutDone
from actors.recordings import PATIENCE, Recordings
from actors.settings import Settings
from actors.webhook import Webhook
from twiml import BUSY, NOTHING, Machine, Program


class KeptCall(LoopActor):
    """The actor of a call that knows what the journal does, and how to write it a step further.

    Its supervisor is its registry, so Pykka's is not told of it.
    """

    use_registry = False

    call: Call
    machine: Machine
    recordings: Recordings

    def __init__(self, settings: Settings, call_sid: str) -> None:
        super().__init__()
        self.settings = settings
        self.call_sid = call_sid
        self.status = "unknown"
        self.reason = ""
        self.version = 0
        self.due: float | None = None
        """When to do without what the call waits for, as it was committed; None for never."""
        self.ending = False
        self.failure = ""
        """What is wrong with the callout that the caller holds for, once that is committed."""
        self.chain = ""
        """Which callouts the caller holds for: see `_chain_from`."""
        self.tried: tuple[Webhook, str, str] | None = None
        """The latest webhook that has led to a callout, where that stands, and its chain."""
        self.errands = Errands(settings, call_sid)
        self.untried = True
        """Whether nothing is known of the call, not even that the journal has it."""
        self.crashed = False

    def _forget(self) -> None:
        """Know nothing of the call but that the journal has it."""
        self.status, self.reason, self.version, self.untried = "unknown", "", 0, False

    def _begin(self, webhook: Webhook) -> Answer | None:
        """Begin a call; the answer if there is no such recipe, or no room for another call."""
        settings = self.settings
        program = settings.programs(webhook.recipe)
        if program is None:
            return Answer(NOTHING, self.status)
        if webhook.kind.wants_document and not settings.admit(self.call_sid):
            return Answer(BUSY, "refused")
        self.call = Call(webhook.recipe, program, webhook.params, settings.recipe_settings, webhook.arrived)
        self.call.language = settings.language(webhook.recipe, self.call.to)
        self.call.subscriptions = tuple(settings.subscriptions(webhook.recipe))
        self.machine = Machine(program, self._base, max_visits=settings.max_visits, language=self.call.language)
        self.recordings = Recordings()
        self.status = "in-progress"
        return None

    def _go_over(self, recipe: str, program: Program) -> None:
        """Go on with another recipe, from its beginning."""
        settings, call, before = self.settings, self.call, self.machine
        call.recipe, call.language = recipe, call.language or settings.language(recipe, call.to)
        subscribed = dict.fromkeys((*call.subscriptions, *settings.subscriptions(recipe)))
        call.subscriptions = tuple(subscribed)[:SUBSCRIPTIONS]
        self.machine = Machine(program, self._base, max_visits=settings.max_visits, language=call.language)
        self.machine.follow(before)
        self.chain = ""
        self.errands.drop()

    async def _resume(self) -> bool:
        """Go on from what the journal has of the call, if it has."""
        settings = self.settings
        snapshot = await settings.journal.load(self.call_sid)
        if snapshot is None:
            return False
        history = await settings.journal.history(self.call_sid, HISTORY)
        self.call = Call.restored(snapshot, history, settings.recipe_settings)
        self._restore(snapshot.program, snapshot.machine)
        self.recordings = Recordings(snapshot.announced, snapshot.awaited)
        self.status, self.version, self.due = snapshot.status, snapshot.version, snapshot.due
        self.ending, self.failure, self.chain = snapshot.ending, snapshot.failure, snapshot.chain
        if self.failure:
            self.errands.fail(self._awaited(), CalloutError(self.failure))
        return True

    def _restore(self, program: Program, machine: Mapping[str, Any]) -> None:
        """Have the machine as it was at a step."""
        self.machine = Machine.restore(program, machine, self._base, max_visits=self.settings.max_visits)

    @property
    def _base(self) -> str:
        return self.settings.path_of(self.call.recipe)

    async def _write(self, row: Row, letters: Sequence[Letter] = (), kept_too: str = "") -> None:
        """Commit a step. Raises `StaleVersion` if another was committed since the one that this was made from.

        What was sent out for is of no use any more, but for the callouts that the caller holds for; or for a chain
        that is `kept_too` though nobody does.
        """
        call, machine, settings = self.call, self.machine, self.settings
        self._show_state()
        due, awaited = self._due(row.at), self._awaited()
        failure, chain = self.errands.failure(awaited), f"{self.call_sid}:{kept_too or self._held_for()}"
        snapshot = Snapshot(  # in the order of its fields, which takes half the time that their names do
            self.call_sid,
            call.recipe,
            self.version + 1,
            self.status,
            call.started,
            due,
            machine.program,
            machine.snapshot(),
            call.initial_params,
            call.data,
            call.taken,
            self.ending,
            call.subscriptions,
            self.recordings.announced,
            self.recordings.awaited,
            call.answered_by,
            call.reported,
            failure,
            self.chain,
        )
        self.errands.keep(chain, call.taken)
        freed = self.errands.frees(chain, call.taken)
        await settings.journal.commit(snapshot, row, letters, claimant=settings.node if freed else "")
        call.history = kept(call.history, row)
        self.version += 1
        self.due, self.failure = due, failure
        self.errands.committed(chain, call.taken, freed=freed)
        self._settle_what_is_left()

    def _due(self, now: float) -> float | None:
        """When to do without what the call waits for, if it was last heard of now."""
        if self.status != "in-progress":
            return now + PATIENCE if self.recordings.awaited else None
        return now + self.settings.linger if self.ending else self.call.started + self.settings.longest

    def _show_state(self) -> None:
        self.call.program, self.call.state, self.call.step = (
            self.machine.program,
            self.machine.state,
            self.machine.steps,
        )

    def _chain_from(self, webhook: Webhook, rank: str, held_at: str) -> str:
        """The name of the chain of callouts, one behind the other, that one document is made with.

        It says where the first of them stands, and how many documents there were before: two webhooks that come at the
        same time may lead to two callouts, one of them for nothing, and the world outside can tell those apart. It
        stays while the caller holds, `held_at` a state, and when the same webhook is handled anew.
        """
        if self.chain and rank == held_at:
            return self.chain
        if self.tried is None or self.tried[0] is not webhook or self.tried[1] != rank:
            self.tried = (webhook, rank, f"{self.call.recipe}:{rank}:{self.machine.steps}")
        return self.tried[2]

    def _step_id(self, chain: str) -> str:
        """A callout's name for the world outside: of which chain, and after how many others of the call."""
        return f"{self.call_sid}:{chain}:{self.call.taken}"

    def _awaited(self) -> str:
        """The `step_id` of the callout that the caller holds for, or of the next if that is done; "" if for none."""
        return self._step_id(chain) if (chain := self._held_for()) else ""

    def _held_for(self) -> str:
        """The chain that the caller holds for; "" if for none."""
        return self.chain if self.status == "in-progress" else ""

    def _settle_what_is_left(self) -> None:
        """Have it committed what came of the callout that the caller holds for, if that is known, and nobody takes it:
        what it was for turned out to be answered already, perhaps by another daemon."""
        awaited = self._awaited()
        if not awaited or self.machine.stale:  # the next of the chain is not where the caller is yet
            return
        if self.errands.left(awaited) or (self.errands.failure(awaited) and not self.failure):
            self._callout_is_done(awaited)

    def _callout_is_done(self, step_id: str) -> None:
        if self.actor_ref.is_alive():
            self.actor_ref.tell(CalloutDone(step_id))

    def _take(self, outcome: Outcome) -> None:
        self.call.data = outcome.data
        self.call.taken += 1
        self.call.subscriptions = outcome.subscriptions

    def _speak(self, language: str | None) -> None:
        if language != self.call.language:
            self.call.language = language
            self.machine.speak(language)
