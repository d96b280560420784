"""`switchhook dial`: the softphone in the terminal, by script and by hand."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import doctest
import os
import pty
import signal
import subprocess
from importlib import import_module
from unittest.mock import ANY

import pytest

from tests.runtime.commands.conftest import SWITCHHOOK
from tests.wire import TOKEN

NESTED = """
    recipe = [
        Gather([Say("Main menu.")], num_digits=1, after_ext=[
            ResponseExt("1", "sales", [Say("Sales."), Dial("+441314960123"), Say("Bye.")]),
            ResponseExt("2", "more", [
                Gather([Say("Extension?")], input="dtmf speech", after_ext=[
                    ResponseExt("23", "23", [Say("Twenty-three.")], speech=["twenty three"]),
                    RepeatExt(),
                ]),
            ]),
            DefaultExt("nobody", [Say("Nobody.")]),
        ]),
    ]
"""


@pytest.fixture
def nested(folder, monkeypatch):
    folder["nested"] = NESTED
    monkeypatch.setenv("SWITCHHOOK_RECIPES", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    return folder


@pytest.fixture
def dialled():
    """Run `dial` beside the loop that answers it: its exit code, what it printed, and its complaints."""

    async def dialled(*args: object) -> tuple[int, str, str]:
        process = await asyncio.create_subprocess_exec(
            SWITCHHOOK,
            "dial",
            *map(str, args),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), 40)
        assert b"Traceback" not in out + err
        return process.returncode, out.decode(), err.decode()

    return dialled


def said(output: str) -> list[str]:
    return [line.strip().removeprefix("“ ") for line in output.splitlines() if line.strip().startswith("“")]


# --- a recipe ------------------------------------------------------------------------------------


def test_a_whole_call(run_process):
    """No account is needed, nor a token, nor a free port."""
    done = run_process("dial", "menu_with_default", "--press", "1")

    lines = [line.partition("  ")[0] if not line.startswith(" ") else line for line in done.stdout.splitlines()]
    assert (done.returncode, done.stderr) == (0, "")
    assert lines == [
        "☎ +14155550100 → +14155550199",
        "→ POST /menu_with_default",
        "    “ Press 1 for PRAISE. Press 2 for ABUSE. Do nothing for A SLAGGING",
        "    # 1",
        "→ POST /menu_with_default/1?step=1",
        "    “ My you are looking swish",
        "■ the application ends the call (Hangup)",
        "↗ POST /menu_with_default",
    ]


def test_without_a_token_of_one_s_own(run_process, monkeypatch):
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", "https://ivr.example.com/twilio")

    done = run_process("dial", "say_one_thing")

    assert (done.returncode, said(done.stdout)) == (0, ["yowza"])


@pytest.mark.parametrize(
    ("script", "heard"),
    [
        (["--press", "2", "--press", "23#"], ["Main menu.", "Extension?", "Twenty-three."]),
        (["--press=2", "--say", "twenty three"], ["Main menu.", "Extension?", "Twenty-three."]),
        (
            ["--press", "2", "--silence", "--press", "9#", "--say=twenty three"],
            ["Main menu.", *["Extension?"] * 3, "Twenty-three."],
        ),
        (["--silence", "--press", "1"], ["Main menu.", "Nobody."]),
        (["--press", "1", "--answer", "busy"], ["Main menu.", "Sales.", "Bye."]),
        (["--press", "1", "--hang-up"], ["Main menu.", "Sales."]),
        (["--hang-up"], ["Main menu."]),
        ([], ["Main menu.", "Nobody."]),
    ],
    ids=" ".join,
)
def test_a_script_is_performed_in_the_order_given(run, nested, script, heard):
    before, after = script[:2], script[2:]
    if before and "=" not in before[0] and not before[0].startswith(("--silence", "--hang-up")):
        result = run("dial", *before, "nested", *after)
    else:
        result = run("dial", "nested", *script)

    assert result.exit_code == 0, result.output
    assert said(result.stdout) == heard


def test_who_calls_whom(run, nested):
    nested["who"] = "def recipe(call): return [Say(f'{call.from_} calls {call.to}')]"

    result = run("dial", "who", "--from", "client:jane", "--to", "+441314960777")

    assert said(result.stdout) == ["client:jane calls +441314960777"]


def test_the_settings_reach_the_recipe(run, nested, tmp_path):
    nested["who"] = "def recipe(call): return [Say(call.settings['who'])]"
    (tmp_path / "house.toml").write_text(
        "default_recipe = 'nested'\n[numbers]\n'+441314960111' = 'nested'\n[settings]\nwho = 'Jane'\n"
    )

    result = run("dial", "who", "--config", "house.toml")

    assert (result.exit_code, said(result.stdout)) == (0, ["Jane"])


def test_a_callout_that_fails_is_told_in_the_log_and_the_apology_is_heard(run_process, nested):
    nested["wrong"] = "def recipe(call): raise ValueError('no such hours')"

    process = subprocess.run(  # noqa: S603 - it is ours
        [SWITCHHOOK, "dial", "wrong"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False
    )

    assert said(process.stdout) == ["We are sorry, something went wrong. Please call again later."]
    assert process.stderr.splitlines()[-1] == "the call failed: wrong:recipe raised ValueError: no such hours"
    assert process.returncode == 1


def test_a_subscribed_function_that_fails_is_told_after_the_call(run_process, nested):
    nested["untold"] = """
        def note(webhook, call): raise ValueError(f"no {webhook.call_status} here")
        def greet(call): return [Say("hello")], [("status", note), ("completion", note)]
        recipe = [FunctionExt("greet", fn=greet)]
    """

    done = run_process("dial", "untold")

    assert (done.returncode, said(done.stdout)) == (1, ["hello"])
    why = "untold:note raised ValueError: no completed here"
    assert {line for line in done.stderr.splitlines() if line.startswith("a subscribed")} == {
        f"a subscribed function failed: {event}: {why}" for event in ("status", "completion")
    }


def test_a_subscribed_function_is_told_before_dial_ends(run_process, nested, tmp_path):
    nested["told"] = f"""
        def note(webhook, call): open({str(tmp_path / "told")!r}, "w").write(call.status)
        subscriptions = [("completion", note)]
        recipe = [Say("hello")]
    """

    done = run_process("dial", "told")

    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "told").read_text() == "completed"


@pytest.mark.parametrize("script", [[], ["--press", "1"]], ids=["by hand", "by script"])
def test_a_recipe_that_answers_messages_alone_is_not_dialled(run_process, script):
    done = run_process("dial", "text_back", *script)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "text_back: takes no calls: it answers messages alone, by its `reply`; give it a `recipe`, or call another\n"
    )


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (["nonesuch"], 2, "nonesuch: there is no such recipe in /"),
        (["nestd"], 2, "nestd: there is no such recipe; did you mean nested?\n"),
        (["nested", "--press", "x"], 2, "a phone has the keys 0123456789*#ABCD; it can't press 'x'"),
        (["nested", "--press", ""], 2, "it can't press ''"),
        (["nested", "--press"], 2, "Option '--press' requires an argument"),
        (
            ["nested", "--answer", "maybe"],
            2,
            "an answer is completed, busy, no-answer, failed, canceled, human, machine, machine_start, ",
        ),
        (["nested", "--pres", "1"], 2, "No such option"),
        (["nested", "1"], 2, "unexpected extra argument"),
        ([], 2, "Missing argument 'RECIPE|URL'"),
        (["--recipes", "nonesuch", "x"], 2, "nonesuch: is neither a folder nor a package of recipes"),
    ],
)
def test_a_mistake(run, nested, args, code, says):
    result = run("dial", *args)

    assert result.exit_code == code
    assert says in result.stderr
    assert result.stdout == ""


# --- a URL ---------------------------------------------------------------------------------------


async def test_a_daemon_s_url(serve, nested, dialled):
    daemon = await serve(nested)

    code, out, err = await dialled(f"{daemon.url}/nested", "--press", "1")

    assert (code, said(out), err) == (0, ["Main menu.", "Sales.", "Bye."], "")
    assert daemon.status()["calls"]["completed"] == 1


@pytest.mark.parametrize("path", ["", "/twilio/voice"])
async def test_a_daemon_s_own_url_is_signed_as_twilio_knows_it(serve, nested, dialled, monkeypatch, path):
    daemon = await serve(nested, public_url=f"https://ivr.example.com{path}")
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", f"https://ivr.example.com{path}")

    code, out, err = await dialled(f"{daemon.url}/nested", "--press", "1")

    assert (code, said(out)) == (0, ["Main menu.", "Sales.", "Bye."])
    assert err == f"signed as https://ivr.example.com{path}/nested, by public_url\n"
    assert daemon.status()["calls"]["completed"] == 1


@pytest.mark.parametrize("public_url", ["", "{}", "{}/"])
async def test_a_url_that_twilio_knows_is_signed_as_it_is(serve, nested, dialled, monkeypatch, public_url):
    daemon = await serve(nested)
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", public_url.format(daemon.url))

    assert await dialled(f"{daemon.url}/nested", "--hang-up") == (0, ANY, "")


async def test_a_wrong_token_is_told_clearly(serve, nested, dialled, monkeypatch):
    daemon = await serve(nested)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "not " + TOKEN)

    code, out, _ = await dialled(f"{daemon.url}/nested", "--press", "1")

    assert code == 1
    assert f"{daemon.url}/nested answered 403" in out


async def test_a_url_that_is_no_recipe(serve, nested, dialled):
    daemon = await serve(nested)

    code, out, _ = await dialled(f"{daemon.url}/nonesuch")

    assert code == 1
    assert "answered 404" in out


async def test_a_url_where_nobody_listens(dialled):
    code, out, err = await dialled("http://127.0.0.1:1/nested")

    assert code == 1
    assert "can't connect" in out
    assert err == "http://127.0.0.1:1/nested: nobody has answered there; is the daemon running?\n"


@pytest.mark.parametrize("whom", ["127.0.0.1:8080/desk", "localhost:8080", "ftp://x/desk", "shop/desk.py"])
def test_what_is_neither_a_recipe_nor_a_url(run, whom):
    result = run("dial", whom)

    assert result.exit_code == 2
    assert f"{whom!r} is no recipe's name, and no URL: that begins with http:// or https://" in result.stderr


@pytest.mark.parametrize("url", ["http://", "https:///menu", "http://[::1", "http://x:99999/", "http://x:0/"])
def test_a_url_that_is_none(run, url):
    result = run("dial", url)

    assert result.exit_code == 2
    assert f"{url!r} is not a URL to request" in result.stderr
    assert result.stdout == ""


def test_the_example_of_a_url_that_twilio_knows_otherwise():
    assert doctest.testmod(import_module("runtime.commands.dial")) == (0, 1)


@pytest.mark.parametrize("public_url", ["", "https://ivr.example.com"])
async def test_an_unsigned_daemon_needs_no_token(serve, folder, dialled, monkeypatch, public_url):
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    monkeypatch.setenv("SWITCHHOOK_PUBLIC_URL", public_url)
    folder["menu"] = "recipe = [Say('hello')]"
    daemon = await serve(folder, auth_token="", unsigned=True)

    code, out, err = await dialled(f"{daemon.url}/menu")

    assert code == 0
    assert "hello" in out
    assert err == "no auth_token: signed with none, for a daemon that is --unsigned; others refuse it\n"


async def test_who_is_refused_sees_why(serve, folder, dialled, monkeypatch):
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "another")
    folder["menu"] = "recipe = [Say('hello')]"
    daemon = await serve(folder)

    code, out, _ = await dialled(f"{daemon.url}/menu")

    assert code == 1
    assert f"X-Twilio-Signature is not that of {daemon.url}/menu; check auth_token and public_url" in out


# --- by hand -------------------------------------------------------------------------------------


class Terminal:
    """A terminal with `dial` in it: what it shows is read until something stands there, what is typed is sent."""

    def __init__(self, *args: str) -> None:
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(  # noqa: S603 - it is ours
            [SWITCHHOOK, "dial", *args], stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
        )
        os.close(theirs)
        self.shown = ""
        self._seen = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def until(self, text: str) -> None:
        """Read until `text` is shown after what was waited for before. The test's own timeout bounds it."""
        while (at := self.shown.find(text, self._seen)) < 0:
            self.shown += self._decoder.decode(os.read(self._ours, 4096))
        self._seen = at + len(text)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def end(self) -> int:
        """Read what is left; the exit code."""
        with contextlib.suppress(OSError):  # which is how a terminal ends
            while more := os.read(self._ours, 4096):
                self.shown += self._decoder.decode(more)
        return self.process.wait(10)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
        os.close(self._ours)


@pytest.fixture
def terminal(nested):
    opened = []

    def open_one(*args: str) -> Terminal:
        opened.append(Terminal(*args))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.mark.timeout(30)
def test_a_call_by_hand(terminal):
    phone = terminal("nested")

    phone.until("▸")
    phone.type("2\n")
    phone.until("Extension?")
    phone.until("▸")
    phone.type("?\n")
    phone.until("press keys")
    phone.until("▸")
    phone.type('"twenty three\n')
    code = phone.end()

    assert code == 0
    assert "Twenty-three." in phone.shown
    assert "Traceback" not in phone.shown


@pytest.mark.timeout(30)
@pytest.mark.parametrize("how", ["h\n", "\x03", "\x04"], ids=["h", "Ctrl-C", "Ctrl-D"])
def test_hanging_up_by_hand(terminal, how):
    phone = terminal("nested")

    phone.until("▸")
    if how == "\x03":
        phone.process.send_signal(signal.SIGINT)
    else:
        phone.type(how)
    code = phone.end()

    assert code == 0
    assert "the caller hangs up" in phone.shown
    assert "Traceback" not in phone.shown


@pytest.mark.timeout(30)
async def test_ctrl_c_in_a_scripted_call_hangs_up(latch, folder):
    process = await asyncio.create_subprocess_exec(
        SWITCHHOOK,
        *("dial", "latched", "--recipes", str(folder), "--press", "1"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    await asyncio.wait_for(latch.begun.wait(), 30)

    process.send_signal(signal.SIGINT)
    latch.release.set()
    out, err = await asyncio.wait_for(process.communicate(), 40)

    assert process.returncode == 130
    assert b"Traceback" not in out + err
    assert "the caller hangs up" in out.decode()
