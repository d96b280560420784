"""What callers keyed, and phone numbers, as they are shown: counted only. A number keeps its country.

The logs show them so, and so do the commands that look into the journal or at a daemon, unless they are asked not to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_NUMBER = re.compile(
    r"(?:\+|%2B)[0-9]{5,}"
    r"|(?:(?<![0-9A-Za-z.%])|(?<=%[0-9A-F]{2}))[0-9]{7,15}(?!\.?[0-9]|[A-Za-z])",
    re.IGNORECASE,
)
"""A phone number in a text or a URL. Without its + it is no part of a Sid, of a time or of a fraction."""
_COUNTRY = re.compile(r"(?:\+|%2B)[0-9]{2}", re.IGNORECASE)
_KEYED = re.compile(r"[0-9*#]+")
_KEYS = frozenset({"Digits", "digits"})
"""What is keyed, by its names in a webhook and in a log."""
_CALLERS = frozenset({"params", "initial_params", "data"})
"""Where what callers keyed may stand."""
_SPOKEN = frozenset({"SpeechResult", "UnstableSpeechResult", "Body"})


def mask(unmasked: bool) -> Callable[[Any], Any]:
    """What shows a value: as it is, or masked."""
    return _as_it_is if unmasked else masked


def masked(value: Any, name: str = "", *, keyed: bool = False) -> Any:
    """The same with phone numbers, and what may have been keyed, counted only.

    >>> masked({"version": 2, "params": {"Digits": "1234", "From": "+441314960123"}, "data": {"pin": 99}})
    {'version': 2, 'params': {'Digits': '####', 'From': '+44##########'}, 'data': {'pin': '##'}}
    >>> masked("no line to 441314960123 after 7.25 s"), masked("client:jane")
    ('no line to ############ after 7.25 s', 'client:jane')

    Args:
        value: texts, numbers, and lists and objects of them. What is none of these stays as it is.
        name: what the value is called where it stands.
        keyed: whether it stands where what callers keyed may.
    """
    if isinstance(value, dict):
        return {key: masked(each, key, keyed=keyed or key in _CALLERS) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [masked(each, name, keyed=keyed) for each in value]
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return value
    text = str(value)
    if name in _KEYS or (keyed and (text is not value or _KEYED.fullmatch(text))):
        return "#" * len(text)
    if name in _SPOKEN:
        return re.sub("[0-9*#]", "#", text)
    return _NUMBER.sub(_counted, text) if text is value else value


def _as_it_is(value: Any) -> Any:
    return value


def _counted(found: re.Match[str]) -> str:
    country = _COUNTRY.match(found[0])
    shown = country[0] if country else ""
    return shown + "#" * (len(found[0]) - len(shown))
