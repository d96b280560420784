"""Every request that Twilio makes about a call, through a live daemon: what it is answered, how the call stands then,
who is told, what they see of it, and what the journal has. The requests are those of `test_webhook_requests`.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl

import pytest

from actors import Webhook
from actors.webhooks import Event
from tests.actors.test_webhook_requests import ROWS
from tests.runtime.subscribed import MENU
from tests.wire import post_raw
from twiml import NOTHING

BASIC = {"Authorization": "Basic amFuZTpzZWNyZXQ="}


class Case(NamedTuple):
    """A request, by its name in the table: the verb that the call is at, and what comes of it."""

    verb: str = MENU
    path: str = "(action)"
    hears: bool = True
    """Whether somebody waits for a document, and hears it."""
    told: str = ""
    """The events, in order."""
    stands: str = "in-progress"
    """How the call stands then; `ending` if its caller is gone, and the last word still to come."""
    about: str = "CA1"


FIRST = Case(verb="", path="")
STATUS = Case(path="status", hears=False)
RELAY = Case('Connect([ConversationRelay(url="wss://example.com/talk")]), ')

CASES: dict[str, Case] = {
    "CAP-1 inbound call": FIRST,
    "4.1 what is sometimes there": FIRST,
    "4.1 a call by SIP": FIRST,
    "CAP-2 call of the Voice SDK": FIRST,
    "CAP-9 outbound call": FIRST,
    "4.5 synchronous machine detection": FIRST,
    "fallback": FIRST,
    "redirect": Case(path="2"),
    "CAP-3 gather, digits": Case(),
    "CAP-3 gather, digits, ended by a key": Case(),
    "gather, speech": Case(),
    "gather, nothing": Case('Gather(action="/flow/2", action_on_empty_result=True), '),
    "record action": Case("Record(), "),
    "CAP-4 record action, caller hung up": Case("Record(), ", hears=False, stands="ending"),
    "CAP-7 dial action": Case('Dial("+14155550177"), ', told="recording dial"),
    "dial action, SIP": Case('Dial("+14155550177"), ', hears=False, told="dial", stands="ending"),
    "refer action": Case('Refer([ReferSip("sip:bob@example.com")]), '),
    "enqueue action": Case('Enqueue("support"), '),
    "connect action, stream": Case('Connect([Stream(url="wss://example.com/media")]), '),
    "connect action, ConversationRelay": RELAY,
    "connect action, ConversationRelay failed": RELAY,
    "pay action": Case("Pay(), "),
    "pay action, nothing was paid": Case("Pay(), "),
    "pay action, with a profile alone": Case("Pay(), "),
    "pay action, the caller has hung up": Case("Pay(), ", hears=False, stands="ending"),
    "CAP-5 recording status": STATUS._replace(path="recording?step=1", told="recording"),
    "recording status of a conference": STATUS._replace(path="recording?step=1", told="recording"),
    "CAP-6 transcription": STATUS._replace(path="transcription?step=1", told="recording transcription"),
    "CAP-8 call status": STATUS._replace(path="", told="recording status completion", stands="completed"),
    "CAP-8b call status, busy": STATUS._replace(told="status completion", stands="completed"),
    "no-answer call status": STATUS._replace(told="status completion", stands="completed"),
    "call status, initiated": STATUS._replace(path="", told="status"),
    "leg status": STATUS._replace(path="status?step=1", told="leg", about="CA9"),
    "4.5 asynchronous machine detection": STATUS._replace(told="detection"),
    "partial result": STATUS._replace(told="partial_speech"),
    "partial result, of nothing yet": STATUS._replace(told="partial_speech"),
    "payment, as it goes on": STATUS._replace(told="payment"),
    "payment, before anything was keyed": STATUS._replace(told="payment"),
    "payment, a wrong key": STATUS._replace(told="payment"),
    "conference, participant-join": STATUS._replace(path="status?step=1", told="conference"),
    "conference, the rest": STATUS._replace(path="status?step=1", told="conference"),
    "conference, conference-end": STATUS._replace(path="status?step=1", told="conference"),
    "real time, started": STATUS._replace(path="transcription", told="live_transcription"),
    "real time, content": STATUS._replace(told="live_transcription"),
    "real time, error": STATUS._replace(told="live_transcription"),
    "stream started": STATUS._replace(told="stream"),
    "stream stopped": STATUS._replace(told="stream"),
    "stream error": STATUS._replace(told="stream"),
}
OWN_DOCUMENTS = ("4.2 whisper", "dial referUrl", "queue url", "enqueue waitUrl", "CAP-3b gather by GET")
"""What Twilio asks of a URL that a flow names for somebody else, or for one who waits: see `test_callbacks_live`."""
OTHERWISE = ("conference, conference-start", "real time, stopped")
"""What comes to no call, or where it should not: see `test_callbacks_live`."""
ADDED = {
    "leg status": {"CallSid": "CA9", "DialCallSid": "CA1"},
    "conference, conference-end": {"CallSid": "CA1"},
}
"""What those who are told have in place of the leg that it is about, or of no call at all."""
MESSAGES = {Event.MESSAGE, Event.MESSAGE_STATUS}


def test_no_request_about_a_call_is_left_out():
    calls = {name for name, (_, body, event, *_) in ROWS.items() if event not in MESSAGES and "SmsSid" not in body}
    assert sorted([*CASES, *OWN_DOCUMENTS, *OTHERWISE]) == sorted(calls)


@pytest.mark.parametrize("name", CASES)
async def test_what_comes_of_a_request(begin, name):
    """And of a second try of it, which brings the credentials that a proxy has asked for (CAP-12)."""
    case, (path, body, _, kind, read) = CASES[name], ROWS[name]
    begun = await begin(case.verb, case.about)
    daemon, flow, where = begun.daemon, begun.flow, begun.url(case.path)

    reply = await post_raw(daemon, where, body, tried_as="4f2e8fd5")
    again = await post_raw(daemon, where, body, tried_as="4f2e8fd5", headers=BASIC)
    await begun.settled()

    assert (reply.status, again.status) == (200, 200)
    assert again.text == reply.text
    heard = reply.verbs.count("<Say>seen</Say>")
    assert (heard, reply.text == NOTHING) == (case.hears, not case.hears)
    assert begun.events == case.told.split(), "each once, though it was tried twice"
    snapshot, rows = await daemon.journal.load(case.about), await daemon.journal.history(case.about)
    assert ("ending" if snapshot.ending else snapshot.status) == case.stands
    assert len(rows) == 1 + bool(case.verb), "a repeat is no step"
    place = where.partition("?")[0].removeprefix("/flow").strip("/")
    assert (rows[-1].kind, rows[-1].path, rows[-1].answer) == (kind.value, place, reply.text)
    sees = [webhook.params for _, webhook, *_ in flow.told] + [params for params, _ in flow.seen]
    assert len(flow.seen) == case.hears
    for params in [*sees, rows[-1].params]:
        webhook = Webhook(params, "flow", path)
        assert {field: getattr(webhook, field) for field in read} == read
        assert params == dict(parse_qsl(body, keep_blank_values=True)) | ADDED.get(name, {})
