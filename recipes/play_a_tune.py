"""Plays a sound file."""

from __future__ import annotations

from twiml import Play

recipe = [Play("https://demo.twilio.com/docs/classic.mp3")]
