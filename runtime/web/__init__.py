"""The HTTP front: Twilio's side (`voice`), and the operator's (`status`)."""

from __future__ import annotations

from runtime.web.connection import Patience
from runtime.web.door import Door
from runtime.web.server import Server
from runtime.web.status import status_app
from runtime.web.voice import VoiceFront

__all__ = ["Door", "Patience", "Server", "VoiceFront", "status_app"]
