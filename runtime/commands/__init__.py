"""The command line: `switchhook serve`, `check`, `draw`, `dial`, `status` and the others that [cli](cli.py) lists."""

from runtime.commands.cli import main

__all__ = ["main"]
