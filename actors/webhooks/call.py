"""The fields of every voice request: the call, its two ends, and what a SIP call adds."""

from __future__ import annotations

from actors.webhooks.events import Event
from actors.webhooks.field import Group, ends, headers, structured, text, whole

_SHAKEN = "voice/trusted-calling-with-shakenstir"
_DETECTION = "voice/answering-machine-detection"
_DETECTED = (Event.DETECTION, Event.DETECTED_REQUEST, Event.CALL_STATUS, Event.LEG_STATUS)


class CallFields(Group, page="voice/twiml"):
    """Which call it is."""

    account_sid = text("AccountSid", "The account, or sub-account, whose call it is.")
    application_sid = text("ApplicationSid", "The TwiML App by which the call came in, for calls of the Voice SDK.")
    direction = text("Direction", "`inbound`, `outbound-api` or `outbound-dial`.")
    call_status = text("CallStatus", "`ringing`, `in-progress`, one of `TERMINAL`, …")
    call_sid = text("CallSid", "The call, or rather the leg, this is about: `CA` and 32 hexadecimal digits.")
    api_version = text("ApiVersion", "`2010-04-01`.")
    parent_call_sid = text("ParentCallSid", "The leg that dialled this one.")
    caller_name = text("CallerName", "The caller's name, if the number looks it up.")
    forwarded_from = text("ForwardedFrom", "The number that sent the call on.")
    called_via = text("CalledVia", "The same, undocumented.", page="captures")
    call_token = structured(
        "CallToken", "What a forwarded call needs to show its caller; pass on `params['CallToken']`."
    )
    add_ons = structured("AddOns", "What the number's add-ons found out.", page="add-ons")
    answered_by = text(
        "AnsweredBy",
        "`human`, `fax`, `unknown`, `machine_start`, or `machine_end_beep`, `_silence`, `_other`.",
        *_DETECTED,
        page=_DETECTION,
    )
    machine_detection_duration = whole(
        "MachineDetectionDuration", "Milliseconds that it took to tell a machine.", *_DETECTED, page=_DETECTION
    )
    stir_verstat = text("StirVerstat", "How far the caller's number is vouched for.", page=_SHAKEN)
    stir_passport_token = text("StirPassportToken", "The signed PASSporT of the call.", page=_SHAKEN)
    stir_status = text("StirStatus", "`A`, `B` or `C`: how an outbound call was signed.", page=_SHAKEN)


class Parties(Group, page="voice/twiml"):
    """Who is on the two ends."""

    called = ends("Called", "Who was called; the same as `to`.")
    caller = ends("Caller", "Who called; the same as `from_`.")
    from_ = ends("From", "Who called.")
    to = ends("To", "Who was called.")


class SipFields(Group, page="voice/api/receiving-sip"):
    """What a call by SIP adds."""

    sip_call_id = text("SipCallId", "The call's Call-ID.")
    sip_domain = text("SipDomain", "The SIP domain that took the call.")
    sip_domain_sid = text("SipDomainSid", "Its SID.")
    sip_source_ip = text("SipSourceIp", "The address that the call came from.")
    sip_headers = headers("SipHeader_", "The call's `X-…` and `User-to-User` headers.")
