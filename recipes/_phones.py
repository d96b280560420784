"""The numbers that the recipes use, from `[settings]` in the configuration.

Where they aren't set, numbers stand in that are kept for fiction and ring nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actors import Call

NOBODY = "+441314960123"
NOBODY_EITHER = "+441314960456"


def my_phone(call: Call) -> str:
    """The phone that calls are forwarded to and texts are sent to: `my_phone`."""
    return str(call.settings.get("my_phone", NOBODY))


def caller_id(call: Call) -> str:
    """The Twilio number that texts come from: `caller_id`, else the number that was called."""
    return str(call.settings.get("caller_id", call.to if call.to.startswith("+") else NOBODY_EITHER))
