"""What the attributes of an element say, and what is wrong with them: a warning, as in Twilio's debugger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runtime.softphone.books import Books
from runtime.softphone.document import Fault, children, name
from runtime.softphone.steps import Callback, Fetch
from runtime.softphone.wire import resolve
from twiml import Spec, element_of_tag, spec

if TYPE_CHECKING:
    from lxml import etree

    from runtime.softphone.fields import Fields

_XML = "{http://www.w3.org/XML/1998/namespace}"
"""What lxml puts before xml:lang and the like."""


class Attributes(Books):
    """Reads the attributes of what a call performs, and writes in its books what it can't read."""

    def number(self, element: etree._Element, attribute: str, default: int = 0) -> int:
        """An attribute that is a whole number."""
        text = element.get(attribute, "").strip()
        if not text:
            return default
        if text.isascii() and text.isdigit():
            return int(text)
        self.warn(12200, f'<{name(element)} {attribute}="{text}">: not a whole number; it counts as {default}')
        return default

    def callback_of(self, purpose: str, element: etree._Element, attribute: str, extra: Fields) -> tuple[Callback, ...]:
        """The callback that an element's attribute of this name asks for, if it does."""
        url = element.get(attribute, "").strip()
        if not url:
            return ()
        try:
            return (Callback(purpose, resolve(self.document.url, url), method(element, f"{attribute}Method"), extra),)
        except Fault as fault:
            self.warn(fault.code, f"{attribute}: {fault.reason}")
            return ()

    def fetch(
        self,
        element: etree._Element,
        url: str,
        method_name: str = "method",
        extra: Fields | None = None,
        then: tuple[Callback, ...] = (),
    ) -> Fetch:
        """The document at a URL that an element names, relative to the current one's."""
        return Fetch(resolve(self.document.url, url), method(element, method_name), extra or {}, then)

    def warn_of_attributes(self, element: etree._Element, home: Spec | None = None) -> None:
        """Twilio passes over attributes that it doesn't know, with a warning."""
        kind = element_of_tag(name(element), inside=home)
        if kind is None:
            return
        known = {each.xml for each in spec(kind).attributes}
        for attribute in element.attrib:
            if (plain := str(attribute).replace(_XML, "xml:")) not in known:
                self.warn(12200, f"<{name(element)}> has no attribute {plain}")
        for child in children(element):
            self.warn_of_attributes(child, spec(kind))


def method(element: etree._Element, name: str = "method") -> str:
    """The method that an attribute names; POST without one."""
    return "GET" if element.get(name, "").strip().upper() == "GET" else "POST"
