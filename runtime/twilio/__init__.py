"""Twilio's REST API, and the tokens that it takes."""

from runtime.twilio.client import TwilioClient
from runtime.twilio.errors import Ambiguous, InvalidRequest, InvalidToken, NoRecording, TwilioError, Unreachable
from runtime.twilio.numbers import Difference, Number, Wanted, compared, differences, wanted
from runtime.twilio.outbound import talk_to, too_long, with_query
from runtime.twilio.parameters import as_listed
from runtime.twilio.patience import Patience, seconds_of
from runtime.twilio.tokens import (
    Capability,
    VoiceGrant,
    access_token,
    capability_token,
    client_incoming,
    client_outgoing,
    event_stream,
)

__all__ = [
    "Ambiguous",
    "Capability",
    "Difference",
    "InvalidRequest",
    "InvalidToken",
    "NoRecording",
    "Number",
    "Patience",
    "TwilioClient",
    "TwilioError",
    "Unreachable",
    "VoiceGrant",
    "Wanted",
    "access_token",
    "as_listed",
    "capability_token",
    "client_incoming",
    "client_outgoing",
    "compared",
    "differences",
    "event_stream",
    "seconds_of",
    "talk_to",
    "too_long",
    "wanted",
    "with_query",
]
