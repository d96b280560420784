"""The page about running it: its units are what systemd takes, and say what the daemon takes."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import settings
from runtime.commands import main
from runtime.daemon import MARGIN

PAGE = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")
UNITS = dict(re.findall(r"^```ini\n# /etc/systemd/system/(\S+)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE))
TWILIOS_PATIENCE = 15
"""Seconds that Twilio waits for an answer."""


def parsed(unit: str) -> dict[tuple[str, str], list[str]]:
    """What a unit says: the values of each section's keys, in order (systemd.syntax(7))."""
    found: dict[tuple[str, str], list[str]] = {}
    section = ""
    for line in filter(None, UNITS[unit].splitlines()):
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            section = heading[1]
        else:
            key, value = re.fullmatch(r"([A-Z]\w+)=(.*)", line).groups()  # type: ignore[union-attr]
            found.setdefault((section, key), []).append(value)
    return found


def the(unit: str, section: str, key: str) -> str:
    """The one value of a key."""
    [value] = parsed(unit)[section, key]
    return value


def test_there_are_a_service_and_its_socket() -> None:
    assert list(UNITS) == ["switchhook.service", "switchhook.socket"]
    assert the("switchhook.socket", "Socket", "FileDescriptorName") == "switchhook"
    assert the("switchhook.service", "Unit", "Requires") == "switchhook.socket"
    assert the("switchhook.service", "Service", "Type") == "notify"


def test_what_the_service_sets_are_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    given = dict(each.split("=", 1) for each in parsed("switchhook.service")["Service", "Environment"])
    ours = {name.removeprefix("SWITCHHOOK_").lower(): value for name, value in given.items() if "SWITCHHOOK_" in name}
    for name, value in given.items():
        monkeypatch.setenv(name, value)

    chosen = settings.load()

    assert {"journal", "drain_seconds"} == ours.keys() <= chosen.model_fields_set
    assert chosen.journal.startswith(f"sqlite:////var/lib/{the('switchhook.service', 'Service', 'StateDirectory')}/")
    assert chosen.drain_seconds + MARGIN < int(the("switchhook.service", "Service", "TimeoutStopSec"))
    assert chosen.drain_seconds < TWILIOS_PATIENCE
    assert the("switchhook.socket", "Socket", "ListenStream") == f"{chosen.host}:{chosen.port}"


def test_what_it_runs_is_a_command() -> None:
    path, *words = shlex.split(the("switchhook.service", "Service", "ExecStart"))
    command = main.make_context(Path(path).name, list(words))

    _, serve, args = main.resolve_command(command, words)

    assert command.command_path == "switchhook"
    assert serve is not None
    assert serve.name == "serve"
    assert serve.make_context("serve", args, parent=command).params["config"] == "/etc/switchhook/switchhook.toml"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_nothing_wrong_with_them(tmp_path: Path) -> None:
    for unit, text in UNITS.items():
        (tmp_path / unit).write_text(text.replace("/opt/switchhook/bin/switchhook", sys.executable), encoding="utf-8")
    words = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *(tmp_path / unit for unit in UNITS)]

    found = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - ours

    assert (found.returncode, found.stderr) == (0, "")


# --- the stand-in --------------------------------------------------------------------------------


def test_who_calls_out_without_an_account_can_do_it_as_the_page_does() -> None:
    [example] = re.findall(r"^```python\n# test_calling.py\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    module: dict[str, object] = {}
    exec(example, module)  # noqa: S102 - the page's own
    tests = [each for name, each in module.items() if name.startswith("test_") and callable(each)]
    assert len(tests) == 2
    for test in tests:
        test()
