"""Ctrl-C as something that is said to the program, not as an exception wherever it happens to be."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def interrupted_by(do: Callable[[], object]) -> Iterator[None]:
    """Within, Ctrl-C calls `do` on the running loop, where signals can be had: on the main thread, not on Windows."""
    loop = asyncio.get_running_loop()
    before = signal.getsignal(signal.SIGINT)
    try:
        loop.add_signal_handler(signal.SIGINT, do)
    except (NotImplementedError, RuntimeError, ValueError):
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        signal.signal(signal.SIGINT, before)
