"""Structured logs, each event a line, with the CallSid bound. What a caller keyed, and who they are, is masked."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from runtime import masks

TEXTS = frozenset({"from_number", "to_number", "reason"})
"""What is a text in the log, whatever it was."""
HANDLER = "switchhook"
"""The name of what takes the records of libraries. A later call puts another in its place; those of others stay."""


def masked(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: hides what was keyed, and phone numbers, wherever they are (see [masks](masks.py))."""
    texts = {name: str(event[name]) for name in TEXTS & event.keys()}
    event.update(masks.masked({name: event[name] for name in event.keys() - {"exc_info"}} | texts))
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
