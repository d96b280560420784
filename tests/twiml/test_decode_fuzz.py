"""Whatever comes in, `decode` gives verbs or raises `DecodeError`: mutated documents, noise, every encoding."""

from __future__ import annotations

import codecs
import warnings
from encodings.aliases import aliases
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.twiml.elements import documents
from twiml import DecodeError, UnknownAttribute, UnknownElement, decode, encode, validate
from twiml.xml import NAMESPACE

RELAXED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
pytestmark = pytest.mark.filterwarnings("ignore::twiml.UnknownAttribute")

PIECES = [
    *("<", ">", "/>", "</", "&", ";", '"', "'", "=", " ", "\n", "\x00", "\x01", "\ud800", "\ufffe", "é", "🎉", "]]>"),
    *("<Say>", "</Say>", "<Say", "<Gather ", "<ext:Prompt language='en-GB'>", "</ext:Prompt>", "<Response>"),
    *("<![CDATA[", "<!--", "-->", "<?x ", "?>", "<!DOCTYPE a>", "<!ENTITY a 'b'>", "&amp;", "&#0;", "&#xD800;", "&a;"),
    *(
        "xmlns=''",
        "xmlns='urn:x'",
        "xmlns:xml='urn:x'",
        "xml:lang='en'",
        "ext:autoMenu='1'",
        f"xmlns:ext='{NAMESPACE}'",
    ),
    *("extra='1'", "title='x'", "response='1'", "<ext:Title language='de-DE'>", "<ext:Default>", "<ext:Response>"),
]
"""What breaks readers of XML, and what is ours."""
SAMPLE = (
    f"<Response xmlns:ext='{NAMESPACE}'><Gather ext:autoMenu='true' numDigits='1'><Say>é<break/>漢</Say>"
    "<ext:Response response='1' speech='a|b'><ext:Title language='en-GB'>x</ext:Title><ext:Goto target='1'/>"
    "</ext:Response></Gather><Say><ext:Prompt language='en-GB'>a</ext:Prompt></Say></Response>"
)


def read(xml: Any, *, strict: bool) -> tuple[list[Any], list[str] | None]:
    try:
        return decode(xml, strict=strict), None
    except DecodeError as problem:
        return [], problem.errors


def survives(xml: Any, *, strict: bool) -> None:
    """Decoding gives verbs or a DecodeError whose every sentence says where; and verbs can be looked at."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        verbs, errors = read(xml, strict=strict)
        if errors is not None:
            assert errors
            assert all(each.startswith("line ") and ", column " in each for each in errors)
            return
        validate(verbs)
        repr(verbs)
        assert decode(encode(verbs, extensions=True)) == verbs
    said = {each.category for each in warned} - {DeprecationWarning}  # Python's own, of unicode_escape
    assert said <= {UnknownElement, UnknownAttribute}
    assert not (strict and said)


@st.composite
def mutated(draw: st.DrawFn, text: st.SearchStrategy[Any], piece: st.SearchStrategy[Any]) -> Any:
    """A document with pieces flipped, cut, doubled, swapped and put in."""
    found = draw(text)
    for _ in range(draw(st.integers(1, 4))):
        one, two, three = sorted(draw(st.tuples(*[st.integers(0, len(found))] * 3)))
        head, left, right, tail = found[:one], found[one:two], found[two:three], found[three:]
        found = draw(
            st.sampled_from(
                [
                    head + draw(piece) + left + right + tail,
                    head + draw(piece) + left[1:] + right + tail,
                    head + left + right,
                    head + right + tail,
                    head + left + left + right + tail,
                    head + right + left + tail,
                ]
            )
        )
    return found


TEXTS = st.one_of(st.just(SAMPLE), documents(ours=True).map(lambda verbs: encode(verbs, extensions=True)))
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "utf-32", "cp1252"]


@given(mutated(TEXTS, st.sampled_from(PIECES)), st.booleans())
@RELAXED
def test_mutated_text(xml: str, strict: bool) -> None:
    survives(xml, strict=strict)


@given(mutated(TEXTS.map(str.encode), st.binary(min_size=1, max_size=4)), st.booleans())
@RELAXED
def test_mutated_bytes(xml: bytes, strict: bool) -> None:
    survives(xml, strict=strict)


@given(mutated(TEXTS, st.sampled_from(PIECES)), st.sampled_from(ENCODINGS), st.sampled_from(["", *ENCODINGS]))
@RELAXED
def test_mutated_text_in_one_encoding_that_declares_another(xml: str, written: str, declared: str) -> None:
    inside = xml.partition("?>")[2] or xml
    said = f"<?xml version='1.0' encoding='{declared}'?>{inside}" if declared else inside
    survives(said.encode(written, "replace"), strict=False)


@given(st.lists(st.sampled_from([*PIECES, "</Response>", "</Gather>", "x"]), max_size=12).map("".join), st.booleans())
@RELAXED
def test_any_pieces_in_a_response(inside: str, strict: bool) -> None:
    survives(f"<Response xmlns:ext='{NAMESPACE}'>{inside}</Response>", strict=strict)


@given(st.one_of(st.text(st.characters()), st.binary(), st.lists(st.sampled_from(PIECES)).map("".join)))
@RELAXED
def test_noise(xml: str | bytes) -> None:
    survives(xml, strict=False)


@given(st.text(st.characters(codec="ascii", exclude_characters="'\n"), max_size=12))
@RELAXED
def test_an_encoding_of_any_name(encoding: str) -> None:
    survives(f"<?xml version='1.0' encoding='{encoding}'?>{SAMPLE}".encode(), strict=False)


def codecs_of_python() -> list[str]:
    return sorted({*aliases, *aliases.values(), "idna", "punycode", "undefined", "unicode_escape", "klingon", "utf-7"})


def test_every_codec_python_has_and_one_it_has_not() -> None:
    for name in codecs_of_python():
        xml = f"<?xml version='1.0' encoding='{name}'?><Response><Say>é~</Say></Response>"
        survives(xml.encode(), strict=True)
        try:
            written = codecs.encode(xml, name)
        except (LookupError, TypeError, ValueError, AssertionError):
            continue
        survives(written, strict=True)


@pytest.mark.parametrize("cut", range(0, len(SAMPLE), 7))
def test_a_document_cut_short_anywhere_is_an_error_at_its_end(cut: int) -> None:
    for xml in (SAMPLE[:cut], SAMPLE[:cut].encode(), SAMPLE[:cut].encode("utf-16")):
        with pytest.raises(DecodeError):
            decode(xml)


@pytest.mark.parametrize(
    ("xml", "said"),
    [
        ("<Response><Say>é</Say></Response>".encode("latin-1"), "not well-formed"),
        (b"<?xml version='1.0' encoding='klingon'?><Response/>", "unknown encoding: klingon"),
        (b"<?xml version='1.0' encoding='shift_jis'?><Response/>", "multi-byte encodings are not supported"),
        (b"<?xml version='1.0' encoding='utf-16'?><Response/>", "encoding"),
        ("<Response/>".encode("utf-16")[:-1], "unclosed token"),
    ],
)
def test_an_encoding_that_is_not_the_one_declared_is_said(xml: bytes, said: str) -> None:
    with pytest.raises(DecodeError, match=said):
        decode(xml)


@pytest.mark.parametrize(
    "xml", [None, 7, bytearray(b"<Response/>"), memoryview(b"<Response/>"), ["<Response/>"], object()]
)
def test_what_is_neither_text_nor_bytes_is_refused(xml: Any) -> None:
    with pytest.raises(DecodeError, match="XML is text or bytes, not "):
        decode(xml)
