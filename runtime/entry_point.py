"""What the script `switchhook` imports. From here on until a command has begun, Ctrl-C ends the process at once.

So not even `__future__` is imported before the `try`. A program that has the command within it imports
`runtime.commands`, which leaves Ctrl-C alone.
"""

try:
    from runtime.ctrl_c import take

    take()
    from runtime.commands import main
except KeyboardInterrupt:  # nobody had taken it yet
    raise SystemExit(130) from None

__all__ = ["main"]
