"""What callers keyed, and phone numbers, are masked wherever they are shown, unless they are asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

_NUMBER = re.compile(r"(?:%2B|(?<![0-9A-Za-z.])\+?)[0-9]{7,15}(?![0-9A-Za-z])")
"""A phone number in a text; not within a Sid, nor part of a time."""
_KEYED = re.compile(r"[0-9*#]+")
_CALLERS = frozenset({"params", "initial_params", "data"})
"""Where what callers keyed may stand."""
_SPOKEN = frozenset({"SpeechResult", "UnstableSpeechResult", "Body"})

unmasked_option = click.option(
    "--unmasked", is_flag=True, help="Show phone numbers, and what callers have keyed, unmasked."
)


def mask(unmasked: bool) -> Callable[[Any], Any]:
    """What shows a value: as it is, or masked."""
    return _as_it_is if unmasked else masked


def masked(value: Any, name: str = "", *, keyed: bool = False) -> Any:
    """The same with phone numbers, and what may have been keyed, counted only.

    >>> masked({"version": 2, "params": {"Digits": "1234", "From": "+441314960123"}, "data": {"pin": 99}})
    {'version': 2, 'params': {'Digits': '####', 'From': '+44##########'}, 'data': {'pin': '##'}}
    """
    if isinstance(value, dict):
        return {key: masked(each, key, keyed=keyed or key in _CALLERS) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(each, name, keyed=keyed) for each in value]
    if keyed and isinstance(value, (int, float)) and not isinstance(value, bool):
        return "#" * len(str(value))
    if not isinstance(value, str):
        return value
    if (keyed and _KEYED.fullmatch(value)) or name in _SPOKEN:
        return re.sub("[0-9*#]", "#", value)
    return _NUMBER.sub(_counted, value)


def _as_it_is(value: Any) -> Any:
    return value


def _counted(found: re.Match[str]) -> str:
    shown = 3 if found[0].startswith("+") else 5 if found[0].startswith("%") else 0
    return found[0][:shown] + "#" * (len(found[0]) - shown)
