"""Forms and places, as they are read from the wire."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.web import form
from runtime.web.form import MOST_FIELDS, REMEMBERED, SHORT, Form, fields_of, place
from runtime.web.message import Refused

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(text, text), max_size=20))
def test_fields_are_read_as_everybody_reads_them(pairs):
    encoded = urlencode(pairs)

    assert fields_of(encoded) == parse_qsl(encoded, keep_blank_values=True) == pairs


@given(st.text("aA&=+%2Bé;", max_size=40))
def test_so_is_what_nobody_encoded_so(encoded):
    assert fields_of(encoded) == parse_qsl(encoded, keep_blank_values=True)


def test_of_a_repeated_field_the_first_value_counts_and_all_are_signed():
    once, repeated = Form("Digits=1&From=me"), Form("Digits=1&From=me&Digits=2&Digits=2")

    assert once.params == repeated.params == {"Digits": "1", "From": "me"}
    assert once.signed == {"Digits": "1", "From": "me"}
    assert repeated.signed == [("Digits", "1"), ("From", "me"), ("Digits", "2"), ("Digits", "2")]


@pytest.mark.parametrize("fields", [MOST_FIELDS, MOST_FIELDS + 1])
def test_a_form_has_a_thousand_fields_at_most(fields):
    encoded = "&".join(["a=1"] * fields)
    if fields <= MOST_FIELDS:
        assert len(fields_of(encoded)) == fields
    else:
        with pytest.raises(Refused, match="more than 1000 fields"):
            fields_of(encoded)


def test_what_is_remembered_of_what_anybody_sends_is_short_and_not_much():
    known = form._Known()
    long = "Body=" + "x" * SHORT

    assert known[long] == ("Body", "x" * SHORT)
    assert known == {}
    for n in range(3 * REMEMBERED):
        assert known[f"CallSid=CA{n}"] == ("CallSid", f"CA{n}")
        assert len(known) <= REMEMBERED


def test_what_comes_again_is_held_once():
    [(name, value)], [(again, _), _] = fields_of("CallStatus=ringing"), fields_of("CallStatus=completed&x=" + "y" * 100)

    assert name is again
    assert value == "ringing"


def test_a_place_is_below_the_prefix_and_its_own_fields_are_all_but_the_step():
    at = place("/ivr/menu/1.3/?tenant=7&step=2&step=3&tenant=8", "/ivr")

    assert (at.recipe, at.path, at.step, at.own) == ("menu", "1.3", 2, {"tenant": "7"})
    with pytest.raises(Refused, match="recipes are under /ivr/"):
        place("/ivr2/menu", "/ivr")


@pytest.mark.parametrize("query", ["", "step=", "step=x", "step=-1", "step=1e3", "step=9999999999", "Step=1"])
def test_a_step_is_a_plain_number(query):
    assert place(f"/menu?{query}", "").step is None
