"""What a function takes is looked at before it is called, as it will be called."""

from __future__ import annotations

import doctest
import functools
from typing import Any

import pytest

from actors import arguments
from actors.arguments import unfit


class Office:
    """Functions of a class, and a class as a function."""

    def __init__(self, call: Any) -> None: ...

    @staticmethod
    def hours(call: Any) -> None: ...

    @classmethod
    def days(cls, call: Any) -> None: ...


def with_hours(call: Any, hours: str) -> None: ...


@functools.wraps(with_hours)
def given_hours(call: Any) -> None:
    with_hours(call, "nine to five")


@pytest.mark.parametrize(
    "function",
    [
        lambda call: None,
        lambda call, more=1, *, other=2: None,
        lambda *args: None,
        Office,
        Office.hours,
        Office.days,
        functools.partial(with_hours, hours="nine"),
        given_hours,
        print,
        dict.fromkeys,
        type,
    ],
)
def test_what_can_be_called_with_the_call_is_fit(function):
    assert unfit("f", function, "call") is None


@pytest.mark.parametrize(
    ("function", "takes"),
    [
        (lambda: None, "()"),
        (lambda webhook, call: None, "(webhook, call)"),
        (lambda *, call: None, "(*, call)"),
        (lambda call, *, more: None, "(call, *, more)"),
        (with_hours, "(call: 'Any', hours: 'str') -> 'None'"),
    ],
)
def test_what_can_not_is_told_with_what_it_takes(function, takes):
    problem = unfit("office:Desk.hours", function, "call")

    assert problem == f"office:Desk.hours{takes} must take the call and nothing else: def hours(call)"


def test_two_arguments_are_told_both():
    problem = unfit("note", lambda webhook: None, "webhook", "message")

    assert problem == "note(webhook) must take the webhook and the message and nothing else: def note(webhook, message)"


def test_the_examples():
    assert doctest.testmod(arguments) == (0, 2)
