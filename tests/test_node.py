"""Servers for Node: installed whole or not at all, told of when they fail, and gone when their block ends."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests import node

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
SERVER = """
const server = require("net").createServer((socket) => socket.end());
server.listen(Number(process.argv[2]), "127.0.0.1");
"""

AT_THE_SECOND_TRY = """
import os, pathlib
cache = pathlib.Path(os.environ["npm_config_cache"])
if not cache.is_dir():
    cache.mkdir()
    raise SystemExit("npm error the registry is away")
pathlib.Path("node_modules").mkdir()
"""
"""A program in npm's place that needs what it has kept."""


@pytest.fixture
def script(tmp_path: Path):
    """A server's file."""

    def script(text: str) -> str:
        (tmp_path / "server.js").write_text(text)
        return str(tmp_path / "server.js")

    return script


@pytest.fixture
def npm(tmp_path: Path, monkeypatch) -> Callable[[str], Path]:
    """Have a program stand in for npm; gives the prefix it installs below."""

    def npm(program: str) -> Path:
        (tmp_path / "npm.py").write_text(program)
        monkeypatch.setattr(node, "_node", lambda: (sys.executable, str(tmp_path / "npm.py")))
        monkeypatch.setattr(sys, "prefix", str(tmp_path / "prefix"))
        (tmp_path / "prefix").mkdir()
        return tmp_path / "prefix"

    return npm


def is_listening(url: str) -> bool:
    parts = urlsplit(url)
    with socket.socket() as sock:
        return sock.connect_ex((parts.hostname, parts.port)) == 0


def test_what_is_installed_is_installed_once():
    first = node.installed()
    made = first.stat().st_ctime_ns

    assert node.installed() == first
    assert first.stat().st_ctime_ns == made
    assert {each.name for each in first.iterdir()} >= {"@stoplight", "emulate"}


def test_nothing_is_left_of_what_could_not_be_installed(tmp_path, monkeypatch):
    for name in ("package.json", "package-lock.json"):
        (tmp_path / name).write_text('{"name": "x", "dependencies": {"nothing-of-that-name": "1.0.0"}}')
    monkeypatch.setattr(node, "WANTED", tmp_path)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(node.NoNodeError, match=r"npm ci has failed: (.|\n)*lock"):
        node.installed()

    assert list((tmp_path / "node").iterdir()) == []


def test_an_installation_that_takes_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(node.NoNodeError, match=r"npm ci took more than 0\.001 s"):
        node.installed(0.001)

    assert list((tmp_path / "node").iterdir()) == []


def test_an_installation_that_takes_too_long_is_told_of_with_what_npm_said(npm):
    npm("import threading\nprint('npm http fetch GET …', flush=True)\nthreading.Event().wait(60)")

    with pytest.raises(node.NoNodeError, match=r"took more than 2 s: (.|\n)*\nnpm http fetch GET …"):
        node.installed(2)


def test_an_installation_that_fails_goes_on_at_its_next_try_with_what_npm_has_kept_in_the_environment(npm):
    prefix = npm(AT_THE_SECOND_TRY)

    assert node.installed(tries=2).is_dir()
    assert {each.name for each in prefix.iterdir()} == {"node", "npm"}


def test_an_installation_is_tried_no_oftener_than_it_may(npm):
    npm(AT_THE_SECOND_TRY)

    with pytest.raises(node.NoNodeError, match="npm ci has failed: npm error the registry is away"):
        node.installed()


@pytest.mark.parametrize(("servers", "installed"), [("false", False), ("true", True)])
def test_make_runs_the_tests_whether_or_not_the_servers_can_be_installed(tmp_path, servers, installed):
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "run: $*"\n[ "$2" = pytest ] || {servers}\n')
    python.chmod(0o755)
    for done in (".pip", ".run", ".test"):
        (tmp_path / done).touch()
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}

    done = subprocess.run(  # noqa: S603 - the Makefile is ours
        ["make", "test", f"VENV={tmp_path}"],  # noqa: S607 - the make that is used
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if line.startswith("run: ")] == [
        "run: -m tests.node",
        "run: -m pytest",
    ]
    assert (tmp_path / ".node").exists() == installed


def test_there_is_no_node(monkeypatch):
    monkeypatch.setattr(node.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(node.NoNodeError, match="there is no Node: pip install --group test"), node.serving("x", str):
        pytest.fail("it can't run")


def test_a_server_listens_in_its_block_and_not_after_it(script):
    with node.serving(script(SERVER), lambda port: [str(port)]) as url:
        during = is_listening(url)

    assert (during, is_listening(url)) == (True, False)


def test_a_server_ends_with_a_block_that_fails(script):
    with pytest.raises(KeyError), node.serving(script(SERVER), lambda port: [str(port)]) as url:
        raise KeyError

    assert not is_listening(url)


def test_a_server_that_ends_at_once_is_told_of_with_what_it_said(script):
    with (
        pytest.raises(node.NoNodeError, match=r"server\.js doesn't listen: (.|\n)*no such thing"),
        node.serving(script('throw new Error("no such thing")'), lambda port: [str(port)]),
    ):
        pytest.fail("it doesn't run")


def test_a_server_that_never_listens_is_waited_for_no_longer_than_it_may(script, monkeypatch):
    monkeypatch.setattr(node, "START", 0.2)

    with (
        pytest.raises(node.NoNodeError, match="doesn't listen"),
        node.serving(script("setInterval(() => {}, 1000)"), lambda port: [str(port)]),
    ):
        pytest.fail("it doesn't listen")
