"""One call as an actor: the Pykka actor type, the phone-call actor, what it receives and writes."""

from __future__ import annotations

from actors.arguments import unfit
from actors.call import SUBSCRIPTIONS, Call
from actors.callouts import CalloutError, Callouts, Outcome, find, subscription
from actors.clock import Clock, SystemClock, Timer, done_within, pause
from actors.conversation import Conversation, Delivery, Replied, Unanswered, key_of, tells_of_status
from actors.journal import (
    KEPT_ROWS,
    Journal,
    JournalError,
    Letter,
    Open,
    Outbox,
    Row,
    Snapshot,
    StaleVersion,
    Subscription,
)
from actors.letters import sids_of
from actors.loop_actor import LoopActor
from actors.loop_future import LoopFuture, WouldDeadlock
from actors.messages import Answer, GiveUp, MaybeMoved, MayRest, Move, NotMoved, Overdue
from actors.phone_call import Crashed, PhoneCall
from actors.settings import Settings
from actors.text import Attachment, Said, Text
from actors.threads import Threads
from actors.webhook import OUTBOUND, TERMINAL, Kind, Recording, Webhook
from actors.webhooks import Event, Party, printable

__all__ = [
    "KEPT_ROWS",
    "OUTBOUND",
    "SUBSCRIPTIONS",
    "TERMINAL",
    "Answer",
    "Attachment",
    "Call",
    "CalloutError",
    "Callouts",
    "Clock",
    "Conversation",
    "Crashed",
    "Delivery",
    "Event",
    "GiveUp",
    "Journal",
    "JournalError",
    "Kind",
    "Letter",
    "LoopActor",
    "LoopFuture",
    "MayRest",
    "MaybeMoved",
    "Move",
    "NotMoved",
    "Open",
    "Outbox",
    "Outcome",
    "Overdue",
    "Party",
    "PhoneCall",
    "Recording",
    "Replied",
    "Row",
    "Said",
    "Settings",
    "Snapshot",
    "StaleVersion",
    "Subscription",
    "SystemClock",
    "Text",
    "Threads",
    "Timer",
    "Unanswered",
    "Webhook",
    "WouldDeadlock",
    "done_within",
    "find",
    "key_of",
    "pause",
    "printable",
    "sids_of",
    "subscription",
    "tells_of_status",
    "unfit",
]
