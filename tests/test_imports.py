"""What importing a part of Switchhook brings along."""

from __future__ import annotations

import subprocess
import sys


def imported_with(module: str) -> set[str]:
    """All modules that there are once a fresh process has imported one."""
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - it is ours
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


def test_the_rest_client_brings_no_settings_no_journals_and_no_supervisor() -> None:
    found = imported_with("runtime.twilio")

    assert "runtime.twilio.client" in found
    assert found & {"supervisor", "runtime.journals", "runtime.settings", "pydantic", "pydantic_settings"} == set()
