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
