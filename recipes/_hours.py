"""Opening hours: whether it is open, when it opens next, and how to say so. The time is always a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
OFFICE = dict.fromkeys(DAYS[:5], "09:00-17:00")
LOOK_AHEAD = 60
"""How many days an office may be closed on end and still be said to open again."""

Span = tuple[time, time]


@dataclass(frozen=True, slots=True)
class Hours:
    """The week of an office, by the clocks of its time zone.

    >>> hours = Hours.of({"time_zone": "Europe/London", "hours": {"monday": "09:00-12:00, 13:00-17:30"}})
    >>> noon = datetime(2027, 1, 4, 12, tzinfo=UTC)
    >>> hours.is_open(noon), hours.when_it_opens(noon), hours.in_words()
    (False, 'today at 1 p.m.', 'on Monday from 9 a.m. to 12 noon and from 1 p.m. to 5:30 p.m.')
    """

    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    """The times it is open on each day, Monday first. What ends no later than it begins ends the day after."""
    closed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Hours:
        """The hours in `[settings]`: `time_zone`, `hours` by day, and the dates in `closed`."""
        hours = {str(day).lower(): text for day, text in settings.get("hours", OFFICE).items()}
        if unknown := sorted(hours.keys() - set(DAYS)):
            raise ValueError(f"hours: {unknown[0]!r} is not a day; the days are {', '.join(DAYS)}")
        return cls(
            ZoneInfo(settings.get("time_zone", "UTC")),
            tuple(tuple(_spans(hours.get(day, ""))) for day in DAYS),
            frozenset(map(str, settings.get("closed", ()))),
        )

    def is_open(self, now: datetime) -> bool:
        """Whether it is open at a moment."""
        today = now.astimezone(self.zone).date()
        days = (today - timedelta(days=1), today)
        return any(begins <= now < ends for day in days for begins, ends in self._on(day))

    def when_it_opens(self, now: datetime) -> str:
        """When it opens next, to be said after "we open": "tomorrow at 9 a.m."; empty if it doesn't."""
        today = now.astimezone(self.zone).date()
        days = (today + timedelta(days=ahead) for ahead in range(LOOK_AHEAD))
        begins = next((begins for day in days for begins, _ in self._on(day) if begins > now), None)
        if begins is None:
            return ""
        then = begins.astimezone(self.zone)
        return f"{_day(then.date(), today)} at {_oclock(then.time())}"

    def in_words(self) -> str:
        """The week, to be said after "we are open"; empty if there are no hours."""
        runs = [list(run) for _, run in groupby(range(7), key=lambda day: self.week[day])]
        return "; ".join(f"{_days(run)} {_times(self.week[run[0]])}" for run in runs if self.week[run[0]])

    def _on(self, day: date) -> Iterator[tuple[datetime, datetime]]:
        """When it opens and shuts on a day. In UTC, for within a zone Python compares clocks and not moments."""
        if day.isoformat() in self.closed:
            return
        for begins, ends in self.week[day.weekday()]:
            last = day if ends > begins else day + timedelta(days=1)
            yield self._moment(day, begins), self._moment(last, ends)

    def _moment(self, day: date, at: time) -> datetime:
        return datetime.combine(day, at, self.zone).astimezone(UTC)


def _spans(text: str) -> Iterator[Span]:
    """The times in "09:00-12:00, 13:00-17:00"."""
    for span in sorted(filter(None, map(str.strip, text.split(",")))):
        begins, _, ends = span.partition("-")
        yield time.fromisoformat(begins.strip()), time.fromisoformat(ends.strip())


def _day(day: date, today: date) -> str:
    ahead = (day - today).days
    name = DAYS[day.weekday()].title()
    return {0: "today", 1: "tomorrow"}.get(ahead) or (f"on {name}" if ahead < 7 else f"on {name}, {day.day} {day:%B}")


def _days(run: list[int]) -> str:
    first, last = DAYS[run[0]].title(), DAYS[run[-1]].title()
    return {1: f"on {first}", 2: f"on {first} and {last}"}.get(len(run), f"{first} to {last}")


def _times(spans: tuple[Span, ...]) -> str:
    return " and ".join(f"from {_oclock(begins)} to {_oclock(ends)}" for begins, ends in spans)


def _oclock(at: time) -> str:
    if at.minute == 0 and at.hour in (0, 12):
        return "12 noon" if at.hour else "midnight"
    minutes = f":{at.minute:02}" if at.minute else ""
    return f"{at.hour % 12 or 12}{minutes} {'a.m.' if at.hour < 12 else 'p.m.'}"
