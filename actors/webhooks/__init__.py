"""What webhooks carry: every documented field with its name and type, and the events they tell of."""

from __future__ import annotations

from actors.webhooks.call import CallFields, Parties, SipFields
from actors.webhooks.callbacks import ConferenceFields, RealTimeFields, StatusFields, StreamFields
from actors.webhooks.custom import CustomParams
from actors.webhooks.events import Event, Told, all_told, told
from actors.webhooks.field import Field, Group
from actors.webhooks.messages import MessageFields
from actors.webhooks.party import Party
from actors.webhooks.record import printable, record
from actors.webhooks.reference import reference
from actors.webhooks.verbs import (
    DialFields,
    ErrorFields,
    GatherFields,
    PayFields,
    QueueFields,
    RecordingFields,
    ReferFields,
    RelayFields,
    TranscriptionFields,
)

__all__ = [
    "CallFields",
    "ConferenceFields",
    "CustomParams",
    "DialFields",
    "ErrorFields",
    "Event",
    "Field",
    "GatherFields",
    "Group",
    "MessageFields",
    "Parties",
    "Party",
    "PayFields",
    "QueueFields",
    "RealTimeFields",
    "RecordingFields",
    "ReferFields",
    "RelayFields",
    "SipFields",
    "StatusFields",
    "StreamFields",
    "Told",
    "TranscriptionFields",
    "all_told",
    "printable",
    "record",
    "reference",
    "told",
]
