"""The command starts without what it doesn't need, and Ctrl-C ends it quietly while it starts, wherever it is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from threading import Thread

import click
import pytest

from runtime import ctrl_c
from runtime.commands import main
from runtime.commands.group import OnDemand
from runtime.ctrl_c import as_usual, at_once
from tests.runtime.commands.conftest import SWITCHHOOK, end

HEAVY = {
    *("aiohttp", "asyncio", "asyncpg", "jwt", "lxml", "orjson", "phonenumbers", "pydantic", "pydantic_settings"),
    *("pykka", "rich", "sqlite3", "structlog", "twilio", "uvloop", "yarl"),
    *("actors", "recipes", "supervisor", "twiml"),
}
IMPORTED = """
import json, sys

before = set(sys.modules)
from runtime.entry_point import main

try:
    main(sys.argv[1:])
finally:
    print(json.dumps(sorted(set(sys.modules) - before)), file=sys.stderr)
"""


@pytest.fixture
def imported():
    """What the command has imported by its end."""

    def imported(*words: str) -> set[str]:
        done = subprocess.run(  # noqa: S603 - it is ours
            [sys.executable, "-c", IMPORTED, *words], capture_output=True, text=True, timeout=60, check=False
        )
        return set(json.loads(done.stderr.splitlines()[-1]))

    return imported


@pytest.mark.parametrize("words", [("--help",), ("-h",), (), ("--version",), ("srve",)], ids=" ".join)
def test_what_needs_no_command_imports_click_alone(imported, words):
    found = imported(*words)

    assert {each.partition(".")[0] for each in found} & HEAVY == set()
    assert {each.partition(".")[0] for each in found} - sys.stdlib_module_names == {"click", "runtime"}
    assert {each for each in found if each.startswith("runtime.")} == {
        *("runtime.commands", "runtime.commands.cli", "runtime.commands.group"),
        *("runtime.ctrl_c", "runtime.entry_point", "runtime.errors"),
    }


@pytest.mark.parametrize(
    ("words", "spared"),
    [
        (("token", "--help"), {"runtime.softphone", "runtime.daemon", "runtime.web", "asyncpg"}),
        (("status", "--help"), {"runtime.softphone", "runtime.daemon", "runtime.web", "runtime.twilio", "asyncpg"}),
        (("check", "--help"), {"runtime.softphone", "runtime.daemon", "runtime.web", "aiohttp", "asyncpg"}),
    ],
    ids=["token", "status", "check"],
)
def test_a_command_imports_none_of_the_others(imported, words, spared):
    found = imported(*words)
    commands = {f"runtime.commands.{name.replace('-', '_')}" for name in main.commands}

    assert found & commands == {f"runtime.commands.{words[0]}"}
    assert found & spared == set()


def test_a_command_is_the_same_each_time_it_is_asked_for():
    found = OnDemand("runtime.commands", ["dead-letters"])

    assert found["dead-letters"] is found["dead-letters"] is main.commands["dead-letters"]


# --- Ctrl-C, from within: at each of some imports -------------------------------------------------

INTERRUPTED = """
import os, signal, sys, weakref

at, how = int(sys.argv[1]), sys.argv[2]

class Something:
    pass

def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)

def in_a_callback():
    something = Something()
    reference = weakref.ref(something, interrupt)
    del something

def in_a_hook():
    type("Anything", (), {"member": type("Member", (), {"__set_name__": interrupt})()})

class Interrupting:
    imports = 0

    def find_spec(self, name, path=None, target=None):
        self.imports += 1
        if self.imports == at:
            {"plainly": interrupt, "in a callback": in_a_callback, "in a hook": in_a_hook}[how]()

sys.meta_path.insert(0, Interrupting())
from runtime.entry_point import main

try:
    main(sys.argv[3:])
finally:
    if not at:
        print(sys.meta_path[0].imports)
"""
"""Python ignores an exception in the callback of a weak reference, and says so; of one in a hook it makes another."""
COMMAND = ("status", "--url", "http://127.0.0.1:1")
OURS = 3
"""The first import that is ours to mind: before it Python looks for the package and for the entry point."""
MOMENTS = 8


def interrupted(at: int, how: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - it is ours
        [sys.executable, "-c", INTERRUPTED, str(at), how, *COMMAND],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture(scope="module")
def imports() -> int:
    """How many things the command looks for."""
    done = interrupted(0, "plainly")
    assert done.returncode == 1
    return int(done.stdout)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_while_it_imports_ctrl_c_ends_it_with_130_and_not_a_word(imports, moment):
    at = OURS + moment * (imports * 9 // 10 - OURS) // MOMENTS

    done = interrupted(at, "plainly")

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


@pytest.mark.parametrize("how", ["in a callback", "in a hook"])
@pytest.mark.parametrize("part", [10, 2])
def test_so_it_does_where_python_would_lose_an_exception(imports, how, part):
    done = interrupted(imports // part, how)

    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


# --- Ctrl-C, from without ------------------------------------------------------------------------


async def starting(*words: str) -> asyncio.subprocess.Process:
    """A process that tells of each import, on standard error, once it is done."""
    return await asyncio.create_subprocess_exec(
        *words,
        env={**os.environ, "PYTHONPROFILEIMPORTTIME": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    "module",
    ["ctrl_c", "click", "group", "cli", "entry_point", "structlog", "logs", "settings", "webhook"],
)
async def test_ctrl_c_at_a_terminal_ends_it_with_130_and_not_a_word(module):
    """The command reads what never comes, so it can't end before."""
    process = await starting(SWITCHHOOK, "webhook", "-")
    try:
        async with asyncio.timeout(20):
            line = b"import time:"
            while line.startswith(b"import time:") and line.split()[-1].decode().rpartition(".")[2] != module:
                line = await process.stderr.readline()
            assert line.startswith(b"import time:")
            process.send_signal(signal.SIGINT)
            code, out, rest = await asyncio.gather(process.wait(), process.stdout.read(), process.stderr.read())
    finally:
        await end(process)

    assert (code, out) == (130, b"")
    assert [line for line in rest.splitlines() if not line.startswith(b"import time:")] == []


async def test_of_a_process_that_ignores_it_it_is_still_ignored():
    """A shell starts what it runs in the background so."""
    starts = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    process = await starting(sys.executable, "-c", starts, SWITCHHOOK, "webhook", "-")
    try:
        async with asyncio.timeout(20):
            while not (line := await process.stderr.readline()).rstrip().endswith(b"runtime.ctrl_c"):
                assert line
            process.send_signal(signal.SIGINT)
            out, _ = await process.communicate(b"CallSid=CA1&Digits=1")
    finally:
        await end(process)

    assert process.returncode == 0
    assert out.startswith(b"kind: gather_response")


# --- how it is taken, and given back -------------------------------------------------------------


@pytest.fixture
def handler():
    """What SIGINT does now; at first, as in a process that has just begun, it interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield lambda: signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("module", "left"), [("runtime.commands", True), ("runtime.entry_point", False)])
def test_the_entry_point_takes_it_and_the_commands_themselves_do_not(module, left):
    told = "import signal, sys; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    done = subprocess.run(  # noqa: S603 - it is ours
        [sys.executable, "-c", f"import {module}; {told}"], capture_output=True, text=True, timeout=60, check=True
    )

    assert done.stdout.split() == [str(left)]


def test_it_is_given_back_before_a_command_runs_and_when_all_is_done(run, handler):
    seen = []
    main.add_command(click.Command("look", callback=lambda: seen.append(handler())))
    try:
        run("look")
    finally:
        del main.commands["look"]

    assert seen == [signal.default_int_handler]
    run("--help")
    assert handler() is signal.default_int_handler


def test_it_is_given_back_whatever_happens(handler):
    def fail():
        with at_once():
            assert handler() is ctrl_c._leave
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert handler() is signal.default_int_handler


def test_a_program_s_own_way_with_it_is_left_alone(handler):
    def own(*_):
        """Of a program that has the command within it."""

    signal.signal(signal.SIGINT, own)

    with at_once():
        assert handler() is own
        as_usual()
        assert handler() is own
    assert handler() is own


def test_on_another_thread_there_is_nothing_to_take(handler):
    seen = []

    def elsewhere():
        with at_once():
            seen.append(handler())

    thread = Thread(target=elsewhere)
    thread.start()
    thread.join(10)
    assert seen == [signal.default_int_handler]
