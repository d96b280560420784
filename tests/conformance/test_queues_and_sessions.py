"""Enqueue and Leave, Connect, Start and Stop, Pay, Refer: what they hold, what they ask for, what comes after them."""

from __future__ import annotations

import pytest

from runtime.softphone import Answer, HangUp
from tests.conformance.cases import AFTER, Application, default, errors, written
from tests.twiml.documents import ask, inside
from twiml import Connect, Document, Enqueue, Machine, Pay, Request, Say, Stream, compile

STREAM = '<Stream url="wss://example.com/s"/>'
SESSIONS = [
    STREAM,
    '<ConversationRelay url="wss://example.com/r"/>',
    "<Room>room</Room>",
    '<VirtualAgent connectorName="agent"/>',
    '<AiSession aiConnector="ai"/>',
]


# Queues


@pytest.mark.parametrize(
    ("document", "fine"),
    [
        (f"<Enqueue>{'x' * 64}</Enqueue>", True),
        (f"<Enqueue>{'x' * 65}</Enqueue>", False),
        ("<Enqueue/>", False),
        ('<Enqueue workflowSid="WW1"><Task>{"a": 1}</Task></Enqueue>', True),
        ('<Enqueue workflowSid="WW1"><Task>{"a": 1}</Task><Task>{"a": 1}</Task></Enqueue>', False),
        ('<Enqueue workflowSid="WW1"><Task>{a}</Task></Enqueue>', False),
        ('<Enqueue maxQueueSize="1000">support</Enqueue>', True),
        ('<Enqueue maxQueueSize="0">support</Enqueue>', False),
        ('<Enqueue waitUrl="/music" waitUrlMethod="GET">support</Enqueue>', True),
    ],
)
def test_an_enqueue_is_taken_or_refused(document: str, fine: bool) -> None:
    """A queue's name has 64 characters at most; a Task is JSON. (docs: voice/twiml/enqueue)"""
    assert (errors(document) == []) == fine


@pytest.mark.parametrize(
    ("name", "said"),
    [("maxQueueSize", "1000"), ("waitUrl", "Twilio's hold music"), ("waitUrlMethod", "POST"), ("action", None)],
)
def test_an_enqueue_that_says_nothing_has_these_defaults(name: str, said: str | None) -> None:
    """A thousand callers wait in a queue, with Twilio's music, and nothing is asked for when they leave it.
    (docs: voice/twiml/enqueue)"""
    assert default("Enqueue", name) == said


async def test_waiting_asks_for_the_wait_url_and_leaving_for_the_action(app: Application) -> None:
    """While a caller waits the waitUrl is asked for, and on leaving the action; its document is performed.
    (docs: voice/twiml/enqueue)"""
    app["/wait"] = "<Say>please wait</Say>"
    app["/left"] = "<Say>left</Say>"
    transcript = await app.run(document=f'<Enqueue waitUrl="/wait" action="/left">support</Enqueue>{AFTER}')
    assert app.paths == ["/voice", "/wait", "/left"]
    assert app.fields("/left")["QueueResult"] == "bridged"
    assert transcript.said == ["please wait", "left"]


@pytest.mark.parametrize(("method", "asked"), [("", "POST"), ("waitUrlMethod='GET'", "GET")])
async def test_the_wait_url_is_asked_for_by_its_method(app: Application, method: str, asked: str) -> None:
    """By POST, unless waitUrlMethod says GET. (docs: voice/twiml/enqueue)"""
    await app.run(document=f'<Enqueue waitUrl="/wait" {method}>support</Enqueue>')
    assert app.methods == ["POST", asked]


async def test_an_enqueue_without_an_action_goes_on(app: Application) -> None:
    """Without an action the next verb runs. (docs: voice/twiml/enqueue)"""
    transcript = await app.run(document=f"<Enqueue>support</Enqueue>{AFTER}")
    assert (app.paths, transcript.said) == (["/voice"], ["after"])


@pytest.mark.parametrize("rounds", [1, 2, 4])
async def test_the_wait_url_is_asked_for_until_somebody_answers(app: Application, rounds: int) -> None:
    """When the waitUrl's documents have run out it is asked for again, until the caller is out of the queue.
    (docs: voice/twiml/enqueue)"""
    turns = [Answer("no-answer")] * (rounds - 1)
    await app.run(*turns, Answer(), document='<Enqueue waitUrl="/wait" action="/left">support</Enqueue>')
    assert app.paths == ["/voice", *["/wait"] * rounds, "/left"]


@pytest.mark.parametrize(("size", "result"), [(1, "queue-full"), (2, "queue-full"), (3, "bridged")])
async def test_a_queue_that_is_full_takes_nobody(app: Application, size: int, result: str) -> None:
    """Where as many callers wait as the queue holds, the result is queue-full. (docs: voice/twiml/enqueue)"""
    others = [Answer("no-answer")] * 2
    await app.run(*others, Answer(), document=f'<Enqueue maxQueueSize="{size}" action="/left">support</Enqueue>')
    assert app.fields("/left")["QueueResult"] == result


async def test_leave_leaves_the_queue_at_once(app: Application) -> None:
    """Leave takes the caller out of the queue: the action is asked for at once, and what follows Leave never runs.
    (docs: voice/twiml/leave)"""
    app["/wait"] = "<Say>bye</Say><Leave/><Say>never</Say>"
    transcript = await app.run(document='<Enqueue waitUrl="/wait" action="/left">support</Enqueue>')
    assert app.paths == ["/voice", "/wait", "/left"]
    assert app.fields("/left")["QueueResult"] == "leave"
    assert transcript.said == ["bye"]


async def test_what_is_asked_for_while_waiting_is_not_what_the_action_is_relative_to(app: Application) -> None:
    """The action belongs to the document that put the caller in the queue. (docs: voice/twiml/enqueue)"""
    app["/other/wait"] = "<Redirect>more</Redirect>"
    await app.run(document='<Enqueue waitUrl="/other/wait" action="left">support</Enqueue>')
    assert app.paths == ["/voice", "/other/wait", "/other/more", "/left"]


async def test_leave_outside_a_queue_does_nothing(app: Application) -> None:
    """Leave asks for nothing, and where nobody waits the next verb runs. (docs: voice/twiml/leave)"""
    transcript = await app.run(document=f"<Leave/>{AFTER}")
    assert (app.paths, transcript.said) == (["/voice"], ["after"])


@pytest.mark.parametrize("script", [[HangUp()], [HangUp("Say")]])
async def test_hanging_up_in_a_queue_is_told_to_the_action(app: Application, script: list[HangUp]) -> None:
    """Who hangs up in a queue makes its action's QueueResult hangup, and the call is completed.
    (docs: voice/twiml/enqueue)"""
    app["/wait"] = "<Say>please wait</Say>"
    app["/left"] = "<Say>never</Say>"
    transcript = await app.run(*script, document='<Enqueue waitUrl="/wait" action="/left">support</Enqueue>')
    assert app.fields("/left")["QueueResult"] == "hangup"
    assert app.fields("/left")["CallStatus"] == "completed"
    assert "never" not in transcript.said


@pytest.mark.parametrize(
    ("verb", "left"),
    [
        ("<Say>hi</Say>", "bridged"),
        ("<Play>/hi.mp3</Play>", "bridged"),
        ("<Pause/>", "bridged"),
        ("<Redirect>/more</Redirect>", "bridged"),
        ("<Leave/>", "leave"),
        ('<Gather action="/more"/>', "bridged"),
    ],
)
async def test_these_verbs_are_for_who_waits(app: Application, verb: str, left: str) -> None:
    """Play, Say, Pause, Redirect, Leave and Gather are performed while a caller waits. (docs: voice/twiml/enqueue)"""
    app["/wait"] = verb
    transcript = await app.run(document='<Enqueue waitUrl="/wait" action="/left">support</Enqueue>')
    assert app.fields("/left")["QueueResult"] == left
    assert transcript.warnings == []


async def test_hangup_in_a_queue_ends_the_call(app: Application) -> None:
    """So is Hangup, which ends the call. (docs: voice/twiml/enqueue)"""
    app["/wait"] = "<Hangup/>"
    transcript = await app.run(document=f'<Enqueue waitUrl="/wait">support</Enqueue>{AFTER}')
    assert (transcript.said, transcript.ended_by) == ([], "application")


@pytest.mark.parametrize("verb", ["<Dial>+441314960123</Dial>", "<Record/>", "<Enqueue>other</Enqueue>"])
async def test_no_other_verb_is_for_who_waits(app: Application, verb: str) -> None:
    """No other verb is performed there: it is passed over with a warning. (docs: voice/twiml/enqueue)"""
    app["/wait"] = verb + AFTER
    transcript = await app.run(document='<Enqueue waitUrl="/wait">support</Enqueue>')
    assert transcript.dialled == []
    assert transcript.said == ["after"]
    assert len(transcript.warnings) == 1


# Sessions


@pytest.mark.parametrize("session", SESSIONS)
async def test_connect_with_an_action_asks_for_it_when_the_session_ends(app: Application, session: str) -> None:
    """With an action it is asked for when the session ends, and its document is performed.
    (docs: voice/twiml/connect)"""
    app["/ended"] = "<Say>ended</Say>"
    assert errors(f'<Connect action="/ended">{session}</Connect>') == []
    transcript = await app.run(document=f'<Connect action="/ended">{session}</Connect>{AFTER}')
    assert (app.paths, transcript.said) == (["/voice", "/ended"], ["ended"])


@pytest.mark.parametrize("session", SESSIONS)
async def test_connect_without_an_action_goes_on(app: Application, session: str) -> None:
    """Without one the next verb runs when it ends, and where there is none the call does.
    (docs: voice/twiml/connect)"""
    assert (await app.run(document=f"<Connect>{session}</Connect>{AFTER}")).said == ["after"]
    assert (await app.run(document=f"<Connect>{session}</Connect>")).ended_by == "application"


async def test_hanging_up_in_a_session_still_asks_for_the_action(app: Application) -> None:
    """Who hangs up in a session makes a request for the action, with the call completed; its answer isn't performed.
    (docs: voice/twiml/connect)"""
    app["/ended"] = "<Say>never</Say>"
    transcript = await app.run(HangUp(), document=f'<Connect action="/ended">{STREAM}</Connect>')
    assert app.fields("/ended")["CallStatus"] == "completed"
    assert transcript.said == []


@pytest.mark.parametrize(
    "verb",
    [
        f"<Start>{STREAM}</Start>",
        f"<Start action='/never'>{STREAM}</Start>",
        "<Start><Transcription statusCallbackUrl='https://example.com/t'/></Start>",
        "<Start><Recording/></Start>",
        "<Start><Siprec connectorName='c'/></Start>",
        "<Stop><Stream name='s'/></Stop>",
        "<Stop><Transcription name='s'/></Stop>",
        "<Stop><Siprec name='s'/></Stop>",
    ],
)
async def test_start_and_stop_return_at_once(app: Application, verb: str) -> None:
    """Start and Stop ask for nothing, and the next verb runs at once. (docs: voice/twiml/stream)"""
    passed: list[float] = []

    async def wait(elapsed: float) -> None:
        passed.append(elapsed)

    assert errors(verb) == []
    transcript = await app.run(document=f"{verb}<Pause/>{AFTER}", wait=wait)
    assert (app.paths, transcript.said) == (["/voice"], ["after"])
    assert passed[0] == 1


@pytest.mark.parametrize("noun", ["Stream", "Siprec", "Transcription", "Recording"])
def test_what_is_stopped_has_a_name(noun: str) -> None:
    """Stop ends what Start has begun under the same name. (docs: voice/twiml/stream)"""
    assert errors(f"<Stop><{noun} name='s'/></Stop>") == []
    assert f"a {noun} is stopped by its name" in errors(f"<Stop><{noun}/></Stop>")[0]


@pytest.mark.parametrize(
    ("url", "fine"),
    [("wss://example.com/s", True), ("ws://example.com/s", False), ("https://example.com/s", False)],
)
def test_a_streams_url_is_of_wss(url: str, fine: bool) -> None:
    """A stream goes to a URL of wss. (docs: voice/twiml/stream)"""
    assert (errors(f'<Connect><Stream url="{url}"/></Connect>') == []) == fine


# Payments and referrals


@pytest.mark.parametrize(("action", "path"), [('action="/paid"', "/paid"), ("", "/voice")])
async def test_pay_asks_for_its_action_or_its_own_document(app: Application, action: str, path: str) -> None:
    """A payment's action is asked for, its own document where it has none, and nothing after it runs.
    (docs: voice/twiml/pay)"""
    app["/voice"] = [f"<Pay {action}/>{AFTER}", ""]
    transcript = await app.run()
    assert (app.paths, transcript.said) == (["/voice", path], [])


@pytest.mark.parametrize(
    ("action", "said"), [('action="/referred"', ["referred"]), ("", ["after"])], ids=["action", "none"]
)
async def test_refer_asks_for_its_action_else_goes_on(app: Application, action: str, said: list[str]) -> None:
    """A referral's action is asked for if it has one; else the next verb runs. (docs: voice/twiml/refer)"""
    app["/referred"] = "<Say>referred</Say>"
    transcript = await app.run(document=f"<Refer {action}><Sip>sip:jane@example.com</Sip></Refer>{AFTER}")
    assert transcript.said == said


@pytest.mark.parametrize(
    ("verb", "written_as"),
    [
        (Enqueue("support"), '<Enqueue action="/2?step=1">support</Enqueue>'),
        (Connect([Stream(url="wss://example.com/s")]), f'<Connect action="/2?step=1">{STREAM}</Connect>'),
        (Pay(), '<Pay action="/2?step=1"/>'),
    ],
)
def test_in_a_flow_they_come_back_to_it(verb: Enqueue | Connect | Pay, written_as: str) -> None:
    """In a flow each of them asks for the state that follows it. (docs: voice/twiml/enqueue, connect, pay)"""
    call = Machine(compile([verb, Say("bye")]))
    effect = call.step(Request())
    assert isinstance(effect, Document)
    assert inside(effect.xml) == written_as
    assert ask(call, "2", 1) == "<Say>bye</Say><Hangup/>"
    assert "action" not in written(verb)
