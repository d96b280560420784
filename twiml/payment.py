"""Pay, and what it holds: a payment taken by phone, the digits never heard by us.

(Twilio's documentation: "TwiML Voice: Pay".)
"""

from __future__ import annotations

from collections.abc import Sequence

from twiml.declare import attribute, nested, verb
from twiml.element import Hook, Noun, Verb
from twiml.rules import FLAG, METHOD, TEXT, URL, Rule, number, one_of, some_of, text, whole
from twiml.verbs import always


def _postal_code(value: object) -> str | None:
    return None if FLAG.problem(value) is None else text(20, least=1).problem(value)


POSTAL_CODE = Rule(
    "True, False, or the postal code itself",
    _postal_code,
    kept=lambda value: FLAG.kept(value) if FLAG.problem(value) is None else value,
)


CARDS = some_of(*"visa mastercard amex maestro discover optima jcb diners-club enroute".split())


@verb
class Prompt(Noun):
    """What a caller hears at one step of a Pay, instead of Twilio's own words."""

    body: Sequence[Verb] = nested("Say", "Play", "Pause")
    for_: str | None = attribute(
        one_of(
            *"payment-card-number expiration-date security-code postal-code payment-processing".split(),
            *"bank-account-number bank-routing-number".split(),
        )
    )
    attempt: str | list[str] | None = attribute(some_of(*map(str, range(1, 11))))
    card_type: str | list[str] | None = attribute(CARDS)
    error_type: str | list[str] | None = attribute(
        some_of(
            *"timeout invalid-card-number invalid-card-type invalid-date invalid-security-code".split(),
            *"internal-error input-matching-failed".split(),
        )
    )
    require_matching_inputs: bool | None = attribute(FLAG)


@verb(flow="wait", hooks=(Hook("action", None, always),))
class Pay(Verb):
    """Take a payment, or a token for later payments; the flow goes on with its Result."""

    body: Sequence[Noun] = nested("Prompt", "Parameter")
    charge_amount: float | str | None = attribute(number(), default="0: a token only")
    currency: str | None = attribute(text(3, least=3), default="usd")
    description: str | None = attribute(TEXT)
    payment_connector: str | None = attribute(TEXT, default="Default")
    payment_method: str | None = attribute(one_of("credit-card", "ach-debit"), default="credit-card")
    token_type: str | None = attribute(one_of("one-time", "reusable", "payment-method"), default="reusable")
    bank_account_type: str | None = attribute(
        one_of("consumer-checking", "consumer-savings", "commercial-checking", "commercial-savings"),
        default="consumer-checking",
    )
    valid_card_types: str | list[str] | None = attribute(CARDS, default="visa mastercard amex")
    postal_code: bool | str | None = attribute(POSTAL_CODE, default="true")
    min_postal_code_length: int | None = attribute(whole(0))
    security_code: bool | None = attribute(FLAG, default="true")
    input: str | None = attribute(one_of("dtmf"), default="dtmf")
    language: str | None = attribute(
        one_of(
            *"de-DE en-AU en-CA en-GB en-IN en-IE en-NZ en-PH en-ZA en-US es-ES es-US fr-CA fr-FR it-IT".split(),
        ),
        default="en-US",
    )
    timeout: int | None = attribute(whole(1), default="5")
    max_attempts: int | None = attribute(whole(1), default="1")
    action: str | None = attribute(URL, default="the URL of the document")
    method: str | None = attribute(METHOD, default="POST")
    status_callback: str | None = attribute(URL)
    status_callback_method: str | None = attribute(METHOD, default="POST")
