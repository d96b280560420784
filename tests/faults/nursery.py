"""A process that has everything imported, no loop and no thread, and of which daemons are forked.

It is asked for a daemon by a line of JSON, with a socket by which the daemon is then spoken to, each of
both in lines of JSON. It says {"url": …} as soon as it listens there. It is asked

    {"kill_at": ["before COMMIT", 1]}  to count its points from now on, and to kill itself at that one, or at
                                       none for null; it says {"set": true}
    {"rest": true}                     to say {"passed": […]}, its points so far, once nothing goes on by itself
    {"stop": true}                     to stop as upon a signal, to say the same, and to end

and it says {"killed": true} as its last word. It ends with whoever has the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from uvloop import new_event_loop

from actors import SystemClock, Timer
from runtime import catalogue, journals, logs
from runtime.daemon import Daemon
from runtime.settings import Settings
from tests.faults.points import POINTS, Point, watch

RECIPES = Path(__file__).parent / "recipes"
PATIENCE = 14.0
"""Seconds that a caller waits for a callout."""
LIMIT = 60.0
"""Seconds that a function may take, which the lease of a letter is made of."""


class OtherClock(SystemClock):
    """A clock that shows some seconds more than the machine's, or runs faster from a moment on."""

    def __init__(self, ahead: float = 0.0, rate: float = 1.0, since: float = 0.0) -> None:
        self.ahead = ahead
        self.rate = rate
        self.since = since

    def now(self) -> float:
        """Seconds since the epoch, and some more."""
        return self.since + (time.time() - self.since) * self.rate + self.ahead

    def later(self, seconds: float, do: Callable[[], object]) -> Timer:
        """Call `do` after as many seconds of this clock's."""
        return super().later(seconds / self.rate, do)


class Control:
    """The other end's wishes."""

    def __init__(self, sock: socket.socket, daemon: Daemon) -> None:
        self.sock = sock
        self.daemon = daemon
        self.loop = asyncio.get_running_loop()
        self.loop.add_reader(sock, self._hear)
        self.stopping: asyncio.Task[None] | None = None

    def _hear(self) -> None:
        line = self.sock.recv(4096)
        if not line:
            os._exit(0)
        match json.loads(line):
            case {"kill_at": last}:
                set_points(self.sock, last)
                say(self.sock, set=True)
            case {"rest": True}:
                self._rest()
            case {"stop": True}:
                self.stopping = self.loop.create_task(self._stop())

    def _rest(self) -> None:
        if self.daemon.callouts.running:
            self.loop.call_later(0.001, self._rest)
        else:
            say(self.sock, passed=POINTS.passed)

    async def _stop(self) -> None:
        await self.daemon.stop()
        say(self.sock, passed=POINTS.passed)
        os._exit(0)


def say(sock: socket.socket, **what: object) -> None:
    """Send a line."""
    sock.sendall(json.dumps(what).encode() + b"\n")


def set_points(sock: socket.socket, last: Sequence[Any] | None) -> None:
    """Count points from now on, and say a last word at the last, if anybody listens."""

    def killed() -> None:
        with contextlib.suppress(OSError):
            say(sock, killed=True)

    POINTS.set(Point(*last) if last else None, killed)


async def serve(sock: socket.socket, asked: dict[str, Any], recipes: catalogue.Catalogue) -> None:
    """A whole daemon, until it is killed or stopped."""
    set_points(sock, asked["kill_at"])
    notes = {"notes": asked["notes"]}
    settings = Settings(
        port=0, admin_port=0, unsigned=True, callout_patience=PATIENCE, callout_limit=LIMIT, settings=notes
    )
    daemon = Daemon(settings, recipes, journal=journals.named(asked["journal"]), clock=OtherClock(**asked["clock"]))
    await daemon.start()
    control = Control(sock, daemon)
    say(sock, url=daemon.url)
    await asyncio.Event().wait()
    del control


def main() -> None:
    """Fork a daemon for each request, until there are no more."""
    orders = socket.socket(fileno=int(sys.argv[1]))
    logs.configure("warning", "json")
    recipes = catalogue.load(str(RECIPES))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    while True:
        asked, sockets, *_ = socket.recv_fds(orders, 4096, 1)
        if not asked:
            return
        if not os.fork():
            try:
                orders.close()
                with asyncio.Runner(loop_factory=lambda: watch(new_event_loop())) as runner:
                    runner.run(serve(socket.socket(fileno=sockets[0]), json.loads(asked), recipes))
            except BaseException:  # noqa: BLE001 - the child must not go on as its parent
                traceback.print_exc()
            finally:
                os._exit(1)
        os.close(sockets[0])


if __name__ == "__main__":
    main()
