"""An office's front door: puts callers through while it is open, and takes messages when it isn't.

While it is open the caller may speak to somebody, leave a message, or hear the opening hours; who keeps silent is put
through. While it is closed the caller hears when it opens. Then, and where nobody answers, the caller may leave a
message, which is mailed as `voicemail_by_mail` does it.

Settings, those of `voicemail_by_mail` besides:
    business      the name to answer with; none by default
    office_phone  who is dialled; if it isn't set, callers are offered to leave a message
    time_zone     of the hours, as in "Europe/London"; UTC by default
    hours         the times of each day, as in `monday = "09:00-12:30, 13:30-17:00"`; what ends before it begins, as
                  "18:00-02:00", ends the day after; a day that isn't there is closed; by default Monday to
                  Friday, 9 to 5
    closed        dates on which it is closed all day, as in `["2026-12-25"]`; none by default

To change: the menu, in `recipe`. Keep it to five keys.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from recipes._hours import Hours
from recipes._speaking import ask, sentence
from recipes.voicemail_by_mail import voicemail
from twiml import Dial, FunctionExt, GotoExt, Hangup, LabelExt, Noun, Number, ResponseExt, Say, Verb

if TYPE_CHECKING:
    from actors import Call


def clock() -> datetime:
    """The time. Tests put their own in its place."""
    return datetime.now(UTC)


def look_at_the_clock(call: Call) -> list[Verb]:
    """Greet the caller, and go on to the menu if somebody may be there."""
    hours, now = Hours.of(call.settings), clock()
    greeting = sentence(f"Thank you for calling {call.settings.get('business', '')}".strip())
    if not hours.is_open(now):
        again = hours.when_it_opens(now)
        return [greeting, sentence(f"We are closed. We open {again}" if again else "We are closed"), GotoExt("offer")]
    if not call.settings.get("office_phone"):
        return [greeting, Say("Nobody can take your call at the moment."), GotoExt("offer")]
    return [greeting]


def the_office(call: Call) -> list[Noun]:
    """Whom to dial."""
    return [Number(str(call.settings["office_phone"]))]


def after_the_dial(call: Call) -> list[Verb]:
    """Part from a caller who was put through; go on to the offer with one who wasn't."""
    if call.params.get("DialCallStatus") in ("completed", "answered"):
        return [Say("Thank you for calling. Goodbye."), Hangup()]
    return [Say("Sorry, nobody can take your call at the moment.")]


def say_the_hours(call: Call) -> list[Verb]:
    """The opening hours, in words."""
    return [sentence(f"We are open {Hours.of(call.settings).in_words()}")]


SPEAK = ResponseExt("1", "speak to us", [GotoExt("office")])
LEAVE = ResponseExt("2", "leave a message", [GotoExt("message")])
HOURS = ResponseExt("3", "opening hours", [GotoExt("hours")])

recipe = [
    FunctionExt("look at the clock", fn=look_at_the_clock),
    ask(
        "To speak to us, press 1. To leave a message, press 2. To hear our opening hours, press 3.",
        [SPEAK, LEAVE, HOURS],
        otherwise=[GotoExt("office")],
        tries=2,
    ),
    LabelExt("hours"),
    FunctionExt("say the hours", fn=say_the_hours),
    ask(
        "To speak to us, press 1. To leave a message, press 2.",
        [SPEAK, LEAVE],
        otherwise=[GotoExt("office")],
        tries=2,
    ),
    LabelExt("office"),
    Say("One moment, please. I am putting you through."),
    Dial([FunctionExt("the office's number", fn=the_office)], timeout=20),
    FunctionExt("see what came of it", fn=after_the_dial),
    LabelExt("offer"),
    ask(
        "To leave a message, press 1. Otherwise, simply hang up.",
        [ResponseExt("1", "leave a message", [GotoExt("message")])],
        otherwise=[Say("Thank you for calling. Goodbye."), Hangup()],
        tries=2,
    ),
    LabelExt("message"),
    *voicemail,
]
