"""An answer, judged as Twilio judges it: a document to perform, or the code of what is wrong with it.

The checks, in order: the status, the content type, the body's XML, its root. An audio answer is one
that plays; plain text is performed if it is TwiML and otherwise read aloud.
(Twilio's documentation: "TwiML for Programmable Voice", "Error and warning dictionary".)
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

TWIML_TYPES = {"text/xml", "application/xml", "text/html"}


class Fault(Exception):
    """What the caller hears as "an application error has occurred", by Twilio's code and in words."""

    def __init__(self, code: int, reason: str, retry: str = "") -> None:
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason
        self.retry = retry
        """Which of Twilio's retry policies covers it: `ct`, `rt` or none."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered, as it came."""

    url: str
    status: int
    content_type: str
    body: bytes
    chunked: bool = False

    @property
    def media_type(self) -> str:
        """The content type without its parameters."""
        return self.content_type.partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Document:
    """Verbs to perform, and the URL that relative ones resolve against."""

    url: str
    verbs: tuple[etree._Element, ...]


def read(reply: Reply) -> Document:
    """The document in an answer to a TwiML request.

    Raises:
        Fault: there is none; its code is the one that Twilio's debugger would show.
    """
    if reply.status >= 300:
        raise Fault(11217, f"{reply.url} answered {reply.status}{_line(reply)}")
    kind = reply.media_type
    if kind.startswith("audio/"):
        return Document(reply.url, (_verb("Play", reply.url),))
    if kind == "text/plain":
        try:
            return Document(reply.url, _verbs(reply.body))
        except Fault:
            return Document(reply.url, (_verb("Say", reply.body.decode(errors="replace")),))
    if kind not in TWIML_TYPES:
        raise Fault(12300, f"the content type is {reply.content_type or 'missing'}, not text/xml")
    if not reply.body and reply.chunked:
        raise Fault(11770, "the body is chunked and empty")
    return Document(reply.url, _verbs(reply.body))


def _line(reply: Reply) -> str:
    """What a refusal says of itself, where that is a line of text."""
    said = reply.body.decode(errors="replace").strip() if reply.media_type == "text/plain" else ""
    return f": {said}" if said and "\n" not in said and said.isprintable() else ""


def parse(twiml: str) -> Document:
    """A document that came without a URL, and has none that relative ones could resolve against.

    Raises:
        Fault: it is none.
    """
    return Document("", _verbs(twiml.encode()))


def complaint(reply: Reply) -> str:
    """What Twilio would warn of in an answer to a callback: nothing, if it is 204 or an XML document."""
    if reply.status == 204 or (reply.status == 200 and reply.media_type in TWIML_TYPES):
        return ""
    kind = reply.content_type or "no content type"
    return f"a callback is answered 204, or 200 with <Response/>; this is {reply.status} with {kind}"


def name(element: etree._Element) -> str:
    """An element's name."""
    return str(element.tag)


def children(element: etree._Element) -> tuple[etree._Element, ...]:
    """The elements that an element holds, without comments and the like."""
    return tuple(element.iterchildren(etree.Element))


def content(element: etree._Element) -> str:
    """An element's text, with that of what it holds (SSML), blanks collapsed."""
    return " ".join("".join(element.itertext(etree.Element)).split())


def _verbs(body: bytes) -> tuple[etree._Element, ...]:
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        dtd_validation=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise Fault(12100, f"the body isn't XML: {error.msg}") from error
    if root.tag != "Response":
        raise Fault(12102, f"the root is <{name(root)}>, not <Response>")
    return children(root)


def _verb(name: str, text: str) -> etree._Element:
    element = etree.Element(name)
    element.text = "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
    return element
