"""The office that answers texts, written to at every hour, by senders of every kind."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import pytest

from recipes import text_back
from tests.wire import ME, YOU, a_text, post

SHOP = {"time_zone": "Europe/London", "business": "the Corner Bookshop"}
MONDAY_NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2027, 1, 8, 22, tzinfo=UTC)
OPEN = "We are open, and will write back soon."
HOURS = "We are open Monday to Friday from 9 a.m. to 5 p.m."


@pytest.fixture
def at(monkeypatch):
    """Set the recipe's clock."""
    return lambda now: monkeypatch.setattr(text_back, "clock", lambda: now)


@pytest.fixture
async def write(serve, at):
    """Write to the bookshop, on a Monday at noon; gives what it answers, each message as text."""
    at(MONDAY_NOON)
    daemon = await serve(settings=SHOP)
    numbers = itertools.count(1)

    async def write(body, **more):
        reply = await post(daemon, "/text_back", a_text(body, f"SM{next(numbers)}", **more))
        assert (reply.status, daemon.status()["failures"]) == (200, [])
        return [each.removeprefix("<Message>").removesuffix("</Message>") for each in reply.verbs]

    return write


async def test_who_writes_first_is_asked_for_their_name_and_remembered_by_it(write):
    assert await write("Hi") == [f"Thank you for writing to the Corner Bookshop. {OPEN} What is your name?"]
    assert await write("Ada.") == ["Thank you, Ada. Ask us for our hours at any time."]
    assert await write("Is my book there?") == [f"Hello Ada. {OPEN}"]


@pytest.mark.parametrize("question", ["What are your hours?", "are you OPEN now", "when can I come", "do you close?"])
async def test_who_asks_for_the_hours_gets_them(write, question):
    assert await write(question) == [HOURS]


async def test_at_night_they_hear_when_it_opens(write, at):
    at(FRIDAY_NIGHT)
    [answer] = await write("Hi")
    assert "We are closed. We open on Monday at 9 a.m. What is your name?" in answer


async def test_where_it_never_opens_that_is_all_that_is_said(serve, at):
    at(MONDAY_NOON)
    daemon = await serve(settings={"hours": {}})
    reply = await post(daemon, "/text_back", a_text("Hi"))
    assert reply.verbs == ["<Message>Thank you for writing. We are closed. What is your name?</Message>"]


@pytest.mark.parametrize("body", ["", "x" * 41])
async def test_what_is_no_name_is_not_taken_for_one(write, body):
    await write("Hi")
    assert await write(body) == [f"Hello again. {OPEN}"]
    await write("Ada")
    assert await write("Hi") == [f"Hello Ada. {OPEN}"]


@pytest.mark.parametrize("wish", ["forget me", "Forget me!", " FORGET ME. "])
async def test_who_wants_to_be_forgotten_is(write, wish):
    await write("Hi")
    await write("Ada")
    assert await write(wish) == ["We have forgotten you."]
    assert "What is your name?" in (await write("Hi"))[0]


async def test_who_wants_no_more_messages_gets_none_and_is_forgotten(write):
    await write("Hi")
    await write("Ada")
    assert await write("STOP", OptOutType="STOP") == []
    assert "What is your name?" in (await write("START", OptOutType="START"))[0]


async def test_by_whatsapp_it_is_another_conversation(write):
    await write("Hi")
    await write("Ada")
    by_whatsapp = {"From": f"whatsapp:{ME}", "To": f"whatsapp:{YOU}"}
    assert "What is your name?" in (await write("Hi", **by_whatsapp))[0]
    assert await write("Grace", **by_whatsapp) == ["Thank you, Grace. Ask us for our hours at any time."]
