"""What the actor of a call is told besides webhooks, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from actors.webhook import Webhook


class Answer(NamedTuple):
    """What a webhook is answered, and how the call stands after it."""

    xml: str
    status: str
    """`in-progress`, `completed` or `failed`; `unknown` if there is no such call, `refused` if there may be none,
    `unsure` if nobody knows whether it was moved."""
    state: str = ""
    began: bool = False
    """Whether the call began with this webhook."""
    ended: bool = False
    """Whether it ended with it."""
    reason: str = ""
    """Why the call failed, or was not moved, if so."""
    letters: bool = False
    """Whether somebody is to be told: there are letters of this step in the outbox."""
    recipe: str = ""
    """The recipe that the call has gone over to with it, if it has."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The call crashes again and again: end it. `webhook` is the one that it could not answer."""

    webhook: Webhook
    reason: str


@dataclass(frozen=True, slots=True)
class Overdue:
    """What a call waits for should have come `by` now, in seconds since the epoch: do without.

    A call whose caller is gone, or that has said all it had to say, is completed. One in the
    middle of its flow has failed, for this reason. One that is over tells of the recordings whose
    callbacks didn't come. `webhook` is what subscribers are told. Nothing happens if it isn't so late.
    """

    webhook: Webhook
    reason: str
    by: float


@dataclass(frozen=True, slots=True)
class Move:
    """Have the call go on at a state, by its rank or label, whatever it is at.

    Answered when Twilio has been told; with a `reason` if the call was not moved.
    """

    state: str


class NotMoved(Exception):
    """A call was not moved: it is over, has no such state, or Twilio refused."""


class MaybeMoved(NotMoved):
    """Nobody knows whether Twilio has moved a call. It comes to the state with its next request, if not before."""


@dataclass(frozen=True, slots=True)
class MayRest:
    """Is there nothing that would be lost with the actor? Answered with True or False."""


@dataclass(frozen=True, slots=True)
class CalloutDone:
    """A callout that a caller holds for is done: the actor tells it to itself."""

    step_id: str
