"""The bilingual menu, in both languages, by callers of every kind: what they hear, and in which voice."""

from __future__ import annotations

import asyncio
import queue
import re

import pytest

from recipes import bilingual_menu, voicemail_by_mail
from runtime.softphone import Answer, HangUp, Press, Silence, Speak
from tests.wire import YOU, dial

OFFICE = "+441314960999"
WHICH = ["For English, press 1.", "Para español, pulse el dos."]
ENGLISH = {
    "hello": "Thank you for calling Corner Books.",
    "menu": "Press 1 for OPENING HOURS. Press 2 for OUR VOICEMAIL. Do nothing for AN OPERATOR",
    "shorter": "Press 2 for OUR VOICEMAIL. Do nothing for AN OPERATOR",
    "hours": "We are open Monday to Friday from 9 a.m. to 5 p.m.",
    "through": "One moment, please. I am putting you through.",
    "goodbye": "Thank you for calling. Goodbye.",
    "nobody": "Sorry, nobody can take your call at the moment.",
    "leave": "Please leave your name, your number and a short message after the tone. "
    "When you have finished, press hash.",
    "thanks": "Thank you for your message. We will call you back. Goodbye.",
    "nothing": "Sorry, we did not hear a message. Please call again at any time. Goodbye.",
}
SPANISH = {
    "hello": "Gracias por llamar a Corner Books.",
    "menu": "Pulse 1 para OÍR NUESTRO HORARIO. Pulse 2 para DEJAR UN MENSAJE. No haga nada para HABLAR CON UNA PERSONA",
    "shorter": "Pulse 2 para DEJAR UN MENSAJE. No haga nada para HABLAR CON UNA PERSONA",
    "hours": "Nuestro horario es de lunes a viernes, de nueve a cinco.",
    "through": "Un momento, por favor. Enseguida le atendemos.",
    "goodbye": "Gracias por llamar. Hasta luego.",
    "nobody": "Lo sentimos, en este momento nadie puede atender su llamada.",
    "leave": "Por favor, deje su nombre, su número y un mensaje breve tras el tono. "
    "Al terminar, pulse la tecla numeral.",
    "thanks": "Gracias por su mensaje. Le devolveremos la llamada. Hasta luego.",
    "nothing": "Lo sentimos, no hemos oído ningún mensaje. Vuelva a llamar cuando guste. Hasta luego.",
}
BOTH = pytest.mark.parametrize(("key", "says"), [("1", ENGLISH), ("2", SPANISH)], ids=["English", "Spanish"])
MESSAGE = Speak("I would like to order a book, please call me back"), Press("#")


def texts(says, *names):
    """What is said, by its names."""
    return [says[name] for name in names]


@pytest.fixture
async def shop(serve):
    return await serve(settings={"business": "Corner Books", "office_phone": OFFICE})


@BOTH
async def test_a_caller_is_put_through_and_parted_from(shop, key, says):
    transcript = await dial(shop, "bilingual_menu", Press(key), Silence())

    assert transcript.said == WHICH + texts(says, "hello", "menu", "through", "goodbye")
    assert transcript.dialled == [OFFICE]
    assert transcript.ended_by == "application"


@BOTH
@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed", "canceled"])
async def test_where_nobody_answers_a_message_may_be_left(shop, key, says, outcome):
    transcript = await dial(shop, "bilingual_menu", Press(key), Answer(outcome), *MESSAGE)

    assert transcript.said == WHICH + texts(says, "hello", "menu", "through", "nobody", "leave", "thanks")
    assert transcript.ended_by == "application"


@BOTH
async def test_the_opening_hours_are_said_and_something_else_asked_for(shop, key, says):
    message = await dial(shop, "bilingual_menu", Press(key), Press("1"), Press("2"), *MESSAGE)
    silent = await dial(shop, "bilingual_menu", Press(key), Press("1"))
    again = await dial(shop, "bilingual_menu", Press(key), Press("1"), Press("1"))

    heard = WHICH + texts(says, "hello", "menu", "hours", "shorter")
    assert message.said == heard + texts(says, "leave", "thanks")
    assert silent.said == again.said == heard + texts(says, "through", "goodbye")
    assert message.dialled == []


@BOTH
@pytest.mark.parametrize("wrong", ["3", "9", "0", "*", "#"])
async def test_another_key_is_put_through(shop, key, says, wrong):
    transcript = await dial(shop, "bilingual_menu", Press(key), Press(wrong))

    assert transcript.said == WHICH + texts(says, "hello", "menu", "through", "goodbye")


@BOTH
async def test_who_leaves_no_message_is_told_so(shop, key, says):
    transcript = await dial(shop, "bilingual_menu", Press(key), Press("2"), Silence())

    assert transcript.said == WHICH + texts(says, "hello", "menu", "leave", "nothing")


@BOTH
async def test_every_text_is_spoken_in_its_language_by_its_voice(shop, key, says):
    transcript = await dial(shop, "bilingual_menu", Press(key), Press("1"), Silence(), Answer("busy"), *MESSAGE)

    language, voice = list(bilingual_menu.VOICES.items())[int(key) - 1]
    documents = "".join(request.document for request in transcript.requests[1:])
    spoken = re.findall(r"<Say ([^>]*)>", documents)
    assert len(spoken) >= 8
    assert all(f'language="{language}"' in each and f'voice="{voice}"' in each for each in spoken)


async def test_each_language_asks_for_itself(shop):
    document = (await dial(shop, "bilingual_menu", HangUp())).requests[0].document

    assert '<Say voice="Polly.Joanna-Neural" language="en-US">For English' in document
    assert '<Say voice="Polly.Lupe-Neural" language="es-US">Para español' in document


@pytest.mark.parametrize("wrong", [Silence(), Press("3"), Press("#"), Press("*")], ids=str)
async def test_who_names_no_language_is_asked_again(shop, wrong):
    english = await dial(shop, "bilingual_menu", wrong, wrong, Press("2"), HangUp())
    spanish = await dial(shop, "bilingual_menu", wrong, Press("2"), Press("2"), HangUp())

    assert english.said == WHICH * 2 + texts(ENGLISH, "hello", "menu", "leave")
    assert spanish.said == WHICH * 2 + texts(SPANISH, "hello", "menu", "leave")


@pytest.mark.parametrize(
    ("language", "says"), [("es-US", SPANISH), ("es-MX", SPANISH), ("en-US", ENGLISH), ("en-GB", ENGLISH)]
)
async def test_the_number_that_was_called_may_tell_the_language(serve, language, says):
    settings = {"business": "Corner Books", "office_phone": OFFICE}
    shop = await serve(settings=settings, languages={YOU: language})
    told = await dial(shop, "bilingual_menu", Press("1"), to=YOU)
    asked = await dial(shop, "bilingual_menu", HangUp())

    assert told.said == texts(says, "hello", "menu", "hours", "shorter", "through", "goodbye")
    assert asked.said == WHICH


async def test_a_language_that_is_neither_is_asked_for(serve):
    shop = await serve(languages={YOU: "de-DE"})
    transcript = await dial(shop, "bilingual_menu", to=YOU)

    assert transcript.said[:5] == [*WHICH, *WHICH, "Thank you for calling."]


@BOTH
async def test_without_settings_it_takes_messages(serve, key, says):
    transcript = await dial(await serve(), "bilingual_menu", Press(key), Press("7"), *MESSAGE)

    hello = {"1": "Thank you for calling.", "2": "Gracias por llamar."}[key]
    assert transcript.said == [*WHICH, hello, *texts(says, "menu", "nobody", "leave", "thanks")]
    assert transcript.dialled == []


async def test_the_hours_are_those_of_the_settings(serve):
    hours = {"en": "at weekends from 10 to 4.", "es": "los fines de semana, de diez a cuatro."}
    shop = await serve(settings={"opening_hours": hours})
    english = await dial(shop, "bilingual_menu", Press("1"), Press("1"), HangUp())
    spanish = await dial(shop, "bilingual_menu", Press("2"), Press("1"), HangUp())

    assert english.said[-2] == "We are open at weekends from 10 to 4."
    assert spanish.said[-2] == "Nuestro horario es los fines de semana, de diez a cuatro."


@pytest.mark.parametrize(
    ("key", "patience", "mailed"),
    [("1", 300, f"“{MESSAGE[0].words}”"), ("2", 0, "There is no transcription.")],
    ids=["English", "Spanish"],
)
async def test_a_message_is_mailed_and_an_english_one_transcribed(serve, monkeypatch, key, patience, mailed):
    mails: queue.SimpleQueue[str] = queue.SimpleQueue()
    monkeypatch.setattr(voicemail_by_mail, "send", lambda message, text: mails.put(text))
    shop = await serve(settings={"mail_to": "shop@example.com", "transcription_wait": patience})
    transcript = await dial(shop, "bilingual_menu", Press(key), Press("2"), *MESSAGE)

    assert await asyncio.to_thread(mails.get, timeout=5) == mailed
    purposes = [request.purpose for request in transcript.requests]
    assert ("transcription" in purposes) is (key == "1")


@BOTH
@pytest.mark.parametrize(
    "script",
    [
        [HangUp()],
        ["key", HangUp()],
        ["key", Press("1"), HangUp()],
        ["key", Press("2"), HangUp()],
        ["key", Silence(), HangUp()],
        ["key", Silence(), Answer(), HangUp()],
        ["key", HangUp("Say")],
    ],
)
async def test_a_caller_may_hang_up_anywhere(shop, key, says, script):
    script = [Press(key) if act == "key" else act for act in script]
    transcript = await dial(shop, "bilingual_menu", *script)

    calls = shop.status()["calls"]
    assert transcript.ended_by == "caller"
    assert (calls["completed"], calls["failed"]) == (1, 0)
