"""Every element: its attributes with their defaults, its text, what it holds, where it stands, its lists."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.cases import PHONE, default, errors, homes, verbs
from tests.conformance.table import ROWS, SSML, Row
from twiml import Extension
from twiml.element import ANY, Spec, declared

SPECS: dict[str, Spec] = {found.name: found for _, found in declared()}
NAMES = [row.name for row in ROWS]
DEFAULTS = [(row.name, name, said) for row in ROWS for name, said in row.attributes.items() if said is not None]
MARKS = SSML.split()


def test_these_are_the_elements() -> None:
    """TwiML has these elements, SSML's marks aside, and no more. (docs: voice/twiml, messaging/twiml)"""
    ours = {found.name for element, found in declared() if not issubclass(element, Extension)}
    assert ours == {*NAMES, *MARKS}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_an_element_takes_these_attributes(row: Row) -> None:
    """Of each element these attributes are documented, or known to the official SDK, and no others.
    (docs: voice/twiml)"""
    assert {each.xml for each in SPECS[row.name].attributes if not each.extension} == set(row.attributes)


@pytest.mark.parametrize(("name", "attribute", "said"), DEFAULTS)
def test_an_attribute_that_is_not_given_counts_as_its_default(name: str, attribute: str, said: str) -> None:
    """This is what Twilio does without the attribute. (docs: voice/twiml)"""
    assert next(each.default for each in SPECS[name].attributes if each.xml == attribute) == said


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_an_attribute_without_a_documented_default_has_none(row: Row) -> None:
    """Where nothing is documented, nothing is promised. (docs: voice/twiml)"""
    promised = {each.xml for each in SPECS[row.name].attributes if each.default is not None}
    assert promised == {name for name, said in row.attributes.items() if said is not None}


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_an_element_holds_these_elements(row: Row) -> None:
    """Of each element these may stand in it, and no others. (docs: voice/twiml)"""
    content = SPECS[row.name].content
    held = set(content.holds) if content is not None else set()
    assert {each for each in held if each != ANY and not each.endswith("Ext")} == row.holds


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_an_element_has_a_text_or_none(row: Row) -> None:
    """Some elements have a text between their tags, which is the number, the URL or the words. (docs: voice/twiml)"""
    content = SPECS[row.name].content
    named = content.python if content is not None and content.rule is not None else None
    assert named == row.text


@pytest.mark.parametrize(
    ("tag", "parents"),
    [
        ("Say", "Gather Prompt"),
        ("Play", "Gather Prompt"),
        ("Pause", "Gather Prompt"),
        ("Number", "Dial"),
        ("Queue", "Dial"),
        ("Identity", "Client"),
        ("Uri", "Sip"),
        ("Header", "Headers"),
        ("ApplicationSid", "Application"),
        ("Task", "Enqueue"),
        ("Stream", "Connect Start Stop"),
        ("Siprec", "Start Stop"),
        ("Transcription", "Start Stop"),
        ("Recording", "Start Stop"),
        ("Config", "Transcription VirtualAgent"),
        ("Language", "ConversationRelay"),
        ("Prompt", "Pay"),
        ("Body", "Message"),
        ("Media", "Message"),
        ("Sip", "Dial Refer"),
        (
            "Parameter",
            "Application Client ConversationRelay Hangup Pay Reject Siprec Stream Transcription VirtualAgent",
        ),
    ],
)
def test_an_element_stands_in_these(tag: str, parents: str) -> None:
    """What may hold it, the Response aside. (docs: voice/twiml)"""
    assert homes(tag) == set(parents.split())


def test_what_is_legacy_or_gone_says_so() -> None:
    """Autopilot is shut down, the Sms verb and Sim are of another time. (docs: voice/twiml)"""
    retired = {name for name, found in SPECS.items() if found.retired is not None}
    assert {"Autopilot", "Sms", "Sim"} <= retired


def test_assistant_is_no_element() -> None:
    """Assistant was taken out of the official SDK in 9.11. (the official SDK for Python)"""
    assert "Assistant" not in SPECS


# Lists of values.

STATUS = "initiated ringing answered completed"
RECORDING = "in-progress completed absent"
TRACKS = "inbound_track outbound_track both_tracks"
RECORDS = "do-not-record record-from-answer record-from-ringing record-from-answer-dual record-from-ringing-dual"
LISTS = {
    f'<Dial><Number statusCallbackEvent="{{}}">{PHONE}</Number></Dial>': STATUS,
    '<Dial><Client statusCallbackEvent="{}">tommy</Client></Dial>': STATUS,
    '<Dial><Sip statusCallbackEvent="{}">sip:a@example.com</Sip></Dial>': STATUS,
    f'<Dial><WhatsApp statusCallbackEvent="{{}}">{PHONE}</WhatsApp></Dial>': STATUS,
    '<Dial><Application statusCallbackEvent="{}">AP1</Application></Dial>': STATUS,
    '<Dial><Conference statusCallbackEvent="{}">room</Conference></Dial>': (
        "start end join leave mute hold modify speaker announcement"
    ),
    '<Record recordingStatusCallbackEvent="{}"/>': RECORDING,
    f'<Dial recordingStatusCallbackEvent="{{}}">{PHONE}</Dial>': RECORDING,
    '<Dial><Conference recordingStatusCallbackEvent="{}">room</Conference></Dial>': RECORDING,
    '<Start><Recording recordingStatusCallbackEvent="{}"/></Start>': RECORDING,
}
"""Attributes that take several of these, with blanks between."""
CHOICES = {
    f'<Dial record="{{}}">{PHONE}</Dial>': RECORDS,
    '<Dial><Conference record="{}">room</Conference></Dial>': "do-not-record record-from-start",
    '<Dial><Conference beep="{}">room</Conference></Dial>': "true false onEnter onExit",
    '<Dial><Conference jitterBufferSize="{}">room</Conference></Dial>': "large medium small off",
    '<Dial><Conference region="{}">room</Conference></Dial>': "us1 us2 ie1 sg1 br1 au1 jp1 de1",
    '<Reject reason="{}"/>': "rejected busy",
    '<Start><Stream url="wss://example.com/s" track="{}"/></Start>': TRACKS,
    '<Start><Siprec connectorName="c" track="{}"/></Start>': TRACKS,
    '<Start><Transcription track="{}"/></Start>': TRACKS,
    '<Start><Recording track="{}"/></Start>': "inbound outbound both",
    f'<Dial recordingTrack="{{}}">{PHONE}</Dial>': "inbound outbound both",
    f'<Dial ringTone="{{}}">{PHONE}</Dial>': (
        "at au be bg br ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk us "
        "us-old tw ve za"
    ),
    '<Pay tokenType="{}"/>': "one-time reusable payment-method",
    '<Pay><Prompt for="{}"/></Pay>': (
        "payment-card-number expiration-date security-code postal-code payment-processing bank-account-number "
        "bank-routing-number"
    ),
    "<Redirect method='{}'>https://example.com</Redirect>": "GET POST",
}
"""Attributes that take one of these."""


@pytest.mark.parametrize(("document", "values"), [*LISTS.items(), *CHOICES.items()])
def test_these_values_are_taken(document: str, values: str) -> None:
    """Each value that is documented is taken. (docs: voice/twiml; the official SDK for Node)"""
    assert [each for each in values.split() if errors(document.format(each))] == []


@pytest.mark.parametrize("document", [*LISTS, *CHOICES])
def test_no_other_value_is_taken(document: str) -> None:
    """And no other. (docs: voice/twiml; the official SDK for Node)"""
    assert len(errors(document.format("frobnicated"))) == 1


@pytest.mark.parametrize(("document", "values"), LISTS.items())
def test_several_events_stand_in_one_attribute(document: str, values: str) -> None:
    """A list of events is one attribute, with blanks between. (docs: voice/twiml/number)"""
    assert errors(document.format(values)) == []


@pytest.mark.parametrize(("document", "values"), CHOICES.items())
def test_of_a_choice_one_stands_in_an_attribute(document: str, values: str) -> None:
    """A choice is one value. (docs: voice/twiml)"""
    assert len(errors(document.format(values))) == 1


@pytest.mark.parametrize(
    ("document", "kept"),
    [
        ('<Reject reason="BUSY"/>', "busy"),
        ("<Redirect method='get'>https://example.com</Redirect>", "GET"),
        ('<Say language="EN-gb">hi</Say>', "en-GB"),
    ],
)
def test_the_case_of_a_value_does_not_matter_to_us(document: str, kept: Any) -> None:
    """Values are read in any case, and written in Twilio's. (docs: voice/twiml)"""
    (verb,) = verbs(document)
    assert kept in {getattr(verb, name, None) for name in ("reason", "method", "language")}


def test_machine_detection_is_off_unless_it_is_asked_for() -> None:
    """Whether a machine has answered is found out on request: Enable, or DetectMessageEnd.
    (docs: voice/twiml/number)"""
    assert default("Number", "machineDetection") == "off"
    for value, wrong in {"Enable": 0, "DetectMessageEnd": 0, "off": 1}.items():
        assert len(errors(f'<Dial><Number machineDetection="{value}">{PHONE}</Number></Dial>')) == wrong
