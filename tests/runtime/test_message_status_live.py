"""What became of messages of ours, through live daemons: signed, told to who is subscribed, also after a restart."""

from __future__ import annotations

import asyncio
import json
import signal

import pytest
from structlog.testing import capture_logs

from runtime.journals import named
from runtime.softphone import StandIn
from runtime.twilio import TwilioClient
from tests.runtime.commands.conftest import environment, start
from tests.runtime.journals.examples import rows_in, until
from tests.wire import ME, TOKEN, YOU, a_call, a_status, a_text, post

__all__ = ["environment", "start"]

ACCOUNT = "AC" + "0" * 32
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'
LISTENS = """
    told = []
    def undelivered(webhook, message):
        told.append((message.sid, webhook.message_status, webhook.error_code, message.to, message.data))
    subscriptions = [("message_status", undelivered)]
"""
SHOP = f"""{LISTENS}
    def reply(message):
        message.data["texts"] = message.data.get("texts", 0) + 1
        return "We are open."
"""
AN_ANSWER = '<Message statusCallback="/shop/status">We are open.</Message>'


@pytest.fixture
def shop(folder):
    """A recipe that answers, and wants to know what becomes of its answers."""
    folder["shop"] = SHOP
    return folder


async def settled(daemon) -> None:
    """Until everybody has been told."""
    async with asyncio.timeout(30):
        await daemon.supervisor.postman.finish()


async def test_what_becomes_of_an_answer_is_asked_for_and_told(serve, shop):
    daemon = await serve(shop)
    answer = await post(daemon, "/shop", a_text("hi"))
    told = [await post(daemon, "/shop/status", a_status("sent"))]
    told.append(await post(daemon, "/shop/status", a_status("undelivered", ErrorCode="30003")))
    await settled(daemon)

    assert answer.verbs == [AN_ANSWER]
    assert {(each.status, each.text) for each in told} == {(200, NOTHING)}
    assert shop["shop"].told == [
        ("SM9", "sent", None, ME, {"texts": 1}),
        ("SM9", "undelivered", 30003, ME, {"texts": 1}),
    ]


async def test_it_is_asked_for_where_the_daemon_is(serve, shop):
    """Beneath the path of its public URL, whichever URL the message came to."""
    daemon = await serve(shop, public_url="https://ivr.example.com/voice", default_recipe="shop")
    answers = [
        await post(daemon, path, a_text("hi", sid), known_as="https://ivr.example.com")
        for path, sid in (("/voice/shop", "SM1"), ("/voice/", "SM2"))
    ]

    assert [each.verbs for each in answers] == [[AN_ANSWER.replace("/shop", "/voice/shop")]] * 2


async def test_what_is_not_signed_is_told_to_nobody(serve, shop):
    daemon = await serve(shop)
    refused = await post(daemon, "/shop/status", a_status("failed"), token="another")
    taken = await post(daemon, "/shop/status", a_status("sent"))
    await settled(daemon)

    assert (refused.status, taken.status) == (403, 200)
    assert [each[1] for each in shop["shop"].told] == ["sent"]


async def test_the_same_again_is_told_once(serve, shop):
    daemon = await serve(shop)
    token = {"I-Twilio-Idempotency-Token": "t"}
    await asyncio.gather(*(post(daemon, "/shop/status", a_status("sent"), headers=token) for _ in range(5)))
    await post(daemon, "/shop/status", a_status("delivered"), headers={"I-Twilio-Idempotency-Token": "u"})
    await post(daemon, "/shop/status", a_status("sent"), headers=token)
    await post(daemon, "/shop/status", a_status("sent"))
    await settled(daemon)

    assert [each[1] for each in shop["shop"].told] == ["sent", "delivered"]


async def test_a_recipe_for_calls_alone_is_told_of_the_texts_of_its_calls(serve, folder):
    folder["calls"] = (
        f"{LISTENS}\n    recipe = [Sms('hello', to='{ME}', from_='{YOU}', status_callback='/calls/status')]"
    )
    daemon = await serve(folder)
    document = await post(daemon, "/calls", a_call())
    await post(daemon, "/calls/status", {"SmsSid": "SM9", "SmsStatus": "sent", "AccountSid": "AC1"})
    await post(daemon, "/calls/status", a_call(status="completed"))
    await settled(daemon)

    assert 'statusCallback="/calls/status"' in document.text
    assert folder["calls"].told == [("SM9", "", None, "", {})]


async def test_who_is_told_of_calls_is_told_of_calls_as_before(serve, folder):
    folder["both"] = f"""{SHOP}
    def over(webhook, call): told.append((call.call_sid, call.subscriptions))
    subscriptions.append(("completion", over))
    recipe = [Say("hello")]
    """
    daemon = await serve(folder)
    await post(daemon, "/both", a_call())
    await post(daemon, "/both/status", a_call(status="completed"))
    await post(daemon, "/both/status", a_status("sent"))
    await settled(daemon)

    [call] = [each for each in folder["both"].told if each[0] == "CA1"]
    assert [each.event for each in call[1]] == ["completion"]
    assert ("SM9", "sent", None, ME, {}) in folder["both"].told


async def test_a_message_that_was_sent_by_the_rest_api_is_told_of(serve, shop):
    """Nobody had written: a conversation begins with it."""
    daemon = await serve(shop)
    async with (
        StandIn(ACCOUNT, TOKEN) as twilio,
        TwilioClient(ACCOUNT, TOKEN, base_url=twilio.url) as client,
    ):
        sent = await client.send_sms(ME, "Your book is here.", from_=YOU, status_callback=f"{daemon.url}/shop/status")
        await asyncio.wait_for(twilio.idle(), 30)
    await settled(daemon)

    assert shop["shop"].told == [(sent["sid"], what, None, ME, {}) for what in ("sent", "delivered")]
    assert daemon.status()["messages"] == {"conversations": 1, "answered": 0, "failed": 0}


async def test_a_reload_has_those_of_the_module_as_it_is_then(serve, folder):
    folder["shop"] = "def reply(message): return 'We are open.'"
    daemon = await serve(folder)
    before = await post(daemon, "/shop", a_text())
    folder["shop"] = SHOP
    assert await daemon.reload()
    after = await post(daemon, "/shop", a_text(message_sid="SM2"))
    await post(daemon, "/shop/status", a_status("sent"))
    await settled(daemon)

    assert (before.verbs, after.verbs) == (["<Message>We are open.</Message>"], [AN_ANSWER])
    assert [each[1] for each in folder["shop"].told] == ["sent"]


# several daemons, one after the other and at the same time


async def test_what_a_stop_cuts_off_is_told_by_the_next_process(serve, folder, tmp_path):
    folder["slow"] = """
        import asyncio
        begun, release, told = [], asyncio.Event(), []
        async def undelivered(webhook, message):
            begun.append(webhook.message_status)
            await release.wait()
            told.append(webhook.message_status)
        subscriptions = [("message_status", undelivered)]
        def reply(message): return "hello"
    """
    url = f"sqlite:///{tmp_path / 'calls.db'}"
    daemon = await serve(folder, journal=named(url), drain_seconds=0.05)
    for what in ("sent", "failed"):
        await post(daemon, "/slow/status", a_status(what))
    await until(lambda: folder["slow"].begun)
    with capture_logs() as events:
        await daemon.stop()
    assert "not_in_time" in {each["event"] for each in events}
    folder["slow"].release.set()
    await serve(folder, journal=named(url))
    await until(lambda: len(folder["slow"].told) == 2)

    assert folder["slow"].begun == ["sent", "sent", "failed"]
    assert folder["slow"].told == ["sent", "failed"]


PUT_OFF = "SELECT * FROM letters WHERE reason <> ''"
"""Letters whose last try has failed, and that nobody has in hand for as long as a function may take."""


async def test_killed_the_next_process_tells_whom_it_had_to_tell_again(start, folder, tmp_path):
    """`kill -9` while a function had failed, and was to be tried again."""
    noted, busy = tmp_path / "noted", tmp_path / "busy"
    folder["shop"] = f"""
        from pathlib import Path
        def undelivered(webhook, message):
            if Path({str(busy)!r}).exists():
                raise ValueError("no time")
            with open({str(noted)!r}, "a") as file:
                file.write(f"{{message.sid}} {{webhook.message_status}}\\n")
        subscriptions = [("message_status", undelivered)]
        def reply(message): return "We are open."
    """
    busy.touch()
    config = tmp_path / "switchhook.toml"
    config.write_text(f"retry_pauses = [1.5, 1.5, 1.5]\njournal = {json.dumps(f'sqlite:///{tmp_path}/calls.db')}\n")
    words = ("--port", "0", "--admin-port", "0", "--recipes", folder, "--config", config)

    first = await (await start("serve", *words)).listening()
    for what in ("sent", "undelivered"):
        assert (await post(first, "/shop/status", a_status(what))).status == 200
    failed = await first.until("letter_failed")
    await until(lambda: rows_in(tmp_path / "calls.db", PUT_OFF) != [])
    first.send(signal.SIGKILL)
    await first.process.wait()
    busy.unlink()
    second = await (await start("serve", *words)).listening()
    await until(lambda: noted.exists() and noted.read_text().count("\n") == 2)
    second.send(signal.SIGTERM)
    assert await second.ended() == 0

    assert (failed["message_sid"], failed["subscribed_to"]) == ("SM9", "message_status")
    assert failed["call_sid"].startswith("texts-")
    assert noted.read_text().splitlines() == ["SM9 sent", "SM9 undelivered"]
    assert ME not in json.dumps(first.events + second.events)


async def test_two_daemons_on_postgresql_tell_once_and_in_order(serve, shop, database):
    daemons = [await serve(shop, journal=named(database)) for _ in range(2)]
    for what in ("queued", "sent", "delivered"):
        await asyncio.gather(*(post(each, "/shop/status", a_status(what)) for each in daemons))
    for daemon in daemons:
        await settled(daemon)
    await until(lambda: len(shop["shop"].told) == 3)

    assert [each[1] for each in shop["shop"].told] == ["queued", "sent", "delivered"]
