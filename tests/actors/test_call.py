"""What a recipe's functions see of a call."""

from __future__ import annotations

from typing import Any

import pytest
import structlog.testing

from actors import Call, Row, Subscription
from actors.call import kept
from tests.actors.doubles import hook
from twiml import Say, compile

FIRST = hook(From="+441314960123", To="+441314960456", Direction="inbound").params
LATER = hook("1", Digits="12", SpeechResult="sales").params


@pytest.fixture
def call() -> Call:
    call = Call("menu", compile([Say("hello")]), dict(FIRST), {"my_phone": "+44"}, 1_000.0)
    call.params = dict(LATER)
    return call


def row(number: int) -> Row:
    return Row(float(number), "start_call", "", None, {}, "", moved=True)


def test_everything_that_was_promised_is_there(call: Call) -> None:
    assert call.call_sid == FIRST["CallSid"]
    assert (call.recipe, call.state, call.step, call.started) == ("menu", "1", 0, 1_000.0)
    assert (call.params, call.initial_params) == (LATER, FIRST)
    assert (call.digits, call.speech, call.status) == ("12", "sales", "in-progress")
    assert (call.from_, call.to, call.direction) == ("+441314960123", "+441314960456", "inbound")
    assert (call.history, call.subscriptions, call.data) == ((), (), {})
    assert call.settings["my_phone"] == "+44"
    assert [state.rank for state in call.program] == ["1", "2"]


def test_who_called_is_known_even_where_a_callback_does_not_say(call: Call) -> None:
    call.params = {"CallSid": FIRST["CallSid"], "From": "", "RecordingSid": "RE1"}
    assert call.from_ == "+441314960123"


def test_the_status_is_the_latest_that_was_told(call: Call) -> None:
    assert call.status == "in-progress"
    call.params = {"RecordingSid": "RE1"}
    assert call.status == "ringing"


@pytest.mark.parametrize("field", ["data", "params", "initial_params"])
def test_what_a_function_does_to_its_view_does_not_reach_the_call(call: Call, field: str) -> None:
    before = dict(getattr(call, field))
    call.data["nested"] = {"list": [1]}
    view = call.view()
    getattr(view, field)["new"] = "value"
    view.data["nested"]["list"].append(2)
    with pytest.raises(TypeError):
        view.settings["my_phone"] = "+1"  # type: ignore[index]
    view.state, view.subscriptions = "7", (Subscription("status", "m", "f"),)
    assert {**getattr(call, field), "nested": None} == {**before, "nested": None}
    assert call.data == {"nested": {"list": [1]}}
    assert (call.state, call.subscriptions) == ("1", ())


def test_nothing_can_be_added_to_a_call_but_data(call: Call) -> None:
    with pytest.raises(AttributeError):
        call.customer = 7  # type: ignore[attr-defined]


def test_its_log_says_which_call_it_is(call: Call) -> None:
    with structlog.testing.capture_logs() as logs:
        call.log.info("looked_up", hours="9 to 5")
    expected: dict[str, Any] = {"event": "looked_up", "log_level": "info", "hours": "9 to 5"}
    assert logs == [{**expected, "call_sid": call.call_sid, "recipe": "menu"}]


def test_of_a_history_the_latest_are_kept() -> None:
    history: tuple[Row, ...] = ()
    for number in range(30):
        history = kept(history, row(number))
        assert len(history) <= 20
    assert [each.at for each in history] == list(range(10, 30))
    assert kept(history, row(30)) == (*history[1:], row(30))
