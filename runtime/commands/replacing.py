"""The file that a command writes: what stood there before is replaced by the whole of it, or stays."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import click

from runtime.errors import SwitchhookError


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """What is written here takes the place of a file in the end, if nothing was raised until then.

    It is written beside the file, so the folder must be writable. `-` is standard output; that, a pipe and a device
    have it at once. Raises `SwitchhookError` if it can't be written.
    """
    if str(path) == "-":
        with click.open_file("-", "w", encoding="utf-8") as file:
            yield file
            file.flush()
        return
    target = path.resolve()  # a link stays one
    try:
        whole = target.is_file() or not target.exists()
        with _beside(target) if whole else target.open("w", encoding="utf-8") as file:
            yield file
    except OSError as problem:
        raise SwitchhookError(f"{path}: can't be written: {problem.strerror}") from problem


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[IO[str]]:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("x", encoding="utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, draft)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
