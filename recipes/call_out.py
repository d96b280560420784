"""Calls out to a function, whose verbs take the callout's place, and hears of the call's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twiml import FunctionExt, Pause, Say, Verb

if TYPE_CHECKING:
    from actors import Call, Webhook


def external_function(call: Call) -> tuple[list[Verb], list[tuple[str, object]]]:
    """Verbs to go on with, and a function to be called at the call's end."""
    call.log.info("called_out", state=call.state)
    return [Say("shag off"), Pause(length=5), Say("ratboy")], [("completion", external_callback)]


def external_callback(webhook: Webhook, call: Call) -> None:
    """The call is over."""
    call.log.info("callback_called", seconds=webhook.duration)


recipe = [FunctionExt("call out to function", fn=external_function)]
