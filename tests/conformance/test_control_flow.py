"""The engine: one document at a time, verbs from top to bottom, and what each of them does to those after it."""

from __future__ import annotations

import pytest

from runtime.softphone import HangUp, Press
from tests.conformance.cases import AFTER, PHONE, Application, default, errors, verbs
from tests.twiml.documents import ask
from twiml import APOLOGY, GotoExt, Machine, Redirect, Reject, Say, compile


async def test_verbs_run_from_top_to_bottom(app: Application) -> None:
    """The verbs of a document run one after the other, in its order. (docs: voice/twiml)"""
    transcript = await app.run(document="<Say>one</Say><Pause/><Say>two</Say><Say>three</Say>")
    assert transcript.said == ["one", "two", "three"]


async def test_a_new_document_replaces_the_whole_of_the_old(app: Application) -> None:
    """A verb that fetches a document replaces the one it stands in; what followed it is lost. (docs: voice/twiml)"""
    app["/2"] = "<Say>two</Say>"
    transcript = await app.run(document=f"<Say>one</Say><Redirect>/2</Redirect>{AFTER}")
    assert transcript.said == ["one", "two"]


@pytest.mark.parametrize("document", ["<Say>bye</Say>", "<Pause/>", '<Gather action="/a"/>', f"<Dial>{PHONE}</Dial>"])
async def test_no_verb_left_is_the_end(app: Application, document: str) -> None:
    """When the last verb ends and there is no new document, Twilio hangs up. (docs: voice/twiml)"""
    transcript = await app.run(document=document)
    assert (app.paths, transcript.ended_by) == (["/voice"], "application")


@pytest.mark.parametrize(
    "verb", ["<Say>hi</Say>", "<Play>/hi.mp3</Play>", "<Play digits='1'/>", "<Pause/>", "<Leave/>"]
)
async def test_these_ask_for_nothing(app: Application, verb: str) -> None:
    """Say, Play, Pause and Leave make no request, and the next verb runs. (docs: voice/twiml/say, play, pause)"""
    transcript = await app.run(document=verb + AFTER)
    assert app.paths == ["/voice"]
    assert transcript.said[-1] == "after"


async def test_echo_lasts_until_the_caller_hangs_up(app: Application) -> None:
    """Echo says back what the caller says until they hang up; nothing after it runs. (docs: voice/twiml)"""
    transcript = await app.run(document="<Echo/>" + AFTER)
    assert (transcript.said, transcript.ended_by) == ([], "caller")


@pytest.mark.parametrize(("method", "asked"), [("", "POST"), (' method="GET"', "GET"), (' method="POST"', "POST")])
async def test_redirect_asks_for_the_url_in_its_text(app: Application, method: str, asked: str) -> None:
    """Redirect asks for its URL, by POST unless it says otherwise; nothing after it runs.
    (docs: voice/twiml/redirect)"""
    transcript = await app.run(document=f"<Redirect{method}>/2</Redirect>{AFTER}")
    assert (app.paths, app.methods) == (["/voice", "/2"], ["POST", asked])
    assert transcript.said == []
    assert default("Redirect", "method") == "POST"


async def test_hangup_ends_the_call(app: Application) -> None:
    """Hangup ends the call and asks for nothing. (docs: voice/twiml/hangup)"""
    transcript = await app.run(document="<Say>bye</Say><Hangup/>" + AFTER)
    assert (app.paths, transcript.said) == (["/voice"], ["bye"])


async def test_hangup_as_the_first_verb_still_answers(app: Application) -> None:
    """Hangup as the first verb answers the call all the same, and bills it. (docs: voice/twiml/hangup)"""
    await app.run(document="<Hangup/>", status_callback=app.url("/status"))
    assert app.fields("/status")["CallStatus"] == "completed"
    assert app.fields("/status")["Duration"] == "1"


@pytest.mark.parametrize(
    ("reject", "status"),
    [("<Reject/>", "no-answer"), ('<Reject reason="rejected"/>', "no-answer"), ('<Reject reason="busy"/>', "busy")],
)
async def test_reject_as_the_first_verb_does_not_answer(app: Application, reject: str, status: str) -> None:
    """Reject as the first verb refuses the call: it isn't answered and isn't billed, and the caller hears busy or that
    there is no such service. (docs: voice/twiml/reject)"""
    await app.run(document=reject + AFTER, status_callback=app.url("/status"))
    assert app.fields("/status")["CallStatus"] == status
    assert app.fields("/status")["Duration"] == "0"


@pytest.mark.parametrize("before", ["<Say>hi</Say>", "<Play>/hi.mp3</Play>", "<Pause/>"])
async def test_reject_is_too_late_after_another_verb(app: Application, before: str) -> None:
    """Reject as the first verb is the only way not to answer: after any other the call is answered. (docs:
    voice/twiml/reject)"""
    transcript = await app.run(document=f"{before}<Reject/>{AFTER}", status_callback=app.url("/status"))
    assert app.fields("/status")["CallStatus"] == "completed"
    assert "after" not in transcript.said
    assert any("Reject" in each for each in errors(f"{before}<Reject/>"))


@pytest.mark.parametrize("verb", ["<Hangup/>", "<Reject/>", "<Redirect>https://example.com</Redirect>", "<Echo/>"])
def test_in_a_flow_they_are_exits(verb: str) -> None:
    """A flow's document ends with the verb that ends the call, or hands it to somebody else. (docs: voice/twiml)"""
    call = Machine(compile([*verbs(verb), Say("never")]))
    assert ask(call) == verb
    assert call.ended


async def test_an_empty_response_answers_and_ends_the_call(app: Application) -> None:
    """An empty Response has no verbs: the call is answered, and ends. (docs: voice/twiml)"""
    transcript = await app.run(document="", status_callback=app.url("/status"))
    assert not transcript.broken
    assert app.fields("/status")["CallStatus"] == "completed"


@pytest.mark.parametrize(
    "callback",
    ['<Dial><Number statusCallback="/told">+441314960123</Number></Dial>', '<Record recordingStatusCallback="/told"/>'],
)
async def test_an_empty_response_to_a_callback_is_nothing_to_do(app: Application, callback: str) -> None:
    """In answer to a callback it is the right way to say that there is nothing to do. (docs: errors/15003)"""
    app["/voice"] = [callback, ""]
    transcript = await app.run()
    assert "/told" in app.paths
    assert transcript.warnings == []


@pytest.mark.parametrize(
    "callback",
    [
        '<Dial><Number statusCallback="/told">+441314960123</Number></Dial>',
        '<Record recordingStatusCallback="/told"/>',
        '<Record transcribe="true" transcribeCallback="/told"/>',
        '<Sms to="+441314960123" from="+441314960456" statusCallback="/told">hi</Sms>',
    ],
)
async def test_what_a_callback_answers_is_never_performed(app: Application, callback: str) -> None:
    """No status callback's answer is performed, nor a transcription's. (docs: voice/twiml/record, number)"""
    app["/voice"] = [callback, ""]
    app["/told"] = "<Say>never</Say>"
    transcript = await app.run(status_callback=app.url("/told"))
    assert "/told" in app.paths
    assert transcript.said == []


@pytest.mark.parametrize(("action", "said"), [('action="/sent"', ["sent"]), ("", ["after"])], ids=["action", "none"])
async def test_sms_asks_for_its_action_else_goes_on(app: Application, action: str, said: list[str]) -> None:
    """The Sms verb asks for its action if it has one; else the next verb runs. (docs: voice/twiml/sms)"""
    app["/sent"] = "<Say>sent</Say>"
    transcript = await app.run(document=f"<Sms {action}>hi</Sms>{AFTER}")
    assert transcript.said == said


async def test_sms_goes_to_the_caller_from_the_number_called(app: Application) -> None:
    """Without to and from, it goes to the caller from the number they called. (docs: voice/twiml/sms)"""
    transcript = await app.run(document="<Sms>hi</Sms>", from_="+441314960123", to="+441314960456")
    assert [(each.to, each.from_) for each in transcript.sms] == [("+441314960123", "+441314960456")]


@pytest.mark.parametrize("verb", ["Say", "Play", "Pause"])
async def test_who_hangs_up_hears_no_more(app: Application, verb: str) -> None:
    """When the caller hangs up in a verb that asks for nothing, nothing else runs and nothing is asked for.
    (docs: voice/twiml)"""
    transcript = await app.run(HangUp(verb), document=f"<{verb}>1</{verb}>{AFTER}<Redirect>/2</Redirect>")
    assert (app.paths, transcript.ended_by) == (["/voice"], "caller")


async def test_it_is_the_document_that_is_relative_to_itself(app: Application) -> None:
    """A verb without an action of its own that needs one asks for the document it stands in, query and all.
    (docs: voice/twiml/gather)"""
    app["/menu"] = ["<Gather/>", ""]
    await app.run(Press("1#"), document="<Redirect>/menu?of=1</Redirect>")
    assert app.paths == ["/voice", "/menu?of=1", "/menu?of=1"]


# The machine keeps to it.


def test_a_flow_that_can_end_says_so() -> None:
    """A flow ends in a Hangup of its own, since Twilio would hang up there. (docs: voice/twiml)"""
    assert ask(Machine(compile([Say("bye")]))) == "<Say>bye</Say><Hangup/>"
    assert ask(Machine(compile([]))) == "<Hangup/>"


def test_a_goto_is_a_redirect() -> None:
    """To go on elsewhere in a flow is a Redirect, after which nothing stands. (docs: voice/twiml/redirect)"""
    assert ask(Machine(compile([Say("hi"), GotoExt("1")]))) == "<Say>hi</Say><Redirect>/1?step=1</Redirect>"


def test_a_relative_redirect_is_for_documents_not_for_flows() -> None:
    """A Redirect may be relative in a document; a flow has gotos for that. (docs: voice/twiml/redirect)"""
    assert errors("<Redirect>/2</Redirect>") == []
    assert "use GotoExt" in errors("<Redirect>/2</Redirect>", extended=True)[0]
    assert ask(Machine(compile([Redirect("https://example.com")]))) == "<Redirect>https://example.com</Redirect>"


def test_reject_stands_first_in_a_flow_too() -> None:
    """A machine refuses a call with the very first verb. (docs: voice/twiml/reject)"""
    assert ask(Machine(compile([Reject(reason="busy")]))) == '<Reject reason="busy"/>'


def test_the_apology_is_a_document() -> None:
    """What callers hear when something fails here is a document as well, not an application error of Twilio's.
    (docs: voice/twiml)"""
    assert APOLOGY.startswith('<?xml version="1.0" encoding="UTF-8"?><Response>')
    assert APOLOGY.endswith("<Hangup/></Response>")
