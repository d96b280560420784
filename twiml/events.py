"""What a machine is given, a request or what a callout has returned, and the effects it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twiml.extensions import FunctionExt


@dataclass(frozen=True, slots=True)
class Request:
    """Twilio wants a document: what the URL said, and what the caller keyed or said."""

    rank: str | None = None
    step: int | None = None
    digits: str = ""
    speech: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """What the callout that the machine waits for has returned."""

    verbs: Sequence[Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A finished document. `state` is where the machine rests, `ends` whether the call ends there."""

    xml: str
    state: str
    ends: bool
    moved: bool = True
    """False when the request was a repeat, late, or for nothing new: this is the present document."""


@dataclass(frozen=True, slots=True)
class Callout:
    """A function to run before the document can go on."""

    function: FunctionExt
    rank: str
