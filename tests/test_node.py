"""Servers for Node: installed whole or not at all, told of when they fail, and gone when their block ends."""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests import node

if TYPE_CHECKING:
    from pathlib import Path

SERVER = """
const server = require("net").createServer((socket) => socket.end());
server.listen(Number(process.argv[2]), "127.0.0.1");
"""


@pytest.fixture
def script(tmp_path: Path):
    """A server's file."""

    def script(text: str) -> str:
        (tmp_path / "server.js").write_text(text)
        return str(tmp_path / "server.js")

    return script


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
    monkeypatch.setattr(node, "INSTALLATION", 0.001)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))

    with pytest.raises(node.NoNodeError, match=r"npm ci took more than 0\.001 s"):
        node.installed()

    assert list((tmp_path / "node").iterdir()) == []


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
