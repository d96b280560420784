"""Outbound calls on a laptop: a stand-in of Twilio's, and a daemon of the recipe's, as long as they are needed.

Both live on a loop of their own, on a thread: whatever calls out in the meantime does so as it always does, with
settings that lead here. The stand-in's phone is a softphone, which follows a script.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from runtime import catalogue
from runtime.daemon import Daemon
from runtime.settings import Settings
from runtime.softphone import ACCOUNT_SID, Act, Call, Line, StandIn

APPLICATION_ERROR = "an application error was heard"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What calls are made with, and what has become of them."""

    settings: Settings
    """They lead to the stand-in instead of Twilio, and to the daemon."""
    twilio: StandIn
    daemon: Daemon | None
    """None for the application at a URL."""

    @property
    def calls(self) -> Sequence[Call]:
        """The calls that were made, the first of them first."""
        return list(self.twilio.calls.values())

    @property
    def broken(self) -> Mapping[str, str]:
        """The calls that broke, by CallSid, with why: their callers heard an apology, or an application error."""
        failures = list(self.daemon.supervisor.tally.failures) if self.daemon is not None else []
        reasons = {each.sid: each.reason for each in failures}
        found = {each.leg.call_sid: APPLICATION_ERROR for each in self.calls if each.transcript.broken}
        return found | {sid: reason for sid, reason in reasons.items() if reason}


def alone(chosen: Settings, token: str) -> Settings:
    """The settings of a daemon that nobody else knows of, and that keeps nothing."""
    address = {"host": "127.0.0.1", "port": 0, "admin_host": "127.0.0.1", "admin_port": 0, "public_url": ""}
    account = {"auth_token": token, "accounts": {}, "unsigned": False, "numbers": {}, "default_recipe": ""}
    return chosen.model_copy(update=address | account | {"journal": "memory:"})


@contextlib.contextmanager
def rehearsal(
    chosen: Settings, whom: str, script: Sequence[Act], on_line: Callable[[Line], None] | None = None
) -> Iterator[Rehearsal]:
    """Have a stage set up for calls to a recipe, or to the application at a URL, and cleared away in the end.

    Args:
        chosen: the settings, of which account and place don't count.
        whom: the recipe or the URL.
        script: what the phone does that is called.
        on_line: told each line of each call's transcript.

    Raises:
        RecipesError: the recipe can't be served, or takes no calls.
    """
    token = chosen.auth_token if is_url(whom) else secrets.token_hex(16)
    account = {"account_sid": ACCOUNT_SID, "auth_token": token or "none", "api_key": "", "api_secret": ""}
    own = alone(chosen, token).model_copy(update=account)
    found = None if is_url(whom) else catalogue.to_call(whom, chosen.recipes, chosen.callout_modules)
    ready: Future[tuple[Rehearsal, Callable[[], object]]] = Future()

    async def play() -> None:
        over, loop = asyncio.Event(), asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as stack:
            twilio = await stack.enter_async_context(
                StandIn(ACCOUNT_SID, own.auth_token, answers=script, on_line=on_line)
            )
            settings, daemon = own.model_copy(update={"api_url": twilio.url}), None
            if found is not None:
                daemon = await stack.enter_async_context(Daemon(settings, found))
                settings = settings.model_copy(update={"public_url": daemon.url})
            ready.set_result((Rehearsal(settings, twilio, daemon), lambda: loop.call_soon_threadsafe(over.set)))
            await over.wait()

    def run() -> None:
        try:
            asyncio.run(play())
        except BaseException as problem:
            if ready.done():
                raise
            ready.set_exception(problem)

    thread = threading.Thread(target=run, name="rehearsal", daemon=True)
    thread.start()
    stage, end = ready.result()
    try:
        yield stage
    finally:
        end()
        thread.join()


def is_url(whom: str) -> bool:
    """Whether it is an application at a URL that is called, and no recipe."""
    return whom.lower().startswith(("http://", "https://"))
