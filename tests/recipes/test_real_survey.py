"""The survey: what each caller is asked, and what is in the file afterwards."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from recipes.survey import QUESTIONS, store
from runtime.softphone import HangUp, Press, Silence, Speak
from tests.wire import a_call, dial, post

HELLO = "Thank you for taking our survey. It has three short questions."
FIRST, SECOND, THIRD = QUESTIONS.values()
SORRY = "Sorry, I did not get that."
MOVE_ON = "Let us move on."
COMMENT = "Is there anything you would like to add? Please speak after the tone. When you have finished, press hash."
GOODBYE = "Thank you for your answers. Goodbye."
WORDS = Speak("You were very kind to my old mother")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "survey.db"


@pytest.fixture
async def survey(serve, file):
    return await serve(settings={"survey_file": str(file)})


def written(file):
    with closing(sqlite3.connect(file)) as db:
        return db.execute("SELECT service, quality, recommend, comment FROM answers").fetchall()


async def test_three_answers_and_a_comment_are_one_row(survey, file):
    transcript = await dial(survey, "survey", Press("5"), Press("1"), Press("3"), WORDS, Press("#"))
    await survey.stop()

    url = next(request.params["RecordingUrl"] for request in transcript.requests if "RecordingUrl" in request.params)
    assert transcript.said == [HELLO, FIRST, SECOND, THIRD, COMMENT, GOODBYE]
    assert transcript.ended_by == "application"
    assert written(file) == [(5, 1, 3, url)]


@pytest.mark.parametrize("wrong", [Press("0"), Press("6"), Press("9"), Press("*"), Press("#"), Silence()], ids=str)
async def test_an_answer_that_is_none_is_asked_for_once_more(survey, file, wrong):
    transcript = await dial(survey, "survey", Press("2"), wrong, Press("4"), Press("5"), Silence())
    await survey.stop()

    assert transcript.said == [HELLO, FIRST, SECOND, SORRY, SECOND, THIRD, COMMENT, GOODBYE]
    assert written(file) == [(2, 4, 5, None)]


async def test_a_question_without_an_answer_is_passed_over(survey, file):
    transcript = await dial(survey, "survey", Silence(), Press("7"), Press("4"), Press("8"), Silence(), Press("#"))
    await survey.stop()

    missed = [SORRY, FIRST, MOVE_ON, SECOND, THIRD, SORRY, THIRD, MOVE_ON]
    assert transcript.said == [HELLO, FIRST, *missed, COMMENT, GOODBYE]
    assert written(file)[0][:3] == (None, 4, None)


async def test_who_never_answers_comes_to_a_goodbye(survey, file):
    transcript = await dial(survey, "survey", *[Silence()] * 7)
    await survey.stop()

    assert transcript.said[-1] == GOODBYE
    assert transcript.ended_by == "application"
    assert written(file) == [(None, None, None, None)]


@pytest.mark.parametrize(
    ("script", "row"),
    [
        ([HangUp()], (None, None, None, None)),
        ([Press("5"), HangUp()], (5, None, None, None)),
        ([Press("5"), Press("9"), HangUp()], (5, None, None, None)),
        ([Press("5"), Press("2"), HangUp()], (5, 2, None, None)),
    ],
    ids=["at once", "after one answer", "after a wrong one", "after two"],
)
async def test_who_hangs_up_in_the_middle_has_been_heard(survey, file, script, row):
    transcript = await dial(survey, "survey", *script)
    await survey.stop()

    assert transcript.ended_by == "caller"
    assert written(file) == [row]


async def test_who_hangs_up_while_speaking_has_commented(survey, file):
    transcript = await dial(survey, "survey", Press("5"), Press("5"), Press("5"), WORDS, HangUp())
    await survey.stop()

    assert transcript.said[-1] == COMMENT
    (row,) = written(file)
    assert row[:3] == (5, 5, 5)
    assert row[3].startswith("https://")


async def test_a_comment_that_comes_after_the_end_completes_the_row(survey, file):
    await post(survey, "/survey", a_call())
    await post(survey, "/survey/2?step=1", a_call(status="in-progress", Digits="4"))
    await post(survey, "/survey", a_call(status="completed"))
    late = {"CallSid": "CA1", "RecordingSid": "RE1", "RecordingUrl": "https://api.example/RE1"}
    for _ in range(2):
        await post(survey, "/survey/recording?step=2", late | {"RecordingStatus": "completed"})
    await survey.stop()

    assert written(file) == [(4, None, None, "https://api.example/RE1")]


async def test_calls_keep_to_themselves(survey, file):
    await dial(survey, "survey", Press("1"), HangUp())
    await dial(survey, "survey", Press("2"), HangUp())
    await survey.stop()

    assert sorted(row[0] for row in written(file)) == [1, 2]


def test_to_write_again_changes_nothing(file):
    for comment in (None, "https://api.example/RE1", None):
        store(str(file), "CA1", [3, None, 1], comment)

    assert written(file) == [(3, None, 1, "https://api.example/RE1")]


async def test_without_a_file_the_call_goes_on_all_the_same(serve):
    daemon = await serve()
    transcript = await dial(daemon, "survey", Press("1"), Press("1"), Press("1"), Press("#"))
    await daemon.stop()

    assert transcript.said == [HELLO, FIRST, SECOND, THIRD, COMMENT, GOODBYE]
    assert not daemon.status()["dead_letters"]


async def test_a_file_that_can_t_be_written_is_a_failure_but_not_the_caller_s(serve, tmp_path):
    daemon = await serve(settings={"survey_file": str(tmp_path / "no" / "such" / "folder.db")}, retry_pauses=[])
    transcript = await dial(daemon, "survey", Press("1"), Press("1"), Press("1"), Press("#"))
    await daemon.stop()

    assert transcript.said[-1] == GOODBYE
    assert daemon.status()["calls"]["completed"] == 1
    assert daemon.status()["dead_letters"]
