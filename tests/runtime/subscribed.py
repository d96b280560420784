"""A recipe all of whose events are subscribed to, and a daemon that has a call of it."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from runtime.journals import named
from tests.actors.test_webhook_requests import STANDARD
from tests.wire import post_raw

if TYPE_CHECKING:
    from pathlib import Path

    from runtime.daemon import Daemon
    from tests.conftest import Folder, Serve

FLOW = """
    from twiml.extensions import EVENTS

    told, seen = [], []

    def tells(event):
        def function(webhook, call):
            told.append((event, webhook, call.status, call.answered_by))
        function.__name__ = function.__qualname__ = f"on_{{event}}"
        return function

    globals().update((f"on_{{event}}", tells(event)) for event in EVENTS)
    subscriptions = [(event, globals()[f"on_{{event}}"]) for event in EVENTS]

    def see(call):
        seen.append((dict(call.params), call.answered_by))
        return [Say("seen")]

    recipe = [{verb}FunctionExt(fn=see)]
"""
MENU = """Gather([Say("menu")], input="dtmf speech", after_ext=[
        ResponseExt("300", "a number", [Pause()]),
        ResponseExt("9", "sales", [Pause()], speech=["i want sales."]),
        DefaultExt("nothing", [Pause()]),
    ]), """


class Begun(NamedTuple):
    """A daemon with a journal on disk, the document that a call was given first, and the recipe's module."""

    daemon: Daemon
    document: str
    flow: Any

    def url(self, path: str) -> str:
        """The recipe's own URL, or one below it, or the one that the verb in hand goes on at."""
        if path == "(action)":
            return re.search(r'action="([^"]+)"', self.document)[1]
        return f"/flow/{path}" if path else "/flow"

    @property
    def events(self) -> list[str]:
        """What was told, in order."""
        return [event for event, *_ in self.flow.told]

    async def settled(self) -> None:
        """Until everybody has been told."""
        async with asyncio.timeout(30):
            await self.daemon.supervisor.postman.finish()


async def begun(serve: Serve, folder: Folder, path: Path, verb: str = MENU, about: str = "CA1", **more: Any) -> Begun:
    """Start a daemon of the recipe, and a call that is at its verb; or no call, if there is none."""
    folder["flow"] = FLOW.format(verb=verb)
    daemon = await serve(folder, journal=named(f"sqlite:///{path}/calls.db"), **more)
    document = ""
    if verb:
        reply = await post_raw(daemon, "/flow", f"{STANDARD}&CallStatus=ringing".replace("CA1", about))
        assert reply.status == 200
        document = reply.text
    return Begun(daemon, document, folder["flow"])
