"""Every request that Twilio makes about a message, through a live daemon, with the bytes of the captures.

What each is answered, what the recipe's `reply` saw of it, and what the journal has. The requests are those of
`test_webhook_requests`; Twilio sends them without a charset.
"""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from actors import Webhook
from actors.webhooks import Event
from runtime.journals.sqlite import SqliteJournal
from runtime.web.form import fields_of, first_values
from tests.actors.test_webhook_requests import ROWS
from tests.wire import post_raw
from twiml import NOTHING

SEES = """
    seen = []
    def reply(message):
        seen.append(message.webhook)
        return f"{message.from_} said {message.body}"
"""
MESSAGES = {name: row for name, row in ROWS.items() if Webhook(first_values(fields_of(row[1]))).of_a_message}
BARE = {"Content-Type": "application/x-www-form-urlencoded"}


def test_these_are_all_of_them():
    assert {row[2] for row in MESSAGES.values()} == {Event.MESSAGE, Event.MESSAGE_STATUS, Event.FALLBACK}
    assert {"CAP-10 inbound SMS", "CAP-10 inbound WhatsApp", "CAP-11 fallback of a message"} <= set(MESSAGES)


@pytest.mark.parametrize("name", MESSAGES)
async def test_a_message_is_answered_once_and_seen_as_documented(serve, folder, tmp_path, name):
    _, body, event, _, read = MESSAGES[name]
    folder["texts"] = SEES
    journal = SqliteJournal(tmp_path / "calls.db")
    daemon = await serve(folder, journal=journal)
    status = event is Event.MESSAGE_STATUS

    path = "/texts/status" if status else "/texts"
    first, again = [await post_raw(daemon, path, body, tried_as="t", headers=BARE) for _ in range(2)]

    assert (first.status, first.text) == (200, again.text)
    if status:
        assert (first.text, folder["texts"].seen) == (NOTHING, [])
        return
    [webhook] = folder["texts"].seen
    assert {field: getattr(webhook, field) for field in read} == read
    said = first_values(fields_of(body))
    assert first.verbs == [f"<Message>{said['From']} said {said['Body']}</Message>"]
    [key] = await journal.ended(0.0, 9)
    [row] = await journal.history(key)
    assert (dict(row.params), row.answer) == (said, first.text)


async def test_the_status_of_what_was_answered_is_written_down(serve, folder, tmp_path):
    folder["texts"] = SEES
    journal = SqliteJournal(tmp_path / "calls.db")
    daemon = await serve(folder, journal=journal)
    sms, delivered = (MESSAGES[name][1] for name in ("CAP-10 inbound SMS", "message status"))
    ours = first_values(fields_of(sms))
    turned = {"From": ours["To"], "To": ours["From"], "AccountSid": ours["AccountSid"]}
    fields = {**first_values(fields_of(delivered)), **turned}

    await post_raw(daemon, "/texts", sms, headers=BARE)
    reply = await post_raw(daemon, "/texts/status", urlencode(fields), headers=BARE)

    assert (reply.status, reply.text) == (200, NOTHING)
    [key] = await journal.ended(0.0, 9)
    assert [dict(row.params) for row in await journal.history(key)] == [ours, fields]
