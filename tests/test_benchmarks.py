"""The benchmark of the language runs, and measures documents that are the same. The servers' take too long for here."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LANGUAGE = Path(__file__).parents[1] / "benchmarks" / "language.py"


def test_the_language_is_measured_beside_the_sdk_and_a_program_answers_faster() -> None:
    """With room for a busy machine: the figures themselves are for `make bench`."""
    command = [sys.executable, str(LANGUAGE), "--quick"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)  # noqa: S603 - our own file
    assert run.returncode == 0, run.stderr
    ratios = re.findall(r"^.{20}  (\S.{26}) .* ([\d.]+)x  ", run.stdout, re.MULTILINE)
    assert len(ratios) == 4 * 6, run.stdout
    steps = [float(ratio) for name, ratio in ratios if name.startswith("a new machine")]
    assert len(steps) == 4
    assert min(steps) > 2, run.stdout
    assert re.search(r"^5,\d{3} states", run.stdout, re.MULTILINE), run.stdout
