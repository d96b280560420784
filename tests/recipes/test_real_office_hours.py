"""The office's front door, dialled at every hour, by callers of every kind."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime

import pytest

from recipes import _hours, _speaking, office_hours
from recipes._hours import Hours
from runtime.softphone import Answer, HangUp, Press, Silence, Speak
from tests.wire import dial

OFFICE = "+441314960999"
LONDON = {"time_zone": "Europe/London", "business": "the Corner Bookshop", "office_phone": OFFICE}
HELLO = "Thank you for calling the Corner Bookshop."
MENU = "To speak to us, press 1. To leave a message, press 2. To hear our opening hours, press 3."
THROUGH = "One moment, please. I am putting you through."
GOODBYE = "Thank you for calling. Goodbye."
NOBODY = "Sorry, nobody can take your call at the moment."
OFFER = "To leave a message, press 1. Otherwise, simply hang up."
SORRY = "Sorry, I did not get that."
LEAVE = "Please leave your name, your number and a short message after the tone. When you have finished, press hash."
THANKS = "Thank you for your message. We will call you back. Goodbye."

MONDAY_NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
MONDAY_NIGHT = datetime(2027, 1, 4, 22, tzinfo=UTC)


@pytest.fixture
def at(monkeypatch):
    """Set the recipe's clock."""
    return lambda now: monkeypatch.setattr(office_hours, "clock", lambda: now)


@pytest.fixture
async def office(serve, at):
    """The bookshop, on a Monday at noon."""
    at(MONDAY_NOON)
    return await serve(settings=LONDON)


async def test_a_caller_is_put_through_and_parted_from(office):
    transcript = await dial(office, "office_hours", Press("1"))

    assert transcript.said == [HELLO, MENU, THROUGH, GOODBYE]
    assert transcript.dialled == [OFFICE]
    assert transcript.ended_by == "application"


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed", "canceled"])
async def test_where_nobody_answers_a_message_may_be_left(office, outcome):
    message = Speak("I would like to order a book, please call me back"), Press("#")
    transcript = await dial(office, "office_hours", Press("1"), Answer(outcome), Press("1"), *message)

    assert transcript.said == [HELLO, MENU, THROUGH, NOBODY, OFFER, LEAVE, THANKS]
    assert transcript.ended_by == "application"


async def test_who_keeps_silent_is_put_through(office):
    transcript = await dial(office, "office_hours")

    assert transcript.said == [HELLO, MENU, SORRY, MENU, THROUGH, GOODBYE]


@pytest.mark.parametrize("wrong", ["4", "5", "6", "7", "8", "9", "0", "*", "#"])
async def test_a_wrong_key_is_regretted_and_the_menu_said_again(office, wrong):
    transcript = await dial(office, "office_hours", Press(wrong), Press("2"), HangUp())

    assert transcript.said == [HELLO, MENU, SORRY, MENU, LEAVE]


async def test_a_second_wrong_key_puts_the_caller_through(office):
    transcript = await dial(office, "office_hours", Press("8"), Press("9"))

    assert transcript.said == [HELLO, MENU, SORRY, MENU, THROUGH, GOODBYE]


@pytest.mark.parametrize("wrong", ["3", "4", "#"])
async def test_the_opening_hours_are_said_and_something_else_asked_for(office, wrong):
    transcript = await dial(office, "office_hours", Press("3"), Press(wrong), Press("1"))
    silent = await dial(office, "office_hours", Press("3"))

    hours, menu = (
        "We are open Monday to Friday from 9 a.m. to 5 p.m.",
        "To speak to us, press 1. To leave a message, press 2.",
    )
    assert transcript.said == [HELLO, MENU, hours, menu, SORRY, menu, THROUGH, GOODBYE]
    assert silent.said == transcript.said


async def test_who_leaves_no_message_is_told_so(office):
    transcript = await dial(office, "office_hours", Press("2"), Silence())

    no_message = "Sorry, we did not hear a message. Please call again at any time. Goodbye."
    assert transcript.said == [HELLO, MENU, LEAVE, no_message]


async def test_who_ignores_the_offer_hears_a_goodbye(office, at):
    at(MONDAY_NIGHT)
    transcript = await dial(office, "office_hours", Press("7"))

    closed = "We are closed. We open tomorrow at 9 a.m."
    assert transcript.said == [HELLO, closed, OFFER, SORRY, OFFER, GOODBYE]
    assert transcript.dialled == []


@pytest.mark.parametrize(
    "script", [[HangUp()], [Press("1"), HangUp()], [Press("1"), Answer("busy"), HangUp()], [Press("2"), HangUp()]]
)
async def test_a_caller_may_hang_up_anywhere(office, script):
    transcript = await dial(office, "office_hours", *script)

    calls = office.status()["calls"]
    assert transcript.ended_by == "caller"
    assert (calls["completed"], calls["failed"]) == (1, 0)


async def test_without_settings_it_is_open_nine_to_five_and_takes_messages(serve, at):
    at(MONDAY_NOON)
    daemon = await serve()
    by_day = await dial(daemon, "office_hours", HangUp())
    at(MONDAY_NIGHT)
    by_night = await dial(daemon, "office_hours", HangUp())

    thanks = "Thank you for calling."
    assert by_day.said == [thanks, "Nobody can take your call at the moment.", OFFER]
    assert by_night.said == [thanks, "We are closed. We open tomorrow at 9 a.m.", OFFER]


async def test_an_office_that_never_opens_promises_nothing(serve):
    transcript = await dial(await serve(settings={"hours": {}}), "office_hours", HangUp())

    assert transcript.said == ["Thank you for calling.", "We are closed.", OFFER]


def test_the_clock_is_the_time():
    assert abs((datetime.now(UTC) - office_hours.clock()).total_seconds()) < 60


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2027-01-04T08:59:59", "today at 9 a.m."),
        ("2027-01-04T17:00", "tomorrow at 9 a.m."),
        ("2027-01-08T17:00", "on Monday at 9 a.m."),
        ("2026-12-24T17:00", "on Monday, 4 January at 9 a.m."),
        ("2027-03-26T18:00", "on Monday at 9 a.m."),
        ("2027-07-01T07:59", "today at 9 a.m."),
    ],
)
def test_when_it_opens_is_said_as_people_say_it(now, opens):
    holidays = [f"2026-12-{day}" for day in range(25, 32)] + ["2027-01-01"]
    hours = Hours.of({"time_zone": "Europe/London", "closed": holidays})
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert not hours.is_open(moment)
    assert hours.when_it_opens(moment) == opens


@pytest.mark.parametrize(
    ("zone", "now", "is_open"),
    [
        ("Europe/London", "2027-01-04T09:00", True),
        ("Europe/London", "2027-01-04T16:59:59", True),
        ("Europe/London", "2027-01-04T17:00", False),
        ("Europe/London", "2027-07-05T08:00", True),  # summer time
        ("Europe/London", "2027-07-05T16:00", False),
        ("Asia/Tokyo", "2027-01-04T00:00", True),
        ("Asia/Tokyo", "2027-01-03T23:59", False),
        ("America/New_York", "2027-01-04T21:59", True),
        ("America/New_York", "2027-01-09T15:00", False),
    ],
)
def test_it_is_open_by_the_clocks_of_its_own_zone(zone, now, is_open):
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert Hours.of({"time_zone": zone}).is_open(moment) is is_open


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({}, ""),
        ({"sunday": "10:00-12:00"}, "on Sunday from 10 a.m. to 12 noon"),
        ({"monday": "08:30-18:00", "tuesday": "08:30-18:00"}, "on Monday and Tuesday from 8:30 a.m. to 6 p.m."),
        (
            {"Monday": "09:00-17:00", "tuesday": "09:00-17:00", "wednesday": "09:00-17:00", "friday": "00:00-12:00"},
            "Monday to Wednesday from 9 a.m. to 5 p.m.; on Friday from midnight to 12 noon",
        ),
    ],
)
def test_a_week_is_said_in_as_few_words_as_it_takes(hours, said):
    assert Hours.of({"hours": hours}).in_words() == said


def test_a_late_night_belongs_to_the_day_it_began_on():
    bar = Hours.of({"hours": {"friday": "18:00-02:00"}})

    assert bar.is_open(datetime(2027, 1, 9, 1, 59, tzinfo=UTC))
    assert not bar.is_open(datetime(2027, 1, 9, 2, tzinfo=UTC))
    assert not bar.is_open(datetime(2027, 1, 8, 1, tzinfo=UTC))
    assert bar.in_words() == "on Friday from 6 p.m. to 2 a.m."


@pytest.mark.parametrize("wrong", [{"hours": {"mon": "09:00-17:00"}}, {"hours": {"monday": "9 to 5"}}])
def test_hours_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match=r"mon|Invalid isoformat"):
        Hours.of(wrong)


@pytest.mark.parametrize("module", [_hours, _speaking])
def test_the_helpers_examples_run(module):
    result = doctest.testmod(module)

    assert result.attempted
    assert not result.failed
