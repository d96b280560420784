"""Answers texts to an office: whether it is open, and its opening hours. It remembers the names of those who write.

Whoever writes for the first time is asked for their name. After that they are greeted by it, and hear whether somebody
is there. Who asks for the hours gets them; who writes "forget me" is forgotten. By SMS and by WhatsApp alike.

Settings, the hours as `office_hours` has them:
    business   the name to answer with; none by default
    time_zone  of the hours, as in "Europe/London"; UTC by default
    hours      the times of each day; by default Monday to Friday, 9 to 5
    closed     dates on which it is closed all day; none by default

To change: `QUESTIONS`, and what `reply` does with everything else: pass it on to somebody, for one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from recipes._hours import Hours

if TYPE_CHECKING:
    from actors import Text

QUESTIONS = ("hours", "open", "close", "when")
"""What is asked by somebody who wants to know the hours."""
LONGEST_NAME = 40
"""Characters of a name; what is longer is none."""


def clock() -> datetime:
    """The time. Tests put their own in its place."""
    return datetime.now(UTC)


def reply(message: Text) -> str | None:
    """Answer a text."""
    words = message.body.strip()
    if message.opted_out:
        message.data.clear()
        return None
    if words.lower().rstrip(".!") == "forget me":
        message.data.clear()
        return "We have forgotten you."
    hours = Hours.of(message.settings)
    if any(each in words.lower() for each in QUESTIONS):
        return _sentence(f"We are open {hours.in_words()}")
    if "name" not in message.data and not message.data.get("asked"):
        message.data["asked"] = True
        return f"Thank you for writing{_to(message)}. {_presence(hours)} What is your name?"
    if "name" not in message.data and 0 < len(words) <= LONGEST_NAME:
        message.data["name"] = words.rstrip(".!")
        return f"Thank you, {message.data['name']}. Ask us for our hours at any time."
    return f"Hello {message.data.get('name', 'again')}. {_presence(hours)}"


def _to(message: Text) -> str:
    business = message.settings.get("business")
    return f" to {business}" if business else ""


def _presence(hours: Hours) -> str:
    """Whether somebody is there, in words."""
    if hours.is_open(clock()):
        return "We are open, and will write back soon."
    again = hours.when_it_opens(clock())
    return _sentence(f"We are closed. We open {again}") if again else "We are closed."


def _sentence(text: str) -> str:
    """A text that may end in an abbreviation, with one full stop."""
    return text.removesuffix(".") + "."
