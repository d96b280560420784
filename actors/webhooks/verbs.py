"""The fields that verbs add to their requests."""

from __future__ import annotations

from actors.webhooks.events import Event
from actors.webhooks.field import Group, flag, headers, moment, number, text, whole

_ACTION = (Event.DIGITS, Event.SPEECH, Event.NO_INPUT)
_RECORDED = (Event.RECORD, Event.RECORDING, Event.TRANSCRIPTION, Event.DIAL, Event.CALL_STATUS, Event.LEG_STATUS)
_QUEUED = (Event.ENQUEUE_WAIT, Event.ENQUEUE, Event.QUEUE)


class GatherFields(Group, page="voice/twiml/gather"):
    """What the caller keyed or said."""

    digits = text(
        "Digits", "The keys pressed; after Record the key that ended it, or `hangup`.", *_ACTION, Event.RECORD
    )
    finished_on_key = text("FinishedOnKey", "The key that ended it; empty if there was none.", *_ACTION)
    msg = text("msg", "`Gather End`, undocumented.", *_ACTION, page="captures")
    speech = text("SpeechResult", "What was said to a Gather that listens.", *_ACTION)
    confidence = number(
        "Confidence", "How sure Twilio is of what was said, 0.0 to 1.0; None where it doesn't tell.", *_ACTION
    )
    unstable_speech_result = text("UnstableSpeechResult", "What may have been said so far.", Event.PARTIAL_SPEECH)
    stable_speech_result = text(
        "StableSpeechResult", "What has surely been said so far.", Event.PARTIAL_SPEECH, page="captures"
    )
    stability = number(
        "Stability",
        "How sure it is to stay, 0.0 to 1.0.",
        Event.PARTIAL_SPEECH,
        Event.REAL_TIME,
        page="captures",
    )


class RecordingFields(Group, page="voice/twiml/record"):
    """A recording; `Webhook.recording` has them together."""

    recording_sid = text("RecordingSid", "`RE` and 32 hexadecimal digits.", *_RECORDED)
    recording_url = text("RecordingUrl", "Where it can be heard.", *_RECORDED)
    recording_duration = whole("RecordingDuration", "Its length in seconds.", *_RECORDED)
    recording_status = text("RecordingStatus", "`in-progress`, `completed`, `absent`, `failed`.", Event.RECORDING)
    recording_channels = whole("RecordingChannels", "1 or 2.", Event.RECORDING)
    recording_start_time = moment("RecordingStartTime", "When it began.", Event.RECORDING)
    recording_source = text(
        "RecordingSource", "What made it: `RecordVerb`, `DialVerb`, `Conference`, …", Event.RECORDING
    )
    recording_track = text("RecordingTrack", "`inbound`, `outbound` or `both`.", Event.RECORDING)


class TranscriptionFields(Group, page="voice/twiml/record"):
    """What was said on a recording."""

    transcription_sid = text("TranscriptionSid", "`TR…`, or `GT…` in real time.", Event.TRANSCRIPTION, Event.REAL_TIME)
    transcription_text = text("TranscriptionText", "What was said.", Event.TRANSCRIPTION)
    transcription_status = text("TranscriptionStatus", "`completed` or `failed`.", Event.TRANSCRIPTION)
    transcription_url = text("TranscriptionUrl", "The transcription's own URL.", Event.TRANSCRIPTION)
    transcription_type = text("TranscriptionType", "`fast`, undocumented.", Event.TRANSCRIPTION, page="captures")
    url = text("url", "The document of the call, undocumented.", Event.TRANSCRIPTION, page="captures")


class DialFields(Group, page="voice/twiml/dial"):
    """What came of a Dial."""

    dial_status = text(
        "DialCallStatus", "What came of a Dial: `completed`, `busy`, `no-answer`, `failed`, `canceled`.", Event.DIAL
    )
    dial_call_sid = text("DialCallSid", "The leg that was dialled.", Event.DIAL, Event.LEG_STATUS)
    dial_call_duration = whole("DialCallDuration", "Seconds that it took.", Event.DIAL)
    dial_bridged = flag("DialBridged", "Whether the two have spoken.", Event.DIAL)
    dial_sip_call_id = text("DialSipCallId", "The Call-ID of a leg by SIP.", Event.DIAL)
    dial_sip_response_code = whole("DialSipResponseCode", "What its other end answered, as 486.", Event.DIAL)
    dial_sip_headers = headers("DialSipHeader_", "The `X-…` headers that came with it.", Event.DIAL)


class ReferFields(Group, page="voice/twiml/refer"):
    """A call that is handed on by SIP."""

    refer_transfer_target = text("ReferTransferTarget", "Whom the dialled leg wants to be handed to.", Event.DIAL_REFER)
    refer_call_status = text("ReferCallStatus", "What came of a Refer.", Event.REFER)
    refer_sip_response_code = whole("ReferSipResponseCode", "The answer to REFER, as 202.", Event.REFER)
    notify_sip_response_code = whole("NotifySipResponseCode", "The answer that NOTIFY told of.", Event.REFER)


class QueueFields(Group, page="voice/twiml/enqueue"):
    """A caller who waits, or has waited."""

    queue_sid = text("QueueSid", "The queue.", *_QUEUED)
    queue_position = whole("QueuePosition", "The caller's place, from 1.", Event.ENQUEUE_WAIT)
    queue_time = whole("QueueTime", "Seconds that the caller has waited.", *_QUEUED)
    avg_queue_time = whole(
        "AvgQueueTime", "Seconds that those in the queue have waited on average.", Event.ENQUEUE_WAIT
    )
    current_queue_size = whole("CurrentQueueSize", "How many wait.", Event.ENQUEUE_WAIT)
    max_queue_size = whole("MaxQueueSize", "How many may.", Event.ENQUEUE_WAIT)
    queue_result = text("QueueResult", "How it ended: `bridged`, `hangup`, `leave`, `queue-full`, …", Event.ENQUEUE)
    dequeing_call_sid = text(
        "DequeingCallSid", "The call that took the caller out of the queue.", Event.QUEUE, page="voice/twiml/queue"
    )


class RelayFields(Group, page="voice/twiml/connect/conversationrelay"):
    """What came of a ConversationRelay."""

    session_id = text("SessionId", "`VX` and 32 hexadecimal digits.", Event.RELAY)
    session_status = text("SessionStatus", "`completed`, `ended` or `failed`.", Event.RELAY)
    session_duration = whole("SessionDuration", "Its length in seconds.", Event.RELAY)
    handoff_data = text("HandoffData", "What the other end sent with `end`, any text.", Event.RELAY)


class PayFields(Group, page="voice/twiml/pay"):
    """What came of a payment. Twilio sends card numbers with all but their last digits hidden."""

    result = text("Result", "`success`, `too-many-failed-attempts`, `caller-hung-up`, …", Event.PAY)
    profile_id = text("ProfileId", "The customer's profile at the payment's processor.", Event.PAY)
    payment_token = text("PaymentToken", "The token that stands for the card or account.", Event.PAY)
    payment_confirmation_code = text("PaymentConfirmationCode", "The processor's word on a charge.", Event.PAY)
    payment_method = text("PaymentMethod", "`credit-card` or `ach-debit`.", Event.PAY)
    payment_card_number = text("PaymentCardNumber", "The card's number, hidden but for its end.", Event.PAY)
    payment_card_type = text("PaymentCardType", "`visa`, …", Event.PAY)
    expiration_date = text("ExpirationDate", "Month and year, as 1225.", Event.PAY)
    security_code = text("SecurityCode", "The card's security code, hidden.", Event.PAY)
    payment_card_postal_code = text("PaymentCardPostalCode", "The postal code of the card's holder.", Event.PAY)
    bank_account_number = text("BankAccountNumber", "The account's number, hidden but for its end.", Event.PAY)
    bank_routing_number = text("BankRoutingNumber", "The bank's number.", Event.PAY)
    bank_account_type = text("BankAccountType", "`consumer-checking`, …", Event.PAY)
    payment_error = text("PaymentError", "What went wrong, in words.", Event.PAY)
    pay_error_code = whole("PayErrorCode", "The same, as Twilio's number.", Event.PAY)
    connector_error = text("ConnectorError", "The same, as the processor said it.", Event.PAY)
    for_ = text("For", "What is asked for as it goes on: `payment-card-number`, …", Event.PAY)
    error_type = text("ErrorType", "What was wrong with what was keyed, as it goes on.", Event.PAY)
    attempt = whole("Attempt", "Which try it is, as it goes on.", Event.PAY)


class ErrorFields(Group, page="api/errors"):
    """What went wrong."""

    error_code = whole(
        "ErrorCode",
        "Twilio's number for it; 0 for nothing.",
        *(Event.FALLBACK, Event.RECORDING, Event.RELAY, Event.MESSAGE_STATUS),
    )
    error_url = text("ErrorUrl", "The URL whose answer was at fault.", Event.FALLBACK)
    error_message = text("ErrorMessage", "It in words.", Event.RELAY, Event.MESSAGE_STATUS)
