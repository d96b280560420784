"""A module's own list of `subscriptions`: checked when it is loaded, told of every call of the recipe."""

from __future__ import annotations

import pytest

from actors import SUBSCRIPTIONS
from runtime import catalogue
from runtime.errors import RecipesError
from tests.actors.doubles import until
from tests.wire import a_call, post

NOTED = """
    noted = []
    def note(webhook, call): noted.append((call.recipe, call.call_sid, webhook.call_status))
    subscriptions = [("completion", note), ("completion", note)]
    recipe = [Say("hello")]
"""


async def test_they_are_told_of_every_call_of_the_recipe(serve, folder):
    folder["menu"] = NOTED
    folder["other"] = "recipe = [Say('other')]"
    daemon = await serve(folder)
    for sid, recipe in (("CA1", "menu"), ("CA2", "other"), ("CA3", "menu")):
        await post(daemon, f"/{recipe}", a_call(sid))
        await post(daemon, f"/{recipe}/status", a_call(sid, "completed"))

    await until(lambda: len(folder["menu"].noted) == 2)

    assert folder["menu"].noted == [("menu", "CA1", "completed"), ("menu", "CA3", "completed")]


async def test_a_reload_has_those_of_the_module_as_it_is_then(serve, folder):
    folder["menu"] = "recipe = [Say('hello')]"
    daemon = await serve(folder)
    await post(daemon, "/menu", a_call("CA1"))
    folder["menu"] = NOTED
    assert await daemon.reload()
    await post(daemon, "/menu", a_call("CA2"))

    for sid in ("CA1", "CA2"):
        await post(daemon, "/menu/status", a_call(sid, "completed"))

    await until(lambda: folder["menu"].noted)
    assert folder["menu"].noted == [("menu", "CA2", "completed")]


@pytest.mark.parametrize(
    ("listed", "says"),
    [
        ("'completion'", "subscriptions is str; it is a list of events with their functions"),
        ("['completion']", "subscriptions has the subscription 'completion'; it is an event and a function"),
        ("[('completion', 7)]", "it is an event and a function"),
        ("[('complete', note)]", 'subscriptions subscribed to "complete"; the events are recording, completion, '),
        ("[('complete', note)]", ", partial_speech, message_status"),
        ("[('completion', lambda webhook, call: None)]", "which can't be imported by name"),
        ("[('completion', note)] * 101", f"subscriptions has 101; a call has at most {SUBSCRIPTIONS}"),
    ],
)
def test_what_is_wrong_with_them_is_told_before_anything_listens(folder, listed, says):
    folder["menu"] = f"def note(webhook, call): pass\nsubscriptions = {listed}\nrecipe = [Say('hello')]"

    with pytest.raises(RecipesError) as caught:
        catalogue.load(str(folder))

    assert "menu: " in str(caught.value)
    assert says in str(caught.value)


# what may never be told


REPLY = "def reply(message): return 'hello'"
RECIPE = "recipe = [Say('hello')]"
HANDLES = "def handle_request(path, params): return []"
NO_CALLS = "an event of calls, and the module has no recipe that takes any: write one, or leave the event out"
NO_MESSAGES = "and handle_request gets all that is told of messages: write a reply, or leave the event out"
LISTED = {
    "calls, of one that takes calls": (("completion",), [RECIPE], {}),
    "calls, of one that takes messages alone": (
        ("completion", "dial"),
        [REPLY],
        dict.fromkeys(("completion", "dial"), NO_CALLS),
    ),
    "calls, of one that handles requests": (("status",), [HANDLES], {"status": NO_CALLS}),
    "calls, of one that does both": (("status",), [HANDLES, RECIPE], {}),
    "messages, of one that takes messages": (("message_status",), [REPLY], {}),
    "messages, of one that takes calls, and may text": (("message_status",), [RECIPE], {}),
    "messages, of one that handles requests": (("message_status",), [HANDLES], {"message_status": NO_MESSAGES}),
    "messages, of one that handles requests and replies": (("message_status",), [HANDLES, REPLY], {}),
    "both, of one that takes both": (("message_status", "completion"), [RECIPE, REPLY], {}),
    "both, of one that handles requests": (
        ("message_status", "leg", "leg"),
        [HANDLES],
        {"message_status": NO_MESSAGES, "leg": NO_CALLS},
    ),
}


@pytest.mark.parametrize("what", LISTED)
def test_an_event_that_can_never_come_is_refused_and_no_other(folder, what):
    events, code, refused = LISTED[what]
    listed = ", ".join(f"({event!r}, note)" for event in events)
    folder["shop"] = "\n".join(["def note(webhook, about): pass", f"subscriptions = [{listed}]", *code])

    if not refused:
        found = catalogue.load(str(folder))
        told = [*found.of("shop").subscriptions, *found.of("shop").message_subscriptions]
        assert sorted(each.event for each in told) == sorted(events)
        return
    with pytest.raises(RecipesError) as caught:
        catalogue.load(str(folder))
    assert list(caught.value.lines) == [f"shop: subscriptions lists {event}, {why}" for event, why in refused.items()]


def test_those_of_calls_and_of_messages_are_told_apart(folder):
    folder["shop"] = f"""
def note(webhook, about): pass
subscriptions = [("message_status", note), ("completion", note)]
{RECIPE}
"""
    found = catalogue.load(str(folder))

    assert [each.event for each in found.of("shop").subscriptions] == ["completion"]
    assert [each.event for each in found.of("shop").message_subscriptions] == ["message_status"]
    assert found.of("nowhere").message_subscriptions == ()
