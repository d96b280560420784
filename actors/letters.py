"""What is to be told of a step, and to whom: the letters that are committed with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from actors.callouts import Gone
from actors.journal import Letter, Subscription
from actors.webhook import Kind, Webhook
from actors.webhooks import Event
from twiml.extensions import MESSAGE_EVENTS

News = tuple[str, Mapping[str, str]]
"""An event, and the fields that it came with."""

_CALLBACKS = {
    Event.DETECTION: "detection",
    Event.LEG_STATUS: "leg",
    Event.CONFERENCE: "conference",
    Event.STREAM: "stream",
    Event.REAL_TIME: "live_transcription",
    Event.PAY: "payment",
    Event.PARTIAL_SPEECH: "partial_speech",
}
"""What a callback is called whose kind doesn't say it."""
_KINDS = {Kind.STATUS: "status", Kind.COMPLETE: "status", Kind.TRANSCRIPTION: "transcription"}


def events_of(webhook: Webhook, *, recorded: bool, ended: bool) -> list[News]:
    """What a webhook tells of, in order: a recording before the end it came with."""
    told = {
        "recording": recorded,
        "dial": bool(webhook.dial_status),
        _called_back(webhook): True,
        "completion": ended,
    }
    return [(event, webhook.params) for event, so in told.items() if event and so]


def _called_back(webhook: Webhook) -> str:
    """The event that a callback tells of; empty for what is none."""
    kind = webhook.kind
    otherwise = _KINDS.get(kind, "")
    return _CALLBACKS.get(webhook.event, otherwise) if otherwise and kind is not Kind.COMPLETE else otherwise


def letters_of(
    key: str,
    version: int,
    webhook: Webhook,
    told: Sequence[News],
    subscribed: Sequence[Subscription],
    gone: Gone | None = None,
) -> list[Letter]:
    """The letters to those who are subscribed to what is told; and a dead one for a callout that was gone.

    `key` is what the journal knows it by that the step is of: a call's CallSid, or a conversation's name.
    """

    def letter(number: int, to: Subscription, fields: Mapping[str, str], due: float | None, reason: str) -> Letter:
        at, path, step = webhook.arrived, webhook.path, webhook.step
        return Letter(key, version, number, to, at, path, step, fields, due, 0, reason)

    to = [(each, fields) for event, fields in told for each in subscribed if each.event == event]
    letters = [letter(number, each, fields, webhook.arrived, "") for number, (each, fields) in enumerate(to)]
    if gone is not None:
        missed = Subscription("callout", *gone.function)
        letters.append(letter(len(letters), missed, webhook.params, None, str(gone)))
    return letters


def sids_of(letter: Letter) -> dict[str, str]:
    """What a letter is about, by the names that logs and lists have for it: a call; or a message, and its conversation.

    >>> undelivered = Subscription("message_status", "shop", "undelivered")
    >>> sids_of(Letter("texts-1", 2, 0, undelivered, 0.0, "status", None, {"MessageSid": "SM1"}, None))
    {'call_sid': 'texts-1', 'message_sid': 'SM1'}
    """
    about = Webhook(letter.params).message if letter.subscription.event in MESSAGE_EVENTS else ""
    return {"call_sid": letter.call_sid} | ({"message_sid": about} if about else {})
