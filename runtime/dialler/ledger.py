"""The ledger on disk: a file that one process at a time has, that only grows, and that is synced at every entry.

It is locked by `flock`, which the kernel lets go of when the process is gone, however it went. What is locked is the
file, not its name: before each call it is looked whether the name is still the file's, since another run would begin
anew on another file by that name. And the lock is one machine's: of a folder that several share, the others may not
know of it.

A thread of its own writes, so that a slow disk holds up no answers. What comes while it syncs is synced together: the
disk is waited for twice a call, but not by every call for itself.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from runtime.dialler.entry import HEADER, Damaged, Entry, What, decoded, without_credentials
from runtime.dialler.standing import Book
from runtime.errors import SwitchhookError

if sys.platform != "win32":
    import fcntl

SUFFIX = ".calls.csv"
"""What a ledger is called beside the file whose calls it has."""


class LedgerError(SwitchhookError):
    """A ledger that another run has, or that can't be written any more."""


class WrongLedger(LedgerError):
    """A ledger that can't be gone on with: somebody must mend it, or move it away."""

    exit_code = 2


class Ledger:
    """What was done about everybody in a file. A context manager: it is locked until its end.

    Args:
        path: the ledger's; it is made if it isn't there.

    Attributes:
        book: how it stands with every number.
        torn: octets behind the last whole entry, which a crash has left there; they are cut off. An entry that
            somebody has written by hand may lack its line's end, and gets it.

    Raises:
        LedgerError: another run has it.
        WrongLedger: it can't be had, or is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = Book()
        self.torn = 0
        self._broken: LedgerError | None = None
        self._waiting = deque[bytes]()
        self._taken = self._written = 0
        self._writer = ThreadPoolExecutor(1, "ledger")
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as problem:
            raise WrongLedger(f"{path}: can't be opened: {problem.strerror}") from problem
        try:
            self._lock()
            self._check_name()
            self._take_up()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_api(self, url: str) -> None:
        """Raise `WrongLedger` if its calls were made by another API than that at a URL, which can't look for them."""
        url = without_credentials(url)
        if self.book.api not in {"", url}:
            raise WrongLedger(
                f"{self.path}: has calls made at {self.book.api}, which {url} can't look for; "
                "ask that API again (api_url, region, edge), or move the ledger away to have all called"
            )

    async def write(self, entry: Entry) -> None:
        """Write an entry down, behind those that came before. It is on disk when this returns, and counts only then.

        It is written even if nobody waits for that any more.

        Raises:
            LedgerError: it may not be, and nothing more is written then; or there is another file by the ledger's
                name, in which nobody would find that a call is begun.
        """
        if entry.what is What.CALLING:
            self._check_name()
        self._waiting.append(entry.encoded())
        self._taken += 1
        loop = asyncio.get_running_loop()
        await asyncio.shield(loop.run_in_executor(self._writer, self._write_up_to, self._taken))
        self.book.take(entry)

    def close(self) -> None:
        """Let go of it, once everything is written."""
        self._writer.shutdown()
        os.close(self._file)

    def _lock(self) -> None:
        if sys.platform == "win32":
            raise WrongLedger(f"{self.path}: can't be locked: --csv needs flock, which Windows doesn't have")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LedgerError(f"{self.path}: another switchhook is calling from this file; wait for its end") from None
        except OSError as problem:
            raise WrongLedger(f"{self.path}: can't be locked: {problem.strerror}") from problem

    def _check_name(self) -> None:
        """Raise `LedgerError` unless the file that is locked is the one that others find by its name."""
        ours = os.fstat(self._file)
        try:
            found = self.path.stat()
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != (ours.st_dev, ours.st_ino):
            raise LedgerError(f"{self.path}: was moved away during the run; move it back, and begin again")

    def _take_up(self) -> None:
        """Read what is there, and cut off what a crash has torn."""
        try:
            with open(self._file, "rb", closefd=False) as file:
                octets = file.read()
            entries, whole = decoded(octets)
            os.ftruncate(self._file, whole)
        except OSError as problem:
            raise WrongLedger(f"{self.path}: can't be read: {problem.strerror}") from problem
        except Damaged as problem:
            raise WrongLedger(f"{self.path}:{problem}; mend it, or move it away to have all called again") from problem
        self.torn = len(octets) - whole
        for entry in entries:
            self.book.take(entry)
        if not whole:
            self._sync_folder()
            self._append(HEADER)
        elif not octets[:whole].endswith(b"\n"):
            self._append(b"\n")

    def _write_up_to(self, number: int) -> None:
        """Write all entries that wait, with one sync; none if that one has been written with an earlier one."""
        if number <= self._written:
            return
        lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
        self._append(b"".join(lines))
        self._written += len(lines)

    def _append(self, octets: bytes) -> None:
        if self._broken is not None:
            raise self._broken
        try:
            while octets:
                octets = octets[os.write(self._file, octets) :]
            os.fsync(self._file)
        except OSError as problem:
            self._broken = LedgerError(f"{self.path}: can't be written: {problem.strerror}")
            raise self._broken from problem

    def _sync_folder(self) -> None:
        """A new file's name is on disk only when its folder is. It is empty until then, so that it stays a new one."""
        try:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as problem:
            raise LedgerError(
                f"{self.path.parent}: can't be synced to disk: {problem.strerror}; put the file elsewhere"
            ) from problem
