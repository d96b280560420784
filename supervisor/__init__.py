"""Who is alive: starts, finds, restarts and retires the actors of calls, and counts them."""

from __future__ import annotations

from actors import Unanswered
from supervisor.awake import Awake
from supervisor.conversations import Conversations
from supervisor.postman import PAUSES, Postman
from supervisor.roll import Child, Roll
from supervisor.supervisor import Supervisor

__all__ = ["PAUSES", "Awake", "Child", "Conversations", "Postman", "Roll", "Supervisor", "Unanswered"]
