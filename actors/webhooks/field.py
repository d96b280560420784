"""A field of a webhook: its name on the wire, its name here, its type, its events, its page.

The table of all fields is the body of the classes that derive from `Group`; this is how a row is
read. A field is a descriptor: it reads from `params` when it is asked for, and never before.

    class QueueFields(Group, page="voice/twiml/enqueue"):
        queue_time = whole("QueueTime", "Seconds that the caller has waited.", *_QUEUES)

    webhook.queue_time        12, or None
    Webhook.queue_time.wire   "QueueTime"

A value that isn't what the field is to be reads as None, and stays in `custom_params` as it came.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, overload

from actors.webhooks.events import Event
from actors.webhooks.party import Party

T = TypeVar("T")
Params: TypeAlias = Mapping[str, str]

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")
_LONGEST = 64
"""Characters of a number or a moment; nobody sends a longer one in earnest."""
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z0-9])")
_FLAGS = {"true": True, "false": False}


class Group:
    """Fields that stand on one page of Twilio's documentation, and are shown together."""

    params: Params
    fields: ClassVar[tuple[Field[Any], ...]] = ()
    """The fields that the class itself declares, in their order."""

    def __init_subclass__(cls, *, page: str = "") -> None:
        """Make the class's body a table."""
        cls.fields = tuple(row for row in vars(cls).values() if isinstance(row, Field))
        for row in cls.fields:
            row.page = row.page or page


class Field(Generic[T]):
    """A row of the table. Read from a webhook it is the value, read from the class it is itself."""

    name: str
    """As it is called here."""

    def __init__(
        self,
        wire: str,
        about: str,
        on: tuple[Event, ...],
        type: str,
        read: Callable[[str], T],
        missing: T,
        *,
        page: str,
    ) -> None:
        self.wire = wire
        """As Twilio calls it."""
        self.__doc__ = self.about = about
        self.on = frozenset(on)
        """The events that carry it; none if all do."""
        self.type = type
        self.read = read
        self.missing = missing
        self.page = page
        """The page of Twilio's documentation it stands on, or where else it is known from."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, hook: None, owner: type) -> Self: ...
    @overload
    def __get__(self, hook: Group, owner: type) -> T: ...
    def __get__(self, hook: Group | None, owner: type) -> Self | T:
        """The value, `missing` if it didn't come."""
        if hook is None:
            return self
        text = hook.params.get(self.wire)
        return self.missing if text is None else self.read(text)

    def taken(self, params: Params) -> Iterator[tuple[str, str, object]]:
        """What came of it and is what it should be: the name on the wire, a label, and the value."""
        if self.wire in params and (value := self.read(params[self.wire])) is not None:
            yield self.wire, label(self.wire), value

    def names(self, params: Params) -> Iterator[str]:
        """What came of it, be it what it should or not."""
        if self.wire in params:
            yield self.wire


class Text(Field[str]):
    """A text as it came: nothing to read, and so read the faster."""

    @overload
    def __get__(self, hook: None, owner: type) -> Self: ...
    @overload
    def __get__(self, hook: Group, owner: type) -> str: ...
    def __get__(self, hook: Group | None, owner: type) -> Self | str:
        """The text, "" if it didn't come."""
        return self if hook is None else hook.params.get(self.wire, "")


class Several(Field[T]):
    """A value that several fields make up."""

    def of(self, params: Params) -> T:
        """What they make up."""
        raise NotImplementedError

    @overload
    def __get__(self, hook: None, owner: type) -> Self: ...
    @overload
    def __get__(self, hook: Group, owner: type) -> T: ...
    def __get__(self, hook: Group | None, owner: type) -> Self | T:
        """The value, from all of them."""
        return self if hook is None else self.of(hook.params)


class Listed(Several[list[str]]):
    """Fields with a number at their end, `MediaUrl0`, `MediaUrl1`, … What is beyond a gap isn't in the list."""

    def of(self, params: Params) -> list[str]:
        """The values in their order."""
        return [params[name] for name in self.names(params)]

    def taken(self, params: Params) -> Iterator[tuple[str, str, object]]:
        """Each by itself."""
        return ((name, label(name), params[name]) for name in self.names(params))

    def names(self, params: Params) -> Iterator[str]:
        """From 0 up to the first that is missing."""
        for number in count():
            name = f"{self.wire}{number}"
            if name not in params:
                return
            yield name


class Headers(Several[dict[str, str]]):
    """Fields that begin alike, `SipHeader_X-Colour`, …; their value is a dictionary by the rest of their names."""

    def of(self, params: Params) -> dict[str, str]:
        """The values by the headers' names."""
        return {name.removeprefix(self.wire): params[name] for name in self.names(params)}

    def taken(self, params: Params) -> Iterator[tuple[str, str, object]]:
        """Each by itself."""
        return ((name, name, params[name]) for name in self.names(params))

    def names(self, params: Params) -> Iterator[str]:
        """All that begin so and go on."""
        return (name for name in params if name.startswith(self.wire) and name != self.wire)


class Ends(Several[Party]):
    """One end of a call: a number and where it is."""

    parts = ("City", "Zip", "State", "Country")

    def of(self, params: Params) -> Party:
        """The number and its parts, "" for what is missing."""
        wire, get = self.wire, params.get
        return Party(get(wire, ""), *[get(wire + part, "") for part in self.parts])

    def taken(self, params: Params) -> Iterator[tuple[str, str, object]]:
        """Number, city, …, as the seed labels them."""
        for name in self.names(params):
            yield name, f"{self.wire.lower()} {name.removeprefix(self.wire) or 'Number'}", params[name]

    def names(self, params: Params) -> Iterator[str]:
        """Those of its five that came."""
        return (name for part in ("", *self.parts) if (name := self.wire + part) in params)


def label(wire: str) -> str:
    """A field's name as people read it.

    >>> label("AccountSid"), label("ApiVersion"), label("MediaUrl0"), label("msg")
    ('Account Sid', 'API Version', 'Media Url 0', 'msg')
    """
    return _WORDS.sub(" ", wire).replace("Api ", "API ")


# The types of the table.


def text(wire: str, about: str, *on: Event, page: str = "") -> Field[str]:
    """A text; "" if it didn't come."""
    return Text(wire, about, on, "text", str, "", page=page)


def whole(wire: str, about: str, *on: Event, page: str = "") -> Field[int | None]:
    """A whole number, not negative."""
    return Field(wire, about, on, "whole number", as_whole, None, page=page)


def number(wire: str, about: str, *on: Event, page: str = "") -> Field[float | None]:
    """A number with a decimal point."""
    return Field(wire, about, on, "number", as_number, None, page=page)


def flag(wire: str, about: str, *on: Event, page: str = "") -> Field[bool | None]:
    """`true` or `false`."""
    return Field(wire, about, on, "true or false", as_flag, None, page=page)


def moment(wire: str, about: str, *on: Event, page: str = "") -> Field[datetime | None]:
    """A date and time, RFC 2822 or ISO 8601, always with its zone."""
    return Field(wire, about, on, "date and time", as_moment, None, page=page)


def structured(wire: str, about: str, *on: Event, page: str = "") -> Field[dict[str, Any] | None]:
    """A JSON object. The text that must go back unchanged is in `params`."""
    return Field(wire, about, on, "JSON object", as_structure, None, page=page)


def listed(wire: str, about: str, *on: Event, page: str = "") -> Field[list[str]]:
    """Numbered fields, as a list."""
    return Listed(wire, about, on, "list", lambda one: [one], [], page=page)


def headers(wire: str, about: str, *on: Event, page: str = "") -> Field[dict[str, str]]:
    """SIP headers, by name."""
    return Headers(wire, about, on, "texts by name", lambda one: {"": one}, {}, page=page)


def ends(wire: str, about: str) -> Field[Party]:
    """One end of a call or message."""
    return Ends(wire, about, (), "party", Party, Party(), page="")


def as_whole(text: str) -> int | None:
    """
    >>> as_whole("12"), as_whole("-1"), as_whole("soon"), as_whole("9" * 5000)
    (12, None, None, None)
    """
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else None


def as_number(text: str) -> float | None:
    """
    >>> as_number("0.9128385"), as_number("-73.98"), as_number("nan"), as_number("0,9"), as_number("1e999")
    (0.9128385, -73.98, None, None, None)
    """
    value = float(text) if len(text) <= _LONGEST and _NUMBER.fullmatch(text) else math.inf
    return value if math.isfinite(value) else None


def as_flag(text: str) -> bool | None:
    """
    >>> as_flag("true"), as_flag("False"), as_flag("1")
    (True, False, None)
    """
    return _FLAGS.get(text.lower())


def as_moment(text: str) -> datetime | None:
    """
    >>> str(as_moment("Thu, 29 Jul 2021 06:59:25 +0000")), str(as_moment("2024-06-25T18:45:21.454Z"))
    ('2021-07-29 06:59:25+00:00', '2024-06-25 18:45:21.454000+00:00')
    >>> as_moment("yesterday"), as_moment("Thu, 32 Jul 2021 06:59:25 +0000")
    (None, None)
    """
    if not text.isascii() or len(text) > _LONGEST:
        return None
    try:
        at = datetime.fromisoformat(text) if text[4:5] == "-" else parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def as_structure(text: str) -> dict[str, Any] | None:
    """
    >>> as_structure('{"transcript": "hello", "confidence": 0.9}'), as_structure("hello"), as_structure("[1]")
    ({'transcript': 'hello', 'confidence': 0.9}, None, None)
    """
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
