"""Gather: what it listens for, how long, and what comes of it."""

from __future__ import annotations

import pytest
from aiohttp import web

from runtime.softphone import Press, Silence, Speak
from tests.conformance.cases import AFTER, Application, default, errors, written
from tests.twiml.documents import ask, links
from twiml import DefaultExt, Gather, Hangup, Machine, Request, ResponseExt, Say, compile

ONE = ResponseExt("1", "one", [Say("one")])


# What it may be


@pytest.mark.parametrize(
    ("attributes", "fine"),
    [
        ('timeout="5"', True),
        ('timeout="1"', True),
        ('timeout="auto"', True),
        ('timeout="0"', False),
        ('timeout="-1"', False),
        ('timeout="2.5"', False),
        ('finishOnKey="*"', True),
        ('finishOnKey=""', True),
        ('finishOnKey="12"', False),
        ('finishOnKey="a"', False),
        ('numDigits="1"', True),
        ('numDigits="0"', False),
        ('input="dtmf"', True),
        ('input="dtmf speech"', True),
        ('input="speech"', True),
        ('input="voice"', False),
        ('input="speech" speechTimeout="auto"', True),
        ('input="speech" speechTimeout="3"', True),
        ('input="speech" speechTimeout="soon"', False),
    ],
)
def test_an_attribute_is_taken_or_refused(attributes: str, fine: bool) -> None:
    """The timeout is a positive number, or auto; the finish key is one key, or none at all; the input is keys, speech,
    or both. (docs: voice/twiml/gather)"""
    assert (errors(f'<Gather action="/a" {attributes}/>') == []) == fine


@pytest.mark.parametrize(
    ("hints", "fine"),
    [
        (",".join(["yes"] * 500), True),
        (",".join(["yes"] * 501), False),
        ("x" * 100, True),
        ("x" * 101, False),
    ],
)
def test_hints_are_500_of_100_characters(hints: str, fine: bool) -> None:
    """There are 500 hints at most, of 100 characters each. (docs: voice/twiml/gather)"""
    assert (errors(f'<Gather action="/a" input="speech" hints="{hints}"/>') == []) == fine


@pytest.mark.parametrize(
    ("more", "fine"),
    [('speechTimeout="3"', True), ('speechTimeout="auto"', False), ("", False)],
)
def test_a_speech_model_needs_a_speech_timeout_in_seconds(more: str, fine: bool) -> None:
    """With a speechModel, speechTimeout is a whole number. (docs: voice/twiml/gather)"""
    found = errors(f'<Gather action="/a" input="speech" speechModel="phone_call" {more}/>')
    assert (found == []) == fine
    assert fine or "speech_model needs a speech_timeout in seconds" in found[0]


@pytest.mark.parametrize(("seconds", "fine"), [(60, True), (61, False)])
def test_nobody_is_listened_to_for_more_than_a_minute(seconds: int, fine: bool) -> None:
    """What is said is listened to for 60 s at most. (docs: voice/twiml/gather)"""
    assert (errors(f'<Gather action="/a" input="speech" maxSpeechTime="{seconds}"/>') == []) == fine


def test_a_gather_that_says_nothing_has_these_defaults() -> None:
    """Without attributes: 5 s, the finish key #, any number of keys, no speech, POST, and silence asks for nothing.
    (docs: voice/twiml/gather)"""
    names = ["timeout", "finishOnKey", "numDigits", "input", "method", "actionOnEmptyResult", "speechTimeout"]
    assert [default("Gather", each) for each in names] == ["5", "#", "unlimited", "dtmf", "POST", "false", "timeout"]
    assert written(Gather()) == "<Gather/>"


# What comes of it


async def test_input_asks_for_the_action_and_nothing_after_it_runs(app: Application) -> None:
    """With input the action is asked for, and the verbs after the Gather never run. (docs: voice/twiml/gather)"""
    transcript = await app.run(Press("12#"), document='<Gather action="/a"/>' + AFTER)
    assert app.paths == ["/voice", "/a"]
    assert app.methods == ["POST", "POST"]
    assert transcript.said == []


async def test_the_action_may_be_asked_for_by_get(app: Application) -> None:
    """By POST, unless method says GET. (docs: voice/twiml/gather)"""
    await app.run(Press("1#"), document='<Gather action="/a" method="GET"/>')
    assert app.methods == ["POST", "GET"]
    assert app.fields("/a")["Digits"] == "1"


async def test_without_an_action_the_document_itself_is_asked_for(app: Application) -> None:
    """A Gather without an action asks for its own document, with what was keyed; a handler that doesn't look at it goes
    round for ever. (docs: voice/twiml/gather)"""
    app["/voice"] = ["<Gather/>", "<Gather/>", ""]
    await app.run(Press("1#"), Press("2#"))
    assert app.paths == ["/voice"] * 3
    assert app.fields("/voice")["Digits"] == "2"


async def test_without_input_the_next_verb_runs(app: Application) -> None:
    """Without input nothing is asked for, and the next verb runs. (docs: voice/twiml/gather)"""
    transcript = await app.run(document='<Gather action="/a"/>' + AFTER)
    assert app.paths == ["/voice"]
    assert transcript.said == ["after"]


async def test_a_gather_at_the_end_without_input_is_the_end(app: Application) -> None:
    """Without input and without a verb after it, Twilio hangs up. (docs: voice/twiml/gather)"""
    transcript = await app.run(document='<Say>hi</Say><Gather action="/a"/>')
    assert (app.paths, transcript.ended_by) == (["/voice"], "application")


@pytest.mark.parametrize("script", [[], [Press("#")]])
async def test_action_on_empty_result_asks_for_the_action_all_the_same(
    app: Application, script: list[Press | Silence]
) -> None:
    """With actionOnEmptyResult the action is asked for without input, too. (docs: voice/twiml/gather)"""
    transcript = await app.run(*script, document='<Gather action="/a" actionOnEmptyResult="true"/>' + AFTER)
    assert app.paths == ["/voice", "/a"]
    assert transcript.said == []
    assert "Digits" not in app.fields("/a")


async def test_the_finish_key_alone_is_no_input(app: Application) -> None:
    """The finish key with nothing before it is no input. (docs: voice/twiml/gather)"""
    transcript = await app.run(Press("#"), document='<Gather action="/a"/>' + AFTER)
    assert (app.paths, transcript.said) == (["/voice"], ["after"])


@pytest.mark.parametrize(
    ("attributes", "keys", "digits"),
    [
        ("", "12#", "12"),
        ("", "12", "12"),
        ('finishOnKey="*"', "1#2*", "1#2"),
        ('finishOnKey=""', "12#", "12#"),
        ('numDigits="2"', "12", "12"),
        ('numDigits="3"', "1#", "1"),
    ],
)
async def test_the_finish_key_is_no_part_of_the_digits(
    app: Application, attributes: str, keys: str, digits: str
) -> None:
    """The finish key, # unless another one is named, ends the input and isn't part of it; where it is empty, only
    the timeout and numDigits do. (docs: voice/twiml/gather)"""
    await app.run(Press(keys), document=f'<Gather action="/a" {attributes}/>')
    assert app.fields("/a")["Digits"] == digits


async def test_keys_are_without_limit(app: Application) -> None:
    """Without numDigits there may be any number of keys. (docs: voice/twiml/gather)"""
    await app.run(Press("1234567890" * 5 + "#"), document='<Gather action="/a"/>')
    assert len(app.fields("/a")["Digits"]) == 50


@pytest.mark.parametrize(("document", "seconds"), [("<Gather/>", 5), ('<Gather timeout="9"/>', 9)])
async def test_the_timeout_is_5_seconds_after_what_is_said(app: Application, document: str, seconds: int) -> None:
    """The timeout, 5 s if it isn't given, begins when the verbs within are done. (docs: voice/twiml/gather)"""
    passed: list[float] = []

    async def wait(elapsed: float) -> None:
        passed.append(elapsed)

    document = document.replace("/>", "><Say>one two three four five</Say><Pause length='3'/></Gather>")
    await app.run(document=document, wait=wait)
    assert passed == [2, 3, seconds]


async def test_a_timeout_may_be_auto(app: Application) -> None:
    """A timeout of auto is none to warn of. (docs: voice/twiml/gather)"""
    transcript = await app.run(document='<Gather input="dtmf speech" timeout="auto" action="/a"/>' + AFTER)
    assert transcript.warnings == []
    assert transcript.said == ["after"]


@pytest.mark.parametrize(
    ("act", "there", "missing"),
    [(Press("1#"), "Digits", "SpeechResult"), (Speak("one"), "SpeechResult", "Digits")],
)
async def test_of_keys_and_speech_the_first_wins(
    app: Application, act: Press | Speak, there: str, missing: str
) -> None:
    """With both kinds of input, the first that comes is the one that counts. (docs: voice/twiml/gather)"""
    await app.run(act, Press("#"), document='<Gather input="dtmf speech" action="/a"/>')
    assert there in app.fields("/a")
    assert missing not in app.fields("/a")


@pytest.mark.parametrize("act", [Speak("one"), Press("1#")])
async def test_what_is_not_listened_for_is_not_heard(app: Application, act: Press | Speak) -> None:
    """Only the kinds in input are listened for, keys where it isn't given. (docs: voice/twiml/gather)"""
    document = '<Gather action="/a"/>' if isinstance(act, Speak) else '<Gather input="speech" action="/a"/>'
    transcript = await app.run(act, document=document + AFTER)
    assert transcript.said == ["after"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_an_action_that_answers_elsewhere_loses_the_digits(app: Application, status: int) -> None:
    """Where the action answers 3xx it is followed, and what was keyed isn't sent there. (docs: voice/twiml/gather)"""

    async def elsewhere(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "/b"})

    app["/a"] = elsewhere
    app["/b"] = "<Say>b</Say>"
    transcript = await app.run(Press("1#"), document='<Gather action="/a"/>')
    assert transcript.said == ["b"]
    assert app.fields("/a")["Digits"] == "1"
    assert "Digits" not in app.fields("/b")


@pytest.mark.parametrize("verb", ["<Dial>+441314960123</Dial>", "<Record/>", "<Redirect>/b</Redirect>", "<Gather/>"])
async def test_only_say_play_and_pause_stand_in_it(app: Application, verb: str) -> None:
    """Say, Play and Pause stand in a Gather, and nothing else. (docs: voice/twiml/gather)"""
    transcript = await app.run(document=f"<Gather action='/a'><Say>hi</Say>{verb}<Pause/></Gather>")
    assert app.paths == ["/voice"]
    assert [each[:5] for each in transcript.warnings] == ["12200"]
    assert any("can't stand in a Gather" in each for each in errors(f"<Gather action='/a'>{verb}</Gather>"))


# What the machine does with it


def test_a_flows_gather_has_an_action_of_its_own() -> None:
    """A Gather in a flow never asks for its own document again: its action says which one it is.
    (docs: voice/twiml/gather)"""
    call = Machine(compile([Gather([Say("hi")], after_ext=[ONE])]), base="/menu")
    assert links(f"<Response>{ask(call)}</Response>", "/menu")[0] == ("Gather", "1", 1)
    assert ask(call, "1", 1, digits="1") == "<Say>one</Say><Hangup/>"


def test_what_follows_a_flows_gather_is_for_who_says_nothing() -> None:
    """What a silent caller hears follows in the same document. (docs: voice/twiml/gather)"""
    call = Machine(compile([Gather(after_ext=[ONE, DefaultExt("quiet", [Say("quiet"), Hangup()])])]))
    assert ask(call).endswith("</Gather><Say>quiet</Say><Hangup/>")


def test_a_repeated_request_with_digits_gets_the_same_answer() -> None:
    """A Gather's answer that comes twice is one answer. (docs: usage/webhooks/webhooks-connection-overrides)"""
    call = Machine(compile([Gather(after_ext=[ONE]), Gather(after_ext=[ONE])]))
    call.step(Request())
    once, twice = (call.step(Request("1", 1, digits="1")) for _ in range(2))
    assert getattr(once, "xml", 0) == getattr(twice, "xml", 1)
