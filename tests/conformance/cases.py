"""What a conformance test is made of: the inside of a document, and what becomes of it.

`verbs` reads it, `errors` says what is wrong with it, `written` writes it again, and an `Application` answers a
softphone with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from runtime.softphone import Act, Call, Transcript
from tests.twiml.documents import inside
from twiml import decode, encode, validate
from twiml.element import Attribute, Element, declared, spec_of_tag

PHONE = "+441314960123"
AFTER = "<Say>after</Say>"
"""What follows a verb, to see whether it is heard."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def verbs(document: str) -> list[Any]:
    """The verbs of a document, given without its root."""
    return decode(f"<Response>{document}</Response>")


def errors(document: str, *, extended: bool = False) -> list[str]:
    """What is wrong with a document; nothing, if Twilio takes it."""
    return validate(verbs(document), extended=extended)


def written(*flow: Element) -> str:
    """A document as Twilio gets it, without its root."""
    return inside(encode(flow))


def attribute(tag: str, name: str) -> Attribute:
    """The declaration of an attribute, by the names that XML has for both."""
    return next(each for each in spec_of_tag(tag).attributes if each.xml == name)


def default(tag: str, name: str) -> str | None:
    """What we say that Twilio does without this attribute."""
    return attribute(tag, name).default


def homes(tag: str) -> set[str]:
    """The names of the elements that may hold one of this tag."""
    names = {found.name for _, found in declared() if found.tag == tag and not found.name.endswith("Ext")}
    return {found.tag for _, found in declared() if found.content is not None and names & set(found.content.holds)}


class Application:
    """Documents by path, without their roots: a text, a list of them one after the other, or a handler.

    Any other path is answered with an empty Response. Every request is kept.
    """

    def __init__(self) -> None:
        self.documents: dict[str, str | list[str] | Handler] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []

    def __setitem__(self, path: str, document: str | list[str] | Handler) -> None:
        self.documents[path] = document

    async def serve(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._answer)
        self.server = TestServer(application, host="127.0.0.1")
        await self.server.start_server()

    async def close(self) -> None:
        """Listen no longer."""
        await self.server.close()

    def url(self, path: str) -> str:
        """A path's URL."""
        return str(self.server.make_url("/")).rstrip("/") + path

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        fields = {name: str(value) for name, value in (await request.post() or request.query).items()}
        self.requests.append((request.method, request.path_qs if request.method == "POST" else request.path, fields))
        document = self.documents.get(request.path, "")
        if isinstance(document, list):
            document = document.pop(0) if document else ""
        if callable(document):
            return await document(request)
        return web.Response(text=f"<Response>{document}</Response>", content_type="text/xml")

    async def run(self, *script: Act, document: str | None = None, **options: Any) -> Transcript:
        """A call of `/voice`, which answers with `document`. Its end is told nobody, unless `options` say whom."""
        if document is not None:
            self["/voice"] = document
        options = {"auth_token": "12345", "script": script, "status_callback": None} | options
        return await Call(self.url("/voice"), **options).run()

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for _, path, _ in self.requests]

    @property
    def methods(self) -> list[str]:
        """By which method, in order."""
        return [method for method, _, _ in self.requests]

    def fields(self, path: str) -> dict[str, str]:
        """The fields of the last request for a path."""
        return next(fields for _, asked, fields in reversed(self.requests) if asked == path)
