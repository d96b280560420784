"""Verbs as XML: the documents Twilio reads, and the fragments a compiled state is.

Extensions are dropped from a document that Twilio is to read. Asked for, they stand in a
namespace of ours, so that a whole flow is one XML document:

    <Gather numDigits="1" ext:autoMenu="true">
      <ext:Response response="1" title="sales"><Dial>+441314960123</Dial></ext:Response>
    </Gather>
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from lxml import etree

from twiml.declare import Attribute, Element, Extension, body_of, branches_of, spec, text_of

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
NAMESPACE = "urn:switchhook:extended-twiml"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_QUOTED = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
)


def escaped(text: str) -> str:
    """A text as it stands between tags."""
    return text.translate(_TEXT)


def quoted(text: str) -> str:
    """A text as it stands in an attribute, quotes included."""
    return f'"{text.translate(_QUOTED)}"'


def encode(verbs: Iterable[Element], extensions: bool = False) -> str:
    """A document of these verbs; extensions are silently dropped unless asked for.

    >>> from twiml import Dial, Say
    >>> encode([Say("Me & you", language="en-GB"), Dial("+441314960123")]).removeprefix(DECLARATION)
    '<Response><Say language="en-GB">Me &amp; you</Say><Dial>+441314960123</Dial></Response>'
    """
    inside = "".join(_written(each, extensions) for each in verbs)
    root = f'<Response xmlns:ext="{NAMESPACE}">' if extensions else "<Response>"
    return f"{DECLARATION}{root}{inside}</Response>" if inside else f"{DECLARATION}{root[:-1]}/>"


def document(inside: str) -> str:
    """A whole document around fragments."""
    return f"{DECLARATION}<Response>{inside}</Response>"


def opening(element: Element) -> str:
    """An element's opening tag with its own attributes, as a compiled state shows it.

    >>> from twiml import Gather
    >>> opening(Gather(num_digits=1, auto_menu_ext=True))
    '<Gather numDigits="1">'
    """
    return f"<{spec(element).name}{_attributes(element, extensions=False)}>"


def fragment(element: Element) -> str:
    """An element with its text and without what is nested in it.

    >>> from twiml import Pause, Say
    >>> fragment(Say("yowza")), fragment(Pause(length=10)), fragment(Say(""))
    ('<Say>yowza</Say>', '<Pause length="10"/>', '<Say></Say>')
    """
    text = text_of(element)
    start = f"{spec(element).name}{_attributes(element, extensions=False)}"
    return f"<{start}/>" if text is None else f"<{start}>{escaped(text)}</{spec(element).name}>"


class Fragment(NamedTuple):
    """A payload read back: the element's name, its attributes in order, its text."""

    name: str
    attributes: Mapping[str, str]
    text: str

    @property
    def closing(self) -> bool:
        """Whether it is an end tag."""
        return self.name.startswith("/")


@lru_cache(maxsize=4096)
def read(payload: str) -> Fragment:
    """What a compiled state's payload says, be it an opening tag, an end tag or a whole element.

    >>> read('<Gather numDigits="1">').attributes["numDigits"], read("</Gather>").name
    ('1', '/Gather')
    """
    if payload.startswith("</"):
        return Fragment(payload[1:-1], {}, "")
    name = re.match(r"<([\w-]+)", payload)
    assert name is not None, payload
    whole = payload.endswith(("/>", f"</{name[1]}>"))
    element = etree.fromstring(payload if whole else f"{payload}</{name[1]}>", _PARSER)
    return Fragment(
        name[1], {str(key): str(value) for key, value in element.attrib.items()}, "".join(element.itertext())
    )


def tag(element: Element) -> str:
    """An element's name in a document: an extension's in our namespace, without its Ext."""
    name = spec(element).name
    return f"ext:{name.removesuffix('Ext')}" if isinstance(element, Extension) else name


def _written(element: Element, extensions: bool) -> str:
    if isinstance(element, Extension) and not extensions:
        return ""
    text = text_of(element)
    inside = "".join(_written(each, extensions) for each in body_of(element)) if text is None else escaped(text)
    inside += "".join(_written(each, extensions) for each in branches_of(element))
    name = tag(element)
    start = f"{name}{_attributes(element, extensions)}"
    return f"<{start}>{inside}</{name}>" if inside or text is not None else f"<{start}/>"


def _attributes(element: Element, extensions: bool) -> str:
    return "".join(f" {name}={quoted(value)}" for name, value in _named_values(element, extensions))


def _named_values(element: Element, extensions: bool) -> Iterator[tuple[str, str]]:
    for each in spec(element).attributes:
        value = getattr(element, each.python)
        if value is None or (each.extension and not extensions):
            continue
        yield _attribute_name(each), each.rule.xml(value)


def _attribute_name(each: Attribute) -> str:
    return f"ext:{each.xml.removesuffix('Ext')}" if each.extension else each.xml
