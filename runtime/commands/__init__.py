"""The command line: `switchhook serve`, `check`, `draw`, `dial`, `status` and the others that [cli](cli.py) lists.

Ctrl-C ends it quietly from the first line on, so not even `__future__` is imported before the `try`.
"""

try:
    from runtime.commands.ctrl_c import at_once

    with at_once():
        from runtime.commands.cli import main
except KeyboardInterrupt:  # nobody had taken it yet
    raise SystemExit(130) from None

__all__ = ["main"]
