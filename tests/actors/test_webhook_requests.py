"""Every request that Twilio documents or was seen to make: what it tells of, and each of its fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from actors import Event, Kind, Party, Webhook
from runtime.web.form import fields_of, first_values

GEO = (
    "&CalledCity=&CalledCountry=US&CalledState=CA&CalledZip=&CallerCity=SAN+RAFAEL&CallerCountry=US&CallerState=CA&CallerZip=94903"
    "&FromCity=SAN+RAFAEL&FromCountry=US&FromState=CA&FromZip=94903&ToCity=&ToCountry=US&ToState=CA&ToZip="
)
STANDARD = (
    "AccountSid=AC2&ApiVersion=2010-04-01&CallSid=CA1&Called=%2B14155550199&Caller=%2B14155550100&Direction=inbound"
    f"&From=%2B14155550100&To=%2B14155550199{GEO}"
)
TALKING, OVER = f"{STANDARD}&CallStatus=in-progress", f"{STANDARD}&CallStatus=completed"
API = "https://api.twilio.com/2010-04-01/Accounts/AC2/Recordings/RE1"
AT = "Sun%2C%2025%20Mar%202018%2009%3A53%3A19%20%2B0000"
THEN = datetime(2018, 3, 25, 9, 53, 19, tzinfo=UTC)
ISO = "2024-06-25T18%3A45%3A21.454203Z"
LATER = datetime(2024, 6, 25, 18, 45, 21, 454203, UTC)
RECORDED = "&RecordingSid=RE1&RecordingUrl=" + API.replace(":", "%3A").replace("/", "%2F") + "&RecordingDuration=12"
HEARD = {"recording_sid": "RE1", "recording_url": API, "recording_duration": 12}
CONFERENCE = f"ConferenceSid=CF1&FriendlyName=room&AccountSid=AC2&SequenceNumber=4&Timestamp={AT}"
REAL_TIME = f"AccountSid=AC2&CallSid=CA1&TranscriptionSid=GT1&Timestamp={ISO}&SequenceId=2"
STREAM = f"AccountSid=AC2&CallSid=CA1&StreamSid=MZ1&StreamName=mine&Timestamp={ISO}"
SMS = (
    "ToCountry=US&ToState=MI&SmsMessageSid=SM1&NumMedia=0&ToCity=&FromZip=80919&SmsSid=SM1&FromState=CO&SmsStatus=received"
    "&FromCity=COLORADO+SPRINGS&Body=New+test&FromCountry=US&To=%2B18105550100&ToZip=&NumSegments=1&MessageSid=SM1"
    "&AccountSid=AC2&From=%2B17195550100&ApiVersion=2010-04-01"
)
WHATSAPP = (
    "SmsMessageSid=SM1&NumMedia=0&ProfileName=Ronni&SmsSid=SM1&WaId=261331500063&SmsStatus=received&Body=hi"
    "&To=whatsapp%3A%2B14155238886&NumSegments=1&MessageSid=SM1&AccountSid=AC2&From=whatsapp%3A%2B261331500063"
    "&ApiVersion=2010-04-01"
)
DELIVERED = "MessageSid=SM1&SmsSid=SM1&MessageStatus=delivered&SmsStatus=delivered&From=%2B1&To=%2B2&AccountSid=AC2"

Row = tuple[str, str, Event, Kind, dict[str, Any]]

# name -> path, body, event, kind, what its own fields read
ROWS: dict[str, Row] = {
    # 4.1, 4.12: the beginnings of calls
    "CAP-1 inbound call": (
        "",
        (
            f"{STANDARD}&CallStatus=ringing&StirVerstat=TN-Validation-Passed-A"
            "&CallToken=%7B%22parentCallInfoToken%22%3A%22x%22%2C%22identityHeaderTokens%22%3A%5B%5D%7D"
        ),
        Event.VOICE_REQUEST,
        Kind.START_CALL,
        {
            "stir_verstat": "TN-Validation-Passed-A",
            "call_token": {"parentCallInfoToken": "x", "identityHeaderTokens": []},
        },
    ),
    "4.1 what is sometimes there": (
        "",
        (
            f"{STANDARD}&CallStatus=ringing&ForwardedFrom=%2B1&CalledVia=%2B2&CallerName=JANE&StirPassportToken=ey"
            "&AddOns=%7B%22status%22%3A%22successful%22%7D&StirStatus=A"
        ),
        Event.VOICE_REQUEST,
        Kind.START_CALL,
        {
            "forwarded_from": "+1",
            "called_via": "+2",
            "caller_name": "JANE",
            "stir_passport_token": "ey",
            "add_ons": {"status": "successful"},
            "stir_status": "A",
        },
    ),
    "4.1 a call by SIP": (
        "",
        (
            "CallSid=CA1&From=sip%3Ajane%40example.com&SipCallId=abc&SipDomain=x.sip.twilio.com&SipDomainSid=SD1"
            "&SipSourceIp=192.0.2.1&SipHeader_X-Colour=red&SipHeader_User-to-User=00"
        ),
        Event.VOICE_REQUEST,
        Kind.START_CALL,
        {
            "sip_call_id": "abc",
            "sip_domain": "x.sip.twilio.com",
            "sip_domain_sid": "SD1",
            "sip_source_ip": "192.0.2.1",
            "sip_headers": {"X-Colour": "red", "User-to-User": "00"},
            "from_": Party("sip:jane@example.com"),
        },
    ),
    "CAP-2 call of the Voice SDK": (
        "",
        (
            "AccountSid=AC2&ApiVersion=2010-04-01&ApplicationSid=AP3&CallSid=CA1&CallStatus=ringing&Called="
            "&Caller=client%3Ajane&Direction=inbound&From=client%3Ajane&To="
        ),
        Event.VOICE_REQUEST,
        Kind.START_CALL,
        {"application_sid": "AP3", "caller": Party("client:jane"), "from_": Party("client:jane"), "to": Party()},
    ),
    "CAP-9 outbound call": (
        "",
        f"{TALKING}".replace("inbound", "outbound-api"),
        Event.VOICE_REQUEST,
        Kind.START_CALL,
        {"direction": "outbound-api", "to": Party("+14155550199", state="CA", country="US")},
    ),
    "4.5 synchronous machine detection": (
        "",
        f"{TALKING}&AnsweredBy=machine_end_beep&MachineDetectionDuration=3250",
        Event.DETECTED_REQUEST,
        Kind.START_CALL,
        {"answered_by": "machine_end_beep", "machine_detection_duration": 3250},
    ),
    "4.5 asynchronous machine detection": (
        "status",
        "CallSid=CA1&AccountSid=AC2&AnsweredBy=human&MachineDetectionDuration=900",
        Event.DETECTION,
        Kind.STATUS,
        {"answered_by": "human", "machine_detection_duration": 900},
    ),
    "4.2 whisper": (
        "1.2",
        f"{TALKING}&ParentCallSid=CA9".replace("inbound", "outbound-dial"),
        Event.WHISPER,
        Kind.GOTO_STATE,
        {"parent_call_sid": "CA9", "direction": "outbound-dial"},
    ),
    # 4.2: verbs
    "CAP-3 gather, digits": (
        "1",
        f"{TALKING}&Digits=300&FinishedOnKey=&msg=Gather+End",
        Event.DIGITS,
        Kind.GATHER_RESPONSE,
        {"digits": "300", "finished_on_key": "", "msg": "Gather End"},
    ),
    "CAP-3 gather, digits, ended by a key": (
        "1",
        f"{TALKING}&Digits=300&FinishedOnKey=%23&msg=Gather+End",
        Event.DIGITS,
        Kind.GATHER_RESPONSE,
        {"digits": "300", "finished_on_key": "#"},
    ),
    "CAP-3b gather by GET": (
        "1",
        f"{TALKING}&Digits=300&FinishedOnKey=&CalledVia=%2B1&ForwardedFrom=%2B1",
        Event.DIGITS,
        Kind.GATHER_RESPONSE,
        {"called_via": "+1", "forwarded_from": "+1"},
    ),
    "gather, speech": (
        "1",
        f"{TALKING}&SpeechResult=I+want+sales.&Confidence=0.9128385",
        Event.SPEECH,
        Kind.GATHER_RESPONSE,
        {"speech": "I want sales.", "confidence": 0.9128385},
    ),
    "gather, nothing": (
        "1",
        f"{TALKING}&FinishedOnKey=",
        Event.NO_INPUT,
        Kind.GOTO_STATE,
        {"finished_on_key": "", "digits": ""},
    ),
    "partial result": (
        "status",
        f"{TALKING}&UnstableSpeechResult=I+wa&StableSpeechResult=I&SequenceNumber=1&Stability=0.1",
        Event.PARTIAL_SPEECH,
        Kind.STATUS,
        {"unstable_speech_result": "I wa", "stable_speech_result": "I", "sequence_number": 1, "stability": 0.1},
    ),
    "partial result, of nothing yet": (
        "status",
        "CallSid=CA1&AccountSid=AC2&UnstableSpeechResult=&SequenceNumber=0",
        Event.PARTIAL_SPEECH,
        Kind.STATUS,
        {"unstable_speech_result": "", "sequence_number": 0},
    ),
    "record action": (
        "2",
        f"{TALKING}{RECORDED}&Digits=%23",
        Event.RECORD,
        Kind.GATHER_RESPONSE,
        {**HEARD, "digits": "#"},
    ),
    "CAP-4 record action, caller hung up": (
        "2",
        f"{OVER}&Digits=hangup{RECORDED}",
        Event.RECORD,
        Kind.AFTER_THE_END,
        {**HEARD, "digits": "hangup"},
    ),
    "CAP-5 recording status": (
        "recording",
        (
            "RecordingSource=RecordVerb&RecordingStatus=completed&RecordingChannels=1&ErrorCode=0&CallSid=CA1"
            f"&RecordingStartTime={AT}&AccountSid=AC2&RecordingTrack=both{RECORDED}"
        ),
        Event.RECORDING,
        Kind.RECORDING,
        {
            **HEARD,
            "recording_source": "RecordVerb",
            "recording_status": "completed",
            "recording_channels": 1,
            "error_code": 0,
            "recording_start_time": THEN,
            "recording_track": "both",
        },
    ),
    "recording status of a conference": (
        "recording",
        f"ConferenceSid=CF1&CallSid=CA1&RecordingStatus=completed{RECORDED}",
        Event.RECORDING,
        Kind.RECORDING,
        {"conference_sid": "CF1"},
    ),
    "CAP-6 transcription": (
        "transcription",
        (
            f"{OVER}&TranscriptionType=fast&TranscriptionUrl=https%3A%2F%2Fx&TranscriptionSid=TR1&RecordingSid=RE1"
            "&RecordingUrl=u&url=https%3A%2F%2Fy&TranscriptionText=hello%20there.&TranscriptionStatus=completed&ForwardedFrom=%2B1"
        ),
        Event.TRANSCRIPTION,
        Kind.TRANSCRIPTION,
        {
            "transcription_type": "fast",
            "transcription_url": "https://x",
            "transcription_sid": "TR1",
            "transcription_text": "hello there.",
            "transcription_status": "completed",
            "url": "https://y",
        },
    ),
    "CAP-7 dial action": (
        "4",
        f"{TALKING}&DialCallStatus=completed&DialCallSid=CA9&DialCallDuration=3&DialBridged=true{RECORDED}",
        Event.DIAL,
        Kind.GOTO_STATE,
        {**HEARD, "dial_status": "completed", "dial_call_sid": "CA9", "dial_call_duration": 3, "dial_bridged": True},
    ),
    "dial action, SIP": (
        "4",
        f"{OVER}&DialCallStatus=busy&DialSipCallId=abc&DialSipResponseCode=486&DialSipHeader_X-Why=lunch",
        Event.DIAL,
        Kind.AFTER_THE_END,
        {"dial_sip_call_id": "abc", "dial_sip_response_code": 486, "dial_sip_headers": {"X-Why": "lunch"}},
    ),
    "dial referUrl": (
        "4",
        f"{TALKING}&ReferTransferTarget=sip%3Abob%40example.com&SipCallId=abc",
        Event.DIAL_REFER,
        Kind.GOTO_STATE,
        {"refer_transfer_target": "sip:bob@example.com", "sip_call_id": "abc"},
    ),
    "refer action": (
        "4",
        f"{TALKING}&ReferCallStatus=completed&ReferSipResponseCode=202&NotifySipResponseCode=200",
        Event.REFER,
        Kind.GOTO_STATE,
        {"refer_call_status": "completed", "refer_sip_response_code": 202, "notify_sip_response_code": 200},
    ),
    "queue url": (
        "5",
        f"{TALKING}&QueueSid=QU1&QueueTime=12&DequeingCallSid=CA9",
        Event.QUEUE,
        Kind.GOTO_STATE,
        {"queue_sid": "QU1", "queue_time": 12, "dequeing_call_sid": "CA9"},
    ),
    "enqueue waitUrl": (
        "5",
        f"{TALKING}&QueuePosition=2&QueueSid=QU1&QueueTime=12&AvgQueueTime=30&CurrentQueueSize=4&MaxQueueSize=100",
        Event.ENQUEUE_WAIT,
        Kind.GOTO_STATE,
        {
            "queue_position": 2,
            "queue_sid": "QU1",
            "queue_time": 12,
            "avg_queue_time": 30,
            "current_queue_size": 4,
            "max_queue_size": 100,
        },
    ),
    "enqueue action": (
        "5",
        f"{TALKING}&QueueResult=redirected-from-bridged&QueueSid=QU1&QueueTime=60",
        Event.ENQUEUE,
        Kind.GOTO_STATE,
        {"queue_result": "redirected-from-bridged", "queue_sid": "QU1", "queue_time": 60},
    ),
    "connect action, stream": ("6", TALKING, Event.GO_ON, Kind.GOTO_STATE, {"stream_sid": ""}),
    "connect action, ConversationRelay": (
        "6",
        f"{TALKING}&SessionId=VX1&SessionStatus=ended&SessionDuration=61&HandoffData=%7B%22a%22%3A1%7D",
        Event.RELAY,
        Kind.GOTO_STATE,
        {"session_id": "VX1", "session_status": "ended", "session_duration": 61, "handoff_data": '{"a":1}'},
    ),
    "connect action, ConversationRelay failed": (
        "6",
        f"{TALKING}&SessionId=VX1&SessionStatus=failed&SessionDuration=0&ErrorCode=64105&ErrorMessage=gone",
        Event.RELAY,
        Kind.GOTO_STATE,
        {"error_code": 64105, "error_message": "gone", "handoff_data": ""},
    ),
    "pay action": (
        "7",
        (
            f"{TALKING}&Result=success&ProfileId=p&PaymentToken=t&PaymentConfirmationCode=c&PaymentMethod=credit-card"
            "&PaymentCardNumber=xxxx-1111&PaymentCardType=visa&ExpirationDate=1225&SecurityCode=xxx&PaymentCardPostalCode=94903"
            "&BankAccountNumber=xx9&BankRoutingNumber=1&BankAccountType=consumer-checking&PaymentError=&PayErrorCode=64007"
            "&ConnectorError=&For=security-code&ErrorType=timeout&Attempt=2"
        ),
        Event.PAY,
        Kind.GOTO_STATE,
        {
            "result": "success",
            "profile_id": "p",
            "payment_token": "t",
            "payment_confirmation_code": "c",
            "payment_method": "credit-card",
            "payment_card_number": "xxxx-1111",
            "payment_card_type": "visa",
            "expiration_date": "1225",
            "security_code": "xxx",
            "payment_card_postal_code": "94903",
            "bank_account_number": "xx9",
            "bank_routing_number": "1",
            "bank_account_type": "consumer-checking",
            "payment_error": "",
            "pay_error_code": 64007,
            "connector_error": "",
            "for_": "security-code",
            "error_type": "timeout",
            "attempt": 2,
        },
    ),
    "payment, as it goes on": (
        "status",
        "CallSid=CA1&AccountSid=AC2&PaymentMethod=credit-card&For=payment-card-number&Attempt=1&PaymentCardNumber=xxxx",
        Event.PAY,
        Kind.STATUS,
        {"for_": "payment-card-number", "attempt": 1, "payment_card_number": "xxxx", "payment_method": "credit-card"},
    ),
    "pay action, nothing was paid": (
        "7",
        f"{TALKING}&Result=caller-interrupted-with-star",
        Event.PAY,
        Kind.GOTO_STATE,
        {"result": "caller-interrupted-with-star"},
    ),
    "pay action, the caller has hung up": (
        "7",
        f"{OVER}&Result=caller-hung-up",
        Event.PAY,
        Kind.AFTER_THE_END,
        {"result": "caller-hung-up"},
    ),
    "pay action, with a profile alone": (
        "7",
        f"{TALKING}&Result=success&ProfileId=p",
        Event.PAY,
        Kind.GOTO_STATE,
        {"result": "success", "profile_id": "p"},
    ),
    "payment, before anything was keyed": (
        "status",
        "CallSid=CA1&AccountSid=AC2&For=payment-card-number&Attempt=1",
        Event.PAY,
        Kind.STATUS,
        {"for_": "payment-card-number", "attempt": 1},
    ),
    "payment, a wrong key": (
        "status",
        "CallSid=CA1&AccountSid=AC2&ErrorType=invalid-card-number&Attempt=2",
        Event.PAY,
        Kind.STATUS,
        {"error_type": "invalid-card-number", "attempt": 2},
    ),
    "fallback": (
        "",
        f"{STANDARD}&CallStatus=ringing&ErrorCode=11200&ErrorUrl=https%3A%2F%2Fexample.com%2Fvoice",
        Event.FALLBACK,
        Kind.START_CALL,
        {"error_code": 11200, "error_url": "https://example.com/voice"},
    ),
    "redirect": ("1.3", TALKING, Event.GO_ON, Kind.GOTO_STATE, {}),
    # 4.3
    "CAP-8 call status": (
        "",
        (
            f"{OVER}&Timestamp={AT}&CallbackSource=call-progress-events&SequenceNumber=3&Duration=1&CallDuration=49"
            f"&AnsweredBy=human&StirStatus=B{RECORDED}"
        ),
        Event.CALL_STATUS,
        Kind.COMPLETE,
        {
            **HEARD,
            "timestamp": THEN,
            "callback_source": "call-progress-events",
            "sequence_number": 3,
            "duration": 49,
            "billed_minutes": 1,
            "answered_by": "human",
            "stir_status": "B",
        },
    ),
    "CAP-8b call status, busy": (
        "status",
        (
            f"{STANDARD}&CallStatus=busy&SequenceNumber=2&SipResponseCode=486&Duration=0&CallDuration=0"
            "&CallbackSource=call-progress-events"
        ),
        Event.CALL_STATUS,
        Kind.COMPLETE,
        {"sip_response_code": 486, "duration": 0, "billed_minutes": 0, "sequence_number": 2},
    ),
    "no-answer call status": (
        "status",
        f"{STANDARD}&CallStatus=no-answer&SequenceNumber=0&SipResponseCode=487&Duration=0&CallDuration=0",
        Event.CALL_STATUS,
        Kind.COMPLETE,
        {"sip_response_code": 487, "sequence_number": 0},
    ),
    "call status, initiated": (
        "",
        f"{STANDARD}&CallStatus=initiated&SequenceNumber=0&Timestamp={AT}&CallbackSource=call-progress-events",
        Event.CALL_STATUS,
        Kind.STATUS,
        {"duration": None, "sequence_number": 0},
    ),
    "leg status": (
        "status",
        f"{TALKING}&ParentCallSid=CA9&SequenceNumber=1&Timestamp={AT}&CallbackSource=call-progress-events",
        Event.LEG_STATUS,
        Kind.STATUS,
        {"parent_call_sid": "CA9", "sequence_number": 1, "timestamp": THEN},
    ),
    # 4.4
    "conference, participant-join": (
        "status",
        (
            f"{CONFERENCE}&StatusCallbackEvent=participant-join&CallSid=CA1&Muted=false&Hold=false&Coaching=true"
            "&EndConferenceOnExit=false&StartConferenceOnEnter=true&ParticipantLabel=jane"
        ),
        Event.CONFERENCE,
        Kind.STATUS,
        {
            "conference_sid": "CF1",
            "friendly_name": "room",
            "sequence_number": 4,
            "timestamp": THEN,
            "status_callback_event": "participant-join",
            "muted": False,
            "hold": False,
            "coaching": True,
            "end_conference_on_exit": False,
            "start_conference_on_enter": True,
            "participant_label": "jane",
        },
    ),
    "conference, conference-start": (
        "status",
        f"{CONFERENCE}&StatusCallbackEvent=conference-start",
        Event.CONFERENCE,
        Kind.STATUS,
        {"status_callback_event": "conference-start", "call_sid": ""},
    ),
    "conference, conference-end": (
        "status",
        (
            f"{CONFERENCE}&StatusCallbackEvent=conference-end&CallSidEndingConference=CA1&ParticipantLabelEndingConference=jane"
            "&ReasonConferenceEnded=last-participant-left&Reason=last+one+left"
        ),
        Event.CONFERENCE,
        Kind.STATUS,
        {
            "call_sid_ending_conference": "CA1",
            "participant_label_ending_conference": "jane",
            "reason_conference_ended": "last-participant-left",
            "reason": "last one left",
        },
    ),
    "conference, the rest": (
        "status",
        (
            f"{CONFERENCE}&StatusCallbackEvent=participant-leave&CallSid=CA1&ParticipantCallStatus=completed"
            "&ReasonParticipantLeft=participant_hung_up&ReasonAnnouncementFailed=404&AnnounceUrl=https%3A%2F%2Fx"
        ),
        Event.CONFERENCE,
        Kind.STATUS,
        {
            "participant_call_status": "completed",
            "reason_participant_left": "participant_hung_up",
            "reason_announcement_failed": "404",
            "announce_url": "https://x",
        },
    ),
    # 4.6
    "real time, started": (
        "transcription",
        (
            f"{REAL_TIME}&TranscriptionEvent=transcription-started&ProviderConfiguration=%7B%22x%22%3A1%7D"
            "&TranscriptionEngine=google&Name=mine&Track=both_tracks&InboundTrackLabel=caller&OutboundTrackLabel=agent"
            "&PartialResults=true&LanguageCode=en-US"
        ),
        Event.REAL_TIME,
        Kind.TRANSCRIPTION,
        {
            "transcription_event": "transcription-started",
            "provider_configuration": {"x": 1},
            "name": "mine",
            "transcription_engine": "google",
            "track": "both_tracks",
            "inbound_track_label": "caller",
            "outbound_track_label": "agent",
            "partial_results": True,
            "language_code": "en-US",
            "transcription_sid": "GT1",
            "timestamp": LATER,
            "sequence_id": 2,
        },
    ),
    "real time, content": (
        "status",
        (
            f"{REAL_TIME}&TranscriptionEvent=transcription-content&LanguageCode=en-US&Track=inbound_track&Final=false"
            "&TranscriptionData=%7B%22transcript%22%3A%22hello%22%2C%22confidence%22%3A0.98%7D&Stability=0.9"
        ),
        Event.REAL_TIME,
        Kind.STATUS,
        {"transcription_data": {"transcript": "hello", "confidence": 0.98}, "final": False, "stability": 0.9},
    ),
    "real time, stopped": (
        "",
        f"{REAL_TIME}&TranscriptionEvent=transcription-stopped",
        Event.REAL_TIME,
        Kind.START_CALL,
        {"transcription_event": "transcription-stopped"},
    ),
    "real time, error": (
        "status",
        f"{REAL_TIME}&TranscriptionEvent=transcription-error&TranscriptionError=no+engine&TranscriptionErrorCode=32650",
        Event.REAL_TIME,
        Kind.STATUS,
        {"transcription_error": "no engine", "transcription_error_code": 32650},
    ),
    # 4.7
    "stream started": (
        "status",
        f"{STREAM}&StreamEvent=stream-started",
        Event.STREAM,
        Kind.STATUS,
        {"stream_sid": "MZ1", "stream_name": "mine", "stream_event": "stream-started", "timestamp": LATER},
    ),
    "stream stopped": (
        "status",
        f"{STREAM}&StreamEvent=stream-stopped",
        Event.STREAM,
        Kind.STATUS,
        {"stream_error": ""},
    ),
    "stream error": (
        "status",
        f"{STREAM}&StreamEvent=stream-error&StreamError=unreachable",
        Event.STREAM,
        Kind.STATUS,
        {"stream_error": "unreachable"},
    ),
    # 4.10
    "CAP-10 inbound SMS": (
        "",
        SMS,
        Event.MESSAGE,
        Kind.START_CALL,
        {
            "message_sid": "SM1",
            "sms_sid": "SM1",
            "sms_message_sid": "SM1",
            "body": "New test",
            "num_media": 0,
            "num_segments": 1,
            "sms_status": "received",
            "media_urls": [],
            "media_content_types": [],
            "from_": Party("+17195550100", "COLORADO SPRINGS", "80919", "CO", "US"),
        },
    ),
    "CAP-10 inbound WhatsApp": (
        "",
        WHATSAPP,
        Event.MESSAGE,
        Kind.START_CALL,
        {"profile_name": "Ronni", "wa_id": "261331500063", "from_": Party("whatsapp:+261331500063")},
    ),
    "inbound MMS": (
        "",
        SMS.replace("NumMedia=0", "NumMedia=2") + "&MediaUrl0=a&MediaUrl1=b&MediaContentType0=image%2Fpng"
        "&MediaContentType1=audio%2Fogg&MessagingServiceSid=MG1&OptOutType=HELP&MessageType=text&ChannelMetadata=%7B%7D",
        Event.MESSAGE,
        Kind.START_CALL,
        {
            "media_urls": ["a", "b"],
            "media_content_types": ["image/png", "audio/ogg"],
            "num_media": 2,
            "messaging_service_sid": "MG1",
            "opt_out_type": "HELP",
            "message_type": "text",
            "channel_metadata": {},
        },
    ),
    "WhatsApp, a place, an advertisement, an answer": (
        "",
        (
            f"{WHATSAPP}&Forwarded=true&FrequentlyForwarded=false&ButtonText=Yes&ButtonPayload=y&Latitude=55.95&Longitude=-3.19"
            "&Address=Royal+Mile&Label=Pub&ReferralBody=b&ReferralHeadline=h&ReferralSourceId=i&ReferralSourceType=ad"
            "&ReferralSourceUrl=u&ReferralCtwaClid=c&ReferralMediaId=m&ReferralMediaContentType=image%2Fpng&ReferralMediaUrl=v"
            "&ReferralNumMedia=1&OriginalRepliedMessageSid=SM9&OriginalRepliedMessageSender=whatsapp%3A%2B1"
        ),
        Event.MESSAGE,
        Kind.START_CALL,
        {
            "forwarded": True,
            "frequently_forwarded": False,
            "button_text": "Yes",
            "button_payload": "y",
            "latitude": 55.95,
            "longitude": -3.19,
            "address": "Royal Mile",
            "label": "Pub",
            "referral_body": "b",
            "referral_headline": "h",
            "referral_source_id": "i",
            "referral_source_type": "ad",
            "referral_source_url": "u",
            "referral_ctwa_clid": "c",
            "referral_media_id": "m",
            "referral_media_content_type": "image/png",
            "referral_media_url": "v",
            "referral_num_media": 1,
            "original_replied_message_sid": "SM9",
            "original_replied_message_sender": "whatsapp:+1",
        },
    ),
    "message status": (
        "",
        (
            f"{DELIVERED}&ErrorCode=30003&ErrorMessage=off&RawDlrDoneDate=2406251845&ChannelInstallSid=XE1"
            "&ChannelStatusMessage=m&EventType=READ"
        ),
        Event.MESSAGE_STATUS,
        Kind.START_CALL,
        {
            "message_status": "delivered",
            "sms_status": "delivered",
            "error_code": 30003,
            "error_message": "off",
            "raw_dlr_done_date": "2406251845",
            "channel_install_sid": "XE1",
            "channel_status_message": "m",
            "event_type": "READ",
        },
    ),
    "CAP-11 fallback of a message": (
        "",
        f"{SMS}&ErrorUrl=https%3A%2F%2Fexample.com%2Fsms&ErrorCode=11210",
        Event.FALLBACK,
        Kind.START_CALL,
        {"error_code": 11210, "error_url": "https://example.com/sms", "body": "New test"},
    ),
}


def posted(path: str, body: str) -> Webhook:
    """The webhook of a form, read as the front end reads it."""
    return Webhook(first_values(fields_of(body)), "menu", path)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_request_reads_as_documented(row: Row) -> None:
    """The event, the kind as ever, each field by its type, none left over."""
    path, body, event, kind, read = row
    webhook = posted(path, body)
    assert webhook.event is event
    assert webhook.kind is kind
    assert {name: getattr(webhook, name) for name in read} == read
    assert webhook.custom_params == {}
    assert webhook.misfits == {}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_pretty_shows_all_that_came(row: Row) -> None:
    path, body, *_ = row
    webhook = posted(path, body)
    shown = [line for line in webhook.pretty().splitlines()[2:-1] if line]
    assert len(shown) == len(webhook.params) + 1, "a line for each field, and the custom ones"


def test_a_clients_own_parameters_are_custom_though_their_names_are_twilios() -> None:
    """CAP-2: whatever the Voice SDK's client adds is an ordinary field; `Name` is Twilio's in transcriptions alone."""
    webhook = posted(
        "",
        "AccountSid=AC2&ApiVersion=2010-04-01&ApplicationSid=AP3&CallSid=CA1&CallStatus=ringing&Called=&Caller=client%3Ajane"
        "&Direction=inbound&From=client%3Ajane&To=&phoneNumber=%2B12025550123&Name=Jane&Body=b&Label=l&Hold=soon&url=u",
    )
    assert webhook.event is Event.VOICE_REQUEST
    assert (webhook.application_sid, webhook.from_, webhook.to) == ("AP3", Party("client:jane"), Party())
    assert webhook.custom_params == {
        "phoneNumber": "+12025550123",
        "Name": "Jane",
        "Body": "b",
        "Label": "l",
        "Hold": "soon",
        "url": "u",
    }


def test_a_callbacks_url_speaks_before_its_fields() -> None:
    assert posted("recording", "CallSid=CA1&DialCallStatus=busy&StreamEvent=x").event is Event.RECORDING
    assert posted("transcription", "CallSid=CA1&RecordingStatus=completed").event is Event.TRANSCRIPTION
    assert posted("status", "CallSid=CA1&DialCallStatus=busy&Digits=1").event is Event.CALL_STATUS


@pytest.mark.parametrize(
    ("path", "fields", "event"),
    [
        ("1", "DialCallStatus=busy", Event.DIAL),
        ("1", "Digits=1", Event.DIGITS),
        ("1", "FinishedOnKey=", Event.NO_INPUT),
        ("status", "CallbackSource=call-progress-events", Event.CALL_STATUS),
        ("status", "UnstableSpeechResult=", Event.PARTIAL_SPEECH),
    ],
)
def test_a_word_that_anybody_may_use_makes_no_payment_of_what_is_surely_something_else(
    path: str, fields: str, event: Event
) -> None:
    assert posted(path, f"{TALKING}&Result=success&For=Jane&{fields}").event is event


def test_why_it_tells_of_that() -> None:
    assert posted("1", f"{TALKING}&Digits=1").told.why == "it has Digits"
    assert posted("", TALKING).told.why == "it has no other event's fields"
    assert posted("recording", TALKING).told.why == "its URL ends in /recording"
