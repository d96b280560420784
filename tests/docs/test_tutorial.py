"""The tutorial, followed to the letter: its files are written, its commands run, and what they print is compared."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
NOT_RUN = ("python3 -m venv .venv", ". .venv/bin/activate", "pip install .", "export ", "switchhook serve ")
"""Commands that set a machine up, or serve for good."""


class Block(NamedTuple):
    """A block of the page: its language and its text."""

    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that its first line names."""
        found = re.match(r"# ([\w/]+\.(py|toml))\n", self.text)
        return found[1] if found else None

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Each command with what it prints."""
        parts = re.split(r"^\$ (.*)\n", self.text, flags=re.MULTILINE)[1:]
        return list(zip(parts[::2], parts[1::2], strict=True))


BLOCKS = [
    Block(language, dedent(text))
    for language, text in re.findall(r"^ *```(\w+)\n(.*?)^ *```", PAGE, flags=re.DOTALL | re.MULTILINE)
]


def test_who_follows_the_tutorial_sees_what_it_shows(tmp_path: Path) -> None:
    shown = [each for block in BLOCKS for each in block.commands if not each[0].startswith(NOT_RUN)]
    assert len(shown) > 12
    for (command, expected), printed in zip(shown, follow(tmp_path), strict=True):
        assert timeless(printed) == timeless(expected), command


def follow(folder: Path) -> list[str]:
    """What the commands print, run in a folder where the reader would have run them."""
    steps: list[tuple[str | None, str]] = []
    for block in BLOCKS:
        commands = [command for command, _ in block.commands if not command.startswith(NOT_RUN)]
        steps += [(block.file, block.text)] if block.file else [(None, command) for command in commands]
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("SWITCHHOOK_", "TWILIO_"))}
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {"PATH": programs, "COLUMNS": "80", "PYTHONUTF8": "1", "PYTEST_ADDOPTS": "-p no:asyncio"}
    words = [sys.executable, str(Path(__file__).with_name("follow.py"))]
    done = subprocess.run(  # noqa: S603 - the page's own commands
        words,
        input=json.dumps(steps),
        cwd=folder,
        env=outside | own,
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    told: list[str] = json.loads(done.stdout)
    return told


def test_every_block_of_the_tutorial_is_a_file_or_commands() -> None:
    assert all(block.file or block.commands for block in BLOCKS)
    silent = [command for block in BLOCKS for command, printed in block.commands if not printed]
    assert all(command.startswith(NOT_RUN) for command in silent), silent


@pytest.mark.parametrize("command", NOT_RUN)
def test_commands_that_are_not_run_are_in_the_tutorial(command: str) -> None:
    assert f"$ {command}" in PAGE


def timeless(text: str) -> str:
    """A text without what differs each time: milliseconds, seconds of a test run, ports."""
    return re.sub(r"\d+ ms|in \d+\.\d+s|127\.0\.0\.1:\d+", "…", text).strip()
