"""The fields of callbacks: call and leg status, conferences, real-time transcription, streams."""

from __future__ import annotations

from actors.webhooks.events import Event
from actors.webhooks.field import Group, flag, moment, structured, text, whole

_STATUS = (Event.CALL_STATUS, Event.LEG_STATUS)
_IN_ORDER = (*_STATUS, Event.CONFERENCE, Event.PARTIAL_SPEECH)


class StatusFields(Group, page="voice/api/call-resource"):
    """How a call goes on."""

    timestamp = moment("Timestamp", "When it happened.", *_STATUS, Event.CONFERENCE, Event.REAL_TIME, Event.STREAM)
    callback_source = text("CallbackSource", "`call-progress-events`.", *_STATUS)
    sequence_number = whole(
        "SequenceNumber", "Its place in the order of things, from 0; callbacks may overtake each other.", *_IN_ORDER
    )
    duration = whole("CallDuration", "How long the call took, in seconds; None before its end.", *_STATUS)
    billed_minutes = whole("Duration", "The minutes that are billed.", *_STATUS)
    sip_response_code = whole("SipResponseCode", "How the other end answered: 200, 404, 486 busy, 487.", *_STATUS)


class ConferenceFields(Group, page="voice/twiml/conference"):
    """What happens in a conference."""

    conference_sid = text("ConferenceSid", "`CF` and 32 hexadecimal digits.", Event.CONFERENCE, Event.RECORDING)
    friendly_name = text("FriendlyName", "The name that Dial gave it.", Event.CONFERENCE)
    status_callback_event = text("StatusCallbackEvent", "`conference-start`, `participant-join`, …", Event.CONFERENCE)
    muted = flag("Muted", "Whether the participant is muted.", Event.CONFERENCE)
    hold = flag("Hold", "Whether the participant is on hold.", Event.CONFERENCE)
    coaching = flag("Coaching", "Whether the participant speaks to one other alone.", Event.CONFERENCE)
    end_conference_on_exit = flag("EndConferenceOnExit", "Whether it ends when this one goes.", Event.CONFERENCE)
    start_conference_on_enter = flag("StartConferenceOnEnter", "Whether it began with this one.", Event.CONFERENCE)
    participant_label = text("ParticipantLabel", "The name that the participant was given.", Event.CONFERENCE)
    call_sid_ending_conference = text("CallSidEndingConference", "The call that ended it.", Event.CONFERENCE)
    participant_label_ending_conference = text(
        "ParticipantLabelEndingConference", "The participant who ended it.", Event.CONFERENCE
    )
    reason_conference_ended = text("ReasonConferenceEnded", "`last-participant-left`, …", Event.CONFERENCE)
    reason = text("Reason", "Why it happened, in words.", Event.CONFERENCE)
    reason_announcement_failed = text("ReasonAnnouncementFailed", "Why nothing was announced.", Event.CONFERENCE)
    announce_url = text("AnnounceUrl", "What was to be announced.", Event.CONFERENCE)
    participant_call_status = text("ParticipantCallStatus", "The status of the one who left.", Event.CONFERENCE)
    reason_participant_left = text("ReasonParticipantLeft", "`participant_hung_up`, …", Event.CONFERENCE)


class RealTimeFields(Group, page="voice/twiml/transcription"):
    """What is said, while it is said."""

    transcription_event = text("TranscriptionEvent", "`transcription-started`, `-content`, …", Event.REAL_TIME)
    sequence_id = whole("SequenceId", "Its place in the order of its track.", Event.REAL_TIME)
    provider_configuration = structured("ProviderConfiguration", "How the engine is set.", Event.REAL_TIME)
    transcription_engine = text("TranscriptionEngine", "`google` or `deepgram`.", Event.REAL_TIME)
    name = text("Name", "The name that Start gave it.", Event.REAL_TIME)
    track = text("Track", "`inbound_track`, `outbound_track` or `both_tracks`.", Event.REAL_TIME)
    inbound_track_label = text("InboundTrackLabel", "What the inbound track is called.", Event.REAL_TIME)
    outbound_track_label = text("OutboundTrackLabel", "What the outbound track is called.", Event.REAL_TIME)
    partial_results = flag("PartialResults", "Whether unfinished sentences come too.", Event.REAL_TIME)
    language_code = text("LanguageCode", "`en-US`, …", Event.REAL_TIME)
    transcription_data = structured("TranscriptionData", "`transcript` and `confidence`.", Event.REAL_TIME)
    final = flag("Final", "Whether the sentence is finished.", Event.REAL_TIME)
    transcription_error = text("TranscriptionError", "What went wrong, in words.", Event.REAL_TIME)
    transcription_error_code = whole("TranscriptionErrorCode", "The same, as a number.", Event.REAL_TIME)


class StreamFields(Group, page="voice/twiml/stream"):
    """How a media stream goes on."""

    stream_sid = text("StreamSid", "`MZ` and 32 hexadecimal digits.", Event.STREAM)
    stream_name = text("StreamName", "The name that Start gave it.", Event.STREAM)
    stream_event = text("StreamEvent", "`stream-started`, `stream-stopped` or `stream-error`.", Event.STREAM)
    stream_error = text("StreamError", "What went wrong, in words.", Event.STREAM)
