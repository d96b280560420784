"""Functions that go wrong, through a live daemon: what the caller hears, what is logged, and who is not touched."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from runtime.journals import MemoryJournal
from runtime.softphone import Press
from tests.wire import a_call, dial, post
from twiml import Dial
from twiml.element import spec

APOLOGY = "We are sorry, something went wrong. Please call again later."
HOLD = "One moment, please."

# Everything that a callout can do wrong, by its name; the second is what the log says of it.
WRONG = {
    "raises": ("raise KeyError('FromCity')", "wrong:function raised KeyError: 'FromCity'"),
    "raises_nothing_nice": ("raise StopIteration", "wrong:function raised "),
    "exits": ("import sys; sys.exit(3)", "wrong:function raised Exited: SystemExit: 3"),
    "interrupts": ("raise KeyboardInterrupt", "wrong:function raised Exited: KeyboardInterrupt: "),
    "returns_none": ("return None", "wrong:function returned NoneType; a callout returns a list of verbs"),
    "returns_text": ("return '<Say>hello</Say>'", "wrong:function returned str; a callout returns a list of verbs"),
    "returns_what_is_no_verb": ("return [Say('hello'), 7]", "3 int: is not a verb"),
    "returns_an_invalid_verb": (
        "return [Say('nuqneH', language='klingon')]",
        """wrong:function returned what can't take its place: 2 Say: language "klingon" is not one""",
    ),
    "returns_a_noun": ("return [Number('+441314960123')]", "2 Number: is a noun: it stands inside Dial"),
    "returns_a_goto_to_nowhere": ("return [GotoExt('99')]", '2 GotoExt: target "99" is neither a rank nor a label'),
    "leaves_what_is_no_json": ("call.data['it'] = object(); return []", "left in call.data what JSON can't hold"),
    "subscribes_to_nothing_there_is": (
        "return [], [('complete', function)]",
        'subscribed to "complete"; the events are ',
    ),
    "subscribes_what_has_no_name": ("return [], [('status', lambda w, c: 0)]", "can't be imported by name"),
}


# A callout that waits until the test lets it go on.
SLOW = {
    "a thread": """
        import threading

        begun, release, ran = threading.Event(), threading.Event(), []

        def function(call):
            begun.set()
            ran.append(call.step_id)
            assert release.wait(30)
            return [Say(f"{call.step_id} ran")]

        recipe = [Say("before"), FunctionExt("function", fn=function), Say("after")]
    """,
    "a coroutine": """
        import asyncio, threading

        begun, release, ran = threading.Event(), asyncio.Event(), []

        async def function(call):
            begun.set()
            ran.append(call.step_id)
            await release.wait()
            return [Say(f"{call.step_id} ran")]

        recipe = [Say("before"), FunctionExt("function", fn=function), Say("after")]
    """,
}


class Journal(MemoryJournal):
    """One that says when the callout that a caller holds for is written down as done."""

    def __init__(self) -> None:
        super().__init__()
        self.callout_done = asyncio.Event()

    async def commit(self, snapshot, row, letters=(), *, claimant=""):
        await super().commit(snapshot, row, letters, claimant=claimant)
        if row.kind == "callout_done":
            self.callout_done.set()


async def until_settled(daemon) -> None:
    """Let the subscribed functions finish."""
    async with asyncio.timeout(30):
        while daemon.callouts.running:
            await asyncio.wait(daemon.callouts.running)


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize("wrong", WRONG)
async def test_a_callout_that_goes_wrong_ends_its_call_with_an_apology(serve, folder, kind, wrong):
    code, reason = WRONG[wrong]
    folder["wrong"] = f"""
        {kind} function(call):
            {code}

        recipe = [Say("hello"), FunctionExt("function", fn=function), Say("never")]
    """
    folder["fine"] = 'recipe = [Say("fine")]'
    daemon = await serve(folder)

    with capture_logs() as events:
        transcript = await dial(daemon, "wrong")

    assert transcript.said == [APOLOGY]
    assert transcript.ended_by == "application"
    failures = [each for each in events if each["event"] == "call_failed"]
    assert [(each["call_sid"], each["recipe"]) for each in failures] == [
        (transcript.requests[0].params["CallSid"], "wrong")
    ]
    assert reason in failures[0]["reason"]
    assert [(each["recipe"], each["reason"]) for each in daemon.status()["failures"]] == [
        ("wrong", failures[0]["reason"])
    ]
    assert daemon.status()["calls"] == {"in_progress": 0, "started": 1, "completed": 0, "failed": 1, "restarts": 0}
    assert (await dial(daemon, "fine")).said == ["fine"]


async def test_a_callout_inside_dial_returns_nouns(serve, folder):
    folder["wrong"] = """
        def function(call):
            return [Say("hello")]

        recipe = [Dial([FunctionExt("function", fn=function)])]
    """
    daemon = await serve(folder)

    with capture_logs() as events:
        transcript = await dial(daemon, "wrong")

    assert transcript.said == [APOLOGY]
    reasons = [each["reason"] for each in events if each["event"] == "call_failed"]
    held = ", ".join(spec(Dial).content.holds)
    told = "wrong:function returned what can't take its place"
    assert reasons == [f"{told}: 1.1 Say: can't stand in a Dial, which holds {held}"]
    assert daemon.status()["calls"]["failed"] == 1


async def test_a_recipe_that_is_a_function_and_raises(serve, folder):
    folder["wrong"] = "def recipe(call): return [Say(call.params['NoSuchField'])]"
    daemon = await serve(folder)

    assert (await dial(daemon, "wrong")).said == [APOLOGY]
    assert daemon.status()["recipes"][0]["states"] == 2


async def test_a_call_that_failed_stays_so(serve, folder):
    folder["wrong"] = "def recipe(call): raise ValueError"
    daemon = await serve(folder)
    first = await post(daemon, "/wrong", a_call())

    again = await post(daemon, "/wrong/1?step=1", a_call(status="in-progress", Digits="1"))
    end = await post(daemon, "/wrong", a_call(status="completed"))

    assert first.text == again.text
    assert "<Say>" not in end.text
    assert daemon.status()["calls"] == {"in_progress": 0, "started": 1, "completed": 0, "failed": 1, "restarts": 0}


@pytest.mark.parametrize("kind", SLOW)
async def test_a_slow_callout_has_the_caller_hold_and_its_result_is_used_when_it_is_there(serve, folder, kind):
    folder["slow"] = SLOW[kind]
    daemon = await serve(folder, journal=Journal(), callout_patience=0.05)
    slow = folder["slow"]

    held = await post(daemon, "/slow", a_call())
    held_again = await post(daemon, "/slow/2?step=1", a_call(status="in-progress"))
    slow.release.set()
    await asyncio.wait_for(daemon.journal.callout_done.wait(), 30)
    answered = await post(daemon, "/slow/2?step=2", a_call(status="in-progress"))

    redirect = "<Redirect>/slow/2?step={}</Redirect>"
    hold = [f"<Say>{HOLD}</Say>", '<Pause length="2"/>']
    assert held.verbs == ["<Say>before</Say>", *hold, redirect.format(1)]
    assert held_again.verbs == [*hold, redirect.format(2)]
    assert answered.verbs == ["<Say>CA1:slow:2:0:0 ran</Say>", "<Say>after</Say>", "<Hangup/>"]
    assert slow.ran == ["CA1:slow:2:0:0"]


@pytest.mark.parametrize("kind", SLOW)
async def test_a_caller_on_hold_is_answered_at_once_when_the_callout_finishes_within_their_patience(
    serve, folder, kind
):
    """The request that waits gets the result, not another hold document."""
    folder["slow"] = SLOW[kind]
    daemon = await serve(folder)
    slow = folder["slow"]

    waiting = asyncio.create_task(post(daemon, "/slow", a_call()))
    assert await asyncio.to_thread(slow.begun.wait, 5)
    slow.release.set()
    reply = await waiting

    assert reply.verbs == ["<Say>before</Say>", "<Say>CA1:slow:2:0:0 ran</Say>", "<Say>after</Say>", "<Hangup/>"]


@pytest.mark.parametrize("kind", SLOW)
async def test_a_callout_that_hangs_is_given_up_and_the_caller_hears_the_apology(serve, folder, kind):
    folder["slow"] = SLOW[kind]
    folder["fine"] = 'recipe = [Say("fine")]'
    daemon = await serve(folder, callout_patience=0.05, callout_limit=0.12)

    with capture_logs() as events:
        transcript = await dial(daemon, "slow")
    fine = await dial(daemon, "fine")
    folder["slow"].release.set()

    assert transcript.said[0] == "before"
    assert transcript.said[1] == HOLD
    assert transcript.said[-1] == APOLOGY
    assert set(transcript.said[1:-1]) == {HOLD}
    assert [each["reason"] for each in events if each["event"] == "call_failed"] == [
        "slow:function took more than 0.12 s"
    ]
    assert daemon.status()["calls"]["failed"] == 1
    assert fine.said == ["fine"]


async def test_threads_that_hang_do_not_take_the_others_places(serve, folder):
    """More of them than there are threads; each is given up, and its place is free again."""
    folder["slow"] = SLOW["a thread"]
    folder["quick"] = 'def recipe(call): return [Say("quick")]'
    daemon = await serve(folder, callout_threads=2, callout_limit=0.05)

    failed = await asyncio.gather(*(dial(daemon, "slow") for _ in range(5)))
    quick = await dial(daemon, "quick")
    folder["slow"].release.set()

    assert [transcript.said for transcript in failed] == [[APOLOGY]] * 5
    assert quick.said == ["quick"]


async def test_as_many_callouts_run_at_a_time_as_there_are_threads(serve, folder):
    folder["pairs"] = """
        import threading

        lock, two, running, most = threading.Lock(), threading.Barrier(2), 0, 0

        def recipe(call):
            global running, most
            with lock:
                running += 1
                most = max(most, running)
            two.wait(5)
            with lock:
                running -= 1
            return [Say("together")]
    """
    daemon = await serve(folder, callout_threads=2)

    calls = await asyncio.gather(*(dial(daemon, "pairs") for _ in range(6)))

    assert [transcript.said for transcript in calls] == [["together"]] * 6
    assert folder["pairs"].most == 2


async def test_many_calls_hold_while_another_goes_on(serve, folder):
    folder["slow"] = SLOW["a coroutine"]
    folder["menu"] = 'recipe = [Gather([Say("menu")], num_digits=1, after_ext=[ResponseExt("1", "one", [Say("one")])])]'
    daemon = await serve(folder, callout_patience=0.05)
    held = await asyncio.gather(*(post(daemon, "/slow", a_call(f"CA{n}")) for n in range(20)))

    transcript = await dial(daemon, "menu", Press("1"))

    assert transcript.said == ["menu", "one"]
    assert all(HOLD in reply.text for reply in held)
    assert daemon.status()["calls"]["in_progress"] == 20


async def test_a_caller_who_hangs_up_on_hold_ends_the_call_and_the_callout(serve, folder):
    folder["slow"] = """
        import asyncio

        ended = []

        async def function(call):
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(call.call_sid)

        recipe = [FunctionExt("function", fn=function)]
    """
    daemon = await serve(folder, callout_patience=0.05)
    await post(daemon, "/slow", a_call())

    await post(daemon, "/slow", a_call(status="completed"))

    assert folder["slow"].ended == ["CA1"]
    assert daemon.status()["calls"]["completed"] == 1


async def test_a_subscribed_function_that_fails_is_a_dead_letter_and_not_the_caller_s_trouble(serve, folder):
    folder["subscribes"] = """
        told = []

        def begin(call):
            return [Say("hello")], [("completion", fails), ("completion", tells)]

        def fails(webhook, call):
            raise OSError("no disk")

        def tells(webhook, call):
            told.append((webhook.duration, call.data))

        recipe = [FunctionExt("begin", fn=begin)]
    """
    daemon = await serve(folder, retry_pauses=[])

    with capture_logs() as events:
        transcript = await dial(daemon, "subscribes")
        await until_settled(daemon)

    assert transcript.said == ["hello"]
    assert len(folder["subscribes"].told) == 1
    assert [each["reason"] for each in events if each["event"] == "letter_dead"] == [
        "subscribes:fails raised OSError: no disk"
    ]
    assert daemon.status()["dead_letters"] == 1
    assert daemon.status()["calls"]["completed"] == 1


async def test_a_stop_gives_subscribed_functions_their_time(serve, folder):
    folder["subscribes"] = """
        import asyncio

        release, told = asyncio.Event(), []

        async def tells(webhook, call):
            await release.wait()
            told.append(call.call_sid)

        def recipe(call):
            return [Say("hello")], [("completion", tells)]
    """
    daemon = await serve(folder)
    await post(daemon, "/subscribes", a_call())
    await post(daemon, "/subscribes", a_call(status="completed"))

    asyncio.get_running_loop().call_later(0.05, folder["subscribes"].release.set)
    await daemon.stop()

    assert folder["subscribes"].told == ["CA1"]


async def test_what_a_callout_leaves_in_data_comes_back_to_the_next(serve, folder):
    """And nothing else that it does to its copy of the call. What it returned stands in its place from then on."""
    folder["remembers"] = """
        def count(call):
            call.data["times"] = call.data.get("times", 0) + 1
            call.settings, call.state = {}, "99"
            return [Say(f"{call.data['times']} of {call.digits or 'none'}")]

        recipe = [Gather([Say("menu")], num_digits=1, after_ext=[
            ResponseExt("1", "one", [FunctionExt("count", fn=count), FunctionExt("count", fn=count), GotoExt("1")]),
            DefaultExt("end", [FunctionExt("count", fn=count)]),
        ])]
    """
    daemon = await serve(folder, settings={"most": 3})

    transcript = await dial(daemon, "remembers", Press("1"), Press("1"))

    assert transcript.said == ["menu", "1 of 1", "2 of 1", "menu", "1 of 1", "2 of 1", "menu", "3 of none"]
