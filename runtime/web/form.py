"""What a request carries: its body, its form, its place below the recipes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from sys import intern
from urllib.parse import unquote, unquote_plus

from aiohttp import web

LARGEST = 64 * 1024
"""Bytes of a body. Twilio's webhooks have one or two thousand."""
MOST_FIELDS = 1000
SHORT = 64
"""Characters of a text that is worth remembering; only such are, as anybody may send anything."""


class Refused(Exception):
    """A request that isn't let in: the HTTP status, and one line that says why."""

    def __init__(self, status: int, line: str, **headers: str) -> None:
        super().__init__(line)
        self.status = status
        self.line = line
        self.headers = headers


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes: the recipe's name, what is below it, and the raw query."""

    recipe: str
    path: str
    query: str

    @property
    def step(self) -> int | None:
        """The step that wrote the URL, from `?step=`."""
        for part in self.query.split("&"):
            name, _, value = part.partition("=")
            if name == "step" and value.isascii() and value.isdecimal() and len(value) < 10:
                return int(value)
        return None


def place(raw_path: str, prefix: str) -> Place:
    """Take a request's raw path and query apart, below the path that everything is mounted under.

    >>> place("/ivr/menu/1.3?step=2", "/ivr").recipe, place("/ivr/menu/1.3?step=2", "/ivr").path
    ('menu', '1.3')
    """
    path, _, query = raw_path.partition("?")
    if not path.startswith(prefix + "/") and path != prefix:
        raise Refused(404, f"there is nothing at {path}; recipes are under {prefix}/")
    recipe, _, below = unquote(path[len(prefix) + 1 :]).partition("/")
    return Place(recipe, below.strip("/"), query)


async def body_of(request: web.BaseRequest) -> bytes:
    """The request's body, if it isn't too large."""
    if (request.content_length or 0) > LARGEST:
        raise Refused(413, f"a body of more than {LARGEST} bytes")
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge as problem:
        raise Refused(413, f"a body of more than {LARGEST} bytes") from problem
    except (web.RequestPayloadError, ConnectionError) as problem:
        raise Refused(400, "the body broke off") from problem
    if len(body) > LARGEST:
        raise Refused(413, f"a body of more than {LARGEST} bytes")
    return body


def fields_of(encoded: str) -> list[tuple[str, str]]:
    """A form's or query's names and values, decoded once, empty values and repeats kept.

    >>> fields_of("From=%2B44&Digits=&msg=Gather+End&q=a=b")
    [('From', '+44'), ('Digits', ''), ('msg', 'Gather End'), ('q', 'a=b')]
    """
    # Interned, a text that a hundred thousand calls hold, such as a field's name, is held once.
    if encoded.count("&") >= MOST_FIELDS:
        raise Refused(413, f"a form of more than {MOST_FIELDS} fields")
    split = [part.partition("=") for part in encoded.split("&") if part]
    return [
        (
            _decoded(name) if "%" in name or "+" in name else intern(name),
            _decoded(value) if "%" in value or "+" in value else intern(value),
        )
        for name, _, value in split
    ]


def _decoded(text: str) -> str:
    return _decoded_once(text) if len(text) <= SHORT else unquote_plus(text)


@lru_cache(maxsize=4096)
def _decoded_once(text: str) -> str:
    """Decode a short text, once: most come again with every webhook of a call."""
    return intern(unquote_plus(text))


def first_values(fields: list[tuple[str, str]]) -> dict[str, str]:
    """The fields by name; of a repeated one the first value counts."""
    return dict(reversed(fields))
