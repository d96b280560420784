"""The voice verbs (docs: voice/twiml), each a declaration and nothing else.

`flow` says what a verb does to the flow: Say runs on to the `next`, Gather asks the caller
(`gather`), Record and Dial `wait` for Twilio to come back with what came of it, Hangup is the
`exit`. `hooks` name the URLs of ours that the machine writes where the flow names none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twiml.declare import Extension, Hook, Noun, Verb, attribute, branches, content, nested, verb
from twiml.nouns import RECORDING_EVENTS, TRIM, records
from twiml.rules import FLAG, KEY, KEYS, METHOD, PHONE, TEXT, TONES, URL, named, one_of, some_of, text, whole
from twiml.voices import SAY_LANGUAGES, VOICES


def always(_: Mapping[str, str]) -> bool:
    """Every such element wants this hook, unless it names a URL of its own."""
    return True


def transcribes(attributes: Mapping[str, str]) -> bool:
    """Whether an element's `transcribe` asks for a transcription."""
    return attributes.get("transcribe", "false").lower() == "true"


@verb
class Say(Verb):
    """Speak a text to the caller."""

    text: str = content(TEXT)
    voice: str | None = attribute(named(VOICES, "is not a voice Twilio has"))
    language: str | None = attribute(named(SAY_LANGUAGES, "is not one Twilio speaks"))
    loop: int | None = attribute(whole(0))


@verb
class Play(Verb):
    """Play a sound file, or with `digits` send tones."""

    url: str = content(URL)
    loop: int | None = attribute(whole(0))
    digits: str | None = attribute(TONES)


@verb
class Pause(Verb):
    """Wait in silence, `length` seconds (1 if it isn't given)."""

    length: int | None = attribute(whole(1))


@verb(flow="gather", hooks=(Hook("action", None, always),))
class Gather(Verb):
    """Ask for keys or words while the body is played.

    `after_ext` says what happens then: ResponseExt for what is keyed or said, and a DefaultExt or
    RepeatExt for everything else. `auto_menu_ext` speaks the menu those responses make. Without
    `after_ext` the answer goes to `action`, and silence to the next verb.
    """

    body: Sequence[Verb] = nested("Say", "Play", "Pause")
    num_digits: int | None = attribute(whole(1))
    timeout: int | str | None = attribute(whole(1, or_="auto"))
    finish_on_key: str | None = attribute(KEY)
    input: str | list[str] | None = attribute(some_of("dtmf", "speech"))
    language: str | None = attribute(TEXT)
    hints: str | None = attribute(TEXT)
    speech_timeout: int | str | None = attribute(whole(1, or_="auto"))
    max_speech_time: int | None = attribute(whole(1))
    speech_model: str | None = attribute(TEXT)
    enhanced: bool | None = attribute(FLAG)
    profanity_filter: bool | None = attribute(FLAG)
    barge_in: bool | None = attribute(FLAG)
    action_on_empty_result: bool | None = attribute(FLAG)
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD)
    partial_result_callback: str | None = attribute(URL)
    partial_result_callback_method: str | None = attribute(METHOD)
    debug: bool | None = attribute(FLAG)
    auto_menu_ext: bool | None = attribute(FLAG, extension=True)
    after_ext: Sequence[Extension] = branches("ResponseExt", "DefaultExt", "RepeatExt")


@verb(
    flow="wait",
    hooks=(
        Hook("action", None, always),
        Hook("recordingStatusCallback", "recording", always),
        Hook("transcribeCallback", "transcription", transcribes),
    ),
    again=True,
)
class Record(Verb):
    """Record the caller; the flow goes on when they stop, with the recording in hand."""

    play_beep: bool | None = attribute(FLAG)
    max_length: int | None = attribute(whole(1, 14400))
    timeout: int | None = attribute(whole(0))
    finish_on_key: str | None = attribute(KEYS)
    transcribe: bool | None = attribute(FLAG)
    transcribe_callback: str | None = attribute(URL)
    trim: str | None = attribute(TRIM)
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD)
    recording_configuration_id: str | None = attribute(TEXT)
    recording_status_callback: str | None = attribute(URL)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS)
    recording_status_callback_method: str | None = attribute(METHOD)


RING_TONES = (
    "at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk "
    "us us-old tw ve za"
).split()


@verb(
    flow="wait",
    hooks=(Hook("action", None, always), Hook("recordingStatusCallback", "recording", records)),
)
class Dial(Verb):
    """Connect the caller to someone: a number, or nouns. The flow goes on when that call is done."""

    body: str | Sequence[Noun | Extension] = content(PHONE, holds=("Number", "Client", "Conference", "FunctionExt"))
    caller_id: str | None = attribute(TEXT)
    timeout: int | None = attribute(whole(5, 600))
    time_limit: int | None = attribute(whole(1))
    hangup_on_star: bool | None = attribute(FLAG)
    answer_on_bridge: bool | None = attribute(FLAG)
    record: str | bool | None = attribute(
        one_of(
            "do-not-record",
            "record-from-answer",
            "record-from-ringing",
            "record-from-answer-dual",
            "record-from-ringing-dual",
            "true",
            "false",
        )
    )
    recording_configuration_id: str | None = attribute(TEXT)
    recording_track: str | None = attribute(one_of("inbound", "outbound", "both"))
    recording_status_callback: str | None = attribute(URL)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS)
    recording_status_callback_method: str | None = attribute(METHOD)
    trim: str | None = attribute(TRIM)
    ring_tone: str | None = attribute(named(RING_TONES, "is not a country whose ring tone Twilio plays"))
    sequential: bool | None = attribute(FLAG)
    call_reason: str | None = attribute(text(50))
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD)
    refer_url: str | None = attribute(URL)
    refer_method: str | None = attribute(METHOD)
    events: str | None = attribute(one_of("call-progress-event"))
    passports: str | None = attribute(TEXT)


@verb
class Sms(Verb):
    """Send a text message while the call goes on (Twilio's legacy verb; both numbers are needed)."""

    message: str = content(TEXT)
    to: str | None = attribute(PHONE, required=True)
    from_: str | None = attribute(PHONE, required=True)
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD)
    status_callback: str | None = attribute(URL)


@verb(flow="exit")
class Redirect(Verb):
    """Hand the call to another application. Within a flow, GotoExt is what goes elsewhere."""

    url: str = content(URL)
    method: str | None = attribute(METHOD)


@verb(flow="exit")
class Hangup(Verb):
    """End the call."""


@verb(flow="exit")
class Reject(Verb):
    """Refuse the call without answering it: the caller hears `busy`, or that there is no service."""

    reason: str | None = attribute(one_of("rejected", "busy"))
