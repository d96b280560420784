"""Record and Dial: how long, to whom, what comes of it, and who is still there."""

from __future__ import annotations

import pytest

from runtime.softphone import Answer, HangUp, Press, Speak
from tests.conformance.cases import AFTER, PHONE, Application, default, errors, written
from tests.twiml.documents import ask
from twiml import Dial, Machine, Record, Say, compile

NUMBER = f"<Number>{PHONE}</Number>"


# Record


@pytest.mark.parametrize(
    ("attributes", "fine"),
    [
        ('timeout="0"', True),
        ('timeout="5"', True),
        ('timeout="-1"', False),
        ('finishOnKey="1234567890*#"', True),
        ('finishOnKey="#"', True),
        ('finishOnKey="x"', False),
        ('maxLength="3600"', True),
        ('maxLength="0"', False),
        ('transcribe="true"', True),
        ('transcribe="true" maxLength="120"', True),
        ('transcribe="true" maxLength="2"', True),
        ('transcribe="true" maxLength="121"', False),
        ('transcribe="true" maxLength="1"', False),
        ('trim="trim-silence"', True),
        ('trim="do-not-trim"', True),
        ('trim="both"', False),
    ],
)
def test_a_records_attribute_is_taken_or_refused(attributes: str, fine: bool) -> None:
    """Silence of 5 s ends a recording, or none with 0; any key of finishOnKey does; it has 3600 s at most, and what is
    to be transcribed 2 to 120. (docs: voice/twiml/record)"""
    assert (errors(f"<Record {attributes}/>") == []) == fine


def test_a_record_that_says_nothing_has_these_defaults() -> None:
    """Without attributes it beeps, ends on any key or 5 s of silence, and trims silence. (docs: voice/twiml/record)"""
    names = ["timeout", "finishOnKey", "maxLength", "playBeep", "trim", "transcribe", "method"]
    assert [default("Record", each) for each in names] == [
        *("5", "1234567890*#", "3600", "true", "trim-silence", "false", "POST"),
    ]
    assert written(Record()) == "<Record/>"


@pytest.mark.parametrize("script", [[], [Speak("hello")], [Speak("hello"), Press("#")], [Speak("hello"), HangUp()]])
@pytest.mark.parametrize(("action", "path"), [("action='/a'", "/a"), ("", "/voice")])
async def test_a_recording_always_asks_for_its_action(
    app: Application, action: str, path: str, script: list[Speak | Press | HangUp]
) -> None:
    """However a recording ends, its action is asked for, its own document where it has none; nothing after it runs.
    (docs: voice/twiml/record)"""
    app["/voice"] = [f"<Record {action}/>{AFTER}", ""]
    transcript = await app.run(*script)
    assert app.paths == ["/voice", path]
    assert app.fields(path)["RecordingUrl"]
    assert transcript.said == []


async def test_a_silent_caller_makes_a_recording_too(app: Application) -> None:
    """A caller who says nothing makes a recording, which silence ends after the timeout. (docs: voice/twiml/record)"""
    passed: list[float] = []

    async def wait(elapsed: float) -> None:
        passed.append(elapsed)

    await app.run(document='<Record action="/a" timeout="7"/>', wait=wait)
    assert passed == [7]
    assert int(app.fields("/a")["RecordingDuration"]) >= 1


async def test_hanging_up_ends_a_recording_and_the_call(app: Application) -> None:
    """Where the caller hangs up, Digits is hangup and the call is completed already; what the action answers isn't
    performed. (docs: voice/twiml/record)"""
    app["/a"] = "<Say>never</Say>"
    transcript = await app.run(Speak("hello"), HangUp(), document='<Record action="/a"/>')
    assert app.fields("/a")["Digits"] == "hangup"
    assert app.fields("/a")["CallStatus"] == "completed"
    assert transcript.said == []


async def test_hanging_up_in_a_recording_tells_both_ends(app: Application) -> None:
    """The action and the status callback both come then; neither order is promised. (docs: voice/twiml/record)"""
    await app.run(HangUp(), document='<Record action="/a"/>', status_callback=app.url("/status"))
    assert sorted(app.paths) == ["/a", "/status", "/voice"]


@pytest.mark.parametrize(("keys", "digits"), [("#", "#"), ("5", "5")])
async def test_any_key_ends_a_recording(app: Application, keys: str, digits: str) -> None:
    """Any key ends a recording where finishOnKey isn't given, and the action is told which.
    (docs: voice/twiml/record)"""
    await app.run(Speak("hello"), Press(keys), document='<Record action="/a"/>')
    assert app.fields("/a")["Digits"] == digits


async def test_only_the_keys_that_are_named_end_a_recording(app: Application) -> None:
    """Where finishOnKey is given, other keys don't. (docs: voice/twiml/record)"""
    await app.run(Speak("hello"), Press("5"), document='<Record action="/a" finishOnKey="#"/>')
    assert "Digits" not in app.fields("/a")


async def test_a_recording_is_no_longer_than_its_max_length(app: Application) -> None:
    """A recording ends when it has maxLength seconds. (docs: voice/twiml/record)"""
    await app.run(Speak("one two three four five " * 4), document='<Record action="/a" maxLength="3"/>')
    assert app.fields("/a")["RecordingDuration"] == "3"


async def test_a_timeout_of_0_does_not_end_a_recording(app: Application) -> None:
    """With a timeout of 0 silence ends no recording; its length does. (docs: voice/twiml/record)"""
    await app.run(document='<Record action="/a" timeout="0" maxLength="30"/>')
    assert app.fields("/a")["RecordingDuration"] == "30"


def test_a_flow_goes_on_after_a_recording_though_nobody_spoke() -> None:
    """In a flow a Redirect to where the recording leads follows it. (docs: voice/twiml/record)"""
    call = Machine(compile([Record(recording_status_callback="/r"), Say("thanks")]))
    assert ask(call) == ('<Record action="/2?step=1" recordingStatusCallback="/r"/><Redirect>/2?step=1</Redirect>')
    assert ask(call, "2", 1) == "<Say>thanks</Say><Hangup/>"


# Dial: what it may be


@pytest.mark.parametrize(
    ("document", "fine"),
    [
        (f'<Dial timeout="5">{PHONE}</Dial>', True),
        (f'<Dial timeout="600">{PHONE}</Dial>', True),
        (f'<Dial timeout="4">{PHONE}</Dial>', False),
        (f'<Dial timeout="601">{PHONE}</Dial>', False),
        (f'<Dial timeLimit="14400">{PHONE}</Dial>', True),
        (f'<Dial timeLimit="86400">{PHONE}</Dial>', True),
        (f'<Dial timeLimit="0">{PHONE}</Dial>', False),
        (f"<Dial>{NUMBER * 10}</Dial>", True),
        (f"<Dial>{NUMBER * 11}</Dial>", False),
        (f"<Dial>{NUMBER * 5}{'<Client>tommy</Client>' * 5}</Dial>", True),
        (f"<Dial>{NUMBER * 5}{'<Client>tommy</Client>' * 6}</Dial>", False),
        (f'<Dial sequential="true">{NUMBER * 10}</Dial>', True),
        (f'<Dial sequential="true">{NUMBER * 11}</Dial>', False),
        (f"<Dial><Conference>room</Conference>{NUMBER}</Dial>", False),
        ("<Dial><Conference>room</Conference></Dial>", True),
        (f"<Dial><Client>{'x' * 256}</Client></Dial>", True),
        (f"<Dial><Client>{'x' * 257}</Client></Dial>", False),
        (f"<Dial><Client><Identity>{'x' * 256}</Identity></Client></Dial>", True),
        (f"<Dial><Client><Identity>{'x' * 257}</Identity></Client></Dial>", False),
        ('<Dial><Conference maxParticipants="250">room</Conference></Dial>', True),
        ('<Dial><Conference maxParticipants="251">room</Conference></Dial>', False),
        (f'<Dial><Conference participantLabel="{"x" * 128}">room</Conference></Dial>', True),
        (f'<Dial><Conference participantLabel="{"x" * 129}">room</Conference></Dial>', False),
        ('<Dial><Conference waitUrl="">room</Conference></Dial>', True),
        ("<Dial/>", False),
    ],
)
def test_a_dial_is_taken_or_refused(document: str, fine: bool) -> None:
    """It rings for 5 to 600 s, ten phones at most, at once or one after the other; a conference stands alone, and has
    250 people at most; a client's identity has 256 characters, a label 128. (docs: voice/twiml/dial, client)"""
    assert (errors(document) == []) == fine


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("timeout", "30"),
        ("timeLimit", "14400"),
        ("answerOnBridge", "false"),
        ("hangupOnStar", "false"),
        ("sequential", "false"),
        ("action", None),
    ],
)
def test_a_dial_that_says_nothing_has_these_defaults(name: str, said: str | None) -> None:
    """Without attributes it rings for 30 s, talks for 4 h, and asks for nothing afterwards. (docs: voice/twiml/dial)"""
    assert default("Dial", name) == said


async def test_everybody_is_rung_at_once_and_the_first_to_answer_wins(app: Application) -> None:
    """Of several phones the first to answer is talked to, the others stop ringing. (docs: voice/twiml/number)"""
    leg = f'<Number statusCallback="/leg{{}}">{PHONE}</Number>'
    await app.run(Answer(), document=f"<Dial>{leg.format(1)}{leg.format(2)}</Dial>")
    assert app.fields("/leg1")["CallStatus"] == "completed"
    assert app.fields("/leg2")["CallStatus"] == "canceled"


async def test_a_phone_rings_for_30_seconds(app: Application) -> None:
    """Where nobody answers, it rings for the timeout. (docs: voice/twiml/dial)"""
    passed: list[float] = []

    async def wait(elapsed: float) -> None:
        passed.append(elapsed)

    await app.run(Answer("no-answer"), document=f"<Dial>{PHONE}</Dial>", wait=wait)
    assert passed == [30]


@pytest.mark.parametrize(("limit", "seconds"), [("10", "10"), ("60", "20")])
async def test_a_talk_is_no_longer_than_its_time_limit(app: Application, limit: str, seconds: str) -> None:
    """A talk ends when it has timeLimit seconds. (docs: voice/twiml/dial)"""
    await app.run(Answer(seconds=20), document=f'<Dial action="/a" timeLimit="{limit}">{PHONE}</Dial>')
    assert app.fields("/a")["DialCallDuration"] == seconds


# Dial: what comes of it


@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed", "canceled"])
async def test_an_action_is_asked_for_whatever_comes_of_it(app: Application, outcome: str) -> None:
    """With an action it is asked for in all cases, its document governs the caller, and nothing after the Dial runs.
    (docs: voice/twiml/dial)"""
    app["/a"] = "<Say>next</Say>"
    transcript = await app.run(Answer(outcome), document=f'<Dial action="/a">{PHONE}</Dial>{AFTER}')
    assert app.fields("/a")["DialCallStatus"] == outcome
    assert transcript.said == ["next"]


@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed"])
async def test_without_an_action_the_next_verb_runs(app: Application, outcome: str) -> None:
    """Without an action nothing is asked for, not even the document itself, and the next verb runs; where there is
    none, Twilio hangs up. (docs: voice/twiml/dial)"""
    transcript = await app.run(Answer(outcome), document=f"<Dial>{PHONE}</Dial>{AFTER}")
    assert (app.paths, transcript.said) == (["/voice"], ["after"])
    transcript = await app.run(Answer(outcome), document=f"<Dial>{PHONE}</Dial>")
    assert transcript.ended_by == "application"


async def test_while_it_dials_the_call_is_in_progress(app: Application) -> None:
    """While a Dial runs, the caller's own call is in progress. (docs: voice/twiml/dial)"""
    app["/a"] = "<Hangup/>"
    await app.run(Answer("busy"), document=f'<Dial action="/a">{PHONE}</Dial>')
    assert app.fields("/a")["CallStatus"] == "in-progress"


@pytest.mark.parametrize(
    ("script", "dialled", "call"),
    [
        ([HangUp()], "canceled", "completed"),
        ([Answer(), HangUp()], "completed", "completed"),
        ([Answer()], "completed", "in-progress"),
    ],
)
async def test_who_hangs_up_is_told_by_two_statuses(
    app: Application, script: list[Answer | HangUp], dialled: str, call: str
) -> None:
    """Where the caller gives up before an answer, the leg is canceled and the call completed; where they hang up after
    it, both are completed; where the other side does, the caller is still there. (docs: voice/twiml/dial)"""
    app["/a"] = "<Say>still there</Say>"
    transcript = await app.run(*script, document=f'<Dial action="/a">{PHONE}</Dial>')
    assert (app.fields("/a")["DialCallStatus"], app.fields("/a")["CallStatus"]) == (dialled, call)
    assert transcript.said == (["still there"] if call == "in-progress" else [])


@pytest.mark.parametrize(("bridged", "said"), [(True, "true"), (False, "false")])
async def test_completed_and_not_bridged_is_picked_up_and_never_joined(
    app: Application, bridged: bool, said: str
) -> None:
    """DialBridged says whether they talked: a phone may be picked up and never joined. (docs: voice/twiml/dial)"""
    await app.run(Answer(bridged=bridged), document=f'<Dial action="/a">{PHONE}</Dial>')
    assert app.fields("/a")["DialCallStatus"] == "completed"
    assert app.fields("/a")["DialBridged"] == said


@pytest.mark.parametrize("action", ["", "action='/a'"])
async def test_leaving_a_conference_goes_on(app: Application, action: str) -> None:
    """Who leaves a conference goes on with the Dial's action, or the next verb. (docs: voice/twiml/conference)"""
    app["/a"] = AFTER
    transcript = await app.run(Answer(), document=f"<Dial {action}><Conference>room</Conference></Dial>{AFTER}")
    assert transcript.said == ["after"]
    assert ("/a" in app.paths) == bool(action)


async def test_what_a_legs_callback_answers_is_not_performed(app: Application) -> None:
    """The answer to a leg's status callback is no document to perform. (docs: voice/twiml/number)"""
    app["/leg"] = "<Say>never</Say>"
    document = f'<Dial><Number statusCallback="/leg" statusCallbackEvent="ringing answered">{PHONE}</Number></Dial>'
    transcript = await app.run(Answer(), document=document)
    assert app.paths == ["/voice", "/leg", "/leg"]
    assert transcript.said == []


def test_a_flows_dial_comes_back_to_the_flow() -> None:
    """A Dial in a flow asks for the state that follows it, since without an action it would ask for nothing.
    (docs: voice/twiml/dial)"""
    call = Machine(compile([Dial(PHONE), Say("bye")]))
    assert ask(call) == f'<Dial action="/2?step=1">{NUMBER}</Dial>'
    assert ask(call, "2", 1) == "<Say>bye</Say><Hangup/>"
