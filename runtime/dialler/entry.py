r"""An entry of the ledger: a line of CSV, to be read by people and programs.

    at,what,to,from,sid,detail
    2026-09-01T12:00:00.120Z,begun,https://api.twilio.com,+441314960100,AC…,reminder
    2026-09-01T12:00:00.310Z,calling,+441314960123,+441314960100,,
    2026-09-01T12:00:00.590Z,called,+441314960123,+441314960100,CA…,queued

What comes behind the last line's end was torn off by a crash: it had not been synced, so nothing was done on the
strength of it, and it is left out. Unless it has all its cells: then it is true, however much of its detail is missing,
or somebody has written it by hand, and not ended the line. An `ended` without its end is left out all the same: its
detail is the status, which can be asked for again.
"""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from math import floor

HEADER = b"at,what,to,from,sid,detail\n"
CELLS = HEADER.count(b",") + 1
LONGEST = 500
"""Characters of a detail."""

_NUMBER = re.compile(r"\+[0-9]+")
_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@")


class What(StrEnum):
    """What an entry tells."""

    BEGUN = "begun"
    """A run begins: the API at `to` is asked, with the account `sid`, for calls that talk to what `detail` names."""
    CALLING = "calling"
    """Twilio will be asked for a call now. From here on there may be one."""
    CALLED = "called"
    """There is one, `sid`."""
    REFUSED = "refused"
    """Twilio doesn't call this number, for the reason in `detail`."""
    BARRED = "barred"
    """Twilio doesn't call this number as things are, for the reason in `detail`, which somebody can mend: not called in
    this run, and to be called by the next one."""
    UNMADE = "unmade"
    """There is none: what hindered it concerns all numbers, so this one is still to be called."""
    OPEN = "open"
    """Nobody knows whether there is one."""
    ENDED = "ended"
    """The call `sid` is over, with the status in `detail`."""


_OF_A_CALL = frozenset({What.CALLED, What.ENDED})


class Damaged(ValueError):
    """Text that is no ledger."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened.

    Attributes:
        at: seconds since the epoch, by Twilio's clock as `TwilioClient.now` has it, and not later than it is there.
        what: what happened.
        to: the number it happened to, or the API's URL.
        from_: who calls.
        sid: the call's, or the account's.
        detail: anything else, in a line.
    """

    at: float
    what: What
    to: str = ""
    from_: str = ""
    sid: str = ""
    detail: str = ""

    def encoded(self) -> bytes:
        r"""Its line.

        >>> Entry(0.1239, What.REFUSED, "+441314960123", "+441314960100", detail="21211: Invalid\n'To'").encoded()
        b"1970-01-01T00:00:00.123Z,refused,+441314960123,+441314960100,,21211: Invalid 'To'\n"
        """
        line = io.StringIO()
        cells = [_moment(self.at), self.what, *map(in_a_line, (self.to, self.from_, self.sid, self.detail))]
        csv.writer(line, lineterminator="\n").writerow(cells)
        return line.getvalue().encode()


def without_credentials(text: str) -> str:
    """A text in whose URLs there is neither user nor password.

    >>> without_credentials("https://jane:s3cret@ivr.example.com/voice?x=1")
    'https://ivr.example.com/voice?x=1'
    """
    return _CREDENTIALS.sub("", text)


def decoded(octets: bytes) -> tuple[list[Entry], int]:
    """The entries of a ledger, and how many octets of it they are. The last line may lack its end.

    Raises:
        Damaged: it is no ledger, or was changed by somebody else; with the line.
    """
    whole = octets.rfind(b"\n") + 1
    if not octets.startswith(HEADER) and not (whole == 0 and HEADER.startswith(octets)):
        raise Damaged("1: it doesn't begin as a ledger of calls does")
    *lines, rest = octets[len(HEADER) :].decode(errors="replace").split("\n")
    entries = [_entry(number, line) for number, line in enumerate(lines, 2)]
    if not _is_torn(rest) and (last := _entry(len(lines) + 2, rest)).what is not What.ENDED:
        return [*entries, last], len(octets)
    return entries, whole


def _is_torn(line: str) -> bool:
    try:
        return len(_cells(line)) < CELLS
    except csv.Error:
        return True


def _entry(number: int, line: str) -> Entry:
    try:
        at, what, to, from_, sid, detail = _cells(line)
        when = datetime.fromisoformat(at).timestamp()
        return Entry(when, What(what), _number(what, to), from_, _sid(what, sid), detail)
    except (ValueError, csv.Error) as problem:
        raise Damaged(f"{number}: is no entry: {problem}") from problem


def _cells(line: str) -> list[str]:
    [cells] = csv.reader([line], strict=True)
    return cells


def _number(what: str, to: str) -> str:
    """The number of an entry, which a spreadsheet may have made something else of."""
    if what != What.BEGUN and not _NUMBER.fullmatch(to):
        raise ValueError(f"{to!r} is no number in E.164")
    return to


def _sid(what: str, sid: str) -> str:
    """The SID of an entry: a call that there is has one."""
    if what in _OF_A_CALL and not sid.strip():
        raise ValueError(f"{what} is of a call, and has no SID")
    return sid


def _moment(at: float) -> str:
    """A moment as it is written, cut to milliseconds, of which it may have had a thousandth less by its rounding."""
    return datetime.fromtimestamp(floor(at * 1000 + 0.001) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def in_a_line(text: str) -> str:
    """Text without line breaks, or anything else that isn't shown, and without a URL's credentials."""
    line = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return without_credentials(line)[:LONGEST]
