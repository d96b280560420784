"""How long to wait for Twilio, and how long between two tries. Time and chance are parameters, so no test sleeps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from random import SystemRandom

from actors import Clock, SystemClock, pause


@dataclass(frozen=True, slots=True)
class Patience:
    """Timeouts, tries and pauses, in seconds.

    >>> Patience(random=lambda: 1.0).before_try(3), Patience(random=lambda: 0.0).before_try(3, retry_after=7)
    (4.0, 7.0)

    Attributes:
        connect: for a connection.
        answer: for a whole answer, connection included.
        tries: of what may be tried again.
        first: the longest pause before the second try; it doubles with each.
        longest: what it doubles up to. A `Retry-After` that is longer isn't waited for.
        look_ups: the pauses before each look into Twilio's lists for what was sent and not answered.
        clock: where time comes from.
        random: gives a number from 0 to 1, so that many clients don't come back at once.
    """

    connect: float = 10.0
    answer: float = 30.0
    tries: int = 5
    first: float = 1.0
    longest: float = 60.0
    look_ups: tuple[float, ...] = (1.0, 3.0, 6.0)
    clock: Clock = field(default_factory=SystemClock)
    random: Callable[[], float] = SystemRandom().random

    def before_try(self, tried: int, retry_after: float = 0.0) -> float:
        """How long to pause after so many tries: by chance, up to a bound that doubles, on top of what is asked for."""
        return min(self.longest, max(0.0, retry_after) + self.random() * self.first * 2.0 ** (tried - 1))

    async def wait(self, seconds: float) -> None:
        """Wait, by the clock."""
        await pause(seconds, self.clock)

    def retry_after(self, header: str) -> float:
        """The seconds that a `Retry-After` header asks for, in either of its forms; 0 if it can't be read."""
        if header.strip().isdecimal():
            return float(header)
        moment = seconds_of(header)
        return max(0.0, moment - self.clock.now()) if moment is not None else 0.0


def seconds_of(text: str) -> float | None:
    """A date as Twilio writes it (RFC 2822), in seconds since the epoch; None if it is none.

    >>> seconds_of("Fri, 18 Oct 2019 17:00:00 +0000"), seconds_of("soon")
    (1571418000.0, None)
    """
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
