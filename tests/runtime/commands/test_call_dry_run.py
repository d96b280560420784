"""`switchhook call --dry-run`: outbound calls on a laptop, without an account."""

from __future__ import annotations

import asyncio
import threading

import pytest

from runtime.catalogue import load
from runtime.rehearsal import rehearsal
from runtime.settings import Settings
from runtime.softphone import Press

TO, FROM = "+441314960123", "+441314960100"


@pytest.fixture
def call(run, monkeypatch):
    """Rehearse in this process, without a token, and without waiting a second at each look."""
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    monkeypatch.setattr("runtime.commands.call_one.EVERY", 0.02)
    return lambda *args: run("call", *args, "--from", FROM, "--dry-run")


def said(result) -> list[str]:
    return [line.partition("“ ")[2] for line in result.stdout.splitlines() if "“ " in line]


def test_a_call_is_made_answered_and_followed_to_its_end(call):
    result = call(TO, "menu_with_default", "--press", "1")

    assert result.exit_code == 0
    assert said(result)[-1] == "My you are looking swish"
    *lines, last = result.stdout.splitlines()
    [queued] = [line for line in lines if line.endswith(" queued")]
    assert last.startswith(queued.removesuffix(" queued") + " completed after ")
    assert f"{FROM} → {TO}" in result.stdout


def test_in_a_process_of_its_own(run_process, monkeypatch):
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    done = run_process("call", TO, "menu_with_default", "--from", FROM, "--dry-run", "--press", "2")

    assert (done.returncode, done.stderr) == (0, "")
    assert "What you looking at" in done.stdout


@pytest.mark.parametrize("outcome", ["busy", "no-answer", "failed"])
def test_nobody_answers(call, outcome):
    result = call(TO, "menu_with_default", "--answer", outcome)

    assert result.exit_code == 1
    assert result.stderr.endswith(f"the call was not completed: {outcome}\n")
    assert f"■ nobody answers ({outcome})" in result.stdout
    assert said(result) == []


ANSWERED = """
    def recipe(call):
        return [Say(f"it was {call.answered_by or 'nobody knows who'}")]
"""


@pytest.mark.parametrize(
    ("asked", "who"),
    [
        ((), "nobody knows who"),
        (("--machine-detection", "Enable"), "machine_start"),
        (("--machine-detection", "DetectMessageEnd"), "machine_end_beep"),
    ],
)
def test_the_recipe_knows_a_machine_if_it_was_asked_for(call, folder, asked, who):
    folder["answered"] = ANSWERED

    result = call(TO, "answered", "--recipes", folder, "--answer", "machine", *asked)

    assert (result.exit_code, said(result)) == (0, [f"it was {who}"])


def test_a_parameter_is_the_recipes(call, folder):
    folder["greet"] = "def recipe(call): return [Say('Hello ' + call.initial_params['name'])]"

    assert said(call(TO, "greet", "--recipes", folder, "--param", "name=Jane Müller")) == ["Hello Jane Müller"]


REMEMBERS = """
    def note(webhook, call):
        print("TOLD", call.status, call.initial_params["name"])
    subscriptions = [("completion", note)]
    recipe = [Say("Hello.")]
"""


@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed"])
def test_also_of_a_call_that_nobody_answers(call, folder, outcome):
    folder["remembers"] = REMEMBERS
    answer = () if outcome == "completed" else ("--answer", outcome)

    result = call(TO, "remembers", "--recipes", folder, "--param", "name=Jane Müller", *answer)

    assert f"TOLD {outcome} Jane Müller" in result.stdout.splitlines()


@pytest.mark.parametrize("outcome", ["completed", "busy", "no-answer", "failed"])
def test_and_the_columns_of_a_file_are(call, folder, tmp_path, outcome):
    folder["remembers"] = REMEMBERS
    (tmp_path / "people.csv").write_text(f"to,name\n{TO},Jane\n")
    answer = () if outcome == "completed" else ("--answer", outcome)

    result = call("remembers", "--recipes", folder, "--csv", "people.csv", *answer)

    assert f"TOLD {outcome} Jane" in result.stdout.splitlines()


def test_the_appointment_leaves_a_machine_its_message_after_the_tone(call):
    result = call(TO, "appointment", "--answer", "machine", "--machine-detection", "DetectMessageEnd")

    assert result.exit_code == 0
    assert "answered by machine_end_beep" in result.stdout
    assert not any("Press 1" in each for each in said(result))


def test_whatever_the_settings_say_of_accounts_and_places_nobody_else_is_asked(call, monkeypatch, tmp_path):
    for name, value in {
        "TWILIO_ACCOUNT_SID": "AC" + "9" * 32,
        "TWILIO_AUTH_TOKEN": "real",
        "TWILIO_API_KEY": "SK1",
        "TWILIO_API_SECRET": "real",
        "TWILIO_EDGE": "dublin",
        "SWITCHHOOK_API_URL": "http://127.0.0.1:1",
        "SWITCHHOOK_PUBLIC_URL": "https://ivr.example.com",
        "SWITCHHOOK_JOURNAL": f"sqlite:///{tmp_path}/calls.db",
    }.items():
        monkeypatch.setenv(name, value)

    assert call(TO, "menu_with_default", "--press", "1").exit_code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_recipe_that_fails_is_told(call, folder):
    folder["broken"] = "def recipe(call): raise ValueError('no')"

    result = call(TO, "broken", "--recipes", folder)

    assert result.exit_code == 1
    assert f"the call broke: {TO}: broken:recipe raised ValueError: no" in result.stderr


def test_a_recipe_that_is_not_there(call):
    result = call(TO, "menu_with_defualt")

    assert result.exit_code == 2
    assert result.stderr == "menu_with_defualt: there is no such recipe; did you mean menu_with_default?\n"
    assert result.stdout == ""


async def test_an_application_at_a_url(call, serve, folder, monkeypatch):
    folder["menu"] = "recipe = [Say('hello')]"
    daemon = await serve(folder, auth_token="s3cret")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "s3cret")

    result = await asyncio.to_thread(call, TO, f"{daemon.url}/menu")

    assert (result.exit_code, said(result)) == (0, ["hello"])
    assert daemon.status()["calls"]["started"] == 1


async def test_also_if_its_scheme_is_in_capitals(call, serve, folder, monkeypatch):
    folder["menu"] = "recipe = [Say('hello')]"
    daemon = await serve(folder, auth_token="s3cret")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "s3cret")

    result = await asyncio.to_thread(call, TO, f"{daemon.url}/menu".replace("http", "HTTP"))

    assert (result.exit_code, said(result)) == (0, ["hello"])


def test_an_application_where_nobody_listens(call):
    result = call(TO, "http://127.0.0.1:1/menu")

    assert result.exit_code == 1
    assert result.stderr == f"the call broke: {TO}: an application error was heard\n"


def test_a_number_that_twilio_would_refuse(call):
    result = call("12", "menu_with_default")

    assert result.exit_code == 1
    assert "21211" in result.stderr


def test_a_script_is_for_a_rehearsal_alone(run):
    result = run("call", TO, "menu_with_default", "--from", FROM, "--press", "1")

    assert result.exit_code == 2
    assert "--press and the like are for --dry-run" in result.stderr


def test_a_script_that_is_none(call):
    result = call(TO, "menu_with_default", "--press", "x")

    assert result.exit_code == 2
    assert "can't press 'x'" in result.stderr


def test_a_whole_file_is_rehearsed_and_nothing_of_it_written_down(call, tmp_path):
    (tmp_path / "people.csv").write_text(f"to,name\n{TO},Jane\n+441314960124,Bob\n")

    for _ in range(2):
        result = call("menu_with_default", "--csv", "people.csv", "--rate", "100")
        assert result.exit_code == 0
        assert result.stdout.endswith("\n\n2 called, 0 refused, 0 called before, 0 open\ncompleted 2\n")

    assert [each.name for each in tmp_path.iterdir()] == ["people.csv"]


def test_of_a_file_the_first_calls_are_heard_and_those_that_broke(call, folder, tmp_path):
    folder["greet"] = """
        def recipe(call):
            name = call.initial_params["name"]
            if name in ("Bob", "Eve"):
                raise ValueError("no")
            return [Say(f"Hello {name}")]
    """
    numbers = {
        name: f"+4413149601{place}" for place, name in enumerate(["Jane", "Bob", "Joe", "Ann", "Eve", "Tom"], 10)
    }
    (tmp_path / "people.csv").write_text("to,name\n" + "".join(f"{to},{name}\n" for name, to in numbers.items()))

    result = call("greet", "--recipes", folder, "--csv", "people.csv", "--rate", "50")

    begun = [line.split()[3] for line in result.stdout.splitlines() if line.startswith("☎")]
    assert begun == [numbers[name] for name in ("Jane", "Bob", "Joe", "Eve")]
    apology = "We are sorry, something went wrong. Please call again later."
    assert said(result) == ["Hello Jane", apology, "Hello Joe", apology]
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-3:] == [
        f"{numbers['Bob']}: greet:recipe raised ValueError: no",
        f"{numbers['Eve']}: greet:recipe raised ValueError: no",
        "2 calls broken",
    ]


def test_a_machine_hears_each_call_of_a_file_if_it_was_asked_for(call, folder, tmp_path):
    folder["answered"] = ANSWERED
    (tmp_path / "people.csv").write_text(f"to\n{TO}\n+441314960124\n")

    words = ("--csv", "people.csv", "--rate", "50", "--answer", "machine", "--machine-detection", "Enable")
    result = call("answered", "--recipes", folder, *words)

    assert said(result) == ["it was machine_start"] * 2


def test_calls_of_a_file_that_nobody_answers_did_not_break(call, tmp_path):
    (tmp_path / "people.csv").write_text(f"to\n{TO}\n+441314960124\n")

    result = call("menu_with_default", "--csv", "people.csv", "--rate", "50", "--answer", "failed")

    assert (result.exit_code, result.stderr) == (1, "2 calls not completed\n")


def test_a_stage_is_cleared_away():
    before = threading.active_count()
    with rehearsal(Settings(), "menu_with_default", [Press("1")]) as stage:
        assert stage.daemon is not None
        assert stage.settings.public_url == stage.daemon.url
        assert (stage.calls, stage.broken) == ([], {})
    assert threading.active_count() == before
    assert load("", ["menu_with_default"])


def test_also_if_something_goes_wrong_on_it():
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError), rehearsal(Settings(), "menu_with_default", []):
        raise ZeroDivisionError
    assert threading.active_count() == before
