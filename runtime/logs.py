"""Structured logs, each event a line, with the CallSid bound. What a caller keyed, and who they are, is masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

NUMBER = re.compile(r"\+\d{5,}")
NUMBERS = frozenset({"from_number", "to_number"})
SECRET = frozenset({"digits"})


def mask(text: str) -> str:
    """A phone number with its country kept and its digits only counted.

    >>> mask("+441314960123"), mask("client:jane")
    ('+44##########', 'client:jane')
    """
    return NUMBER.sub(lambda found: found[0][:3] + "#" * (len(found[0]) - 3), text)


def masked(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hides digits and phone numbers, wherever they are named."""
    for name in NUMBERS & event.keys():
        event[name] = mask(str(event[name]))
    for name in SECRET & event.keys():
        event[name] = "#" * len(str(event[name]))
    return event


def configure(level: str = "info", format: str = "auto") -> None:
    """Send logs to standard error: coloured lines for a terminal, JSON for a collector."""
    threshold = getattr(logging, level.upper())
    logging.basicConfig(level=threshold, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("pykka").setLevel(logging.WARNING)
    console = format == "console" or (format == "auto" and sys.stderr.isatty())
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer()]
        if console
        else [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            masked,
            *last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
