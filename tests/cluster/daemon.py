"""One of the daemons: `switchhook serve` in a process of its own, on free ports."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.postgres import end_with_parent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SWITCHHOOK = str(Path(sys.executable).with_name("switchhook"))
PATIENCE = 20.0
"""Seconds that a daemon may take to start, or to stop."""


class Daemon:
    """A daemon that listens."""

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.process = process
        self.url = self.status_url = ""

    async def listening(self) -> None:
        """Read its log until it says where it listens. Raises `RuntimeError` if it ends before."""
        assert self.process.stderr is not None
        lines: list[str] = []
        async with asyncio.timeout(PATIENCE):
            while not self.url:
                lines.append((await self.process.stderr.readline()).decode(errors="replace"))
                if not lines[-1]:
                    raise RuntimeError(f"{self.name} has ended: {''.join(lines)}")
                with contextlib.suppress(ValueError):  # not every line is an event's
                    event = json.loads(lines[-1])
                    self.url, self.status_url = event.get("url", ""), event.get("status_url", "")

    async def kill(self) -> None:
        """`kill -9`."""
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; gives the exit code. One that takes too long is killed."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(PATIENCE):
                    await self.process.communicate()
            except BaseException:
                self.process.kill()
                raise
        return await self.process.wait()


@contextlib.asynccontextmanager
async def serving(name: str, *flags: str, token: str, folder: str) -> AsyncIterator[Daemon]:
    """A daemon that has only these settings, until the end of the block."""
    given = {key: value for key, value in os.environ.items() if not key.startswith(("SWITCHHOOK_", "TWILIO_"))}
    process = await asyncio.create_subprocess_exec(
        *(SWITCHHOOK, "serve", "--port", "0", "--admin-port", "0", *flags),
        cwd=folder,  # where no switchhook.toml is
        env=given | {"TWILIO_AUTH_TOKEN": token, "SWITCHHOOK_LOG_FORMAT": "json"},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is not for it: it is stopped
        preexec_fn=end_with_parent,
    )
    daemon = Daemon(name, process)
    try:
        yield daemon
    finally:
        await daemon.stop()
