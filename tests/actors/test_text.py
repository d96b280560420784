"""What a `reply` sees of its message, and what it may answer."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

import actors.text
from actors import Attachment, CalloutError, Row, Said, Text
from actors.text import HISTORY, answer_of, verbs_of
from tests.actors.texting import ME, YOU, text
from tests.twiml.documents import inside
from twiml import NOTHING, Body, Media, Message, Redirect, Say, encode


def seen(*, rows: tuple[Row, ...] = (), data: Any = None, settings: Any = None, **fields: str) -> Text:
    """A message as `reply` sees it."""
    return Text(text(**fields), data or {}, rows, settings or {})


def row(body: str, *answer: Any, kind: str = "message", at: float = 1.0) -> Row:
    """A message of mine, and its answer."""
    return Row(at, kind, "", None, {"Body": body, "From": ME, "To": YOU}, encode(answer), moved=True)


def test_the_examples_in_the_documentation_run() -> None:
    assert doctest.testmod(actors.text).failed == 0


def test_it_has_the_fields_of_its_webhook() -> None:
    message = seen(body="Are you open?", ProfileName="Ada")
    assert (message.from_, message.to, message.body) == (ME, YOU, "Are you open?")
    assert message.sid == "SM" + "1".zfill(32)
    assert message.webhook.profile_name == "Ada"


def test_what_is_missing_is_empty() -> None:
    message = Text(text().__class__({"SmsMessageSid": "SM9"}), {}, (), {})
    assert (message.sid, message.from_, message.to, message.body) == ("SM9", "", "", "")
    assert (message.media, message.history, message.opted_out) == ([], [], False)


def test_whatsapp_is_as_any_other_message() -> None:
    message = seen(From="whatsapp:" + ME, To="whatsapp:" + YOU, WaId="441314960123")
    assert (message.from_, message.to) == ("whatsapp:" + ME, "whatsapp:" + YOU)
    assert message.webhook.from_.channel == "whatsapp"


def test_it_has_the_media_that_came_with_it() -> None:
    fields = {"NumMedia": "3", "MediaUrl0": "https://example.com/0", "MediaContentType0": "image/png"}
    fields |= {"MediaUrl1": "https://example.com/1", "MediaContentType1": "audio/ogg", "MediaUrl2": "https://e.com/2"}
    assert seen(**fields).media == [
        Attachment("https://example.com/0", "image/png"),
        Attachment("https://example.com/1", "audio/ogg"),
        Attachment("https://e.com/2", ""),
    ]


def test_media_without_a_url_are_none_and_asking_changes_nothing() -> None:
    fields = {"NumMedia": "1", "MediaUrl0": "https://example.com/0"}
    fields |= {"MediaContentType0": "image/png", "MediaContentType1": "audio/ogg"}
    message = seen(**fields)
    assert message.media == message.media == [Attachment("https://example.com/0", "image/png")]
    assert message.webhook.media_content_types == ["image/png", "audio/ogg"]


def test_its_history_is_what_both_have_said_the_oldest_first() -> None:
    rows = (
        row("hello", Message("Hello. Who are you?"), at=1.0),
        row("delivered", kind="message_status"),
        row("Ada", Message([Body("Hello Ada."), Media("https://example.com/map.png")]), Redirect("more"), at=2.0),
        row("thanks", at=3.0),
    )
    assert seen(rows=rows).history == [
        Said(1.0, ours=False, body="hello"),
        Said(1.0, ours=True, body="Hello. Who are you?"),
        Said(2.0, ours=False, body="Ada"),
        Said(2.0, ours=True, body="Hello Ada."),
        Said(3.0, ours=False, body="thanks"),
    ]


def test_what_was_sent_to_somebody_else_is_no_part_of_the_conversation() -> None:
    rows = (row("help", Message("Somebody needs you.", to="+441314960999"), Message("We come.", to=ME)),)
    assert [each.body for each in seen(rows=rows).history] == ["help", "We come."]


def test_its_history_has_the_latest_texts_alone() -> None:
    rows = tuple(row(str(number), Message("yes")) for number in range(HISTORY))
    history = seen(rows=rows).history
    assert len(history) == HISTORY
    assert history[-2:] == [Said(1.0, ours=False, body=str(HISTORY - 1)), Said(1.0, ours=True, body="yes")]


def test_it_is_a_copy() -> None:
    data, settings, webhook = {"names": ["Ada"]}, {"hours": ["9-5"]}, text()
    message = Text(webhook, data, (), settings)
    message.data["names"].append("Grace")
    message.settings["hours"].append("never")
    message.webhook.params["Body"] = "something else"  # type: ignore[index]  # as a function may
    assert (data, settings, webhook.body) == ({"names": ["Ada"]}, {"hours": ["9-5"]}, "hello")
    with pytest.raises(TypeError):
        message.settings["hours"] = []  # type: ignore[index]  # it is read-only


@pytest.mark.parametrize(
    ("returned", "document"),
    [
        ("hello", "<Message>hello</Message>"),
        ([Message("one"), Message("two")], "<Message>one</Message><Message>two</Message>"),
        ((Message("one"),), "<Message>one</Message>"),
        ([Redirect("../other")], "<Redirect>../other</Redirect>"),
        ([Message([Body("map"), Media("https://e.com/m.png")])], None),
        (None, ""),
        ("", ""),
        ([], ""),
        ((), ""),
    ],
)
def test_what_a_reply_may_return(returned: Any, document: str | None) -> None:
    answer = answer_of(verbs_of("shop:reply", returned), seen())
    if document == "":
        assert answer == NOTHING
    elif document is not None:
        assert inside(answer) == document
    else:
        assert "<Media>" in answer


@pytest.mark.parametrize(
    ("returned", "why"),
    [
        (7, "shop:reply returned int; a reply returns a text, a list of Message and Redirect, or None"),
        (b"hello", "shop:reply returned bytes;"),
        (Message("hello"), "shop:reply returned Message;"),
        ({"body": "hello"}, "shop:reply returned dict;"),
        ((message for message in [Message("hello")]), "shop:reply returned generator;"),
        (["hello"], "1 str: can't stand in the answer to a message, which holds Message, Redirect"),
        ([Message("hello"), Say("hello")], "2 Say: can't stand in the answer to a message"),
        ([Say("hello")], "1 Say: can't stand in the answer to a message"),
        ("x" * 1601, "must have 1 to 1600 characters"),
        ("\0", "XML can't carry"),
        ([Message("é" * 1600)] * 21, "bytes; Twilio reads at most 64 kB"),
        ([Message("hello")], ""),
        ([Message("é" * 1600)] * 19, ""),
    ],
)
def test_what_it_may_not_return_is_told(returned: Any, why: str) -> None:
    if not why:
        assert verbs_of("shop:reply", returned) == returned
        return
    with pytest.raises(CalloutError) as raised:
        verbs_of("shop:reply", returned)
    assert why in str(raised.value)


def test_who_wants_no_more_messages_is_sent_none() -> None:
    """Twilio has told them so itself, and refuses whatever is sent to them (error 21610)."""
    gone = seen(body="Stop", OptOutType="STOP")
    verbs = [Message("Pity!"), Message("Pity!", to=ME), Message("They have left.", to="+441314960999")]
    assert gone.opted_out
    assert inside(answer_of(verbs, gone)) == '<Message to="+441314960999">They have left.</Message>'
    assert answer_of(verbs[:1], gone) == NOTHING


@pytest.mark.parametrize("kind", ["START", "HELP", ""])
def test_who_asks_for_help_or_comes_back_is_answered(kind: str) -> None:
    back = seen(OptOutType=kind)
    assert not back.opted_out
    assert inside(answer_of([Message("Hello again!")], back)) == "<Message>Hello again!</Message>"
