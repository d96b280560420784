"""How a running call is moved: Twilio is told by its REST API to go on at another URL of the daemon's.

What is asked is the same however often it is asked, so an answer that was lost is asked for once more: a caller who is
moved twice hears the beginning of the state twice. (Twilio's documentation: "Call resource", "Update a Call".)
"""

from __future__ import annotations

from contextlib import AsyncExitStack

import structlog

from actors import NotMoved
from runtime.accounts import client_of
from runtime.errors import SettingsError
from runtime.settings import Settings
from runtime.twilio import Ambiguous, InvalidRequest, Patience, TwilioClient, TwilioError

log = structlog.get_logger("switchhook.twilio")

PATIENCE = Patience(connect=2.0, answer=3.0, tries=2, first=0.2)
"""A call's next webhook waits behind its move, and Twilio waits 15 seconds for that."""
_GONE = (21220, 20404)
"""Twilio's errors that say that a call is over, or that there is none."""


class Redirects:
    """Moves calls of the settings' accounts to paths below an origin. Its sessions are opened when they are needed."""

    def __init__(self, settings: Settings, origin: str, patience: Patience = PATIENCE) -> None:
        self._settings = settings
        self._origin = origin
        self._patience = patience
        self._clients: dict[str, TwilioClient] = {}
        self._sessions = AsyncExitStack()

    async def __call__(self, account_sid: str, call_sid: str, path: str) -> None:
        """Have Twilio go on at a path with a call.

        Raises:
            NotMoved: it won't, or could not be asked; or the call is over.
            Ambiguous: nobody knows whether it will.
        """
        try:
            client = await self._client(account_sid)
            await self._update(client, call_sid, path)
        except Ambiguous:
            raise
        except SettingsError as problem:
            raise NotMoved(f"the daemon has {problem}, where the daemon runs") from problem
        except (TwilioError, InvalidRequest) as problem:
            raise NotMoved(str(problem)) from problem

    async def _update(self, client: TwilioClient, call_sid: str, path: str) -> None:
        """Ask, and once more if the answer was lost: only that the call is gone is certain then, if it is refused."""
        try:
            await client.update_call(call_sid, url=self._origin + path, method="POST")
        except Ambiguous as lost:
            log.warning("redirect_lost", call_sid=call_sid, reason=lost.message)
            try:
                await client.update_call(call_sid, url=self._origin + path, method="POST")
            except TwilioError as again:
                if isinstance(again, Ambiguous) or again.code in _GONE:
                    raise
                raise lost from again

    async def close(self) -> None:
        """Close the sessions."""
        self._clients.clear()
        await self._sessions.aclose()

    async def _client(self, account_sid: str) -> TwilioClient:
        if account_sid not in self._clients:
            sub_account = account_sid if account_sid in self._settings.accounts else ""
            client = client_of(self._settings, self._patience, sub_account=sub_account)
            self._clients[account_sid] = await self._sessions.enter_async_context(client)
        return self._clients[account_sid]
