"""The form fields of each kind of request, complete as Twilio sends them.

Pure functions from what happened to a dict of names and texts. A call's own requests begin with
`standard`; a recording's and an AMD result's don't, they say only whose they are.
(Twilio's documentation: "TwiML for Programmable Voice", the pages of Gather, Record, Dial, and the call resource.)
"""

from __future__ import annotations

import json
import math
import secrets
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

import phonenumbers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Fields = dict[str, str]

ACCOUNT_SID = "AC" + "0" * 32
"""An account that is nobody's."""
API = "https://api.twilio.com"

_SIP = {"completed": "200", "busy": "486", "no-answer": "487", "canceled": "487", "failed": "404"}
"""What a leg's SIP side answered. 487: it rang, and nobody came or the caller gave up."""

_PERCENT_ENCODED = {"Timestamp", "RecordingStartTime", "TranscriptionText"}
"""Twilio writes a blank as %20 in these, as + elsewhere."""


def sid(prefix: str) -> str:
    """A new identifier: the prefix and 32 hex digits."""
    return prefix + secrets.token_hex(16)


def encode(params: Mapping[str, str]) -> str:
    """The fields as a form body or a query, with the blanks as Twilio writes them.

    >>> encode({"FromCity": "SAN RAFAEL", "Timestamp": "Sun, 25 Mar 2018"})
    'FromCity=SAN+RAFAEL&Timestamp=Sun%2C%2025%20Mar%202018'
    """
    return "&".join(
        f"{quote_plus(name)}={quote(value, safe='') if name in _PERCENT_ENCODED else quote_plus(value)}"
        for name, value in params.items()
    )


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a call: who, to whom, which way, and under which identifiers."""

    call_sid: str
    account_sid: str
    from_: str
    to: str
    direction: str = "inbound"
    parent: str = ""
    application_sid: str = ""
    api: str = API
    """Where its REST API is."""

    def child(self, to: str) -> Leg:
        """The leg that a Dial of this one makes."""
        return Leg(sid("CA"), self.account_sid, self.from_, to, "outbound-dial", parent=self.call_sid, api=self.api)


# --- the call's own requests -----------------------------------------------------


def standard(leg: Leg, status: str) -> Fields:
    """What every request of a call carries.

    A call from a Voice SDK client has no geography, and names its TwiML App instead.
    """
    fields = {
        "AccountSid": leg.account_sid,
        "ApiVersion": "2010-04-01",
        "CallSid": leg.call_sid,
        "CallStatus": status,
        "Called": leg.to,
        "Caller": leg.from_,
        "Direction": leg.direction,
        "From": leg.from_,
        "To": leg.to,
    }
    if leg.parent:
        fields["ParentCallSid"] = leg.parent
    if leg.application_sid:
        fields["ApplicationSid"] = leg.application_sid
    else:
        for side, number in (("Called", leg.to), ("Caller", leg.from_), ("From", leg.from_), ("To", leg.to)):
            fields |= {f"{side}{what}": text for what, text in geography(number).items()}
    return dict(sorted(fields.items()))


def geography(number: str) -> Fields:
    """Where a number is: its country; what Twilio often leaves empty is empty.

    >>> geography("+441315101875")
    {'City': '', 'Country': 'GB', 'State': '', 'Zip': ''}
    """
    # 415 555 01xx is nobody's number: it stands for the caller in Twilio's own examples.
    if number == "+14155550100":
        return {"City": "SAN RAFAEL", "Country": "US", "State": "CA", "Zip": "94903"}
    return {"City": "", "Country": _country(number), "State": "", "Zip": ""}


@lru_cache
def _country(number: str) -> str:
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(number)) or ""
    except phonenumbers.NumberParseException:
        return ""


def first(leg: Leg) -> Fields:
    """The first request's own: who vouches for the caller, and the token to forward them with."""
    if leg.direction != "inbound" or leg.application_sid:
        return {}
    token = {"parentCallInfoToken": secrets.token_urlsafe(48), "identityHeaderTokens": []}
    return {"StirVerstat": "TN-Validation-Passed-A", "CallToken": json.dumps(token, separators=(",", ":"))}


def detected(by: str, seconds: float) -> Fields:
    """Who picked up, and the milliseconds it took to tell."""
    return {"AnsweredBy": by, "MachineDetectionDuration": str(round(seconds * 1000))}


def digits(keys: str, finished_on: str) -> Fields:
    """Gather's action: what was keyed, without the key that finished it."""
    return {"Digits": keys, "FinishedOnKey": finished_on, "msg": "Gather End"}


def speech(words: str, confidence: float) -> Fields:
    """Gather's action: what was said."""
    return {"SpeechResult": words, "Confidence": str(confidence)}


def nothing(finished_on: str = "") -> Fields:
    """Gather's action with `actionOnEmptyResult`, when nothing came but perhaps the finish key."""
    return {"FinishedOnKey": finished_on}


def dial(status: str, child: str, seconds: int, bridged: bool) -> Fields:
    """Dial's action. A conference has no child leg: its `child` is empty. Only a completed leg has a duration."""
    fields = {"DialCallStatus": status, "DialBridged": "true" if bridged else "false"}
    if child:
        fields["DialCallSid"] = child
        if status == "completed":
            fields["DialCallDuration"] = str(seconds)
    return fields


def queue(queue_sid: str, position: int, seconds: int, size: int) -> Fields:
    """Enqueue's waitUrl. Nobody waits behind this caller, and those before have waited as long as they have."""
    return {
        "QueuePosition": str(position),
        "QueueSid": queue_sid,
        "QueueTime": str(seconds),
        "AvgQueueTime": str(seconds),
        "CurrentQueueSize": str(position),
        "MaxQueueSize": str(size),
    }


# --- recordings ------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording: whose, of what length, made by which verb."""

    sid: str
    leg: Leg
    seconds: int
    source: str
    started: datetime
    channels: int = 1
    track: str = "inbound"
    conference: str = ""
    text: str = ""

    @property
    def url(self) -> str:
        """Where Twilio keeps it."""
        return f"{self.leg.api}/2010-04-01/Accounts/{self.leg.account_sid}/Recordings/{self.sid}"

    def on_action(self) -> Fields:
        """As Record's and Dial's actions carry it."""
        return {"RecordingUrl": self.url, "RecordingSid": self.sid, "RecordingDuration": str(self.seconds)}

    def on_callback(self, status: str = "completed") -> Fields:
        """recordingStatusCallback. Only these: no From, no To."""
        fields = {
            "RecordingSource": self.source,
            "RecordingTrack": self.track,
            "RecordingSid": self.sid,
            "RecordingUrl": self.url,
            "RecordingStatus": status,
            "RecordingChannels": str(self.channels),
            "ErrorCode": "0",
            "CallSid": self.leg.call_sid,
            "RecordingStartTime": rfc2822(self.started),
            "AccountSid": self.leg.account_sid,
            "RecordingDuration": str(self.seconds),
        }
        if self.conference:
            fields["ConferenceSid"] = self.conference
        return fields

    def on_transcription(self, call_status: str) -> Fields:
        """transcribeCallback: what was heard, `failed` when nothing was."""
        transcription = sid("TR")
        return {
            "ApiVersion": "2010-04-01",
            "TranscriptionType": "fast",
            "TranscriptionUrl": f"{self.url}/Transcriptions/{transcription}",
            "TranscriptionSid": transcription,
            "Called": self.leg.to,
            "RecordingSid": self.sid,
            "CallStatus": call_status,
            "RecordingUrl": self.url,
            "From": self.leg.from_,
            "Direction": self.leg.direction,
            "url": f"{self.url}/Transcriptions/{transcription}",
            "AccountSid": self.leg.account_sid,
            "TranscriptionText": self.text,
            "Caller": self.leg.from_,
            "TranscriptionStatus": "completed" if self.text else "failed",
            "CallSid": self.leg.call_sid,
            "To": self.leg.to,
        }


# --- status callbacks --------------------------------------------------------------


def status(leg: Leg, call_status: str, at: datetime, sequence: int, seconds: int = 0) -> Fields:
    """A call-progress event: the call's own, or a dialled leg's."""
    fields = standard(leg, call_status) | {
        "Timestamp": rfc2822(at),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
    }
    if call_status in _SIP:
        fields |= {
            "CallDuration": str(seconds),
            "Duration": str(billed_minutes(seconds) if call_status == "completed" else 0),
            "SipResponseCode": _SIP[call_status],
        }
    return fields


def message(message_sid: str, account_sid: str, from_: str, to: str, status: str, service: str = "") -> Fields:
    """A message's status callback. One by a messaging service says which."""
    fields = {
        "AccountSid": account_sid,
        "ApiVersion": "2010-04-01",
        "From": from_,
        "MessageSid": message_sid,
        "MessageStatus": status,
        "SmsSid": message_sid,
        "SmsStatus": status,
        "To": to,
    }
    return fields | {"MessagingServiceSid": service} if service else fields


def billed_minutes(seconds: int) -> int:
    """Begun minutes; an answered call costs at least one."""
    return max(1, math.ceil(seconds / 60))


def rfc2822(at: datetime) -> str:
    """A date as Twilio writes it.

    >>> from datetime import datetime
    >>> rfc2822(datetime(2018, 3, 25, 9, 53, 19, tzinfo=UTC))
    'Sun, 25 Mar 2018 09:53:19 +0000'
    """
    return format_datetime(at.astimezone(UTC))
