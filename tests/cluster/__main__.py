"""A call that outlives its daemon: `make cluster`, or `python -m tests.cluster`.

    the softphone ── proxy ──┬── switchhook serve "one" ──┐
                             └── switchhook serve "two" ──┴── PostgreSQL

All on loopback, all of it real, and gone again at the end. The proxy gives each webhook to the other daemon; the
one that has answered the first question is killed with SIGKILL before the second is answered. The transcript
says who answered what. The exit code is 0 if the caller noticed nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from runtime.journals import shown
from runtime.softphone import Act, Call, Press, Prompt, Script
from tests import postgres
from tests.cluster.daemon import serving
from tests.cluster.proxy import Proxy

if TYPE_CHECKING:
    from runtime.softphone import Line, Transcript
    from tests.cluster.daemon import Daemon

RECIPES = Path(__file__).with_name("recipes")
SCRIPT = (Press("3"), Press("2"), Press("1"))
CONFIRMED = "3 copies are on their way. Goodbye."
WIDTH = 72


class Unlucky(Script):
    """A caller whose daemon dies, the one that has just answered, while they think about the second question."""

    def __init__(self, proxy: Proxy) -> None:
        super().__init__(SCRIPT)
        self.killed: Daemon | None = None
        self._proxy = proxy

    async def answer(self, prompt: Prompt) -> Act:
        """Kill the daemon once, and go on with the script."""
        if self.killed is None and len(self.left) < len(SCRIPT):
            self.killed = self._proxy.answered[-1]
            await self.killed.kill()
            print(f"{f'✂ kill -9 {self.killed.process.pid}':{WIDTH}}{self.killed.name}", flush=True)
        return await super().answer(prompt)


def main() -> int:
    """Make the call with everything it takes. Gives the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # which ends it as Ctrl-C does
    try:
        with (
            tempfile.TemporaryDirectory(prefix="switchhook-cluster-") as folder,
            contextlib.closing(postgres.serving()) as server,
            server.database() as database,
        ):
            return asyncio.run(show(database, folder))
    except KeyboardInterrupt:
        return 130
    except (postgres.NoPostgresError, RuntimeError, TimeoutError) as problem:
        print(f"{problem or type(problem).__name__}", file=sys.stderr)
        return 1


async def show(database: str, folder: str) -> int:
    """Start the daemons and the proxy, make the call, and say what became of it."""
    token = secrets.token_hex(16)
    async with contextlib.AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(Proxy())
        flags = ("--journal", database, "--recipes", str(RECIPES), "--public-url", proxy.url)
        started = [serving(name, *flags, token=token, folder=folder) for name in ("one", "two")]
        daemons = [await stack.enter_async_context(each) for each in started]
        await asyncio.gather(*(each.listening() for each in daemons))
        proxy.daemons.extend(daemons)
        await proxy.look()
        print(f"postgres   {shown(database)}")
        for each in daemons:
            print(f"{each.name:10} {each.url}  pid {each.process.pid}")
        print(f"proxy      {proxy.url}\n", flush=True)

        caller = Unlucky(proxy)
        call = Call(f"{proxy.url}/order", auth_token=token, script=caller, on_line=lambda line: tell(line, proxy))
        transcript = await call.run()
        wrong = complaint(transcript, proxy, caller.killed)
        for each in daemons:
            if each is not caller.killed and (code := await each.stop()):
                wrong = wrong or f"{each.name} has ended with {code}"
    print(f"\n{wrong or 'the call went on without the daemon that was killed, and to its end'}")
    return 1 if wrong else 0


def tell(line: Line, proxy: Proxy) -> None:
    """Print a line of the transcript; behind a webhook, who answered it."""
    by = ""
    if line.kind in ("request", "callback"):
        by = "nobody" if line.failed else proxy.answered[-1].name
        by += "".join(f", as {each.name} refused" for each in proxy.refused)
    print(f"{line!s:{WIDTH * bool(by)}}{by}".rstrip(), flush=True)


def complaint(transcript: Transcript, proxy: Proxy, killed: Daemon | None) -> str:
    """What went wrong with the call; nothing if it went to its end across the kill."""
    names = {each.name for each in proxy.answered}
    if killed is None or len(names) < 2 or proxy.answered[-1] is killed:
        return "the call was not there for a kill"
    if transcript.broken or any(request.status != 200 for request in transcript.requests):
        return "the caller noticed: a webhook was not answered"
    if transcript.ended_by != "application" or CONFIRMED not in transcript.said:
        return "the caller noticed: the order was not confirmed"
    return ""


if __name__ == "__main__":
    sys.exit(main())
