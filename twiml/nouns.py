"""What Dial reaches: a number, a client of the Voice SDK, a conference and more.

(Twilio's documentation: "TwiML Voice: Dial".)

In `holds` and everywhere else elements are named by their class.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twiml.declare import attribute, content, nested, verb
from twiml.element import Hook, Noun
from twiml.rules import FLAG, METHOD, NAME, PHONE, TEXT, TONES, URL, matching, one_of, some_of, text, whole

LEG_EVENTS = some_of("initiated", "ringing", "answered", "completed")
RECORDING_EVENTS = some_of("in-progress", "completed", "absent")
RECORDS = one_of(
    *("do-not-record", "record-from-answer", "record-from-ringing"),
    *("record-from-answer-dual", "record-from-ringing-dual", "true", "false"),
)
TRIM = one_of("trim-silence", "do-not-trim")
MACHINE_DETECTION = one_of("Enable", "DetectMessageEnd")


def records(attributes: Mapping[str, str]) -> bool:
    """Whether an element's `record` asks for a recording."""
    return attributes.get("record", "false").lower() not in ("false", "do-not-record")


def tells(attributes: Mapping[str, str]) -> bool:
    """Whether an element's `status_callback_event` asks for any."""
    return bool(attributes.get("statusCallbackEvent", "").strip())


STATUS = Hook("statusCallback", "status", tells)

SIP = matching(
    "a SIP address",
    lambda value: re.fullmatch(r"(?i)\s*sips?:[^\s<>]+\s*", value) is not None,
    "is not a SIP address, like sip:jane@example.com",
)


@dataclass(frozen=True, slots=True, repr=False)
class Leg(Noun):
    """What whoever is dialled has in common: what they hear first, and who is told how their call goes."""

    url: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")
    status_callback: str | None = attribute(URL)
    status_callback_event: str | list[str] | None = attribute(LEG_EVENTS, default="completed")  # noqa: RUF009 - it makes a field
    status_callback_method: str | None = attribute(METHOD, default="POST")


@dataclass(frozen=True, slots=True, repr=False)
class DetectingLeg(Leg):
    """A leg at whose end an answering machine may be."""

    machine_detection: str | None = attribute(MACHINE_DETECTION, default="off")
    machine_detection_timeout: int | None = attribute(whole(3, 59), default="30")
    machine_detection_speech_threshold: int | None = attribute(whole(1000, 6000), default="2400")
    machine_detection_speech_end_threshold: int | None = attribute(whole(500, 5000), default="1200")
    machine_detection_silence_timeout: int | None = attribute(whole(2000, 10000), default="5000")
    amd_status_callback: str | None = attribute(URL)
    amd_status_callback_method: str | None = attribute(METHOD, default="POST")


@verb
class Parameter(Noun):
    """A name and a value that go along: to the other side of a stream, a client, a payment."""

    name: str | None = attribute(TEXT)
    value: str | None = attribute(TEXT)


@verb(hooks=(STATUS,))
class Number(DetectingLeg):
    """A phone to ring, with + and country code. Up to ten ring at once; the first to answer wins."""

    phone_number: str = content(PHONE)
    send_digits: str | None = attribute(TONES)
    byoc: str | None = attribute(TEXT)


@verb
class Identity(Noun):
    """Who a Client is, where Parameters go along."""

    client_identity: str = content(text(256, least=1))


@verb(hooks=(STATUS,))
class Client(Leg):
    """A browser or app that has registered with the Voice SDK under this identity."""

    identity: str | Sequence[Noun] = content(text(256, least=1), holds=("Identity", "Parameter"))
    client_notification_url: str | None = attribute(URL)


@verb(hooks=(Hook("recordingStatusCallback", "recording", records), STATUS))
class Conference(Noun):
    """A room by name; whoever dials the same name is in it. 250 people at most."""

    name: str = content(NAME)
    muted: bool | None = attribute(FLAG, default="false")
    beep: bool | str | None = attribute(one_of("true", "false", "onEnter", "onExit"), default="true")
    start_conference_on_enter: bool | None = attribute(FLAG, default="true")
    end_conference_on_exit: bool | None = attribute(FLAG, default="false")
    max_participants: int | None = attribute(whole(2, 250), default="250")
    participant_label: str | None = attribute(text(128))
    wait_url: str | None = attribute(URL, default="Twilio's hold music")
    wait_method: str | None = attribute(METHOD, default="POST")
    record: str | bool | None = attribute(
        one_of("do-not-record", "record-from-start", "true", "false"), default="do-not-record"
    )
    recording_configuration_id: str | None = attribute(TEXT)
    recording_status_callback: str | None = attribute(URL)
    recording_status_callback_event: str | list[str] | None = attribute(RECORDING_EVENTS, default="completed")
    recording_status_callback_method: str | None = attribute(METHOD, default="POST")
    trim: str | None = attribute(TRIM, default="trim-silence")
    coach: str | None = attribute(TEXT)
    region: str | None = attribute(
        one_of("us1", "us2", "ie1", "sg1", "br1", "au1", "jp1", "de1"), default="chosen by Twilio"
    )
    jitter_buffer_size: str | None = attribute(one_of("off", "small", "medium", "large"), default="large")
    status_callback: str | None = attribute(URL)
    status_callback_event: str | list[str] | None = attribute(
        some_of("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
    )
    status_callback_method: str | None = attribute(METHOD, default="POST")
    event_callback_url: str | None = attribute(URL, retired="status_callback has taken its place")


@verb
class Queue(Noun):
    """The first caller waiting in a queue by this name; `url` is what they hear before they are joined."""

    name: str = content(NAME)
    url: str | None = attribute(URL)
    method: str | None = attribute(METHOD, default="POST")
    reservation_sid: str | None = attribute(TEXT)
    post_work_activity_sid: str | None = attribute(TEXT)


@verb
class Uri(Noun):
    """One of several SIP addresses, tried by `priority` and `weight`."""

    sip_url: str = content(SIP)
    priority: str | None = attribute(TEXT)
    weight: str | None = attribute(TEXT)
    username: str | None = attribute(TEXT)
    password: str | None = attribute(TEXT)


@verb
class Header(Noun):
    """A header of the SIP request."""

    name: str | None = attribute(TEXT)
    value: str | None = attribute(TEXT)


@verb
class Headers(Noun):
    """The headers that go along with a SIP request."""

    body: Sequence[Noun] = nested("Header")


@verb(hooks=(STATUS,))
class Sip(DetectingLeg):
    """A SIP endpoint by its address, or by several in Uri."""

    sip_url: str | Sequence[Noun] = content(SIP, holds=("Uri", "Headers"))
    username: str | None = attribute(TEXT)
    password: str | None = attribute(TEXT)


@verb
class ApplicationSid(Noun):
    """Which TwiML App an Application is, where Parameters go along."""

    sid: str = content(NAME)


@verb(hooks=(STATUS,))
class Application(Leg):
    """A TwiML App that takes the call."""

    application_sid: str | Sequence[Noun] = content(NAME, holds=("ApplicationSid", "Parameter"))
    customer_id: str | None = attribute(TEXT)
    copy_parent_to: bool | None = attribute(FLAG)


@verb(hooks=(STATUS,))
class WhatsApp(Leg):
    """A phone reached by WhatsApp."""

    phone_number: str = content(PHONE)


@verb(retired="Twilio's Programmable Wireless SIMs are no longer sold")
class Sim(Noun):
    """A SIM of Programmable Wireless."""

    sim_sid: str = content(NAME)
