"""Callouts: found by name, run beside the call, and only what they may return comes back."""

from __future__ import annotations

import asyncio
import functools
import math
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from actors import Call, CalloutError, Callouts, Subscription, Threads, Webhook, find
from actors.callouts import Outcome
from tests.actors.doubles import Gate, Office, bounded, hook, quiet, until
from twiml import FunctionExt, Pause, Say, compile


class Desk:
    """Functions within a class have names too."""

    class Drawer:
        @staticmethod
        def open(call: Call) -> list[Any]:
            return [Say("open")]

        @classmethod
        async def close(cls, call: Call) -> list[Any]:
            return [Say("closed")]

        @staticmethod
        def hear(webhook: Webhook, call: Call) -> None:
            """Somebody within a class who subscribes."""


def listener(webhook: Webhook, call: Call) -> None:
    """Somebody who subscribes."""


NOT_A_FUNCTION = 7


@pytest.fixture
def call() -> Call:
    return Call("menu", compile([Say("hello")]), hook().params, {}, 1_000.0)


@pytest.fixture
def callouts() -> Callouts:
    return Callouts(Threads(2))


async def run(callouts: Callouts, function: FunctionExt, call: Call) -> Outcome:
    return await bounded(callouts.call(function, call))


# finding and running


async def test_a_plain_function_runs_on_a_thread(callouts: Callouts, office: Office, call: Call) -> None:
    threads = []

    @office.callout
    def hours(call: Call) -> list[Any]:
        threads.append(threading.current_thread())
        return [Say("We are open.")]

    assert await run(callouts, hours, call) == Outcome([Say("We are open.")], (), {})
    assert threads != [threading.current_thread()]


async def test_a_coroutine_runs_on_the_loop(callouts: Callouts, office: Office, call: Call) -> None:
    threads = []

    @office.callout
    async def hours(call: Call) -> list[Any]:
        await asyncio.sleep(0)
        threads.append(threading.current_thread())
        return [Say("We are open.")]

    assert await run(callouts, hours, call) == Outcome([Say("We are open.")], (), {})
    assert threads == [threading.current_thread()]


async def test_a_partial_of_a_coroutine_is_one_too(callouts: Callouts, office: Office, call: Call) -> None:
    async def say(text: str, call: Call) -> list[Any]:
        return [Say(text)]

    office.hours = functools.partial(say, "nine to five")  # type: ignore[attr-defined]
    outcome = await run(callouts, FunctionExt("hours", office.__name__, "hours"), call)
    assert outcome.verbs == [Say("nine to five")]


async def test_a_coroutine_behind_a_decorator_runs_on_the_loop(callouts: Callouts, office: Office, call: Call) -> None:
    threads = []

    async def say(call: Call) -> list[Any]:
        threads.append(threading.current_thread())
        return [Say("nine")]

    @office.callout
    @functools.wraps(say)
    def decorated(call: Call) -> Any:
        return say(call)

    assert (await run(callouts, decorated, call)).verbs == [Say("nine")]
    assert threads == [threading.current_thread()]


async def test_a_module_that_another_thread_imports_holds_up_nobody_else(
    callouts: Callouts, office: Office, call: Call, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from office_of_this_test import gate\ngate.wait()\ndef hours(call):\n    return []\n"
    (tmp_path / "imported_slowly.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    office.gate = gate  # type: ignore[attr-defined]
    function = FunctionExt("hours", "imported_slowly", "hours")
    tasks = [asyncio.ensure_future(callouts.call(function, call))]
    await until(lambda: gate.reached)
    tasks.append(asyncio.ensure_future(callouts.call(function, call)))
    await quiet()
    assert not any(task.done() for task in tasks)
    gate.open()
    assert [outcome.verbs for outcome in await bounded(asyncio.gather(*tasks))] == [[], []]
    del sys.modules["imported_slowly"]


@pytest.mark.parametrize(("function", "text"), [(Desk.Drawer.open, "open"), (Desk.Drawer.close, "closed")])
async def test_a_nested_function_is_found_by_its_qualified_name(
    callouts: Callouts, call: Call, function: Any, text: str
) -> None:
    named = FunctionExt("by name", __name__, function.__qualname__)
    assert (await run(callouts, named, call)).verbs == [Say(text)]
    assert (await run(callouts, FunctionExt(fn=function), call)).verbs == [Say(text)]


async def test_a_module_is_imported_when_it_is_needed_on_a_thread(
    callouts: Callouts, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import threading\nwho = threading.current_thread()\ndef hours(call):\n    return []\n"
    (tmp_path / "imported_late.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert (await run(callouts, FunctionExt("hours", "imported_late", "hours"), call)).verbs == []
    assert sys.modules.pop("imported_late").who is not threading.current_thread()


BROKEN = {"syntax": "def", "raises": "1 / 0", "exits": "import sys\nsys.exit(3)"}


@pytest.mark.parametrize("text", BROKEN.values(), ids=BROKEN)
async def test_a_module_that_cannot_be_imported_fails_the_callout_alone(
    callouts: Callouts, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    (tmp_path / "broken_office.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(CalloutError, match="broken_office:hours raised"):
        await run(callouts, FunctionExt("hours", "broken_office", "hours"), call)


@pytest.mark.parametrize(
    ("module", "fn"),
    [
        ("no_such_module", "f"),
        ("no.such.module", "f"),
        (__name__, "no_such_function"),
        (__name__, "Desk.Cupboard.open"),
        (__name__, "NOT_A_FUNCTION"),
        (__name__, "sys"),
    ],
)
async def test_a_function_that_is_not_there_is_told_by_name(
    callouts: Callouts, call: Call, module: str, fn: str
) -> None:
    with pytest.raises(CalloutError) as told:
        await run(callouts, FunctionExt("it", module, fn), call)
    assert module in str(told.value)
    assert fn in str(told.value)


def test_find_gives_the_function() -> None:
    assert find("math", "sqrt") is math.sqrt
    assert find(__name__, "Desk.Drawer.open") is Desk.Drawer.open
    with pytest.raises(CalloutError, match="is not a function but int"):
        find(__name__, "NOT_A_FUNCTION")


@pytest.mark.parametrize("on_the_loop", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize(
    "raised",
    [
        ValueError("out of order"),
        StopIteration(),
        SystemExit(2),
        KeyboardInterrupt(),
        asyncio.CancelledError(),
        CalloutError("of its own"),
    ],
    ids=repr,
)
async def test_whatever_it_raises_is_a_callout_error(
    callouts: Callouts, office: Office, call: Call, raised: BaseException, on_the_loop: bool
) -> None:
    @office.employ
    def plain(call: Call) -> None:
        call.data["begun"] = True
        raise raised

    @office.employ
    async def coroutine(call: Call) -> None:
        plain(call)

    function = FunctionExt(fn=coroutine if on_the_loop else plain)
    with pytest.raises(CalloutError) as told:
        await run(callouts, function, call)
    assert told.value.__cause__ is not None or str(told.value) == "of its own"
    assert call.data == {}


# what comes back


SUBSCRIBED = Subscription("completion", __name__, "listener")
RETURNED: list[tuple[Any, list[Any], tuple[Subscription, ...]]] = [
    ([], [], ()),
    ([Say("a"), Pause()], [Say("a"), Pause()], ()),
    ((Say("a"),), [Say("a")], ()),
    ((Say("a"), Pause()), [Say("a"), Pause()], ()),
    ((), [], ()),
    (([Say("a")], []), [Say("a")], ()),
    (((Say("a"),), ()), [Say("a")], ()),
    (([], [("completion", listener)]), [], (SUBSCRIBED,)),
    (
        ([Say("a")], [("completion", listener), ("status", listener)]),
        [Say("a")],
        (SUBSCRIBED, SUBSCRIBED._replace(event="status")),
    ),
]


@pytest.mark.parametrize(("returned", "verbs", "subscriptions"), RETURNED, ids=lambda value: ascii(value)[:40])
async def test_verbs_and_subscriptions_come_back(
    callouts: Callouts, office: Office, call: Call, returned: Any, verbs: Any, subscriptions: Any
) -> None:
    @office.callout
    def hours(call: Call) -> Any:
        return returned

    assert await run(callouts, hours, call) == Outcome(verbs, subscriptions, {})


@pytest.mark.parametrize(
    "returned",
    [None, Say("not in a list"), "text", 7, {"a": 1}, {Say("a")}, iter([Say("a")])],
    ids=lambda value: type(value).__name__,
)
async def test_what_is_no_list_of_verbs_is_refused(
    callouts: Callouts, office: Office, call: Call, returned: Any
) -> None:
    @office.callout
    def hours(call: Call) -> Any:
        return returned

    with pytest.raises(CalloutError, match=f"hours returned {type(returned).__name__}; a callout returns a list"):
        await run(callouts, hours, call)


@pytest.mark.parametrize("event", ["recording", "completion", "transcription", "status", "dial"])
async def test_five_events_can_be_subscribed_to(callouts: Callouts, office: Office, call: Call, event: str) -> None:
    @office.callout
    def hours(call: Call) -> Any:
        return [], [(event, listener)]

    assert (await run(callouts, hours, call)).subscriptions == (Subscription(event, __name__, "listener"),)


async def test_a_nested_function_can_subscribe(callouts: Callouts, office: Office, call: Call) -> None:
    @office.callout
    def hours(call: Call) -> Any:
        return [], [("dial", Desk.Drawer.hear)]

    assert (await run(callouts, hours, call)).subscriptions == (Subscription("dial", __name__, "Desk.Drawer.hear"),)


def local() -> Any:
    def within(webhook: Webhook, call: Call) -> None:
        """Nobody finds this by its name."""

    return within


NO_SUBSCRIPTIONS: dict[str, tuple[Any, str]] = {
    "the origin's word": (("complete", listener), 'subscribed to "complete"; the events are recording, completion,'),
    "a message's": (
        ("message_status", listener),
        "a call has none: list it in the recipe's module, subscriptions = [('",
    ),
    "no event": (("", listener), 'subscribed to ""'),
    "a lambda": (("completion", lambda webhook, call: None), "can't be imported by name"),
    "a local function": (("completion", local()), "can't be imported by name"),
    "a partial": (("completion", functools.partial(listener)), "can't be imported by name"),
    "another's name": (("completion", functools.wraps(listener)(local())), "can't be imported by name"),
    "a bound method": (("completion", [].append), "can't be imported by name"),
    "a function of a call alone": (
        ("completion", Desk.Drawer.open),
        "must take the webhook and the call and nothing else: def open(webhook, call)",
    ),
    "a name": (("completion", "listener"), "it is an event and a function"),
    "too much": (("completion", listener, 1), "it is an event and a function"),
    "too little": (("completion",), "it is an event and a function"),
    "the wrong way round": ((listener, "completion"), "it is an event and a function"),
    "nothing": (None, "it is an event and a function"),
}


@pytest.mark.parametrize(("pair", "message"), NO_SUBSCRIPTIONS.values(), ids=NO_SUBSCRIPTIONS)
async def test_a_subscription_that_would_not_survive_a_restart_is_refused(
    callouts: Callouts, office: Office, call: Call, pair: Any, message: str
) -> None:
    @office.callout
    def hours(call: Call) -> Any:
        return [], [pair]

    with pytest.raises(CalloutError, match="office_of_this_test:hours ") as told:
        await run(callouts, hours, call)
    assert message in str(told.value)


# data


async def test_data_comes_back_as_json_holds_it(callouts: Callouts, office: Office, call: Call) -> None:
    call.data = {"seen": [1]}

    @office.callout
    def hours(call: Call) -> list[Any]:
        call.data["seen"].append(2)
        call.data["pair"] = (1, 2)
        call.data[3] = None
        return []

    outcome = await run(callouts, hours, call)
    assert outcome.data == {"seen": [1, 2], "pair": [1, 2], "3": None}
    assert call.data == {"seen": [1]}


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
DEEP: list[Any] = functools.reduce(lambda inner, _: [inner], range(100_000), [])
UNWRITABLE: dict[str, Any] = {
    "an object": {"it": object()},
    "a set": {"it": {1}},
    "bytes": {"it": b"1"},
    "not a number": {"it": math.nan},
    "infinity": {"it": [-math.inf]},
    "a key that is no text": {(1, 2): 1},
    "itself": {"it": CIRCLE},
    "too many digits": {"it": 10**5000},
}


@pytest.mark.parametrize("data", UNWRITABLE.values(), ids=UNWRITABLE)
async def test_data_that_json_cannot_hold_fails_the_callout(
    callouts: Callouts, office: Office, call: Call, data: Any
) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        call.data = data
        return []

    with pytest.raises(CalloutError, match=r"hours left in call\.data what JSON can't hold"):
        await run(callouts, hours, call)


@pytest.mark.parametrize("data", [[1], None, "text"], ids=repr)
async def test_data_that_is_no_dict_fails_the_callout(
    callouts: Callouts, office: Office, call: Call, data: Any
) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        call.data = data
        return []

    with pytest.raises(CalloutError, match=rf"hours left {type(data).__name__} as call\.data; it is a dict"):
        await run(callouts, hours, call)


async def test_data_nested_too_deep_fails_the_callout(callouts: Callouts, office: Office, call: Call) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        call.data["it"] = DEEP
        return []

    with pytest.raises(CalloutError, match="JSON can't hold"):
        await run(callouts, hours, call)


async def test_nothing_but_data_comes_back_from_its_copy_of_the_call(
    callouts: Callouts, office: Office, call: Call
) -> None:
    first = dict(call.params)

    @office.callout
    def hours(call: Call) -> list[Any]:
        params: Any = call.params
        params.clear()
        initial: Any = call.initial_params
        initial["From"] = "somebody else"
        call.state, call.recipe, call.history = "9", "another", ()
        return []

    await run(callouts, hours, call)
    assert (call.params, call.initial_params) == (first, first)
    assert (call.state, call.recipe) == ("1", "menu")


# giving up


async def test_a_cancelled_callout_cancels_its_coroutine(callouts: Callouts, office: Office, call: Call) -> None:
    ends = []

    @office.callout
    async def hours(call: Call) -> list[Any]:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            ends.append("cancelled")
            raise
        return []

    task = asyncio.ensure_future(callouts.call(hours, call))
    await quiet()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await bounded(task)
    assert ends == ["cancelled"]


async def test_a_cancelled_callout_leaves_its_thread_to_itself(
    callouts: Callouts, office: Office, call: Call, gate: Gate
) -> None:
    @office.callout
    def hours(call: Call) -> list[Any]:
        gate.wait()
        return []

    @office.callout
    def quick(call: Call) -> list[Any]:
        return [Say("quick")]

    tasks = [asyncio.ensure_future(callouts.call(hours, call)) for _ in range(2)]
    await until(lambda: gate.reached == 2)
    for task in tasks:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bounded(task)
    assert (await run(callouts, quick, call)).verbs == [Say("quick")]
    assert gate.passed == 0


# subscribed functions


@pytest.mark.parametrize("on_the_loop", [False, True], ids=["plain", "coroutine"])
async def test_a_subscribed_function_gets_the_webhook_and_a_copy_of_the_call(
    callouts: Callouts, office: Office, call: Call, on_the_loop: bool
) -> None:
    told: list[tuple[str, str]] = []

    @office.employ
    def plain(webhook: Webhook, call: Call) -> None:
        told.append((webhook.path, call.call_sid))
        call.data["mine"] = 1

    @office.employ
    async def coroutine(webhook: Webhook, call: Call) -> None:
        plain(webhook, call)

    name = "coroutine" if on_the_loop else "plain"
    await bounded(callouts.run(Subscription("status", office.__name__, name), hook("status"), call.view()))
    assert told == [("status", call.call_sid)]
    assert call.data == {}


@pytest.mark.parametrize("on_the_loop", [False, True], ids=["plain", "coroutine"])
@pytest.mark.parametrize("raised", [ValueError("no"), SystemExit(1), asyncio.CancelledError()], ids=repr)
async def test_a_subscribed_function_that_fails_is_told_by_name(
    callouts: Callouts, office: Office, call: Call, on_the_loop: bool, raised: BaseException
) -> None:
    @office.employ
    def plain(webhook: Webhook, call: Call) -> None:
        raise raised

    @office.employ
    async def coroutine(webhook: Webhook, call: Call) -> None:
        raise raised

    name = "coroutine" if on_the_loop else "plain"
    with pytest.raises(CalloutError, match=f"office_of_this_test:{name} raised"):
        await bounded(callouts.run(Subscription("status", office.__name__, name), hook("status"), call.view()))


async def test_work_beside_the_calls_is_known_until_it_is_done(callouts: Callouts) -> None:
    begun, end = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await end.wait()

    task = callouts.spawn(work())
    await bounded(begun.wait())
    assert callouts.running == {task}
    end.set()
    await bounded(task)
    await quiet()
    assert callouts.running == set()
