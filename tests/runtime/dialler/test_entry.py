"""An entry and its line: one is read back as it was written, and a torn one is not read at all."""

from __future__ import annotations

import doctest
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.dialler import Entry, What, entry
from runtime.dialler.entry import HEADER, LONGEST, Damaged, decoded

JANE = "+441314960123"
LINE = Entry(1.0, What.CALLING, JANE).encoded()

numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
in_a_line = st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=60)
sids = st.text(string.ascii_letters + string.digits, max_size=34)
entries = st.builds(
    Entry, st.integers(0, 4_000_000_000_000).map(lambda at: at / 1000), st.sampled_from(list(What)), numbers, in_a_line,
    sids, in_a_line,
).filter(lambda entry: entry.sid or entry.what not in {What.CALLED, What.ENDED})  # fmt: skip


def test_the_examples():
    assert doctest.testmod(entry).failed == 0


@given(st.lists(entries, max_size=6))
def test_what_was_written_is_what_is_read(written):
    octets = HEADER + b"".join(each.encoded() for each in written)

    assert decoded(octets) == (written, len(octets))


@given(entries, entries, st.data())
def test_a_line_torn_before_its_detail_is_left_out_and_those_before_it_stand(before, torn, data):
    octets = HEADER + before.encoded()
    up_to_detail = len(replace(torn, detail="").encoded()) - 1
    kept = data.draw(st.integers(0, up_to_detail - 1))

    assert decoded(octets + torn.encoded()[:kept]) == ([before], len(octets))


@given(entries, entries, st.data())
def test_of_a_line_torn_within_its_detail_no_more_than_that_is_lost(before, torn, data):
    octets, line = HEADER + before.encoded(), torn.encoded()
    kept = line[: data.draw(st.integers(0, len(line) - 1))]

    [first, *more], whole = decoded(octets + kept)

    assert first == before
    assert whole == len(octets + kept if more else octets)
    for last in more:
        assert last.what is not What.ENDED, "its detail is what it says"
        assert replace(last, detail="") == replace(torn, detail="")
        assert torn.detail.startswith(last.detail.rstrip("\ufffd"))


@given(st.lists(entries, max_size=3), entries)
def test_a_last_line_that_lacks_nothing_but_its_end_is_read_unless_its_call_can_be_asked_for_again(before, last):
    octets = HEADER + b"".join(each.encoded() for each in before)

    found, whole = decoded(octets + last.encoded()[:-1])

    is_left_out = last.what is What.ENDED
    assert found == (before if is_left_out else [*before, last])
    assert whole == len(octets) + (0 if is_left_out else len(last.encoded()) - 1)


@pytest.mark.parametrize(
    "line",
    [
        b"2026-09-01T12:00:00.590Z,called,+441314960123,+441314960100,,",
        b"2026-09-01T12:00:00.590Z,caled,+441314960123,+441314960100,CA1,",
        b"yesterday,called,+441314960123,+441314960100,CA1,found in the console",
        b"2026-09-01T12:00:00.590Z,called,01314960123,+441314960100,CA1,found in the console",
        b"2026-09-01T12:00:00.590Z,called,+441314960123,+441314960100,CA1,found,in the console",
    ],
)
def test_a_last_line_that_no_crash_has_torn_and_that_is_no_entry_is_not_cut_off(line):
    with pytest.raises(Damaged, match=r"^3: is no entry: "):
        decoded(HEADER + LINE + line)


@pytest.mark.parametrize("what", [What.CALLED, What.ENDED])
@pytest.mark.parametrize("sid", ["", " ", "\u00a0"])
def test_a_call_without_its_sid_is_none(what, sid):
    line = f"2026-09-01T12:00:00.590Z,{what},+441314960123,+441314960100,{sid},completed\n"

    with pytest.raises(Damaged, match=f"^2: is no entry: {what} is of a call, and has no SID$"):
        decoded(HEADER + line.encode())


@pytest.mark.parametrize("kept", range(len(HEADER)))
def test_a_ledger_torn_at_its_birth_is_empty(kept):
    assert decoded(HEADER[:kept]) == ([], 0)


@pytest.mark.parametrize("tail", [b"\0" * 40, b"\xff\xfe", b"\xc3", b"2026-09-01T12:00:00.120Z,called,+44131"])
def test_whatever_a_crash_leaves_behind_the_last_line_is_torn(tail):
    octets = HEADER + LINE

    entries, whole = decoded(octets + tail)

    assert (len(entries), whole) == (1, len(octets))


@given(st.text(max_size=2000))
def test_any_detail_stays_in_its_line(detail):
    line = Entry(0.0, What.REFUSED, JANE, detail=detail).encoded()

    [found], whole = decoded(HEADER + line)

    assert whole == len(HEADER + line)
    assert line.count(b"\n") == 1
    assert len(found.detail) <= LONGEST
    assert "\x1b" not in found.detail


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("https://jane:s3cret@h/voice", "https://h/voice"),
        ("https://jane@h", "https://h"),
        ("https://jane:s3@cret@h:8443/a@b?c=d@e#f@g", "https://h:8443/a@b?c=d@e#f@g"),
        ("at https://:s3cret@h/, or http://jane:x@h/", "at https://h/, or http://h/"),
        ("sip:jane@example.com", "sip:jane@example.com"),
    ],
)
def test_a_urls_credentials_are_not_written(url, written):
    [found], _ = decoded(HEADER + Entry(0.0, What.BEGUN, detail=url).encoded())

    assert found.detail == written


@given(st.floats(0, 4e9))
def test_a_moment_is_never_written_later_than_it_was(at):
    [found], _ = decoded(HEADER + Entry(at, What.CALLING, JANE).encoded())

    assert at - 0.0011 < found.at <= at + 2e-6


@pytest.mark.parametrize("octets", [b"to,name\n+441314960123,Jane\n", b"notes", b"at,what\n", b"\n", b"PK\x03\x04"])
def test_another_file_is_no_ledger(octets):
    with pytest.raises(Damaged, match="1: it doesn't begin as a ledger of calls does"):
        decoded(octets)


@pytest.mark.parametrize(
    "line",
    [
        b"gibberish\n",
        b"\n",
        b"yesterday,calling,+441314960123,,,\n",
        b"2026-09-01T12:00:00.120Z,caled,+441314960123,,,\n",
        b"2026-09-01T12:00:00.120Z,called,4.41315E+11,,CA1,\n",
        b"2026-09-01T12:00:00.120Z,called,441314960123,,CA1,\n",
        b"2026-09-01T12:00:00.120Z,called,,,CA1,\n",
        b"2026-09-01T12:00:00.120Z,called,+441314960123,,CA1\n",
        b'2026-09-01T12:00:00.120Z,called,+441314960123,,CA1,"open\n',
        b"2026-09-01T12:00:00.120Z,called,+441314960123,,CA1,,\n",
        b"\xff\xff,called,+441314960123,,CA1,\n",
    ],
)
def test_a_line_in_the_middle_that_is_no_entry_is_not_passed_over(line):
    with pytest.raises(Damaged, match=r"^3: is no entry: "):
        decoded(HEADER + LINE + line + LINE)
