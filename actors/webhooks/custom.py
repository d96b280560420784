"""The fields that have no name of their own here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar, overload

T = TypeVar("T")


class CustomParams(dict[str, str]):
    """Every field that isn't typed: of your URLs, of a client of the Voice SDK, or new at Twilio's, as it came.

    What Twilio adds gets a name here in some later version, and isn't custom from then on. What
    a recipe reads by the field's own name, by `[…]` or `get`, goes on as it did: the typed fields
    answer to that too, though they are neither counted nor listed.

    >>> custom = CustomParams({"colour": "red"}, {"CallSid": "CA1", "colour": "red"})
    >>> custom, custom["CallSid"], "CallSid" in custom
    ({'colour': 'red'}, 'CA1', False)
    """

    def __init__(self, custom: Mapping[str, str], params: Mapping[str, str]) -> None:
        super().__init__(custom)
        self._params = params

    def __missing__(self, name: str) -> str:
        return self._params[name]

    @overload
    def get(self, name: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, name: str, default: str, /) -> str: ...
    @overload
    def get(self, name: str, default: T, /) -> str | T: ...
    def get(self, name: str, default: object = None, /) -> object:
        """The field by its name on the wire, typed or not."""
        return self._params.get(name, default)
