"""Says one thing."""

from __future__ import annotations

from twiml import Say

recipe = [Say("yowza")]
