"""The same webhook twice: what is the same for every try of it, and what it was answered.

Twilio gives each webhook a token, the same for every try (Twilio's documentation: "Webhooks",
"I-Twilio-Idempotency-Token"). Where there is none, a webhook is a repeat if its place and its fields are those of
the last one without a token: a caller may well key the same again later, and mean it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from actors.journal import Row
from actors.webhook import Webhook

TOKEN, CONTENT = "t", "c"


def same(webhook: Webhook) -> str:
    """What is the same for every try of one webhook: Twilio's token for it, or without one its content."""
    if webhook.token:
        return TOKEN + webhook.token
    content = repr((webhook.recipe, webhook.path, webhook.step, sorted(webhook.params.items())))
    return CONTENT + hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def answered(history: Sequence[Row], wanted: str) -> str | None:
    """What a webhook was answered when it came before, as far as a call's history goes back; None if it didn't.

    >>> row = Row(0.0, "start_call", "", None, {}, "<Response/>", True, same="t1")
    >>> answered([row], "t1"), answered([row], "t2")
    ('<Response/>', None)
    """
    for row in reversed(history):
        if row.same == wanted:
            return row.answer
        if wanted[0] == CONTENT == row.same[:1]:
            return None
    return None
