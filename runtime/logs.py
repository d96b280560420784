"""Structured logs, each event a line, with the CallSid bound. What a caller keyed, and who they are, is masked."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

NUMBER = re.compile(r"\+\d{5,}")
NUMBERS = frozenset({"from_number", "to_number", "reason"})
SECRET = frozenset({"digits"})
HANDLER = "switchhook"
"""The name of what takes the records of libraries. A later call puts another in its place; those of others stay."""


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
    """Send logs, and those of libraries, to standard error: coloured lines for a terminal, JSON for a collector.

    What is configured last counts.
    """
    threshold = getattr(logging, level.upper())
    console = format == "console" or (format == "auto" and sys.stderr.isatty())
    first: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        masked,
    ]
    # A traceback shows where, but not what the variables hold: callers' numbers and keys are among it.
    last: list[Any] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            structlog.processors.JSONRenderer(),
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    only_event = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=[only_event, *last], foreign_pre_chain=first))
    handler.set_name(HANDLER)
    ours = all(each.name == HANDLER for each in logging.root.handlers)
    logging.basicConfig(level=threshold, handlers=[handler], force=ours)
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)
    logging.getLogger("pykka").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*first, *last],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=False,
    )
