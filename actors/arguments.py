"""Whether a function can be called with what it is going to be given, said before anybody waits for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def unfit(name: str, function: Callable[..., Any], *given: str) -> str | None:
    """Why a function can't be called with these arguments, or None: it can, or it doesn't tell what it takes.

    What counts is what is called, a decorator's function and not the one behind it.

    >>> unfit("hours", lambda call: [], "call")
    >>> unfit("note", lambda webhook: None, "webhook", "call")
    'note(webhook) must take the webhook and the call and nothing else: def note(webhook, call)'
    """
    try:
        takes = inspect.signature(function, follow_wrapped=False)
    except (TypeError, ValueError):
        return None
    try:
        takes.bind(*given)
    except TypeError:
        called = f"def {name.rpartition(':')[2].rpartition('.')[2]}({', '.join(given)})"
        return f"{name}{takes} must take the {' and the '.join(given)} and nothing else: {called}"
    return None
