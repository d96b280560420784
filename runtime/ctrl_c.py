"""Ctrl-C while a command is still being imported: the process ends at once, and says nothing.

An exception won't do for that. One that is raised during an import may be raised in a callback of the importer's, which
prints a traceback and goes on, or in a hook of a class that is being made, which makes another exception of it: so it
was with three of three hundred interrupts. This is what the [entry point](entry_point.py) imports first, and it imports
next to nothing.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from typing import NoReturn

CTRL_C = 130
"""The exit code after Ctrl-C, as a shell has it of a process that SIGINT has ended."""


@contextmanager
def at_once() -> Iterator[None]:
    """Within, Ctrl-C ends the process.

    Where a program has a way of its own with it, where it is ignored, and on other threads, all stays as it is.
    """
    take()
    try:
        yield
    finally:
        as_usual()


def take() -> None:
    """From here on it ends the process, unless it did something else than to raise `KeyboardInterrupt`."""
    if current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def as_usual() -> None:
    """From here on it is a `KeyboardInterrupt` again."""
    if current_thread() is main_thread() and signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _leave(*_: object) -> NoReturn:
    os._exit(CTRL_C)
