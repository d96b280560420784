"""What recipes, callouts and subscriptions see of a call."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import structlog

from actors.journal import Row, Snapshot, Subscription
from twiml import Program


class Call:
    """One call. A callout gets a copy, of which `data` and `language` come back: put in `data` what the
    call is to remember, as JSON can hold it.
    """

    __slots__ = (
        "answered_by",
        "data",
        "history",
        "initial_params",
        "language",
        "params",
        "program",
        "recipe",
        "reported",
        "settings",
        "started",
        "state",
        "step",
        "step_id",
        "subscriptions",
        "taken",
    )

    def __init__(
        self, recipe: str, program: Program, params: Mapping[str, str], settings: Mapping[str, Any], started: float
    ) -> None:
        self.recipe = recipe
        self.program = program
        self.initial_params = params
        """The fields of the call's first webhook."""
        self.params = params
        """The fields of the webhook in hand."""
        self.settings = settings
        """The `[settings]` of the configuration; read-only."""
        self.started = started
        """When the first webhook came, in seconds since the epoch."""
        self.state = program[0].rank
        """The rank of the state the call is at."""
        self.step = 0
        """How many documents the call was given."""
        self.step_id = ""
        """The same for every try of one callout of this call, and for no other: what a callout passes on so that the
        world outside can tell a repeat. Empty for a subscribed function."""
        self.taken = 0
        """How many callouts have had their verbs put in their place."""
        self.language: str | None = None
        """The language the caller hears, as `en-GB`, where a text has several; None for the first it has."""
        self.answered_by = ""
        """Who has picked up, of a call that was made with `machine_detection`: `human`, `machine_start`, `fax`, …;
        empty until Twilio has told."""
        self.reported = False
        """Whether Twilio reports the call's status."""
        self.data: dict[str, Any] = {}
        self.history: tuple[Row, ...] = ()
        """The latest webhooks and what they were answered, the oldest first."""
        self.subscriptions: tuple[Subscription, ...] = ()

    @classmethod
    def restored(cls, snapshot: Snapshot, history: Sequence[Row], settings: Mapping[str, Any]) -> Call:
        """A call as it was after a step."""
        machine, first = snapshot.machine, snapshot.initial_params
        call = cls(snapshot.recipe, snapshot.program, first, settings, snapshot.started)
        call.state, call.step, call.language = machine["state"], machine["steps"], machine["language"]
        call.data, call.taken, call.history = dict(snapshot.data), snapshot.taken, kept((), *history)
        call.subscriptions = tuple(snapshot.subscriptions)
        call.answered_by, call.reported = snapshot.answered_by, snapshot.reported
        return call

    @property
    def call_sid(self) -> str:
        """The call's name with Twilio: `CA` and 32 hexadecimal digits."""
        return self.initial_params.get("CallSid", "")

    @property
    def digits(self) -> str:
        """The keys that came with the webhook in hand."""
        return self.params.get("Digits", "")

    @property
    def speech(self) -> str:
        """The words that came with it."""
        return self.params.get("SpeechResult", "")

    @property
    def from_(self) -> str:
        """Who called: a number in E.164, or `client:name`, `anonymous`, …"""
        return self.initial_params.get("From", "")

    @property
    def to(self) -> str:
        """Who was called."""
        return self.initial_params.get("To", "")

    @property
    def direction(self) -> str:
        """`inbound`, `outbound-api` or `outbound-dial`."""
        return self.initial_params.get("Direction", "")

    @property
    def status(self) -> str:
        """Twilio's status of the call, as the webhook in hand has it, else the first that was told."""
        of_a_leg = self.params.get("ParentCallSid") == self.call_sid
        told = "" if of_a_leg else self.params.get("CallStatus", "")
        return told or self.initial_params.get("CallStatus", "")

    @property
    def log(self) -> Any:
        """A logger bound to this call: `call.log.info("looked_up", hours="9 to 5")`."""
        return structlog.get_logger("switchhook.recipe").bind(call_sid=self.call_sid, recipe=self.recipe)

    def view(self) -> Call:
        """A copy for a function that runs beside the call."""
        view = copy.copy(self)
        view.params, view.initial_params = dict(self.params), dict(self.initial_params)
        view.data = copy.deepcopy(self.data)
        view.settings = MappingProxyType(copy.deepcopy(dict(self.settings)))
        return view


SUBSCRIPTIONS = 100
"""Functions that one call may have subscribed."""
HISTORY = 20
"""Rows of its history that a call has at hand, the latest."""


def kept(history: Sequence[Row], *more: Row) -> tuple[Row, ...]:
    """A history with more rows, and no more than the latest few."""
    return (*history, *more)[-HISTORY:]
