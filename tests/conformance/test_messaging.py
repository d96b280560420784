"""The answer to a text message: what it holds, and what a message may be."""

from __future__ import annotations

import pytest

from tests.conformance.cases import default, errors, verbs, written
from twiml import Body, InvalidFlow, Media, Message, Redirect, compile, decode

MEDIA = "<Media>https://example.com/{}.png</Media>"


@pytest.mark.parametrize(
    "document",
    [
        "<Message>one</Message>",
        "<Message>one</Message><Message>two</Message><Message>three</Message>",
        "<Redirect>https://example.com/other</Redirect>",
        "<Message>one</Message><Redirect>/other</Redirect>",
    ],
)
def test_it_holds_messages_and_redirects(document: str) -> None:
    """Any number of messages and redirects stand in the answer to a message. (docs: messaging/twiml)"""
    assert errors(document) == []
    assert written(*verbs(document)) == document


@pytest.mark.parametrize("verb", ["<Say>hi</Say>", "<Hangup/>", "<Gather/>", "<Sms>hi</Sms>"])
def test_it_holds_nothing_else(verb: str) -> None:
    """The verbs of a call have no place in it. (docs: messaging/twiml)"""
    (problem,) = errors(f"<Message>one</Message>{verb}")
    assert "can't stand in the answer to a message" in problem


def test_a_message_does_not_stand_in_a_call() -> None:
    """Nor has a message a place in a call. (docs: messaging/twiml)"""
    with pytest.raises(InvalidFlow, match="answers a message"):
        compile([Message("hi")])


@pytest.mark.parametrize(
    ("message", "document"),
    [
        (Message("bare"), "<Message>bare</Message>"),
        (Message([Body("text")]), "<Message><Body>text</Body></Message>"),
        (
            Message([Body("text"), Media("https://example.com/1.png")]),
            f"<Message><Body>text</Body>{MEDIA.format(1)}</Message>",
        ),
        (Message([Media("https://example.com/1.png")]), f"<Message>{MEDIA.format(1)}</Message>"),
    ],
)
def test_a_message_is_a_text_or_a_body_with_media(message: Message, document: str) -> None:
    """A message carries a bare text, or a Body and Media. (docs: messaging/twiml/message)"""
    assert written(message) == document
    assert verbs(document) == [message]
    assert errors(document) == []


def test_a_bare_text_does_not_stand_beside_media() -> None:
    """With Media the text stands in a Body. (docs: messaging/twiml/message)"""
    (problem,) = errors(f"<Message>bare{MEDIA.format(1)}</Message>")
    assert 'the text "bare" beside' in problem


@pytest.mark.parametrize(("count", "fine"), [(1, True), (10, True), (11, False)])
def test_a_message_has_ten_media_at_most(count: int, fine: bool) -> None:
    """Ten Media at most go along with a message. (docs: messaging/twiml/message)"""
    media = "".join(MEDIA.format(each) for each in range(count))
    assert (errors(f"<Message><Body>maps</Body>{media}</Message>") == []) == fine


@pytest.mark.parametrize("document", ["<Message>{}</Message>", "<Message><Body>{}</Body></Message>"])
def test_a_text_has_1600_characters_at_most(document: str) -> None:
    """A message's text has at most 1600 characters. (docs: messaging/twiml/message)"""
    assert errors(document.format("x" * 1600)) == []
    assert len(errors(document.format("x" * 1601))) == 1


def test_a_message_goes_back_where_the_other_came_from() -> None:
    """Without to and from, it goes to whoever wrote, from the number that they wrote to.
    (docs: messaging/twiml/message)"""
    assert default("Message", "to") == "who wrote"
    assert default("Message", "from") == "the number they wrote to"
    assert written(Message("hi")) == "<Message>hi</Message>"


def test_a_message_may_have_an_action_or_a_status_callback() -> None:
    """Either takes the message's status; the action's answer takes over the flow. (docs: messaging/twiml/message)"""
    assert errors('<Message action="/sent">hi</Message>') == []
    assert errors('<Message statusCallback="/sent">hi</Message>') == []


def test_an_action_and_a_status_callback_are_one_url() -> None:
    """With both, one URL does: the action takes over, and the other is left out. (docs: messaging/twiml/message)"""
    assert errors('<Message action="/sent" statusCallback="/sent">hi</Message>') == []


def test_an_empty_response_is_no_reply() -> None:
    """An empty Response answers nothing. (docs: messaging/twiml)"""
    assert decode("<Response></Response>") == []


def test_a_redirect_may_be_relative_in_the_answer_to_a_message() -> None:
    """A redirect asks for another document, by POST unless it says otherwise. (docs: messaging/twiml/redirect)"""
    assert errors("<Message>hi</Message><Redirect method='GET'>../other</Redirect>") == []
    assert default("Redirect", "method") == "POST"
    assert written(Redirect("../other", method="GET")) == '<Redirect method="GET">../other</Redirect>'
