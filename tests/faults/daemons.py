"""The other end of `nursery`: daemons that are forked, spoken to, called, and killed."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

from tests.faults.points import Point
from tests.wire import FORM, a_call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
"""Seconds that anything here is waited for, at most."""


class Webhook(NamedTuple):
    """One webhook of the script: where the URL is found that it goes to, and its fields."""

    name: str
    written_in: int | None
    """The answer that has its URL, by its place in the script; None for the recipe's own."""
    url: str
    """What the URL is behind there; or below the recipe's own."""
    fields: Mapping[str, str]


SCRIPT = (
    Webhook("the first webhook", None, "", {"CallStatus": "ringing"}),
    Webhook("a key that functions are called out to for", 0, "action", {"Digits": "1"}),
    Webhook("another key", 1, "action", {"Digits": "2"}),
    Webhook("a recording", 2, "recordingStatusCallback", {"RecordingSid": "RE1", "RecordingStatus": "completed"}),
    Webhook("the action of a verb that the end has cut off", 2, "action", {"CallStatus": "completed"}),
    Webhook("the end", None, "/status", {"CallStatus": "completed"}),
)
"""A call, from its first webhook to its last."""


class Lost(Exception):
    """The daemon has killed itself."""


class Daemon:
    """A daemon that can be killed at a point. Raises `Lost` if it was, whatever it is asked for."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self._sock = sock
        self._lines = sock.makefile("r")
        try:
            self._port = urlsplit(self._hear()["url"]).port
        except BaseException:
            self.close()
            raise

    def kill_at(self, point: Point | None) -> None:
        """Have it kill itself at a point, counted from now."""
        self._ask(kill_at=point)

    def rest(self) -> list[Point]:
        """Wait until nothing goes on by itself; gives the points that it has come by."""
        return [Point(*each) for each in self._ask(rest=True)["passed"]]

    def stop(self) -> list[Point]:
        """Have it stop as upon a signal; gives the same."""
        return [Point(*each) for each in self._ask(stop=True)["passed"]]

    def answer(self, call_sid: str, at: int, answers: Mapping[int, str]) -> str:
        """What it answers to a webhook of the script, each time with the same token."""
        webhook = SCRIPT[at]
        path = f"/shop{webhook.url}"
        if webhook.written_in is not None:
            [path] = re.findall(rf' {webhook.url}="(.*?)"', answers[webhook.written_in])
        fields = a_call(call_sid, "in-progress") | dict(webhook.fields)
        return self.post(unescape(path), fields, f"{call_sid}-{at}", webhook.name)

    def post(self, path: str, fields: Mapping[str, str], tried_as: str, name: str) -> str:
        """What it answers to a form, which is told by its token from any other."""
        token = {"I-Twilio-Idempotency-Token": tried_as}
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            headers = {"Content-Type": FORM, "Connection": "close", **token}
            connection.request("POST", path, urlencode(fields), headers)
            response = connection.getresponse()
            text = response.read().decode()
        except (ConnectionError, http.client.HTTPException):
            raise self._lost() from None
        finally:
            connection.close()
        assert response.status == 200, f"{name}: {response.status} {text}"
        return text

    def close(self) -> None:
        """Have it end, if it hasn't."""
        self._lines.close()
        self._sock.close()

    def _ask(self, **what: object) -> dict[str, Any]:
        with contextlib.suppress(ConnectionError):  # it may have had a last word
            self._sock.sendall(json.dumps(what).encode())
        return self._hear()

    def _lost(self) -> Lost:
        try:
            while True:
                self._hear()
        except Lost as lost:
            return lost

    def _hear(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except ConnectionError:
            line = ""
        assert line, "a daemon has ended, and nobody has killed it"
        said: dict[str, Any] = json.loads(line)
        if "killed" in said:
            raise Lost
        return said


class Nursery:
    """Where daemons come from. Their logs go to a file in `folder`, what functions write down to files by Sids."""

    def __init__(self, folder: Path) -> None:
        self.notes = folder / "notes"
        self.notes.mkdir()
        self.log = folder / "log"
        self._orders, theirs = socket.socketpair()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - it is ours
                [sys.executable, "-m", "tests.faults.nursery", str(theirs.fileno())],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        theirs.close()

    def daemon(self, journal: str, kill_at: Point | None = None, **clock: float) -> Daemon:
        """Another daemon, with a clock of its own. Raises `Lost` if it is killed at a point of its start."""
        ours, theirs = socket.socketpair()
        asked = {"journal": journal, "notes": str(self.notes), "kill_at": kill_at, "clock": clock}
        with theirs:
            socket.send_fds(self._orders, [json.dumps(asked).encode()], [theirs.fileno()])
        return Daemon(ours)

    def noted(self, sid: str) -> Sequence[str]:
        """What functions have written down for a call or a message, in order."""
        file = self.notes / sid
        return file.read_text().splitlines() if file.exists() else []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.close()
        self._process.wait(PATIENCE)
