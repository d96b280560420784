"""Lists, page after page.

(Twilio's documentation: "Twilio's response", Pagination.)
"""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.softphone.rest.pages import Row, page
from runtime.softphone.rest.parameters import LIST_CALLS
from runtime.softphone.rest.refusals import Refused

PATH = "/2010-04-01/Accounts/AC1/Calls.json"
SIZES = st.integers(1, 12)


def rows(count: int, deleted: frozenset[int] | set[int] = frozenset(), every: int = 1) -> list[Row]:
    """Calls, the newest first; every so many of them to +441, the others to +442."""
    return [
        Row({"sid": f"CA{number}", "to": "+441" if number % every == 0 else "+442"}, number in deleted)
        for number in range(count, 0, -1)
    ]


def got(items: list[Row], **params: str):
    """The page for these parameters."""
    return page("calls", PATH, LIST_CALLS, LIST_CALLS.read(params.items()), items)


def at(items: list[Row], uri: str):
    """The page at an address."""
    parts = urlsplit(uri)
    assert parts.path == PATH
    return got(items, **dict(parse_qsl(parts.query, keep_blank_values=True)))


def walked(items: list[Row], first, link: str = "next_page_uri"):
    """A page and all that follow it."""
    pages = [first]
    while uri := pages[-1][link]:
        pages.append(at(items, uri))
        assert len(pages) <= len(items) + 1, "it goes round in circles"
    return pages


def sids(*pages) -> list[str]:
    return [call["sid"] for one in pages for call in one["calls"]]


@given(st.integers(0, 40), SIZES)
def test_every_item_comes_once_and_in_order_whatever_the_page_size(count, size):
    items = rows(count)
    pages = walked(items, got(items, PageSize=str(size)))
    assert sids(*pages) == [row.shown["sid"] for row in items]
    assert [len(each["calls"]) for each in pages[:-1]] == [size] * (len(pages) - 1)
    assert len(pages) == max(1, -(-count // size))


@given(st.integers(0, 40), SIZES)
def test_going_back_is_going_there_the_other_way_round(count, size):
    items = rows(count)
    there = walked(items, got(items, PageSize=str(size)))
    back = walked(items, there[-1], "previous_page_uri")
    assert [sids(each) for each in back[::-1]] == [sids(each) for each in there]
    assert [each["page"] for each in back] == list(range(len(there) - 1, -1, -1))


@given(st.integers(0, 40), SIZES)
def test_pages_may_be_asked_for_by_their_number_too(count, size):
    items = rows(count)
    for number, there in enumerate(walked(items, got(items, PageSize=str(size)))):
        assert sids(got(items, PageSize=str(size), Page=str(number))) == sids(there)


@given(st.integers(1, 30), SIZES, st.integers(1, 10))
def test_what_is_made_meanwhile_shifts_nothing(count, size, made):
    """No item comes twice, and none is left out."""
    first = got(rows(count), PageSize=str(size))
    pages = walked(rows(count + made), first)
    assert sids(*pages) == sids(*walked(rows(count), first))


@given(st.integers(1, 30), SIZES, st.data())
def test_what_is_deleted_meanwhile_shifts_nothing(count, size, data):
    """Also the very item that the next page is known by, as when each is deleted that was seen."""
    first = got(rows(count), PageSize=str(size))
    seen = {int(sid[2:]) for sid in sids(first)}
    deleted = seen | data.draw(st.sets(st.integers(1, count)))
    pages = walked(rows(count, deleted), first)
    rest = [f"CA{number}" for number in range(count, 0, -1) if number not in deleted]
    assert sids(*pages[1:]) == rest
    for one in pages[1:]:
        before = [sid for sid in rest if sids(one) and rest.index(sid) < rest.index(sids(one)[0])]
        assert (one["previous_page_uri"] is not None) == bool(before)


@given(st.integers(0, 40), SIZES, st.integers(1, 4))
def test_a_filter_goes_along(count, size, every):
    items = rows(count, every=every)
    pages = walked(items, got(items, PageSize=str(size), To="+441"))
    assert sids(*pages) == [row.shown["sid"] for row in items if row.shown["to"] == "+441"]
    for one in pages:
        assert "To=%2B441&" in one["uri"]


def test_what_is_made_meanwhile_is_on_no_page_before_the_first():
    """Going back ends at page 0."""
    second = at(rows(6), got(rows(6), PageSize="2")["next_page_uri"])
    first = at(rows(9), second["previous_page_uri"])
    assert sids(first) == ["CA6", "CA5"]
    assert (first["page"], first["previous_page_uri"]) == (0, None)


def test_a_page_says_where_it_is():
    items = rows(5)
    second = at(items, got(items, PageSize="2", To="")["next_page_uri"])
    assert {name: value for name, value in second.items() if name != "calls"} == {
        "first_page_uri": f"{PATH}?To=&PageSize=2&Page=0",
        "next_page_uri": f"{PATH}?To=&PageSize=2&Page=2&PageToken=PACA2",
        "previous_page_uri": f"{PATH}?To=&PageSize=2&Page=0&PageToken=PBCA3",
        "page": 1,
        "page_size": 2,
        "start": 2,
        "end": 3,
        "uri": f"{PATH}?To=&PageSize=2&Page=1&PageToken=PACA4",
    }


def test_an_empty_list_is_a_page_too():
    empty = got([])
    assert (empty["calls"], empty["page"], empty["start"], empty["end"]) == ([], 0, 0, 0)
    assert empty["next_page_uri"] is None
    assert empty["previous_page_uri"] is None


def test_a_page_behind_the_last_one_is_empty():
    empty = got(rows(3), Page="9")
    assert (empty["calls"], empty["next_page_uri"], empty["previous_page_uri"]) == ([], None, None)
    assert (empty["start"], empty["end"]) == (450, 450)


def test_a_page_holds_fifty_and_a_thousand_at_most():
    items = rows(1100)
    assert len(sids(got(items))) == 50
    assert len(sids(got(items, PageSize="5000"))) == 1000
    assert got(items, PageSize="5000")["page_size"] == 1000


@pytest.mark.parametrize("token", ["PACA99", "PXCA1", "nonsense", "CA1"])
def test_a_token_of_another_list_is_refused(token):
    with pytest.raises(Refused) as refused:
        got(rows(3), PageToken=token)
    assert refused.value.code == 20001
    assert token in refused.value.message
