"""Messages: kept, and delivered without delay.

    queued | accepted -> sent -> delivered          scheduled -> canceled

(Twilio's documentation: "Message resource".)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from runtime.softphone import fields
from runtime.softphone.document import Fault
from runtime.softphone.fields import rfc2822
from runtime.softphone.outbound import Address
from runtime.softphone.rest import numbers
from runtime.softphone.rest.pages import Row, page
from runtime.softphone.rest.parameters import LIST_MESSAGES
from runtime.softphone.rest.refusals import Refused, not_found
from runtime.softphone.wire import Wire

if TYPE_CHECKING:
    from runtime.softphone.rest.stand_in import Asked, StandIn
    from runtime.softphone.transcript import Request

_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENDED = frozenset("\f^{}\\[~]|€")
_SCHEDULED = {
    "SendAt": (35111, "SendAt timestamp is missing"),
    "MessagingServiceSid": (35118, "MessagingServiceSid is required to schedule a message"),
}
"""What one needs that is to be sent later, and the code where it hasn't got it."""
_SENDING = ("sent", "delivered")
FINAL = frozenset({"delivered", "canceled"})


@dataclass(slots=True)
class Message:
    """A message that was asked for.

    Attributes:
        requests: its status callbacks, as they were sent.
    """

    sid: str
    account_sid: str
    to: str
    from_: str
    body: str
    service: str
    media: tuple[str, ...]
    created: datetime
    status: str = "queued"
    sent: datetime | None = None
    requests: list[Request] = field(default_factory=list)


# --- requests ------------------------------------------------------------------------------------


def create(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """Take a message, to be sent at once, or later if it is scheduled: then it stays."""
    params = asked.params
    numbers.check_sender(twilio, asked, 21606, "isn't this account's, or can't send messages")
    media, service = tuple(filter(None, params.get("MediaUrl", ()))), params.text("MessagingServiceSid")
    if len(media) > 10:
        raise Refused(21623, "A message has ten media at most")
    for name, refusal in _SCHEDULED.items():
        if params.text("ScheduleType") and not params.text(name):
            raise Refused(*refusal)
    message = Message(
        fields.sid("MM" if media else "SM"),
        asked.account_sid,
        params.text("To"),
        params.text("From"),
        params.text("Body"),
        service,
        media,
        twilio.now(),
        "scheduled" if params.text("ScheduleType") else "accepted" if service else "queued",
    )
    twilio.messages[message.sid] = message
    if message.status != "scheduled":
        twilio.begin(_deliver(twilio, message, Address(params.text("StatusCallback"))))
    return shown(message)


def fetch(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """A message as it stands."""
    return shown(_found(twilio, asked))


def update(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """Empty a message's body, or cancel one that is scheduled."""
    message = _found(twilio, asked)
    if asked.params.text("Status"):
        if message.status != "scheduled":
            raise Refused(30409, f"{message.sid} is {message.status}; only a scheduled message can be canceled")
        message.status = "canceled"
    if "Body" in asked.params:
        message.body = ""
    return shown(message)


def delete(twilio: StandIn, asked: Asked) -> None:
    """Forget a message that has arrived."""
    message = _found(twilio, asked)
    if message.status not in FINAL:
        raise Refused(20009, f"{message.sid} can't be deleted before it is complete")
    twilio.deleted.add(message.sid)


def listed(twilio: StandIn, asked: Asked) -> dict[str, Any]:
    """The account's messages."""
    own = (each for each in reversed(twilio.messages.values()) if each.account_sid == asked.account_sid)
    rows = [Row(shown(message), message.sid in twilio.deleted) for message in own]
    return page("messages", asked.path, LIST_MESSAGES, asked.params, rows)


# --- what they are about -------------------------------------------------------------------------


def _found(twilio: StandIn, asked: Asked) -> Message:
    message = twilio.messages.get(asked.sid)
    if message is None or asked.sid in twilio.deleted or message.account_sid != asked.account_sid:
        raise not_found(asked.path)
    return message


async def _deliver(twilio: StandIn, message: Message, told: Address) -> None:
    """Send a message on its way. A status callback that fails changes nothing."""
    wire = Wire(twilio.session, twilio.accounts[message.account_sid], message.requests)
    for status in (*(["queued"] if message.status == "accepted" else []), *_SENDING):
        message.status = status
        if status == "sent":
            message.sent = twilio.now()
        if told.url:
            form = fields.message(message.sid, message.account_sid, message.from_, message.to, status, message.service)
            try:
                await wire.exchange("message", told.url, told.method, form, {})
            except Fault:
                continue


def segments(body: str) -> int:
    """How many messages of the old kind a text takes.

    >>> segments("a" * 160), segments("a" * 161), segments("€" * 81), segments("ж" * 70), segments("ж" * 71)
    (1, 2, 2, 1, 2)
    """
    if set(body) <= _GSM | _GSM_EXTENDED:
        length, one, each = len(body) + sum(c in _GSM_EXTENDED for c in body), 160, 153
    else:
        length, one, each = len(body.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= one else math.ceil(length / each)


def shown(message: Message) -> dict[str, Any]:
    """A message's JSON."""
    uri = f"/2010-04-01/Accounts/{message.account_sid}/Messages/{message.sid}"
    return {
        "body": message.body,
        "num_segments": str(segments(message.body)),
        "direction": "outbound-api",
        "from": message.from_ or None,
        "to": message.to,
        "date_updated": rfc2822(message.sent or message.created),
        "price": None,
        "error_message": None,
        "uri": f"{uri}.json",
        "account_sid": message.account_sid,
        "num_media": str(len(message.media)),
        "status": message.status,
        "messaging_service_sid": message.service or None,
        "sid": message.sid,
        "date_sent": rfc2822(message.sent) if message.sent else None,
        "date_created": rfc2822(message.created),
        "error_code": None,
        "price_unit": "USD",
        "api_version": "2010-04-01",
        "subresource_uris": {"media": f"{uri}/Media.json"},
    }
