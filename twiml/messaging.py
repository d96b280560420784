"""The answer to a text message: any number of messages, or a redirect.

(Twilio's documentation: "TwiML for Programmable Messaging".)

    [Message("We are open until six."), Message([Body("Our map"), Media("https://example.com/map.png")])]

A message's document is encoded, decoded and validated as a call's is, but it makes no machine: it
answers one request.
"""

from __future__ import annotations

from collections.abc import Sequence

from twiml.declare import attribute, content, verb
from twiml.element import Noun, Verb
from twiml.rules import METHOD, NAME, URL, text

LONGEST_BODY = 1600
"""Characters of a message's text. (Twilio's documentation: "Message resource".)"""


@verb(document="messaging")
class Body(Noun):
    """A message's text, where media go along."""

    message: str = content(text(LONGEST_BODY, least=1))


@verb(document="messaging")
class Media(Noun):
    """A picture, or another file, by its URL. Ten at most in a message."""

    url: str = content(URL)


@verb(document="messaging")
class Message(Verb):
    """Answer with a message; `to` is whoever wrote, if it isn't given, `from_` the number they wrote to."""

    body: str | Sequence[Noun] = content(text(LONGEST_BODY, least=1), holds=("Body", "Media"))
    to: str | None = attribute(NAME, default="who wrote")
    from_: str | None = attribute(NAME, default="the number they wrote to")
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")
    status_callback: str | None = attribute(URL)
