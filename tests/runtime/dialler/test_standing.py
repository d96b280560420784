"""What is known of a number after what the ledger tells, and what comes next."""

from __future__ import annotations

import pytest

from runtime.dialler import Book, Entry, Step, What
from runtime.dialler.standing import MARGIN

JANE, JOE, FROM, OTHER = "+441314960123", "+441314960124", "+441314960100", "+441314960101"


def after(*whats: str) -> Step:
    book = Book()
    for at, what in enumerate(whats, 1):
        book.take(Entry(at, What(what), JANE, FROM, "CA1" if what == "called" else ""))
    return book.of(JANE).step


@pytest.mark.parametrize(
    ("told", "step"),
    [
        ("", Step.CALL),
        ("calling", Step.LOOK_UP),
        ("calling called", Step.NOTHING),
        ("calling called ended", Step.NOTHING),
        ("calling refused", Step.NOTHING),
        ("calling unmade", Step.CALL),
        ("calling barred", Step.CALL),
        ("calling barred calling", Step.LOOK_UP),
        ("calling barred calling called", Step.NOTHING),
        ("calling calling barred", Step.LOOK_UP),
        ("calling open", Step.LOOK_UP),
        ("calling open called", Step.NOTHING),
        ("calling calling", Step.LOOK_UP),
        ("calling calling called", Step.NOTHING),
        ("calling calling refused", Step.NOTHING),
        ("calling unmade calling", Step.LOOK_UP),
        ("calling unmade calling unmade", Step.CALL),
        ("calling unmade calling called", Step.NOTHING),
        ("calling open open", Step.LOOK_UP),
    ],
)
def test_what_comes_next(told, step):
    assert after(*told.split()) is step


def test_an_earlier_try_that_may_have_been_made_is_not_forgotten_over_a_later_one_that_was_not():
    """Begun and killed; begun again, and hindered: of the first nobody knows, still."""
    assert after("calling", "calling", "unmade") is Step.LOOK_UP


def test_a_call_is_looked_for_since_it_was_first_begun():
    book = Book()
    for at in (100.0, 200.0, 300.0):
        book.take(Entry(at, What.CALLING, JANE, FROM))

    assert book.of(JANE).searches == {FROM: 100.0 - MARGIN}


def test_a_call_is_looked_for_from_every_number_that_may_have_made_it():
    book = Book()
    for at, from_ in ((100.0, FROM), (200.0, OTHER), (300.0, FROM)):
        book.take(Entry(at, What.CALLING, JANE, from_))

    assert book.of(JANE).searches == {FROM: 100.0 - MARGIN, OTHER: 200.0 - MARGIN}


def test_a_try_that_came_to_nothing_is_not_looked_for():
    book = Book()
    for at, what in ((100.0, What.CALLING), (101.0, What.UNMADE), (200.0, What.CALLING)):
        book.take(Entry(at, what, JANE, FROM))

    assert book.of(JANE).searches == {FROM: 200.0 - MARGIN}


def test_what_is_known_of_a_call():
    book = Book()
    book.take(Entry(100.0, What.CALLING, JANE, OTHER))
    book.take(Entry(900.0, What.CALLED, JANE, OTHER, "CA1", "queued"))
    during = book.of(JANE)
    book.take(Entry(950.0, What.ENDED, JANE, OTHER, "CA1", "busy"))

    assert (during.sid, during.from_, during.since, during.status) == ("CA1", OTHER, 100.0 - MARGIN, "")
    assert (book.of(JANE).sid, book.of(JANE).status) == ("CA1", "busy")


def test_numbers_have_nothing_to_do_with_each_other():
    book = Book()
    book.take(Entry(1.0, What.BEGUN, "https://api.twilio.com", sid="AC1"))
    book.take(Entry(2.0, What.REFUSED, JANE, detail="21211: Invalid 'To'"))

    assert (book.account, book.api) == ("AC1", "https://api.twilio.com")
    assert book.of(JANE).refusal == "21211: Invalid 'To'"
    assert book.of(JOE).step is Step.CALL


def test_a_book_knows_for_what_those_were_called_who_are_done_with():
    book = Book()
    for talk, what in (("a", What.CALLED), ("b", What.UNMADE), ("c", What.REFUSED), ("a", What.CALLED)):
        book.take(Entry(1.0, What.BEGUN, sid="AC1", detail=talk))
        book.take(Entry(2.0, what, "+441314960123", "+441314960100", "CA1"))

    assert book.talks == ["a", "c"]


def test_calls_of_which_no_run_is_written_down_were_for_nobody_knows_what():
    book = Book()
    book.take(Entry(1.0, What.CALLED, JANE, FROM, "CA1"))
    book.take(Entry(2.0, What.BEGUN, sid="AC1", detail=""))
    book.take(Entry(3.0, What.REFUSED, JOE, FROM))

    assert book.talks == []


def test_a_refusal_without_a_word_is_one():
    assert after("refused") is Step.NOTHING
