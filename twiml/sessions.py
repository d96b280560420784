"""What Connect, Start and Stop hold: media streams, conversations with machines, transcriptions, recordings.

Connect hands the call to one of them until it is done; Start lets one run beside the call.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from twiml.declare import attribute, content, nested, verb
from twiml.element import Noun
from twiml.nouns import RECORDING_EVENTS, RECORDS, TRIM
from twiml.rules import ABSOLUTE, FLAG, METHOD, NAME, SOCKET, TEXT, URL, matching, number, one_of, some_of

TRACK = one_of("inbound_track", "outbound_track", "both_tracks")
STREAM_URL = matching(
    "a URL of wss, without a query",
    lambda value: re.fullmatch(r"(?i)\s*wss://[^\s<>\"?]+\s*", value) is not None,
    "is not a URL of wss:// without a query; what should go along goes in a Parameter",
)


@verb
class Config(Noun):
    """A setting of the engine behind a transcription or an agent, by its name."""

    name: str | None = attribute(TEXT)
    value: str | None = attribute(TEXT)


@verb
class Stream(Noun):
    """The call's sound over a WebSocket: both ways in Connect, what is heard in Start."""

    body: Sequence[Noun] = nested("Parameter")
    url: str | None = attribute(STREAM_URL)
    name: str | None = attribute(TEXT)
    track: str | None = attribute(TRACK, default="inbound_track")
    status_callback: str | None = attribute(URL)
    status_callback_method: str | None = attribute(METHOD, default="POST")
    connector_name: str | None = attribute(TEXT)
    audio_format: str | None = attribute(TEXT)
    sample_rate: str | None = attribute(TEXT)


@verb
class Siprec(Noun):
    """The call's sound to a recorder that speaks SIPREC."""

    body: Sequence[Noun] = nested("Parameter")
    name: str | None = attribute(TEXT)
    connector_name: str | None = attribute(TEXT)
    track: str | None = attribute(TRACK, default="both_tracks")
    status_callback: str | None = attribute(URL)
    status_callback_method: str | None = attribute(METHOD, default="POST")


@verb
class Transcription(Noun):
    """The call as text while it goes on, sent to `status_callback_url`."""

    body: Sequence[Noun] = nested("Config", "Parameter")
    name: str | None = attribute(TEXT)
    track: str | None = attribute(TRACK, default="both_tracks")
    status_callback_url: str | None = attribute(ABSOLUTE)
    status_callback_method: str | None = attribute(METHOD, default="POST")
    inbound_track_label: str | None = attribute(TEXT)
    outbound_track_label: str | None = attribute(TEXT)
    partial_results: bool | None = attribute(FLAG, default="false")
    language_code: str | None = attribute(TEXT, default="en-US")
    transcription_engine: str | None = attribute(one_of("google", "deepgram"), default="google")
    profanity_filter: bool | None = attribute(FLAG, default="true")
    speech_model: str | None = attribute(TEXT, default="telephony")
    hints: str | None = attribute(TEXT)
    enable_automatic_punctuation: bool | None = attribute(FLAG, default="true")
    enable_provider_data: bool | None = attribute(FLAG, default="false")
    intelligence_service: str | None = attribute(TEXT)
    conversation_configuration: str | None = attribute(TEXT)
    conversation_id: str | None = attribute(TEXT)


@verb
class Recording(Noun):
    """A recording of the call beside whatever it does. Its callback needs an absolute URL."""

    name: str | None = attribute(TEXT)
    channels: str | None = attribute(one_of("mono", "dual"), default="dual")
    track: str | None = attribute(one_of("inbound", "outbound", "both"), default="both")
    trim: str | None = attribute(TRIM, default="trim-silence")
    recording_configuration_id: str | None = attribute(TEXT)
    recording_status_callback: str | None = attribute(ABSOLUTE)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS, default="completed")
    recording_status_callback_method: str | None = attribute(METHOD, default="POST")


@verb
class Language(Noun):
    """How a ConversationRelay speaks and listens in one language."""

    code: str | None = attribute(TEXT)
    tts_provider: str | None = attribute(TEXT)
    voice: str | None = attribute(TEXT)
    transcription_provider: str | None = attribute(TEXT)
    speech_model: str | None = attribute(TEXT)
    hints: str | None = attribute(TEXT)
    asr_smart_format: str | None = attribute(TEXT)
    tts_text_normalization: str | None = attribute(TEXT)
    tts_language_text_normalization: str | None = attribute(TEXT)


@verb
class ConversationRelay(Noun):
    """A conversation in text over a WebSocket; Twilio listens and speaks."""

    body: Sequence[Noun] = nested("Language", "Parameter")
    url: str | None = attribute(SOCKET)
    welcome_greeting: str | None = attribute(TEXT)
    welcome_greeting_interruptible: bool | str | None = attribute(TEXT, default="any")
    language: str | None = attribute(TEXT, default="en-US")
    tts_language: str | None = attribute(TEXT)
    tts_provider: str | None = attribute(TEXT, default="ElevenLabs")
    voice: str | None = attribute(TEXT)
    transcription_language: str | None = attribute(TEXT)
    transcription_provider: str | None = attribute(TEXT, default="Deepgram")
    speech_model: str | None = attribute(TEXT)
    speech_timeout: str | None = attribute(TEXT)
    hints: str | None = attribute(TEXT)
    interruptible: str | None = attribute(TEXT, default="any")
    interrupt_sensitivity: str | None = attribute(TEXT, default="high")
    preemptible: bool | None = attribute(FLAG, default="false")
    report_input_during_agent_speech: str | None = attribute(TEXT)
    dtmf_detection: bool | None = attribute(FLAG, default="false")
    profanity_filter: bool | None = attribute(FLAG, default="true")
    partial_prompts: bool | None = attribute(FLAG, default="false")
    partial_prompt_on_hangup: str | None = attribute(TEXT)
    events: str | list[str] | None = attribute(some_of("speaker-events", "tokens-played"))
    debug: str | None = attribute(TEXT)
    include_in_prompt: str | None = attribute(TEXT)
    echo_prompt_filtering: str | None = attribute(TEXT)
    ignore_backchannel: str | None = attribute(TEXT)
    background_noise_reduction: str | None = attribute(TEXT)
    turn_detection: str | None = attribute(TEXT)
    eager_eot_threshold: str | None = attribute(TEXT)
    asr_smart_format: str | None = attribute(TEXT)
    deepgram_smart_format: str | None = attribute(TEXT)
    tts_text_normalization: str | None = attribute(TEXT)
    tts_language_text_normalization: str | None = attribute(TEXT)
    elevenlabs_text_normalization: str | None = attribute(TEXT)
    elevenlabs_language_text_normalization: str | None = attribute(TEXT)
    intelligence_service: str | None = attribute(TEXT)
    application_reconnect: str | None = attribute(TEXT)
    customer_name: str | None = attribute(TEXT)


@verb
class ConversationRelaySession(Noun):
    """A ConversationRelay by the name of its connector."""

    connector: str | None = attribute(TEXT)
    session_configuration: str | None = attribute(TEXT)


@verb
class AiSession(Noun):
    """A session with an AI by the name of its connector."""

    ai_connector: str | None = attribute(TEXT)
    ai_session_configuration: str | None = attribute(TEXT)


@verb
class VirtualAgent(Noun):
    """An agent of a provider that is set up in Twilio by its connector's name."""

    body: Sequence[Noun] = nested("Config", "Parameter")
    connector_name: str | None = attribute(TEXT)
    language: str | None = attribute(TEXT)
    sentiment_analysis: bool | None = attribute(FLAG)
    status_callback: str | None = attribute(URL)
    status_callback_method: str | None = attribute(METHOD)


@verb
class Conversation(Noun):
    """A conversation of Twilio Conversations, with the caller in it."""

    service_instance_sid: str | None = attribute(TEXT)
    inbound_autocreation: bool | None = attribute(FLAG)
    inbound_timeout: int | str | None = attribute(number())
    routing_assignment_timeout: int | str | None = attribute(number())
    url: str | None = attribute(URL)
    method: str | None = attribute(METHOD)
    record: str | bool | None = attribute(RECORDS)
    trim: str | None = attribute(TRIM)
    recording_status_callback: str | None = attribute(URL)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS)
    recording_status_callback_method: str | None = attribute(METHOD)
    status_callback: str | None = attribute(URL)
    status_callback_event: str | list[str] | None = attribute(
        some_of("call-initiated", "call-ringing", "call-answered", "call-completed")
    )
    status_callback_method: str | None = attribute(METHOD)


@verb
class Room(Noun):
    """A room of Twilio Video, by name."""

    name: str = content(NAME)
    participant_identity: str | None = attribute(TEXT)


@verb(retired="Twilio has shut Autopilot down")
class Autopilot(Noun):
    """An assistant of Twilio Autopilot, by name."""

    name: str = content(NAME)
