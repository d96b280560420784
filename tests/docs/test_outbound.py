"""The page about calling many: what it says can be written into a ledger is read there."""

from __future__ import annotations

import re
from pathlib import Path

from runtime.dialler import Book, Step
from runtime.dialler.entry import HEADER, decoded
from runtime.dialler.standing import MARGIN

PAGE = (Path(__file__).parents[2] / "docs" / "outbound.md").read_text(encoding="utf-8")


def test_a_number_is_done_with_once_the_line_of_the_page_is_there() -> None:
    [line] = re.findall(r"^```text\n(2026-.+\n)```", PAGE, flags=re.MULTILINE)
    begun = line.replace(",called,", ",calling,").encode()
    book = Book()

    entries, _ = decoded(HEADER + begun + line.encode())
    for entry in entries:
        book.take(entry)

    assert book.of(entries[0].to).step is Step.NOTHING
    assert book.of(entries[0].to).sid.startswith("CA")


def test_the_page_knows_how_far_before_a_call_is_looked_for() -> None:
    assert MARGIN == 10.0
    assert "for ten seconds\nbefore that" in PAGE
