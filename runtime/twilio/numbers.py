"""What a phone number should be set to, and in what it differs.

A call to a number goes to its `voice_url`, and to its `voice_fallback_url` if nobody answers there. Both are passed
over if the number has a TwiML application (`voice_application_sid`) or a SIP trunk (`trunk_sid`), and `sms_url` if it
has an application for messages. Not every number can be called, and not every number can be texted: its `capabilities`
say so. A short code, or an address of another channel as `whatsapp:+44…`, is none of these numbers: where its messages
go is set elsewhere, and not looked at here. (Twilio's documentation: "IncomingPhoneNumber resource".)
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runtime.twilio.outbound import recipe_url
from runtime.twilio.parameters import wire_name
from twiml import E164

Wanted = Mapping[str, str]
"""Attributes by their names in `update_number`, which are those in what Twilio answers; empty where there is none."""

_NEEDS = {"voice_url": ("voice", "calls"), "sms_url": ("sms", "messages")}
"""The capability that an attribute is set in vain without, and what the number then doesn't take."""
_OTHERS = {
    "a WhatsApp address": re.compile(f"whatsapp:{E164.pattern}"),
    "an address": re.compile(r"(?!whatsapp:)[a-z]+:\S+"),
    "a short code": re.compile(r"[0-9]{3,8}"),
}
"""What is called or texted, and is no phone number."""


@dataclass(frozen=True, slots=True)
class Difference:
    """An attribute that isn't as it should be."""

    name: str
    found: str
    wanted: str

    @property
    def wire_name(self) -> str:
        """Its name with Twilio, and in its console: `VoiceUrl`."""
        return wire_name(self.name)

    @property
    def remark(self) -> str:
        """What is too much or missing at its end, if that is all.

        >>> Difference("voice_url", "https://h/hours/", "https://h/hours").remark
        "'/' at its end is too much"
        """
        if self.found and self.wanted.startswith(self.found):
            return f"{self.wanted[len(self.found) :]!r} at its end is missing"
        if self.wanted and self.found.startswith(self.wanted):
            return f"{self.found[len(self.wanted) :]!r} at its end is too much"
        return ""


@dataclass(frozen=True, slots=True)
class Number:
    """A phone number as it is with Twilio, beside what it should be.

    Attributes:
        number: as +441314960100.
        recipe: what it should reach; empty if it isn't ours.
        account: who has it; empty if nobody does.
        sid: its SID, PN….
        voice_url: where its calls go: a URL, or the SID of an application or a trunk.
        wanted: what it should be set to.
        differences: what of that it isn't.
        trouble: why it can't be set at all.
    """

    number: str
    recipe: str = ""
    account: str = ""
    sid: str = ""
    voice_url: str = ""
    wanted: Wanted = field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    trouble: str = ""

    @property
    def other_kind(self) -> str:
        """What it is, if it is no phone number.

        >>> Number("whatsapp:+441314960100").other_kind, Number("62442").other_kind, Number("+441314960100").other_kind
        ('a WhatsApp address', 'a short code', '')
        """
        return next((kind for kind, pattern in _OTHERS.items() if pattern.fullmatch(self.number)), "")

    @property
    def state(self) -> Literal["right", "different", "not ours", "not looked at", "error"]:
        """How it stands."""
        if self.trouble:
            return "error"
        if not self.recipe:
            return "not ours"
        if self.other_kind:
            return "not looked at"
        return "different" if self.differences else "right"


def wanted(
    public_url: str, recipe: str, fallback_url: str = "", *, calls: bool = True, replies: bool = False
) -> dict[str, str]:
    """What a number should be set to, so that its `calls` reach a recipe, and its messages if that `replies` to any.

    >>> wanted("https://h", "hours")["status_callback"]
    'https://h/hours/status'
    >>> wanted("https://h", "text_back", calls=False, replies=True)
    {'sms_url': 'https://h/text_back', 'sms_method': 'POST', 'sms_application_sid': ''}
    """
    url = recipe_url(public_url, recipe)
    voice = {
        "voice_url": url,
        "voice_method": "POST",
        "voice_fallback_url": fallback_url or url,
        "voice_fallback_method": "GET" if fallback_url else "POST",
        "status_callback": recipe_url(public_url, recipe, "status"),
        "status_callback_method": "POST",
        "voice_application_sid": "",
    }
    messages = {"sms_url": url, "sms_method": "POST", "sms_application_sid": ""}
    return (voice if calls else {}) | (messages if replies else {})


def differences(found: Mapping[str, Any], wanted: Wanted) -> tuple[Difference, ...]:
    """In what a number, as Twilio tells of it, is not what is wanted."""
    pairs = ((name, str(found.get(name) or ""), value) for name, value in wanted.items())
    return tuple(Difference(name, is_, value) for name, is_, value in pairs if is_ != value)


def compared(
    found: Iterable[Mapping[str, Any]], recipes: Mapping[str, str], wanted: Mapping[str, Wanted]
) -> list[Number]:
    """Every number there is or should be: ours in the order of `recipes`, then the others.

    Args:
        found: the numbers of all accounts, as Twilio tells of them.
        recipes: the recipe of each number that is ours.
        wanted: what each recipe's numbers should be set to.
    """
    there = {str(each.get("phone_number")): each for each in found}
    ours = [_ours(number, recipe, there.get(number), wanted[recipe]) for number, recipe in recipes.items()]
    return ours + [_known(number, there[number]) for number in sorted(there.keys() - recipes.keys())]


def _ours(number: str, recipe: str, found: Mapping[str, Any] | None, wanted: Wanted) -> Number:
    if (other := Number(number, recipe)).other_kind:
        return other
    if not E164.fullmatch(number):
        return Number(number, recipe, trouble="is no number as Twilio has it: write it like +441314960100 in [numbers]")
    if found is None:
        return Number(number, recipe, trouble="is in [numbers], and none of the account's")
    if "voice_url" in wanted and (trunk := found.get("trunk_sid")):
        trouble = f"its calls go to the SIP trunk {trunk}, past any URL: take it off the trunk first"
        return _known(number, found, recipe=recipe, trouble=trouble)
    if unable := list(_unable(found, wanted)):
        trouble = f"takes no {' and no '.join(unable)}, which no setting changes: give {recipe} another number"
        return _known(number, found, recipe=recipe, trouble=trouble)
    return _known(number, found, recipe=recipe, wanted=wanted, differences=differences(found, wanted))


def _unable(found: Mapping[str, Any], wanted: Wanted) -> Iterable[str]:
    """What the number would have to take, and can't."""
    capabilities = found.get("capabilities") or {}
    for attribute, (capability, what) in _NEEDS.items():
        if attribute in wanted and capabilities.get(capability) is False:
            yield what


def _known(number: str, found: Mapping[str, Any], **more: Any) -> Number:
    url = str(found.get("trunk_sid") or found.get("voice_application_sid") or found.get("voice_url") or "")
    return Number(number, account=str(found.get("account_sid")), sid=str(found.get("sid")), voice_url=url, **more)
