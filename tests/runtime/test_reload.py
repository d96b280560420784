"""SIGHUP: recipes are loaded anew for calls that begin from then on, or refused, and then all is as it was."""

from __future__ import annotations

import asyncio
import importlib
import signal
import sys
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from runtime import reload, shelf
from runtime.journals.sqlite import SqliteJournal
from tests.actors.doubles import until
from tests.wire import YOU, a_call, post

SAYS = (
    "recipe = [Gather([Say('{0}')], num_digits=1, after_ext=[ResponseExt('1', 'one', [Say('{0} one')])]), Say('bye')]"
)


async def hears(daemon, path="/greeting", sid="CA1", **more):
    """What a caller hears first."""
    reply = await post(daemon, path, a_call(sid, **more))
    return reply.verbs[0]


def says(text):
    return f"<Say>{text}</Say>"


@pytest.fixture
def greeting(folder):
    folder["greeting"] = "def recipe(call): return [Say('old')]"
    return folder


# --- what is good --------------------------------------------------------------------------------


async def test_new_calls_get_the_new_version(serve, greeting):
    daemon = await serve(greeting)
    assert await hears(daemon, sid="CA1") == says("old")
    greeting["greeting"] = "def recipe(call): return [Say('new')]"

    assert await daemon.reload()

    assert await hears(daemon, sid="CA2") == says("new")


async def test_a_running_call_keeps_the_program_it_began_with(serve, folder):
    folder["menu"] = SAYS.format("old")
    daemon = await serve(folder)
    await post(daemon, "/menu", a_call())
    folder["menu"] = SAYS.format("new")

    assert await daemon.reload()

    answer = await post(daemon, "/menu/1?step=1", a_call(status="in-progress", Digits="1"))
    assert answer.verbs[0] == says("old one")
    fresh = await post(daemon, "/menu", a_call("CA2"))
    assert "new" in fresh.verbs[0]


async def test_recipes_come_and_go(serve, greeting):
    daemon = await serve(greeting)
    greeting["hello"] = "recipe = [Say('hello')]"
    (greeting.path / "greeting.py").unlink()
    (greeting.path / "data.xml").write_text("<Response><Say>data</Say></Response>")

    assert await daemon.reload()

    assert await hears(daemon, "/hello") == says("hello")
    assert await hears(daemon, "/data", sid="CA2") == says("data")
    assert (await post(daemon, "/greeting", a_call("CA3"))).status == 404
    assert [each["name"] for each in daemon.status()["recipes"]] == ["hello", "data"]


async def test_helpers_are_imported_afresh(serve, folder):
    (folder.path / "house").mkdir()
    (folder.path / "house" / "__init__.py").write_text("")
    (folder.path / "house" / "words.py").write_text("WORD = 'old'")
    (folder.path / "_plain.py").write_text("MARK = '.'")
    folder["greeting"] = "from house.words import WORD\nimport _plain\nrecipe = [Say(WORD + _plain.MARK)]"
    daemon = await serve(folder)
    assert await hears(daemon) == says("old.")
    (folder.path / "house" / "words.py").write_text("WORD = 'new'")
    (folder.path / "_plain.py").write_text("MARK = '!'")

    assert await daemon.reload()

    assert await hears(daemon, sid="CA2") == says("new!")


async def test_a_package_is_imported_afresh_and_nothing_beside_it(serve, folder, monkeypatch):
    place = folder.path / "office" / "recipes_of_it"
    place.mkdir(parents=True)
    (folder.path / "office" / "__init__.py").write_text("")
    (folder.path / "office" / "beside.py").write_text("made = object()")
    (place / "__init__.py").write_text("")
    (place / "_word.py").write_text("WORD = 'old'")
    text = "from twiml import *\nfrom office import beside\nfrom . import _word\nrecipe = [Say(_word.WORD)]"
    (place / "greeting.py").write_text(text)
    monkeypatch.syspath_prepend(folder.path)
    daemon = await serve("office.recipes_of_it")
    beside = sys.modules["office.beside"]
    (place / "_word.py").write_text("WORD = 'new'")

    assert await daemon.reload()

    assert await hears(daemon) == says("new")
    assert sys.modules["office.beside"] is beside
    assert sys.modules["office"].recipes_of_it is sys.modules["office.recipes_of_it"]


@pytest.fixture
def _bundled():
    """The bundled recipes are afterwards what they were, for tests that have imported them."""
    before = shelf.imported("recipes")
    yield
    shelf.restore("recipes", before)


@pytest.mark.usefixtures("_bundled")
async def test_the_bundled_recipes_may_be_loaded_anew(serve):
    daemon = await serve()
    names = list(daemon.catalogue.recipes)

    assert await daemon.reload()

    assert list(daemon.catalogue.recipes) == names


async def test_a_traditional_module_is_answered_by_its_new_self(serve, folder):
    folder["machine"] = "def handle_request(path, params): return [Say('old')]"
    daemon = await serve(folder)
    folder["machine"] = "def handle_request(path, params): return [Say('new')]"

    assert await daemon.reload()

    assert await hears(daemon, "/machine") == says("new")


# --- what calls in progress run ------------------------------------------------------------------

ASKS = """
    from hours import opening
    recipe = [Gather([Say("menu")], num_digits=1, after_ext=[ResponseExt("1", "one", [FunctionExt(fn=opening)])])]
"""


async def in_the_menu(serve, folder, hours):
    folder["menu"], folder["hours"] = ASKS, hours
    daemon = await serve(folder)
    await post(daemon, "/menu", a_call())
    return daemon


async def press(daemon):
    return await post(daemon, "/menu/1?step=1", a_call(status="in-progress", Digits="1"))


async def test_a_callout_runs_the_function_that_has_the_name_now(serve, folder):
    daemon = await in_the_menu(serve, folder, "def opening(call): return [Say('nine')]")
    folder["hours"] = "def opening(call): return [Say('ten')]"

    assert await daemon.reload()

    assert (await press(daemon)).verbs[0] == says("ten")


@pytest.mark.parametrize("what", ["module", "function"])
async def test_a_callout_that_has_gone_ends_in_the_apology(serve, folder, what):
    daemon = await in_the_menu(serve, folder, "def opening(call): return [Say('nine')]")
    folder["menu"] = "recipe = [Say('closed')]"
    if what == "module":
        (folder.path / "hours.py").unlink()
    else:
        folder["hours"] = ""
    assert await daemon.reload()

    with capture_logs() as logs:
        reply = await press(daemon)

    assert (reply.status, reply.verbs[0].startswith("<Say>We are sorry")) == (200, True)
    failed = [log for log in logs if log["event"] == "call_failed"]
    assert len(failed) == 1
    assert "hours" in daemon.status()["failures"][0]["reason"]


async def test_a_subscription_whose_module_has_gone_is_a_dead_letter(serve, folder):
    folder["listener"] = "def on_completion(webhook, call): raise AssertionError"
    folder["menu"] = """
        import listener
        def recipe(call): return [Say("hello")], [("completion", listener.on_completion)]
    """
    daemon = await serve(folder, retry_pauses=[])
    await post(daemon, "/menu", a_call())
    (folder.path / "listener.py").unlink()
    folder["menu"] = "recipe = [Say('hello')]"
    assert await daemon.reload()

    with capture_logs() as logs:
        await post(daemon, "/menu/status", a_call(status="completed"))
        await until(lambda: not daemon.callouts.running)

    assert daemon.status()["dead_letters"] == 1
    [letter] = await daemon.journal.dead_letters(10)
    assert "No module named 'listener'" in letter.reason
    assert [log["exc_info"] for log in logs if log["event"] == "letter_dead"] == [None]


async def test_a_callout_under_way_may_subscribe_functions_of_its_own_version(serve, folder):
    folder["slow"] = """
        import asyncio
        begun, release, told = asyncio.Event(), asyncio.Event(), []
        async def on_completion(webhook, call): told.append("old")
        async def recipe(call):
            begun.set()
            await release.wait()
            return [Say("done")], [("completion", on_completion)]
    """
    daemon = await serve(folder)
    old = folder["slow"]
    reply = asyncio.create_task(post(daemon, "/slow", a_call()))
    await asyncio.wait_for(old.begun.wait(), 30)
    folder["slow"] = """
        told = []
        async def on_completion(webhook, call): told.append("new")
        recipe = [Say("new")]
    """
    assert await daemon.reload()
    old.release.set()

    assert (await reply).verbs[0] == says("done")

    await post(daemon, "/slow/status", a_call(status="completed"))
    await until(lambda: not daemon.callouts.running)
    assert (old.told, folder["slow"].told) == ([], ["new"])


# --- what is refused -----------------------------------------------------------------------------

WRONG = {
    "invalid": ("recipe = [Say('x', loop=-1)]", "greeting: 1 Say: loop"),
    "raises": ("raise ValueError('no')", "greeting: line 2: ValueError: no"),
    "is no Python": ("recipe = [", "greeting: line 2: SyntaxError"),
    "exits": ("import sys; sys.exit(3)", "greeting: line 2: SystemExit: 3"),
    "calls nobody": (
        "recipe = [FunctionExt('x', 'greeting', 'gone')]",
        "greeting: 1 FunctionExt: there is no function",
    ),
}


@pytest.mark.parametrize(("text", "error"), WRONG.values(), ids=WRONG)
async def test_an_invalid_one_is_refused_with_every_error_and_the_old_is_kept(serve, greeting, text, error):
    greeting["helper"] = "WORD = 'old'"
    daemon = await serve(greeting)
    modules = {name: sys.modules[name] for name in ("greeting", "helper")}
    catalogue = daemon.catalogue
    greeting["greeting"], greeting["another"] = text, "recipe = [Say('x', loop=-1)]"
    greeting["helper"] = "WORD = 'new'"

    with capture_logs() as logs:
        assert not await daemon.reload()

    (refused,) = [log for log in logs if log["event"] == "reload_refused"]
    assert [each.startswith(("another: 1 Say: loop", error)) for each in refused["errors"]] == [True, True]
    assert daemon.catalogue is catalogue
    assert {name: sys.modules[name] for name in ("greeting", "helper")} == modules
    assert "another" not in sys.modules
    assert await hears(daemon) == says("old")


async def test_recipes_that_the_numbers_name_must_be_among_the_new_ones(serve, greeting):
    greeting["other"] = "recipe = [Say('other')]"
    daemon = await serve(greeting, numbers={YOU: "greeting"}, default_recipe="greeting")
    (greeting.path / "greeting.py").unlink()

    with capture_logs() as logs:
        assert not await daemon.reload()

    assert logs[0]["errors"] == [
        f"default_recipe is 'greeting': there is no such recipe in {greeting.path}",
        f"numbers.{YOU} is 'greeting': there is no such recipe in {greeting.path}",
    ]
    assert await hears(daemon, "/") == says("old")


async def test_a_folder_that_has_gone_is_refused(serve, greeting):
    daemon = await serve(greeting)
    greeting.path.rename(greeting.path.with_name("elsewhere"))

    with capture_logs() as logs:
        assert not await daemon.reload()

    greeting.path.with_name("elsewhere").rename(greeting.path)
    assert "is neither a folder nor a package" in logs[0]["errors"][0]
    assert await hears(daemon) == says("old")


async def test_recipes_that_take_too_long_to_load_are_refused(serve, greeting, monkeypatch):
    daemon = await serve(greeting)
    monkeypatch.setattr(reload, "PATIENCE", 0.05)
    greeting["greeting"] = "import time; time.sleep(0.3)"

    with capture_logs() as logs:
        assert not await daemon.reload()

    assert logs[0]["errors"] == ["the recipes took more than 0.05 s to load"]
    assert await hears(daemon) == says("old")
    await asyncio.sleep(0.4)
    assert await hears(daemon, sid="CA2") == says("old")


async def test_after_a_refusal_what_is_mended_is_loaded(serve, greeting):
    daemon = await serve(greeting)
    greeting["greeting"] = "recipe = ["
    with capture_logs():
        assert not await daemon.reload()
    greeting["greeting"] = "recipe = [Say('new')]"

    assert await daemon.reload()

    assert await hears(daemon) == says("new")


# --- meanwhile, and afterwards -------------------------------------------------------------------


async def test_calls_go_on_as_they_are_while_recipes_load(serve, greeting):
    daemon = await serve(greeting)
    greeting["greeting"] = "import time; time.sleep(0.5)\ndef recipe(call): return [Say('new')]"
    loading = asyncio.create_task(daemon.reload())
    await asyncio.sleep(0.1)

    heard = [await hears(daemon, sid=f"CA{number}") for number in range(5)]

    assert not loading.done()
    assert heard == [says("old")] * 5
    assert await loading
    assert await hears(daemon, sid="CA9") == says("new")


async def test_the_status_shows_when_and_with_what_result_the_last_one_was(serve, greeting):
    daemon = await serve(greeting)
    assert daemon.status()["reload"] is None
    before = time.time()

    await daemon.reload()
    shown = daemon.status()["reload"]
    greeting["greeting"] = "recipe = [Say('x', loop=-1)]"
    with capture_logs():
        await daemon.reload()

    assert before <= shown.pop("at") <= time.time()
    assert shown == {"result": "loaded", "errors": []}
    refused = daemon.status()["reload"]
    assert (refused["result"], len(refused["errors"])) == ("refused", 1)


async def test_two_at_once_are_one_after_the_other(serve, greeting):
    daemon = await serve(greeting)

    assert await asyncio.gather(daemon.reload(), daemon.reload()) == [True, True]

    assert await hears(daemon) == says("old")


async def test_a_stop_waits_for_none(serve, greeting):
    daemon = await serve(greeting)
    greeting["greeting"] = "import time; time.sleep(1)\nrecipe = [Say('new')]"
    old = sys.modules["greeting"]
    daemon._begin_reload()
    await asyncio.sleep(0.05)

    await asyncio.wait_for(daemon.stop(), 0.9)

    assert sys.modules["greeting"] is old
    daemon._begin_reload()
    assert not daemon._reloads
    await asyncio.sleep(1.1)


async def test_a_signal_does_it(serve, greeting):
    daemon = await serve(greeting)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, daemon._begin_reload)
    try:
        signal.raise_signal(signal.SIGHUP)
        await until(lambda: daemon.status()["reload"])
    finally:
        loop.remove_signal_handler(signal.SIGHUP)

    assert daemon.status()["reload"]["result"] == "loaded"


# --- which modules -------------------------------------------------------------------------------


def test_modules_of_the_house_and_of_others_below_the_folder_are_no_helpers():
    """The folder may be where everything else is too, with an environment in it."""
    root = Path(shelf.__file__).parents[1]

    found = shelf.imported(str(root))

    assert not {name.partition(".")[0] for name in found} & {"twiml", "actors", "supervisor", "runtime", "aiohttp"}


def test_a_change_within_a_second_of_the_same_length_is_seen(folder):
    folder["greeting"] = "WORD = 'old'"
    list(shelf.modules(str(folder)))
    assert importlib.import_module("greeting").WORD == "old"
    folder["greeting"] = "WORD = 'new'"
    shelf.forget(str(folder))
    assert importlib.import_module("greeting").WORD == "new"


@pytest.mark.parametrize("instead", ["", "def reply(message): return 'no'"], ids=["gone", "of messages alone now"])
async def test_a_call_in_progress_outlives_its_recipes_going(serve, folder, instead):
    folder["menu"] = SAYS.format("old")
    folder["other"] = "recipe = [Say('other')]"
    daemon = await serve(folder)
    await post(daemon, "/menu", a_call())
    (folder.path / "menu.py").unlink()
    if instead:
        folder["menu"] = instead

    assert await daemon.reload()

    answer = await post(daemon, "/menu/1?step=1", a_call(status="in-progress", Digits="1"))
    assert answer.verbs[0] == says("old one")
    over = await post(daemon, "/menu/status", a_call(status="completed"))
    assert (over.status, daemon.status()["calls"]["completed"]) == (200, 1)
    assert (await post(daemon, "/menu", a_call("CA2"))).status == 404
    assert (await post(daemon, "/menu/status", a_call("CA3", "completed"))).status == 404


async def test_what_is_told_of_it_is_taken_as_well(serve, folder):
    folder["menu"] = SAYS.format("old")
    folder["other"] = "recipe = [Say('other')]"
    daemon = await serve(folder, numbers={YOU: "menu"})
    await post(daemon, "/", a_call())
    daemon.settings.numbers.clear()
    (folder.path / "menu.py").unlink()
    assert await daemon.reload()

    leg = a_call("CA7", "ringing", ParentCallSid="CA1", CallbackSource="call-progress-events")
    conference = {"ConferenceSid": "CF1", "StatusCallbackEvent": "conference-end", "CallSidEndingConference": "CA1"}
    assert (await post(daemon, "/menu/status", leg)).status == 200
    assert (await post(daemon, "/menu/status", conference)).status == 200
    assert (await post(daemon, "/menu/status", leg | {"ParentCallSid": "CA9"})).status == 404
    assert (await post(daemon, "/menu/status", conference | {"CallSidEndingConference": "CA9"})).status == 404
    over = await post(daemon, "/", a_call(status="completed"))
    assert (over.status, daemon.status()["calls"]["completed"]) == (200, 1)


async def test_and_a_restart_after_that(serve, folder, tmp_path):
    folder["menu"] = SAYS.format("old")
    folder["other"] = "recipe = [Say('other')]"
    first = await serve(folder, journal=SqliteJournal(tmp_path / "calls.db"))
    await post(first, "/menu", a_call())
    await first.stop()
    (folder.path / "menu.py").unlink()

    daemon = await serve(folder, journal=SqliteJournal(tmp_path / "calls.db"))

    answer = await post(daemon, "/menu/1?step=1", a_call(status="in-progress", Digits="1"))
    assert answer.verbs[0] == says("old one")
