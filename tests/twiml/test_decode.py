"""Reading XML back: what we write, what Twilio's own SDK writes, what people write by hand, and where it is wrong."""

from __future__ import annotations

import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]  # it ships none

from tests.twiml.documents import canonical
from tests.twiml.elements import LETTERS, documents
from tests.twiml.strategies import flows
from tests.twiml.test_sdk_oracle import theirs
from twiml import (
    Break,
    Client,
    Config,
    DecodeError,
    DefaultExt,
    Dial,
    Element,
    Enqueue,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    Identity,
    LabelExt,
    Number,
    Parameter,
    Pause,
    Play,
    PromptExt,
    Redirect,
    Refer,
    ReferSip,
    RepeatExt,
    ResponseExt,
    Say,
    SayAs,
    Sip,
    Sms,
    Start,
    Stream,
    Task,
    Transcription,
    UnknownAttribute,
    UnknownElement,
    decode,
    encode,
)
from twiml.xml import NAMESPACE

RELAXED = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
PREFIXED = f"<Response xmlns:ext='{NAMESPACE}'>"
pytestmark = pytest.mark.filterwarnings("ignore::twiml.UnknownAttribute")


def body(inside: str) -> list[Any]:
    """The verbs of a document with this in it, `ext` being our prefix."""
    return decode(f"{PREFIXED}{inside}</Response>")


def errors(xml: str | bytes, *, strict: bool = True) -> list[str]:
    with pytest.raises(DecodeError) as raised:
        decode(xml, strict=strict)
    return raised.value.errors


# Round trips.


@given(documents(ours=True))
@RELAXED
def test_whatever_is_written_with_its_extensions_comes_back_equal(verbs: list[Any]) -> None:
    assert decode(encode(verbs, extensions=True)) == verbs


@given(flows())
@settings(max_examples=60, deadline=None)
def test_a_flow_comes_back_equal_by_its_text_and_by_its_bytes(flow: list[Any]) -> None:
    xml = encode(flow, extensions=True)
    assert decode(xml, strict=True) == decode(xml.encode(), strict=True) == flow


@given(documents(ours=False))
@RELAXED
def test_what_the_sdk_writes_is_read_and_written_again_the_same(verbs: list[Any]) -> None:
    response = VoiceResponse()
    for verb in verbs:
        response.append(theirs(verb))
    xml = str(response.to_xml())
    read = decode(xml, strict=True)
    assert canonical(encode(read)) == canonical(xml)
    assert read == verbs


@given(documents(ours=False), st.integers(0, 2**32))
@RELAXED
def test_comments_and_instructions_change_nothing_wherever_they_stand(verbs: list[Any], seed: int) -> None:
    root = etree.fromstring(encode(verbs).encode())
    homes = [each for each in root.iter() if isinstance(each.tag, str)]
    for number in range(3):
        home = homes[seed % len(homes)]
        mark = etree.Comment(" <Hangup/> ") if number else etree.ProcessingInstruction("skip", "this")
        mark.tail, home.text = home.text, None
        home.insert(0, mark)
        seed //= 7
    assert decode(etree.tostring(root)) == verbs


@given(documents(ours=False))
@RELAXED
def test_a_document_may_come_in_any_encoding_that_says_so(verbs: list[Any]) -> None:
    root = etree.fromstring(encode(verbs).encode())
    for encoding in ("utf-8", "utf-16", "iso-8859-1", "us-ascii"):
        assert decode(etree.tostring(root, encoding=encoding, xml_declaration=True)) == verbs


@pytest.mark.parametrize(
    "verb",
    [
        Say(PromptExt({"en-GB": "Hello & <bye>", "de-DE": ["Gut", Break(time="1s"), "en Tag"]})),
        Say(PromptExt({"en-GB": ["a", "b"], "de-DE": [], "fr-FR": ["c"]}, voices={"en-GB": "polly.amy"})),
        Play(PromptExt({"en-GB": "https://example.com/en.mp3", "de-DE": "/de.mp3"}), loop=2),
        Gather(
            [Say("x")],
            auto_menu_ext="TRUE",  # type: ignore[arg-type]  # text as XML has it
            num_digits="3",  # type: ignore[arg-type]
            input="DTMF speech",
            after_ext=[
                ResponseExt("111", PromptExt({"en-GB": "sales", "de-DE": ""}), [GotoExt("1")], speech=["a b", "c"]),
                ResponseExt("222", "", speech=[]),
                DefaultExt(PromptExt({"en-GB": "else"}), [LabelExt("x"), FunctionExt("t", "m", "f")]),
                RepeatExt(),
            ],
        ),
        Gather(hints=["yes", "no"], finish_on_key="", input=["speech", "dtmf"]),
        Dial([FunctionExt("who?", "m", "f"), Client([Identity("tommy"), Parameter(name="a", value="")])], extra={}),
        Dial(" +441314960123\n", timeout="7", record="TRUE"),  # type: ignore[arg-type]
        Enqueue([Task({"a": [1, None, "é"]})], workflow_sid="W1"),
        Start([Transcription([Config(name="a"), Parameter(name="b", value="c")], name="x")]),
        Say(["\n", SayAs("1 2", interpret_as="digits"), " ", Break(), "\r\n"]),
        Say(" \t\r\n\x85\u2028 ]]> "),
        Say(""),
        FunctionExt(module="m", fn="f"),
    ],
    ids=lambda verb: repr(verb)[:60],
)
def test_each_way_to_say_it_comes_back_equal(verb: Element) -> None:
    assert decode(encode([verb], extensions=True)) == [verb]


@given(st.text(LETTERS | st.just("\r")), st.text(LETTERS | st.just("\r")))
@RELAXED
def test_texts_and_values_come_back_to_the_letter(text: str, value: str) -> None:
    verbs = [Say([text, Break(), text]), Say(text), Sms(text, to=value, from_=""), ResponseExt("1", value, [Say(text)])]
    assert decode(encode(verbs, extensions=True)) == verbs


# What people write.


@pytest.mark.parametrize(
    ("inside", "verbs"),
    [
        ("", []),
        ("<Say>a<!-- no --> b<![CDATA[ <c> ]]>&#233;&amp;</Say>", [Say("a b <c> é&")]),
        ("<Say/><Say></Say><Say> </Say>", [Say(""), Say(""), Say(" ")]),
        ("<Play>\n  https://example.com/a\n</Play>", [Play("\n  https://example.com/a\n")]),
        ("\n <Dial>\n  <Number>+441314960123</Number>\n </Dial>\n", [Dial([Number("+441314960123")])]),
        ("<Enqueue> <Task>{}</Task>\n</Enqueue>", [Enqueue([Task("{}")])]),
        ("<Say>one <break/> two</Say>", [Say(["one ", Break(), " two"])]),
        ("<Refer><Sip>sip:a@b</Sip></Refer>", [Refer([ReferSip("sip:a@b")])]),
        ("<Dial><Sip>sip:a@b</Sip></Dial>", [Dial([Sip("sip:a@b")])]),
        ("<Start><Stream url='wss://a'><Parameter name='n'/></Stream></Start>", None),
        ("<Pause length='007'/>", [Pause(length=7)]),
        ("<Pause length='many'/>", [Pause(length="many")]),  # type: ignore[arg-type]
        ("<Redirect method='post'>/next</Redirect>", [Redirect("/next", method="POST")]),
        ("<ext:Function title='t' module='m' fn='f'/>", [FunctionExt("t", "m", "f")]),
    ],
)
def test_documents_by_hand(inside: str, verbs: list[Any] | None) -> None:
    if verbs is None:
        verbs = [Start([Stream([Parameter(name="n")], url="wss://a")])]
    assert body(inside) == verbs


@pytest.mark.parametrize(
    ("ext", "inside"),
    [
        (
            "xmlns:ext",
            "<Gather ext:autoMenu='true'><ext:Default title='t'><ext:Goto target='1'/><Hangup/></ext:Default></Gather>",
        ),
        (
            "xmlns:sh",
            "<Gather sh:autoMenu='true'><sh:Default title='t'><sh:Goto target='1'/><Hangup/></sh:Default></Gather>",
        ),
        (
            "xmlns:x",
            (
                "<Gather x:autoMenu='true'><Default xmlns='OURS' title='t'><Goto target='1'/><Hangup xmlns=''/>"
                "</Default></Gather>"
            ),
        ),
    ],
    ids=["ours", "another", "default"],
)
def test_the_prefix_of_our_namespace_is_anybodys_choice(ext: str, inside: str) -> None:
    flow = [Gather(auto_menu_ext=True, after_ext=[DefaultExt("t", [GotoExt("1"), Hangup()])])]
    xml = f"<Response {ext}='OURS'>{inside}</Response>".replace("OURS", NAMESPACE)
    assert decode(xml, strict=True) == flow


def test_a_text_may_declare_any_encoding_since_it_is_text_already() -> None:
    assert decode("<?xml version='1.0' encoding='utf-16'?><Response><Say>é漢</Say></Response>") == [Say("é漢")]
    assert decode("\ufeff<Response/>") == []


# What is wrong, and where.


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<Response>\n  <Sayy>x</Sayy></Response>", "line 2, column 3: there is no element Sayy; did you mean Say?"),
        ("<Response>é漢🎉<Xyz/></Response>", "line 1, column 14: there is no element Xyz"),
        ("<Response>\r\n\t<Break/></Response>", "line 2, column 2: there is no element Break; did you mean break?"),
        ("<Response><Say/>\n<Default/></Response>", "line 2, column 1: there is no element Default; did you mean"),
        (
            "<Response>\n <Gather\n numDigit='1'/></Response>",
            "line 2, column 2: Gather: has no attribute numDigit; did you mean numDigits?",
        ),
        (
            "<Response>\n<Gather autoMenu='1'/></Response>",
            "line 2, column 1: Gather: has no attribute autoMenu; did you mean ext:autoMenu?",
        ),
        ("<Response a='1'/>", "line 1, column 1: Response: has no attribute a"),
        ("<Response>\n  hello\n <Pause/></Response>", "line 2, column 3: Response: takes no text between its tags"),
        (
            "<Response>\n <Pause>hello\nyou</Pause></Response>",
            "line 2, column 9: Pause: takes no text between its tags",
        ),
        ("<Response>\n <Pause>\n<Say/></Pause></Response>", "line 3, column 1: Pause: holds no Say"),
        ("<Response><Say xmlns='urn:x'/></Response>", "line 1, column 11: there is no element urn:x:Say"),
    ],
)
def test_strict_says_the_line_and_the_column_of_what_lenient_warns_of(xml: str, said: str) -> None:
    assert any(each.startswith(said) for each in errors(xml)), errors(xml)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        decode(xml)
    assert {each.category for each in warned} <= {UnknownElement, UnknownAttribute}
    assert warned
    assert all(each.filename == __file__ for each in warned), "a warning names whoever called"


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("", "line 1, column 1: is not XML: no element found"),
        ("<Response>\n<Say>", "line 2, column 6: is not XML: no element found"),
        ("<Response>\n  <Say>x</say>", "line 2, column 11: is not XML: mismatched tag"),
        ("<Response><Say>\n&nbsp;</Say></Response>", "line 2, column 1: is not XML: undefined entity"),
        ("<Response/>\n<Response/>", "line 2, column 1: is not XML: junk after document element"),
        ("<Response><Say a='1' a='2'/></Response>", "line 1, column 22: is not XML: duplicate attribute"),
        ("<Response><Say>é\n\x01</Say></Response>", "line 2, column 1: is not XML: not well-formed (invalid token)"),
        ("<Response>\n漢\ud800</Response>", "line 2, column 2: a character that no document can hold"),
        ("<Respons/>", "line 1, column 1: the document is a Respons; TwiML stands in a Response"),
        ("<!-- a -->\n <html/>", "line 2, column 2: the document is a html; TwiML stands in a Response"),
        ("<Response xmlns='urn:x'/>", "line 1, column 1: the document is a"),
        ("\n<!DOCTYPE Response><Response/>", "line 2, column 19: has a DOCTYPE"),
        (f"{PREFIXED}\n<ext:Goto tarte='1'/></Response>", "line 2, column 1: Goto: has no attribute tarte"),
        (f"{PREFIXED}\n<ext:Goto ext:target='1'/></Response>", "line 2, column 1: Goto: has no attribute ext:target"),
        (f"{PREFIXED}\n<Say> <ext:Prompt>x</ext:Prompt></Say></Response>", "line 2, column 7: ext:Prompt: language is"),
    ],
)
def test_what_no_reader_can_make_sense_of_is_an_error_however_lenient(xml: str, said: str) -> None:
    for strict in (True, False):
        assert any(each.startswith(said) for each in errors(xml, strict=strict)), errors(xml, strict=strict)


def test_all_errors_are_told_at_once_and_in_order() -> None:
    xml = "<Response>\n<Sayy/>\n<Gather timout='1' b='2'>\n<Shout/></Gather>\n<Pause>x</Pause></Response>"
    assert [each.partition(":")[0] for each in errors(xml)] == [
        "line 2, column 1",
        "line 3, column 1",
        "line 3, column 1",
        "line 4, column 1",
        "line 5, column 8",
    ]


def test_what_is_unknown_is_left_out_with_all_it_holds_or_passed_on() -> None:
    with pytest.warns(UnknownElement, match="line 1: there is no element Shout"):
        assert decode("<Response><Shout><Say>x</Say>y</Shout><Say>z</Say></Response>") == [Say("z")]
    with pytest.warns(UnknownElement, match="shout"):
        assert decode("<Response><Say>a<shout>b</shout>c</Say></Response>") == [Say("ac")]
    with pytest.warns(UnknownAttribute, match="volume"):
        read = decode("<Response><Say volume='3' xml:space='preserve'>x</Say></Response>")
    assert read == [Say("x", extra={"volume": "3", "xml:space": "preserve"})]
    assert 'volume="3"' in encode(read)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<Say><ext:Prompt language='en-GB'>a</ext:Prompt>b</Say>", "a text stands beside those in several languages"),
        ("<Pause><ext:Prompt language='en-GB'>a</ext:Prompt></Pause>", "holds no text, so none in several languages"),
        ("<Dial><ext:Title language='en-GB'>a</ext:Title></Dial>", "has no title"),
        (
            "<Say><ext:Prompt language='en-GB'>a</ext:Prompt><ext:Prompt language='EN-gb'>b</ext:Prompt></Say>",
            'language "en-GB" has two texts',
        ),
        ("<Say><ext:Prompt language='en-GB' b='1'>a</ext:Prompt></Say>", "Prompt: has no attribute b"),
    ],
)
def test_a_text_in_several_languages_is_whole_or_an_error(inside: str, said: str) -> None:
    assert any(said in each for each in errors(f"{PREFIXED}{inside}</Response>", strict=False))
