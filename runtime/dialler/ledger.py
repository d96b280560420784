"""The ledger on disk: a file that one process at a time has, that only grows, and that is synced at every entry.

It is locked by `flock`, which the kernel lets go of when the process is gone, however it went.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Self

from runtime.dialler.entry import HEADER, Damaged, Entry, decoded
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
        torn: octets behind the last whole entry, which a crash has left there; they are cut off.

    Raises:
        LedgerError: another run has it.
        WrongLedger: it can't be had, or is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.book = Book()
        self.torn = 0
        self._broken: LedgerError | None = None
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as problem:
            raise WrongLedger(f"{path}: can't be opened: {problem.strerror}") from problem
        try:
            self._lock()
            self._take_up()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def write(self, entry: Entry) -> None:
        """Write an entry down. It is on disk when this returns.

        Raises:
            LedgerError: it may not be; nothing more is written then.
        """
        self._append(entry.encoded())
        self.book.take(entry)

    def close(self) -> None:
        """Let go of it."""
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

    def _take_up(self) -> None:
        """Read what is there, and cut off what a crash has torn."""
        try:
            octets = self.path.read_bytes()
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
            self._append(HEADER)
            self._sync_folder()

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
        """A new file's name is on disk only when its folder is."""
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
