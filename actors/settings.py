"""What all calls of a daemon have in common."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from actors.callouts import Callouts
from actors.clock import Clock
from actors.journal import Journal, Subscription
from actors.messages import NotMoved
from twiml import Program


async def _nowhere(_: str, call_sid: str, __: str) -> None:
    raise NotMoved(f"{call_sid}: nobody here can tell Twilio")


@dataclass(frozen=True, slots=True)
class Settings:
    """What all calls of a daemon have in common. Times are in seconds."""

    journal: Journal
    callouts: Callouts
    clock: Clock
    programs: Callable[[str], Program | None]
    """Finds a recipe's program by the recipe's name."""
    subscriptions: Callable[[str], Sequence[Subscription]] = lambda _: ()
    """The functions that every call of a recipe has subscribed from the first, by the recipe's name."""
    message_subscriptions: Callable[[str], Sequence[Subscription]] = lambda _: ()
    """The functions that are to be told what became of a recipe's messages, likewise."""
    node: str = "node"
    """This daemon's name among those that have the same journal; no other has ever had it."""
    base: str = ""
    """The path that recipes are mounted under, without a slash at its end."""
    recipe_settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    patience: float = 8.0
    """How long a caller waits for a callout before they hear the hold document. Twilio waits 15."""
    limit: float = 60.0
    """After how long a callout is given up, or a subscribed function."""
    max_visits: int = 50
    linger: float = 1.0
    """How long Twilio's last word on a call is waited for, once its caller is gone."""
    longest: float = 86_400.0
    """After how long a call is ended whose end never came."""
    language: Callable[[str, str], str | None] = lambda *_: None
    """The language that callers of a recipe hear who called this number, as far as it is known."""
    complete_outbound_early: bool = False
    """Whether an outbound call that Twilio reports no status of is over once it has been given its last document."""
    redirect: Callable[[str, str, str], Awaitable[None]] = _nowhere
    """Tells Twilio to go on with a call at a path: by AccountSid, CallSid and path. Raises `NotMoved` if it won't; what
    else it raises leaves open whether it did."""
    admit: Callable[[str], bool] = lambda _: True
    """Keeps a place for another call, by its CallSid; False if it may not begin."""
    replies: Callable[[str], str | None] = lambda _: None
    """The module of a recipe whose `reply` answers messages, by the recipe's name; None for one without."""

    def path_of(self, recipe: str, below: str = "", step: int | None = None) -> str:
        """The path of a recipe's URL, or of what is below it; with the number of the document that it is written in."""
        path = f"{self.base}/{quote(recipe)}" + (f"/{quote(below)}" if below else "")
        return path if step is None else f"{path}?step={step}"
