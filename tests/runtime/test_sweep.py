"""Ends that don't come, come late, or overtake, and calls that sleep, through the whole house."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.actors.doubles import ManualClock, until
from tests.wire import a_call, post

TOLD = """
    told = []
    async def on_completion(webhook, call): told.append((call.call_sid, webhook.duration))
    async def begin(call): return [], [("completion", on_completion)]
    recipe = [FunctionExt(fn=begin), Gather([Say("menu")], num_digits=1, after_ext=[
        ResponseExt("1", "one", [Record(max_length=5), Say("thank you")])])]
"""


@pytest.fixture
async def house(serve, folder):
    folder["menu"] = TOLD
    clock = ManualClock()
    daemon = await serve(folder, clock=clock, max_call_hours=2, max_awake=1, linger=1.0)
    return daemon, clock, folder["menu"].told


async def gone(daemon, sid="CA1"):
    """A caller who hangs up while they are recorded: Record's action comes first."""
    await post(daemon, "/menu", a_call(sid))
    await post(daemon, "/menu/2?step=1", a_call(sid, "in-progress", Digits="1"))
    await post(daemon, "/menu/2.1?step=2", a_call(sid, "completed", Digits="hangup", RecordingSid="RE1"))


async def test_a_call_without_an_end_is_ended_after_the_hours_that_are_set(house):
    daemon, clock, told = house
    await post(daemon, "/menu", a_call("CA1"))
    await post(daemon, "/menu", a_call("CA2"))

    with capture_logs() as logs:
        clock.turn(7200)
        await until(lambda: daemon.status()["calls"]["failed"] == 2 and len(told) == 2)

    assert sorted(told) == [("CA1", None), ("CA2", None)]
    assert [log["call_sid"] for log in logs if log["event"] == "call_overdue"] == ["CA1", "CA2"]
    assert daemon.status()["in_progress"] == []


async def test_the_status_callback_is_waited_for(house):
    daemon, clock, told = house
    await gone(daemon)
    assert told == []

    await post(daemon, "/menu/status", a_call(status="completed", CallDuration="7"))
    await until(lambda: told)
    clock.turn(60)

    assert told == [("CA1", 7)]


async def test_and_done_without(house):
    daemon, clock, told = house
    await gone(daemon)

    clock.turn(1)
    await until(lambda: told)

    assert told == [("CA1", None)]
    assert daemon.status()["calls"]["completed"] == 1


async def test_a_drain_tells_of_those_whose_callers_are_gone(house):
    daemon, _, told = house
    await gone(daemon)

    await daemon.stop()

    assert told == [("CA1", None)]


async def test_calls_go_on_after_they_have_slept(house):
    daemon, _, _ = house
    sids = [f"CA{number}" for number in range(5)]
    for sid in sids:
        await post(daemon, "/menu", a_call(sid))
    await until(lambda: daemon.supervisor._awake.count == 1)

    for sid in sids:
        reply = await post(daemon, "/menu/2?step=1", a_call(sid, "in-progress", Digits="1"))
        assert reply.verbs[0].startswith("<Record")

    assert [each["call_sid"] for each in daemon.status()["in_progress"]] == sids
