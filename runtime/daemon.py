"""The daemon: everything put together, listening, and taken apart again."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
import socket
import time
from collections.abc import Coroutine, Mapping
from importlib.metadata import version
from types import MappingProxyType, TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import structlog
from aiohttp import web

import actors
from actors import Callouts, Clock, Journal, JournalError, NotMoved, SystemClock, Threads, done_within
from runtime import systemd
from runtime.catalogue import Catalogue
from runtime.errors import SettingsError, SwitchhookError
from runtime.journals import Durable, MemoryJournal
from runtime.redirects import Redirects
from runtime.reload import check_names, load_anew
from runtime.settings import Settings
from runtime.web import Door, Patience, Server, VoiceFront, status_app
from supervisor import Supervisor

log = structlog.get_logger("switchhook.daemon")

HASTE = 0.5
"""Seconds before the end of a drain when nobody waits for callouts any more."""
GREETING = Patience().greeting
ACTORS, JOURNAL, STATUS, LEAVING = 1.5, 2.0, 0.25, 1.0
"""Seconds of a stop beside `drain_seconds`: for the actors, the journal and the status endpoint; and for the process,
to end by itself."""
MARGIN = GREETING + ACTORS + JOURNAL + STATUS + LEAVING
"""Seconds beyond `drain_seconds` that a stop takes at most, whatever hangs."""


class Daemon:
    """One node. Started and stopped by `async with`, or run until a signal by `run`.

    Calls are kept in the `journal` that it is given, as `switchhook serve` gives it the one that the
    settings name; without one they are kept as long as the daemon lives.

    A stop drains: it takes no new requests, lets those in hand be answered and committed, gives
    subscribed functions their time, and stops the actors. Calls stay in the journal. Nothing of it is
    waited for longer than it has time: what hangs is told of, and left.

    The `sockets` that systemd hands over, by their settings' names, are served instead of new ones.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        *,
        journal: Journal | None = None,
        clock: Clock | None = None,
        sockets: Mapping[str, socket.socket] = MappingProxyType({}),
    ) -> None:
        self.settings = settings
        self.catalogue = catalogue
        self.clock = clock or SystemClock()
        self.sockets = sockets
        self.service = systemd.Service(self.clock)
        self.journal = journal or MemoryJournal()
        self.draining = False
        self.callouts = Callouts(Threads(settings.callout_threads))
        self.callouts.modules = catalogue.modules
        self.prefix = urlsplit(settings.public_url).path.rstrip("/")
        self.supervisor = Supervisor(
            actors.Settings(
                journal=self.journal,
                callouts=self.callouts,
                clock=self.clock,
                programs=lambda name: self.catalogue.of(name).program,
                subscriptions=lambda name: self.catalogue.of(name).subscriptions,
                message_subscriptions=lambda name: self.catalogue.of(name).message_subscriptions,
                redirect=self._redirect,
                node=f"{_node()}:{secrets.token_hex(4)}",
                base=self.prefix,
                recipe_settings=MappingProxyType(dict(settings.settings)),
                patience=settings.callout_patience,
                limit=settings.callout_limit,
                max_visits=settings.max_visits,
                complete_outbound_early=settings.complete_outbound_early,
                language=lambda name, to: settings.languages.get(to) or self.catalogue.of(name).language,
                replies=lambda name: self.catalogue.of(name).reply_module,
            ),
            max_restarts=settings.max_restarts,
            window=settings.restart_window,
            linger=settings.linger,
            max_call_hours=settings.max_call_hours,
            max_awake=settings.max_awake,
            max_calls=settings.max_calls,
            pauses=settings.retry_pauses,
        )
        self._began = time.monotonic()
        self._front: Server | None = None
        self._admin: web.AppRunner | None = None
        self._voice: VoiceFront | None = None
        self._redirects: Redirects | None = None
        self._origin = ""
        """Where Twilio comes to, without the path."""
        self._reloading = asyncio.Lock()
        self._reloads: set[asyncio.Task[bool]] = set()
        self._reloaded: dict[str, Any] | None = None
        self.url = ""
        """Where webhooks come to, as this machine sees it."""
        self.status_url = ""

    async def start(self) -> None:
        """Open both ports. Raises `SettingsError` if one can't be had."""
        settings = self.settings
        if not settings.tokens and not settings.unsigned:
            raise SettingsError(
                "no auth_token: set TWILIO_AUTH_TOKEN, which webhooks are signed with (or --unsigned on loopback)"
            )
        check_names(settings, self.catalogue)
        with contextlib.ExitStack() as undo:
            front = undo.enter_context(self._socket("port", settings.host, settings.port))
            admin = undo.enter_context(self._socket("admin_port", settings.admin_host, settings.admin_port))
            await self._open_journal()
            undo.pop_all()
        origin, self.status_url = _origin(settings.host, front), _origin(settings.admin_host, admin)
        self.url = origin + self.prefix
        known = settings.public_url or origin
        self._origin = known.removesuffix(self.prefix)
        self._voice = voice = VoiceFront(
            settings,
            self.catalogue,
            self.supervisor,
            door=Door(settings, known),
            prefix=self.prefix,
            clock=self.clock,
            threads=self.callouts.threads,
        )
        await self.supervisor.start()
        self._front = Server(voice)
        await self._front.start(front)
        status = status_app(self.status, self._hindrance, self._move, settings.status_token)
        self._admin = web.AppRunner(status, access_log=None, shutdown_timeout=1.0)
        await self._admin.setup()
        await web.SockSite(self._admin, admin, backlog=1024).start()
        log.info(
            "listening", url=self.url, status_url=self.status_url, recipes=len(self.catalogue.recipes), **self._about()
        )

    async def stop(self) -> None:
        """Drain and close: see the class."""
        if self._front is None or self._admin is None:
            return
        self.draining = True
        self.service.stopping(self.settings.drain_seconds + MARGIN)
        began = self.clock.now()
        for reload in self._reloads:
            reload.cancel()
        front, self._front = self._front, None
        seconds = self.settings.drain_seconds
        await self._within(GREETING + seconds, "what is in hand", self._drain(front, seconds))
        await self._within(ACTORS, "actors", self.supervisor.stop())
        if self._redirects is not None:
            await self._within(STATUS, "redirects", self._redirects.close())
        await self._within(JOURNAL, "journal", self.journal.close())
        await self._within(STATUS, "status", self._admin.cleanup())
        self.service.stopped()
        log.info("stopped", seconds=round(self.clock.now() - began, 3), unfinished=len(self.callouts.running))

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT, then drain; a second signal forces. SIGHUP reloads. Gives the exit code."""
        signals: asyncio.Queue[str] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, signals.put_nowait, number.name)
        loop.add_signal_handler(signal.SIGHUP, self._begin_reload)
        async with self._reloading:  # a SIGHUP that comes too early waits
            await self.start()
            _collect_less_often()
            self.service.ready(self._summary())
        log.info("draining", signal=await signals.get())
        drain = loop.create_task(self.stop())
        forced = loop.create_task(signals.get())
        await asyncio.wait({drain, forced}, return_when=asyncio.FIRST_COMPLETED)
        forced.cancel()
        logging.getLogger("pykka").setLevel(logging.CRITICAL)  # what is cut off from now on was told of
        if drain.done():
            drain.result()
            return 0
        log.warning("forced", in_progress=self.supervisor.tally.in_progress)
        drain.cancel()
        return 1

    async def reload(self) -> bool:
        """Load the recipes anew, for calls that begin from now on; whether they were good. Else all stays as it was."""
        async with self._reloading, self.service.reloading(self._summary):
            errors: list[str] = []
            try:
                fresh = await load_anew(self.settings, self.catalogue.source)
            except SwitchhookError as problem:
                errors += problem.lines
                log.error("reload_refused", errors=errors)  # noqa: TRY400 - the errors are the user's, each a sentence
            else:
                self.catalogue, self.callouts.modules = fresh, fresh.modules
                if self._voice is not None:
                    self._voice.catalogue = fresh
                log.info("reloaded", recipes=len(fresh.recipes))
            result = "refused" if errors else "loaded"
            self._reloaded = {"at": self.clock.now(), "result": result, "errors": errors}
            return not errors

    async def _move(self, call_sid: str, state: str) -> None:
        if self.draining:
            raise NotMoved(f"{call_sid}: the daemon is stopping")
        await self.supervisor.redirect(call_sid, state)

    async def _redirect(self, account_sid: str, call_sid: str, path: str) -> None:
        if self._redirects is None:
            self._redirects = Redirects(self.settings, self._origin)
        await self._redirects(account_sid, call_sid, path)

    async def _drain(self, front: Server, seconds: float) -> None:
        """Answer what is in hand, then have done what there is to be done about calls before the end.

        Who still waits for a callout when the time is nearly up hears that it takes a moment.
        """
        hasten = self.clock.later(max(0.0, seconds - HASTE), self.callouts.make_haste)
        try:
            await front.drain(seconds)
        finally:
            hasten.cancel()
        await self.supervisor.settle()

    async def _within(self, seconds: float, what: str, work: Coroutine[Any, Any, None]) -> None:
        """Do a part of a stop, or as much of it as can be done in some seconds."""
        task = asyncio.get_running_loop().create_task(work)
        if not await done_within(seconds, task, self.clock):
            task.cancel()
            log.warning("not_in_time", what=what, seconds=seconds)
        elif not task.cancelled() and (problem := task.exception()) is not None:
            log.error("not_stopped", what=what, reason=f"{type(problem).__name__}: {problem}", exc_info=problem)

    def _begin_reload(self) -> None:
        if self.draining:
            return
        task = asyncio.get_running_loop().create_task(self.reload())
        self._reloads.add(task)
        task.add_done_callback(self._reloads.discard)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def status(self, limit: int = 100, after: str | None = None) -> dict[str, Any]:
        """The snapshot behind the status endpoint."""
        return {
            **self._about(),
            "uptime_s": round(time.monotonic() - self._began, 3),
            "draining": self.draining,
            "reload": self._reloaded,
            "recipes": [recipe.summary() for recipe in self.catalogue.recipes.values()],
            **self.supervisor.status(limit, after),
        }

    def _about(self) -> dict[str, Any]:
        return {"node": _node(), "version": version("switchhook"), "journal": self.journal.name}

    def _summary(self) -> str:
        """What `systemctl status` shows."""
        refused = self._reloaded is not None and self._reloaded["result"] == "refused"
        return f"{len(self.catalogue.recipes)} recipes at {self.url}" + ("; a reload was refused" if refused else "")

    async def _open_journal(self) -> None:
        if isinstance(self.journal, Durable):
            try:
                await self.journal.open()
            except JournalError as problem:
                raise SettingsError(f"journal: {problem}") from problem

    def _hindrance(self) -> str:
        """Why no new calls are taken; "" while they are."""
        reasons = {
            "draining": self.draining,
            "the journal can't be written": isinstance(self.journal, Durable) and self.journal.trouble,
            "busy: max_calls are in progress": self.supervisor.tally.full,
        }
        return next((reason for reason, holds in reasons.items() if holds), "")

    def _socket(self, name: str, host: str, port: int) -> socket.socket:
        return self.sockets.get(name) or _listening(name, host, port)


def _collect_less_often() -> None:
    """Have the garbage collector leave alone what was there at the start, and look at the rest less often.

    Calls are made of objects that refer to each other and live long: by its own defaults the collector walks
    over those of calls in progress again and again, a tenth of all the time that webhooks take.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _node() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def _listening(name: str, host: str, port: int) -> socket.socket:
    """A socket on an address. Raises `SettingsError` if it can't be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as problem:
        reason = str(problem.args[-1]).partition(" (while")[0]
        raise SettingsError(f"{name} {port} on {host} can't be opened: {reason}") from problem


def _origin(host: str, sock: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{sock.getsockname()[1]}"
