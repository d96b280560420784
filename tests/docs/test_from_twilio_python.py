"""The page for users of Twilio's SDK: each row of its tables writes the same document on both sides."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from twilio.twiml import messaging_response, voice_response

import twiml

PAGE = (Path(__file__).parents[2] / "docs" / "from-twilio-python.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| `(response\..+?)` \| `(.+?)` \|$", PAGE, flags=re.MULTILINE)


def canonical(xml: str) -> bytes:
    return etree.tostring(etree.fromstring(xml.encode()), method="c14n2")


@pytest.mark.parametrize(("theirs", "ours"), ROWS)
def test_the_sdks_call_and_ours_write_the_same_document(theirs: str, ours: str) -> None:
    messaging = "Message(" in ours
    response: Any = messaging_response.MessagingResponse() if messaging else voice_response.VoiceResponse()
    eval(theirs, {"response": response})  # noqa: S307 - the page's own code
    flow = eval(f"[{ours}]", dict(vars(twiml)))  # noqa: S307 - the same
    assert canonical(twiml.encode(flow)) == canonical(str(response))


def test_every_row_of_the_tables_was_compared() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(ROWS) == len(rows) > 25
