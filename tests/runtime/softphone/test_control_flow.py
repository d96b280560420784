"""One test for each row of Twilio's flow of control: what a verb asks for, and what becomes of those after it.

Each docstring says the rule, from the verb's page in Twilio's TwiML documentation.
"""

from __future__ import annotations

import pytest

from runtime.softphone import Answer, HangUp, Press

AFTER = "<Say>after</Say>"


@pytest.mark.parametrize(
    "verb",
    [
        "<Say>hi</Say>",
        "<Play>hi.mp3</Play>",
        '<Play digits="1w2"/>',
        "<Pause/>",
        "<Leave/>",
        '<Start><Stream url="wss://h"/></Start>',
        '<Stop><Stream name="s"/></Stop>',
    ],
)
async def test_say_play_pause_leave_start_stop_ask_for_nothing(app, verb):
    """They make no request; the next verb runs."""
    app["/voice"] = verb + AFTER
    transcript = await app.run()
    assert transcript.said[-1] == "after"
    assert app.paths == ["/voice"]


async def test_echo_lasts_until_the_caller_hangs_up(app):
    """Following verbs never run."""
    app["/voice"] = "<Echo/>" + AFTER
    transcript = await app.run()
    assert transcript.said == []
    assert transcript.ended_by == "caller"


@pytest.mark.parametrize("url", ["/next", "next", "\n   next?a=1&amp;b=2\n", "{}/next"])
async def test_redirect_asks_for_its_url(app, url):
    """The URL in its text, relative to the document's, blanks around it trimmed; what follows never runs."""
    app["/voice"] = f"<Redirect>{url.format(app.url(''))}</Redirect>{AFTER}"
    app["/next"] = "<Say>next</Say>"
    transcript = await app.run()
    assert transcript.said == ["next"]
    assert app.paths == ["/voice", "/next"]
    assert [r.method for r in app.requests] == ["POST", "POST"]


async def test_relative_urls_resolve_against_the_current_document(app):
    """Not against the first one."""
    app["/voice"] = "<Redirect>/a/b/c?x=1</Redirect>"
    app["/a/b/c"] = "<Redirect>d</Redirect>"
    app["/a/b/d"] = "<Redirect>../e</Redirect>"
    await app.run()
    assert app.paths == ["/voice", "/a/b/c", "/a/b/d", "/a/e"]


async def test_redirect_does_not_answer_the_call(app):
    """A verb that needs media does; until then the call is ringing."""
    app["/voice"] = "<Redirect>/2</Redirect>"
    app["/2"] = "<Say>hi</Say><Redirect>/3</Redirect>"
    await app.run()
    assert [form["CallStatus"] for form in app.forms] == ["ringing", "ringing", "in-progress"]


async def test_hangup_ends_the_call(app):
    """No request, and nothing after it; as the first verb it still answers and bills."""
    app["/voice"] = "<Hangup/>" + AFTER
    transcript = await app.run(status_callback=app.url("/status"))
    assert transcript.said == []
    assert transcript.ended_by == "application"
    assert app.form("/status")["CallStatus"] == "completed"


@pytest.mark.parametrize(
    ("reject", "status"),
    [
        ("<Reject/>", "no-answer"),
        ('<Reject reason="rejected"/>', "no-answer"),
        ('<Reject reason="busy"/>', "busy"),
    ],
)
async def test_reject_as_the_first_verb_is_not_answering(app, reject, status):
    """The call is not answered and not billed: the caller hears busy or out of service."""
    app["/voice"] = reject + AFTER
    call = app.call(status_callback=app.url("/status"))
    transcript = await call.run()
    assert transcript.said == []
    assert call.status == status
    assert app.form("/status")["CallStatus"] == status
    assert app.form("/status")["Duration"] == "0"


@pytest.mark.parametrize("verb", ["<Say>hi</Say>", "<Pause/>"])
async def test_reject_after_another_verb_comes_too_late(app, verb):
    """It only works as the first verb, even where the one before hasn't answered the call."""
    app["/voice"] = f'{verb}<Reject reason="busy"/>{AFTER}'
    transcript = await app.run(status_callback=app.url("/status"))
    assert "after" not in transcript.said
    assert transcript.warnings[0].startswith("12200 <Reject>")
    assert app.form("/status")["CallStatus"] == "completed"


async def test_reject_behind_a_redirect_is_still_the_first_verb(app):
    """A redirect doesn't answer the call."""
    app["/voice"] = "<Redirect>/2</Redirect>"
    app["/2"] = "<Reject/>"
    call = app.call()
    await call.run()
    assert call.status == "no-answer"


async def test_gather_with_input_asks_for_its_action(app):
    """What follows never runs."""
    app["/voice"] = '<Gather action="/answer"/>' + AFTER
    transcript = await app.run(Press("1#"))
    assert transcript.said == []
    assert app.paths == ["/voice", "/answer"]


async def test_gather_without_an_action_asks_for_the_current_document(app):
    """Its query stays."""
    app["/voice"] = "<Redirect>/menu?step=2</Redirect>"
    app["/menu"] = ["<Gather/>", AFTER]
    await app.run(Press("1#"))
    assert [r.path_qs for r in app.requests[1:]] == ["/menu?step=2", "/menu?step=2"]
    assert app.forms[-1]["Digits"] == "1"


async def test_gather_without_input_goes_on(app):
    """The next verb runs; no request."""
    app["/voice"] = '<Gather action="/answer"><Say>press</Say></Gather>' + AFTER
    transcript = await app.run()
    assert transcript.said == ["press", "after"]
    assert app.paths == ["/voice"]


async def test_record_always_asks_for_its_action(app):
    """What follows is unreachable."""
    app["/voice"] = '<Record action="/recorded"/>' + AFTER
    transcript = await app.run()
    assert transcript.said == []
    assert app.paths == ["/voice", "/recorded"]


async def test_record_without_an_action_asks_for_the_current_document(app):
    """With the recording's fields."""
    app["/voice"] = ["<Record/>", "<Say>thanks</Say>"]
    transcript = await app.run(Press("#"))
    assert transcript.said == ["thanks"]
    assert app.forms[-1]["RecordingSid"].startswith("RE")


@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed", "canceled"])
async def test_dial_with_an_action_asks_for_it_whatever_the_outcome(app, outcome):
    """Its document governs the first leg; what follows never runs."""
    app["/voice"] = '<Dial action="/dialled">+441</Dial>' + AFTER
    app["/dialled"] = "<Say>next</Say>"
    transcript = await app.run(Answer(outcome))
    assert transcript.said == ["next"]
    assert app.forms[-1]["DialCallStatus"] == outcome


@pytest.mark.parametrize("outcome", ["completed", "busy"])
async def test_dial_without_an_action_goes_on(app, outcome):
    """No request, and no default to the current URL."""
    app["/voice"] = "<Dial>+441</Dial>" + AFTER
    transcript = await app.run(Answer(outcome))
    assert transcript.said == ["after"]
    assert app.paths == ["/voice"]


async def test_enqueue_asks_for_its_wait_url_and_then_its_action(app):
    """The action's document takes over on leaving."""
    app["/voice"] = '<Enqueue waitUrl="/wait" action="/left">support</Enqueue>' + AFTER
    app["/wait"] = "<Say>please wait</Say>"
    app["/left"] = "<Say>left</Say>"
    transcript = await app.run()
    assert transcript.said == ["please wait", "left"]
    assert app.form("/wait")["QueuePosition"] == "1"
    assert app.form("/left")["QueueResult"] == "bridged"


async def test_enqueue_without_an_action_goes_on(app):
    """The next verb runs."""
    app["/voice"] = "<Enqueue>support</Enqueue>" + AFTER
    assert (await app.run()).said == ["after"]


async def test_leave_takes_the_caller_out_of_the_queue(app):
    """The rest of the waiting document never runs."""
    app["/voice"] = '<Enqueue waitUrl="/wait" action="/left">support</Enqueue>'
    app["/wait"] = "<Leave/><Say>still here</Say>"
    transcript = await app.run()
    assert transcript.said == []
    assert app.form("/left")["QueueResult"] == "leave"


async def test_the_waiting_document_may_redirect_and_the_action_is_relative_to_the_first(app):
    """Documents of the queue replace one another, not the one that enqueued."""
    app["/a/voice"] = '<Enqueue waitUrl="/b/wait" action="left">support</Enqueue>'
    app["/b/wait"] = "<Redirect>more</Redirect>"
    app["/b/more"] = "<Say>music</Say>"
    await app.run(path="/a/voice")
    assert app.paths == ["/a/voice", "/b/wait", "/b/more", "/a/left"]


async def test_hanging_up_in_the_queue_is_told(app):
    """QueueResult=hangup, and the call is completed."""
    app["/voice"] = '<Enqueue waitUrl="/wait" action="/left">support</Enqueue>'
    app["/wait"] = "<Say>please wait</Say>"
    for script in ([HangUp()], [HangUp("Say")]):
        transcript = await app.run(*script)
        assert app.form("/left") | {"QueueResult": "hangup", "CallStatus": "completed"} == app.form("/left")
        assert transcript.ended_by == "caller"


@pytest.mark.parametrize("session", ['<Stream url="wss://h"/>', '<ConversationRelay url="wss://h"/>', ""])
async def test_connect_with_an_action_asks_for_it_when_the_session_ends(app, session):
    """Its document takes over."""
    app["/voice"] = f'<Connect action="/ended">{session}</Connect>{AFTER}'
    app["/ended"] = "<Say>ended</Say>"
    assert (await app.run()).said == ["ended"]
    assert ("SessionStatus" in app.forms[-1]) == ("Relay" in session)


async def test_connect_without_an_action_goes_on(app):
    """The next verb, else the end."""
    app["/voice"] = '<Connect><Stream url="wss://h"/></Connect>' + AFTER
    assert (await app.run()).said == ["after"]


async def test_hanging_up_in_a_session_still_asks_for_the_action(app):
    """With CallStatus=completed; what it answers is not performed."""
    app["/voice"] = '<Connect action="/ended"><Stream url="wss://h"/></Connect>'
    app["/ended"] = "<Say>ended</Say>"
    transcript = await app.run(HangUp())
    assert app.form("/ended")["CallStatus"] == "completed"
    assert transcript.said == []


@pytest.mark.parametrize(
    ("action", "path"), [('action="/paid"', "/paid"), ("", "/voice"), ('action="/paid" chargeAmount="9.90"', "/paid")]
)
async def test_pay_asks_for_its_action_or_the_current_document(app, action, path):
    """In every case."""
    app["/voice"] = [f"<Pay {action}/>{AFTER}", ""]
    assert (await app.run()).said == []
    assert app.paths[1] == path
    assert app.forms[1]["Result"] == "success"
    assert ("PaymentConfirmationCode" in app.forms[1]) == ("chargeAmount" in action)


async def test_hanging_up_in_a_payment_is_its_result(app):
    """caller-hung-up."""
    app["/voice"] = ['<Pay action="/paid"/>']
    await app.run(HangUp())
    assert app.form("/paid")["Result"] == "caller-hung-up"


async def test_refer_asks_for_its_action_if_it_has_one(app):
    """Else the next verb runs."""
    app["/voice"] = '<Refer action="/referred"><Sip>sip:a@b</Sip></Refer>' + AFTER
    assert (await app.run()).said == []
    assert app.forms[-1]["ReferCallStatus"] == "completed"
    app["/voice"] = "<Refer><Sip>sip:a@b</Sip></Refer>" + AFTER
    assert (await app.run()).said == ["after"]


async def test_sms_goes_on_unless_it_has_an_action(app):
    """To the caller and from the called number, unless it says otherwise."""
    app["/voice"] = '<Sms>one</Sms><Sms to="+447" from="+448">two</Sms><Sms action="/sent">three</Sms>' + AFTER
    transcript = await app.run()
    assert [(sms.to, sms.from_, sms.text) for sms in transcript.sms] == [
        ("+14155550100", "+14155550199", "one"),
        ("+447", "+448", "two"),
        ("+14155550100", "+14155550199", "three"),
    ]
    assert transcript.said == []
    assert app.form("/sent")["SmsStatus"] == "sent"


async def test_no_verb_left_is_the_end(app):
    """When the last verb ends without a new document, Twilio hangs up."""
    app["/voice"] = "<Say>bye</Say>"
    assert (await app.run()).ended_by == "application"


async def test_an_empty_response_is_a_call_answered_and_ended(app):
    """No verbs are not an error."""
    call = app.call()
    transcript = await call.run()
    assert not transcript.broken
    assert call.status == "completed"


async def test_an_unknown_element_is_a_warning_and_the_rest_runs(app):
    """12200."""
    app["/voice"] = '<say>no</say><x:Goto xmlns:x="urn:ours"/><Frob>no</Frob>' + AFTER
    transcript = await app.run()
    assert transcript.said == ["after"]
    assert [warning[:5] for warning in transcript.warnings] == ["12200"] * 3
    assert not transcript.broken


async def test_documents_without_end_are_cut_off(app):
    """Twilio has no limit; we do, and say so."""
    app["/voice"] = "<Redirect>/voice</Redirect>"
    transcript = await app.run(max_documents=7, status_callback=app.url("/status"))
    assert app.paths == ["/voice"] * 7 + ["/status"]
    assert transcript.ended_by == "guard"
    assert "7 documents" in str(transcript)


@pytest.mark.parametrize("verb", ["Say", "Play", "Pause"])
async def test_the_caller_hangs_up_in_the_middle_of_a_verb(app, verb):
    """Nothing after it runs, nothing is requested but the status."""
    app["/voice"] = f"<{verb}>1</{verb}><Say>never</Say><Redirect>/never</Redirect>"
    transcript = await app.run(HangUp(during=verb), status_callback=app.url("/status"))
    assert "never" not in transcript.said
    assert app.paths == ["/voice", "/status"]
    assert transcript.ended_by == "caller"


async def test_time_passes_on_the_calls_own_clock(app):
    """A call of two hours takes no time, and its callbacks say two hours."""
    waited = []

    async def wait(seconds):
        waited.append(seconds)

    app["/voice"] = '<Pause length="3"/><Say>one two three four five</Say><Pause length="7200"/><Gather timeout="9"/>'
    transcript = await app.run(status_callback=app.url("/status"), wait=wait)
    assert waited == [3, 2, 7200, 9]
    # Pausing first puts off answering.
    assert app.form("/status")["CallDuration"] == "7211"
    assert app.form("/status")["Duration"] == "121"
    assert [line.at for line in transcript.lines if line.kind == "ended"] == [7214]


async def test_a_number_that_is_none_counts_as_its_default(app):
    """And is warned of."""
    app["/voice"] = '<Pause length="long"/><Gather numDigits="-1" timeout="soon"/>'
    transcript = await app.run()
    assert [warning[:5] for warning in transcript.warnings] == ["12200"] * 3
    assert transcript.ended_by == "application"


async def test_what_is_said_is_text_with_its_markup_read(app):
    """SSML's words are spoken; blanks collapse; a loop is said once and takes its time."""
    app["/voice"] = (
        '<Say>Hello\n   <emphasis>big</emphasis> <!-- bad -->world<break time="1s"/></Say><Say loop="0">on</Say><Say/>'
    )
    transcript = await app.run()
    assert transcript.said == ["Hello big world", "on"]
    assert "on (1000 times)" in str(transcript)
    assert transcript.warnings == ["13520 <Say> has nothing to say"]


async def test_a_call_is_made_once(app):
    """Its transcript is one call's."""
    call = app.call()
    await call.run()
    with pytest.raises(RuntimeError, match=call.call_sid):
        await call.run()
