"""A TwiML application on 127.0.0.1, which lets in nobody without Twilio's signature."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from runtime.softphone import Call

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = "12345"


class Application:
    """Documents by path: verbs as text, a list of them one after the other, or a handler.

    Every request is kept, as (path, fields, headers), and validated with the official SDK.
    """

    def __init__(self) -> None:
        self.documents: dict[str, str | list[str] | Callable] = {}
        self.requests: list[web.Request] = []
        self.forms: list[dict[str, str]] = []
        self.bodies: list[str] = []
        self.asked = asyncio.Event()
        self.origin = ""
        """Where it is known to be; where it is, if empty."""

    def __setitem__(self, path: str, document) -> None:
        self.documents[path] = document

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        form = dict(await request.post()) if request.method == "POST" else {}
        self.requests.append(request)
        self.bodies.append(body)
        self.asked.set()
        self.forms.append(form or dict(request.query))
        signature = request.headers["X-Twilio-Signature"]
        called = (self.origin or f"http://{request.host}") + request.raw_path
        assert RequestValidator(TOKEN).validate(called, form, signature), "the signature is not Twilio's"
        document = self.documents.get(request.path, "")
        if isinstance(document, list):
            document = document.pop(0) if document else ""
        if callable(document):
            return await document(request)
        return web.Response(text=f"<Response>{document}</Response>", content_type="text/xml")

    async def serve(self) -> None:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self.handle)
        self.server = TestServer(application, host="127.0.0.1")
        await self.server.start_server()

    def url(self, path: str = "/voice") -> str:
        return str(self.server.make_url("/")).rstrip("/") + path

    def call(self, *script, path: str = "/voice", **options) -> Call:
        """A call; without a status callback unless it is asked for."""
        options = {"auth_token": TOKEN, "script": script, "status_callback": None} | options
        return Call(self.url(path), **options)

    async def run(self, *script, **options):
        """A call, made: its transcript."""
        transcript = await self.call(*script, **options).run()
        assert [r.status for r in transcript.requests].count(500) == 0, "a handler failed"
        return transcript

    @property
    def paths(self) -> list[str]:
        return [request.path for request in self.requests]

    def form(self, path: str) -> dict[str, str]:
        """The fields of the last request to a path."""
        return next(
            form for request, form in zip(self.requests[::-1], self.forms[::-1], strict=True) if request.path == path
        )


@pytest.fixture
async def app():
    application = Application()
    await application.serve()
    yield application
    await application.server.close()
