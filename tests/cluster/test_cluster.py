"""`make cluster` shows what it says, fails when there is nothing to show, and leaves nothing behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from tests.cluster.__main__ import show

COMMAND = [sys.executable, "-m", "tests.cluster"]
ROOT = Path(__file__).parents[2]


def test_the_call_goes_on_at_the_other_daemon_and_each_webhook_says_who_answered_it() -> None:
    done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stdout + done.stderr

    before, killed, after = re.split(r"^✂ kill -9 \d+ +(\w+)$", done.stdout, flags=re.MULTILINE)

    assert re.findall(r"^→ .* 200 +(\w+)", before, re.MULTILINE) == ["one", "two"]
    assert killed == "two"
    assert re.findall(r"^[→↗] .* 200 +(\w+)", after, re.MULTILINE) == ["one"] * 3
    assert "“ 3 copies are on their way. Goodbye." in after


async def test_without_a_common_journal_the_caller_notices_and_the_exit_code_says_so(tmp_path, capsys) -> None:
    assert await show("memory:", str(tmp_path)) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("the caller noticed")


def test_ctrl_c_ends_all_of_it() -> None:
    with subprocess.Popen(COMMAND, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        assert "proxy" in "".join(iter(process.stdout.readline, "\n"))
        began = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130

    assert len(began) > 2
    assert not psutil.wait_procs(began, timeout=30)[1]
