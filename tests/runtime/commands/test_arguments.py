"""What stands on the command line is text, or is refused before anything is done with it."""

from __future__ import annotations

import pytest

CAFE = "caf\udce9"
"""`café` as a shell or a file in Latin-1 hands it over: Python keeps the byte that is no UTF-8 as half a surrogate."""
TO, FROM, APP = "+441314960123", "+441314960100", "AP" + "1" * 32

COMMANDS = [
    ("sms", TO, CAFE, "--from", FROM),
    ("call", TO, "https://example.com", "--from", FROM, "--param", f"n={CAFE}"),
    ("call", TO, "bilingual_menu", "--from", FROM, "--dry-run", "--say", CAFE),
    ("token", "access", CAFE, "--incoming"),
    ("token", "client", "--incoming", CAFE),
    ("token", "client", "--outgoing", APP, "--param", f"n={CAFE}"),
    ("webhook", CAFE),
    (CAFE,),
]


@pytest.fixture(autouse=True)
def account(environment, monkeypatch):
    for name, value in {"ACCOUNT_SID": "AC" + "0" * 32, "API_KEY": "SK" + "0" * 32, "API_SECRET": "s"}.items():
        monkeypatch.setenv(f"TWILIO_{name}", value)
    monkeypatch.setenv("SWITCHHOOK_API_URL", "http://127.0.0.1:1")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_argument_that_is_no_text_is_refused(run, words):
    result = run(*words)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "caf?' is not UTF-8: " in result.stderr


def test_it_is_refused_as_a_shell_hands_it_over(run_process):
    done = run_process("sms", TO, CAFE, "--from", FROM)

    assert (done.returncode, done.stdout) == (2, "")
    assert "is not UTF-8: " in done.stderr


def test_any_other_letter_is_text(run):
    result = run("token", "access", "café", "--incoming")

    assert (result.exit_code, result.stderr) == (0, "")
