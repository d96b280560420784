"""What callers do, from the seed: the same seed gives the same calls, whatever the weather does to them."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.softphone import Act, Answer, HangUp, Press, Silence, Speak

if TYPE_CHECKING:
    from collections.abc import Iterator

RECIPES = {"menu": 5, "message": 2, "transfer": 2, "made": 2, "plain": 2}
"""And how often each is called."""

MANNERS = {"plain": 60, "twin": 10, "late": 9, "impatient": 6, "bare": 7, "bare twin": 4, "triplet": 4}
"""How a webhook is sent: once; twice at the same time; again some time later; given up and tried again; without a
token, and that twice at the same time; three times at once. What is sent again has the same token."""

_STATUS = "/{recipe}/status"
_RECORDING = {"RecordingSid": "{sid}", "RecordingUrl": "https://api.twilio.com/recordings/{sid}"}
RUDE: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "an older step": (("{older}", {}),),
    "an older step, keyed": (("{older}", {"Digits": "1"}),),
    "an unknown state": (("/{recipe}/77.7", {}),),
    "other keys at the same time": (("{latest}", {"Digits": "1"}), ("{latest}", {"Digits": "2"})),
    "a status": ((_STATUS, {}),),
    "the end in the middle": (("/{recipe}", {"CallStatus": "completed"}),),
    "two ends in the middle": ((_STATUS, {"CallStatus": "completed"}), (_STATUS, {"CallStatus": "failed"})),
    "the end of a verb": (("/{recipe}/3?step=1", {"CallStatus": "completed", "Digits": "hangup"}),),
    "a recording": (("/{recipe}/recording", _RECORDING),),
    "a recording that failed": (("/{recipe}/recording", {**_RECORDING, "RecordingStatus": "failed"}),),
}
"""What comes in the middle of a call beside what its caller does: where, and with what, all at the same time."""

CROWD = ("an older step", "an older step, keyed", "other keys at the same time", "a status")
"""What some callers have with every webhook: of all that comes at the same time one alone may move the call."""

AFTERWARDS: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "the end again": ((_STATUS, {"CallStatus": "completed"}),),
    "a late recording": (("/{recipe}/recording", _RECORDING),),
    "the beginning again": (("/{recipe}", {"CallStatus": "ringing"}),),
    "a late key": (("{latest}", {"Digits": "1"}),),
    "a late status": ((_STATUS, {}),),
    "a transcription": (("/{recipe}/transcription", {"TranscriptionText": "hello"}),),
}
"""The same after its end."""


@dataclass(frozen=True)
class Plan:
    """One call.

    Attributes:
        acts: what the caller does.
        rude: what comes in the middle, by the number of the webhook that it comes with.
        early: whether a status comes before the call has begun.
        told: whether Twilio tells that the call is over; else it is lost, and the daemons have to find out.
        pace: real seconds for each of the call's own.
    """

    call_sid: str
    recipe: str
    acts: tuple[Act, ...]
    rude: tuple[tuple[int, str], ...]
    afterwards: tuple[str, ...]
    early: bool
    told: bool
    pace: float
    number: str

    @property
    def dice(self) -> random.Random:
        """What else is left to chance in this call."""
        return chance(self.call_sid)


def calls(seed: int) -> Iterator[Plan]:
    """Calls without an end."""
    for n in itertools.count():
        yield _plan(chance(f"{seed}:{n}"), f"CA{seed & 0xFFFFFFFF:08x}{n:024x}")


def chance(name: str) -> random.Random:
    """Dice that fall in the same way for the same name."""
    return random.Random(name)  # noqa: S311 - there is nothing to guess


def manner(dice: random.Random) -> str:
    """How the next webhook is sent."""
    return dice.choices(list(MANNERS), list(MANNERS.values()))[0]


def _plan(dice: random.Random, call_sid: str) -> Plan:
    recipe = dice.choices(list(RECIPES), list(RECIPES.values()))[0]
    rude = [(dice.randint(1, 6), dice.choice(list(RUDE))) for _ in range(dice.choice((0, 0, 1, 1, 2)))]
    if dice.random() < 0.2:
        rude = [(number, dice.choice(CROWD)) for number in range(2, 9) for _ in range(2)]
    return Plan(
        call_sid,
        recipe,
        tuple(_acts(dice, recipe)),
        tuple(rude),
        tuple(dice.sample(list(AFTERWARDS), dice.choice((0, 0, 1, 2)))),
        early=dice.random() < 0.05,
        told=dice.random() < 0.9,
        pace=dice.choice((0.0, 0.01, 0.03)),
        number=f"+4413149{dice.randint(60000, 69999)}",
    )


def _acts(dice: random.Random, recipe: str) -> Iterator[Act]:
    match recipe:
        case "menu":
            for _ in range(dice.randint(0, 5)):
                yield Press(dice.choices("1234567890*", (6, 4, 4, 4, 4, 1, 1, 1, 1, 2, 1))[0])
                if dice.random() < 0.1:
                    yield Silence()
        case "message":
            yield dice.choice((Speak("call me back"), Silence(), Speak("it's me"), HangUp()))
            yield Silence()
            yield from (Press(dice.choice("12")), Speak("and another thing"), Silence())
        case "transfer":
            yield Answer(dice.choice(("completed", "completed", "busy", "no-answer", "failed")))
            yield from (Press(dice.choice("12")), Answer(dice.choice(("completed", "busy"))))
        case _:
            yield from (Press(dice.choice("12123")) for _ in range(dice.randint(0, 3)))
    if dice.random() < 0.4:
        yield HangUp(dice.choice((None, None, "Say", "Pause")))
