"""What the tests of actors and of calls share."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from actors.loop_actor import stop_background_loop
from tests.actors.doubles import Gate, ManualClock, Office


@pytest.fixture(scope="module")
def no_background_loop_afterwards() -> Iterator[None]:
    """The loop in the background was begun in this module, and ends with it."""
    yield
    assert stop_background_loop()


@pytest.fixture
def clock() -> ManualClock:
    """A clock to be turned by hand."""
    return ManualClock()


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    """A module for the test's callouts."""
    module = Office("office_of_this_test")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


@pytest.fixture
def gate() -> Iterator[Gate]:
    """A door that functions in threads wait at; it is open when the test is over."""
    made = Gate()
    yield made
    made.open()
