"""Calls that are moved from outside: one move of a call at a time, since its webhooks wait behind it."""

from __future__ import annotations

import structlog

from actors import Answer, JournalError, MaybeMoved, Move, NotMoved
from supervisor.awake import Awake
from supervisor.others import Others
from supervisor.roll import Roll

log = structlog.get_logger("switchhook.supervisor")


class Moves:
    """Has calls go on elsewhere, those of other daemons too."""

    def __init__(self, roll: Roll, awake: Awake, others: Others) -> None:
        self._roll = roll
        self._awake = awake
        self._others = others
        self._in_hand: set[str] = set()

    async def move(self, call_sid: str, state: str) -> None:
        """Move a call. Raises `NotMoved`, `MaybeMoved`, or `JournalError`."""
        if call_sid in self._in_hand:
            raise NotMoved(f"{call_sid}: it is being moved already")
        self._in_hand.add(call_sid)
        try:
            await self._move(call_sid, state)
        finally:
            self._in_hand.discard(call_sid)

    async def _move(self, call_sid: str, state: str) -> None:
        child = self._roll.find(call_sid) or await self._others.find(call_sid)
        ref = self._awake.begin(child)
        try:
            answer: Answer = await ref.ask(Move(state), block=False)
        except Exception as problem:
            if child.ref is ref:
                self._awake.wake_anew(child)
            if isinstance(problem, JournalError):
                raise
            raise NotMoved(f"{call_sid}: {type(problem).__name__}: {problem}") from problem
        finally:
            self._awake.end(child)
        child.state = answer.state or child.state
        if answer.reason:
            kind = MaybeMoved if answer.status == "unsure" else NotMoved
            raise kind(f"{call_sid}: {answer.reason}")
        log.info("call_moved", call_sid=call_sid, recipe=child.recipe, state=answer.state)
