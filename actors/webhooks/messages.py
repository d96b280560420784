"""The fields of messages and of their status, SMS and WhatsApp."""

from __future__ import annotations

from actors.webhooks.events import Event
from actors.webhooks.field import Group, flag, listed, number, structured, text, whole

_BOTH = (Event.MESSAGE, Event.MESSAGE_STATUS)
_STATUS = "messaging/api/message-resource"


class MessageFields(Group, page="messaging/guides/webhook-request"):
    """A message, or what became of one."""

    message_sid = text("MessageSid", "`SM` or `MM` and 32 hexadecimal digits.", *_BOTH)
    sms_sid = text("SmsSid", "The same, as it was called once.", *_BOTH)
    sms_message_sid = text("SmsMessageSid", "The same again.", *_BOTH)
    messaging_service_sid = text("MessagingServiceSid", "The messaging service it came by.", *_BOTH)
    body = text("Body", "What was written.", Event.MESSAGE)
    num_media = whole("NumMedia", "How many pictures and the like came with it.", Event.MESSAGE)
    num_segments = whole("NumSegments", "Of how many SMS it was made.", Event.MESSAGE)
    sms_status = text("SmsStatus", "`received`, or the same as `message_status`.", *_BOTH)
    media_urls = listed("MediaUrl", "Where the media are, in their order.", Event.MESSAGE)
    media_content_types = listed("MediaContentType", "What they are, in the same order.", Event.MESSAGE)
    opt_out_type = text("OptOutType", "`STOP`, `START` or `HELP`, if it was one of these words.", Event.MESSAGE)
    message_type = text("MessageType", "`text`, `button`, …", Event.MESSAGE)
    channel_metadata = structured("ChannelMetadata", "What the channel tells beside it.", *_BOTH)
    profile_name = text("ProfileName", "The sender's name at WhatsApp.", Event.MESSAGE)
    wa_id = text("WaId", "The sender's WhatsApp ID, a number without its plus.", Event.MESSAGE)
    forwarded = flag("Forwarded", "Whether it was sent on.", Event.MESSAGE)
    frequently_forwarded = flag("FrequentlyForwarded", "Whether it was sent on time and again.", Event.MESSAGE)
    button_text = text("ButtonText", "The label of the button that was pressed.", Event.MESSAGE)
    button_payload = text("ButtonPayload", "What the button stands for.", Event.MESSAGE)
    latitude = number("Latitude", "A place that was sent: degrees north.", Event.MESSAGE)
    longitude = number("Longitude", "Degrees east.", Event.MESSAGE)
    address = text("Address", "Its address.", Event.MESSAGE)
    label = text("Label", "Its name.", Event.MESSAGE)
    referral_body = text("ReferralBody", "The text of the advertisement that led here.", Event.MESSAGE)
    referral_headline = text("ReferralHeadline", "Its headline.", Event.MESSAGE)
    referral_source_id = text("ReferralSourceId", "Its ID.", Event.MESSAGE)
    referral_source_type = text("ReferralSourceType", "`ad` or `post`.", Event.MESSAGE)
    referral_source_url = text("ReferralSourceUrl", "Where it stands.", Event.MESSAGE)
    referral_ctwa_clid = text("ReferralCtwaClid", "The click's ID.", Event.MESSAGE)
    referral_media_id = text("ReferralMediaId", "Its picture's ID.", Event.MESSAGE)
    referral_media_content_type = text("ReferralMediaContentType", "What its picture is.", Event.MESSAGE)
    referral_media_url = text("ReferralMediaUrl", "Where its picture is.", Event.MESSAGE)
    referral_num_media = whole("ReferralNumMedia", "How many pictures it has.", Event.MESSAGE)
    original_replied_message_sid = text("OriginalRepliedMessageSid", "The message that this answers.", Event.MESSAGE)
    original_replied_message_sender = text("OriginalRepliedMessageSender", "Who wrote that.", Event.MESSAGE)
    message_status = text(
        "MessageStatus",
        "`queued`, `sent`, `delivered`, `undelivered`, `failed`, `read`, …",
        Event.MESSAGE_STATUS,
        page=_STATUS,
    )
    raw_dlr_done_date = text(
        "RawDlrDoneDate",
        "The carrier's word on when, YYMMDDhhmm, in whatever zone.",
        Event.MESSAGE_STATUS,
        page=_STATUS,
    )
    channel_install_sid = text("ChannelInstallSid", "The channel it went by.", Event.MESSAGE_STATUS, page=_STATUS)
    channel_status_message = text(
        "ChannelStatusMessage", "What the channel says went wrong.", Event.MESSAGE_STATUS, page=_STATUS
    )
    event_type = text("EventType", "`READ`, … of some channels.", Event.MESSAGE_STATUS, page=_STATUS)
