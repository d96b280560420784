"""Ranks compare as numbers and move as the picture does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twiml import ranks

RANKS = st.lists(st.integers(1, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@pytest.mark.parametrize("text", ["1", "10", "1.2.3", "12.34.56"])
def test_a_rank_is_numbers_from_one_with_points_between(text: str) -> None:
    assert ranks.is_rank(text)


@pytest.mark.parametrize("text", ["", "0", "1.0", "01", "1.", ".1", "1..2", "a", "1.a", " 1", "1\n", "-1", "\u0661"])
def test_anything_else_is_none(text: str) -> None:
    assert not ranks.is_rank(text)


def test_ranks_sort_as_numbers_parents_first() -> None:
    drawn = ["1", "1.1", "1.2", "1.2.1", "1.9", "1.10", "2", "9", "10", "11"]
    assert sorted(sorted(drawn), key=ranks.key) == drawn


def test_a_child_stands_below_its_parent_and_at_the_top_alone() -> None:
    assert ranks.child("1.3", 12) == "1.3.12"
    assert ranks.child("", 12) == "12"


@pytest.mark.parametrize(
    ("rank", "after"),
    [
        ("8", "8"),
        ("8.9", "8.9"),
        ("9", "9"),
        ("10", "12"),
        ("10.9", "12.9"),
        ("11.1.1", "13.1.1"),
    ],
)
def test_what_follows_at_the_top_moves_with_all_it_holds(rank: str, after: str) -> None:
    assert ranks.moved(rank, "9", 2) == after


@pytest.mark.parametrize(
    ("rank", "after"),
    [("1", "1"), ("2", "2"), ("1.2", "1.2"), ("1.2.1", "1.2.1"), ("1.3", "1.2"), ("1.3.5", "1.2.5"), ("2.3", "2.3")],
)
def test_only_later_siblings_move_and_nothing_is_closed_up_elsewhere(rank: str, after: str) -> None:
    assert ranks.moved(rank, "1.2", -1) == after


@given(RANKS, RANKS)
def test_moving_there_and_back_changes_nothing(rank: str, place: str) -> None:
    there = ranks.moved(rank, place, 7)
    assert ranks.moved(there, place, -7) == rank
    assert ranks.moved(rank, place, 0) == rank


@given(RANKS, RANKS, RANKS)
def test_moving_keeps_the_order(one: str, other: str, place: str) -> None:
    if ranks.key(one) < ranks.key(other):
        assert ranks.key(ranks.moved(one, place, 3)) < ranks.key(ranks.moved(other, place, 3))
