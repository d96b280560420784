"""Which call or message is the one that was sent, when the answer to sending it was lost.

Twilio is asked for its list of what went to that number; the one that was made since, and that this client hasn't
made before, is it. "Since" is reckoned by Twilio's clock: the `Date` of its answer, less the seconds that have gone by
here since the request was sent, by a clock that nobody sets. So a wrong clock here does no harm, nor does one that is
put right in between. Two that fit are not told apart.

What this can't know is another process that calls or texts the same number from the same number within the same
seconds: its call, if ours was never made, would be taken for ours.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from runtime.twilio.parameters import LIST_CALLS, LIST_MESSAGES, Pairs
from runtime.twilio.patience import seconds_of

NEWEST = 50
"""How many of a list are looked at; it begins with the newest."""
SLACK = 1.0
"""Both the `Date` of an answer and the date of a call are cut to whole seconds."""

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Search:
    """Where a lost one would be listed, and what else is known of it."""

    name: str
    """The name of the list in its page."""
    filters: Pairs
    is_like: Callable[[Resource], bool]

    def candidates(self, page: Mapping[str, Any], since: float, made: Container[str]) -> list[dict[str, Any]]:
        """Those of a page that may be it."""
        found: Iterable[dict[str, Any]] = page.get(self.name) or ()
        return [
            each
            for each in found
            if isinstance(each.get("sid"), str)
            and each["sid"] not in made
            and str(each.get("direction", "")).startswith("outbound-api")
            and _made_at(each, since) >= since
            and self.is_like(each)
        ]


def search_for_call(params: Mapping[str, Any]) -> Search:
    """How a new call with these parameters is found."""
    filters = LIST_CALLS.encode({"to": params["to"], "from_": params["from_"], "page_size": NEWEST})
    return Search("calls", filters, lambda _: True)


def search_for_message(params: Mapping[str, Any]) -> Search:
    """How a new message with these parameters is found. A service chooses the sender; a trial account adds words."""
    service, body = params.get("messaging_service_sid"), params.get("body")

    def is_like(found: Resource) -> bool:
        same_service = not service or found.get("messaging_service_sid") == service
        return same_service and (not body or str(found.get("body") or "").strip().endswith(body.strip()))

    sender = None if service else params.get("from_")
    filters = LIST_MESSAGES.encode({"to": params["to"], "from_": sender, "page_size": NEWEST})
    return Search("messages", filters, is_like)


def _made_at(found: Resource, unknown: float) -> float:
    """When it was made; one that has no date yet is new."""
    text = found.get("date_created") or found.get("start_time")
    seconds = seconds_of(text) if isinstance(text, str) else None
    return unknown if seconds is None else seconds
