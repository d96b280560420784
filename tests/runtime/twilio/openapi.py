"""What the REST API takes and answers, as far as the client asks it: a table of facts, and the OpenAPI document of it.

The facts are Twilio's: its OpenAPI description of the 2010-04-01 API, what its documentation says of values where that
only says "string", and three parameters that its Python SDK (9.13) has besides. The table gives each kind of value the
names that have it, with `!` behind one that there must be. A kind is a key of `KINDS`, a SID's two letters, words
with `|` between them, or, in brackets, several of a kind.

The forms are told by `patternProperties`: of a form with `properties` Prism reads those, and passes over all others,
which is what it is not to do here. Of what is repeated it reads the last.

    python -m tests.runtime.twilio.openapi > twilio.json
"""

from __future__ import annotations

import json
import re
from typing import Any

Facts = dict[str, str]
"""For each kind the names, with a blank between."""

_DAYS, _MONTHS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun", "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DATE = f"(0[1-9]|1[0-9]|2[0-8]) ({_MONTHS}) 20[0-9]{{2}}"
KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "filled": {"type": "string", "minLength": 1},
    "url": {"type": "string", "format": "uri", "pattern": "^https?://"},
    "twiml": {"type": "string", "pattern": "<Response", "maxLength": 4000},
    "whole": {"type": "integer"},
    "decimal": {"type": "number"},
    "flag": {"type": "boolean"},
    "moment": {"type": "string", "format": "date-time"},
    "day": {"type": "string", "anyOf": [{"format": "date"}, {"format": "date-time"}]},
    "page size": {"type": "integer", "minimum": 1, "maximum": 1000},
    "validity": {"type": "integer", "minimum": 1, "maximum": 36000},
    "AP or none": {"type": "string", "pattern": "^(AP[0-9a-fA-F]{32})?$"},
    "rfc 2822": {"type": "string", "pattern": rf"^({_DAYS}), {_DATE} 1[0-9](:[0-5][0-9]){{2}} \+0000$"},
    "seconds": {"type": "string", "pattern": "^[0-9]{1,4}$"},
    "number": {"type": "string", "pattern": r"^\+[1-9][0-9]{9,13}$"},
    "MM or SM": {"type": "string", "pattern": "^(SM|MM)[0-9a-fA-F]{32}$"},
    "object": {"type": "object"},
    "nothing": {"type": "null"},
}
METHOD = "GET|POST"
STATUS = "queued|ringing|in-progress|completed|busy|failed|no-answer|canceled"

# --- what is taken -------------------------------------------------------------------------------

PAGING: Facts = {"page size": "PageSize", "whole": "Page", "text": "PageToken"}

CREATE_CALL: Facts = {
    "filled": "To! From!",
    "url": "Url StatusCallback FallbackUrl RecordingStatusCallback AsyncAmdStatusCallback ClientNotificationUrl",
    METHOD: "Method StatusCallbackMethod FallbackMethod RecordingStatusCallbackMethod AsyncAmdStatusCallbackMethod",
    "twiml": "Twiml",
    "text": """SendDigits CallerId CallReason CallToken SipAuthUsername SipAuthPassword
        Passports RecordingConfigurationId""",
    "AP": "ApplicationSid",
    "BY": "Byoc",
    "whole": """Timeout TimeLimit MachineDetectionTimeout MachineDetectionSpeechThreshold
        MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout""",
    "flag": "Record AsyncAmd",
    "Enable|DetectMessageEnd": "MachineDetection",
    "mono|dual": "RecordingChannels",
    "inbound|outbound|both": "RecordingTrack",
    "trim-silence|do-not-trim": "Trim",
    "[initiated|ringing|answered|completed]": "StatusCallbackEvent",
    "[in-progress|completed|absent]": "RecordingStatusCallbackEvent",
}
UPDATE_CALL: Facts = {
    "url": "Url StatusCallback FallbackUrl",
    METHOD: "Method StatusCallbackMethod FallbackMethod",
    "twiml": "Twiml",
    "canceled|completed": "Status",
    "whole": "TimeLimit",
}
LIST_CALLS: Facts = {
    "filled": "To From",
    "CA": "ParentCallSid",
    STATUS: "Status",
    "day": "StartTime StartTime< StartTime> EndTime EndTime< EndTime>",
}
CREATE_MESSAGE: Facts = {
    "filled": "To! From FallbackFrom",
    "text": "Body ContentVariables MessageIntent",
    "url": "StatusCallback",
    "[url]": "MediaUrl",
    "[text]": "PersistentAction",
    "AP": "ApplicationSid",
    "MG": "MessagingServiceSid",
    "HX": "ContentSid",
    "decimal": "MaxPrice",
    "whole": "Attempt",
    "validity": "ValidityPeriod",
    "flag": "ProvideFeedback ForceDelivery SmartEncoded ShortenUrls SendAsMms",
    "moment": "SendAt",
    "retain|discard": "ContentRetention",
    "retain|obfuscate": "AddressRetention",
    "enable|disable": "RiskCheck",
    "free|": "TrafficType",
    "fixed|": "ScheduleType",
}
LIST_MESSAGES: Facts = {"filled": "To From", "day": "DateSent DateSent< DateSent>"}
LIST_RECORDINGS: Facts = {
    "day": "DateCreated DateCreated< DateCreated>",
    "CA": "CallSid",
    "CF": "ConferenceSid",
    "flag": "IncludeSoftDeleted",
}
LIST_NUMBERS: Facts = {"flag": "Beta", "text": "FriendlyName PhoneNumber Origin"}
UPDATE_NUMBER: Facts = {
    "url": "VoiceUrl VoiceFallbackUrl StatusCallback SmsUrl SmsFallbackUrl",
    METHOD: "VoiceMethod VoiceFallbackMethod StatusCallbackMethod SmsMethod SmsFallbackMethod",
    # The description has no way to take an application away; an empty value does.
    "AP or none": "VoiceApplicationSid SmsApplicationSid",
    "text": "FriendlyName ApiVersion",
    "flag": "VoiceCallerIdLookup",
    "voice|fax": "VoiceReceiveMode",
    "Active|Inactive": "EmergencyStatus",
    "AC": "AccountSid",
    "AD": "AddressSid EmergencyAddressSid",
    "BU": "BundleSid",
    "RI": "IdentitySid",
    "TK": "TrunkSid",
}

# --- what is answered ----------------------------------------------------------------------------

CALL: Facts = {
    "CA": "sid! parent_call_sid",
    "AC": "account_sid!",
    "PN": "phone_number_sid",
    "GP": "group_sid",
    "TK": "trunk_sid",
    STATUS: "status!",
    "inbound|outbound-api|outbound-dial": "direction!",
    "rfc 2822": "date_created! date_updated start_time end_time",
    "seconds": "duration queue_time",
    "text": "to to_formatted from from_formatted price price_unit answered_by forwarded_from caller_name uri",
    "2010-04-01|": "api_version",
    "object": "subresource_uris",
}
MESSAGE: Facts = {
    "MM or SM": "sid!",
    "AC": "account_sid!",
    "MG": "messaging_service_sid",
    "queued|sending|sent|failed|delivered|undelivered|receiving|received|accepted|scheduled|read|canceled": "status!",
    "inbound|outbound-api|outbound-call|outbound-reply": "direction!",
    "rfc 2822": "date_created! date_updated date_sent",
    "seconds": "num_segments num_media",
    "text": "to from body price price_unit error_message uri",
    "whole": "error_code",
    "2010-04-01|": "api_version",
    "object": "subresource_uris",
}
RECORDING: Facts = {
    "RE": "sid!",
    "AC": "account_sid!",
    "CA": "call_sid!",
    "CF": "conference_sid",
    "in-progress|paused|stopped|processing|completed|absent|deleted": "status!",
    "rfc 2822": "date_created! date_updated start_time",
    "seconds": "duration",
    "whole": "channels error_code",
    "text": "source price price_unit uri media_url",
    "2010-04-01|": "api_version",
    "object": "subresource_uris encryption_details",
}
NUMBER: Facts = {
    "PN": "sid!",
    "AC": "account_sid!",
    "number": "phone_number!",
    "AP": "voice_application_sid sms_application_sid",
    "TK": "trunk_sid",
    "AD": "address_sid emergency_address_sid",
    "BU": "bundle_sid",
    "RI": "identity_sid",
    "url": "voice_url voice_fallback_url status_callback sms_url sms_fallback_url",
    METHOD: "voice_method voice_fallback_method status_callback_method sms_method sms_fallback_method",
    "none|any|local|foreign": "address_requirements",
    "Active|Inactive": "emergency_status",
    "registered|unregistered|pending-registration|registration-failure": "emergency_address_status",
    "voice|fax": "voice_receive_mode",
    "flag": "beta voice_caller_id_lookup",
    "rfc 2822": "date_created! date_updated",
    "text": "friendly_name origin status type uri api_version",
    "object": "capabilities",
}
PAGE: Facts = {
    "whole": "page! page_size! start! end!",
    "text": "uri! first_page_uri!",
    "nothing": "next_page_uri! previous_page_uri!",
}

# --- operations ----------------------------------------------------------------------------------

OPERATIONS: dict[tuple[str, str], tuple[Facts, int, Facts | str]] = {
    ("POST", "Calls.json"): (CREATE_CALL, 201, CALL),
    ("GET", "Calls.json"): (LIST_CALLS, 200, "calls"),
    ("GET", "Calls/{Sid}.json"): ({}, 200, CALL),
    ("POST", "Calls/{Sid}.json"): (UPDATE_CALL, 200, CALL),
    ("DELETE", "Calls/{Sid}.json"): ({}, 204, {}),
    ("POST", "Messages.json"): (CREATE_MESSAGE, 201, MESSAGE),
    ("GET", "Messages.json"): (LIST_MESSAGES, 200, "messages"),
    ("GET", "Recordings.json"): (LIST_RECORDINGS, 200, "recordings"),
    ("GET", "Recordings/{Sid}.json"): ({"flag": "IncludeSoftDeleted"}, 200, RECORDING),
    ("GET", "IncomingPhoneNumbers.json"): (LIST_NUMBERS, 200, "incoming_phone_numbers"),
    ("POST", "IncomingPhoneNumbers/{Sid}.json"): (UPDATE_NUMBER, 200, NUMBER),
}
"""What each takes, and answers: a resource, or, by its name, a list of them."""
LISTS = {"calls": CALL, "messages": MESSAGE, "recordings": RECORDING, "incoming_phone_numbers": NUMBER}
SIDS = {"Calls": "CA", "Recordings": "RE", "IncomingPhoneNumbers": "PN"}
SOUND = "RIFF____WAVE"
"""What a recording sounds like."""


def schema_of(kind: str) -> dict[str, Any]:
    """What a value of a kind is, in JSON Schema."""
    if kind.startswith("["):
        return schema_of(kind[1:-1])
    if "|" in kind:
        return {"type": "string", "enum": kind.strip("|").split("|")}
    return KINDS.get(kind) or {"type": "string", "pattern": f"^{kind}[0-9a-fA-F]{{32}}$"}


def names_of(facts: Facts) -> dict[str, tuple[dict[str, Any], bool]]:
    """For each name what it is, and whether there must be one."""
    pairs = ((kind, name) for kind, names in facts.items() for name in names.split())
    return {name.rstrip("!"): (schema_of(kind), name.endswith("!")) for kind, name in pairs}


def document() -> dict[str, Any]:
    """The OpenAPI document."""
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), (taken, status, answered) in OPERATIONS.items():
        queried = _query(taken) + (_query(PAGING) if isinstance(answered, str) else []) if method == "GET" else []
        paths.setdefault(f"/2010-04-01/Accounts/{{AccountSid}}/{path}", {})[method.lower()] = {
            "parameters": [_in_path("AccountSid", "AC"), *_sid(path), *queried],
            "responses": {str(status): _answer(answered)},
            **({"requestBody": _form(taken)} if method == "POST" else {}),
        }
    sound = {"description": "sound", "content": {"audio/x-wav": {"schema": {"type": "string", "enum": [SOUND]}}}}
    parameters = [_in_path("AccountSid", "AC"), _in_path("Sid", "RE")]
    there = {"get": {"parameters": parameters, "responses": {"200": sound}}}
    paths["/2010-04-01/Accounts/{AccountSid}/Recordings/{Sid}.wav"] = there
    return {
        "openapi": "3.1.0",
        "info": {"title": "Twilio's REST API, in part", "version": "2010-04-01"},
        "servers": [{"url": "https://api.twilio.com"}],
        "security": [{"basic": []}],
        "components": {"securitySchemes": {"basic": {"type": "http", "scheme": "basic"}}},
        "paths": paths,
    }


def _in_path(name: str, prefix: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": schema_of(prefix)}


def _sid(path: str) -> list[dict[str, Any]]:
    return [_in_path("Sid", SIDS[path.partition("/")[0]])] if "{Sid}" in path else []


def _query(taken: Facts) -> list[dict[str, Any]]:
    return [{"name": name, "in": "query", "schema": schema} for name, (schema, _) in names_of(taken).items()]


def _form(taken: Facts) -> dict[str, Any]:
    named = names_of(taken)
    schema = {
        "type": "object",
        "patternProperties": {f"^{re.escape(name)}$": schema for name, (schema, _) in named.items()},
        "required": [name for name, (_, needed) in named.items() if needed],
        "additionalProperties": False,
    }
    return {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}


def _answer(answered: Facts | str) -> dict[str, Any]:
    if not answered:
        return {"description": "nothing"}
    schema = _page(answered) if isinstance(answered, str) else _resource(answered)
    return {"description": "an answer", "content": {"application/json": {"schema": schema}}}


def _page(name: str) -> dict[str, Any]:
    page = _resource(PAGE)
    items = {"type": "array", "minItems": 2, "maxItems": 5, "items": _resource(LISTS[name])}
    return page | {"properties": {name: items, **page["properties"]}, "required": [name, *page["required"]]}


def _resource(facts: Facts) -> dict[str, Any]:
    """Each attribute is there; those without `!` may be null."""
    named = names_of(facts)
    either = {name: schema if needed else _or_null(schema) for name, (schema, needed) in named.items()}
    return {"type": "object", "properties": either, "required": list(named), "additionalProperties": False}


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    enum = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **enum}


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))
