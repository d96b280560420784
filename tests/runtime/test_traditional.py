"""Modules that answer requests themselves, by `handle_request(path, params)`: GET and POST, and what they do wrong."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.wire import a_call, dial, get, post

OLD_STYLE = '''
    """Requests as they come."""
    import asyncio

    def handle_request(path, params):
        match path:
            case []:
                return [Say(f"root {params.get('q', '')}")]
            case ["start"]:
                return [Say(f"from {params['From']}"), Redirect("options")]
            case ["options"]:
                return [Say("options")]
            case ["deep", "down", "here"]:
                return [Say(repr(sorted(params.items())))]
            case ["raises"]:
                raise KeyError("FromCity")
            case ["exits"]:
                raise SystemExit(3)
            case ["number"]:
                return 7
            case ["invalid"]:
                return [Say("hello", language="klingon")]
        return [Hangup()]
'''


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/machine", "root "),
        ("/machine/", "root "),
        ("/machine?q=a+b%2Fc", "root a b/c"),
        ("/machine/deep/down/here?b=2&a=1&a=9&c=", "[('a', '1'), ('b', '2'), ('c', '')]"),
    ],
)
async def test_a_traditional_module_is_given_the_path_and_the_query(serve, folder, path, says):
    folder["machine"] = OLD_STYLE

    reply = await get(await serve(folder), path)

    assert reply.status == 200
    assert reply.verbs == [f"<Say>{says}</Say>"]


async def test_a_traditional_module_is_given_the_form_too(serve, folder):
    folder["machine"] = OLD_STYLE
    daemon = await serve(folder)

    reply = await post(daemon, "/machine/deep/down/here?tenant=7", {"CallSid": "CA1", "Digits": "1"})

    assert reply.verbs == ["<Say>[('CallSid', 'CA1'), ('Digits', '1'), ('tenant', '7')]</Say>"]
    assert daemon.status()["calls"]["started"] == 0


async def test_a_relative_redirect_in_a_traditional_answer_is_followed(serve, folder):
    folder["machine"] = OLD_STYLE

    transcript = await dial(await serve(folder), "machine/start", status_callback=None)

    assert transcript.said == ["from +14155550100", "options"]


async def test_a_traditional_module_may_be_a_coroutine(serve, folder):
    folder["machine"] = """
        import asyncio

        async def handle_request(path, params):
            await asyncio.sleep(0)
            return [Say(f"{'/'.join(path)} {params['CallSid']}")]
    """
    daemon = await serve(folder)

    assert (await post(daemon, "/machine/a/b", a_call())).verbs == ["<Say>a/b CA1</Say>"]
    assert (await get(daemon, "/machine/a?CallSid=CA2")).verbs == ["<Say>a CA2</Say>"]


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize("wrong", ["raises", "exits", "number", "invalid"])
async def test_a_traditional_module_that_fails_says_the_apology(serve, folder, kind, wrong):
    folder["machine"] = OLD_STYLE.replace("def handle", f"{kind} handle")
    daemon = await serve(folder)

    with capture_logs() as events:
        reply = await get(daemon, f"/machine/{wrong}?CallSid=CA1")
    next_one = await get(daemon, "/machine/options")

    assert reply.status == 200
    assert reply.verbs[0].startswith("<Say>We are sorry")
    assert [(event["event"], event["recipe"], event["call_sid"]) for event in events] == [
        ("request_failed", "machine", "CA1")
    ]
    assert (events[0]["exc_info"] is None) == (wrong in ("number", "invalid")), (
        "verbs that are wrong say where themselves"
    )
    assert next_one.verbs == ["<Say>options</Say>"]


async def test_a_traditional_module_that_hangs_says_the_apology_in_time(serve, folder):
    folder["machine"] = """
        import threading

        release = threading.Event()

        def handle_request(path, params):
            release.wait(30)
            return [Say("too late")]
    """
    daemon = await serve(folder, callout_patience=0.05)

    reply = await get(daemon, "/machine")
    folder["machine"].release.set()

    assert reply.status == 200
    assert reply.verbs[0].startswith("<Say>We are sorry")


async def test_a_module_of_both_kinds_is_extended_for_post_and_traditional_for_get(serve, folder):
    folder["both"] = """
        recipe = [Say("extended")]

        def handle_request(path, params):
            return [Say("traditional")]
    """
    daemon = await serve(folder)

    assert (await post(daemon, "/both", a_call())).verbs[0] == "<Say>extended</Say>"
    assert (await get(daemon, "/both/x?CallSid=CA1")).verbs == ["<Say>traditional</Say>"]


async def test_a_traditional_answer_with_extensions_is_no_silent_hangup(serve, folder) -> None:
    folder["old"] = """
        def handle_request(path, params):
            return [FunctionExt("x", "m", "f")]
    """
    daemon = await serve(folder)
    with capture_logs() as logs:
        answer = await post(daemon, "/old/start", a_call())
    assert "We are sorry" in answer.text
    assert "needs a machine to step through it" in str(logs)
