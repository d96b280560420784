"""The waiting room: what callers hear while they wait, how they leave it, and how agents take them out of it."""

from __future__ import annotations

import doctest
from urllib.parse import urlencode

import pytest
from lxml import etree

from recipes import waiting_room
from recipes.waiting_room import place_in_words, wait_in_words
from runtime.softphone import Answer, Call, HangUp, Press, Silence, Speak
from tests.wire import ME, TOKEN, YOU, Proxy, a_call, dial, get, post

AGENT = "+441314960999"
SETTINGS = {
    "agents": [AGENT],
    "business": "Corner Books",
    "hold_music": "https://example.com/a%20waltz.mp3?loud=1&key=c+d",
}
HELLO = "Thank you for calling Corner Books."
NEXT, ONE, TWO = "You are next.", "There is one caller before you.", "There are 2 callers before you."
MINUTE = " The wait is usually about a minute."
INSTEAD = "To leave a message instead, press 1."
GOODBYE = "Thank you for calling. Goodbye."
LEAVE = "Please leave your name, your number and a short message after the tone. When you have finished, press hash."
THANKS = "Thank you for your message. We will call you back. Goodbye."
NOBODY = "Nobody can take your call at the moment."
SORRY = "Sorry, we can't put you through at the moment."
OTHERS = Answer("no-answer")
MESSAGE = Speak("I would like to order a book, please call me back"), Press("#")


@pytest.fixture
async def shop(serve):
    return await serve(settings=SETTINGS)


def waited(transcript):
    """The requests that the queue made."""
    return [request for request in transcript.requests if "/while_they_wait" in request.url]


async def test_a_caller_waits_is_taken_and_parted_from(shop):
    transcript = await dial(shop, "waiting_room", Answer())

    assert transcript.said == [HELLO, NEXT, INSTEAD, GOODBYE]
    assert transcript.ended_by == "application"


async def test_each_round_says_how_it_stands(shop):
    transcript = await dial(shop, "waiting_room", OTHERS, OTHERS, Answer())

    assert transcript.said == [HELLO, TWO, INSTEAD, ONE + MINUTE, INSTEAD, NEXT + MINUTE, INSTEAD, GOODBYE]
    assert len(waited(transcript)) == 3


async def test_each_round_plays_the_music(shop):
    transcript = await dial(shop, "waiting_room", OTHERS, Answer())

    assert [line.text for line in transcript.lines if line.kind == "played"] == [SETTINGS["hold_music"]] * 2


@pytest.mark.parametrize("rounds", [0, 1, 3])
async def test_a_key_in_any_round_leads_to_the_message(shop, rounds):
    transcript = await dial(shop, "waiting_room", *[OTHERS] * rounds, Press("1"), *MESSAGE)

    assert transcript.said[-2:] == [LEAVE, THANKS]
    assert transcript.said.count(INSTEAD) == rounds + 1
    assert transcript.left == ()


@pytest.mark.parametrize("wrong", ["2", "9", "0", "*", "#"])
async def test_another_key_changes_nothing(shop, wrong):
    transcript = await dial(shop, "waiting_room", Press(wrong), Answer())

    assert transcript.said[:3] == [HELLO, NEXT, INSTEAD]
    assert transcript.said[-1] == GOODBYE
    assert transcript.dialled == []


async def test_who_leaves_no_message_is_told_so(shop):
    transcript = await dial(shop, "waiting_room", Press("1"), Silence())

    no_message = "Sorry, we did not hear a message. Please call again at any time. Goodbye."
    assert transcript.said == [HELLO, NEXT, INSTEAD, LEAVE, no_message]


async def test_who_has_waited_for_too_long_is_asked_for_a_message(serve):
    shop = await serve(settings=SETTINGS | {"longest_wait": 0.25})
    transcript = await dial(shop, "waiting_room", *[OTHERS] * 9)

    assert transcript.said[-3:-1] == ["We are sorry that you had to wait for so long.", LEAVE]
    assert 1 < len(waited(transcript)) < 9


async def test_the_requests_of_the_queue_do_not_step_the_call(shop):
    transcript = await dial(shop, "waiting_room", *[OTHERS] * 60, Answer())

    steps = [request.url.partition("?")[2] for request in transcript.requests if "step=" in request.url]
    assert steps == ["step=1", "step=2"]
    assert {request.method for request in waited(transcript)} == {"GET"}


@pytest.mark.parametrize(
    ("result", "verbs"),
    [
        ("bridged", [f"<Say>{GOODBYE}</Say>", "<Hangup/>"]),
        ("hangup", ["<Hangup/>"]),
        ("redirected", ["<Hangup/>"]),
        ("redirected-from-bridged", ["<Hangup/>"]),
        ("bridging-in-process", ["<Hangup/>"]),
        ("leave", [f"<Say>{LEAVE}</Say>"]),
        ("queue-full", ["<Say>Sorry, too many people are waiting at the moment.</Say>", f"<Say>{LEAVE}</Say>"]),
        ("error", [f"<Say>{SORRY}</Say>", f"<Say>{LEAVE}</Say>"]),
        ("system-error", [f"<Say>{SORRY}</Say>", f"<Say>{LEAVE}</Say>"]),
        ("something-new", [f"<Say>{SORRY}</Say>", f"<Say>{LEAVE}</Say>"]),
        ("", [f"<Say>{SORRY}</Say>", f"<Say>{LEAVE}</Say>"]),
    ],
)
async def test_however_the_waiting_ends_the_caller_hears_the_right_thing(shop, result, verbs):
    first = await post(shop, "/waiting_room", a_call())
    queued = await post(shop, path_in(first.text, "Redirect"), a_call(status="in-progress"))
    action = etree.fromstring(queued.text.encode()).find("Enqueue").get("action")
    answer = await post(shop, action, a_call(status="in-progress", QueueResult=result, QueueTime="7"))

    assert answer.verbs[: len(verbs)] == verbs


def path_in(document: str, verb: str) -> str:
    """The path that a verb leads to."""
    return etree.fromstring(document.encode()).findtext(verb)


async def test_where_twilio_fails_a_message_may_be_left(shop):
    transcript = await dial(shop, "waiting_room", Answer("failed"), *MESSAGE)

    assert transcript.said == [HELLO, NEXT, INSTEAD, SORRY, LEAVE, THANKS]


async def test_an_agent_gets_the_next_caller(serve):
    shop = await serve(settings=SETTINGS | {"queue": "front desk"})
    transcript = await dial(shop, "waiting_room", Answer(), from_=AGENT)

    assert transcript.said == ["Please hold for the next caller.", "Call again for the next one. Goodbye."]
    assert transcript.dialled == ["queue:front desk"]


async def test_callers_wait_where_agents_look_for_them(serve):
    shop = await serve(settings=SETTINGS | {"queue": "front desk"})
    transcript = await dial(shop, "waiting_room", Answer())

    assert ">front desk</Enqueue>" in transcript.requests[1].document


@pytest.mark.parametrize("agents", [AGENT, [AGENT], (YOU, AGENT)])
@pytest.mark.parametrize("caller", ["", "anonymous", "+44", ME])
async def test_nobody_else_is_an_agent(serve, agents, caller):
    shop = await serve(settings={"agents": agents})
    transcript = await dial(shop, "waiting_room", Answer(), from_=caller)
    by_an_agent = await dial(shop, "waiting_room", Answer(), from_=AGENT)

    assert transcript.dialled == []
    assert transcript.said[0] == "Thank you for calling."
    assert by_an_agent.dialled == ["queue:support"]


@pytest.mark.parametrize("none", [{}, {"agents": []}, {"agents": ""}])
async def test_without_agents_nobody_waits(serve, none):
    transcript = await dial(await serve(settings=none), "waiting_room", *MESSAGE)

    assert transcript.said == ["Thank you for calling.", NOBODY, LEAVE, THANKS]
    assert waited(transcript) == []


@pytest.mark.parametrize(
    "script",
    [
        [HangUp()],
        [HangUp("Say")],
        [HangUp("Play")],
        [OTHERS, HangUp()],
        [Answer(), HangUp()],
        [Press("1"), HangUp()],
    ],
    ids=str,
)
async def test_a_caller_may_hang_up_anywhere(shop, script):
    transcript = await dial(shop, "waiting_room", *script)

    calls = shop.status()["calls"]
    assert transcript.ended_by == "caller"
    assert (calls["completed"], calls["failed"]) == (1, 0)


async def test_it_waits_wherever_it_is_mounted(serve):
    async with Proxy() as proxy:
        proxy.target = await serve(
            public_url=f"{proxy.url}/twilio/voice", settings=SETTINGS, numbers={YOU: "waiting_room"}
        )
        for path in ("", "/", "/waiting_room"):
            call = Call(
                f"{proxy.url}/twilio/voice{path}", auth_token=TOKEN, to=YOU, script=[OTHERS, Press("1"), *MESSAGE]
            )
            transcript = await call.run()
            assert transcript.said == [HELLO, ONE, INSTEAD, NEXT + MINUTE, INSTEAD, LEAVE, THANKS]


# --- what the queue asks for ---------------------------------------------------------------------


async def asked(shop, **fields):
    """What is answered to a request of the queue."""
    return (await get(shop, f"/waiting_room/while_they_wait?{urlencode({'CallSid': 'CA1'} | fields)}")).verbs


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"QueuePosition": ""},
        {"QueuePosition": "-1", "AvgQueueTime": "a while"},
        {"QueuePosition": "²", "Digits": ""},
    ],
)
async def test_what_twilio_leaves_out_is_not_made_up(shop, fields):
    (gather,) = await asked(shop, **fields)
    heard = f"<Say>Thank you for waiting.</Say><Say>{INSTEAD}</Say><Play>{waiting_room.TUNE}</Play>"
    assert gather == f'<Gather numDigits="1" timeout="1" method="GET">{heard}</Gather>'


@pytest.mark.parametrize(
    "fields",
    [
        {"Digits": "1"},
        {"Digits": "1", "QueueTime": "3", "longest": "60"},
        {"QueueTime": "60", "longest": "60"},
        {"QueueTime": "900"},
    ],
)
async def test_a_key_or_the_longest_wait_lets_the_caller_out(shop, fields):
    assert await asked(shop, **fields) == ["<Leave/>"]


@pytest.mark.parametrize("path", ["/waiting_room", "/waiting_room/2", "/waiting_room/while_they_wait/2"])
async def test_a_voice_url_that_is_got_is_regretted(shop, path):
    assert "something went wrong" in (await get(shop, f"{path}?CallSid=CA1")).text


@pytest.mark.parametrize(
    ("position", "said"),
    [(0, "Thank you for waiting."), (1, NEXT), (2, ONE), (3, TWO), (24, "There are 23 callers before you.")],
)
def test_a_place_is_said_as_people_say_it(position, said):
    assert place_in_words(position) == said


@pytest.mark.parametrize(
    ("seconds", "about"),
    [
        (1, "about a minute"),
        (60, "about a minute"),
        (61, "about 2 minutes"),
        (600, "about 10 minutes"),
        (601, "about 15 minutes"),
        (1800, "about 30 minutes"),
        (1801, "more than half an hour"),
        (86400, "more than half an hour"),
    ],
)
def test_a_wait_is_rounded_up(seconds, about):
    assert wait_in_words(seconds) == f"The wait is usually {about}."


def test_a_wait_that_is_not_known_is_not_said():
    assert wait_in_words(0) == ""


def test_the_examples_run():
    result = doctest.testmod(waiting_room)

    assert result.attempted
    assert not result.failed
