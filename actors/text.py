"""One message, as a recipe's functions see it, and what `reply` may answer.

    def reply(message):
        message.data["texts"] = message.data.get("texts", 0) + 1
        return f"You have written {message.data['texts']} times."

An answer is a text, a list of Message and Redirect (Twilio's documentation: "TwiML Messaging"), or nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import structlog

from actors.callouts import CalloutError
from actors.journal import Row
from actors.webhook import Webhook
from twiml import Body, Message, Verb, decode, encode, validate

HISTORY = 20
"""Earlier texts that `message.history` has at most."""
MESSAGE = "message"
"""The kind of a row that is a message which came, with its answer."""


class Attachment(NamedTuple):
    """A picture, or another file, that came with a message. Fetching it needs the account's token, by default."""

    url: str
    content_type: str
    """What it is, as `image/jpeg`."""


class Said(NamedTuple):
    """An earlier text of the conversation."""

    at: float
    """When the message came that it is, or that it answered, in seconds since the epoch."""
    ours: bool
    """Whether it was an answer of ours."""
    body: str


class Text:
    """One message: an SMS, an MMS, or one by WhatsApp. A `reply` is given one that came in.

    Put in `data` what the conversation is to remember, as JSON can hold it. It is written down with the answer,
    and is there again when the same sender writes to the same number.

    Who is subscribed to `message_status` is given one of ours: `from_` is our number then, and `to` theirs; `body` is
    empty, for Twilio doesn't say what it was. What is done to `data` there is forgotten.
    """

    __slots__ = ("_rows", "data", "settings", "webhook")

    def __init__(
        self, webhook: Webhook, data: Mapping[str, Any], rows: Sequence[Row], settings: Mapping[str, Any]
    ) -> None:
        self.webhook = replace(webhook, params=dict(webhook.params))
        """What Twilio posted, with every field typed."""
        self.data: dict[str, Any] = copy.deepcopy(dict(data))
        self.settings: Mapping[str, Any] = MappingProxyType(copy.deepcopy(dict(settings)))
        """The `[settings]` of the configuration; read-only."""
        self._rows = rows

    @property
    def sid(self) -> str:
        """The message's name with Twilio, the same for every try: `SM` or `MM` and 32 hexadecimal digits."""
        return self.webhook.message

    @property
    def from_(self) -> str:
        """Who wrote: a number in E.164, or `whatsapp:+44…`."""
        return self.webhook.params.get("From", "")

    @property
    def to(self) -> str:
        """The number that they wrote to, likewise."""
        return self.webhook.params.get("To", "")

    @property
    def body(self) -> str:
        """What they wrote."""
        return self.webhook.params.get("Body", "")

    @property
    def media(self) -> list[Attachment]:
        """The pictures and the like that came with it."""
        urls, types = self.webhook.media_urls, self.webhook.media_content_types
        return [Attachment(url, kind) for url, kind in zip(urls, [*types, *[""] * len(urls)], strict=False)]

    @property
    def opted_out(self) -> bool:
        """Whether they want no more messages. Twilio has told them so, and would refuse an answer to them
        (Twilio's documentation: "Advanced Opt-Out", "Error 21610"); none is sent."""
        return self.webhook.opt_out_type == "STOP"

    @property
    def history(self) -> list[Said]:
        """The latest texts before this one, theirs and ours, the oldest first; up to now, if it is ours."""
        latest = [row for row in self._rows if row.kind == MESSAGE][-HISTORY:]
        return [each for row in latest for each in _said(row)][-HISTORY:]

    @property
    def log(self) -> Any:
        """A logger bound to this message: `message.log.info("booked", day="Monday")`."""
        return structlog.get_logger("switchhook.recipe").bind(message_sid=self.sid, recipe=self.webhook.recipe)


def _said(row: Row) -> Iterator[Said]:
    """What was said in a message and in its answer, as far as that went back to whoever wrote."""
    yield Said(row.at, ours=False, body=row.params.get("Body", ""))
    for each in decode(row.answer):
        if isinstance(each, Message) and each.to in (None, row.params.get("From")):
            yield Said(row.at, ours=True, body=_body(each))


def _body(message: Message) -> str:
    if isinstance(message.body, str):
        return message.body
    return "".join(each.message for each in message.body if isinstance(each, Body))


def verbs_of(name: str, returned: Any, told_at: str = "") -> list[Verb]:
    """The verbs of an answer, as a `reply` returned it. Raises `CalloutError` if it isn't one.

    What becomes of its messages is to be told at a URL, if one is given, and a message names none itself.

    >>> verbs_of("shop:reply", "We are open."), verbs_of("shop:reply", None)
    ([Message('We are open.')], [])
    >>> verbs_of("shop:reply", "We are open.", "/shop/status")
    [Message('We are open.', status_callback='/shop/status')]
    """
    if returned is None or returned == "":
        return []
    verbs = [Message(returned)] if isinstance(returned, str) else returned
    if not isinstance(verbs, (list, tuple)):
        kind = type(returned).__name__
        raise CalloutError(f"{name} returned {kind}; a reply returns a text, a list of Message and Redirect, or None")
    verbs = [_told_of(each, told_at) for each in verbs]
    if errors := validate(verbs, document="messaging"):
        raise CalloutError(f"{name} returned what can't answer a message: {'; '.join(errors)}")
    return verbs


def _told_of(verb: Any, at: str) -> Any:
    """The same verb, and if it is a message, one of which is told at a URL. An `action` is told by itself."""
    told = not at or not isinstance(verb, Message) or verb.status_callback or verb.action
    return verb if told else replace(verb, status_callback=at)


def answer_of(verbs: Sequence[Any], text: Text) -> str:
    """The document of an answer, without what Twilio would refuse: messages to somebody who wants none."""
    if text.opted_out:
        verbs = [each for each in verbs if not (isinstance(each, Message) and each.to in (None, text.from_))]
    return encode(verbs)
