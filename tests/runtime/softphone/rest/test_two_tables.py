"""What the client sends is what the stand-in takes: each has its table, and the two agree."""

from __future__ import annotations

import pytest

from runtime.softphone import outbound
from runtime.softphone.rest import parameters as stand_in
from runtime.twilio import parameters as client

LEFT_OUT = {
    "LIST_RECORDINGS": {"IncludeSoftDeleted"},  # what is deleted is gone
    "UPDATE_NUMBER": {"AccountSid", "ApiVersion"},  # a number stays where it is, and there is one version
}
"""Of the client's parameters, those that have no effect with the stand-in."""


@pytest.mark.parametrize(
    "table",
    """
    CREATE_CALL UPDATE_CALL LIST_CALLS CREATE_MESSAGE LIST_MESSAGES LIST_RECORDINGS LIST_NUMBERS UPDATE_NUMBER
    """.split(),
)
def test_each_parameter_is_in_both(table):
    sent = {client.wire_name(name) for name in getattr(client, table).kinds}

    assert sent - LEFT_OUT.get(table, set()) == set(getattr(stand_in, table).kinds)


def test_so_are_the_words_that_they_know():
    assert client.STATUSES == stand_in.STATUSES
    assert client.EVENTS == outbound.EVENTS
    assert client.RECORDING_EVENTS == outbound.RECORDING_EVENTS


def test_and_how_long_a_document_and_the_keys_may_be():
    assert client.LONGEST_TWIML == stand_in.LONGEST_TWIML
    assert client.LONGEST_DIGITS == stand_in.LONGEST_DIGITS
