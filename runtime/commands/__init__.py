"""The command line: `switchhook serve`, `check`, `draw`, `dial`, `status`."""

from __future__ import annotations

from runtime.commands.cli import main

__all__ = ["main"]
