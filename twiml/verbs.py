"""The voice verbs, each a declaration and nothing else. (Twilio's documentation: "TwiML for Programmable Voice".)

`flow` says what a verb does to the flow: Say runs on to the `next`, Gather asks the caller
(`gather`), Record and Dial `wait` for Twilio to come back with what came of it, Hangup is the
`exit`. `hooks` name the URLs of ours that the machine writes where the flow names none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from twiml.declare import attribute, branches, content, nested, verb
from twiml.element import Extension, Hook, Noun, Verb
from twiml.extensions import LANGUAGE, VOICE, PromptExt
from twiml.nouns import RECORDING_EVENTS, RECORDS, SIP, TRIM, records
from twiml.rules import (
    FLAG,
    HINTS,
    JSON,
    KEY,
    KEYS,
    METHOD,
    PHONE,
    PLAYED_TONES,
    TEXT,
    URL,
    named,
    number,
    one_of,
    some_of,
    text,
    whole,
)
from twiml.ssml import ALL


def always(_: Mapping[str, str]) -> bool:
    """Every such element wants this hook, unless it names a URL of its own."""
    return True


def transcribes(attributes: Mapping[str, str]) -> bool:
    """Whether an element's `transcribe` asks for a transcription."""
    return attributes.get("transcribe", "false").lower() == "true"


@verb
class Say(Verb):
    """Speak a text to the caller, with SSML in it if it is a list."""

    text: str | Sequence[str | Noun] | PromptExt = content(TEXT, holds=ALL, mixed=True)
    voice: str | None = attribute(VOICE, default="man")
    language: str | None = attribute(LANGUAGE, default="en-US")
    loop: int | None = attribute(whole(0), default="1")


@verb
class Play(Verb):
    """Play a sound file, or with `digits` send tones."""

    url: str | PromptExt | None = content(URL, required=False)
    loop: int | None = attribute(whole(0), default="1")
    digits: str | None = attribute(PLAYED_TONES)


@verb
class Pause(Verb):
    """Wait in silence, `length` seconds (1 if it isn't given)."""

    length: int | None = attribute(whole(1), default="1")


@verb(flow="gather", opens=True, hooks=(Hook("action", None, always),))
class Gather(Verb):
    """Ask for keys or words while the body is played.

    `after_ext` says what happens then: ResponseExt for what is keyed or said, and a DefaultExt or
    RepeatExt for everything else. `auto_menu_ext` speaks the menu those responses make. Without
    `after_ext` the answer goes to `action`, and silence to the next verb.
    """

    body: Sequence[Verb] = nested("Say", "Play", "Pause")
    num_digits: int | None = attribute(whole(1), default="unlimited")
    timeout: int | str | None = attribute(whole(1, or_="auto"), default="5")
    finish_on_key: str | None = attribute(KEY, default="#")
    input: str | list[str] | None = attribute(some_of("dtmf", "speech"), default="dtmf")
    language: str | None = attribute(TEXT, default="en-US")
    hints: str | list[str] | None = attribute(HINTS)
    speech_timeout: int | str | None = attribute(whole(1, or_="auto"), default="timeout")
    max_speech_time: int | None = attribute(whole(1, 60))
    speech_model: str | None = attribute(TEXT, default="default")
    enhanced: bool | None = attribute(FLAG, default="false", retired="speech_model says which model listens")
    profanity_filter: bool | None = attribute(FLAG, default="true")
    barge_in: bool | None = attribute(FLAG, default="true")
    action_on_empty_result: bool | None = attribute(FLAG, default="false")
    action: str | None = attribute(URL, default="the URL of the document")
    method: str | None = attribute(METHOD, default="POST")
    partial_result_callback: str | None = attribute(URL)
    partial_result_callback_method: str | None = attribute(METHOD, default="POST")
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

    play_beep: bool | None = attribute(FLAG, default="true")
    max_length: int | None = attribute(whole(1, 14400), default="3600")
    timeout: int | None = attribute(whole(0), default="5")
    finish_on_key: str | None = attribute(KEYS, default="1234567890*#")
    transcribe: bool | None = attribute(FLAG, default="false")
    transcribe_callback: str | None = attribute(URL)
    trim: str | None = attribute(TRIM, default="trim-silence")
    action: str | None = attribute(URL, default="the URL of the document")
    method: str | None = attribute(METHOD, default="POST")
    recording_configuration_id: str | None = attribute(TEXT)
    recording_status_callback: str | None = attribute(URL)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS, default="completed")
    recording_status_callback_method: str | None = attribute(METHOD, default="POST")


RING_TONES = (
    "at au bg br be ch cl cn cz de dk ee es fi fr gr hu il in it lt jp mx my nl no nz ph pl pt ru se sg th uk "
    "us us-old tw ve za"
).split()


@verb(
    flow="wait",
    opens=True,
    hooks=(Hook("action", None, always), Hook("recordingStatusCallback", "recording", records)),
)
class Dial(Verb):
    """Connect the caller to someone: a number, or nouns. The flow goes on when that call is done."""

    body: str | Sequence[Noun | Extension] = content(
        PHONE,
        holds=(
            *("Number", "Client", "Conference", "Queue", "Sip", "Application", "WhatsApp", "Sim"),
            "FunctionExt",
        ),
    )
    caller_id: str | None = attribute(TEXT, default="the caller's")
    timeout: int | None = attribute(whole(5, 600), default="30")
    time_limit: int | None = attribute(whole(1), default="14400")
    hangup_on_star: bool | None = attribute(FLAG, default="false")
    answer_on_bridge: bool | None = attribute(FLAG, default="false")
    record: str | bool | None = attribute(RECORDS, default="do-not-record")
    recording_configuration_id: str | None = attribute(TEXT)
    recording_track: str | None = attribute(one_of("inbound", "outbound", "both"), default="both")
    recording_status_callback: str | None = attribute(URL)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS, default="completed")
    recording_status_callback_method: str | None = attribute(METHOD, default="POST")
    trim: str | None = attribute(TRIM, default="do-not-trim")
    ring_tone: str | None = attribute(
        named(RING_TONES, "is not a country whose ring tone Twilio plays"), default="by the number"
    )
    sequential: bool | None = attribute(FLAG, default="false")
    call_reason: str | None = attribute(text(50))
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")
    refer_url: str | None = attribute(URL)
    refer_method: str | None = attribute(METHOD, default="POST")
    events: str | None = attribute(one_of("call-progress-event"))
    passports: str | None = attribute(TEXT)


@verb
class Task(Noun):
    """What TaskRouter is told about a caller who waits: JSON, or the data it is made of."""

    body: str | Mapping[str, object] = content(JSON)
    priority: int | str | None = attribute(number())
    timeout: int | str | None = attribute(number())


@verb(flow="wait", hooks=(Hook("action", None, always),))
class Enqueue(Verb):
    """Let the caller wait in a queue, by its name or by the Task of a workflow, until somebody dials it.

    What they hear meanwhile comes from `wait_url`.
    """

    name: str | Sequence[Noun] | None = content(text(64, least=1), required=False, holds=("Task",))
    wait_url: str | None = attribute(URL, default="Twilio's hold music")
    wait_url_method: str | None = attribute(METHOD, default="POST")
    max_queue_size: int | None = attribute(whole(1), default="1000")
    workflow_sid: str | None = attribute(TEXT)
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")


@verb
class Leave(Verb):
    """Leave the queue the caller waits in; said in the answer to a queue's `wait_url`."""


@verb(flow="wait", opens=True, hooks=(Hook("action", None, always),))
class Connect(Verb):
    """Hand the call to a stream, an agent, a room; the flow goes on when that is done."""

    body: Sequence[Noun] = nested(
        *("Stream", "ConversationRelay", "ConversationRelaySession", "AiSession", "VirtualAgent", "Conversation"),
        *("Room", "Autopilot"),
        required=True,
    )
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")


@verb
class Start(Verb):
    """Begin something that runs beside the call: a stream, a transcription, a recording."""

    body: Sequence[Noun] = nested("Stream", "Siprec", "Transcription", "Recording", required=True)
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")


@verb
class Stop(Verb):
    """End what Start began under the same name."""

    body: Sequence[Noun] = nested("Stream", "Siprec", "Transcription", "Recording", required=True)


@verb(tag="Sip")
class ReferSip(Noun):
    """Where Refer sends the caller: a SIP address."""

    sip_url: str = content(SIP)


@verb(flow="wait", hooks=(Hook("action", None, always),))
class Refer(Verb):
    """Hand a call that came by SIP back to the other side, to reach someone else."""

    body: Sequence[Noun] = nested("ReferSip", required=True)
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")


@verb(retired="it is Twilio's legacy verb; most accounts send through the REST API")
class Sms(Verb):
    """Send a text message while the call goes on (Twilio's legacy verb; both numbers are needed)."""

    message: str = content(TEXT)
    to: str | None = attribute(PHONE, required=True)
    from_: str | None = attribute(PHONE, required=True)
    action: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")
    status_callback: str | None = attribute(URL)


@verb(flow="exit")
class Echo(Verb):
    """Say back to callers what they say, until they hang up."""


@verb(flow="exit")
class Redirect(Verb):
    """Hand the call to another application. Within a flow, GotoExt is what goes elsewhere."""

    url: str = content(URL)
    method: str | None = attribute(METHOD, default="POST")


@verb(flow="exit")
class Hangup(Verb):
    """End the call."""

    body: Sequence[Noun] = nested("Parameter")


@verb(flow="exit")
class Reject(Verb):
    """Refuse the call without answering it: the caller hears `busy`, or that there is no service."""

    body: Sequence[Noun] = nested("Parameter")
    reason: str | None = attribute(one_of("rejected", "busy"), default="rejected")
