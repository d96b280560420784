"""One end of a call or message: who it is and where."""

from __future__ import annotations

from dataclasses import dataclass

import phonenumbers

WITHHELD = frozenset({"", "anonymous", "unknown", "restricted"})
"""What stands for a number that isn't told."""


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a call: a number in E.164, or `whatsapp:+…`, `client:name`, `sip:…`, `anonymous`; and where it is."""

    number: str = ""
    city: str = ""
    zip: str = ""
    state: str = ""
    country: str = ""

    @property
    def channel(self) -> str:
        """How it is reached if not by telephone: `client`, `sip`, `whatsapp`, …; "" for a plain number.

        >>> Party("sip:jane@example.com").channel, Party("whatsapp:+441314960123").address, Party("+44").channel
        ('sip', '+441314960123', '')
        """
        channel, colon, _ = self.number.partition(":")
        return channel if colon and channel.isascii() and channel.isalpha() else ""

    @property
    def address(self) -> str:
        """The number, name or SIP address, without the channel."""
        return self.number[len(self.channel) + 1 :] if self.channel else self.number

    @property
    def withheld(self) -> bool:
        """Whether there is nobody to call back: no number, `anonymous`, `unknown`, `restricted`."""
        return self.number.lower() in WITHHELD

    @property
    def country_code(self) -> int | None:
        """The country's calling code, 44 for the United Kingdom; None for what isn't a phone number."""
        parsed = self._parsed()
        return parsed.country_code if parsed else None

    @property
    def prefix(self) -> str:
        """What is dialled before the national number within the country, "0" in the United Kingdom.

        Empty where there is none, as in Italy, and for what isn't a phone number.
        """
        parsed = self._parsed()
        region = phonenumbers.region_code_for_number(parsed) if parsed else None
        metadata = phonenumbers.PhoneMetadata.metadata_for_region(region or "", None)
        return (metadata.national_prefix or "") if metadata else ""

    @property
    def national_number(self) -> str:
        """The number as it is dialled within its country, digits only; "" for what isn't a phone number."""
        parsed = self._parsed()
        if parsed is None:
            return ""
        shown = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
        return "".join(filter(str.isdecimal, shown))

    def _parsed(self) -> phonenumbers.PhoneNumber | None:
        number = self.number.removeprefix("whatsapp:")
        if not number.startswith("+"):
            return None  # phonenumbers would find one within `client:+44…`
        try:
            return phonenumbers.parse(number)
        except phonenumbers.NumberParseException:
            return None
