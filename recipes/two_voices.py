"""Says two things, the first in French with the woman's voice."""

from __future__ import annotations

from twiml import Say

recipe = [
    Say("Bonjour et bienvenue", language="fr", voice="woman"),
    Say("And good morning to you too."),
]
