"""Where a call that is made goes: to a recipe's own URLs, so that it has its end told like any other.

Nobody tells of an outbound call's end unless Twilio was asked to when it was made. The event `completed` is also told
of a busy line, of no answer, of a call that failed or was canceled, for which no document is ever asked.
(Twilio's documentation: "Call resource".)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from runtime.twilio.errors import InvalidRequest

EVENTS = ("answered", "completed")
"""What a recipe hears of its call. Before it is answered there is no call yet that could hear."""
URLS = ("url", "status_callback", "async_amd_status_callback", "recording_status_callback")
"""Where a call goes, and where it is told of."""
LONGEST = 4000
"""Characters of a query. A request's first line, which it becomes a part of, may have 8190 with the daemon."""


def recipe_url(public_url: str, recipe: str, path: str = "") -> str:
    """The URL of a recipe, or of what is below it.

    >>> recipe_url("https://ivr.example.com", "bookshop", "2.1")
    'https://ivr.example.com/bookshop/2.1'

    Raises:
        InvalidRequest: nobody has said where the daemon is.
    """
    if not public_url:
        raise InvalidRequest(f"no public_url: say where Twilio finds the daemon that serves {recipe}")
    below = f"/{quote(path)}" if path else ""
    return f"{public_url.rstrip('/')}/{quote(recipe)}{below}"


def too_long(query: str) -> str:
    """Why a query is more than a recipe can be given; empty if it isn't."""
    if len(query) <= LONGEST:
        return ""
    return f"has {len(query)} characters for the recipe, as a URL has them; {LONGEST} are the most"


def with_query(talk: Mapping[str, Any], query: str) -> dict[str, Any]:
    """The parameters of a call with more in the query of all its URLs, before what overrides Twilio's connection.

    A call that nobody answers begins with its status callback, so that has the query as well.

    >>> with_query({"url": "https://h/voice?x=1#rc=2", "status_callback": "https://h/over"}, "name=Jane")
    {'url': 'https://h/voice?x=1&name=Jane#rc=2', 'status_callback': 'https://h/over?name=Jane'}

    Raises:
        InvalidRequest: it is too long.
    """
    if why := too_long(query):
        raise InvalidRequest(f"the query {why}")
    return {**talk, **{name: _extended(talk[name], query) for name in URLS if query and name in talk}}


def _extended(url: str, query: str) -> str:
    bare, mark, overrides = url.partition("#")
    return f"{bare}{'&' if '?' in bare else '?'}{query}{mark}{overrides}"


def talk_to(
    public_url: str, recipe: str, asked: Mapping[str, Any], query: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The parameters by which a new call goes to a recipe, and the recipe hears of it; what is asked for stands.

    >>> call = talk_to("https://ivr.example.com", "bookshop", {"async_amd": True})
    >>> call["status_callback"], call["async_amd_status_callback"], call["status_callback_event"]
    ('https://ivr.example.com/bookshop/status', 'https://ivr.example.com/bookshop/status', ('answered', 'completed'))
    """
    urls: dict[str, Any] = {
        "url": recipe_url(public_url, recipe),
        "status_callback": recipe_url(public_url, recipe, "status"),
        "status_callback_event": EVENTS,
    }
    if asked.get("async_amd"):
        urls["async_amd_status_callback"] = recipe_url(public_url, recipe, "status")
    if asked.get("record"):
        urls["recording_status_callback"] = recipe_url(public_url, recipe, "recording")
    ours = with_query(urls, urlencode(query or {}))
    return {**ours, **{name: value for name, value in asked.items() if value is not None}}
