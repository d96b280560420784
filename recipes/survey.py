"""A survey of three questions and a comment, whose answers are kept.

The caller rates three things from 1 to 5, may say something in their own words, and is thanked. A question that gets no
answer, or a key that means nothing, is asked once more and then passed over. Who hangs up in the middle has still been
heard: the answers so far are written when the call is over, and a recorded comment whenever it comes.

Setting:
    survey_file  the SQLite file; if it isn't set, the answers are logged. Its table `answers` has one row a call, with
                 NULL for what wasn't answered; to write it again changes nothing

To change: `QUESTIONS`. Each has a column of its name, so begin a new file when you change the names.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from twiml import DefaultExt, FunctionExt, Gather, Record, Say, Verb

if TYPE_CHECKING:
    from actors import Call, Webhook

QUESTIONS = {
    "service": "How satisfied are you with our service? Press a key from 1, not at all, to 5, very much.",
    "quality": "How satisfied are you with the quality of our work? Again, from 1 to 5.",
    "recommend": "And how likely are you to recommend us? From 1 to 5.",
}
RATINGS = tuple("12345")
SILENT = (0, 1)
"""So many seconds of a recording hold no comment."""
TRIES = 2


def begin(call: Call) -> tuple[list[Verb], list[tuple[str, object]]]:
    """Whatever becomes of this call, write down what it has brought."""
    call.data.update(answers={}, tries=0)
    return [], [("completion", keep), ("recording", keep)]


def note(call: Call) -> list[Verb]:
    """Take the key for the question in hand, ask once more, or pass it over."""
    answers = call.data["answers"]
    name = next(name for name in QUESTIONS if name not in answers)
    call.data["tries"] += 1
    if call.digits not in RATINGS and call.data["tries"] < TRIES:
        return [Say("Sorry, I did not get that."), question(name)]
    answers[name] = int(call.digits) if call.digits in RATINGS else None
    call.data["tries"] = 0
    return [] if answers[name] else [Say("Let us move on.")]


def keep(webhook: Webhook, call: Call) -> None:
    """Write down the answers so far, and the comment if there is one."""
    answers = [call.data["answers"].get(name) for name in QUESTIONS]
    recording = webhook.recording
    comment = recording.url if recording and recording.duration not in SILENT else None
    if file := call.settings.get("survey_file"):
        store(str(file), call.call_sid, answers, comment)
    else:
        call.log.warning("survey_not_stored", reason="survey_file is not set", answers=answers, comment=comment)


def store(file: str, call_sid: str, answers: list[int | None], comment: str | None) -> None:
    """One row a call: what comes later completes it, what comes again changes nothing."""
    names = [*QUESTIONS, "comment"]
    columns, values = ", ".join(names), ", ".join("?" * len(names))
    later = ", ".join(f"{name} = coalesce(excluded.{name}, {name})" for name in names)
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(f"CREATE TABLE IF NOT EXISTS answers (call_sid TEXT PRIMARY KEY, {columns})")
        db.execute(
            f"INSERT INTO answers (call_sid, {columns}) VALUES (?, {values}) ON CONFLICT DO UPDATE SET {later}",  # noqa: S608 - the names are ours
            [call_sid, *answers, comment],
        )


def question(name: str) -> Gather:
    """Ask one of the questions."""
    after = DefaultExt("any key, or none", [FunctionExt(f"note the answer: {name}", fn=note)])
    return Gather([Say(QUESTIONS[name])], num_digits=1, after_ext=[after])


recipe: list[Verb] = [
    FunctionExt("have the answers kept", fn=begin),
    Say("Thank you for taking our survey. It has three short questions."),
    *map(question, QUESTIONS),
    Say("Is there anything you would like to add? Please speak after the tone. When you have finished, press hash."),
    Record(play_beep=True, max_length=60, timeout=5, finish_on_key="#"),
    Say("Thank you for your answers. Goodbye."),
]
