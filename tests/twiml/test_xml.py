"""Verbs as XML: what is written, what is dropped, and that it reads back as it was."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from tests.twiml.documents import check, inside
from tests.twiml.strategies import flows
from twiml import (
    APOLOGY,
    BUSY,
    NOTHING,
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    Number,
    Pause,
    Play,
    RepeatExt,
    ResponseExt,
    Say,
    Sms,
    encode,
)
from twiml.element import Element, Verb
from twiml.xml import DECLARATION, NAMESPACE, escaped, fragment, opening, quoted, read

WRITABLE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\ufffe\uffff").filter(
        lambda letter: letter in "\t\n\r" or letter >= " "
    )
)


@pytest.mark.parametrize(
    ("verbs", "xml"),
    [
        ([Say("Hello, World!"), Dial("+441314960123")], "<Say>Hello, World!</Say><Dial>+441314960123</Dial>"),
        ([Pause(), Hangup()], "<Pause/><Hangup/>"),
        ([Say("")], "<Say></Say>"),
        ([Say("a", loop=0)], '<Say loop="0">a</Say>'),
        ([Gather([Say("a")], num_digits=1)], '<Gather numDigits="1"><Say>a</Say></Gather>'),
        ([Gather()], "<Gather/>"),
        ([Gather(input=["dtmf", "speech"])], '<Gather input="dtmf speech"/>'),
        ([Gather(finish_on_key="")], '<Gather finishOnKey=""/>'),
        ([Gather(enhanced=True, debug=False)], '<Gather enhanced="true" debug="false"/>'),
        (
            [Dial([Number("+441314960123", send_digits="ww1")])],
            '<Dial><Number sendDigits="ww1">+441314960123</Number></Dial>',
        ),
        ([Sms("hi", to="+1", from_="+2")], '<Sms to="+1" from="+2">hi</Sms>'),
        ([Say("1 < 2 & 3 > 2")], "<Say>1 &lt; 2 &amp; 3 &gt; 2</Say>"),
        ([Play("https://a.b/?c=d&e=f")], "<Play>https://a.b/?c=d&amp;e=f</Play>"),
        ([Gather(hints='"a"\n<b>\t')], '<Gather hints="&quot;a&quot;&#10;&lt;b&gt;&#9;"/>'),
        ([Say("漢字 🎉")], "<Say>漢字 🎉</Say>"),
    ],
)
def test_verbs_are_written(verbs: list[Verb], xml: str) -> None:
    assert encode(verbs) == f"{DECLARATION}<Response>{xml}</Response>"


def test_no_verbs_make_an_empty_response() -> None:
    assert encode([]) == encode([GotoExt("1")]) == NOTHING == f"{DECLARATION}<Response/>"


def test_extensions_are_silently_dropped() -> None:
    gather = Gather([Say("a")], auto_menu_ext=True, after_ext=[ResponseExt("1", "t", [Say("never")]), RepeatExt()])
    verbs: list[Element] = [LabelExt("x"), gather, FunctionExt(module="m", fn="f"), GotoExt("x")]
    assert inside(encode(verbs)) == "<Gather><Say>a</Say></Gather>"
    assert inside(encode([Dial([FunctionExt(module="m", fn="f"), Number("+1")])])) == "<Dial><Number>+1</Number></Dial>"


def test_extensions_stand_in_a_namespace_of_ours_when_asked_for() -> None:
    flow = [
        Gather(
            [Say("a")],
            num_digits=1,
            auto_menu_ext=True,
            after_ext=[
                ResponseExt("1", "one", [GotoExt("1")], speech=["yes", "yes please"]),
                DefaultExt("other", [FunctionExt("t", "m", "f")]),
            ],
        ),
        LabelExt("end"),
        Hangup(),
    ]
    assert encode(flow, extensions=True) == (
        f'{DECLARATION}<Response xmlns:ext="{NAMESPACE}">'
        '<Gather numDigits="1" ext:autoMenu="true"><Say>a</Say>'
        '<ext:Response response="1" title="one" speech="yes|yes please"><ext:Goto target="1"/></ext:Response>'
        '<ext:Default title="other"><ext:Function title="t" module="m" fn="f"/></ext:Default></Gather>'
        '<ext:Label name="end"/><Hangup/></Response>'
    )


@given(flows())
@settings(max_examples=50, deadline=None)
def test_whatever_the_flow_its_document_is_twiml_and_its_extended_one_is_xml(flow: list[Verb]) -> None:
    check(encode(flow))
    etree.fromstring(encode(flow, extensions=True).encode())


@given(WRITABLE, WRITABLE)
@settings(max_examples=200, deadline=None)
def test_texts_and_attributes_read_back_as_they_were(text: str, hint: str) -> None:
    say, gather = Say(text, voice=hint), Gather(hints=hint)
    assert etree.fromstring(f"<a>{escaped(text)}</a>").text == (text or None)
    assert etree.fromstring(f"<a b={quoted(hint)}/>").get("b") == hint
    assert read(fragment(say)) == ("Say", {"voice": hint}, text, ())
    assert read(opening(gather)) == ("Gather", {"hints": hint}, "", ())


def test_a_payload_reads_back_as_opening_tag_end_tag_or_whole_element() -> None:
    assert read('<Gather numDigits="1">') == ("Gather", {"numDigits": "1"}, "", ())
    assert read("<Hangup/>") == ("Hangup", {}, "", ())
    assert read("<Say>a &amp; b</Say>") == ("Say", {}, "a & b", ())
    assert read("</Dial>").closing
    assert not read("<Dial>").closing


def test_reading_back_expands_no_entity() -> None:
    assert "root" not in read("<Say>&amp;root;</Say>").text.replace("&root;", "")
    with pytest.raises(etree.XMLSyntaxError):
        read("<Say>&root;</Say>")


def test_our_own_phrases_are_documents() -> None:
    for document in (APOLOGY, BUSY, NOTHING):
        check(document)
    assert inside(BUSY) == '<Reject reason="busy"/>'
    assert inside(APOLOGY).endswith("<Hangup/>")
