"""The benchmarks run, made small, and what they measure is what they say. Their figures are for `make bench`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

    from tests.postgres import Elsewhere, Server

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(name: str, *arguments: str) -> str:
    """What a benchmark prints."""
    command = [sys.executable, str(BENCHMARKS / name), *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 - our own file
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_language_is_measured_beside_the_sdk_and_a_program_answers_faster() -> None:
    """With room for a busy machine."""
    printed = run("language.py", "--quick")
    ratios = re.findall(r"^.{20}  (\S.{26}) .* ([\d.]+)x  ", printed, re.MULTILINE)
    assert len(ratios) == 4 * 6, printed
    steps = [float(ratio) for name, ratio in ratios if name.startswith("a new machine")]
    assert len(steps) == 4
    assert min(steps) > 2, printed
    assert re.search(r"^5,\d{3} states", printed, re.MULTILINE), printed


def test_each_journal_is_measured_and_no_open_call_is_lost_by_a_kill(
    postgres_server: Server | Elsewhere, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SWITCHHOOK_TEST_POSTGRES", postgres_server.url)
    small = ("--calls", "20", "--rounds", "1", "--open", "200", "--folder", str(tmp_path))

    printed = run("durability.py", *small)

    journals = re.findall(r"^(bare|memory:|sqlite:///|postgresql://)(?: +[\d,.]+){6}$", printed, re.MULTILINE)
    assert journals == ["bare", "memory:", "sqlite:///", "postgresql://"], printed
    assert re.findall(r"^(none|asleep|awake)(?: +[\d,.]+){5}$", printed, re.MULTILINE) == ["none", "asleep", "awake"]
    assert "200 of 200 open calls are listed" in printed
    assert re.search(r"^wrong answers to 200 open calls +0\.00 +at most 0 +holds$", printed, re.MULTILINE), printed
    assert not list(tmp_path.iterdir())
