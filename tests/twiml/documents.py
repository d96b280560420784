"""How tests read a document: its inside, its canonical form, its URLs, and whether Twilio would take it."""

from __future__ import annotations

import re
from typing import NamedTuple

from lxml import etree

from twiml import Callout, Document, Machine, Request, Returned, Say
from twiml.xml import DECLARATION

VERBS = set(
    """
    Say Play Pause Gather Record Dial Enqueue Leave Connect Start Stop Refer Pay Sms Echo Redirect Hangup Reject
    """.split()
)
STANDS_IN = {
    "Response": VERBS,
    "Gather": {"Say", "Play", "Pause"},
    "Dial": {"Number", "Client", "Conference", "Queue", "Sip", "Application", "WhatsApp", "Sim"},
}
STANDS_IN |= {
    "Connect": set(
        "Stream ConversationRelay ConversationRelaySession AiSession VirtualAgent Conversation Room".split()
    ),
    "Start": {"Stream", "Siprec", "Transcription", "Recording"},
    "Stop": {"Stream", "Siprec", "Transcription", "Recording"},
    "Stream": {"Parameter"},
    "Enqueue": {"Task"},
    "Pay": {"Prompt", "Parameter"},
    "Prompt": {"Say", "Play", "Pause"},
    "Refer": {"Sip"},
}
SSML = {"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"}
STANDS_IN |= dict.fromkeys(["Say", *SSML], SSML)
"""What Twilio lets stand in what; everything else holds text or nothing."""


class Link(NamedTuple):
    """A URL of ours in a document: the element that names it, the rank it asks for, the step that wrote it."""

    tag: str
    rank: str
    step: int


def inside(xml: str) -> str:
    """What stands between the tags of the Response."""
    if xml == f"{DECLARATION}<Response/>":
        return ""
    start, end = f"{DECLARATION}<Response>", "</Response>"
    assert xml.startswith(start), xml
    assert xml.endswith(end), xml
    return xml[len(start) : -len(end)]


def canonical(xml: str) -> bytes:
    """Canonical XML (C14N): the order of attributes and the way of escaping don't count."""
    return etree.tostring(etree.fromstring(xml.encode()), method="c14n")


def links(xml: str, base: str = "") -> list[Link]:
    """The URLs of ours that ask for a rank, in the order of the document."""
    found = []
    for element in etree.fromstring(xml.encode()).iter():
        url = element.text if element.tag == "Redirect" else element.get("action")
        if (read := link(url or "", base)) is not None:
            found.append((str(element.tag), read))
    return [Link(tag, rank, step) for tag, (rank, step) in found]


def link(url: str, base: str = "") -> tuple[str, int] | None:
    """The rank that a URL of ours asks for and the step that wrote it; None for any other URL."""
    read = re.fullmatch(re.escape(base) + r"/([0-9.]+)\?step=([0-9]+)", url)
    return (read[1], int(read[2])) if read is not None else None


def check(xml: str) -> None:
    """Fails unless Twilio reads this document to its end: well-formed, small, each element in its place."""
    assert xml.startswith(DECLARATION)
    assert len(xml.encode()) <= 64_000
    root = etree.fromstring(xml.encode())
    assert root.tag == "Response"
    assert not root.attrib
    for element in root.iter():
        allowed = STANDS_IN.get(str(element.tag), set())
        assert {child.tag for child in element} <= allowed, f"{element.tag} holds what it can't: {xml}"


def document(effect: Document | Callout) -> Document:
    """The effect, which must be a document."""
    assert isinstance(effect, Document), effect
    check(effect.xml)
    return effect


def callout(effect: Document | Callout) -> Callout:
    """The effect, which must be a callout."""
    assert isinstance(effect, Callout), effect
    return effect


def ask(machine: Machine, rank: str | None = None, step: int | None = None, digits: str = "", speech: str = "") -> str:
    """What a request is answered with, between the tags of the Response."""
    return inside(document(machine.step(Request(rank, step, digits, speech))).xml)


def give(machine: Machine, *verbs: object) -> str:
    """What a callout's verbs are answered with, between the tags of the Response."""
    return inside(document(machine.step(Returned(verbs))).xml)


def said(*texts: str) -> list[Say]:
    """A Say for each text."""
    return [Say(each) for each in texts]
