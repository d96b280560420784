"""Calls that are changed from outside while they run.

(Twilio's documentation: "Call resource", Update a call in progress.)
"""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from aiohttp import web

from runtime.softphone import Address, Answer, HangUp, Hold, Outbound, Press, Script, Speak, Unchangeable
from runtime.softphone.outbound import EVENTS

MOVED = "<Say>moved</Say>"


@pytest.fixture
def holding(app):
    """A call that is under way, and whose caller holds the line."""

    @contextlib.asynccontextmanager
    async def holding(*script, **options):
        app["/moved"] = MOVED
        call = app.call(*(script or (Hold(),)), **options)
        task = asyncio.create_task(call.run())
        await call.held()
        yield call
        async with asyncio.timeout(30):
            await task

    return holding


def document(verbs: str) -> web.Response:
    return web.Response(text=f"<Response>{verbs}</Response>", content_type="text/xml")


# --- redirecting -----------------------------------------------------------------------------------


async def test_a_redirected_call_goes_on_at_the_new_url(app, holding):
    """A Gather ends without input: it asks for nothing, and what follows it never runs."""
    app["/voice"] = '<Gather action="/pressed"><Say>press</Say></Gather><Say>never</Say>'
    async with holding() as call:
        call.redirect(app.url("/moved"))
    assert app.paths == ["/voice", "/moved"]
    assert app.form("/moved")["CallStatus"] == "in-progress"
    assert "Digits" not in app.form("/moved")
    assert call.transcript.said == ["press", "moved"]
    assert call.transcript.ended_by == "application"


async def test_a_redirected_call_asks_with_the_method_it_is_given(app, holding):
    app["/voice"] = "<Gather/>"
    async with holding() as call:
        call.redirect(app.url("/moved"), "GET")
    assert app.requests[-1].method == "GET"


async def test_a_call_may_be_redirected_to_a_document(app, holding):
    """It is performed without a request."""
    app["/voice"] = "<Gather/>"
    async with holding() as call:
        call.redirect(twiml=f"<Response>{MOVED}</Response>")
    assert app.paths == ["/voice"]
    assert call.transcript.said == ["moved"]


async def test_a_call_may_be_redirected_again(app, holding):
    app["/voice"] = "<Gather/>"
    app["/2"] = '<Gather action="/pressed"/>'
    async with holding(Hold(), Hold()) as call:
        call.redirect(app.url("/2"))
        await call.held()
        call.redirect(app.url("/moved"))
    assert app.paths == ["/voice", "/2", "/moved"]


@pytest.mark.parametrize(
    ("verb", "script", "field", "value"),
    [
        ('<Dial action="/done">+441</Dial>', [Hold()], "DialCallStatus", "canceled"),
        ('<Dial action="/done">+441</Dial>', [Answer(), Hold()], "DialCallStatus", "completed"),
        ('<Dial action="/done"><Conference>c</Conference></Dial>', [Hold()], "DialCallStatus", "completed"),
        ('<Record action="/done"/>', [Hold()], "RecordingDuration", "1"),
        ('<Record action="/done"/>', [Speak("one two three four five"), Hold()], "RecordingDuration", "2"),
        ('<Enqueue action="/done">q</Enqueue>', [Hold()], "QueueResult", "redirected"),
        ('<Enqueue action="/done">q</Enqueue>', [Answer(), Hold()], "QueueResult", "redirected-from-bridged"),
        (
            '<Connect action="/done"><ConversationRelay url="wss://h"/></Connect>',
            [Hold()],
            "SessionStatus",
            "completed",
        ),
        ('<Pay action="/done"/>', [Hold()], "Result", "caller-hung-up"),
        ('<Refer action="/done"><Sip>sip:a@b</Sip></Refer>', [Hold()], "ReferCallStatus", "completed"),
    ],
)
async def test_the_interrupted_verbs_action_is_asked_for_first(app, holding, verb, script, field, value):
    """Both are requested: the action, whose answer is thrown away, and then the new URL. The call is in progress."""
    app["/voice"] = verb + "<Say>never</Say>"
    app["/done"] = "<Say>never</Say><Redirect>/never</Redirect>"
    async with holding(*script) as call:
        call.redirect(app.url("/moved"))
    assert app.paths == ["/voice", "/done", "/moved"]
    assert app.form("/done")["CallStatus"] == "in-progress"
    assert app.form("/done")[field] == value
    assert app.form("/done").get("Digits") is None
    assert call.transcript.said == ["moved"]


@pytest.mark.parametrize(
    "verb", ["<Dial>+441</Dial>", "<Record/>", "<Enqueue>q</Enqueue>", "<Connect><Stream url='w'/></Connect>", "<Pay/>"]
)
async def test_an_interrupted_verb_without_an_action_just_ends(app, holding, verb):
    """Also where the end would otherwise ask for the current document again."""
    app["/voice"] = verb + "<Say>never</Say>"
    async with holding() as call:
        call.redirect(app.url("/moved"))
    assert app.paths == ["/voice", "/moved"]
    assert call.transcript.said == ["moved"]


async def test_the_interrupted_actions_answer_may_be_an_error(app, holding):
    """It is thrown away all the same; a warning is left."""
    app["/voice"] = '<Dial action="/done#tt=99999">+441</Dial>'
    async with holding() as call:
        call.redirect(app.url("/moved"))
    assert call.transcript.said == ["moved"]
    assert call.transcript.warnings[0].startswith("11240")


async def test_what_a_queue_plays_is_interrupted_too(app, holding):
    app["/voice"] = '<Enqueue action="/done" waitUrl="/wait">q</Enqueue>'
    app["/wait"] = "<Gather/><Say>never</Say>"
    async with holding() as call:
        call.redirect(app.url("/moved"))
    assert app.paths == ["/voice", "/wait", "/done", "/moved"]
    assert app.form("/done")["QueueResult"] == "redirected"


async def test_an_echo_is_interrupted(app, holding):
    app["/voice"] = "<Echo/>"
    async with holding() as call:
        call.redirect(app.url("/moved"))
    assert call.transcript.said == ["moved"]


class Standstill:
    """Time that passes at once, but for so many seconds: those take for ever."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.reached = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        if seconds == self.seconds:
            self.reached.set()
            await asyncio.Event().wait()


@pytest.fixture
def cut_short(app):
    """A call that is redirected in the middle of so many seconds."""

    async def cut_short(seconds, *script, **options):
        app["/moved"] = MOVED
        time = Standstill(seconds)
        call = app.call(*script, wait=time, **options)
        task = asyncio.create_task(call.run())
        async with asyncio.timeout(30):
            await time.reached.wait()
            call.redirect(app.url("/moved"))
            await task
        return call

    return cut_short


async def test_time_that_passes_is_cut_short(app, cut_short):
    """In a call that takes its time, Say and Pause are interrupted in the middle; what was cut off doesn't count."""
    app["/voice"] = '<Say>hi</Say><Pause length="3600"/><Say>never</Say>'
    call = await cut_short(3600)
    assert call.transcript.said == ["hi", "moved"]
    assert call.transcript.lines[-1].at < 5


async def test_a_gather_that_waits_for_another_key_has_heard_nothing(app, cut_short):
    """Its action isn't asked for."""
    app["/voice"] = '<Gather timeout="9" action="/pressed"/>'
    await cut_short(9, Press("1"))
    assert app.paths == ["/voice", "/moved"]


@pytest.mark.parametrize(
    ("verb", "seconds", "script"),
    [
        ('<Record action="/done"/>', 4, [Speak("one two three four five six seven eight nine ten"), Hold()]),
        ('<Enqueue action="/done">q</Enqueue>', 20, [Answer(), Hold()]),
        ('<Dial action="/done">+441</Dial>', 20, [Answer(), Hold()]),
        ('<Dial action="/done" timeout="30">+441</Dial>', 30, [Answer("no-answer"), Hold()]),
    ],
)
async def test_who_was_taken_out_of_a_verb_is_not_asked_there_any_more(app, cut_short, verb, seconds, script):
    """What they would have done is left in the script, and no more time passes."""
    app["/voice"] = verb
    call = await cut_short(seconds, *script)
    assert app.paths == ["/voice", "/done", "/moved"]
    assert call.transcript.left == (Hold(),)


async def test_no_time_passes_any_more_for_who_was_taken_out(app, holding):
    """Of a conference, in which a talk is due."""
    waited = []

    async def wait(seconds):
        waited.append(seconds)

    app["/voice"] = "<Dial><Conference>c</Conference></Dial>"
    async with holding(wait=wait) as call:
        call.redirect(twiml="<Response/>")
    assert waited == []


async def test_who_hangs_up_in_a_conference_was_in_it(app):
    """Their own hanging up takes no time away."""
    app["/voice"] = "<Dial><Conference>c</Conference></Dial>"
    await app.run(HangUp(), status_callback=app.url("/status"))
    assert app.form("/status")["CallDuration"] == "20"


async def test_a_change_that_comes_while_a_document_is_fetched_takes_its_place(app):
    """Nothing of that document is performed."""
    app["/moved"] = MOVED

    async def changed(request):
        call.redirect(app.url("/moved"))
        return document("<Say>never</Say>")

    app["/voice"] = "<Gather/><Redirect>/2</Redirect>"
    app["/2"] = changed
    call = app.call()
    transcript = await call.run()
    assert transcript.said == ["moved"]
    assert app.paths == ["/voice", "/2", "/moved"]


async def test_a_new_status_callback_hears_of_the_end(app, holding):
    app["/voice"] = "<Gather/>"
    async with holding(status_callback=app.url("/old")) as call:
        call.redirect(app.url("/moved"), status_callback=Address(app.url("/new"), "GET"))
    assert app.paths == ["/voice", "/moved", "/new"]
    assert app.requests[-1].method == "GET"


async def test_a_script_goes_on_after_it(app, holding):
    """What comes behind Hold is for the new document."""
    app["/voice"] = "<Gather/>"
    app["/2"] = '<Gather action="/pressed"/>'
    async with holding(Hold(), Press("7#")) as call:
        call.redirect(app.url("/2"))
    assert app.form("/pressed")["Digits"] == "7"


async def test_redirects_without_end_are_cut_off(app):
    """Documents are counted, however one comes to them."""

    async def again(request):
        call.redirect(app.url("/voice"))
        return document("<Say>hi</Say>")

    app["/voice"] = again
    call = app.call(max_documents=5, direction="outbound-api")
    transcript = await call.run()
    assert transcript.ended_by == "guard"
    assert app.paths == ["/voice"] * 5


@pytest.mark.parametrize("url", ["", "ftp://h/x", "relative"])
async def test_a_url_that_is_none_is_refused_and_the_call_goes_on(app, holding, url):
    app["/voice"] = "<Gather/>"
    async with holding() as call:
        with pytest.raises(ValueError, match="URL"):
            call.redirect(url)
        call.hang_up()
    assert app.paths == ["/voice"]


# --- ending ----------------------------------------------------------------------------------------


async def test_hanging_up_from_outside_is_the_same_as_the_callers(app, holding):
    """The action is asked for with CallStatus=completed, then the end is told."""
    app["/voice"] = '<Connect action="/done"><Stream url="wss://h"/></Connect>'
    app["/done"] = "<Say>never</Say>"
    async with holding(status_callback=app.url("/status")) as call:
        call.hang_up()
    assert app.paths == ["/voice", "/done", "/status"]
    assert app.form("/done")["CallStatus"] == app.form("/status")["CallStatus"] == "completed"
    assert call.transcript.said == []
    assert call.transcript.ended_by == "application"


async def test_a_record_is_ended_by_the_hang_up(app, holding):
    """Also without an action: the current document is asked for, and not performed."""
    app["/voice"] = ["<Record/>", "<Say>never</Say>"]
    async with holding() as call:
        call.hang_up()
    assert app.paths == ["/voice", "/voice"]
    assert (app.forms[1]["Digits"], app.forms[1]["CallStatus"]) == ("hangup", "completed")
    assert call.transcript.said == []


@pytest.mark.parametrize("waiting", ["", ' waitUrl="/wait"'])
async def test_a_queue_is_left_by_the_hang_up(app, holding, waiting):
    app["/voice"] = f'<Enqueue action="/done"{waiting}>q</Enqueue>'
    app["/wait"] = "<Gather/>"
    async with holding() as call:
        call.hang_up()
    assert app.form("/done")["QueueResult"] == "hangup"
    assert app.form("/done")["CallStatus"] == "completed"


async def test_a_hang_up_takes_the_place_of_a_redirect_that_has_not_taken_effect(app, holding):
    app["/voice"] = "<Gather/>"
    async with holding() as call:
        call.redirect(app.url("/moved"))
        call.hang_up()
    assert app.paths == ["/voice"]


async def test_a_call_that_rings_is_canceled(app, holding):
    """And tells so, with the code for it; Url is never requested."""
    options = {"direction": "outbound-api", "asked": Outbound(events=EVENTS), "status_callback": app.url("/status")}
    async with holding(Hold(during="Call"), **options) as call:
        assert call.status == "ringing"
        call.hang_up()
    assert call.status == "canceled"
    assert app.paths == ["/status"] * 3
    assert (app.forms[-1]["CallStatus"], app.forms[-1]["SipResponseCode"]) == ("canceled", "487")
    assert app.forms[-1]["SequenceNumber"] == "2"


async def test_a_call_that_is_queued_is_canceled_without_a_word(app):
    call = app.call(
        direction="outbound-api", asked=Outbound(events=EVENTS, record=True), status_callback=app.url("/status")
    )
    call.hang_up()
    transcript = await call.run()
    assert call.status == "canceled"
    assert app.requests == []
    assert transcript.ended_by == "application"


async def test_an_inbound_call_is_canceled_before_it_is_answered(app):
    """Where its first document comes, it is over."""

    async def changed(request):
        call.hang_up()
        return document("<Say>never</Say>")

    app["/voice"] = changed
    call = app.call(status_callback=app.url("/status"))
    assert (await call.run()).said == []
    assert app.form("/status")["CallStatus"] == "canceled"


# --- what can't be changed -------------------------------------------------------------------------


async def test_a_call_that_is_over_can_not_be_changed(app):
    app["/voice"] = "<Say>hi</Say>"
    call = app.call()
    await call.run()
    with pytest.raises(Unchangeable, match=f"{call.call_sid} is completed"):
        call.hang_up()
    with pytest.raises(Unchangeable, match="in progress"):
        call.redirect(app.url("/moved"))


async def test_a_call_that_is_not_answered_can_not_be_redirected(app, holding):
    call = app.call(direction="outbound-api")
    with pytest.raises(Unchangeable, match="is queued"):
        call.redirect(app.url("/moved"))
    async with holding(Hold(during="Call"), direction="outbound-api") as call:
        with pytest.raises(Unchangeable, match="is ringing"):
            call.redirect(app.url("/moved"))
        call.hang_up()


async def test_a_call_that_is_about_to_end_can_not_be_changed(app, holding):
    app["/voice"] = "<Gather/>"
    async with holding() as call:
        call.hang_up()
        with pytest.raises(Unchangeable):
            call.hang_up()
        with pytest.raises(Unchangeable):
            call.redirect(app.url("/moved"))


async def test_a_caller_who_has_hung_up_can_not_be_redirected(app):
    """The action of the verb that they hung up in is all that comes; hangup races are 21220."""
    caught = []

    async def late(request):
        with contextlib.suppress(Unchangeable):
            call.redirect(app.url("/moved"))
            caught.append("redirected")
        return document("")

    app["/voice"] = '<Record action="/done"/>'
    app["/done"] = late
    call = app.call(HangUp())
    await call.run()
    assert app.paths == ["/voice", "/done"]
    assert not caught


# --- holding the line ------------------------------------------------------------------------------


async def test_holding_has_an_end(app):
    """After so many seconds in which nothing happens the caller hangs up."""
    app["/voice"] = '<Record action="/done"/>'
    transcript = await app.run(Hold(seconds=0.01))
    assert app.form("/done")["Digits"] == "hangup"
    assert transcript.ended_by == "caller"
    assert "nothing happened for 0.01 s" in str(transcript)


async def test_a_phone_may_ring_for_so_long(app):
    call = app.call(Hold(0.01, during="Call"), direction="outbound-api")
    await call.run()
    assert call.status == "no-answer"


async def test_holding_is_for_a_call_and_not_for_a_phone_that_rings(app, holding):
    """A leading Hold waits for the call to be picked up, as HangUp does."""
    app["/voice"] = "<Gather/>"
    async with holding(direction="outbound-api") as call:
        assert call.status == "in-progress"
        call.hang_up()
    assert str(Hold()) == "hold"
    assert str(Hold(during="Dial")) == "hold during Dial"


async def test_held_returns_when_the_call_is_over(app):
    call = app.call()
    await call.run()
    async with asyncio.timeout(1):
        await call.held()


async def test_whoever_is_asked_is_interrupted(app):
    """A person at a keypad, for one, need not type anything."""
    asked = asyncio.Event()

    class Person(Script):
        async def answer(self, prompt):
            asked.set()
            await asyncio.Event().wait()

    app["/voice"], app["/moved"] = "<Gather/>", MOVED
    call = app.call(script=Person())
    task = asyncio.create_task(call.run())
    await asked.wait()
    call.redirect(app.url("/moved"))
    assert (await task).said == ["moved"]


async def test_a_timeout_of_the_callers_own_is_not_taken_for_a_change(app):
    class Broken(Script):
        async def answer(self, prompt):
            raise TimeoutError("own")

    app["/voice"] = "<Gather/>"
    with pytest.raises(TimeoutError, match="own"):
        await app.run(script=Broken())
