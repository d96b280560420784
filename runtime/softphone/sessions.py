"""Connect, Pay, Refer, Echo: verbs that hand the caller to somebody else for a while.

The softphone has no agents, no WebSocket and no till. Each runs its course at once, as if all went well, unless the
caller hangs up in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.softphone import fields
from runtime.softphone.caller import Answer, HangUp, Prompt
from runtime.softphone.document import children, content, name
from runtime.softphone.steps import Fetch

if TYPE_CHECKING:
    from lxml import etree

    from runtime.softphone.call import Call


async def connect(call: Call, element: etree._Element) -> Fetch | None:
    """A stream or a conversation; with an action, its document follows when the session ends."""
    nouns = [name(child) for child in children(element)]
    call.tell("note", f"connected to {' '.join(f'<{noun}>' for noun in nouns) or 'nothing'}")
    gone = await _hung_up(call, "Connect")
    session = {}
    if "ConversationRelay" in nouns:
        session = {
            "SessionId": fields.sid("VX"),
            "SessionStatus": "completed" if gone else "ended",
            "SessionDuration": "0",
        }
    return await call.conclude(element, session)


async def pay(call: Call, element: etree._Element) -> Fetch | None:
    """A payment: a card that is always good. The action is asked for in every case."""
    amount = element.get("chargeAmount", "0")
    call.tell("note", f"paying {amount} {element.get('currency', 'usd')}")
    if await _hung_up(call, "Pay"):
        return await call.conclude(element, {"Result": "caller-hung-up"}, always=True)
    paid = {
        "Result": "success",
        "PaymentMethod": element.get("paymentMethod", "credit-card"),
        "PaymentCardNumber": "xxxxxxxxxxxx4242",
        "PaymentCardType": "visa",
        "ExpirationDate": "1230",
    }
    charged = amount.strip("0.") != ""
    paid["PaymentConfirmationCode" if charged else "PaymentToken"] = fields.sid("PC" if charged else "PT")
    return await call.conclude(element, paid, always=True)


async def refer(call: Call, element: etree._Element) -> Fetch | None:
    """A SIP caller is sent elsewhere."""
    call.tell("note", f"referred to {content(element)}")
    await _hung_up(call, "Refer")
    accepted = {"ReferCallStatus": "completed", "ReferSipResponseCode": "202", "NotifySipResponseCode": "200"}
    return await call.conclude(element, accepted)


async def echo(call: Call, _element: etree._Element) -> None:
    """The caller hears themselves until they hang up."""
    call.tell("note", "echo")
    await call.ask(Prompt("Echo", default=HangUp()))
    raise call.out("Echo")


async def _hung_up(call: Call, verb: str) -> bool:
    if isinstance(await call.ask(Prompt(verb, answer=True, default=Answer())), HangUp):
        call.put_down()
        return True
    return False
