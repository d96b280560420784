"""What became of messages of ours: written down with the letters to whoever is to be told, once."""

from __future__ import annotations

import asyncio
import math
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors import Letter, Text, Webhook, key_of, sids_of
from actors.conversation import same_status
from actors.text import verbs_of
from tests.actors.doubles import Office, bounded
from tests.actors.texting import ME, START, YOU, Desk, status, text
from tests.twiml.documents import inside
from twiml import NOTHING, Body, Media, Message, Redirect

WENT_WRONG = {"ErrorCode": "30003", "ErrorMessage": "Unreachable destination handset"}


def short(webhook: Webhook) -> str:
    """The number of a message, and what became of it."""
    return f"{int(webhook.message.removeprefix('SM'), base=16)} {webhook.message_status}"


class Listener:
    """A function that is subscribed, and what it was told, in order."""

    def __init__(self, office: Office) -> None:
        self.told: list[str] = []
        self.webhooks: list[Webhook] = []
        self.messages: list[Text] = []

        @office.employ
        def undelivered(webhook: Webhook, message: Text) -> None:
            self.told.append(short(webhook))
            self.webhooks.append(webhook)
            self.messages.append(message)


@pytest.fixture
def listener(office: Office) -> Listener:
    @office.employ
    def reply(message: Text) -> str:
        message.data["texts"] = message.data.get("texts", 0) + 1
        return f"{message.body} {message.data['texts']}"

    return Listener(office)


@pytest.fixture
def desk(office: Office, listener: Listener) -> Desk:
    return Desk(office, listeners=["undelivered"], recipe_settings={"my_phone": ["+44"]})


async def tell(desk: Desk, *told: Webhook) -> None:
    """Post what became of messages, one after the other, until everybody has been told."""
    for each in told:
        assert await desk.post(each) == NOTHING
    await desk.told()


def with_more(webhook: Webhook, **more: str) -> Webhook:
    """The same webhook with more fields, or other ones."""
    return Webhook({**webhook.params, **more}, webhook.recipe, webhook.path, webhook.step, webhook.token, START)


# what is told


async def test_who_is_subscribed_is_told_in_the_order_of_the_conversation(desk: Desk, listener: Listener) -> None:
    await desk.post(text("hi"))
    await tell(desk, status("sent", 8), status("sent", 9), status("delivered", 8), status("undelivered", 9))
    assert listener.told == ["8 sent", "9 sent", "8 delivered", "9 undelivered"]
    assert desk.kinds == ["message", *["message_status"] * 4]
    assert await desk.journal.due_letters(math.inf, 10) == []


async def test_a_function_is_given_the_webhook_with_its_fields_typed(desk: Desk, listener: Listener) -> None:
    await tell(desk, with_more(status("undelivered"), order="7", **WENT_WRONG))
    [webhook] = listener.webhooks
    assert (webhook.message_status, webhook.error_code) == ("undelivered", 30003)
    assert (webhook.recipe, webhook.path, webhook.arrived) == ("shop", "status", START)
    assert webhook.custom_params["order"] == "7"


async def test_and_the_message_of_ours_with_what_its_conversation_remembers(desk: Desk, listener: Listener) -> None:
    await desk.post(text("hi"))
    await tell(desk, status("failed", 9))
    [message] = listener.messages
    assert (message.sid, message.from_, message.to) == (status(number=9).message, YOU, ME)
    assert (message.body, message.media, message.opted_out) == ("", [], False)
    assert [(each.ours, each.body) for each in message.history] == [(False, "hi"), (True, "hi 1")]
    assert (message.data, message.settings) == ({"texts": 1}, {"my_phone": ["+44"]})
    assert message.webhook == listener.webhooks[0]


async def test_what_is_said_before_is_not_crowded_out_by_what_is_told(desk: Desk, listener: Listener) -> None:
    await desk.post(text("hi"))
    await tell(desk, *(status("sent", number) for number in range(50, 100)))
    assert [each.body for each in listener.messages[-1].history] == ["hi", "hi 1"]


async def test_what_a_function_does_to_data_and_settings_is_forgotten(office: Office, listener: Listener) -> None:
    @office.employ
    def forgetful(webhook: Webhook, message: Text) -> None:
        message.data.clear()
        message.settings["my_phone"].append("+1")
        message.webhook.params["MessageStatus"] = "read"  # type: ignore[index]  # as a function may

    desk = Desk(office, listeners=["forgetful", "undelivered"], recipe_settings={"my_phone": ["+44"]})
    await desk.post(text("hi"))
    await tell(desk, status())
    assert listener.messages[0].data == desk.journal.written[-1][0].data == {"texts": 1}
    assert listener.messages[0].settings == {"my_phone": ["+44"]}
    assert listener.told == ["100 delivered"]


async def test_a_coroutine_is_told_too_and_each_of_several(office: Office, listener: Listener) -> None:
    told = []

    @office.employ
    async def read(webhook: Webhook, message: Text) -> None:
        await asyncio.sleep(0)
        told.append(webhook.message_status)

    desk = Desk(office, listeners=["read", "undelivered"])
    await tell(desk, status("read"))
    assert (told, listener.told) == (["read"], ["100 read"])


async def test_it_is_committed_in_the_same_step(desk: Desk, listener: Listener) -> None:
    """Whoever has the journal next finds the letter, if nobody has come to deliver it."""
    await desk.postman.close()
    await desk.post(text("hi"))
    await desk.post(with_more(status("sent"), **WENT_WRONG))
    letter = await desk.journal.take_letter(key_of(text()), START, START + 60)
    assert letter is not None
    assert (letter.version, letter.number, letter.due, letter.tries) == (2, 0, START + 60, 1)
    assert letter.subscription == desk.listeners[0]
    assert (letter.at, letter.path, letter.params) == (START, "status", desk.journal.written[-1][1].params)


@pytest.mark.parametrize("fields", [{"SmsSid": "SM9", "SmsStatus": "sent"}, {"MessageSid": "SM9", "EventType": "READ"}])
async def test_at_a_callbacks_url_all_that_is_about_a_message_is_told(
    desk: Desk, listener: Listener, fields: dict[str, str]
) -> None:
    await tell(desk, Webhook({"AccountSid": "AC1", "From": YOU, "To": ME, **fields}, "shop", "status", arrived=START))
    assert listener.messages[0].sid == "SM9"


async def test_what_tells_of_a_message_may_come_to_any_url_of_the_recipe(desk: Desk, listener: Listener) -> None:
    await tell(desk, status("sent", path=""), status("delivered", path="more"))
    assert listener.told == ["100 sent", "100 delivered"]


async def test_who_is_subscribed_in_another_recipe_is_told_of_none_of_this(desk: Desk, listener: Listener) -> None:
    await desk.post(text("hi"))
    await tell(desk, Webhook(status().params, "another", "status", arrived=START))
    assert listener.told == []
    assert desk.kinds == ["message", "message_status"]


async def test_a_message_that_comes_in_is_none(desk: Desk, listener: Listener) -> None:
    await desk.post(text("hi"))
    await desk.told()
    assert listener.told == []


# the same again


@pytest.mark.parametrize("token", ["", "t1"], ids=["by its content", "by its token"])
async def test_a_repeat_tells_nobody_again(desk: Desk, listener: Listener, token: str) -> None:
    first = status("sent")
    tries = [Webhook(first.params, "shop", "status", None, token, START + n) for n in range(3)]
    await tell(desk, tries[0], status("sent", 9), tries[1], status("delivered"), tries[2])
    assert listener.told == ["100 sent", "9 sent", "100 delivered"]


async def test_nor_do_copies_at_the_same_time(desk: Desk, listener: Listener) -> None:
    assert set(await bounded(asyncio.gather(*(desk.send(status()) for _ in range(5))))) == {NOTHING}
    await desk.told()
    assert listener.told == ["100 delivered"]


async def test_nor_does_the_same_at_another_url_of_the_recipe(desk: Desk, listener: Listener) -> None:
    """As of a Message that has both an `action` and a `status_callback`."""
    await tell(desk, status("sent"), status("sent", path=""))
    assert listener.told == ["100 sent"]


def test_what_is_the_same_is_all_that_is_told_and_the_recipe() -> None:
    others = [status("sent"), status(number=7), with_more(status(), ErrorCode="1"), with_more(status(), order="7")]
    others.append(Webhook(status().params, "another", "status"))
    assert len({same_status(each) for each in [status(), *others]}) == 6
    assert same_status(status(at=START + 1, path="")) == same_status(status())


# conversations that begin with it


async def test_a_conversation_begins_with_it_where_nobody_has_written(desk: Desk, listener: Listener) -> None:
    """The message was sent by the REST API, say."""
    with capture_logs() as logged:
        await tell(desk, status("sent"), status("undelivered"))
    assert listener.told == ["100 sent", "100 undelivered"]
    assert (listener.messages[0].data, listener.messages[0].history) == ({}, [])
    assert logged == []
    snapshot, _ = desk.journal.written[-1]
    assert (snapshot.status, snapshot.version, snapshot.due) == ("conversation", 2, None)
    assert snapshot.initial_params == {"AccountSid": "AC1", "From": ME, "To": YOU}
    assert desk.conversations.counts == {"conversations": 1, "answered": 0, "failed": 0}


async def test_and_goes_on_with_whoever_writes_back(desk: Desk, listener: Listener) -> None:
    await tell(desk, status("delivered"))
    assert inside(await desk.post(text("hi"))).endswith(">hi 1</Message>")
    assert {snapshot.call_sid for snapshot, _ in desk.journal.written} == {key_of(text())}
    assert desk.conversations.counts == {"conversations": 1, "answered": 1, "failed": 0}


async def test_what_names_no_number_is_of_a_conversation_of_its_own(desk: Desk, listener: Listener) -> None:
    """A Sms of a call tells of itself by its SID alone."""
    alone = [
        Webhook({"AccountSid": "AC1", "SmsSid": f"SM{n:032x}", "SmsStatus": what}, "shop", "status", arrived=START)
        for n, what in ((1, "sent"), (2, "failed"), (1, "sent"))
    ]
    await tell(desk, *alone)
    assert [(each.sid, each.from_, each.to) for each in listener.messages] == [(w.message, "", "") for w in alone[:2]]
    assert len({key_of(each) for each in alone}) == 2


# where Twilio is to tell it


@pytest.mark.parametrize(
    ("returned", "callbacks"),
    [
        ("hello", ["/shop/status"]),
        (
            [Message("one"), Message("two", to="+441314960999"), Redirect("more")],
            ["/shop/status", "/shop/status", None],
        ),
        ([Message([Body("map"), Media("https://e.com/m.png")])], ["/shop/status"]),
        ([Message("mine", status_callback="/mine")], ["/mine"]),
        ([Message("mine", action="/mine")], [None]),
        (None, []),
    ],
)
def test_it_is_asked_for_of_every_message_that_says_nothing_else(returned: Any, callbacks: list[str | None]) -> None:
    verbs = verbs_of("shop:reply", returned, "/shop/status")
    assert [getattr(each, "status_callback", None) for each in verbs] == callbacks


async def test_it_is_asked_for_if_somebody_is_to_be_told_and_else_not(office: Office, listener: Listener) -> None:
    listening = Desk(office, listeners=["undelivered"], base="/ivr")
    assert inside(await listening.post(text("hi"))) == '<Message statusCallback="/ivr/shop/status">hi 1</Message>'
    assert inside(await Desk(office).post(text("hi"))) == "<Message>hi 1</Message>"


# what goes wrong


@pytest.mark.parametrize("fault", ["load", "commit", "committed"])
async def test_who_is_to_be_told_is_told_in_spite_of_a_crash(desk: Desk, listener: Listener, fault: str) -> None:
    """Once, whether or not the step was written that it crashed over."""
    desk.journal.faults[fault] = 1
    with capture_logs() as logged:
        assert await desk.post(status()) == NOTHING
        await desk.postman.look()
        await desk.told()
    assert [each["event"] for each in logged] == ["child_crashed"]
    assert listener.told == ["100 delivered"]


async def test_nobody_is_told_of_what_is_not_written_down_which_is_kept_for_later(
    desk: Desk, listener: Listener
) -> None:
    desk.journal.faults["commit"] = 2
    with capture_logs():
        assert await desk.post(status()) == NOTHING
    await desk.told()
    assert (listener.told, desk.journal.written) == ([], [])
    await desk.done()
    await desk.round()
    await desk.told()
    assert len(desk.unwritten) == 0
    assert listener.told == ["100 delivered"]


async def test_it_is_told_of_whichever_daemon_it_comes_to(office: Office, listener: Listener) -> None:
    one = Desk(office, listeners=["undelivered"], node="1")
    two = Desk(office, listeners=["undelivered"], node="2", clock=one.clock, journal=one.journal)
    copies = [desk.send(status("sent")) for desk in (one, two)]
    await bounded(asyncio.gather(*copies))
    await bounded(asyncio.gather(two.post(status("delivered")), one.post(status("read", 9))))
    await one.told()
    await two.told()
    assert sorted(listener.told) == ["100 delivered", "100 sent", "9 read"]
    assert listener.told == [short(Webhook(row.params)) for _, row in one.journal.written]


# what it is called


async def test_a_letter_of_a_message_names_the_message_and_its_conversation(desk: Desk, office: Office) -> None:
    del office.undelivered
    with capture_logs() as logged:
        await tell(desk, status("failed", 9))
    [letter] = await desk.journal.dead_letters(10)
    sids = {"call_sid": key_of(text()), "message_sid": status(number=9).message}
    assert sids_of(letter) == sids
    [dead] = [each for each in logged if each["event"] == "letter_dead"]
    assert sids.items() <= dead.items()


def test_a_letter_of_a_call_names_the_call() -> None:
    subscription = Desk(Office("none"), listeners=["f"]).listeners[0]._replace(event="completion")
    letter = Letter("CA1", 1, 0, subscription, START, "", None, {"CallSid": "CA1", "SmsSid": "SM1"}, None)
    assert sids_of(letter) == {"call_sid": "CA1"}
