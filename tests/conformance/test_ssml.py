"""The marks of SSML within Say: what they are, what their attributes may be, and how they nest."""

from __future__ import annotations

import pytest

from tests.conformance.cases import Application, errors, verbs, written
from twiml import Break, Emphasis, Say, SayAs, UnknownElement

NESTS = {
    "break": "",
    "emphasis": "break emphasis lang phoneme prosody say-as sub w",
    "lang": "break emphasis lang p phoneme prosody s say-as sub w",
    "p": "break emphasis lang phoneme prosody s say-as sub w",
    "s": "break emphasis lang phoneme prosody say-as sub w",
    "phoneme": "",
    "prosody": "break emphasis lang p phoneme prosody s say-as sub w",
    "say-as": "",
    "sub": "",
    "w": "break emphasis phoneme prosody say-as sub",
}
"""What each mark may contain."""
VALUES = {
    '<break strength="{}"/>': "none x-weak weak medium strong x-strong",
    '<break time="{}"/>': "1s 10s 250ms 0s",
    '<emphasis level="{}">hi</emphasis>': "strong moderate reduced",
    '<phoneme alphabet="{}" ph="x">hi</phoneme>': (
        "ipa x-sampa x-amazon-jyutping x-amazon-pinyin x-amazon-pron-kana x-amazon-yomigana"
    ),
    '<prosody volume="{}">hi</prosody>': "default silent x-soft soft medium loud x-loud +6dB -6dB",
    '<prosody rate="{}">hi</prosody>': "x-slow slow medium fast x-fast 80% 150%",
    '<prosody pitch="{}">hi</prosody>': "default x-low low medium high x-high +10% -5%",
    '<say-as interpret-as="{}">1</say-as>': (
        "characters spell-out cardinal number ordinal digits fraction unit date time address expletive telephone"
    ),
    '<say-as interpret-as="date" format="{}">1</say-as>': "mdy dmy ymd md dm ym my d m y yyyymmdd",
    '<lang xml:lang="{}">hi</lang>': "de-DE en-GB en-GB-WLS cmn-CN arb",
}
"""Of each attribute the values that it takes."""
WRONG = {
    '<break strength="{}"/>': "big",
    '<break time="{}"/>': "1 1m ms -1s",
    '<emphasis level="{}">hi</emphasis>': "none",
    '<phoneme alphabet="{}" ph="x">hi</phoneme>': "latin",
    '<prosody volume="{}">hi</prosody>': "6dB +6 noisy",
    '<prosody rate="{}">hi</prosody>': "80 brisk",
    '<prosody pitch="{}">hi</prosody>': "10% squeaky",
    '<say-as interpret-as="{}">1</say-as>': "word",
    '<say-as interpret-as="date" format="{}">1</say-as>': "dd",
    '<lang xml:lang="{}">hi</lang>': "tlh",
}
MARKS = list(NESTS)


def _empty(mark: str, inside: str = "") -> str:
    return f"<{mark}/>" if mark == "break" else f"<{mark}>{inside or 'hi'}</{mark}>"


@pytest.mark.parametrize("mark", MARKS)
def test_say_holds_text_and_every_mark(mark: str) -> None:
    """Say takes mixed content: text and any of the ten marks. (docs: voice/twiml/say/text-speech)"""
    document = f"<Say>one {_empty(mark)} two</Say>"
    assert errors(document) == []
    assert written(*verbs(document)) == document


@pytest.mark.parametrize("outer", MARKS)
@pytest.mark.parametrize("inner", MARKS)
def test_a_mark_holds_these_marks(outer: str, inner: str) -> None:
    """Which mark may stand in which; a break, and what is spelled or replaced, holds none. (the official SDKs)"""
    document = f"<Say><{outer}>{_empty(inner)}</{outer}></Say>"
    if inner in NESTS[outer].split():
        assert errors(document) == []
        assert written(*verbs(document)) == document
    elif outer == "break":
        with pytest.warns(UnknownElement, match="holds no"):
            verbs(document)
    else:
        assert any("can't hold" in each for each in errors(document))


@pytest.mark.parametrize("outer", ["phoneme", "say-as", "sub"])
def test_what_a_mark_cannot_hold_is_said_once(outer: str) -> None:
    """A mark of text alone that holds another is one error. (the official SDKs)"""
    (problem,) = errors(f"<Say><{outer}><emphasis>hi</emphasis></{outer}></Say>")
    assert "can't hold" in problem


@pytest.mark.parametrize(("mark", "values"), VALUES.items())
def test_a_marks_attribute_takes_these_values(mark: str, values: str) -> None:
    """Each documented value is taken. (docs: voice/twiml/say/text-speech)"""
    assert [each for each in values.split() if errors(f"<Say>{mark.format(each)}</Say>")] == []


@pytest.mark.parametrize(("mark", "values"), WRONG.items())
def test_a_marks_attribute_takes_no_others(mark: str, values: str) -> None:
    """And no other is. (docs: voice/twiml/say/text-speech)"""
    assert [each for each in values.split() if not errors(f"<Say>{mark.format(each)}</Say>")] == []


@pytest.mark.parametrize("mark", ['<sub alias="World Wide Web">WWW</sub>', '<w role="amazon:VB">read</w>'])
def test_sub_has_an_alias_and_w_a_role(mark: str) -> None:
    """Sub says its alias in place of its text, w its word in a role. (docs: voice/twiml/say/text-speech)"""
    assert errors(f"<Say>{mark}</Say>") == []


def test_marks_are_written_where_they_stand() -> None:
    """Text and marks keep their order, and the blanks between them. (docs: voice/twiml/say/text-speech)"""
    say = Say(["Code ", SayAs("47", interpret_as="digits"), Break(time="1s"), " ", Emphasis("now", level="strong")])
    assert written(say) == (
        '<Say>Code <say-as interpret-as="digits">47</say-as><break time="1s"/> <emphasis level="strong">now</emphasis>'
        "</Say>"
    )


async def test_what_is_marked_up_is_spoken(app: Application) -> None:
    """The words between marks are spoken like the rest; a voice that heeds no marks speaks them plainly.
    (docs: voice/twiml/say/text-speech)"""
    document = '<Say>Hello <emphasis level="strong">big</emphasis> <break time="1s"/><p>world</p></Say>'
    assert (await app.run(document=document)).said == ["Hello big world"]
