"""What a document that can't be had, or can't be read, does to a call."""

from __future__ import annotations

import pytest
from aiohttp import web

from runtime.softphone import Press
from tests.conformance.cases import AFTER, Application, Handler

DOCUMENT = "<Response><Say>hi</Say></Response>"


def answering(text: str = DOCUMENT, *, status: int = 200, content_type: str | None = "text/xml") -> Handler:
    """A handler that answers this."""

    async def answer(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": content_type} if content_type is not None else None
        return web.Response(body=text.encode(), status=status, headers=headers)

    return answer


FAILURES = {
    "400": (answering(status=400), 11217),
    "404": (answering(status=404), 11217),
    "500": (answering(status=500), 11217),
    "503": (answering(status=503), 11217),
    "json": (answering("{}", content_type="application/json"), 12300),
    "an image": (answering("png", content_type="image/png"), 12300),
    "no xml": (answering("<Response>"), 12100),
    "another root": (answering("<html/>"), 12102),
    "nothing": (answering(""), 12100),
    "more than 64 kB": (answering(f"<Response>{' ' * 65536}</Response>"), 11750),
    "nowhere": (answering(status=302), 11217),
}


@pytest.mark.parametrize(("answer", "code"), FAILURES.values(), ids=FAILURES)
async def test_a_document_that_cannot_be_had_is_an_application_error(
    app: Application, answer: Handler, code: int
) -> None:
    """Whatever goes wrong with a document, a caller hears that an application error has occurred, and is hung up.
    (docs: voice/twiml, errors)"""
    app["/2"] = answer
    transcript = await app.run(document="<Say>hi</Say><Redirect>/2</Redirect>" + AFTER)
    assert transcript.broken
    assert f"error {code}" in str(transcript)
    assert transcript.said == ["hi"]


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://127.0.0.1:1/voice", 11205), ("http://[", 11100), ("gopher://127.0.0.1/", 11100)],
)
async def test_a_url_that_cannot_be_reached_is_an_application_error(app: Application, url: str, code: int) -> None:
    """So it is where nobody listens, or where the URL is none. (docs: errors/11205, errors/11100)"""
    transcript = await app.run(document=f"<Say>hi</Say><Redirect>{url}</Redirect>")
    assert transcript.broken
    assert f"error {code}" in str(transcript)


@pytest.mark.parametrize(
    "verb", ['<Gather action="/2"/>', '<Pay action="/2"/>', "<Dial action='/2'>+441314960123</Dial>"]
)
async def test_an_action_that_fails_is_an_application_error_too(app: Application, verb: str) -> None:
    """A failing action ends the call as a failing first document does. (docs: voice/twiml)"""
    app["/2"] = answering(status=500)
    transcript = await app.run(Press("1#") if "Gather" in verb else Press("9"), document=verb + AFTER)
    assert transcript.broken
    assert transcript.said == []


async def test_a_callback_that_fails_is_a_warning_and_the_call_goes_on(app: Application) -> None:
    """A callback that fails is noted, and the caller hears nothing of it. (docs: errors/15003)"""
    app["/told"] = answering(status=500)
    document = f'<Dial><Number statusCallback="/told">+441314960123</Number></Dial>{AFTER}'
    transcript = await app.run(document=document)
    assert transcript.said == ["after"]
    assert [each[:5] for each in transcript.warnings] == ["15003"]


async def test_an_answered_call_that_fails_is_completed(app: Application) -> None:
    """A call that was answered hears of the error, and is completed. (docs: voice/twiml)"""
    app["/2"] = answering(status=500)
    await app.run(document="<Say>hi</Say><Redirect>/2</Redirect>", status_callback=app.url("/status"))
    assert app.fields("/status")["CallStatus"] == "completed"


@pytest.mark.parametrize("content_type", ["text/xml", "application/xml", "text/html", "text/xml; charset=utf-8"])
async def test_these_content_types_are_documents(app: Application, content_type: str) -> None:
    """A document is of one of these types. (docs: voice/twiml)"""
    app["/voice"] = answering(content_type=content_type)
    assert (await app.run()).said == ["hi"]
