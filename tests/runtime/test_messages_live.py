"""Messages through a live daemon, signed by the official SDK: where each goes, and what it is answered."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import pytest
from structlog.testing import capture_logs

from actors import SystemClock
from actors.errand import LEASE
from runtime import catalogue
from runtime.errors import RecipesError
from runtime.journals import MemoryJournal
from runtime.journals.sqlite import SqliteJournal
from tests.wire import ME, YOU, a_call, a_status, a_text, dial, get, post, post_json

NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
TOKEN = "I-Twilio-Idempotency-Token"
COUNTS = """
    def reply(message):
        message.data["texts"] = message.data.get("texts", 0) + 1
        return f"{message.body} {message.data['texts']}"
"""
BOTH = f"{COUNTS}\n    recipe = [Say('hello')]"
TRADITIONAL = f"{COUNTS}\n    def handle_request(path, params): return [Say('/'.join(path) or 'root')]"


@pytest.fixture
def count(folder):
    """A recipe that counts the messages of each conversation."""
    folder["count"] = COUNTS
    return folder


async def test_a_message_is_answered_with_a_messaging_document(serve, count):
    reply = await post(await serve(count), "/count", a_text("hi"))

    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert reply.text == NOTHING.replace("/>", "><Message>hi 1</Message></Response>")


async def test_a_conversation_goes_on_with_the_next_message(serve, count):
    daemon = await serve(count)
    answers = [(await post(daemon, "/count", a_text("hi", f"SM{n}"))).verbs for n in range(3)]
    other = await post(daemon, "/count", a_text("hi", "SM9", From="+441314960124"))

    assert answers == [["<Message>hi 1</Message>"], ["<Message>hi 2</Message>"], ["<Message>hi 3</Message>"]]
    assert other.verbs == ["<Message>hi 1</Message>"]


async def test_media_links_and_redirects_are_sent_as_they_are(serve, folder):
    folder["pictures"] = """
        def reply(message):
            [picture] = message.media
            return [Message([Body(picture.content_type), Media(picture.url)]), Redirect("pictures/more?page=2")]
    """
    fields = a_text(NumMedia="1", MediaUrl0="https://example.com/a?b=1&c=2", MediaContentType0="image/png")
    reply = await post(await serve(folder), "/pictures", fields)

    assert reply.verbs == [
        "<Message><Body>image/png</Body><Media>https://example.com/a?b=1&amp;c=2</Media></Message>",
        "<Redirect>pictures/more?page=2</Redirect>",
    ]


async def test_whatsapp_in_whatever_script(serve, count):
    fields = a_text("日本 &c. 😀", From=f"whatsapp:{ME}", To=f"whatsapp:{YOU}", ProfileName="Ada", WaId=ME[1:])
    reply = await post(await serve(count), "/count", fields)

    assert reply.verbs == ["<Message>日本 &amp;c. 😀 1</Message>"]


async def test_at_the_root_the_number_has_its_recipe(serve, count):
    count["other"] = "def reply(message): return 'the other'"
    numbers = {YOU: "count", f"whatsapp:{YOU}": "other"}
    daemon = await serve(count, numbers=numbers, default_recipe="other")

    assert (await post(daemon, "/", a_text("hi"))).verbs == ["<Message>hi 1</Message>"]
    assert (await post(daemon, "/", a_text(To=f"whatsapp:{YOU}"))).verbs == ["<Message>the other</Message>"]
    assert (await post(daemon, "/", a_text(To="+441314960777"))).verbs == ["<Message>the other</Message>"]


@pytest.mark.parametrize("name", ["MessageSid", "SmsSid", "SmsMessageSid"])
async def test_any_name_of_a_message_makes_it_one(serve, count, name):
    reply = await post(await serve(count), "/count", {name: "SM1", "From": ME, "To": YOU, "Body": "hi"})

    assert reply.verbs == ["<Message>hi 1</Message>"]


async def test_a_recipe_may_take_calls_and_messages(serve, folder):
    folder["both"] = BOTH
    daemon = await serve(folder)

    assert (await post(daemon, "/both", a_text("hi"))).verbs == ["<Message>hi 1</Message>"]
    assert (await dial(daemon, "both")).said == ["hello"]
    assert (await post(daemon, "/both", a_call("CA1", MessageSid="SM9"))).verbs == ["<Say>hello</Say>", "<Hangup/>"]


async def test_a_traditional_module_with_a_reply_gets_everything_but_messages(serve, folder):
    folder["old"] = TRADITIONAL
    folder["older"] = "def handle_request(path, params): return [Say(params['Body'])]"
    daemon = await serve(folder)

    assert (await post(daemon, "/old", a_text("hi"))).verbs == ["<Message>hi 1</Message>"]
    assert (await post(daemon, "/old/sms", a_text("hi", "SM2"))).verbs == ["<Message>hi 2</Message>"]
    assert (await post(daemon, "/old/status", a_status())).text == NOTHING
    assert (await post(daemon, "/old/here", a_call())).verbs == ["<Say>here</Say>"]
    assert (await get(daemon, "/old?MessageSid=SM1")).verbs == ["<Say>root</Say>"]
    assert (await post(daemon, "/older", a_text("hi"))).verbs == ["<Say>hi</Say>"]


@pytest.mark.parametrize(
    ("query", "fields", "verb"),
    [
        ("CallSid=CA1", {"MessageSid": "SM1", "Body": "hi"}, "<Say>root</Say>"),
        ("MessageSid=SM1", {"From": ME, "To": YOU, "Body": "hi"}, "<Message>hi 1</Message>"),
    ],
    ids=["a call's", "a message's"],
)
async def test_what_the_query_says_it_is_about_counts_for_a_traditional_module_too(serve, folder, query, fields, verb):
    folder["old"] = TRADITIONAL
    daemon = await serve(folder)

    assert (await post(daemon, f"/old?{query}", fields)).verbs == [verb]


REFUSED = {
    "calls alone": ("/calls", a_text(), 404, "recipe 'calls' takes no messages: its module has no reply\n"),
    "messages alone": (
        "/count",
        a_call(),
        404,
        "recipe 'count' takes no calls: its module has a reply, and no recipe\n",
    ),
    "neither": ("/count", {"From": ME, "Body": "hi"}, 400, "no CallSid; every voice webhook has one\n"),
    "nowhere": ("/nowhere", a_text(), 404, "there is no recipe 'nowhere'\n"),
}


@pytest.mark.parametrize("why", REFUSED)
async def test_what_is_no_message_for_this_recipe_is_refused_in_a_line(serve, count, why):
    count["calls"] = "recipe = [Say('hello')]"
    path, fields, code, line = REFUSED[why]
    reply = await post(await serve(count), path, fields)

    assert (reply.status, reply.text) == (code, line)


async def test_a_message_is_posted_as_a_form(serve, count):
    daemon = await serve(count)
    got, json = await get(daemon, "/count?MessageSid=SM1"), await post_json(daemon, "/count", a_text())

    assert (got.status, got.text) == (405, "/count is a recipe for messages: POST to it\n")
    assert got.headers["Allow"] == "POST"
    assert (json.status, json.text) == (415, "Twilio's webhooks are forms, not JSON\n")


async def test_a_message_that_is_not_signed_is_not_let_in(serve, count):
    daemon = await serve(count)

    assert (await post(daemon, "/count", a_text(), token="another")).status == 403
    assert (await post(daemon, "/count", a_text("hi"))).verbs == ["<Message>hi 1</Message>"]


# the same again


async def test_the_same_message_again_and_at_once(serve, folder):
    folder["once"] = """
        import asyncio
        ran = []
        async def reply(message):
            ran.append(message.sid)
            await asyncio.sleep(0)
            return f"run {len(ran)}"
    """
    daemon = await serve(folder)
    replies = await asyncio.gather(*(post(daemon, "/once", a_text(), headers={TOKEN: "a"}) for _ in range(8)))
    later = await post(daemon, "/once", a_text(), headers={TOKEN: "b"})

    assert {each.text for each in [*replies, later]} == {replies[0].text}
    assert folder["once"].ran == ["SM1"]


async def test_what_became_of_an_answer_is_taken_note_of_and_never_refused(serve, count):
    count["calls"] = "recipe = [Say('hello')]"
    daemon = await serve(count)
    await post(daemon, "/count", a_text("hi"))
    paths = ["/count/status", "/count", "/calls/status", "/calls"]
    answers = [await post(daemon, path, a_status(what)) for path in paths for what in ("sent", "delivered")]
    strange = await post(daemon, "/count/status", a_status(From="+1", To="+2"))

    assert {(each.status, each.text) for each in [*answers, strange]} == {(200, NOTHING)}
    assert (await post(daemon, "/count", a_text("hi", "SM2"))).verbs == ["<Message>hi 2</Message>"]


# what goes wrong


@pytest.mark.parametrize("kind", ["def", "async def"])
@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("raise KeyError('x')", "KeyError: 'x'"),
        ("import sys; sys.exit(3)", "Exited: SystemExit: 3"),
        ("return [Say('hello')]", "1 Say: can't stand in the answer to a message"),
    ],
)
async def test_a_reply_that_goes_wrong_is_logged_counted_shown_and_answers_nothing(serve, folder, kind, code, why):
    folder["wrong"] = f"{kind} reply(message):\n        {code}"
    folder["fine"] = COUNTS
    daemon = await serve(folder)

    with capture_logs() as events:
        reply = await post(daemon, "/wrong", a_text())

    assert (reply.status, reply.text) == (200, NOTHING)
    [failed] = [each for each in events if each["event"] == "reply_failed"]
    assert (failed["message_sid"], failed["recipe"]) == ("SM1", "wrong")
    assert why in failed["reason"]
    shown = daemon.status()
    assert shown["messages"] == {"conversations": 1, "answered": 0, "failed": 1}
    assert [(each["sid"], each["recipe"], each["reason"]) for each in shown["failures"]] == [
        ("SM1", "wrong", failed["reason"])
    ]
    assert shown["calls"] == {"in_progress": 0, "started": 0, "completed": 0, "failed": 0, "restarts": 0}
    assert (await post(daemon, "/fine", a_text("hi", "SM2"))).verbs == ["<Message>hi 1</Message>"]


async def test_a_reply_that_is_late_answers_nothing_within_the_deadline(serve, folder):
    folder["slow"] = """
        import threading
        release = threading.Event()
        def reply(message):
            assert release.wait(30)
            message.data["read"] = message.body
            return "too late"
    """
    daemon = await serve(folder, callout_patience=0.05)

    with capture_logs() as events:
        reply = await post(daemon, "/slow", a_text())
        folder["slow"].release.set()
        await asyncio.wait_for(daemon.supervisor.conversations.finish(), 30)

    assert (reply.status, reply.text) == (200, NOTHING)
    assert [each["event"] for each in events if each["log_level"] in ("warning", "error")] == [
        "reply_failed",
        "late_reply",
    ]
    assert (await post(daemon, "/slow", a_text())).text == NOTHING


async def test_a_message_that_cannot_be_written_down_is_refused_for_twilio_to_try_elsewhere(serve, count, tmp_path):
    path = tmp_path / "calls.db"
    daemon = await serve(count, journal=SqliteJournal(path, busy=0.01))
    await post(daemon, "/count", a_text("hi"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with capture_logs() as events:
            refused = await post(daemon, "/count", a_text("hi", "SM2"))
        other.execute("ROLLBACK")

    assert (refused.status, refused.text) == (503, "message SM2 can't be taken at the moment\n")
    assert "child_crashed" in {each["event"] for each in events}
    async with asyncio.timeout(30):
        while (reply := await post(daemon, "/count", a_text("hi", "SM2"))).status == 503:
            pass  # the file is tried again in a moment
    assert reply.verbs == ["<Message>hi 2</Message>"]


async def test_a_reload_changes_the_reply_and_keeps_the_conversation(serve, count):
    daemon = await serve(count)
    await post(daemon, "/count", a_text("hi"))
    count["count"] = "def reply(message): return f\"now {message.data['texts']}\""
    assert await daemon.reload()

    assert (await post(daemon, "/count", a_text("hi", "SM2"))).verbs == ["<Message>now 1</Message>"]


async def test_a_drain_lets_a_late_reply_finish(serve, folder):
    folder["slow"] = """
        import threading
        release = threading.Event()
        def reply(message):
            assert release.wait(30)
            message.data["read"] = message.body
    """
    daemon = await serve(folder, callout_patience=0.05)
    with capture_logs() as events:
        await post(daemon, "/slow", a_text())
        stopping = asyncio.create_task(daemon.stop())
        await asyncio.sleep(0)
        folder["slow"].release.set()
        await asyncio.wait_for(stopping, 30)

    assert [each["event"] for each in events if each["event"].startswith("late_")] == ["late_reply"]
    assert "not_in_time" not in {each["event"] for each in events}


class Later(SystemClock):
    """The time at which the claims of a daemon that has stopped have run out."""

    def now(self):
        return super().now() + LEASE


async def test_a_message_that_a_stop_cuts_off_is_refused_and_answered_by_the_next_process(serve, folder):
    folder["slow"] = """
        import asyncio
        ran, begun, release = [], asyncio.Event(), asyncio.Event()
        async def reply(message):
            ran.append(message.sid)
            begun.set()
            await release.wait()
            return "booked"
    """
    journal = MemoryJournal()
    daemon = await serve(folder, journal=journal, drain_seconds=0.6)
    waiting = asyncio.create_task(post(daemon, "/slow", a_text("book")))
    await asyncio.wait_for(folder["slow"].begun.wait(), 30)
    with capture_logs() as events:
        await daemon.stop()
    cut_off = await waiting

    following = await serve(folder, journal=journal, clock=Later())
    folder["slow"].release.set()
    again = await post(following, "/slow", a_text("book"))

    assert (cut_off.status, cut_off.text) == (503, "message SM1 can't be taken at the moment\n")
    assert [each["event"] for each in events if "message_sid" in each] == ["message_refused"]
    assert again.verbs == ["<Message>booked</Message>"]
    assert folder["slow"].ran == ["SM1", "SM1"]


# what a recipe may be


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("reply = 'hello'", "reply is str; it is a function of a message: def reply(message)"),
        ("class reply: pass", "reply is a class; it is a function of a message: def reply(message)"),
        ("def reply(): return 'hello'", "reply() must take the message and nothing else: def reply(message)"),
        ("def reply(a, b): return a", "reply(a, b) must take the message and nothing else: def reply(message)"),
    ],
)
def test_a_reply_that_is_none_is_told_when_it_is_loaded(folder, code, why):
    folder["shop"] = f"recipe = [Say('hello')]\n{code}"

    with pytest.raises(RecipesError) as raised:
        catalogue.load(str(folder))
    assert list(raised.value.lines) == [f"shop: {why}"]


def test_a_module_with_a_reply_is_a_recipe(folder):
    folder["texts"] = COUNTS
    folder["both"] = BOTH
    found = catalogue.load(str(folder))

    assert [(name, each.program is not None, each.reply is not None) for name, each in found.recipes.items()] == [
        ("both", True, True),
        ("texts", False, True),
    ]
    assert found.of("texts").reply_module == "texts"
    assert found.of("nowhere").reply_module is None
