"""Says something in German, waits ten seconds, and says something more."""

from __future__ import annotations

from twiml import Pause, Say

recipe = [
    Say("Einen Augenblick, bitte", language="de", voice="woman"),
    Pause(length=10),
    Say("Thank you for waiting.", voice="woman"),
]
