"""What the tests of the supervisor share with those of a call."""

from __future__ import annotations

from tests.actors.conftest import clock, gate, office

__all__ = ["clock", "gate", "office"]
