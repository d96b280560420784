"""A menu in English and Spanish: the caller is asked for the language first, and the rest of the call goes on in it.

Where `[languages]` has English or Spanish for the number that was called, nobody is asked. Whoever
doesn't say hears English. The caller may hear the opening hours, leave a message, or be put through, as is who keeps
silent or presses another key; where nobody answers, they are asked for a message. It is mailed as `voicemail_by_mail`
does it; one in Spanish goes without a transcription, for which Twilio knows English alone.

Settings, those of `voicemail_by_mail` besides:
    business       the name to answer with, the same in both languages; none by default
    office_phone   who is dialled; if it isn't set, callers are asked for a message
    opening_hours  when it is open, in each language, to be said after "we are open" and "nuestro horario es":
                   `en = "Monday to Friday from 9 a.m. to 5 p.m."`, `es = "de lunes a viernes, de nueve a cinco"`;
                   these by default

To change: the languages, in `VOICES` and `both`, and every text will ask for the one you add.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recipes.voicemail_by_mail import SHORTEST, on_recording, on_transcription
from twiml import (
    DefaultExt,
    Dial,
    FunctionExt,
    Gather,
    GotoExt,
    Hangup,
    LabelExt,
    PromptExt,
    Record,
    ResponseExt,
    Say,
    Verb,
)

if TYPE_CHECKING:
    from actors import Call

ENGLISH, SPANISH = "en-US", "es-US"
VOICES = {ENGLISH: "Polly.Joanna-Neural", SPANISH: "Polly.Lupe-Neural"}
HOURS = {"en": "Monday to Friday from 9 a.m. to 5 p.m.", "es": "de lunes a viernes, de nueve a cinco"}


def both(english: str, spanish: str) -> PromptExt:
    """A text in both languages, each with its voice."""
    return PromptExt({ENGLISH: english, SPANISH: spanish}, voices=VOICES)


def say(english: str, spanish: str) -> Say:
    """Say something, in the caller's language."""
    return Say(both(english, spanish))


def is_spanish(call: Call) -> bool:
    """Whether the caller hears Spanish, of whatever country."""
    return (call.language or "").startswith("es")


def which_language(call: Call) -> list[Verb]:
    """Ask for the language, unless the number that was called tells."""
    return [] if is_spanish(call) or (call.language or "").startswith("en") else [ask_for_the_language(tries=2)]


def ask_for_the_language(*, tries: int) -> Gather:
    """Each language asks for itself. Who doesn't answer is asked once more, and then hears English."""
    again = [ask_for_the_language(tries=tries - 1)] if tries > 1 else [FunctionExt("English", fn=english)]
    return Gather(
        [
            Say("For English, press 1.", language=ENGLISH, voice=VOICES[ENGLISH]),
            Say("Para español, pulse el dos.", language=SPANISH, voice=VOICES[SPANISH]),
        ],
        num_digits=1,
        after_ext=[
            ResponseExt("1", "English", [FunctionExt("English", fn=english)]),
            ResponseExt("2", "español", [FunctionExt("español", fn=spanish)]),
            DefaultExt("another try" if tries > 1 else "English", again),
        ],
    )


def english(call: Call) -> list[Verb]:
    """Go on in English."""
    call.language = ENGLISH
    return []


def spanish(call: Call) -> list[Verb]:
    """Go on in Spanish."""
    call.language = SPANISH
    return []


def welcome(call: Call) -> list[Verb]:
    """Greet the caller by the name of the business."""
    business = call.settings.get("business", "")
    thanks = both(f"Thank you for calling {business}.", f"Gracias por llamar a {business}.")
    return [Say(thanks) if business else say("Thank you for calling.", "Gracias por llamar.")]


def say_the_hours(call: Call) -> list[Verb]:
    """The opening hours, in words."""
    hours = HOURS | dict(call.settings.get("opening_hours", {}))
    en, es = (str(hours[language]).removesuffix(".") for language in ("en", "es"))
    return [say(f"We are open {en}.", f"Nuestro horario es {es}.")]


def put_through(call: Call) -> list[Verb]:
    """Dial the office, if there is one."""
    if not call.settings.get("office_phone"):
        return []
    one_moment = say("One moment, please. I am putting you through.", "Un momento, por favor. Enseguida le atendemos.")
    return [one_moment, Dial(str(call.settings["office_phone"]), timeout=20)]


def after_the_dial(call: Call) -> list[Verb]:
    """Part from a caller who was put through; go on to the message with one who wasn't."""
    if call.params.get("DialCallStatus") in ("completed", "answered"):
        return [say("Thank you for calling. Goodbye.", "Gracias por llamar. Hasta luego."), Hangup()]
    return [
        say(
            "Sorry, nobody can take your call at the moment.",
            "Lo sentimos, en este momento nadie puede atender su llamada.",
        )
    ]


def record(call: Call) -> tuple[list[Verb], list[tuple[str, object]]]:
    """Record a message, and have it mailed."""
    message = Record(play_beep=True, max_length=120, timeout=5, finish_on_key="#", transcribe=not is_spanish(call))
    return [message], [("recording", on_recording), ("transcription", on_transcription)]


def thank(call: Call) -> list[Verb]:
    """Say goodbye, to a caller who has left a message and to one who hasn't."""
    if call.params.get("RecordingDuration", "0") in map(str, range(SHORTEST)):
        return [
            say(
                "Sorry, we did not hear a message. Please call again at any time. Goodbye.",
                "Lo sentimos, no hemos oído ningún mensaje. Vuelva a llamar cuando guste. Hasta luego.",
            )
        ]
    return [
        say(
            "Thank you for your message. We will call you back. Goodbye.",
            "Gracias por su mensaje. Le devolveremos la llamada. Hasta luego.",
        )
    ]


def menu(*answers: ResponseExt) -> Gather:
    """A menu that speaks its own words in each language: "Press 1 for", "Pulse 1 para"."""
    operator = DefaultExt(both("an operator", "hablar con una persona"), [GotoExt("office")])
    return Gather(num_digits=1, auto_menu_ext=True, after_ext=[*answers, operator])


HEAR = ResponseExt("1", both("opening hours", "oír nuestro horario"), [GotoExt("hours")])
LEAVE = ResponseExt("2", both("our voicemail", "dejar un mensaje"), [GotoExt("message")])

recipe: list[Verb] = [
    FunctionExt("which language?", fn=which_language),
    FunctionExt("welcome", fn=welcome),
    menu(HEAR, LEAVE),
    LabelExt("hours"),
    FunctionExt("say the hours", fn=say_the_hours),
    menu(LEAVE),
    LabelExt("office"),
    FunctionExt("put the caller through", fn=put_through),
    FunctionExt("see what came of it", fn=after_the_dial),
    LabelExt("message"),
    say(
        "Please leave your name, your number and a short message after the tone. When you have finished, press hash.",
        "Por favor, deje su nombre, su número y un mensaje breve tras el tono. Al terminar, pulse la tecla numeral.",
    ),
    FunctionExt("record a message", fn=record),
    FunctionExt("thank the caller", fn=thank),
]
