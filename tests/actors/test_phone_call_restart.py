"""A new actor goes on from the journal as the old one would have: at every step, and as often as one likes."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from actors import Answer, Call, PhoneCall, Row, Snapshot, Webhook
from tests.actors.doubles import SID, Line, bounded, hook
from twiml import NOTHING, DefaultExt, Dial, FunctionExt, Gather, GotoExt, LabelExt, Pause, Record, ResponseExt, Say

told: list[str] = []
seen: list[tuple[str, list[str]]] = []
"""What `look_up` saw of the call: its step, and the kinds in its history."""


def look_up(call: Call) -> Any:
    """Counts how often it is asked, and remembers what was asked and what the call looked like."""
    seen.append((call.step_id, [row.kind for row in call.history]))
    call.data["asked"] = [*call.data.get("asked", []), call.digits]
    ordinal = len(call.data["asked"])
    return [Say(f"Look-up {ordinal}, step {call.step}, state {call.state}"), Pause()], [("status", on_any)]


async def offer(call: Call) -> Any:
    """Puts a menu of its own into the call."""
    return [
        Gather(
            [Say("More?")],
            num_digits=1,
            after_ext=[ResponseExt("1", "more", [FunctionExt(fn=look_up)]), ResponseExt("2", "back", [GotoExt("top")])],
        )
    ], [("recording", on_any), ("completion", on_any), ("dial", on_any)]


def on_any(webhook: Webhook, call: Call) -> None:
    told.append(f"{webhook.kind.value} {len(call.data['asked'])}")


FLOW = [
    Say("Welcome."),
    LabelExt("top"),
    Gather(
        [Say("One or two?")],
        num_digits=1,
        after_ext=[
            ResponseExt("1", "look it up", [FunctionExt(fn=look_up), GotoExt("top")]),
            ResponseExt("2", "an offer", [FunctionExt(fn=offer)]),
            DefaultExt("leave a message", [Record(max_length=9), FunctionExt(fn=look_up)]),
        ],
    ),
    Dial("+441314960123"),
    Say("Goodbye."),
]
RECORDED = {"RecordingSid": "RE1", "RecordingUrl": "https://api.twilio.com/RE1", "RecordingStatus": "completed"}


class Post(NamedTuple):
    """What the caller or Twilio does next, by the document that is being heard."""

    verb: str
    """The verb whose URL is asked for; "" for the recipe's own, or a callback's path."""
    params: dict[str, str]


KEY = {key: Post("Gather", {"Digits": key}) for key in "129"}
SCRIPT = [
    Post("", {"From": "+441314960123"}),
    KEY["1"],
    Post("Redirect", {}),
    KEY["9"],
    Post("Record", {"Digits": "#", **RECORDED}),
    Post("recording", RECORDED),
    Post("Dial", {"DialCallStatus": "busy"}),
    Post("", {}),
    Post("status", {"CallStatus": "in-progress"}),
    Post("status", {"CallStatus": "completed", "CallDuration": "49"}),
    Post("recording", RECORDED | {"RecordingSid": "RE2"}),
    Post("", {}),
]
GROWING = [
    Post("", {}),
    *(KEY["2"], KEY["2"], Post("Redirect", {}), KEY["1"], Post("Redirect", {})),
    *(KEY["2"], KEY["1"], Post("recording", RECORDED), Post("", {"CallStatus": "busy"})),
]
SCRIPTS = {"a whole call": SCRIPT, "a call that grows": GROWING}


class Played(NamedTuple):
    """Everything that came of a script."""

    answers: list[Answer]
    rows: list[Row]
    snapshots: list[Snapshot]
    told: list[str]
    seen: list[tuple[str, list[str]]]


def url_of(verb: str, xml: str) -> tuple[str, int | None]:
    """Where a document sends this verb's request; the recipe's own URL if it has no such verb."""
    for element in etree.fromstring(xml.encode()).iter(verb) if verb[:1].isupper() else ():
        path, _, step = (element.get("action") or element.text).removeprefix("/menu/").partition("?step=")
        return path, int(step)
    return (verb, None) if verb.islower() else ("", None)


async def play(script: list[Post], restarts: set[int]) -> Played:
    """Play a script, with a new actor before each of these steps."""
    told.clear()
    seen.clear()
    line = Line(FLOW)
    answers: list[Answer] = []
    document = NOTHING
    for number, post in enumerate(script):
        if number in restarts:
            await line.told()
            await line.hang_up()
            line.ref = PhoneCall.start(line.settings, SID)
        path, step = url_of(post.verb, document)
        token = f"token {number}" if number % 3 else ""
        answers.append(await bounded(line.ask(hook(path, step=step, token=token, **post.params))))
        await line.told()
        if answers[-1].xml != NOTHING:
            document = answers[-1].xml
    await line.hang_up()
    return Played(answers, line.rows, [snapshot for snapshot, _ in line.journal.written], list(told), list(seen))


async def test_the_scripts_go_where_they_are_meant_to() -> None:
    for script in SCRIPTS.values():
        played = await play(script, set())
        assert played.answers[-1].status == "completed"
        assert [answer.began for answer in played.answers] == [True, *[False] * (len(script) - 1)]
        assert sum(answer.ended for answer in played.answers) == 1
    assert (await play(SCRIPT, set())).told == ["call_status 2", "call_complete 2"]
    assert (await play(GROWING, set())).told == ["recording_notification 2", "call_complete 2", "call_complete 2"]


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_new_actor_before_any_one_step_makes_no_difference(name: str) -> None:
    script = SCRIPTS[name]
    undisturbed = await play(script, set())
    for number in range(len(script)):
        assert await play(script, {number}) == undisturbed, f"restarted before {number}"


@pytest.mark.parametrize("name", SCRIPTS)
async def test_a_new_actor_before_every_step_makes_no_difference(name: str) -> None:
    script = SCRIPTS[name]
    assert await play(script, set(range(len(script)))) == await play(script, set())


POSTS = st.sampled_from(
    [*KEY.values(), *SCRIPT, *(Post(verb, {}) for verb in ("Gather", "Record", "Dial", "Redirect", ""))]
)


@given(st.lists(POSTS, min_size=1, max_size=12), st.sets(st.integers(0, 12)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
async def test_new_actors_make_no_difference_to_any_call(script: list[Post], restarts: set[int]) -> None:
    assert await play(script, restarts) == await play(script, set())
