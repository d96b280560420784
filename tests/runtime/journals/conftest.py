"""Daemons as processes of their own, which can be killed."""

from __future__ import annotations

from tests.runtime.commands.conftest import environment, start

__all__ = ["environment", "start"]
