"""What importing a part of Switchhook brings along, and that whoever installs it has all of that."""

from __future__ import annotations

import ast
import itertools
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
FLOORS = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


def imported_with(module: str) -> set[str]:
    """All modules that there are once a fresh process has imported one."""
    script = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - it is ours
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


def imported_in(source: str) -> set[str]:
    """The packages that a file's text imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(source)))
    names = {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names}
    names |= {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    return {name.partition(".")[0] for name in names}


def distributions(names: Iterable[str]) -> set[str]:
    """Names of distributions, or requirements of them, as they are compared: `PyJWT` and `pyjwt>=2.9` are one."""
    return {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", name)[0]).lower() for name in names}


def test_the_rest_client_brings_no_settings_no_journals_and_no_supervisor() -> None:
    found = imported_with("runtime.twilio")

    assert "runtime.twilio.client" in found
    assert found & {"supervisor", "runtime.journals", "runtime.settings", "pydantic", "pydantic_settings"} == set()


def test_what_the_floors_import_is_what_is_declared_no_less_and_no_more() -> None:
    files = [path for floor in FLOORS for path in (ROOT / floor).rglob("*.py")]
    assert len(files) > 200
    imported = set[str]().union(*(imported_in(path.read_text(encoding="utf-8")) for path in files))
    installed = packages_distributions()
    foreign = {each for name in imported - sys.stdlib_module_names - {*FLOORS} for each in installed[name]}

    optional = PYPROJECT["project"]["optional-dependencies"].values()
    declared = itertools.chain(PYPROJECT["project"]["dependencies"], *optional)
    assert distributions(foreign) == distributions(declared)
