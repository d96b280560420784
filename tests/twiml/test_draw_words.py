"""What a picture says of today's verbs, in the seed's manner, and of verbs nobody knows yet."""

from __future__ import annotations

import pytest

from twiml import DefaultExt, Extension, PromptExt, ResponseExt
from twiml.draw.words import WORDS, answer, words
from twiml.element import declared
from twiml.program import State

EXT = 'xmlns:ext="urn:switchhook:extended-twiml"'


def said(payload: str | Extension) -> str:
    return " ".join(" ".join(words(State("1", payload, "next"))).split())


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ("<Echo/>", "ECHO"),
        ("<Leave/>", "LEAVE"),
        ("<Enqueue>support</Enqueue>", "ENQUEUE support"),
        (
            '<Enqueue workflowSid="WW1"><Task priority="5">{"a": 1}</Task></Enqueue>',
            'ENQUEUE (task {"a": 1}) (workflow WW1)',
        ),
        ("<Connect>", "CONNECT"),
        ("</Connect>", "end of Connect (wait for response)"),
        ('<Pay chargeAmount="20.45"/>', "PAY 20.45 usd"),
        ('<Pay chargeAmount="20" currency="gbp" paymentMethod="ach-debit"/>', "PAY 20 gbp (by ach-debit)"),
        ('<Pay><Prompt for="security-code"><Say>x</Say></Prompt></Pay>', "PAY (1 prompt)"),
        ("<Pay><Prompt><Say>x</Say></Prompt><Prompt/></Pay>", "PAY (2 prompts)"),
        ("<Refer><Sip>sip:a@b.c</Sip></Refer>", "REFER to sip:a@b.c"),
        ('<Start><Stream url="wss://a.b/c" track="both_tracks"/></Start>', "START STREAM to wss://a.b/c (both_tracks)"),
        (
            '<Start><Stream name="s" url="wss://a.b"><Parameter name="a" value="b"/></Stream><Recording/></Start>',
            "START STREAM s to wss://a.b, RECORDING",
        ),
        ('<Start><Siprec name="a" connectorName="C1"/></Start>', "START SIPREC a by C1"),
        ('<Start><Transcription name="t" languageCode="de-DE"/></Start>', "START TRANSCRIPTION t de-DE"),
        ('<Stop><Stream name="s"/><Siprec name="r"/></Stop>', "STOP STREAM s, SIPREC r"),
    ],
)
def test_a_verb_of_today_in_the_seeds_manner(payload: str, line: str) -> None:
    assert said(payload) == line


@pytest.mark.parametrize(
    ("payload", "line"),
    [
        ("<Queue>support</Queue>", "QUEUE support"),
        ("<Sim>DE123</Sim>", "SIM DE123"),
        ("<Sip>sip:a@b.c</Sip>", "SIP sip:a@b.c"),
        (
            '<Sip><Uri>sip:a@b.c</Uri><Uri>sip:d@b.c</Uri><Headers><Header name="X-A" value="1"/></Headers></Sip>',
            "SIP sip:a@b.c or sip:d@b.c",
        ),
        ("<Application>AP1</Application>", "APPLICATION AP1"),
        (
            '<Application><ApplicationSid>AP1</ApplicationSid><Parameter name="a" value="b"/></Application>',
            "APPLICATION AP1",
        ),
        ("<WhatsApp>+441314960123</WhatsApp>", "WHATSAPP +441314960123"),
        ('<Client><Identity>jane</Identity><Parameter name="a" value="b"/></Client>', "CLIENT jane"),
        ('<Stream url="wss://a.b"/>', "STREAM to wss://a.b"),
        (
            '<ConversationRelay url="wss://a.b" welcomeGreeting="Hi {there}" language="en-GB"/>',
            'CONVERSATION RELAY to wss://a.b "Hi {there}" en-GB',
        ),
        ('<ConversationRelaySession connector="c"/>', "CONVERSATION RELAY SESSION by c"),
        ('<Room participantIdentity="jane">daily</Room>', "ROOM daily (as jane)"),
        ('<Conversation serviceInstanceSid="IS1"/>', "CONVERSATION in IS1"),
        ('<VirtualAgent connectorName="c" language="de"/>', "VIRTUAL AGENT by c de"),
        ("<Autopilot>UA1</Autopilot>", "AUTOPILOT UA1"),
        ('<AiSession aiConnector="c"/>', "AI SESSION by c"),
    ],
)
def test_a_noun_of_today_in_the_seeds_manner(payload: str, line: str) -> None:
    assert said(payload) == line


def test_a_text_with_ssml_is_shown_as_it_is_heard() -> None:
    payload = '<Say voice="alice">Hello <break time="1s"/><emphasis>you</emphasis> there</Say>'
    assert said(payload) == 'SAY "Hello you there" alice'


def test_a_text_in_several_languages_is_shown_in_each() -> None:
    payload = (
        f'<Say><ext:Prompt {EXT} language="en-GB">Hello</ext:Prompt>'
        f'<ext:Prompt {EXT} language="de-DE" voice="Polly.Vicki">Hallo</ext:Prompt></Say>'
    )
    assert said(payload) == 'SAY "Hello" en-GB / "Hallo" Polly.Vicki de-DE'


def test_a_sound_in_several_languages_is_shown_in_each() -> None:
    prompts = "".join(
        f'<ext:Prompt {EXT} language="{each}">https://a.b/{each}</ext:Prompt>' for each in ("en-GB", "de-DE")
    )
    assert said(f"<Play>{prompts}</Play>") == "PLAY https://a.b/en-GB en-GB / https://a.b/de-DE de-DE"


def test_a_title_in_several_languages_is_shown_in_each() -> None:
    title = PromptExt({"en-GB": "sales", "de-DE": "Verkauf"})
    assert said(ResponseExt("1", title)) == "Response 1 : SALES / VERKAUF"
    assert said(DefaultExt(title)) == "Default : SALES / VERKAUF"


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (ResponseExt("1"), "1"),
        (ResponseExt("", speech=["yes"]), '"yes"'),
        (ResponseExt("#", speech=["yes", "yes please"]), '# or "yes" or "yes please"'),
    ],
)
def test_an_answer_is_its_key_and_its_words(response: ResponseExt, words: str) -> None:
    assert answer(response) == words


def test_a_verb_nobody_knows_yet_is_drawn_by_its_name() -> None:
    assert said('<Teleport to="mars">now</Teleport>') == "TELEPORT now"
    assert said("<Teleport>") == "TELEPORT"
    assert said("</Teleport>") == "end of Teleport (wait for response)"


def test_every_element_of_a_call_has_words_of_its_own() -> None:
    for element, spec in declared():
        spoken_of = spec.document == "voice" and element.__module__ != "twiml.ssml"
        if spoken_of and not issubclass(element, Extension):
            assert spec.tag in WORDS, f"{spec.name} has no words"


@pytest.mark.parametrize("tag", WORDS)
def test_any_element_can_be_put_into_words_though_nothing_is_given(tag: str) -> None:
    what, of_it = words(State("1", f"<{tag}/>", "next"))
    assert what == what.upper() != ""
    assert "None" not in of_it
