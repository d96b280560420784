"""How Twilio says no: an HTTP status, a code of its own, and a sentence.

(Twilio's documentation: "Error and warning dictionary", "Test credentials".)
"""

from __future__ import annotations

from typing import Any

_STATUSES = {20003: 401, 20404: 404, 20004: 405, 20009: 409, 20429: 429}
"""The statuses of codes that aren't a plain 400."""

MAGIC = {
    ("Calls", "From", "+15005550001"): (21212, "is not a valid phone number"),
    ("Calls", "To", "+15005550001"): (21217, "does not appear to be valid"),
    ("Calls", "To", "+15005550002"): (21214, "can't be reached"),
    ("Calls", "To", "+15005550003"): (21215, "isn't one that this account may call: international permissions"),
    ("Calls", "To", "+15005550004"): (21216, "isn't one that this account may call: it is blocked"),
    ("Messages", "From", "+15005550001"): (21212, "is not a valid phone number"),
    ("Messages", "From", "+15005550007"): (21606, "isn't this account's, or can't send messages"),
    ("Messages", "From", "+15005550008"): (21611, "has a full queue"),
    ("Messages", "To", "+15005550001"): (21211, "is not a valid phone number"),
    ("Messages", "To", "+15005550002"): (21612, "can't be reached"),
    ("Messages", "To", "+15005550003"): (21408, "is in a region that this account may not send to"),
    ("Messages", "To", "+15005550004"): (21610, "has unsubscribed"),
    ("Messages", "To", "+15005550009"): (21614, "is not a mobile number"),
    ("IncomingPhoneNumbers", "PhoneNumber", "+15005550000"): (21422, "is not available"),
    ("IncomingPhoneNumbers", "PhoneNumber", "+15005550001"): (21421, "is invalid"),
}
"""Numbers that stand for something that is wrong with a number: for whom they are, in which parameter, and the code."""


class Refused(Exception):
    """A request that Twilio refuses."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = _STATUSES.get(code, 400)

    @property
    def body(self) -> dict[str, Any]:
        """The answer's JSON."""
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more, "status": self.status}


def not_found(path: str) -> Refused:
    """There is nothing at this path."""
    return Refused(20404, f"The requested resource {path} was not found")
