"""What Switchhook itself says to a caller, when a flow can't."""

from __future__ import annotations

from twiml.verbs import Hangup, Pause, Reject, Say
from twiml.xml import encode, fragment

HOLD = fragment(Say("One moment, please.")) + fragment(Pause(length=2))
"""While a callout takes its time. A Redirect to it follows."""

GOODBYE = fragment(Say("Goodbye.")) + fragment(Hangup())
"""When a flow goes round and round with nobody answering."""

APOLOGY = encode([Say("We are sorry, something went wrong. Please call again later."), Hangup()])
"""The document of a call that failed."""

BUSY = encode([Reject(reason="busy")])
"""The document of a call that can't be taken."""

NOTHING = encode([])
"""The answer to a callback, whose document Twilio doesn't read."""
