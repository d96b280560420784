"""Limits and defaults of documents, of what is spoken and played, and of sessions."""

from __future__ import annotations

import pytest
from aiohttp import web

from runtime.softphone.wire import Overrides
from tests.conformance.cases import AFTER, PHONE, Application, attribute, default, errors, verbs
from tests.twiml.documents import document
from twiml import Machine, Redirect, Request, Say, compile, decode, encode

KB_64 = 64 * 1024


def test_a_verb_too_long_for_a_document_is_refused() -> None:
    """A document has at most 64 kB; more is error 11750. (docs: errors/11750)"""
    long = "".join(f"<Parameter name='{each}' value='{'x' * 400}'/>" for each in range(160))
    (problem,) = errors(f"<Connect><Stream url='wss://example.com'>{long}</Stream></Connect>")
    assert "Twilio reads at most 64 kB" in problem


def test_a_flow_too_long_for_a_document_goes_on_in_another() -> None:
    """What exceeds 64 kB is said in the document that a Redirect asks for. (docs: errors/11750)"""
    found = document(Machine(compile([Say("x" * 4000) for _ in range(30)])).step(Request()))
    assert len(found.xml.encode()) <= 64_000
    assert found.xml.endswith("</Redirect></Response>")


@pytest.mark.parametrize(("over", "broken"), [(0, False), (1, True)])
async def test_a_document_of_more_than_64_kb_is_an_application_error(app: Application, over: int, broken: bool) -> None:
    """A document of more than 64 kB is not performed, and the caller hears an application error.
    (docs: errors/11750)"""
    frame = len("<Response><Say></Say></Response>")
    transcript = await app.run(document=f"<Say>{'x' * (KB_64 - frame + over)}</Say>")
    assert transcript.broken == broken
    assert ("11750" in str(transcript)) == broken


def test_a_webhook_takes_15_seconds_at_most() -> None:
    """A whole exchange takes 15 s at most, connecting included; a URL may ask for less, and for no more.
    (docs: usage/webhooks/webhooks-connection-overrides)"""
    assert Overrides.of("").tt == 15_000
    assert Overrides.of("tt=2000").tt == 2000
    with pytest.raises(Exception, match="11240"):
        Overrides.of("tt=15001")


@pytest.mark.parametrize(("hops", "broken"), [(10, False), (11, True)])
async def test_ten_http_redirects_are_followed(app: Application, hops: int, broken: bool) -> None:
    """Ten HTTP redirects are followed for a request; one more is error 11215. (docs: errors/11215)"""

    async def onward(request: web.Request) -> web.StreamResponse:
        at = int(request.query.get("at", "0"))
        if at == hops:
            return web.Response(text=f"<Response>{AFTER}</Response>", content_type="text/xml")
        raise web.HTTPFound(f"/voice?at={at + 1}")

    app["/voice"] = onward
    transcript = await app.run()
    assert transcript.broken == broken
    assert ("11215" in str(transcript)) == broken


async def test_redirects_without_end_are_followed_on_and_on(app: Application) -> None:
    """No limit is documented for documents that redirect to one another: the softphone's own is far away, and settable.
    (docs: voice/twiml/redirect)"""
    transcript = await app.run(document="<Redirect>/voice</Redirect>", max_documents=30)
    assert app.paths == ["/voice"] * 30
    assert transcript.ended_by == "guard"


# Say and Play


@pytest.mark.parametrize(
    ("voice", "most"),
    [
        ("", 4096),
        ("man", 4096),
        ("woman", 4096),
        ("Polly.Amy", 3000),
        ("Polly.Amy-Neural", 3000),
        ("Google.en-GB-Wavenet-A", 5000),
    ],
)
def test_a_say_has_so_many_characters(voice: str, most: int) -> None:
    """A basic voice speaks 4096 characters, one of Polly's 3000, one of Google's 5000. (docs: voice/twiml/say)"""
    say = f'<Say voice="{voice}">' if voice else "<Say>"
    assert errors(f"{say}{'x' * most}</Say>") == []
    assert f"speaks {most}" in errors(f"{say}{'x' * (most + 1)}</Say>")[0]


@pytest.mark.parametrize(
    ("voice", "text", "fine"),
    [
        ("Polly.Amy", f'<prosody rate="80%">{"x" * 3000}</prosody>', True),
        ("Google.en-GB-Wavenet-A", f'<prosody rate="80%">{"x" * 4900}</prosody>', True),
        ("Google.en-GB-Wavenet-A", f'<prosody rate="80%">{"x" * 4990}</prosody>', False),
        ("Google.en-GB-Wavenet-A", "x" + " " * 4999, True),
        ("Google.en-GB-Wavenet-A", "x" + " " * 5000, False),
    ],
)
def test_tags_count_for_google_and_not_for_polly(voice: str, text: str, fine: bool) -> None:
    """The engine of Polly doesn't count tags; Google's counts tags and blanks. (docs: voice/twiml/say)"""
    assert (errors(f'<Say voice="{voice}">{text}</Say>') == []) == fine


@pytest.mark.parametrize("verb", ["Say", "Play"])
async def test_a_loop_is_once_and_0_is_for_ever(app: Application, verb: str) -> None:
    """Say and Play are heard once; loop=0 repeats them until the caller hangs up, a thousand times at most.
    (docs: voice/twiml/say, voice/twiml/play)"""
    assert default(verb, "loop") == "1"
    assert errors(f'<{verb} loop="0">x</{verb}>') == []
    assert len(errors(f'<{verb} loop="-1">x</{verb}>')) == 1
    assert "(1000 times)" in str(await app.run(document=f'<{verb} loop="0">x</{verb}>'))


@pytest.mark.parametrize(
    "document",
    [
        "<Gather action='/a'><Play digits='1'/></Gather>",
        "<Pay><Prompt><Play digits='1'/></Prompt></Pay>",
    ],
)
def test_keys_are_not_played_within_another_verb(document: str) -> None:
    """A Play nested in another verb can't have digits. (docs: voice/twiml/play)"""
    (problem,) = errors(document)
    assert "can't have digits" in problem


@pytest.mark.parametrize(("digits", "seconds"), [("ww1", 1), ("W1", 1), ("wW", 1.5), ("123", 0)])
async def test_a_w_waits_half_a_second_and_a_big_one_a_second(app: Application, digits: str, seconds: float) -> None:
    """In Play's digits w waits half a second, and W a whole one. (docs: voice/twiml/play)"""
    assert errors(f'<Play digits="{digits}"/>') == []
    assert await waits(app, f'<Play digits="{digits}"/>') == [seconds]


@pytest.mark.parametrize(("length", "fine"), [("1", True), ("30", True), ("0", False), ("1.5", False), ("-1", False)])
def test_a_pause_has_whole_seconds(length: str, fine: bool) -> None:
    """A Pause lasts a second, or a whole number of them that isn't 0. (docs: voice/twiml/pause)"""
    assert default("Pause", "length") == "1"
    assert (errors(f'<Pause length="{length}"/>') == []) == fine


async def test_a_pause_without_a_length_lasts_a_second(app: Application) -> None:
    """And so it does in a call. (docs: voice/twiml/pause)"""
    assert await waits(app, '<Pause/><Pause length="3"/>') == [1, 3]


async def test_a_pause_as_the_first_verb_puts_off_answering(app: Application) -> None:
    """While a Pause is the first verb, the phone rings on. (docs: voice/twiml/pause)"""
    await app.run(document="<Pause/><Redirect>/2</Redirect>")
    assert app.fields("/2")["CallStatus"] == "ringing"


# Sessions


@pytest.mark.parametrize(("length", "fine"), [(497, True), (498, False)])
def test_a_streams_parameter_has_500_characters(length: int, fine: bool) -> None:
    """A Parameter of a stream has 500 characters at most, name and value together. (docs: voice/twiml/stream)"""
    document = (
        f"<Connect><Stream url='wss://example.com'><Parameter name='abc' value='{'x' * length}'/></Stream></Connect>"
    )
    assert (errors(document) == []) == fine


def test_a_call_has_one_stream_that_goes_both_ways() -> None:
    """A call has one stream that goes both ways. (docs: voice/media-streams)"""
    stream = "<Stream url='wss://example.com'/>"
    assert errors(f"<Connect>{stream}</Connect>") == []
    assert "it takes one" in errors(f"<Connect>{stream}{stream}</Connect>")[0]


@pytest.mark.parametrize("noun", ["Number", "Sip"])
@pytest.mark.parametrize(
    ("name", "least", "most", "usual"),
    [
        ("machineDetectionTimeout", 3, 59, "30"),
        ("machineDetectionSpeechThreshold", 1000, 6000, "2400"),
        ("machineDetectionSpeechEndThreshold", 500, 5000, "1200"),
        ("machineDetectionSilenceTimeout", 2000, 10000, "5000"),
    ],
)
def test_detecting_machines_has_its_ranges(noun: str, name: str, least: int, most: int, usual: str) -> None:
    """How long machines are listened for has ranges and defaults: the timeout in seconds, the others in milliseconds.
    (docs: voice/twiml/number)"""
    rule = attribute(noun, name).rule
    assert default(noun, name) == usual
    assert [rule.problem(each) is None for each in (least - 1, least, most, most + 1)] == [False, True, True, False]


def test_what_is_read_comes_back_as_it_was() -> None:
    """None of these limits changes a document that keeps them. (docs: voice/twiml)"""
    flow = [Say("hi"), Redirect("https://example.com")]
    assert decode(encode(flow)) == verbs("<Say>hi</Say><Redirect>https://example.com</Redirect>") == flow
    assert errors(f"<Dial>{PHONE}</Dial>") == []


async def waits(app: Application, inside: str) -> list[float]:
    """The seconds that pass in a call, one after the other."""
    passed: list[float] = []

    async def wait(seconds: float) -> None:
        passed.append(seconds)

    await app.run(document=inside, wait=wait)
    return passed
