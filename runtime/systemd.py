"""This process as a service of systemd's: what it tells, the watchdog it feeds, the sockets it is handed.

What is told is one datagram of lines to the socket that NOTIFY_SOCKET names (sd_notify(3)). Without that nothing
is; if nobody hears it, that is logged once, and calls go on.

The watchdog (sd_watchdog_enabled(3)) is fed by a timer of the event loop: a loop that hangs doesn't feed it. Then
systemd ends the process, and the next one finds the calls in the journal.

Sockets that systemd has opened (sd_listen_fds(3)) outlive the process. Whoever connects while none serves them
waits in the backlog, and is answered by the next one.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager
from itertools import chain, repeat
from socket import SO_ACCEPTCONN, SOL_SOCKET
from typing import Any

import structlog

from actors import Clock, Timer
from runtime.errors import SettingsError

log = structlog.get_logger("switchhook.systemd")

USEC = 1_000_000
"""Microseconds, which systemd counts in, of a second."""
FIRST = 3
"""The first descriptor that is handed over, SD_LISTEN_FDS_START."""
PATIENCE = 0.1
"""Seconds that a datagram may wait for room in systemd's queue. The loop stands still meanwhile."""


class Service:
    """What the service manager hears of this process; nothing if it isn't listening.

    Args:
        clock: by whose time the watchdog is fed.
        environ: what systemd tells in turn.
    """

    def __init__(self, clock: Clock, environ: Mapping[str, str] = os.environ) -> None:
        self._clock = clock
        self._address = environ.get("NOTIFY_SOCKET", "")
        self._interval = _interval(environ) if self._address else 0.0
        self._feeding: Timer | None = None
        self._stopping = False
        self._unheard = False

    def ready(self, status: str) -> None:
        """Calls are taken, at last or again. From now on the watchdog is fed."""
        if not self._stopping:
            self._tell("READY=1", f"STATUS={status}")
            if self._interval and self._feeding is None:
                self._feeding = self._clock.later(self._interval, self._feed)

    @asynccontextmanager
    async def reloading(self, status: Callable[[], str]) -> AsyncIterator[None]:
        """While the recipes are loaded anew; then it is ready, with this status."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}", "STATUS=reloading")
        try:
            yield
        finally:
            self.ready(status())

    def stopping(self, seconds: float) -> None:
        """A drain begins, which takes so long at most: a second more is asked for, in case TimeoutStopSec is less."""
        self._stopping = True
        self._tell("STOPPING=1", "STATUS=draining", f"EXTEND_TIMEOUT_USEC={round((seconds + 1) * USEC)}")

    def stopped(self) -> None:
        """It ends now: the watchdog isn't fed any more."""
        if self._feeding is not None:
            self._feeding.cancel()

    def _feed(self) -> None:
        self._tell("WATCHDOG=1")
        self._feeding = self._clock.later(self._interval, self._feed)

    def _tell(self, *lines: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
                sock.settimeout(PATIENCE)
                sock.connect(re.sub("^@", "\0", self._address))
                sock.send("\n".join(lines).encode())
        except OSError as problem:
            if not self._unheard:
                log.warning("systemd_unheard", socket=self._address, reason=str(problem))
            self._unheard = True


def handed_over(environ: Mapping[str, str] = os.environ) -> dict[str, socket.socket]:
    """The sockets that systemd hands over, by the setting that each is in place of.

    The one named `admin` is `admin_port`, for the status; the other is `port`, for Twilio's webhooks. Raises
    `SettingsError` for one that can't be served: whoever connects to it would wait for ever.
    """
    count = environ.get("LISTEN_FDS", "")
    found: dict[str, socket.socket] = {}
    if environ.get("LISTEN_PID") != str(os.getpid()) or not count.isdecimal():
        return found
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    with ExitStack() as undo:
        for descriptor, name in zip(range(FIRST, FIRST + int(count)), chain(names, repeat("")), strict=False):
            told = f"systemd hands over descriptor {descriptor} ({name or 'unnamed'})"
            setting = "admin_port" if name == "admin" else "port"
            try:
                sock = undo.enter_context(socket.socket(fileno=descriptor))
            except OSError as problem:
                raise SettingsError(f"{told}: {problem.strerror}") from problem
            sock.set_inheritable(False)
            if not _listens(sock):
                raise SettingsError(f"{told}, which doesn't listen on a TCP port")
            if setting in found:
                raise SettingsError(f"{told}, which is the second for {setting}; name the one for the status admin")
            found[setting] = sock
        undo.pop_all()
    return found


def addresses(sockets: Mapping[str, socket.socket]) -> dict[str, Any]:
    """The settings that sockets are in place of: their hosts and ports."""
    found: dict[str, Any] = {}
    for name, sock in sockets.items():
        found[name.replace("port", "host")], found[name] = sock.getsockname()[:2]
    return found


def _listens(sock: socket.socket) -> bool:
    return sock.family in (socket.AF_INET, socket.AF_INET6) and bool(sock.getsockopt(SOL_SOCKET, SO_ACCEPTCONN))


def _interval(environ: Mapping[str, str]) -> float:
    """Seconds from one feeding of the watchdog to the next; 0 if there is none, or it is another process'."""
    usec, own = environ.get("WATCHDOG_USEC", ""), str(os.getpid())
    return int(usec) / USEC / 2 if usec.isdecimal() and environ.get("WATCHDOG_PID", own) == own else 0.0
