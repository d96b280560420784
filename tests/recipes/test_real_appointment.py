"""The reminder of an appointment: what each answer says and writes, and what a machine is told."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from recipes.appointment import store
from runtime.softphone import Answer, HangUp, Press, Silence
from tests.wire import ME, YOU, a_call, dial, post

WHEN = "on Tuesday at 10 a.m. with Doctor Miller"
HELLO = f"Hello. This is the Park Surgery, about your appointment {WHEN}."
ASK = "To confirm it, press 1. To arrange another time, press 2. To cancel it, press 3."
SORRY = "Sorry, I did not get that."
CONFIRMED = "Thank you. Your appointment is confirmed. Goodbye."
AGAIN = "We will call you again. Goodbye."
ANSWERS = [
    ("1", "confirmed", CONFIRMED),
    ("2", "call back", "Thank you. We will call you back to arrange another time. Goodbye."),
    ("3", "cancelled", "Your appointment is cancelled. If that was a mistake, please call us. Goodbye."),
]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "appointments.db"


@pytest.fixture
async def surgery(serve, file):
    settings = {"business": "the Park Surgery", "appointments": {ME: WHEN}, "office_phone": "+441314960999"}
    return await serve(settings=settings | {"appointments_file": str(file)})


async def called(daemon, *script, **options):
    """We call, and they pick up."""
    whom = {"from_": YOU, "to": ME, "direction": "outbound-api"}
    return await dial(daemon, "appointment", Answer(), *script, **whom | options)


def written(file):
    with closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT appointment, answer FROM answers").fetchall()


@pytest.mark.parametrize(("key", "answer", "said"), ANSWERS)
async def test_an_answer_is_written_down_and_acknowledged(surgery, file, key, answer, said):
    transcript = await called(surgery, Press(key))
    await surgery.stop()

    assert transcript.said == [HELLO, ASK, said]
    assert transcript.ended_by == "application"
    assert written(file) == [(WHEN, answer)]


@pytest.mark.parametrize("wrong", [Press("4"), Press("0"), Press("#"), Silence()], ids=str)
async def test_a_wrong_key_and_silence_are_asked_again(surgery, file, wrong):
    transcript = await called(surgery, wrong, wrong, Press("1"))
    await surgery.stop()

    assert transcript.said == [HELLO, ASK, SORRY, ASK, SORRY, ASK, CONFIRMED]
    assert written(file) == [(WHEN, "confirmed")]


async def test_who_never_answers_is_told_that_we_call_again(surgery, file):
    transcript = await called(surgery)
    await surgery.stop()

    assert transcript.said == [HELLO, ASK, SORRY, ASK, SORRY, ASK, AGAIN]
    assert transcript.ended_by == "application"
    assert written(file) == [(WHEN, "no answer")]


@pytest.mark.parametrize("script", [[HangUp("Say")], [HangUp()], [Silence(), HangUp()]])
async def test_who_hangs_up_has_not_answered(surgery, file, script):
    transcript = await called(surgery, *script)
    await surgery.stop()

    assert transcript.ended_by == "caller"
    assert written(file) == [(WHEN, "no answer")]


async def test_who_hangs_up_after_an_answer_has_answered(surgery, file):
    await post(surgery, "/appointment", a_call(status="in-progress", Direction="outbound-api", From=YOU, To=ME))
    await post(surgery, "/appointment/2?step=1", a_call(status="in-progress", Digits="3"))
    await post(surgery, "/appointment/9?step=2", a_call(status="in-progress"))
    await post(surgery, "/appointment", a_call(status="completed"))
    await surgery.stop()

    assert written(file) == [(WHEN, "cancelled")]


@pytest.mark.parametrize("machine", ["machine_end_beep", "machine_end_silence", "machine_end_other", "machine_start"])
async def test_a_machine_is_told_who_called_and_not_what_about(surgery, file, machine):
    answered = a_call(status="in-progress", AnsweredBy=machine, Direction="outbound-api", From=YOU, To=ME)
    reply = await post(surgery, "/appointment", answered)
    await post(surgery, "/appointment", a_call(status="completed"))
    await surgery.stop()

    us, back = "This is a message from the Park Surgery.", "Please call us back on + 4 4 1 3 1 4 9 6 0 9 9 9."
    said = f"<Say>Hello. {us} {back} Thank you. Goodbye.</Say>"
    assert reply.verbs == ['<Pause length="1"/>', said, "<Hangup/>"]
    assert written(file) == [(WHEN, "message left")]


@pytest.mark.parametrize("who", ["human", "unknown", ""])
async def test_who_may_be_a_person_is_asked(surgery, who):
    answered = a_call(status="in-progress", AnsweredBy=who, Direction="outbound-api", From=YOU, To=ME)
    reply = await post(surgery, "/appointment", answered)

    assert HELLO in reply.text
    assert ASK in reply.text


async def test_the_appointment_may_come_with_the_call(surgery, file):
    sent = a_call(status="in-progress", Direction="outbound-api", From=YOU, To=ME, appointment="on Friday at 3 p.m.")
    reply = await post(surgery, "/appointment", sent)
    await post(surgery, "/appointment/2?step=1", a_call(status="in-progress", Digits="1"))
    await post(surgery, "/appointment/3?step=2", a_call(status="in-progress"))
    await surgery.stop()

    assert "about your appointment on Friday at 3 p.m.</Say>" in reply.text
    assert written(file) == [("on Friday at 3 p.m.", "confirmed")]


async def test_without_settings_the_call_makes_sense_all_the_same(serve):
    daemon = await serve()
    transcript = await called(daemon, Press("1"))
    machine = await post(daemon, "/appointment", a_call("CA2", status="in-progress", AnsweredBy="machine_end_beep"))
    await daemon.stop()

    assert transcript.said == [
        "Hello. This is your service team, about your appointment with us.",
        ASK,
        CONFIRMED,
    ]
    assert "This is a message from your service team. We will call you again." in machine.text
    assert not daemon.status()["dead_letters"]


async def test_who_calls_back_is_asked_about_their_own_appointment(surgery):
    transcript = await dial(surgery, "appointment", HangUp(), from_=ME, to=YOU)

    assert transcript.said == [HELLO, ASK]


async def test_an_answer_that_can_t_be_written_is_not_called_confirmed(serve, tmp_path):
    daemon = await serve(settings={"appointments_file": str(tmp_path / "no" / "such" / "folder.db")})
    transcript = await called(daemon, Press("1"))

    assert CONFIRMED not in transcript.said
    assert daemon.status()["calls"]["failed"] == 1


def test_the_first_answer_counts(file):
    store(str(file), "CA1", WHEN, "confirmed")
    store(str(file), "CA1", WHEN, "no answer")

    assert written(file) == [(WHEN, "confirmed")]
