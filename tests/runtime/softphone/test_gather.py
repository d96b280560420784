"""Gather: what is keyed or said, and what of it the application gets to see."""

from __future__ import annotations

import pytest

from runtime.softphone import HangUp, Press, Silence, Speak


def answer(form: dict[str, str]) -> dict[str, str]:
    """What a Gather's action carries beside the standard fields."""
    return {
        name: form[name] for name in ("Digits", "FinishedOnKey", "SpeechResult", "Confidence", "msg") if name in form
    }


@pytest.mark.parametrize(
    ("attributes", "keys", "digits", "finished_on"),
    [
        ('numDigits="1"', "1", "1", ""),
        ('numDigits="3"', "300", "300", ""),
        ("", "300#", "300", "#"),
        ("", "300", "300", ""),
        ('numDigits="9"', "30", "30", ""),
        ('numDigits="9"', "30#", "30", "#"),
        ('finishOnKey="*"', "1#2*", "1#2", "*"),
        ('finishOnKey=""', "1#2*", "1#2*", ""),
        ('numDigits="0"', "12#", "12", "#"),
    ],
)
async def test_digits_end_by_number_by_key_or_by_time(app, attributes, keys, digits, finished_on):
    """The finish key is never part of Digits; FinishedOnKey is empty when a number or the timeout ended it."""
    app["/voice"] = f'<Gather action="/answer" {attributes}/>'
    transcript = await app.run(Press(keys))
    assert answer(app.form("/answer")) == {"Digits": digits, "FinishedOnKey": finished_on, "msg": "Gather End"}
    assert app.form("/answer")["CallStatus"] == "in-progress"
    assert transcript.pressed == [keys]


async def test_the_finish_key_alone_is_no_input(app):
    """The next verb runs."""
    app["/voice"] = '<Gather action="/answer"/><Say>after</Say>'
    transcript = await app.run(Press("#"))
    assert app.paths == ["/voice"]
    assert transcript.said == ["after"]
    assert transcript.pressed == ["#"]


@pytest.mark.parametrize(("script", "finished_on"), [([], ""), ([Press("#")], "#")])
async def test_an_empty_result_can_be_asked_for(app, script, finished_on):
    """actionOnEmptyResult: the action, without Digits."""
    app["/voice"] = '<Gather action="/answer" actionOnEmptyResult="true"/><Say>after</Say>'
    transcript = await app.run(*script)
    assert answer(app.form("/answer")) == {"FinishedOnKey": finished_on}
    assert transcript.said == []


async def test_speech_comes_with_its_confidence(app):
    """SpeechResult and Confidence, no Digits."""
    app["/voice"] = '<Gather input="speech" action="/answer"/>'
    await app.run(Speak("I want sales.", confidence=0.9128385))
    assert answer(app.form("/answer")) == {"SpeechResult": "I want sales.", "Confidence": "0.9128385"}


async def test_dtmf_speech_takes_the_first_that_comes(app):
    """Keys or words."""
    app["/voice"] = '<Gather input="dtmf speech" numDigits="1"/>'
    await app.run(Press("1"), Speak("yes"))
    assert [answer(form) for form in app.forms[1:]] == [
        {"Digits": "1", "FinishedOnKey": "", "msg": "Gather End"},
        {"SpeechResult": "yes", "Confidence": "0.9"},
    ]


async def test_keys_wait_for_a_prompt_that_listens_for_them(app):
    """A prompt for speech lets them be, and times out."""
    app["/voice"] = '<Gather input="speech"/><Gather action="/answer" numDigits="1"/>'
    await app.run(Press("1"))
    assert app.paths == ["/voice", "/answer"]


async def test_keys_are_not_lost_in_a_say(app):
    """Twilio drops a key pressed while nothing listens; a script's keys wait."""
    app["/voice"] = '<Say>welcome</Say><Gather action="/answer" numDigits="1"/>'
    await app.run(Press("1"))
    assert app.form("/answer")["Digits"] == "1"


async def test_keys_beyond_num_digits_are_typed_ahead(app):
    """They answer the prompts that follow."""
    app["/voice"] = '<Gather numDigits="1"/>'
    transcript = await app.run(Press("123"))
    assert [form.get("Digits") for form in app.forms] == [None, "1", "2", "3"]
    assert transcript.pressed == ["1", "2", "3"]


async def test_keys_behind_the_finish_key_are_typed_ahead(app):
    """As above."""
    app["/voice"] = "<Gather/>"
    await app.run(Press("12#34#"))
    assert [form.get("Digits") for form in app.forms] == [None, "12", "34"]


async def test_a_finish_key_behind_the_last_digit_is_swallowed(app):
    """It would be an empty answer to the next prompt."""
    app["/voice"] = '<Gather numDigits="1" action="/answer"/>'
    app["/answer"] = '<Gather action="/second" numDigits="1"/>'
    await app.run(Press("1#"), Press("2"))
    assert app.form("/second")["Digits"] == "2"


async def test_one_press_is_for_one_gather(app):
    """What isn't finished is ended by the timeout, not by the next press."""
    app["/voice"] = "<Gather/>"
    await app.run(Press("2"), Press("3#"))
    assert [form.get("Digits") for form in app.forms[1:]] == ["2", "3"]


async def test_prompts_inside_are_heard_first(app):
    """Say, Play and Pause; nothing else has a place there."""
    app["/voice"] = (
        "<Gather><Say>one</Say><Play>two.mp3</Play><Pause/><Say>three</Say><Redirect>/no</Redirect></Gather>"
    )
    transcript = await app.run()
    assert transcript.said == ["one", "three"]
    assert transcript.warnings == ["12200 <Redirect> has no place in <Gather>"]


async def test_the_action_may_be_asked_for_by_get(app):
    """Everything is in the query then, behind your own."""
    app["/voice"] = '<Gather numDigits="1" method="get" action="/answer?mine=1"/>'
    await app.run(Press("1"))
    assert app.requests[1].method == "GET"
    assert app.requests[1].path_qs.startswith("/answer?mine=1&AccountSid=AC")
    assert app.requests[1].query["Digits"] == "1"
    assert app.bodies[1] == ""


async def test_a_document_got_by_get_is_asked_for_again_by_its_own_url(app):
    """The fields of the last request are not part of the current URL."""
    app["/voice"] = '<Gather numDigits="1" method="GET" action="/menu?mine=1"/>'
    app["/menu"] = ['<Gather numDigits="1"/>', ""]
    await app.run(Press("1"), Press("2"))
    assert app.requests[2].path_qs == "/menu?mine=1"
    assert app.forms[2]["Digits"] == "2"


async def test_hanging_up_in_a_gather_asks_for_nothing_but_the_status(app):
    """There is no action without input."""
    app["/voice"] = '<Gather action="/answer"><Say>press</Say></Gather><Say>after</Say>'
    transcript = await app.run(HangUp(), status_callback=app.url("/status"))
    assert app.paths == ["/voice", "/status"]
    assert transcript.said == ["press"]
    assert transcript.ended_by == "caller"


async def test_silence_lets_one_prompt_pass(app):
    """And one only."""
    app["/voice"] = '<Gather/><Gather action="/answer" numDigits="1"/>'
    await app.run(Silence(), Press("1"))
    assert app.form("/answer")["Digits"] == "1"


async def test_a_menu_that_repeats_does_not_go_on_for_ever(app):
    """A caller whose script is used up lets three prompts pass and hangs up at the fourth."""
    app["/voice"] = "<Gather><Say>press</Say></Gather><Redirect>/voice</Redirect>"
    transcript = await app.run()
    assert transcript.said == ["press"] * 4
    assert transcript.ended_by == "caller"


async def test_an_answer_starts_the_counting_of_silences_anew(app):
    """Three in a row."""
    app["/voice"] = '<Gather input="speech"/>' * 3 + "<Gather/>" + "<Redirect>/voice</Redirect>"
    transcript = await app.run(Press("1"), Press("2"))
    assert transcript.pressed == ["1", "2"]
    assert transcript.ended_by == "caller"


async def test_a_scripted_silence_is_an_answer(app):
    """Five of them don't end the call."""
    app["/voice"] = '<Gather numDigits="1" action="/answer"/><Redirect>/voice</Redirect>'
    transcript = await app.run(*[Silence()] * 5, Press("1"))
    assert app.form("/answer")["Digits"] == "1"
    assert transcript.ended_by == "application"


async def test_what_a_script_had_left_is_said(app):
    """A test that fails shows why."""
    app["/voice"] = '<Gather input="speech"/>'
    transcript = await app.run(Press("1"), HangUp())
    assert transcript.left == (Press("1"), HangUp())
    assert "the script still had: press 1, hang up" in str(transcript)


async def test_keys_typed_ahead_that_nobody_took_are_left_too(app):
    """As above."""
    app["/voice"] = '<Gather numDigits="1" action="/answer"/>'
    transcript = await app.run(Press("123"), HangUp())
    assert transcript.left == (Press("23"), HangUp())
