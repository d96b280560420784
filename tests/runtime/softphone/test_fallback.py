"""A document that can't be had is asked for at the fallback URL, with what is wrong with it.

(Twilio's documentation: "TwiML for Programmable Voice", "Error and warning dictionary".)
"""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from runtime.softphone import Address, HangUp, Hold, Press

FAULTS = {
    11217: web.Response(status=503),
    12100: web.Response(text="<Response>", content_type="text/xml"),
    12102: web.Response(text="<Html/>", content_type="text/xml"),
    12300: web.Response(text="{}", content_type="application/json"),
    11750: web.Response(text=f"<Response>{' ' * 70_000}</Response>", content_type="text/xml"),
}


@pytest.fixture
def fails(app):
    """Have a path fail, with a code."""

    def fails(path: str, code: int = 11217) -> None:
        async def handle(_: web.Request) -> web.Response:
            found = FAULTS[code]
            return web.Response(body=found.body, status=found.status, content_type=found.content_type)

        app[path] = handle

    return fails


@pytest.mark.parametrize("code", FAULTS)
async def test_it_is_asked_with_the_parameters_of_the_request_that_failed_and_with_the_fault(app, fails, code):
    """For the first document; the caller hears what it says, and a warning says what was wrong."""
    fails("/voice", code)
    app["/fallback"] = "<Say>sorry</Say>"

    transcript = await app.run(path="/voice?x=1", fallback=Address(app.url("/fallback")))

    [first, second] = app.forms
    assert second == first | {"ErrorCode": str(code), "ErrorUrl": app.url("/voice?x=1")}
    assert (transcript.said, transcript.broken) == (["sorry"], False)
    assert [warning[:5] for warning in transcript.warnings] == [str(code)]


async def test_it_is_asked_for_an_action_with_what_the_caller_keyed(app, fails):
    app["/voice"] = '<Gather action="/pressed"/>'
    fails("/pressed")
    app["/fallback"] = "<Say>sorry</Say>"

    transcript = await app.run(Press("7"), fallback=Address(app.url("/fallback"), "GET"))

    assert transcript.said == ["sorry"]
    assert [request.method for request in app.requests] == ["POST", "POST", "GET"]
    assert (app.form("/fallback")["Digits"], app.form("/fallback")["CallStatus"]) == ("7", "in-progress")
    assert app.form("/fallback")["ErrorUrl"] == app.url("/pressed")


async def test_the_call_goes_on_from_there_and_may_fall_again(app, fails):
    """URLs are relative to the fallback's; the number of documents has its limit all the same."""
    fails("/voice")
    app["/apart/fallback"] = "<Say>sorry</Say><Redirect>../voice</Redirect>"

    transcript = await app.run(fallback=Address(app.url("/apart/fallback")), max_documents=5)

    assert app.paths == ["/voice", "/apart/fallback", "/voice", "/apart/fallback", "/voice"]
    assert transcript.ended_by == "guard"


async def test_a_fallback_that_fails_is_an_application_error(app, fails):
    """It has none of its own. The error is its own, the warning the other's."""
    fails("/voice", 12100)
    fails("/fallback", 11217)

    transcript = await app.run(fallback=Address(app.url("/fallback")))

    assert app.paths == ["/voice", "/fallback"]
    assert transcript.broken
    assert "an application error has occurred: 11217" in str(transcript)
    assert [warning[:5] for warning in transcript.warnings] == ["12100"]


async def test_the_voice_url_itself_may_be_the_fallback(app, fails):
    """As `switchhook numbers` sets it: the application is asked a second time."""
    answers = [web.Response(status=500, text="no"), web.Response(text="<Response><Say>hi</Say></Response>")]

    async def handle(_: web.Request) -> web.Response:
        answer = answers.pop(0)
        answer.content_type = "text/xml"
        return answer

    app["/voice"] = handle

    transcript = await app.call(fallback=Address(app.url())).run()

    assert (app.paths, transcript.said) == (["/voice", "/voice"], ["hi"])


async def test_nobody_asks_it_for_a_caller_who_has_hung_up(app, fails):
    app["/voice"] = '<Gather action="/pressed"/>'
    fails("/pressed")

    transcript = await app.run(Press("7"), HangUp(during="Redirect"), fallback=Address(app.url("/fallback")))

    assert app.paths == ["/voice", "/pressed"]
    assert transcript.ended_by == "caller"


async def test_without_one_the_caller_hears_of_an_error(app, fails):
    fails("/voice")

    assert (await app.run()).broken
    assert app.paths == ["/voice"]


def test_one_that_cannot_be_requested(app):
    with pytest.raises(ValueError, match="'/fallback' is not a URL to request"):
        app.call(fallback=Address("/fallback"))


async def test_another_comes_with_a_call_that_is_sent_elsewhere(app, fails):
    app["/voice"] = "<Gather/>"
    fails("/next")
    call = app.call(Hold(), fallback=Address(app.url("/fallback")))
    running = asyncio.create_task(call.run())
    await call.held()

    call.redirect(app.url("/next"), fallback=Address(app.url("/other")))
    await running

    assert app.paths[-2:] == ["/next", "/other"]
