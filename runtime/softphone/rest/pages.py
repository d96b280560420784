"""Lists: which items fit, and page after page of them.

The next page is known by the last item of this one, not by its number: what was made or deleted since shifts nothing,
and nothing comes twice.
(Twilio's documentation: "Twilio's response", Pagination.)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

from runtime.softphone.rest.parameters import Params, Table, day, including, moment, pattern
from runtime.softphone.rest.refusals import Refused

PAGE_SIZE = 50
_PAGING = {"PageSize", "Page", "PageToken"}
_AFTER, _BEFORE = "PA", "PB"


class Row(NamedTuple):
    """An item of a list: its JSON, and whether it was deleted."""

    shown: dict[str, Any]
    deleted: bool = False


def page(name: str, path: str, table: Table, params: Params, rows: Sequence[Row]) -> dict[str, Any]:
    """One page of a list.

    Args:
        name: what the items are called.
        path: where the list is.
        table: what the request takes.
        params: what it was given.
        rows: every item, the newest first, and those that were deleted in their places.

    Raises:
        Refused: the token is none of this list's.
    """
    size, number = int(params.text("PageSize", str(PAGE_SIZE))), int(params.text("Page", "0"))
    fitting = [at for at, row in enumerate(rows) if not row.deleted and fits(row.shown, table, params)]
    here = _chosen(fitting, rows, params.text("PageToken"), size, number)
    first = last = None
    if here:
        first, last = rows[here[0]].shown["sid"], rows[here[-1]].shown["sid"]

    def uri(number: int, token: str = "") -> str:
        query = [(key, value) for key, values in params.items() if key not in _PAGING for value in values]
        query += [("PageSize", str(size)), ("Page", str(number)), *([("PageToken", token)] if token else [])]
        return f"{path}?{urlencode(query)}"

    more = bool(here) and here[-1] != fitting[-1]
    before = bool(here) and here[0] != fitting[0] and number > 0
    return {
        "first_page_uri": uri(0),
        "next_page_uri": uri(number + 1, f"{_AFTER}{last}") if more else None,
        "previous_page_uri": uri(number - 1, f"{_BEFORE}{first}") if before else None,
        "page": number,
        "page_size": size,
        "start": number * size,
        "end": number * size + max(0, len(here) - 1),
        "uri": uri(number, params.text("PageToken")),
        name: [rows[at].shown for at in here],
    }


def _chosen(fitting: list[int], rows: Sequence[Row], token: str, size: int, number: int) -> list[int]:
    if not token:
        return fitting[number * size : (number + 1) * size]
    known = next((at for at, row in enumerate(rows) if row.shown["sid"] == token[2:]), None)
    if known is None or token[:2] not in {_AFTER, _BEFORE}:
        raise Refused(20001, f"PageToken {token} is none of this list's")
    if token.startswith(_AFTER):
        return [at for at in fitting if at > known][:size]
    return [at for at in fitting if at < known][-size:]


def fits(shown: dict[str, Any], table: Table, params: Params) -> bool:
    """Whether an item is one of those that are asked for."""
    for name, values in params.items():
        if name in _PAGING or not values[0]:
            continue
        has = shown[snake(name.rstrip("<>"))]
        kind = table.kinds[name]
        if kind is day:
            fit = _at(has, name, values[0])
        elif kind is pattern:
            fit = re.search(re.escape(values[0]).replace(r"\*", "."), has) is not None
        elif kind is including:
            fit = values[0] == "true" or not has
        else:
            fit = has == values[0]
        if not fit:
            return False
    return True


def _at(has: str | None, name: str, value: str) -> bool:
    """Whether a date fits: on that day or at that second; with `<` not after it, with `>` not before."""
    asked = moment(value)
    if has is None or asked is None:
        return False
    at = parsedate_to_datetime(has)
    if name.endswith("<"):
        return at <= asked
    if name.endswith(">"):
        return at >= asked
    return asked <= at < asked + (timedelta(days=1) if len(value) == len("2026-09-01") else timedelta(seconds=1))


def snake(name: str) -> str:
    """A parameter's name as a field's.

    >>> snake("ParentCallSid")
    'parent_call_sid'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
