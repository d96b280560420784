"""Reminds somebody of an appointment, and asks whether they will come. For calls that Switchhook's number makes.

Whoever answers hears what the appointment is and presses 1 to confirm it, 2 to be called back for another time, or 3 to
cancel it. An answering machine gets a short message, which says who called but not what about: others may hear it. What
they answered is written down before they are told so; `message left` and `no answer` are written down too.

Make the call with `--machine-detection DetectMessageEnd`, so that a message begins after the machine's tone.

The appointment is the call's parameter `appointment`, if whoever places the call sends one ("on Tuesday at 10 a.m."),
else what the settings have for the number, else "with us".

Settings:
    business           who is calling; "your service team" by default
    appointments       each number's appointment: `"+441314960123" = "on Tuesday at 10 a.m. with Doctor Miller"`
    office_phone       the number to call back, spoken to a machine; if it isn't set, we promise to call again
    appointments_file  the SQLite file of the answers; if it isn't set, they are logged

To change: `store`, to write the answers to your own calendar.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from recipes._speaking import ask, sentence
from twiml import FunctionExt, GotoExt, Hangup, LabelExt, Pause, ResponseExt, Say, Verb

if TYPE_CHECKING:
    from actors import Call, Webhook

TABLE = """
    CREATE TABLE IF NOT EXISTS answers (
        call_sid TEXT PRIMARY KEY, appointment TEXT NOT NULL, answer TEXT NOT NULL, at TEXT DEFAULT CURRENT_TIMESTAMP
    )
"""


def store(file: str, call_sid: str, appointment: str, answer: str) -> None:
    """Write an answer down. The first one of a call counts, so a repeat changes nothing."""
    with closing(sqlite3.connect(file)) as db, db:
        db.execute(TABLE)
        db.execute(
            "INSERT INTO answers (call_sid, appointment, answer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (call_sid, appointment, answer),
        )


def appointment_of(call: Call) -> str:
    """When and with whom, to be said after "your appointment"."""
    person = call.to if call.direction.startswith("outbound") else call.from_
    given = call.initial_params.get("appointment") or call.settings.get("appointments", {}).get(person)
    return str(given or "with us")


def write_down(call: Call, answer: str) -> None:
    """Store an answer where the settings say, or log it."""
    call.data["answer"] = answer
    if file := call.settings.get("appointments_file"):
        store(str(file), call.call_sid, appointment_of(call), answer)
    else:
        call.log.warning("answer_not_stored", reason="appointments_file is not set", answer=answer)


def greet(call: Call) -> tuple[list[Verb], list[tuple[str, object]]]:
    """Say why we call; to a machine, leave a message and end the call."""
    business = call.settings.get("business", "your service team")
    if call.initial_params.get("AnsweredBy", "").startswith(("machine", "fax")):
        write_down(call, "message left")
        return [Pause(length=1), Say(message(business, call.settings.get("office_phone", ""))), Hangup()], []
    about = sentence(f"Hello. This is {business}, about your appointment {appointment_of(call)}")
    return [about], [("completion", if_they_said_nothing)]


def message(business: str, phone: str) -> str:
    """What a machine is told."""
    what = f"Please call us back on {' '.join(phone)}." if phone else "We will call you again."
    return f"Hello. This is a message from {business}. {what} Thank you. Goodbye."


def confirm(call: Call) -> list[Verb]:
    """They will come."""
    write_down(call, "confirmed")
    return []


def call_back(call: Call) -> list[Verb]:
    """They want another time."""
    write_down(call, "call back")
    return []


def cancel(call: Call) -> list[Verb]:
    """They won't come."""
    write_down(call, "cancelled")
    return []


def if_they_said_nothing(_: Webhook, call: Call) -> None:
    """The call is over. If they answered, that stands."""
    if "answer" not in call.data:
        write_down(call, "no answer")


recipe = [
    FunctionExt("say why we call, or leave a message on a machine", fn=greet),
    ask(
        "To confirm it, press 1. To arrange another time, press 2. To cancel it, press 3.",
        [
            ResponseExt("1", "confirm", [GotoExt("confirm")]),
            ResponseExt("2", "another time", [GotoExt("call back")]),
            ResponseExt("3", "cancel", [GotoExt("cancel")]),
        ],
        otherwise=[Say("We will call you again. Goodbye."), Hangup()],
    ),
    LabelExt("confirm"),
    FunctionExt("write down that they will come", fn=confirm),
    Say("Thank you. Your appointment is confirmed. Goodbye."),
    Hangup(),
    LabelExt("call back"),
    FunctionExt("write down that they want another time", fn=call_back),
    Say("Thank you. We will call you back to arrange another time. Goodbye."),
    Hangup(),
    LabelExt("cancel"),
    FunctionExt("write down that they won't come", fn=cancel),
    Say("Your appointment is cancelled. If that was a mistake, please call us. Goodbye."),
]
