"""Where each of Twilio's requests goes: one test, or a few, for each row of the table in `runtime.web.voice`.

Callbacks have `test_callbacks_live`, and modules that handle requests `test_traditional`.
"""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from runtime.softphone import Call, Press, Silence
from tests.wire import FORM, ME, TOKEN, Proxy, a_call, dial, get, post, send, signed

NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
MENU = """
    recipe = [
        Gather([Say("menu")], num_digits=1, after_ext=[
            ResponseExt("1", "one", [Say("one")]),
            ResponseExt("2", "two", [Say("two")]),
            RepeatExt(),
        ]),
        Say("bye"),
    ]
"""


@pytest.fixture
async def proxy():
    async with Proxy() as proxy:
        yield proxy


async def test_a_document_is_utf8_xml(serve, folder):
    folder["greeting"] = 'recipe = [Say("Grüße, 日本")]'

    reply = await post(await serve(folder), "/greeting", a_call())

    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert reply.verbs == ["<Say>Grüße, 日本</Say>", "<Hangup/>"]


# --- POST /<recipe> ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", ["ringing", "in-progress", "queued", "initiated", "", "a-status-of-tomorrow"])
async def test_an_unknown_call_starts_whatever_its_status_but_a_terminal_one(serve, folder, status):
    folder["menu"] = MENU
    daemon = await serve(folder)

    reply = await post(daemon, "/menu", a_call(status=status))

    assert reply.verbs[0].startswith('<Gather action="/menu/1?step=1" ')
    assert daemon.status()["calls"]["in_progress"] == 1


@pytest.mark.parametrize("status", ["completed", "busy", "failed", "no-answer", "canceled"])
async def test_a_terminal_status_of_an_unknown_call_starts_nothing(serve, folder, status):
    folder["menu"] = MENU
    daemon = await serve(folder)

    reply = await post(daemon, "/menu", a_call(status=status))

    assert (reply.status, reply.text) == (200, NOTHING)
    assert daemon.status()["calls"] == dict.fromkeys(["in_progress", "started", "completed", "failed", "restarts"], 0)


async def test_an_outbound_call_starts_in_progress(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder)

    transcript = await dial(daemon, "menu", Press("2"), direction="outbound-api")

    assert transcript.requests[0].params["CallStatus"] == "in-progress"
    assert transcript.said == ["menu", "two", "bye"]


async def test_input_at_the_recipe_s_own_url_answers_the_open_gather(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder)
    await post(daemon, "/menu", a_call())

    reply = await post(daemon, "/menu", a_call(status="in-progress", Digits="2"))

    assert reply.verbs[0] == "<Say>two</Say>"


async def test_a_known_call_without_input_is_given_its_document_again(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder)
    first = await post(daemon, "/menu", a_call())

    again = await post(daemon, "/menu", a_call(status="in-progress"))

    assert again.text == first.text


# --- POST /<recipe>/<rank> -----------------------------------------------------------------------


async def test_a_plain_url_of_a_rank_without_step_answers_its_gather(serve, folder):
    folder["page"] = MENU
    daemon = await serve(folder)
    await post(daemon, "/page", a_call())

    reply = await post(daemon, "/page/1", a_call(status="in-progress", Digits="1"))

    assert reply.verbs == ["<Say>one</Say>", "<Say>bye</Say>", "<Hangup/>"]


@pytest.mark.parametrize(("rank", "says"), [("1.3.1", "one"), ("1.4", "two"), ("2", "bye"), ("2/", "bye")])
async def test_a_plain_url_of_a_rank_goes_on_there(serve, folder, rank, says):
    folder["page"] = MENU
    daemon = await serve(folder)
    await post(daemon, "/page", a_call())

    reply = await post(daemon, f"/page/{rank}", a_call(status="in-progress"))

    assert reply.verbs[0] == f"<Say>{says}</Say>"


async def test_a_plain_url_of_a_rank_starts_an_unknown_call_there(serve, folder):
    folder["page"] = MENU
    daemon = await serve(folder)

    reply = await post(daemon, "/page/1.3.1", a_call(status="in-progress"))

    assert reply.verbs[0] == "<Say>one</Say>"


@pytest.mark.parametrize("asked_for", ["99", "1.99.1", "1.", "0", "nonsense", "1.3/deeper", "%F0%9F%98%80", "1.3.1%00"])
async def test_a_rank_this_call_does_not_have_is_logged_and_the_call_goes_on_from_where_it_is(serve, folder, asked_for):
    folder["menu"] = MENU
    daemon = await serve(folder)
    first = await post(daemon, "/menu", a_call())

    with capture_logs() as events:
        reply = await post(daemon, f"/menu/{asked_for}", a_call(status="in-progress"))
    answered = await post(daemon, "/menu/1?step=1", a_call(status="in-progress", Digits="1"))

    assert reply.text == first.text
    assert [(event["event"], event["call_sid"]) for event in events] == [("unknown_state", "CA1")]
    assert answered.verbs[0] == "<Say>one</Say>"


async def test_a_webhook_is_known_again_by_its_idempotency_token(serve, folder):
    """Even where its URL has no step and another came between; a new token is a new webhook."""
    folder["page"] = MENU
    daemon = await serve(folder)
    await post(daemon, "/page", a_call())

    def repeat(token: str):
        return post(daemon, "/page/1", a_call(status="in-progress"), headers={"I-Twilio-Idempotency-Token": token})

    first, second, first_again, third = [await repeat(token) for token in ("a", "b", "a", "c")]

    steps = [2, 3, 2, 4]
    assert [
        reply.text.count(f"?step={step}")
        for reply, step in zip((first, second, first_again, third), steps, strict=True)
    ] == [2] * 4
    assert first_again.text == first.text


# --- POST / --------------------------------------------------------------------------------------


async def test_the_root_is_the_number_s_recipe_else_the_default_one(serve, folder):
    folder["sales"] = 'recipe = [Say("sales")]'
    folder["switchboard"] = 'recipe = [Say("switchboard"), Record(), Say("recorded")]'
    daemon = await serve(folder, numbers={"+441314960111": "sales"}, default_recipe="switchboard")

    by_number = await dial(daemon, "", to="+441314960111")
    by_default = await dial(daemon, "", to="+441314960222")

    assert by_number.said == ["sales"]
    assert by_default.said == ["switchboard", "recorded"]
    assert by_default.requests[1].url.partition("?")[0] == f"{daemon.url}/switchboard/3"


async def test_the_root_without_a_default_recipe_is_a_404_that_names_the_number(serve, folder):
    folder["sales"] = 'recipe = [Say("sales")]'
    daemon = await serve(folder, numbers={"+441314960111": "sales"})

    reply = await post(daemon, "/", a_call(To="+441314960222"))

    assert reply.status == 404
    assert reply.text == "[numbers] has no recipe for '+441314960222', and there is no default_recipe\n"


# --- where everything is mounted -----------------------------------------------------------------


async def test_everything_is_mounted_under_the_path_of_the_public_url(serve, folder):
    folder["menu"] = MENU
    folder["machine"] = "def handle_request(path, params): return [Say(path[0])]"
    known_as = "https://ivr.example.com"
    daemon = await serve(folder, public_url=f"{known_as}/twilio/voice/", default_recipe="menu")

    root = await post(daemon, "/twilio/voice", a_call(), known_as=known_as)
    also_root = await post(daemon, "/twilio/voice/", a_call("CA2"), known_as=known_as)
    menu = await post(daemon, "/twilio/voice/menu", a_call("CA3"), known_as=known_as)
    answer = await post(daemon, "/twilio/voice/menu/1?step=1", a_call("CA3", Digits="1"), known_as=known_as)
    traditional = await post(daemon, "/twilio/voice/machine/options", known_as=known_as)

    assert menu.verbs[0].startswith('<Gather action="/twilio/voice/menu/1?step=1" ')
    assert root.text == also_root.text == menu.text
    assert answer.verbs[0] == "<Say>one</Say>"
    assert traditional.verbs == ["<Say>options</Say>"]


@pytest.mark.parametrize("outside", ["/", "/menu", "/twilio", "/twilio/voicemail", "/twilio/voice2/menu"])
async def test_nothing_is_outside_that_path(serve, folder, outside):
    folder["menu"] = MENU
    known_as = "https://ivr.example.com"
    daemon = await serve(folder, public_url=f"{known_as}/twilio/voice", default_recipe="menu")

    reply = await post(daemon, outside, a_call(), known_as=known_as)

    assert reply.status == 404
    assert "recipes are under /twilio/voice/" in reply.text


async def test_a_whole_call_through_a_proxy(serve, folder, proxy):
    """Which Twilio knows by another name, and which passes the path on as it came."""
    folder["menu"] = MENU
    daemon = await serve(folder, public_url=f"{proxy.url}/twilio/voice")
    proxy.target = daemon

    transcript = await Call(f"{proxy.url}/twilio/voice/menu", auth_token=TOKEN, script=[Silence(), Press("2")]).run()

    assert transcript.said == ["menu", "menu", "two", "bye"]
    assert {request.status for request in transcript.requests} == {200}


# --- fields --------------------------------------------------------------------------------------


async def test_only_the_call_sid_is_required(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder)

    first = await post(daemon, "/menu", {"CallSid": "CA1"})
    answer = await post(daemon, "/menu/1?step=1", {"CallSid": "CA1", "Digits": "2"})
    end = await post(daemon, "/menu", {"CallSid": "CA1", "CallStatus": "completed"})

    assert first.verbs[0].startswith("<Gather")
    assert answer.verbs[0] == "<Say>two</Say>"
    assert end.text == NOTHING
    assert daemon.status()["calls"]["completed"] == 1


async def test_fields_may_be_empty_repeated_and_new(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder)
    await post(daemon, "/menu", a_call(FromCity="", CallToken='{"parentCallInfoToken":"…"}', Novelty="of tomorrow"))

    repeated = await post(
        daemon, "/menu/1?step=1", [*a_call(Digits="1").items(), ("Digits", "2"), ("Digits", "2"), ("CallSid", "CA2")]
    )

    assert repeated.verbs[0] == "<Say>one</Say>", "the first value counts"
    assert daemon.status()["calls"]["started"] == 1


async def test_empty_digits_are_no_input(serve, folder):
    folder["menu"] = MENU
    daemon = await serve(folder)
    first = await post(daemon, "/menu", a_call())

    reply = await post(daemon, "/menu", a_call(status="in-progress", Digits="", SpeechResult="", FinishedOnKey="#"))

    assert reply.text == first.text


async def test_a_call_sees_the_fields_decoded_once(serve, folder):
    folder["echo"] = """
        def recipe(call):
            return [Say(" ".join([call.from_, call.params["Raw"], call.params["q"], call.params["ForwardedFrom"]]))]
    """
    daemon = await serve(folder)
    body = "CallSid=CA1&From=%2B44131&Raw=100%&q=a=b&ForwardedFrom=%252B44&Empty&&=x"
    fields = [("CallSid", "CA1"), ("From", "+44131"), ("Raw", "100%"), ("q", "a=b"), ("ForwardedFrom", "%2B44")]
    fields += [("Empty", ""), ("", "x")]

    reply = await send("POST", daemon, "/echo", body, signed(f"{daemon.url}/echo", fields) | {"Content-Type": FORM})

    assert reply.verbs[0] == "<Say>+44131 100% a=b %2B44</Say>"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "multipart/form-data; boundary=x", "text/html; charset=utf-16", "application/octet-stream", "x", ""],
)
async def test_a_body_is_read_as_a_form_whatever_its_content_type_says(serve, folder, content_type):
    folder["menu"] = MENU
    daemon = await serve(folder)

    reply = await post(daemon, "/menu", a_call(), headers={"Content-Type": content_type})

    assert reply.verbs[0].startswith("<Gather")


@pytest.mark.parametrize("party", ["anonymous", "client:jane", "sip:jane@example.com", "+999123", "", "+"])
async def test_who_calls_need_not_be_a_number(serve, folder, party):
    folder["who"] = 'def recipe(call): return [Say(f"from {call.from_!r}")]'
    daemon = await serve(folder)

    reply = await post(daemon, "/who", a_call() | {"From": party})

    assert reply.verbs[0] == f"<Say>from {party!r}</Say>"


async def test_what_a_voice_urls_own_query_says_is_among_the_fields(serve, folder) -> None:
    folder["reminder"] = """
        def said(call):
            return [Say(" ".join([call.params["appointment"], call.params["From"], str("step" in call.params)]))]

        recipe = [Pause(), FunctionExt(fn=said)]
    """
    daemon = await serve(folder)
    answer = await post(daemon, "/reminder?appointment=on+Friday&From=nobody&step=0", a_call())
    assert f"on Friday {ME} False" in answer.text


async def test_the_root_finds_a_number_that_comes_in_the_query_too(serve, folder):
    folder["sales"] = """
        def handle_request(path, params):
            return [Say("sales")]
    """
    daemon = await serve(folder, numbers={"+441314960111": "sales"})
    reply = await get(daemon, "/?To=%2B441314960111&CallSid=CA1")
    assert (reply.status, reply.verbs) == (200, ["<Say>sales</Say>"])
