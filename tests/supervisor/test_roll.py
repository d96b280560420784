"""The roll: a dictionary and a chain that always agree, whatever comes and goes."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from supervisor import Child, Roll
from tests.actors.doubles import hook

SIDS = st.sampled_from([f"CA{number}" for number in range(8)])


def child(call_sid: str) -> Child:
    return Child.of(hook(sid=call_sid, From="+441314960123", To="+441314960456", arrived=7.0))


class Rolls(RuleBasedStateMachine):
    """A roll against a plain list."""

    def __init__(self) -> None:
        super().__init__()
        self.roll = Roll()
        self.model: list[Child] = []
        self.gone: list[Child] = []

    @rule(call_sid=SIDS)
    def add(self, call_sid: str) -> None:
        if all(each.call_sid != call_sid for each in self.model):
            self.model.append(child(call_sid))
            self.roll.add(self.model[-1])

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        leaver = data.draw(st.sampled_from(self.model))
        self.model.remove(leaver)
        self.gone.append(leaver)
        self.roll.remove(leaver)

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def remove_again(self, data: st.DataObject) -> None:
        """One that has gone, though another of the same CallSid may have come."""
        self.roll.remove(data.draw(st.sampled_from(self.gone)))

    @precondition(lambda self: self.gone)
    @rule(data=st.data())
    def keep(self, data: st.DataObject) -> None:
        """One that has gone comes back, unless another of the same CallSid is there."""
        comer = data.draw(st.sampled_from(self.gone))
        there = next((each for each in self.model if each.call_sid == comer.call_sid), None)
        assert self.roll.keep(comer) is (there or comer)
        if there is None:
            self.gone.remove(comer)
            self.model.append(comer)

    @rule(call_sid=SIDS)
    def find(self, call_sid: str) -> None:
        found = [each for each in self.model if each.call_sid == call_sid]
        assert self.roll.find(call_sid) is (found[0] if found else None)
        assert (call_sid in self.roll) is bool(found)

    @rule(limit=st.integers(-1, 9), after=SIDS | st.none() | st.just(""))
    def page(self, limit: int, after: str | None) -> None:
        sids = [each.call_sid for each in self.model]
        start = sids.index(after) + 1 if after in sids else 0
        assert self.roll.page(limit, after) == self.model[start : start + max(limit, 0)]

    @rule(limit=st.integers(1, 3))
    def every_page(self, limit: int) -> None:
        read: list[Child] = []
        while page := self.roll.page(limit, read[-1].call_sid if read else None):
            if read and page[0] is self.model[0]:
                break
            read += page
            if len(read) >= len(self.model):
                break
        assert read == self.model

    @invariant()
    def is_one_chain(self) -> None:
        assert list(self.roll) == self.model
        assert len(self.roll) == len(self.model)
        forwards, at = [], self.roll._first
        while at is not None:
            forwards.append(at)
            at = at.after
        backwards, at = [], self.roll._last
        while at is not None:
            backwards.append(at)
            at = at.before
        assert forwards == self.model
        assert backwards == self.model[::-1]

    @invariant()
    def those_who_left_hold_on_to_nobody(self) -> None:
        assert all(each.before is each.after is None for each in self.gone)


Rolls.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestRolls = Rolls.TestCase


def test_the_roll_may_change_while_it_is_read() -> None:
    roll = Roll()
    for number in range(5):
        roll.add(child(f"CA{number}"))
    for each in roll:
        roll.remove(each)
    assert len(roll) == 0
    assert roll.page(5) == []


def test_a_child_as_the_status_shows_it() -> None:
    each = child("CA1")
    each.state, each.last_event = "1.2", "start_call"
    assert each.summary() == {
        "call_sid": "CA1",
        "recipe": "menu",
        "from": "+441314960123",
        "to": "+441314960456",
        "state": "1.2",
        "since": 7.0,
        "last_event": "start_call",
    }


def test_a_callback_may_know_nobody_by_name() -> None:
    each = Child.of(hook("recording", sid=""))
    assert (each.call_sid, each.from_, each.to) == ("", "", "")
