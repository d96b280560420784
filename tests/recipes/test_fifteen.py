"""The fifteen recipes of the library that Extended TwiML comes from, each dialled live, every key and none."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

import twiml
from runtime import catalogue
from runtime.softphone import Answer, HangUp, Press, Silence, Sms, Speak
from tests.wire import dial

MY_PHONE, CALLER_ID = "+441314960999", "+441314960888"
PRAISE_OR_ABUSE = "Press 1 for PRAISE. Press 2 for ABUSE. Do nothing for A SLAGGING"
PRAISE_OR_ADVICE = "Press 1 for PRAISE. Press 2 for ADVICE. Do nothing to hear this again"

# recipe -> the whole call of somebody who does nothing
CALLS = {
    "say_one_thing": """
        ☎ +14155550100 → +14155550199
        → POST /say_one_thing  ringing  200
            “ yowza
        ■ the application ends the call (Hangup)
        ↗ POST /say_one_thing  completed  200
    """,
    "two_voices": """
        ☎ +14155550100 → +14155550199
        → POST /two_voices  ringing  200
            “ Bonjour et bienvenue
            “ And good morning to you too.
        ■ the application ends the call (Hangup)
        ↗ POST /two_voices  completed  200
    """,
    "long_pause": """
        ☎ +14155550100 → +14155550199
        → POST /long_pause  ringing  200
            “ Einen Augenblick, bitte
            … pause, 10 s
            “ Thank you for waiting.
        ■ the application ends the call (Hangup)
        ↗ POST /long_pause  completed  200
    """,
    "play_a_tune": """
        ☎ +14155550100 → +14155550199
        → POST /play_a_tune  ringing  200
            ♪ https://demo.twilio.com/docs/classic.mp3
        ■ the application ends the call (Hangup)
        ↗ POST /play_a_tune  completed  200
    """,
    "say_then_text": """
        ☎ +14155550100 → +14155550199
        → POST /say_then_text  ringing  200
            “ I am sending somebody a text message.
            ✉ to +441314960999: howdy
        ■ the application ends the call (Hangup)
        ↗ POST /say_then_text  completed  200
    """,
    "leave_a_message": """
        ☎ +14155550100 → +14155550199
        → POST /leave_a_message  ringing  200
            “ Please leave a message after the tone.
            · recording
            … silence, 5 s
            ● 1 s recorded
        → POST /leave_a_message/3?step=1  RecordingDuration=1  200
        ↗ POST /leave_a_message/recording?step=1  RecordingDuration=1  200
        ■ the application ends the call (Hangup)
        ↗ POST /leave_a_message  completed  200
    """,
    "forward_to_my_phone": """
        ☎ +14155550100 → +14155550199
        → POST /forward_to_my_phone  ringing  200
            “ Putting you through.
            ☏ +441314960999
            ☏ answered, 20 s
        → POST /forward_to_my_phone/3?step=1  DialCallStatus=completed  200
        ■ the application ends the call (Hangup)
        ↗ POST /forward_to_my_phone  completed  200
    """,
    "conference_room": """
        ☎ +14155550100 → +14155550199
        → POST /conference_room  ringing  200
            “ Welcome to a simple conference call. Have someone else call this number.
            ☏ conference the long table
            ☏ answered, 20 s
        → POST /conference_room/3?step=1  DialCallStatus=completed  200
        ■ the application ends the call (Hangup)
        ↗ POST /conference_room  completed  200
    """,
    "menu_with_default": f"""
        ☎ +14155550100 → +14155550199
        → POST /menu_with_default  ringing  200
            “ {PRAISE_OR_ABUSE}
            … silence, 5 s
            “ can you no use a phone, bawbag?
        ■ the application ends the call (Hangup)
        ↗ POST /menu_with_default  completed  200
    """,
    "menu_that_repeats": f"""
        ☎ +14155550100 → +14155550199
        → POST /menu_that_repeats  ringing  200
            “ {PRAISE_OR_ADVICE}
            … silence, 5 s
        → POST /menu_that_repeats/1?step=1  200
            “ {PRAISE_OR_ADVICE}
            … silence, 5 s
        → POST /menu_that_repeats/1?step=2  200
            “ {PRAISE_OR_ADVICE}
            … silence, 5 s
        → POST /menu_that_repeats/1?step=3  200
            “ {PRAISE_OR_ADVICE}
        ■ the caller hangs up (during Gather)
        ↗ POST /menu_that_repeats  completed  200
    """,
    "menu_with_repeat": f"""
        ☎ +14155550100 → +14155550199
        → POST /menu_with_repeat  ringing  200
            “ {PRAISE_OR_ADVICE}
            … silence, 5 s
        → POST /menu_with_repeat/1?step=1  200
            “ {PRAISE_OR_ADVICE}
            … silence, 5 s
        → POST /menu_with_repeat/1?step=2  200
            “ {PRAISE_OR_ADVICE}
            … silence, 5 s
        → POST /menu_with_repeat/1?step=3  200
            “ {PRAISE_OR_ADVICE}
        ■ the caller hangs up (during Gather)
        ↗ POST /menu_with_repeat  completed  200
    """,
    "call_out": """
        ☎ +14155550100 → +14155550199
        → POST /call_out  ringing  200
            “ shag off
            … pause, 5 s
            “ ratboy
        ■ the application ends the call (Hangup)
        ↗ POST /call_out  completed  200
    """,
    "callout_then_text": """
        ☎ +14155550100 → +14155550199
        → POST /callout_then_text  ringing  200
            “ I am sending somebody a text message.
            “ shag off
            … pause, 5 s
            “ ratboy
            ✉ to +441314960999: howdy
        ■ the application ends the call (Hangup)
        ↗ POST /callout_then_text  completed  200
    """,
    "dial_from_callout": """
        ☎ +14155550100 → +14155550199
        → POST /dial_from_callout  ringing  200
            “ Putting you through to whoever is on duty.
            ☏ +441314960999
            ☏ answered, 20 s
        → POST /dial_from_callout/3?step=1  DialCallStatus=completed  200
        ■ the application ends the call (Hangup)
        ↗ POST /dial_from_callout  completed  200
    """,
    "goto_after_callout": """
        ☎ +14155550100 → +14155550199
        → POST /goto_after_callout  ringing  200
            “ First things first.
            “ shag off
            … pause, 5 s
            “ ratboy
        → POST /goto_after_callout/6?step=1  200
            “ And that was the last of it.
        ■ the application ends the call (Hangup)
        ↗ POST /goto_after_callout  completed  200
    """,
}

PICTURES = {
    "call_out": """
        1 - Call out to CALL OUT TO FUNCTION (recipes.call_out:external_function)
        2 - HANGUP
    """,
    "callout_then_text": """
        1 - Call out to CALLOUT THEN TEXT (recipes.callout_then_text:recipe)
        2 - HANGUP
    """,
    "conference_room": """
        1 - SAY "Welcome to a simple conference call. Have someone else call this number."
        2 - DIAL
            2.1 - CONFERENCE the long table (beep) (wait for conf admin) (conf dies when this person leaves)
            2.2 - end of Dial (wait for response)
        3 - HANGUP
    """,
    "dial_from_callout": """
        1 - SAY "Putting you through to whoever is on duty."
        2 - DIAL
            2.1 - Call out to FIND OUT WHO IS ON DUTY (recipes.dial_from_callout:whoever_is_on_duty)
            2.2 - end of Dial (wait for response)
        3 - HANGUP
    """,
    "forward_to_my_phone": """
        1 - Call out to FORWARD TO MY PHONE (recipes.forward_to_my_phone:recipe)
        2 - HANGUP
    """,
    "goto_after_callout": """
        1 - SAY "First things first."
        2 - Call out to CALL OUT TO FUNCTION (recipes.call_out:external_function)
        3 - GOTO 4
        4 - SAY "And that was the last of it."
        5 - HANGUP
    """,
    "leave_a_message": """
        1 - SAY "Please leave a message after the tone."
        2 - RECORD (beep)
        3 - HANGUP
    """,
    "long_pause": """
        1 - SAY "Einen Augenblick, bitte" woman de
        2 - PAUSE for 10 seconds
        3 - SAY "Thank you for waiting." woman
        4 - HANGUP
    """,
    "menu_that_repeats": f"""
        1 - GATHER (request Keypad Input)
            1.1 - SAY "{PRAISE_OR_ADVICE}"
            1.2 - end of Gather (wait for response)
            1.3 - Response 1 : PRAISE
                1.3.1 - SAY "You have a lovely telephone voice"
                1.3.2 - HANGUP
            1.4 - Response 2 : ADVICE
                1.4.1 - SAY "Tout vient à point à qui sait attendre" fr
                1.4.2 - HANGUP
            1.5 - GOTO 1
    """,
    "menu_with_default": f"""
        1 - GATHER (request Keypad Input)
            1.1 - SAY "{PRAISE_OR_ABUSE}"
            1.2 - end of Gather (wait for response)
            1.3 - Response 1 : PRAISE
                1.3.1 - SAY "My you are looking swish"
                1.3.2 - HANGUP
            1.4 - Response 2 : ABUSE
                1.4.1 - SAY "What you looking at, fannybaws?" en-gb
                1.4.2 - HANGUP
            1.5 - Default : A SLAGGING
                1.5.1 - SAY "can you no use a phone, bawbag?" de
                1.5.2 - HANGUP
    """,
    "menu_with_repeat": f"""
        1 - GATHER (request Keypad Input)
            1.1 - SAY "{PRAISE_OR_ADVICE}"
            1.2 - end of Gather (wait for response)
            1.3 - Response 1 : PRAISE
                1.3.1 - SAY "You have a lovely telephone voice"
                1.3.2 - HANGUP
            1.4 - Response 2 : ADVICE
                1.4.1 - SAY "Siempre llueve sobre mojado" es
                1.4.2 - HANGUP
            1.5 - GOTO 1
    """,
    "play_a_tune": """
        1 - PLAY https://demo.twilio.com/docs/classic.mp3
        2 - HANGUP
    """,
    "say_one_thing": """
        1 - SAY "yowza"
        2 - HANGUP
    """,
    "say_then_text": """
        1 - Call out to SAY THEN TEXT (recipes.say_then_text:recipe)
        2 - HANGUP
    """,
    "two_voices": """
        1 - SAY "Bonjour et bienvenue" woman fr
        2 - SAY "And good morning to you too."
        3 - HANGUP
    """,
}


@pytest.fixture
async def daemon(serve):
    return await serve(settings={"my_phone": MY_PHONE, "caller_id": CALLER_ID})


def test_there_are_fifteen_of_the_first_library_and_each_is_dialled_and_drawn_here():
    assert len(CALLS) == 15
    assert CALLS.keys() == PICTURES.keys() < set(catalogue.load().recipes)


@pytest.mark.parametrize("recipe", CALLS)
async def test_a_caller_who_does_nothing(daemon, recipe):
    transcript = await dial(daemon, recipe)

    assert str(transcript) == dedented(CALLS[recipe])
    assert daemon.status()["calls"] == {"in_progress": 0, "started": 1, "completed": 1, "failed": 0, "restarts": 0}


@pytest.mark.parametrize("recipe", PICTURES)
def test_a_recipe_s_picture(recipe):
    assert twiml.draw(catalogue.load("", [recipe]).of(recipe).program, "ascii") == dedented(PICTURES[recipe])


@pytest.mark.parametrize("recipe", PICTURES)
def test_a_recipe_says_what_it_is_for(recipe):
    assert catalogue.load("", [recipe]).recipes[recipe].description.endswith(".")


@pytest.mark.parametrize(
    ("recipe", "key", "said"),
    [
        ("menu_with_default", "1", ["My you are looking swish"]),
        ("menu_with_default", "2", ["What you looking at, fannybaws?"]),
        *(("menu_with_default", key, ["can you no use a phone, bawbag?"]) for key in "34567890*"),
        ("menu_that_repeats", "1", ["You have a lovely telephone voice"]),
        ("menu_that_repeats", "2", ["Tout vient à point à qui sait attendre"]),
        ("menu_with_repeat", "1", ["You have a lovely telephone voice"]),
        ("menu_with_repeat", "2", ["Siempre llueve sobre mojado"]),
    ],
)
async def test_a_key_is_answered_by_the_branch_it_has(daemon, recipe, key, said):
    transcript = await dial(daemon, recipe, Press(key))

    menu = PRAISE_OR_ABUSE if recipe == "menu_with_default" else PRAISE_OR_ADVICE
    assert transcript.said == [menu, *said]
    assert paths(transcript) == [f"/{recipe}", f"/{recipe}/1?step=1", f"/{recipe}"]
    assert transcript.ended_by == "application"


@pytest.mark.parametrize("recipe", ["menu_that_repeats", "menu_with_repeat"])
@pytest.mark.parametrize("wrong", ["3", "4", "5", "6", "7", "8", "9", "0", "*"])
async def test_a_key_that_a_menu_without_default_does_not_have_repeats_it(daemon, recipe, wrong):
    transcript = await dial(daemon, recipe, Press(wrong), Press("1"))

    assert transcript.said == [PRAISE_OR_ADVICE, PRAISE_OR_ADVICE, "You have a lovely telephone voice"]
    assert paths(transcript)[1:3] == [f"/{recipe}/1?step=1", f"/{recipe}/1?step=2"]


@pytest.mark.parametrize("recipe", ["menu_that_repeats", "menu_with_repeat"])
async def test_a_menu_that_was_repeated_after_silence_takes_its_answer(daemon, recipe):
    transcript = await dial(daemon, recipe, Silence(), Silence(), Press("2"))

    assert transcript.said[:3] == [PRAISE_OR_ADVICE] * 3
    assert len(transcript.said) == 4
    assert transcript.ended_by == "application"


async def test_the_finish_key_alone_is_silence(daemon):
    transcript = await dial(daemon, "menu_with_default", Press("#"))

    assert transcript.said == [PRAISE_OR_ABUSE, "can you no use a phone, bawbag?"]


async def test_a_caller_who_hangs_up_at_the_menu_ends_the_call(daemon):
    transcript = await dial(daemon, "menu_with_default", HangUp())

    assert transcript.said == [PRAISE_OR_ABUSE]
    assert transcript.ended_by == "caller"
    assert daemon.status()["calls"]["completed"] == 1


@pytest.mark.parametrize("ends", [Press("#"), Press("5"), Silence(), HangUp()], ids=str)
async def test_a_message_is_recorded_however_it_ends(daemon, ends):
    transcript = await dial(daemon, "leave_a_message", Speak("call me back, please, it is urgent"), ends)

    assert transcript.said == ["Please leave a message after the tone."]
    purposes = [request.purpose for request in transcript.requests]
    assert purposes == ["voice", "voice", "recording", "status"]
    assert daemon.status()["calls"]["completed"] == 1


@pytest.mark.parametrize("recipe", ["forward_to_my_phone", "dial_from_callout", "conference_room"])
@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed"])
async def test_a_dial_goes_on_whatever_becomes_of_it(daemon, recipe, outcome):
    transcript = await dial(daemon, recipe, Answer(outcome))

    assert transcript.dialled == ["conference the long table" if recipe == "conference_room" else MY_PHONE]
    assert transcript.requests[1].params["DialCallStatus"] == outcome
    assert transcript.ended_by == "application"


async def test_a_caller_who_gives_up_while_it_rings_ends_the_call_once(daemon):
    await dial(daemon, "forward_to_my_phone", HangUp())

    calls = daemon.status()["calls"]
    assert (calls["started"], calls["completed"], calls["in_progress"]) == (1, 1, 0)


@pytest.mark.parametrize("recipe", ["say_then_text", "callout_then_text"])
async def test_a_text_goes_to_my_phone_from_the_caller_id_of_the_settings(daemon, recipe):
    transcript = await dial(daemon, recipe)

    assert transcript.sms == [Sms(MY_PHONE, CALLER_ID, "howdy")]


async def test_without_settings_a_text_comes_from_the_number_that_was_called_and_goes_nowhere_real(serve):
    daemon = await serve()

    from_called = await dial(daemon, "say_then_text", to="+441314960777")
    from_nobody = await dial(daemon, "say_then_text", from_="client:jane", to="sip:house@example.com")
    forwarded = await dial(daemon, "forward_to_my_phone")

    assert from_called.sms == [Sms("+441314960123", "+441314960777", "howdy")]
    assert from_nobody.sms == [Sms("+441314960123", "+441314960456", "howdy")]
    assert forwarded.dialled == ["+441314960123"]


@pytest.mark.parametrize("recipe", ["call_out", "callout_then_text", "goto_after_callout"])
async def test_a_callout_is_told_of_the_call_s_end_and_of_how_long_it_took(daemon, recipe):
    with capture_logs() as events:
        transcript = await dial(daemon, recipe)
        await daemon.stop()

    told = [event for event in events if event["event"] in ("called_out", "callback_called")]
    call_sid = transcript.requests[0].params["CallSid"]
    assert [event["event"] for event in told] == ["called_out", "callback_called"]
    assert {(event["call_sid"], event["recipe"]) for event in told} == {(call_sid, recipe)}
    assert told[1]["seconds"] == int(transcript.requests[-1].params["CallDuration"]) > 5


async def test_the_goto_after_the_callout_lands_on_the_last_say(daemon):
    transcript = await dial(daemon, "goto_after_callout")

    assert transcript.said == ["First things first.", "shag off", "ratboy", "And that was the last of it."]
    assert paths(transcript)[1] == "/goto_after_callout/6?step=1"


async def test_one_call_s_callout_does_not_change_the_recipe_for_the_next(daemon):
    first = await dial(daemon, "goto_after_callout")
    second = await dial(daemon, "goto_after_callout")

    assert str(second) == str(first)


def dedented(picture: str) -> str:
    lines = picture.strip("\n").rstrip(" ").splitlines()
    return "\n".join(line.removeprefix(" " * 8) for line in lines)


def paths(transcript) -> list[str]:
    return ["/" + request.url.split("/", 3)[3] for request in transcript.requests]
