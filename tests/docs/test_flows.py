"""The page about writing flows: its table of who picks up has what Twilio says, each of it."""

from __future__ import annotations

import re
from pathlib import Path

from runtime.softphone.caller import ANSWERERS

PAGE = (Path(__file__).parents[2] / "docs" / "flows.md").read_text(encoding="utf-8")


def test_the_table_of_who_picks_up_is_whole() -> None:
    table = PAGE.partition("| `call.answered_by` | |\n|---|---|\n")[2].partition("\n\n")[0]
    listed = {each for row in table.splitlines() for each in re.findall(r"`(.*?)`", row.split("|")[1])}

    assert listed == {'""', *ANSWERERS} - {"machine"}
