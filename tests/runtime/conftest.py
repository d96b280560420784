"""What tests of the runtime leave behind is put right; and systemd's end of the notify socket."""

from __future__ import annotations

import asyncio
import os
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest
import structlog
from click.testing import CliRunner

from runtime.commands import main
from tests.runtime import subscribed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator


@pytest.fixture
def _nothing_is_set(monkeypatch, tmp_path):
    """An environment without a setting, in an empty folder."""
    for name in list(os.environ):
        if name.startswith(("SWITCHHOOK_", "TWILIO_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """A command configures the logs of its process, which here is the tests'."""
    yield
    structlog.reset_defaults()


class Manager:
    """The service manager: hears what a service tells it."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(address)

    async def told(self) -> list[str]:
        """The lines of the next datagram. Half a minute at most."""
        async with asyncio.timeout(30):
            return (await asyncio.get_running_loop().sock_recv(self.socket, 4096)).decode().split("\n")

    @property
    def waiting(self) -> list[list[str]]:
        """The lines of each datagram that has come already."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode().split("\n"))
            except BlockingIOError:
                return found


@pytest.fixture
def manager(tmp_path, monkeypatch) -> Iterator[Manager]:
    """A service manager, that NOTIFY_SOCKET names."""
    manager = Manager(str(tmp_path / "notify"))
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    with manager.socket:
        yield manager


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """What asks a daemon."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
def run_beside() -> Callable[..., Awaitable[tuple[int, str]]]:
    """Run the command beside the loop that answers it: its exit code, and what it has said."""

    async def run_beside(*args: object) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, main, list(map(str, args)), catch_exceptions=False)
        assert "Traceback" not in result.output
        return result.exit_code, result.output

    return run_beside


@pytest.fixture
def begin(serve, folder, tmp_path) -> Callable[..., Awaitable[subscribed.Begun]]:
    """Starts a daemon, and a call that is at a verb."""

    def begin(*args, **more):
        return subscribed.begun(serve, folder, tmp_path, *args, **more)

    return begin
