"""Rules for every document: how it is written, what is refused, what is passed over."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from runtime.softphone import Press
from tests.conformance.cases import AFTER, PHONE, Application, errors, verbs, written
from tests.twiml.documents import canonical
from twiml import (
    Conference,
    DecodeError,
    Dial,
    Enqueue,
    Gather,
    Lang,
    Number,
    Play,
    Prompt,
    Redirect,
    Say,
    SayAs,
    Sms,
    Task,
    UnknownAttribute,
    UnknownElement,
    decode,
    encode,
)


@pytest.mark.parametrize("root", ["<response/>", "<Say>hi</Say>", "<Responses/>", '<Response xmlns="urn:x"/>'])
def test_a_document_is_a_response(root: str) -> None:
    """The root of a document is Response and nothing else. (docs: voice/twiml, errors/12102)"""
    with pytest.raises(DecodeError, match="TwiML stands in a Response"):
        decode(root)


@pytest.mark.parametrize("root", ["response", "Say", "Responses"])
async def test_a_root_of_another_name_is_an_application_error(app: Application, root: str) -> None:
    """A root that isn't Response is error 12102, and the caller hears an application error. (docs: errors/12102)"""
    transcript = await _answered(app, f"<{root}>hi</{root}>")
    assert "12102" in transcript


@pytest.mark.parametrize(
    "xml",
    [
        '\n<?xml version="1.0" encoding="UTF-8"?><Response/>',
        ' <?xml version="1.0" encoding="UTF-8"?><Response/>',
        'x<?xml version="1.0" encoding="UTF-8"?><Response/>',
        "<Response>",
        "<Response><Say>hi</say></Response>",
        "<Response><Play>https://example.com/a?b=1&c=2</Play></Response>",
        "<Response/><Response/>",
        "hello",
        "",
    ],
)
async def test_what_is_not_xml_is_an_application_error(app: Application, xml: str) -> None:
    """Bad XML is error 12100; a single byte or blank before the declaration is enough. (docs: errors/12100)"""
    with pytest.raises(DecodeError, match="is not XML"):
        decode(xml)
    assert "12100" in await _answered(app, xml)


def test_nothing_stands_before_the_declaration() -> None:
    """What we write begins with the declaration, in UTF-8. (docs: errors/12100)"""
    assert encode([Say("hi")]).startswith('<?xml version="1.0" encoding="UTF-8"?><Response>')


@pytest.mark.parametrize("verb", ["say", "SAY", "sAY"])
def test_the_names_of_elements_are_case_sensitive(verb: str) -> None:
    """An element whose name has the wrong capitals is unknown. (docs: voice/twiml)"""
    with pytest.warns(UnknownElement, match=f"there is no element {verb}"):
        assert verbs(f"<{verb}>hi</{verb}>{AFTER}") == [Say("after")]


def test_the_names_of_attributes_are_case_sensitive() -> None:
    """An attribute whose name has the wrong capitals is unknown. (docs: voice/twiml)"""
    with pytest.warns(UnknownAttribute, match="numdigits is not an attribute known here"):
        (gather,) = verbs('<Gather numdigits="1"/>')
    assert gather.num_digits is None


@pytest.mark.parametrize("verb", ["<say>hi</say>", "<Frob/>", "<Number>+441314960123</Number>"])
async def test_an_unknown_or_misplaced_element_is_a_warning_and_the_rest_runs(app: Application, verb: str) -> None:
    """An element that is unknown, or in the wrong place, is warning 12200; the rest is performed.
    (docs: errors/12200)"""
    transcript = await app.run(document=verb + AFTER)
    assert transcript.said == ["after"]
    assert [each[:5] for each in transcript.warnings] == ["12200"]


@pytest.mark.parametrize(
    "document",
    [
        '<Say frob="1">hi</Say>',
        '<Gather frob="1"><Say>hi</Say></Gather>',
        '<Gather><Say frob="1">hi</Say></Gather>',
        f'<Dial><Number frob="1">{PHONE}</Number></Dial><Say>hi</Say>',
    ],
)
async def test_an_unknown_attribute_is_a_warning_and_the_verb_runs(app: Application, document: str) -> None:
    """An attribute that Twilio doesn't know is warning 12200; the verb is performed. (docs: errors/12200)"""
    transcript = await app.run(document=document)
    assert transcript.said == ["hi"]
    assert [each[:5] for each in transcript.warnings] == ["12200"]


@pytest.mark.parametrize(
    "document",
    ['<Say frob="1">hi</Say>', "<Frob/>", "<Record><Say>hi</Say></Record>", "<Leave><Pause/></Leave>"],
)
def test_what_twilio_would_warn_of_is_read_with_a_warning(document: str) -> None:
    """What Twilio passes over with a warning is read here with a warning too, and is an error where one asks for it.
    (docs: errors/12200)"""
    with pytest.warns((UnknownAttribute, UnknownElement)):
        verbs(document)
    with pytest.raises(DecodeError):
        decode(f"<Response>{document}</Response>", strict=True)


@pytest.mark.parametrize("home", ["Record", "Redirect", "Leave", "Echo"])
@pytest.mark.parametrize("child", ["<Say>hi</Say>", "<Parameter name='a' value='b'/>"])
def test_record_redirect_leave_and_echo_hold_no_elements(home: str, child: str) -> None:
    """Record, Redirect, Leave and Echo take no children. (docs: voice/twiml/record)"""
    text = "https://example.com" if home == "Redirect" else ""
    if home == "Redirect":
        assert errors(f"<{home}>{text}{child}</{home}>")
    else:
        with pytest.warns(UnknownElement, match=f"{home}: holds no"):
            verbs(f"<{home}>{child}</{home}>")


@pytest.mark.parametrize(
    "verb",
    [
        f"<Dial>{PHONE}</Dial>",
        "<Record/>",
        "<Redirect>https://example.com</Redirect>",
        "<Hangup/>",
        '<Gather action="/a"/>',
        "<Enqueue>support</Enqueue>",
        "<Leave/>",
        "<Pay/>",
        "<Stop><Stream name='s'/></Stop>",
    ],
)
@pytest.mark.parametrize("home", ["Gather", "Connect", "Dial"])
def test_a_verb_stands_directly_in_the_response(home: str, verb: str) -> None:
    """Verbs stand directly under the Response; only what speaks may stand in a Gather as well. (docs: voice/twiml)"""
    assert f"can't stand in a {home}" in errors(f"<{home}>{verb}</{home}>")[-1]


@pytest.mark.parametrize("noun", ["<Number>+441314960123</Number>", "<Stream url='wss://h/s'/>", "<Task>{}</Task>"])
def test_a_noun_does_not_stand_in_the_response(noun: str) -> None:
    """What verbs hold can't stand in the Response itself. (docs: voice/twiml)"""
    (problem,) = errors(noun)
    assert "is a noun: it stands inside" in problem


@pytest.mark.parametrize("url", ["\n   /next\n", " /next", "/next\t"])
async def test_blanks_around_a_url_are_trimmed(app: Application, url: str) -> None:
    """A URL between tags may have blanks and line breaks around it. (docs: voice/twiml/gather)"""
    assert errors(f"<Redirect>{url}</Redirect><Play>{url}</Play>") == []
    await app.run(document=f"<Redirect>{url}</Redirect>")
    assert app.paths == ["/voice", "/next"]


async def test_blanks_around_an_action_are_trimmed(app: Application) -> None:
    """So may a URL in an attribute. (docs: voice/twiml/gather)"""
    await app.run(Press("1#"), document='<Gather action="\n /next "/>')
    assert app.paths == ["/voice", "/next"]


async def test_an_ampersand_in_a_url_is_escaped(app: Application) -> None:
    """An & in a URL is written &amp;. (docs: voice/twiml/gather)"""
    document = "<Redirect>/next?a=1&amp;b=2</Redirect>"
    assert written(Redirect("/next?a=1&b=2")) == document
    await app.run(document=document)
    assert app.paths == ["/voice", "/next?a=1&b=2"]


async def test_a_relative_url_resolves_against_the_documents_own(app: Application) -> None:
    """A relative URL is relative to the document that it stands in, not to the first. (docs: voice/twiml/gather)"""
    app["/a/b"] = '<Gather action="c"/>'
    app["/a/c"] = "<Redirect>../d</Redirect>"
    await app.run(Press("1#"), document="<Redirect>/a/b</Redirect>")
    assert app.paths == ["/voice", "/a/b", "/a/c", "/d"]


@pytest.mark.parametrize(
    ("url", "fine"), [("https://example.com/t", True), ("/t", False), ("t", False), ("ftp://example.com/t", False)]
)
def test_a_transcriptions_callback_is_absolute(url: str, fine: bool) -> None:
    """A Transcription's statusCallbackUrl must be absolute. (docs: voice/twiml/transcription)"""
    problems = errors(f'<Start><Transcription statusCallbackUrl="{url}"/></Start>')
    assert ["is not an absolute URL" in each for each in problems] == ([] if fine else [True])


@pytest.mark.parametrize(("url", "fine"), [("https://example.com/r", True), ("/r", False)])
def test_a_started_recordings_callback_is_absolute(url: str, fine: bool) -> None:
    """The callback of a Recording in Start is to be absolute: a relative one fails with 11200 in practice.
    (docs: voice/twiml/recording)"""
    problems = errors(f'<Start><Recording recordingStatusCallback="{url}"/></Start>')
    assert ["is not an absolute URL" in each for each in problems] == ([] if fine else [True])


# How it is written: as the official SDK for Python writes it, but where that is no use.


def test_an_attribute_that_is_none_is_not_written() -> None:
    """Attributes given as None are left out. (the official SDK for Python)"""
    assert written(Say("hi", voice=None, loop=2)) == '<Say loop="2">hi</Say>'


def test_the_order_of_attributes_says_nothing() -> None:
    """The SDK writes attributes in alphabetical order, which XML gives no meaning to. (the official SDK for Python)"""
    ours = written(Gather(num_digits=1, action="/a", input="dtmf"))
    assert canonical(ours) == canonical('<Gather action="/a" input="dtmf" numDigits="1"/>')


@pytest.mark.parametrize(
    ("element", "attribute"),
    [
        (Gather(num_digits=1), "numDigits"),
        (Number(PHONE, machine_detection_speech_end_threshold=900), "machineDetectionSpeechEndThreshold"),
        (Conference("x", start_conference_on_enter=True), "startConferenceOnEnter"),
        (Sms("hi", to=PHONE, from_=PHONE), "from"),
        (Prompt(for_="postal-code"), "for"),
        (Lang("hi", xml_lang="de-DE"), "xml:lang"),
        (SayAs("1", interpret_as="digits"), "interpret-as"),
    ],
)
def test_names_become_those_of_twiml(element: Any, attribute: str) -> None:
    """Names in snake_case become camelCase, but for from, for, xml:lang and interpret-as.
    (the official SDK for Python)"""
    assert f' {attribute}="' in written(element)


@pytest.mark.parametrize(
    ("verb", "attribute"),
    [
        (Gather(barge_in=True), 'bargeIn="true"'),
        (Gather(barge_in=False), 'bargeIn="false"'),
        (Gather(num_digits=4), 'numDigits="4"'),
        (Dial(PHONE, time_limit=60), 'timeLimit="60"'),
    ],
)
def test_booleans_and_numbers_are_written_as_words(verb: Any, attribute: str) -> None:
    """True and False become true and false, numbers their digits. (the official SDK for Python)"""
    assert attribute in written(verb)


def test_lists_are_joined() -> None:
    """A list in an attribute is its items with blanks between; the SDK for Python would write Python's own list.
    (docs: voice/twiml/gather)"""
    assert written(Gather(input=["dtmf", "speech"])) == '<Gather input="dtmf speech"/>'
    assert written(Gather(input="dtmf speech")) == '<Gather input="dtmf speech"/>'


def test_an_attribute_that_is_new_passes_through() -> None:
    """Attributes that aren't known are passed on, so that a new one needs no upgrade. (the official SDK for Python)"""
    with pytest.warns(UnknownAttribute):
        assert written(Say("hi", extra={"newThing": "1"})) == '<Say newThing="1">hi</Say>'
    with pytest.warns(UnknownAttribute):
        assert verbs('<Say newThing="1">hi</Say>')[0].extra == {"newThing": "1"}


def test_a_task_given_as_data_is_json() -> None:
    """A Task's text given as data is written as JSON. (the official SDK for Python)"""
    assert written(Enqueue([Task({"skill": "maps"})], workflow_sid="WW1")) == (
        '<Enqueue workflowSid="WW1"><Task>{"skill": "maps"}</Task></Enqueue>'
    )


def test_a_text_that_is_empty_is_left_out() -> None:
    """An empty text is no text. (the official SDK for Python)"""
    assert written(Play("", digits="1")) == '<Play digits="1"/>'


def test_no_verbs_are_an_empty_response() -> None:
    """A document without verbs is an empty Response. (docs: voice/twiml)"""
    assert encode([]) == '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    assert decode("<Response/>") == []


async def _answered(app: Application, body: str) -> str:
    """What a call comes to that is answered with these bytes, as text/xml."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body.encode(), content_type="text/xml")

    app["/voice"] = answer
    transcript = await app.run()
    assert transcript.broken
    return str(transcript)
