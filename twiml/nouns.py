"""What Dial reaches: a number, a client of the Voice SDK, a conference (docs: voice/twiml/dial)."""

from __future__ import annotations

from collections.abc import Mapping

from twiml.declare import Hook, Noun, attribute, content, verb
from twiml.rules import FLAG, METHOD, NAME, PHONE, TEXT, TONES, URL, one_of, some_of, text, whole

LEG_EVENTS = some_of("initiated", "ringing", "answered", "completed")
RECORDING_EVENTS = some_of("in-progress", "completed", "absent")
TRIM = one_of("trim-silence", "do-not-trim")


def records(attributes: Mapping[str, str]) -> bool:
    """Whether an element's `record` asks for a recording."""
    return attributes.get("record", "false").lower() not in ("false", "do-not-record")


@verb
class Number(Noun):
    """A phone to ring, with + and country code. Up to ten ring at once; the first to answer wins."""

    phone_number: str = content(PHONE)
    send_digits: str | None = attribute(TONES)
    url: str | None = attribute(URL)
    method: str | None = attribute(METHOD)
    status_callback: str | None = attribute(URL)
    status_callback_event: str | list[str] | None = attribute(LEG_EVENTS)
    status_callback_method: str | None = attribute(METHOD)
    byoc: str | None = attribute(TEXT)
    machine_detection: str | None = attribute(one_of("Enable", "DetectMessageEnd"))
    machine_detection_timeout: int | None = attribute(whole(3, 59))
    machine_detection_speech_threshold: int | None = attribute(whole(1000, 6000))
    machine_detection_speech_end_threshold: int | None = attribute(whole(500, 5000))
    machine_detection_silence_timeout: int | None = attribute(whole(2000, 10000))
    amd_status_callback: str | None = attribute(URL)
    amd_status_callback_method: str | None = attribute(METHOD)


@verb
class Client(Noun):
    """A browser or app that has registered with the Voice SDK under this identity."""

    identity: str = content(text(256, least=1))
    url: str | None = attribute(URL)
    method: str | None = attribute(METHOD)
    status_callback: str | None = attribute(URL)
    status_callback_event: str | list[str] | None = attribute(LEG_EVENTS)
    status_callback_method: str | None = attribute(METHOD)
    client_notification_url: str | None = attribute(URL)


@verb(hooks=(Hook("recordingStatusCallback", "recording", records),))
class Conference(Noun):
    """A room by name; whoever dials the same name is in it. 250 people at most."""

    name: str = content(NAME)
    muted: bool | None = attribute(FLAG)
    beep: bool | str | None = attribute(one_of("true", "false", "onEnter", "onExit"))
    start_conference_on_enter: bool | None = attribute(FLAG)
    end_conference_on_exit: bool | None = attribute(FLAG)
    max_participants: int | None = attribute(whole(2, 250))
    participant_label: str | None = attribute(text(128))
    wait_url: str | None = attribute(URL)
    wait_method: str | None = attribute(METHOD)
    record: str | bool | None = attribute(one_of("do-not-record", "record-from-start", "true", "false"))
    recording_configuration_id: str | None = attribute(TEXT)
    recording_status_callback: str | None = attribute(URL)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS)
    recording_status_callback_method: str | None = attribute(METHOD)
    trim: str | None = attribute(TRIM)
    coach: str | None = attribute(TEXT)
    region: str | None = attribute(one_of("us1", "us2", "ie1", "sg1", "br1", "au1", "jp1", "de1"))
    jitter_buffer_size: str | None = attribute(one_of("off", "small", "medium", "large"))
    status_callback: str | None = attribute(URL)
    status_callback_event: str | list[str] | None = attribute(
        some_of("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
    )
    status_callback_method: str | None = attribute(METHOD)
    event_callback_url: str | None = attribute(URL)
